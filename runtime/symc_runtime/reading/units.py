"""Sizes of features, and features brought to size one: units differ from tensor to tensor."""

from __future__ import annotations

from collections.abc import Mapping

import torch

from symc_runtime.call.exportable import with_sign_of
from symc_runtime.modules.mixing import level_mean, root, squashed
from symc_runtime.numerics.sinkhorn import in_plain_operations
from symc_runtime.reading.readings import Level

Pooled = tuple[torch.Tensor, torch.Tensor]
"""Matrices [N, c, d, d] and the norms of what was summed to make them [N, c]."""


def over(x: torch.Tensor, size: torch.Tensor) -> torch.Tensor:
    """x [N, ...] over size [N]."""
    return x / size.reshape(-1, *[1] * (x.ndim - 1))


def unit_scale(rows: torch.Tensor) -> torch.Tensor:
    """rows [..., m, d] over their Frobenius norm, so that tiny and huge inputs keep their axes.

    In two steps: squares of huge coordinates would overflow, and the largest coordinate alone
    is not invariant, nor is the longest row of a tensor with two axes.
    """
    largest = rows.detach().abs().amax((-2, -1), keepdim=True)
    none = largest == 0
    rows = rows / torch.threshold(largest, 0.0, 1.0)
    # 1 at least, the largest coordinate being 1. Of zeros it has no second derivative.
    length: torch.Tensor = torch.linalg.vector_norm(
        rows.masked_fill(none, 1), dim=(-2, -1), keepdim=True
    )
    return rows / length.masked_fill(none, 1)


def longest(x: torch.Tensor, start: int, own: int) -> torch.Tensor:
    """Length of the longest vector of each block, or 1 for zeros: [N, 1..., blocks, 1].

    x [N, items..., own axes, blocks, channels]. Blocks have units of their own: beside a long one,
    a short one would be lost in its digits. In two steps: squares of huge coordinates would
    overflow, and the largest one is not invariant.
    """
    others = (*range(1, x.ndim - 2), x.ndim - 1)
    largest = torch.threshold(x.detach().abs().amax(others, keepdim=True), 0.0, 1.0)
    square = (x / largest).square().sum(tuple(range(start, start + own)), keepdim=True)
    # 1 at least, the largest coordinate being 1, unless all are zero.
    return largest * torch.threshold(square.amax(others, keepdim=True), 0.0, 1.0).sqrt()


def at_scales(x: torch.Tensor, scales: int) -> list[torch.Tensor]:
    """Logarithms of numbers of any size, x itself near zero; at 2 scales also x squashed."""
    learns = x.requires_grad or in_plain_operations()
    zero = x == 0 if learns else None
    read = x if zero is None else x.masked_fill(zero, 1)
    logarithms = with_sign_of(torch.log1p(read.abs()), read)
    if zero is not None:
        # At 0 the slope is 1, where that of |x| is 0 and that of a sign has none.
        logarithms = torch.where(zero, x, logarithms)
    return [logarithms] if scales == 1 else [squashed(x), logarithms]


def at_scales_of_whole(x: torch.Tensor, scales: int, rows: int = 1) -> list[torch.Tensor]:
    """As `at_scales`, but each number over the largest of its row: x [*rows, ...].

    Where an element posed a vector, rounding leaves in small coordinates what is small beside the
    large ones alone: read by itself, it would be read as it is.
    """
    # In one row of memory: loops over short inner axes are slow.
    flat = x.flatten(rows)
    size = flat.abs().amax(-1, keepdim=True)
    # Of an infinitesimal number: at 0 the slope is 1.
    size = torch.threshold(size, 0.0, torch.finfo(x.dtype).eps)
    logarithms = (flat * (torch.log1p(size) / size)).reshape(x.shape)
    return [logarithms] if scales == 1 else [(flat / (1 + size)).reshape(x.shape), logarithms]


def pooled(x: torch.Tensor, level: Level, masks: Mapping[str, torch.Tensor]) -> Pooled:
    """Mean matrices [N, c, d, d] of x [N, items..., c, d, d] and mean norms [N, c]."""
    # A common scale out first, so that squares neither overflow nor vanish.
    largest = x.detach().abs().flatten(1).amax(1)
    x = over(x, torch.where(largest > 0, largest, 1.0))
    norms = root(x.square().sum((-1, -2)))
    return level_mean(x, level, masks), level_mean(norms, level, masks)


def at_size_one(x: torch.Tensor, norms: torch.Tensor) -> Pooled:
    """Both over the largest norm: no source drowns another, and none that cancelled is raised."""
    largest = norms.amax(1, keepdim=True)
    largest = torch.where(largest > 0, largest, 1.0)
    return x / largest.unsqueeze(-1).unsqueeze(-1), norms / largest
