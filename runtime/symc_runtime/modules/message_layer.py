"""One layer of messages between items, for many noise draws at once."""

from __future__ import annotations

import torch
from torch import nn

from symc_runtime.modules.mixing import masked_mean


class MessageLayer(nn.Module):
    """h + MLP(W h_i + sum over pair channels c and items j of A_c[i, j] W_c h_j + W' mean of h).

    An item and its neighbours have weights of their own: with one weight for both, adjacent twins
    would get equal features even where their noise differs. `context`: width of features that
    samples share, added at the same place.
    """

    def __init__(self, width: int, channels: int, context: int = 0) -> None:
        super().__init__()
        self.own = nn.Linear(width, width)
        self.near = nn.ModuleList(nn.Linear(width, width, bias=False) for _ in range(channels))
        self.all = nn.Linear(width, width, bias=False)
        self.context = nn.Linear(context, width, bias=False) if context else None
        self.rest = nn.Sequential(nn.LayerNorm(width), nn.SiLU(), nn.Linear(width, width))

    def forward(
        self,
        h: torch.Tensor,
        adjacency: torch.Tensor | None,
        mask: torch.Tensor | None,
        context: torch.Tensor | None = None,
    ) -> torch.Tensor:
        """h [N, n, K, width], adjacency [N, channels, n, n], context [N, n, context]."""
        shape = h.shape
        shared = self.all(masked_mean(h, 1, mask)).unsqueeze(1)
        if self.context is not None and context is not None:
            shared = shared + self.context(context).unsqueeze(2)
        total = (self.own(h) + shared).flatten(2)
        if adjacency is not None:
            # The K samples of a graph are columns of one product.
            for channel, weight in enumerate(self.near):
                total = torch.baddbmm(total, adjacency[:, channel], weight(h).flatten(2))
        result: torch.Tensor = h + self.rest(total.reshape(shape))
        return result
