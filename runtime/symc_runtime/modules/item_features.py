"""Features of a permutation stage, brought to its items and pairs of items."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import combinations

import torch
from torch import nn

from symc_runtime.modules.mixing import added, perceptron
from symc_runtime.modules.pair_channels import PairChannels
from symc_runtime.modules.pooled_channels import Place, PooledChannels, pooled
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
                str(i): PooledChannels(widths[level], POOLED)
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
        self.pairs = nn.ModuleDict(
            {
                str(i): PairChannels(widths[level], channels)
                for i, level in enumerate(levels)
                if level.count(own) >= 2
            }
        )
        # An item is read in each place that it can have.
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
            own_at = [k for k, name in enumerate(level) if name == self.own]
            if not _is_pooled(level, self.own):
                embedded = self.embeddings[str(i)](x)
                terms.append(embedded if own_at else embedded.unsqueeze(1))
                continue
            x = x.movedim(-1, 1)
            masks = [seen.masks.get(name) for name in level]
            # Each own axis in turn is the item's; the others are pooled.
            places = [Place((k,)) for k in own_at] or [Place(())]
            if len(own_at) >= 2:
                places.append(Place((own_at[0], own_at[1]), diagonal=True))
            means = self.embeddings[str(i)](x, places, masks, self._lifts(i, seen))
            for name, y in zip(_places(level, self.own), means, strict=True):
                y = self.places[f"{i}_{name}"](y.movedim(1, -1))
                terms.append(y if own_at else y.unsqueeze(1))
            if len(own_at) >= 2:
                x = pooled(x, own_at[:2], masks)
                y = self.pairs[str(i)](x)
                pairs = y if pairs is None else pairs + y
        if not terms:
            return next(self.parameters()).new_zeros(like.shape[0], n, self.hidden), pairs
        return added(terms).expand(-1, n, -1), pairs

    def _lifts(self, i: int, seen: Seen) -> list[torch.Tensor]:
        """For level i what coarser levels say at each of their places, [N, c, 1 or items...]."""
        fine = self.levels[i]
        found = []
        for j, coarse in enumerate(self.levels):
            for place, kept in enumerate(placements(coarse, fine)):
                name = f"{i}_{j}_{place}"
                if name in self.lifts:
                    y = self.lifts[name](seen.scalars[coarse]).movedim(-1, 1)
                    for k in range(len(fine)):
                        y = y if k in kept else y.unsqueeze(k + 2)
                    found.append(y)
        return found


def _is_pooled(level: Level, own: str) -> bool:
    return any(name != own for name in level) or len(level) > 1


def _places(level: Level, own: str) -> list[str]:
    """What an item can be in a level: its first own axis, its second ..., both at once."""
    # No `count`, which older versions of torch cannot trace.
    count = len([name for name in level if name == own])
    return [*(str(place) for place in range(max(count, 1))), *(["diagonal"] if count > 1 else [])]
