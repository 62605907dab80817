"""What stands behind the axes of a tensor: labels, `learned`, `sampled`, `= ...`."""

from __future__ import annotations

from symc.checking import pending
from symc.checking.expressions import Expressions
from symc.checking.names import walk
from symc.checking.report import Report
from symc.ir.sizes import LIMIT
from symc.syntax import ast


def read_labels(
    statement: ast.TensorStatement, labels: ast.Expression, expressions: Expressions
) -> int | None:
    """The number of labels after `of`, None where there is none that can be taken."""
    report = expressions.report
    if isinstance(labels, ast.Name):
        entry = expressions.declared.get(labels.text)
        if entry is not None and entry.kind == "group":
            if labels.text not in expressions.groups.failed:
                pending.labels_of_items(report, labels.span)
            return None
    if isinstance(labels, ast.Call | ast.Attribute):
        before = report.count
        if expressions.group(labels) is not None and report.count == before:
            pending.labels_of_items(report, labels.span)
        return None
    if statement.kind == "output":
        labels_text = report.excerpt(labels.span)
        report.error(
            "SYM311",
            labels.span,
            "an output cannot be labels: an expectation of labels is no label",
            help=f"return scores, `output {statement.name.text}[..., {labels_text}]`, one a label",
        )
        return None
    size = expressions.size(labels)
    if size is None:
        return None
    value = expressions.sizes.resolved(size).value
    if value is None or not 1 <= value < LIMIT:
        report.error(
            "SYM205",
            labels.span,
            f"`{report.excerpt(labels.span)}` is no number of labels",
            help=f"`of 10` means whole numbers 0 to 9: write a number from 1 to {LIMIT - 1}",
        )
        return None
    return value


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
