"""What is invariant about the vectors of items: products with each other and with a common mean."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import nn

from symc_runtime.modules.mixing import added, level_mean, root
from symc_runtime.reading.readings import Level

GAIN = 8.0
"""Products of mixed unit vectors are small: so large, they differ from item to item."""


class ItemInvariants(nn.Module):
    """Vectors [N, items..., vectors, d] by level to invariants [N, items..., 2 width] in (-1, 1).

    The first half multiplies an item's vectors with each other, the second with a mean over all
    items. That mean weighs them: the plain mean of centred points is zero. Where no vectors belong
    to items there is no mean to take, and the first half is the whole.
    """

    def __init__(self, vectors: int, width: int, levels: Sequence[Level]) -> None:
        super().__init__()
        self.levels = tuple(levels)
        self.several = any(levels)
        # Left and right factors, read at once.
        factors = 2 * width if self.several else 4 * width
        self.factors = nn.ModuleList(nn.Linear(vectors, factors, bias=False) for _ in levels)
        if self.several:
            self.attention = nn.ModuleList(nn.Linear(width, vectors) for _ in levels)
            self.toward = nn.Linear(vectors, width, bias=False)

    def forward(
        self, vectors: Mapping[Level, torch.Tensor], masks: Mapping[str, torch.Tensor]
    ) -> tuple[dict[Level, torch.Tensor], dict[Level, torch.Tensor]]:
        """The invariants, and the size [N] of the terms whose sum the second half is.

        Nothing cancels in the mean over one item, so the level of no items has no such size.
        """
        own: dict[Level, torch.Tensor] = {}
        left: dict[Level, torch.Tensor] = {}
        means: list[torch.Tensor] = []
        sizes: list[torch.Tensor] = []
        for i, level in enumerate(self.levels):
            x = vectors[level]
            left[level], right = self.factors[i](x.transpose(-1, -2)).chunk(2, -1)
            own[level] = _squashed((left[level] * right).sum(-2), GAIN)
            if not self.several:
                continue
            x = x * self.attention[i](own[level]).unsqueeze(-1)
            means.append(level_mean(x, level, masks))
            sizes.append(level_mean(x.square().sum(-1).mean(-1), level, masks))
        if not self.several:
            return own, {}
        mean = self.toward(added(means).transpose(-1, -2))
        found, summed = {}, {}
        for level in self.levels:
            near = left[level] * mean.reshape(-1, *[1] * len(level), *mean.shape[1:])
            # Once for the products, once for the weights of the mean.
            found[level] = torch.cat([own[level], _squashed(near.sum(-2), GAIN**2)], -1)
            if level:
                square = level_mean(left[level].square().sum(-2).mean(-1), level, masks)
                summed[level] = _squashed(root(square * added(sizes)), GAIN**2)
        return found, summed


def _squashed(x: torch.Tensor, gain: float) -> torch.Tensor:
    """gain * x / (1 + gain * |x|), in (-1, 1)."""
    return x / (x.abs() + 1 / gain)
