"""What elements of finite groups do to an axis, as matrices, and how an element is called."""

from __future__ import annotations

from fractions import Fraction
from functools import lru_cache
from math import atan2, pi

from symc.comparison.sparse import NEAR, ONE, Rows
from symc_runtime.groups.finite import Finite, Items

Name = tuple[str, tuple[int, ...]]
"""An atom with what is in its brackets; of a `grid` the sizes of its axes."""


@lru_cache(maxsize=1 << 14)
def matrix(facts: Finite, parameter: int, name: Name, number: int) -> tuple[tuple[int, ...], Rows]:
    """The image of an element as the place of each item (empty for `Rows`), and as a matrix."""
    image = facts.image(*name, parameter, number)
    if not isinstance(image, Items):
        small = [
            {j: value for j, value in enumerate(row) if abs(value) > NEAR} for row in image.rows
        ]
        return (), [dict(row) for row in small]
    rows: Rows = [{} for _ in image.index]
    for j, (place, sign) in enumerate(zip(image.index, image.signs, strict=True)):
        rows[place][j] = ONE if sign > 0 else -ONE
    return image.index, rows


def negated(rows: Rows) -> list[int]:
    """The items that a matrix of one entry a row negates, where it moves none; else nothing."""
    still = all(len(row) == 1 and i in row for i, row in enumerate(rows))
    return [i for i, row in enumerate(rows) if row[i] == -1] if still else []


def cycles(index: tuple[int, ...]) -> list[list[int]]:
    """Items, from 1, in the order in which each takes the place of the next."""
    found, seen = [], set()
    for start in range(len(index)):
        cycle, item = [], start
        while item not in seen:
            seen.add(item)
            cycle.append(item + 1)
            item = index[item]
        if len(cycle) > 1:
            found.append(cycle)
    return found


def angle(rows: Rows) -> Fraction | None:
    """The part of a turn of a rotation of the plane, between -1/2 and 1/2; None: it is none."""
    if len(rows) != 2:
        return None
    (a, b), (c, d) = [[float(row.get(j, 0)) for j in (0, 1)] for row in rows]
    if abs(a - d) > NEAR or abs(b + c) > NEAR:
        return None
    return Fraction(atan2(c, a) / (2 * pi)).limit_denominator(1 << 12)
