"""The special Euclidean group SE(d)."""

from __future__ import annotations

from symc_runtime.groups.family import Atom
from symc_runtime.groups.matrices import Matrices


class SpecialEuclidean(Matrices):
    """Translations and rotations of d-space: (t, R) x = R x + t on points, det R = 1."""

    name = "SE"
    title = "special Euclidean group"
    element = "euclidean"
    atoms = {
        "point": Atom("natural", affine=True),
        "vector": Atom("natural"),
        "scalar": Atom("trivial"),
    }
    bare = None
    special = True
    compact = False
    examples = (1, 2, 3, 4)

    def dimension(self, parameter: int) -> int:
        """d (d + 1) / 2"""
        return parameter * (parameter + 1) // 2
