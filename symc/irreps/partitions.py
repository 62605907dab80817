"""Partitions, as Young diagrams: weakly falling tuples of positive numbers."""

from __future__ import annotations

from collections.abc import Iterator

Partition = tuple[int, ...]


def with_box(diagram: Partition) -> Iterator[Partition]:
    """Every diagram with one box more."""
    for row in range(len(diagram) + 1):
        length = diagram[row] if row < len(diagram) else 0
        if row == 0 or diagram[row - 1] > length:
            yield (*diagram[:row], length + 1, *diagram[row + 1 :])


def without_box(diagram: Partition) -> Iterator[Partition]:
    """Every diagram with one box less."""
    for row, length in enumerate(diagram):
        if row + 1 == len(diagram) or diagram[row + 1] < length:
            yield (*diagram[:row], *((length - 1,) if length > 1 else ()), *diagram[row + 1 :])


def conjugate(diagram: Partition) -> Partition:
    """Rows become columns."""
    width = diagram[0] if diagram else 0
    return tuple(sum(length > column for length in diagram) for column in range(width))
