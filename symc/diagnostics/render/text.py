"""For people: the source line, what is wrong underlined, what to write instead."""

from __future__ import annotations

from collections.abc import Sequence

from symc.diagnostics.diagnostic import Diagnostic
from symc.diagnostics.render._snippet import marks, snippet
from symc.diagnostics.render._terminal import paint, shown, summary, wrap


def render(diagnostics: Sequence[Diagnostic], *, color: bool = False, files: int = 1) -> str:
    """Each diagnostic with its source lines, in 80 columns, and a line that counts them."""
    parts = [_one(diagnostic, color) for diagnostic in diagnostics]
    return "\n".join([*parts, summary(diagnostics, files) + "\n"])


def _one(diagnostic: Diagnostic, color: bool) -> str:
    severity, source = diagnostic.severity, diagnostic.source
    title = f"{severity}[{diagnostic.code}]"
    start = source.position(diagnostic.span.start)
    first, *more = wrap(diagnostic.message, len(title) + 2, 2)
    lines = [f"{paint(title, severity, color)}{paint(f': {first}', 'message', color)}"]
    lines += [f"  {paint(line, 'message', color)}" for line in more]
    gutter = len(str(max((mark.line for mark in marks(diagnostic)), default=1)))
    arrow = paint(f"{' ' * gutter}-->", "frame", color)
    lines.append(f"{arrow} {shown(source.name)}:{start.line}:{start.column}")
    margin = f"{' ' * gutter} {paint('|', 'frame', color)}"
    hidden: list[str] = []
    if source.text:
        framed, hidden = snippet(diagnostic, gutter, color)
        lines += [margin, *framed]
    remarks = [("note", text) for text in hidden]
    if diagnostic.help is not None:
        remarks.append(("help", diagnostic.help))
    if remarks and source.text:
        lines.append(margin)
    for kind, text in remarks:
        indent = gutter + 3 + len(kind) + 2
        first, *more = wrap(text, indent, indent)
        equals = paint("=", "frame", color)
        lines.append(f"{' ' * gutter} {equals} {paint(kind, 'help', color)}: {first}")
        lines += [" " * indent + line for line in more]
    return "".join(f"{line}\n" for line in lines)
