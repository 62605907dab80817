"""Deep Sets of blocks (Zaheer et al., NeurIPS 2017; Hartford et al., ICML 2018), with noise."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import nn
from torch.nn import functional as F

from symc_runtime.actions.axes import fold_like
from symc_runtime.modules.scores import Scored, item_scores


class Features(NamedTuple):
    """What is known of items [N, n, m, c] and of blocks [N, n, c]."""

    items: torch.Tensor
    blocks: torch.Tensor


class Exchange(nn.Module):
    """What items and blocks make of themselves, of each other and of all: linear in each.

    An item sees itself and its block; a block sees itself, its items and all blocks, through those
    all items.
    """

    def __init__(self, items: int, blocks: int, width: int) -> None:
        super().__init__()
        self.item = nn.Linear(items, width, bias=False)
        self.block = nn.Linear(blocks, width)
        self.inside = nn.Linear(items, width, bias=False)
        self.all = nn.Linear(width, width, bias=False)
        self.around = nn.Linear(width, width)

    def forward(self, x: Features) -> Features:
        """To `width` channels of each."""
        blocks = self.block(x.blocks) + self.inside(x.items.mean(2))
        blocks = blocks + self.all(F.silu(blocks).mean(1)).unsqueeze(1)
        return Features(self.item(x.items) + self.around(F.silu(blocks)).unsqueeze(2), blocks)


class Layer(nn.Module):
    """Both, plus a perceptron of what each sees."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.exchange = Exchange(width, width, width)
        self.rest = nn.ModuleList(
            nn.Sequential(nn.LayerNorm(width), nn.SiLU(), nn.Linear(width, width)) for _ in range(2)
        )

    def forward(self, x: Features) -> Features:
        """The same channels again."""
        seen = self.exchange(x)
        items, blocks = (
            own + rest(more) for own, rest, more in zip(x, self.rest, seen, strict=True)
        )
        return Features(items, blocks)


class Nested(nn.Module):
    """Scores of items [K*N, n, m] and of blocks [K*N, n] from features and noise.

    A trunk sees each input once. A layer of half the width joins its result to noise, which
    differs from sample to sample.
    """

    def __init__(self, hidden: int, layers: int, noise: int) -> None:
        super().__init__()
        thin = max(hidden // 2, 4)
        self.layers = nn.ModuleList(Layer(hidden) for _ in range(layers))
        self.heads = nn.ModuleList(nn.Linear(hidden, 1, bias=False) for _ in range(2))
        self.starts = nn.ModuleList(nn.Linear(hidden, thin) for _ in range(2 if noise else 0))
        self.drawn = Exchange(noise, noise, thin) if noise else None
        self.last = Exchange(thin, thin, thin) if noise else None
        self.spread = nn.ModuleList(
            nn.Linear(thin + noise, 1, bias=False) for _ in range(2 if noise else 0)
        )

    def forward(self, known: Features, noise: Features) -> tuple[Scored, Scored]:
        """Of items and of blocks, each with a bound on the terms of a row's scores."""
        for layer in self.layers:
            known = layer(known)
        shape = noise.items.shape[1:3]
        found = []
        for head, x in zip(self.heads, known, strict=True):
            scores, summed = item_scores(head, x.flatten(1, -2), None)
            found.append((fold_like(scores, noise.items), fold_like(summed, noise.items)))
        if self.drawn is not None and self.last is not None:
            own = [start(x) for start, x in zip(self.starts, known, strict=True)]
            more = self.drawn(noise)
            joined = [F.silu(fold_like(x, y) + y) for x, y in zip(own, more, strict=True)]
            joined = [F.silu(x) for x in self.last(Features(*joined))]
            for i, (spread, x, z) in enumerate(zip(self.spread, joined, noise, strict=True)):
                scores, summed = item_scores(spread, torch.cat([x, z], -1).flatten(1, -2), None)
                found[i] = found[i][0] + scores, found[i][1] + summed
        (items, of_items), (blocks, of_blocks) = found
        return (items.unflatten(1, shape), of_items), (blocks, of_blocks)
