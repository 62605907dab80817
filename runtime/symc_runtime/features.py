"""What a stage's net may see: scalars invariant to later groups, and vectors of its own group.

A spec is a list of pure blocks (channels x items x vectors, with signs). For a stage of group G
with later groups L, axes permuted by G or by L are items; axes rotated by L are contracted; axes
rotated by G stay vectors; all else, groups of earlier stages included, is channels.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import torch
from torch import nn

from symc_runtime.actions import centered_points
from symc_runtime.layout import Block, Group, Tensor, blocks, solve_sizes, split
from symc_runtime.modules.mixing import masked_mean, mixing, squashed
from symc_runtime.sizes import Size, evaluate, names

Level = tuple[str, ...]
"""The permutation groups whose items a feature is about: () all, ("P",) items, ("P", "P") pairs."""


@dataclass
class Seen:
    """Features by level: scalars [N, items..., c], vectors [N, items..., c, d].

    `matrices` [N, c, d, d] are about the whole.

    `masks`: valid items [N, n] of each ragged permutation group.
    """

    scalars: dict[Level, torch.Tensor] = field(default_factory=dict)
    vectors: dict[Level, torch.Tensor] = field(default_factory=dict)
    matrices: torch.Tensor | None = None
    masks: dict[str, torch.Tensor] = field(default_factory=dict)


@dataclass(frozen=True)
class Reading:
    """How one block is read: which of its axes are items, contracted, own vectors, channels."""

    level: Level
    items: tuple[int, ...]
    contracted: tuple[int, ...]
    own: tuple[int, ...]
    channels: tuple[int, ...]
    pairing: tuple[str, ...]
    """Later groups whose action must cancel between two factors; empty: read it linearly."""
    affine: str | None
    channel_size: Size


def _known(size: Size, sizes: Mapping[str, int]) -> Size:
    return evaluate(size, sizes) if not names(size) - sizes.keys() else size


def read_block(
    block: Block,
    labels: int | None,
    own: Group,
    later: tuple[str, ...],
    groups: Mapping[str, Group],
    sizes: Mapping[str, int],
) -> Reading:
    items: list[int] = []
    contracted: list[int] = []
    vectors: list[int] = []
    channels: list[int] = []
    level: list[str] = []
    size: Size = 1
    for index, axis in enumerate(block.axes):
        name = axis.group
        acting = name is not None and (name == own.name or name in later)
        if acting and name is not None and groups[name].kind == "permutation":
            items.append(index)
            level.append(name)
        elif acting and name == own.name:
            vectors.append(index)
        elif acting and name is not None and groups[name].kind != "translation":
            contracted.append(index)
        else:
            channels.append(index)
            width = _known(axis.size, sizes)
            size = size * width if isinstance(size, int) and isinstance(width, int) else "free"
    if labels is not None:
        size = size * labels if isinstance(size, int) else size
    signs = {name for name in block.characters if name in later or name == own.name}
    turned = [groups_name for i in contracted if (groups_name := block.axes[i].group)]
    return Reading(
        tuple(level), tuple(items), tuple(contracted), tuple(vectors), tuple(channels),
        tuple(sorted([*turned, *(f"sign {name}" for name in signs)])),
        block.affine if block.affine in later else None,
        size,
    )  # fmt: skip


def arranged(
    x: torch.Tensor, reading: Reading, labels: int | None, dtype: torch.dtype
) -> torch.Tensor:
    """A block as [N, items..., contracted..., own..., channels...]; labels one-hot.

    Labels below 0, padding, are no label. Without any channel axis there is one of size 1.
    """
    order = (*reading.items, *reading.contracted, *reading.own, *reading.channels)
    x = x.permute(0, *(index + 1 for index in order))
    kept = 1 + len(reading.items) + len(reading.contracted) + len(reading.own)
    if labels is not None:
        x = x.unsqueeze(-1) == torch.arange(labels, device=x.device)
    x = x.to(dtype)
    return x.unsqueeze(-1) if x.ndim == kept else x


def joined_channels(x: torch.Tensor, reading: Reading) -> torch.Tensor:
    """x as `arranged` gives it, its channel axes flattened into one."""
    return x.flatten(1 + len(reading.items) + len(reading.contracted) + len(reading.own))


def unlabeled_padding(
    x: torch.Tensor, block: Block, counts: Mapping[str, torch.Tensor] | None
) -> torch.Tensor:
    """Labels [N, ...] with -1, which is no label, where a ragged axis holds padding."""
    for dim, axis in enumerate(block.axes, start=1):
        if counts and axis.size in counts:
            shape = [1] * x.ndim
            shape[dim] = x.shape[dim]
            position = torch.arange(x.shape[dim], device=x.device).reshape(shape)
            valid = counts[str(axis.size)].reshape(-1, *[1] * (x.ndim - 1))
            x = x.masked_fill(position >= valid, -1)
    return x


def point_centers(
    inputs: tuple[Tensor, ...],
    pieces: list[list[torch.Tensor]],
    anchors: Mapping[str, int],
    masks: Mapping[str, torch.Tensor],
) -> dict[str, torch.Tensor]:
    """Mean [N, d] of the anchor's valid points for each group; `pieces`: blocks of the inputs."""
    centers: dict[str, torch.Tensor] = {}
    for group, index in anchors.items():
        sums, items = [], []
        for block, x in zip(blocks(inputs[index]), pieces[index], strict=True):
            if block.affine != group:
                continue
            axis = next(i for i, a in enumerate(block.axes, 1) if a.group == group)
            weight = torch.ones_like(x.narrow(axis, 0, 1))
            for i, a in enumerate(block.axes, 1):
                if a.group is not None and a.group in masks:
                    shape = [1] * x.ndim
                    shape[0], shape[i] = masks[a.group].shape
                    weight = weight * masks[a.group].reshape(shape).to(x.dtype)
            rows = (x * weight).movedim(axis, -1)
            sums.append(rows.reshape(x.shape[0], -1, x.shape[axis]).sum(1))
            items.append(weight.flatten(1).sum(1))
        total, count = torch.stack(sums).sum(0), torch.stack(items).sum(0)
        centers[group] = total / count.clamp(min=1).unsqueeze(-1)
    return centers


def centered_block(
    x: torch.Tensor, block: Block, reading: Reading, centers: Mapping[str, torch.Tensor]
) -> torch.Tensor:
    """Points of a later group relative to its anchor; anything else as it is."""
    if reading.affine is None or reading.affine not in centers:
        return x
    axis = next(i for i, a in enumerate(block.axes, 1) if a.group == reading.affine)
    return centered_points(x, centers[reading.affine], axis)


def item_masks(
    groups: Mapping[str, Group],
    counts: Mapping[str, torch.Tensor] | None,
    sizes: Mapping[str, int],
) -> dict[str, torch.Tensor]:
    """Valid items [N, n] of each permutation group over a ragged size."""
    masks: dict[str, torch.Tensor] = {}
    for name, group in groups.items():
        size = group.parameter
        if group.kind == "permutation" and counts and isinstance(size, str) and size in counts:
            position = torch.arange(sizes[size], device=counts[size].device)
            masks[name] = position < counts[size].unsqueeze(-1)
    return masks


def cross_matrix(a: torch.Tensor) -> torch.Tensor:
    """[a]_x of pseudovectors a [..., 3]: a true matrix, v -> a x v."""
    x, y, z = a.unbind(-1)
    o = torch.zeros_like(x)
    rows = torch.stack([o, -z, y, z, o, -x, -y, x, o], -1)
    return rows.reshape(*a.shape[:-1], 3, 3)


class Features(nn.Module):
    """Inputs [N, ...] to `Seen`; `width` channels a kind of feature and level.

    `levels` lists the levels with scalars, `vector_levels` those with vectors.
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
    ) -> None:
        super().__init__()
        self.inputs = inputs
        self.own = own.name
        self.groups = {group.name: group for group in groups}
        self.anchors = dict(anchors)
        self.sizes = dict(sizes)
        self.width = width
        self.readings = tuple(
            tuple(
                read_block(block, tensor.labels, own, later, self.groups, sizes)
                for block in blocks(tensor)
            )
            for tensor in inputs
        )
        self.mixings = nn.ModuleDict()
        self.levels: list[Level] = []
        self.vector_levels: list[Level] = []
        self.has_matrices = False
        for t, readings in enumerate(self.readings):
            for b, reading in enumerate(readings):
                self._declare(f"{t}_{b}", reading, inputs[t].labels)

    def _declare(self, key: str, reading: Reading, labels: int | None) -> None:
        size = reading.channel_size
        axes = len(reading.channels) + (labels is not None)
        if len(reading.own) % 2 == 1 and not reading.pairing:
            self.mixings[key] = mixing(size, self.width, axes)
            if reading.level not in self.vector_levels:
                self.vector_levels.append(reading.level)
        elif not reading.own and not reading.pairing:
            doubled: Size = 2 * size if isinstance(size, int) else size
            self.mixings[key] = mixing(doubled, self.width, axes + 1)
        else:
            self.mixings[key] = mixing(size, self.width, axes)
            self.mixings[key + "_pair"] = mixing(size, self.width, axes)
            if reading.own:
                self.has_matrices = True
        if reading.level not in self.levels:
            self.levels.append(reading.level)

    @property
    def dtype(self) -> torch.dtype:
        """The dtype of the weights."""
        weight: torch.Tensor = next(self.parameters())
        return weight.dtype

    def forward(
        self, *inputs: torch.Tensor, counts: Mapping[str, torch.Tensor] | None = None
    ) -> Seen:
        """Everything that may inform the element."""
        seen = Seen()
        shapes = [x.shape for x in inputs]
        sizes = solve_sizes(self.inputs, shapes, self.sizes)
        seen.masks = item_masks(self.groups, counts, sizes)
        pieces = [split(t, x, sizes) for t, x in zip(self.inputs, inputs, strict=True)]
        centers = point_centers(self.inputs, pieces, self.anchors, seen.masks)
        paired: dict[tuple[Level, tuple[str, ...], int], list[torch.Tensor]] = {}
        matrices: list[torch.Tensor] = []
        for t, (tensor, readings) in enumerate(zip(self.inputs, self.readings, strict=True)):
            for b, reading in enumerate(readings):
                block = blocks(tensor)[b]
                x = centered_block(pieces[t][b], block, reading, centers)
                if tensor.labels is not None:
                    x = unlabeled_padding(x, block, counts)
                x = arranged(x, reading, tensor.labels, self.dtype)
                self._read(f"{t}_{b}", x, reading, seen, paired, matrices)
        for (level, _, own), (left, right) in paired.items():
            self._pair(level, own, left, right, seen, matrices)
        if matrices:
            seen.matrices = torch.stack(matrices).sum(0)
        return seen

    def _read(
        self,
        key: str,
        x: torch.Tensor,
        reading: Reading,
        seen: Seen,
        paired: dict[tuple[Level, tuple[str, ...], int], list[torch.Tensor]],
        matrices: list[torch.Tensor],
    ) -> None:
        level, own = reading.level, len(reading.own)
        if own % 2 == 1 and not reading.pairing:
            mixed = self._mixed(key, x, reading).movedim(-1, -1 - own)
            for _ in range(own // 2):
                mixed = mixed.diagonal(dim1=-2, dim2=-1).sum(-1)
            _add(seen.vectors, level, mixed)
        elif not own and not reading.pairing:
            magnitude = torch.log1p(x.abs()) * x.sign()
            both = torch.stack([squashed(x), magnitude], -1)
            _add(seen.scalars, level, self._mixed(key, both, reading))
        else:
            left = self._mixed(key, x, reading)
            right = self._mixed(key + "_pair", x, reading)
            pair = paired.setdefault((level, reading.pairing, own), [])
            if pair:
                pair[0], pair[1] = pair[0] + left, pair[1] + right
            else:
                pair += [left, right]
            if own == 1 and reading.pairing == (f"sign {self.own}",):
                if left.shape[-2] == 3:
                    matrices.append(self._pooled(cross_matrix(left.movedim(-1, -2)), level, seen))
            elif own == 2 and not reading.pairing:
                matrices.append(self._pooled(left.movedim(-1, -3), level, seen))

    def _mixed(self, key: str, x: torch.Tensor, reading: Reading) -> torch.Tensor:
        if isinstance(reading.channel_size, int):
            x = joined_channels(x, reading)
        result: torch.Tensor = self.mixings[key](x)
        return result

    def _pooled(self, x: torch.Tensor, level: Level, seen: Seen) -> torch.Tensor:
        for position in reversed(range(len(level))):
            x = masked_mean(x, position + 1, seen.masks.get(level[position]))
        return x

    def _pair(
        self,
        level: Level,
        own: int,
        left: torch.Tensor,
        right: torch.Tensor,
        seen: Seen,
        matrices: list[torch.Tensor],
    ) -> None:
        """Products in which later groups, and signs, cancel."""
        product = left * right
        items = 1 + len(level)
        _add(
            seen.scalars,
            level,
            squashed(product.flatten(items, -2).sum(-2) if product.ndim > items + 1 else product),
        )
        if own == 1:
            # Contracted axes stand before the own one: sum them out of the outer product.
            a = left.movedim(-1, items).unsqueeze(-1)
            b = right.movedim(-1, items).unsqueeze(-2)
            outer = a * b
            while outer.ndim > items + 3:
                outer = outer.sum(items + 1)
            matrices.append(self._pooled(outer, level, seen))


def _add(store: dict[Level, torch.Tensor], level: Level, value: torch.Tensor) -> None:
    store[level] = store[level] + value if level in store else value
