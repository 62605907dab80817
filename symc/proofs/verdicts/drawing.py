"""Where one element an input is drawn, of inputs with a symmetry of their own."""

from __future__ import annotations

from collections.abc import Iterator

from symc.ir.blocks import Block
from symc.proofs.action import acting_on
from symc.proofs.records import Proof
from symc.proofs.situation import Situation
from symc.proofs.tables import lists_items
from symc_runtime.catalogue import methods
from symc_runtime.groups.finite import Finite


def drawing(situation: Situation) -> Iterator[Proof]:
    """Facts about stages that choose one element; `symc check` does not report them.

    What a net makes of items that later groups permute is fixed by every symmetry of the input:
    of benzene nothing is left. A direction of an item is, drawn among those that look alike. So
    are poses of a finite group that look alike.
    """
    program = situation.program
    for index, stage in enumerate(program.stages):
        group = program.group(stage.group)
        facts = group.facts
        if stage.method != "canonical" or not facts.ruled:
            continue
        parameter = situation.ranges.of(group.parameter).value
        if facts.tabled and parameter is not None and facts.order(parameter) != 1:
            yield _drawn(
                stage.group,
                "images have",
                "poses that look alike are one to the base: which of them is drawn moves its "
                "outputs by a symmetry of the input",
            )
        if not facts.turns:
            continue
        behind = [
            other.group
            for place, other in enumerate(program.stages)
            if place > index or (place < index and not methods()[other.method].acts)
        ]
        permuting = [other for other in behind if _moves_vectors(situation, stage.group, other)]
        if permuting:
            names = " and ".join(f"`{other}`" for other in permuting)
            yield _drawn(
                stage.group,
                "molecules have",
                f"it is along one of the items that look alike under {names}: to a base "
                "that has this symmetry all draws are the same, to another they may differ",
            )


def _drawn(group: str, owners: str, reason: str) -> Proof:
    return Proof(
        code=None,
        severity="note",
        subject=group,
        statement=f"of an input with a symmetry of its own, as {owners}, the element "
        f"of `{group}` is drawn, up to that symmetry",
        reason=reason,
    )


def _moves_vectors(situation: Situation, group: str, permuting: str) -> bool:
    """Whether some input lists vectors of a group by the items of another."""
    return any(
        len(block.natural_axes(group)) % 2 == 1
        and group not in block.characters
        and _lists_items(situation, block, permuting)
        for tensor in situation.program.inputs
        for block in situation.program.blocks[tensor.name]
    )


def _lists_items(situation: Situation, block: Block, name: str) -> bool:
    group = situation.program.group(name)
    facts, parameter = group.facts, situation.ranges.of(group.parameter).value
    if not facts.ruled:
        return False
    if facts.permutes:
        return bool(block.natural_axes(name))
    tables = acting_on(block, name, situation.ranges).tables
    finite = isinstance(facts, Finite) and parameter is not None
    return finite and any(lists_items(facts, parameter, table) for table in tables)
