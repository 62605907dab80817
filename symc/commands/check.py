"""`symc check`: what is wrong with specs."""

from __future__ import annotations

import click

from symc.commands.reading import compile_source, read_source, report, spec_paths
from symc.diagnostics.diagnostic import Diagnostic
from symc.diagnostics.render import formats


@click.command("check")
@click.argument("paths", nargs=-1, required=True, metavar="PATH...")
@click.option(
    "--output-format",
    type=click.Choice(formats()),
    default="text",
    show_default=True,
    help="text and concise go to stderr, the others to stdout.",
)
@click.option("-o", "--output", help="Write the findings here.")
@click.option("--strict", is_flag=True, help="Warnings, too, make the exit status 1.")
def command(paths: tuple[str, ...], output_format: str, output: str | None, strict: bool) -> None:
    """Check every spec at PATH...: files, folders (all .sym below), or - for standard input."""
    found: list[Diagnostic] = []
    files = spec_paths(paths)
    for path in files:
        source = read_source(path)
        if isinstance(source, Diagnostic):
            found.append(source)
        else:
            found += compile_source(source, path).diagnostics
    report(found, output_format, output, len(files))
    fatal = {"error", "warning"} if strict else {"error"}
    if any(diagnostic.severity in fatal for diagnostic in found):
        raise SystemExit(1)
