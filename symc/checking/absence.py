"""What is missing from a spec as a whole: tensors, carriers of groups, anchors, known sizes."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from symc.checking.arithmetic import always_too_large, never_positive
from symc.checking.expressions import Expressions
from symc.checking.informing import Informing
from symc.checking.report import Report, suggestion
from symc.checking.tensors import Declared
from symc.checking.values import usual_size
from symc.ir.blocks import Block
from symc.ir.determination import determine
from symc.ir.representations import atoms
from symc.ir.sizes import LIMIT
from symc.ir.tensors import Tensor
from symc.source import Span
from symc.syntax import ast


def refuse_absent_tensors(written: Sequence[ast.TensorStatement], report: Report) -> None:
    """A spec has at least one input and one output."""
    if report.partial:
        return
    missing = [kind for kind in ("input", "output") if all(s.kind != kind for s in written)]
    if missing:
        examples = {"input": "`input x[n: S(n), 3]`", "output": "`output y`"}
        report.error(
            "SYM208",
            Span(0, 0),
            f"the spec has no {' and no '.join(missing)}",
            help=f"write {' and '.join(examples[kind] for kind in missing)}, for instance",
        )


def refuse_wrong_ranges(expressions: Expressions) -> None:
    """Every size is at least 1 and below LIMIT for some values of its names."""
    for size, span in expressions.counted:
        resolved = expressions.sizes.resolved(size)
        if not never_positive(resolved) and not always_too_large(resolved):
            continue
        small = never_positive(resolved)
        text = expressions.report.excerpt(span)
        value = f" is {resolved.value}," if str(resolved.value) != text else " is"
        if resolved.value is None:
            value = " is always"
        free = text == "-1"  # as in `reshape`
        expressions.report.error(
            "SYM205",
            span,
            f"`{text}`{value} {'below 1' if small else 'too large'}",
            help="a size that a call tells has a name, such as `n`; the batch axis is not declared"
            if free
            else f"sizes are whole numbers from 1 to {LIMIT - 1}",
        )


def refuse_uncarried_groups(
    inputs: Sequence[Tensor], expressions: Expressions, informing: Informing
) -> None:
    """A group that moves no input has no element that an input could tell."""
    if expressions.groups.failed:
        return
    mentioned = {
        atom.group
        for tensor in inputs
        for axis in tensor.axes
        for atom in atoms(axis.representation)
    }
    for group in expressions.groups.ordered():
        if informing.carries(group):
            continue
        facts = group.facts
        still = ""
        if group.name in mentioned:
            still = "; what it does not move, as a `scalar`, does not count"
        axis = group.name if facts.bare is not None else f"{group.name}.{next(iter(facts.atoms))}"
        axis = f"{usual_size(group)}: {axis}"
        many = group.parameter.value
        counts = facts.permutes and any(many is not None and t.labels == many for t in inputs)
        named = f" let whole numbers name its items, `of {group.name}`," if counts else ""
        expressions.report.error(
            "SYM308",
            expressions.groups.places[group.name],
            f"no input carries `{group.name}`",
            help=f"give it to an axis of an input, `{axis}`,{named} or drop it{still}",
        )


def refuse_unanchored_points(
    outputs: Sequence[tuple[Declared, tuple[Block, ...]]],
    expressions: Expressions,
    informing: Informing,
) -> None:
    """An output point needs an input point: without one, nothing moves with translations."""
    for output, cut in outputs:
        names = {block.affine for block in cut if block.affine is not None}
        for name in sorted(names):
            group = expressions.groups.instances[name]
            if informing.anchor(group) is not None:
                continue
            expressions.report.error(
                "SYM307",
                _place(output, name),
                f"the output `{output.tensor.name}` is a point of `{name}`, but no input is",
                help=f"make an input a point, `{name}.point`, or return `{name}.vector`",
            )


def _place(output: Declared, group: str) -> Span:
    """The axis of the output that carries the point."""
    for axis, written in zip(output.tensor.axes, output.statement.axes or (), strict=True):
        if any(a.group == group and a.name == "point" for a in atoms(axis.representation)):
            return written.representation.span if written.representation else written.span
    return output.statement.name.span


def refuse_undetermined_sizes(
    inputs: Sequence[Tensor], expressions: Expressions, given: Collection[str] = ()
) -> None:
    """Every free or ragged size is told by the inputs of a call, or `given` with the build."""
    table = expressions.sizes
    told = {entry.name for entry in determine(inputs, table.fixed.keys() | set(given))}
    on_inputs = {name for tensor in inputs for axis in tensor.axes for name in axis.size.names}
    for name, span in table.seen.items():
        if name in table.fixed or name in told or name in table.failed:
            continue
        if name not in table.used:
            expressions.report.error(
                "SYM401",
                span,
                f"the size `{name}` is never used",
                help=f"drop `size {name}`, or use it as the size of an axis",
            )
            continue
        if name in given:
            continue
        near = None
        if name not in table.declared:
            near = suggestion(name, (told | table.fixed.keys()) - {name})
        expressions.report.error(
            "SYM401",
            span,
            f"no input tells `{name}`"
            + (": it stands only together with other unknown sizes" if name in on_inputs else ""),
            help=near or f"give `{name}` an axis of an input alone, or fix it: `size {name} = 5`",
        )
