"""The translation group T(d)."""

from __future__ import annotations

from symc_runtime.groups.family import Atom, Family


class Translation(Family):
    """Translations of d-space: points move by t, vectors do not."""

    name = "T"
    title = "translation group"
    parameter = "d"
    element = "translation"
    atoms = {
        "point": Atom("natural", affine=True),
        "vector": Atom("natural"),
        "scalar": Atom("trivial"),
    }
    bare = None
    special = True
    compact = False
    examples = (1, 2, 3)

    def rest_order(self, parameter: int) -> int:
        """1: beside translations there is nothing."""
        return 1

    def rest_order_formula(self, parameter: str) -> int:
        """1"""
        return 1

    def dimension(self, parameter: int) -> int:
        """d"""
        return parameter
