"""Weights of items that differ even where the items nearly do not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import nn

from symc_runtime.modules.matrices import matrix_of
from symc_runtime.modules.mixing import level_mean, squashed
from symc_runtime.reading.readings import Level

WAVES = 3
"""Frequencies 1, 2, 4 ... at which invariants are read."""
FLOOR = 3e-2
"""Differences below the square root of this share of what differs are not brought to size 1."""
FAINT = 1e-2
"""How much what differs counts for where its differences alone are summed.

Weights of nothing but rounding, eps of it, are then eps / FAINT of what was summed: still nothing.
"""
ENLARGED = 2.0**50
"""Brings 1e-30, which keeps a share of nothing from being 0 / 0, half of the way to 1: its square,
which second derivatives divide by, is no number of single precision. A power of 2 rounds nothing.
"""


class ItemWeights(nn.Module):
    """Invariants [N, items..., 2 c] in (-1, 1) to weights [N, items..., outputs].

    Smooth functions of few invariants are nearly alike from item to item; vectors summed with
    such weights would be nearly parallel, and a frame of them hang on their last digits. So waves
    of the invariants are taken from their mean over items, and each half is brought to size 1.
    Mirror images have equal invariants. What tells them apart are further parts: `known` tensors
    [N, items..., c] of scalars as they come, for rounding in a net would hide small differences.

    The last `alone` outputs are added to no other weights.
    """

    def __init__(self, width: int, outputs: int, alone: int, known: int = 0) -> None:
        super().__init__()
        self.alone = alone
        self.parts = 2 + known
        self.linear = nn.Linear(2 * self.parts * WAVES * width, outputs, bias=False)

    def forward(
        self,
        invariants: torch.Tensor,
        summed: torch.Tensor,
        level: Level,
        masks: Mapping[str, torch.Tensor],
        known: Sequence[torch.Tensor],
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """The weights, and how much [N, 1..., outputs] what they are a difference of counts for.

        `summed` [N]: what the second half of the invariants would be without cancellation.
        """

        def mean(x: torch.Tensor) -> torch.Tensor:
            ones, rest = [1] * len(level), x.shape[1 + len(level) :]
            return level_mean(x, level, masks).reshape(-1, *ones, *rest)

        if known:
            invariants = torch.cat([invariants, *(squashed(x) for x in known)], -1)
        # Each part by itself in memory, as the linear map reads it.
        parts = _waves(invariants.unflatten(-1, (self.parts, -1)).movedim(-2, 0)).movedim(0, -2)
        middle = mean(parts)
        parts = parts - middle
        variance = mean(parts.square().mean(-1))
        square = variance + middle.square().mean(-1)
        least = nn.functional.pad(summed.square().unsqueeze(-1), (1, 0))
        if known:
            # They are what is left of sums of about 1.
            least = nn.functional.pad(least, (0, len(known)), value=1.0)
        square = torch.maximum(square, least.reshape(-1, *[1] * len(level), self.parts))
        gain = (torch.add(variance, square, alpha=FLOOR) + 1e-12).rsqrt()
        # What rounding alone tells apart is alike: differences of sqrt(eps) count a quarter.
        # Squared, for sizes go like its root: of rounding, eps and not sqrt(eps) is to be left in
        # them, or the choice of vectors would hang on it.
        eps = torch.finfo(square.dtype).eps
        variance, beside = variance * ENLARGED, square * ENLARGED
        real = (variance / (torch.add(variance, beside, alpha=eps) + 1e-30 * ENLARGED)).square()
        told = gain * real
        weights = self.linear((parts * told.unsqueeze(-1)).flatten(-2))
        # Once more: where items are nearly alike, rounding of the waves is left in their mean.
        weights = weights - mean(weights)
        with torch.no_grad():
            matrix = matrix_of(self.linear, parts.flatten(-2))
            squares = matrix.square().unflatten(-1, (self.parts, -1)).sum(-1)
            if self.alone:
                squares[-self.alone :].mul_(FAINT**2)
            # Where they are alike, nothing is left of the differences, nor of their rounding.
            size = (gain * told * square) @ squares.T
        return weights, size.sqrt()


def _waves(x: torch.Tensor) -> torch.Tensor:
    """Waves of numbers [..., c], sin and 1 - cos at half their height: [..., 2 WAVES c].

    By products of sines: exact to their own last digit also where they are small.
    """
    angle = x * (torch.pi / 2)
    sine, cosine = angle.sin(), angle.cos()
    found = [sine * cosine, sine.square()]
    while len(found) < 2 * WAVES:
        half, square = found[-2:]
        sine, cosine = half + half, torch.rsub(square, 1, alpha=2)
        found += [sine * cosine, sine.square()]
    return torch.cat(found, -1)
