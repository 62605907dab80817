"""Linear algebra over the field of two elements; a form is a whole number, a bit a variable."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

LIMIT = 12
"""Spaces of more dimensions than this are not run through."""


def sign(form: int, point: int) -> int:
    """-1 to the power of the form at a point."""
    return -1 if (form & point).bit_count() % 2 else 1


def solutions(forms: Iterable[int], variables: int) -> list[int]:
    """A basis of the points at which every form is zero."""
    rows: list[int] = []
    for form in forms:
        for row in rows:
            form = min(form, form ^ row)
        if form:
            pivot = 1 << (form.bit_length() - 1)
            rows = [row ^ form if row & pivot else row for row in rows]
            rows.append(form)
            rows.sort(reverse=True)
    pivots = {row.bit_length() - 1: row for row in rows}
    basis = []
    for free in range(variables):
        if free in pivots:
            continue
        point = 1 << free
        for pivot, row in pivots.items():
            if row >> free & 1:
                point |= 1 << pivot
        basis.append(point)
    return basis


def reduced(points: Iterable[int]) -> list[int]:
    """A basis of the space that the points span."""
    basis: list[int] = []
    for point in points:
        for known in basis:
            point = min(point, point ^ known)
        if point:
            basis.append(point)
            basis.sort(reverse=True)
    return basis


def span(basis: Iterable[int]) -> Iterator[int]:
    """Every point of a space, zero first."""
    points = [0]
    yield 0
    for vector in basis:
        for point in [point ^ vector for point in points]:
            points.append(point)
            yield point


def vanishing(basis: Iterable[int], mask: int) -> list[int]:
    """A basis of the points of a space that are zero in all variables of `mask`."""
    pivots: dict[int, int] = {}
    found = []
    for point in basis:
        while point & mask:
            top = (point & mask).bit_length() - 1
            if top not in pivots:
                pivots[top] = point
                break
            point ^= pivots[top]
        else:
            found.append(point)
    return found


def constant(form: int, basis: Iterable[int]) -> bool:
    """Whether a form is zero on a whole space."""
    return all(sign(form, point) > 0 for point in basis)
