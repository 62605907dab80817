"""Graph isomorphism network with a virtual node (Xu et al., ICLR 2019), with noise."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import nn

from symc_runtime.modules.channels import ChannelLinear
from symc_runtime.modules.message_layer import MessageLayer
from symc_runtime.modules.scores import Scored, by_sample, samples_apart, scored

SKIP = 0.2
"""What the scores' own noise starts with, of its usual weight: as loud as what it is added to, it
would hide the structure that training is to find."""


class Gin(nn.Module):
    """Scores [K*N, n] by message passing along pair features [N, c, n, n].

    A trunk of width `hidden` sees each input once; what differs from sample to sample, noise and
    `posed` features, passes through layers of a quarter of the width, which read the trunk's. The
    item with the largest noise is marked as a root: from there a canonical traversal can be built.
    """

    def __init__(self, hidden: int, layers: int, noise: int, posed: int, channels: int) -> None:
        super().__init__()
        thin = max(hidden // 4, 4)
        apart = noise + posed
        self.rooted = noise > 0
        self.trunk = nn.ModuleList(MessageLayer(hidden, channels) for _ in range(layers))
        self.score = ChannelLinear(hidden, 1, bias=False)
        self.apart = ChannelLinear(apart + self.rooted, thin) if apart else None
        self.start = ChannelLinear(hidden, thin) if apart else None
        self.thin = nn.ModuleList(
            MessageLayer(thin, channels, context=hidden) for _ in range(layers if apart else 0)
        )
        self.spread = ChannelLinear(thin + apart, 1, bias=False) if apart else None
        if self.spread is not None:
            with torch.no_grad():
                self.spread.weight[:, thin : thin + noise] *= SKIP

    def forward(
        self,
        apart: torch.Tensor,
        nodes: torch.Tensor,
        pairs: torch.Tensor | None,
        mask: torch.Tensor | None,
    ) -> Scored:
        """Scores from noise, then posed features [K*N, n, noise + posed] and nodes [N, n, hidden].

        Items that mask [N, n] leaves out have no influence.
        """
        rows = nodes.shape[0]
        links = linked(pairs, mask)
        states = self._shared(nodes, links, mask)
        scores, summed = scored(self.score, states[-1], mask)
        if self.apart is not None:
            z = samples_apart(apart, rows)
            read = torch.cat([z, _root(z, mask)], 1) if self.rooted else z
            more, also = self._by_sample(z, read, states, links, mask)
            scores, summed = scores + more, summed + also
        return by_sample(scores, summed, apart.shape[0] // rows)

    def _shared(
        self, nodes: torch.Tensor, links: Sequence[torch.Tensor], mask: torch.Tensor | None
    ) -> list[torch.Tensor]:
        """What samples share, [N, hidden, 1, n]: nodes as they come, and after each layer."""
        states = [nodes.transpose(1, 2).unsqueeze(2)]
        for layer in self.trunk:
            states.append(layer(states[-1], links, mask))
        return states

    def _by_sample(
        self,
        z: torch.Tensor,
        read: torch.Tensor,
        states: Sequence[torch.Tensor],
        links: Sequence[torch.Tensor],
        mask: torch.Tensor | None,
    ) -> Scored:
        """Scores [N, K, n] of what differs from sample to sample, [N, c, K, n] each."""
        if self.apart is None or self.start is None or self.spread is None:
            raise TypeError("this net reads nothing that differs from sample to sample")
        h = self.apart(read) + self.start(states[0])
        for layer, context in zip(self.thin, states[1:], strict=True):
            h = layer(h, links, mask, context)
        return scored(self.spread, torch.cat([h, z], 1), mask)


def linked(pairs: torch.Tensor | None, mask: torch.Tensor | None) -> tuple[torch.Tensor, ...]:
    """Pair features [N, c, n, n] channel by channel; every aggregate reads valid senders only."""
    if pairs is None:
        return ()
    if mask is not None:
        pairs = pairs.masked_fill(~mask[:, None, None, :], 0)
    return pairs.unbind(1)


def _root(z: torch.Tensor, mask: torch.Tensor | None) -> torch.Tensor:
    """1 at the valid item with the largest first noise channel, [N, 1, K, n]."""
    key = z[:, :1].detach()
    if mask is not None:
        key = key.masked_fill(~mask[:, None, None, :], -torch.inf)
    return (key == key.amax(3, keepdim=True)).to(z.dtype)
