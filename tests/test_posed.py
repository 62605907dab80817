"""What a stage reads of vectors that an earlier one posed, and of matrices: no rounding."""

from __future__ import annotations

import pytest
import torch
from models import on_flat_base
from torch import nn

import symc
from symc_runtime.symmetrized import Symmetrized
from symc_runtime.verification.law import coupled_law

ROWS = 200


def _built(spec: str, dtype: torch.dtype, n: int = 5, seed: int = 0) -> Symmetrized:
    torch.manual_seed(seed)
    model = on_flat_base(spec, {"n": n})
    model.draw_so_many(1)
    return model.to(dtype).eval()


def _rotations(d: int, generator: torch.Generator) -> torch.Tensor:
    noise = torch.randn(ROWS, d, d, generator=generator, dtype=torch.float64)
    return torch.linalg.qr(noise).Q


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("methods", [("frame", "canonical"), ("canonical", "probabilistic")])
def test_rounding_orders_no_items(methods: tuple[str, str], dtype: torch.dtype) -> None:
    """The third coordinate of a flat cloud is zero in its pose, but for rounding of the others."""
    spec = f"""
        size n = 4
        group P = S(n)
        group M = O(3)
        input x[n: P, 3: M]
        output y[n: P, 3: M]
        symmetrize M by {methods[0]}
        symmetrize P by {methods[1]}
    """
    generator = torch.Generator().manual_seed(0)
    flat = torch.randn(ROWS, 4, 3, generator=generator, dtype=torch.float64)
    flat[..., 2] = 0
    x = (1e6 * flat @ _rotations(3, generator)).to(dtype)
    verdicts = coupled_law(_built(spec, dtype), x, generator=generator)
    # An order that hangs on rounding would count as an edge.
    assert not (verdicts.wrong | verdicts.unclear).any()


@pytest.mark.parametrize("unit", [1e-6, 1.0, 1e6])
def test_rounding_of_posed_vectors_turns_no_later_element(unit: float) -> None:
    spec = """
        group K = O(4)
        group L = SO(2)
        input x[2, 4: K]
        input v[3, 2: L]
        output y[_: K.vector * L.vector]
        symmetrize K by frame
        symmetrize L by probabilistic
    """
    generator = torch.Generator().manual_seed(0)
    # Two vectors leave two coordinates of their pose empty.
    x = unit * torch.randn(ROWS, 2, 4, generator=generator, dtype=torch.float64)
    v = torch.randn(ROWS, 3, 2, generator=generator, dtype=torch.float64)
    verdicts = coupled_law(_built(spec, torch.float64), x, v, generator=generator)
    assert not (verdicts.wrong | verdicts.unclear).any()


@pytest.mark.parametrize(
    ("d", "values", "parts"),
    [
        (4, (1.0, 1 / 3), (1.0, 0.01, 1.0)),
        (4, (1.0, 0.03), (1.0, 0.3, 1.0)),
        (4, (1.0, 0.02), (1.0, 1.0, 1.0)),
        (4, (1.0, 0.005), (1.0, 1.0, 1.0)),
        (4, (1.0, 0.02, 0.0004), (1.0, 1.0, 0.001, 1.0)),
        (5, (1.0, 0.1, 0.01), (1.0, 1.0, 1.0, 1.0)),
        (3, (1.0, 0.02), (0.001, 1.0, 0.0)),
    ],
)
def test_the_space_that_vectors_of_two_groups_tell_is_exact(
    d: int, values: tuple[float, ...], parts: tuple[float, ...]
) -> None:
    """The matrix x^T x has the squares of the singular `values`; `parts`: v in the same axes."""
    spec = f"""
        group K = O({len(values)})
        group L = SO({d})
        input x[_: K.vector * L.vector]
        input v[_: L.vector]
        output y[3, _: L.vector]
        symmetrize L, K by canonical
    """
    generator = torch.Generator().manual_seed(0)
    x = torch.zeros(ROWS, len(values), d, dtype=torch.float64)
    x[:, : len(values), : len(values)] = torch.tensor(values, dtype=torch.float64).diag()
    v = torch.zeros(ROWS, d, dtype=torch.float64)
    v[:, : len(parts)] = torch.tensor(parts, dtype=torch.float64)
    turns = _rotations(d, generator)
    x = _rotations(len(values), generator) @ x @ turns
    v = (v.unsqueeze(1) @ turns).squeeze(1)
    verdicts = coupled_law(_built(spec, torch.float64), x.flatten(1), v, generator=generator)
    assert not (verdicts.wrong | verdicts.unclear).any()
    # Far from the bound: products of vectors would square their condition number.
    assert (verdicts.error < verdicts.bound / 4).all()


@pytest.mark.parametrize("cosine", [1e-2, 1e-3, 1e-5])
def test_a_pseudovector_nearly_at_right_angles_to_all_vectors(cosine: float) -> None:
    """p p^T v has a `cosine` of the length of v; its direction is that of p all the same."""
    spec = """
        size n <= 5
        group G = O(4)
        input x[n: S(n), _: G.vector + G.pseudovector]
        output s[3]
        symmetrize S(n) by frame
        symmetrize G by canonical
    """
    generator = torch.Generator().manual_seed(0)
    x = torch.zeros(ROWS, 5, 8, dtype=torch.float64)
    axes = _rotations(4, generator)
    x[:, 0, :4] = axes[:, 0]
    x[:, 0, 4:] = cosine * axes[:, 0] + 2.5 * axes[:, 1]
    model = _built(spec, torch.float64)
    # One item, so that nothing else tells a direction.
    counts = {"n": torch.ones(ROWS, dtype=torch.int64)}
    verdicts = coupled_law(model, x, counts=counts, generator=generator)
    assert not (verdicts.wrong | verdicts.unclear).any()
    assert (verdicts.error < verdicts.bound / 4).all()


@pytest.mark.parametrize("d", [2, 3, 6])
def test_matrices_of_an_open_dimension(d: int) -> None:
    """The net is built before the dimension is known."""

    class Vector(nn.Module):
        def forward(self, v: torch.Tensor, m: torch.Tensor) -> torch.Tensor:
            return v.sin()

    spec = """
        size d
        group M = O(d)
        input v[d: M]
        input m[d: M, d: M]
        output y[d: M]
        symmetrize M by canonical
    """
    torch.manual_seed(0)
    model = symc.build(spec, Vector()).double().eval()
    generator = torch.Generator().manual_seed(0)
    v = torch.randn(20, d, generator=generator, dtype=torch.float64)
    m = torch.randn(20, d, d, generator=generator, dtype=torch.float64)
    assert not coupled_law(model, v, m, generator=generator).wrong.any()


class _Leaping(nn.Module):
    """Frames of three vectors; where `noise` is long, turned a little if x is the longer of two."""

    def forward(self, noise: torch.Tensor, x: torch.Tensor) -> torch.Tensor:
        first, second, _ = rows = orthonormal(x).unbind(1)
        longer = x[:, 0].norm(dim=-1) > x[:, 1].norm(dim=-1)
        leaps = (longer & (noise[:, 0].norm(dim=-1) > 3.4)).unsqueeze(-1)
        angle = torch.where(leaps, 3e-3, 0.0)
        turned = angle.cos() * first + angle.sin() * second
        return torch.stack([turned, angle.cos() * second - angle.sin() * first, rows[2]], 1)


def orthonormal(x: torch.Tensor) -> torch.Tensor:
    """Gram-Schmidt of well-conditioned rows [N, 3, 3]."""
    found: list[torch.Tensor] = []
    for row in x.unbind(1):
        for other in found:
            row = row - (row * other).sum(-1, keepdim=True) * other
        found.append(row / row.norm(dim=-1, keepdim=True))
    return torch.stack(found, 1)


def test_a_leap_of_one_sample_of_many_is_an_edge() -> None:
    """Two vectors of one length: rounding tells which is longer, and a hundredth of samples ask."""
    spec = """
        input x[3, 3: O(3)]
        output y[3: O(3)]
        symmetrize O(3) by probabilistic(samples=400)
    """
    torch.manual_seed(0)
    base = nn.Sequential(nn.Flatten(), nn.Linear(9, 3))
    model = symc.build(spec, base, distributions={"O(3)": _Leaping()}).eval()
    generator = torch.Generator().manual_seed(0)
    lengths = torch.tensor([2.0, 2.0, 1.0]).unsqueeze(-1)
    x = lengths * _rotations(3, generator).float()
    verdicts = coupled_law(model, x, generator=generator)
    assert not verdicts.wrong.any()
    above = ~(verdicts.error <= verdicts.bound)
    assert above.any()
    assert (verdicts.unclear == above).all()


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("apart", [0.03, 3e-4])
@pytest.mark.parametrize("told", ["s[n: P, 2]", "s[n: P, n: P]"])
def test_mirror_images_told_apart_by_scalars_nearly_alike(
    told: str, apart: float, seed: int
) -> None:
    """Of two points nothing but the scalars tells which is which: no sum of them may cancel."""
    spec = f"""
        size n <= 4
        group P = S(n)
        group M = E(2)
        input x[n: P, 2: M.point]
        input {told}
        output y[n: P, 2: M.point]
        symmetrize M by canonical
        symmetrize P by probabilistic(samples=2)
    """
    model = _built(spec, torch.float64, 4, seed)
    generator = torch.Generator().manual_seed(seed)
    x = torch.zeros(400, 4, 2, dtype=torch.float64)
    s = torch.zeros(400, 4, 2 if "2" in told else 4, dtype=torch.float64)
    x[:, :2] = torch.randn(400, 2, 2, dtype=torch.float64, generator=generator)
    s[:, :2, :2] = 1 + apart * torch.randn(400, 2, 2, dtype=torch.float64, generator=generator)
    counts = {"n": torch.full((400,), 2)}
    verdicts = coupled_law(model, x, s, counts=counts, generator=generator)
    assert not (verdicts.wrong | verdicts.unclear).any()
    assert (verdicts.error < verdicts.bound / 4).all()


TETRAHEDRON = [[1.0, 1, 1], [1, -1, -1], [-1, 1, -1], [-1, -1, 1]]
OCTAHEDRON = [[1.0, 0, 0], [-1, 0, 0], [0, 1, 0], [0, -1, 0], [0, 0, 1], [0, 0, -1]]


@pytest.mark.parametrize("seed", [0, 1, 20])
@pytest.mark.parametrize("cloud", [TETRAHEDRON, OCTAHEDRON])
@pytest.mark.parametrize("told", ["s[n: P, 2]", "s[n: P, n: P]"])
def test_symmetric_clouds_told_apart_by_scalars(
    told: str, cloud: list[list[float]], seed: int
) -> None:
    """All items have equal invariants of space: a net would round what tells them apart.

    Of two scalars, all vectors lie in one plane: with the weights of seed 20, few are far apart.
    """
    n = len(cloud)
    spec = f"""
        size n = {n}
        group P = S(n)
        group M = E(3)
        input x[n: P, 3: M.point]
        input {told}
        output y[n: P, 3: M.point]
        symmetrize M by canonical
        symmetrize P by frame(samples=2)
    """
    model = _built(spec, torch.float64, n, seed)
    generator = torch.Generator().manual_seed(seed)
    centers = torch.randn(ROWS, 1, 3, dtype=torch.float64, generator=generator)
    x = torch.tensor(cloud, dtype=torch.float64) + centers
    shape = (ROWS, n, 2 if "2" in told else n)
    s = 1 + 0.03 * torch.randn(shape, dtype=torch.float64, generator=generator)
    verdicts = coupled_law(model, x, s, generator=generator)
    assert (verdicts.error <= verdicts.bound).all()
