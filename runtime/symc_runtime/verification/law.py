"""The coupled law, sample by sample: f(h x; h noise) = h f(x; noise) up to rounding.

An error of at most 30 eps kappa is rounding. kappa, the condition number of a sample, is measured:
the largest relative change of the output over the relative change of the input, for small random
changes of x and of h x with the noise held fixed.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch

from symc_runtime.distributions.distribution import Distribution
from symc_runtime.elements.orthogonal import Orthogonal
from symc_runtime.elements.permutation import Permutation
from symc_runtime.layout import Product, Representation, Sum, dimension, solve_sizes
from symc_runtime.sampling import check_noise
from symc_runtime.symmetrized import Symmetrized
from symc_runtime.testing import Motion, act, act_on_noise, random_motions, valid_part
from symc_runtime.verification.plain import Plain

CONSTANT = 30.0
PERTURBATIONS = 4
PERTURBATION = 1e3
"""Of the last digit."""
LARGEST = 1e5
"""Samples with a larger condition number say nothing, and are counted as such."""
EDGE_TRIALS = 16
JUMP = 30.0
"""A change in the last digits that does so many times what is allowed is no rounding."""
LEAP = 1e-3
"""Nor is one that moves the entries of an element by so much, in double precision."""
ROWS = 8192
"""Rows of the base that random changes of an input may take in one call, at most."""

Counts = Mapping[str, torch.Tensor]
Values = tuple[torch.Tensor, ...]


@dataclass(frozen=True)
class Verdicts:
    """What was found of each sample [batch] of a call.

    `error`: relative to the size of the output, the worst output; `bound`: 30 eps kappa, of all
    outputs; `wrong`: above the bound; `unclear`: ill-conditioned, or on an edge where a change in
    the last digits flips the element. `outputs` says the same of each output by itself.
    """

    error: torch.Tensor
    bound: torch.Tensor
    wrong: torch.Tensor
    unclear: torch.Tensor
    outputs: tuple[OutputVerdicts, ...]


@dataclass(frozen=True)
class OutputVerdicts:
    """What was found of one output, [batch] each, by its own condition number.

    `unclear`: also where a change in the last digits does as much as the error, for rounding inside
    the module does no less.
    """

    error: torch.Tensor
    bound: torch.Tensor
    unclear: torch.Tensor


@dataclass(frozen=True)
class _Output:
    """A mean over samples [batch, ...] and the mean size of the samples [batch], float64."""

    value: torch.Tensor
    size: torch.Tensor


@dataclass(frozen=True)
class _Call:
    """One side of the law: inputs and noise for a model."""

    inputs: Values
    noise: Mapping[str, torch.Tensor]
    counts: Counts

    def of(self, model: Symmetrized) -> list[_Output]:
        samples, _ = model(*self.inputs, noise=self.noise, sizes=self.counts, return_samples=True)
        values = samples if isinstance(samples, tuple) else (samples,)
        return [_Output(widened(y).mean(0), _sizes(y)) for y in values]

    def rows(self, chosen: torch.Tensor) -> _Call:
        """The call with these rows of its batch."""
        return _Call(
            tuple(x[chosen] for x in self.inputs),
            {key: value[:, chosen] for key, value in self.noise.items()},
            {key: value[chosen] for key, value in self.counts.items()},
        )

    def repeated(self, times: int) -> _Call:
        """The same rows several times over."""
        return _Call(
            tuple(x.repeat(times, *[1] * (x.ndim - 1)) for x in self.inputs),
            {key: z.repeat(1, times, *[1] * (z.ndim - 2)) for key, z in self.noise.items()},
            {key: value.repeat(times) for key, value in self.counts.items()},
        )

    def changed(self, model: Symmetrized, size: float, generator: torch.Generator) -> _Call:
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
        return _Call(tuple(changed), self.noise, self.counts)

    def to(self, dtype: torch.dtype) -> _Call:
        return _Call(
            tuple(x.to(dtype) if x.is_floating_point() else x for x in self.inputs),
            {key: value.to(dtype) for key, value in self.noise.items()},
            self.counts,
        )


def widened(x: torch.Tensor) -> torch.Tensor:
    """x in double precision."""
    return x.to(torch.complex128) if x.is_complex() else x.double()


def length(x: torch.Tensor) -> torch.Tensor:
    """Euclidean length of each row, [batch], float64, whatever the size of its numbers."""
    rows = widened(x).abs().reshape(x.shape[0], -1)
    if not rows.numel():
        return torch.zeros(x.shape[0], dtype=torch.float64)
    largest = rows.amax(1)
    scaled = rows / torch.where(largest > 0, largest, 1.0).unsqueeze(1)
    return largest * scaled.square().sum(1).sqrt()


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
    return step * _expand(size * length(x) / length(step).clamp(min=1e-300), x)


def _sizes(y: torch.Tensor) -> torch.Tensor:
    """Mean length over samples, [batch], of y [K, batch, ...]."""
    each: torch.Tensor = length(y.flatten(0, 1)).unflatten(0, y.shape[:2])
    return each.mean(0).clamp(min=1e-300)


def _expand(value: torch.Tensor, x: torch.Tensor) -> torch.Tensor:
    return value.to(x.dtype).reshape(-1, *[1] * (x.ndim - 1))


@torch.no_grad()
def coupled_law(
    model: Symmetrized,
    *inputs: torch.Tensor,
    counts: Counts | None = None,
    groups: Sequence[str] | None = None,
    generator: torch.Generator | None = None,
    precision: torch.dtype = torch.float64,
    weights: bool = False,
) -> Verdicts:
    """Measure the law on inputs [batch, ...] in their dtype; each row is a sample.

    `groups`: names of those that move the input; default: all that the module answers for. The
    condition number is measured on a copy of the model in `precision`; `weights`: where all inputs
    are labels, by changes of the model's weights.
    """
    counts = dict(counts or {})
    generator = generator or torch.Generator().manual_seed(0)
    dtype = next((x.dtype for x in inputs if x.is_floating_point()), _dtype(model))
    motions, sizes = random_motions(model, inputs, counts, groups, generator)
    noise = model.draw_noise(*inputs, generator=generator, sizes=counts)
    clean = tuple(valid_part(t, x, counts) for t, x in zip(model.inputs, inputs, strict=True))
    plain = _Call(clean, noise, counts)
    # Moved in double precision: rounded to the inputs' own, symmetric inputs would be so no more.
    wide = plain.to(torch.float64)
    wide_turned = _Call(
        tuple(act(t, x, motions, sizes) for t, x in zip(model.inputs, wide.inputs, strict=True)),
        act_on_noise(model, wide.noise, motions),
        counts,
    )
    turned = wide_turned.to(dtype)
    errors = _errors(model, plain, turned, motions, sizes)
    exact = model if dtype == precision else _in_precision(model, precision, dtype)
    kappas = torch.ones_like(errors)
    for side in (wide, wide_turned):
        kappas = torch.maximum(kappas, _conditioning(exact, side.to(precision), generator, weights))
    bounds = CONSTANT * torch.finfo(dtype).eps * kappas
    bound = bounds.amax(0)
    wrong = ~(errors.amax(0) <= bound)
    unclear, vague = kappas.amax(0) > LARGEST, kappas > LARGEST
    above = ~(errors <= bounds)
    suspects = ((wrong & ~unclear) | (above & ~vague).any(0)).nonzero().flatten()
    if len(suspects):
        # A module that symc did not build may read its batch, as batch normalization does.
        rows = torch.arange(len(wrong)) if isinstance(model, Plain) else suspects
        for side, exactly in ((plain, wide), (turned, wide_turned)):
            changes, flips = _on_edge(model, side.rows(rows), generator)
            flips |= _leaps(exact, exactly.rows(rows).to(precision), dtype, generator)
            unclear[rows] |= wrong[rows] & (flips | (changes.amax(0) > JUMP * bound[rows]))
            jumps = changes > JUMP * bounds[:, rows]
            jumps |= (changes > bounds[:, rows]) & (changes > errors[:, rows] / JUMP)
            vague[:, rows] |= above[:, rows] & (flips | jumps)
    each = tuple(map(OutputVerdicts, errors, bounds, vague))
    return Verdicts(errors.amax(0), bound, wrong & ~unclear, unclear, each)


def _in_precision(model: Symmetrized, precision: torch.dtype, dtype: torch.dtype) -> Symmetrized:
    """A copy in `precision` that takes for ties what it takes for ties in `dtype`."""
    copied = copy.deepcopy(model).to(precision)
    for module in copied.modules():
        if isinstance(module, Distribution):
            module.resolution = dtype
    return copied


def _errors(
    model: Symmetrized,
    plain: _Call,
    turned: _Call,
    motions: Mapping[str, Motion],
    sizes: Mapping[str, int],
) -> torch.Tensor:
    """Relative to the size of each output, the larger of both sides: [outputs, batch].

    A translation may bring an output point near the origin; what rounding did to it before stays.
    """
    errors = []
    pairs = zip(model.outputs, plain.of(model), turned.of(model), strict=True)
    for tensor, y, z in pairs:
        expected = valid_part(tensor, act(tensor, y.value, motions, sizes), plain.counts)
        size = torch.stack([length(expected), y.size, z.size]).amax(0)
        error = length(z.value - expected) / size
        errors.append(error.nan_to_num(torch.inf, torch.inf))
    return torch.stack(errors)


def _changes(
    model: Symmetrized,
    call: _Call,
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
                length(b.value - a.value) / a.size for a, b in zip(before, after, strict=True)
            ]
            largest = torch.maximum(largest, torch.stack(changes))
        return largest
    rows = batch * max((z.shape[0] for z in call.noise.values()), default=1)
    at_once = min(trials, max(1, ROWS // max(rows, 1)))
    for start in range(0, trials, at_once):
        times = min(at_once, trials - start)
        after = call.repeated(times).changed(model, step, generator).of(model)
        for i, (a, b) in enumerate(zip(before, after, strict=True)):
            change = length((b.value.unflatten(0, (times, -1)) - a.value).flatten(0, 1))
            change = (change.unflatten(0, (times, -1)) / a.size).amax(0)
            largest[i] = torch.maximum(largest[i], change)
    return largest


def _with_other_weights(model: Symmetrized, step: float, generator: torch.Generator) -> Symmetrized:
    """A copy of the model, each of its weights changed at random by `step` of its size."""
    copied = copy.deepcopy(model)
    for weight in copied.parameters():
        if weight.is_floating_point():
            noise = torch.randn(weight.shape, dtype=torch.float64, generator=generator)
            weight.mul_(1 + step * noise.to(weight.dtype))
    return copied


def _conditioning(
    model: Symmetrized, call: _Call, generator: torch.Generator, weights: bool
) -> torch.Tensor:
    """Condition numbers [outputs, batch]."""
    dtype = next((x.dtype for x in call.inputs if x.is_floating_point()), torch.float64)
    step = PERTURBATION * torch.finfo(dtype).eps
    return _changes(model, call, step, PERTURBATIONS, generator, weights) / step


def _dtype(model: Symmetrized) -> torch.dtype:
    floating = (p.dtype for p in model.parameters() if p.is_floating_point())
    return next(floating, torch.float64)


def _on_edge(
    model: Symmetrized, call: _Call, generator: torch.Generator
) -> tuple[torch.Tensor, torch.Tensor]:
    """What changes in the last digits do: to outputs [outputs, batch], and whether an order flips.

    The element then hangs on a comparison that rounding decides.
    """
    floating = [x for x in call.inputs if x.is_floating_point()]
    batch = call.inputs[0].shape[0]
    flips = torch.zeros(batch, dtype=torch.bool)
    if not floating:
        return torch.zeros(len(model.outputs), batch).double(), flips
    step = 4 * torch.finfo(floating[0].dtype).eps
    changes = _changes(model, call, step, EDGE_TRIALS, generator)
    before = _orders(model, call)
    for _ in range(EDGE_TRIALS if before else 0):
        after = _orders(model, call.changed(model, step, generator))
        for a, b in zip(before, after, strict=True):
            flips |= (a != b).any(-1).any(0)
    return changes, flips


def _leaps(
    model: Symmetrized, call: _Call, dtype: torch.dtype, generator: torch.Generator
) -> torch.Tensor:
    """Whether an orthogonal element leaps, [batch], where the last digits in `dtype` change.

    Of many samples one alone may: their mean hides it.
    """
    leaps = torch.zeros(call.inputs[0].shape[0], dtype=torch.bool)
    before = _matrices(model, call)
    for _ in range(EDGE_TRIALS if before else 0):
        after = _matrices(model, call.changed(model, 4 * torch.finfo(dtype).eps, generator))
        for a, b in zip(before, after, strict=True):
            leaps |= ((a - b).abs().amax((-1, -2)) > LEAP).any(0)
    return leaps


def _matrices(model: Symmetrized, call: _Call) -> list[torch.Tensor]:
    """The orthogonal matrices of each stage that draws some, [K, batch, d, d]."""
    batch = call.inputs[0].shape[0]
    matrices = [e.matrix for e in _elements(model, call) if isinstance(e, Orthogonal)]
    return [x.unflatten(0, (-1, batch)) for x in matrices]


def _orders(model: Symmetrized, call: _Call) -> list[torch.Tensor]:
    """The permutations of each stage that draws some, [K, batch, n]."""
    batch = call.inputs[0].shape[0]
    orders = [e.order for e in _elements(model, call) if isinstance(e, Permutation)]
    return [x.unflatten(0, (-1, batch)) for x in orders]


def _elements(model: Symmetrized, call: _Call) -> tuple[Any, ...]:
    """The elements of the stages that draw some."""
    tensors, _, valid = model._checked(call.inputs, call.counts, {})
    noise = check_noise(model.draws, call.noise, call.inputs[0].shape[0])
    return model.symmetrize(*tensors, *valid, *noise)[1]
