"""What the stabilizer fixes of an output."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from symc.ir.blocks import Block
from symc.proofs.folding import size_of
from symc.proofs.ranges import Ranges
from symc.proofs.records import ValueSpace
from symc.proofs.stabilizer import Joint


@dataclass(frozen=True)
class Part:
    """A pure block of an output; `share`: how much of it is fixed, None: not counted."""

    block: Block
    share: Fraction | None


def parts(cut: Sequence[Block], joints: Sequence[Joint]) -> tuple[Part, ...]:
    """The blocks of an output, the most that any of the joint stabilizers fixes of each."""
    found = []
    for block in cut:
        shares = [joint.share(block) for joint in joints]
        known = [share for share in shares if share is not None]
        found.append(Part(block, max(known) if len(known) == len(shares) else None))
    return tuple(found)


def space(
    cut: Sequence[Block], joints: Sequence[Joint], ranges: Ranges, whole: bool = True
) -> ValueSpace | None:
    """The dimension of what is fixed; None while a size is open.

    `whole`: whether every equivariant map may be meant, not gradients alone, of which all are
    across the orbit of the input.
    """
    dimension = total = 0
    for part in parts(cut, joints):
        size = size_of(part.block, ranges)
        if part.share is None or size is None:
            return None
        total += size
        dimension += int(part.share * size)
    exact = whole and all(joint.exact for joint in joints)
    return ValueSpace(dimension=dimension, total=total, exact=exact)
