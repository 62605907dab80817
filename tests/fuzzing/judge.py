"""What must hold of any text whatever, for check, format and describe."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from typing import TypeVar

from call_counts import calls_of

from symc.compilation import Compilation
from symc.description import describe
from symc.description.html import page
from symc.description.text import render as describe_text
from symc.diagnostics.codes import CODES
from symc.diagnostics.diagnostic import Diagnostic
from symc.diagnostics.render import formats, render
from symc.diagnostics.render._terminal import text_width
from symc.ir.program import Program
from symc.source import Source
from symc.syntax.format import format_document
from symc.syntax.parse import parse
from symc.syntax.parse.limits import MAX_CHARACTERS, MAX_DIAGNOSTICS

NAME = "fuzz.sym"
SECONDS = 2.0
"""What takes longer is judged by the calls it makes: they are the same on a busy machine."""
CALLS = 12_000_000
"""No command makes more on any text; the worst of the bombs makes eight million in 1.3 seconds."""
ENDLESS = 60.0
"""Seconds that no machine is slow enough to need: what a single call of C may hide."""

_T = TypeVar("_T")


def _quick(what: str, call: Callable[[], _T]) -> _T:
    start = time.process_time()
    result = call()
    seconds = time.process_time() - start
    assert seconds <= ENDLESS, f"{what} took {seconds:.0f} s"
    if seconds > SECONDS:
        calls = calls_of(call)
        assert calls <= CALLS, f"{what} made {calls:,} calls, {CALLS:,} are allowed"
    return result


def judge(text: str) -> Compilation:
    """Asserts all that must hold; hands back what came of the text."""
    compilation = _quick("check", lambda: _checked(text))
    found = compilation.diagnostics
    assert any(d.severity == "error" for d in found) == (compilation.program is None)
    assert len(found) <= MAX_DIAGNOSTICS
    assert len({(d.code, d.span, d.message) for d in found}) == len(found), "said twice"
    for diagnostic in found:
        _has_its_places(diagnostic, text)
    for name in formats():
        rendered = _quick(name, partial(render, name, found))
        if name == "text":
            assert all(c.isprintable() or c == "\n" for c in rendered), "steers the terminal"
            assert max(map(text_width, rendered.split("\n"))) <= 80, "wider than 80 columns"
    if not compilation.parsed.diagnostics:
        _survives_formatting(compilation)
    if compilation.program is not None:
        program = compilation.program
        again = Program.model_validate_json(program.model_dump_json())
        assert again == program, "the IR is not read back as it was written"
        description = _quick("describe", lambda: describe(program))
        for show in (describe_text, page):
            assert _quick("describe", partial(show, description))
        assert description.model_dump_json()
    return compilation


def _checked(text: str) -> Compilation:
    compilation = Compilation(Source(NAME, text))
    assert compilation.diagnostics is not None
    return compilation


def _has_its_places(diagnostic: Diagnostic, text: str) -> None:
    assert diagnostic.code in CODES
    assert diagnostic.message
    # A text that is not read, for it is too long, is not shown either.
    assert diagnostic.source.text in (text, "")
    for start, end in (diagnostic.span, *(related.span for related in diagnostic.related)):
        assert 0 <= start <= end <= len(diagnostic.source.text), "a place outside the text"


def _survives_formatting(compilation: Compilation) -> None:
    once = _quick("format", lambda: format_document(compilation.document))
    if len(once) > MAX_CHARACTERS:
        return  # the command refuses to write it
    again = parse(Source(NAME, once))
    assert not again.diagnostics, "the formatted text is wrong"
    assert again.document == compilation.document, "the formatted text is another spec"
    assert format_document(again.document) == once, "formatting twice is not formatting once"
    if compilation.program is not None:
        assert _checked(once).program == compilation.program, "another IR after formatting"
