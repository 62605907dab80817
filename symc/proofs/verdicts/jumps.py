"""Where a derivative is taken past elements that jump."""

from __future__ import annotations

from collections.abc import Iterator

from symc.ir.groups import GroupInstance, Stage
from symc.proofs.listing import enumerated
from symc.proofs.records import Proof
from symc.proofs.situation import Situation
from symc_runtime.catalogue import methods


def jumps(situation: Situation) -> Iterator[Proof]:
    """SYM410: what a derived output leaves out, a stage at most once.

    An element that jumps on a surface takes the value with it, and no derivative beside the surface
    sees that. It is no matter where the values on both sides cancel (all of a frame, Haar), nor
    where elements jump on less than a surface (rotations by vectors that fall on a line).
    """
    program = situation.program
    derived = [f"`{tensor.name}`" for tensor in program.outputs if tensor.derivation is not None]
    if not derived:
        return
    names = enumerated(derived)
    for stage in program.stages:
        group = program.group(stage.group)
        what = _jump(stage, group, situation)
        if what is None:
            continue
        drawn = stage.method == "probabilistic"
        lost = (
            "the mean of the derivatives of samples is not the derivative of their mean"
            if drawn
            else "the number that is differentiated jumps with it"
        )
        yield Proof(
            code="SYM410",
            severity="warning",
            subject=stage.group,
            statement=f"the element of `{stage.group}` that `{stage.method}` takes jumps, which "
            f"{names} {'leave' if len(derived) > 1 else 'leaves'} out",
            reason=f"{what}, and {lost}",
            help=_instead(group),
        )


def _jump(stage: Stage, group: GroupInstance, situation: Situation) -> str | None:
    """Where the element of a stage jumps; None where it does not, or on less than a surface."""
    facts = group.facts
    if not methods()[stage.method].acts or stage.method == "average":
        return None
    if facts.permutes and situation.ranges.told(group.parameter) == 1:
        return None
    if not facts.ruled:
        return "nothing is known of how it moves with the input"
    if facts.permutes or facts.nests:
        return "an order changes where two items change places"
    if facts.tabled:
        return "another element is taken where two poses have one score"
    if facts.flips:
        return "a sign changes where its score is zero"
    if facts.turns and not facts.special and stage.method != "frame":
        return "a reflection comes in where the vectors that tell it lie in a plane"
    return None


def _instead(group: GroupInstance) -> str:
    facts = group.facts
    if facts.turns:
        return f"write `symmetrize {group.name} by frame`, whose mean is smooth"
    return (
        f"write `symmetrize {group.name} by base` around a base that has this symmetry, or "
        "`by average`"
    )
