"""Colours of items and of pairs of items: equal where the inputs do not tell them apart.

Colour refinement (Weisfeiler and Leman, 1968) starts from these. They have no weights and no
gradient; what stands in them is invariant to later groups, like all that nets read.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import torch

from symc_runtime.numerics.hashing import Digits, exact_digits, fractions, joined
from symc_runtime.numerics.sorting import refined_clusters
from symc_runtime.reading.invariants import (
    Invariants,
    block_invariants,
    by_item,
    mean_in_any_order,
)
from symc_runtime.spec.layout import Group, Tensor

MANY = 4096.0
"""What ranks are divided by to be about of size 1; a power of 2 rounds nothing."""


class Colours(NamedTuple):
    """Whole numbers that say what is alike.

    `items` [N, n], int64. `pairs` [N, n, n]: numbers of size 1, equal to the bit where (i, j) are.
    `links` [N, n, n], float32: 1.0 where (i, j) or (j, i) is not 0, and i is not j.
    """

    items: torch.Tensor
    pairs: torch.Tensor
    links: torch.Tensor


def colours(
    inputs: tuple[Tensor, ...],
    groups: tuple[Group, ...],
    own: Group,
    later: tuple[str, ...],
    anchors: Mapping[str, int],
    known: Mapping[str, int],
    values: tuple[torch.Tensor, ...],
    counts: Mapping[str, torch.Tensor] | None,
    n: int,
    *,
    tol: float,
    rounded: bool = False,
) -> Colours:
    """Of the inputs [N, ...]; `rounded`: take no number at its last digit.

    Numbers that later groups round are alike where no gap above `tol` of their scale parts them.
    """
    first = values[0]
    digits = exact_digits(first.device)
    items = torch.zeros(first.shape[0], n, dtype=torch.int64, device=first.device)
    pairs: torch.Tensor | None = None
    links: torch.Tensor | None = None
    read = 0
    of_blocks = block_invariants(
        inputs, groups, own, later, anchors, known, values, counts, rounded=rounded
    )
    for found in of_blocks:
        of_pairs = len([name for name in found.reading.level if name == own.name]) >= 2
        for scalars in found.scalars:
            if of_pairs:
                x = _pairs(scalars, found, own.name)
                mask = found.masks.get(own.name)
                both = None if mask is None else mask.unsqueeze(1) & mask.unsqueeze(2)
                told = _told(x.flatten(1, 2), found, found.largest, both, tol).unflatten(1, (n, n))
                every = _summed(fractions(told, digits, read))
                pairs = every if pairs is None else pairs + every
                large = tol * found.largest.reshape(-1, 1, 1, 1)
                linked = ((x.abs() > large) if found.rounds else (x != 0)).any(-1)
                links = linked if links is None else links | linked
                columns = [every.diagonal(dim1=1, dim2=2).to(torch.int64)]
            else:
                columns = _columns(scalars, found, own.name, tol, digits, read)
            read += scalars.shape[-1]
            for column in columns:
                items = joined(items, column)
    if pairs is None or links is None:
        pairs = torch.zeros(first.shape[0], n, n, dtype=digits.dtype, device=first.device)
        links = torch.zeros_like(pairs, dtype=torch.bool)
    apart = 1 - torch.eye(n, dtype=torch.float32, device=links.device)
    return Colours(items, pairs / 2**digits.bits, (links | links.mT).to(torch.float32) * apart)


def _summed(x: torch.Tensor) -> torch.Tensor:
    """Whole numbers over their last axis."""
    return x.squeeze(-1) if x.shape[-1] == 1 else x.sum(-1)


def _pairs(x: torch.Tensor, found: Invariants, own: str) -> torch.Tensor:
    """x [N, items..., c] as pairs [N, n, n, c], the first two axes of the own items."""
    level = found.reading.level
    first, second = [k for k, name in enumerate(level) if name == own][:2]
    for k in reversed(range(len(level))):
        if k not in (first, second):
            x = mean_in_any_order(x, k + 1, found.masks.get(level[k]))
    return x


def _columns(
    x: torch.Tensor, found: Invariants, own: str, tol: float, digits: Digits, first: int
) -> list[torch.Tensor]:
    """Whole numbers [N, n] that tell apart what the scalars of items do."""
    powers: dict[int, list[torch.Tensor]] = {}
    for column, power in by_item(x, found.reading, own, found.masks):
        powers.setdefault(power, []).append(column)
    mask = found.masks.get(own)
    every = []
    for power, columns in powers.items():
        told = _told(torch.stack(columns, -1), found, found.largest**power, mask, tol)
        every.append(fractions(told, digits, first).to(torch.int64).sum(-1))
    return every


def _told(
    x: torch.Tensor, found: Invariants, largest: torch.Tensor, mask: torch.Tensor | None, tol: float
) -> torch.Tensor:
    """Numbers [N, m, c] of size 1 that are equal to the bit where those of x are alike."""
    if not found.rounds:
        # Of the numbers themselves nothing is lost; of any scale, they are brought to size 1.
        size = x.abs().flatten(1).amax(1)
        return x / torch.threshold(size, 0.0, 1.0).reshape(-1, 1, 1)
    rows, _, channels = x.shape

    def of_all(y: torch.Tensor) -> torch.Tensor:
        return y.unsqueeze(1).expand(-1, channels, -1).flatten(0, 1)

    valid = None if mask is None else of_all(mask.flatten(1))
    columns = x.movedim(-1, 1).flatten(0, 1)
    # Over a constant, not over their number: how far a tensor is padded must not be seen.
    ranks: torch.Tensor = refined_clusters(columns, of_all(largest), None, valid, tol)
    told: torch.Tensor = (ranks.to(x.dtype) / MANY).unflatten(0, (rows, channels))
    return told.movedim(1, -1)
