"""The one way to write a spec: tree to text, comments and single blank lines kept.

The tree survives, `parse(format_document(x)) == x`, and formatting twice changes nothing. Only a
tree without syntax errors may be formatted: what was not understood is not in it.
"""

from __future__ import annotations

from symc.syntax import ast
from symc.syntax.comments import Attached, attach, blank_line_before, place_inside
from symc.syntax.expressions import INDENT, axis, entries, entry, expression, option

WIDTH = 88


def format_document(document: ast.Document) -> str:
    """The formatted text of a spec; ends with a line break unless it is empty."""
    attached, at_end = attach(document.statements, document.comments, document.text)
    padded = _padded(document, attached)
    lines: list[str] = []
    for place, (statement, notes) in enumerate(zip(document.statements, attached, strict=True)):
        inner, homeless = place_inside(_items(statement), notes.inside, document.text)
        for comment in notes.leading:
            _blank(lines, comment, document.text)
            lines.append(comment.text)
        _blank(lines, statement, document.text)
        lines += [comment.text for comment in homeless]
        broken = len(homeless) < len(notes.inside)
        written = _statement(statement, inner if broken else None, place in padded)
        if notes.trailing is not None:
            written[-1] += f"  {notes.trailing.text}"
        lines += written
    for comment in at_end:
        _blank(lines, comment, document.text)
        lines.append(comment.text)
    return "".join(f"{line}\n" for line in lines)


def _blank(lines: list[str], node: ast.Node, text: str) -> None:
    """Keeps one blank line where the text had some; none at the head of the file."""
    if lines and blank_line_before(text, node.span.start):
        lines.append("")


def _padded(document: ast.Document, attached: list[Attached]) -> set[int]:
    """Places of `input` statements that stand in one block with an `output`: names align there."""
    blocks: list[list[int]] = [[]]
    for place, (statement, notes) in enumerate(zip(document.statements, attached, strict=True)):
        tensor = isinstance(statement, ast.TensorStatement)
        starts = [comment.span.start for comment in notes.leading] + [statement.span.start]
        if not tensor or any(blank_line_before(document.text, start) for start in starts):
            blocks.append([])
        if tensor:
            blocks[-1].append(place)
    kinds = {}
    for place, statement in enumerate(document.statements):
        if isinstance(statement, ast.TensorStatement):
            kinds[place] = statement.kind
    mixed = [block for block in blocks if len({kinds[place] for place in block}) == 2]
    return {place for block in mixed for place in block if kinds[place] == "input"}


def _items(statement: ast.Statement) -> tuple[ast.Node, ...]:
    """The entries that may stand one a line: axes, options, the lines of a matrix group."""
    if isinstance(statement, ast.TensorStatement):
        return statement.axes or ()
    if isinstance(statement, ast.SymmetrizeStatement | ast.RelaxStatement):
        return statement.options
    if isinstance(statement, ast.GroupStatement) and isinstance(statement.value, ast.MatrixGroup):
        return entries(statement.value)
    return ()


def _statement(statement: ast.Statement, inner: list[Attached] | None, pad: bool) -> list[str]:
    match statement:
        case ast.SpecStatement(name=name):
            return [f"spec {name.text}"]
        case ast.Docstring(value=value):
            return [f'"""{value}"""']
        case ast.SizeStatement(name=name, value=value, bound=bound):
            head = f"size {name.text}"
            if value is not None:
                return [f"{head} = {expression(value)}"]
            return [head if bound is None else f"{head} <= {expression(bound)}"]
        case ast.GroupStatement(name=name, value=value):
            head = f"group {name.text} = "
            if isinstance(value, ast.MatrixGroup):
                lines = [_entry(item) for item in entries(value)]
                long = len(lines) > 1 or "\n" in "".join(lines)
                return _bracketed(f"{head}{value.kind} ", "{", lines, "}", inner, "", long)
            return [head + expression(value)]
        case ast.TensorStatement(name=name, axes=axes, labels=labels, derivation=derivation):
            head = f"{statement.kind}{' ' if pad else ''} {name.text}"
            tail = f" of {expression(labels)}" if labels is not None else ""
            tail += f" {statement.mark.word}" if statement.mark is not None else ""
            tail += f" = {expression(derivation)}" if derivation is not None else ""
            if axes is None:
                return [head + tail]
            return _bracketed(head, "[", [axis(item) for item in axes], "]", inner, tail)
        case (
            ast.SymmetrizeStatement(groups=groups, method=method, options=options)
            | ast.RelaxStatement(groups=groups, method=method, options=options)
        ):
            head = "relax " if isinstance(statement, ast.RelaxStatement) else "symmetrize "
            head += ", ".join(expression(group) for group in groups)
            head = f"{head.rstrip()} by {method.text}"
            if not options:
                return [head]
            return _bracketed(head, "(", [option(item) for item in options], ")", inner, "")
    raise TypeError(f"no statement: {statement!r}")


def _entry(item: ast.Node) -> str:
    """A line of `generated { }` or `lie { }`; of a long matrix a line for each row."""
    flat = entry(item)
    matrix = item.matrix if isinstance(item, ast.GeneratorElement) else None
    if len(INDENT + flat) <= WIDTH or not isinstance(matrix, ast.MatrixLiteral):
        return flat
    head = flat.removesuffix(expression(matrix))
    rows = [f"{INDENT}[{', '.join(map(expression, row))}]," for row in matrix.rows]
    return "\n".join([f"{head}[", *rows, "]"])


def _bracketed(
    head: str,
    opener: str,
    items: list[str],
    closer: str,
    inner: list[Attached] | None,
    tail: str,
    broken: bool = False,
) -> list[str]:
    """A bracketed list in one line, or one entry a line where it is long or holds comments.

    `inner` has one entry more than `items`: what stands after the last of them, and, as its
    trailing comment, what stands behind the opening bracket.
    """
    separator = " " if opener == "{" else ", "
    gap = " " if opener == "{" and items else ""
    flat = f"{head}{opener}{gap}{separator.join(items)}{gap}{closer}{tail}"
    if inner is None and not broken and (len(flat) <= WIDTH or not items):
        return [flat]
    comma = "" if opener == "{" else ","
    notes = inner or [Attached() for _ in range(len(items) + 1)]
    first = notes[-1].trailing
    lines = [head + opener + (f"  {first.text}" if first is not None else "")]
    for item, note in zip(items, notes, strict=False):
        lines += [INDENT + comment.text for comment in note.leading]
        behind = f"  {note.trailing.text}" if note.trailing is not None else ""
        lines += [INDENT + line for line in f"{item}{comma}{behind}".split("\n")]
    lines += [INDENT + comment.text for comment in notes[-1].leading]
    return [*lines, closer + tail]
