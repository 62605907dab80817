"""Elements of finite groups move axes as their facts say, and are drawn uniformly."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np
import pytest
import torch
from finite_laws import dense, representations
from outside.finite_groups import Alternating, SignFlips

from symc_runtime.actions.axes import fold
from symc_runtime.actions.tables import moved as moved_by
from symc_runtime.actions.tables import table
from symc_runtime.distributions.finite_average import AverageFinite
from symc_runtime.elements.finite import Finite, GridTable, ItemTable, RowTable, Table
from symc_runtime.groups.cyclic import Cyclic
from symc_runtime.groups.dihedral import Dihedral
from symc_runtime.groups.finite import Finite as Facts
from symc_runtime.groups.finite import Image, Items, Rows
from symc_runtime.spec import layout

Action = Callable[..., torch.Tensor]
CPU = torch.device("cpu")


def move(
    x: torch.Tensor, element: Finite, by: Table, dim: int, sides: Sequence[int] = ()
) -> torch.Tensor:
    """`sides`: the two sizes of an image, whose entries lie on one axis here."""
    return _moved(x, element, by, dim, sides, inverse=False)


def move_back(
    x: torch.Tensor, element: Finite, by: Table, dim: int, sides: Sequence[int] = ()
) -> torch.Tensor:
    return _moved(x, element, by, dim, sides, inverse=True)


def _moved(
    x: torch.Tensor, element: Finite, by: Table, dim: int, sides: Sequence[int], inverse: bool
) -> torch.Tensor:
    if not isinstance(by, GridTable):
        return moved_by(x, element.number, by, dim, inverse)
    image = x.unflatten(dim, sides)
    return moved_by(image, element.number, by, dim, inverse).flatten(dim, dim + 1)


CASES = [
    pytest.param(facts, parameter, id=f"{facts.name}({parameter})")
    for facts, parameters in (
        (Cyclic(), (1, 2, 4, 5, 6)),
        (Dihedral(), (1, 2, 4, 5, 6)),
        (Alternating(), (3, 4)),
        (SignFlips(), (1, 3)),
    )
    for parameter in parameters
]


def atoms(facts: Facts, parameter: int) -> Iterator[tuple[str, tuple[int, ...], torch.Tensor]]:
    """Each atom with the matrices of all elements, [order, m, m]."""
    for name, arguments in representations(facts, parameter):
        if facts.atoms[name].axis == "grid":
            continue
        matrices = [dense(facts, name, arguments, parameter, g) for g in facts.every(parameter)]
        yield name, arguments, torch.from_numpy(np.stack(matrices))


@pytest.mark.parametrize(("facts", "parameter"), CASES)
def test_axes_move_as_the_matrices_say(facts: Facts, parameter: int) -> None:
    every = torch.arange(facts.rest_order(parameter) or 0)
    generator = torch.Generator().manual_seed(0)
    for name, arguments, matrices in atoms(facts, parameter):
        found = table(facts, name, arguments, parameter)
        m = matrices.shape[-1]
        for shape, dim in (((m,), 1), ((m, 3), 1), ((3, m), 2), ((2, m, 3), 2), ((2, 3, m), 3)):
            x = torch.randn(len(every), *shape, generator=generator, dtype=torch.float64)
            rows = x.movedim(dim, 1).flatten(2) if x.ndim > 2 else x.unsqueeze(-1)
            for act, matrix in ((move, matrices), (move_back, matrices.transpose(1, 2))):
                wanted = (matrix @ rows).reshape(x.movedim(dim, 1).shape).movedim(1, dim)
                moved = act(x, Finite(every, {}), found, dim, arguments)
                assert torch.allclose(moved, wanted, rtol=0, atol=1e-14)
            element = Finite(every, {})
            there = move(x, element, found, dim, arguments)
            back = move_back(there, element, found, dim, arguments)
            exact = not isinstance(found, RowTable)
            assert torch.equal(back, x) if exact else torch.allclose(back, x, atol=1e-14)


@pytest.mark.parametrize(("facts", "parameter"), CASES)
def test_it_is_a_left_action(facts: Facts, parameter: int) -> None:
    every = facts.every(parameter)
    pairs = [(g, h) for g in every for h in every]
    g, h = (Finite(torch.tensor(numbers), {}) for numbers in zip(*pairs, strict=True))
    whole = Finite(torch.tensor([facts.product(parameter, *pair) for pair in pairs]), {})
    for name, arguments, matrices in atoms(facts, parameter):
        found = table(facts, name, arguments, parameter)
        x = torch.randn(len(pairs), 2, matrices.shape[-1], dtype=torch.float64)
        once = move(x, whole, found, 2, arguments)
        twice = move(move(x, h, found, 2, arguments), g, found, 2, arguments)
        exact = not isinstance(found, RowTable)
        assert torch.equal(once, twice) if exact else torch.allclose(once, twice, atol=1e-13)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize(
    ("facts", "k"), [(f, k) for f in (Cyclic(), Dihedral()) for k in (1, 2, 4)]
)
def test_images_move_as_the_matrices_say(facts: Facts, k: int, dtype: torch.dtype) -> None:
    every = torch.arange(facts.rest_order(k) or 0)
    found = table(facts, "grid", (), k)
    generator = torch.Generator().manual_seed(0)
    for name, sides in representations(facts, k):
        if name != "grid":
            continue
        matrices = [dense(facts, name, sides, k, g) for g in facts.every(k)]
        for before, behind in (((), ()), ((3,), ()), ((), (2,)), ((2, 3), (2,))):
            x = torch.randn(len(every), *before, *sides, *behind, generator=generator, dtype=dtype)
            dim = 1 + len(before)
            moved = moved_by(x, every, found, dim)
            flat = x.flatten(dim, dim + 1).movedim(dim, 1)
            rows = [
                torch.from_numpy(m).to(dtype) @ y.reshape(m.shape[0], -1)
                for m, y in zip(matrices, flat, strict=True)
            ]
            wanted = torch.stack(rows).reshape(flat.shape).movedim(1, dim).reshape(x.shape)
            assert torch.equal(moved, wanted)
            assert torch.equal(moved_by(moved, every, found, dim, inverse=True), x)


def test_a_quarter_turn_of_an_image_is_that_of_torch() -> None:
    """r of C(4) is torch.rot90, s of D(4) flips the second axis."""
    x = torch.randn(2, 3, 5, 5)
    r, s = torch.tensor([1, 1]), torch.tensor([4, 4])
    grid = table(Dihedral(), "grid", (), 4)
    assert torch.equal(moved_by(x, r, grid, 2), torch.rot90(x, 1, (2, 3)))
    assert torch.equal(moved_by(x, s, grid, 2), x.flip(3))


@pytest.mark.parametrize(("atom", "kind"), [("natural", ItemTable), ("vector", RowTable)])
@pytest.mark.parametrize("act", [move, move_back])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16])
def test_samples_share_their_rows(atom: str, kind: type, act: Action, dtype: torch.dtype) -> None:
    facts, samples = Dihedral(), 4
    found = table(facts, atom, (), 5)
    assert isinstance(found, kind)
    generator = torch.Generator().manual_seed(0)
    element = Finite(torch.randint(10, (samples * 3,), generator=generator), {})
    for shape, dim in (((3, 5, 2), 1), ((3, 2, 5), 2)):
        m = found.places.shape[-1] if isinstance(found, ItemTable) else found.rows.shape[-1]
        x = torch.randn(*(m if size == 5 else size for size in shape), generator=generator)
        x = x.to(dtype).requires_grad_()
        moved = act(x, element, found, dim)
        assert moved.dtype == dtype
        assert torch.equal(moved, act(fold(x, samples), element, found, dim))
        moved.double().square().sum().backward()
        # An orthogonal map keeps the length, so each sample gives 2 x.
        assert x.grad is not None
        digits = 16 * torch.finfo(dtype).eps
        assert torch.allclose(x.grad.double(), 2 * samples * x.double(), rtol=digits, atol=digits)


def test_labels_move_with_items() -> None:
    facts = Cyclic()
    x = torch.arange(4).expand(4, 4)
    moved = move(x, Finite(torch.arange(4), {}), table(facts, "natural", (), 4), 1)
    assert moved.dtype == torch.int64
    assert moved.tolist() == [[0, 1, 2, 3], [3, 0, 1, 2], [2, 3, 0, 1], [1, 2, 3, 0]]


def test_quarter_turns_of_the_plane_are_gathered() -> None:
    """In single precision, too, not a bit is lost."""
    found = table(Dihedral(), "vector", (), 4)
    assert isinstance(found, ItemTable)
    x = torch.randn(8, 2)
    element = Finite(torch.arange(8), {})
    assert torch.equal(move_back(move(x, element, found, 1), element, found, 1), x)


def test_images_are_of_one_kind() -> None:
    class Mixed(Cyclic):
        def image(
            self, atom: str, arguments: tuple[int, ...], parameter: int, element: int
        ) -> Image:
            return Rows(((1.0,),)) if element else Items((0,), (1,))

    with pytest.raises(TypeError, match=r"images of C\(3\)\.natural are of two kinds"):
        table(Mixed(), "natural", (), 3)


def test_actions_compile_in_one_graph() -> None:
    items, rows = (table(Dihedral(), "natural", (), 5), table(Dihedral(), "vector", (), 5))

    def both(x: torch.Tensor, v: torch.Tensor, number: torch.Tensor) -> torch.Tensor:
        element = Finite(number, {})
        moved = move_back(x, element, items, 1), move(v, element, rows, 2)
        return moved[0].sum((1, 2)) + moved[1].sum((1, 2))

    compiled = torch.compile(both, fullgraph=True, backend="eager")
    x, v, number = torch.randn(3, 5, 2), torch.randn(3, 4, 2), torch.randint(10, (6,))
    assert torch.equal(compiled(x, v, number), both(x, v, number))


# The uniform measure


def average(family: str, parameter: int | str, sizes: dict[str, int]) -> AverageFinite:
    group = layout.Group("G", family, parameter)
    return AverageFinite((), (group,), "G", (), sizes)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float32, torch.float64])
@pytest.mark.parametrize(("family", "k"), [("C", 7), ("D", 150), ("D", 1)])
def test_elements_are_uniform(family: str, k: int, dtype: torch.dtype) -> None:
    stage = average(family, "k", {"k": k})
    order = stage.facts.rest_order(k) or 0
    noise = stage.draw(400, order, {"k": k}, dtype, CPU, torch.Generator().manual_seed(0))
    assert noise.shape == (400, order, *stage.noise_shape({"k": k}))
    counts = stage(noise.flatten(0, 1)).number.bincount(minlength=order)
    assert len(counts) == order
    # Six standard deviations.
    assert (counts - 400).abs().max() <= 6 * 20
    every = stage.enumerate(2, {"k": k}, dtype, CPU, None)
    assert every.shape == (order, 2, 1)
    numbers = stage(every.flatten(0, 1)).number.reshape(order, 2)
    assert torch.equal(numbers, torch.arange(order).unsqueeze(1).expand(-1, 2))


@pytest.mark.parametrize(("family", "k"), [("C", 7), ("D", 5)])
def test_noise_moves_with_the_elements(family: str, k: int) -> None:
    """Gamma(h noise) = h Gamma(noise), and h only permutes what the noise can be."""
    stage = average(family, k, {})
    order = stage.facts.rest_order(k) or 0
    every = stage.enumerate(1, {}, torch.float64, CPU, None).flatten(0, 1)
    for h in range(order):
        moved = stage.act_on_noise(Finite(torch.full((order,), h), {}), every)
        product = [stage.facts.product(k, h, g) for g in range(order)]
        assert stage(moved).number.tolist() == product
        assert torch.equal(moved.sort(0).values, every)


def test_what_cannot_be_numbered_is_refused() -> None:
    with pytest.raises(TypeError, match=r"G = O\(3\) is no finite group"):
        average("O", 3, {})
    with pytest.raises(ValueError, match=r"too many elements to be numbered in torch\.float32"):
        average("C", 2**24 + 1, {}).draw(1, 1, {}, torch.float32, CPU, None)
