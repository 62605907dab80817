"""One layer of messages between items, for many noise draws at once."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import nn
from torch.nn import functional as F

from symc_runtime.modules.channels import ChannelLinear, ChannelNorm
from symc_runtime.modules.mixing import masked_mean
from symc_runtime.modules.named_messages import named_messages
from symc_runtime.reading.links import Link


class MessageLayer(nn.Module):
    """h + MLP(W h_i + sum over pair channels c and items j of A_c[i, j] W_c h_j + W' mean of h).

    An item and its neighbours have weights of their own: with one weight for both, adjacent twins
    would get equal features even where their noise differs. `context`: width of features that
    samples share, added at the same place. `everywhere`: whether the mean is in it. `links`: roles
    and features of each kind of links, along which sums of messages come at the same place, too.
    """

    def __init__(
        self,
        width: int,
        channels: int,
        context: int = 0,
        everywhere: bool = True,
        links: Sequence[tuple[int, int]] = (),
    ) -> None:
        super().__init__()
        self.width = width
        self.mixed = ChannelLinear(width, (1 + channels) * width)
        self.all = ChannelLinear(width, width, bias=False) if everywhere else None
        self.context = ChannelLinear(context, width, bias=False) if context else None
        self.named = named_messages(width, links) if links else None
        self.norm = ChannelNorm(width)
        self.out = ChannelLinear(width, width)

    def forward(
        self,
        h: torch.Tensor,
        adjacency: Sequence[torch.Tensor],
        mask: torch.Tensor | None,
        context: torch.Tensor | None = None,
        links: Sequence[Link] = (),
    ) -> torch.Tensor:
        """h [N, width, K, n], adjacency [N, n, n] each, context [N, context, 1, n]."""
        shape = h.shape
        own, *near = self.mixed(h).split(self.width, 1)
        total = own
        if self.all is not None:
            total = total + self.all(masked_mean(h, 3, mask).unsqueeze(3))
        if self.context is not None and context is not None:
            total = total + self.context(context)
        if self.named is not None:
            for messages, named in zip(self.named, links, strict=True):
                total = total + messages(h, named)
        if adjacency:
            # The K samples of a graph are rows of one product.
            total = total.flatten(1, 2)
            for near_by, sent in zip(adjacency, near, strict=True):
                total = torch.baddbmm(total, sent.flatten(1, 2), near_by.transpose(1, 2))
        result: torch.Tensor = h + self.out(F.silu(self.norm(total.reshape(shape))))
        return result
