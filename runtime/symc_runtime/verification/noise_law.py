"""Does the action on the noise leave its law alone? The coupled law says nothing without that.

Two samples: noise, and fresh noise moved by random elements, one each. They have the same law if
and only if the law of the noise is invariant.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import log, sqrt

import torch

from symc_runtime.symmetrized import Symmetrized
from symc_runtime.testing import act_on_noise, random_motions

CONFIDENCE = 0.999
PROJECTIONS = 64
"""Coordinates looked at, at most, and as many random directions."""
CHUNKS = 64
ROWS = 100_000
"""Noise tensors drawn at a time, at most."""
INFINITE = 8.0
"""What stands for infinite noise, which takes an element for certain: no sum of it is a number."""

Counts = Mapping[str, torch.Tensor]


@dataclass(frozen=True)
class NoiseLaw:
    """Of the noise of one stage, over all projections: the largest difference, and its bound.

    `distance`: of distribution functions (Kolmogorov-Smirnov). `spread`: of second moments,
    relative to them.
    """

    key: str
    distance: float
    distance_bound: float
    spread: float
    spread_bound: float
    draws: int


@torch.no_grad()
def noise_law(
    model: Symmetrized,
    *inputs: torch.Tensor,
    counts: Counts | None = None,
    draws: int = 16000,
    generator: torch.Generator | None = None,
) -> list[NoiseLaw]:
    """Measured for inputs [1, ...], a stage each; needs `model.draw_so_many(1)`."""
    counts = dict(counts or {})
    probe = model.draw_noise(*inputs, generator=generator, sizes=counts)
    if not probe:
        return []
    elements = max(z.shape[0] for z in probe.values())
    chunk = max(1, min(draws, ROWS // elements))
    chunks = min(CHUNKS, -(-draws // chunk))
    plain: dict[str, list[torch.Tensor]] = {key: [] for key in probe}
    moved: dict[str, list[torch.Tensor]] = {key: [] for key in probe}
    tiled = tuple(x.repeat(chunk, *[1] * (x.ndim - 1)) for x in inputs)
    many = {name: value.repeat(chunk) for name, value in counts.items()}
    for _ in range(chunks):
        for key, z in _rows(model, tiled, many, generator).items():
            plain[key].append(z.squeeze(0))
        motions, _ = random_motions(model, tiled, many, None, generator)
        for key, z in act_on_noise(model, _rows(model, tiled, many, generator), motions).items():
            moved[key].append(z.squeeze(0))
    return [
        _compared(key, torch.cat(plain[key]), torch.cat(moved[key]), generator) for key in probe
    ]


def _rows(
    model: Symmetrized,
    inputs: tuple[torch.Tensor, ...],
    counts: Counts,
    generator: torch.Generator | None,
) -> dict[str, torch.Tensor]:
    """Noise [1, rows, ...]; of an enumerating stage one element a row, at random."""
    noise = model.draw_noise(*inputs, generator=generator, sizes=counts)
    rows = inputs[0].shape[0]
    total = next(iter(noise.values())).shape[0]
    chosen = torch.randint(0, total, (rows,), generator=generator)
    return {key: z[chosen, torch.arange(rows)].unsqueeze(0) for key, z in noise.items()}


def _compared(
    key: str, plain: torch.Tensor, moved: torch.Tensor, generator: torch.Generator | None
) -> NoiseLaw:
    first, second = (
        z.double().flatten(1).nan_to_num(torch.nan, INFINITE, -INFINITE) for z in (plain, moved)
    )
    draws, width = first.shape
    directions = torch.randn(width, PROJECTIONS, dtype=torch.float64, generator=generator)
    directions = directions / directions.square().sum(0).sqrt()
    chosen = torch.randperm(width, generator=generator)[:PROJECTIONS]
    a = torch.cat([first @ directions, first[:, chosen]], 1)
    b = torch.cat([second @ directions, second[:, chosen]], 1)
    tests = 2 * a.shape[1]
    # Two samples of N: P(distance > c sqrt(2 / N)) <= 2 exp(-2 c^2).
    alpha = (1 - CONFIDENCE) / tests
    bound = sqrt(-log(alpha / 2) / 2) * sqrt(2 / draws)
    before, after = a.square(), b.square()
    error = ((before.var(0) + after.var(0)) / draws).sqrt()
    normal = torch.distributions.Normal(0.0, 1.0)
    quantile = float(normal.icdf(torch.tensor(1 - alpha / 2, dtype=torch.float64)))
    scale = (before.mean(0) + after.mean(0)).clamp(min=1e-300) / 2
    difference = (after.mean(0) - before.mean(0)).abs() / scale
    allowed = quantile * error / scale + 1e-9
    worst = int((difference / allowed).argmax())
    return NoiseLaw(
        key, float(_distance(a, b)), bound, float(difference[worst]), float(allowed[worst]), draws
    )


def _distance(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    """Largest difference of the distribution functions of columns of a and b, both [N, columns]."""
    # Rounding would tell apart what is equal in exact arithmetic.
    values = torch.cat([a, b]).to(torch.float32)
    ordered, index = values.sort(0)
    step = torch.where(index < a.shape[0], 1.0, -1.0) / a.shape[0]
    difference = step.cumsum(0).abs()
    last = torch.ones_like(ordered, dtype=torch.bool)
    last[:-1] = ordered[1:] != ordered[:-1]
    return (difference * last).max()
