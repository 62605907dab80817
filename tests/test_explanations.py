"""`symc explain`: every code has a text, and its examples are what it says."""

from __future__ import annotations

import pytest

from symc.checking import check
from symc.diagnostics.codes import CODES
from symc.diagnostics.explain import FOLDER, examples, explanation
from symc.source import Source
from symc.syntax.format import format_document
from symc.syntax.parse import parse

# What takes a hundred thousand characters, or bytes that are no text, is only described.
DESCRIBED = {"SYM108", "SYM109"}


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
