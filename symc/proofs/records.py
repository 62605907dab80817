"""What a proof says, as data."""

from __future__ import annotations

from typing import Literal

from symc.ir.model import Model


class Proof(Model):
    """One thing that is proved about a spec.

    `code`: of the diagnostic that reports it; None: a fact that `symc check` keeps to itself.
    `subject`: the name of the output, group or input that it speaks of. `statement`: what is
    proved, in one sentence. `reason`: why, the stabilizer or the charge that does not balance.
    `help`: what would change it.
    """

    code: str | None
    severity: Literal["error", "warning", "note"]
    subject: str
    statement: str
    reason: str
    help: str | None = None


class Stabilizer(Model):
    """The elements that fix a generic input, up to conjugation.

    `text`: `trivial`, `O(2)`, `SO(2)`, `Z2`, `S(4)` ...; `dimension` as a Lie group; `words`:
    which elements these are. `exact`: False where every input has at least these elements and
    perhaps more, as with labels, which repeat.
    """

    text: str
    dimension: int
    words: str
    exact: bool

    @property
    def trivial(self) -> bool:
        """Whether only the identity is known to fix a generic input."""
        return self.text == "trivial"


class ValueSpace(Model):
    """Where the expectation of an output lies at one generic input.

    Its values fill a space of `dimension` out of `total` numbers; for points, relative to the
    mean of the anchor. `exact`: False where `dimension` is an upper bound.
    """

    dimension: int
    total: int
    exact: bool
