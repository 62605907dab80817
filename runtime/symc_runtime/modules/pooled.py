"""A score of a whole input from its invariants: features of items, pooled."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import nn

from symc_runtime.modules.matrices import matrix_of
from symc_runtime.modules.mixing import added, level_mean
from symc_runtime.modules.scores import Scored
from symc_runtime.reading.features import Seen
from symc_runtime.reading.readings import Level


class Pooled(nn.Module):
    """Scalars of every level, through a layer each, their mean over items, and a perceptron.

    `widths`: channels of the scalars at each level.
    """

    def __init__(self, widths: Mapping[Level, int], hidden: int) -> None:
        super().__init__()
        self.levels = list(widths)
        self.reading = nn.ModuleList([nn.Linear(widths[level], hidden) for level in self.levels])
        self.middle = nn.Sequential(nn.LayerNorm(hidden), nn.Linear(hidden, hidden), nn.SiLU())
        # Without a bias: one number added to all scores chooses nothing.
        self.head = nn.Linear(hidden, 1, bias=False)
        self.activation = nn.SiLU()

    def forward(self, seen: Seen) -> Scored:
        """A score for each row, [N], and a bound on the terms that it is a sum of, [N]."""
        return self._scored(self._wholes(seen))

    def _wholes(self, seen: Seen) -> list[torch.Tensor]:
        """What each level says about the whole, [N, hidden] each."""
        whole = []
        for level, layer in zip(self.levels, self.reading, strict=True):
            h = self.activation(layer(seen.scalars[level]))
            whole.append(level_mean(h, level, seen.masks))
        return whole

    def _scored(self, wholes: Sequence[torch.Tensor]) -> Scored:
        h = self.middle(added(wholes))
        scores = self.head(h).squeeze(-1)
        with torch.no_grad():
            summed = h.abs() @ matrix_of(self.head, h)[0].abs()
        return scores, summed
