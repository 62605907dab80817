"""How a stage reads each block of its inputs: as items, vectors, channels, or in pairs.

A spec is a list of pure blocks (channels x items x vectors, with signs). For a stage of group G
with later groups L, axes permuted by G or by L are items; axes rotated by L are contracted; axes
rotated by G stay vectors; all else, groups of earlier stages included, is channels. An axis of
signs, of G or of L, is contracted too, entry by entry: each has a sign of its own.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import torch

from symc_runtime.actions.axes import Center, center_of_all, centered_points, keep_valid
from symc_runtime.spec.layout import Block, Group, Tensor, blocks
from symc_runtime.spec.polynomials import Size, evaluate, unknown_names

Level = tuple[str, ...]
"""The permutation groups whose items a feature is about: () all, ("P",) items, ("P", "P") pairs."""


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
    signed: tuple[Size, ...]
    """Sizes of the last of the contracted axes, whose entries have a sign each."""
    posed: bool
    """Whether an earlier stage turned it: its numbers are as exact as the largest of them."""


def _known(size: Size, sizes: Mapping[str, int]) -> Size:
    return size if unknown_names(size, sizes) else evaluate(size, sizes)


def moves(groups: Collection[str], block: Block, tensor: Tensor) -> bool:
    """Whether one of the groups moves the block of a tensor, or relabels its numbers."""
    renamed = tensor.names is not None and tensor.names.group in groups
    moved = any(a.group in groups for a in block.axes)
    return renamed or moved or bool(block.characters & set(groups))


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
    signed: list[int] = []
    vectors: list[int] = []
    channels: list[int] = []
    level: list[str] = []
    size: Size = 1
    for index, axis in enumerate(block.axes):
        name = axis.group
        acting = name is not None and (name == own.name or name in later)
        if acting and name is not None and groups[name].permutes:
            items.append(index)
            level.append(name)
        elif acting and name is not None and groups[name].flips:
            signed.append(index)
        elif acting and name == own.name:
            vectors.append(index)
        elif acting and name is not None and groups[name].turns:
            contracted.append(index)
        else:
            channels.append(index)
            width = _known(axis.size, sizes)
            size = size * width if isinstance(size, int) and isinstance(width, int) else "free"
    if labels is not None:
        size = size * labels if isinstance(size, int) else size
    signs = {name for name in block.characters if name in later or name == own.name}
    # One order for all blocks, which are added to each other: N * L and L * N, too.
    named = sorted([(block.axes[index].group or "", index) for index in contracted])
    flipped = sorted([(block.axes[index].group or "", index) for index in signed])
    contracted = [index for _, index in (*named, *flipped)]
    turned = [name for name, _ in (*named, *flipped) if name]
    return Reading(
        tuple(level), tuple(items), tuple(contracted), tuple(vectors), tuple(channels),
        tuple(sorted([*turned, *(f"sign {name}" for name in signs)])),
        block.affine if block.affine in later else None,
        size,
        tuple([_known(block.axes[index].size, sizes) for _, index in flipped]),
        any(_is_turned(groups, block.axes[index].group) for index in channels),
    )  # fmt: skip


def _is_turned(groups: Mapping[str, Group], name: str | None) -> bool:
    """Whether elements of the group mix the entries of an axis."""
    return name is not None and not (groups[name].permutes or groups[name].flips)


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
    counts: Mapping[str, torch.Tensor] | None,
) -> dict[str, Center]:
    """Mean of the anchor's valid points for each group; `pieces`: blocks of the inputs."""
    centers: dict[str, Center] = {}
    for group, index in anchors.items():
        found = []
        for block, x in zip(blocks(inputs[index]), pieces[index], strict=True):
            if block.affine == group:
                axis = next(i for i, a in enumerate(block.axes, 1) if a.group == group)
                # Also where no group permutes the axis.
                valid = {
                    i: counts[a.size]
                    for i, a in enumerate(block.axes, 1)
                    if counts and isinstance(a.size, str) and a.size in counts
                }
                found.append((x, axis, valid))
        centers[group] = center_of_all(*found)
    return centers


def centered_block(
    x: torch.Tensor,
    block: Block,
    reading: Reading,
    centers: Mapping[str, Center],
    counts: Mapping[str, torch.Tensor] | None,
) -> torch.Tensor:
    """Points of a later group relative to its anchor, padding zero; anything else as it is."""
    if reading.affine is None or reading.affine not in centers:
        return x
    axis = next(i for i, a in enumerate(block.axes, 1) if a.group == reading.affine)
    x = centered_points(x, centers[reading.affine], axis)
    for dim, item in enumerate(block.axes, 1):
        if counts and isinstance(item.size, str) and item.size in counts:
            x = keep_valid(x, counts[item.size], dim)
    return x


def item_masks(
    groups: Mapping[str, Group],
    counts: Mapping[str, torch.Tensor] | None,
    sizes: Mapping[str, int],
) -> dict[str, torch.Tensor]:
    """Valid items [N, n] of each permutation group over a ragged size."""
    masks: dict[str, torch.Tensor] = {}
    for name, group in groups.items():
        size = group.parameter
        if group.permutes and counts and isinstance(size, str) and size in counts:
            position = torch.arange(sizes[size], device=counts[size].device)
            masks[name] = position < counts[size].unsqueeze(-1)
    return masks
