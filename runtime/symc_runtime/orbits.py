"""All poses of an input under a finite group, and how a fixed template tells them apart."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import torch

from symc_runtime.actions import fold
from symc_runtime.covering import Covered
from symc_runtime.elements.finite import RowTable, Table
from symc_runtime.layout import (
    Group,
    Joint,
    Product,
    Representation,
    Sum,
    Tensor,
    blocks,
    dimension,
    slots,
    solve_sizes,
    split,
)
from symc_runtime.layout import Table as Tabled
from symc_runtime.readings import (
    Reading,
    arranged,
    centered_block,
    moves,
    point_centers,
    read_block,
    unlabeled_padding,
)
from symc_runtime.tables import moved


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

    Inputs that the group does not move are repeated.
    """
    every = number.flatten()
    found = []
    for tensor, x in zip(inputs, values, strict=True):
        x = fold(x, number.shape[0])
        for dim, _, axis in slots(tensor):
            x = _unmoved(x, axis, dim, group, every, tables, sizes)
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
    return x


class Scores(NamedTuple):
    """A score for each pose [N, order], and its size [N, order], a share of which is rounding."""

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
        # The same blocks in the same order: of the first only which the own group moves is read.
        moving = [[moves((own.name,), block) for block in blocks(tensor)] for tensor in inputs]
        self.blocks = [blocks(tensor) for tensor in covered.inputs]
        self.readings: list[list[Reading | None]] = [
            [
                read_block(block, tensor.labels, own, later, groups, sizes) if own_moves else None
                for block, own_moves in zip(every, moved_ones, strict=True)
            ]
            for tensor, every, moved_ones in zip(covered.inputs, self.blocks, moving, strict=True)
        ]
        read = [reading for every in self.readings for reading in every if reading is not None]
        plain = all(not r.items and not r.contracted and not r.pairing for r in read)
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
    ) -> Scores:
        """Of poses [order*N, ...], as `poses` gives them; `counts` for each of them."""
        shapes = [x.shape for x in values]
        sizes = solve_sizes(self.covered.inputs, shapes, self.sizes)
        pieces = [split(t, x, sizes) for t, x in zip(self.covered.inputs, values, strict=True)]
        centers = point_centers(self.covered.inputs, pieces, self.anchors, counts)
        total = size = torch.zeros(values[0].shape[0], dtype=dtype, device=values[0].device)
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
                one, its_size = _score(x, reading, seed)
                total, size = total + one, size + its_size
        return Scores(*[each.unflatten(0, (order, -1)).transpose(0, 1) for each in (total, size)])


def _score(x: torch.Tensor, reading: Reading, seed: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Of a block [N, items..., contracted..., channels...]: a score and its size, both [N]."""
    kept = 1 + len(reading.items) + len(reading.contracted) + len(reading.own)
    x = x.flatten(kept)
    first = x * _numbers(x.shape[-1], seed, x)
    y, size = first.sum(-1), first.abs().sum(-1)
    if not reading.items and not reading.pairing:
        return y, size
    if reading.pairing:
        second = x * _numbers(x.shape[-1], seed + 1, x)
        y, size = y * second.sum(-1), size * second.abs().sum(-1)
        if reading.contracted:
            axes = list(range(1 + len(reading.items), y.ndim))
            y, size = y.sum(axes), size.sum(axes)
    if reading.items:
        # The sum of what was centered is zero: not linear, nor even.
        y, size = y * y.abs() + y * y / 2, size * size
        y, size = y.flatten(1).sum(1), size.flatten(1).sum(1)
    return y, size


def _numbers(count: int, seed: int, like: torch.Tensor) -> torch.Tensor:
    """Fixed numbers [count] between 1/2 and 3/2 that have nothing to do with each other."""
    mask = 0xFFFFFFFF
    x = torch.arange(1, count + 1, device=like.device) + 7919 * seed
    for factor in (0x9E3779B1, 0x85EBCA77, 0xC2B2AE3D):
        x = (x * factor) & mask
        x = x ^ (x >> 15)
    return 0.5 + x.to(like.dtype) / 2**32
