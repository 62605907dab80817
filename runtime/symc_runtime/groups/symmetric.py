"""The symmetric group S(n)."""

from __future__ import annotations

from itertools import permutations

from symc_runtime.groups.family import Atom, Family, factor

_MOST = 20
"""20! is the largest factorial of 63 bits."""


class Symmetric(Family):
    """All permutations of n items: (g x)[pi(j)] = x[j]."""

    name = "S"
    title = "symmetric group"
    parameter = "n"
    element = "permutation"
    atoms = {
        "natural": Atom("natural"),
        "sign": Atom("trivial", character=True),
        "scalar": Atom("trivial"),
    }
    bare = "natural"
    examples = (1, 2, 5)

    def rest_order(self, parameter: int) -> int | None:
        """n!"""
        if parameter > _MOST:
            return None
        order = 1
        # `math.factorial` cannot be traced where n is open.
        for number in range(2, parameter + 1):
            order *= number
        return order

    def rest_order_formula(self, parameter: str) -> str:
        """`n!`"""
        return f"{factor(parameter)}!"

    def every(self, parameter: int) -> list[tuple[int, ...]]:
        """The indices [n!, n]."""
        return list(permutations(range(parameter)))
