"""How many elements the stages of a spec take at a call, all that they have or samples."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from symc.ir.groups import GroupInstance, Stage
from symc.ir.program import Program
from symc.ir.sizes import Size
from symc_runtime.catalogue import methods
from symc_runtime.groups.designs import size
from symc_runtime.methods.method import ENUMERATION_BUDGET, left_of
from symc_runtime.methods.method import numbers_of_samples as _numbers

Elements = int | str
"""A number, or its formula where a size is open or the number has more than 63 bits."""


def numbers_of_samples(program: Program) -> tuple[int, int]:
    """K of the stages that draw, in training and in eval mode."""
    acting = [stage for stage in program.stages if methods()[stage.method].acts]
    samples = next((s.samples for s in acting if s.samples is not None), None)
    eval_samples = next((s.eval_samples for s in acting if s.eval_samples is not None), None)
    return _numbers(samples, eval_samples, [methods()[stage.method] for stage in acting])


def enumerates(stage: Stage) -> bool:
    """Whether the stage takes every element that it has, where they are few enough."""
    method = methods()[stage.method]
    return method.exhaustive and not method.weighs and _unset(stage)


def weighed(stage: Stage, group: GroupInstance, parameter: Size) -> int | None:
    """How many elements the stage takes in eval mode, each with its probability; None: it draws."""
    method, value = methods()[stage.method], parameter.value
    if not method.weighs or not _unset(stage) or not stage.noise_scale or value is None:
        return None
    return None if single(group, parameter) else method.elements(group.facts, value)


def _unset(stage: Stage) -> bool:
    return stage.samples is None and stage.eval_samples is None


def single(group: GroupInstance, parameter: Size) -> bool:
    """Whether there is nothing to draw: beside translations the group has the identity alone."""
    facts, value = group.facts, parameter.value
    return 1 in (facts.rest_order_formula(str(parameter)), value and facts.rest_order(value))


def elements(stage: Stage, group: GroupInstance, parameter: Size) -> Elements | None:
    """How many elements the stage takes at each call, whatever the budget; None: it draws."""
    method, facts = methods()[stage.method], group.facts
    if stage.degree is not None and parameter.value is not None:
        return size(parameter.value, facts.special, stage.degree)
    if single(group, parameter):
        return 1
    if method.samples and not enumerates(stage):
        return None
    value = parameter.value
    number = None if value is None else method.elements(facts, value)
    return method.formula(facts, str(parameter)) if number is None else number


def affordable(
    program: Program, parameters: Mapping[str, Size], training: bool = True
) -> Iterator[tuple[Stage, Elements | None, int | None]]:
    """Each stage, how many elements it takes, and what is left of the budget if that is too little.

    In the order of the stages; a design takes from the budget first, what is `weighed` counts in
    eval mode and takes from it last. Open numbers of elements are taken to be affordable.
    """
    left = ENUMERATION_BUDGET
    taken: dict[str, tuple[Elements | None, int | None]] = {}
    in_turn = sorted(
        program.stages,
        key=lambda stage: (stage.degree is None, methods()[stage.method].weighs),
    )
    for stage in in_turn:
        group, parameter = program.group(stage.group), parameters[stage.group]
        found = elements(stage, group, parameter)
        if found is None and not training:
            found = weighed(stage, group, parameter)
        taken[stage.group] = (found, None)
        if found is None or parameter.value is None:
            continue
        asked = stage.degree is not None
        rest = left_of(left, found if isinstance(found, int) else None, asked)
        taken[stage.group] = (found, left if rest is None else None)
        left = left if rest is None else rest
    for stage in program.stages:
        yield stage, *taken[stage.group]
