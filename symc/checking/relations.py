"""Relations of a group by generators: `relation (s*r)^2 = 1`, told from exact matrices."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from symc.checking.names import walk
from symc.checking.report import Report, listed, nearest
from symc.syntax import ast
from symc.syntax.expressions import expression as written
from symc_runtime.generators.closing import LARGEST
from symc_runtime.generators.matrices import Matrix, identity, inverse, power

_MOST_TRIED = 120
"""Of so many powers it is looked whether one is the identity, for the message."""

_IDENTITY = ("e", "E", "I", "id", "Id", "identity", "one", "eye")

_SHOWN = 4
"""Larger matrices are not written out."""


def refuse_broken(
    relations: Sequence[ast.Relation], elements: Mapping[str, Matrix], report: Report
) -> None:
    """Report relations that do not hold, or are none."""
    for relation in relations:
        left = _word(relation.left, elements, report)
        right = _word(relation.right, elements, report)
        if left is None or right is None or left == right:
            continue
        is_one = isinstance(relation.right, ast.Integer)
        other = written(relation.right)
        found = f"`{written(relation.left)}` is not {other if is_one else f'`{other}`'}"
        if len(left) <= _SHOWN:
            found += f", but {left}"
            found += "" if is_one else f", and `{other}` is {right}"
        report.error(
            "SYM323",
            relation.span,
            f"this relation does not hold: {found}",
            help=_skewed(relation, elements)
            or _holding(relation.left, elements, report)
            or "mend the matrices, or the relation: it is checked, and defines nothing",
        )


def _skewed(relation: ast.Relation, elements: Mapping[str, Matrix]) -> str | None:
    """What is wrong with a matrix of the relation that is none of a rotation or reflection."""
    for node in walk(relation.left):
        if isinstance(node, ast.Name) and (why := skewed(elements[node.text])) is not None:
            return f"the matrix of `{node.text}` is not orthogonal, so mend it first: {why}"
    return None


def skewed(matrix: Matrix) -> str | None:
    """Which columns tell that it is not orthogonal; None where it is."""
    if matrix.orthogonal:
        return None
    product = (matrix.transposed * matrix).rows
    one = identity(len(matrix), matrix.field).rows
    for row, (found, right) in enumerate(zip(product, one, strict=True), 1):
        for column, (value, wanted) in enumerate(zip(found, right, strict=True), 1):
            if value != wanted and row == column:
                return f"the squares of column {row} add up to {value}, and not to 1"
            if value != wanted:
                return f"columns {row} and {column} are not perpendicular"
    return None


def _holding(left: ast.Expression, elements: Mapping[str, Matrix], report: Report) -> str | None:
    """The relation that does hold of a power."""
    base = left
    if isinstance(left, ast.Binary) and left.operator == "^":
        base = left.left
    matrix = _word(base, elements, report)
    if matrix is None:
        return None
    one = identity(len(matrix), matrix.field)
    product = matrix
    for order in range(1, _MOST_TRIED):
        if product == one:
            text = written(base)
            if order > 1 and not isinstance(base, ast.Name):
                text = f"({text})" if isinstance(base, ast.Binary) else text
            return f"`{text}{f'^{order}' if order > 1 else ''} = 1` holds; mend it, or the matrices"
        product = product * matrix
    return None


def _word(node: ast.Expression, elements: Mapping[str, Matrix], report: Report) -> Matrix | None:
    """The product of elements that is written; None where none is, which is reported."""
    like = next(iter(elements.values()))
    match node:
        case ast.Name(text=text) if text in elements:
            return elements[text]
        case ast.Name(text=text):
            near = nearest(text, elements)
            report.error(
                "SYM201",
                node.span,
                f"no element is called `{text}`",
                help="the identity is written `1`"
                if text in _IDENTITY
                else f"did you mean `{near}`?"
                if near
                else f"there {'is' if len(elements) == 1 else 'are'} {listed(elements)}",
                fix="1" if text in _IDENTITY else near,
            )
            return None
        case ast.Integer(value=1):
            return identity(len(like), like.field)
        case ast.Binary(operator="*", left=left, right=right):
            one, two = _word(left, elements, report), _word(right, elements, report)
            return None if one is None or two is None else one * two
        case ast.Binary(operator="^", left=left, right=right):
            base = _word(left, elements, report)
            exponent = _exponent(right)
            if exponent is None or abs(exponent) > LARGEST:
                report.error(
                    "SYM327",
                    right.span,
                    f"`{report.excerpt(right.span)}` is no exponent: whole numbers up to "
                    f"{LARGEST:,} are",
                    help="no element of a group of at most so many elements is of a higher order",
                )
                return None
            if base is None:
                return None
            return power(inverse(base) if exponent < 0 else base, abs(exponent))
    hint = "write a product of powers of elements, or 1: `(s*r)^2 = 1`, `r*s = s*r^-1`"
    minus = isinstance(node, ast.Negative) and isinstance(node.operand, ast.Integer)
    if minus:
        hint = "-1 is no product of elements: write `i^4 = 1`, or `i^2 = j^2`"
    if isinstance(node, ast.Binary) and node.operator == "/":
        hint = f"write `{written(node.left)}*{written(node.right)}^-1`"
    report.error(
        "SYM327", node.span, f"`{report.excerpt(node.span)}` is no product of elements", help=hint
    )
    return None


def _exponent(node: ast.Expression) -> int | None:
    match node:
        case ast.Integer(value=value):
            return value
        case ast.Negative(operand=ast.Integer(value=value)):
            return -value
    return None
