"""A call of a module, and what its answer does when its numbers change."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch

from symc_runtime.spec.layout import (
    Joint,
    Product,
    Representation,
    Sum,
    Tensor,
    dimension,
    solve_sizes,
)
from symc_runtime.symmetrized import Symmetrized
from symc_runtime.testing import Motion, act, as_tuple, valid_part
from symc_runtime.verification.guard import copied
from symc_runtime.verification.lengths import length, weights_of, widened

ROWS = 8192
"""Rows of the base that random changes of an input may take in one call, at most."""

Counts = Mapping[str, torch.Tensor]
Values = tuple[torch.Tensor, ...]


@dataclass(frozen=True)
class Output:
    """A mean over samples [batch, ...] and the mean size of the samples [batch], float64.

    `weights` [...]: see `lengths`, None where these are 1.
    """

    value: torch.Tensor
    size: torch.Tensor
    weights: torch.Tensor | None = None

    def length(self, x: torch.Tensor) -> torch.Tensor:
        """The length of each row of something like it, [batch]."""
        return length(_weighed(x, self.weights))


@dataclass(frozen=True)
class Call:
    """One side of the law: inputs and noise for a model."""

    inputs: Values
    noise: Mapping[str, torch.Tensor]
    counts: Counts

    def of(self, model: Symmetrized) -> list[Output]:
        """Each output of the model, as a mean over samples by their weights."""
        samples, weights = model(
            *self.inputs, noise=self.noise, sizes=self.counts, return_samples=True
        )
        shapes = [x.shape for x in self.inputs]
        sizes = solve_sizes(model.inputs, shapes, dict(model.fixed))
        found = []
        for tensor, y in zip(model.outputs, as_tuple(samples), strict=True):
            counted = weights_of(tensor.axes, sizes, y.device)
            mean = mean_over(widened(y), weights)
            found.append(Output(mean, _sizes(_weighed(y, counted)), counted))
        return found

    def rows(self, chosen: torch.Tensor) -> Call:
        """The call with these rows of its batch."""
        return Call(
            tuple(x[chosen] for x in self.inputs),
            {key: value[:, chosen] for key, value in self.noise.items()},
            {key: value[chosen] for key, value in self.counts.items()},
        )

    def repeated(self, times: int) -> Call:
        """The same rows several times over."""
        return Call(
            tuple(x.repeat(times, *[1] * (x.ndim - 1)) for x in self.inputs),
            {key: z.repeat(1, times, *[1] * (z.ndim - 2)) for key, z in self.noise.items()},
            {key: value.repeat(times) for key, value in self.counts.items()},
        )

    def changed(self, model: Symmetrized, size: float, generator: torch.Generator) -> Call:
        """Every number changed at random, each tensor by `size` of its length, row by row.

        Terms of a direct sum count apart: a zero vector beside a long one stays zero.
        """
        changed = []
        sizes = solve_sizes(model.inputs, [x.shape for x in self.inputs], dict(model.fixed))
        for tensor, x in zip(model.inputs, self.inputs, strict=True):
            if x.is_floating_point():
                step = torch.randn(x.shape, dtype=torch.float64, generator=generator).to(x.dtype)
                step = valid_part(tensor, step, self.counts)
                x = x + _scaled(step, x, tensor.axes, 1, size, sizes)
            changed.append(x)
        return Call(tuple(changed), self.noise, self.counts)

    def to(self, dtype: torch.dtype) -> Call:
        return Call(
            tuple(x.to(dtype) if x.is_floating_point() else x for x in self.inputs),
            {key: value.to(dtype) for key, value in self.noise.items()},
            self.counts,
        )


def number_dtype(inputs: Sequence[torch.Tensor]) -> torch.dtype | None:
    """The one dtype of the floating tensors among inputs; None where all are labels."""
    return next((x.dtype for x in inputs if x.is_floating_point()), None)


def mean_over(y: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
    """The mean of y [K, batch, ...] over K by `weights` [K, batch], which sum to 1 over it.

    Both may have more axes before the batch.
    """
    if bool((weights == 1 / weights.shape[0]).all()):
        return y.mean(0)
    wide = weights.double().reshape(*weights.shape, *[1] * (y.ndim - weights.ndim))
    return (y * wide).sum(0)


def law_errors(
    outputs: Sequence[Tensor],
    sides: tuple[list[Output], list[Output]],
    motions: Mapping[str, Motion],
    sizes: Mapping[str, int],
    counts: Counts,
) -> torch.Tensor:
    """Of f(h x) against h f(x), `sides` f(x) and f(h x): [outputs, batch].

    Relative to the size of each output, the larger of both sides: a translation may bring an output
    point near the origin; what rounding did to it before stays. Infinite where it is no number.
    """
    errors = []
    for tensor, y, z in zip(outputs, *sides, strict=True):
        expected = valid_part(tensor, act(tensor, y.value, motions, sizes), counts)
        size = torch.stack([y.length(expected), y.size, z.size]).amax(0)
        error = y.length(z.value - expected) / size
        errors.append(error.nan_to_num(torch.inf, torch.inf))
    return torch.stack(errors)


def _scaled(
    step: torch.Tensor,
    x: torch.Tensor,
    axes: Sequence[Representation],
    dim: int,
    size: float,
    sizes: Mapping[str, int],
) -> torch.Tensor:
    """`step`, as long in each block of x as `size` times that block."""
    for axis in axes[dim - 1 :]:
        if isinstance(axis, Joint):
            count = len(axis.sizes)
            flat = step.flatten(dim, dim + count - 1), x.flatten(dim, dim + count - 1)
            whole = (*axes[: dim - 1], axis.carried, *axes[dim:])
            moved = _scaled(*flat, whole, dim, size, sizes)
            joint: torch.Tensor = moved.unflatten(dim, x.shape[dim : dim + count])
            return joint
        if isinstance(axis, Sum):
            lengths = [dimension(term, sizes) for term in axis.terms]
            parts = zip(axis.terms, step.split(lengths, dim), x.split(lengths, dim), strict=True)
            scaled = [
                _scaled(s, y, (*axes[: dim - 1], term, *axes[dim:]), dim, size, sizes)
                for term, s, y in parts
            ]
            return torch.cat(scaled, dim)
        if isinstance(axis, Product) and any(isinstance(f, Sum) for f in axis.factors):
            lengths = [dimension(factor, sizes) for factor in axis.factors]
            unfolded = (*axes[: dim - 1], *axis.factors, *axes[dim:])
            step, x = step.unflatten(dim, lengths), x.unflatten(dim, lengths)
            found = _scaled(step, x, unfolded, dim, size, sizes)
            return found.flatten(dim, dim + len(lengths) - 1)
        dim += 1
    weights = weights_of(axes, sizes, x.device)
    ratio = length(_weighed(x, weights)) / length(_weighed(step, weights)).clamp(min=1e-300)
    return step * _expand(size * ratio, x)


def _weighed(x: torch.Tensor, weights: torch.Tensor | None) -> torch.Tensor:
    return x if weights is None else widened(x) * weights


def _sizes(y: torch.Tensor) -> torch.Tensor:
    """Mean length over samples, [batch], of y [K, batch, ...]."""
    each: torch.Tensor = length(y.flatten(0, 1)).unflatten(0, y.shape[:2])
    return each.mean(0).clamp(min=1e-300)


def _expand(value: torch.Tensor, x: torch.Tensor) -> torch.Tensor:
    return value.to(x.dtype).reshape(-1, *[1] * (x.ndim - 1))


def changes_of(
    model: Symmetrized,
    call: Call,
    step: float,
    trials: int,
    generator: torch.Generator,
    weights: bool = False,
) -> torch.Tensor:
    """Largest relative changes, [outputs, batch], over random changes of the input by `step`."""
    before = call.of(model)
    batch = call.inputs[0].shape[0]
    largest = torch.zeros(len(before), batch, dtype=torch.float64)
    if weights and not any(x.is_floating_point() for x in call.inputs):
        for _ in range(trials):
            after = call.of(_with_other_weights(model, step, generator))
            changes = [
                a.length(b.value - a.value) / a.size for a, b in zip(before, after, strict=True)
            ]
            largest = torch.maximum(largest, torch.stack(changes))
        return largest
    rows = batch * max((z.shape[0] for z in call.noise.values()), default=1)
    at_once = min(trials, max(1, ROWS // max(rows, 1)))
    for start in range(0, trials, at_once):
        times = min(at_once, trials - start)
        after = call.repeated(times).changed(model, step, generator).of(model)
        for i, (a, b) in enumerate(zip(before, after, strict=True)):
            change = a.length((b.value.unflatten(0, (times, -1)) - a.value).flatten(0, 1))
            change = (change.unflatten(0, (times, -1)) / a.size).amax(0)
            largest[i] = torch.maximum(largest[i], change)
    return largest


def _with_other_weights(model: Symmetrized, step: float, generator: torch.Generator) -> Symmetrized:
    """A copy of the model, each of its weights changed at random by `step` of its size."""
    other: Symmetrized = copied(model)
    for weight in other.parameters():
        if weight.is_floating_point():
            noise = torch.randn(weight.shape, dtype=torch.float64, generator=generator)
            weight.mul_(1 + step * noise.to(weight.dtype))
    return other
