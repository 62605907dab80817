"""Where the checker's findings go."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

from symc.diagnostics.diagnostic import Diagnostic, Related
from symc.source import Source, Span

_EXCERPT = 40


class Report:
    """Collects diagnostics about one source, each code at most once a place.

    `partial`: the text has syntax errors, so statements may be missing and nothing may be said
    about what is not there.
    """

    def __init__(self, source: Source, partial: bool) -> None:
        self.source = source
        self.partial = partial
        self._found: dict[tuple[str, Span], Diagnostic] = {}

    def add(
        self,
        code: str,
        span: Span,
        message: str,
        help: str | None = None,
        related: Iterable[Related] = (),
    ) -> None:
        """Add a diagnostic, unless the same code was reported at the same place."""
        found = Diagnostic(code, message, self.source, span, help, tuple(related))
        self._found.setdefault((code, span), found)

    error = add
    """The same, where the code is known to be an error."""

    @property
    def count(self) -> int:
        """How many diagnostics there are."""
        return len(self._found)

    @property
    def diagnostics(self) -> tuple[Diagnostic, ...]:
        """All of them in the order of the text."""
        return tuple(sorted(self._found.values(), key=lambda d: (d.span, d.code)))

    def excerpt(self, span: Span) -> str:
        """The text of a span on one line, shortened to a length that reads in a message."""
        text = " ".join(self.source.text[span.start : span.end].split())
        return text if len(text) <= _EXCERPT else text[: _EXCERPT - 3] + "..."


def listed(words: Iterable[str], joint: str = "and") -> str:
    """`a`, `b` and `c`, each in backticks."""
    quoted = [f"`{word}`" for word in words]
    if len(quoted) < 2:
        return "".join(quoted)
    return f"{', '.join(quoted[:-1])} {joint} {quoted[-1]}"


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The known word that `word` is most likely a slip of, None if there is none."""
    by_folded = {name.lower(): name for name in sorted(known, reverse=True)}
    matches = get_close_matches(word.lower(), by_folded, n=1, cutoff=0.6)
    return by_folded[matches[0]] if matches else None


def suggestion(word: str, known: Iterable[str], otherwise: str | None = None) -> str | None:
    """`did you mean ...?` where a known word is near, else `otherwise`."""
    near = nearest(word, known)
    return f"did you mean `{near}`?" if near is not None else otherwise
