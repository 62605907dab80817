"""The law of the mean: E f(h x) = h E f(x), with fresh noise on each side.

It asks nothing of the noise, so it holds a random module to account that nobody can couple. It
can only say how large a deviation would have been seen.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, log, sqrt

import torch

from symc_runtime.symmetrized import Symmetrized
from symc_runtime.testing import act, random_motions, valid_part
from symc_runtime.verification.call import Counts, number_dtype
from symc_runtime.verification.drawing import (
    CALLS_UNKNOWN,
    drawn,
    elements_of,
    rows_a_call,
    sides_of,
)

CALLS = 64
"""Means of calls are the observations: rows of one call may share randomness."""
CONFIDENCE = 0.999


@dataclass(frozen=True)
class Deviation:
    """Of one output [batch], in units of its size: the difference of the means and the noise in it.

    If the law holds, `difference` exceeds `noise` with probability 1 - CONFIDENCE, over all
    outputs and rows together. So the true deviation is below difference + noise, and one above
    2 noise would be seen.
    """

    difference: torch.Tensor
    noise: torch.Tensor
    draws: int


@torch.no_grad()
def mean_deviation(
    model: Symmetrized,
    *inputs: torch.Tensor,
    counts: Counts | None = None,
    groups: Sequence[str] | None = None,
    draws: int = 4000,
    generator: torch.Generator | None = None,
) -> list[Deviation]:
    """Measured on each row of inputs [batch, ...] with an element of its own, an output each.

    Normal approximation. `draws` noises, each with all elements of enumerating stages.
    """
    counts = dict(counts or {})
    motions, sizes = random_motions(model, inputs, counts, groups, generator)
    clean, moved = sides_of(model, inputs, counts, motions, sizes)
    batch = inputs[0].shape[0]
    elements = elements_of(model, inputs, counts)
    least = CALLS if model.draws else CALLS_UNKNOWN
    each = rows_a_call(draws, least, batch * elements)
    calls = max(least, ceil(draws / each))
    differences: list[list[torch.Tensor]] = [[] for _ in model.outputs]
    squares = [torch.zeros(batch, dtype=torch.float64) for _ in model.outputs]
    for _ in range(calls):
        sides = (drawn(model, x, counts, each, elements, generator) for x in (moved, clean))
        for i, (tensor, z, y) in enumerate(zip(model.outputs, *sides, strict=True)):
            mean = act(tensor, y.values.mean(0), motions, sizes)
            difference = z.values.mean(0) - valid_part(tensor, mean, counts)
            if difference.is_complex():
                difference = torch.view_as_real(difference)
            differences[i].append(difference.reshape(batch, -1))
            squares[i] += (z.square + y.square) / (2 * calls)
    t = log(batch * len(model.outputs) / (1 - CONFIDENCE))
    found = []
    for values, square in zip(differences, squares, strict=True):
        observed = torch.stack(values, 1)  # [batch, calls, components]
        finite = observed.isfinite().flatten(1).all(1)
        observed = observed.masked_fill(~finite.reshape(-1, 1, 1), 0)
        mean = observed.mean(1)
        rest = observed - mean.unsqueeze(1)
        # The nonzero spectrum of the covariance is that of the Gram matrix of observations.
        gram = rest @ rest.transpose(1, 2) / (calls - 1) / calls
        spectrum = torch.linalg.eigvalsh(gram).clamp(min=0)
        # |Z| <= sqrt(trace) + sqrt(2 t largest) with probability 1 - exp(-t), Z Gaussian.
        noise = spectrum.sum(1).sqrt() + sqrt(2 * t) * spectrum[:, -1].sqrt()
        size = square.sqrt().clamp(min=1e-300)
        floor = torch.finfo(number_dtype(inputs) or torch.float64).eps ** 0.5
        difference = (mean.square().sum(1).sqrt() / size).masked_fill(~finite, torch.inf)
        noise = (noise / size).masked_fill(~finite, 0) + floor
        found.append(Deviation(difference, noise, calls * each))
    return found
