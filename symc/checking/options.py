"""Options of methods and of nets, by name, kind and range."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

from symc.checking.informing import Informing
from symc.checking.report import Report, listed, nearest, suggestion
from symc.diagnostics.diagnostic import Related
from symc.ir.groups import GroupInstance, NetChoice
from symc.syntax import ast
from symc_runtime.catalogue import nets
from symc_runtime.groups.finite import Finite
from symc_runtime.methods.method import Method, MethodOption
from symc_runtime.nets.net import LOOKED_AT, Net, Switch

MAXIMUM_COUNT = 1_000_000


@dataclass
class Options:
    """What one `symmetrize` line says: numbers by name, the net, the anchor and its place."""

    counts: dict[str, int] = field(default_factory=dict)
    numbers: dict[str, float] = field(default_factory=dict)
    net: NetChoice | None = None
    anchor: ast.Name | None = None


def fitting_nets(group: GroupInstance) -> list[str]:
    """Names of the nets that can choose an element of the group."""
    facts = group.facts
    kind = "permutation" if facts.permutes else "orthogonal" if facts.turns else None
    if facts.tabled:
        kind = "finite"
    elif facts.flips:
        kind = "signs"
    elif facts.nests:
        kind = "nested"
    return [name for name, net in nets().items() if net.fits == kind]


def default_options(name: str) -> NetChoice:
    """The net `name` with its default options."""
    options = {key: option.default for key, option in nets()[name].options.items()}
    return NetChoice(name=name, options=options)


def read_options(
    arguments: Sequence[ast.Argument],
    method: Method,
    line_groups: Sequence[GroupInstance],
    informing: Informing,
    report: Report,
) -> Options:
    """The options of one line; each that is wrong is reported and left out."""
    found = Options()
    owner = f"the method `{method.name}`"
    for name, argument in _named(arguments, owner, method.options, report).items():
        option = method.options[name]
        _warn_of_no_effect(argument, option, line_groups, report)
        match option.kind:
            case "count":
                count = _count(argument, 1, MAXIMUM_COUNT, report)
                if count is not None:
                    found.counts[name] = count
            case "net":
                found.net = _net(argument, line_groups, informing, report)
            case "input":
                if isinstance(argument.value, ast.Name):
                    found.anchor = argument.value
                else:
                    message = f"`{name}` takes the name of an input"
                    report.error("SYM505", argument.value.span, message, help="write `anchor=pos`")
            case _:
                number = _number(argument, option, report)
                if number is not None:
                    found.numbers[name] = number
    return found


def _warn_of_no_effect(
    argument: ast.Argument,
    option: MethodOption,
    line_groups: Sequence[GroupInstance],
    report: Report,
) -> None:
    """Warn of an option that no group of the line reads."""
    read = any(option.is_about(g.facts.element) for g in line_groups)
    if argument.name is not None and line_groups and not read:
        groups = listed(group.name for group in line_groups)
        having = _having(option)
        report.add(
            "SYM511",
            argument.name.span,
            f"`{argument.name.text}` changes nothing for {groups}: it is the {option.meaning}, "
            f"which only {having} has",
            help=f"leave it out, or write it on the line of {having.rstrip(',')}",
        )


def _having(option: MethodOption) -> str:
    """Which groups the option is about, in words."""
    if "finite" in option.elements:
        return "a finite group, as S(n) or C(k),"
    written = [group for kind in option.elements for group in _WRITTEN.get(kind, ())]
    return f"a group {', '.join(written[:-1])} or {written[-1]}"


_WRITTEN = {
    "permutation": ("S(n)",),
    "nested": ("S(m) wr S(n)",),
    "orthogonal": ("O(d)", "SO(d)"),
    "euclidean": ("E(d)", "SE(d)"),
}
"""Groups of each kind of element, as a spec writes them."""


def _named(
    arguments: Sequence[ast.Argument], owner: str, known: Collection[str], report: Report
) -> dict[str, ast.Argument]:
    """The arguments that name an option of `owner`, each once, by that name."""
    names = list(known)
    listing = f"its options: {listed(names)}" if names else "it has no options"
    first: dict[str, ast.Argument] = {}
    for argument in arguments:
        if argument.name is None:
            message = f"options of {owner} are named"
            help_text = f"write `name=value`; {listing}"
            report.error("SYM504", argument.value.span, message, help=help_text)
        elif argument.name.text not in names:
            name = argument.name.text
            near = suggestion(name, names)
            report.error(
                "SYM504",
                argument.name.span,
                f"{owner} has no option `{name}`",
                help=listing if near is None else f"{near} {listing}",
                fix=nearest(name, names),
            )
        elif argument.name.text in first:
            other = first[argument.name.text].name
            report.error(
                "SYM504",
                argument.name.span,
                f"the option `{argument.name.text}` is given twice",
                help="keep one of the two",
                related=[Related(other.span, "first given here")] if other else [],
            )
        else:
            first[argument.name.text] = argument
    return first


def _literal(value: ast.Expression) -> float | None:
    """A number with its sign; whole ones stay int."""
    match value:
        case ast.Integer(value=whole):
            return whole
        case ast.Decimal(text=text):
            return float(text)
        case ast.Negative(operand=operand):
            inner = _literal(operand)
            return None if inner is None else -inner
    return None


def _count(argument: ast.Argument, low: int, high: int, report: Report) -> int | None:
    value = _literal(argument.value)
    if isinstance(value, int) and low <= value <= high:
        return value
    name = argument.name.text if argument.name else ""
    report.error(
        "SYM505",
        argument.value.span,
        f"`{name}` is a whole number from {low} to {high:,}, not "
        f"`{report.excerpt(argument.value.span)}`",
        help=f"write `{name}={min(max(20, low), high)}`, for instance",
    )
    return None


def _switch(argument: ast.Argument, report: Report) -> bool | None:
    value = argument.value
    if isinstance(value, ast.Name) and value.text in ("true", "false"):
        return value.text == "true"
    name = argument.name.text if argument.name else ""
    report.error(
        "SYM505",
        value.span,
        f"`{name}` is `true` or `false`, not `{report.excerpt(value.span)}`",
        help=f"write `{name}=false`, for instance",
    )
    return None


def _number(argument: ast.Argument, option: MethodOption, report: Report) -> float | None:
    value = _literal(argument.value)
    positive = option.kind == "positive"
    infinite = False
    if value is not None:
        try:
            number = float(value)
        except OverflowError:
            number = math.inf
        within = number <= 1 or option.kind != "share"
        if math.isfinite(number) and within and (number > 0 or (number == 0 and not positive)):
            return number
        infinite = not math.isfinite(number)
    name = argument.name.text if argument.name else ""
    span = "above 0" if positive else "from 0 to 1" if option.kind == "share" else "from 0"
    written = "" if value is not None else ", written as a decimal such as `0.1`"
    report.error(
        "SYM505",
        argument.value.span,
        f"`{name}` is a {'finite ' if infinite else ''}number "
        f"{span}{written}, not "
        f"`{report.excerpt(argument.value.span)}`",
        help=f"{option.meaning}; the default is {option.default}",
    )
    return None


def _net(
    argument: ast.Argument,
    line_groups: Sequence[GroupInstance],
    informing: Informing,
    report: Report,
) -> NetChoice | None:
    value = argument.value
    name = value.function if isinstance(value, ast.Call) else value
    if not isinstance(name, ast.Name):
        report.error(
            "SYM508",
            value.span,
            "`net` takes a net, with options or without",
            help=f"write `net={next(iter(nets()))}(hidden=64)`; nets: {listed(nets())}",
        )
        return None
    for group in line_groups:
        fitting = fitting_nets(group)
        blind = (
            name.text in fitting
            and nets()[name.text].reads_images
            and informing.complete
            and not informing.has_images(group)
        )
        if name.text in fitting and not blind:
            continue
        if blind:
            message = f"the net `{name.text}` has no image of `{group.name}` to look at"
            hint: str | None = _instead_of_images(group, fitting)
        elif not fitting:
            message = f"`{group.name}` takes no net: its element is the mean of the anchor"
            hint = "drop the option, or handle the group on a line of its own"
        elif name.text in nets():
            message = f"the net `{name.text}` does not fit `{group.name}`"
            hint = f"nets for `{group.name}`: {listed(fitting)}"
            if len(line_groups) > 1:
                hint += "; give each group a line of its own"
        else:
            message = f"there is no net `{name.text}`"
            near = suggestion(name.text, fitting)
            listing = f"nets for `{group.name}`: {listed(fitting)}"
            hint = listing if near is None else f"{near} {listing}"
        fix = None if name.text in nets() else nearest(name.text, fitting)
        report.error("SYM508", name.span, message, help=hint, fix=fix)
        return None
    if name.text not in nets():
        report.error(
            "SYM508",
            name.span,
            f"there is no net `{name.text}`",
            help=suggestion(name.text, nets()) or f"nets: {listed(nets())}",
            fix=nearest(name.text, nets()),
        )
        return None
    choice = default_options(name.text)
    if not isinstance(value, ast.Call):
        return choice
    return NetChoice(
        name=name.text,
        options={**choice.options, **_net_options(value, nets()[name.text], report)},
    )


def _instead_of_images(group: GroupInstance, fitting: Sequence[str]) -> str:
    """What helps a net that finds no image."""
    facts = group.facts
    parameter = group.parameter.value
    others = [name for name in fitting if not nets()[name].reads_images]
    found = f"nets for these inputs: {listed(others)}"
    if not isinstance(facts, Finite) or parameter is None:
        return found
    if "grid" not in facts.atoms or not facts.choices("grid", parameter):
        return found
    axes = facts.atoms["grid"].axes
    if axes not in LOOKED_AT:
        return found
    sides = {1: "n", 2: "(h, h)" if facts.sides(parameter) else "(h, w)"}.get(axes, "(h, h, h)")
    what = {1: "a sequence", 2: "an image"}.get(axes, "voxels")
    verb = "are" if axes == 3 else "is"
    return (
        f"{found}; {what} {verb} an input `{sides}: {group.name}.grid` whose other axes are "
        "channels or items"
    )


def _net_options(call: ast.Call, net: Net, report: Report) -> dict[str, bool | int]:
    given: dict[str, bool | int] = {}
    owner = f"the net `{net.name}`"
    for name, argument in _named(call.arguments, owner, net.options, report).items():
        option = net.options[name]
        if isinstance(option, Switch):
            switch = _switch(argument, report)
            if switch is not None:
                given[name] = switch
            continue
        count = _count(argument, option.low, option.high, report)
        if count is not None:
            given[name] = count
    return given
