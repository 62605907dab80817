"""`symc check`: what is wrong with specs."""

from __future__ import annotations

import click

from symc.commands.meant import Choice
from symc.commands.progress import progress
from symc.commands.reading import (
    MACHINE_FORMATS,
    InputError,
    compile_source,
    fail,
    read_source,
    report,
    without_specs,
)
from symc.commands.searching import search
from symc.diagnostics.diagnostic import Diagnostic
from symc.diagnostics.render import formats


@click.command("check", short_help="Say what is wrong with specs.")
@click.argument("paths", nargs=-1, required=True, metavar="PATH...")
@click.option(
    "--output-format",
    type=Choice(formats()),
    default="text",
    show_default=True,
    help="text and concise go to stderr, the others to stdout.",
)
@click.option("-o", "--output", help="Write the findings here.")
@click.option("--strict", is_flag=True, help="Warnings, too, make the exit status 1.")
def command(paths: tuple[str, ...], output_format: str, output: str | None, strict: bool) -> None:
    """Check every spec at PATH...: files, folders (all .sym below), or - for standard input.

    What cannot be read is said at the end, with exit status 2; all else is checked.
    """
    searched = search(paths)
    found = without_specs(searched.empty)
    failed = searched.failed
    read = 0
    people = output is not None or output_format not in MACHINE_FORMATS
    with progress("checking", len(searched.files), wanted=people) as advance:
        for path in searched.files:
            try:
                source = read_source(path)
            except InputError as error:
                failed.append(error.message)
            else:
                read += 1
                if isinstance(source, Diagnostic):
                    found.append(source)
                else:
                    found += compile_source(source, path).diagnostics
            advance()
    if read or found or not failed or output_format in MACHINE_FORMATS:
        report(found, output_format, output, read, searched.files)
    fail(failed)
    fatal = {"error", "warning"} if strict else {"error"}
    if any(diagnostic.severity in fatal for diagnostic in found):
        raise SystemExit(1)
