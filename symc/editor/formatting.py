"""The formatter as an edit."""

from __future__ import annotations

from dataclasses import dataclass
from os.path import commonprefix

from symc.editor.analysis import Analysis
from symc.source import Source, Span
from symc.syntax.format import format_document
from symc.syntax.parse import parse


@dataclass(frozen=True)
class Edit:
    """Write `text` in the place of a span."""

    span: Span
    text: str


def format_edits(analysis: Analysis) -> list[Edit]:
    """The one edit that formats a spec, none where it has syntax errors or is formatted.

    Line breaks stay of the kind that the text has.
    """
    text = analysis.text
    windows = "\r\n" in text
    parsed = parse(Source(analysis.source.name, text.replace("\r\n", "\n")))
    if parsed.diagnostics:
        return []
    formatted = format_document(parsed.document)
    if windows:
        formatted = formatted.replace("\n", "\r\n")
    if formatted == text:
        return []
    # What is the same before and behind is left alone, so that the cursor stays where it is.
    start = len(commonprefix([text, formatted]))
    most = min(len(text), len(formatted)) - start
    end = len(commonprefix([text[::-1], formatted[::-1]])[:most])
    while start and text[start - 1] != "\n":
        start -= 1
    return [Edit(Span(start, len(text) - end), formatted[start : len(formatted) - end])]
