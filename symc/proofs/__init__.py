"""What follows from a checked spec before a tensor flows: proofs by exact algebra.

Let G be the product of all groups, x a generic input, G_x its stabilizer. The values at x of
equivariant maps into a representation W fill exactly W^{G_x}, the vectors that G_x fixes. So an
output is always zero where nothing is fixed, and confined where not all is. All of it is about
the expectation, which is equivariant whatever the base and the methods are.
"""

from __future__ import annotations

from collections.abc import Mapping

from symc.ir.program import Program
from symc.proofs.folding import blocks_of
from symc.proofs.ranges import Ranges
from symc.proofs.records import Proof, Stabilizer, ValueSpace
from symc.proofs.situation import Situation
from symc.proofs.stabilizer import stabilizers
from symc.proofs.values import space
from symc.proofs.verdicts import VERDICTS

__all__ = [
    "Proof",
    "Stabilizer",
    "ValueSpace",
    "generic_stabilizer",
    "prove",
    "value_space",
    "value_spaces",
]


def prove(program: Program, values: Mapping[str, int] | None = None) -> tuple[Proof, ...]:
    """Everything proved about a program; `values`: free sizes that are known, as at a build.

    Each proof holds for every value of the sizes that stay open.
    """
    situation = Situation(program, values)
    return tuple(proof for verdict in VERDICTS for proof in verdict(situation))


def generic_stabilizer(
    program: Program, group: str, values: Mapping[str, int] | None = None
) -> Stabilizer | None:
    """What of one group alone, all others at rest, fixes a generic input; None: no claim."""
    joints = stabilizers(program, Ranges(program, values), frozenset({group}))
    found = {joint.factors[group].alone(joint.points) for joint in joints if group in joint.factors}
    return found.pop() if len(found) == 1 else None


def value_space(
    program: Program, output: str, values: Mapping[str, int] | None = None
) -> ValueSpace | None:
    """Dimension of the values of an output at a generic input; None: sizes open, or no rule."""
    return value_spaces(program, values)[output]


def value_spaces(
    program: Program, values: Mapping[str, int] | None = None
) -> dict[str, ValueSpace | None]:
    """`value_space` of every output."""
    situation = Situation(program, values)
    return {
        output.name: space(
            blocks_of(program, output.name, situation.ranges),
            situation.joints,
            situation.ranges,
            whole=output.derivation is None,
        )
        for output in program.outputs
    }
