"""Renderers: what people see in 80 columns, and what machines read."""

from __future__ import annotations

import json
import re
from itertools import pairwise

import pytest

from symc.diagnostics.codes import CODES
from symc.diagnostics.diagnostic import Diagnostic, Related
from symc.diagnostics.render import formats, render
from symc.diagnostics.render._terminal import text_width
from symc.source import Source, Span

ANSI = re.compile(r"\x1b\[[0-9;]*m")
TEXT = "input x[n: S(n), 4: E(3).point, 3: M.vector]\ngroup M = O(3)\n\n\ninput y[5]\n"


def place(text: str, part: str) -> Span:
    start = text.index(part)
    return Span(start, start + len(part))


def one(
    text: str, part: str, *related: tuple[str, str], help: str | None = None, message: str = "bad"
) -> Diagnostic:
    others = tuple(Related(place(text, where), label) for where, label in related)
    return Diagnostic("SYM301", message, Source("a.sym", text), place(text, part), help, others)


def body(diagnostic: Diagnostic) -> list[str]:
    return render("text", [diagnostic]).splitlines()


def test_formats_are_the_files() -> None:
    assert formats() == ["concise", "github", "json", "sarif", "text"]


def test_text_in_full() -> None:
    found = one(
        TEXT,
        "4",
        ("E(3).point", "this has dimension 3"),
        ("n: S", "the items"),
        ("M = O(3)", "declared here"),
        ("input y", "another"),
        help="write `3`",
        message="a size that is not the dimension of what it carries",
    )
    assert (
        render("text", [found])
        == """\
error[SYM301]: a size that is not the dimension of what it carries
 --> a.sym:1:18
  |
1 | input x[n: S(n), 4: E(3).point, 3: M.vector]
  |         ----     ^  ---------- this has dimension 3
  |         |
  |         the items
2 | group M = O(3)
  |       -------- declared here
...
5 | input y[5]
  | ------- another
  |
  = help: write `3`

Found 1 error in 1 file.
"""
    )


def test_a_place_over_several_lines_marks_its_first_and_last() -> None:
    lines = body(one("a\nbcd e\nfg\n  hi j\n", "e\nfg\n  hi"))
    assert lines[3:9] == ["2 | bcd e", "  |     ^", "3 | fg", "4 |   hi j", "  |   ^^", ""]


@pytest.mark.parametrize("before", ["", "日本語", "\t", "a\t\t", "é́́", "\x00\x1b", "　", "🙂", "​"])
@pytest.mark.parametrize("after", ["", "日本", "\tx"])
def test_carets_stand_below_their_characters(before: str, after: str) -> None:
    lines = body(one(f"{before}WRONG{after}\n", "WRONG"))
    source, underline = lines[3], lines[4]
    column = underline.index("^")
    assert underline.count("^") == 5
    assert text_width(source[: source.index("WRONG")]) == column


def test_no_text_steers_the_terminal() -> None:
    text = "input \x1b[31m\u202e\x07x\r\n"
    found = one(text, "x", message="\x1b]0;title\x07", help="\u202e")
    for name in ("text", "concise"):
        assert all(c.isprintable() or c == "\n" for c in render(name, [found]))


@pytest.mark.parametrize("position", [0, 1, 50, 400, 798, 799])
@pytest.mark.parametrize("length", [1, 30, 300])
def test_long_lines_are_cut_around_the_place(position: int, length: int) -> None:
    text = "".join(chr(ord("a") + k % 26) for k in range(800)) + "\n"
    end = min(position + length, 800)
    source = Source("a.sym", text)
    lines = body(Diagnostic("SYM102", "bad", source, Span(position, end)))
    shown, underline = lines[3], lines[4]
    assert text_width(shown) <= 80
    assert "…" in shown
    first = underline.index("^")
    assert shown[first] == text[position]
    assert underline.count("^") == min(end - position, len(shown) - first - shown.endswith("…"))


def test_a_related_place_that_the_cut_hides_is_a_note() -> None:
    text = "opened " + "x" * 300 + " WRONG"
    assert "  = note: here it is (1:1)" in body(one(text, "WRONG", ("opened", "here it is")))


def test_everything_fits_into_80_columns() -> None:
    words = "several words and `some code = S(n)` " * 6
    found = one(TEXT, "4", ("E(3).point", words), ("x", words), help=words, message=words)
    lines = body(found)
    assert max(map(text_width, lines)) <= 80
    assert not any(line.count("`") % 2 for line in lines), "code was broken over lines"


def test_empty_places_and_the_end_of_the_text() -> None:
    text = "input x[3"
    lines = body(Diagnostic("SYM103", "bad", Source("a", text), Span(9, 9)))
    assert lines[4] == "  |          ^"
    assert " --> a:1:1" in body(Diagnostic("SYM109", "bad", Source("a", ""), Span(0, 0)))


def test_colour_changes_nothing_else() -> None:
    found = one(TEXT, "4", ("E(3).point", "here"), ("n", "there"), help="write `3`")
    plain, painted = render("text", [found]), render("text", [found], color=True)
    assert "\x1b" not in plain
    assert ANSI.sub("", painted) == plain
    for before, after in pairwise(ANSI.findall(painted)):
        assert (before == "\x1b[0m") != (after == "\x1b[0m"), "a colour is not ended"


def test_the_summary_counts() -> None:
    a, b = one(TEXT, "4"), Diagnostic("SYM301", "bad", Source("b.sym", "x"), Span(0, 1))
    assert render("text", [a, a]).endswith("\nFound 2 errors in 1 file.\n")
    assert render("text", [a, b]).endswith("\nFound 2 errors in 2 files.\n")
    assert render("text", [], files=3) == "Found no problems in 3 files.\n"
    assert render("concise", [a]) == "a.sym:1:18: error[SYM301] bad\nFound 1 error in 1 file.\n"


def test_severities_are_counted_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    from symc.diagnostics.codes import Code

    monkeypatch.setitem(CODES, "SYM999", Code("for this test", "warning"))
    warning = Diagnostic("SYM999", "bad", Source("a.sym", TEXT), Span(0, 1))
    text = render("text", [one(TEXT, "4"), warning, warning])
    assert text.endswith("\nFound 1 error and 2 warnings in 1 file.\n")
    assert "warning[SYM999]: bad" in text
    assert "::warning file=a.sym," in render("github", [warning])


def test_language_6_json() -> None:
    found = one("日本 x\ninput y", "x", ("input", "here"), help="write `y`")
    assert json.loads(render("json", [found])) == [
        {
            "code": "SYM301",
            "severity": "error",
            "message": "bad",
            "help": "write `y`",
            "file": "a.sym",
            "start": {"line": 1, "column": 4},
            "end": {"line": 1, "column": 5},
            "related": [
                {
                    "message": "here",
                    "file": "a.sym",
                    "start": {"line": 2, "column": 1},
                    "end": {"line": 2, "column": 6},
                }
            ],
        }
    ]
    assert json.loads(render("json", [])) == []
    assert json.loads(render("json", [one(TEXT, "4")]))[0]["help"] is None


def test_github_escapes_what_would_end_a_command() -> None:
    source = Source("a,b:c%.sym", "x\ny")
    found = Diagnostic("SYM301", "50%\n::error::", source, Span(0, 1), "line\ntwo")
    assert render("github", [found]) == (
        "::error file=a%2Cb%3Ac%25.sym,line=1,endLine=1,col=1,endColumn=2,title=symc SYM301::"
        "50%25%0A::error::%0Ahelp: line%0Atwo\n"
    )


def test_sarif_has_what_the_standard_requires() -> None:
    found = one(TEXT, "4", ("E(3).point", "here"), help="write `3`")
    log = json.loads(render("sarif", [found, found]))
    assert log["version"] == "2.1.0"
    (run,) = log["runs"]
    assert [rule["id"] for rule in run["tool"]["driver"]["rules"]] == ["SYM301"]
    result = run["results"][1]
    assert run["tool"]["driver"]["rules"][result["ruleIndex"]]["id"] == result["ruleId"]
    assert result["locations"][0]["physicalLocation"] == {
        "artifactLocation": {"uri": "a.sym"},
        "region": {"startLine": 1, "startColumn": 18, "endLine": 1, "endColumn": 19},
    }
    assert result["relatedLocations"][0]["message"]["text"] == "here"


@pytest.mark.parametrize("word", ["日本" * 60, "x" * 200, "é́" * 100, "`" + "[" * 40 + "` and `S`"])
def test_words_wider_than_a_line_are_cut_by_columns(word: str) -> None:
    for text in (word, f"several words {word} more"):
        lines = body(one(TEXT, "4", ("x", text), help=text, message=text))
        assert max(map(text_width, lines)) <= 80


def test_code_longer_than_half_a_line_does_not_join_what_follows() -> None:
    """The second backtick ends the first piece of code: it begins no other."""
    code = "`" + "[" * 37 + "...`"
    first = body(one(TEXT, "4", message=f"{code} is no parameter of `SE`"))[0]
    assert first == f"error[SYM301]: {code} is no parameter of"


def test_long_code_is_broken_at_its_spaces() -> None:
    lines = body(one(TEXT, "4", message=f"see `{' + '.join(['abcd'] * 10)}` there"))
    assert lines[0].startswith("error[SYM301]: see `abcd + abcd")
    assert not lines[1].startswith("  bcd")
    assert " ".join(line.strip() for line in lines[:2]).endswith("abcd` there")


@pytest.mark.parametrize("length", range(70, 80))
def test_a_place_behind_a_full_line_is_in_80_columns(length: int) -> None:
    text = "a" * length
    lines = body(Diagnostic("SYM103", "bad", Source("a", text), Span(length, length)))
    assert max(map(text_width, lines)) <= 80
    assert lines[4].endswith("^")


def test_a_line_of_a_million_characters_is_shown_where_it_is_wrong() -> None:
    text = "first " + "x" * 500_000 + " WRONG " + "y" * 500_000
    lines = body(one(text, "WRONG", ("first", "here it began")))
    assert "WRONG" in lines[3]
    assert lines[4].index("^") == lines[3].index("WRONG")
    assert "  = note: here it began (1:1)" in lines
