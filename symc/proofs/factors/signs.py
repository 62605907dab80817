"""Z2(k): what is known of sign flips is whether all items are negated together."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from symc.proofs.action import Action
from symc.proofs.factors.factor import Factor, Setting
from symc.proofs.records import Stabilizer


class Signs(Factor):
    """1 and -1, where these are tied to other groups so that every input stays.

    An input with one axis of items, that no rotation moves, is fixed by nothing else: a sign of
    one item is undone by what negates all of them alone.
    """

    elements = frozenset({"signs"})

    def __init__(self, setting: Setting) -> None:
        super().__init__(setting)
        self.parameter = str(setting.group.parameter)
        items = setting.parameters[self.name].value
        self.odd_items = setting.odd_dimension if items is None else items % 2 == 1
        self.minus = self.variables = setting.variable()
        if self.odd_items is None:
            # Whether -1 is odd is not run through: it stays at rest.
            self.forms.append(self.minus)
        self.exact = any(
            cell.axes[self.name] == 1 and not (cell.axes.keys() & setting.linear)
            for cell in setting.cells
        )

    def form(self, action: Action) -> int:
        """Minus one for each axis, and as many times for the character as there are items."""
        odd = (action.axes + (action.character and bool(self.odd_items))) % 2
        return self.minus if odd else 0

    def rigid(self, action: Action) -> bool:
        """Always: 1 and -1 are signs."""
        return True

    def share(self, action: Action, point: int) -> Fraction | None:
        """All or nothing."""
        return Fraction(-1 if (point & self.form(action)).bit_count() % 2 else 1)

    def alone(self, points: Sequence[int]) -> Stabilizer:
        """`trivial` or `Z2`."""
        text, words = "trivial", "only the identity"
        if any(point & self.minus for point in points):
            text, words = "Z2", "1 and -1"
        return Stabilizer(text=text, dimension=0, words=words, exact=self.exact)

    def element(self, point: int) -> str | None:
        """-1, or none."""
        return f"-1 of `{self.name}`" if point & self.minus else None
