"""`symc describe`: what a spec means, for people and machines."""

from __future__ import annotations

import sys

import click

from symc.commands.meant import Choice


@click.command(
    "describe", short_help="Say what a spec means: groups, tensors, stages, cost, proofs."
)
@click.argument("spec")
@click.option(
    "--output-format",
    type=Choice(["text", "json", "html"]),
    default="text",
    show_default=True,
    help="html is one page with the pipeline drawn, without scripts or anything from outside.",
)
@click.option("-o", "--output", help="Write here; - is standard output.")
def command(spec: str, output_format: str, output: str | None) -> None:
    """Describe SPEC (a path, or - for standard input): groups, tensors, stages, cost, proofs."""
    from symc.commands.printing import say
    from symc.commands.reading import compilation_of, report, wants_color, write
    from symc.commands.searching import STDIN
    from symc.description import describe

    compilation = compilation_of(spec)
    report(compilation.diagnostics)
    if compilation.program is None:
        raise SystemExit(1)
    description = describe(compilation.program)
    if output_format == "json":
        write(output or STDIN, description.model_dump_json(indent=2) + "\n", [spec])
    elif output_format == "html":
        from symc.description.html import page

        write(output or STDIN, page(description), [spec])
    else:
        from symc.description.text import render

        to_terminal = output in (None, STDIN)
        color = to_terminal and wants_color(sys.stdout)
        text = render(description, color)
        if to_terminal:
            say(text, color)
        else:
            write(output or STDIN, text, [spec])
