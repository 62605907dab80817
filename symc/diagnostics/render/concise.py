"""One line a diagnostic, as editors and `grep` like it."""

from __future__ import annotations

from collections.abc import Sequence

from symc.diagnostics.diagnostic import Diagnostic
from symc.diagnostics.render._terminal import paint, shown, summary


def render(diagnostics: Sequence[Diagnostic], *, color: bool = False, files: int = 1) -> str:
    """`file:line:column: severity[code] message` for each, and a line that counts them."""
    lines = []
    for diagnostic in diagnostics:
        start = diagnostic.source.position(diagnostic.span.start)
        place = f"{shown(diagnostic.source.name)}:{start.line}:{start.column}"
        title = paint(f"{diagnostic.severity}[{diagnostic.code}]", diagnostic.severity, color)
        lines.append(f"{place}: {title} {shown(diagnostic.message)}")
    return "\n".join([*lines, summary(diagnostics, files), ""])
