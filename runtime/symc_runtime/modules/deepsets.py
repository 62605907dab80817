"""Deep Sets (Zaheer et al., NeurIPS 2017), with noise."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional as F

from symc_runtime.actions.axes import fold_like
from symc_runtime.modules.mixing import masked_mean
from symc_runtime.modules.scores import Scored, item_scores
from symc_runtime.numerics.sinkhorn import in_plain_operations


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
        self.score = nn.Linear(hidden, 1, bias=False)
        self.start = nn.Linear(hidden, thin) if apart else None
        self.apart = nn.Linear(apart, thin, bias=False) if apart else None
        self.shared = nn.Linear(apart, thin, bias=False) if apart else None
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
        for block in self.blocks:
            nodes = block(nodes, mask)
        scores, summed = item_scores(self.score, nodes, mask)
        if self.spread is None:
            return fold_like(scores, apart), fold_like(summed, apart)
        valid = None if mask is None else fold_like(mask, apart)
        joined = self._joined(nodes, apart, valid)
        more, also = item_scores(self.spread, torch.cat([joined, apart], -1), valid)
        return _with_shared(more, scores), _with_shared(also, summed)

    def _joined(
        self, nodes: torch.Tensor, apart: torch.Tensor, valid: torch.Tensor | None
    ) -> torch.Tensor:
        if self.start is None or self.apart is None or self.shared is None:
            return nodes
        total = _with_shared(self.apart(apart), self.start(nodes))
        # In place: nothing reads the terms again.
        total.add_(self.shared(masked_mean(apart, 1, valid)).unsqueeze(1))
        return F.silu(total)


def _with_shared(x: torch.Tensor, shared: torch.Tensor) -> torch.Tensor:
    """x [K*N, ...], which nothing else reads, plus what K samples share, [N, ...]."""
    by_sample: torch.Tensor = x.unflatten(0, (-1, shared.shape[0]))
    if in_plain_operations():
        # Under `vmap`, x may be one for all.
        return (by_sample + shared).reshape(x.shape)
    by_sample.add_(shared)
    return x
