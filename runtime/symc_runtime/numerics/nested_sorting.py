"""Scores of items and of blocks to elements that sort both."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from symc_runtime.elements.wreath import Wreath
from symc_runtime.numerics.hashing import PRIME, scattered
from symc_runtime.numerics.sorting import ordered_clusters, refined_clusters

Columns = tuple[Sequence[torch.Tensor], Sequence[torch.Tensor]]
"""Columns [N, items or blocks] and their scales [N, 1], as `sorting_index` takes them."""


def ranks(columns: Columns, like: torch.Tensor, tol: float) -> torch.Tensor:
    """Whole numbers [N, c], equal where all columns are to `tol`; of no columns 0, as `like`."""
    found = None
    for column, scale in zip(*columns, strict=True):
        found = refined_clusters(column, scale, found, None, tol)
    return torch.zeros_like(like, dtype=torch.long) if found is None else found


def nested_index(items: Columns, blocks: Columns, keys: torch.Tensor, *, tol: float) -> Wreath:
    """What sorts the items of each block, and the blocks by their columns, then by their items.

    `items`: columns [N, n * m], `blocks`: [N, n]; ties are ordered by keys [N, n, m + 1].
    """
    own, of_block = keys[:, :, :-1], keys[:, :, -1]
    rank = ranks(items, own.flatten(1), tol).unflatten(1, own.shape[1:])
    order = ordered_clusters(rank, torch.argsort(own, dim=-1))
    # Blocks of the same ranks get the same number, whatever order their items came in.
    content = _content(rank.gather(-1, order))
    columns = [*blocks[0], content], [*blocks[1], torch.zeros_like(keys[:, :1, 0])]
    among = ranks(columns, of_block, tol)
    return Wreath(ordered_clusters(among, torch.argsort(of_block, dim=-1)), order)


def _content(sorted_ranks: torch.Tensor) -> torch.Tensor:
    """A whole number for the sorted ranks [N, n, m] of each block, [N, n]: by chance the same for
    two different ones only once in some 10^18."""
    place = scattered(torch.arange(sorted_ranks.shape[-1], device=sorted_ranks.device) + 1)
    first = scattered((sorted_ranks + place) % PRIME)
    one = scattered((first * 7919 + place) % PRIME).sum(-1) % PRIME
    two = scattered((first + 3 * place) % PRIME).sum(-1) % PRIME
    # Below 2^62, so that differences of two do not overflow.
    return one * PRIME + two
