"""`symmetrize` lines to stages: methods, options, nets, anchors, the order."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from symc.check.elaborate import Elaborator
from symc.check.report import Report, listed, suggestion
from symc.diagnostics.diagnostic import Related
from symc.ir.blocks import Block
from symc.ir.groups import GroupInstance, NetChoice, Stage
from symc.source import Span
from symc.syntax import ast
from symc_runtime.catalogue import groups as families
from symc_runtime.catalogue import methods, nets
from symc_runtime.methods.method import MethodOption

MAXIMUM_COUNT = 1_000_000


@dataclass(frozen=True)
class Inputs:
    """What the inputs hold, block by block: `blocks` by input name, in order."""

    blocks: dict[str, tuple[Block, ...]]

    def points(self, group: str) -> list[str]:
        """Inputs that carry a point of the group."""
        return [n for n, bs in self.blocks.items() if any(b.affine == group for b in bs)]

    def _naturals(self, group: str) -> list[tuple[int, bool]]:
        return [
            (sum(axis.group == group for axis in block.axes), group in block.characters)
            for blocks in self.blocks.values()
            for block in blocks
        ]

    def moves_axes(self, group: str) -> bool:
        """Whether some input has an axis of the group."""
        return any(count for count, _ in self._naturals(group))

    def has_vectors(self, group: str) -> bool:
        """Whether some input holds a true vector, or what contracts to one."""
        return any(count % 2 and not signed for count, signed in self._naturals(group))

    def has_pairs(self, group: str) -> bool:
        """Whether some input has features of pairs of items."""
        return any(count >= 2 for count, _ in self._naturals(group))


class StageChecker:
    """Collects stages from the `symmetrize` lines of a spec."""

    def __init__(
        self,
        elaborator: Elaborator,
        groups: tuple[GroupInstance, ...],
        inputs: Inputs,
        report: Report,
    ) -> None:
        self.elaborator = elaborator
        self.groups = {group.name: group for group in groups}
        self.inputs = inputs
        self.report = report
        self.handled: dict[str, Span] = {}
        self.stages: list[Stage] = []
        self.counts: dict[str, tuple[int, Span]] = {}
        self.failed = False

    def check(self, statements: list[ast.SymmetrizeStatement]) -> tuple[Stage, ...]:
        """All stages in order; groups that no line handles come last, `by probabilistic`."""
        explicit: set[str] = set()
        for statement in statements:
            for expression in statement.groups:
                value = self._group(expression, quiet=True)
                if value is not None:
                    explicit.add(value.name)
        for statement in statements:
            self._line(statement, explicit)
        if not self.failed:
            for group in self._leftover(set()):
                self._stage(group, "probabilistic", {}, group_span=None, explicit=False)
        return tuple(self.stages)

    def _group(self, expression: ast.Expression, quiet: bool = False) -> GroupInstance | None:
        if quiet:
            before = dict(self.report._found)
            value = self.elaborator.value(expression)
            self.report._found = before
        else:
            value = self.elaborator.value(expression)
        return value if isinstance(value, GroupInstance) else None

    def _leftover(self, named: set[str]) -> list[GroupInstance]:
        left = [
            group
            for group in self.groups.values()
            if group.name not in self.handled and group.name not in named
        ]

        def rank(group: GroupInstance) -> int:
            element = families()[group.family].element
            return 2 if element == "permutation" else 1 if families()[group.family].finite else 0

        return sorted(left, key=rank)

    def _line(self, statement: ast.SymmetrizeStatement, explicit: set[str]) -> None:
        method = statement.method.text
        if method not in methods():
            self.report.error(
                "SYM501",
                statement.method.span,
                f"there is no method `{method}`",
                help=suggestion(method, methods(), f"methods: {listed(methods(), 'or')}"),
            )
            self.failed = True
            method = ""
        options = self._options(method, statement.options) if method else {}
        if statement.groups:
            chosen: list[tuple[GroupInstance, Span]] = []
            for expression in statement.groups:
                if isinstance(expression, ast.Binary) and expression.operator == "*":
                    self.report.error(
                        "SYM310",
                        expression.span,
                        f"`{self.report.excerpt(expression.span)}` is two groups",
                        help="separate them by a comma; each is a stage, in this order",
                    )
                    self.failed = True
                    continue
                value = self.elaborator.value(expression)
                if isinstance(value, GroupInstance):
                    chosen.append((value, expression.span))
                else:
                    self.failed = True
                    if value is not None:
                        self.report.error(
                            "SYM204",
                            expression.span,
                            f"`{self.report.excerpt(expression.span)}` is no group",
                            help=f"groups of this spec: {listed(self.groups) or 'none'}",
                        )
                    elif isinstance(expression, ast.Name):
                        self.report.error("SYM201", expression.span, "not a group")
            for group, span in chosen:
                self._handle(group, span, method, options)
            return
        left = self._leftover(explicit)
        if not left and not self.failed:
            self.report.error(
                "SYM510",
                statement.span,
                "no group is left for this line",
                help="remove the line, or name the groups it handles",
            )
        for group in left:
            self._handle(group, statement.method.span, method, options)

    def _handle(
        self, group: GroupInstance, span: Span, method: str, options: dict[str, Any]
    ) -> None:
        if group.name in self.handled:
            self.report.error(
                "SYM507",
                span,
                f"`{group.name}` is symmetrized twice",
                help="keep one of the lines",
                related=[Related(self.handled[group.name], "the first time is here")],
            )
            return
        self.handled[group.name] = span
        if group.name in self.groups and method:
            self._stage(group, method, options, span, explicit=True)

    # Options

    def _options(self, method: str, arguments: tuple[ast.Argument, ...]) -> dict[str, Any]:
        known = methods()[method].options
        values: dict[str, Any] = {}
        for argument in arguments:
            if argument.name is None:
                self.report.error(
                    "SYM504",
                    argument.span,
                    "options are named",
                    help=f"write `name=value`; `{method}` takes {listed(known) or 'none'}",
                )
                continue
            name = argument.name.text
            if name not in known:
                self.report.error(
                    "SYM504",
                    argument.name.span,
                    f"`{method}` has no option `{name}`",
                    help=suggestion(name, known, f"it takes {listed(known) or 'no options'}"),
                )
            elif name in values:
                self.report.error(
                    "SYM504", argument.name.span, f"the option `{name}` is given twice"
                )
            else:
                value = self._value(name, known[name], argument.value)
                if value is not None:
                    values[name] = (value, argument.value.span)
        return values

    def _value(self, name: str, option: MethodOption, expression: ast.Expression) -> Any:
        if option.kind == "net":
            return expression
        if option.kind == "input":
            if isinstance(expression, ast.Name):
                return expression.text
            self.report.error("SYM509", expression.span, f"`{name}` wants the name of an input")
            return None
        number = _number(expression)
        wanted = {
            "count": f"a whole number from 1 to {MAXIMUM_COUNT:,}",
            "positive": "a number above 0",
            "nonnegative": "a number from 0",
        }[option.kind]
        right = number is not None and math.isfinite(number)
        if right and number is not None:
            if option.kind == "count":
                right = isinstance(number, int) and 1 <= number <= MAXIMUM_COUNT
            else:
                right = number > 0 or (option.kind == "nonnegative" and number == 0)
        if not right:
            self.report.error(
                "SYM505",
                expression.span,
                f"`{name}` is {wanted}, not `{self.report.excerpt(expression.span)}`",
            )
            return None
        if option.kind == "count" and isinstance(number, int):
            first = self.counts.setdefault(name, (number, expression.span))
            if first[0] != number:
                self.report.error(
                    "SYM506",
                    expression.span,
                    f"`{name}` is {number} here and {first[0]} elsewhere: one call draws one "
                    "number of samples, each through every stage",
                    help=f"write the same number, or leave one `{name}` out",
                    related=[Related(first[1], f"`{name}` is {first[0]} here")],
                )
        return number

    # Stages

    def _stage(
        self,
        group: GroupInstance,
        method: str,
        options: dict[str, Any],
        group_span: Span | None,
        explicit: bool,
    ) -> None:
        facts, how = families()[group.family], methods()[method]
        span = group_span or Span(0, 0)
        linear = facts.element in ("orthogonal", "euclidean")
        if method == "average" and facts.element == "translation":
            self.report.error(
                "SYM502",
                span,
                f"`{group.name}` is not compact: there is no uniform translation to average over",
                help=f"write `symmetrize {group.name} by canonical`: the mean of the points is "
                "the origin",
            )
            return
        if method == "canonical" and linear and not self.inputs.has_vectors(group.name):
            self.report.error(
                "SYM502",
                span,
                f"`canonical` wants a vector of `{group.name}` among the inputs to turn to, and "
                "there is none",
                help="write `by probabilistic`, or add an input with a vector",
            )
            return
        if method == "frame" and linear and not self.inputs.moves_axes(group.name):
            self.report.error(
                "SYM503",
                span,
                f"no input has an axis that `{group.name}` moves, so there are no principal axes",
                help="write `by average` or `by probabilistic`",
            )
            return
        anchor = self._anchor(group, options)
        net = self._net(group, method, options)
        values = {
            name: value
            for name, (value, _) in options.items()
            if name in ("samples", "eval_samples", "noise_scale", "temperature", "entropy")
        }
        self.stages.append(
            Stage(
                group=group.name,
                method=method,
                explicit=explicit,
                anchor=anchor if how.acts or facts.affine else None,
                net=net,
                **values,
            )
        )

    def _anchor(self, group: GroupInstance, options: dict[str, Any]) -> str | None:
        candidates = self.inputs.points(group.name)
        if "anchor" in options and families()[group.family].affine:
            name, span = options["anchor"]
            if name not in candidates:
                known = listed(candidates) or "none"
                self.report.error(
                    "SYM509",
                    span,
                    f"`{name}` is no input with a point of `{group.name}`",
                    help=f"inputs that carry one: {known}",
                )
                return None
            return str(name)
        if "anchor" in options:
            self.report.error(
                "SYM509",
                options["anchor"][1],
                f"`{group.name}` has no translations, so nothing to anchor",
                help="remove the option",
            )
        return candidates[0] if candidates else None

    def _net(self, group: GroupInstance, method: str, options: dict[str, Any]) -> NetChoice | None:
        facts = families()[group.family]
        if not methods()[method].learned or facts.element == "translation":
            if "net" in options and facts.element == "translation":
                self.report.error(
                    "SYM508",
                    options["net"][1],
                    f"`{group.name}` is taken by the mean of its points: it has no net",
                )
            return None
        kind = "permutation" if facts.element == "permutation" else "orthogonal"
        fitting = [name for name, net in nets().items() if net.fits == kind]
        name = "vector_neurons"
        if kind == "permutation":
            name = "gin" if self.inputs.has_pairs(group.name) else "deepsets"
        chosen: dict[str, int] = {}
        if "net" in options:
            expression, _ = options["net"]
            named = expression.function if isinstance(expression, ast.Call) else expression
            name = named.text if isinstance(named, ast.Name) else ""
            if name not in fitting:
                self.report.error(
                    "SYM508",
                    named.span,
                    f"`{name}` does not fit `{group.name}`"
                    if name in nets()
                    else f"there is no net `{self.report.excerpt(named.span)}`",
                    help=suggestion(name, fitting, f"nets for it: {listed(fitting, 'or')}"),
                )
                return None
            if isinstance(expression, ast.Call):
                chosen = self._net_options(name, expression)
        defaults = {key: option.default for key, option in nets()[name].options.items()}
        return NetChoice(name=name, options={**defaults, **chosen})

    def _net_options(self, net: str, call: ast.Call) -> dict[str, int]:
        known = nets()[net].options
        values: dict[str, int] = {}
        for argument in call.arguments:
            name = argument.name.text if argument.name is not None else ""
            if name not in known:
                self.report.error(
                    "SYM504",
                    argument.span,
                    f"`{net}` has no option `{name}`" if name else "options are named",
                    help=suggestion(name, known, f"it takes {listed(known)}"),
                )
                continue
            if name in values:
                self.report.error("SYM504", argument.span, f"the option `{name}` is given twice")
                continue
            number = _number(argument.value)
            option = known[name]
            if not isinstance(number, int) or not option.low <= number <= option.high:
                self.report.error(
                    "SYM505",
                    argument.value.span,
                    f"`{name}` is a whole number from {option.low} to {option.high}, "
                    f"not `{self.report.excerpt(argument.value.span)}`",
                )
                continue
            values[name] = number
        return values


def _number(expression: ast.Expression) -> int | float | None:
    match expression:
        case ast.Integer(value=value):
            return value
        case ast.Decimal(text=text):
            return float(text)
        case ast.Negative(operand=operand):
            value = _number(operand)
            return None if value is None else -value
        case _:
            return None
