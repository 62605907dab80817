"""Laws of elements and distributions over the catalogue of groups: action, inverse, membership."""

from __future__ import annotations

import pytest
import torch
from finite_laws import representations

from symc_runtime.actions.axes import permute, rotate, unpermute, unrotate
from symc_runtime.catalogue import compiled_groups, groups
from symc_runtime.distributions.orthogonal_average import AverageOrthogonal
from symc_runtime.distributions.permutation_average import AveragePermutation
from symc_runtime.distributions.principal_frame import PrincipalFrame
from symc_runtime.elements.orthogonal import Orthogonal
from symc_runtime.elements.permutation import Permutation, compose, inverse_index, sign
from symc_runtime.groups.family import Parameter
from symc_runtime.groups.finite import Finite
from symc_runtime.numerics.orthogonalization import complete_frame, tolerance
from symc_runtime.numerics.sorting import sorting_index
from symc_runtime.spec import layout
from symc_runtime.spec.polynomials import evaluate
from symc_runtime.testing import Motion, act, motion_of, random_motion

CASES = [
    pytest.param(name, parameter, id=facts.called(parameter))
    for name, facts in compiled_groups().items()
    for parameter in facts.examples
]
CPU = torch.device("cpu")
F64 = torch.float64


def tensors(name: str, parameter: Parameter) -> list[layout.Tensor]:
    """A tensor for every representation of the family, and for what is built from it."""
    facts = groups()[name]
    if isinstance(facts, Finite):
        return _tabled(facts, parameter)
    if facts.nests:
        return _nested(*parameter)
    natural = layout.Natural("G", parameter)
    found = [layout.Tensor("x", (natural, layout.Trivial(2)))]
    if facts.affine:
        found.append(layout.Tensor("p", (layout.Trivial(2), layout.point("G", parameter))))
    if any(atom.character for atom in facts.atoms.values()):
        found.append(layout.Tensor("s", (layout.Product((layout.Sign("G"), natural)),)))
    found.append(layout.Tensor("t", (layout.Product((natural, natural)),)))
    found.append(layout.Tensor("d", (layout.Sum((natural, layout.Trivial(3))),)))
    return found


def _nested(m: int, n: int) -> list[layout.Tensor]:
    items, blocks = layout.Table("G", "natural", n * m), layout.Table("G", "blocks", n)
    return [
        layout.Tensor("x", (items, layout.Trivial(2))),
        layout.Tensor("j", (layout.Trivial(2), layout.Joint((n, m), items), layout.Trivial(2))),
        layout.Tensor("b", (layout.Trivial(2), blocks)),
        layout.Tensor("t", (layout.Product((blocks, items)), items)),
        layout.Tensor("d", (layout.Sum((items, layout.Trivial(3), blocks)),)),
    ]


def _tabled(facts: Finite, parameter: int) -> list[layout.Tensor]:
    found = []
    for atom, arguments in representations(facts, parameter):
        if facts.atoms[atom].axis == "grid":
            axis: layout.Representation = layout.grid("G", *arguments)
        elif facts.atoms[atom].axis == "table":
            size = facts.size(atom, arguments, parameter)
            axis = layout.Table("G", atom, size, arguments)
            found.append(layout.Tensor("d", (layout.Sum((axis, layout.Trivial(3), axis)),)))
            found.append(layout.Tensor("t", (layout.Trivial(2), layout.Product((axis, axis)))))
        else:
            axis = layout.Trivial(1)
        found.append(layout.Tensor("x", (layout.Trivial(2), axis, layout.Trivial(3))))
    return found


@pytest.mark.parametrize(("name", "parameter"), CASES)
def test_left_action_and_inverse(name: str, parameter: Parameter) -> None:
    group = layout.Group("G", name, parameter)
    torch.manual_seed(0)
    g = random_motion(group, parameter, 5)
    h = random_motion(group, parameter, 5)
    for tensor in tensors(name, parameter):
        shape = [evaluate(size, {}) for size in layout.shape_of(tensor)]
        x = torch.randn(5, *shape, dtype=F64)
        product = _product(group, parameter, g, h)
        step = act(tensor, act(tensor, x, {"G": h}, {}), {"G": g}, {})
        assert torch.allclose(step, act(tensor, x, {"G": product}, {}), atol=1e-12)


def _product(group: layout.Group, parameter: Parameter, g: Motion, h: Motion) -> Motion:
    if g.number is not None and h.number is not None:
        facts = group.facts
        assert isinstance(facts, Finite)
        pairs = zip(g.number.tolist(), h.number.tolist(), strict=True)
        numbers = [facts.product(parameter, *pair) for pair in pairs]
        return motion_of(group, parameter, torch.tensor(numbers))
    shift = None
    if g.shift is not None and h.shift is not None:
        shift = (g.matrix @ h.shift.unsqueeze(-1)).squeeze(-1) + g.shift
    character = g.character * h.character
    return Motion(g.matrix @ h.matrix, shift, character, nested=g.nested)


def test_permutations() -> None:
    torch.manual_seed(0)
    a = torch.rand(50, 7).argsort(-1)
    b = torch.rand(50, 7).argsort(-1)
    identity = torch.arange(7).expand(50, 7)
    assert torch.equal(compose(a, inverse_index(a)), identity)
    assert torch.equal(sign(compose(a, b)), sign(a) * sign(b))
    assert set(sign(a).tolist()) == {1, -1}
    x = torch.randn(50, 3, 7)
    assert torch.equal(permute(unpermute(x, Permutation(a), 2), Permutation(a), 2), x)
    moved = permute(permute(x, Permutation(b), 2), Permutation(a), 2)
    assert torch.equal(moved, permute(x, Permutation(compose(a, b)), 2))


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("d", [1, 2, 3, 5, 8])
@pytest.mark.parametrize("family", ["O", "SO"])
def test_haar_membership_and_moments(family: str, d: int, dtype: torch.dtype) -> None:
    group = layout.Group("G", family, d)
    stage = AverageOrthogonal((), (group,), "G")
    noise = stage.draw(20000, 1, {}, dtype, CPU, torch.Generator().manual_seed(d)).flatten(0, 1)
    matrix = stage(noise).matrix
    identity = torch.eye(d, dtype=dtype)
    error = (matrix @ matrix.transpose(1, 2) - identity).abs().max()
    assert error < 30 * torch.finfo(dtype).eps
    determinants = torch.linalg.det(matrix.double())
    assert torch.allclose(determinants.abs(), torch.ones(1, dtype=F64), atol=1e-4)
    if family == "SO":
        assert (determinants > 0).all()
    else:
        assert abs(determinants.mean()) < 0.05
    if d > 1 or family == "O":
        assert matrix.mean(0).abs().max() < 0.05
    second = torch.full((d, d), 1 / d, dtype=dtype)
    assert torch.allclose(matrix.square().mean(0), second, atol=0.03)
    x = torch.randn(20000, 2, d, dtype=dtype)
    back = unrotate(rotate(x, Orthogonal(matrix), 2), Orthogonal(matrix), 2)
    assert torch.allclose(back, x, atol=1e-4)


def test_haar_on_permutations_is_uniform() -> None:
    group = layout.Group("G", "S", 4)
    stage = AveragePermutation((), (group,), "G")
    noise = stage.draw(24000, 1, {}, F64, CPU, torch.Generator().manual_seed(0)).flatten(0, 1)
    order = stage(noise).order
    code = (order * torch.tensor([64, 16, 4, 1])).sum(1)
    counts = code.unique(return_counts=True)[1]
    assert len(counts) == 24
    assert (counts - 1000).abs().max() < 160
    every = stage.enumerate(1, {}, F64, CPU, None).flatten(0, 1)
    assert len(stage(every).order.unique(dim=0)) == 24


CUBE = torch.tensor([[x, y, z] for x in (-1.0, 1) for y in (-1.0, 1) for z in (-1.0, 1)])
TETRAHEDRON = torch.tensor([[1.0, 1, 1], [1, -1, -1], [-1, 1, -1], [-1, -1, 1]])
CLOUDS = {
    "cube": CUBE,
    "tetrahedron": TETRAHEDRON,
    "planar": CUBE * torch.tensor([1.0, 2, 0]),
    "line": CUBE * torch.tensor([1.0, 0, 0]),
    "zero": 0 * CUBE,
    "generic": torch.randn(6, 3, generator=torch.Generator().manual_seed(0)),
}


@pytest.mark.parametrize("family", ["O", "SO"])
@pytest.mark.parametrize("cloud", CLOUDS)
def test_principal_frames_of_symmetric_clouds(cloud: str, family: str) -> None:
    group = layout.Group("G", family, 3)
    tensor = layout.Tensor("x", (layout.Trivial("n"), layout.Natural("G", 3)))
    stage = PrincipalFrame((tensor,), (group,), "G")
    x = CLOUDS[cloud].double().unsqueeze(0).expand(200, -1, -1)
    torch.manual_seed(1)
    h = random_motion(group, 3, 200)
    noise = stage.draw(1, 200, {}, F64, CPU, None).flatten(0, 1)
    plain = stage(noise, x).matrix
    moved_noise = stage.act_on_noise(Orthogonal(h.matrix), noise)
    turned = stage(moved_noise, x @ h.matrix.transpose(1, 2)).matrix
    assert (turned - h.matrix @ plain).abs().max() < 1e-7
    assert (plain.transpose(1, 2) @ plain - torch.eye(3, dtype=F64)).abs().max() < 1e-12


def test_frames_are_completed_whatever_the_vectors_are() -> None:
    generator = torch.Generator().manual_seed(0)
    noise = torch.randn(64, 6, 3, generator=generator, dtype=F64)
    v = torch.randn(64, 3, 3, generator=generator, dtype=F64)
    identity = torch.eye(3, dtype=F64).expand(64, 3, 3)
    cases = [v, 0 * v, v[:, :1].expand(-1, 3, -1), v * 1e30, v * 1e-30, identity]
    for case in cases:
        case = case.clone().requires_grad_()
        rows = complete_frame(case, case.norm(dim=-1), noise, tolerance(case.dtype))
        assert (rows @ rows.transpose(1, 2) - torch.eye(3, dtype=F64)).abs().max() < 1e-12
        (rows * v).sum().backward()
        assert case.grad is not None
        assert torch.isfinite(case.grad).all()


@pytest.mark.parametrize("special", [False, True])
@pytest.mark.parametrize("d", [2, 3, 4])
def test_frames_of_nearly_parallel_vectors(d: int, special: bool) -> None:
    """Orthonormal to the last digits, though all but 1e-6 of the second vector cancels."""
    generator = torch.Generator().manual_seed(7)
    first, other = torch.randn(2, 64, 1, d, generator=generator, dtype=F64)
    noise = torch.randn(64, d + 3, d, generator=generator, dtype=F64)
    vectors = torch.cat([first, first + 1e-6 * other], 1)
    scales = vectors.norm(dim=-1)
    rows = complete_frame(vectors, scales, noise, tolerance(F64), special=special)
    assert (rows @ rows.transpose(1, 2) - torch.eye(d, dtype=F64)).abs().max() < 1e-14
    if special:
        assert (torch.linalg.det(rows) > 0).all()


@pytest.mark.parametrize("d", [2, 3, 4])
def test_what_is_left_below_the_tolerance_informs_no_frame(d: int) -> None:
    """A residual of less than sqrt(eps) of what was summed is filled by noise, one above it not."""
    generator = torch.Generator().manual_seed(7)
    pairs = torch.randn(2, 64, 1, d, generator=generator, dtype=F64)
    first, other = pairs / pairs.norm(dim=-1, keepdim=True)
    noise = torch.randn(64, d + 3, d, generator=generator, dtype=F64)
    tol = tolerance(F64)

    def frame(share: float) -> torch.Tensor:
        vectors = torch.cat([first, first + share * other], 1)
        return complete_frame(vectors, vectors.norm(dim=-1), noise, tol)

    assert (frame(0.3 * tol) - frame(-0.3 * tol)).abs().max() < 1e-6
    # Its sign turns the second row.
    assert ((frame(1e3 * tol) - frame(-1e3 * tol)).abs().amax((1, 2)) > 1e-2).all()


def test_frames_are_made_of_vectors_with_enough_left() -> None:
    """Half of one, or nearly the most there is: what is left of little has lost its digits."""
    d = 4
    generator = torch.Generator().manual_seed(3)
    common = torch.randn(2_000, 1, d, generator=generator, dtype=F64)
    vectors = common + 0.4 * torch.randn(2_000, d + 4, d, generator=generator, dtype=F64)
    noise = torch.randn(2_000, d + 3, d, generator=generator, dtype=F64)
    residual = torch.nn.functional.normalize(vectors, dim=-1)
    rows = complete_frame(vectors, vectors.norm(dim=-1), noise, tolerance(F64))
    # What is left for the last row is all in one line: which vector it came from cannot be seen.
    for row in rows[:, :-1].unbind(1):
        left = residual.norm(dim=-1)
        along = (residual @ row.unsqueeze(-1)).squeeze(-1)
        chosen = (along / left.clamp(min=1e-9)).max(1, keepdim=True)
        assert (1 - chosen.values < 1e-9).all()
        enough = (0.9 * left.amax(1)).clamp(max=0.5)
        assert (left.gather(1, chosen.indices).squeeze(1) > enough - 1e-9).all()
        residual = residual - along.unsqueeze(-1) * row.unsqueeze(1)


def test_ties_are_broken_by_the_secondary_key_only() -> None:
    scores = torch.tensor([[1.0, 2.0, 1.0, 1.0 + 1e-9]], dtype=F64)
    secondary = torch.tensor([[0.3, 0.0, 0.1, 0.2]], dtype=F64)
    assert sorting_index([scores], secondary, tol=1e-4).tolist() == [[2, 3, 0, 1]]
    valid = torch.tensor([[True, True, False, True]])
    assert sorting_index([scores], secondary, valid, tol=1e-4).tolist() == [[3, 0, 1, 2]]


def test_vectors_in_reserve_serve_where_too_little_is_left() -> None:
    """The second of two vectors, nearly parallel to the first, or not; a third is in reserve."""
    noise = torch.randn(1, 5, 4, dtype=F64)
    x, y, z, _ = torch.eye(4, dtype=F64)
    for left, second in ((0.48, y), (0.02, z)):
        vectors = torch.stack([x, (1 - left**2) ** 0.5 * x + left * y, z]).unsqueeze(0)
        scales = torch.ones(1, 3, dtype=F64)
        rows = complete_frame(vectors, scales, noise, tolerance(F64), preferred=2)[0]
        assert torch.allclose(rows[:2], torch.stack([x, second]), atol=1e-9)
        assert torch.allclose(rows[2].abs(), y + z - second, atol=1e-9)


@pytest.mark.parametrize("digit", [-1, 0, 1])
def test_digits_do_not_choose_between_parallel_vectors(digit: int) -> None:
    """Both ways of a direction are among the vectors, with as much left: the first is taken."""
    noise = torch.randn(1, 3, 3, dtype=F64)
    x, y, _ = torch.eye(3, dtype=F64)
    longer = 1 + digit * 4 * torch.finfo(F64).eps
    vectors = torch.stack([x, x + 0.3 * y, x - longer * 0.3 * y]).unsqueeze(0)
    rows = complete_frame(vectors, torch.ones(1, 3, dtype=F64), noise, tolerance(F64))[0]
    assert torch.allclose(rows[:2], torch.stack([x, y]), atol=1e-9)
