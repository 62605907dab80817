"""`symc verify`: measured equivariance, of a compiled spec or of any module."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from typing import TYPE_CHECKING

import click

from symc.bounds import MOST_DRAWS, MOST_SAMPLES, MOST_SEED
from symc.commands.meant import Choice
from symc.commands.timeout import timeout_option

if TYPE_CHECKING:
    from symc.commands.apart.job import Progress


def _sizes(context: click.Context, option: click.Parameter, given: Sequence[str]) -> dict[str, int]:
    sizes = {}
    for text in given:
        name, _, value = text.partition("=")
        if not name.strip() or not re.fullmatch("[0-9]+", value.strip()):
            raise click.BadParameter(f"`{text}`: write a name and a number, such as n=5")
        if name.strip() in sizes:
            raise click.BadParameter(f"`{name.strip()}` is given twice: give it one value")
        sizes[name.strip()] = int(value)
    return sizes


@click.command("verify", short_help="Measure equivariance, of a spec or of any module.")
@click.argument("spec")
@click.option(
    "--base",
    metavar="PACKAGE.MODULE:FACTORY",
    help="Makes the base; without it, a random one that has no symmetry.",
)
@click.option(
    "--module",
    metavar="PACKAGE.MODULE:FACTORY",
    help="Makes a module that symc did not build: measure that, not SPEC compiled.",
)
@click.option(
    "--inputs",
    metavar="PACKAGE.MODULE:FUNCTION",
    help="Draws the inputs, where not every tensor of the right shape is one: named "
    "arguments batch, generator, sizes, dtype.",
)
@click.option(
    "--size",
    "sizes",
    multiple=True,
    metavar="NAME=VALUE",
    callback=_sizes,
    help="A free size, or the padded length of a ragged one; repeatable.",
)
@click.option(
    "--samples",
    type=click.IntRange(1, MOST_SAMPLES),
    default=8,
    show_default=True,
    help="Inputs of each kind.",
)
@click.option(
    "--draws",
    type=click.IntRange(1, MOST_DRAWS),
    default=4000,
    show_default=True,
    help="Noises in the statistical tests.",
)
@click.option(
    "--seed",
    type=click.IntRange(0, MOST_SEED),
    default=0,
    show_default=True,
    help="Of everything random.",
)
@click.option("--output-format", type=Choice(["text", "json"]), default="text", show_default=True)
@click.option("-o", "--output", help="Write here; - is standard output.")
@click.option("--layers", is_flag=True, help="Say in which submodule each symmetry is lost first.")
@timeout_option
@click.option("--strict", is_flag=True, help="Warnings, too, make the exit status 1.")
def command(
    spec: str,
    base: str | None,
    module: str | None,
    inputs: str | None,
    sizes: dict[str, int],
    samples: int,
    draws: int,
    seed: int,
    output_format: str,
    output: str | None,
    layers: bool,
    timeout: float,
    strict: bool,
) -> None:
    """Measure whether SPEC (a path, or - for standard input), compiled, has its symmetry.

    Unlike `check`, it runs your code: that of --base, --module and --inputs, in a process of its
    own. Exit status 1: a law is broken; 2: wrong usage, or your code raised, ended itself or hung.
    """
    from symc.commands.apart import answer_of
    from symc.commands.apart.job import Job
    from symc.commands.printing import say
    from symc.commands.reading import compilation_of, report, spare, wants_color, write
    from symc.commands.searching import STDIN
    from symc_runtime.verification.report import Report
    from symc_runtime.verification.text import render

    if base is not None and module is not None:
        raise click.UsageError("--base goes into SPEC, --module stands for all of it: give one")
    if layers and base is None and module is None:
        raise click.UsageError("--layers looks into your code: give --base or --module")
    spare([spec], output)
    compilation = compilation_of(spec)
    report(compilation.diagnostics)
    if compilation.program is None:
        raise SystemExit(1)

    source = compilation.source
    job = Job(
        "verify", source.name, source.text, base=base, module=module, inputs=inputs,
        sizes=sizes, samples=samples, draws=draws, seed=seed, layers=layers,
    )  # fmt: skip
    with _progress() as (progress, prints):
        answer = answer_of(job, timeout, progress, prints)
    found = Report.from_json(answer)
    to_terminal = output in (None, STDIN)
    color = output_format == "text" and to_terminal and wants_color(sys.stdout)
    text = f"{answer}\n" if output_format == "json" else render(found, color)
    if to_terminal:
        say(text, color)
    else:
        write(output or STDIN, text, [spec])
    if not found.ok or (strict and found.warnings):
        raise SystemExit(1)


@contextmanager
def _progress() -> Iterator[tuple[Progress | None, Callable[[str], None] | None]]:
    """A bar on standard error, if that is a terminal and rich is there; it is gone when done.

    A function that moves it, and one that prints above it.
    """
    from symc.commands.reading import wants_color

    if not sys.stderr.isatty() or find_spec("rich") is None:
        yield None, None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn
    from rich.progress import Progress as Bar

    console = Console(stderr=True, no_color=not wants_color(sys.stderr))
    columns = (BarColumn(24), MofNCompleteColumn(), TextColumn("{task.description}", markup=False))
    with Bar(*columns, console=console, transient=True) as bar:
        task = bar.add_task("starting")

        def show(label: str, done: int, total: int) -> None:
            bar.update(task, description=label, completed=done, total=total)

        # Rich stands in for the stream while the bar is shown.
        yield show, lambda text: print(text, end="", file=sys.stderr)
