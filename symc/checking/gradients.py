"""Whether the gradient that derives an output exists, and carries what the output declares."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields

from symc.checking.expressions import Expressions
from symc.checking.names import ARTICLE, Kind, walk
from symc.checking.report import suggestion
from symc.checking.tensors import Declared
from symc.diagnostics.diagnostic import Related
from symc.ir.blocks import blocks_of
from symc.ir.gradients import NoDualError, gradient_of, weights
from symc.ir.model import Model
from symc.ir.notation import tensor as written
from symc.ir.sizes import Size
from symc.ir.tensors import Tensor
from symc.syntax import ast


def refuse_wrong_gradients(
    inputs: Sequence[Declared], outputs: Sequence[Declared], expressions: Expressions
) -> None:
    """Every derived output is a gradient that exists, and carries what that gradient does."""
    by_name = {declared.tensor.name: declared for declared in (*inputs, *outputs)}
    for output in outputs:
        derivation = output.tensor.derivation
        if derivation is None:
            continue
        written_as = output.statement.derivation or output.statement
        nodes = {node.text: node for node in walk(written_as) if isinstance(node, ast.Name)}
        swapped = _kind(derivation.of, expressions) == "input" and (
            _kind(derivation.by, expressions) == "output"
        )
        of = _named(derivation.of, nodes[derivation.of], "output", swapped, expressions)
        by = _named(derivation.by, nodes[derivation.by], "input", swapped, expressions)
        if not (of and by):
            continue
        # What could not be read is reported already.
        energy, variable = by_name.get(derivation.of), by_name.get(derivation.by)
        if energy is not None and not _is_number(energy, nodes[derivation.of], expressions):
            continue
        if variable is not None and not _is_continuous(variable, nodes[derivation.by], expressions):
            continue
        if energy is not None and variable is not None:
            _refuse_other_axes(output, variable.tensor, expressions)


def _kind(name: str, expressions: Expressions) -> str | None:
    entry = expressions.declared.get(name)
    return None if entry is None else entry.kind


def _named(
    name: str, place: ast.Name, wanted: Kind, swapped: bool, expressions: Expressions
) -> bool:
    """Whether a name is an output, or an input, as it must be; else it is reported."""
    entry = expressions.declared.get(name)
    if entry is not None and entry.kind == wanted:
        return True
    known = [other for other, each in expressions.declared.items() if each.kind == wanted]
    listed = ", ".join(f"`{other}`" for other in known) or "none"
    otherwise = f"{wanted}s: {listed}"
    if entry is None:
        if name not in expressions.unread:
            expressions.report.error(
                "SYM201",
                place.span,
                f"`{name}` is not declared",
                help=suggestion(name, known, otherwise) or otherwise,
            )
        return False
    expressions.report.error(
        "SYM204",
        place.span,
        f"`{name}` is {ARTICLE[entry.kind]}, but {ARTICLE[wanted]} is wanted here",
        help="`grad(energy, pos)`: what is differentiated comes first" if swapped else otherwise,
        related=[Related(entry.span, f"`{name}` is declared here")],
    )
    return False


def _is_number(energy: Declared, place: ast.Name, expressions: Expressions) -> bool:
    name = energy.tensor.name
    related = [Related(energy.statement.name.span, f"`{name}` is declared here")]
    if energy.tensor.derivation is not None:
        expressions.report.error(
            "SYM331",
            place.span,
            f"`{name}` is derived itself, and a gradient is of an output that the base returns",
            help="the derivative of a gradient is a matrix for each example: take it outside, by "
            "torch.autograd.grad on the model's output",
            related=related,
        )
        return False
    if energy.tensor.axes:
        expressions.report.error(
            "SYM331",
            place.span,
            f"`{name}` has axes, and a gradient is of one number an example",
            help=f"let the base return one number, `output {name}`; the derivative of several is "
            "as large as output and input together",
            related=related,
        )
        return False
    return True


def _is_continuous(variable: Declared, place: ast.Name, expressions: Expressions) -> bool:
    if not variable.tensor.whole:
        return True
    name = variable.tensor.name
    expressions.report.error(
        "SYM331",
        place.span,
        f"`{name}` holds whole numbers, and nothing has a gradient by those",
        help="take the gradient by an input of numbers",
        related=[Related(variable.statement.name.span, f"`{name}` is declared here")],
    )
    return False


def _refuse_other_axes(output: Declared, by: Tensor, expressions: Expressions) -> None:
    groups = expressions.groups.ordered()
    families_of = {group.name: group.facts for group in groups}
    name = output.tensor.name
    span = output.statement.name.span
    try:
        expected = gradient_of(by, name, families_of)
    except NoDualError as error:
        expressions.report.error(
            "SYM332",
            span,
            f"nothing is known of the dual of `{error}`, which a gradient by `{by.name}` carries",
            help=f"let the base return `{name}`, or take the gradient by another input",
        )
        return
    same = (
        _same(expected.shape, output.tensor.shape, expressions)
        and _same(
            blocks_of(expected, families_of), blocks_of(output.tensor, families_of), expressions
        )
        and _weights(expected) == _weights(output.tensor)
    )
    if same:
        return
    axes = output.statement.axes
    if axes:
        span = type(span)(axes[0].span.start, axes[-1].span.end)
    expressions.report.error(
        "SYM332",
        span,
        f"`{name}` is no gradient by `{by.name}`, which has its shape and carries "
        + ("what it does" if _weights(expected) == _weights(by) else "the dual of what it does")
        + ", each point a vector",
        help=f"write `output {written(expected, groups)} = {output.tensor.derivation}`",
    )


def _weights(tensor: Tensor) -> tuple[tuple[bool, ...], ...]:
    return tuple(weights(axis.representation) for axis in tensor.axes)


def _same(one: object, other: object, expressions: Expressions) -> bool:
    """Equality of records, sizes by what is known of them."""
    if isinstance(one, Size) and isinstance(other, Size):
        return expressions.sizes.resolved(one) == expressions.sizes.resolved(other)
    if isinstance(one, tuple) and isinstance(other, tuple):
        return len(one) == len(other) and all(
            _same(a, b, expressions) for a, b in zip(one, other, strict=True)
        )
    if isinstance(one, Model) and type(one) is type(other):
        return all(
            _same(getattr(one, field.name), getattr(other, field.name), expressions)
            for field in fields(one)  # type: ignore[arg-type]
        )
    return one == other
