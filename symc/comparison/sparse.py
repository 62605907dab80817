"""Sparse matrices, and how one falls into a Kronecker product.

Entries are fractions; those of representations that a finite group gives by `Rows` are floats.
Cosines of whole parts of a turn, their products and ratios are either the same or much further
apart than NEAR, so that floats decide as exactly as fractions.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from itertools import product
from math import prod

Number = Fraction | float
Rows = list[dict[int, Number]]
"""A square matrix: for each row its entries other than 0, by column."""

ONE = Fraction(1)
NEAR = 1e-9


def near(one: Number, two: Number) -> bool:
    """Whether two numbers are one: fractions that are equal, floats up to rounding."""
    if one == two:
        return True
    if isinstance(one, Fraction) and isinstance(two, Fraction):
        return False
    return abs(float(one) - float(two)) <= NEAR * max(1.0, abs(float(one)))


def alike(one: Rows | None, two: Rows | None) -> bool:
    """Whether two matrices are one; None is the identity, and like no other."""
    if one is None or two is None or one == two:
        return one == two
    return len(one) == len(two) and all(
        a.keys() == b.keys() and all(near(value, b[j]) for j, value in a.items())
        for a, b in zip(one, two, strict=True)
    )


def identity(size: int) -> Rows:
    """The unit matrix."""
    return [{i: ONE} for i in range(size)]


def is_identity(rows: Rows) -> bool:
    """Whether it is the unit matrix."""
    return all(len(row) == 1 and near(row.get(i, 0.0), ONE) for i, row in enumerate(rows))


def is_permutation(rows: Rows) -> bool:
    """Whether an invertible matrix has a single 1 in each row."""
    return all(len(row) == 1 and near(next(iter(row.values())), ONE) for row in rows)


def is_signs(rows: Rows) -> bool:
    """Whether a matrix is 1 or -1 on its diagonal, up to a common factor, and zero beside it."""
    sizes = {abs(value) for row in rows for value in row.values()}
    return len(sizes) == 1 and all(row.keys() == {i} for i, row in enumerate(rows))


def scaled(rows: Rows, factor: Number) -> Rows:
    """The matrix times a number."""
    return [{j: value * factor for j, value in row.items()} for row in rows]


def kronecker(factors: Sequence[Rows]) -> Rows:
    """The Kronecker product, row-major: the first factor's index is the slowest."""
    rows: Rows = [{0: ONE}]
    for factor in factors:
        size = len(factor)
        rows = [
            {i * size + j: a * b for i, a in left.items() for j, b in right.items()}
            for left in rows
            for right in factor
        ]
    return rows


def leading(rows: Rows) -> Number:
    """The first entry of the first row that is not 0."""
    return rows[0][min(rows[0])]


def normalized(rows: Rows) -> Rows:
    """The multiple of an invertible matrix whose first row starts with 1."""
    return scaled(rows, 1 / leading(rows))


def factorize(rows: Rows, shape: Sequence[int]) -> list[Rows] | None:
    """Normalized matrices whose Kronecker product is a multiple of an invertible matrix.

    They have the sizes of `shape` and are unique; None if there are none. The number that is left
    is the leading entry of `rows`.
    """
    pivot_column = min(rows[0])
    pivot = rows[0][pivot_column]
    strides = [prod(shape[k + 1 :]) for k in range(len(shape))]
    columns = [pivot_column // stride % size for stride, size in zip(strides, shape, strict=True)]
    factors: list[Rows] = []
    for stride, size, column in zip(strides, shape, columns, strict=True):
        factor: Rows = []
        for i in range(size):
            row = rows[i * stride]
            shifts = ((j, row.get(pivot_column + (j - column) * stride)) for j in range(size))
            factor.append({j: value / pivot for j, value in shifts if value is not None})
        factors.append(factor)
    for i, indices in enumerate(product(*map(range, shape))):
        parts = [factor[index] for factor, index in zip(factors, indices, strict=True)]
        if len(rows[i]) != prod(map(len, parts)):
            return None
        for entries in product(*(part.items() for part in parts)):
            at = sum(j * stride for (j, _), stride in zip(entries, strides, strict=True))
            value = pivot
            for _, factor_value in entries:
                value *= factor_value
            found = rows[i].get(at)
            if found is None or not near(found, value):
                return None
    return factors


def odd(images: Sequence[int]) -> bool:
    """Whether a permutation, the image of each item, is odd."""
    seen: set[int] = set()
    even_cycles = 0
    for start in range(len(images)):
        length, item = 0, start
        while item not in seen:
            seen.add(item)
            length, item = length + 1, images[item]
        even_cycles += length > 0 and length % 2 == 0
    return even_cycles % 2 == 1


def is_negative(rows: Rows) -> bool:
    """Whether the determinant of an invertible matrix is below 0."""
    if is_permutation(rows):
        return odd([next(iter(row)) for row in rows])
    left = {i: dict(row) for i, row in enumerate(rows)}
    negative = False
    for column in range(len(rows)):
        at = min((i for i, row in left.items() if column in row), key=lambda i: len(left[i]))
        pivot_row = left.pop(at)
        # Moving the row to the top passes those that are left above it.
        negative ^= sum(i < at for i in left) % 2 == 1
        negative ^= pivot_row[column] < 0
        for i, row in left.items():
            if column in row:
                ratio = row.pop(column) / pivot_row[column]
                for j, value in pivot_row.items():
                    if j != column:
                        entry = row.get(j, Fraction(0)) - ratio * value
                        if not near(entry, 0.0):
                            row[j] = entry
                        else:
                            row.pop(j, None)
                left[i] = row
    return negative
