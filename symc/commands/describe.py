"""`symc describe`: what a spec means, for people and machines."""

from __future__ import annotations

import sys
from textwrap import wrap
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from symc.description import Cost, Description, StageDescription

_WIDTH = 80


@click.command("describe")
@click.argument("spec")
@click.option(
    "--output-format",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
)
def command(spec: str, output_format: str) -> None:
    """Describe SPEC (a path, or - for standard input): groups, sizes, tensors, stages, cost."""
    from symc.commands.reading import compilation_of, report, wants_color
    from symc.description import describe

    compilation = compilation_of(spec)
    report(compilation.diagnostics)
    if compilation.program is None:
        raise SystemExit(1)
    description = describe(compilation.program)
    if output_format == "json":
        click.echo(description.model_dump_json(indent=2))
        return
    color = wants_color(sys.stdout)
    click.echo(render(description, color), color=color, nl=False)


def render(description: Description, color: bool = False) -> str:
    """The description as text of 80 columns; only a single word may be wider."""
    lines = [_bold(description.name, color)]
    for paragraph in description.doc.strip().splitlines():
        lines += wrap(paragraph, _WIDTH) or [""]
    sections: list[tuple[str, list[tuple[str, str]]]] = [
        (
            "Groups",
            [
                (g.name, _group(g.constructor, g.name, g.title, g.order, g.dimension))
                for g in description.groups
            ],
        ),
        (
            "Sizes",
            [(s.name, _size(s.kind, s.value, s.bound, s.told_by)) for s in description.sizes],
        ),
        ("Inputs", [("", t.written) for t in description.tensors if t.kind == "input"]),
        ("Outputs", [("", t.written) for t in description.tensors if t.kind == "output"]),
        ("Stages", [(s.group, _stage(s)) for s in description.stages]),
        ("Cost", [("K", _cost(description.cost))]),
    ]
    for title, rows in sections:
        if rows:
            lines += ["", _bold(title, color), *_table(rows)]
    return "\n".join(lines) + "\n"


def _table(rows: list[tuple[str, str]]) -> list[str]:
    column = min(max(len(left) for left, _ in rows), 16)
    lines = []
    for left, right in rows:
        body = wrap(right, _WIDTH - column - 4, break_long_words=False) or [""]
        if len(left) > column:
            lines.append(f"  {left}")
            left = ""
        indent = column + 2 if column else 0
        lines.append(f"  {left:<{indent}}{body[0]}".rstrip())
        lines += [f"  {'':<{indent}}{'' if column else '  '}{line}" for line in body[1:]]
    return lines


def _group(
    constructor: str, name: str, title: str, order: int | str | None, dimension: int | None
) -> str:
    head = title if constructor == name else f"{constructor}, {title}"
    if order is not None:
        count = f"{order:,}" if isinstance(order, int) else order
        return f"{head}: {count} {'element' if order == 1 else 'elements'}"
    return head if dimension is None else f"{head}: dimension {dimension}"


def _size(kind: str, value: int | None, bound: int | None, told_by: str | None) -> str:
    if kind == "fixed":
        return f"{value}, fixed"
    if kind == "ragged":
        return f"ragged: counts up to {bound}, an example each; padding is never read"
    return f"free: read off {told_by} at each call"


def _stage(stage: StageDescription) -> str:
    options = ", ".join(f"{name}={value}" for name, value in stage.options.items())
    parts = [f"by {stage.method}" + (f"({options})" if options else "")]
    if stage.net is not None:
        parts.append(f"net {stage.net}")
    if stage.elements not in (None, 1):
        parts.append(f"{stage.elements} elements")
    if not stage.explicit:
        parts.append("by default")
    return "; ".join(parts)


def _cost(cost: Cost) -> str:
    """The cost multiplier in words."""
    samples = f"{cost.samples} samples"
    if cost.eval_samples != cost.samples:
        samples += f" ({cost.eval_samples} in eval mode)"
    factors = [samples] if cost.sampled else []
    if cost.enumerated != 1:
        factors.append(f"{cost.enumerated} enumerated elements")
    total = "" if cost.total is None else f"{cost.total:,} "
    if cost.eval_total != cost.total:
        total = f"{cost.total:,} (in eval mode {cost.eval_total:,}) "
    text = f"{total}evaluation{'' if cost.total == 1 else 's'} of the base an example"
    if factors:
        text += f": {' x '.join(factors)}"
    if isinstance(cost.enumerated, str):
        text += "; samples instead where these are more than 5,040"
    return text


def _bold(text: str, color: bool) -> str:
    return f"\x1b[1m{text}\x1b[0m" if color else text
