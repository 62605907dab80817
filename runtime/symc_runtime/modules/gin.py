"""Graph isomorphism network with a virtual node (Xu et al., ICLR 2019), with noise."""

from __future__ import annotations

import torch
from torch import nn

from symc_runtime.actions import fold_like
from symc_runtime.modules.mixing import masked_mean, perceptron


class Gin(nn.Module):
    """Scores [K*N, n] by message passing along pair features [N, n, n, c].

    One matrix product a layer and channel serves all K noise draws of a graph. The item with the
    largest noise is marked as a root: from there a canonical traversal can be built.
    """

    def __init__(self, hidden: int, layers: int, noise: int, channels: int) -> None:
        super().__init__()
        self.channels = channels
        self.noise = nn.Linear(noise + 1, hidden) if noise else None
        self.blocks = nn.ModuleList(
            perceptron((2 + channels) * hidden, hidden, hidden) for _ in range(layers)
        )
        # 1 + eps = 1 would give adjacent twins equal features even where their noise differs.
        self.eps = nn.Parameter(torch.full((layers,), 0.3))
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
        valid = None if mask is None else fold_like(mask, noise)
        h = fold_like(nodes, noise)
        if self.noise is not None:
            h = h + self.noise(torch.cat([noise, _root(noise, valid)], -1))
        rows, n, width = h.shape
        samples = rows // nodes.shape[0]
        adjacency = None if pairs is None else pairs.movedim(-1, 1)
        if adjacency is not None and mask is not None:
            # Every aggregate reads valid senders only.
            adjacency = adjacency.masked_fill(~mask[:, None, None, :], 0)
        for layer, block in enumerate(self.blocks):
            parts = [(1 + self.eps[layer]) * h, masked_mean(h, 1, valid).unsqueeze(1).expand_as(h)]
            if adjacency is not None:
                columns = h.unflatten(0, (samples, -1)).permute(1, 2, 0, 3).flatten(2)
                sums = adjacency @ columns.unsqueeze(1)
                sums = sums.unflatten(-1, (samples, width)).permute(3, 0, 2, 1, 4)
                parts.append(sums.flatten(3).flatten(0, 1))
            else:
                parts.append(h.new_zeros(rows, n, self.channels * width))
            h = h + block(torch.cat(parts, -1))
        score = self.score(h)
        if self.skip is not None:
            score = score + self.skip(noise)
        result: torch.Tensor = score.squeeze(-1)
        return result


def _root(noise: torch.Tensor, valid: torch.Tensor | None) -> torch.Tensor:
    """1 at the valid item with the largest first noise channel, [rows, n, 1]."""
    key = noise[..., 0].detach()
    if valid is not None:
        key = key.masked_fill(~valid, -torch.inf)
    return (key == key.amax(-1, keepdim=True)).unsqueeze(-1).to(noise.dtype)
