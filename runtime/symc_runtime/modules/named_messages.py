"""Messages between items that names bring together: a gather, a sum by index, no pairs."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import nn
from torch.nn import functional as F

from symc_runtime.modules.channels import ChannelLinear
from symc_runtime.reading.links import Link


class NamedMessages(nn.Module):
    """For each link s = silu(sum over roles r of W_r h_i(r) + U w), and to each of its items V_r s.

    Roles have weights of their own, so that the two ends of an edge are told apart. `width`: of
    items h; `roles` and `features`: of the links, whose features are w.
    """

    def __init__(self, width: int, roles: int, features: int) -> None:
        super().__init__()
        self.width, self.roles = width, roles
        self.sent = ChannelLinear(width, roles * width)
        self.told = ChannelLinear(features, width, bias=False) if features else None
        # Of sums over links, of which there are more than items.
        self.back = ChannelLinear(roles * width, width, bias=False)

    def forward(self, h: torch.Tensor, link: Link) -> torch.Tensor:
        """What reaches each item, [N, width, K, n] as h is."""
        if not (h.shape[3] and link.ends.shape[2]):
            return torch.zeros_like(h)
        shape = (-1, self.width, h.shape[2], -1)
        index = [each.unsqueeze(1).unsqueeze(2).expand(shape) for each in link.ends.unbind(1)]
        sent = self.sent(h).split(self.width, 1)
        total = sent[0].gather(3, index[0])
        for each, at in zip(sent[1:], index[1:], strict=True):
            total = total + each.gather(3, at)
        if self.told is not None and link.features is not None:
            total = total + self.told(link.features).unsqueeze(2)
        message = F.silu(total)
        if link.valid is not None:
            message = message.masked_fill(~link.valid.unsqueeze(1).unsqueeze(2), 0)
        none = torch.zeros_like(h)
        result: torch.Tensor = self.back(
            torch.cat([none.scatter_add(3, at, message) for at in index], 1)
        )
        return result


def named_messages(width: int, links: Sequence[tuple[int, int]]) -> nn.ModuleList:
    """Messages of every kind of links, of so many roles and features."""
    return nn.ModuleList(NamedMessages(width, roles, features) for roles, features in links)
