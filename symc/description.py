"""What there is to say about a checked spec, as plain data."""

from __future__ import annotations

from math import factorial, prod

from symc.ir.determination import determine
from symc.ir.groups import GroupInstance, Stage
from symc.ir.model import Model
from symc.ir.notation import tensor as written
from symc.ir.program import Program
from symc.ir.sizes import Size
from symc_runtime.catalogue import groups as families
from symc_runtime.catalogue import methods
from symc_runtime.methods.method import ENUMERATION_BUDGET, SAMPLES

_LARGEST = 12


class GroupDescription(Model):
    """A group: `order` is a number, a formula such as `n!`, or None where it is infinite.

    `dimension` is that of the Lie group, 0 where it is finite, None while its size is open.
    """

    name: str
    constructor: str
    title: str
    order: int | str | None
    dimension: int | None


class SizeDescription(Model):
    """A size: `kind` free, fixed or ragged; `told_by` the axis that tells it, `pos, axis 0`."""

    name: str
    kind: str
    value: int | None
    bound: int | None
    told_by: str | None


class TensorDescription(Model):
    """A tensor as a spec writes it; `shape` without the batch axis."""

    name: str
    kind: str
    written: str
    shape: tuple[str, ...]
    labels: int | None


class StageDescription(Model):
    """A stage, its options filled in; `elements`: how many it enumerates, None: it samples."""

    group: str
    method: str
    explicit: bool
    options: dict[str, int | float | str]
    net: str | None
    elements: int | str | None


class Cost(Model):
    """Base evaluations an example and call: `samples` x `enumerated`; `total` None while open.

    `sampled`: whether any stage draws samples, so that K is more than what is enumerated.
    """

    samples: int
    eval_samples: int
    sampled: bool
    enumerated: int | str
    total: int | None
    eval_total: int | None


class Description(Model):
    """Everything `symc describe` shows."""

    name: str
    doc: str
    groups: tuple[GroupDescription, ...]
    sizes: tuple[SizeDescription, ...]
    tensors: tuple[TensorDescription, ...]
    stages: tuple[StageDescription, ...]
    cost: Cost


def describe(program: Program) -> Description:
    """Describe a program; reads facts only, never tensors."""
    values = {v.name: Size.constant(v.value) for v in program.sizes if v.value is not None}
    told = {
        entry.name: f"{entry.tensor}, axis {entry.axis}"
        for entry in determine(program.inputs, values.keys())
    }
    groups = {g.name: g for g in program.groups}
    parameters = {g.name: g.parameter.substitute(values) for g in program.groups}
    tensors = [("input", t) for t in program.inputs] + [("output", t) for t in program.outputs]
    return Description(
        name=program.name,
        doc=program.doc,
        groups=tuple(_group(g, parameters[g.name]) for g in program.groups),
        sizes=tuple(
            SizeDescription(
                name=v.name, kind=v.kind, value=v.value, bound=v.bound, told_by=told.get(v.name)
            )
            for v in program.sizes
        ),
        tensors=tuple(
            TensorDescription(
                name=t.name,
                kind=kind,
                written=written(t, program.groups),
                shape=tuple(str(axis.size) for axis in t.axes),
                labels=t.labels,
            )
            for kind, t in tensors
        ),
        stages=tuple(
            StageDescription(
                group=s.group,
                method=s.method,
                explicit=s.explicit,
                options=_options(s),
                net=_net(s),
                elements=_elements(s, groups[s.group], parameters[s.group]),
            )
            for s in program.stages
        ),
        cost=_cost(program, groups, parameters),
    )


def _group(group: GroupInstance, parameter: Size) -> GroupDescription:
    facts = families()[group.family]
    value = parameter.value
    order: int | str | None = None
    if facts.finite:
        small = value is not None and value <= _LARGEST
        order = facts.order(value or 1) if small else f"{_atom(parameter)}!"
    return GroupDescription(
        name=group.name,
        constructor=f"{group.family}({group.parameter})",
        title=facts.title,
        order=order,
        dimension=0 if facts.finite else None if value is None else facts.dimension(value),
    )


def _atom(size: Size) -> str:
    return str(size) if len(size.terms) == 1 and "*" not in str(size) else f"({size})"


def _options(stage: Stage) -> dict[str, int | float | str]:
    """The options of the stage's method that the spec sets or that have a value by default."""
    shown: dict[str, int | float | str] = {}
    for name, option in methods()[stage.method].options.items():
        if option.kind != "net":
            value = getattr(stage, name)
            if value is not None:
                shown[name] = value
    return shown


def _net(stage: Stage) -> str | None:
    if stage.net is None:
        return None
    options = ", ".join(f"{name}={value}" for name, value in stage.net.options.items())
    return f"{stage.net.name}({options})"


def _elements(stage: Stage, group: GroupInstance, parameter: Size) -> int | str | None:
    """How many elements the stage takes at each call, None where it draws samples."""
    method, facts = methods()[stage.method], families()[group.family]
    if not method.acts or facts.element == "translation" or "samples" not in method.options:
        return 1
    if not method.exhaustive or stage.samples is not None or stage.eval_samples is not None:
        return None
    value = parameter.value
    if facts.element == "permutation":
        if stage.method == "frame":
            return 1
        if value is None:
            return f"{_atom(parameter)}!"
        return factorial(value) if value <= _LARGEST else None
    if stage.method != "frame":
        return None
    if value is None:
        return f"2^({parameter} - 1)" if facts.special else f"2^{_atom(parameter)}"
    return 2 ** (value - 1 if facts.special else value) if value <= 16 else None


def _cost(program: Program, groups: dict[str, GroupInstance], parameters: dict[str, Size]) -> Cost:
    counts: list[int | str] = []
    sampled = False
    budget = ENUMERATION_BUDGET
    for stage in program.stages:
        elements = _elements(stage, groups[stage.group], parameters[stage.group])
        if isinstance(elements, int) and elements > budget:
            elements = None
        if elements is None:
            sampled = True
        elif isinstance(elements, int):
            budget //= elements
            counts += [elements] if elements > 1 else []
        else:
            counts.append(elements)
    default = SAMPLES.default if isinstance(SAMPLES.default, int) else 1
    samples = next((s.samples for s in program.stages if s.samples is not None), default)
    explicit_eval = (s.eval_samples for s in program.stages if s.eval_samples is not None)
    eval_samples = next(explicit_eval, samples)
    whole = [count for count in counts if isinstance(count, int)]
    open_ones = [count for count in counts if isinstance(count, str)]
    product = prod(whole)
    text = " x ".join([*open_ones, *([str(product)] if product > 1 else [])])
    return Cost(
        samples=samples,
        eval_samples=eval_samples,
        sampled=sampled,
        enumerated=text if open_ones else product,
        total=None if open_ones else product * (samples if sampled else 1),
        eval_total=None if open_ones else product * (eval_samples if sampled else 1),
    )
