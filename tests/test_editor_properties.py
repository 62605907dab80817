"""No place of any text breaks an editor; a rename changes names and nothing else."""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from call_counts import calls_of
from fuzzing.judge import CALLS
from hypothesis import given
from hypothesis import strategies as st

from symc.compilation import Compilation
from symc.editor.analysis import Analysis
from symc.editor.completion import complete
from symc.editor.fixes import fixes
from symc.editor.formatting import format_edits
from symc.editor.hover import hover
from symc.editor.navigation import RenameRefusedError, definition, references, rename
from symc.editor.positions import Lines
from symc.editor.symbols import symbols
from symc.ir.groups import GroupInstance, Stage
from symc.ir.program import Program
from symc.ir.representations import Atom
from symc.ir.sizes import Size, SizeVariable
from symc.ir.tensors import Derivation, Tensor
from symc.source import Source

ROOT = Path(__file__).parents[1]
SPECS = {path.stem: path.read_text() for path in sorted((ROOT / "specs").glob("*.sym"))}
SPECS["options"] = """\
size q = 3
size w = q^2
input  a[n: S(n), q: E(3).point, 2*c + 1]
input  b[n: S(n), q: E(3).point]
input  e[w, k: S(k), _: k*O(2).vector + c*S(k)]
output z[n: S(n), _: E(3).vector^2 + S(k)]
symmetrize E(3), S(k) by probabilistic(noise_scale=0.5, anchor=b)
"""
STEMS = sorted(SPECS)


def ask(analysis: Analysis, offset: int) -> None:
    """Everything that has a place; whatever comes back lies in the text."""
    length = len(analysis.text)
    found = hover(analysis, offset)
    spans = [] if found is None else [found.span]
    assert found is None or found.text.strip()
    for item in complete(analysis, offset):
        assert item.label
        assert item.span.end == offset
        spans.append(item.span)
    declared = definition(analysis, offset)
    places = references(analysis, offset)
    spans += [] if declared is None else [declared]
    assert declared is None or declared in places
    spans += places
    assert all(0 <= start <= end <= length for start, end in spans)


def ask_whole(analysis: Analysis) -> None:
    """Everything about the text as a whole."""
    for symbol in symbols(analysis):
        assert symbol.span.start <= symbol.name_span.start < symbol.name_span.end
        assert symbol.name_span.end <= symbol.span.end <= len(analysis.text)
    broken = bool(analysis.compilation.parsed.diagnostics)
    assert not (format_edits(analysis) and broken)


@pytest.mark.parametrize("stem", STEMS)
def test_every_place_of_every_spec_has_an_answer(stem: str) -> None:
    analysis = Analysis(SPECS[stem])
    assert analysis.compilation.diagnostics == ()
    ask_whole(analysis)
    for offset in range(len(analysis.text) + 1):
        ask(analysis, offset)


@pytest.mark.parametrize("stem", STEMS)
def test_every_half_typed_spec_has_an_answer_where_it_ends(stem: str) -> None:
    text = SPECS[stem]
    for end in range(len(text)):
        analysis = Analysis(text[:end])
        ask_whole(analysis)
        ask(analysis, end)
        ask(analysis, end // 2)


@pytest.mark.parametrize("stem", STEMS)
def test_every_place_of_half_typed_specs_has_an_answer(stem: str) -> None:
    text = SPECS[stem]
    for end in range(7, len(text), 83):
        # The end is missing, or the middle: the statement after it still stands.
        for broken in (text[:end], text[:end] + text[text.find("\n", end) :]):
            analysis = Analysis(broken)
            for offset in range(len(broken) + 1):
                ask(analysis, offset)


PIECES = [
    "group ", "input ", "symmetrize ", " by ", "generated { element r = [[", "relation r",
    "lie {", '"""', '"', "(", ")", "[", "]", "{", "}", ".", ",", ":", "=", "net=", "anchor=",
    "\n", "\r", "𝔾", "⊗", "_", "n", "P", "S(", "E(3).", "2*", "\x00", "#", "SYM204", "element",
]  # fmt: skip


@given(st.data())
def test_no_mutation_of_a_spec_breaks_an_editor(data: st.DataObject) -> None:
    text = SPECS[data.draw(st.sampled_from(STEMS))]
    for _ in range(data.draw(st.integers(1, 6))):
        start = data.draw(st.integers(0, len(text)))
        end = min(len(text), start + data.draw(st.integers(0, 12)))
        text = text[:start] + "".join(data.draw(st.lists(st.sampled_from(PIECES)))) + text[end:]
    analysis = Analysis(text)
    ask_whole(analysis)
    for found in analysis.compilation.diagnostics[:3]:
        fixes(analysis, found)
    for _ in range(5):
        offset = data.draw(st.integers(0, len(text)))
        ask(analysis, offset)
        try:
            spans = rename(analysis, offset, "fresh")
        except RenameRefusedError:
            continue
        assert len({text[start:end] for start, end in spans}) == 1


BOMBS = {
    "long": "input x[n]\n" * 1_000_000,
    "word": "a" * 90_000,
    "line": "input x[" + "1, " * 30_000 + "⊗]",
    "brackets": "(" * 10_000,
    "nested": "group G = " + "(" * 90 + "S(n)" + ")" * 90,
    "sum": "input x[" + "n + " * 20_000 + "n]",
    "attributes": "input x[3: M" + ".a" * 40_000 + "]",
    "quotes": '"""' + '" ' * 40_000,
    "power": "input x[2^10^10: S(2^10^10)]",
}


@pytest.mark.parametrize("name", BOMBS)
def test_bombs_are_answered_in_time(name: str) -> None:
    """Large and deep texts. The calls that are made tell the time: some five million a second."""
    text = BOMBS[name]
    analysis = Analysis(text)
    lines = Lines(text)

    def places() -> None:
        for found in analysis.compilation.diagnostics:
            assert lines.offset(lines.place(found.span.end)) == found.span.end

    assert calls_of(places) < CALLS
    assert calls_of(lambda: ask_whole(analysis)) < CALLS
    for offset in (0, len(text) // 2, len(text)):
        assert calls_of(partial(ask, analysis, offset)) < CALLS


# Renaming

NAMES = {
    GroupInstance: {"name", "identifier"},
    Atom: {"group"},
    Tensor: {"name"},
    Derivation: {"of", "by"},
    SizeVariable: {"name"},
    Stage: {"group", "anchor"},
}


def with_name(record: Any, names: dict[str, str], old: str, new: str) -> Any:
    """An IR record with one name changed everywhere; `names`: what groups are called then."""
    if isinstance(record, Size):
        return record.substitute({old: Size.variable(new)})
    if isinstance(record, tuple):
        return tuple(with_name(item, names, old, new) for item in record)
    if not is_dataclass(record):
        return record
    changed = {}
    for field in fields(record):
        value = getattr(record, field.name)
        if field.name in NAMES.get(type(record), ()):
            changed[field.name] = names.get(value, new if value == old else value)
        else:
            changed[field.name] = with_name(value, names, old, new)
    return type(record)(**changed)


def program(text: str) -> Program:
    compilation = Compilation(Source("<text>", text))
    assert compilation.program is not None, compilation.diagnostics
    return compilation.program


@pytest.mark.parametrize("new", ["fresh", "A", "zz", "samples", "S", "base", "element"])
@pytest.mark.parametrize("stem", STEMS)
def test_renaming_any_name_keeps_the_meaning(stem: str, new: str) -> None:
    text = SPECS[stem]
    analysis = Analysis(text)
    before = program(text)
    spans = {word.text: word.span for word in analysis.globals}
    if new in spans:
        pytest.skip("the spec has a name that is not new")
    assert spans.keys() >= {t.name for t in (*before.inputs, *before.outputs)}
    assert spans.keys() >= {size.name for size in before.sizes}
    for old, span in spans.items():
        renamed = text
        for start, end in sorted(rename(analysis, span.start, new), reverse=True):
            renamed = renamed[:start] + new + renamed[end:]
        after = program(renamed)
        # An inline group is called as it is written, so a size in it is part of its name.
        inline = [g for g in before.groups if g.inline]
        size = Size.variable(new)
        names = {g.name: g.facts.written(str(g.parameter.substitute({old: size}))) for g in inline}
        again = {g.name: g.identifier for g in after.groups}
        names |= {g.identifier: again[names[g.name]] for g in inline}
        assert with_name(before, names, old, new) == after
