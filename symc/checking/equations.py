"""Sizes of a spec: where each name comes from, and what all tensors together say about it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import overload

from symc.checking.arithmetic import always_too_large, never_positive, root
from symc.checking.report import Report, suggestion
from symc.diagnostics.diagnostic import Related
from symc.ir.determination import split
from symc.ir.representations import Representation
from symc.ir.rounds import settle
from symc.ir.sizes import Parameter, Several, Size, SizeVariable, growing, whole_root
from symc.source import Span


@dataclass(frozen=True)
class Fixing:
    """The value of a size name, and the place that says so."""

    value: int
    span: Span
    message: str


@dataclass(frozen=True)
class Constraint:
    """An axis' size and the dimension of the representation on it: they must be equal.

    `advice`: what to write where they are not, if that can be told from how they are written.
    """

    size: Size
    dimension: Size
    size_span: Span
    representation_span: Span
    representation: Representation
    advice: str | None = None


@dataclass
class SizeTable:
    """Every size name of a spec in the order of the text.

    `seen`: the first place of each name (its declaration, where it has one); `declared`: the
    names with a statement, `failed`: those whose statement is wrong; `used`: the names that stand
    in a shape or a group; `fixed` and `ragged` by name.
    """

    seen: dict[str, Span] = field(default_factory=dict)
    declared: set[str] = field(default_factory=set)
    used: set[str] = field(default_factory=set)
    fixed: dict[str, Fixing] = field(default_factory=dict)
    failed: set[str] = field(default_factory=set)
    ragged: dict[str, int] = field(default_factory=dict)

    def use(self, name: str, span: Span) -> Size:
        """The size called `name`, which comes into being here if it is new."""
        self.seen.setdefault(name, span)
        self.used.add(name)
        return Size.variable(name)

    @overload
    def resolved(self, size: Size) -> Size: ...

    @overload
    def resolved(self, size: Several) -> Several: ...

    def resolved(self, size: Parameter) -> Parameter:
        """The size, or several, with the values of fixed names put in."""
        known = [name for name in size.names if name in self.fixed]
        if not known:
            return size
        return size.substitute({name: Size.constant(self.fixed[name].value) for name in known})

    def variables(self) -> tuple[SizeVariable, ...]:
        """The size names as the IR holds them."""
        found = []
        for name, _ in sorted(self.seen.items(), key=lambda item: item[1]):
            if name in self.fixed:
                value = self.fixed[name].value
                found.append(SizeVariable(name=name, kind="fixed", value=value))
            elif name in self.ragged:
                bound = self.ragged[name]
                found.append(SizeVariable(name=name, kind="ragged", bound=bound))
            else:
                found.append(SizeVariable(name=name, kind="free"))
        return tuple(found)


def solve(table: SizeTable, constraints: list[Constraint], report: Report) -> None:
    """Fix every name that a constraint in one unknown tells, and report what contradicts.

    The first constraint in the text that tells a name wins; later ones are measured by it.
    """
    # Each difference keeps what is known of it, so that a new name is put in once.
    differences = [constraint.size - constraint.dimension for constraint in constraints]

    def decide(place: int) -> tuple[str, ...] | None:
        constraint = constraints[place]
        difference = differences[place] = table.resolved(differences[place])
        ends = (table.resolved(constraint.size), table.resolved(constraint.dimension))
        if not difference.terms or any(never_positive(s) or always_too_large(s) for s in ends):
            return ()  # what is out of range is reported as that
        if difference.value is not None:
            _contradiction(table, constraint, report)
            return ()
        return _fix(table, constraint, difference, report)

    for place in settle([difference.names for difference in differences], decide):
        _never_equated(table, constraints[place], report)


def _fix(
    table: SizeTable, constraint: Constraint, difference: Size, report: Report
) -> tuple[str, ...] | None:
    """The name that the constraint tells, nothing where it cannot hold, None where it must wait."""
    if len(difference.names) != 1:
        return None
    (name,) = difference.names
    # Zero is zero over any divisor.
    whole = difference.model_copy(update={"divisor": 1})
    parts = {power: part.value or 0 for power, part in split(whole, name).items()}
    powers = [power for power in parts if power]
    if len(powers) != 1:
        sign = 1 if parts[max(powers)] > 0 else -1
        if not growing({power: sign * parts[power] for power in powers}):
            return None
        value = whole_root(parts)
    else:
        (power,) = powers
        value = root(parts[power], power, -parts.get(0, 0))
    excerpt = report.excerpt(constraint.representation_span)
    if value is None:
        size, dimension = _told(table, constraint.size), _told(table, constraint.dimension)
        message = f"no whole number `{name}` makes `{excerpt}` fit on an axis of size {size}"
        if name in constraint.size.names:
            message = f"the size `{constraint.size}` of this axis is never {dimension}, as "
            message += f"`{excerpt}` wants"
        report.error(
            "SYM203",
            constraint.representation_span,
            message,
            help=constraint.advice
            or f"write `{constraint.dimension}: {excerpt}`, or `_: {excerpt}` to have the size "
            "computed",
            related=_reasons(table, constraint),
        )
        return ()
    if name in table.ragged:
        report.error(
            "SYM203",
            constraint.representation_span,
            f"`{name}` is ragged, but here it would have to be {value}",
            help=f"write `size {name} = {value}` for a fixed size, or a representation of "
            f"`S({name})` for a ragged one",
            related=[Related(table.seen[name], f"`{name}` is declared ragged here")],
        )
        return ()
    size, dimension = _told(table, constraint.size), _told(table, constraint.dimension)
    equation = "" if name in (size, dimension) else f", as {size} = {dimension}"
    says = f"`{name}` is {value} here, on an axis with `{excerpt}`{equation}"
    table.fixed[name] = Fixing(value, constraint.size_span, says)
    return (name,)


def _told(table: SizeTable, size: Size) -> str:
    return str(table.resolved(size))


def _reasons(table: SizeTable, constraint: Constraint) -> list[Related]:
    names = constraint.size.names | constraint.dimension.names
    fixings = [table.fixed[name] for name in sorted(names) if name in table.fixed]
    return [Related(fixing.span, fixing.message) for fixing in fixings]


def _contradiction(table: SizeTable, constraint: Constraint, report: Report) -> None:
    size, dimension = _told(table, constraint.size), _told(table, constraint.dimension)
    excerpt = report.excerpt(constraint.representation_span)
    reasons = _reasons(table, constraint)
    if reasons:
        left = f"`{constraint.size}` is {size}" if constraint.size.names else f"the size is {size}"
        report.error(
            "SYM203",
            constraint.representation_span,
            f"{left} on this axis, but `{excerpt}` has dimension {dimension}",
            help=constraint.advice
            or "make both places agree, or use another size name on one of them",
            related=reasons,
        )
        return
    report.error(
        "SYM301",
        constraint.representation_span,
        f"`{excerpt}` has dimension {dimension}, but its axis has size {size}",
        help=constraint.advice
        or f"write `{dimension}: {excerpt}`, or `_: {excerpt}` to have the size computed",
        related=[Related(constraint.size_span, f"the size is {size} here")],
    )


def _never_equated(table: SizeTable, constraint: Constraint, report: Report) -> None:
    excerpt = report.excerpt(constraint.representation_span)
    dimension = table.resolved(constraint.dimension)
    names = sorted(table.resolved(constraint.size).names | dimension.names)
    hint = f"write `{dimension}: {excerpt}`, or `_: {excerpt}` to have the size computed"
    for name in names:
        if name not in table.declared:
            near = suggestion(name, (other for other in table.seen if other != name))
            if near is not None:
                hint = f"`{name}` is not declared, so it is a free size of its own: {near}"
                break
    hint = constraint.advice or hint
    report.error(
        "SYM301",
        constraint.representation_span,
        f"`{excerpt}` has dimension `{dimension}`, but its axis has size "
        f"`{_told(table, constraint.size)}`: different sizes are never taken to be equal",
        help=hint,
        related=[Related(constraint.size_span, "the size of the axis")],
    )
