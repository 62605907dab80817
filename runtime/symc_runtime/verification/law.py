"""The coupled law, sample by sample: f(h x; h noise) = h f(x; noise) up to rounding.

An error of at most 30 eps kappa is rounding. kappa, the condition number of a sample, is measured:
the largest relative change of the output over the relative change of the input, for small random
changes of x and of h x with the noise held fixed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch

from symc_runtime.distributions.distribution import Distribution
from symc_runtime.symmetrized import Symmetrized
from symc_runtime.testing import Motion, act, act_on_noise, random_motions, valid_part
from symc_runtime.verification.call import Call, Counts, changes_of, law_errors, number_dtype
from symc_runtime.verification.edges import leaps_of, on_edge
from symc_runtime.verification.guard import Guarded, copied
from symc_runtime.verification.plain import Plain
from symc_runtime.verification.precisions import grows
from symc_runtime.verification.rounding import rounding_of

CONSTANT = 30.0
PERTURBATIONS = 4
PERTURBATION = 1e3
"""Of the last digit."""
LARGEST = 1e5
"""Samples with a larger condition number say nothing, and are counted as such."""
JUMP = 30.0
"""A change in the last digits that does so many times what is allowed is no rounding."""


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
    dtype = number_dtype(inputs) or _dtype(model)
    motions, sizes = random_motions(model, inputs, counts, groups, generator)
    noise = model.draw_noise(*inputs, generator=generator, sizes=counts)
    clean = tuple(valid_part(t, x, counts) for t, x in zip(model.inputs, inputs, strict=True))
    plain = Call(clean, noise, counts)
    # Moved in double precision: rounded to the inputs' own, symmetric inputs would be so no more.
    wide = plain.to(torch.float64)
    wide_turned = Call(
        tuple(act(t, x, motions, sizes) for t, x in zip(model.inputs, wide.inputs, strict=True)),
        act_on_noise(model, wide.noise, motions),
        counts,
    )
    turned = wide_turned.to(dtype)
    sides = plain.of(model), turned.of(model)
    errors = law_errors(model.outputs, sides, motions, sizes, counts)
    exact = _in_precision(model, precision, dtype)
    kappas = torch.ones_like(errors)
    for side in (wide, wide_turned):
        kappas = torch.maximum(kappas, _conditioning(exact, side.to(precision), generator, weights))
    bounds = CONSTANT * torch.finfo(dtype).eps * kappas
    bound = bounds.amax(0)
    wrong = ~(errors.amax(0) <= bound)
    unclear, vague = kappas.amax(0) > LARGEST, kappas > LARGEST
    above = ~(errors <= bounds)
    bounds, inner = _with_rounding(
        model, plain, turned, motions, sizes, dtype, errors, bounds, above & ~vague, generator
    )
    vague |= inner
    unclear |= wrong & inner.any(0)
    bound = bounds.amax(0)
    wrong, above = ~(errors.amax(0) <= bound), ~(errors <= bounds)
    suspects = ((wrong & ~unclear) | (above & ~vague).any(0)).nonzero().flatten()
    if len(suspects):
        # A module that symc did not build may read its batch, as batch normalization does.
        rows = torch.arange(len(wrong)) if isinstance(model, Plain) else suspects
        for side, exactly in ((plain, wide), (turned, wide_turned)):
            changes, flips = on_edge(model, side.rows(rows), generator)
            flips |= leaps_of(exact, exactly.rows(rows).to(precision), dtype, generator)
            unclear[rows] |= wrong[rows] & (flips | (changes.amax(0) > JUMP * bound[rows]))
            jumps = changes > JUMP * bounds[:, rows]
            jumps |= (changes > bounds[:, rows]) & (changes > errors[:, rows] / JUMP)
            vague[:, rows] |= above[:, rows] & (flips | jumps)
    each = tuple(map(OutputVerdicts, errors, bounds, vague))
    return Verdicts(errors.amax(0), bound, wrong & ~unclear, unclear, each)


def _with_rounding(
    model: Symmetrized,
    plain: Call,
    turned: Call,
    motions: Mapping[str, Motion],
    sizes: Mapping[str, int],
    dtype: torch.dtype,
    errors: torch.Tensor,
    bounds: torch.Tensor,
    suspects: torch.Tensor,
    generator: torch.Generator,
) -> tuple[torch.Tensor, torch.Tensor]:
    """Bounds [outputs, batch] that take in what the base rounds inside, and which are unclear then.

    Raised for suspects [outputs, batch] alone, by the condition number of the computation.
    """
    bounds, unclear = bounds.clone(), torch.zeros_like(suspects)
    rows = suspects.any(0).nonzero().flatten()
    if not len(rows):
        return bounds, unclear
    if isinstance(model, Plain):
        rows = torch.arange(suspects.shape[1])
    sides = plain.rows(rows), turned.rows(rows)
    found = [rounding_of(model, side, dtype, generator) for side in sides]
    hidden = False
    for each in found:
        if each is None:
            hidden = isinstance(model.base, Guarded)
            continue
        kappas, outside = each
        hidden = hidden or outside
        allowed = CONSTANT * torch.finfo(dtype).eps * kappas
        allowed = torch.where(suspects[:, rows] & errors[:, rows].isfinite(), allowed, 0.0)
        bounds[:, rows] = torch.maximum(bounds[:, rows], allowed)
        unclear[:, rows] |= suspects[:, rows] & (kappas > LARGEST)
    unclear &= errors <= bounds
    left = suspects & (errors > bounds)
    if isinstance(model.base, Guarded) and left.any():
        of_rows = {name: motion.rows(rows) for name, motion in motions.items()}
        may_be = grows(model, *sides, of_rows, sizes, hidden)
        if may_be is not None:
            unclear[:, rows] |= left[:, rows] & may_be
    return bounds, unclear


def _in_precision(model: Symmetrized, precision: torch.dtype, dtype: torch.dtype) -> Symmetrized:
    """A copy in `precision` that takes for ties what it takes for ties in `dtype`.

    Items that are equal stay so for it when their last digits change: an order that hangs on that
    alone is moved as it should be, and says nothing about what rounding does.
    """
    draws = any(isinstance(module, Distribution) for module in model.modules())
    if dtype == precision and not draws:
        return model
    made: Symmetrized = copied(model).to(precision)
    for module in made.modules():
        if isinstance(module, Distribution):
            module.resolution = dtype
    return made


def _conditioning(
    model: Symmetrized, call: Call, generator: torch.Generator, weights: bool
) -> torch.Tensor:
    """Condition numbers [outputs, batch]."""
    dtype = number_dtype(call.inputs) or torch.float64
    step = PERTURBATION * torch.finfo(dtype).eps
    return changes_of(model, call, step, PERTURBATIONS, generator, weights) / step


def _dtype(model: Symmetrized) -> torch.dtype:
    floating = (p.dtype for p in model.parameters() if p.is_floating_point())
    return next(floating, torch.float64)
