"""Elements of S(n)."""

from __future__ import annotations

from typing import NamedTuple

import torch

from symc_runtime.numerics.sinkhorn import SoftOrder


class Permutation(NamedTuple):
    """A batch of permutations: g^-1 x = x[order], (g x)[order[j]] = x[j].

    `order`: [batch, n] int64. `soft`: what gradients flow through in training, or None
    (straight-through; forward values never use it).
    """

    order: torch.Tensor
    soft: SoftOrder | None = None


def inverse_index(index: torch.Tensor) -> torch.Tensor:
    """The index [batch, n] of the inverse permutations; a scatter, cheaper than a second sort."""
    items = torch.arange(index.shape[-1], device=index.device).expand_as(index)
    return torch.empty_like(index).scatter_(-1, index, items)


def compose(left: torch.Tensor, right: torch.Tensor) -> torch.Tensor:
    """Index of left . right, both [batch, n]: (g h)[j] = g[h[j]]."""
    return left.gather(-1, right)


def sign(index: torch.Tensor) -> torch.Tensor:
    """Sign of each permutation, [batch] int64 of +-1, by the parity of its inversions."""
    earlier = index.unsqueeze(-1) > index.unsqueeze(-2)
    return 1 - 2 * (earlier.triu(diagonal=1).flatten(-2).sum(-1) % 2)
