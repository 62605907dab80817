"""What an element of a finite group does to an axis."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Items:
    """(g x)[index[j]] = signs[j] x[j]: each entry goes to a place of its own, perhaps negated."""

    index: tuple[int, ...]
    signs: tuple[int, ...]


@dataclass(frozen=True)
class Rows:
    """g x = R x, the rows of a real orthogonal matrix."""

    rows: tuple[tuple[float, ...], ...]


Image = Items | Rows
"""What an element does to an axis."""
