"""Names that a call has already: inputs and sizes of these names are not given by keyword."""

from __future__ import annotations

RESERVED = frozenset(
    {
        "self", "noise", "sizes", "references", "generator",
        "return_samples", "return_penalty", "return_spread",
    }
)  # fmt: skip
"""An input of such a name goes by position, a size in `sizes`."""


def keyword_of(size: str) -> str:
    """How a call gives a value or counts of this size: `n=`, or `sizes={'noise': ...}`."""
    return f"sizes={{{size!r}: ...}}" if size in RESERVED else f"{size}="
