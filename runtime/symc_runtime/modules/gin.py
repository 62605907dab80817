"""Graph isomorphism network with a virtual node (Xu et al., ICLR 2019), with noise."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from symc_runtime.modules.message_passing import MessagePassing, links_of
from symc_runtime.modules.scores import Scored, by_sample, samples_apart, scored
from symc_runtime.reading.links import Link

SKIP = 0.2
"""What the scores' own noise starts with, of its usual weight: as loud as what it is added to, it
would hide the structure that training is to find."""


class Gin(MessagePassing):
    """Scores [K*N, n] by message passing along pair features [N, c, n, n] and links of names.

    What differs from sample to sample is noise and `posed` features. The item with the largest
    noise is marked as a root: from there a canonical traversal can be built.
    """

    def __init__(
        self,
        hidden: int,
        layers: int,
        noise: int,
        posed: int,
        channels: int,
        links: Sequence[tuple[int, int]] = (),
    ) -> None:
        apart = noise + posed
        super().__init__(hidden, layers, apart + (noise > 0), apart, channels, links=links)
        self.rooted = noise > 0
        if self.spread is not None:
            thin = self.spread.weight.shape[1] - apart
            with torch.no_grad():
                self.spread.weight[:, thin : thin + noise] *= SKIP

    def forward(
        self,
        apart: torch.Tensor,
        nodes: torch.Tensor,
        pairs: torch.Tensor | None,
        mask: torch.Tensor | None,
        named: Sequence[Link] = (),
    ) -> Scored:
        """Scores from noise, then posed features [K*N, n, noise + posed] and nodes [N, n, hidden].

        Items that mask [N, n] leaves out have no influence.
        """
        rows = nodes.shape[0]
        links = links_of(pairs, mask)
        states = self.shared(nodes, links, mask, named)
        scores, summed = scored(self.score, states[-1], mask)
        if self.apart is not None:
            z = samples_apart(apart, rows)
            read = torch.cat([z, _root(z, mask)], 1) if self.rooted else z
            more, also = self.by_sample(read, z, states, links, mask, named)
            scores, summed = scores + more, summed + also
        return by_sample(scores, summed, apart.shape[0] // rows)


def _root(z: torch.Tensor, mask: torch.Tensor | None) -> torch.Tensor:
    """1 at the valid item with the largest first noise channel, [N, 1, K, n]."""
    key = z[:, :1].detach()
    if mask is not None:
        key = key.masked_fill(~mask[:, None, None, :], -torch.inf)
    return (key == key.amax(3, keepdim=True)).to(z.dtype)
