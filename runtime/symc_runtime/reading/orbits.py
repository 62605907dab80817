"""All poses of an input under a finite group, and how a fixed template tells them apart."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import torch

from symc_runtime.actions.axes import fold
from symc_runtime.actions.tables import moved, unnamed_by
from symc_runtime.elements.finite import RowTable, Table
from symc_runtime.modules.mixing import added, stacked
from symc_runtime.reading.readings import (
    Reading,
    arranged,
    centered_block,
    moves,
    point_centers,
    read_block,
    unlabeled_padding,
)
from symc_runtime.spec.covering import Covered
from symc_runtime.spec.layout import (
    Alt,
    Group,
    Joint,
    Product,
    Representation,
    Sum,
    Sym,
    Tensor,
    blocks,
    dimension,
    refolded,
    slots,
    solve_sizes,
    split,
    unfolded,
)
from symc_runtime.spec.layout import Table as Tabled


def involves(value: Representation, group: str) -> bool:
    """Whether the tables of the group move it."""
    if isinstance(value, Tabled):
        return value.group == group
    if isinstance(value, Joint):
        return involves(value.carried, group)
    if isinstance(value, Product):
        return any(involves(factor, group) for factor in value.factors)
    if isinstance(value, Sum):
        return any(involves(term, group) for term in value.terms)
    if isinstance(value, (Sym, Alt)):
        return involves(value.carried, group)
    return False


def poses(
    inputs: tuple[Tensor, ...],
    values: tuple[torch.Tensor, ...],
    group: str,
    number: torch.Tensor,
    tables: Mapping[str, Table],
    sizes: Mapping[str, int],
) -> list[torch.Tensor]:
    """g^-1 x of every input [N, ...] for numbers of elements [P, N], sample-major: [P*N, ...].

    Inputs that the group does not move are repeated. `sizes`: those that the spec fixes.
    """
    every = number.flatten()
    sizes = solve_sizes(inputs, [x.shape for x in values], sizes)
    found = []
    for tensor, x in zip(inputs, values, strict=True):
        x = fold(x, number.shape[0])
        for dim, _, axis in slots(tensor):
            x = _unmoved(x, axis, dim, group, every, tables, sizes)
        if isinstance(tensor.names, Tabled) and tensor.named_by(group):
            x = unnamed_by(x, tables[tensor.names.called], every)
        found.append(x)
    return found


def _unmoved(
    x: torch.Tensor,
    value: Representation,
    dim: int,
    group: str,
    number: torch.Tensor,
    tables: Mapping[str, Table],
    sizes: Mapping[str, int],
) -> torch.Tensor:
    if not involves(value, group):
        return x
    if isinstance(value, Tabled):
        return moved(x, number, tables[value.called], dim, inverse=True)
    if isinstance(value, Joint):
        return moved(x, number, tables["grid"], dim, inverse=True)
    if isinstance(value, Product):
        x = x.unflatten(dim, [dimension(factor, sizes) for factor in value.factors])
        for offset, factor in enumerate(value.factors):
            x = _unmoved(x, factor, dim + offset, group, number, tables, sizes)
        return x.flatten(dim, dim + len(value.factors) - 1)
    if isinstance(value, Sum):
        lengths = [dimension(term, sizes) for term in value.terms]
        pieces = zip(value.terms, x.split(lengths, dim), strict=True)
        return torch.cat(
            [_unmoved(y, t, dim, group, number, tables, sizes) for t, y in pieces], dim
        )
    if isinstance(value, (Sym, Alt)):
        x = unfolded(value, x, dim, sizes)
        for offset in range(value.power):
            x = _unmoved(x, value.carried, dim + offset, group, number, tables, sizes)
        return refolded(value, x, dim, sizes)
    return x


class Scores(NamedTuple):
    """A score for each pose [N, order], and its size [N, order], a share of which is rounding.

    Where nobody asked for sizes they are zero.
    """

    scores: torch.Tensor
    sizes: torch.Tensor


class Template:
    """A fixed generic function of a pose that later groups leave alone.

    Products with fixed numbers are summed along rows, and never in a matrix product, which rounds
    by position: equal poses are to have equal scores. `exact`: whether they have where actions are
    exact, for nothing else is summed.
    """

    def __init__(
        self,
        inputs: tuple[Tensor, ...],
        own: Group,
        covered: Covered,
        later: tuple[str, ...],
        earlier: bool,
        anchors: Mapping[str, int],
        sizes: Mapping[str, int],
        tables: Mapping[str, Table],
    ) -> None:
        self.inputs = inputs
        self.own = own
        self.covered = covered
        self.anchors = dict(anchors)
        self.sizes = dict(sizes)
        groups = {group.name: group for group in covered.groups}
        self.blocks = [blocks(tensor) for tensor in covered.inputs]
        every = [
            [read_block(block, tensor.labels, own, later, groups, sizes) for block in found]
            for tensor, found in zip(covered.inputs, self.blocks, strict=True)
        ]
        # The same blocks in the same order.
        moving = [[moves((own.name,), b, tensor) for b in blocks(tensor)] for tensor in inputs]
        keys = {
            _key(reading)
            for readings, own_moves in zip(every, moving, strict=True)
            for reading, moved_by_own in zip(readings, own_moves, strict=True)
            if moved_by_own
        }
        # What the own group leaves alone is read where it is multiplied with what it moves, or
        # tells items apart.
        self.readings: list[list[Reading | None]] = [
            [
                reading if moved_by_own or (_key(reading) in keys and any(_key(reading))) else None
                for reading, moved_by_own in zip(readings, own_moves, strict=True)
            ]
            for readings, own_moves in zip(every, moving, strict=True)
        ]
        read = [reading for found in self.readings for reading in found if reading is not None]
        plain = not any(any(_key(reading)) for reading in read)
        turned = {
            table.called
            for tensor in inputs
            for block in blocks(tensor)
            for axis in block.axes
            if (table := axis.table) is not None and table.group == own.name
        }
        tabled = [tables["grid" if called.startswith("grid(") else called] for called in turned]
        exact = plain and not earlier and not any(isinstance(t, RowTable) for t in tabled)
        self.exact = exact and all(reading.affine is None for reading in read)

    def __call__(
        self,
        values: list[torch.Tensor],
        order: int,
        dtype: torch.dtype,
        counts: Mapping[str, torch.Tensor] | None,
        *,
        sized: bool = True,
    ) -> Scores:
        """Of poses [order*N, ...], as `poses` gives them; `counts` for each of them."""
        shapes = [x.shape for x in values]
        sizes = solve_sizes(self.covered.inputs, shapes, self.sizes)
        pieces = [split(t, x, sizes) for t, x in zip(self.covered.inputs, values, strict=True)]
        centers = point_centers(self.covered.inputs, pieces, self.anchors, counts)
        found: dict[Key, list[Parts]] = {}
        seed = 0
        for t, tensor in enumerate(self.covered.inputs):
            for b, reading in enumerate(self.readings[t]):
                seed += 2
                if reading is None:
                    continue
                block = self.blocks[t][b]
                x = centered_block(pieces[t][b], block, reading, centers, counts)
                if tensor.labels is not None:
                    x = unlabeled_padding(x, block, counts)
                x = arranged(x, reading, tensor.labels, dtype)
                found.setdefault(_key(reading), []).append(_parts(x, reading, seed, sized))
        total = size = torch.zeros(values[0].shape[0], dtype=dtype, device=values[0].device)
        for (level, pairing), parts in found.items():
            one, its_size = _score(parts, len(level), bool(pairing))
            total = total + one
            if sized:
                size = size + its_size
        return Scores(*[each.unflatten(0, (order, -1)).transpose(0, 1) for each in (total, size)])


Key = tuple[tuple[str, ...], tuple[str, ...]]
"""Of which items a block is, and what of it later groups move."""
Parts = tuple[torch.Tensor, torch.Tensor]
"""Two sums over the channels of a block, and of their sizes: [2, N, items..., contracted...]."""


def _key(reading: Reading) -> Key:
    return reading.level, reading.pairing


def _parts(x: torch.Tensor, reading: Reading, seed: int, sized: bool) -> Parts:
    """Of a block [N, items..., contracted..., channels...]; the second only where it is paired."""
    x = x.flatten(1 + len(reading.items) + len(reading.contracted) + len(reading.own))
    if any(_key(reading)):
        x = _at_length_one(x)
    seeds = [seed, seed + 1] if reading.pairing else [seed]
    numbers = [_numbers(x.shape[-1], each, x) for each in seeds]
    sums = stacked([(x * each).sum(-1) for each in numbers], 0)
    if not sized:
        # Another pass over every pose, which a large image feels.
        return sums, sums
    # Of what later groups turn the length, which they leave alone: a size that moved with them
    # would call two poses alike of x and not of h x.
    turned = [1 + len(reading.items) + i for i in range(len(reading.contracted))]
    lengths = x.square().sum(turned, keepdim=True).sqrt() if turned else x.abs()
    return sums, stacked([(lengths * each).sum(-1) for each in numbers], 0)


def _score(parts: list[Parts], items: int, paired: bool) -> tuple[torch.Tensor, torch.Tensor]:
    """Of blocks of one key, added to each other: a score and its size, both [N]."""
    y, size = (added([part[i] for part in parts]) for i in (0, 1))
    y, size = (y[0] * y[1], size[0] * size[1]) if paired else (y[0], size[0])
    contracted = list(range(1 + items, y.ndim))
    if contracted:
        y, size = y.sum(contracted), size.sum(contracted)
    if items:
        # The sum of what was centered is zero: not linear, nor even.
        y, size = y * y.abs() + y * y / 2, size * size
        y, size = y.flatten(1).sum(1), size.flatten(1).sum(1)
    return y, size


def _at_length_one(x: torch.Tensor) -> torch.Tensor:
    """Rows [N, ...] over their lengths, which no element changes; zero ones as they are."""
    flat = x.flatten(1)
    largest = flat.abs().amax(1, keepdim=True)
    flat = flat / torch.where(largest > 0, largest, 1.0)
    length = flat.square().sum(1, keepdim=True).sqrt()
    return (flat / torch.where(length > 0, length, 1.0)).reshape(x.shape)


def _numbers(count: int, seed: int, like: torch.Tensor) -> torch.Tensor:
    """Fixed numbers [count] between 1/2 and 3/2 that have nothing to do with each other."""
    mask = 0xFFFFFFFF
    x = torch.arange(1, count + 1, device=like.device) + 7919 * seed
    for factor in (0x9E3779B1, 0x85EBCA77, 0xC2B2AE3D):
        x = (x * factor) & mask
        x = x ^ (x >> 15)
    return 0.5 + x.to(like.dtype) / 2**32
