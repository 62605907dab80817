"""Every spec shown in a document checks clean."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import symc

ROOT = Path(__file__).parents[1]
BLOCKS = [
    pytest.param(block, id=f"{path.stem}-{index}")
    for path in [ROOT / "docs" / "language.md"]
    for index, block in enumerate(re.findall(r"```sym\n(.*?)```", path.read_text("utf-8"), re.S))
]


@pytest.mark.parametrize("text", BLOCKS)
def test_specs_of_the_language_page(text: str) -> None:
    assert symc.check(text) == []


def test_every_file_of_the_documentation_is_linked_somewhere() -> None:
    pages = [ROOT / "README.md", *(ROOT / "docs").rglob("*.md")]
    linked = {
        (page.parent / target).resolve()
        for page in pages
        for target in re.findall(r"\]\(([^)#:]+)\)", page.read_text("utf-8"))
    }
    files = {path for path in (ROOT / "docs").iterdir() if path.is_file()}
    assert files - linked == set()


def test_the_first_spec_of_the_readme() -> None:
    text = (ROOT / "README.md").read_text("utf-8")
    first = re.search(r"```\n(group P.*?)```", text, re.S)
    assert first is not None
    assert symc.check(first[1]) == []
