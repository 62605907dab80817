"""Where the checker's findings go."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches
from itertools import islice

from symc.diagnostics.diagnostic import Diagnostic, Related
from symc.source import Source, Span

_EXCERPT = 40
_LISTED = 16
_WORD = 64
_KNOWN = 200


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
        fix: str | None = None,
    ) -> None:
        """Add a diagnostic, unless the same code was reported at the same place."""
        found = Diagnostic(code, message, self.source, span, help, tuple(related), fix)
        self._found.setdefault((code, span), found)

    error = add
    """The same, where the code is known to be an error."""

    @property
    def count(self) -> int:
        """How many errors there are; what warns leaves a program."""
        return sum(found.severity == "error" for found in self._found.values())

    @property
    def diagnostics(self) -> tuple[Diagnostic, ...]:
        """All of them in the order of the text.

        A size out of range makes all that holds it out of range: the smallest is reported.
        """
        outer = _holding_others([span for code, span in self._found if code == "SYM205"])
        kept = [d for d in self._found.values() if d.code != "SYM205" or d.span not in outer]
        return tuple(sorted(kept, key=lambda d: (d.span, d.code)))

    def excerpt(self, span: Span) -> str:
        """The text of a span on one line, shortened to a length that reads in a message."""
        # A span may be a whole file: its head is enough, unless it is all space.
        head = self.source.text[span.start : min(span.end, span.start + 16 * _EXCERPT)]
        text = " ".join(head.split())
        cut = len(text) > _EXCERPT or span.end - span.start > len(head)
        return text[: _EXCERPT - 3] + "..." if cut else text


def _holding_others(spans: list[Span]) -> set[Span]:
    """The spans that hold another one."""
    outer: set[Span] = set()
    around: list[Span] = []
    for span in sorted(spans, key=lambda span: (span.start, -span.end)):
        while around and around[-1].end < span.end:
            around.pop()
        outer.update(around)
        around.append(span)
    return outer


def listed(words: Iterable[str], joint: str = "and") -> str:
    """`a`, `b` and `c`, each in backticks; of many, the first."""
    quoted = [f"`{word}`" for word in words]
    if len(quoted) > _LISTED:
        quoted[_LISTED - 1 :] = [f"{len(quoted) - _LISTED + 1:,} more"]
    if len(quoted) < 2:
        return "".join(quoted)
    return f"{', '.join(quoted[:-1])} {joint} {quoted[-1]}"


def folded(word: str) -> str:
    """A word as it sounds: `so_3`, `SO3` and `So3` are one."""
    return word.lower().replace("_", "")


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The known word that `word` is most likely a slip of, None if there is none.

    Among hundreds of words a near one is near by chance, and words of hundreds of letters take
    long to compare: neither is looked at.
    """
    known = list(islice(known, _KNOWN + 1))
    if len(word) > _WORD or len(known) > _KNOWN:
        return None
    known = [name for name in known if len(name) <= _WORD]
    by_folded = {name.lower(): name for name in sorted(known, reverse=True)}
    matches = get_close_matches(word.lower(), by_folded, n=1, cutoff=0.6)
    return by_folded[matches[0]] if matches else None


def suggestion(word: str, known: Iterable[str], otherwise: str | None = None) -> str | None:
    """`did you mean ...?` where a known word is near, else `otherwise`."""
    near = nearest(word, known)
    return f"did you mean `{near}`?" if near is not None else otherwise
