"""`symc format`: the one way to write a spec."""

from __future__ import annotations

import re
import sys
from difflib import unified_diff

import click

from symc.characters import escaped
from symc.commands.printing import one_line, say, tell
from symc.commands.reading import (
    InputError,
    fail,
    read_source,
    report,
    wants_color,
    without_specs,
    write,
)
from symc.commands.searching import STDIN, search
from symc.diagnostics.diagnostic import Diagnostic
from symc.source import Source
from symc.syntax.format import format_document
from symc.syntax.parse import parse
from symc.syntax.parse.document import too_large
from symc.syntax.parse.limits import MAX_CHARACTERS


@click.command("format", short_help="Write specs in the one style.")
@click.argument("paths", nargs=-1, required=True, metavar="PATH...")
@click.option("--check", is_flag=True, help="Change nothing; exit status 1 if a file would change.")
@click.option("--diff", is_flag=True, help="Change nothing; print what would change.")
def command(paths: tuple[str, ...], check: bool, diff: bool) -> None:
    """Format every spec at PATH... in place; - reads standard input and writes standard output.

    A spec with syntax errors is left as it is. A file keeps its mode, its links, its byte order
    mark, and the line ends that most of its lines have.
    """
    found: list[Diagnostic] = []
    changed = read = 0
    searched = search(paths)
    for path in searched.files:
        try:
            source = read_source(path)
        except InputError as error:
            searched.failed.append(error.message)
            continue
        read += 1
        formatted = _formatted(source, found)
        if isinstance(source, Diagnostic) or formatted is None:
            continue
        if diff:
            color = wants_color(sys.stdout)
            say(_difference(source, formatted, color), color)
        elif path == STDIN and not check:
            say(formatted)
        if formatted == source.text:
            continue
        changed += 1
        if check:
            tell(f"would reformat {one_line(source.name)}\n")
        elif not diff and path != STDIN:
            write(path, source.as_in_file(formatted))
            tell(f"reformatted {one_line(source.name)}\n")
    said = without_specs(searched.empty) + found
    if said:
        report(said, files=read)
    fail(searched.failed)
    if found or ((check or diff) and changed):
        raise SystemExit(1)


def _formatted(source: Source | Diagnostic, found: list[Diagnostic]) -> str | None:
    """The formatted text, or None and why there is none."""
    if isinstance(source, Diagnostic):
        found.append(source)
        return None
    result = parse(source)
    found += result.diagnostics
    if result.diagnostics:
        return None
    formatted = format_document(result.document)
    if len(formatted) > MAX_CHARACTERS:
        # With its line breaks it would be longer than what is read.
        found.append(too_large(source.name))
        return None
    return formatted


_STYLES = {"---": "1", "+++": "1", "@@": "36", "-": "31", "+": "32"}
"""By what a line starts with, as `git diff` has it: bold, cyan, red, green."""


_LINE = re.compile("[^\n]*\n|[^\n]+")
"""Python takes more characters for line ends than files do."""


def _difference(source: Source, formatted: str, color: bool) -> str:
    """A unified diff; its lines end as those of the file do, so that `patch` finds them.

    A terminal gets what it can show.
    """
    terminal = sys.stdout.isatty()
    name = one_line(source.name)
    before, after = _LINE.findall(source.text), _LINE.findall(formatted)
    text = ""
    for number, line in enumerate(unified_diff(before, after, name, name)):
        # Only the first two lines are headers: a spec, too, may hold a line of minus signs.
        start = line[: 3 if number < 2 else 2 if line.startswith("@@") else 1]
        body = line.removesuffix("\n")
        # Before it is painted: only what we paint may colour a terminal.
        body = escaped(body) if terminal else body
        end = "\n" if terminal or number < 2 or start == "@@" else source.line_end
        text += f"\x1b[{_STYLES[start]}m{body}\x1b[0m" if color and start in _STYLES else body
        text += end if line.endswith("\n") else f"{end}\\ No newline at end of file\n"
    return text
