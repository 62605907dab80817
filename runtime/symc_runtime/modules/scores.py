"""Scores of items, and the size of what was summed to make them."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional as F

Scored = tuple[torch.Tensor, torch.Tensor]
"""Scores [rows, n], and for each row [rows, 1] a bound on the terms that a score is a sum of.

Scores closer than rounding can tell apart at that size count as equal.
"""


def scored(head: nn.Linear, h: torch.Tensor, mask: torch.Tensor | None) -> Scored:
    """The score head on items h [N, n, K, c]: [N, n, K]; of those that mask holds [N, 1, K]."""
    with torch.no_grad():
        bias = None if head.bias is None else head.bias.abs()
        summed = F.linear(h.abs(), head.weight.abs(), bias).squeeze(-1)
        if mask is not None:
            summed = summed.masked_fill(~mask.unsqueeze(-1), 0)
    return head(h).squeeze(-1), summed.amax(1, keepdim=True)


def by_sample(scores: torch.Tensor, summed: torch.Tensor, samples: int) -> Scored:
    """[N, n, K] and [N, 1, K] to sample-major rows [K*N, n] and [K*N, 1]."""
    n = scores.shape[1]
    return (
        scores.expand(-1, -1, samples).permute(2, 0, 1).reshape(-1, n),
        summed.expand(-1, -1, samples).permute(2, 0, 1).reshape(-1, 1),
    )
