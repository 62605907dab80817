"""How concentrated the stages of a subject are, at its weights, which is no law."""

from __future__ import annotations

import torch

from symc_runtime.verification.guard import RAISED
from symc_runtime.verification.report import StageSpread
from symc_runtime.verification.rows import GENERIC
from symc_runtime.verification.subject import Subject


def spreads(subject: Subject) -> tuple[StageSpread, ...]:
    """The mean over random inputs of `Symmetrized.spread`, in eval mode; none of a plain module."""
    if subject.plain or not subject.model.draws:
        return ()
    model = subject.at(subject.precision, "eval")
    batch = subject.batch((GENERIC,), subject.settings.samples).to(subject.precision)
    generator = torch.Generator().manual_seed(subject.settings.seed)
    try:
        found = model.spread(*batch.inputs, generator=generator, sizes=dict(batch.counts))
    except RAISED:
        return ()  # a net of the user's: the laws say so
    return tuple(
        StageSpread(
            group, each.over, each.measure, float(each.value.mean()), float(each.uniform.mean())
        )
        for group, each in found.items()
    )
