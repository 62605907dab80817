"""Groups that a spec defines itself: `generated { element r = [[0, -1], [1, 0]] }`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from symc.checking.report import Report
from symc.diagnostics.diagnostic import Related
from symc.ir.groups import GroupInstance
from symc.ir.sizes import Size
from symc.syntax import ast
from symc.syntax.expressions import expression as written

if TYPE_CHECKING:
    from symc.checking.expressions import Expressions
    from symc_runtime.generators.closing import TooManyError
    from symc_runtime.generators.entries import EntryError
    from symc_runtime.generators.matrices import Matrix

MOST_ELEMENTS = 32
"""More generators than this are refused."""

LARGEST = 24
"""Larger matrices than this are refused."""

LARGEST_FIELD = 512
"""So many rational numbers may a vector have."""

_PAIRS = 12
"""Of so many products it is asked first whether they are of infinite order."""

_EXAMPLE = "element r = [[0, -1], [1, 0]]"


def read_generated(node: ast.MatrixGroup, expressions: Expressions) -> GroupInstance | None:
    """The group, None where something in it is wrong, which is reported."""
    report = expressions.report
    before = report.count
    _refuse_names(node, report)
    _refuse_shapes(node, report)
    if report.count > before:
        return None
    matrices = _matrices(node, report)
    if matrices is None:
        return None
    names = [element.name.text for element in node.elements if element.name is not None]
    for element, matrix in zip(node.elements, matrices, strict=True):
        if not matrix.orthogonal and not matrix.determinant:
            report.error(
                "SYM322",
                element.matrix.span,
                f"the matrix of `{_name(element)}` is singular: its determinant is 0, so that "
                "nothing undoes it",
                help="an element of a group has an inverse: write a matrix of determinant 1 or -1",
            )
    if report.count > before:
        return None
    from symc.checking.relations import refuse_broken

    refuse_broken(node.relations, dict(zip(names, matrices, strict=True)), report)
    if report.count > before or not _finite(node, matrices, report):
        return None
    size = Size.constant(len(matrices[0]))
    return expressions.groups.inline("generated", size, node.span, report, _definition(node))


def _definition(node: ast.MatrixGroup) -> tuple[str, ...]:
    """As the program keeps it."""
    return tuple(f"{_name(element)} = {written(element.matrix)}" for element in node.elements)


def _name(element: ast.GeneratorElement) -> str:
    return element.name.text if element.name is not None else ""


def _refuse_names(node: ast.MatrixGroup, report: Report) -> None:
    """None at all, too many, or two of one name."""
    if not node.elements:
        report.error(
            "SYM320",
            node.span,
            "a group by generators wants an element at least",
            help=f"write `generated {{ {_EXAMPLE} }}`",
        )
    if len(node.elements) > MOST_ELEMENTS:
        report.error(
            "SYM320",
            node.elements[MOST_ELEMENTS].span,
            f"a group may have {MOST_ELEMENTS} generators, and here begins another one",
            help="leave out elements that are products of others",
        )
    first: dict[str, ast.Name] = {}
    for element in node.elements:
        name = element.name
        if name is None:
            continue
        if name.text in first:
            report.error(
                "SYM202",
                name.span,
                f"the element `{name.text}` is declared twice",
                help="give one of them another name",
                related=[Related(first[name.text].span, "declared here first")],
            )
        first.setdefault(name.text, name)


def _refuse_shapes(node: ast.MatrixGroup, report: Report) -> None:
    """What is no square matrix of the size of the first."""
    sized: ast.GeneratorElement | None = None
    size = 0
    for element in node.elements:
        matrix, name = element.matrix, _name(element)
        if not isinstance(matrix, ast.MatrixLiteral):
            report.error(
                "SYM320",
                matrix.span,
                f"`{report.excerpt(matrix.span)}` is no matrix",
                help="write its rows in brackets, `[[0, -1], [1, 0]]`; one number is `[[-1]]`",
            )
            continue
        lengths = {len(row) for row in matrix.rows}
        if lengths != {len(matrix.rows)}:
            shape = f"{len(matrix.rows)} x {' or '.join(map(str, sorted(lengths)))}"
            report.error(
                "SYM320",
                matrix.span,
                f"the matrix of `{name}` is not square: it is {shape}",
                help="write as many rows as each of them has entries",
            )
            continue
        if len(matrix.rows) > LARGEST:
            report.error(
                "SYM320",
                matrix.span,
                f"the matrix of `{name}` has {len(matrix.rows)} rows, of at most {LARGEST}",
                help="a direct product is several groups, each with matrices of its own",
            )
            continue
        if sized is not None and len(matrix.rows) != size:
            report.error(
                "SYM320",
                matrix.span,
                f"the matrix of `{name}` is {len(matrix.rows)} x {len(matrix.rows)}, that of "
                f"`{_name(sized)}` {size} x {size}",
                help="all elements of a group act on one space: write matrices of one size",
                related=[Related(sized.matrix.span, f"`{_name(sized)}` is here")],
            )
            continue
        sized, size = sized or element, len(matrix.rows)


def _matrices(node: ast.MatrixGroup, report: Report) -> list[Matrix] | None:
    """Exact ones, None where an entry is none."""
    # Exact arithmetic is loaded where a spec needs it.
    from symc_runtime.generators.entries import EntryError, parsed
    from symc_runtime.generators.group import matrices

    literals = [e.matrix for e in node.elements if isinstance(e.matrix, ast.MatrixLiteral)]
    before = report.count
    for entry in (entry for literal in literals for row in literal.rows for entry in row):
        found = _fault(entry)
        if found is not None:
            culprit, error = found
            report.error("SYM321", culprit.span, str(error), help=error.instead)
    if report.count > before:
        return None
    texts = [[[parsed(written(e)) for e in row] for row in literal.rows] for literal in literals]
    together = "the numbers of these matrices are too fine to compute with exactly"
    try:
        found_matrices = matrices(texts)
        if len(found_matrices[0]) * found_matrices[0].field.degree <= LARGEST_FIELD:
            return found_matrices
    except EntryError as error:
        together = str(error)
    report.error(
        "SYM321",
        node.span,
        together,
        help="smaller numbers below roots and in angles, or smaller matrices, are",
    )
    return None


def _fault(entry: ast.Expression) -> tuple[ast.Expression, EntryError] | None:
    """The smallest part of an entry that is no exact number, and what is wrong with it."""
    from symc_runtime.generators.cyclotomic import field
    from symc_runtime.generators.entries import EntryError, order_of, parsed, value_of

    if isinstance(entry, ast.Binary | ast.Negative):
        for part in entry.children():
            found = _fault(part) if isinstance(part, ast.Expression) else None
            if found is not None:
                return found
    try:
        parsed_entry = parsed(written(entry))
        value_of(parsed_entry, field(order_of(parsed_entry)))
    except EntryError as error:
        return entry, error
    return None


def _finite(node: ast.MatrixGroup, matrices: list[Matrix], report: Report) -> bool:
    """Whether the group is finite, small enough and orthogonal; else it is reported."""
    from symc_runtime.generators.closing import (
        InfiniteError,
        TooManyError,
        refuse_infinite,
        words_within,
    )
    from symc_runtime.generators.group import generated

    try:
        # Of short products first: what is infinite and not orthogonal is called infinite.
        refuse_infinite(matrices, words_within(matrices[0], _PAIRS + len(matrices)))
        for element, matrix in zip(node.elements, matrices, strict=True):
            if not matrix.orthogonal:
                _refuse_skew(element, matrix, report)
        if not all(matrix.orthogonal for matrix in matrices):
            return False
        generated(_definition(node)).close()
    except InfiniteError as error:
        word = _written_word([_name(node.elements[place]) for place in error.word])
        spans = [node.elements[place].matrix.span for place in dict.fromkeys(error.word)]
        alone = len(error.word) == 1
        report.error(
            "SYM324",
            spans[0] if alone else node.span,
            f"these matrices generate infinitely many elements: no power of `{word}` is 1, for "
            f"{error.reason}",
            help=_skewed([(node.elements[p], matrices[p]) for p in dict.fromkeys(error.word)])
            or "a rotation by a rational part of a turn has entries like `cos(2*pi/7)`; all "
            "rotations together are `SO(d)`, all with reflections `O(d)`",
            related=[] if alone else [Related(span, "one of its factors") for span in spans[:2]],
        )
        return False
    except TooManyError as error:
        _refuse_large(node, error, report)
        return False
    return True


def _skewed(factors: list[tuple[ast.GeneratorElement, Matrix]]) -> str | None:
    from symc.checking.relations import skewed

    for element, matrix in factors:
        if (why := skewed(matrix)) is not None:
            return f"the matrix of `{_name(element)}` is not orthogonal, so mend it first: {why}"
    return None


def _refuse_skew(element: ast.GeneratorElement, matrix: Matrix, report: Report) -> None:
    product = matrix.transposed * matrix
    report.error(
        "SYM325",
        element.matrix.span,
        f"the matrix of `{_name(element)}` is not orthogonal: it changes lengths or angles, for "
        f"its transpose times itself is {product}"
        if len(matrix) <= 3
        else f"the matrix of `{_name(element)}` is not orthogonal: it changes lengths or angles",
        help="write the group in an orthonormal basis, where every finite group is orthogonal: "
        "a turn by 120 degrees is `[[-1/2, -sqrt(3)/2], [sqrt(3)/2, -1/2]]`",
    )


def _refuse_large(node: ast.MatrixGroup, error: TooManyError, report: Report) -> None:
    from symc_runtime.generators.closing import LARGEST as MOST

    order = _order(error.permutations)
    if order is not None:
        many = f"these matrices generate {order:,} elements, of at most {MOST:,}"
    elif error.permutations is not None or error.counted:
        many = f"these matrices generate more than {MOST:,} elements, or infinitely many"
        if error.permutations is not None:
            many = f"these matrices generate more than {MOST:,} elements"
    else:
        many = "these matrices generate too much to compute with, if they generate a finite group"
    report.error(
        "SYM326",
        node.span,
        many,
        help="every element is gone through: take a smaller group, or one of the catalogue that "
        "holds it, `S(n)`, `Z2(k)` or `O(d)`",
    )


_MOST_POINTS = 256
"""Of permutations of more points the number of products is not counted."""


def _order(permutations: tuple[tuple[int, ...], ...] | None) -> int | None:
    """By Schreier and Sims."""
    if permutations is None or len(permutations[0]) > _MOST_POINTS:
        return None
    try:
        from sympy.combinatorics import Permutation, PermutationGroup
    except ImportError:
        return None
    found = PermutationGroup([Permutation(list(images)) for images in permutations]).order()
    return int(found)


def _written_word(names: list[str]) -> str:
    return "*".join(names)
