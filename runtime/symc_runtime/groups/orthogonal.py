"""The orthogonal group O(d)."""

from __future__ import annotations

from symc_runtime.groups.family import Atom
from symc_runtime.groups.matrices import Matrices


class Orthogonal(Matrices):
    """Rotations and reflections of d-space."""

    name = "O"
    title = "orthogonal group"
    element = "orthogonal"
    atoms = {
        "vector": Atom("natural"),
        "pseudoscalar": Atom("trivial", character=True),
        "pseudovector": Atom("natural", character=True),
        "scalar": Atom("trivial"),
    }
    bare = "vector"
    examples = (1, 2, 3, 4)

    def dimension(self, parameter: int) -> int:
        """d (d - 1) / 2"""
        return parameter * (parameter - 1) // 2
