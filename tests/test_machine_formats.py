"""What machines read: SARIF by its published schema, GitHub's workflow commands, fixes."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from symc.checking import check
from symc.diagnostics.codes import CODES
from symc.diagnostics.diagnostic import Diagnostic, Related
from symc.diagnostics.explain import explanation
from symc.diagnostics.render import render
from symc.source import Source, Span
from symc.syntax.parse import parse

HERE = Path(__file__).parent
WRONG = sorted((HERE / "goldens").glob("*/*.sym"))
VALIDATOR = Draft202012Validator(
    json.loads((HERE / "schemas" / "sarif-2.1.0.json").read_text(encoding="utf-8"))
)


def found_in(path: Path) -> tuple[Diagnostic, ...]:
    source = Source(f"goldens/{path.name}", path.read_bytes().decode("utf-8"))
    return check(source).diagnostics


EVERYTHING = [diagnostic for path in WRONG for diagnostic in found_in(path)]


def sarif(*found: Diagnostic) -> dict[str, Any]:
    log: dict[str, Any] = json.loads(render("sarif", found))
    assert not [error.message for error in VALIDATOR.iter_errors(log)]
    return log


def test_the_schema_refuses_what_is_no_sarif() -> None:
    log = json.loads(render("sarif", EVERYTHING[:1]))
    del log["runs"][0]["tool"]
    assert not VALIDATOR.is_valid(log)
    assert not VALIDATOR.is_valid({"version": "2.1.1", "runs": []})


def test_sarif_of_every_golden_is_valid_and_complete() -> None:
    (run,) = sarif(*EVERYTHING)["runs"]
    rules = run["tool"]["driver"]["rules"]
    assert len(run["results"]) == len(EVERYTHING)
    assert run["columnKind"] == "unicodeCodePoints"
    for result, diagnostic in zip(run["results"], EVERYTHING, strict=True):
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"] == diagnostic.code
        (place,) = result["locations"]
        region = place["physicalLocation"]["region"]
        line = diagnostic.source.line(region["startLine"])
        if region["startLine"] == region["endLine"]:
            text = line[region["startColumn"] - 1 : region["endColumn"] - 1]
            assert text == diagnostic.source.text[slice(*diagnostic.span)]
        assert len(result.get("relatedLocations", [])) == len(diagnostic.related)
        assert ("fixes" in result) == (diagnostic.fix is not None)


def test_sarif_of_nothing_is_valid() -> None:
    assert sarif()["runs"][0]["results"] == []


def test_sarif_rules_explain_themselves_and_point_nowhere() -> None:
    codes = sorted({diagnostic.code for diagnostic in EVERYTHING})
    rules = sarif(*EVERYTHING)["runs"][0]["tool"]["driver"]["rules"]
    assert [rule["id"] for rule in rules] == codes
    for rule in rules:
        assert rule["help"]["markdown"] == explanation(rule["id"])
        assert rule["defaultConfiguration"]["level"] == CODES[rule["id"]].severity
        assert "helpUri" not in rule


@pytest.mark.parametrize(
    ("name", "uri"),
    [
        ("specs/a.sym", "specs/a.sym"),
        ("./a.sym", "a.sym"),
        ("a b%c.sym", "a%20b%25c.sym"),
        ("c:d.sym", "c%3Ad.sym"),
        ("größe.sym", "gr%C3%B6%C3%9Fe.sym"),
        ("/abs/a b.sym", "file:///abs/a%20b.sym"),
        ("<stdin>", "%3Cstdin%3E"),
    ],
)
def test_sarif_names_files_by_uris(name: str, uri: str) -> None:
    log = sarif(Diagnostic("SYM301", "bad", Source(name, "x"), Span(0, 1)))
    (result,) = log["runs"][0]["results"]
    assert result["locations"][0]["physicalLocation"]["artifactLocation"] == {"uri": uri}


def test_sarif_messages_hold_no_links_and_no_placeholders() -> None:
    found = Diagnostic(
        "SYM301", "`x[n](3)` and `y[n: S(n)]`, {0}, {a}", Source("a", "x"), Span(0, 1)
    )
    (result,) = sarif(found)["runs"][0]["results"]
    assert result["message"]["text"] == "`x\\[n](3)` and `y[n: S(n)]`, {{0}}, {a}"


def decoded(line: str) -> tuple[str, dict[str, str], str]:
    """A workflow command as the runner of GitHub Actions reads it."""
    match = re.fullmatch(r"::(\w+) ([^\r\n]*?)::([^\r\n]*)", line)
    assert match
    level, properties, message = match.groups()
    pairs = (pair.split("=", 1) for pair in properties.split(","))
    return level, {key: unquote(value) for key, value in pairs}, unquote(message)


ODD = st.text(st.sampled_from("a%:,=\r\n;\"'é0AD25"), max_size=12)


@settings(max_examples=100, deadline=None)
@given(ODD, ODD, ODD, st.none() | ODD)
def test_github_commands_can_be_read_back(
    name: str, message: str, related: str, help: str | None
) -> None:
    source = Source(f"a{name}.sym", "x\ny z")
    others = (Related(Span(2, 3), related),)
    found = Diagnostic("SYM301", message, source, Span(4, 5), help, others)
    (line,) = render("github", [found]).split("\n")[:-1]
    level, properties, text = decoded(line)
    assert level == "error"
    assert properties == {
        "file": f"a{name}.sym",
        "line": "2",
        "endLine": "2",
        "col": "3",
        "endColumn": "4",
        "title": "symc SYM301",
    }
    assert text == f"{message}\n2:1: {related}" + (f"\nhelp: {help}" if help is not None else "")


def test_github_names_files_from_the_root() -> None:
    found = Diagnostic("SYM301", "bad", Source("./specs/a.sym", "x"), Span(0, 1))
    assert render("github", [found]).startswith("::error file=specs/a.sym,")


@pytest.mark.parametrize(
    "diagnostic",
    [diagnostic for diagnostic in EVERYTHING if diagnostic.fix is not None],
    ids=lambda d: f"{Path(d.source.name).stem}-{d.span.start}",
)
def test_a_fix_removes_what_it_fixes(diagnostic: Diagnostic) -> None:
    """The same code may stand elsewhere, and the fixed text may show what it hid."""
    text, (start, end) = diagnostic.source.text, diagnostic.span
    fixed = text[:start] + (diagnostic.fix or "") + text[end:]
    shift = len(fixed) - len(text)
    before = [d for d in found_in_text(text) if d.code == diagnostic.code]
    after = [d for d in found_in_text(fixed) if d.code == diagnostic.code]
    assert len(after) < len(before)
    places = {d.span.start - shift if d.span.start > start else d.span.start for d in after}
    assert start not in places


def found_in_text(text: str) -> tuple[Diagnostic, ...]:
    return check(Source("<text>", text)).diagnostics


def test_fixes_are_offered_for_these_codes() -> None:
    fixed = {diagnostic.code for diagnostic in EVERYTHING if diagnostic.fix is not None}
    assert fixed >= {"SYM101", "SYM102", "SYM104", "SYM105", "SYM107", "SYM303"}
    assert fixed >= {"SYM309", "SYM312", "SYM501", "SYM504", "SYM508", "SYM201"}
    assert parse(Source("t", "inptu x[3]")).diagnostics[0].fix == "input"
