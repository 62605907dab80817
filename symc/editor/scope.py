"""What of a spec could be understood, although other parts of it may be wrong."""

from __future__ import annotations

from dataclasses import dataclass, field

from symc.checking.equations import Constraint, SizeTable, solve
from symc.checking.expressions import Expressions
from symc.checking.groups import GroupTable
from symc.checking.names import Declaration, declarations, size_words, walk
from symc.checking.report import Report
from symc.checking.statements import read_groups, read_sizes
from symc.checking.tensors import Declared, read_tensor
from symc.ir.groups import GroupInstance
from symc.ir.tensors import Tensor
from symc.source import Source
from symc.syntax import ast
from symc.syntax.parse import ParseResult


@dataclass(frozen=True)
class Scope:
    """The sound parts of a spec; what is wrong is left out.

    `declared`: every declared name. `sizes`: with the values that the checker found. `groups`:
    named and inline ones, by name. `inputs` and `outputs`: in the order of the text.
    """

    declared: dict[str, Declaration] = field(default_factory=dict)
    sizes: SizeTable = field(default_factory=SizeTable)
    groups: dict[str, GroupInstance] = field(default_factory=dict)
    inputs: tuple[Tensor, ...] = ()
    outputs: tuple[Tensor, ...] = ()

    def tensor(self, name: str) -> Tensor | None:
        """The input or output of that name."""
        return next((t for t in (*self.inputs, *self.outputs) if t.name == name), None)


def read_scope(parsed: ParseResult, source: Source) -> Scope:
    """The scope of a parsed spec. Never raises; what is wrong is the checker's to report."""
    report = Report(source, partial=True)
    statements = parsed.document.statements
    declared = declarations(parsed.document, report)
    sizes = SizeTable()
    taken = {node.text for node in walk(parsed.document) if isinstance(node, ast.Name)}
    words = size_words(parsed.document)
    # A name in the statement that is being typed is no reason to forget the group that it sizes.
    unread: frozenset[str] = frozenset()
    expressions = Expressions(report, declared, words, sizes, GroupTable(taken), unread)
    tensors: list[Declared] = []
    try:
        read_sizes([s for s in statements if isinstance(s, ast.SizeStatement)], expressions)
        read_groups([s for s in statements if isinstance(s, ast.GroupStatement)], expressions)
        constraints: list[Constraint] = []
        for statement in statements:
            if isinstance(statement, ast.TensorStatement):
                tensor = read_tensor(statement, expressions, constraints)
                tensors += [tensor] if tensor is not None else []
        solve(sizes, constraints, report)
    except RecursionError:  # as in the checker: what has been read stands
        pass
    return Scope(
        declared,
        sizes,
        {group.name: group for group in expressions.groups.ordered()},
        tuple(t.tensor for t in tensors if t.statement.kind == "input"),
        tuple(t.tensor for t in tensors if t.statement.kind == "output"),
    )
