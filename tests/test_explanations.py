"""`symc explain`: every code has a text, and its examples are what it says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from symc.checking import check
from symc.commands.explain import lines
from symc.commands.reading import read_source
from symc.diagnostics.codes import CODES
from symc.diagnostics.diagnostic import Diagnostic
from symc.diagnostics.explain import FOLDER, examples, explanation
from symc.source import Source
from symc.syntax.format import format_document
from symc.syntax.parse import parse

# Neither bytes that are no text nor a folder can stand in a text.
DESCRIBED = {"SYM109", "SYM110"}


def test_every_code_is_explained_and_no_other() -> None:
    assert {path.stem for path in FOLDER.glob("*.md")} == set(CODES)


@pytest.mark.parametrize("code", CODES)
def test_the_text_names_its_code_and_says_why(code: str) -> None:
    text = explanation(code)
    assert text is not None
    assert text.startswith(f"# {code}: {CODES[code].title}\n")
    assert "\n## Why\n" in text
    assert max(map(len, text.splitlines())) <= 100


@pytest.mark.parametrize("code", sorted(CODES.keys() - DESCRIBED))
def test_wrong_specs_give_the_code_and_mended_ones_nothing(code: str) -> None:
    wrong, right = examples(explanation(code) or "")
    assert wrong
    assert right
    for text in wrong:
        assert {found.code for found in check(Source("wrong.sym", text)).diagnostics} == {code}
    for text in right:
        assert check(Source("right.sym", text)).diagnostics == ()
        assert format_document(parse(Source("right.sym", text)).document) == text


@pytest.mark.parametrize("code", ["SYM999", "../SYM101", "", "sym101"])
def test_what_is_no_code_has_no_text(code: str) -> None:
    assert explanation(code) is None


def test_bytes_that_are_no_text_and_their_mend(tmp_path: Path) -> None:
    """As the mend says: converted from what it was saved in, it reads without findings."""
    text = '"""Größe"""\ninput  x[3]\noutput y\n'
    path = tmp_path / "old.sym"
    path.write_bytes(text.encode("latin1"))
    found = read_source(str(path))
    assert isinstance(found, Diagnostic)
    assert found.code == "SYM109"
    path.write_bytes(path.read_bytes().decode("latin1").encode("utf-8"))
    mended = read_source(str(path))
    assert isinstance(mended, Source)
    assert check(mended).diagnostics == ()


@pytest.mark.parametrize("code", CODES)
def test_the_reason_is_more_than_a_phrase(code: str) -> None:
    why = (explanation(code) or "").partition("\n## Why\n")[2].partition("\n## ")[0]
    assert len(why.split()) >= 18


@pytest.mark.parametrize("code", CODES)
def test_on_a_terminal_it_has_80_columns(code: str) -> None:
    """Only a wrong spec may be wider; headings are bold, and nothing but colour differs."""
    text = explanation(code) or ""
    plain, colored = lines(text), lines(text, color=True)
    assert all(len(line) <= 80 for line in plain if not line.startswith("  "))
    assert [re.sub(r"\x1b\[[0-9;]*m", "", line) for line in colored] == plain
    assert [line for line in colored if "\x1b" in line][0].endswith(f"{CODES[code].title}\x1b[0m")
    shown = "\n".join(line.removeprefix("  ") for line in plain)
    for block in (*examples(text)[0], *examples(text)[1]):
        assert block.strip() in shown
