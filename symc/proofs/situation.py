"""A program with what is known of its sizes, and its stabilizer: what every verdict looks at."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property

from symc.ir.program import Program
from symc.proofs.folding import blocks_of
from symc.proofs.ranges import Ranges
from symc.proofs.stabilizer import Joint, stabilizers
from symc.proofs.values import Part, parts


class Situation:
    """Worked out once for all verdicts."""

    def __init__(self, program: Program, values: Mapping[str, int] | None = None) -> None:
        self.program = program
        self.ranges = Ranges(program, values)

    @cached_property
    def joints(self) -> tuple[Joint, ...]:
        """The stabilizer of a generic input; two where the parity of a dimension is open."""
        return stabilizers(self.program, self.ranges)

    @cached_property
    def outputs(self) -> dict[str, tuple[Part, ...]]:
        """The blocks of each output, with what is fixed of them."""
        return {
            t.name: parts(blocks_of(self.program, t.name, self.ranges), self.joints)
            for t in self.program.outputs
        }

    def vanishes(self, output: str) -> bool:
        """Whether nothing of an output is fixed; a point keeps the mean of its anchor."""
        return all(p.share == 0 and p.block.affine is None for p in self.outputs[output])
