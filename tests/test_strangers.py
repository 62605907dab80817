"""Text of strangers: specs and names of files that steer no terminal, log, program or page."""

from __future__ import annotations

import ast
import itertools
import json
import os
import pty
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from commandline import Run

from symc.characters import escaped
from symc.cli import main
from symc.diagnostics.diagnostic import Diagnostic
from symc.diagnostics.render import render
from symc.source import Source, Span
from symc.spec import check, load

SYMC = (sys.executable, "-m", "symc")
# The title of a window, the clipboard (OSC 52), the cursor, colours, hidden text; bell, backspace,
# C1; turned letters (Trojan Source), an invisible letter, ends of lines that are none, a tag.
HOSTILE = (
    "\x1b]0;title\x07", "\x1b]52;c;aGFjaw==\x07", "\x1b[2J\x1b[1;1H", "\x1b[31m", "\x1b[8m", "\x08",
    "\x9b31m", "\x7f", "\u202e", "\u2066x\u2069", "\u200b", "\ufeff", "\u2028", "\x85", "\x0c",
    "\U000e0041", "\r",
)  # fmt: skip
ALL = "".join(f"<{text}>" for text in HOSTILE)
SPEC = f'spec odd\n"""doc {ALL}"""\n# note {ALL}\ninput  x[n:   S(n), 3]\noutput y[n: S(n)]\n'
OURS = re.compile(r"\x1b\[[0-9;]*m")


@pytest.fixture
def symc(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    monkeypatch.chdir(tmp_path)
    for name in ("NO_COLOR", "FORCE_COLOR", "GITHUB_ACTIONS"):
        monkeypatch.delenv(name, raising=False)
    Path("odd.sym").write_text(SPEC, encoding="utf-8", newline="")
    return Run(capfd, monkeypatch)


def steering(text: str) -> set[str]:
    """What is in a text that a terminal would obey or turn around; our colours aside."""
    text = OURS.sub("", text.replace("\r\n", "\n"))
    spaces = "\n\t\u3000"
    return {c for c in text if not (c.isprintable() or c in spaces)}


def on_terminal(*arguments: str) -> str:
    """What a command prints to a terminal, with both streams."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen([*SYMC, *arguments], stdin=theirs, stdout=theirs, stderr=theirs)
    os.close(theirs)
    said = b""
    while True:
        try:
            data = os.read(ours, 65536)
        except OSError:
            break
        if not data:
            break
        said += data
    process.wait()
    os.close(ours)
    return said.decode()


@pytest.mark.parametrize(
    "arguments",
    [
        ("format", "--diff", "odd.sym"), ("describe", "odd.sym"), ("check", "odd.sym", "wrong.sym"),
        ("compile", "odd.sym", "--emit", "ir"), ("compile", "odd.sym", "--emit", "mermaid"),
        ("describe", "odd.sym", "--output-format", "json"),
        ("describe", "odd.sym", "--output-format", "html"), ("diff", "odd.sym", "other.sym"),
        ("check", "wrong.sym", "--output-format", "concise"),
        ("check", "wrong.sym", "--output-format", "github"),
        ("check", "wrong.sym", "--output-format", "sarif"),
    ],
    ids=" ".join,
)  # fmt: skip
def test_nothing_steers_a_terminal(symc: Run, arguments: tuple[str, ...]) -> None:
    Path("wrong.sym").write_text(f"input x[3] # {ALL}\ninput {ALL}\n", encoding="utf-8", newline="")
    Path("other.sym").write_text(SPEC.replace("3", "4"), encoding="utf-8", newline="")
    said = on_terminal(*arguments)
    assert said
    assert steering(said) == set()
    # Of what looks like a colour, nothing that we do not paint: hidden text would be a lie.
    assert not re.search(r"\x1b\[[0-9;]*8m", said)


def test_a_diff_on_a_terminal_shows_what_is_there(symc: Run) -> None:
    said = on_terminal("format", "--diff", "odd.sym")
    assert r"\x1b]52;c;aGFjaw==\x07" in said
    assert r"<\u202e>" in said
    assert r"<\x1b[31m>" in said


@pytest.mark.parametrize("place", ["format -", "format --diff", "compile"])
def test_what_is_piped_keeps_its_bytes(symc: Run, place: str) -> None:
    if place == "format -":
        out = symc("format", "-", stdin=SPEC)[1]
        assert ALL.replace("\r\n", "\n") in out
    elif place == "format --diff":
        lines = symc("format", "--diff", "odd.sym")[1].split("\n")
        assert f" # note {ALL}" in lines
        assert not any(line.startswith("\\") for line in lines)
    else:
        out = symc("compile", "odd.sym", "--emit", "ir")[1]
        assert json.loads(out)["doc"] == f"doc {ALL}"


@pytest.mark.parametrize("text", [*HOSTILE, ALL, '"', "\\", "\\x1b", "'''", "{x}", "\u3000", "é"])
def test_emitted_code_says_the_same_and_hides_nothing(text: str) -> None:
    from symc.lower.emit import emit
    from symc.lower.plan import make_plan

    written = f'spec odd\n"""doc {text} end"""\n# note {text} end\ninput x[n: S(n)]\noutput y\n'
    spec = load(written)
    code = emit(make_plan(spec.ir), spec.text)
    assert steering(code) == set()
    doc = ast.get_docstring(ast.parse(code), clean=False)
    assert doc is not None
    assert doc.startswith(f"doc {text} end\n")
    assert f"    # note {text} end" in doc
    assert code.encode("utf-8").decode("utf-8") == code


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ('"""a \0 b"""', ["1:6"]),
        ('"""a"""\n# \0\0 and \0', ["2:3", "2:10"]),
        ("spec a\n\0", ["2:1"]),
        ("# \0 \0", ["1:3", "1:5"]),
    ],
)
def test_a_nul_is_no_part_of_any_text(text: str, at: list[str]) -> None:
    written = f"{text}\ninput x[n: S(n)]\noutput y\n"
    found = check(written)
    assert [d.code for d in found] == ["SYM101"] * len(at)
    places = [d.source.position(d.span.start) for d in found]
    assert [f"{p.line}:{p.column}" for p in places] == at
    fixed = written
    for one in reversed(found):
        assert one.help == "remove it"
        fixed = fixed[: one.span.start] + fixed[one.span.end :]
    assert check(fixed) == []


def test_a_file_of_nuls_is_told_in_fifty_findings() -> None:
    assert len(check('"""' + "\0 " * 10_000 + '"""\ninput x\noutput y')) == 50


# Names of files

NAMES = [
    "\x1b]0;hi\x07.sym", "a\n::error::b.sym", "\u202emys.sym", "a\r::stop-commands::t.sym",
    "::warning::x.sym", "a%0A::error::b.sym", "##[error]c.sym", "<b>&.sym",
]  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("format_", ["github", "text", "concise", "sarif", "json"])
def test_names_of_files_are_inert(
    symc: Run, monkeypatch: pytest.MonkeyPatch, name: str, format_: str
) -> None:
    """On a terminal, and in the log of a runner that obeys `::name::` and `##[name]`."""
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    os.mkdir("d")
    Path("d", name).write_text("input x[3")
    for argument in ("d", os.path.join("d", name)):
        _, out, err = symc("check", argument, "--output-format", format_)
        assert steering(out + err) == set()
        said = [line for line in f"{out}\n{err}".split("\n") if line]
        commands = [line for line in said if line.lstrip().startswith("::")]
        if format_ == "github":
            assert re.fullmatch(r"::error file=[^:\n]*::.*", commands.pop())
        assert commands == []
        assert not any("##[" in line for line in said) or format_ in ("github", "sarif", "json")
    os.chdir("d")
    for arguments in (("check", f"./{name}", "--output-format", "concise"), ("check", ".")):
        _, out, err = symc(*arguments)
        assert not any(line.lstrip().startswith("::") for line in err.split("\n"))


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    "command", [("format",), ("format", "--check"), ("format", "--diff"), ("compile",), ("new",)]
)
def test_names_of_files_are_inert_in_messages(
    symc: Run, name: str, command: tuple[str, ...]
) -> None:
    Path(name).write_text("input   x[n: S(n)]\noutput y\n")
    for path in (name, f"{name}.missing"):
        named = ("a", "-o", path) if command == ("new",) else ("--", path)
        _, out, err = symc(*command, *named)
        assert steering(err) == set()
        if command != ("compile",):
            assert steering(out) == set() or command == ("format", "--diff")
    with pytest.raises(SystemExit) as stop:
        main([*command, f"--{name}"])
    assert stop.value.code == 2


def test_a_command_in_a_spec_is_no_command_of_the_runner(
    symc: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    Path("a.sym").write_text("::stop-commands::x\n")
    Path("b.sym").write_text("input\n  ::y::\ninput x[y::z # ##[add-mask]z\n")
    _, _, err = symc("check", "a.sym", "b.sym")
    assert not re.search(r"^\s*::|##\[", err, re.MULTILINE)
    assert "## [add-mask]z" in err
    monkeypatch.delenv("GITHUB_ACTIONS")
    assert "##[add-mask]z" in symc("check", "b.sym")[2]


def test_github_data_is_escaped_but_for_line_ends() -> None:
    found = Diagnostic("SYM301", f"a\n{ALL}", Source(f"{ALL}.sym", "x"), Span(0, 1))
    line = render("github", [found])
    assert steering(line) == set()
    assert "%0A" in line


@pytest.mark.parametrize("colors", [True, False])
def test_escaped_text_has_no_steering_character_and_loses_nothing(colors: bool) -> None:
    for first, second in itertools.product((*HOSTILE, "é\u3000\t\n"), repeat=2):
        text = escaped(f"a{first}b{second}c", colors)
        assert steering(text) == set()
        if not colors:
            assert text.encode("latin-1", "backslashreplace").decode("unicode_escape") == (
                f"a{first}b{second}c"
            )


@pytest.mark.parametrize("text", HOSTILE)
def test_what_a_module_raises_is_shown_inert(text: str) -> None:
    from symc_runtime.verification.blame import said

    assert steering(said(ValueError(f"a{text}b"))) == set()


# What is no file


@pytest.fixture
def odd_files(symc: Run) -> Iterator[Run]:
    """For a minute: what waits for ever fails."""

    def fail(*_: object) -> None:
        raise AssertionError("it waits")

    os.mkfifo("pipe.sym")
    socket.socket(socket.AF_UNIX).bind("socket.sym")
    before = signal.signal(signal.SIGALRM, fail)
    signal.alarm(60)
    yield symc
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


@pytest.mark.parametrize(
    ("path", "kind"),
    [("pipe.sym", "pipe"), ("socket.sym", "socket"), ("/dev/zero", "device"), ("/dev/null", "dev"),
     ("/dev/ptmx", "device")],
)  # fmt: skip
def test_what_need_not_end_is_said_and_the_rest_is_checked(
    odd_files: Run, path: str, kind: str
) -> None:
    Path("link.sym").symlink_to(path)
    for command in ("check", "format", "describe", "compile", "verify", "diff"):
        more = ("odd.sym",) if command in ("check", "format", "diff") else ()
        for argument in (path, "link.sym"):
            status, _, err = odd_files(command, argument, *more)
            assert status == 2
            assert f"error: cannot read `{argument}`: it is a {kind}" in err
    with pytest.raises(OSError, match=f"a {kind}"):
        load(Path(path))


def test_in_a_folder_they_are_passed_over(odd_files: Run) -> None:
    status, _, err = odd_files("check", ".")
    assert status == 0
    assert err.endswith("in 1 file.\n")


def test_what_a_shell_opened_is_read(symc: Run) -> None:
    done = subprocess.run(
        ["bash", "-c", f"{sys.executable} -m symc format --diff <(echo 'input  x[3]')"],
        capture_output=True, text=True,
    )  # fmt: skip
    assert "-input  x[3]\n+input x[3]\n" in done.stdout
