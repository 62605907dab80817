"""What is proved, a file a kind of verdict; each is a function from a situation to proofs."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from symc.proofs.records import Proof
from symc.proofs.situation import Situation
from symc.proofs.verdicts.budget import budget
from symc.proofs.verdicts.choices import choices
from symc.proofs.verdicts.continuity import continuity
from symc.proofs.verdicts.drawing import drawing
from symc.proofs.verdicts.idle import idle
from symc.proofs.verdicts.jumps import jumps
from symc.proofs.verdicts.outputs import outputs

VERDICTS: tuple[Callable[[Situation], Iterator[Proof]], ...] = (
    outputs,
    jumps,
    choices,
    idle,
    budget,
    continuity,
    drawing,
)
