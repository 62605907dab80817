"""What the stabilizer fixes of an output."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from math import prod

from symc.ir.blocks import Block, blocks
from symc.ir.program import Program
from symc.proofs.ranges import Ranges
from symc.proofs.records import ValueSpace
from symc.proofs.stabilizer import Joint


@dataclass(frozen=True)
class Part:
    """A pure block of an output; `share`: how much of it is fixed, None: not counted."""

    block: Block
    share: Fraction | None


def parts(program: Program, output: str, joints: tuple[Joint, ...]) -> tuple[Part, ...]:
    """The blocks of an output, the most that any of the joint stabilizers fixes of each."""
    tensor = next(t for t in program.outputs if t.name == output)
    found = []
    for block in blocks(tensor, program.groups):
        shares = [joint.share(block) for joint in joints]
        known = [share for share in shares if share is not None]
        found.append(Part(block, max(known) if len(known) == len(shares) else None))
    return tuple(found)


def space(
    program: Program, output: str, joints: tuple[Joint, ...], ranges: Ranges
) -> ValueSpace | None:
    """The dimension of what is fixed; None while a size is open."""
    dimension = total = 0
    for part in parts(program, output, joints):
        sizes = [ranges.of(axis.size).value for axis in part.block.axes]
        known = [size for size in sizes if size is not None]
        if part.share is None or len(known) < len(sizes):
            return None
        total += prod(known)
        dimension += int(part.share * prod(known))
    exact = all(joint.exact for joint in joints)
    return ValueSpace(dimension=dimension, total=total, exact=exact)
