"""Features of a permutation stage, brought to its items and pairs of items."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import combinations

import torch
from torch import nn
from torch.nn import functional as F

from symc_runtime.modules.channels import ChannelLinear
from symc_runtime.modules.mixing import added, masked_mean, perceptron
from symc_runtime.reading.features import Seen
from symc_runtime.reading.readings import Level

POOLED = 8
"""Width of features that are pooled: there are as many of them as pairs."""


def placements(coarse: Level, fine: Level) -> list[tuple[int, ...]]:
    """Which axes of a finer level, in order, the axes of a coarser one can be."""
    return [
        kept
        for kept in combinations(range(len(fine)), len(coarse))
        if len(coarse) < len(fine) and tuple(fine[k] for k in kept) == coarse
    ]


class ItemFeatures(nn.Module):
    """`Seen` to item features [N, n, hidden] and pair features [N, channels, n, n] or None.

    Other groups' items are pooled behind a nonlinearity, so they enter invariantly; before it, what
    is known of an item of either group is lifted to the pairs that hold it. `widths`: channels of
    each level.
    """

    def __init__(self, own: str, widths: Mapping[Level, int], hidden: int, channels: int) -> None:
        super().__init__()
        self.own = own
        levels = list(widths)
        self.levels = tuple(levels)
        # Pooling is linear: what follows it is applied to what is left.
        self.embeddings = nn.ModuleDict(
            {
                str(i): ChannelLinear(widths[level], POOLED)
                if _is_pooled(level, own)
                else perceptron(widths[level], hidden, hidden)
                for i, level in enumerate(levels)
            }
        )
        self.lifts = nn.ModuleDict(
            {
                f"{i}_{j}_{place}": nn.Linear(widths[coarse], POOLED, bias=False)
                for i, fine in enumerate(levels)
                for j, coarse in enumerate(levels)
                for place in range(len(placements(coarse, fine)))
                if any(name != own for name in fine)
            }
        )
        # (i, j) and (j, i) differ: half of the channels are read the other way round, and an item
        # is read in each place that it can have.
        self.pairs = nn.ModuleDict(
            {
                str(i): ChannelLinear(widths[level], 2 * channels, bias=False)
                for i, level in enumerate(levels)
                if level.count(own) >= 2
            }
        )
        self.places = nn.ModuleDict(
            {
                f"{i}_{place}": nn.Linear(POOLED, hidden, bias=False)
                for i, level in enumerate(levels)
                if _is_pooled(level, own)
                for place in _places(level, own)
            }
        )
        self.hidden = hidden

    def forward(
        self, seen: Seen, n: int, like: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor | None]:
        """Item and pair features; `like` [N, ...] gives rows, device and dtype."""
        terms: list[torch.Tensor] = []
        pairs: torch.Tensor | None = None
        for i, level in enumerate(self.levels):
            x = seen.scalars.get(level)
            if x is None:
                continue
            own_at = [k + 1 for k, name in enumerate(level) if name == self.own]
            if not _is_pooled(level, self.own):
                embedded = self.embeddings[str(i)](x)
                terms.append(embedded if own_at else embedded.unsqueeze(1))
                continue
            x = x.movedim(-1, 1)
            embedded = F.silu(self._lifted(i, self.embeddings[str(i)](x), seen))
            # Each own axis in turn is the item's; the others are pooled.
            for place, kept in enumerate(own_at or [0]):
                y = _pooled(embedded, level, (kept,), seen).movedim(1, -1)
                y = self.places[f"{i}_{place}"](y)
                terms.append(y if own_at else y.unsqueeze(1))
            if len(own_at) >= 2:
                first, second = own_at[:2]
                both = _pooled(embedded, level, (first, second), seen)
                diagonal = both.diagonal(dim1=2, dim2=3).transpose(1, 2)
                terms.append(self.places[f"{i}_diagonal"](diagonal))
                x = _pooled(x, level, (first, second), seen)
                there, back = self.pairs[str(i)](x).chunk(2, 1)
                y = there + back.transpose(2, 3)
                pairs = y if pairs is None else pairs + y
        if not terms:
            return next(self.parameters()).new_zeros(like.shape[0], n, self.hidden), pairs
        return added(terms).expand(-1, n, -1), pairs

    def _lifted(self, i: int, x: torch.Tensor, seen: Seen) -> torch.Tensor:
        """x of level i [N, c, items...], with what coarser levels say at each of their places."""
        fine = self.levels[i]
        for j, coarse in enumerate(self.levels):
            for place, kept in enumerate(placements(coarse, fine)):
                name = f"{i}_{j}_{place}"
                if name in self.lifts:
                    y = self.lifts[name](seen.scalars[coarse]).movedim(-1, 1)
                    for k in range(len(fine)):
                        y = y if k in kept else y.unsqueeze(k + 2)
                    x = x + y
        return x


def _is_pooled(level: Level, own: str) -> bool:
    return any(name != own for name in level) or len(level) > 1


def _places(level: Level, own: str) -> list[str]:
    """What an item can be in a level: its first own axis, its second ..., both at once."""
    count = level.count(own)
    return [*(str(place) for place in range(max(count, 1))), *(["diagonal"] if count > 1 else [])]


def _pooled(x: torch.Tensor, level: Level, kept: tuple[int, ...], seen: Seen) -> torch.Tensor:
    """Mean of x [N, c, items...] over every axis of items but those kept (from 1)."""
    for k in reversed(range(len(level))):
        if k + 1 not in kept:
            x = masked_mean(x, k + 2, seen.masks.get(level[k]))
    return x
