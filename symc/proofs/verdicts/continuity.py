"""Where one element an input cannot be chosen continuously."""

from __future__ import annotations

from collections.abc import Iterator

from symc.ir.blocks import Block
from symc.ir.sizes import Several
from symc.proofs.cells import input_cells
from symc.proofs.ranges import NONE, Range
from symc.proofs.records import Proof
from symc.proofs.situation import Situation

SOURCE = "Dym, Lawrence and Siegel, ICML 2024"


def continuity(situation: Situation) -> Iterator[Proof]:
    """Facts about stages that choose one element; `symc check` does not report them.

    A canonicalization of all inputs is one of those whose other parts are zero, so what cannot
    be had for vectors alone cannot be had with more beside them.
    """
    for stage in situation.program.stages:
        group = situation.program.group(stage.group)
        facts = group.facts
        if not facts.ruled or isinstance(group.parameter, Several):
            continue
        size = situation.ranges.of(group.parameter)
        permuting = facts.permutes
        if stage.method != "canonical" and not (stage.method == "frame" and permuting):
            continue
        where = ""
        if permuting:
            count = _numbers_an_item(situation, stage.group)
            known = count.low > 1 and size.high != 1
            what = f"items of {count.low} numbers"
            where = f" where {group.parameter} is 2 or more" if size.low < 2 else ""
        elif facts.turns and size.value is not None:
            count = _vectors(situation, stage.group)
            known = count.low > size.value
            if facts.special:
                known = count.low >= size.value >= 2
            what = f"{count.low} vectors in {size.value} dimensions"
        else:
            continue
        if known:
            yield Proof(
                code=None,
                severity="note",
                subject=stage.group,
                statement="what the base sees jumps at some inputs, with the element of "
                f"`{stage.group}` that `{stage.method}` chooses{where}",
                reason=f"no continuous canonicalization exists for {what} or more ({SOURCE})",
            )


def _vectors(situation: Situation, group: str) -> Range:
    """How many vectors of a group the inputs hold, whatever else acts on them."""
    total = NONE
    for cell in input_cells(situation.program, situation.ranges, frozenset({group})):
        if cell.axes.get(group, 0) == 1 and not cell.signs:
            total = total + cell.width
    return total


def _numbers_an_item(situation: Situation, group: str) -> Range:
    """How many numbers the inputs hold for each item of a group of permutations."""
    total = NONE
    for tensor in situation.program.inputs:
        for block in situation.program.blocks[tensor.name]:
            if not tensor.whole and _lists_items(block, group):
                sizes = [axis.size for axis in block.axes if axis.group != group]
                total = total + situation.ranges.product(sizes)
    return total


def _lists_items(block: Block, group: str) -> bool:
    return len(block.natural_axes(group)) == 1 and group not in block.characters
