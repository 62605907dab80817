"""Linear equations over the field of two elements: which signs are possible."""

from __future__ import annotations

from collections.abc import Hashable, Iterable


class Parities:
    """A system in unknown bits; each equation says that some of them add up to a parity."""

    def __init__(self) -> None:
        self._places: dict[Hashable, int] = {}
        self._rows: dict[int, int] = {}  # by the highest unknown; bit 0 is the right-hand side
        self.consistent = True

    def require(self, unknowns: Iterable[Hashable], parity: int) -> None:
        """The unknowns add up to `parity`; one that occurs twice cancels."""
        row = parity & 1
        for unknown in unknowns:
            row ^= 1 << self._places.setdefault(unknown, len(self._places) + 1)
        while row > 1:
            top = row.bit_length() - 1
            if top not in self._rows:
                self._rows[top] = row
                return
            row ^= self._rows[top]
        if row:
            self.consistent = False

    def solution(self) -> dict[Hashable, int]:
        """Bits that solve the system, 0 where it leaves them open; it must be consistent."""
        values = 1  # bit 0 stands for the constant
        for place in range(1, len(self._places) + 1):
            row = self._rows.get(place, 0)
            below = row & ~(1 << place) & values
            values |= (below.bit_count() & 1) << place
        return {unknown: values >> place & 1 for unknown, place in self._places.items()}
