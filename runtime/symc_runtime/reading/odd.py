"""What of the inputs changes its sign with an item of a group of sign flips, and with nothing else.

Of all other groups that may still act it is left as it is, or lists items that permutations move:
a sum of odd functions of it over these is odd in the sign of each item, and invariant to the rest.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch

from symc_runtime.reading.readings import Level, Reading, arranged, joined_channels, read_block
from symc_runtime.spec.layout import Group, Tensor, blocks, split


# No named tuple: older versions of torch cannot trace a property of one.
@dataclass(frozen=True)
class OddBlock:
    """Block `block` of input `tensor`, [N, items..., k, channels...] as `odd_numbers` gives it."""

    tensor: int
    block: int
    reading: Reading

    @property
    def level(self) -> Level:
        """The groups whose items it lists."""
        return self.reading.level

    @property
    def key(self) -> str:
        """A submodule's name."""
        return f"{self.tensor}_{self.block}"


def odd_blocks(
    inputs: tuple[Tensor, ...],
    groups: Mapping[str, Group],
    own: Group,
    later: tuple[str, ...],
    sizes: Mapping[str, int],
) -> tuple[OddBlock, ...]:
    """Blocks that hold numbers with the sign of one item of `own`, in the order of the inputs."""
    found = []
    for t, tensor in enumerate(inputs):
        for b, block in enumerate(blocks(tensor)):
            reading = read_block(block, tensor.labels, own, later, groups, sizes)
            if reading.pairing == (own.name,) and len(reading.contracted) == 1:
                found.append(OddBlock(t, b, reading))
    return tuple(found)


def odd_numbers(
    inputs: tuple[Tensor, ...],
    values: tuple[torch.Tensor, ...],
    found: tuple[OddBlock, ...],
    sizes: Mapping[str, int],
    dtype: torch.dtype,
    tol: float,
) -> list[torch.Tensor]:
    """Each block as [N, items..., k, channels], or all channel axes where a size is open.

    An item that is but a share tol^(3/2) of the block is what rounding left, and counts as zero;
    where an earlier stage turned the block, one that is a share `tol`.
    """
    pieces: dict[int, list[torch.Tensor]] = {}
    numbers = []
    for each in found:
        if each.tensor not in pieces:
            tensor = inputs[each.tensor]
            pieces[each.tensor] = split(tensor, values[each.tensor], sizes)
        x = arranged(pieces[each.tensor][each.block], each.reading, None, dtype)
        if isinstance(each.reading.channel_size, int):
            x = joined_channels(x, each.reading)
        largest = item_sizes(x.detach(), each.level)
        whole = largest.flatten(1).amax(1).reshape(-1, *[1] * (x.ndim - 1))
        share = tol if each.reading.posed else tol**1.5
        numbers.append(x.masked_fill(largest <= share * whole, 0))
    return numbers


def item_sizes(x: torch.Tensor, level: Level) -> torch.Tensor:
    """The largest magnitude of each of the k items, [N, 1..., k, 1...]."""
    items = 1 + len(level)
    others = [*range(1, items), *range(items + 1, x.ndim)]
    return x.abs().amax(others, keepdim=True)


def at_item_size_one(x: torch.Tensor, level: Level) -> torch.Tensor:
    """Every item over its largest magnitude, which has its derivatives, too; zeros stay."""
    largest = item_sizes(x, level)
    return x / torch.where(largest > 0, largest, 1.0)
