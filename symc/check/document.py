"""A whole document: declarations, tensors, sizes, stages, in that order."""

from __future__ import annotations

from symc.check.elaborate import Elaborator
from symc.check.groups import GroupTable
from symc.check.names import declarations, walk
from symc.check.report import Report
from symc.check.sizes import Constraint, Fixing, SizeTable, solve
from symc.check.stages import Inputs, StageChecker
from symc.check.typed import TensorChecker, Typed, resolved
from symc.diagnostics.diagnostic import Diagnostic
from symc.ir.blocks import TooManyBlocks, blocks
from symc.ir.determination import determine
from symc.ir.program import Program
from symc.ir.representations import atoms
from symc.ir.tensors import Axis, Tensor
from symc.source import Source, Span
from symc.syntax import ast
from symc_runtime.catalogue import groups as families


def check_document(
    document: ast.Document,
    source: Source,
    name: str,
    *,
    partial: bool,
    unread: frozenset[str] = frozenset(),
) -> tuple[Program | None, tuple[Diagnostic, ...]]:
    """The program of a document, None where anything was reported.

    `partial`: statements may be missing, so nothing is said about what is not there.
    """
    checker = _DocumentChecker(document, source, partial, unread)
    program = checker.check(name)
    return program, checker.report.diagnostics


class _DocumentChecker:
    def __init__(
        self, document: ast.Document, source: Source, partial: bool, unread: frozenset[str]
    ) -> None:
        self.document = document
        self.report = Report(source, partial)
        self.declared = declarations(document, self.report)
        self.sizes = SizeTable()
        names = {node.text for node in walk(document) if isinstance(node, ast.Name)}
        self.groups = GroupTable(names)
        self.groups.failed |= unread
        self.elaborator = Elaborator(self.report, self.declared, self.sizes, self.groups)
        self.constraints: list[Constraint] = []

    def check(self, name: str) -> Program | None:
        doc = ""
        for statement in self.document.statements:
            if isinstance(statement, ast.SpecStatement):
                name = statement.name.text
            elif isinstance(statement, ast.Docstring):
                doc = statement.value
            elif isinstance(statement, ast.SizeStatement):
                self._size(statement)
        for statement in self.document.statements:
            if isinstance(statement, ast.GroupStatement):
                self._group(statement)
        tensors = [s for s in self.document.statements if isinstance(s, ast.TensorStatement)]
        typing = TensorChecker(self.elaborator, self.sizes, self.report, self.constraints)
        typed = [(statement, typing.check(statement)) for statement in tensors]
        solve(self.sizes, self.constraints, self.report)
        self.groups.refuse_copies(self.sizes, self.report)
        good = [entry for _, entry in typed if entry is not None]
        complete = len(good) == len(typed) and not self.report.partial
        if not self.report.partial:
            self._both_kinds(tensors)
        if complete:
            self._carried(good)
            self._anchored(good)
            self._determined(good)
        inputs = self._inputs(good)
        if inputs is None:
            return None
        stages = ()
        lines = [s for s in self.document.statements if isinstance(s, ast.SymmetrizeStatement)]
        if complete:
            stages = StageChecker(
                self.elaborator, self.groups.ordered(), inputs, self.report
            ).check(lines)
        if self.report.count or not complete:
            return None
        for group in self.groups.ordered():
            if group.parameter.names & self.sizes.fixed.keys():
                parameter = self.sizes.resolved(group.parameter)
                self.groups.instances[group.name] = group.model_copy(
                    update={"parameter": parameter}
                )
        return Program(
            name=name,
            doc=doc,
            sizes=self.sizes.variables(),
            groups=self.groups.ordered(),
            inputs=tuple(self._final(t) for t in good if t.statement.kind == "input"),
            outputs=tuple(self._final(t) for t in good if t.statement.kind == "output"),
            stages=stages,
        )

    def _final(self, typed: Typed) -> Tensor:
        axes = tuple(
            Axis(
                size=self.sizes.resolved(axis.size),
                representation=resolved(axis.representation, self.sizes),
            )
            for axis in typed.tensor.axes
        )
        return typed.tensor.model_copy(update={"axes": axes})

    def _size(self, statement: ast.SizeStatement) -> None:
        name = statement.name
        if self.declared[name.text].span != name.span:
            return
        self.sizes.seen[name.text] = name.span
        self.sizes.declared.add(name.text)
        expression = statement.value or statement.bound
        if expression is None:
            return
        size = self.elaborator.size(expression)
        if size is None:
            return
        value = self.sizes.resolved(size).value
        if value is None or not 1 <= value < 2**31:
            self.report.error(
                "SYM205",
                expression.span,
                f"`{name.text}` wants a whole number from 1 to {2**31 - 1}, "
                f"not `{self.report.excerpt(expression.span)}`",
                help="sizes are read off the tensors where no number is written",
            )
        elif statement.value is not None:
            message = f"`{name.text}` is {value} here"
            self.sizes.fixed[name.text] = Fixing(value, name.span, message)
        else:
            self.sizes.ragged[name.text] = value

    def _group(self, statement: ast.GroupStatement) -> None:
        name, expression = statement.name, statement.value
        if self.declared[name.text].span != name.span:
            return
        if isinstance(expression, ast.Binary) and expression.operator == "*":
            self.report.error(
                "SYM310",
                expression.span,
                f"`{self.report.excerpt(expression.span)}` is two groups",
                help="declare each by itself; the symmetry is the product of all groups: "
                f"`group {name.text}1 = ...`, `group {name.text}2 = ...`",
            )
            self.groups.failed.add(name.text)
            return
        family = None
        if isinstance(expression, ast.Call) and isinstance(expression.function, ast.Name):
            function = expression.function
            family = self.elaborator.constructor(expression, function)
        else:
            value = self.elaborator.value(expression)
            if value is not None:
                self.report.error(
                    "SYM302",
                    expression.span,
                    f"`{self.report.excerpt(expression.span)}` is no group",
                    help=f"write a constructor: `group {name.text} = S(n)`",
                )
        if family is None:
            self.groups.failed.add(name.text)
            return
        if family[1].names & self.sizes.ragged.keys():
            bare = str(family[1]) in self.sizes.ragged
            if not bare or families()[family[0]].element != "permutation":
                self.report.error(
                    "SYM207",
                    expression.span,
                    f"`{self.report.excerpt(expression.span)}` is computed from a ragged size",
                    help="only `S(n)` itself takes a ragged size",
                )
                self.groups.failed.add(name.text)
                return
        self.groups.name(name.text, self.groups.anonymous(*family), name.span)

    def _both_kinds(self, tensors: list[ast.TensorStatement]) -> None:
        for kind, example in (("input", "input x[n: S(n), 3]"), ("output", "output y[10]")):
            if not any(tensor.kind == kind for tensor in tensors):
                self.report.error(
                    "SYM208",
                    Span(0, 0),
                    f"the spec has no {kind}",
                    help=f"declare one, as in `{example}`",
                )

    def _carried(self, typed: list[Typed]) -> None:
        carried = {
            atom.group
            for entry in typed
            if entry.statement.kind == "input"
            for axis in entry.tensor.axes
            for atom in atoms(axis.representation)
        }
        for group in self.groups.ordered():
            if group.name not in carried and not self.groups.failed:
                self.report.error(
                    "SYM308",
                    self.groups.places[group.name],
                    f"no input carries `{group.name}`: nothing could tell how it acted",
                    help="put one of its representations on an axis of an input, or remove it",
                )

    def _anchored(self, typed: list[Typed]) -> None:
        def points(entry: Typed) -> set[str]:
            return {
                atom.group
                for axis in entry.tensor.axes
                for atom in atoms(axis.representation)
                if families()[self.groups.instances[atom.group].family].atoms[atom.name].affine
            }

        anchored: set[str] = set()
        for entry in typed:
            if entry.statement.kind == "input":
                anchored |= points(entry)
        for entry in typed:
            if entry.statement.kind == "output":
                for group in sorted(points(entry) - anchored):
                    self.report.error(
                        "SYM307",
                        entry.statement.name.span,
                        f"the output `{entry.tensor.name}` is a point of `{group}`, but no input "
                        "is: nothing says where the origin lies",
                        help=f"make an input a `{group}.point`, or the output a `{group}.vector`",
                    )

    def _determined(self, typed: list[Typed]) -> None:
        inputs = [t.tensor for t in typed if t.statement.kind == "input"]
        told = {entry.name for entry in determine(inputs, self.sizes.fixed.keys())}
        known = told | self.sizes.fixed.keys()
        for name, span in self.sizes.seen.items():
            if name in known:
                continue
            if name not in self.sizes.used:
                message = f"the size `{name}` is never used"
                hint = "remove it, or use it as the size of an axis"
            else:
                message = f"no input tells the size `{name}`"
                hint = f"write `size {name} = ...`, or give an input an axis `{name}`"
            self.report.error("SYM401", span, message, help=hint)

    def _inputs(self, typed: list[Typed]) -> Inputs | None:
        found = {}
        for entry in typed:
            try:
                parts = blocks(entry.tensor, tuple(self.groups.instances.values()))
            except TooManyBlocks as error:
                self.report.error("SYM108", entry.statement.span, str(error))
                return None
            if entry.statement.kind == "input":
                found[entry.tensor.name] = parts
        return Inputs(found)
