"""Annotations of a GitHub pull request: workflow commands on standard output."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePath

from symc.characters import escaped
from symc.diagnostics.diagnostic import Diagnostic

_LEVELS = {"error": "error", "warning": "warning", "note": "notice"}


def render(diagnostics: Sequence[Diagnostic], *, color: bool = False, files: int = 1) -> str:
    """One `::error file=...,line=...::message` a diagnostic."""
    return "".join(f"{_command(diagnostic)}\n" for diagnostic in diagnostics)


def _command(diagnostic: Diagnostic) -> str:
    source, span = diagnostic.source, diagnostic.span
    start, end = source.position(span.start), source.position(span.end)
    # GitHub knows files by their path from the root of the repository, without a `./`.
    place = {"file": PurePath(source.name).as_posix(), "line": start.line, "endLine": end.line}
    if start.line == end.line:  # GitHub takes columns for one line only
        place |= {"col": start.column, "endColumn": end.column}
    place["title"] = f"symc {diagnostic.code}"
    properties = ",".join(f"{key}={_property(str(value))}" for key, value in place.items())
    message = diagnostic.message
    for related in diagnostic.related:
        position = source.position(related.span.start)
        message += f"\n{position.line}:{position.column}: {related.message}"
    if diagnostic.help is not None:
        message += f"\nhelp: {diagnostic.help}"
    return f"::{_LEVELS[diagnostic.severity]} {properties}::{_data(message)}"


def _data(text: str) -> str:
    # What a runner shows in its log, it decodes: line breaks alone may come back.
    text = "".join(c if c in "\r\n" else escaped(c) for c in text)
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
