"""Independent outputs of a random module, call by call."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import ceil

import torch

from symc_runtime.symmetrized import Symmetrized
from symc_runtime.testing import Motion, act, as_tuple, valid_part
from symc_runtime.verification.call import Counts, Values, mean_over
from symc_runtime.verification.lengths import widened

CALLS_UNKNOWN = 256
"""Calls of a module that draws by itself: rows of one call may share randomness."""
ROWS = 4096
"""Rows that the base sees at a time, at most."""


def sides_of(
    model: Symmetrized,
    inputs: Sequence[torch.Tensor],
    counts: Counts,
    motions: Mapping[str, Motion],
    sizes: Mapping[str, int],
) -> tuple[Values, Values]:
    """Inputs x [batch, ...] without what stands in padding, and h x."""
    clean = tuple(valid_part(t, x, counts) for t, x in zip(model.inputs, inputs, strict=True))
    moved = tuple(act(t, x, motions, sizes) for t, x in zip(model.inputs, clean, strict=True))
    return clean, moved


def rows_a_call(draws: int, calls: int, rows: int) -> int:
    """How often a call repeats its `rows`, for about so many draws in so many calls."""
    return min(ceil(draws / calls), max(1, ROWS // rows))


def elements_of(model: Symmetrized, inputs: Sequence[torch.Tensor], counts: Counts) -> int:
    """How many elements the enumerating stages have together."""
    model.draw_so_many(1)
    noise = model.draw_noise(*inputs, sizes=counts)
    return max((z.shape[0] for z in noise.values()), default=1)


@dataclass(frozen=True)
class Drawn:
    """Independent values of one output, `values` [each, batch, ...], float64.

    `square` [batch]: the mean squared length of what they are means of, over the elements of
    enumerating stages. A mean may cancel to what rounding leaves of it.
    """

    values: torch.Tensor
    square: torch.Tensor


def drawn(
    model: Symmetrized,
    inputs: Sequence[torch.Tensor],
    counts: Counts,
    each: int,
    elements: int,
    generator: torch.Generator | None,
) -> list[Drawn]:
    """`each` independent values of every output."""
    if not model.draws:
        tiled = tuple(x.repeat(each, *[1] * (x.ndim - 1)) for x in inputs)
        many = {name: value.repeat(each) for name, value in counts.items()}
        values = model(*tiled, sizes=many)
        values = as_tuple(values)
        wide = [widened(y).unflatten(0, (each, -1)) for y in values]
        return [Drawn(y, _square(y.unsqueeze(0))) for y in wide]
    model.draw_so_many(each)
    noise = model.draw_noise(*inputs, generator=generator, sizes=counts)
    values, weights = model(*inputs, noise=noise, sizes=counts, return_samples=True)
    values = as_tuple(values)
    # Of a draw all elements of enumerating stages, by their weights.
    shares = weights.unflatten(0, (elements, -1)) * (len(weights) // elements)
    found = []
    for y in values:
        # The draws are the last axis of the grid of samples; one where all stages enumerate.
        grid = widened(y).unflatten(0, (elements, -1))
        mean = mean_over(grid, shares)
        found.append(Drawn(mean.expand(each, *mean.shape[1:]), _square(grid)))
    return found


def _square(y: torch.Tensor) -> torch.Tensor:
    """Mean squared length of y [elements, each, batch, ...], [batch]."""
    return y.abs().square().unsqueeze(-1).flatten(3).sum(-1).mean((0, 1))
