"""`size` and `group` statements."""

from __future__ import annotations

from collections.abc import Sequence

from symc.checking.equations import Fixing
from symc.checking.expressions import Expressions
from symc.checking.familiar import familiar
from symc.checking.names import Declaration, walk
from symc.diagnostics.diagnostic import Related
from symc.ir.rounds import settle
from symc.ir.sizes import LIMIT
from symc.syntax import ast


def read_sizes(statements: Sequence[ast.SizeStatement], expressions: Expressions) -> None:
    """Put the declared sizes into the table; a value may use sizes fixed in any other statement."""
    table = expressions.sizes
    mine: dict[str, ast.SizeStatement] = {}
    for statement in statements:
        name = statement.name.text
        entry = expressions.declared[name]
        if entry.kind != "size" or entry.span != statement.name.span:
            continue
        mine[name] = statement
        table.seen[name] = statement.name.span
        table.declared.add(name)
    used = set(table.used)
    ordered = list(mine.values())

    def decide(place: int) -> tuple[str, ...] | None:
        name = ordered[place].name.text
        if not _settle(ordered[place], expressions):
            return None
        return (name,) if name in table.fixed else ()

    # A statement waits until all names in it are fixed; in a cycle all wait for ever.
    for place in settle([_names(statement) for statement in ordered], decide):
        _refuse_open(ordered[place], expressions)
    fixed_or_ragged = table.fixed.keys() | table.ragged.keys()
    for name, statement in mine.items():
        if (statement.value or statement.bound) and name not in fixed_or_ragged:
            table.failed.add(name)
    # A name in the value of another size is not yet a name that a shape tells.
    table.used = used


def _names(statement: ast.SizeStatement) -> list[str]:
    """Every name in the value or the bound, each once."""
    written = statement.value if statement.value is not None else statement.bound
    if written is None:
        return []
    found = [node.text for node in walk(written) if isinstance(node, ast.Name)]
    return list(dict.fromkeys(found))


def _settle(statement: ast.SizeStatement, expressions: Expressions) -> bool:
    """Whether the statement is understood, rightly or wrongly."""
    table, report = expressions.sizes, expressions.report
    written = statement.value if statement.value is not None else statement.bound
    if written is None:
        return True
    names = _names(statement)
    kinds = [expressions.declared[n].kind for n in names if n in expressions.declared]
    if any(name not in table.fixed for name in names) and set(kinds) <= {"size"}:
        return False
    size = expressions.size(written)
    value = None if size is None else table.resolved(size).value
    if value is None:
        return True
    if not 1 <= value < LIMIT:
        report.error(
            "SYM205",
            written.span,
            f"`{statement.name.text}` cannot be {value}",
            help=f"sizes are whole numbers from 1 to {LIMIT - 1}",
        )
        return True
    name = statement.name.text
    if statement.value is not None:
        table.fixed[name] = Fixing(value, statement.name.span, f"`{name}` is declared {value} here")
    else:
        table.ragged[name] = value
    return True


_FREE = ("any", "free", "dynamic", "variable", "auto", "unknown")


def _refuse_open(statement: ast.SizeStatement, expressions: Expressions) -> None:
    written = statement.value if statement.value is not None else statement.bound
    if written is None:
        return
    table = expressions.sizes
    for node in walk(written):
        if not isinstance(node, ast.Name) or node.text in table.fixed:
            continue
        if node.text in expressions.unread or node.text in table.failed:
            return
        entry = expressions.declared.get(node.text)
        free = node.text.lower() in _FREE and entry is None
        what = "value" if statement.value is not None else "bound"
        expressions.report.error(
            "SYM204" if entry is not None else "SYM201",
            node.span,
            f"the {what} of `{statement.name.text}` must be known, but `{node.text}` "
            + ("is not fixed" if entry is not None else "is not declared"),
            help=f"a free size has no value: `size {statement.name.text}`"
            if free
            else f"give it a number, `size {node.text} = 5`, or leave the line out: sizes need no "
            "declaration"
            if node.text == statement.name.text
            else f"write `{expressions.report.excerpt(written.span)}` where "
            f"`{statement.name.text}` is used, or fix `{node.text}` with `size {node.text} = 5`",
            related=[Related(entry.span, f"`{node.text}` is declared here")] if entry else [],
        )
        table.failed.add(statement.name.text)
        return


def read_groups(statements: Sequence[ast.GroupStatement], expressions: Expressions) -> None:
    """Put the named groups into the table."""
    groups = expressions.groups
    for statement in statements:
        name = statement.name.text
        first = expressions.declared[name]
        mine = first == Declaration("group", statement.name.span)
        if isinstance(statement.value, ast.Name) and _refuse_alias(statement, expressions):
            value = None
        else:
            # A named group is no inline one: it goes into the table under its own name only.
            expressions.declaring = name
            with groups.set_aside():
                value = expressions.group(statement.value)
            expressions.declaring = None
        if not mine:
            continue
        if value is None:
            groups.failed.add(name)
        else:
            groups.name(name, value, statement.name.span)


def _constructor(name: str) -> str:
    """The group that a name speaks of, if there is one."""
    known = familiar(name)
    return known.written() if known is not None and known.available else "S(n)"


def _refuse_alias(statement: ast.GroupStatement, expressions: Expressions) -> bool:
    other = statement.value
    if not isinstance(other, ast.Name):
        return False
    entry = expressions.declared.get(other.text)
    if entry is None or entry.kind != "group":
        return False
    name = statement.name.text
    if name == other.text:
        expressions.report.error(
            "SYM204",
            other.span,
            f"`{name}` is declared by itself",
            help=f"write the constructor, as in `group {name} = {_constructor(name)}`",
        )
        return True
    expressions.report.error(
        "SYM204",
        other.span,
        f"`{other.text}` is a group already, and `{name}` would be a second name for it",
        help=f"write `{other.text}` everywhere; for an independent copy repeat its constructor, "
        f"as in `group {name} = S(n)`",
        related=[Related(entry.span, f"`{other.text}` is declared here")],
    )
    return True
