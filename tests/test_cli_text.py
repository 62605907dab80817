"""The command: check, format, explain, new; exit status, streams, colour, what is imported."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from commandline import Run

from symc.commands import check as check_command

CLEAN = "input  x[n: S(n), 3]\noutput y[n: S(n)]\n"
WRONG = "input  x[n: S(n, 3]\noutput y[n: S(n)]\n"


@pytest.fixture
def symc(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    monkeypatch.chdir(tmp_path)
    for name in ("NO_COLOR", "FORCE_COLOR", "SYMC_TRACEBACK"):
        monkeypatch.delenv(name, raising=False)
    return Run(capfd, monkeypatch)


def test_language_6_exit_status_and_streams(symc: Run) -> None:
    Path("clean.sym").write_text(CLEAN)
    Path("wrong.sym").write_text(WRONG)
    assert symc("check", "clean.sym") == (0, "", "Found no problems in 1 file.\n")
    status, out, err = symc("check", "clean.sym", "wrong.sym")
    assert (status, out) == (1, "")
    assert err.startswith("error[SYM103]: `(` is not closed")
    status, out, err = symc("check", "wrong.sym", "--output-format", "json")
    assert (status, err) == (1, "")
    assert json.loads(out)[0]["file"] == "wrong.sym"
    assert symc("check", "clean.sym", "--output-format", "json") == (0, "[]\n", "")


@pytest.mark.parametrize(
    "arguments",
    [
        ("check",),
        ("check", "missing.sym"),
        ("check", "a\0b"),
        ("check", "clean.sym", "--output-format", "yaml"),
        ("check", "clean.sym", "-o", "no/such/folder.json"),
        ("format", "missing.sym"),
        ("explain", "SYM999"),
        ("new", "clean"),
        ("new", "not a name"),
        ("new", "lambda"),
        ("bogus",),
        ("reading",),
        ("../cli",),
    ],
    ids=" ".join,
)
def test_wrong_usage_is_2_and_says_what(symc: Run, arguments: tuple[str, ...]) -> None:
    Path("clean.sym").write_text(CLEAN)
    status, out, err = symc(*arguments)
    assert (status, out) == (2, "")
    assert "rror: " in err
    assert "Traceback" not in err
    assert Path("clean.sym").read_text() == CLEAN


def test_folders_are_searched_in_order(symc: Run) -> None:
    for name in ("b/z.sym", "b/a.sym", "a.sym", ".hidden/c.sym", "b/notes.txt"):
        Path(name).parent.mkdir(exist_ok=True)
        Path(name).write_text("input")
    _, _, err = symc("check", ".", "a.sym", "--output-format", "concise")
    assert [line.split(":")[0] for line in err.splitlines()[:-1]] == ["a.sym", "b/a.sym", "b/z.sym"]


def test_standard_input(symc: Run) -> None:
    status, _, err = symc("check", "-", stdin=WRONG.encode())
    assert status == 1
    assert " --> <stdin>:1:" in err
    assert symc("format", "-", stdin=b"input   x [3]\r\n") == (0, "input x[3]\n", "")
    status, out, _ = symc("format", "-", stdin=b"input x[3")
    assert (status, out) == (1, "")


def test_bytes_that_are_no_text(symc: Run) -> None:
    Path("a.sym").write_bytes(b"input x[3]\n\xff\xfe")
    status, _, err = symc("check", "a.sym")
    assert status == 1
    assert "error[SYM109]" in err
    assert "0xFF on line 2" in err
    assert " --> a.sym:1:1\n" in err
    assert symc("format", "a.sym")[0] == 1
    assert Path("a.sym").read_bytes() == b"input x[3]\n\xff\xfe"


def test_a_byte_order_mark_and_windows_line_ends_are_read(symc: Run) -> None:
    Path("a.sym").write_bytes(b"\xef\xbb\xbf" + CLEAN.replace("\n", "\r\n").encode())
    assert symc("check", "a.sym")[0] == 0


def test_strict_makes_warnings_errors(symc: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    from symc.diagnostics.codes import CODES, Code

    monkeypatch.setitem(CODES, "SYM103", Code("for this test", "warning"))
    Path("a.sym").write_text(WRONG)
    assert symc("check", "a.sym")[0] == 0
    assert symc("check", "a.sym", "--strict")[0] == 1


def test_findings_can_be_written_to_a_file(symc: Run) -> None:
    Path("a.sym").write_text(WRONG)
    assert symc("check", "a.sym", "--output-format", "sarif", "-o", "a.sarif") == (1, "", "")
    assert json.loads(Path("a.sarif").read_text())["version"] == "2.1.0"


@pytest.mark.parametrize(
    ("variables", "colour"),
    [
        ({}, False),
        ({"FORCE_COLOR": "1"}, True),
        ({"FORCE_COLOR": "0"}, False),
        ({"FORCE_COLOR": "1", "NO_COLOR": "1"}, False),
        ({"FORCE_COLOR": "1", "NO_COLOR": ""}, True),
    ],
)
def test_colour(
    symc: Run, monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], colour: bool
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    Path("a.sym").write_text(WRONG)
    assert ("\x1b[" in symc("check", "a.sym")[2]) == colour
    assert "\x1b[" not in symc("check", "a.sym", "--output-format", "json")[1]


def test_format_in_place_check_and_diff(symc: Run) -> None:
    ugly = "input   x[n : S(n),3]\noutput y[n: S(n)]\n"
    Path("a.sym").write_text(ugly)
    Path("b.sym").write_text(CLEAN)
    status, out, err = symc("format", ".", "--check")
    assert (status, out, err) == (1, "", "would reformat a.sym\n")
    status, out, _ = symc("format", ".", "--diff")
    assert status == 1
    assert out == (
        "--- a.sym\n+++ a.sym\n@@ -1,2 +1,2 @@\n"
        "-input   x[n : S(n),3]\n+input  x[n: S(n), 3]\n output y[n: S(n)]\n"
    )
    assert Path("a.sym").read_text() == ugly
    assert symc("format", ".") == (0, "", "reformatted a.sym\n")
    assert Path("a.sym").read_text() == CLEAN
    assert symc("format", ".", "--check") == (0, "", "")


def test_a_diff_has_colour_where_a_terminal_does(
    symc: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    Path("a.sym").write_text("input   x[3]\n# one\n# two\n# three\n# four\noutput y")
    plain = symc("format", "a.sym", "--diff")[1]
    assert "\x1b" not in plain
    monkeypatch.setenv("FORCE_COLOR", "1")
    status, colored, _ = symc("format", "a.sym", "--diff")
    assert status == 1
    assert re.sub(r"\x1b\[\d*m", "", colored) == plain
    assert [re.findall(r"\d+(?=m)", line) for line in colored.splitlines()] == [
        *(["1", "0"], ["1", "0"], ["36", "0"], ["31", "0"], ["32", "0"]),
        *([], [], [], [], ["31", "0"], [], ["32", "0"]),
    ]
    monkeypatch.setenv("NO_COLOR", "1")
    assert symc("format", "a.sym", "--diff")[1] == plain
    assert symc("format", "-", stdin=b"input   x[3]\noutput y\n")[1] == "input  x[3]\noutput y\n"


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("class", "`class` is a keyword of Python and cannot be a name; try `symc new class_`"),
        ("input.sym", "`input` is reserved and cannot be a name; try `symc new input_`"),
        ("a b", "`a b` is no name: names are made of ASCII letters, digits and `_`"),
        ("größe", "`größe` is no name: names are made of ASCII letters, digits and `_`"),
    ],
)
def test_new_says_why_a_name_cannot_be_one(symc: Run, name: str, reason: str) -> None:
    assert symc("new", name) == (2, "", f"error: {reason}\n")


@pytest.mark.parametrize("emit", ["py", "ir", "mermaid"])
def test_a_base_that_would_not_be_read_is_refused(symc: Run, emit: str) -> None:
    Path("a.sym").write_text(CLEAN)
    status, out, err = symc("compile", "a.sym", "--emit", emit, "--base", "nope:nope")
    assert (status, out) == (2, "")
    assert f"--base is for `--emit graph`: `--emit {emit}` is the same for every base" in " ".join(
        err.split()
    )


def test_format_refuses_what_it_did_not_understand(symc: Run) -> None:
    Path("a.sym").write_text(WRONG)
    status, out, err = symc("format", "a.sym")
    assert (status, out) == (1, "")
    assert "SYM103" in err
    assert Path("a.sym").read_text() == WRONG


def test_explain(symc: Run) -> None:
    status, out, _ = symc("explain", "sym301")
    assert status == 0
    assert out.startswith("SYM301: a representation whose dimension")
    assert "```" not in out
    assert symc("explain", "301")[1] == out
    assert "did you mean SYM" in symc("explain", "SYM391")[2]
    assert symc("explain")[1].count("SYM") >= 46


@pytest.mark.parametrize("name", ["cloud", "cloud.sym"])
def test_new_checks_clean_and_is_formatted(symc: Run, name: str) -> None:
    assert symc("new", name)[0] == 0
    assert Path("cloud.sym").read_text().startswith("spec cloud\n")
    assert symc("check", "cloud.sym")[0] == 0
    assert symc("format", "--check", "cloud.sym") == (0, "", "")
    text = Path("cloud.sym").read_text()
    assert symc("new", "cloud", "-o", "-") == (0, text, "")


def test_a_defect_is_70_and_says_so(symc: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise RecursionError("deep")

    monkeypatch.setattr(check_command, "compile_source", fail)
    Path("a.sym").write_text(CLEAN)
    status, out, err = symc("check", "a.sym")
    assert (status, out) == (70, "")
    assert err.startswith("symc has a defect: RecursionError: deep (test_cli_text.py:")
    assert "Traceback" not in err
    monkeypatch.setenv("SYMC_TRACEBACK", "1")
    assert "Traceback" in symc("check", "a.sym")[2]


def test_every_command_has_help(symc: Run) -> None:
    status, out, _ = symc("--help")
    assert status == 0
    for name in ("check", "compile", "explain", "format", "new"):
        assert f"\n  {name} " in out
    assert "reading" not in out


@pytest.mark.parametrize(
    "arguments", [["check", "a.sym"], ["format", "a.sym"], ["explain", "SYM101"]], ids=" ".join
)
def test_these_commands_load_nothing_slow(tmp_path: Path, arguments: list[str]) -> None:
    (tmp_path / "a.sym").write_text(CLEAN)
    program = (
        "import sys, symc.cli\n"
        "try: symc.cli.main(sys.argv[1:])\n"
        "except SystemExit as done: assert done.code == 0\n"
        "print([m for m in ('torch', 'sympy', 'rich', 'numpy', 'pydantic') if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, *arguments], cwd=tmp_path, capture_output=True, text=True
    )
    assert done.stdout.splitlines()[-1:] == ["[]"], done.stderr


def test_python_m_symc_is_the_command(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "symc", "check", "-"]
    done = subprocess.run(command, input=WRONG, capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 1
    assert "SYM103" in done.stderr


def test_what_cannot_be_written_or_made_is_a_usage_error(
    symc: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("a.sym").write_text("input x[n: S(n)]\noutput y\n", encoding="utf-8")
    status, _, err = symc("compile", "a.sym", "-o", "no/where.py")
    assert (status, "cannot write `no/where.py`" in err) == (2, True)
    status, _, err = symc("compile", "a.sym", "--emit", "graph", "--base", "math:sqrt")
    assert (status, "raised TypeError" in err) == (2, True)


def test_a_folder_that_is_checked_brings_no_code_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "click.py").write_text("print('a stranger runs')", encoding="utf-8")
    (tmp_path / "a.sym").write_text("input x[n: S(n)]\noutput y\n", encoding="utf-8")
    root = Path(__file__).parents[1]
    done = subprocess.run(
        [sys.executable, "-m", "symc", "check", "a.sym"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": f"{root}{os.pathsep}{root / 'runtime'}"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert "stranger" not in done.stdout
