"""Specs with a base and inputs: what the benchmarks run.

The graph base is an MLP on the flattened matrix of 64 x 64; the bases of points are transformers of
width 64, depth 4 and four heads, as in `examples/nbody.py`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

import symc
from symc_runtime.bases.item_transformer import ItemTransformer
from symc_runtime.bases.mlp import MLP
from symc_runtime.symmetrized import Symmetrized

NODES, CLASSES = 64, 10
PARTICLES, POINTS = 5, 64


@dataclass(frozen=True)
class Case:
    """A spec, its base, inputs for a batch, and how many poses an example the base sees."""

    name: str
    spec: str
    base: Callable[[], nn.Module]
    inputs: Callable[[int], tuple[Tensor, ...]]
    batch: int
    folds: int

    def build(self, *, chunk: int | None = None, seed: int = 0) -> Symmetrized:
        """The symmetrized base, from the seed's weights."""
        torch.manual_seed(seed)
        return self.build_around(self.base(), chunk=chunk)

    def build_around(self, base: nn.Module, *, chunk: int | None = None) -> Symmetrized:
        """The same spec around another base."""
        model: Symmetrized = symc.build(self.spec, base, chunk=chunk)
        return model

    def draw(self, batch: int | None = None) -> tuple[Tensor, ...]:
        """Random inputs, the same at every call."""
        torch.manual_seed(1)
        return self.inputs(self.batch if batch is None else batch)


def graph_mlp(hidden: int, layers: int) -> MLP:
    """From adjacency matrices [batch, 64, 64] to logits [batch, 10]."""
    return MLP([(NODES, NODES)], [(CLASSES,)], hidden=hidden, layers=layers)


def graphs(batch: int) -> tuple[Tensor]:
    """Undirected graphs of 64 nodes, links with probability 0.1."""
    upper = (torch.rand(batch, NODES, NODES) < 0.1).float().triu(diagonal=1)
    return (upper + upper.transpose(1, 2),)


def graph_case(options: str, *, hidden: int, layers: int, samples: int = 10) -> Case:
    """S(64) on adjacency matrices, `probabilistic` with these further options."""
    spec = f"""
        size n = {NODES}
        group P = S(n)
        input  adjacency[n: P, n: P]
        output logits[{CLASSES}]
        symmetrize P by probabilistic(samples={samples}, eval_samples={samples}{options})
    """
    name = f"MLP, S({NODES})" + (", gin 64" if "64" in options else "")
    return Case(name, spec, lambda: graph_mlp(hidden, layers), graphs, batch=24, folds=samples)


def point_transformer(n: int) -> ItemTransformer:
    """From points and velocities [batch, n, 3] to points."""
    return ItemTransformer(
        inputs=[("n", 3), ("n", 3)],
        outputs=[("n", 3)],
        sizes={"n": n},
        width=64,
        depth=4,
        heads=4,
    )


def point_case(
    name: str, n: int, axes: tuple[str, str], lines: str, *, folds: int, batch: int = 32
) -> Case:
    """Positions and velocities; `axes`: their representations, `lines`: groups and methods."""
    item = "n: P" if "group P" in lines else "n"
    spec = f"""
        size n = {n}
        input  pos[{item}, 3: {axes[0]}]
        input  vel[{item}, 3: {axes[1]}]
        output next[{item}, 3: {axes[0]}]
        {lines}
    """

    def inputs(count: int) -> tuple[Tensor, ...]:
        return torch.randn(count, n, 3), torch.randn(count, n, 3)

    return Case(name, spec, lambda: point_transformer(n), inputs, batch=batch, folds=folds)


def particles(samples: int = 20) -> Case:
    """S(5) x O(3), `probabilistic` with the default nets."""
    lines = f"""
        group P = S(n)
        group M = O(3)
        symmetrize M, P by probabilistic(samples={samples}, eval_samples={samples})
    """
    name = f"transformer, S({PARTICLES}) x O(3)"
    return point_case(name, PARTICLES, ("M", "M"), lines, folds=samples)


def framed() -> Case:
    """The eight elements of a frame over E(3)."""
    lines = "group M = E(3)\n symmetrize M by frame"
    axes = ("M.point", "M.vector")
    return point_case("transformer, frame over E(3)", PARTICLES, axes, lines, folds=8)


def canonical() -> Case:
    """One learned pose under SE(3), 64 points."""
    lines = "group M = SE(3)\n symmetrize M by canonical"
    axes = ("M.point", "M.vector")
    return point_case("transformer, canonical SE(3)", POINTS, axes, lines, folds=1)
