"""Deep Sets (Zaheer et al., NeurIPS 2017), with noise."""

from __future__ import annotations

import torch
from torch import nn

from symc_runtime.modules.message_layer import MessageLayer
from symc_runtime.modules.scores import Scored, by_sample, scored


class DeepSets(nn.Module):
    """Scores [K*N, n] from item features [N, n, hidden] and noise [K*N, n, noise].

    Layers of message passing without links: an item sees itself and the mean of all.
    """

    def __init__(self, hidden: int, layers: int, noise: int, channels: int) -> None:
        super().__init__()
        self.noise = nn.Linear(noise, hidden) if noise else None
        self.blocks = nn.ModuleList(MessageLayer(hidden, 0) for _ in range(layers))
        self.score = nn.Linear(hidden, 1)
        self.skip = nn.Linear(noise, 1, bias=False) if noise else None

    def forward(
        self,
        noise: torch.Tensor,
        nodes: torch.Tensor,
        pairs: torch.Tensor | None,
        mask: torch.Tensor | None,
    ) -> Scored:
        """Scores; items that mask [N, n] leaves out have no influence."""
        samples = noise.shape[0] // nodes.shape[0]
        z = noise.unflatten(0, (samples, -1)).permute(1, 2, 0, 3)
        h = nodes.unsqueeze(2)
        if self.noise is not None:
            h = h + self.noise(z)
        for block in self.blocks:
            h = block(h, None, mask)
        scores, summed = scored(self.score, h, mask)
        if self.skip is not None:
            more, also = scored(self.skip, z, mask)
            scores, summed = scores + more, summed + also
        return by_sample(scores, summed, samples)
