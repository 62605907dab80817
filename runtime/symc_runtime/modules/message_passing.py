"""Message passing on what samples share, and on what differs from one to the next."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import nn

from symc_runtime.modules.channels import ChannelLinear
from symc_runtime.modules.message_layer import MessageLayer
from symc_runtime.modules.scores import Scored, scored
from symc_runtime.reading.links import Link


class MessagePassing(nn.Module):
    """A trunk of width `hidden` that sees each input once, and layers of a quarter of the width.

    The latter read the trunk's states and `apart` channels that differ from sample to sample, of
    which the score head reads the first `told` once more. `everywhere`: whether every item hears
    from all, or from those alone that it is linked to. `links`: roles and features of each kind of
    links that names make.
    """

    def __init__(
        self,
        hidden: int,
        layers: int,
        apart: int,
        told: int,
        channels: int,
        everywhere: bool = True,
        links: Sequence[tuple[int, int]] = (),
    ) -> None:
        super().__init__()
        thin = max(hidden // 4, 4)
        self.trunk = nn.ModuleList(
            MessageLayer(hidden, channels, everywhere=everywhere, links=links)
            for _ in range(layers)
        )
        self.score = ChannelLinear(hidden, 1, bias=False)
        self.apart = ChannelLinear(apart, thin) if apart else None
        self.start = ChannelLinear(hidden, thin) if apart else None
        self.thin = nn.ModuleList(
            MessageLayer(thin, channels, hidden, everywhere, links)
            for _ in range(layers if apart else 0)
        )
        self.spread = ChannelLinear(thin + told, 1, bias=False) if apart else None

    def shared(
        self,
        nodes: torch.Tensor,
        links: Sequence[torch.Tensor],
        mask: torch.Tensor | None,
        named: Sequence[Link] = (),
    ) -> list[torch.Tensor]:
        """States [N, hidden, 1, n] of the trunk, nodes [N, n, hidden] as they come first."""
        states = [nodes.transpose(1, 2).unsqueeze(2)]
        for layer in self.trunk:
            states.append(layer(states[-1], links, mask, links=named))
        return states

    def by_sample(
        self,
        z: torch.Tensor,
        told: torch.Tensor,
        states: Sequence[torch.Tensor],
        links: Sequence[torch.Tensor],
        mask: torch.Tensor | None,
        named: Sequence[Link] = (),
    ) -> Scored:
        """Scores [N, K, n] of channels z [N, apart, K, n], and the head's own, [N, told, K, n]."""
        if self.apart is None or self.start is None or self.spread is None:
            raise TypeError("this net reads nothing that differs from sample to sample")
        h = self.apart(z) + self.start(states[0])
        for layer, context in zip(self.thin, states[1:], strict=True):
            h = layer(h, links, mask, context, named)
        return scored(self.spread, torch.cat([h, told], 1), mask)


def links_of(pairs: torch.Tensor | None, mask: torch.Tensor | None) -> tuple[torch.Tensor, ...]:
    """Pair features [N, c, n, n] channel by channel; every aggregate reads valid senders only."""
    if pairs is None:
        return ()
    if mask is not None:
        pairs = pairs.masked_fill(~mask[:, None, None, :], 0)
    return pairs.unbind(1)
