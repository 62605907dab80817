"""Scores of items, and the size of what was summed to make them.

Heads have no bias: one number added to all scores orders nothing.
"""

from __future__ import annotations

import torch
from torch import nn

from symc_runtime.modules.channels import ChannelLinear
from symc_runtime.modules.matrices import matrix_of

Scored = tuple[torch.Tensor, torch.Tensor]
"""Scores [rows, n], and for each row [rows, 1] a bound on the terms that a score is a sum of.

Scores closer than rounding can tell apart at that size count as equal.
"""


def scored(head: ChannelLinear, h: torch.Tensor, mask: torch.Tensor | None) -> Scored:
    """The score head on items h [N, c, K, n]: [N, K, n]; of those that mask holds [N, K, 1]."""
    scores = head(h).squeeze(1)
    with torch.no_grad():
        row = head.weight.abs().expand(h.shape[0], -1, -1)
        summed = torch.bmm(row, h.flatten(2).abs()).reshape(scores.shape)
        if mask is not None:
            summed = summed.masked_fill(~mask.unsqueeze(1), 0)
        summed = summed.amax(2, keepdim=True)
    return scores, summed


def item_scores(head: nn.Module, x: torch.Tensor, mask: torch.Tensor | None) -> Scored:
    """The score head, a linear map, on items x [N, n, c]: [N, n].

    And the bound on its terms, of the items that mask [N, n] holds: [N, 1].
    """
    scores = head(x).squeeze(-1)
    with torch.no_grad():
        summed = x.abs() @ matrix_of(head, x)[0].abs()
        if mask is not None:
            summed = summed.masked_fill(~mask, 0)
        summed = summed.amax(1, keepdim=True)
    return scores, summed


def by_sample(scores: torch.Tensor, summed: torch.Tensor, samples: int) -> Scored:
    """[N, K or 1, n] and [N, K or 1, 1] to sample-major rows [K*N, n] and [K*N, 1]."""
    n = scores.shape[2]
    return (
        scores.expand(-1, samples, -1).transpose(0, 1).reshape(-1, n),
        summed.expand(-1, samples, -1).transpose(0, 1).reshape(-1, 1),
    )


def samples_apart(noise: torch.Tensor, rows: int) -> torch.Tensor:
    """What differs from sample to sample [K*N, n, c] as [N, c, K, n], for `rows` N."""
    apart: torch.Tensor = noise.unflatten(0, (-1, rows)).permute(1, 3, 0, 2).contiguous()
    return apart
