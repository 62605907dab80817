"""Square matrices of exact numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import product
from math import lcm

from symc_runtime.generators.cyclotomic import Field, Number


@dataclass(frozen=True)
class Matrix:
    """Rows of numbers of one field."""

    rows: tuple[tuple[Number, ...], ...]

    @property
    def field(self) -> Field:
        """That of the entries."""
        return self.rows[0][0].field

    def __len__(self) -> int:
        return len(self.rows)

    def __mul__(self, other: Matrix) -> Matrix:
        columns = list(zip(*other.rows, strict=True))
        return Matrix(
            tuple([tuple([_inner(row, column) for column in columns]) for row in self.rows])
        )

    @property
    def transposed(self) -> Matrix:
        """Rows for columns."""
        return Matrix(tuple(zip(*self.rows, strict=True)))

    @property
    def trace(self) -> Number:
        """The sum of the diagonal."""
        total = self.field.rational(0)
        for place, row in enumerate(self.rows):
            total = total + row[place]
        return total

    @property
    def determinant(self) -> Number:
        """By Gauss."""
        rows = [list(row) for row in self.rows]
        total = self.field.rational(1)
        for place in range(len(rows)):
            pivot = next((i for i in range(place, len(rows)) if rows[i][place]), None)
            if pivot is None:
                return self.field.rational(0)
            if pivot != place:
                rows[place], rows[pivot] = rows[pivot], rows[place]
                total = -total
            total = total * rows[place][place]
            below = [i for i in range(place + 1, len(rows)) if rows[i][place]]
            by = rows[place][place].inverse() if below else total
            for i in below:
                times = rows[i][place] * by
                rows[i] = [a - times * b for a, b in zip(rows[i], rows[place], strict=True)]
        return total

    @property
    def orthogonal(self) -> bool:
        """Whether its transpose undoes it."""
        return self * self.transposed == identity(len(self), self.field)

    @property
    def places(self) -> list[tuple[int, int]] | None:
        """Where each coordinate goes and with which sign, where it does just that."""
        found = []
        for column in zip(*self.rows, strict=True):
            taken = [(i, each.rational) for i, each in enumerate(column) if each]
            if len(taken) != 1 or taken[0][1] not in (1, -1):
                return None
            found.append((taken[0][0], int(taken[0][1] or 0)))
        return found if len({place for place, _ in found}) == len(self) else None

    def __str__(self) -> str:
        return f"[{', '.join([_listed(row) for row in self.rows])}]"


def identity(size: int, within: Field) -> Matrix:
    """The matrix that moves nothing."""
    one, zero = within.rational(1), within.rational(0)
    return Matrix(
        tuple([tuple([one if i == j else zero for j in range(size)]) for i in range(size)])
    )


def power(base: Matrix, exponent: int) -> Matrix:
    """The matrix times itself, `exponent` times; from 0."""
    total = identity(len(base), base.field)
    while exponent:
        if exponent % 2:
            total = total * base
        base, exponent = base * base, exponent // 2
    return total


def inverse(matrix: Matrix) -> Matrix:
    """By Gauss. Raises ZeroDivisionError where there is none."""
    if matrix.orthogonal:
        return matrix.transposed
    size = len(matrix)
    one = identity(size, matrix.field)
    rows = [[*a, *b] for a, b in zip(matrix.rows, one.rows, strict=True)]
    for place in range(size):
        pivot = next((i for i in range(place, size) if rows[i][place]), None)
        if pivot is None:
            raise ZeroDivisionError("a singular matrix")
        rows[place], rows[pivot] = rows[pivot], rows[place]
        by = rows[place][place].inverse()
        rows[place] = [each * by for each in rows[place]]
        for i in range(size):
            if i != place and rows[i][place]:
                times = rows[i][place]
                rows[i] = [a - times * b for a, b in zip(rows[i], rows[place], strict=True)]
    return Matrix(tuple([tuple(row[size:]) for row in rows]))


def never_again(matrix: Matrix) -> str | None:
    """Why no power of the matrix is the identity, as far as its trace tells; else None.

    The eigenvalues of a matrix of finite order are roots of unity, so the trace, and whatever no
    equation tells from it, is an algebraic integer of at most the dimension, which is reached by
    the identity alone.
    """
    trace, size = matrix.trace, len(matrix)
    if not trace.whole:
        return f"its trace is {trace}, which is no sum of roots of unity"
    if trace.rational == size and matrix != identity(size, matrix.field):
        return f"its trace is {size}, as of the identity alone among matrices that turn back to it"
    if max(abs(each) for each in trace.conjugates()) > size + Fraction(1, 1 << 100):
        return f"its trace is {trace}, which is no sum of {size} roots of unity"
    return None


def _inner(row: Sequence[Number], column: Sequence[Number]) -> Number:
    total = row[0].field.rational(0)
    for a, b in zip(row, column, strict=True):
        if a and b:
            total = total + a * b
    return total


def _listed(row: Sequence[Number]) -> str:
    return f"[{', '.join(map(str, row))}]"


def over_integers(matrix: Matrix) -> tuple[list[list[tuple[int, int]]], int]:
    """The matrix on coefficients at powers of zeta: rows of (place, number), over one number.

    Number c at coordinate j is the sum of coefficients x[j m + k] zeta^k.
    """
    degree = matrix.field.degree
    size = len(matrix)
    parts: dict[tuple[int, int], Fraction] = {}
    for (i, row), j in product(enumerate(matrix.rows), range(size)):
        if not row[j]:
            continue
        for k in range(degree):
            found = row[j] * matrix.field.root(k) if k else row[j]
            for m, value in enumerate(found.coefficients):
                if value:
                    parts[i * degree + m, j * degree + k] = value
    below = lcm(1, *[value.denominator for value in parts.values()])
    rows: list[list[tuple[int, int]]] = [[] for _ in range(size * degree)]
    for (i, j), value in sorted(parts.items()):
        rows[i].append((j, int(value * below)))
    return rows, below
