"""A job that only checks specs, as in docs/ci.md: most packages are left out, or asked for."""

from __future__ import annotations

import os
import pty
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from symc.commands.missing import NEEDED_BY

ROOT = Path(__file__).parents[1]
CLEAN = "input  x[n: S(n), 3]\noutput y[n: S(n)]\n"
RUN = """
import sys
sys.modules.update(dict.fromkeys(sys.argv.pop(1).split(",")))  # None: importing it fails
from symc.cli import main
main(sys.argv[1:])
"""
LEFT_OUT = ("torch", "pydantic", "rich", "sympy", "numpy", "pygls")


def symc(
    *arguments: str, cwd: Path, without: tuple[str, ...] = LEFT_OUT, terminal: bool = False
) -> tuple[int, str, str]:
    """Status, standard output, standard error, which may be a terminal."""
    ours, theirs = pty.openpty() if terminal else os.pipe()
    done = subprocess.run(
        [sys.executable, "-c", RUN, ",".join(without), *arguments],
        cwd=cwd,
        stdout=subprocess.PIPE,
        stderr=theirs,
        env={"TERM": "xterm", "COLUMNS": "80", "PATH": os.environ["PATH"],
             "PYTHONPATH": os.environ.get("PYTHONPATH", "")},
    )  # fmt: skip
    os.close(theirs)
    said = os.read(ours, 65536)
    os.close(ours)
    return done.returncode, done.stdout.decode(), said.decode().replace("\r\n", "\n")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "a.sym").write_text(CLEAN)
    return tmp_path


def test_the_page_installs_what_is_not_left_out() -> None:
    page = (ROOT / "docs" / "ci.md").read_text(encoding="utf-8")
    (installed,) = re.findall(r"^pip install (click .*)$", page, re.MULTILINE)
    assert not set(installed.split()) & set(LEFT_OUT)


def test_every_dependency_is_explained() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    named = {re.split("[>=<]", entry)[0] for entry in project["dependencies"]}
    assert set(NEEDED_BY) == named - {
        "click",
        "rich",
        "sympy",
    }  # no command stops without rich; sympy is unused


def test_many_specs_are_checked_on_a_terminal_without_a_bar(tmp_path: Path) -> None:
    for number in range(60):
        (tmp_path / f"{number:02}.sym").write_text(CLEAN)
    assert symc("check", ".", cwd=tmp_path, terminal=True) == (
        0, "", "Found no problems in 60 files.\n"
    )  # fmt: skip


@pytest.mark.parametrize(
    "arguments",
    [
        ("--help",), ("check", "a.sym", "--output-format", "json"),
        ("check", "a.sym", "--output-format", "sarif"), ("format", "--check", "a.sym"),
        ("explain", "SYM301"), ("new", "b"), ("describe", "a.sym"), ("diff", "a.sym", "a.sym"),
        ("describe", "a.sym", "--output-format", "html"), ("compile", "a.sym", "--emit", "mermaid"),
    ],
    ids=" ".join,
)  # fmt: skip
def test_these_need_no_more(folder: Path, arguments: tuple[str, ...]) -> None:
    assert symc(*arguments, cwd=folder)[0] == 0


@pytest.mark.parametrize(
    ("package", "arguments"),
    [
        ("pydantic", ("describe", "a.sym", "--output-format", "json")),
        ("pydantic", ("diff", "a.sym", "a.sym", "--output-format", "json")),
        ("pydantic", ("compile", "a.sym", "--emit", "ir")),
        ("torch", ("compile", "a.sym", "-o", "b.py")),
        ("torch", ("compile", "a.sym", "--emit", "graph")),
        ("torch", ("verify", "a.sym")),
        ("lark", ("check", "a.sym")),
    ],
    ids=str,
)
def test_what_is_missing_is_said(folder: Path, package: str, arguments: tuple[str, ...]) -> None:
    status, out, err = symc(*arguments, cwd=folder, without=(*LEFT_OUT, "lark")
                            if package == "lark" else LEFT_OUT)  # fmt: skip
    assert (status, out) == (2, "")
    assert err == (
        f"error: the package {package} is not installed. It is needed by {NEEDED_BY[package]}: "
        f"pip install {package}\n"
    )
    assert package == "lark" or f"`symc {arguments[0]}" in err
    assert not (folder / "b.py").exists()


def test_another_module_that_is_missing_is_a_defect(folder: Path) -> None:
    status, _, err = symc("check", "a.sym", cwd=folder, without=("symc.compilation",))
    assert status == 70
    assert err.startswith("symc has a defect: ModuleNotFoundError")
