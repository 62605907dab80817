"""A whole spec: reads its statements and asks what only all of them together can answer."""

from __future__ import annotations

import keyword
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePath

from symc.checking import pending
from symc.checking.absence import (
    refuse_absent_tensors,
    refuse_unanchored_points,
    refuse_uncarried_groups,
    refuse_undetermined_sizes,
    refuse_wrong_ranges,
)
from symc.checking.costly import note_many_elements
from symc.checking.designs import refuse_without_design
from symc.checking.doubtful import warn_of_batch_axes, warn_of_fixed_sizes
from symc.checking.equations import Constraint, SizeTable, solve
from symc.checking.expressions import Expressions
from symc.checking.gradients import refuse_wrong_gradients
from symc.checking.groups import GroupTable
from symc.checking.informing import Informing
from symc.checking.late import told_by_axes
from symc.checking.names import declarations, size_words, walk
from symc.checking.proving import report_proofs
from symc.checking.report import Report, listed
from symc.checking.stages import read_stages
from symc.checking.statements import read_groups, read_sizes
from symc.checking.tables import (
    refuse_large_orbits,
    refuse_open_tables,
    refuse_unequal_sides,
)
from symc.checking.tensors import Declared, read_tensor, refuse_moved_labels
from symc.diagnostics.diagnostic import Diagnostic
from symc.ir.blocks import MAXIMUM, Block, blocks_of, number_of_blocks
from symc.ir.groups import Stage
from symc.ir.program import Program
from symc.source import Source, Span
from symc.syntax import ast
from symc.syntax.parse import parse
from symc.syntax.parse.limits import MAX_DIAGNOSTICS


@dataclass(frozen=True)
class CheckResult:
    """`program` is None exactly where some diagnostic is an error; in the order of the text."""

    program: Program | None
    diagnostics: tuple[Diagnostic, ...]


class LostError(RuntimeError):
    """Part of a spec would be left out of its program, and no diagnostic says so."""


def default_name(source: Source) -> str:
    """The name of a spec that does not say it: a file's stem as an identifier, else `Model`."""
    if source.name.startswith("<"):
        return "Model"
    stem = re.sub(r"\W", "_", PurePath(source.name).stem, flags=re.ASCII)
    if not stem.strip("_"):
        return "Model"
    if stem[0].isdigit():
        stem = f"_{stem}"
    return f"{stem}_" if keyword.iskeyword(stem) else stem


def check(source: Source, name: str | None = None) -> CheckResult:
    """Parse and check a spec; `name` is what it is called where it does not say."""
    parsed = parse(source)
    result = check_document(
        parsed.document,
        source,
        name or default_name(source),
        unread=parsed.unread_names,
        partial=bool(parsed.diagnostics),
    )
    return join(parsed.diagnostics, result)


def join(syntax: Iterable[Diagnostic], result: CheckResult) -> CheckResult:
    """A result with the diagnostics of the syntax put into their places.

    Of more than MAX_DIAGNOSTICS the first ones stay, with an error among them if there is one.
    """
    found = sorted((*syntax, *result.diagnostics), key=lambda d: d.span)
    errors = [diagnostic for diagnostic in found if diagnostic.severity == "error"]
    shown = found[:MAX_DIAGNOSTICS]
    if errors and all(diagnostic.severity != "error" for diagnostic in shown):
        shown[-1] = errors[0]
    return CheckResult(None if errors else result.program, tuple(shown))


def check_document(
    document: ast.Document,
    source: Source,
    name: str,
    unread: frozenset[str] = frozenset(),
    partial: bool = False,
    values: Mapping[str, int] | None = None,
    given: Collection[str] = (),
) -> CheckResult:
    """Check a parsed spec. Raises nothing but `LostError`, a defect of the checker.

    `unread`: names in statements that could not be parsed; `partial`: there are some. `values`:
    free sizes that are known, for the proofs. `given`: sizes that no input need tell.
    """
    report = Report(source, partial)
    try:
        program = _read(document, report, name, unread, values, given)
    except RecursionError:
        report.error(
            "SYM108",
            Span(0, 0),
            "an expression is nested too deeply",
            help="name parts of it with `group` or `size`",
        )
        program = None
    diagnostics = report.diagnostics
    failed = any(diagnostic.severity == "error" for diagnostic in diagnostics)
    return CheckResult(None if failed else program, diagnostics)


def _read(
    document: ast.Document,
    report: Report,
    name: str,
    unread: frozenset[str],
    values: Mapping[str, int] | None,
    given: Collection[str],
) -> Program | None:
    statements = document.statements
    expressions = _begun(document, report, unread)
    late = told_by_axes(document, report.source, lambda other: _begun(document, other, unread))
    expressions.sizes.fixed.update(late)
    constraints: list[Constraint] = []
    written = [s for s in statements if isinstance(s, ast.TensorStatement)]
    tensors = [read_tensor(statement, expressions, constraints) for statement in written]
    refuse_absent_tensors(written, report)
    warn_of_batch_axes(written, expressions)
    before = report.count
    solve(expressions.sizes, constraints, report)
    refuse_wrong_ranges(expressions)
    refuse_unequal_sides(expressions)
    expressions.groups.refuse_too_many(report)
    expressions.groups.refuse_copies(expressions.sizes, report)
    sizes_agree = report.count == before

    inputs = [t for t in tensors if t is not None and t.statement.kind == "input"]
    outputs = [t for t in tensors if t is not None and t.statement.kind == "output"]
    refuse_open_tables([t.tensor for t in (*inputs, *outputs)], expressions)
    families_of = {group.name: group.facts for group in expressions.groups.ordered()}
    number = 0
    cut: dict[int, tuple[Block, ...] | None] = {}
    for tensor in (*inputs, *outputs):
        number += number_of_blocks(tensor.tensor)
        cut[id(tensor)] = None
        if number > MAXIMUM:
            _refuse_blocks(tensor, report)
            break
        cut[id(tensor)] = blocks_of(tensor.tensor.as_numbers, families_of)
    complete = (
        not report.partial
        and sum(s.kind == "input" for s in written) == len(inputs) > 0
        and all(cut.get(id(t)) is not None for t in inputs)
    )
    for tensor in (*inputs, *outputs):
        refuse_moved_labels(tensor, expressions)
    if all(cut.get(id(t)) is not None for t in (*inputs, *outputs)):
        refuse_wrong_gradients(inputs, outputs, expressions)
    carried: dict[str, tuple[Block, ...]] = {}
    for tensor in inputs:
        # A name declared twice is reported already: both tensors count.
        before_it = carried.get(tensor.tensor.name, ())
        carried[tensor.tensor.name] = (*before_it, *(cut.get(id(tensor)) or ()))
    fixed = {name: fixing.value for name, fixing in expressions.sizes.fixed.items()}
    bounds = {**fixed, **expressions.sizes.ragged}
    named = frozenset(t.tensor.names.group for t in inputs if t.tensor.names is not None)
    informing = Informing(carried, families_of, complete, report, bounds, named)
    lines = [s for s in statements if isinstance(s, ast.SymmetrizeStatement)]
    for statement in statements:
        if isinstance(statement, ast.RelaxStatement):
            pending.relaxed(report, statement)
    stages = read_stages(lines, expressions, informing)
    refuse_large_orbits(stages, lines, expressions)
    refuse_without_design(stages, lines, expressions)
    if complete:
        refuse_unanchored_points(
            [(output, cut.get(id(output)) or ()) for output in outputs], expressions, informing
        )
        refuse_uncarried_groups([t.tensor for t in inputs], expressions, informing)
        if sizes_agree and len(tensors) == len(inputs) + len(outputs):
            refuse_undetermined_sizes([t.tensor for t in inputs], expressions, given)
    if report.count or report.partial:
        return None
    warn_of_fixed_sizes(constraints, expressions, report)
    _refuse_loss(written, tensors, stages, expressions)
    names = [s.name.text for s in statements if isinstance(s, ast.SpecStatement)]
    texts = [s.value for s in statements if isinstance(s, ast.Docstring)]
    program = Program(
        name=names[0] if names else name,
        doc=texts[0] if texts else "",
        sizes=expressions.sizes.variables(),
        groups=expressions.groups.ordered(),
        inputs=tuple(t.tensor for t in inputs),
        outputs=tuple(t.tensor for t in outputs),
        stages=stages,
    )
    report_proofs(program, values, outputs, lines, expressions)
    note_many_elements(program, values or {}, lines, expressions)
    return program


def _begun(document: ast.Document, report: Report, unread: frozenset[str]) -> Expressions:
    """Expressions in the scope of the spec, its sizes and groups read."""
    statements = document.statements
    declared = declarations(document, report)
    taken = {node.text for node in walk(document) if isinstance(node, ast.Name)}
    expressions = Expressions(
        report, declared, size_words(document), SizeTable(), GroupTable(taken), unread
    )
    read_sizes([s for s in statements if isinstance(s, ast.SizeStatement)], expressions)
    read_groups([s for s in statements if isinstance(s, ast.GroupStatement)], expressions)
    return expressions


def _refuse_loss(
    written: Sequence[ast.TensorStatement],
    tensors: Sequence[Declared | None],
    stages: Sequence[Stage],
    expressions: Expressions,
) -> None:
    """Without an error, all that was written must stand in the program.

    What is wrong is left out, and reported: one that is left out and not reported would be
    another spec than the one that was written, checked as if it were sound.
    """
    lost = [s.name.text for s, t in zip(written, tensors, strict=True) if t is None]
    lost += [*expressions.groups.failed, *expressions.sizes.failed]
    handled = {stage.group for stage in stages}
    lost += [group.name for group in expressions.groups.ordered() if group.name not in handled]
    if lost:
        raise LostError(f"{listed(lost)} left out of the program without a diagnostic")


def _refuse_blocks(declared: Declared, report: Report) -> None:
    report.error(
        "SYM108",
        declared.statement.name.span,
        f"`{declared.tensor.name}` falls into too many blocks: all tensors of a spec together may "
        f"have {MAXIMUM:,}",
        help="write repeated terms as a multiplicity, `16*R`, and powers of sums as several "
        "tensors",
    )
