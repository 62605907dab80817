"""Quick fixes: the `fix` of a diagnostic, or what its help says to write where that mends the spec.

Where a diagnostic does not know its one fix, every text in backticks in its help is tried in the
place that is wrong; offered is what makes the diagnostic go away and brings no new one, proofs
aside. What is not available yet (SYM9xx) has no fix: other forms mean something else.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from symc.compilation import Compilation
from symc.diagnostics.diagnostic import Diagnostic
from symc.editor.analysis import Analysis
from symc.source import Source, Span

_QUOTED = re.compile(r"`([^`\n]+)`")
# Where a method or a value is wrong, help shows it behind its keyword: `by average`, `samples=20`.
_LEAD = re.compile(r"by |\w+=(?=\d)")
_MOST_TRIED = 16
_LONGEST = 20_000  # characters: each try checks the whole spec


@dataclass(frozen=True)
class Fix:
    """Write `text` in the place `span`; `preferred`: nothing else was near."""

    diagnostic: Diagnostic
    span: Span
    text: str
    preferred: bool

    @property
    def title(self) -> str:
        """What the fix does, for a menu."""
        if self.span.start == self.span.end:
            return f"Insert `{self.text}`"
        return f"Write `{self.text}`" if self.text else "Remove it"


def fixes(analysis: Analysis, found: Diagnostic) -> list[Fix]:
    """The fixes of one diagnostic, in the order in which its help names them."""
    if found.fix is not None:
        return [Fix(found, found.span, found.fix, preferred=True)]
    whole_file = found.span == Span(0, 0)
    if whole_file or found.code.startswith("SYM9") or len(analysis.text) > _LONGEST:
        return []
    tried = list(dict.fromkeys(_candidates(analysis, found)))[:_MOST_TRIED]
    working = [(span, text) for span, text in tried if _mends(analysis, found, span, text)]
    return [Fix(found, span, text, len(working) == 1) for span, text in working]


def _candidates(analysis: Analysis, found: Diagnostic) -> Iterator[tuple[Span, str]]:
    help_ = found.help or ""
    start = found.span.start
    if found.code == "SYM102":
        # The wrong token is seldom what is to be replaced: something is missing before it.
        if help_.startswith("a product"):
            yield Span(start, start), "*"
        elif help_.startswith("axes are separated"):
            yield from ((Span(start, start), sign) for sign in (", ", ": "))
        return
    line = analysis.source.position(start).line
    beside = [
        found.span.union(other.span)
        for other in found.related
        if analysis.source.position(other.span.start).line == line
    ]
    for text in _QUOTED.findall(help_):
        if help_.startswith("close it"):
            yield Span(start, start), text
            continue
        yield found.span, text
        if _LEAD.match(text) is not None:
            yield found.span, _LEAD.sub("", text, count=1)
        if ": " in text:
            yield from ((span, text) for span in beside)


def _mends(analysis: Analysis, found: Diagnostic, span: Span, text: str) -> bool:
    mended = analysis.text[: span.start] + text + analysis.text[span.end :]
    before = Counter(d.code for d in analysis.compilation.diagnostics)
    after = Counter(d.code for d in Compilation(Source(analysis.source.name, mended)).diagnostics)
    # Proofs begin where a spec has no other errors: those that come up now were there before.
    others = Counter({code: n for code, n in after.items() if not code.startswith("SYM4")})
    return after[found.code] < before[found.code] and others <= before
