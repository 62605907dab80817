"""SARIF 2.1.0 (OASIS), which code-scanning services read."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import PurePath
from urllib.parse import quote

from symc import __version__
from symc.diagnostics.codes import CODES
from symc.diagnostics.diagnostic import Diagnostic
from symc.diagnostics.explain import explanation
from symc.source import Source, Span

SCHEMA = (
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
)


def render(diagnostics: Sequence[Diagnostic], *, color: bool = False, files: int = 1) -> str:
    """One run with its rules and results; columns count Unicode code points.

    A rule is a code that was found, its help the text of `symc explain`. A diagnostic's help stands
    in the message, and as a fix where it is a text to write in the place of the span.
    """
    codes = sorted({diagnostic.code for diagnostic in diagnostics})
    driver = {
        "name": "symc",
        "version": __version__,
        "semanticVersion": __version__,
        "rules": [_rule(code) for code in codes],
    }
    run = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "results": [_result(diagnostic, codes) for diagnostic in diagnostics],
    }
    return json.dumps({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2) + "\n"


def _rule(code: str) -> dict[str, object]:
    title = CODES[code].title
    rule: dict[str, object] = {
        "id": code,
        "shortDescription": {"text": title},
        "fullDescription": {"text": f"{title[0].upper()}{title[1:]}."},
        "defaultConfiguration": {"level": CODES[code].severity},
    }
    text = explanation(code)
    if text is not None:
        rule["help"] = {"text": text, "markdown": text}
    return rule


def _result(diagnostic: Diagnostic, codes: list[str]) -> dict[str, object]:
    message = diagnostic.message
    if diagnostic.help is not None:
        message += f"\nhelp: {diagnostic.help}"
    result: dict[str, object] = {
        "ruleId": diagnostic.code,
        "ruleIndex": codes.index(diagnostic.code),
        "level": diagnostic.severity,
        "message": {"text": _plain(message)},
        "locations": [_location(diagnostic.source, diagnostic.span)],
    }
    if diagnostic.related:
        result["relatedLocations"] = [
            {
                "message": {"text": _plain(related.message)},
                **_location(diagnostic.source, related.span),
            }
            for related in diagnostic.related
        ]
    if diagnostic.fix is not None:
        result["fixes"] = [_fix(diagnostic, diagnostic.fix)]
    return result


# What a consumer would take for a link to a related location, or for an argument.
_LINK = re.compile(r"\[(?=[^\[\]]*\]\([0-9]+\))")
_PLACEHOLDER = re.compile(r"\{([0-9]+)\}")


def _plain(text: str) -> str:
    """A message in which nothing reads as a link, `[text](1)`, or a placeholder, `{0}`."""
    return _PLACEHOLDER.sub(r"{{\1}}", _LINK.sub(r"\\[", text))


def _fix(diagnostic: Diagnostic, text: str) -> dict[str, object]:
    source = diagnostic.source
    replacement: dict[str, object] = {"deletedRegion": _region(source, diagnostic.span)}
    if text:
        replacement["insertedContent"] = {"text": text}
    change = {"artifactLocation": _artifact(source), "replacements": [replacement]}
    description = f"Write `{text}` here." if text else "Remove this."
    return {"description": {"text": _plain(description)}, "artifactChanges": [change]}


def _location(source: Source, span: Span) -> dict[str, object]:
    place = {"artifactLocation": _artifact(source), "region": _region(source, span)}
    return {"physicalLocation": place}


def _artifact(source: Source) -> dict[str, object]:
    """A reference that is relative for a relative path; a colon in it would read as a scheme."""
    path = PurePath(source.name)
    uri = path.as_uri() if path.is_absolute() else quote(path.as_posix(), safe="/")
    return {"uri": uri}


def _region(source: Source, span: Span) -> dict[str, object]:
    start, end = source.position(span.start), source.position(span.end)
    return {
        "startLine": start.line,
        "startColumn": start.column,
        "endLine": end.line,
        "endColumn": end.column,
    }
