"""What a permutation stage reads of items as the elements of earlier stages posed them."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import nn

from symc_runtime.modules.mixing import masked_mean
from symc_runtime.reading.features import Seen
from symc_runtime.reading.readings import Level


class PosedItems(nn.Module):
    """`Seen` in an earlier stage's pose to `self.width` channels an item, [N, n, width].

    Linear: there are as many of them as samples. Features of items stay as they are; those of
    other levels, of `widths` channels, enter by their mean over the other items, in each place that
    an item can have, through `pooled` channels.
    """

    def __init__(self, own: str, widths: Mapping[Level, int], pooled: int) -> None:
        super().__init__()
        self.own = own
        self.levels = tuple(widths)
        self.places = nn.ModuleDict(
            {
                f"{i}_{place}": nn.Linear(widths[level], pooled, bias=False)
                for i, level in enumerate(widths)
                for place in range(max(level.count(own), 1))
                if level != (own,)
            }
        )
        self.width = widths.get((own,), 0) + (pooled if self.places else 0)

    def forward(self, seen: Seen, n: int) -> torch.Tensor:
        """[N, n, width]."""
        found: list[torch.Tensor] = []
        total: torch.Tensor | None = None
        for i, level in enumerate(self.levels):
            x = seen.scalars[level]
            if level == (self.own,):
                found.append(x)
                continue
            own_at = [k for k, name in enumerate(level) if name == self.own]
            for place, kept in enumerate(own_at or [-1]):
                mean = x
                for k in reversed(range(len(level))):
                    if k != kept:
                        mean = masked_mean(mean, k + 1, seen.masks.get(level[k]))
                y = self.places[f"{i}_{place}"](mean)
                y = y if own_at else y.unsqueeze(1).expand(-1, n, -1)
                total = y if total is None else total + y
        if total is not None:
            found.append(total)
        return found[0] if len(found) == 1 else torch.cat(found, -1)
