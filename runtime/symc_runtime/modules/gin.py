"""Graph isomorphism network with a virtual node (Xu et al., ICLR 2019), with noise."""

from __future__ import annotations

import torch
from torch import nn

from symc_runtime.modules.message_layer import MessageLayer
from symc_runtime.modules.scores import Scored, by_sample, scored


class Gin(nn.Module):
    """Scores [K*N, n] by message passing along pair features [N, n, n, c].

    A trunk of width `hidden` sees each input once; noise passes through layers of a quarter of the
    width, which read the trunk's. The item with the largest noise is marked as a root: from there a
    canonical traversal can be built.
    """

    def __init__(self, hidden: int, layers: int, noise: int, channels: int) -> None:
        super().__init__()
        thin = max(hidden // 4, 4)
        self.trunk = nn.ModuleList(MessageLayer(hidden, channels) for _ in range(layers))
        self.score = nn.Linear(hidden, 1)
        self.noise = nn.Linear(noise + 1, thin) if noise else None
        self.start = nn.Linear(hidden, thin) if noise else None
        self.noisy = nn.ModuleList(
            MessageLayer(thin, channels, context=hidden) for _ in range(layers if noise else 0)
        )
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
        adjacency = None if pairs is None else pairs.movedim(-1, 1)
        if adjacency is not None and mask is not None:
            # Every aggregate reads valid senders only.
            adjacency = adjacency.masked_fill(~mask[:, None, None, :], 0)
        h = nodes.unsqueeze(2)
        states = []
        for layer in self.trunk:
            h = layer(h, adjacency, mask)
            states.append(h.squeeze(2))
        scores, summed = scored(self.score, h, mask)
        if self.noise is not None and self.start is not None and self.spread is not None:
            z = noise.unflatten(0, (samples, -1)).permute(1, 2, 0, 3)
            h = self.noise(torch.cat([z, _root(z, mask)], -1)) + self.start(nodes).unsqueeze(2)
            for layer, context in zip(self.noisy, states, strict=True):
                h = layer(h, adjacency, mask, context)
            more, also = scored(self.spread, torch.cat([h, z], -1), mask)
            scores, summed = scores + more, summed + also
        return by_sample(scores, summed, samples)


def _root(z: torch.Tensor, mask: torch.Tensor | None) -> torch.Tensor:
    """1 at the valid item with the largest first noise channel, [N, n, K, 1]."""
    key = z[..., 0].detach()
    if mask is not None:
        key = key.masked_fill(~mask.unsqueeze(-1), -torch.inf)
    return (key == key.amax(1, keepdim=True)).unsqueeze(-1).to(z.dtype)
