"""Groups by generators that tests share, as a spec defines them, and their orders."""

from __future__ import annotations

from symc_runtime.generators.group import Definition


def rotation(angle: str) -> str:
    return f"[[cos({angle}), -sin({angle})], [sin({angle}), cos({angle})]]"


_A, _B = "(1 + sqrt(5))/4", "(sqrt(5) - 1)/4"

GROUPS: dict[str, tuple[Definition, int]] = {
    "nothing": (("r = [[1]]",), 1),
    "reversal": (("r = [[-1]]",), 2),
    "square": (("r = [[0, -1], [1, 0]]", "s = [[1, 0], [0, -1]]"), 8),
    "mirrors": (("a = [[-1, 0], [0, 1]]", "b = [[1, 0], [0, -1]]"), 4),
    "repeats": (("r = [[0, -1], [1, 0]]", "t = [[0, -1], [1, 0]]", "o = [[1, 0], [0, 1]]"), 4),
    "triangle": (("r = [[-1/2, -sqrt(3)/2], [sqrt(3)/2, -1/2]]",), 3),
    "dihedral": ((f"r = {rotation('2*pi/7')}", "s = [[1, 0], [0, -1]]"), 14),
    "octahedral": (
        (
            "r = [[0, -1, 0], [1, 0, 0], [0, 0, 1]]",
            "c = [[0, 0, 1], [1, 0, 0], [0, 1, 0]]",
            "i = [[-1, 0, 0], [0, -1, 0], [0, 0, -1]]",
        ),
        48,
    ),
    "prism": (
        (
            "r = [[0, -1, 0], [1, 0, 0], [0, 0, 1]]",
            "s = [[1, 0, 0], [0, 1, 0], [0, 0, -1]]",
        ),
        8,
    ),
    "icosahedral": (
        (
            "a = [[-1, 0, 0], [0, 1, 0], [0, 0, 1]]",
            "b = [[1, 0, 0], [0, 1, 0], [0, 0, -1]]",
            f"c = [[1/2, -{_A}, -{_B}], [-{_A}, -{_B}, -1/2], [-{_B}, -1/2, {_A}]]",
        ),
        120,
    ),
    "quaternion": (
        (
            "i = [[0, -1, 0, 0], [1, 0, 0, 0], [0, 0, 0, -1], [0, 0, 1, 0]]",
            "j = [[0, 0, -1, 0], [0, 0, 0, 1], [1, 0, 0, 0], [0, -1, 0, 0]]",
        ),
        8,
    ),
    "f4": (
        (
            "a = [[1, 0, 0, 0], [0, 0, 1, 0], [0, 1, 0, 0], [0, 0, 0, 1]]",
            "b = [[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 0, 1], [0, 0, 1, 0]]",
            "c = [[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, -1]]",
            "d = [[1/2, 1/2, 1/2, 1/2], [1/2, 1/2, -1/2, -1/2], [1/2, -1/2, 1/2, -1/2], "
            "[1/2, -1/2, -1/2, 1/2]]",
        ),
        1152,
    ),
}


def written(name: str, relations: str = "") -> str:
    """As a spec writes it."""
    lines = [f"element {line}" for line in GROUPS[name][0]]
    return f"generated {{ {' '.join(lines)} {relations} }}"


def sized(name: str) -> int:
    """How many rows its matrices have."""
    return GROUPS[name][0][0].count("[") - 1
