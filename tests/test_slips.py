"""Slips of a user, and what is said: the place that is wrong, and advice that mends it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any, BinaryIO

import pytest
from torch import nn

import symc

SPEC = "input x[n: S(n)]\noutput y[n: S(n)]\n"
STRAY = {
    "input x[3], output y": (1, 11),
    "size n = 4, input x[n]\noutput y": (1, 11),
    "group P = S(n), input x[n: P]\noutput y": (1, 15),
    "/* c */ input x[n: S(n)]\noutput y": (1, 1),
    "input x[3] /* c */ output y": (1, 12),
    "* input x[3]\noutput y": (1, 1),
    "( input x[3]\noutput y": (1, 1),
    "= input x[3]\noutput y": (1, 1),
}


def symc_command(
    *arguments: str, stdout: int | BinaryIO = subprocess.PIPE
) -> subprocess.CompletedProcess[bytes]:
    """The command in a process of its own."""
    command = [sys.executable, "-m", "symc", *arguments]
    return subprocess.run(command, stdout=stdout, stderr=subprocess.PIPE)


@pytest.mark.parametrize("text", STRAY)
def test_a_stray_sign_is_what_is_wrong(text: str) -> None:
    found = symc.check(text)
    assert [d.code for d in found][:1] == ["SYM102"]
    assert all(d.code == "SYM102" for d in found if d.severity == "error" and "SYM1" in d.code)
    place = text[: found[0].span.start]
    line, column = place.count("\n") + 1, found[0].span.start - (place.rfind("\n") + 1) + 1
    assert (line, column) == STRAY[text]


@pytest.mark.parametrize("name", ["average", "symmetry", "param", "tensor"])
def test_line_breaks_carry_no_meaning_in_symmetrize(name: str) -> None:
    text = f"group {name} = S(n)\ninput x[n: {name}, 3: O(3)]\noutput y\n"
    for line in (f"symmetrize\n{name} by frame", f"symmetrize O(3),\n{name} by frame"):
        assert not [d for d in symc.check(text + line) if d.severity == "error"]


@pytest.mark.parametrize(
    ("text", "code", "help_"),
    [
        ("input x[n: S(n), _: 1.5*S(n).scalar]\noutput y", "SYM107", "write `1` or `2`"),
        ("size n <= 0.5\ninput x[n: S(n)]\noutput y", "SYM107", "write `1`"),
        ("spec a\n'''doc'''\ninput x[n: S(n)]\noutput y", "SYM101", '`"""`'),
        ("input x\uff3bn: S(n)]\noutput y", "SYM101", "write the ASCII `[`"),
        ("input \u0445[n: S(n)]\noutput y", "SYM106", "U+0445"),
        ("input x[n: S(n)]\noutput y\nsymmetrize R by frame", "SYM201", "`S(n)`"),
        ("size n = n\ninput x[n: S(n)]\noutput y", "SYM204", "give it a number"),
        ("group L = L\ninput x[3: L]\noutput y", "SYM204", "the constructor"),
        ("input x[n: S(n)]", "SYM208", "write `output y`"),
        ("input x[n: S(n)] = 3\noutput y", "SYM102", "drop `= ...`"),
    ],
)
def test_advice_mends(text: str, code: str, help_: str) -> None:
    found = next(d for d in symc.check(text) if d.code == code)
    assert help_ in (found.help or "")


@pytest.mark.parametrize("name", ["SL", "Sp", "GL"])
def test_no_other_group_is_offered(name: str) -> None:
    found = symc.check(f"group L = {name}(2)\ninput x[2: L]\noutput y")
    assert all(d.fix is None for d in found if d.code == "SYM302")


@pytest.mark.parametrize(
    "arguments", [("describe",), ("compile",), ("check", "--output-format", "json")]
)
def test_a_full_disk_is_no_defect(arguments: tuple[str, ...], tmp_path: Path) -> None:
    spec = tmp_path / "small.sym"
    spec.write_text(SPEC)
    with open("/dev/full", "wb") as full:
        done = symc_command(arguments[0], str(spec), *arguments[1:], stdout=full)
    assert done.returncode == 2
    assert done.stderr.startswith(b"error: cannot write the output: ")


@pytest.mark.parametrize(
    ("closed", "arguments", "status"),
    [("1", "explain SYM101", 2), ("2", "check small.sym", 0), ("0", "check -", 2)],
)
def test_closed_streams_are_no_defect(
    closed: str, arguments: str, status: int, tmp_path: Path
) -> None:
    (tmp_path / "small.sym").write_text(SPEC)
    command = f'exec {closed}>&-; exec "{sys.executable}" -m symc {arguments}'
    done = subprocess.run(["sh", "-c", command], cwd=tmp_path, capture_output=True)
    assert done.returncode == status
    assert b"defect" not in done.stderr


def test_a_reader_that_leaves_is_no_error(tmp_path: Path) -> None:
    command = f'set -o pipefail; "{sys.executable}" -m symc explain | head -1'
    done = subprocess.run(["bash", "-c", command], capture_output=True)
    assert (done.returncode, done.stderr) == (0, b"")


@pytest.mark.parametrize("command", ["check", "compile", "describe", "verify"])
def test_no_output_replaces_the_spec(command: str, tmp_path: Path) -> None:
    spec = tmp_path / "small.sym"
    spec.write_text(SPEC)
    done = symc_command(command, str(spec), "-o", str(spec))
    assert done.returncode == 2
    assert b"write to another file" in done.stderr
    assert spec.read_text() == SPEC


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ("--seed 99999999999999999999", b"9223372036854775807"),
        ("--draws 100000000000", b"1000000"),
        ("--size n=2147483648", b"2147483647"),
        ("--size n=3 --size n=4", b"twice"),
    ],
)
def test_verify_says_its_ranges(options: str, said: bytes, tmp_path: Path) -> None:
    spec = tmp_path / "small.sym"
    spec.write_text(SPEC)
    done = symc_command("verify", str(spec), *options.split())
    assert done.returncode == 2
    assert said in done.stderr


def test_sizes_and_numbers_of_verify_are_checked() -> None:
    model = symc.build(SPEC, nn.Identity())
    with pytest.raises(ValueError, match="2147483647"):
        symc.build(SPEC, nn.Identity(), sizes={"n": 2**31})
    wrong: dict[str, Any]
    for wrong in ({"sizes": [3]}, {"samples": 2.5}, {"seed": "a"}):
        with pytest.raises(TypeError):
            symc.verify(model, **wrong)
    with pytest.raises(ValueError, match="seed"):
        symc.verify(model, seed=-1)


def test_vectors_of_a_euclidean_group_are_named_as_specs_name_them() -> None:
    text = "group M = E(3)\ninput p[3: M.point]\ninput v[3: M.vector]\noutput y[3: M.vector]"
    model = symc.build(text, nn.Identity())
    with pytest.raises(TypeError, match=r"v\[batch, 3: M\.vector\]"):
        model(*[])


@pytest.mark.parametrize(("wrong", "meant"), [("sim", "sym"), ("smy", "sym"), ("daul", "dual")])
def test_what_builds_on_representations_is_known_by_its_slips(wrong: str, meant: str) -> None:
    (found,) = symc.check(f"input x[3: O(3).vector]\ninput y[_: {wrong}(O(3).vector, 2)]\noutput e")
    assert (found.code, found.message) == ("SYM302", f"there is no group `{wrong}`")
    assert found.help is not None
    assert f"did you mean `{meant}`?" in found.help


def test_numbers_of_a_group_that_is_not_declared() -> None:
    """It says that labels may name items, where something has items."""
    text = "{}input x[n: {}]\ninput edges[2, e] of Q\noutput y"
    (found,) = symc.check(text.format("group P = S(n)\n", "P"))
    assert found.code == "SYM205"
    assert "whole numbers name the items of a group" in str(found.help)
    (found,) = symc.check(text.format("group M = O(n)\n", "M.vector"))
    assert "whose items" not in str(found.help)
