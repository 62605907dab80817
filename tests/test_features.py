"""What reaches the nets: every input informs the element, padding and its length never do."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import nn

import symc
from symc_runtime.distributions.orthogonal_net import LearnedOrthogonal
from symc_runtime.distributions.permutation_net import LearnedPermutation
from symc_runtime.modules.mixing import IndexedMixing, mixing, paired_index
from symc_runtime.reading.features import Features
from symc_runtime.spec import layout
from symc_runtime.spec.layout import (
    Natural,
    Product,
    Sign,
    Tensor,
    Trivial,
    dimension,
    pseudovector,
)
from symc_runtime.testing import random_motion

CPU = torch.device("cpu")
F64 = torch.float64
SIZES = {"n": 5, "m": 4, "k": 3}
P = layout.Group("P", "S", "n")
Q = layout.Group("Q", "S", "m")
M = layout.Group("M", "O", 3)
N = layout.Group("N", "O", 3)

ITEMS = Natural("P", "n")
OTHERS = Natural("Q", "m")
SPACE = Natural("M", 3)
SCALARS = Tensor("scalars", (ITEMS, Trivial(2)))
LABELS = Tensor("labels", (ITEMS,), labels=4)
PAIRS = Tensor("pairs", (ITEMS, ITEMS))
LABELLED_PAIRS = Tensor("labelled_pairs", (ITEMS, ITEMS), labels=3)
POSITIONS = Tensor("positions", (ITEMS, SPACE))
FIELD = Tensor("field", (SPACE,))
CONDITION = Tensor("condition", (Trivial(2),))
SIGNS = Tensor("signs", (Product((Trivial(2), Sign("P"))),))
FREE = Tensor("free", (ITEMS, Trivial("k")))
TABLE = Tensor("table", (ITEMS, OTHERS))
COLUMNS = Tensor("columns", (OTHERS,))
MATRIX = Tensor("matrix", (SPACE, SPACE))
AXIAL = Tensor("axial", (Trivial(2), pseudovector("M", 3)))
PSEUDOSCALAR = Tensor("pseudoscalar", (Sign("M"),))
ELSEWHERE = Tensor("elsewhere", (ITEMS, Natural("N", 3)))
MIXED = Tensor("mixed", (SPACE, Natural("N", 3)))
CUBIC = Tensor("cubic", (Product((SPACE, SPACE, SPACE)),))


def drawn(tensor: Tensor, seed: int) -> torch.Tensor:
    """Six random examples of a declared tensor."""
    shape = [6, *(dimension(axis, SIZES) for axis in tensor.axes)]
    generator = torch.Generator().manual_seed(seed)
    if tensor.labels is not None:
        return torch.randint(0, tensor.labels, shape, generator=generator)
    return torch.randn(shape, generator=generator, dtype=F64)


def informed(
    inputs: tuple[Tensor, ...], answer: Callable[..., torch.Tensor]
) -> dict[str, torch.Tensor]:
    """For each input, how much the answer of each example changes when it alone does."""
    values = [drawn(tensor, i) for i, tensor in enumerate(inputs)]
    before = answer(*values)
    change = {}
    for i, tensor in enumerate(inputs):
        others = [*values[:i], drawn(tensor, 100 + i), *values[i + 1 :]]
        change[tensor.name] = (answer(*others) - before).abs().flatten(1).amax(1)
    return change


@pytest.mark.parametrize("probabilistic", [True, False])
@pytest.mark.parametrize("net", ["deepsets", "gin", "attention", "refine"])
@pytest.mark.parametrize(
    "inputs",
    [
        (SCALARS, CONDITION),
        (LABELS, FREE),
        (SCALARS, PAIRS, SIGNS),
        (LABELLED_PAIRS,),
        (POSITIONS, FIELD),
        (TABLE, COLUMNS),
    ],
    ids=lambda inputs: "-".join(tensor.name for tensor in inputs),
)
def test_every_input_informs_the_scores(
    inputs: tuple[Tensor, ...], net: str, probabilistic: bool
) -> None:
    torch.manual_seed(0)
    stage = LearnedPermutation(
        inputs, (P, Q, M), "P", later=("Q", "M"), net=net, probabilistic=probabilistic
    ).double()
    noise = stage.draw(1, 6, SIZES, F64, CPU, None).flatten(0, 1)
    scores: list[torch.Tensor] = []
    stage.net.register_forward_hook(lambda module, args, output: scores.append(output[0]))

    def answer(*values: torch.Tensor) -> torch.Tensor:
        stage(noise, *values)
        last = scores[-1].detach()
        # A shift of all scores moves no item.
        return last - last.mean(1, keepdim=True)

    for name, change in informed(inputs, answer).items():
        assert (change > 1e-6).all(), name


@pytest.mark.parametrize(
    "inputs",
    [
        (POSITIONS, PAIRS, LABELS),
        (POSITIONS, CONDITION, FIELD),
        (POSITIONS, AXIAL, PSEUDOSCALAR),
        (POSITIONS, MATRIX),
        (POSITIONS, ELSEWHERE),
        (FIELD, MIXED, CUBIC),
        (POSITIONS, TABLE, COLUMNS),
        (MATRIX,),
        (AXIAL,),
        (AXIAL, PSEUDOSCALAR),
        (MIXED,),
    ],
    ids=lambda inputs: "-".join(tensor.name for tensor in inputs),
)
def test_every_input_informs_the_frame(inputs: tuple[Tensor, ...]) -> None:
    torch.manual_seed(0)
    stage = LearnedOrthogonal(inputs, (P, Q, M, N), "M", later=("P", "Q", "N")).double()
    noise = stage.draw(1, 6, SIZES, F64, CPU, None).flatten(0, 1)

    def answer(*values: torch.Tensor) -> torch.Tensor:
        matrix: torch.Tensor = stage(noise, *values).matrix.detach()
        return matrix

    for name, change in informed(inputs, answer).items():
        assert (change > 1e-9).all(), name


@pytest.mark.parametrize("probabilistic", [True, False])
@pytest.mark.parametrize("net", ["deepsets", "gin", "attention", "refine"])
def test_a_link_has_a_direction(net: str, probabilistic: bool) -> None:
    """A graph with all its links turned round is another graph."""
    torch.manual_seed(0)
    stage = LearnedPermutation((PAIRS,), (P,), "P", net=net, probabilistic=probabilistic).double()
    scores: list[torch.Tensor] = []
    stage.net.register_forward_hook(lambda module, args, output: scores.append(output[0]))
    noise = stage.draw(1, 6, SIZES, F64, CPU, None).flatten(0, 1)
    links = drawn(PAIRS, 0)
    stage(noise, links)
    stage(noise, links.transpose(1, 2))
    difference = (scores[0] - scores[1]).detach()
    assert ((difference - difference.mean(1, keepdim=True)).abs().amax(1) > 1e-4).all()


def test_what_matters_is_which_other_item_a_number_stands_for() -> None:
    """Sums over Q of table * columns order the items: neither pooled alone does."""
    torch.manual_seed(0)
    inputs = (TABLE, COLUMNS)
    stage = LearnedPermutation(inputs, (P, Q), "P", later=("Q",), probabilistic=False).double()
    scores: list[torch.Tensor] = []
    stage.net.register_forward_hook(lambda module, args, output: scores.append(output[0]))
    noise = stage.draw(1, 6, SIZES, F64, CPU, None).flatten(0, 1)
    table, columns = drawn(TABLE, 0), drawn(COLUMNS, 1)
    stage(noise, table, columns)
    stage(noise, table, columns.flip(1))
    stage(noise, table.flip(2), columns.flip(1))
    assert (scores[0] - scores[1]).abs().max() > 1e-3
    assert (scores[0] - scores[2]).abs().max() < 1e-12


def test_a_field_of_a_later_group_points_at_items() -> None:
    """The angle between a field and an item's position is seen; a common rotation is not."""
    torch.manual_seed(0)
    inputs = (POSITIONS, FIELD)
    stage = LearnedPermutation(inputs, (P, M), "P", later=("M",), probabilistic=False).double()
    scores: list[torch.Tensor] = []
    stage.net.register_forward_hook(lambda module, args, output: scores.append(output[0]))
    noise = stage.draw(1, 6, SIZES, F64, CPU, None).flatten(0, 1)
    positions, field = drawn(POSITIONS, 0), drawn(FIELD, 1)
    h = random_motion(M, 3, 6).matrix
    turned = (h @ field.unsqueeze(-1)).squeeze(-1)
    stage(noise, positions, field)
    stage(noise, positions, turned)
    stage(noise, positions @ h.transpose(1, 2), turned)
    assert (scores[0] - scores[1]).abs().max() > 1e-3
    assert (scores[0] - scores[2]).abs().max() < 1e-12


class _Weighted(nn.Module):
    """Far from equivariant, and blind to how long the padding is."""

    def forward(self, x: torch.Tensor, *others: torch.Tensor) -> torch.Tensor:
        place = torch.arange(1, x.shape[1] + 1, dtype=x.dtype)
        return torch.tanh(x) * place.reshape(1, -1, *[1] * (x.ndim - 2))


@pytest.mark.parametrize("order", ["M, P", "P, M"])
@pytest.mark.parametrize("method", ["probabilistic", "canonical", "frame"])
def test_neither_padding_nor_its_length_reaches_a_result(method: str, order: str) -> None:
    text = f"""
    group P = S(n)
    group M = E(3)
    size n <= 64
    input pos[n: P, 3: M.point]
    input vel[n: P, 3: M.vector]
    input kind[n: P] of 4
    input edge[n: P, n: P]
    input bond[n: P, n: P] of 3
    output next[n: P, 3: M.point]
    symmetrize {order} by {method}
    """
    torch.manual_seed(0)
    model = symc.build(text, _Weighted()).double().eval()
    model.draw_so_many(4)
    counts = torch.tensor([6, 3, 1, 4])
    batch, short, long = 4, 6, 9
    tight, padded = [], []
    for tensor in model.inputs:
        shapes = [
            (batch, *(size if axis.size == "n" else 3 for axis in tensor.axes))
            for size in (short, long)
        ]
        if tensor.labels is None:
            small, large = (torch.randn(shape, dtype=F64) for shape in shapes)
            large = large * 50
        else:
            small, large = (torch.randint(0, tensor.labels, shape) for shape in shapes)
        large[tuple(slice(0, size) for size in small.shape)] = small
        tight.append(small)
        padded.append(large)
    noise = model.draw_noise(*tight, n=counts)
    longer = {name: value.clone() for name, value in model.draw_noise(*padded, n=counts).items()}
    for name, value in noise.items():
        longer[name][tuple(slice(0, size) for size in value.shape)] = value
    expected = model(*tight, noise=noise, n=counts)
    result = model(*padded, noise=longer, n=counts)
    assert (result[:, :short] - expected).abs().max() < 1e-10
    assert result[:, short:].eq(0).all()


def test_mixing_of_free_axes_reads_no_length() -> None:
    torch.manual_seed(0)
    layer = mixing("free", 8, axes=2)
    assert isinstance(layer, IndexedMixing)
    x = torch.randn(2, 3, 4)
    padded = torch.zeros(2, 7, 5)
    padded[:, :3, :4] = x
    assert torch.allclose(layer(padded), layer(x), atol=1e-6)
    assert not torch.allclose(layer(x), layer(x.flip(1)), atol=1e-2)
    i, j = torch.arange(30).unsqueeze(1), torch.arange(20)
    assert len(paired_index(i, j).unique()) == 600


def test_blocks_of_vectors_have_units_of_their_own_and_are_added() -> None:
    """Of one shape or not, of items or not: channels over the longest vector of each, mixed."""
    pair = (ITEMS, Trivial(2), SPACE)
    inputs = (
        Tensor("a", pair), Tensor("b", (SPACE, Trivial(3))), Tensor("c", pair), CUBIC,
        Tensor("d", (Trivial("k"), SPACE)), Tensor("e", (SPACE, Trivial(3))),
    )  # fmt: skip
    scales = [1e-150, 1.0, 1e150, 1e3, 1e-6, 0.0]
    values = [drawn(t, i) * scale for i, (t, scale) in enumerate(zip(inputs, scales, strict=True))]
    sizes = {"n": 5}
    features = Features(inputs, (P, M), M, ("P",), {}, sizes, 8).double()
    assert features.vectors is not None
    seen = features(*values, dtype=F64)

    a, b, c, cubic, d, e = (x / (scale or 1) for x, scale in zip(values, scales, strict=True))
    of_items, of_all, cubes, free = features.vectors.mixings
    assert isinstance(free, IndexedMixing)

    def unit(x: torch.Tensor, dims: tuple[int, ...]) -> torch.Tensor:
        longest = x.square().sum(dims).sqrt().reshape(len(x), -1).amax(1)
        return x / torch.where(longest > 0, longest, 1.0).reshape(-1, *[1] * (x.ndim - 1))

    pairs = torch.cat([unit(a, (3,)), unit(c, (3,))], 2)
    expected = torch.einsum("wk,bnkd->bnwd", of_items.weight, pairs)
    assert torch.allclose(seen.vectors["P",], expected, rtol=1e-12)

    columns = torch.cat([unit(b, (1,)), unit(e, (1,))], 2)
    expected = torch.einsum("wk,bdk->bwd", of_all.weight, columns)
    cube = unit(cubic.unflatten(1, (3, 3, 3)), (1, 2, 3))
    expected = expected + torch.einsum("w,bdii->bwd", cubes.weight[:, 0], cube)
    expected = expected + torch.einsum("kw,bkd->bwd", free.rows((3,)), unit(d, (2,)))
    assert torch.allclose(seen.vectors[()], expected, rtol=1e-12)
    assert seen.lengths is not None
    assert seen.lengths.shape == (6, 6)
    assert torch.allclose(seen.lengths[:, -1], 1e-6 * d.norm(dim=2).amax(1))


@pytest.mark.parametrize("scales", [1, 2])
def test_posed_numbers_are_read_beside_the_largest_of_their_tensor(scales: int) -> None:
    """Those of one shape at once, each a whole of its own."""
    velocities = Tensor("velocities", (ITEMS, SPACE))
    moved_by = {"M"} if scales == 1 else None
    features = Features(
        (POSITIONS, velocities), (M, P), P, (), {}, {"n": 5}, 8, plain=0, moved_by=moved_by
    ).double()
    values = [1e-3 * drawn(POSITIONS, 0), 1e3 * drawn(velocities, 1)]
    values[1][0] = 0
    seen = features(*values, dtype=F64)

    expected: list[torch.Tensor] = []
    largest = [x.abs().amax((1, 2), keepdim=True) for x in values]
    if scales == 2:
        expected += [x / (1 + size) for x, size in zip(values, largest, strict=True)]
    logarithms = [
        x * torch.log1p(size) / torch.where(size > 0, size, 1.0)
        for x, size in zip(values, largest, strict=True)
    ]
    assert torch.allclose(seen.scalars["P",], torch.cat([*expected, *logarithms], -1), rtol=1e-12)
