"""Noise: everything random in a compiled module, drawn ahead of a deterministic forward."""

from __future__ import annotations

import operator
from collections.abc import Mapping, Sequence
from typing import SupportsIndex

import torch
from torch import nn

from symc_runtime.call.shapes import ShapeError, same_shape
from symc_runtime.distributions.distribution import Distribution
from symc_runtime.methods.method import ENUMERATION_BUDGET, left_of
from symc_runtime.spec.draws import Draw, in_turn


def draw(
    draws: Sequence[Draw],
    stages: Mapping[str, nn.Module],
    *,
    samples: int,
    every: bool = True,
    training: bool = False,
    batch: int,
    sizes: Mapping[str, int],
    dtype: torch.dtype,
    device: torch.device,
    generator: torch.Generator | None,
) -> dict[str, torch.Tensor]:
    """A tensor [K, batch, ...] a stage, in their order; K = samples x what stages enumerate.

    Without `every` none enumerates but designs, and all draw so many samples. In `training` those
    draw that would weigh what they enumerate.

    Noise of sampling stages is shared over the elements of enumerating ones: acting on the input
    permutes those elements, so noise drawn for each of them would break the coupled law.
    """
    counts: dict[str, int] = {}
    budget = ENUMERATION_BUDGET
    for entry in in_turn(draws):
        own = distribution(stages[entry.key]).own
        asked = every or entry.degree is not None
        elements = entry.elements(own, sizes, training) if asked else None
        left = left_of(budget, elements, entry.degree is not None)
        if elements is not None and left is not None:
            counts[entry.key] = elements
            budget = left
    counts = {entry.key: counts[entry.key] for entry in draws if entry.key in counts}
    drawn = [entry for entry in draws if entry.key not in counts]
    repeats = samples if any(entry.samples for entry in drawn) else 1
    # Axes of the grid of samples: one for each enumerating stage, the last for the draws.
    grid = [*counts.values(), repeats]
    noise: dict[str, torch.Tensor] = {}
    for entry in draws:
        stage = distribution(stages[entry.key])
        if entry.key in counts:
            each = stage.enumerate(batch, sizes, dtype, device, generator)
            axis = list(counts).index(entry.key)
        else:
            each = stage.draw(repeats, batch, sizes, dtype, device, generator)
            axis = len(counts)
        if len(grid) == 1:
            noise[entry.key] = each
            continue
        shape = [1] * len(grid)
        shape[axis] = grid[axis]
        rest = each.shape[1:]
        noise[entry.key] = each.reshape(*shape, *rest).expand(*grid, *rest).reshape(-1, *rest)
    return noise


def check_samples(name: str, value: object) -> int:
    """K as an int. Raises TypeError and ValueError."""
    if type(value) is not int:
        refusal = f"{name}: expected an int, got {type(value).__name__}"
        if isinstance(value, bool) or not isinstance(value, SupportsIndex):
            raise TypeError(refusal)
        try:
            value = operator.index(value)
        except TypeError as error:
            raise TypeError(refusal) from error  # a tensor of several numbers, or of fractions
    if value < 1:
        raise ValueError(f"{name}: a whole number from 1, not {value}")
    return value


def check_noise(
    draws: Sequence[Draw],
    noise: Mapping[str, torch.Tensor],
    batch: int,
    shapes: Mapping[str, tuple[int, ...] | None] | None = None,
) -> list[torch.Tensor]:
    """The noise of each stage in order, each [K, batch, *shapes[stage]] where that is known.

    Raises ShapeError where `noise` does not fit the call, TypeError where it is no noise.
    """
    if not isinstance(noise, Mapping):
        raise TypeError(
            f"noise: expected a tensor a stage by its name, as draw_noise gives, "
            f"got {type(noise).__name__}"
        )
    keys = [entry.key for entry in draws]
    unknown = [name for name in noise if name not in keys]
    if unknown:
        expected = ", ".join(map(repr, keys)) or "none"
        raise ShapeError(
            f"noise {sorted(unknown)[0]!r} names no stage that draws; those: {expected}"
        )
    values: list[torch.Tensor] = []
    for entry in draws:
        if entry.key not in noise:
            raise ShapeError(f"noise for the stage {entry.key!r} is missing; call draw_noise")
        value = noise[entry.key]
        if not isinstance(value, torch.Tensor):
            raise TypeError(
                f"noise {entry.key!r}: expected a torch.Tensor, got {type(value).__name__}"
            )
        rest = (shapes or {}).get(entry.key)
        if value.ndim < 2 or (rest is not None and not same_shape(value.shape[2:], rest)):
            axes = ", ".join(["samples", str(batch), *map(str, rest or ["..."])])
            raise ShapeError(
                f"noise {entry.key!r}: expected [{axes}], as draw_noise gives for these inputs, "
                f"got {list(value.shape)}"
            )
        if value.shape[0] < 1:
            raise ShapeError(f"noise {entry.key!r}, axis 0 (samples): expected 1 or more, got 0")
        if value.shape[1] != batch:
            raise ShapeError(
                f"noise {entry.key!r}, axis 1 (batch): expected {batch}, got {value.shape[1]}"
            )
        if values and value.shape[0] != values[0].shape[0]:
            raise ShapeError(
                f"noise {entry.key!r}, axis 0 (samples): expected {values[0].shape[0]} as "
                f"{draws[0].key!r} has, got {value.shape[0]}"
            )
        values.append(value)
    return values


def distribution(stage: nn.Module) -> Distribution:
    """The stage as what it must be."""
    if not isinstance(stage, Distribution):
        raise TypeError(f"{type(stage).__name__} is no Distribution")
    return stage
