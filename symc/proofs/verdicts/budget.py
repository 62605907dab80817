"""Enumerations that are too long, so that samples are drawn instead."""

from __future__ import annotations

from collections.abc import Iterator

from symc.proofs.enumeration import elements
from symc.proofs.records import Proof
from symc.proofs.situation import Situation
from symc_runtime.methods.method import ENUMERATION_BUDGET, SAMPLES


def budget(situation: Situation) -> Iterator[Proof]:
    """SYM406, where the size of the group is known."""
    left = ENUMERATION_BUDGET
    program = situation.program
    samples = next((s.samples for s in program.stages if s.samples is not None), SAMPLES.default)
    for stage in program.stages:
        group = program.group(stage.group)
        parameter = situation.ranges.of(group.parameter).value
        if parameter is None:
            continue
        count = elements(stage, group, parameter)
        if count is None:
            continue
        if isinstance(count, int) and count <= left:
            left //= count
            continue
        written = f"{count:,}" if isinstance(count, int) else count
        of_all = f"{ENUMERATION_BUDGET:,}"
        allowed = of_all if left == ENUMERATION_BUDGET else f"{left:,} that are left of {of_all}"
        yield Proof(
            code="SYM406",
            severity="note",
            subject=stage.group,
            statement=f"`{stage.method}` draws {samples} samples of `{stage.group}` instead of "
            "all its elements",
            reason=f"all of them are {written} evaluations of the base an example, more than the "
            f"{allowed}",
            help=f"say how many: `by {stage.method}(samples={samples})`",
        )
