"""Images, voxels and sequences on a grid of a stage's own group, as a net sees them: pooled."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import torch

from symc_runtime.reading.readings import Reading, arranged, read_block
from symc_runtime.spec.layout import Block, Group, Tensor, blocks, solve_sizes, split
from symc_runtime.spec.polynomials import Size, evaluate, unknown_names

SIDES = {1: 16, 2: 16, 3: 8}
"""How many entries a pooled copy has along each axis, by the number of axes."""


class Picture(NamedTuple):
    """Pooled grids [N * items..., c, side, ...], each over its largest number.

    `items`: how many there are along each axis of items of an example; `masks` [N, n]: which of
    them are valid, None where all are.
    """

    pixels: torch.Tensor
    items: tuple[int, ...]
    masks: tuple[torch.Tensor | None, ...]


class _Frame(NamedTuple):
    """One block that is read as images. Positions count the axes of the block.

    `sides`: of a grid; `items`: axes whose entries are images of their own; `channels`: how many
    each image has.
    """

    tensor: int
    block: int
    sides: tuple[Size, ...]
    grid: int
    items: tuple[int, ...]
    reading: Reading
    channels: int


class Images:
    """The blocks of some inputs that are images of the group `own`, for nets that look at them.

    A block is one where it has a grid of the group, and all else is items or channels: signs and
    vectors of later groups are for `Features`. Channels of open number are images of their own.
    `inputs` and `covered` are the same, as declared and as a net of the stage reads them.
    """

    def __init__(
        self,
        inputs: tuple[Tensor, ...],
        covered: tuple[Tensor, ...],
        groups: tuple[Group, ...],
        own: Group,
        later: tuple[str, ...],
        sizes: Mapping[str, int],
    ) -> None:
        self.inputs = covered
        self.sizes = dict(sizes)
        by_name = {group.name: group for group in groups}
        self.blocks = [blocks(tensor) for tensor in covered]
        self.frames: list[_Frame] = []
        for t, tensor in enumerate(inputs):
            for b, block in enumerate(blocks(tensor)):
                seen = self.blocks[t][b]
                reading = read_block(seen, tensor.labels, own, later, by_name, sizes)
                frame = _frame(block, seen, reading, own.name, tensor.labels, sizes)
                if frame is not None:
                    self.frames.append(frame._replace(tensor=t, block=b))

    @property
    def read(self) -> frozenset[tuple[int, int]]:
        """Which blocks of which inputs are read as images."""
        return frozenset([(frame.tensor, frame.block) for frame in self.frames])

    def __call__(
        self,
        *inputs: torch.Tensor,
        dtype: torch.dtype,
        counts: Mapping[str, torch.Tensor] | None = None,
    ) -> list[Picture]:
        """A picture for each block, of inputs [N, ...]."""
        sizes = solve_sizes(self.inputs, [x.shape for x in inputs], self.sizes)
        pieces = [split(t, x, sizes) for t, x in zip(self.inputs, inputs, strict=True)]
        return [self._picture(frame, pieces, dtype, counts, sizes) for frame in self.frames]

    def _picture(
        self,
        frame: _Frame,
        pieces: list[list[torch.Tensor]],
        dtype: torch.dtype,
        counts: Mapping[str, torch.Tensor] | None,
        sizes: Mapping[str, int],
    ) -> Picture:
        block = self.blocks[frame.tensor][frame.block]
        x = pieces[frame.tensor][frame.block]
        x = arranged(x, frame.reading, self.inputs[frame.tensor].labels, dtype)
        # Without items and vectors of any other kind axes are in this order.
        order = (*frame.reading.items, *frame.reading.channels)
        place = {axis: dim for dim, axis in enumerate(order, start=1)}
        x = x.movedim([*[place[axis] for axis in frame.items], place[frame.grid]],
                      [*range(1, len(frame.items) + 1), -1])  # fmt: skip
        items = tuple(x.shape[1 : len(frame.items) + 1])
        x = x.reshape(-1, frame.channels, *[evaluate(side, sizes) for side in frame.sides])
        masks = tuple([_mask(block.axes[axis].size, counts, sizes) for axis in frame.items])
        return Picture(pooled(x), items, masks)


def pooled(x: torch.Tensor) -> torch.Tensor:
    """Means of grids [N, c, h, w ...] over equal parts, SIDES along an axis, over the largest."""
    count = x.ndim - 2
    side = SIDES[count]
    y = x @ _shares(x.shape[-1], side, x).T
    for dim in range(2, x.ndim - 1):
        last = dim == x.ndim - 2
        shares = _shares(x.shape[dim], side, x)
        y = shares @ y if last else (shares @ y.movedim(dim, -2)).movedim(-2, dim)
    largest = y.abs().amax(list(range(1, y.ndim)), keepdim=True)
    return y / torch.threshold(largest, 0.0, 1.0)


def _shares(length: int, side: int, like: torch.Tensor) -> torch.Tensor:
    """How much each of `length` entries has of each of `side` parts, [side, length]."""
    end = torch.arange(1, length + 1, device=like.device)
    part = torch.arange(1, side + 1, device=like.device).unsqueeze(1)
    # In units of which an entry has `side`, a part `length`.
    overlap = torch.minimum(end * side, part * length) - torch.maximum(
        (end - 1) * side, (part - 1) * length
    )
    return overlap.clamp(min=0).to(like.dtype) / length


def _mask(
    size: Size, counts: Mapping[str, torch.Tensor] | None, sizes: Mapping[str, int]
) -> torch.Tensor | None:
    """Valid entries [N, n] of an axis of ragged size."""
    if not counts or not isinstance(size, str) or size not in counts:
        return None
    position = torch.arange(sizes[size], device=counts[size].device)
    return position < counts[size].unsqueeze(-1)


def _frame(
    block: Block,
    seen: Block,
    reading: Reading,
    own: str,
    labels: int | None,
    sizes: Mapping[str, int],
) -> _Frame | None:
    """How a block, which nets see as `seen`, is read as images; None where it is not."""
    if reading.pairing or reading.contracted or reading.own or reading.affine is not None:
        return None
    tables = [(i, a.table) for i, a in enumerate(block.axes) if a.table and a.group == own]
    grids = [(i, table.arguments) for i, table in tables if table.atom == "grid"]
    if not grids or len(grids[0][1]) not in SIDES:
        return None
    grid, sides = grids[0]
    items, channels = list(reading.items), labels or 1
    for axis in reading.channels:
        if axis == grid:
            continue
        size = seen.axes[axis].size
        if unknown_names(size, sizes):
            items.append(axis)
        else:
            channels *= evaluate(size, sizes)
    return _Frame(0, 0, sides, grid, tuple(items), reading, channels)
