"""The one namespace of sizes, groups, inputs and outputs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from symc.checking.report import Report
from symc.diagnostics.diagnostic import Related
from symc.source import Span
from symc.syntax import ast

Kind = Literal["size", "group", "input", "output"]

ARTICLE: dict[Kind, str] = {
    "size": "a size",
    "group": "a group",
    "input": "an input",
    "output": "an output",
}


@dataclass(frozen=True)
class Declaration:
    """What a name was declared as, and where."""

    kind: Kind
    span: Span


def declarations(document: ast.Document, report: Report) -> dict[str, Declaration]:
    """Every declared name; a second declaration is reported and the first one stays."""
    found: dict[str, Declaration] = {}
    for statement in document.statements:
        match statement:
            case ast.SizeStatement(name=name):
                kind: Kind = "size"
            case ast.GroupStatement(name=name):
                kind = "group"
            case ast.TensorStatement(name=name):
                kind = statement.kind
            case _:
                continue
        first = found.setdefault(name.text, Declaration(kind, name.span))
        if first.span != name.span:
            report.error(
                "SYM202",
                name.span,
                f"`{name.text}` is declared twice",
                help="sizes, groups, inputs and outputs share one namespace: choose another name",
                related=[Related(first.span, f"first declared here, as {ARTICLE[first.kind]}")],
            )
    return found


def walk(node: ast.Node) -> Iterator[ast.Node]:
    """The node and everything below it, in the order of the text."""
    pending = [node]
    while pending:
        node = pending.pop()
        yield node
        pending += reversed(list(node.children()))


def size_words(document: ast.Document) -> frozenset[str]:
    """Names that stand where only a size can: as an axis' size, as a group's parameter."""
    found: set[str] = set()
    for node in walk(document):
        places: tuple[ast.Node, ...] = ()
        if isinstance(node, ast.Axis):
            places = node.sizes
        elif isinstance(node, ast.Call) and isinstance(node.function, ast.Name):
            places = node.arguments
        for place in places:
            found |= {part.text for part in walk(place) if isinstance(part, ast.Name)}
    return frozenset(found)
