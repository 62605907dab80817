"""Inputs and bases for any compiled module, made from its declarations alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import torch
from torch import nn

import symc
from symc_runtime.spec.layout import Tensor, shape_of
from symc_runtime.spec.polynomials import evaluate, names
from symc_runtime.symmetrized import Symmetrized
from symc_runtime.verification.bases import flat_base

SPECS = sorted((Path(__file__).parents[1] / "specs").glob("*.sym"))

DEFAULT_SIZES = (4, 3, 2, 5)
"""Values that free sizes of a spec get, in the order of their names."""


def sizes_for(
    tensors: Sequence[Tensor], fixed: Mapping[str, int], ragged: Mapping[str, int] | None = None
) -> dict[str, int]:
    """A value for each size name of the tensors, of `ragged` ones within their bounds."""
    found: set[str] = set()
    for tensor in tensors:
        for size in shape_of(tensor):
            found |= names(size)
    free = sorted(found - fixed.keys())
    values = {n: DEFAULT_SIZES[i % 4] for i, n in enumerate(free)}
    bounds = {**values, **(ragged or {})}
    return {**{n: min(value, bounds[n]) for n, value in values.items()}, **fixed}


def on_flat_base(spec: str | Path, sizes: Mapping[str, int] | None = None) -> symc.CompiledModel:
    """The spec around a base without any symmetry; other sizes are those of `sizes_for`."""
    probe = symc.build(spec, nn.Identity())
    known = sizes_for(probe.inputs + probe.outputs, {**(sizes or {}), **probe.fixed})
    return symc.build(spec, flat_base(probe.inputs, probe.outputs, known))


def shape(tensor: Tensor, sizes: Mapping[str, int]) -> tuple[int, ...]:
    """The shape of a declared tensor without its batch axis."""
    return tuple(evaluate(size, sizes) for size in shape_of(tensor))


KINDS = ("random", "zero", "repeated", "huge", "tiny", "collinear")


def example_inputs(
    model: Symmetrized,
    sizes: Mapping[str, int],
    batch: int,
    kind: str = "random",
    dtype: torch.dtype = torch.float64,
    seed: int = 0,
) -> tuple[torch.Tensor, ...]:
    """Inputs of one kind; `repeated` items are equal, `collinear` all lie along one direction."""
    generator = torch.Generator().manual_seed(seed)
    values = []
    for tensor in model.inputs:
        full = (batch, *shape(tensor, sizes))
        if tensor.whole:
            many = tensor.labels or 1
            if tensor.names is not None:
                # Of ragged items one is always there.
                ragged = str(tensor.names.size) in model.ragged
                many = 1 if ragged else evaluate(tensor.names.size, sizes)
            x = torch.randint(0, many, full, generator=generator)
            values.append(torch.zeros_like(x) if kind in ("zero", "repeated") else x)
            continue
        x = torch.randn(full, generator=generator, dtype=dtype)
        if kind == "zero":
            x = torch.zeros_like(x)
        elif kind == "repeated" and x.ndim > 2:
            x = x[:, :1].expand_as(x).contiguous()
        elif kind == "huge":
            x = x * 1e2
        elif kind == "tiny":
            x = x * 1e-2
        elif kind == "collinear" and x.ndim > 2:
            x = x[..., :1] * torch.arange(1, x.shape[-1] + 1, dtype=dtype)
        values.append(x)
    return tuple(values)


def example_counts(
    model: Symmetrized, sizes: Mapping[str, int], batch: int
) -> dict[str, torch.Tensor]:
    """Counts of every ragged size: the padded length, less, and one, in turn."""
    return {
        name: torch.tensor([max(sizes[name] - i % sizes[name], 1) for i in range(batch)])
        for name in model.ragged
    }
