"""Decimals that are roots, cosines and sines, rounded: what to write for them in a matrix."""

from __future__ import annotations

from collections.abc import Iterator
from math import cos, pi, sin, sqrt

_LONGEST = 24
"""Of so many parts of a turn angles are looked through."""

_FEW = 3
_MANY = 5
"""Digits that tell half a root, and that tell one of many angles."""


def meant(text: str) -> str | None:
    """`sqrt(3)/2` for `0.866`, `cos(2*pi/7)` for `0.6234898`; None where it is near none."""
    digits = len(text.partition(".")[2])
    if digits < _FEW or "e" in text.lower():
        return None
    # Rounded or cut off, both are usual.
    allowed = 10.0**-digits
    written = float(text)
    for value, exact, wanted in _known():
        if digits >= wanted and abs(abs(value) - written) < allowed:
            return exact if value > 0 else f"-{exact}"
    return None


def _known() -> Iterator[tuple[float, str, int]]:
    """Numbers, how they are written, and how many digits tell them; simple ones first."""
    for root in (2, 3):
        yield sqrt(root) / 2, f"sqrt({root})/2", _FEW
    for root in (2, 3, 5, 6, 7):
        yield sqrt(root), f"sqrt({root})", _MANY
        yield 1 / sqrt(root), f"1/sqrt({root})", _MANY
    for parts in range(5, _LONGEST + 1):
        for part in range(1, parts // 2 + 1):
            angle = f"{2 * part}*pi/{parts}"
            yield cos(2 * pi * part / parts), f"cos({angle})", _MANY
            yield sin(2 * pi * part / parts), f"sin({angle})", _MANY
