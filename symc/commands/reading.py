"""Files that commands read, and where their findings go."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, TextIO

import click

from symc.diagnostics.diagnostic import Diagnostic
from symc.diagnostics.render import render
from symc.source import Source, Span

if TYPE_CHECKING:
    from symc.compilation import Compilation

STDIN = "-"
MACHINE_FORMATS = ("json", "github", "sarif")


class InputError(click.ClickException):
    """Something that cannot be read or written: exit status 2, as for wrong usage."""

    exit_code = 2

    def show(self, file: IO[Any] | None = None) -> None:
        """Prints `error: ...` to standard error."""
        click.echo(f"error: {self.message}", err=True)


def spec_paths(arguments: Sequence[str]) -> list[str]:
    """The files that arguments name, each once: `-`, files, every .sym below folders, sorted."""
    found: dict[str, None] = {}
    for argument in arguments:
        path = Path(argument)
        if argument != STDIN and path.is_dir():
            below = sorted(str(p) for p in _specs_below(path))
            if not below:
                raise InputError(f"no .sym file below `{_name(argument)}`")
            found.update(dict.fromkeys(below))
        else:
            found[argument] = None
    return list(found)


def _specs_below(folder: Path) -> Iterator[Path]:
    for path in folder.rglob("*.sym"):
        hidden = any(part.startswith(".") for part in path.relative_to(folder).parts)
        if path.is_file() and not hidden:
            yield path


def read_source(path: str) -> Source | Diagnostic:
    """The text of a file or, for `-`, of standard input; SYM109 where it is not UTF-8.

    Raises InputError if there is no such file or it cannot be opened.
    """
    name = "<stdin>" if path == STDIN else _name(path)
    try:
        data = sys.stdin.buffer.read() if path == STDIN else Path(path).read_bytes()
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise InputError(f"cannot read `{name}`: {reason}") from error
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        byte = f"byte 0x{data[error.start]:02X} on line {line}"
        message = f"this file is not UTF-8 text: {byte} cannot be decoded"
        return Diagnostic("SYM109", message, Source(name, ""), Span(0, 0), "save it as UTF-8")
    return Source(name, text.replace("\r\n", "\n"))


def _name(path: str) -> str:
    """A path as it can be printed: names of files may hold any bytes."""
    return os.fsencode(path).decode("utf-8", "replace")


def compilation_of(path: str) -> Compilation:
    """The compilation of a file or of standard input; exits if that is no text at all."""
    source = read_source(path)
    if isinstance(source, Diagnostic):
        report([source])
        raise SystemExit(1)
    return compile_source(source, path)


def compile_source(source: Source, path: str) -> Compilation:
    """The compilation of a text that was read from `path`, whose stem names the spec."""
    from symc.compilation import Compilation

    return Compilation(source)


def report(
    diagnostics: Sequence[Diagnostic],
    output_format: str = "text",
    output: str | None = None,
    files: int | None = None,
) -> None:
    """Prints findings: for people to standard error, for machines to standard output or `output`.

    `files` is how many files were looked at; without it, nothing is said where nothing is found.
    """
    machine = output_format in MACHINE_FORMATS
    if not (diagnostics or machine or files is not None):
        return
    stream = sys.stdout if machine else sys.stderr
    color = output is None and wants_color(stream)
    text = render(output_format, diagnostics, color=color, files=files or 1)
    if output is not None:
        write(output, text)
    else:
        stream.write(text)
        stream.flush()


def write(path: str, text: str) -> None:
    """Writes an artifact, for `-` to standard output; InputError where that fails."""
    if path == STDIN:
        click.echo(text, nl=False)
        return
    try:
        Path(path).write_text(text, encoding="utf-8", newline="\n")
    except OSError as error:
        raise InputError(f"cannot write `{_name(path)}`: {error.strerror}") from error


def wants_color(stream: TextIO) -> bool:
    """NO_COLOR (no-color.org) beats FORCE_COLOR beats what the stream is."""
    if os.environ.get("NO_COLOR"):
        return False
    if os.environ.get("FORCE_COLOR", "0") not in ("", "0"):
        return True
    return stream.isatty() and os.environ.get("TERM") != "dumb"
