"""The special orthogonal group SO(d)."""

from __future__ import annotations

from symc_runtime.groups.family import Atom
from symc_runtime.groups.matrices import Matrices


class SpecialOrthogonal(Matrices):
    """Rotations of d-space: orthogonal matrices of determinant 1."""

    name = "SO"
    title = "special orthogonal group"
    element = "orthogonal"
    atoms = {"vector": Atom("natural"), "scalar": Atom("trivial")}
    bare = "vector"
    special = True
    examples = (1, 2, 3, 4)

    def dimension(self, parameter: int) -> int:
        """d (d - 1) / 2"""
        return parameter * (parameter - 1) // 2
