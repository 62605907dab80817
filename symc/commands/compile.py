"""`symc compile`: the spec as Python, IR, graph or diagram."""

from __future__ import annotations

import click


@click.command("compile", short_help="Write a Python module, the IR or a graph of a spec.")
@click.argument("spec")
@click.option("-o", "--output", help="Write here; - is standard output.")
@click.option(
    "--emit",
    type=click.Choice(["py", "ir", "graph", "mermaid"]),
    default="py",
    show_default=True,
    help="A Python module, the IR as JSON, the torch.fx graph, or a Mermaid diagram.",
)
@click.option("--base", "base", help="package.module:factory of the base (for --emit graph).")
def command(spec: str, output: str | None, emit: str, base: str | None) -> None:
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
    else:
        from symc.lower.emit import emit as emit_python
        from symc.lower.graph import GraphBuilder
        from symc.lower.plan import make_plan
        from symc_runtime.base_arguments import counts_taken

        plan = make_plan(program)
        if emit == "py":
            artifact = emit_python(plan, compilation.source.text)
        else:
            taken = None
            if base is not None:
                from symc.verifying import FactoryError, made_by

                try:
                    made = made_by(base)
                except FactoryError as error:
                    raise click.UsageError(f"--base: {error}") from error
                taken = counts_taken(made, plan.ragged, plan.inputs)
            artifact = str(GraphBuilder(plan, taken).build()) + "\n"
    write(output or STDIN, artifact, [spec])
