"""Lark's tree to the abstract syntax: one method a rule, walked without recursion."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal, TypeAlias, TypeVar, cast

from symc.source import Span
from symc.syntax import ast
from symc.syntax.parse.lexing import token_span
from symc.syntax.parse.limits import MAX_DIGITS

if TYPE_CHECKING:
    from lark import Token, Tree

    Child: TypeAlias = ast.Node | Token | "Items"

_N = TypeVar("_N", bound=ast.Node)


@dataclass(frozen=True)
class Items:
    """A bracketed list that is part of a node and none itself: its span holds the brackets."""

    span: Span
    rule: str
    entries: tuple[ast.Node, ...]


def build(tree: Tree[Token]) -> tuple[ast.Statement, ...]:
    """The statements of a `document` tree."""
    from lark import Tree

    # Post-order with an explicit stack: a chain of ten thousand operators is as deep as it is long.
    results: list[list[Child]] = [[]]
    pending: list[Tree[Token] | Token | str] = [tree]
    rules: list[Tree[Token]] = []
    while pending:
        item = pending.pop()
        if isinstance(item, Tree):
            results.append([])
            rules.append(item)
            pending.append("reduce")
            pending.extend(reversed(item.children))
        elif type(item) is str:
            children = results.pop()
            rule = rules.pop().data
            if rule == "document":
                return tuple(cast("list[ast.Statement]", children))
            results[-1].append(_BUILDERS[rule](children))
        else:
            results[-1].append(cast("Token", item))
    raise AssertionError("a tree without a document")


def _span(child: Child) -> Span:
    return child.span if isinstance(child, ast.Node | Items) else token_span(child)


def _whole(children: Sequence[Child]) -> Span:
    return Span(_span(children[0]).start, _span(children[-1]).end)


def _nodes(children: Sequence[Child], kind: type[_N]) -> tuple[_N, ...]:
    return tuple(child for child in children if isinstance(child, kind))


def _expression(child: Child) -> ast.Expression:
    assert isinstance(child, ast.Expression)
    return child


def _name(child: Child) -> ast.Name:
    return ast.Name(_span(child), str(child))


def _part(children: Sequence[Child], rule: str) -> Items | None:
    for child in children:
        if isinstance(child, Items) and child.rule == rule:
            return child
    return None


def _spec(children: Sequence[Child]) -> Child:
    return ast.SpecStatement(_whole(children), _name(children[1]))


def _docstring(children: Sequence[Child]) -> Child:
    return ast.Docstring(_span(children[0]), str(children[0])[3:-3])


def _size(children: Sequence[Child]) -> Child:
    name, bounded = _name(children[1]), len(children) > 2 and str(children[2]) != "="
    value = _expression(children[3]) if len(children) > 2 else None
    return ast.SizeStatement(
        _whole(children), name, None if bounded else value, value if bounded else None
    )


def _group(children: Sequence[Child]) -> Child:
    return ast.GroupStatement(_whole(children), _name(children[1]), _expression(children[3]))


def _tensor(children: Sequence[Child]) -> Child:
    axes = _part(children, "axes")
    labels, derivation = _part(children, "labels"), _part(children, "derivation")
    marks = [c for c in children if not isinstance(c, ast.Node | Items) and c.type in _MARKS]
    return ast.TensorStatement(
        _whole(children),
        "input" if str(children[0]) == "input" else "output",
        _name(children[1]),
        _nodes(axes.entries, ast.Axis) if axes else None,
        _expression(labels.entries[0]) if labels else None,
        ast.Mark(_span(marks[0]), _MARKS[marks[0].type]) if marks else None,
        _expression(derivation.entries[0]) if derivation else None,
    )


def _axis(children: Sequence[Child]) -> Child:
    sizes = _nodes(children, ast.Expression)
    if len(children) == 1:
        return ast.Axis(_whole(children), sizes, None)
    return ast.Axis(_whole(children), sizes[:-1], sizes[-1])


def _handled(
    children: Sequence[Child], kind: type[ast.SymmetrizeStatement] | type[ast.RelaxStatement]
) -> Child:
    groups, options = _part(children, "group_list"), _part(children, "call_arguments")
    method = children[-2] if options else children[-1]
    return kind(
        _whole(children),
        _nodes(groups.entries, ast.Expression) if groups else (),
        _name(method),
        _nodes(options.entries, ast.Argument) if options else (),
    )


def _binary(children: Sequence[Child]) -> Child:
    operator = {"×": "*", "⊗": "*", "⊕": "+"}.get(str(children[1]), str(children[1]))
    return ast.Binary(
        _whole(children),
        cast("ast.Operator", operator),
        _expression(children[0]),
        _expression(children[2]),
    )


def _parenthesis(children: Sequence[Child]) -> Child:
    return replace(_expression(children[1]), span=_whole(children))


def _call(children: Sequence[Child]) -> Child:
    arguments = cast("Items", children[1])
    return ast.Call(
        _whole(children), _expression(children[0]), _nodes(arguments.entries, ast.Argument)
    )


def _matrix(children: Sequence[Child]) -> Child:
    rows = (child.entries for child in children if isinstance(child, Items))
    return ast.MatrixLiteral(_whole(children), tuple(_nodes(row, ast.Expression) for row in rows))


def _matrix_group(children: Sequence[Child]) -> Child:
    return ast.MatrixGroup(
        _whole(children),
        "lie" if str(children[0]) == "lie" else "generated",
        _nodes(children, ast.GeneratorElement),
        _nodes(children, ast.Relation),
    )


def _items(rule: str) -> Callable[[Sequence[Child]], Child]:
    return lambda children: Items(_whole(children), rule, _nodes(children, ast.Node))


_MARKS: dict[str, Literal["learned", "sampled"]] = {"LEARNED": "learned", "SAMPLED": "sampled"}

_BUILDERS: dict[str, Callable[[Sequence[Child]], Child]] = {
    "spec_statement": _spec,
    "docstring": _docstring,
    "size_statement": _size,
    "group_statement": _group,
    "tensor_statement": _tensor,
    "symmetrize_statement": lambda c: _handled(c, ast.SymmetrizeStatement),
    "relax_statement": lambda c: _handled(c, ast.RelaxStatement),
    "axes": _items("axes"),
    "labels": _items("labels"),
    "derivation": _items("derivation"),
    "group_list": _items("group_list"),
    "call_arguments": _items("call_arguments"),
    "row": _items("row"),
    "list": lambda c: ast.ListLiteral(
        _span(c[0]), _nodes(cast("Items", c[0]).entries, ast.Expression)
    ),
    "axis": _axis,
    "joint_axis": _axis,
    "binary": _binary,
    "negative": lambda c: ast.Negative(_whole(c), _expression(c[1])),
    "attribute": lambda c: ast.Attribute(_whole(c), _expression(c[0]), _name(c[2])),
    "call": _call,
    "name": lambda c: _name(c[0]),
    "wildcard": lambda c: ast.Wildcard(_span(c[0])),
    # A longer one has been reported: its value is never used, nor its digits converted.
    "integer": lambda c: ast.Integer(_span(c[0]), int(str(c[0])[:MAX_DIGITS])),
    "decimal": lambda c: ast.Decimal(_span(c[0]), str(c[0])),
    "string": lambda c: ast.String(_span(c[0]), str(c[0])[1:-1]),
    "parenthesis": _parenthesis,
    "argument": lambda c: ast.Argument(_span(c[0]), None, _expression(c[0])),
    "named_argument": lambda c: ast.Argument(_whole(c), _name(c[0]), _expression(c[2])),
    "matrix": _matrix,
    "generated": _matrix_group,
    "lie": _matrix_group,
    "element": lambda c: ast.GeneratorElement(_whole(c), _name(c[1]), _expression(c[3])),
    "basis": lambda c: ast.GeneratorElement(_whole(c), None, _expression(c[1])),
    "relation": lambda c: ast.Relation(_whole(c), _expression(c[1]), _expression(c[3])),
}
