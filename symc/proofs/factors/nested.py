"""S(m) wr S(n): an input with an axis of items is fixed by nothing, one of blocks by what is in
them."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from math import comb

from symc.ir.sizes import sizes_in
from symc.proofs.action import Action
from symc.proofs.factors.factor import Factor, Setting
from symc.proofs.moments import MAXIMUM_POWER, partitions
from symc.proofs.records import Stabilizer
from symc.proofs.tables import Table

ITEMS = "natural"

_MOST_BLOCKS = 1 << 10
"""With more blocks, powers of an axis of items are not counted."""


class Nested(Factor):
    """The identity where an input has an axis of items, else all that moves items inside blocks.

    No combination of parities: the group has no sign.
    """

    elements = frozenset({"nested"})

    def __init__(self, setting: Setting) -> None:
        super().__init__(setting)
        self.items, self.blocks = setting.sizes
        self.inner, self.outer = (str(size) for size in sizes_in(setting.group.parameter))
        told = any(_lists_items(cell.tables[self.name]) for cell in setting.cells)
        # Inside blocks everything moves; of blocks of one item nothing does.
        self.free = not told and self.items.value != 1
        generic = [cell for cell in setting.cells if not cell.labels]
        plain = [c for c in generic if not any(t.difference for t in c.tables[self.name])]
        self.exact = bool(plain) if not self.free else bool(plain) and self.items.low > 1
        if told:
            self.exact = any(_lists_items(cell.tables[self.name]) for cell in plain)

    @property
    def axis(self) -> str:
        """The axis that tells all elements apart, as a spec writes it."""
        return f"({self.outer}, {self.inner}): {self.name}"

    def form(self, action: Action) -> int:
        """No sign."""
        return 0

    def rigid(self, action: Action) -> bool:
        """On blocks, which what is inside of them leaves alone; on items where nothing moves."""
        return not self.free or not _lists_items(action.tables)

    def share(self, action: Action, point: int) -> Fraction | None:
        """By the number of items that stay, the sum of those of the blocks."""
        axes = sum(table.atom == ITEMS for table in action.tables)
        if not self.free or not axes:
            return Fraction(1)
        m, n = self.items.value, self.blocks.value
        if m is None or axes > MAXIMUM_POWER:
            return None
        if axes == 1:
            return Fraction(1, m)
        if n is None or n > _MOST_BLOCKS:
            return None
        return Fraction(_moment(m, n, axes), (m * n) ** axes)

    def alone(self, points: Sequence[int]) -> Stabilizer:
        """`trivial`, or `S(m)^n`."""
        text, words = "trivial", "only the identity"
        if self.free:
            text = f"S({self.inner})^{self.outer}"
            words = "every permutation inside blocks"
        return Stabilizer(text=text, dimension=0, words=words, exact=self.exact)

    def element(self, point: int) -> str | None:
        """None has a sign of its own."""
        return None


def _lists_items(tables: Sequence[Table]) -> bool:
    return any(table.atom == ITEMS for table in tables)


def _moment(m: int, n: int, power: int) -> int:
    """The mean of (number of items that stay)^power over S(m)^n.

    That of one S(m) counts the ways to cut so many places into at most m parts; blocks are
    independent.
    """
    one = [sum(partitions(k, parts) for parts in range(min(k, m) + 1)) for k in range(power + 1)]
    total = [1, *[0] * power]
    for _ in range(n):
        total = [
            sum(comb(k, j) * total[j] * one[k - j] for j in range(k + 1)) for k in range(power + 1)
        ]
    return total[power]
