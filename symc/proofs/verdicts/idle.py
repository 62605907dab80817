"""Groups, or parts of them, that move nothing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from math import prod

from symc.ir.groups import GroupInstance
from symc.proofs.action import acting_on
from symc.proofs.listing import enumerated
from symc.proofs.records import Proof
from symc.proofs.situation import Situation
from symc.proofs.subgroups import few, product_of, quotient
from symc.proofs.tables import LARGEST, Table, traces
from symc_runtime.groups.finite import Finite


def idle(situation: Situation) -> Iterator[Proof]:
    """SYM405: what can be taken out without changing what the spec means."""
    for group in situation.program.groups:
        facts = group.facts
        if _one_element(group, situation):
            yield _proof(
                group,
                f"`{group.name}` has a single element, so symmetrizing it changes nothing",
                f"{group.family}({situation.ranges.of(group.parameter).value}) is trivial",
                f"drop `{group.name}`: a plain axis means the same",
            )
        elif not facts.ruled:
            continue
        elif isinstance(facts, Finite):
            yield from _tabled(group, facts, situation)
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


def _tabled(group: GroupInstance, facts: Finite, situation: Situation) -> Iterator[Proof]:
    """Elements of a finite group that leave every tensor as it is."""
    parameter = situation.ranges.of(group.parameter).value
    order = None if parameter is None else facts.order(parameter)
    if parameter is None or order is None or order > LARGEST:
        return
    acting = {
        acting_on(block, group.name, situation.ranges).tables
        for cut in situation.program.blocks.values()
        for block in cut
    }
    still = [
        element
        for element in facts.every(parameter)
        if all(_sign(facts, parameter, tables, element) == 1 for tables in acting)
    ]
    if len(still) == order:
        yield _proof(
            group,
            f"`{group.name}` moves nothing",
            "every element leaves every tensor as it is",
            f"drop `{group.name}`: a plain axis means the same",
        )
    elif len(still) > 1:
        generators = few(still, 0, product_of(facts, parameter))
        which = enumerated([facts.named(parameter, element) for element in generators])
        many = len(generators) > 1
        left = order // len(still)
        smaller = quotient(facts, parameter, still)
        yield _proof(
            group,
            f"{which} of `{group.name}` {'move' if many else 'moves'} nothing",
            f"{'they leave' if many else 'it leaves'} every tensor as it is, so the {order} "
            f"elements do {left} things",
            f"{f'write `{smaller}`, which' if smaller else 'take a smaller group that'} does the "
            f"same, or give an input an axis that {which} {'move' if many else 'moves'}",
        )


def _sign(facts: Finite, parameter: int, tables: Iterable[Table], element: int) -> int:
    return prod(traces(facts, parameter, table).sign(element) or 0 for table in tables)


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
    return parameter is not None and group.facts.order(parameter) == 1


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
