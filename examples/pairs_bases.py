"""Bases for graphs of at most 64 nodes with kinds: an MLP, a transformer, message passing.

All take adjacency [batch, n, n], kinds [batch, n] and counts [batch], and give two logits. All but
message passing alone look at where a node stands in the matrix.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from symc_runtime.bases.vit_block import Block

KINDS, CLASSES = 2, 2


def kinds_of(kind: Tensor, n: Tensor, length: int, like: Tensor) -> Tensor:
    """One-hot kinds [batch, length, 2], zero for what is no node."""
    hot = F.one_hot(kind, KINDS).to(like.dtype)
    there = torch.arange(kind.shape[1], device=n.device) < n.unsqueeze(1)
    return F.pad(hot * there.unsqueeze(-1), (0, 0, 0, length - kind.shape[1]))


def rows_of(adjacency: Tensor, length: int) -> Tensor:
    """The matrix filled up with zeros to [batch, length, length]."""
    more = length - adjacency.shape[1]
    return F.pad(adjacency, (0, more, 0, more))


class FlatMLP(nn.Module):
    """The matrix and the kinds as one vector."""

    def __init__(self, nodes: int, hidden: int = 256) -> None:
        super().__init__()
        self.nodes = nodes
        self.layers = nn.Sequential(
            nn.Linear(nodes * (nodes + KINDS), hidden),
            nn.LayerNorm(hidden),
            nn.GELU(),
            nn.Linear(hidden, hidden),
            nn.LayerNorm(hidden),
            nn.GELU(),
            nn.Linear(hidden, CLASSES),
        )

    def forward(self, adjacency: Tensor, kind: Tensor, n: Tensor) -> Tensor:
        seen = torch.cat(
            [rows_of(adjacency, self.nodes), kinds_of(kind, n, self.nodes, adjacency)], dim=-1
        )
        logits: Tensor = self.layers(seen.flatten(1))
        return logits


class RowTransformer(nn.Module):
    """A token a node: its row of the matrix, its kind, and where it stands."""

    def __init__(self, nodes: int, width: int = 64, depth: int = 3, heads: int = 4) -> None:
        super().__init__()
        self.nodes = nodes
        self.embed = nn.Linear(nodes + KINDS, width)
        self.place = nn.Parameter(torch.randn(nodes, width))
        self.blocks = nn.ModuleList(Block(width, heads, expansion=2) for _ in range(depth))
        self.norm = nn.LayerNorm(width)
        self.head = nn.Linear(width, CLASSES)

    def forward(self, adjacency: Tensor, kind: Tensor, n: Tensor) -> Tensor:
        seen = torch.cat(
            [rows_of(adjacency, self.nodes), kinds_of(kind, n, self.nodes, adjacency)], dim=-1
        )
        tokens = self.embed(seen) + self.place
        for block in self.blocks:
            tokens = block(tokens)
        logits: Tensor = self.head(self.norm(tokens).mean(dim=1))
        return logits


class MessagePassing(nn.Module):
    """Messages along the links. Nodes start at their kind and, with `positions`, at a learned
    embedding of where they stand; without, the network is equivariant to relabelling.
    """

    def __init__(self, nodes: int, *, positions: bool, width: int = 64, layers: int = 4) -> None:
        super().__init__()
        self.place = nn.Parameter(torch.randn(nodes if positions else 1, width))
        self.embed = nn.Embedding(KINDS, width)
        self.norms = nn.ModuleList(nn.LayerNorm(width) for _ in range(layers))
        self.updates = nn.ModuleList(
            nn.Sequential(nn.Linear(2 * width, width), nn.GELU(), nn.Linear(width, width))
            for _ in range(layers)
        )
        self.head = nn.Sequential(
            nn.LayerNorm(width), nn.Linear(width, width), nn.GELU(), nn.Linear(width, CLASSES)
        )

    def forward(self, adjacency: Tensor, kind: Tensor, n: Tensor) -> Tensor:
        length = kind.shape[1]
        there = (torch.arange(length, device=n.device) < n.unsqueeze(1)).unsqueeze(-1)
        nodes = (self.embed(kind) + self.place[:length]) * there
        for norm, update in zip(self.norms, self.updates, strict=True):
            seen = norm(nodes)
            nodes = nodes + update(torch.cat([seen, adjacency @ seen], dim=-1)) * there
        # The sum over nodes has about the size of one node's features.
        logits: Tensor = self.head(nodes.sum(dim=1) / 8)
        return logits


BASES: dict[str, Callable[[int], nn.Module]] = {
    "mlp": FlatMLP,
    "transformer": RowTransformer,
    "messages": lambda nodes: MessagePassing(nodes, positions=True),
    "alone": lambda nodes: MessagePassing(nodes, positions=False),
}
"""By name, for so many nodes; `alone` is message passing without positions."""
