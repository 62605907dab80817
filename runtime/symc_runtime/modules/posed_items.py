"""What a permutation stage reads of items as the elements of earlier stages posed them."""

from __future__ import annotations

import torch
from torch import nn

from symc_runtime.features import Seen
from symc_runtime.modules.mixing import masked_mean
from symc_runtime.readings import Level


class PosedItems(nn.Module):
    """`Seen` in an earlier stage's pose to `width` channels an item, [N, n, width] in all.

    Linear: there are as many of them as samples. Features of finer levels enter by their mean over
    the other items, in each place that an item can have.
    """

    def __init__(self, own: str, levels: list[Level], width: int) -> None:
        super().__init__()
        self.own = own
        self.levels = tuple(levels)
        self.places = nn.ModuleDict(
            {
                f"{i}_{place}": nn.Linear(width, width, bias=False)
                for i, level in enumerate(levels)
                for place in range(max(level.count(own), 1))
                if level != (own,)
            }
        )

    def forward(self, seen: Seen, n: int) -> torch.Tensor:
        """[N, n, width]."""
        total: torch.Tensor | None = None
        for i, level in enumerate(self.levels):
            own_at = [k for k, name in enumerate(level) if name == self.own]
            for place, kept in enumerate(own_at or [-1]):
                x = seen.scalars[level]
                for k in reversed(range(len(level))):
                    if k != kept:
                        x = masked_mean(x, k + 1, seen.masks.get(level[k]))
                name = f"{i}_{place}"
                y = self.places[name](x) if name in self.places else x
                y = y if own_at else y.unsqueeze(1).expand(-1, n, -1)
                total = y if total is None else total + y
        if total is None:
            raise ValueError("no input is posed")
        return total
