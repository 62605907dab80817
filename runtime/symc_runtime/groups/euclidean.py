"""The Euclidean group E(d)."""

from __future__ import annotations

from symc_runtime.groups.family import Atom
from symc_runtime.groups.matrices import Matrices


class Euclidean(Matrices):
    """Translations, rotations and reflections of d-space: (t, R) x = R x + t on points."""

    name = "E"
    title = "Euclidean group"
    element = "euclidean"
    atoms = {
        "point": Atom("natural", affine=True),
        "vector": Atom("natural"),
        "pseudoscalar": Atom("trivial", character=True),
        "pseudovector": Atom("natural", character=True),
        "scalar": Atom("trivial"),
    }
    bare = None
    compact = False
    examples = (1, 2, 3, 4)

    def dimension(self, parameter: int) -> int:
        """d (d + 1) / 2"""
        return parameter * (parameter + 1) // 2
