"""The group of sign flips Z2(k)."""

from __future__ import annotations

from itertools import product

from symc_runtime.groups.family import Atom, Family, factor

_MOST = 62
"""2^62 is the largest power of two of 63 bits."""


class SignFlips(Family):
    """A sign for each of k items: (g x)[i] = s[i] x[i], as eigenvectors are known up to a sign."""

    name = "Z2"
    title = "group of sign flips"
    parameter = "k"
    element = "signs"
    atoms = {
        "natural": Atom("natural"),
        "sign": Atom("trivial", character=True),
        "scalar": Atom("trivial"),
    }
    bare = "natural"
    examples = (1, 2, 4)

    def rest_order(self, parameter: int) -> int | None:
        """2^k"""
        if parameter > _MOST:
            return None
        order = 1
        # A shift cannot be traced where k is open.
        for _ in range(parameter):
            order *= 2
        return order

    def rest_order_formula(self, parameter: str) -> str:
        """`2^k`"""
        return f"2^{factor(parameter)}"

    def every(self, parameter: int) -> list[tuple[int, ...]]:
        """The signs [2^k, k]; those of the last item change first."""
        return list(product((1, -1), repeat=parameter))
