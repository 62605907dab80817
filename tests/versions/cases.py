"""Specs and bases that together take every method, family and kind of axis through a tracer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

import symc
from symc_runtime.bases.item_transformer import ItemTransformer
from symc_runtime.bases.mlp import MLP
from symc_runtime.symmetrized import Symmetrized
from symc_runtime.verification.bases import example_counts, example_sizes, flat_base
from symc_runtime.verification.inputs import make_inputs, within_counts

SPECS = Path(__file__).parents[2] / "specs"
METHODS = ("average", "frame", "canonical", "probabilistic", "base")
FAMILIES = {"O(3)": "vector", "SO(3)": "vector", "E(3)": "point", "SE(3)": "point", "T(3)": "point"}


class Cumulated(nn.Module):
    """Without symmetry, for any number of items: sums over the items so far."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.tensor(0.7))

    def forward(self, x: Tensor) -> Tensor:
        return (self.weight * x.cumsum(1)).tanh() + x


class Weighted(nn.Module):
    """With every symmetry that there is: what came, a little longer or shorter."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.tensor(0.7))

    def forward(self, x: Tensor) -> Tensor:
        return x + (self.weight - self.weight.detach())


@dataclass(frozen=True)
class Case:
    """A spec around a base. `open_items`: as many as `n` says, and the base takes any number."""

    name: str
    spec: str | Path
    base: Callable[[], nn.Module] | None = None
    open_items: bool = False

    def build(self) -> symc.CompiledModel:
        """The module, its weights the same at every call. Without a base, around a flat one."""
        torch.manual_seed(0)
        if self.base is not None:
            base = self.base()
        else:
            probe = symc.build(self.spec, nn.Identity())
            base = flat_base(probe.inputs, probe.outputs, _sizes(probe))
        model = symc.build(self.spec, base)
        model.draw_so_many(2)
        return model

    def inputs(
        self, model: Symmetrized, batch: int, items: int = 4
    ) -> tuple[tuple[Tensor, ...], dict[str, Tensor]]:
        """Inputs in single precision, and counts of ragged sizes."""
        sizes = _sizes(model)
        if self.open_items:
            sizes["n"] = items
        values = make_inputs(
            "random", model.inputs, model.groups, sizes, batch, dtype=torch.float32
        )
        counts = example_counts(model.ragged, sizes, batch)
        return within_counts(model.inputs, values, counts), counts


def _sizes(model: Symmetrized) -> dict[str, int]:
    return example_sizes(model.inputs + model.outputs, model.groups, model.fixed, model.ragged)


def _items(method: str, ragged: bool) -> Case:
    size = "size n <= 9\n" if ragged else ""
    spec = f"{size}group P = S(n)\ninput x[n: P, 3]\noutput y[n: P, 3]\nsymmetrize P by {method}\n"
    base = Weighted if method == "base" else Cumulated
    return Case(f"{'ragged ' * ragged}S(n) by {method}", spec, base, open_items=True)


def _space(group: str, kind: str, method: str) -> Case:
    axes = f"[n, 3: M.{kind}]"
    spec = f"group M = {group}\ninput x{axes}\noutput y{axes}\nsymmetrize M by {method}\n"
    base = Weighted if method == "base" else Cumulated
    return Case(f"{group} by {method}", spec, base, open_items=True)


def _both(method: str) -> Case:
    axes = "[n: P, 3: M.point]"
    spec = (
        f"size n <= 9\ngroup P = S(n)\ngroup M = E(3)\ninput x{axes}\noutput y{axes}\n"
        f"symmetrize P, M by {method}\n"
    )
    base = Weighted if method == "base" else Cumulated
    return Case(f"ragged S(n) x E(3) by {method}", spec, base, open_items=True)


def _labels(method: str) -> Case:
    spec = f"group P = S(n)\ninput x[n: P] of 5\noutput y[n: P, 2]\nsymmetrize P by {method}\n"
    return Case(f"labels alone by {method}", spec)


def _transformer() -> nn.Module:
    shapes = [("n", 3), ("n", 3), ("n", "n")]
    return ItemTransformer(shapes, [("n", 3)], slots=False, width=16, depth=2)


def _perceptron() -> nn.Module:
    return MLP([("n", 8)], [(4,)], sizes={"n": 4}, hidden=16, layers=2)


CASES = [
    *(_items(method, ragged) for method in METHODS for ragged in (False, True)),
    *(
        _space(group, kind, method)
        for group, kind in FAMILIES.items()
        for method in METHODS
        # Translations have no law that is the same everywhere.
        if (group, method) != ("T(3)", "average")
    ),
    *(_both(method) for method in METHODS),
    *(_labels(method) for method in ("average", "frame", "probabilistic")),
    Case("item transformer", SPECS / "nbody.sym", _transformer, open_items=True),
    Case("perceptron", SPECS / "sets.sym", _perceptron),
    *(Case(path.stem, path) for path in sorted(SPECS.glob("*.sym"))),
]
