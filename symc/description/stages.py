"""How the groups of a spec are handled, and what that costs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from math import factorial, prod

from symc.description.model import Cost, StageDescription
from symc.ir.blocks import blocks
from symc.ir.groups import GroupInstance, Stage
from symc.ir.program import Program
from symc.ir.sizes import Size
from symc_runtime.catalogue import groups as families
from symc_runtime.catalogue import methods
from symc_runtime.methods.method import ENUMERATION_BUDGET, SAMPLES

LARGEST = 12
"""The factorials of larger numbers stay formulas."""


def atom(size: Size) -> str:
    """A size as a factor of a formula."""
    return str(size) if len(size.terms) == 1 and "*" not in str(size) else f"({size})"


def describe_stage(
    stage: Stage, group: GroupInstance, elements: int | str | None
) -> StageDescription:
    """A stage of the group that takes so many elements, see `enumerated`."""
    return StageDescription(
        group=stage.group,
        method=stage.method,
        explicit=stage.explicit,
        options=_options(stage, group),
        net=_net(stage),
        elements=elements,
    )


def enumerated(program: Program, parameters: Mapping[str, Size]) -> dict[str, int | str | None]:
    """How many elements the stage of each group takes at a call, None where it draws samples.

    One that would exceed what earlier ones leave of the budget draws samples.
    """
    budget = ENUMERATION_BUDGET
    found: dict[str, int | str | None] = {}
    for stage in program.stages:
        elements = _elements(stage, program.group(stage.group), parameters[stage.group])
        if isinstance(elements, int):
            elements = elements if elements <= budget else None
            budget //= elements or 1
        found[stage.group] = elements
    return found


def method_of(stage: Stage, group: GroupInstance) -> str:
    """Method, options and net of a stage on one line: `by frame(samples=6)`."""
    options = ", ".join(f"{name}={value}" for name, value in _options(stage, group).items())
    text = f"by {stage.method}" + (f"({options})" if options else "")
    net = _net(stage)
    return text if net is None else f"{text}; net {net}"


def _options(stage: Stage, group: GroupInstance) -> dict[str, int | float | str]:
    """The options of the stage that have an effect, and a value from the spec or by default."""
    element = families()[group.family].element
    shown: dict[str, int | float | str] = {}
    for name, option in methods()[stage.method].options.items():
        if option.kind != "net" and option.element in (None, element):
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
            return f"{atom(parameter)}!"
        return factorial(value) if value <= LARGEST else None
    if stage.method != "frame":
        return None
    if value is None:
        return f"2^({parameter} - 1)" if facts.special else f"2^{atom(parameter)}"
    return 2 ** (value - 1 if facts.special else value) if value <= 16 else None


def cost(program: Program, elements: Iterable[int | str | None]) -> Cost:
    """How often a call evaluates the base, an example; `elements`: of each stage."""
    counts = [count for count in elements if count != 1]
    sampled = None in counts
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
        error=samples**-0.5 if sampled else None,
        eval_error=eval_samples**-0.5 if sampled else None,
        points=any(
            block.affine is not None
            for tensor in program.outputs
            for block in blocks(tensor, program.groups)
        ),
    )
