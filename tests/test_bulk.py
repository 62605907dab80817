"""`symc check` over many files: what is found, what cannot be read, the bar, a thousand specs."""

from __future__ import annotations

import json
import os
import pty
import re
import resource
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from commandline import Run

from bulk_check import write_specs
from symc.diagnostics.render import formats
from symc.syntax.parse.limits import MAX_CHARACTERS

CLEAN = "input  x[n: S(n), 3]\noutput y[n: S(n)]\n"
WRONG = "input x[3: Q]\noutput y\n"
SYMC = [sys.executable, "-m", "symc"]


@pytest.fixture
def symc(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("FORCE_COLOR", raising=False)
    return Run(capfd, monkeypatch)


def write(*names: str, text: str = CLEAN) -> None:
    for name in names:
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).write_text(text)


def test_what_is_given_twice_is_checked_once(symc: Run) -> None:
    write("a.sym", "b/c.sym")
    arguments = [
        "a.sym",
        "./a.sym",
        "b/../a.sym",
        str(Path("a.sym").absolute()),
        ".",
        "b",
        "b/c.sym",
    ]
    assert symc("check", *arguments) == (0, "", "Found no problems in 2 files.\n")


def test_the_first_spelling_is_the_one_that_is_shown(symc: Run) -> None:
    write("a.sym", text=WRONG)
    assert symc("check", "./a.sym", "a.sym")[2].count(" --> ./a.sym:1:12\n") == 1


def test_an_empty_folder_is_odd_but_no_error(symc: Run) -> None:
    write("a.sym", "empty/notes.txt")
    for command in ("check", "format"):
        status, out, err = symc(command, "empty", "a.sym")
        assert (status, out) == (0, "")
        assert err.startswith("warning[SYM110]: no .sym file is below this folder\n --> empty:1:1")
        assert err.endswith("\nFound 1 warning; looked at 1 file.\n")
    assert symc("check", "empty", "missing.sym")[2].startswith("warning[SYM110]")


def test_an_empty_folder_fails_under_strict_and_every_format_says_why(symc: Run) -> None:
    Path("empty").mkdir()
    assert symc("check", "empty", "--strict")[0] == 1
    for format_ in formats():
        status, out, err = symc("check", "empty", "--strict", "--output-format", format_)
        assert status == 1
        assert "no .sym file is below this folder" in (out or err)
        assert symc("check", "empty", "--output-format", format_)[0] == 0
        if format_ == "json":
            (said,) = json.loads(out)
            assert (said["code"], said["severity"], said["file"]) == ("SYM110", "warning", "empty")
        elif format_ == "github":
            assert out.startswith("::warning file=empty,")
        elif format_ == "sarif":
            (result,) = json.loads(out)["runs"][0]["results"]
            assert (result["ruleId"], result["level"]) == ("SYM110", "warning")
    write("a.sym")
    assert symc("check", "a.sym", "empty", "--strict")[0] == 1


def test_links_are_read_and_loops_of_them_end(symc: Run) -> None:
    write("a/real.sym", "outside/other.sym")
    Path("a/loop").symlink_to("..", target_is_directory=True)
    Path("a/folder").symlink_to("../outside", target_is_directory=True)
    Path("a/link.sym").symlink_to("real.sym")
    Path("a/folder.sym").mkdir()
    status, _, err = symc("check", "a")
    assert (status, err) == (0, "Found no problems in 2 files.\n")
    assert symc("check", "a/folder")[2] == "Found no problems in 1 file.\n"


@pytest.mark.parametrize("command", ["check", "format"])
def test_what_cannot_be_read_is_said_and_the_rest_is_checked(symc: Run, command: str) -> None:
    write("specs/wrong.sym", text="input x[3")
    write("specs/zclean.sym")
    Path("specs/dangling.sym").symlink_to("nowhere")
    Path("specs/self.sym").symlink_to("self.sym")
    status, _, err = symc(command, "missing.sym", "specs")
    assert status == 2
    assert "error[SYM103]" in err
    assert err.endswith(
        "error: cannot read `missing.sym`: No such file or directory\n"
        "error: cannot read `specs/dangling.sym`: No such file or directory\n"
        "error: cannot read `specs/self.sym`: Too many levels of symbolic links\n"
    )


def test_machines_get_what_could_be_read(symc: Run) -> None:
    write("wrong.sym", text=WRONG)
    status, out, err = symc("check", "missing.sym", "wrong.sym", "--output-format", "json")
    assert status == 2
    assert [found["code"] for found in json.loads(out)] == ["SYM201"]
    assert err == "error: cannot read `missing.sym`: No such file or directory\n"


def test_a_folder_that_cannot_be_searched_is_said(
    symc: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    write("a/closed/x.sym", "a/open/y.sym")
    scandir = os.scandir

    def refuse(path: Any) -> Any:
        if str(path).endswith("closed"):
            raise PermissionError(13, "Permission denied", str(path))
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refuse)
    status, _, err = symc("check", "a")
    assert status == 2
    assert err == (
        "Found no problems in 1 file.\nerror: cannot search `a/closed`: Permission denied\n"
    )


def test_pipes_in_a_folder_are_passed_over(symc: Run) -> None:
    write("a/x.sym")
    os.mkfifo("a/pipe.sym")
    assert symc("check", "a") == (0, "", "Found no problems in 1 file.\n")


def test_the_summary_says_of_how_many(symc: Run) -> None:
    write("a/x.sym", "a/y.sym", "a/z.sym")
    write("a/wrong.sym", text=WRONG)
    assert symc("check", "a")[2].endswith("\nFound 1 error in 1 of 4 files.\n")


def test_no_more_is_read_than_tells(tmp_path: Path) -> None:
    """A file without an end; in 1 GiB of memory."""

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_AS, (2**30, 2**30))

    with open("/dev/zero", "rb") as endless:
        done = subprocess.run(
            [*SYMC, "check", "-"],
            stdin=endless, capture_output=True, text=True, preexec_fn=limit,
        )  # fmt: skip
    assert done.returncode == 1, done.stderr
    assert "error[SYM108]" in done.stderr


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"input x[" + b"3," * 5_000_000, "SYM108"),
        (b"input x[3]\n" * 900_000, "SYM108"),
        (b"\xff" * 10_000_000, "SYM109"),
        ("é".encode() * 5_000_000, "SYM108"),
        (b"\xef\xbb\xbfinput x[3]\r\noutput y # \xe9\r\n", "SYM109"),
        (b"\xef\xbb\xbf\0", "SYM101"),
    ],
    ids=["a line", "lines", "no text", "letters", "latin-1", "nul"],
)
def test_large_and_odd_files_end_in_a_diagnostic(symc: Run, data: bytes, code: str) -> None:
    Path("odd.sym").write_bytes(data)
    status, _, err = symc("check", "odd.sym")
    assert status == 1
    assert err.startswith(f"error[{code}]: ")
    assert symc("format", "odd.sym")[0] == 1
    assert Path("odd.sym").read_bytes() == data


def test_a_byte_is_named_that_stands_behind_a_byte_order_mark(symc: Run) -> None:
    Path("odd.sym").write_bytes(b"\xef\xbb\xbfinput x[3]\noutput y # \xe9t\xe9\n")
    assert "byte 0xE9 on line 2" in symc("check", "odd.sym")[2]


# The bar


def on_a_terminal(*arguments: str, cwd: Path) -> tuple[int, str, str]:
    """Status, standard output, and what a terminal gets as standard error."""
    ours, theirs = pty.openpty()
    environment = {"TERM": "xterm", "COLUMNS": "80", "PATH": os.environ["PATH"]}
    process = subprocess.Popen(
        [*SYMC, *arguments], cwd=cwd, stdout=subprocess.PIPE, stderr=theirs, env=environment
    )
    os.close(theirs)
    shown = b"".join(_all_of(ours))
    assert process.stdout is not None
    out = process.stdout.read().decode()
    return process.wait(), out, shown.decode()


def _all_of(terminal: int) -> Iterator[bytes]:
    while True:
        try:
            yield os.read(terminal, 65536)
        except OSError:  # how a terminal says that the other side is closed
            os.close(terminal)
            return


@pytest.fixture
def many(tmp_path: Path) -> Path:
    for number in range(60):
        (tmp_path / f"{number:02}.sym").write_text(CLEAN)
    return tmp_path


def test_a_terminal_gets_a_bar_that_goes_away(many: Path) -> None:
    status, out, shown = on_a_terminal("check", ".", cwd=many)
    assert (status, out) == (0, "")
    assert re.search(r"checking .*/60", shown)
    # Up a line, and that line erased: nothing of the bar is left above the summary.
    assert shown.endswith("\x1b[1A\x1b[2KFound no problems in 60 files.\r\n")


@pytest.mark.parametrize("format_", ["json", "github", "sarif"])
def test_machines_get_no_bar(many: Path, format_: str) -> None:
    status, out, shown = on_a_terminal("check", ".", "--output-format", format_, cwd=many)
    assert (status, shown) == (0, "")
    assert out == "" if format_ == "github" else json.loads(out) is not None


def test_pipes_and_few_files_get_no_bar(many: Path) -> None:
    assert "checking" not in on_a_terminal("check", "00.sym", "01.sym", cwd=many)[2]
    done = subprocess.run([*SYMC, "check", "."], cwd=many, capture_output=True, text=True)
    assert done.stderr == "Found no problems in 60 files.\n"


def test_a_thousand_specs_take_less_than_20_seconds_of_cpu(tmp_path: Path) -> None:
    write_specs(tmp_path)
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run([*SYMC, "check", str(tmp_path)], capture_output=True, text=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert done.returncode == 1
    found = re.fullmatch(r"Found ([\d,]+) errors.* in ([\d,]+) of 1,000 files\.",
                         done.stderr.splitlines()[-1])  # fmt: skip
    assert found
    assert 100 < int(found[2]) < 500
    seconds = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    assert seconds < 20


def test_format_writes_nothing_that_check_would_not_read(symc: Run) -> None:
    """With its line breaks, a text may be longer than a spec may be."""
    axes = ",".join(["n:S(n)"] * 60)
    text = "".join(f"input x{i}[{axes}]\n" for i in range(69)) + "output y\n"
    assert len(text) < MAX_CHARACTERS
    write("wide.sym", text=text)
    assert symc("check", "wide.sym")[0] == 0
    status, _, err = symc("format", "wide.sym")
    assert status == 1
    assert "error[SYM108]" in err
    assert Path("wide.sym").read_text() == text
