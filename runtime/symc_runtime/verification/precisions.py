"""The same deviation in both precisions: rounding grows with eps, a broken law stays as it is."""

from __future__ import annotations

from collections.abc import Mapping

import torch

from symc_runtime.symmetrized import Symmetrized
from symc_runtime.testing import Motion
from symc_runtime.verification.call import Call, law_errors, number_dtype
from symc_runtime.verification.guard import copied

GROWTH = torch.finfo(torch.float32).eps / torch.finfo(torch.float64).eps
"""What rounding grows by from double to single precision: 5.4e8."""
SCATTER = 100.0
"""How far single samples may be from that, either way."""
LOST = 0.5
"""A relative difference of both precisions at which single precision says nothing any more."""
OTHER = {torch.float64: torch.float32, torch.float32: torch.float64}


def grows(
    model: Symmetrized,
    plain: Call,
    turned: Call,
    motions: Mapping[str, Motion],
    sizes: Mapping[str, int],
    hidden: bool,
) -> torch.Tensor | None:
    """Whether the deviation on both sides of the law may be rounding, [outputs, batch].

    In double precision: it is not much above what the module rounds in single precision, made as
    small as double precision makes it; `hidden`: the module computes where simulated rounding does
    not reach, so a result that single precision loses altogether says nothing. In single precision:
    double precision has it too, and as much smaller as rounding is. None where the module does not
    run in the other precision.
    """
    dtype = number_dtype(plain.inputs)
    if dtype not in OTHER:
        return None
    try:
        other = copied(model).to(OTHER[dtype])
        there = plain.to(OTHER[dtype]).of(other), turned.to(OTHER[dtype]).of(other)
    except Exception:
        return None  # it was never called like this, and may raise anything
    here = plain.of(model), turned.of(model)
    error = law_errors(model.outputs, here, motions, sizes, plain.counts)
    if dtype == torch.float32:
        exact = law_errors(model.outputs, there, motions, sizes, plain.counts)
        floor = exact.clamp(min=torch.finfo(torch.float64).eps)
        return (exact * GROWTH <= SCATTER * error) & (error <= SCATTER * GROWTH * floor)
    apart = torch.stack(
        [
            torch.stack([a.length(a.value - b.value) / a.size for a, b in zip(*pair, strict=True)])
            for pair in zip(here, there, strict=True)
        ]
    )
    rounded = apart.nan_to_num(0.0, 0.0).amax(0)
    lost = hidden & (rounded > LOST) & error.isfinite()
    return (error * GROWTH <= SCATTER * rounded.clamp(max=1)) | lost
