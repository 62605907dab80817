"""`symc.verify` holds random outputs to their law: f(h x) and h f(x) are drawn alike."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import Tensor, nn

import symc
from symc_runtime.verification import output_law, statistical_rows
from symc_runtime.verification.report import Report, Row

VECTORS = "group R = O(3)\ninput v[4, 3: R]\noutput y[4, 3: R]\n"
POINTS = "group M = E(3)\ninput v[3: M.point]\noutput y[3: M.point]\n"
SETS = "group P = S(n)\ninput x[n: P, 2]\noutput y[n: P, 2]\n"
RAGGED = "size n <= 5\n" + SETS


class Calls(nn.Module):
    """A module that is one function of its inputs."""

    def __init__(self, function: Callable[..., Any]) -> None:
        super().__init__()
        self.function = function

    def forward(self, *inputs: Tensor) -> Any:
        return self.function(*inputs)


def measured(function: Callable[..., Any], spec: str, **keywords: Any) -> Report:
    """A quick report of a function."""
    return symc.verify(Calls(function), spec=spec, **{"samples": 1, "draws": 2000, **keywords})


def outputs(report: Report) -> list[Row]:
    """Rows about the law of random outputs."""
    return [row for row in report.rows if row.what == "outputs"]


def normal(*shape: int, like: Tensor) -> Tensor:
    return torch.randn(shape).to(like.dtype)


def axes(v: Tensor) -> Tensor:
    """Noise that is stronger along z: its mean is zero, whoever turns it."""
    return v + normal(*v.shape, like=v) * torch.tensor([0.1, 0.1, 0.3], dtype=v.dtype)


def items(x: Tensor) -> Tensor:
    """The first item is noisier."""
    strength = torch.linspace(0.3, 0.1, x.shape[1], dtype=x.dtype).unsqueeze(-1)
    return x + strength * normal(*x.shape, like=x)


def masked_components(v: Tensor) -> Tensor:
    """Dropout of numbers of a vector; its mean follows every rotation."""
    return v * (torch.rand(v.shape) > 0.5).to(v.dtype) * 2


def likes_early_items(x: Tensor) -> Tensor:
    """One item is kept, early ones more often; the mean is corrected."""
    p = torch.softmax(-torch.arange(x.shape[1], dtype=torch.float32), 0)
    kept = nn.functional.one_hot(torch.multinomial(p, len(x), True), x.shape[1])
    return x * (kept / p).to(x.dtype).unsqueeze(-1)


@pytest.mark.parametrize(
    ("function", "spec", "group"),
    [
        (axes, VECTORS, "R"),
        (axes, POINTS, "M"),
        (items, SETS, "P"),
        (masked_components, VECTORS, "R"),
        (likes_early_items, SETS, "P"),
    ],
)
def test_random_outputs_whose_law_is_not_symmetric(
    function: Callable[..., Any], spec: str, group: str
) -> None:
    report = measured(function, spec)
    assert {(row.test, row.group) for row in report.broken} == {("outputs", group)}
    assert not any(row.verdict == "broken" for row in report.rows if row.test == "mean")
    text = " ".join(str(report).split())
    assert f"error[outputs]: the law of `y`, as a random output, does not follow {group}" in text
    assert "outputs a side" in text
    assert "one row in 1,000 at most" in text
    assert max(map(len, str(report).splitlines())) <= 80


def isotropic(v: Tensor) -> Tensor:
    return v + 0.1 * normal(*v.shape, like=v)


def shared(v: Tensor) -> Tensor:
    """One draw for a whole call."""
    return v * (1 + 0.5 * normal(1, like=v))


def dropped_invariants(v: Tensor) -> Tensor:
    lengths = v.norm(dim=-1, keepdim=True)
    return v * nn.functional.dropout(lengths, 0.5)


def subsampled(x: Tensor) -> Tensor:
    """The mean over a random half of the items, added to all."""
    place = torch.rand(x.shape[:2]).argsort(1)
    kept = (place < (x.shape[1] + 1) // 2).to(x.dtype).unsqueeze(-1)
    return x.sin() + (x * kept).sum(1, keepdim=True) / kept.sum(1, keepdim=True)


def heavy(v: Tensor) -> Tensor:
    """Without a mean."""
    scale = torch.randn(v.shape[0], 1, 1) / torch.randn(v.shape[0], 1, 1)
    return v * scale.to(v.dtype)


def partly(v: Tensor) -> Tensor:
    """The same each time for most inputs."""
    large = v.norm(dim=(1, 2), keepdim=True) > 3
    return (v * v.norm(dim=-1, keepdim=True).sin()) * (1 + large * torch.rand(1).to(v.dtype))


@pytest.mark.parametrize(
    ("function", "spec"),
    [
        (isotropic, VECTORS),
        (shared, VECTORS),
        (dropped_invariants, VECTORS),
        (subsampled, SETS),
        (partly, VECTORS),
    ],
)
def test_random_outputs_whose_law_is_symmetric(function: Callable[..., Any], spec: str) -> None:
    for seed in range(2):
        report = measured(function, spec, seed=seed, draws=512)
        assert report.ok, report
        assert {row.verdict for row in outputs(report)} == {"undetected"}
        assert all(row.inputs >= 512 for row in outputs(report))


def test_outputs_without_a_mean() -> None:
    rows = outputs(measured(heavy, VECTORS, draws=512))
    assert rows
    assert {row.verdict for row in rows} == {"undetected"}


def test_ragged_items_and_bases() -> None:
    def noisy(x: Tensor) -> Tensor:
        return x + 0.2 * normal(*x.shape, like=x)

    assert measured(noisy, RAGGED, draws=512).ok
    assert {row.group for row in measured(items, RAGGED).broken} == {"P"}
    # Symmetrized, it is right whatever its base draws; trusted, it is not.
    assert symc.verify(symc.build(SETS, Calls(items)), samples=1, draws=256).ok
    report = symc.verify(
        symc.build(SETS + "symmetrize by base", Calls(items)), samples=1, draws=512
    )
    assert {(row.test, row.what) for row in report.broken} == {("trusted", "outputs")}
    text = " ".join(str(report).split())
    assert "the base is trusted with P, but the law of its `y` does not follow it" in text


def test_a_wrong_mean_is_told_as_that() -> None:
    report = measured(lambda v: v.abs() + 0.1 * normal(*v.shape, like=v), VECTORS)
    assert {row.test for row in report.broken} == {"mean", "outputs"}
    assert "error[outputs]" not in str(report)
    assert Report.from_json(report.to_json()) == report


@pytest.mark.parametrize("alarms", [1, 2])
def test_one_alarm_is_chance(monkeypatch: pytest.MonkeyPatch, alarms: int) -> None:
    law, calls = output_law.output_law, []

    def loud(*arguments: Any, **keywords: Any) -> Any:
        calls.append(1)
        found = law(*arguments, **keywords)
        if len(calls) > alarms:
            return found
        return [replace(each, difference=each.allowed + 1) for each in found]

    monkeypatch.setattr(statistical_rows, "output_law", loud)
    assert measured(isotropic, VECTORS, draws=300).ok == (alarms == 1)


@pytest.mark.parametrize("equal", [True, False])
def test_the_rate_of_false_alarms(monkeypatch: pytest.MonkeyPatch, equal: bool) -> None:
    """Not above what is said, and not far below, where noise is alike; above, where it is not."""
    monkeypatch.setattr(output_law, "FALSE_ALARMS", 0.05)
    monkeypatch.setattr(output_law, "FLOOR", 0.0)
    generator = torch.Generator().manual_seed(0)
    alarms, trials = 0, 400
    for _ in range(trials):
        differences = torch.randn(40, 2, 3, 3, 2, dtype=torch.float64, generator=generator)
        differences = differences.sign() * differences.square() + (0.0 if equal else 0.8)
        found = output_law._compared(differences, 40, generator)
        alarms += int((found.difference > found.allowed).any())
    rate = alarms / trials
    assert (0.02 < rate < 0.08) if equal else rate > 0.9
