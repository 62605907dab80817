"""Averages of powers of traces over the classical groups, exactly.

Each counts how often a one-dimensional representation is in a tensor power of the natural one.
"""

from __future__ import annotations

from collections import Counter
from fractions import Fraction
from functools import cache
from math import factorial

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
def cycle_types(items: int, largest: int | None = None) -> tuple[Shape, ...]:
    """The lengths of the cycles of permutations of `items`, falling: all partitions."""
    if items == 0:
        return ((),)
    top = items if largest is None else min(items, largest)
    return tuple(
        (first, *rest) for first in range(top, 0, -1) for rest in cycle_types(items - first, first)
    )


@cache
def cycle_weight(lengths: tuple[int, ...], alternating: bool) -> Fraction:
    """The share of permutations with cycles of these lengths, with their sign."""
    order = 1
    for length in lengths:
        order *= length
    for count in Counter(lengths).values():
        order *= factorial(count)
    odd = (sum(lengths) - len(lengths)) % 2
    return Fraction(-1 if alternating and odd else 1, order)


@cache
def orthogonal_mixed_moment(dimension: int, lengths: Shape, determinant: bool) -> int:
    """The mean of the product of tr(R^c) over `lengths`, times det R if so, over O(dimension).

    A product of power sums is the sum of Schur functions times the characters of S(k), by which
    GL(d) acts on tensors of k indices. Each of these has a vector that O(d) fixes, one, where all
    rows of its diagram are even, and one that it multiplies by the determinant, where there are d
    rows and all are odd.
    """
    total = 0
    for shape in cycle_types(sum(lengths)):
        if determinant:
            counts = len(shape) == dimension and all(row % 2 for row in shape)
        else:
            counts = len(shape) <= dimension and all(row % 2 == 0 for row in shape)
        if counts:
            total += symmetric_character(shape, lengths)
    return total


@cache
def symmetric_character(shape: Shape, lengths: Shape) -> int:
    """The character of S(k) that a diagram names, at cycles of these lengths.

    By the rule of Murnaghan and Nakayama: strips of the border are taken off, with a sign for each
    row but one that they touch (Stanley, Enumerative Combinatorics 2, 7.17).
    """
    if not lengths:
        return int(not shape)
    length, rest = lengths[0], lengths[1:]
    rows = len(shape)
    places = [row + rows - 1 - i for i, row in enumerate(shape)]
    total = 0
    for i, place in enumerate(places):
        to = place - length
        if to < 0 or to in places:
            continue
        crossed = sum(to < other < place for other in places)
        moved = sorted([*places[:i], *places[i + 1 :], to], reverse=True)
        left = tuple(p - (rows - 1 - j) for j, p in enumerate(moved))
        found = symmetric_character(tuple(row for row in left if row), rest)
        total += -found if crossed % 2 else found
    return total


@cache
def fixed_point_mixed_moment(items: int, lengths: Shape, odd: bool) -> Fraction:
    """The mean of the product of the fixed points of pi^c over `lengths`.

    Over the even, or odd, permutations of `items`, at least 2. Of many more items than the sum of
    the lengths it does not depend on how many, and is the same for even and odd ones.
    """
    degree = sum(lengths)
    plain = _fixed_points(min(items, degree + 2), lengths, False)
    signed = _fixed_points(items, lengths, True) if items < degree + 2 else Fraction()
    return plain - signed if odd else plain + signed


def _fixed_points(items: int, lengths: Shape, signed: bool) -> Fraction:
    total = Fraction()
    for cycles in cycle_types(items):
        order = 1
        for cycle, count in Counter(cycles).items():
            order *= cycle**count * factorial(count)
        product = 1
        for length in lengths:
            product *= sum(cycle for cycle in cycles if length % cycle == 0)
        odd = (items - len(cycles)) % 2
        total += Fraction(-product if signed and odd else product, order)
    return total


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
