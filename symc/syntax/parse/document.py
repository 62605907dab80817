"""A whole text: limits, statements in their order, names, numbers, depth."""

from __future__ import annotations

import re
from collections.abc import Iterator
from fractions import Fraction

from symc.diagnostics.diagnostic import Diagnostic, Related
from symc.source import Source, Span
from symc.syntax import ast
from symc.syntax.parse import ParseResult
from symc.syntax.parse.decimals import meant
from symc.syntax.parse.lexing import describe_character, token_span, tokenize
from symc.syntax.parse.limits import MAX_AXES, MAX_CHARACTERS, MAX_DEPTH, MAX_DIAGNOSTICS
from symc.syntax.parse.names import check_names
from symc.syntax.parse.splitting import split
from symc.syntax.parse.statement import read


def read_document(source: Source) -> ParseResult:
    """See `symc.syntax.parse.parse`."""
    if len(source.text) > MAX_CHARACTERS:
        return ParseResult(_document(source, [], []), (too_large(source.name),))
    half = _HALF.search(source.text)
    if half is not None:
        return ParseResult(_document(source, [], []), (_half_a_character(source, half.start()),))
    lexed = tokenize(source)
    diagnostics = list(lexed.diagnostics)
    statements: list[ast.Statement] = []
    unread: set[str] = set()
    names: set[str] = set()
    chunks = split(source, lexed.tokens)
    starts = [token_span(chunk.tokens[0]).start for chunk in chunks]
    # What stands before the first statement is counted to it.
    extents = zip([0, *starts[1:]], [*starts[1:], len(source.text)], strict=False)
    for chunk, (start, stop) in zip(chunks, extents, strict=False):
        if len(diagnostics) >= MAX_DIAGNOSTICS:
            break
        odd = {d.code for d in lexed.diagnostics if start <= d.span.start < stop}
        reading = read(source, chunk.tokens)
        refused = list(_refuse(source, reading.statement)) if reading.statement else []
        if not odd:
            # An unknown character explains whatever else is odd around it.
            diagnostics += chunk.diagnostics or reading.diagnostics
            diagnostics += refused
        if reading.statement is not None and not refused and "SYM107" not in odd:
            statements.append(reading.statement)
            diagnostics += check_names(source, reading.statement, names)
        else:
            reading.statement = None
        if reading.statement is None or reading.diagnostics:
            unread.update(str(t) for t in chunk.tokens if t.type == "NAME")
    statements, misplaced = _order(source, statements)
    diagnostics += misplaced
    diagnostics.sort(key=lambda d: d.span)
    return ParseResult(
        _document(source, statements, lexed.comments),
        tuple(diagnostics[:MAX_DIAGNOSTICS]),
        frozenset(unread),
    )


def too_large(name: str) -> Diagnostic:
    """SYM108 for a text longer than MAX_CHARACTERS, which is neither read nor shown."""
    message = f"a spec of more than {MAX_CHARACTERS:,} characters is not read"
    help_ = "write repeated terms as a multiplicity, `16*R`, or split it into several specs"
    return Diagnostic("SYM108", message, Source(name, ""), Span(0, 0), help_)


# Python's strings can hold surrogates, which stand for bytes that were no text: no file can.
_HALF = re.compile("[\ud800-\udfff]")


def _half_a_character(source: Source, place: int) -> Diagnostic:
    message = f"this is no UTF-8 text: {describe_character(source.text[place])} is no character"
    return Diagnostic("SYM109", message, source, Span(place, place + 1), "read the file as UTF-8")


def _document(
    source: Source, statements: list[ast.Statement], comments: list[ast.Comment]
) -> ast.Document:
    return ast.Document(Span(0, len(source.text)), tuple(statements), tuple(comments), source.text)


def _refuse(source: Source, statement: ast.Statement) -> Iterator[Diagnostic]:
    """What the grammar reads and the language does not allow: depth, decimals, many axes."""
    axes = statement.axes or () if isinstance(statement, ast.TensorStatement) else ()
    if len(axes) > MAX_AXES:
        message = f"a tensor of {len(axes):,} axes, where torch allows {MAX_AXES}"
        help_ = "put several of them on one axis, or declare several tensors"
        yield Diagnostic("SYM108", message, source, axes[MAX_AXES].span, help_)
        return
    value = statement.derivation if isinstance(statement, ast.TensorStatement) else None
    pending: list[tuple[ast.Node, int, bool, bool]] = [(statement, 1, False, False)]
    while pending:
        node, depth, in_option, in_matrix = pending.pop()
        if depth > MAX_DEPTH:
            message = f"an expression nested more than {MAX_DEPTH} deep"
            help_ = "a long sum may be split over several axes or tensors"
            yield Diagnostic("SYM108", message, source, node.span, help_)
            return
        if isinstance(node, ast.Decimal) and not in_option:
            yield _decimal(source, node, in_matrix)
        named = isinstance(node, ast.Argument) and (
            node.name is not None
            or isinstance(statement, ast.SymmetrizeStatement | ast.RelaxStatement)
        )
        in_matrix = in_matrix or isinstance(node, ast.MatrixLiteral)
        # The numbers of a constant input are data, not sizes.
        children = [
            (child, depth + 1, in_option or named or child is value, in_matrix)
            for child in node.children()
        ]
        pending.extend(reversed(children))


def _decimal(source: Source, node: ast.Decimal, in_matrix: bool) -> Diagnostic:
    help_, fix = "write a whole number", None
    if in_matrix:
        help_ = "write a fraction, as in `1/2`"
    _, _, exponent = node.text.lower().partition("e")
    if len(node.text) <= 12 and len(exponent.lstrip("+-0")) < 2:
        exact = Fraction(node.text)
        whole = exact.denominator == 1
        if whole:
            help_, fix = f"write `{exact}`", str(exact)
        elif in_matrix and (known := meant(node.text)) is not None:
            help_, fix = f"if it is rounded, write `{known}`", f"({known})"
        elif in_matrix:
            help_, fix = f"an exact number is a fraction: `{exact}`", f"({exact})"
        else:
            lower = max(int(exact), 1)
            near = f"`{lower}` or `{lower + 1}`" if exact > 1 else "`1`"
            help_ = f"sizes and multiplicities are whole numbers: write {near}"
    message = f"`{node.text}` is a decimal; sizes and matrix entries are exact"
    return Diagnostic("SYM107", message, source, node.span, help_, fix=fix)


def _order(
    source: Source, statements: list[ast.Statement]
) -> tuple[list[ast.Statement], list[Diagnostic]]:
    """`spec` once and first, the docstring once and right after it (SYM105)."""
    diagnostics: list[Diagnostic] = []
    kept: list[ast.Statement] = []
    for kind, name, place in (
        (ast.SpecStatement, "`spec`", "it is the first statement"),
        (ast.Docstring, "the docstring", "it stands first, or right after `spec NAME`"),
    ):
        found = [s for s in statements if isinstance(s, kind)]
        for extra in found[1:]:
            diagnostics.append(
                Diagnostic(
                    "SYM105",
                    f"{name} stands twice",
                    source,
                    _head(extra),
                    "keep one of them",
                    (Related(_head(found[0]), "first here"),),
                )
            )
        allowed = 1 if kind is ast.Docstring and _starts_with_spec(statements) else 0
        if found and statements.index(found[0]) != allowed:
            message = f"{name} stands too late"
            diagnostics.append(Diagnostic("SYM105", message, source, _head(found[0]), place))
        kept += found[:1]
    rest = [s for s in statements if not isinstance(s, ast.SpecStatement | ast.Docstring)]
    return kept + rest, diagnostics


def _starts_with_spec(statements: list[ast.Statement]) -> bool:
    return bool(statements) and isinstance(statements[0], ast.SpecStatement)


def _head(statement: ast.Statement) -> Span:
    """The opening quotes of a docstring, all of a `spec NAME`."""
    start, end = statement.span
    return Span(start, start + 3) if isinstance(statement, ast.Docstring) else Span(start, end)
