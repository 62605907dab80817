"""For programs: a list of objects, one a diagnostic."""

from __future__ import annotations

import json
from collections.abc import Sequence

from symc.diagnostics.diagnostic import Diagnostic
from symc.source import Source, Span


def render(diagnostics: Sequence[Diagnostic], *, color: bool = False, files: int = 1) -> str:
    """Keys `code severity message help file start end related`; lines and columns from 1, `end`
    exclusive; `help` is null where there is none; a related place has file, start, end, message.
    """
    listed = [
        {
            "code": diagnostic.code,
            "severity": diagnostic.severity,
            "message": diagnostic.message,
            "help": diagnostic.help,
            **_place(diagnostic.source, diagnostic.span),
            "related": [
                {"message": related.message, **_place(diagnostic.source, related.span)}
                for related in diagnostic.related
            ],
        }
        for diagnostic in diagnostics
    ]
    return json.dumps(listed, indent=2) + "\n"


def _place(source: Source, span: Span) -> dict[str, object]:
    start, end = source.position(span.start), source.position(span.end)
    return {"file": source.name, "start": start._asdict(), "end": end._asdict()}
