"""Designs: finitely many rotations that average low degrees exactly.

A design of degree t has elements q_k with weights w_k so that sum_k w_k D(q_k) is the mean of D
over the group for every irreducible D of degree at most t, up to l = t of SO(3), up to exp(i t a)
of SO(2). Then sum_k w_k f(g0 q_k) is the mean of f over the group for every g0 and every f that is
made of these. On O(d) the degree is that of the rotations, and each stands beside its product with
a reflection.

The smallest are groups: Klein's of 4 elements, and the rotations of a tetrahedron, a cube and an
icosahedron, of degrees 1, 2, 3 and 5. Others are products of equal angles around the third axis and
Gauss and Legendre's nodes of the cosine between (Graef and Potts, Numer. Funct. Anal. Optim. 2009).
"""

from __future__ import annotations

import math
from functools import cache
from itertools import permutations, product

Matrix = tuple[tuple[float, ...], ...]
Design = tuple[tuple[Matrix, ...], tuple[float, ...]]
"""Elements, and weights that sum to 1."""

DIMENSIONS = (2, 3)
"""Of spaces whose rotations have designs here."""

LARGEST = 5040
"""Elements that a design may have, as many as all stages together may enumerate, 7!."""

_GOLDEN = (1 + math.sqrt(5)) / 2
_GROUPS = ((1, 4), (2, 12), (3, 24), (5, 60))
"""Degrees of the rotation groups of polyhedra, and how many elements they have."""


def size(dimension: int, special: bool, degree: int) -> int | None:
    """How many elements the design of a degree has; None where there is none, or a larger one."""
    if dimension not in DIMENSIONS or degree < 1:
        return None
    if dimension == 2:
        rotations = degree + 1
    else:
        rotations = next(
            (count for highest, count in _GROUPS if degree <= highest),
            (degree + 1) ** 2 * _nodes(degree),
        )
    count = rotations if special else 2 * rotations
    return count if count <= LARGEST else None


def highest(dimension: int, special: bool) -> int:
    """The highest degree of which there is a design; 0 where there is none."""
    degree = 0
    while size(dimension, special, degree + 1) is not None:
        degree += 1
    return degree


@cache
def design(dimension: int, special: bool, degree: int) -> Design:
    """The design of this degree of SO(d), `special`, or O(d). ValueError where there is none."""
    if size(dimension, special, degree) is None:
        raise ValueError(f"no design of degree {degree} in {dimension} dimensions")
    rotations, weights = _plane(degree) if dimension == 2 else _space(degree)
    if special:
        return rotations, weights
    mirrored = tuple(tuple((-row[0], *row[1:]) for row in matrix) for matrix in rotations)
    return rotations + mirrored, tuple(weight / 2 for weight in weights) * 2


def _nodes(degree: int) -> int:
    """So many of Gauss and Legendre's nodes are exact up to the degree."""
    return degree // 2 + 1


def _plane(degree: int) -> Design:
    angles = [2 * math.pi * k / (degree + 1) for k in range(degree + 1)]
    turns = tuple(((math.cos(a), -math.sin(a)), (math.sin(a), math.cos(a))) for a in angles)
    return turns, (1 / len(turns),) * len(turns)


def _space(degree: int) -> Design:
    if degree <= _GROUPS[-1][0]:
        if degree == 1:
            found = _klein()
        elif degree == 2:
            found = _tetrahedral()
        elif degree == 3:
            found = _octahedral()
        else:
            found = _icosahedral()
        return found, (1 / len(found),) * len(found)
    angles = [2 * math.pi * k / (degree + 1) for k in range(degree + 1)]
    rotations: list[Matrix] = []
    weights: list[float] = []
    for cosine, weight in _legendre(_nodes(degree)):
        tilt = math.acos(cosine)
        for first, last in product(angles, repeat=2):
            rotations.append(_times(_times(_about_z(first), _about_y(tilt)), _about_z(last)))
            weights.append(weight / 2 / len(angles) ** 2)
    return tuple(rotations), tuple(weights)


def _klein() -> tuple[Matrix, ...]:
    signs = ((1.0, 1.0, 1.0), (1.0, -1.0, -1.0), (-1.0, 1.0, -1.0), (-1.0, -1.0, 1.0))
    return tuple(_signed((0, 1, 2), each) for each in signs)


def _tetrahedral() -> tuple[Matrix, ...]:
    turns = ((0, 1, 2), (1, 2, 0), (2, 0, 1))
    return tuple(
        _times(_signed(turn, (1.0, 1.0, 1.0)), half) for turn in turns for half in _klein()
    )


def _octahedral() -> tuple[Matrix, ...]:
    every = (
        _signed(places, signs)
        for places in permutations(range(3))
        for signs in product((1.0, -1.0), repeat=3)
    )
    return tuple(matrix for matrix in every if _determinant(matrix) > 0)


def _icosahedral() -> tuple[Matrix, ...]:
    """Those of a tetrahedron times five turns about one axis of five."""
    length = math.hypot(1.0, _GOLDEN)
    axis = (0.0, 1 / length, _GOLDEN / length)
    fives = [_about(axis, 2 * math.pi * k / 5) for k in range(5)]
    return tuple(_times(five, other) for five in fives for other in _tetrahedral())


def _signed(places: tuple[int, ...], signs: tuple[float, ...]) -> Matrix:
    return tuple(
        tuple(signs[i] if j == place else 0.0 for j in range(3)) for i, place in enumerate(places)
    )


def _times(a: Matrix, b: Matrix) -> Matrix:
    return tuple(
        tuple(math.fsum(a[i][k] * b[k][j] for k in range(3)) for j in range(3)) for i in range(3)
    )


def _determinant(m: Matrix) -> float:
    return (
        m[0][0] * (m[1][1] * m[2][2] - m[1][2] * m[2][1])
        - m[0][1] * (m[1][0] * m[2][2] - m[1][2] * m[2][0])
        + m[0][2] * (m[1][0] * m[2][1] - m[1][1] * m[2][0])
    )


def _about(axis: tuple[float, float, float], angle: float) -> Matrix:
    """Rodrigues's formula; the axis has length 1."""
    c, s = math.cos(angle), math.sin(angle)
    x, y, z = axis
    cross = ((0.0, -z, y), (z, 0.0, -x), (-y, x, 0.0))
    return tuple(
        tuple(
            (c if i == j else 0.0) + s * cross[i][j] + (1 - c) * axis[i] * axis[j] for j in range(3)
        )
        for i in range(3)
    )


def _about_z(angle: float) -> Matrix:
    return _about((0.0, 0.0, 1.0), angle)


def _about_y(angle: float) -> Matrix:
    return _about((0.0, 1.0, 0.0), angle)


def _legendre(count: int) -> list[tuple[float, float]]:
    """Gauss and Legendre's nodes in (-1, 1) and their weights, which sum to 2."""
    found = []
    for k in range(count):
        x = math.cos(math.pi * (k + 0.75) / (count + 0.5))
        # Newton's steps square the error of the start, which is below 0.01.
        for _ in range(6):
            value, slope = _polynomial(count, x)
            x -= value / slope
        slope = _polynomial(count, x)[1]
        found.append((x, 2 / ((1 - x * x) * slope * slope)))
    return found


def _polynomial(degree: int, x: float) -> tuple[float, float]:
    """Legendre's polynomial and its derivative, |x| < 1."""
    before, value = 0.0, 1.0
    for n in range(degree):
        before, value = value, ((2 * n + 1) * x * value - n * before) / (n + 1)
    return value, degree * (x * value - before) / (x * x - 1)
