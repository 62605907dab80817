"""Outputs that are always zero, and outputs that are confined to a subspace."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from math import prod

from symc.proofs import words
from symc.proofs.folding import size_of
from symc.proofs.listing import enumerated
from symc.proofs.ranges import NONE, ONE
from symc.proofs.records import Proof
from symc.proofs.situation import Situation
from symc.proofs.stabilizer import Joint
from symc.proofs.values import Part


def outputs(situation: Situation) -> Iterator[Proof]:
    """SYM402 and SYM403, one an output at most."""
    for tensor in situation.program.outputs:
        parts = situation.outputs[tensor.name]
        lacking = [part for part in parts if part.share is not None and part.share < 1]
        if not lacking:
            continue
        joint = situation.joints[0]
        free = words.missing(lacking[0].block, joint)
        reason = _reason(lacking[0], joint, situation, tensor.name, len(parts) == 1)
        if situation.vanishes(tensor.name):
            yield Proof(
                code="SYM402",
                severity="error",
                subject=tensor.name,
                statement=f"`{tensor.name}` is always zero",
                reason=reason,
                help=f"drop `{tensor.name}`, or give an input {free}",
            )
            continue
        yield Proof(
            code="SYM403",
            severity="warning",
            subject=tensor.name,
            statement=_confined(tensor.name, lacking, len(parts), joint, situation),
            reason=reason,
            help=f"if more is meant, give an input {free}",
        )


def _confined(
    name: str, lacking: list[Part], count: int, joint: Joint, situation: Situation
) -> str:
    if count == 1:
        return _whole(name, lacking[0], joint, situation)
    told = []
    families_of = {g.name: g.facts for g in situation.program.groups}
    for part in lacking:
        where = f"its `{words.part_name(part.block, families_of)}` part"
        told.append(f"{where} is always {_where(part, joint, situation)}")
    return f"`{name}` is confined: {enumerated(list(dict.fromkeys(told)))}"


def _whole(name: str, part: Part, joint: Joint, situation: Situation) -> str:
    group = part.block.affine
    if group is None:
        return f"`{name}` is always {_where(part, joint, situation)}"
    centre = _centre(group, situation)
    if part.share == 0:
        return f"`{name}` is always at {centre}"
    return f"`{name}`, seen from {centre}, is always {_where(part, joint, situation)}"


def _centre(group: str, situation: Situation) -> str:
    """What translations are measured from: the one point of the anchor, or the mean of several."""
    program = situation.program
    anchor = next((stage.anchor for stage in program.stages if stage.group == group), None)
    if anchor is None:
        return "the mean of the input points"
    points = NONE
    for block in program.blocks[anchor]:
        if block.affine == group:
            others = [axis.size for axis in block.axes if axis.group != group]
            points = points + situation.ranges.product(others)
    return f"`{anchor}`" if points == ONE else f"the mean of `{anchor}`"


def _where(part: Part, joint: Joint, situation: Situation) -> str:
    if part.share == 0:
        return "zero"
    told = words.predicate(part.block, joint)
    if told is not None:
        return told
    fixed, total = _dimensions(part, situation)
    return f"in a subspace of {fixed} of its {total} dimensions"


def _dimensions(part: Part, situation: Situation) -> tuple[int, int]:
    """Fixed and all dimensions, without the channels."""
    share = part.share if part.share is not None else Fraction(1)
    if part.block.folds:
        whole = size_of(part.block, situation.ranges) or share.denominator
        return int(share * whole), whole
    sizes = [
        situation.ranges.of(axis.size).value for axis in part.block.axes if axis.group is not None
    ]
    total = prod(size for size in sizes if size is not None)
    if (share * total).denominator != 1:
        total = share.denominator
    return int(share * total), total


def _reason(part: Part, joint: Joint, situation: Situation, name: str, alone: bool) -> str:
    whose = f"`{name}`" if alone else "this part"
    negated = words.charge(part.block, joint)
    if negated is not None:
        return f"{joint.words(negated)} fixes every input and negates {whose}"
    fixed, total = _dimensions(part, situation)
    some = f"{fixed} of {total} dimensions" if fixed else "nothing"
    stabilizer = words.stabilizer(joint, part.block)
    return f"a generic input is fixed by {stabilizer}, which fixes {some} of {whose}"
