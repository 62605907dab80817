"""Every code has a golden of what a terminal shows, with and without colour, in 80 columns."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from commandline import Run

from symc.diagnostics.codes import CODES
from symc.diagnostics.render._terminal import text_width

GOLDENS = Path(__file__).parent / "goldens"
SHOWN = sorted(path for path in GOLDENS.glob("*/*.txt") if path.with_suffix(".ansi").is_file())
ANSI = re.compile(r"\x1b\[[0-9;]*m")

# What no text holds: bytes that are none, and more of them than a golden should have.
FILES = {
    "latin1": "input  x[n: S(n)]  # größe\noutput y\n".encode("latin-1"),
    "too_long": b"# a line\n" * 4_000 + b"input x[3]\noutput y\n",
}


def codes_in(text: str) -> set[str]:
    return set(re.findall(r"^(?:error|warning|note)\[(SYM\d{3})\]: ", ANSI.sub("", text), re.M))


# Warnings about files and folders, all others are errors.
WARNINGS = ("empty",)


@pytest.mark.parametrize("name", [*FILES, *WARNINGS])
def test_files_read_as_recorded(
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    golden: Callable[[str, str], None],
    name: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    path = Path(f"{name}.sym") if name in FILES else Path(name)
    if name in FILES:
        path.write_bytes(FILES[name])
    else:
        path.mkdir()
    symc = Run(capfd, monkeypatch)
    for variable, suffix in (("NO_COLOR", "txt"), ("FORCE_COLOR", "ansi")):
        with monkeypatch.context() as context:
            context.delenv("NO_COLOR", raising=False)
            context.setenv(variable, "1")
            status, out, err = symc("check", str(path))
        assert (status, out) == (int(name not in WARNINGS), "")
        golden(f"files/{name}.{suffix}", err)


@pytest.mark.parametrize("code", CODES)
def test_every_code_has_a_golden(code: str) -> None:
    showing = [path for path in SHOWN if code in codes_in(path.read_text("utf-8"))]
    assert showing, f"no golden shows {code}: a spec in tests/goldens/check gives it"
    for path in showing:
        assert code in codes_in(path.with_suffix(".ansi").read_text("utf-8"))


@pytest.mark.parametrize("path", SHOWN, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_goldens_fit_a_terminal(path: Path) -> None:
    plain = path.read_bytes().decode("utf-8")
    assert max(map(text_width, plain.split("\n"))) <= 80
    painted = path.with_suffix(".ansi").read_bytes().decode("utf-8")
    assert painted != plain
    assert ANSI.sub("", painted) == plain
