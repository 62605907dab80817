"""Elements of S(m) wr S(n)."""

from __future__ import annotations

from typing import NamedTuple

import torch

from symc_runtime.elements.permutation import Permutation
from symc_runtime.numerics.sinkhorn import SoftOrder


class Wreath(NamedTuple):
    """A batch of elements: the items of each block are put in order, then the blocks.

    g^-1 x is x[b, items[b, j]] at (i, j), where b = blocks[i]: so (g x)[pi(i), sigma_i(j)] =
    x[i, j] with pi = blocks and sigma_i = items[pi(i)].

    `blocks`: [batch, n] int64. `items`: [batch, n, m] int64, of the blocks where they are in x.
    `soft_blocks`, and `soft_items` of batch * n rows: what gradients flow through in training, or
    None, as `Permutation` has it.
    """

    blocks: torch.Tensor
    items: torch.Tensor
    soft_blocks: SoftOrder | None = None
    soft_items: SoftOrder | None = None


def of_blocks(element: Wreath) -> Permutation:
    """What it does to the blocks."""
    return Permutation(element.blocks, element.soft_blocks)


def inside_blocks(element: Wreath) -> Permutation:
    """What it does inside the blocks first, a row each: [batch * n, m]."""
    return Permutation(element.items.flatten(0, 1), element.soft_items)


def joint_order(element: Wreath) -> torch.Tensor:
    """The order [batch, n * m] of all items, as a `Permutation` has it."""
    m = element.items.shape[-1]
    index = element.blocks.unsqueeze(-1).expand_as(element.items)
    within = element.items.gather(1, index)
    return (index * m + within).flatten(1)


def from_joint(order: torch.Tensor, m: int) -> Wreath:
    """The element whose order of all items this is, [batch, n * m]."""
    index = order.unflatten(1, (-1, m))
    blocks = index[:, :, 0] // m
    within = index - m * blocks.unsqueeze(-1)
    items = torch.empty_like(within)
    return Wreath(blocks, items.scatter_(1, blocks.unsqueeze(-1).expand_as(within), within))


def compose(left: Wreath, right: Wreath) -> Wreath:
    """left * right, without gradients: what `right` does, then `left`."""
    blocks = left.blocks.gather(1, right.blocks)
    # Block c of left's image is what right took to left^-1(c): inside, right's order comes last.
    back = torch.empty_like(left.blocks).scatter_(
        1, left.blocks, torch.arange(blocks.shape[1], device=blocks.device).expand_as(blocks)
    )
    before = right.items.gather(1, back.unsqueeze(-1).expand_as(right.items))
    return Wreath(blocks, left.items.gather(2, before))
