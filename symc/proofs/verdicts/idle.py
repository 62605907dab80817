"""Groups, or parts of them, that move nothing."""

from __future__ import annotations

from collections.abc import Iterator

from symc.ir.groups import GroupInstance
from symc.proofs.records import Proof
from symc.proofs.situation import Situation
from symc_runtime.catalogue import groups as families


def idle(situation: Situation) -> Iterator[Proof]:
    """SYM405: what can be taken out without changing what the spec means."""
    for group in situation.program.groups:
        facts = families()[group.family]
        if _one_element(group, situation):
            yield _proof(
                group,
                f"`{group.name}` has a single element, so symmetrizing it changes nothing",
                f"{group.family}({situation.ranges.of(group.parameter).value}) is trivial",
                f"drop `{group.name}`: a plain axis means the same",
            )
        elif not facts.ruled:
            continue
        elif facts.shifts and facts.turns and not _has_points(group, situation):
            linear = "SO" if facts.special else "O"
            yield _proof(
                group,
                f"the translations of `{group.name}` move nothing",
                f"no tensor is a point of `{group.name}`, and vectors do not move",
                f"write `{linear}({group.parameter})`, or make an input a point",
            )
        elif (facts.flips or (facts.turns and not facts.shifts)) and _even(group, situation):
            yield _proof(
                group,
                f"`{group.name}` moves nothing",
                "its one element beside 1 is -1, and every tensor is even",
                f"drop `{group.name}`: a plain axis means the same",
            )


def _proof(group: GroupInstance, statement: str, reason: str, help: str) -> Proof:
    return Proof(
        code="SYM405",
        severity="warning",
        subject=group.name,
        statement=statement,
        reason=reason,
        help=help,
    )


def _one_element(group: GroupInstance, situation: Situation) -> bool:
    parameter = situation.ranges.of(group.parameter).value
    return parameter is not None and families()[group.family].order(parameter) == 1


def _has_points(group: GroupInstance, situation: Situation) -> bool:
    return any(
        block.affine == group.name for cut in situation.program.blocks.values() for block in cut
    )


def _even(group: GroupInstance, situation: Situation) -> bool:
    """Whether O(1), or one sign, multiplies every block by 1."""
    return situation.ranges.of(group.parameter).value == 1 and all(
        (len(block.natural_axes(group.name)) + (group.name in block.characters)) % 2 == 0
        for cut in situation.program.blocks.values()
        for block in cut
    )
