"""`symc.verify` tells what a module rounds inside from a law that is broken."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

import symc
from symc_runtime.verification.call import Call
from symc_runtime.verification.guard import Guarded
from symc_runtime.verification.plain import Plain
from symc_runtime.verification.report import Report
from symc_runtime.verification.rounding import noisy, rounding_of

POINTS = "group P = S(n)\ngroup M = E(3)\ninput p[n: P, 3: M.point]\n"
ENERGY = POINTS + "output e\n"
FORCES = POINTS + "output f[n: P, 3: M.vector]\n"
SETS = "group P = S(n)\ninput x[n: P, 4]\noutput y[n: P, 4]\n"
F64 = torch.float64


class Calls(nn.Module):
    """A module that is one function of its inputs."""

    def __init__(self, function: Callable[..., Any]) -> None:
        super().__init__()
        self.function = function

    def forward(self, *inputs: Tensor) -> Any:
        return self.function(*inputs)


def measured(function: Callable[..., Any], spec: str, **keywords: Any) -> Report:
    """A quick report of a function."""
    return symc.verify(Calls(function), spec=spec, **{"samples": 4, "draws": 100, **keywords})


def distances(p: Tensor) -> Tensor:
    """Squared, of all pairs."""
    return (p.unsqueeze(1) - p.unsqueeze(2)).square().sum(-1)


def cancels(p: Tensor) -> Tensor:
    return torch.exp(-distances(p)).sum((1, 2)) - p.shape[1] ** 2


def by_matrix(p: Tensor) -> Tensor:
    """Squared distances from products, which cancel for points that are near."""
    centred = p - p.mean(1, keepdim=True)
    gram = centred @ centred.transpose(1, 2)
    squares = gram.diagonal(dim1=1, dim2=2)
    return 1 - torch.exp(-(squares.unsqueeze(1) + squares.unsqueeze(2) - 2 * gram)).mean((1, 2))


def in_place(p: Tensor) -> Tensor:
    d = distances(p)
    d.neg_().exp_()
    total = d.sum((1, 2))
    total -= p.shape[1] ** 2
    return total


def in_numpy(p: Tensor) -> Tensor:
    """Nothing of it is an operation of torch."""
    x = p.numpy()
    d = np.square(x[:, None] - x[:, :, None]).sum(-1)
    return torch.from_numpy(np.asarray(np.exp(-d).sum((1, 2)) - x.shape[1] ** 2)) * 1.5


def one_sided(p: Tensor) -> Tensor:
    """Large terms that cancel in one sum."""
    parts = [torch.exp(-distances(p)).flatten(1), -torch.ones_like(distances(p)).flatten(1)]
    return torch.cat(parts, 1).sum(1)


@pytest.mark.parametrize("function", [cancels, by_matrix, in_place, in_numpy, one_sided])
def test_what_cancels_inside_is_not_broken(function: Callable[..., Any]) -> None:
    for seed in range(2):
        report = measured(function, ENERGY, seed=seed)
        assert report.ok, report
        law = [row for row in report.rows if row.test == "law"]
        assert {row.verdict for row in law} == {"right"}
        assert not report.warnings


def finite_differences(step: float) -> Callable[[Tensor], Tensor]:
    """Forces as central differences: with the permutations, and not with rotations."""

    def energy(p: Tensor) -> Tensor:
        return torch.exp(-distances(p)).sum((1, 2))

    def forces(p: Tensor) -> Tensor:
        f = torch.zeros_like(p)
        for i in range(p.shape[1]):
            for k in range(3):
                move = torch.zeros_like(p)
                move[:, i, k] = step
                f[:, i, k] = (energy(p + move) - energy(p - move)) / (2 * step)
        return f

    return forces


def test_finite_differences_break_rotations_alone() -> None:
    report = measured(finite_differences(1e-3), FORCES, sizes={"n": 2}, samples=3)
    assert {row.group for row in report.broken} == {"M", "P x M"}
    assert {row.dtype for row in report.broken} == {"float64"}
    permuted = [row for row in report.rows if (row.group, row.dtype) == ("P", "float64")]
    assert {row.verdict for row in permuted} == {"right"}
    # What steps of 1e-6 are off is below what they round: nobody can tell.
    report = measured(finite_differences(1e-6), FORCES, sizes={"n": 2}, samples=3)
    law = [row for row in report.rows if row.test == "law" and row.dtype == "float64"]
    assert report.ok
    assert {row.verdict for row in law if row.group == "M"} == {"unmeasured"}
    said = "`f` under M is not measured in float64: rounding decides the outcome on most inputs"
    assert said in " ".join(str(report).split()).replace("float64 and float32", "float64")


@pytest.mark.parametrize("size", [1e-3, 1e-6, 1e-9])
def test_small_breaches_stay_broken(size: float) -> None:
    """Beside what cancels, and where a choice is made, too."""
    plain = measured(lambda x: x.tanh() + size * x[:, :1], SETS)
    beside = measured(lambda p: cancels(p) * (1 + size * p[:, 0].sub(p[:, 1]).norm(dim=-1)), ENERGY)

    def choice(x: Tensor) -> Tensor:
        first = x.norm(dim=-1).argmax(1)
        marked = torch.nn.functional.one_hot(first, x.shape[1]).unsqueeze(-1)
        return x * (1 + marked) + size * x[:, :1].sin()

    for report in (plain, beside, measured(choice, SETS)):
        assert {(row.test, row.group) for row in report.broken} >= {("law", "P")}
        double = [row for row in report.rows if row.test == "law" and row.dtype == "float64"]
        assert not any(row.verdict == "right" for row in double if "P" in row.group)


@pytest.mark.parametrize("size", [1e-3, 1e-12])
def test_what_breaks_in_one_precision_alone(size: float) -> None:
    def forward(x: Tensor) -> Tensor:
        there = torch.float32 if size > 1e-6 else F64
        return x.sin() + (size * x[:, :1] if x.dtype == there else 0)

    report = measured(forward, SETS)
    assert {row.dtype for row in report.broken} == {"float32" if size > 1e-6 else "float64"}


def test_a_module_of_one_precision() -> None:
    """There is no second look in the other one."""

    class Single(nn.Module):
        def __init__(self, size: float) -> None:
            super().__init__()
            self.size = size

        def forward(self, p: Tensor) -> Tensor:
            if p.dtype != torch.float32:
                raise TypeError("float32 only")
            return cancels(p) + 1 + self.size * p[:, 0].sub(p[:, 1]).norm(dim=-1)

    def report(size: float) -> Report:
        return symc.verify(Single(size), spec=ENERGY, samples=4, draws=100)

    assert report(0.0).ok
    assert {row.group for row in report(1e-3).broken} == {"P", "P x M"}


def moved(function: Callable[[Tensor], Any], x: Tensor) -> Tensor:
    """How far simulated rounding moves a function, in eps of its result."""
    with noisy(torch.Generator().manual_seed(0)):
        after = function(x.clone())
    before = function(x.clone())
    change: Tensor = (after - before).abs() / before.abs().clamp(min=1e-300)
    return change / torch.finfo(x.dtype).eps


def test_what_only_moves_numbers_stays() -> None:
    x = torch.randn(5, 4, dtype=F64, generator=torch.Generator().manual_seed(0))
    still: list[Callable[[Tensor], Tensor]] = [
        lambda x: x[:, [2, 0, 1]],
        lambda x: x.relu() + 0,
        lambda x: torch.cat([x, -x]).sort(0).values,
        lambda x: (x > 0).to(x.dtype).sum(0) @ torch.ones(4, dtype=x.dtype),
        lambda x: torch.eye(5, dtype=x.dtype)[[4, 0, 1, 2, 3]] @ x,
        lambda x: (x - x[:1]).index_fill(0, torch.tensor([1, 2, 3, 4]), 0.0) + 2,
    ]
    for function in still:
        assert not moved(function, x).any()
    for function in (torch.exp, lambda x: x * x, lambda x: x.mul_(1.1), lambda x: x.float()):
        assert (moved(function, x) > 0).all()
    rotated = moved(lambda x: torch.polar(x.abs(), x), x)
    assert (rotated > 0).all()
    small = 1e-9 * x
    assert moved(lambda x: torch.expm1(x), small).max() < 20
    assert moved(lambda x: torch.exp(x) - 1, small).median() > 1e7


def test_simulated_rounding_leaves_the_module_as_it_was() -> None:
    spec = symc.build(SETS, nn.Identity())
    guard = Guarded(Calls(lambda x: (x.exp() - 1).sum(1, keepdim=True) + x))
    plain = Plain(guard, spec.groups, spec.inputs, spec.outputs, {}, {})
    call = Call((torch.randn(3, 5, 4, dtype=F64),), {}, {})
    before = plain(*call.inputs)
    found = rounding_of(plain, call, F64, torch.Generator().manual_seed(0))
    assert found is not None
    assert guard.within == ()
    assert torch.equal(before, plain(*call.inputs))
