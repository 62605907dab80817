"""`verify` holds derived outputs against finite differences, whoever built the module."""

from __future__ import annotations

import json
from typing import Any

import pytest
import torch
from models import on_flat_base
from torch import Tensor, nn

import symc
import symc_runtime.call.gradients as derived
import symc_runtime.symmetrized as runtime
from symc_runtime.actions import axes
from symc_runtime.verification.gradient_rows import compared
from symc_runtime.verification.report import Report

SPEC = """
group P = S(n)
group M = E(3)
input pos[n: P, 3: M.point]
output energy
output force[n: P, 3: M.vector] = -grad(energy, pos)
symmetrize M by frame
symmetrize P by base
"""


def report_of(module: nn.Module, spec: str | None = None) -> Report:
    return symc.verify(module, spec=spec, samples=4, draws=200)


def broken(report: Report) -> set[tuple[str, str]]:
    return {(row.test, row.tensor) for row in report.broken}


class Pairs(nn.Module):
    """Springs between all atoms, with forces times a factor: what no law sees."""

    def __init__(self, factor: float = 1.0, cut: str = "") -> None:
        super().__init__()
        self.factor = factor
        self.cut = cut

    def forward(self, pos: Tensor) -> tuple[Tensor, Tensor]:
        """Energies [B] and forces [B, n, 3]."""
        with torch.enable_grad():
            x = pos.detach().requires_grad_()
            center = x.mean(1, keepdim=True)
            center = center.detach() if self.cut == "center" else center
            y = x - center
            distance = (y.unsqueeze(1) - y.unsqueeze(2)).square().sum(-1)
            energy = (1 + distance).sqrt().sum((1, 2)) / 2 + y.square().sum(-1).square().sum(1)
            (slope,) = torch.autograd.grad(energy.sum(), x)
        return energy.detach(), -self.factor * slope


def test_a_module_that_symc_did_not_build() -> None:
    report = report_of(Pairs(), SPEC)
    assert report.ok
    (rows,) = [[row for row in report.rows if row.test == "gradient"]]
    assert [row.mode for row in rows] == ["eval", "train"]
    assert all(row.verdict == "right" and row.error is not None for row in rows)
    assert all(row.error < 1e-7 and not row.unclear for row in rows if row.error is not None)
    assert "force = -grad(energy, pos)" in str(report)
    assert Report.from_json(report.to_json()) == report


@pytest.mark.parametrize(
    "module",
    [Pairs(2.0), Pairs(-1.0), Pairs(1.0001), Pairs(0.0), Pairs(cut="center")],
    ids=["twice", "the other sign", "a little", "nothing", "a detached translation"],
)
def test_a_wrong_force_is_seen_and_nothing_else(module: nn.Module) -> None:
    report = report_of(module, SPEC)
    assert broken(report) == {("gradient", "force")}
    text = str(report)
    assert "`force` is not -grad(energy, pos), by finite differences" in text
    assert "= help: differentiate the same number" in text
    assert json.loads(report.to_json())["ok"] is False


def test_what_symc_built_is_right_and_jumps_are_counted() -> None:
    report = report_of(on_flat_base(SPEC, {"n": 4}))
    # That base has no permutations, with which the spec trusts it.
    assert {test for test, _ in broken(report)} == {"trusted"}
    jumps = SPEC.replace("frame", "canonical").replace("P by base", "P by probabilistic")
    report = report_of(on_flat_base(jumps, {"n": 4}))
    assert broken(report) == set()
    assert any(row.test == "gradient" for row in report.rows)


class Steps(nn.Module):
    """An energy of steps so narrow that a difference always crosses some."""

    def forward(self, pos: Tensor) -> tuple[Tensor, Tensor]:
        """Energies [B] and forces [B, n, 3]."""
        size = pos.var(1, correction=0).sum(-1)
        steps = (size * 1e5).floor()
        return size + (steps % 2), -2 * (pos - pos.mean(1, keepdim=True)) / pos.shape[1]


def test_a_small_jump_beside_the_input_is_no_fault() -> None:
    """At most as large as the difference of slopes that it makes."""
    step = torch.full((5,), 1e-3, dtype=torch.float64)
    for place in (-0.9, -0.3, 0.0, 0.3, 0.9):
        for size in (0.0, 1e-8, 1e-6, 1e-3, 1.0):
            jump = {s: s * step + size * (s > place) for s in (-1.0, -0.5, 0.5, 1.0)}
            at = torch.full((5,), size * (place < 0), dtype=torch.float64)
            one = torch.ones(5, 1, dtype=torch.float64)
            error, bound, unclear = compared(at, one, one, step, jump)
            assert bool(((error <= bound) | unclear).all()), (place, size)
            assert bool(unclear.any()) == (size > 1e-4)


def test_inputs_beside_a_jump_decide_nothing() -> None:
    rows = [row for row in report_of(Steps(), SPEC).rows if row.test == "gradient"]
    assert {row.verdict for row in rows} == {"unmeasured"}
    assert all(row.unclear > 0 for row in rows)


def test_a_random_module_is_not_measured() -> None:
    class Dropped(Pairs):
        def forward(self, pos: Tensor) -> tuple[Tensor, Tensor]:
            energy, force = super().forward(pos)
            noise = torch.rand(len(pos), dtype=pos.dtype) if self.training else 0
            return energy + noise, force

    rows = [row for row in report_of(Dropped(), SPEC).rows if row.test == "gradient"]
    assert [(row.mode, row.verdict) for row in rows] == [("eval", "right"), ("train", "unmeasured")]


@pytest.mark.parametrize("fault", ["twice", "translation", "rotation", "weights"])
def test_faults_of_the_compiler_are_seen(fault: str, monkeypatch: pytest.MonkeyPatch) -> None:
    spec = SPEC
    if fault == "twice":
        times = derived._times
        monkeypatch.setattr(derived, "_times", lambda x, gradient: 2 * times(x, gradient))
    elif fault == "translation":
        center = axes._point_sum

        def cut(*arguments: Any) -> Any:
            total, items = center(*arguments)
            return total.detach(), items

        monkeypatch.setattr(axes, "_point_sum", cut)
    elif fault == "rotation":
        product = axes.matrix_product

        def frozen(x: Tensor, matrix: Tensor, dim: int) -> Tensor:
            return product(x, matrix.detach(), dim)

        monkeypatch.setattr(axes, "matrix_product", frozen)
        spec = SPEC.replace("frame", "canonical")
    else:
        weighted = runtime._weighted

        def cut_shares(y: Tensor, shares: Tensor | None) -> Tensor:
            return weighted(y, None if shares is None else shares.detach())

        monkeypatch.setattr(runtime, "_weighted", cut_shares)
        spec = """
group R = D(4)
input image[1, (3, 3): R.grid]
output energy
output slope[1, (3, 3): R.grid] = grad(energy, image)
symmetrize R by probabilistic
"""
    report = report_of(on_flat_base(spec, {"n": 4}))
    assert any(row.test == "gradient" for row in report.broken)
