"""`symmetrize` lines: which group is handled when, by which method, with which options."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from symc.checking import pending
from symc.checking.expressions import Expressions
from symc.checking.informing import Informing
from symc.checking.options import Options, default_options, fitting_nets, read_options
from symc.checking.report import listed, nearest
from symc.diagnostics.diagnostic import Related
from symc.ir.groups import GroupInstance, NetChoice, Stage
from symc.source import Span
from symc.syntax import ast
from symc_runtime.catalogue import compiled_methods, methods, nets
from symc_runtime.groups.family import ElementKind
from symc_runtime.methods.method import Method

DEFAULT_METHOD = "probabilistic"
REFINED = 256
"""Items up to which `refine` is the default: it takes time in their number to the third."""

_ORDER: dict[ElementKind, int] = {
    "euclidean": 0,
    "orthogonal": 0,
    "translation": 0,
    "finite": 1,
    "signs": 1,
    "permutation": 2,
    "nested": 2,
}


# What papers call the methods.
_ELSEWHERE = {
    "haar": "average",
    "mean": "average",
    "reynolds": "average",
    "group_averaging": "average",
    "frame_averaging": "frame",
    "pca": "frame",
    "learned": "probabilistic",
    "learn": "probabilistic",
    "none": "base",
    "identity": "base",
    "equivariant": "base",
}


def default_order(groups: Sequence[GroupInstance]) -> list[GroupInstance]:
    """Linear and Euclidean groups, then finite ones, then permutations; ties as in the text."""
    return sorted(groups, key=lambda group: _ORDER[group.facts.element])


@dataclass(frozen=True)
class _Line:
    """One `symmetrize` statement with its groups."""

    statement: ast.SymmetrizeStatement
    groups: tuple[GroupInstance, ...]


def read_stages(
    statements: Sequence[ast.SymmetrizeStatement],
    expressions: Expressions,
    informing: Informing,
) -> tuple[Stage, ...]:
    """Every group once, in the order in which elements are drawn."""
    lines = _assign(statements, expressions)
    stages: list[Stage] = []
    explicit: dict[str, tuple[int, Span]] = {}
    for line in lines:
        method = _method(line.statement, expressions)
        if method is None:
            continue
        options = read_options(
            line.statement.options, method, line.groups, informing, expressions.report
        )
        _one_count(line.statement, options, explicit, expressions)
        for group in line.groups:
            if not informing.allows(group, method, line.statement.method.span):
                continue
            stages.append(_stage(group, method, options, informing, explicit=True))
        if options.anchor is not None:
            informing.refuse_anchor(options.anchor, line.groups)
    handled = {group.name for line in lines for group in line.groups}
    left = [group for group in expressions.groups.ordered() if group.name not in handled]
    for group in default_order(left):
        method = methods()[DEFAULT_METHOD]
        stages.append(_stage(group, method, Options(), informing, explicit=False))
    return tuple(stages)


def _assign(statements: Sequence[ast.SymmetrizeStatement], expressions: Expressions) -> list[_Line]:
    """The groups of each line. Lines without groups take what no other line names."""
    report = expressions.report
    named: dict[str, Span] = {}
    found: list[list[GroupInstance]] = []
    for statement in statements:
        groups: list[GroupInstance] = []
        for written in statement.groups:
            group = expressions.group(written)
            if group is None:
                continue
            first = named.setdefault(group.name, written.span)
            if first is not written.span:
                report.error(
                    "SYM507",
                    written.span,
                    f"`{group.name}` is symmetrized twice",
                    help="keep it on one line",
                    related=[Related(first, "first handled here")],
                )
                continue
            groups.append(group)
        found.append(groups)
    lines = []
    open_line = None
    for statement, groups in zip(statements, found, strict=True):
        if not statement.groups:
            everything = expressions.groups.ordered()
            left = [group for group in everything if group.name not in named]
            if (open_line is not None or not left) and not expressions.groups.failed:
                _refuse_empty(statement, open_line, expressions)
            groups = default_order(left) if open_line is None else []
            open_line = open_line or statement
        lines.append(_Line(statement, tuple(groups)))
    return lines


def _refuse_empty(
    statement: ast.SymmetrizeStatement,
    other: ast.SymmetrizeStatement | None,
    expressions: Expressions,
) -> None:
    if expressions.report.partial:
        return
    related = [Related(other.span, "this line takes all that are left")] if other else []
    if expressions.groups.instances:
        help_text = "remove it, or name its groups: `symmetrize P by frame`"
    else:
        help_text = "no axis carries a group: write `n: S(n)`, for instance"
    expressions.report.error(
        "SYM510",
        statement.span,
        "no group is left for this line",
        help=help_text,
        related=related,
    )


def _method(statement: ast.SymmetrizeStatement, expressions: Expressions) -> Method | None:
    name = statement.method.text
    if name in compiled_methods():
        return methods()[name]
    if name in pending.METHODS or name in methods():
        pending.method(expressions.report, statement.method.span)
        return None
    listing = f"methods: {listed(compiled_methods())}"
    near = _ELSEWHERE.get(name.lower()) or nearest(name, compiled_methods())
    expressions.report.error(
        "SYM501",
        statement.method.span,
        f"there is no method `{name}`",
        help=listing if near is None else f"did you mean `{near}`? {listing}",
        fix=near,
    )
    return None


def _one_count(
    statement: ast.SymmetrizeStatement,
    options: Options,
    explicit: dict[str, tuple[int, Span]],
    expressions: Expressions,
) -> None:
    """A call has one K: explicit counts of two lines must agree."""
    spans = {a.name.text: a.value.span for a in statement.options if a.name is not None}
    for name, count in options.counts.items():
        if name not in ("samples", "eval_samples"):
            continue
        first, place = explicit.setdefault(name, (count, spans[name]))
        if first != count:
            expressions.report.error(
                "SYM506",
                spans[name],
                f"`{name}` is {count} here and {first} on another line",
                help="a sample draws every stage once: write the same number, or say it once",
                related=[Related(place, f"`{name}` is {first} here")],
            )


def _stage(
    group: GroupInstance,
    method: Method,
    options: Options,
    informing: Informing,
    explicit: bool,
) -> Stage:
    anchor = None
    if method.acts and group.facts.affine:
        anchor = options.anchor.text if options.anchor is not None else informing.anchor(group)
    degree = options.counts.get("degree")
    if degree is not None and not method.options["degree"].is_about(group.facts.element):
        degree = None
    stage = Stage(
        group=group.name,
        method=method.name,
        explicit=explicit,
        samples=options.counts.get("samples"),
        eval_samples=options.counts.get("eval_samples"),
        degree=degree,
        net=(options.net or default_net(group, informing)) if method.learned else None,
        anchor=anchor,
    )
    return stage.model_copy(update=options.numbers)


def default_net(group: GroupInstance, informing: Informing) -> NetChoice | None:
    """The net that a learned method takes for the group where the spec names none."""
    fitting = fitting_nets(group)
    looking = [name for name in fitting if nets()[name].reads_images]
    if looking and informing.has_images(group):
        return default_options(looking[0])
    fitting = [name for name in fitting if name not in looking]
    if not fitting:
        return None
    if group.facts.permutes:
        if informing.names_items(group):
            return default_options(next(name for name in fitting if nets()[name].reads_names))
        if not informing.has_pairs(group):
            return default_options("deepsets")
        many = (informing.most(group) or 0) > REFINED
        return default_options("gin" if many else "refine")
    return default_options(fitting[0])
