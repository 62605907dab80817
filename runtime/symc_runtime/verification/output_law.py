"""Do f(h x) and h f(x) have one law? For modules that draw by themselves, whose noise nobody moves.

Two samples of outputs, seen along coordinates and random directions: their characteristic functions
are compared. Under the law, a call for f(h x) and one for f(x) may be exchanged, so the difference
is held against what it is after random exchanges. That asks nothing of the outputs and lets rows
of one call share what they draw. What is wrong in the mean alone shows too, if it is large.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil

import torch

from symc_runtime.symmetrized import Symmetrized
from symc_runtime.testing import Motion, act, random_motions, valid_part
from symc_runtime.verification.call import Counts, number_dtype
from symc_runtime.verification.drawing import (
    CALLS_UNKNOWN,
    drawn,
    elements_of,
    rows_a_call,
    sides_of,
)

FALSE_ALARMS = 1e-3
"""The level, an output each; exact up to the exchanges that are drawn."""
PILOT = 8
"""Calls that say how far outputs spread; they are not compared."""
DIRECTIONS = 16
"""Random directions that are looked along, and coordinates, at most."""
FREQUENCIES = (0.5, 1.0, 2.0)
"""Of the characteristic functions, in units of the spread."""
FLOOR = 0.01
"""A smaller difference may be rounding."""


@dataclass(frozen=True)
class OutputLaw:
    """Of one output [batch]: the largest difference of two characteristic functions (0 to 2).

    If f(h x) and h f(x) have one law, `difference` exceeds `allowed` in any row with probability
    FALSE_ALARMS at most. `draws`: outputs on each side, a row.
    """

    difference: torch.Tensor
    allowed: torch.Tensor
    draws: int


@dataclass(frozen=True)
class _View:
    """How an output is seen: along directions [components, k], by its spread [batch, k]."""

    directions: torch.Tensor
    centre: torch.Tensor
    spread: torch.Tensor

    def of(self, values: torch.Tensor) -> torch.Tensor:
        """Characteristic functions, [batch, k, frequencies, 2]."""
        seen = ((values - self.centre) @ self.directions / self.spread).unsqueeze(-1)
        phases = seen * torch.tensor(FREQUENCIES, dtype=torch.float64)
        return torch.stack([phases.cos(), phases.sin()], -1).mean(0)


@torch.no_grad()
def output_law(
    model: Symmetrized,
    *inputs: torch.Tensor,
    counts: Counts | None = None,
    groups: Sequence[str] | None = None,
    draws: int = 4000,
    generator: torch.Generator | None = None,
) -> list[OutputLaw]:
    """Measured on each row of inputs [batch, ...] with an element of its own, an output each."""
    counts = dict(counts or {})
    motions, sizes = random_motions(model, inputs, counts, groups, generator)
    clean, moved = sides_of(model, inputs, counts, motions, sizes)
    batch = inputs[0].shape[0]
    elements = elements_of(model, inputs, counts)
    each = rows_a_call(draws, CALLS_UNKNOWN, batch * elements)
    many = {name: _repeated(motion, each) for name, motion in motions.items()}
    padded = {name: value.repeat(each) for name, value in counts.items()}

    def call() -> list[tuple[torch.Tensor, torch.Tensor, torch.Tensor]]:
        """Of every output f(h x), h f(x) [each, batch, components], mean squared length [batch]."""
        turned, plain = (drawn(model, x, counts, each, elements, generator) for x in (moved, clean))
        found = []
        for tensor, z, y in zip(model.outputs, turned, plain, strict=True):
            expected = act(tensor, y.values.flatten(0, 1), many, sizes)
            expected = valid_part(tensor, expected, padded).unflatten(0, (each, -1))
            found.append((_flat(z.values), _flat(expected), (z.square + y.square) / 2))
        return found

    pilot = zip(*(call() for _ in range(PILOT)), strict=True)
    eps = torch.finfo(number_dtype(inputs) or torch.float64).eps
    views = []
    for each_output in pilot:
        seen = torch.cat([torch.cat([z, y]) for z, y, _ in each_output])
        square = torch.stack([square for *_, square in each_output]).mean(0)
        views.append(_view(seen, eps * square, generator))
    calls = max(CALLS_UNKNOWN, ceil(draws / each))
    differences: list[list[torch.Tensor]] = [[] for _ in model.outputs]
    for _ in range(calls):
        for i, (view, (z, y, _)) in enumerate(zip(views, call(), strict=True)):
            differences[i].append(view.of(z) - view.of(y))
    return [_compared(torch.stack(of_calls), calls * each, generator) for of_calls in differences]


def _view(values: torch.Tensor, rounding: torch.Tensor, generator: torch.Generator | None) -> _View:
    """Coordinates and random directions for outputs [rows, batch, components].

    `rounding` [batch]: a squared length that may be rounding.
    """
    width = values.shape[-1]
    dense = torch.randn(width, DIRECTIONS, dtype=torch.float64, generator=generator)
    chosen = torch.randperm(width, generator=generator)[:DIRECTIONS]
    single = torch.eye(width, dtype=torch.float64)[:, chosen]
    directions = torch.cat([dense / dense.square().sum(0).sqrt(), single], 1)
    centre = values.mean(0, keepdim=True)
    spread = ((values - centre) @ directions).abs().mean(0)
    # Where nothing is random, rounding is no spread.
    least = rounding.sqrt().clamp(min=1e-300)
    return _View(directions, centre, torch.maximum(spread, least.unsqueeze(-1)))


def _compared(
    differences: torch.Tensor, draws: int, generator: torch.Generator | None
) -> OutputLaw:
    """Differences [calls, batch, k, frequencies, 2] against those after random exchanges."""
    calls, batch = differences.shape[:2]
    # Two statistics a row: the observed one is the largest of all with this probability.
    exchanges = ceil(2 * batch / FALSE_ALARMS) - 1
    signs = torch.randint(0, 2, (exchanges, calls), generator=generator) * 2.0 - 1.0
    found = []
    for row in differences.flatten(2).unbind(1):
        observed = _statistics(row.mean(0, keepdim=True))
        exchanged = _statistics(signs @ row.to(signs.dtype) / calls)
        allowed = exchanged.amax(1).double().clamp(min=FLOOR)
        worst = int((observed[:, 0] / allowed).argmax())
        found.append((observed[worst, 0], allowed[worst]))
    difference, allowed = (torch.stack(each) for each in zip(*found, strict=True))
    return OutputLaw(difference.double(), allowed, draws)


def _statistics(mean: torch.Tensor) -> torch.Tensor:
    """Of mean differences [m, k * frequencies * 2] the largest and the root mean square: [2, m]."""
    sizes = mean.unflatten(1, (-1, 2)).square().sum(-1)
    return torch.stack([sizes.amax(1), sizes.mean(1)]).sqrt()


def _flat(y: torch.Tensor) -> torch.Tensor:
    """[each, batch, components], real; what is not finite is left to the mean."""
    y = torch.view_as_real(y) if y.is_complex() else y
    return y.flatten(2).nan_to_num(0.0, 0.0, 0.0) if y.ndim > 2 else y.unsqueeze(-1).nan_to_num()


def _repeated(motion: Motion, times: int) -> Motion:
    rows = torch.arange(len(motion.character)).repeat(times)
    return motion.rows(rows)
