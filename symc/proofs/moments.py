"""Averages of powers of traces over the classical groups, exactly.

Each counts how often a one-dimensional representation is in a tensor power of the natural one.
"""

from __future__ import annotations

from collections import Counter
from functools import cache

Shape = tuple[int, ...]

MAXIMUM_POWER = 12
"""Above it nothing is counted."""


@cache
def orthogonal_moment(dimension: int, power: int, determinant: bool) -> int:
    """The mean of tr(R)^power, times det R if `determinant`, over O(dimension).

    Irreducible representations of O(m) are the Young diagrams whose first two columns have at
    most m boxes together; times the natural one, a box is added or taken away (Weyl 1946). So
    the mean counts the walks from the empty diagram to itself, or to the column of m boxes,
    which is the determinant.
    """
    if dimension == 0:
        return int(power == 0 and not determinant)
    if determinant and power < dimension:
        return 0  # each step adds one box
    walks: Counter[Shape] = Counter({(): 1})
    for _ in range(power):
        following: Counter[Shape] = Counter()
        for shape, count in walks.items():
            for near in _neighbours(shape, dimension):
                following[near] += count
        walks = following
    return walks[(1,) * dimension if determinant else ()]


def _neighbours(shape: Shape, dimension: int) -> list[Shape]:
    found = []
    for row in range(len(shape) + 1):
        rows = [*shape, 0]
        rows[row] += 1
        if row and rows[row] > rows[row - 1]:
            continue
        second = sum(length >= 2 for length in rows)
        if sum(length >= 1 for length in rows) + second <= dimension:
            found.append(tuple(length for length in rows if length))
    for row, length in enumerate(shape):
        below = shape[row + 1] if row + 1 < len(shape) else 0
        if length > below:
            rows = [*shape]
            rows[row] -= 1
            found.append(tuple(length for length in rows if length))
    return found


@cache
def partitions(items: int, parts: int) -> int:
    """Ways to cut a set of `items` into exactly `parts` nonempty parts."""
    if items == 0 or parts == 0:
        return int(items == parts)
    return parts * partitions(items - 1, parts) + partitions(items - 1, parts - 1)


def fixed_point_moment(items: int, power: int, odd: bool) -> int:
    """The mean of (number of fixed points)^power over the even, or odd, permutations of `items`.

    The power of the natural representation is a sum over the ways to cut `power` places into m
    parts, each giving the permutations of S(items - m) their rest: the trivial one is in every
    summand with m <= items, the sign where at most one item is left. `items` is at least 2.
    """
    trivial = sum(partitions(power, m) for m in range(min(power, items) + 1))
    signed = partitions(power, items) + partitions(power, items - 1)
    return trivial - signed if odd else trivial + signed
