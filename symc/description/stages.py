"""How the groups of a spec are handled, and what that costs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from math import prod

from symc.description.model import Cost, StageDescription
from symc.ir.blocks import blocks
from symc.ir.drawing import affordable, numbers_of_samples
from symc.ir.groups import GroupInstance, Stage
from symc.ir.program import Program
from symc.ir.sizes import Size
from symc_runtime.catalogue import groups as families
from symc_runtime.catalogue import methods


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
    return {
        stage.group: elements if left is None else None
        for stage, elements, left in affordable(program, parameters)
    }


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
        if option.kind != "net" and option.concerns(element):
            value = getattr(stage, name)
            if value is not None:
                shown[name] = value
    return shown


def _net(stage: Stage) -> str | None:
    if stage.net is None:
        return None
    options = ", ".join(f"{name}={value}" for name, value in stage.net.options.items())
    return f"{stage.net.name}({options})"


def cost(program: Program, elements: Iterable[int | str | None]) -> Cost:
    """How often a call evaluates the base, an example; `elements`: of each stage."""
    counts = [count for count in elements if count != 1]
    sampled = None in counts
    samples, eval_samples = numbers_of_samples(program)
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
