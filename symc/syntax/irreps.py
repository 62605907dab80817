"""Representations in e3nn's letters, `8x0e + 4x1o`, and what they are here."""

from __future__ import annotations

import re

_NAMES = {"0e": "scalar", "0o": "pseudoscalar", "1o": "vector", "1e": "pseudovector"}
_TERM = re.compile(r"(?:([0-9]{1,9})x)?([0-9]{1,4}[eo])")

LETTERS = (
    "in e3nn's letters `0e` is `M.scalar`, `0o` `M.pseudoscalar`, `1o` `M.vector`, `1e` "
    "`M.pseudovector`; degrees from 2 are not available yet, but `M.vector^2` holds degree 2"
)


def translated(text: str, group: str) -> str | None:
    """The same as a direct sum of representations of `group`; None where it holds other degrees.

    None, too, where the text is in no such letters.
    """
    terms = []
    for part in text.split("+"):
        found = _TERM.fullmatch(part.strip())
        if found is None or found[2] not in _NAMES:
            return None
        times = f"{int(found[1])}*" if found[1] is not None else ""
        terms.append(f"{times}{group}.{_NAMES[found[2]]}")
    return " + ".join(terms)


def is_written_so(text: str) -> bool:
    """Whether a text is a sum of irreducible representations in e3nn's letters."""
    return all(_TERM.fullmatch(part.strip()) for part in text.split("+"))
