"""The symmetric group S(n)."""

from __future__ import annotations

from math import factorial

from symc_runtime.groups.group import Atom, Group


class Symmetric(Group):
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
    finite = True
    examples = (1, 2, 5)

    def order(self, parameter: int) -> int:
        """n!"""
        return factorial(parameter)
