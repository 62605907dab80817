"""T(d): translations move every point, so none fixes an input that has one."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from symc.proofs.action import Action
from symc.proofs.factors.factor import Factor
from symc.proofs.records import Stabilizer


class Translation(Factor):
    """Only the identity: a permutation has finite order, so no translation undoes it either."""

    elements = frozenset({"translation"})

    def form(self, action: Action) -> int:
        """No sign."""
        return 0

    def rigid(self, action: Action) -> bool:
        """Always: by 1."""
        return True

    def share(self, action: Action, point: int) -> Fraction | None:
        """Everything is fixed."""
        return Fraction(1)

    def alone(self, points: Sequence[int]) -> Stabilizer:
        """Trivial."""
        return Stabilizer(text="trivial", dimension=0, words="only the identity", exact=True)

    def element(self, point: int) -> str | None:
        """None."""
        return None
