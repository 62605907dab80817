"""S(n): a permutation acts on items that are all different, or by its sign alone."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from symc.proofs.action import Action
from symc.proofs.factors.factor import Factor, Setting
from symc.proofs.moments import (
    MAXIMUM_POWER,
    fixed_point_mixed_moment,
    fixed_point_moment,
)
from symc.proofs.records import Stabilizer


class Permutation(Factor):
    """The identity where an input has an axis of items, else the alternating group or all of S(n).

    A permutation matrix of two or more items is never a multiple of the identity, so no rotation
    of generic vectors undoes it.
    """

    elements = frozenset({"permutation"})

    def __init__(self, setting: Setting) -> None:
        super().__init__(setting)
        self.parameter = str(setting.group.parameter)
        items = setting.parameters[self.name]
        self.items = items.value
        free = not setting.cells and items.value is not None and items.value > 1
        self.odd = setting.variable() if free else 0
        self.variables = self.odd
        if setting.cells:
            self.exact = not all(cell.labels for cell in setting.cells)
        else:
            self.exact = items.value is not None

    def form(self, action: Action) -> int:
        """Odd permutations negate what the sign multiplies."""
        return self.odd if action.character else 0

    def rigid(self, action: Action) -> bool:
        """Where permutations are the identity, or on no items at all."""
        return not action.axes or not self.odd

    def share(self, action: Action, point: int) -> Fraction | None:
        """By the number of fixed points."""
        axes, cycles = action.axes, action.cycles
        if not self.odd or self.items is None:
            return Fraction(1)
        odd = bool(point & self.odd)
        sign = -1 if odd and action.character else 1
        if not axes:
            return Fraction(sign)
        if axes > MAXIMUM_POWER:
            return None
        if cycles == (1,) * axes:
            mean = Fraction(fixed_point_moment(self.items, axes, odd))
        else:
            mean = fixed_point_mixed_moment(self.items, cycles, odd)
        return mean * Fraction(sign, self.items ** len(cycles))

    def alone(self, points: Sequence[int]) -> Stabilizer:
        """`trivial`, `A(n)` or `S(n)`."""
        text, words = "trivial", "only the identity"
        if self.odd:
            whole = any(point & self.odd for point in points)
            if whole:
                text, words = f"S({self.parameter})", "every permutation"
            elif self.items != 2:
                text, words = f"A({self.parameter})", "the even permutations"
        return Stabilizer(text=text, dimension=0, words=words, exact=self.exact)

    def element(self, point: int) -> str | None:
        """An odd permutation, or none."""
        if not point & self.odd:
            return None
        if self.items == 2:
            return f"the exchange of the two items of `{self.name}`"
        return f"an odd permutation of `{self.name}`"
