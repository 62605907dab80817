"""Columns to sort items by: scalars an item, without weights, that later groups leave alone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import torch

from symc_runtime.modules.mixing import masked_mean
from symc_runtime.reading.readings import (
    Reading,
    arranged,
    centered_block,
    item_masks,
    joined_channels,
    point_centers,
    read_block,
)
from symc_runtime.spec.layout import Group, Tensor, blocks, solve_sizes, split


class Invariants(NamedTuple):
    """What later groups leave alone of one block: tensors [N, items..., channels] of scalars.

    `rounds`: whether they are known but to rounding. `largest` [N, 1]: the size of what they were
    computed from; 0 where nothing rounds them.
    """

    reading: Reading
    scalars: list[torch.Tensor]
    rounds: bool
    largest: torch.Tensor
    masks: Mapping[str, torch.Tensor]


def block_invariants(
    inputs: tuple[Tensor, ...],
    groups: tuple[Group, ...],
    own: Group,
    later: tuple[str, ...],
    anchors: Mapping[str, int],
    known: Mapping[str, int],
    values: tuple[torch.Tensor, ...],
    counts: Mapping[str, torch.Tensor] | None,
    *,
    exact: bool = False,
    rounded: bool = False,
) -> list[Invariants]:
    """Of each block that has items of the own group, in the order of the inputs.

    `exact` and `rounded` as `item_columns` takes them.
    """
    named = {group.name: group for group in groups}
    sizes = solve_sizes(inputs, [x.shape for x in values], known)
    masks = item_masks(named, counts, sizes)
    pieces = [split(t, x, sizes) for t, x in zip(inputs, values, strict=True)]
    centers = point_centers(inputs, pieces, anchors, counts)
    floating = [x.dtype for x in values if x.is_floating_point()]
    dtype = floating[0] if floating else torch.float64
    if dtype in (torch.float16, torch.bfloat16):
        dtype = torch.float32
    of_blocks: list[Invariants] = []
    for tensor, parts in zip(inputs, pieces, strict=True):
        for block, x in zip(blocks(tensor), parts, strict=True):
            reading = read_block(block, tensor.labels, own, later, named, sizes)
            rounds = bool(rounded or reading.pairing or reading.affine or reading.posed)
            if own.name not in reading.level or (exact and rounds):
                continue
            x = centered_block(x, block, reading, centers, counts)
            x = joined_channels(arranged(x.detach(), reading, tensor.labels, dtype), reading)
            # Products are as long as what they are products of: means may cancel.
            # A length, for the largest component depends on the pose.
            first = 1 + len(reading.items)
            contracted = tuple(range(first, first + len(reading.contracted)))
            longest = x.square().sum(contracted).sqrt() if contracted else x.abs()
            largest = longest.flatten(1).amax(1, keepdim=True)
            largest = largest**2 if reading.pairing else largest
            if not rounds:
                largest = torch.zeros_like(largest)
            scalars = _invariant(x, reading, own.name, masks)
            of_blocks.append(Invariants(reading, scalars, rounds, largest, masks))
    return of_blocks


def item_columns(
    inputs: tuple[Tensor, ...],
    groups: tuple[Group, ...],
    own: Group,
    later: tuple[str, ...],
    anchors: Mapping[str, int],
    known: Mapping[str, int],
    values: tuple[torch.Tensor, ...],
    counts: Mapping[str, torch.Tensor] | None,
    *,
    exact: bool = False,
    rounded: bool = False,
) -> tuple[list[torch.Tensor], list[torch.Tensor]]:
    """Scalars [N, n] and their scales [N, 1], in the order of the inputs, first one compared first.

    `exact`: only those whose scale is 0; `rounded`: no scale is, the inputs themselves are rounded.

    The scale of a column is the longest vector, or the largest number, of the block it was read
    from: a coordinate along which a cloud is flat holds nothing but rounding. Where only
    permutations move a block, nothing rounds, and the scale is 0: its numbers are what they are.

    Vectors of later groups give squared lengths and products with their mean; pairs of items
    give diagonals, sums and sums of squares over the other item.
    """
    columns: list[torch.Tensor] = []
    scales: list[torch.Tensor] = []
    of_blocks = block_invariants(
        inputs,
        groups,
        own,
        later,
        anchors,
        known,
        values,
        counts,
        exact=exact,
        rounded=rounded,
    )
    for found in of_blocks:
        for scalars in found.scalars:
            for column, power in by_item(scalars, found.reading, own.name, found.masks):
                columns.append(column)
                scales.append(found.largest**power)
    return columns, scales


def exact_key(columns: list[torch.Tensor]) -> torch.Tensor:
    """One number an item [N, n] of columns [N, n]: equal where all of them are, else hardly ever.

    What is too small beside the largest column to reach its last digit is not in it.
    """
    every = torch.stack(columns, -1)
    # Not in double precision, which not every device has.
    index = torch.arange(len(columns), device=every.device).to(every.dtype)
    # The first of one column is the column itself; no two weights are in a ratio of small numbers.
    return (every * (2 * index).cos()).sum(-1)


def _invariant(
    x: torch.Tensor, reading: Reading, own: str, masks: Mapping[str, torch.Tensor]
) -> list[torch.Tensor]:
    """[N, items..., channels] tensors, later linear groups and signs contracted away."""
    if not reading.pairing:
        return [x]
    items = 1 + len(reading.level)
    found = []
    position = reading.level.index(own) + 1
    mean = masked_mean(x, position, masks.get(own)).unsqueeze(position)
    for product in (x * x, x * mean):
        for _ in range(len(reading.contracted) - len(reading.signed)):
            product = product.sum(items)
        # Entries that have a sign each are numbers of their own.
        found.append(product.flatten(items))
    return found


def by_item(
    x: torch.Tensor, reading: Reading, own: str, masks: Mapping[str, torch.Tensor]
) -> list[tuple[torch.Tensor, int]]:
    """Columns [N, n] of x [N, items..., channels], each with its degree in x."""
    level = reading.level
    if len(level) == 1:
        return [(column, 1) for column in x.unbind(-1)]
    columns: list[tuple[torch.Tensor, int]] = []
    own_at = [k + 1 for k, name in enumerate(level) if name == own]

    def pooled(y: torch.Tensor, kept: tuple[int, ...]) -> torch.Tensor:
        for k in reversed(range(len(level))):
            if k + 1 not in kept:
                y = mean_in_any_order(y, k + 1, masks.get(level[k]))
        return y

    if len(own_at) >= 2:
        diagonal = pooled(x, (own_at[0], own_at[1])).diagonal(dim1=1, dim2=2)
        columns += [(column, 1) for column in diagonal.unbind(1)]
    for keep in own_at:
        for power in (1, 2):
            columns += [(column, power) for column in pooled(x**power, (keep,)).unbind(-1)]
    return columns


def mean_in_any_order(x: torch.Tensor, dim: int, mask: torch.Tensor | None) -> torch.Tensor:
    """`masked_mean`, to the last digit the same in whatever order the items come.

    The smallest number is added first, along rows of memory: items in columns next to each other
    are not all summed in one order.
    """
    shape = [1] * x.ndim
    if mask is not None:
        shape[0], shape[dim] = mask.shape
        x = x.masked_fill(~mask.reshape(shape), 0)
    total = x.movedim(dim, -1).contiguous().sort(-1).values.sum(-1)
    if mask is None:
        return total / x.shape[dim]
    return total / mask.reshape(shape).sum(dim).clamp(min=1).to(x.dtype)
