"""Symmetric clouds of points: molecules with ideal coordinates, polyhedra, rings."""

from __future__ import annotations

import math
from itertools import permutations, product

import torch

F64 = torch.float64
Cloud = tuple[torch.Tensor, list[int]]
"""Points [n, d] and the sort of each."""


def ring(n: int, radius: float = 1.0, height: float = 0.0, turn: float = 0.0) -> torch.Tensor:
    """A regular ring [n, 3] about the third axis."""
    angle = torch.arange(n, dtype=F64) * (2 * math.pi / n) + turn
    return torch.stack(
        [radius * angle.cos(), radius * angle.sin(), torch.full((n,), height, dtype=F64)], -1
    )


def points(*rows: tuple[float, ...]) -> torch.Tensor:
    """Rows as points."""
    return torch.tensor(rows, dtype=F64)


def corners(*numbers: float, even: bool = False) -> torch.Tensor:
    """Every order and every choice of signs of the numbers; `even`: of an even number of minus."""
    found = {
        tuple(sign * x + 0.0 for sign, x in zip(signs, order, strict=True))
        for order in permutations(numbers)
        for signs in product((1, -1), repeat=len(numbers))
        if not even or signs.count(-1) % 2 == 0
    }
    return points(*sorted(found))


def images(x: torch.Tensor, generator: torch.Tensor) -> torch.Tensor:
    """Points [n, 3] and all that powers of a matrix make of them."""
    found = [x]
    while (found[-1] @ generator.T - x).abs().max() > 1e-9:
        found.append(found[-1] @ generator.T)
    return torch.cat(found)


def turn(angle: float, last: float = 1.0) -> torch.Tensor:
    """A turn about the third axis, which is multiplied by `last`."""
    c, s = math.cos(angle), math.sin(angle)
    return points((c, -s, 0), (s, c, 0), (0, 0, last))


ORIGIN = points((0, 0, 0))
TETRAHEDRON = corners(1, 1, 1, even=True)
OCTAHEDRON = corners(1, 0, 0)
CUBE = corners(1, 1, 1)
GOLDEN = (1 + 5**0.5) / 2
SCATTERED = points((0.9, 0.4, 0.3), (-0.3, 1.1, 0.7), (0.5, -0.6, 0.8))


def ethane(angle: float) -> Cloud:
    """Staggered at pi / 3, eclipsed at 0, else chiral."""
    carbon = points((0, 0, 0.765), (0, 0, -0.765))
    return torch.cat([carbon, ring(3, 1.02, 1.16), ring(3, 1.02, -1.16, angle)]), [0] * 2 + [1] * 6


def molecules() -> dict[str, Cloud]:
    """By name; at most 18 items of two sorts."""
    halves = torch.cat([SCATTERED, -SCATTERED])
    four, six = turn(math.pi / 2, -1), turn(math.pi / 3, -1)
    return {
        "atom": (ORIGIN, [0]),
        "two atoms in one place": (ORIGIN.expand(2, 3), [0, 0]),
        "hydrogen": (points((0, 0, 0.37), (0, 0, -0.37)), [1, 1]),
        "carbon dioxide": (points((0, 0, 0), (0, 0, 1.16), (0, 0, -1.16)), [0, 1, 1]),
        "water": (points((0, 0, 0.117), (0, 0.757, -0.469), (0, -0.757, -0.469)), [0, 1, 1]),
        "ammonia": (torch.cat([points((0, 0, 0.1)), ring(3, 0.94, -0.27)]), [0, 1, 1, 1]),
        "methane": (torch.cat([ORIGIN, 0.63 * TETRAHEDRON]), [0, 1, 1, 1, 1]),
        "phosphorus": (TETRAHEDRON, [0] * 4),
        "benzene": (torch.cat([ring(6, 1.39), ring(6, 2.48)]), [0] * 6 + [1] * 6),
        "ethane": ethane(math.pi / 3),
        "eclipsed ethane": ethane(0),
        "twisted ethane": ethane(0.4),
        "allene": (
            torch.cat(
                [
                    points((0, 0, 0), (0, 0, 1.3), (0, 0, -1.3), (0.93, 0, 1.87), (-0.93, 0, 1.87)),
                    points((0, 0.93, -1.87), (0, -0.93, -1.87)),
                ]
            ),
            [0] * 3 + [1] * 4,
        ),
        "chair": (torch.cat([ring(3, 1.46, 0.25), ring(3, 1.46, -0.25, math.pi / 3)]), [0] * 6),
        "bipyramid": (
            torch.cat([ORIGIN, 1.5 * ring(3), points((0, 0, 1.5), (0, 0, -1.5))]),
            [0] + [1] * 5,
        ),
        "sulfur hexafluoride": (torch.cat([ORIGIN, 1.56 * OCTAHEDRON]), [0] + [1] * 6),
        "cubane": (torch.cat([0.785 * CUBE, 1.42 * CUBE]), [0] * 8 + [1] * 8),
        "cube and octahedron": (torch.cat([CUBE / 3**0.5, OCTAHEDRON]), [0] * 14),
        "icosahedron": (corners(0, 1, GOLDEN)[_cyclic(corners(0, 1, GOLDEN))], [0] * 12),
        "cuboctahedron": (corners(1, 1, 0), [0] * 12),
        "ring of three": (ring(3), [0] * 3),
        "ring of five": (ring(5), [0] * 5),
        "ring of eight": (ring(8), [0] * 8),
        "ring of seventeen": (ring(17), [0] * 17),
        "every other substituted": (torch.cat([ring(6, 1.39), ring(3, 1.8)]), [0] * 6 + [1] * 3),
        "prism": (torch.cat([ring(5, 1, 0.7), ring(5, 1, -0.7)]), [0] * 10),
        "antiprism": (torch.cat([ring(4, 1, 0.7), ring(4, 1, -0.7, math.pi / 4)]), [0] * 8),
        "a centre of inversion": (halves, [0, 1, 0] * 2),
        "a turn and a mirror": (images(SCATTERED[:2], four), [0, 1] * 4),
        "another": (images(SCATTERED[:1], six), [0] * 6),
        "three half turns": (
            torch.cat([SCATTERED[:1] * points(s) for s in _SIGNS if math.prod(s) > 0]),
            [0] * 4,
        ),
        "three mirrors": (torch.cat([SCATTERED[:1] * points(s) for s in _SIGNS]), [0] * 8),
        "a propeller": (images(SCATTERED[:2], turn(2 * math.pi / 3)), [0] * 6),
    }


_SIGNS = list(product((1.0, -1.0), repeat=3))


def _cyclic(x: torch.Tensor) -> torch.Tensor:
    """Which rows of (0, 1, c) in any order are in its cyclic order."""
    following = {(0.0, 1.0), (1.0, round(GOLDEN, 6)), (round(GOLDEN, 6), 0.0)}
    rows = [tuple(round(abs(value), 6) for value in row) for row in x.tolist()]
    return torch.tensor([(a, b) in following for a, b, _ in rows])
