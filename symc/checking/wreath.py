"""`S(m) wr S(n)`: n blocks of m items, and what stands on two axes together."""

from __future__ import annotations

from typing import TYPE_CHECKING

from symc.checking.equations import Constraint
from symc.checking.names import ARTICLE
from symc.diagnostics.diagnostic import Related
from symc.ir.groups import GroupInstance
from symc.ir.representations import Atom
from symc.ir.sizes import Several, Size, sizes_in
from symc.source import Span
from symc.syntax import ast
from symc_runtime.catalogue import groups as families

if TYPE_CHECKING:
    from symc.checking.expressions import Expressions

FAMILY = "wr"
USAGE = "write `S(m) wr S(n)`, n blocks of m items"


def read_wreath(expression: ast.Binary, expressions: Expressions) -> GroupInstance | None:
    """The group; None where it is reported that it is none, or not available yet."""
    sides = [_permuted(side, expression, expressions) for side in _sides(expression)]
    sizes = tuple(size for size in sides if size is not None)
    if len(sizes) < len(sides):
        return None
    for size, side in zip(sizes, _sides(expression), strict=True):
        ragged = size.names & expressions.sizes.ragged.keys()
        if ragged:
            name = min(ragged)
            expressions.report.error(
                "SYM207",
                side.span,
                f"`{name}` is ragged, but a wreath product has as many blocks, and items in each, "
                "for all examples",
                help=f"write `size {name}`, read off the tensors at each call, and a channel that "
                "says which items are there",
                related=[
                    Related(expressions.sizes.seen[name], f"`{name}` is declared ragged here")
                ],
            )
            return None
    parameter = Several(sizes=sizes)
    return expressions.groups.inline(FAMILY, parameter, expression.span, expressions.report)


def _sides(expression: ast.Binary) -> tuple[ast.Expression, ast.Expression]:
    return expression.left, expression.right


def _permuted(side: ast.Expression, whole: ast.Binary, expressions: Expressions) -> Size | None:
    """How many items one side permutes; None where it is no `S(n)`, which is reported."""
    report = expressions.report
    text = report.excerpt(side.span)
    if isinstance(side, ast.Binary) and side.operator == "wr":
        report.error(
            "SYM902",
            whole.span,
            "wreath products of wreath products are not available yet",
            help=f"{USAGE}; declare a group each for what is nested deeper, on axes of its own",
        )
        return None
    if isinstance(side, ast.Call) and isinstance(side.function, ast.Name):
        name = side.function.text
        if name == "S":
            return expressions.parameter(side, name)
        if name in families():
            blocks = side is whole.left
            report.error(
                "SYM902",
                side.span,
                f"wreath products with `{text}` are not available yet",
                help=f"{USAGE} that move in any order"
                + (
                    ""
                    if blocks
                    else f"; for blocks that `{text}` moves and items alike in all of "
                    "them, declare two groups, on an axis each"
                ),
            )
            return None
    entry = expressions.declared.get(side.text) if isinstance(side, ast.Name) else None
    if entry is not None and entry.kind == "group":
        report.error(
            "SYM902",
            side.span,
            f"`{text}` has axes of its own, and `wr` makes a group of new copies",
            help=f"{USAGE}, with the constructors of both",
            related=[Related(entry.span, f"`{text}` is declared here")],
        )
        return None
    what = f"is {ARTICLE[entry.kind]}" if entry is not None else "is no group"
    report.error(
        "SYM204",
        side.span,
        f"`{text}` {what}, but `wr` stands between two groups",
        help="a representation of the product is written `(S(m) wr S(n)).blocks`, or `W.blocks` "
        "of `group W = S(m) wr S(n)`"
        if isinstance(side, ast.Attribute)
        else USAGE,
    )
    return None


def joint_sizes(
    tree: Atom, written: ast.Axis, sides: tuple[Size, ...], expressions: Expressions
) -> list[Constraint]:
    """`(n, m): W`: how many blocks, then how many items in each."""
    assert written.representation is not None
    group = expressions.groups.instances[tree.group]
    items, blocks = sizes_in(group.parameter)
    pairs = zip(sides, (blocks, items), written.sizes, ("blocks", "items in a block"), strict=True)
    span: Span = written.representation.span
    return [
        Constraint(
            size,
            wanted,
            place.span,
            span,
            tree,
            f"`{group.constructor}` has {wanted} {what}: write "
            f"`({blocks}, {items}): {group.name}`, blocks first",
        )
        for size, wanted, place, what in pairs
    ]
