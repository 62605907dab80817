"""Blocks of vectors, each over the length of its longest, mixed into a few vectors by level."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import nn

from symc_runtime.modules.mixing import mixing, stacked
from symc_runtime.reading.readings import Level, Reading, joined_channels
from symc_runtime.reading.units import longest
from symc_runtime.spec.layout import Block
from symc_runtime.spec.polynomials import Size


class VectorBlocks(nn.Module):
    """Blocks, as `arranged` gives them, to vectors [N, items..., width, d] by level.

    Pairs of a block's own axes are contracted. Blocks with the same axes are read at once.
    """

    def __init__(self, blocks: Mapping[str, tuple[Block, Reading]], width: int) -> None:
        super().__init__()
        alike: dict[tuple[Level, int, tuple[Size, ...]], list[str]] = {}
        for key, (block, reading) in blocks.items():
            axes = tuple(block.axes[i].size for i in (*reading.items, *reading.own))
            size = reading.channel_size
            # Channels of open number are mixed by themselves: the first of each has the first row.
            last: Size = size if isinstance(size, int) else key
            alike.setdefault((reading.level, len(reading.own), (*axes, last)), []).append(key)
        self.readings = {key: reading for key, (_, reading) in blocks.items()}
        self.alike = tuple(tuple(keys) for keys in alike.values())
        self.mixings = nn.ModuleList()
        for first, *others in self.alike:
            reading = self.readings[first]
            size = reading.channel_size
            size = size * (1 + len(others)) if isinstance(size, int) else size
            self.mixings.append(mixing(size, width, len(reading.channels)))

    def forward(
        self, blocks: Mapping[str, torch.Tensor]
    ) -> tuple[dict[Level, torch.Tensor], torch.Tensor]:
        """The vectors, and the lengths [N, blocks] that blocks were divided by."""
        vectors: dict[Level, torch.Tensor] = {}
        lengths: list[torch.Tensor] = []
        for keys, mix in zip(self.alike, self.mixings, strict=True):
            reading = self.readings[keys[0]]
            items, own = len(reading.level), len(reading.own)
            found = [joined_channels(blocks[key], reading) for key in keys]
            x = stacked(found, -2)
            length = longest(x, 1 + items, own)
            lengths.append(length.flatten(1))
            x = (x / length).flatten(-2)
            if not isinstance(reading.channel_size, int):
                x = x.reshape(blocks[keys[0]].shape)
            mixed = mix(x).movedim(-1, -1 - own)
            for _ in range(own // 2):
                mixed = mixed.diagonal(dim1=-2, dim2=-1).sum(-1)
            level = reading.level
            vectors[level] = vectors[level] + mixed if level in vectors else mixed
        return vectors, lengths[0] if len(lengths) == 1 else torch.cat(lengths, -1)
