"""Parameters of groups that the axes of tensors tell: `group R = C(k)`, then `6: R`.

Which representations such a group has, and how large they are, hangs on its parameter: it is to be
known where they are read, wherever the axis that tells it stands in the text.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from symc.checking.equations import Constraint, Fixing, solve
from symc.checking.expressions import Expressions
from symc.checking.names import walk
from symc.checking.report import Report
from symc.checking.tensors import read_tensor
from symc.ir.representations import atoms
from symc.source import Source
from symc.syntax import ast
from symc_runtime.catalogue import groups as families
from symc_runtime.groups.finite import Finite


def told_by_axes(
    document: ast.Document, source: Source, begun: Callable[[Report], Expressions]
) -> Mapping[str, Fixing]:
    """What the tensors say of open parameters of groups that act by tables, by name.

    `begun` reads sizes and groups. Whatever is wrong is found where the tensors are read again.
    """
    if not any(_open(node) for node in walk(document)):
        return {}
    report = Report(source, partial=True)
    expressions = begun(report)
    constraints: list[Constraint] = []
    read = [
        read_tensor(statement, expressions, constraints)
        for statement in document.statements
        if isinstance(statement, ast.TensorStatement)
    ]
    # `irrep(j)` and `grid`; of others the dimension is a formula, whatever the parameter.
    hanging = {
        atom.group
        for declared in read
        if declared is not None
        for axis in declared.tensor.axes
        for atom in atoms(axis.representation)
        if atom.arguments
    }
    before = set(expressions.sizes.fixed)
    solve(expressions.sizes, constraints, report)
    instances = expressions.groups.instances
    names = {name for group in hanging for name in instances[group].parameter.names}
    fixed = expressions.sizes.fixed
    return {name: fixed[name] for name in names - before if name in fixed}


def _open(node: ast.Node) -> bool:
    """Whether it is `C(k)` or the like of other groups, and no number stands in the brackets."""
    if not isinstance(node, ast.Call) or not isinstance(node.function, ast.Name):
        return False
    numbers = all(isinstance(argument.value, ast.Integer) for argument in node.arguments)
    return not numbers and isinstance(families().get(node.function.text), Finite)
