"""Where one element an input is drawn, of inputs with a symmetry of their own."""

from __future__ import annotations

from collections.abc import Iterator

from symc.proofs.records import Proof
from symc.proofs.situation import Situation
from symc_runtime.catalogue import groups as families
from symc_runtime.catalogue import methods


def drawing(situation: Situation) -> Iterator[Proof]:
    """Facts about linear stages that choose one element; `symc check` does not report them.

    What a net makes of items that later groups permute is fixed by every symmetry of the input:
    of benzene nothing is left. A direction of an item is, drawn among those that look alike.
    """
    program = situation.program
    for index, stage in enumerate(program.stages):
        facts = families()[program.group(stage.group).family]
        if stage.method != "canonical" or not facts.ruled or not facts.turns:
            continue
        behind = [
            other
            for place, other in enumerate(program.stages)
            if (other_facts := families()[program.group(other.group).family]).ruled
            and other_facts.permutes
            and (place > index or not methods()[other.method].acts)
        ]
        permuting = [
            other for other in behind if _moves_vectors(situation, stage.group, other.group)
        ]
        if permuting:
            names = " and ".join(f"`{other.group}`" for other in permuting)
            yield Proof(
                code=None,
                severity="note",
                subject=stage.group,
                statement="of an input with a symmetry of its own, as molecules have, the element "
                f"of `{stage.group}` is drawn, up to that symmetry",
                reason=f"it is along one of the items that look alike under {names}: to a base "
                "that has this symmetry all draws are the same, to another they may differ",
            )


def _moves_vectors(situation: Situation, group: str, permuting: str) -> bool:
    """Whether some input lists vectors of a group by the items of another."""
    return any(
        len(block.natural_axes(group)) % 2 == 1
        and block.natural_axes(permuting)
        and group not in block.characters
        for tensor in situation.program.inputs
        for block in situation.program.blocks[tensor.name]
    )
