"""Learned canonicalization of clouds that are nearly symmetric, as molecules are."""

from __future__ import annotations

import pytest
import torch
from models import on_flat_base
from torch import nn

import symc
from symc_runtime.symmetrized import Symmetrized
from symc_runtime.verification.inputs import make_inputs
from symc_runtime.verification.law import Verdicts, coupled_law

F64 = torch.float64
KINDS = [("tetrahedron", 4), ("cube", 8), ("tied", 6), ("repeated", 5)]


def _built(group: str, axis: str, n: str, method: str = "canonical") -> Symmetrized:
    spec = f"""
        size n {n}
        group P = S(n)
        group M = {group}
        input x[n: P, {axis}]
        output y[n: P, {axis}]
        symmetrize M by {method}
        symmetrize P by probabilistic(samples=2)
    """
    return on_flat_base(spec, {"n": int(n.rpartition(" ")[2])}).double().eval()


def _verdicts(model: Symmetrized, kind: str, n: int, apart: float, seed: int) -> Verdicts:
    generator = torch.Generator().manual_seed(seed)
    rows = 60
    (x,) = make_inputs(kind, model.inputs, model.groups, {"n": n}, rows, generator=generator)
    x = x + apart * torch.randn(x.shape, dtype=F64, generator=generator)
    counts = {}
    for name, most in model.ragged.items():
        counts[name] = torch.full((rows,), n)
        x = nn.functional.pad(x, (0, 0, 0, most - n))
    return coupled_law(model, x, counts=counts, generator=generator)


@pytest.mark.parametrize("apart", [0.1, 0.01, 1e-3])
@pytest.mark.parametrize(("kind", "n"), KINDS)
@pytest.mark.parametrize(
    ("group", "axis"),
    [("E(2)", "2: M.point"), ("E(3)", "3: M.point"), ("SO(3)", "3: M"), ("O(4)", "4: M")],
)
def test_nearly_symmetric_clouds(group: str, axis: str, kind: str, n: int, apart: float) -> None:
    """Half of the nearly regular tetrahedra were wrong, by up to 17 times the bound."""
    for seed in range(2):
        torch.manual_seed(seed)
        verdicts = _verdicts(_built(group, axis, f"= {n}"), kind, n, apart, seed)
        assert not verdicts.wrong.any()
        # The condition number goes like 1 / apart.
        assert verdicts.unclear.float().mean() < 0.05


@pytest.mark.parametrize(("group", "axis", "n"), [("O(4)", "4: M", 4), ("E(4)", "4: M.point", 6)])
def test_pairs_of_items_that_nearly_meet(group: str, axis: str, n: int) -> None:
    """Beside the rows that their means span, two pairs look alike from both sides."""
    torch.manual_seed(0)
    model = _built(group, axis, f"= {n}")
    for seed in range(3):
        generator = torch.Generator().manual_seed(seed)
        pairs = torch.randn(60, n // 2, 4, dtype=F64, generator=generator).repeat(1, 2, 1)
        apart = 1e-3 * torch.randn(60, n, 4, dtype=F64, generator=generator)
        verdicts = coupled_law(model, pairs + apart, generator=generator)
        assert not verdicts.wrong.any()
        assert verdicts.unclear.float().mean() < 0.05


def test_nearly_symmetric_clouds_without_noise() -> None:
    torch.manual_seed(0)
    model = _built("E(3)", "3: M.point", "= 4", "probabilistic(noise_scale=0)")
    assert not _verdicts(model, "tetrahedron", 4, 1e-3, 0).wrong.any()


@pytest.mark.parametrize(("kind", "n"), [("tetrahedron", 4), ("tied", 4), ("tied", 3)])
def test_nearly_symmetric_ragged_clouds(kind: str, n: int) -> None:
    """Of three points, two that nearly meet: the second row is along what parts them."""
    torch.manual_seed(0)
    verdicts = _verdicts(_built("E(3)", "3: M.point", "<= 6"), kind, n, 1e-3, 0)
    assert not verdicts.wrong.any()


@pytest.mark.parametrize("d", [2, 3, 5, 6])
def test_canonical_elements_of_items_in_any_dimension(d: int) -> None:
    """The net is built before the dimension is known: no row is left to noise."""
    spec = """
        size d
        group P = S(n)
        group M = O(d)
        input x[n: P, d: M]
        output y[n: P, d: M]
        symmetrize M by canonical
        symmetrize P by base
    """
    torch.manual_seed(0)

    class Coordinates(nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return x.sin()

    model = symc.build(spec, Coordinates()).double().eval()
    x = torch.randn(20, 9, d, dtype=F64, generator=torch.Generator().manual_seed(0))
    first, second = (
        model(x, noise=model.draw_noise(x, generator=torch.Generator().manual_seed(seed)))
        for seed in (1, 2)
    )
    assert (first - second).abs().max() < 1e-9
    assert not coupled_law(model, x).wrong.any()


def test_nothing_is_found_along_a_row_that_rounding_made() -> None:
    """A cube has no vector, and a matrix that is zero adds none: what comes is from noise."""
    spec = """
        size n = 8
        group P = S(n)
        group M = O(3)
        input x[n: P, 3: M]
        input m[3: M, 3: M]
        output y[n: P, 3: M]
        symmetrize M by canonical
        symmetrize P by probabilistic(samples=2)
    """
    torch.manual_seed(0)
    model = on_flat_base(spec).double().eval()
    generator = torch.Generator().manual_seed(0)
    cube = torch.cartesian_prod(*[torch.tensor([-1.0, 1.0], dtype=F64)] * 3)
    turns = torch.linalg.qr(torch.randn(60, 3, 3, dtype=F64, generator=generator)).Q
    verdicts = coupled_law(model, cube @ turns, torch.zeros_like(turns), generator=generator)
    assert not (verdicts.wrong | verdicts.unclear).any()


@pytest.mark.parametrize("apart", [1e-2, 1e-3])
@pytest.mark.parametrize(
    ("d", "e", "axes"),
    [
        (4, 2, "3: P, 4: M, 2: L"),
        (4, 3, "3: P, 4: M, 3: L"),
        (5, 2, "3: P, 5: M, 2: L"),
        (4, 2, "4: M, 4: M, 2: L"),
    ],
)
def test_tensors_nearly_of_rank_one(d: int, e: int, axes: str, apart: float) -> None:
    """Where another axis is of a later group, a frame sees products of them alone."""
    spec = f"""
        group P = S(3)
        group M = O({d})
        group L = O({e})
        input v[{d}: M]
        input u[3: P, {e}: L]
        input t[{axes}]
        output y[3: P, {d}: M]
        symmetrize M by canonical
        symmetrize L by frame
        symmetrize P by average(samples=2)
    """
    torch.manual_seed(0)
    model = on_flat_base(spec).double().eval()
    generator = torch.Generator().manual_seed(0)
    sizes = [int(axis.split(":")[0]) for axis in axes.split(",")]
    v, u, a, b, c, noise = (
        torch.randn(60, *shape, dtype=F64, generator=generator)
        for shape in ((d,), (3, e), (sizes[0], 1, 1), (sizes[1], 1), (sizes[2],), sizes)
    )
    one = a * b.unsqueeze(1) * c.reshape(60, 1, 1, -1)
    verdicts = coupled_law(model, v, u, one + apart * noise, generator=generator)
    assert not verdicts.wrong.any()
    assert verdicts.unclear.float().mean() < 0.05
