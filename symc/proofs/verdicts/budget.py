"""Enumerations that are too long, so that samples are drawn instead."""

from __future__ import annotations

from collections.abc import Iterator

from symc.ir.drawing import affordable, numbers_of_samples
from symc.ir.sizes import Size
from symc.proofs.records import Proof
from symc.proofs.situation import Situation
from symc_runtime.methods.method import ENUMERATION_BUDGET


def budget(situation: Situation) -> Iterator[Proof]:
    """SYM406, where the size of the group is known."""
    program = situation.program
    parameters = {}
    for group in program.groups:
        known = {
            name: Size.constant(value)
            for name in group.parameter.names
            if (value := situation.ranges.of(Size.variable(name)).value) is not None
        }
        parameters[group.name] = group.parameter.substitute(known)
    samples, eval_samples = numbers_of_samples(program)
    in_training = list(affordable(program, parameters))
    in_eval = affordable(program, parameters, training=False)
    for (stage, always, _), (_, count, left) in zip(in_training, in_eval, strict=True):
        if left is None:
            continue
        written = f"{count:,}" if isinstance(count, int) else count
        of_all = f"{ENUMERATION_BUDGET:,}"
        allowed = of_all if left == ENUMERATION_BUDGET else f"{left:,} that are left of {of_all}"
        draws = f"`{stage.method}` draws samples of `{stage.group}` instead of all its elements"
        statement = f"{draws}: {samples} in training, {eval_samples} in eval mode"
        if always is None:
            draws = f"`{stage.method}` draws {eval_samples} samples of `{stage.group}`"
            statement = f"in eval mode {draws} instead of all its elements"
        yield Proof(
            code="SYM406",
            severity="note",
            subject=stage.group,
            statement=statement,
            reason=f"all of them are {written} evaluations of the base an example, more than the "
            f"{allowed}",
            help="say how many: "
            f"`by {stage.method}(samples={samples}, eval_samples={eval_samples})`",
        )
