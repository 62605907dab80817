"""What is invariant about the vectors of items: products with each other and with a common mean."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import nn

from symc_runtime.modules.mixing import level_mean, squashed
from symc_runtime.readings import Level

GAIN = 8.0
"""Products of mixed unit vectors are small: so large, they differ from item to item."""


class ItemInvariants(nn.Module):
    """Vectors [N, items..., vectors, d] by level to invariants [N, items..., 2 width] in (-1, 1).

    The first half multiplies an item's vectors with each other, the second with a mean over all
    items. That mean weighs them: the plain mean of centred points is zero.
    """

    def __init__(self, vectors: int, width: int, levels: Sequence[Level]) -> None:
        super().__init__()
        self.levels = tuple(levels)
        self.left = nn.ModuleList(nn.Linear(vectors, width, bias=False) for _ in levels)
        self.right = nn.ModuleList(nn.Linear(vectors, width, bias=False) for _ in levels)
        self.attention = nn.ModuleList(nn.Linear(width, vectors) for _ in levels)
        self.toward = nn.Linear(vectors, width, bias=False)

    def forward(
        self, vectors: Mapping[Level, torch.Tensor], masks: Mapping[str, torch.Tensor]
    ) -> tuple[dict[Level, torch.Tensor], dict[Level, torch.Tensor]]:
        """The invariants, and the size [N] of the terms whose sum the second half is."""
        own: dict[Level, torch.Tensor] = {}
        left: dict[Level, torch.Tensor] = {}
        means: list[torch.Tensor] = []
        sizes: list[torch.Tensor] = []
        for i, level in enumerate(self.levels):
            x = vectors[level]
            columns = x.transpose(-1, -2)
            left[level] = self.left[i](columns)
            own[level] = squashed(GAIN * (left[level] * self.right[i](columns)).sum(-2))
            x = x * (GAIN * self.attention[i](own[level])).unsqueeze(-1)
            means.append(level_mean(x, level, masks))
            sizes.append(level_mean(x.detach().square().sum(-1).mean(-1), level, masks))
        if not means:
            return {}, {}
        mean = self.toward(torch.stack(means).sum(0).transpose(-1, -2))
        size = torch.stack(sizes).sum(0)
        found, summed = {}, {}
        for level in self.levels:
            near = left[level] * mean.reshape(-1, *[1] * len(level), *mean.shape[1:])
            found[level] = torch.cat([own[level], squashed(GAIN * near.sum(-2))], -1)
            square = level_mean(left[level].detach().square().sum(-2).mean(-1), level, masks)
            summed[level] = squashed(GAIN * (square * size).sqrt())
        return found, summed
