"""Tensor statements to typed tensors; axis sizes against the representations on them."""

from __future__ import annotations

from dataclasses import dataclass

from symc.check import pending
from symc.check.arithmetic import always_too_large, never_positive
from symc.check.elaborate import Elaborator
from symc.check.report import Report
from symc.check.sizes import Constraint, SizeTable
from symc.ir.representations import Atom, Product, Representation, Sum, Trivial, atoms
from symc.ir.sizes import LIMIT, Size
from symc.ir.tensors import Axis, Tensor
from symc.source import Span
from symc.syntax import ast
from symc_runtime.catalogue import groups as families


@dataclass(frozen=True)
class Typed:
    """A tensor with the places of its axes."""

    tensor: Tensor
    statement: ast.TensorStatement
    spans: tuple[Span, ...]


class TensorChecker:
    """Types tensors, one after the other; None where something was reported."""

    def __init__(
        self,
        elaborator: Elaborator,
        sizes: SizeTable,
        report: Report,
        constraints: list[Constraint],
    ) -> None:
        self.elaborator = elaborator
        self.sizes = sizes
        self.report = report
        self.constraints = constraints

    def check(self, statement: ast.TensorStatement) -> Typed | None:
        """The typed tensor."""
        axes: list[Axis] = []
        failed = False
        for node in statement.axes or ():
            axis = self._axis(node)
            if axis is None:
                failed = True
                continue
            axes.append(axis)
        if statement.derivation is not None:
            pending.derived_output(self.report, statement.derivation.span)
            failed = True
        labels = self._labels(statement)
        if statement.labels is not None and labels is None:
            failed = True
        if failed:
            return None
        if not self._one_point(statement, axes):
            return None
        if labels is not None and not self._labelled(statement, axes):
            return None
        tensor = Tensor(name=statement.name.text, axes=tuple(axes), labels=labels)
        return Typed(tensor, statement, tuple(axis.span for axis in statement.axes or ()))

    def _axis(self, node: ast.Axis) -> Axis | None:
        if len(node.sizes) > 1:
            pending.joint_axes(self.report, node.span)
            return None
        (expression,) = node.sizes
        if isinstance(expression, ast.Wildcard):
            if node.representation is None:
                self.report.error(
                    "SYM206",
                    expression.span,
                    "nothing tells the size of this axis",
                    help="write its size, or a representation: `_: 4*M.vector`",
                )
                return None
            carried = self.elaborator.representation(node.representation)
            if carried is None or not self._in_range(carried.dimension, node.representation.span):
                return None
            if self._ragged(carried.dimension, carried.tree, node.representation.span):
                return None
            return Axis(size=carried.dimension, representation=carried.tree)
        size = self.elaborator.size(expression)
        if node.representation is None:
            if size is None or not self._in_range(size, expression.span):
                return None
            if self._ragged(size, Trivial(size=size), expression.span):
                return None
            return Axis(size=size, representation=Trivial(size=size))
        carried = self.elaborator.representation(node.representation)
        if size is None or carried is None or not self._in_range(size, expression.span):
            return None
        if not self._in_range(carried.dimension, node.representation.span):
            return None
        if self._ragged(size, carried.tree, expression.span):
            return None
        if size != carried.dimension:
            self.constraints.append(
                Constraint(size, carried.dimension, expression.span, node.representation.span)
            )
        return Axis(size=size, representation=carried.tree)

    def _in_range(self, size: Size, span: Span) -> bool:
        if never_positive(size) or always_too_large(size):
            self.report.error(
                "SYM205",
                span,
                f"`{self.report.excerpt(span)}` is {size}, out of range",
                help=f"sizes are whole numbers from 1 to {LIMIT - 1}",
            )
            return False
        return True

    def _ragged(self, size: Size, tree: Representation, span: Span) -> bool:
        """Whether a ragged size is used for more than the length of a bare axis; reports it."""
        ragged = sorted(size.names & self.sizes.ragged.keys())
        if not ragged:
            return False
        name = ragged[0]
        bare = size == Size.variable(name)
        simple = isinstance(tree, Trivial) or (
            isinstance(tree, Atom) and tree.dimension == Size.variable(name)
        )
        if bare and simple:
            return False
        self.report.error(
            "SYM207",
            span,
            f"`{self.report.excerpt(span)}` is computed from the ragged size `{name}`",
            help=f"give `{name}` an axis of its own, `{name}` or `{name}: P`",
        )
        return True

    def _labels(self, statement: ast.TensorStatement) -> int | None:
        if statement.labels is None:
            return None
        expression = statement.labels
        if isinstance(expression, ast.Name):
            entry = self.elaborator.declared.get(expression.text)
            if entry is not None and entry.kind == "group":
                pending.labels_of_items(self.report, expression.span)
                return None
        if statement.kind == "output":
            self.report.error(
                "SYM311",
                expression.span,
                "an output cannot be labels: a mean over samples is no whole number",
                help=f"return scores: `output {statement.name.text}[10]`",
            )
            return None
        size = self.elaborator.size(expression)
        if size is None:
            return None
        number = self.sizes.resolved(size).value
        if number is None or number < 1:
            self.report.error(
                "SYM311",
                expression.span,
                f"the number of labels is a whole number from 1, "
                f"not `{self.report.excerpt(expression.span)}`",
            )
            return None
        return number

    def _labelled(self, statement: ast.TensorStatement, axes: list[Axis]) -> bool:
        for axis, node in zip(axes, statement.axes or (), strict=True):
            for atom in atoms(axis.representation):
                group = self.elaborator.groups.instances[atom.group]
                facts = families()[group.family]
                shape = facts.atoms[atom.name]
                permutes = facts.element == "permutation" and not shape.character
                if not permutes and not (shape.axis == "trivial" and not shape.character):
                    where = node.representation or node
                    self.report.error(
                        "SYM311",
                        where.span,
                        f"labels are moved by permutations only, not by `{atom.group}.{atom.name}`",
                        help="leave the representation away, or leave `of` away",
                    )
                    return False
        return True

    def _one_point(self, statement: ast.TensorStatement, axes: list[Axis]) -> bool:
        """Axes multiply: a point on one goes with channels and permutations on the others."""
        affine = [i for i, a in enumerate(axes) if _affine(a.representation, self.elaborator)]
        linear = [i for i, a in enumerate(axes) if _linear(a.representation, self.elaborator)]
        others = [i for i in linear if i not in affine]
        if not affine or (len(affine) == 1 and not others):
            return True
        wrong = (affine[1:] + others)[0]
        node = (statement.axes or ())[wrong]
        self.report.error(
            "SYM306",
            (node.representation or node).span,
            f"`{statement.name.text}` multiplies a point by "
            f"{'another point' if wrong in affine else 'a vector or a sign'}",
            help="a point may be multiplied by channels and permutations only; differences of "
            "points are vectors: `.vector`",
        )
        return False


def _affine(tree: Representation, elaborator: Elaborator) -> bool:
    return any(_facts(a, elaborator)[0] for a in atoms(tree))


def _linear(tree: Representation, elaborator: Elaborator) -> bool:
    return any(_facts(a, elaborator)[1] for a in atoms(tree))


def _facts(atom: Atom, elaborator: Elaborator) -> tuple[bool, bool]:
    """Whether an atom is a point, whether it is a vector or a sign."""
    family = families()[elaborator.groups.instances[atom.group].family]
    shape = family.atoms[atom.name]
    moved = shape.axis == "natural" and family.element != "permutation"
    return shape.affine, shape.character or (moved and not shape.affine)


def resolved(tree: Representation, sizes: SizeTable) -> Representation:
    """The representation with fixed sizes put in."""
    match tree:
        case Trivial(size=size):
            return Trivial(size=sizes.resolved(size))
        case Atom():
            return tree.model_copy(update={"dimension": sizes.resolved(tree.dimension)})
        case Product(factors=factors):
            return Product(factors=tuple(resolved(f, sizes) for f in factors))
        case Sum(terms=terms):
            return Sum(terms=tuple(resolved(t, sizes) for t in terms))
        case _:
            return tree.model_copy(update={"base": resolved(tree.base, sizes)})
