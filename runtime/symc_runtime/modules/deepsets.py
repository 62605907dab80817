"""Deep Sets (Zaheer et al., NeurIPS 2017), with noise."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional as F

from symc_runtime.modules.channels import ChannelLinear
from symc_runtime.modules.mixing import masked_mean
from symc_runtime.modules.scores import Scored, by_sample, samples_apart, scored


class SetLayer(nn.Module):
    """h + MLP(W h_i + W' mean of h), for items h [N, n, width]."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.own = nn.Linear(width, width)
        self.all = nn.Linear(width, width, bias=False)
        self.rest = nn.Sequential(nn.LayerNorm(width), nn.SiLU(), nn.Linear(width, width))

    def forward(self, h: torch.Tensor, mask: torch.Tensor | None) -> torch.Tensor:
        """[N, n, width] to the same."""
        shared = self.all(masked_mean(h, 1, mask)).unsqueeze(1)
        result: torch.Tensor = h + self.rest(self.own(h) + shared)
        return result


class DeepSets(nn.Module):
    """Scores [K*N, n] from item features [N, n, hidden] and noise [K*N, n, noise].

    A trunk sees each input once. A layer of half the width joins its result to what differs from
    sample to sample, noise and `posed` features.
    """

    def __init__(self, hidden: int, layers: int, noise: int, posed: int, channels: int) -> None:
        super().__init__()
        thin, apart = max(hidden // 2, 4), noise + posed
        self.blocks = nn.ModuleList(SetLayer(hidden) for _ in range(layers))
        self.score = nn.Linear(hidden, 1)
        self.start = ChannelLinear(hidden, thin) if apart else None
        self.apart = ChannelLinear(apart, thin, bias=False) if apart else None
        self.shared = ChannelLinear(apart, thin, bias=False) if apart else None
        self.spread = nn.Linear(thin + apart, 1, bias=False) if apart else None

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
        for block in self.blocks:
            nodes = block(nodes, mask)
        h = nodes.transpose(1, 2).unsqueeze(2)
        scores, summed = scored(self.score, h, mask)
        if self.start is not None and self.spread is not None:
            z = samples_apart(apart, rows)
            more, also = scored(self.spread, torch.cat([self._joined(h, z, mask), z], 1), mask)
            scores, summed = scores + more, summed + also
        return by_sample(scores, summed, apart.shape[0] // rows)

    def _joined(self, h: torch.Tensor, z: torch.Tensor, mask: torch.Tensor | None) -> torch.Tensor:
        if self.start is None or self.apart is None or self.shared is None:
            return h
        mean = masked_mean(z, 3, mask).unsqueeze(3)
        return F.silu(self.apart(z) + self.start(h) + self.shared(mean))
