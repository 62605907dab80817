"""`symc diff`: is the symmetry of one spec stronger than that of another?"""

from __future__ import annotations

import sys

import click

from symc.commands.meant import Choice


@click.command("diff", short_help="Is the symmetry of one spec stronger than another's?")
@click.argument("a")
@click.argument("b")
@click.option(
    "--output-format",
    type=Choice(["text", "json"]),
    default="text",
    show_default=True,
)
@click.option("-o", "--output", help="Write here; - is standard output.")
@click.option(
    "--exit-code",
    is_flag=True,
    help="Exit with 1 unless all tensors were compared and the symmetries are equal.",
)
def command(a: str, b: str, output_format: str, output: str | None, exit_code: bool) -> None:
    """Compare the symmetries of specs A and B (paths; one may be -, standard input).

    They are equal, or one is stronger, or each has a symmetry that the other lacks: then one that
    tells them apart is shown. It is about the tensors that both have; where there are others, the
    answer names them. All else that differs is listed. The exit status is 0 whatever the answer
    is, 1 where a spec has errors.
    """
    from symc.commands.printing import say
    from symc.commands.reading import compilation_of, report, wants_color, write
    from symc.commands.searching import STDIN
    from symc.comparison import compare

    if a == b == STDIN:
        raise click.UsageError("only one of the two specs can be standard input")
    compilations = [compilation_of(path) for path in (a, b)]
    report([found for one in compilations for found in one.diagnostics])
    first, second = (one.program for one in compilations)
    if first is None or second is None:
        raise SystemExit(1)
    found = compare(first, second)
    to_terminal = output in (None, STDIN)
    if output_format == "json":
        text, color = found.model_dump_json(indent=2) + "\n", False
    else:
        from symc.comparison.text import render

        color = to_terminal and wants_color(sys.stdout)
        names = [one.source.name for one in compilations]
        text = render(found, names[0], names[1], color)
    if to_terminal:
        say(text, color)
    else:
        write(output or STDIN, text, [a, b])
    if exit_code and not found.same:
        raise SystemExit(1)
