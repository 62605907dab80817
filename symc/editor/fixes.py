"""Quick fixes: what the help of a diagnostic says to write, where writing it does mend the spec.

A diagnostic says in words what to write instead. Every text in backticks in those words is tried
in the place that is wrong; offered is what makes the diagnostic go away and brings no new one.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass

from symc.compilation import Compilation
from symc.diagnostics.diagnostic import Diagnostic
from symc.editor.analysis import Analysis
from symc.source import Source, Span

_QUOTED = re.compile(r"`([^`\n]+)`")
_MOST_TRIED = 8
_LONGEST = 20_000  # characters: each try checks the whole spec


@dataclass(frozen=True)
class Fix:
    """Write `text` where the diagnostic is; `preferred`: nothing else was near."""

    diagnostic: Diagnostic
    text: str
    preferred: bool

    @property
    def title(self) -> str:
        """What the fix does, for a menu."""
        return f"Write `{self.text}`" if self.text else "Remove it"


def fixes(analysis: Analysis, found: Diagnostic) -> list[Fix]:
    """The fixes of one diagnostic, in the order in which its help names them."""
    whole_file = found.span == Span(0, 0)
    if found.help is None or whole_file or len(analysis.text) > _LONGEST:
        return []
    candidates = list(dict.fromkeys(_QUOTED.findall(found.help)))[:_MOST_TRIED]
    if found.help == "remove it":
        candidates = [""]
    working = [text for text in candidates if _mends(analysis, found, text)]
    meant = f"did you mean `{working[0]}`?" if working else ""
    first = len(working) == 1 or (bool(working) and meant in found.help)
    return [Fix(found, text, first and text is working[0]) for text in working]


def _mends(analysis: Analysis, found: Diagnostic, text: str) -> bool:
    start, end = found.span
    mended = analysis.text[:start] + text + analysis.text[end:]
    before = Counter(d.code for d in analysis.compilation.diagnostics)
    after = Counter(d.code for d in Compilation(Source(analysis.source.name, mended)).diagnostics)
    return after[found.code] < before[found.code] and after <= before
