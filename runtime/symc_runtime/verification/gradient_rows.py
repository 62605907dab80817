"""Derived outputs against finite differences of what they are derived from."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import torch

from symc_runtime.spec.layout import Gradient, Tensor
from symc_runtime.symmetrized import Symmetrized
from symc_runtime.testing import as_tuple, valid_part
from symc_runtime.verification.lengths import widened
from symc_runtime.verification.report import Row
from symc_runtime.verification.rows import row_of
from symc_runtime.verification.subject import DTYPES, Batch, Subject
from symc_runtime.verification.unmeasured import refusal

STEP = 1e-3
"""How far inputs move, in units of their root mean square."""
DIRECTIONS = 3
"""Random ones, of each input."""
ALLOWED = 1e-6
"""Of the largest slope that a gradient as long has on average over directions."""
SMOOTH = 1e-2
"""A difference of slopes over one step and a half, in the same unit, above which it may jump."""
ROUNDING = 100.0
"""Last digits of what is differentiated that a slope is allowed to lose."""


def gradients(subject: Subject, mode: str) -> list[Row]:
    """Of each derived output: its slope in random directions is that of finite differences.

    Both sides have the same noise. Where slopes over one step and over half of it differ, or those
    before and behind, the function jumps or bends there: such inputs count as unclear.
    """
    if "float64" in subject.refused:
        return [refusal(subject, "gradient", "", mode, "float64")]
    model = subject.at(torch.float64, mode)
    derivations = model.derivations
    if subject.random[mode]:
        detail = f"calls differ on the same inputs and noise in {mode} mode"
        return [
            Row("gradient", "", name, str(each), mode, "float64", "unmeasured", detail=detail)
            for name, each in derivations.items()
        ]
    batch = subject.batch(("random",), 2 * subject.settings.samples).to(DTYPES["float64"])
    noise = model.draw_noise(*batch.inputs, generator=subject.generator, sizes=dict(batch.counts))
    rows = []
    for name, derivation in derivations.items():
        error, bound, unclear = slopes(model, batch, noise, name, derivation, subject.generator)
        kinds = batch.kinds * DIRECTIONS
        rows.append(
            row_of(
                "gradient", "", name, str(derivation), mode, "float64", error, bound, kinds, unclear
            )
        )  # fmt: skip
    return rows


def slopes(
    model: Symmetrized,
    batch: Batch,
    noise: Mapping[str, torch.Tensor],
    name: str,
    derivation: Gradient,
    generator: torch.Generator,
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Errors of a derived output, what is allowed, and which are unclear, [directions * batch]."""
    names = [tensor.name for tensor in model.outputs]
    place = [tensor.name for tensor in model.inputs].index(derivation.by)
    variable, x = model.inputs[place], batch.inputs[place]

    def values(moved: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        inputs = [*batch.inputs[:place], moved, *batch.inputs[place + 1 :]]
        with torch.no_grad():
            outputs = as_tuple(model(*inputs, noise=noise, sizes=dict(batch.counts)))
        of = widened(outputs[names.index(derivation.of)]) * derivation.factor
        return of, widened(outputs[names.index(name)])

    at, claimed = values(x)
    found = [
        compared(at, claimed, *_line(values, variable, x, batch, generator))
        for _ in range(DIRECTIONS)
    ]
    error, bound, unclear = (torch.cat(parts) for parts in zip(*found, strict=True))
    return error, bound, unclear


Line = tuple[torch.Tensor, torch.Tensor, dict[float, torch.Tensor]]


def _line(
    values: Callable[[torch.Tensor], tuple[torch.Tensor, torch.Tensor]],
    variable: Tensor,
    x: torch.Tensor,
    batch: Batch,
    generator: torch.Generator,
) -> Line:
    """A direction [batch, *axes], the step [batch] in it, and values [batch] along it."""
    direction = torch.randn(x.shape, dtype=x.dtype, generator=generator)
    direction = valid_part(variable, direction, batch.counts)
    flat = direction.flatten(1)
    length = flat.norm(dim=1).clamp(min=1e-300)
    direction = direction / length.reshape(-1, *[1] * (x.ndim - 1))
    size = valid_part(variable, x, batch.counts).flatten(1)
    step = STEP * size.square().mean(1).sqrt().clamp(min=1e-300)
    scaled = direction * step.reshape(-1, *[1] * (x.ndim - 1))
    return direction, step, {s: values(x + s * scaled)[0] for s in (-1.0, -0.5, 0.5, 1.0)}


def compared(
    at: torch.Tensor,
    claimed: torch.Tensor,
    direction: torch.Tensor,
    step: torch.Tensor,
    along: dict[float, torch.Tensor],
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Errors, bounds, and which are unclear, [batch], of a `claimed` gradient along a direction."""
    whole = (along[1.0] - along[-1.0]) / (2 * step)
    half = (along[0.5] - along[-0.5]) / step
    bend = (along[0.5] + along[-0.5] - 2 * at) / (step / 2)
    # Without the error of second order in the step.
    slope = (4 * half - whole) / 3
    given = (claimed * direction).flatten(1).sum(1)
    dimension = direction.flatten(1).shape[1]
    size = (claimed.flatten(1).norm(dim=1) / dimension**0.5).maximum(slope.abs())
    rounding = ROUNDING * torch.finfo(at.dtype).eps * at.abs() / step
    unit = size.clamp(min=1e-300)
    error = (given - slope).abs() / unit
    # A small jump beside the input makes the slope wrong by up to 7/3 of that difference.
    bound = ALLOWED + (rounding + 4 * (half - whole).abs()) / unit
    # A slope that rounding alone makes is none.
    nothing = size <= rounding
    error = error.masked_fill(nothing, 0)
    unclear = ((half - whole).abs() > SMOOTH * size) | (bend.abs() > SMOOTH**0.5 * size)
    return error, bound, (unclear | (size <= 1e4 * rounding)) & ~nothing
