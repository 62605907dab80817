"""`symc compile`: the spec as Python, IR, graph or diagram."""

from __future__ import annotations

import click

from symc.commands.meant import Choice
from symc.commands.timeout import timeout_option


@click.command("compile", short_help="Write a Python module, the IR or a graph of a spec.")
@click.argument("spec")
@click.option("-o", "--output", help="Write here; - is standard output.")
@click.option(
    "--emit",
    type=Choice(["py", "ir", "graph", "mermaid"]),
    default="py",
    show_default=True,
    help="A Python module, the IR as JSON, the torch.fx graph, or a Mermaid diagram.",
)
@click.option("--base", "base", help="package.module:factory of the base (for --emit graph).")
@timeout_option
def command(spec: str, output: str | None, emit: str, base: str | None, timeout: float) -> None:
    """Compile SPEC (a path, or - for standard input)."""
    if base is not None and emit != "graph":
        raise click.UsageError(
            f"--base is for `--emit graph`: `--emit {emit}` is the same for every base; "
            f"drop --base, or write `--emit graph`"
        )
    from symc.commands.reading import compilation_of, report, write
    from symc.commands.searching import STDIN

    compilation = compilation_of(spec)
    report(compilation.diagnostics)
    program = compilation.program
    if program is None:
        raise SystemExit(1)
    if emit == "ir":
        artifact = program.model_dump_json(indent=2) + "\n"
    elif emit == "mermaid":
        from symc.diagram import mermaid

        artifact = mermaid(program)
    elif emit == "graph":
        from symc.commands.apart import answer_of
        from symc.commands.apart.job import Job

        source = compilation.source
        artifact = answer_of(Job("graph", source.name, source.text, base=base), timeout)
    else:
        from symc.lower.emit import emit as emit_python
        from symc.lower.plan import make_plan

        artifact = emit_python(make_plan(program), compilation.source.text)
    write(output or STDIN, artifact, [spec])
