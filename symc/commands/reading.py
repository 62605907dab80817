"""Files that commands read, and where their findings go."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, TextIO

import click

from symc.commands.meant import file_instead
from symc.commands.printing import say, tell, tell_error
from symc.commands.searching import STDIN, shown
from symc.decoding import read_text
from symc.diagnostics.diagnostic import Diagnostic
from symc.diagnostics.render import render
from symc.source import Source, Span
from symc.writing import write_whole

if TYPE_CHECKING:
    from symc.compilation import Compilation

MACHINE_FORMATS = ("json", "github", "sarif")


class InputError(click.ClickException):
    """Something that cannot be read or written: exit status 2, as for wrong usage."""

    exit_code = 2

    def show(self, file: IO[Any] | None = None) -> None:
        """Prints `error: ...` to standard error."""
        tell_error(self.message)


def read_source(path: str) -> Source | Diagnostic:
    """The text of a file or, for `-`, of standard input.

    SYM109 where it is not UTF-8, SYM108 where it is longer than any spec: no more of it is read
    than tells. Raises InputError if there is no such file or it cannot be opened.
    """
    name = "<stdin>" if path == STDIN else shown(path)
    try:
        return read_text(name, sys.stdin.buffer if path == STDIN else Path(path))
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        meant = None
        if isinstance(error, FileNotFoundError | IsADirectoryError):
            meant = file_instead(path)
        hint = "" if meant is None else f"; did you mean `{meant}`?"
        raise InputError(f"cannot read `{name}`: {reason}{hint}") from error


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


def fail(messages: Sequence[str]) -> None:
    """Says what could not be read, after all that could; exit status 2 if there is something."""
    for message in messages:
        tell_error(message)
    if messages:
        raise SystemExit(InputError.exit_code)


def without_specs(folders: Sequence[str]) -> list[Diagnostic]:
    """SYM110 for each: that is odd, and no error."""
    message = "no .sym file is below this folder"
    help = "name the folder that holds the specs; what begins with a dot is not searched"
    sources = (Source(shown(folder), "") for folder in folders)
    return [Diagnostic("SYM110", message, source, Span(0, 0), help) for source in sources]


def report(
    diagnostics: Sequence[Diagnostic],
    output_format: str = "text",
    output: str | None = None,
    files: int | None = None,
    sources: Sequence[str] = (),
) -> None:
    """Prints findings: for people to standard error, for machines to standard output or `output`.

    `files` is how many files were looked at; without it, nothing is said where nothing is found.
    `output` may be none of the `sources`.
    """
    machine = output_format in MACHINE_FORMATS
    if not (diagnostics or machine or files is not None):
        return
    stream = sys.stdout if machine else sys.stderr
    color = output is None and wants_color(stream)
    text = render(output_format, diagnostics, color=color, files=1 if files is None else files)
    if output is not None:
        write(output, text, sources)
    elif machine:
        say(text)
    else:
        tell(text, color)


def write(path: str, text: str | bytes, sources: Sequence[str] = ()) -> None:
    """Writes an artifact, for `-` to standard output; InputError where that fails.

    Also where it would replace one of the `sources` it is made from.
    """
    if path == STDIN and isinstance(text, str):
        say(text)
        return
    spare(sources, path)
    try:
        write_whole(path, text)
    except OSError as error:
        raise InputError(f"cannot write `{shown(path)}`: {error.strerror}") from error


def spare(sources: Sequence[str], path: str | None) -> None:
    """InputError where an output at `path` would replace one of the `sources`."""
    if path in (None, STDIN) or not os.path.exists(path):
        return
    for source in sources:
        if source != STDIN and os.path.samefile(path, source):
            raise InputError(
                f"`{shown(path)}` is a spec that is read, which the output would replace: write to "
                f"another file"
            )


def wants_color(stream: TextIO) -> bool:
    """NO_COLOR (no-color.org) beats FORCE_COLOR beats what the stream is."""
    if os.environ.get("NO_COLOR"):
        return False
    if os.environ.get("FORCE_COLOR", "0") not in ("", "0"):
        return True
    return stream.isatty() and os.environ.get("TERM") != "dumb"
