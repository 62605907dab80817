"""Deep Sets (Zaheer et al., NeurIPS 2017), with noise."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional as F

from symc_runtime.modules.message_layer import MessageLayer
from symc_runtime.modules.mixing import masked_mean
from symc_runtime.modules.scores import Scored, by_sample, scored


class DeepSets(nn.Module):
    """Scores [K*N, n] from item features [N, n, hidden] and noise [K*N, n, noise].

    A trunk sees each input once: layers of message passing without links, in which an item sees
    itself and the mean of all. A layer of half the width joins its result to the noise.
    """

    def __init__(self, hidden: int, layers: int, noise: int, channels: int) -> None:
        super().__init__()
        thin = max(hidden // 2, 4)
        self.blocks = nn.ModuleList(MessageLayer(hidden, 0) for _ in range(layers))
        self.score = nn.Linear(hidden, 1)
        self.start = nn.Linear(hidden, thin) if noise else None
        self.noise = nn.Linear(2 * noise, thin, bias=False) if noise else None
        self.spread = nn.Linear(thin + noise, 1, bias=False) if noise else None

    def forward(
        self,
        noise: torch.Tensor,
        nodes: torch.Tensor,
        pairs: torch.Tensor | None,
        mask: torch.Tensor | None,
    ) -> Scored:
        """Scores; items that mask [N, n] leaves out have no influence."""
        samples = noise.shape[0] // nodes.shape[0]
        h = nodes.unsqueeze(2)
        for block in self.blocks:
            h = block(h, None, mask)
        scores, summed = scored(self.score, h, mask)
        if self.start is not None and self.noise is not None and self.spread is not None:
            z = noise.unflatten(0, (samples, -1)).permute(1, 2, 0, 3)
            shared = masked_mean(z, 1, mask).unsqueeze(1).expand_as(z)
            joined = F.silu(self.start(h) + self.noise(torch.cat([z, shared], -1)))
            more, also = scored(self.spread, torch.cat([joined, z], -1), mask)
            scores, summed = scores + more, summed + also
        return by_sample(scores, summed, samples)
