"""The outline of a spec: its statements, also of those that are not finished."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from symc.editor.analysis import Analysis
from symc.editor.words import Word
from symc.source import Span

Kind = Literal["spec", "size", "group", "input", "output", "symmetrize"]


@dataclass(frozen=True)
class Symbol:
    """A statement: `span` is all of it, `name_span` its name; `detail` what follows the name."""

    name: str
    kind: Kind
    detail: str
    span: Span
    name_span: Span


def symbols(analysis: Analysis) -> list[Symbol]:
    """Every statement with a name, and `symmetrize` lines, in the order of the text."""
    found = (_symbol(analysis, words) for words in analysis.statements if words)
    return [symbol for symbol in found if symbol is not None]


def _symbol(analysis: Analysis, words: list[Word]) -> Symbol | None:
    span = Span(words[0].span.start, words[-1].span.end)
    kind = words[0].type.lower()
    if kind == "symmetrize":
        return Symbol(_brief(analysis, span), "symmetrize", "", span, words[0].span)
    if len(words) < 2 or words[1].role not in ("declaration", "spec"):
        return None
    name = words[1]
    detail = _brief(analysis, Span(name.span.end, span.end))
    kinds: dict[str, Kind] = {
        "spec": "spec", "size": "size", "group": "group", "input": "input", "output": "output"
    }  # fmt: skip
    return Symbol(name.text, kinds[kind], detail, span, name.span)


def _brief(analysis: Analysis, span: Span) -> str:
    text = " ".join(analysis.text[span.start : span.end].split())
    return text if len(text) <= 60 else text[:59] + "…"
