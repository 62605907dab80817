"""Deep Sets (Zaheer et al., NeurIPS 2017), with noise."""

from __future__ import annotations

import torch
from torch import nn

from symc_runtime.actions import fold_like
from symc_runtime.modules.mixing import masked_mean, perceptron


class DeepSets(nn.Module):
    """Scores [K*N, n] from item features [N, n, hidden] and noise [K*N, n, noise]."""

    def __init__(self, hidden: int, layers: int, noise: int, channels: int) -> None:
        super().__init__()
        self.noise = nn.Linear(noise, hidden) if noise else None
        self.blocks = nn.ModuleList(perceptron(2 * hidden, hidden, hidden) for _ in range(layers))
        self.score = nn.Linear(hidden, 1)
        self.skip = nn.Linear(noise, 1, bias=False) if noise else None

    def forward(
        self,
        noise: torch.Tensor,
        nodes: torch.Tensor,
        pairs: torch.Tensor | None,
        mask: torch.Tensor | None,
    ) -> torch.Tensor:
        """Scores; items that mask [N, n] leaves out have no influence."""
        h = fold_like(nodes, noise)
        valid = None if mask is None else fold_like(mask, noise)
        if self.noise is not None:
            h = h + self.noise(noise)
        for block in self.blocks:
            mean = masked_mean(h, 1, valid).unsqueeze(1).expand_as(h)
            h = h + block(torch.cat([h, mean], -1))
        score = self.score(h)
        if self.skip is not None:
            score = score + self.skip(noise)
        result: torch.Tensor = score.squeeze(-1)
        return result
