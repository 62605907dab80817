"""What a stage's net may see: scalars invariant to later groups, and vectors of its own group."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

import torch
from torch import nn

from symc_runtime.modules.mixing import added, greatest, level_mean, mixing, squashed, stacked
from symc_runtime.modules.vector_blocks import VectorBlocks
from symc_runtime.reading.readings import (
    Level,
    Reading,
    arranged,
    centered_block,
    item_masks,
    joined_channels,
    moves,
    point_centers,
    read_block,
    unlabeled_padding,
)
from symc_runtime.reading.units import (
    Pooled,
    at_scales,
    at_scales_of_whole,
    at_size_one,
    over,
    pooled,
    unit_scale,
)
from symc_runtime.spec.layout import Group, Tensor, blocks, solve_sizes, split
from symc_runtime.spec.polynomials import Size

Paired = dict[tuple[Level, tuple[str, ...], int], torch.Tensor]
"""What must be multiplied with its like, by level, kind and own axes: two mixings, side by side."""


FEW = 8
"""Channels, twice over, that are not worth mixing where there are many items."""


class Seen(NamedTuple):
    """Features by level: scalars [N, items..., c], vectors [N, items..., c, d].

    Vectors are sums of blocks, each over the length of its longest vector, `lengths` [N, blocks].
    `matrices` [N, c, d, d] are about the whole;
    `matrix_sizes` [N, c] are the norms of what was summed to make them, at most 1 from each source.
    `factors` [N, m, d] are rows of length 1 in all, whose products are among the matrices.

    `masks`: valid items [N, n] of each ragged permutation group. `tolerance`: a share below it is
    what rounding left.
    """

    scalars: dict[Level, torch.Tensor]
    vectors: dict[Level, torch.Tensor]
    lengths: torch.Tensor | None
    matrices: torch.Tensor | None
    matrix_sizes: torch.Tensor | None
    factors: list[torch.Tensor]
    masks: dict[str, torch.Tensor]
    tolerance: float


@dataclass
class _Found:
    """What `Seen` will hold, while it is found. Hooks, wrappers and summaries of modules look into
    tuples, not into classes of our own.
    """

    scalars: dict[Level, torch.Tensor] = field(default_factory=dict)
    vectors: dict[Level, torch.Tensor] = field(default_factory=dict)
    lengths: torch.Tensor | None = None
    matrices: torch.Tensor | None = None
    matrix_sizes: torch.Tensor | None = None
    factors: list[torch.Tensor] = field(default_factory=list)
    masks: dict[str, torch.Tensor] = field(default_factory=dict)
    tolerance: float = 0.0


def cross_matrix(a: torch.Tensor) -> torch.Tensor:
    """[a]_x of pseudovectors a [..., 3]: a true matrix, v -> a x v."""
    x, y, z = a.unbind(-1)
    o = torch.zeros_like(x)
    rows = torch.stack([o, -z, y, z, o, -x, -y, x, o], -1)
    return rows.reshape(*a.shape[:-1], 3, 3)


def context_key(level: Level, pairing: tuple[str, ...]) -> str:
    """A submodule's name for products at a level: `P_P__M`."""
    return "_".join(level) + "__" + "_".join(pairing).replace(" ", "_")


class Features(nn.Module):
    """Inputs [N, ...] to `Seen`; `width` channels a kind of feature and level.

    Vectors have `vector_width` channels: twice as many as come, where that is known and less; they
    come in `vector_blocks` blocks.
    `scalar_levels` lists the levels with scalars, `vector_levels` those with vectors; `widths`: the
    channels of scalars at each level, or of what is invariant about its vectors.

    `plain`: at levels of so many items, and more, few channels are not mixed, for there are many
    items to mix them for. `moved_by`: read only what these groups move, and at one scale: there
    may be as many of those as samples. `without`: blocks, by input and place in it, that are not
    read.
    """

    def __init__(
        self,
        inputs: tuple[Tensor, ...],
        groups: tuple[Group, ...],
        own: Group,
        later: tuple[str, ...],
        anchors: Mapping[str, int],
        sizes: Mapping[str, int],
        width: int,
        *,
        plain: int | None = None,
        moved_by: Collection[str] | None = None,
        without: Collection[tuple[int, int]] = (),
    ) -> None:
        super().__init__()
        self.inputs = inputs
        self.own = own.name
        self.plain_from = plain
        self.scales = 2 if moved_by is None else 1
        self.groups = {group.name: group for group in groups}
        self.anchors = dict(anchors)
        self.sizes = dict(sizes)
        self.width = width
        self.blocks = tuple(blocks(tensor) for tensor in inputs)
        self.readings = tuple(
            tuple(
                read_block(block, tensor.labels, own, later, self.groups, sizes)
                if (moved_by is None or moves(moved_by, block, tensor)) and (t, b) not in without
                else None
                for b, block in enumerate(every)
            )
            for t, (tensor, every) in enumerate(zip(inputs, self.blocks, strict=True))
        )
        self.mixings = nn.ModuleDict()
        self.widths: dict[Level, int] = {}
        self.mixed_levels: list[Level] = []
        self.plain: set[str] = set()
        self.signs: dict[str, int] = {}
        self.vector_levels: list[Level] = []
        self.scalar_levels: list[Level] = []
        self.has_matrices = False
        self.contexts = nn.ModuleDict()
        self.signed = nn.ModuleDict()
        read = [reading for readings in self.readings for reading in readings if reading]
        channels = [reading.channel_size for reading in read if _is_vector(reading)]
        self.vector_blocks = len(channels)
        known = [2 * size for size in channels if isinstance(size, int)]
        self.vector_width = (
            min(sum(known) or width, width) if len(known) == len(channels) else width
        )
        for t, readings in enumerate(self.readings):
            for b, reading in enumerate(readings):
                if reading is not None:
                    self._declare(f"{t}_{b}", reading, inputs[t].labels)
        vectors = {
            f"{t}_{b}": (self.blocks[t][b], reading)
            for t, readings in enumerate(self.readings)
            for b, reading in enumerate(readings)
            if reading and _is_vector(reading)
        }
        self.vectors = VectorBlocks(vectors, self.vector_width) if vectors else None
        for level in self.mixed_levels:
            self.widths[level] = self.widths.get(level, 0) + width

    def _declare(self, key: str, reading: Reading, labels: int | None) -> None:
        size = reading.channel_size
        axes = len(reading.channels) + (labels is not None)
        vector = _is_vector(reading)
        levels = self.vector_levels if vector else self.scalar_levels
        if reading.level not in levels:
            levels.append(reading.level)
        if not vector and not reading.own and not reading.pairing:
            scaled: Size = self.scales * size if isinstance(size, int) else size
            plain = self.plain_from is not None and len(reading.level) >= self.plain_from
            if plain and isinstance(scaled, int) and scaled <= FEW:
                self.plain.add(key)
                self.widths[reading.level] = self.widths.get(reading.level, 0) + scaled
                return
            self.mixings[key] = mixing(scaled, self.width, axes + 1)
        elif not vector:
            self.mixings[key] = mixing(size, 2 * self.width, axes)
            if reading.own:
                self.has_matrices = True
            else:
                kind = context_key(reading.level, reading.pairing)
                self.contexts[kind] = nn.Linear(self.width + 1, self.width, bias=False)
                if reading.signed:
                    known = [each for each in reading.signed if isinstance(each, int)]
                    count: Size = math.prod(known) * self.width
                    if len(known) < len(reading.signed):
                        count = "free"
                    self.signed[kind] = mixing(count, self.width, len(reading.signed) + 1)
                    self.signs[kind] = len(reading.signed)
        if reading.level not in self.mixed_levels:
            self.mixed_levels.append(reading.level)

    @property
    def levels(self) -> list[Level]:
        """Levels with scalars, or with vectors whose invariants are scalars."""
        return list(self.widths)

    def forward(
        self,
        *inputs: torch.Tensor,
        dtype: torch.dtype,
        counts: Mapping[str, torch.Tensor] | None = None,
        tolerance: float = 0.0,
    ) -> Seen:
        """Everything that may inform the element, in `dtype`, that of the weights."""
        seen = _Found(tolerance=tolerance)
        shapes = [x.shape for x in inputs]
        sizes = solve_sizes(self.inputs, shapes, self.sizes)
        seen.masks = item_masks(self.groups, counts, sizes)
        pieces = [split(t, x, sizes) for t, x in zip(self.inputs, inputs, strict=True)]
        centers = point_centers(self.inputs, pieces, self.anchors, counts)
        paired: Paired = {}
        matrices: list[Pooled] = []
        plain: dict[Level, list[tuple[torch.Tensor, bool]]] = {}
        vectors: dict[str, torch.Tensor] = {}
        for t, (tensor, readings) in enumerate(zip(self.inputs, self.readings, strict=True)):
            for b, reading in enumerate(readings):
                if reading is None:
                    continue
                block = self.blocks[t][b]
                x = centered_block(pieces[t][b], block, reading, centers, counts)
                if tensor.labels is not None:
                    x = unlabeled_padding(x, block, counts)
                x = arranged(x, reading, tensor.labels, dtype)
                key = f"{t}_{b}"
                if key in self.plain:
                    joined = joined_channels(x, reading), reading.posed
                    plain.setdefault(reading.level, []).append(joined)
                elif _is_vector(reading):
                    vectors[key] = x
                else:
                    self._read(key, x, reading, seen, paired, matrices)
        if self.vectors is not None:
            seen.vectors, seen.lengths = self.vectors(vectors)
        sizes_of = self._bring_to_size_one(paired, seen)
        for (level, pairing, own), pair in paired.items():
            left, right = pair.chunk(2, -1)
            self._pair(level, pairing, own, left, right, seen, matrices)
            if not own:
                size = sizes_of[pairing, own]
                self._pair_with_context(level, pairing, left, size, seen, paired)
        for level, found in plain.items():
            mixed = [seen.scalars[level]] if level in seen.scalars else []
            seen.scalars[level] = self._plain(found, mixed, len(level))
        if matrices:
            scaled = [at_size_one(*each) for each in matrices]
            seen.matrices = added([x for x, _ in scaled])
            seen.matrix_sizes = added([size for _, size in scaled])
        return Seen(
            seen.scalars,
            seen.vectors,
            seen.lengths,
            seen.matrices,
            seen.matrix_sizes,
            seen.factors,
            seen.masks,
            seen.tolerance,
        )

    def _plain(
        self, found: list[tuple[torch.Tensor, bool]], mixed: list[torch.Tensor], items: int
    ) -> torch.Tensor:
        """Channels that were not mixed, at every scale, with those that were."""
        # Pairs of items are read with channels before them.
        dim = 1 if items > 1 else -1
        given = [x.movedim(-1, dim) for x, posed in found if not posed]
        every: list[torch.Tensor] = []
        if given:
            joined = given[0] if len(given) == 1 else torch.cat(given, dim)
            every += at_scales(joined, self.scales)
        whole: dict[int, list[torch.Tensor]] = {}
        for x, posed in found:
            if posed:
                whole.setdefault(x.shape[-1], []).append(x)
        for alike in whole.values():
            for y in at_scales_of_whole(stacked(alike, 1), self.scales, rows=2):
                every += [each.movedim(-1, dim) for each in y.unbind(1)]
        every += [x.movedim(-1, dim) for x in mixed]
        return (every[0] if len(every) == 1 else torch.cat(every, dim)).movedim(dim, -1)

    def _read(
        self,
        key: str,
        x: torch.Tensor,
        reading: Reading,
        seen: _Found,
        paired: Paired,
        matrices: list[Pooled],
    ) -> None:
        level, own = reading.level, len(reading.own)
        if not own and not reading.pairing:
            scaling = at_scales_of_whole if reading.posed else at_scales
            scaled = torch.stack(scaling(x, self.scales), -1)
            _add(seen.scalars, level, self._mixed(key, scaled, reading))
        else:
            pair = self._mixed(key, x, reading)
            left, _ = pair.chunk(2, -1)
            kind = (level, reading.pairing, own)
            paired[kind] = paired[kind] + pair if kind in paired else pair
            if reading.pairing:
                seen.factors += [_rows(x, reading, axis) for axis in range(own)]
            if own == 1 and reading.pairing == (f"sign {self.own}",):
                if left.shape[-2] == 3:
                    matrices.append(pooled(cross_matrix(left.movedim(-1, -2)), level, seen.masks))
            elif own == 2 and not reading.pairing:
                matrices.append(pooled(left.movedim(-1, -3), level, seen.masks))

    def _mixed(self, key: str, x: torch.Tensor, reading: Reading) -> torch.Tensor:
        if isinstance(reading.channel_size, int):
            x = joined_channels(x, reading)
        result: torch.Tensor = self.mixings[key](x)
        return result

    def _bring_to_size_one(
        self, paired: Paired, seen: _Found
    ) -> dict[tuple[tuple[str, ...], int], torch.Tensor]:
        """Divide what is multiplied with its like by its size, in place.

        Returns the logarithms of the sizes, [N, 1].

        Products of long vectors would all be squashed to 1, and so would what rounding leaves of
        a product that cancels.
        """
        logarithms = {}
        for kind in dict.fromkeys((pairing, own) for _, pairing, own in paired):
            factors = {key: pair for key, pair in paired.items() if key[1:] == kind}
            largest = greatest([x.detach().abs().flatten(1).amax(1) for x in factors.values()])
            largest = torch.threshold(largest, 0.0, 1.0)
            squares = [
                level_mean(
                    over(x, largest).square().flatten(1 + len(level)).mean(-1),
                    level,
                    seen.masks,
                )
                for (level, *_), x in factors.items()
            ]
            size = largest * torch.threshold(added(squares) / len(squares), 0.0, 1.0).sqrt()
            for key, pair in factors.items():
                paired[key] = over(pair, size)
            logarithms[kind] = (torch.log(size) / 10).tanh().unsqueeze(-1)
        return logarithms

    def _pair_with_context(
        self,
        level: Level,
        pairing: tuple[str, ...],
        left: torch.Tensor,
        size: torch.Tensor,
        seen: _Found,
        paired: Paired,
    ) -> None:
        """Products with the mean over all levels: a field and the vectors of items, say.

        Their common size goes with them.
        """
        means = [
            level_mean(pair[..., self.width :], other, seen.masks)
            for (other, kind, own), pair in paired.items()
            if kind == pairing and not own
        ]
        mean = added(means)
        items = 1 + len(level)
        product = left * mean.reshape(-1, *[1] * len(level), *mean.shape[1:])
        product = self._contracted(product, items, context_key(level, pairing))
        told = torch.cat(
            [product, size.reshape(-1, *[1] * items).expand(*product.shape[:-1], 1)], -1
        )
        mixed = self.contexts[context_key(level, pairing)](told)
        _add(seen.scalars, level, mixed)

    def _contracted(self, product: torch.Tensor, items: int, kind: str) -> torch.Tensor:
        """Products [N, items..., ..., c] as features [N, items..., c]: their sums, squashed.

        The last axes before the channels, of which `kind` tells, hold entries with a sign each:
        nothing but a product with itself is free of it, and none is as good as another.
        """
        signed = self.signs.get(kind, 0)
        summed = product.ndim - 1 - signed - items
        if summed:
            product = product.flatten(items, items + summed - 1).sum(items)
        product = squashed(product)
        if not signed:
            return product
        mixed = self.signed[kind]
        result: torch.Tensor = mixed(
            product.flatten(items) if isinstance(mixed, nn.Linear) else product
        )
        return result

    def _pair(
        self,
        level: Level,
        pairing: tuple[str, ...],
        own: int,
        left: torch.Tensor,
        right: torch.Tensor,
        seen: _Found,
        matrices: list[Pooled],
    ) -> None:
        """Products in which later groups, and signs, cancel."""
        product = left * right
        items = 1 + len(level)
        kind = "" if own else context_key(level, pairing)
        _add(seen.scalars, level, self._contracted(product, items, kind))
        if own:
            a, b = (self._as_matrices(x, level, own) for x in (left, right))
            matrices.append(pooled((a @ b.transpose(-1, -2)).sum(items + 1), level, seen.masks))

    def _as_matrices(self, x: torch.Tensor, level: Level, own: int) -> torch.Tensor:
        """[N, items..., c, contracted, d, the other own axes], so that products keep one of d."""
        x = x.movedim(-1, 1 + len(level))
        front = 2 + len(level)
        contracted = x.shape[front : x.ndim - own]
        return x.reshape(*x.shape[:front], contracted.numel(), x.shape[-own], -1)


def _rows(x: torch.Tensor, reading: Reading, axis: int) -> torch.Tensor:
    """Vectors along an own axis of a block, as `arranged` gives it, [N, m, d] of length 1, or 0."""
    at = 1 + len(reading.items) + len(reading.contracted) + axis
    return unit_scale(x.movedim(at, -1).flatten(1, -2))


def _is_vector(reading: Reading) -> bool:
    """Whether what is left of a block, pairs of its own axes contracted, is a vector."""
    return len(reading.own) % 2 == 1 and not reading.pairing


def _add(store: dict[Level, torch.Tensor], level: Level, value: torch.Tensor) -> None:
    store[level] = store[level] + value if level in store else value
