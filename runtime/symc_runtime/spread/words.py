"""How concentrated a stage is, in a sentence for people."""

from __future__ import annotations

ROUNDING = 1e-9
"""A smaller distance is what is left of none."""


def in_words(over: str, measure: str, value: float, uniform: float) -> str:
    """The sentence of a mean."""
    if measure == "same":
        # One over an order: never zero, if too small for a number.
        told = f"(uniform over {over}: {percent(max(uniform, 1e-300))})"
        return f"two draws show the base the same input: {percent(value)} {told}"
    apart = value if value > ROUNDING else 0.0
    return f"two draws differ by {percent(apart)} of what uniform ones over {over} do"


def percent(share: float) -> str:
    """A share for people: two digits, and no rounding to never or always."""
    if 0 < share < 1e-4:
        return "under 0.01%"
    if 0.99 < share < 1:
        return "over 99%"
    return f"{100 * share:.0f}%" if share >= 0.0995 or not share else f"{100 * share:.2g}%"
