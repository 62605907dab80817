"""What stands behind the axes of a tensor: labels, `learned`, `sampled`, `= ...`."""

from __future__ import annotations

from symc.checking import pending
from symc.checking.expressions import Expressions
from symc.checking.names import walk
from symc.checking.report import Report, nearest
from symc.checking.values import Carried, mixes
from symc.ir.groups import GroupInstance
from symc.ir.sizes import LIMIT, Size
from symc.syntax import ast


def read_labels(
    statement: ast.TensorStatement, labels: ast.Expression, expressions: Expressions
) -> int | Carried | None:
    """What stands after `of`: how many labels there are, or the items of a group that they name.

    None where there is nothing that can be taken.
    """
    report = expressions.report
    if _is_group(labels, expressions):
        group = expressions.group(labels)
        return None if group is None else _items(statement, labels, group, expressions)
    if statement.kind == "output":
        _refuse_output(statement, labels, report.excerpt(labels.span), "a label", report)
        return None
    size = expressions.size(labels)
    if size is None:
        return None
    value = expressions.sizes.resolved(size).value
    if value is None or not 1 <= value < LIMIT:
        text = report.excerpt(labels.span)
        known = expressions.groups.instances
        near = nearest(text, known) if isinstance(labels, ast.Name) else None
        having = [name for name, group in known.items() if group.facts.permutes]
        named = having and isinstance(labels, ast.Name)
        items = f", or a group whose items they name, `of {having[0]}`" if named else ""
        report.error(
            "SYM205",
            labels.span,
            f"`{text}` is no number of labels",
            help=f"did you mean `{near}`? its items are named by `of {near}`"
            if near
            else undeclared
            if (undeclared := _items_instead(labels, text, expressions))
            else f"`of 10` means whole numbers 0 to 9: write a number from 1 to {LIMIT - 1}{items}",
            fix=near,
        )
        return None
    return value


def _items_instead(labels: ast.Expression, text: str, expressions: Expressions) -> str | None:
    """What to write for `of n`, where n counts the items of a group, and for a name of nothing."""
    if not isinstance(labels, ast.Name):
        return None
    counted = Size.variable(text)
    for group in expressions.groups.instances.values():
        if group.parameter == counted and group.facts.ruled and group.facts.permutes:
            return f"whole numbers name the items of a group: write `of {group.name}`"
    entry = expressions.declared.get(text)
    if entry is None or entry.kind == "size":
        return f"whole numbers name the items of a group, as of `group {text} = S(n)`, or are " + (
            "labels, `of 10`"
        )
    return None


def _is_group(labels: ast.Expression, expressions: Expressions) -> bool:
    if isinstance(labels, ast.Name):
        entry = expressions.declared.get(labels.text)
        return entry is not None and entry.kind == "group"
    return isinstance(labels, ast.Call | ast.Attribute)


def _items(
    statement: ast.TensorStatement,
    labels: ast.Expression,
    group: GroupInstance,
    expressions: Expressions,
) -> Carried | None:
    """The items of a group: what its bare representation permutes."""
    report, facts = expressions.report, group.facts
    bare = facts.bare
    if statement.kind == "output":
        items = f"{group.parameter}: {group.name}"
        _refuse_output(statement, labels, items, "an item", report)
        return None
    if facts.ruled and facts.nests:
        report.error(
            "SYM315",
            labels.span,
            f"whole numbers cannot name items of `{group.name}`, a wreath product, yet",
            help="name the items of `S(n)`, or put the edges into a matrix of pairs, "
            f"`a[n*m: {group.name}, n*m: {group.name}]`",
        )
        return None
    if bare is None or not facts.ruled or mixes(facts, bare) or facts.atoms[bare].character:
        report.error(
            "SYM315",
            labels.span,
            f"`{group.name}` has no items that whole numbers could name: its elements put no "
            "entries to other places",
            help="name the items of a group that permutes them, as `S(n)`, `C(k)` or `D(k)`, or "
            "write how many labels there are, `of 10`, which no group changes",
        )
        return None
    return expressions.carried(group, labels)


def _refuse_output(
    statement: ast.TensorStatement, labels: ast.Expression, axis: str, one: str, report: Report
) -> None:
    report.error(
        "SYM311",
        labels.span,
        "an output cannot be labels: an expectation of labels is no label",
        help=f"return scores, `output {statement.name.text}[..., {axis}]`, one {one}",
    )


def read_tail(statement: ast.TensorStatement, report: Report) -> None:
    """`learned`, `sampled` and `= ...`: what is not available yet, and what stands on no tensor.

    What derives an output is read elsewhere: see `derives`.
    """
    name, mark, value = statement.name.text, statement.mark, statement.derivation
    if statement.kind == "output":
        if mark is not None and mark.word == "learned":
            message = f"`{name}` is an output, and only inputs are learned"
            report.error("SYM102", mark.span, message, help="drop `learned`")
        elif mark is not None:
            pending.sampled_output(report, mark.span)
        elif value is not None and _is_constant(value):
            message = f"`{name}` is an output, and only inputs are constant"
            help_ = "drop `= ...`: the base returns it"
            report.error("SYM102", value.span, message, help=help_)
    elif mark is not None and mark.word == "sampled":
        message = f"`{name}` is an input, and only outputs are sampled"
        report.error("SYM102", mark.span, message, help="drop `sampled`")
    elif mark is not None or isinstance(value, ast.ListLiteral | ast.MatrixLiteral):
        pending.reference_input(report, statement)
    elif value is not None:
        report.error(
            "SYM102",
            value.span,
            f"`{name}` is an input: it has axes, and no value",
            help="drop `= ...`, and give it at each call; whole numbers are declared by `of 10`",
        )


def derives(statement: ast.TensorStatement) -> bool:
    """Whether what follows `=` derives an output."""
    value = statement.derivation
    plain = statement.kind == "output" and statement.mark is None
    return plain and value is not None and not _is_constant(value)


_NUMBERS = (
    ast.Integer, ast.Decimal, ast.Negative, ast.Binary, ast.ListLiteral, ast.MatrixLiteral,
)  # fmt: skip


def _is_constant(value: ast.Expression) -> bool:
    """Whether it is made of numbers alone, which no derived output is."""
    return all(isinstance(node, _NUMBERS) for node in walk(value))
