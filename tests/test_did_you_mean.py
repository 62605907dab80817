"""Wrong words on the command line: what was meant is said, in 80 columns, with status 2."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import click
import pytest
from commandline import Run

from symc.cli import command as symc_command
from symc.commands.meant import ELSEWHERE, Choice, file_instead, near

CLEAN = "input  x[n: S(n)]\noutput y\n"
COMMANDS = symc_command.list_commands(click.Context(symc_command))


@pytest.fixture
def symc(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("NO_COLOR", "1")
    return Run(capfd, monkeypatch)


def said(symc: Run, *arguments: str) -> str:
    """What the command says; it has failed as wrong usage does, in 80 columns."""
    status, out, err = symc(*arguments)
    assert (status, out) == (2, "")
    assert max(map(len, err.splitlines())) <= 80
    return " ".join(err.split())


def slips(word: str) -> list[str]:
    """The word with a letter left out, doubled or swapped with the next."""
    return [
        wrong
        for i in range(1, len(word) - 1)
        for wrong in (
            word[:i] + word[i + 1 :],
            word[:i] + word[i] + word[i:],
            word[:i] + word[i + 1] + word[i] + word[i + 2 :],
        )
        if wrong != word and len(wrong) > 2
    ]


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_is_known_by_its_slips(symc: Run, name: str) -> None:
    for wrong in slips(name)[:4]:
        assert f"No such command '{wrong}'. Did you mean 'symc {name}'?" in said(symc, wrong, "a")


@pytest.mark.parametrize(("word", "meant"), [*ELSEWHERE.items(), ("DIFF", "diff")])
def test_words_of_other_tools(symc: Run, word: str, meant: str) -> None:
    """Also those that look like another command: `compare` is no `compile`."""
    assert word not in COMMANDS
    assert f"Did you mean 'symc {meant}'?" in said(symc, word)


def test_the_oldest_click_has_choices_without_a_type(tmp_path: Path) -> None:
    """In click 8.1, which pyproject.toml allows, `Choice` takes no parameter."""
    (tmp_path / "a.sym").write_text(CLEAN)
    program = (
        "import click, symc.cli\n"
        "class Choice(click.ParamType):\n"
        "    __class_getitem__ = None\n"
        "    def __init__(self, choices): self.choices = choices\n"
        "    def convert(self, value, param, ctx): return value\n"
        "click.Choice = Choice\n"
        "symc.cli.main(['check', 'a.sym'])\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True
    )
    assert (done.returncode, done.stderr) == (0, "Found no problems in 1 file.\n")


def test_a_spec_in_the_place_of_a_command(symc: Run) -> None:
    assert "Did you mean 'symc check nbody.sym'?" in said(symc, "nbody.sym")
    Path("specs").mkdir()
    assert "Did you mean 'symc check specs'?" in said(symc, "specs")


def test_what_is_near_nothing_has_no_suggestion(symc: Run) -> None:
    assert "Did you mean" not in said(symc, "xyzzy")
    assert "did you mean" not in said(symc, "describe", "xyzzy")


@pytest.mark.parametrize("name", COMMANDS)
def test_every_option_and_its_values_are_known_by_their_slips(symc: Run, name: str) -> None:
    found = symc_command.get_command(click.Context(symc_command), name)
    assert found is not None
    for option in found.params:
        if not isinstance(option, click.Option):
            continue
        long = next(text for text in option.opts if text.startswith("--"))
        wrong = slips(long)[-1]
        assert f"'{long}'" in said(symc, name, "a.sym", wrong).partition("Did you mean")[2]
        if isinstance(option.type, click.Choice):
            assert isinstance(option.type, Choice)
            for value in option.type.choices:
                wrong = value[:-1] + "qq" if len(value) > 4 else value + "z"
                told = said(symc, name, "a.sym", long, wrong)
                assert told.endswith(f"Did you mean '{value}'?")


@pytest.mark.parametrize("command", ["describe", "check", "compile", "verify", "format"])
def test_a_spec_that_is_there(symc: Run, command: str) -> None:
    Path("specs").mkdir()
    for name in ("nbody.sym", "specs/torque.sym"):
        Path(name).write_text(CLEAN)
    for wrong, meant in {
        "nbody": "nbody.sym",
        "nbdy.sym": "nbody.sym",
        "NBody.sym": "nbody.sym",
        "nbody.smy": "nbody.sym",
        "specs/torqe": "specs/torque.sym",
        "./nbody": "./nbody.sym",
    }.items():
        _, _, err = symc(command, wrong)
        assert f"did you mean `{meant.removeprefix('./')}`?" in err.replace("`./", "`"), wrong
    if command in ("describe", "compile", "verify"):
        assert "did you mean `specs/torque.sym`?" in symc(command, "specs")[2]


def test_no_file_is_made_up(tmp_path: Path) -> None:
    assert file_instead(str(tmp_path / "a")) is None
    assert file_instead(str(tmp_path / "no" / "folder" / "a.sym")) is None
    (tmp_path / "a.txt").touch()
    assert file_instead(str(tmp_path / "a")) is None
    assert file_instead(str(tmp_path)) is None
    (tmp_path / "dangling.sym").symlink_to("nowhere")
    assert file_instead(str(tmp_path / "dangling.sym")) is None
    assert file_instead(str(tmp_path)) is None


@pytest.mark.parametrize(
    ("code", "hint"),
    [
        ("SYM99", "those of SYM9 are SYM901 to SYM9"),
        ("SYM4", "those of SYM4 are SYM401 to SYM4"),
        ("SYM399", "did you mean SYM3"),
        ("402x", "did you mean SYM402?"),
        ("wreath", "about that: SYM902"),
        ("batch", "about that: SYM210"),
    ],
)
def test_codes(symc: Run, code: str, hint: str) -> None:
    status, out, err = symc("explain", code)
    assert (status, out) == (2, "")
    assert hint in err


def test_near() -> None:
    assert near("pyt", ["py", "ir"]) == "py"
    assert near("python", ["py", "ir"]) == "py"
    assert near("js", ["text", "json"]) == "json"
    assert near("x", ["text", "json"]) is None


def test_suggestions_load_no_torch(tmp_path: Path) -> None:
    program = (
        "import sys, symc.cli\n"
        "for words in (['chek', 'a'], ['describe', 'nbody'], ['check', '--output-format', 'jsn'],\n"
        "              ['explain', 'SYM99'], ['verfy']):\n"
        "    try: symc.cli.main(words)\n"
        "    except SystemExit as done: assert done.code == 2\n"
        "print([m for m in ('torch', 'sympy', 'numpy') if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True
    )
    assert done.stdout.splitlines()[-1:] == ["[]"], done.stderr
