"""How the groups of a spec are handled, and what that costs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from math import prod
from typing import NamedTuple

from symc.description.model import Cost, StageDescription
from symc.ir.blocks import blocks
from symc.ir.drawing import Elements, affordable, numbers_of_samples
from symc.ir.groups import GroupInstance, Stage
from symc.ir.program import Program
from symc.ir.sizes import Size
from symc_runtime.catalogue import methods


def describe_stage(
    stage: Stage, group: GroupInstance, elements: Elements | None, eval_elements: Elements | None
) -> StageDescription:
    """A stage of the group that takes so many elements in each mode, see `enumerated`."""
    return StageDescription(
        group=stage.group,
        method=stage.method,
        explicit=stage.explicit,
        options=_options(stage, group),
        net=_net(stage),
        elements=elements,
        eval_elements=eval_elements,
    )


def enumerated(
    program: Program, parameters: Mapping[str, Size], training: bool
) -> dict[str, Elements | None]:
    """How many elements the stage of each group takes at a call, None where it draws samples.

    One that would exceed what earlier ones leave of the budget draws samples.
    """
    return {
        stage.group: elements if left is None else None
        for stage, elements, left in affordable(program, parameters, training)
    }


def method_of(stage: Stage, group: GroupInstance) -> str:
    """Method, options and net of a stage on one line: `by frame(samples=6)`."""
    options = ", ".join(f"{name}={value}" for name, value in _options(stage, group).items())
    text = f"by {stage.method}" + (f"({options})" if options else "")
    net = _net(stage)
    return text if net is None else f"{text}; net {net}"


def _options(stage: Stage, group: GroupInstance) -> dict[str, int | float | str]:
    """The options of the stage that have an effect, and a value from the spec or by default."""
    element = group.facts.element
    shown: dict[str, int | float | str] = {}
    for name, option in methods()[stage.method].options.items():
        if option.kind != "net" and option.is_about(element):
            value = getattr(stage, name)
            if value is not None:
                shown[name] = value
    return shown


def _net(stage: Stage) -> str | None:
    return None if stage.net is None else str(stage.net)


def cost(
    program: Program, elements: Iterable[Elements | None], in_eval: Iterable[Elements | None]
) -> Cost:
    """How often a call evaluates the base, an example; of each stage its elements by mode."""
    samples, eval_samples = numbers_of_samples(program)
    training, evaluation = _of_mode(elements, samples), _of_mode(in_eval, eval_samples)
    return Cost(
        samples=samples,
        eval_samples=eval_samples,
        sampled=training.sampled,
        eval_sampled=evaluation.sampled,
        enumerated=training.enumerated,
        eval_enumerated=evaluation.enumerated,
        total=training.total,
        eval_total=evaluation.total,
        error=training.error,
        eval_error=evaluation.error,
        points=any(
            block.affine is not None
            for tensor in program.outputs
            for block in blocks(tensor, program.groups)
        ),
    )


class _Mode(NamedTuple):
    sampled: bool
    enumerated: Elements
    total: int | None
    error: float | None


def _of_mode(elements: Iterable[Elements | None], samples: int) -> _Mode:
    counts = [count for count in elements if count != 1]
    sampled = None in counts
    whole = [count for count in counts if isinstance(count, int)]
    open_ones = [count for count in counts if isinstance(count, str)]
    product = prod(whole)
    text = " x ".join([*open_ones, *([str(product)] if product > 1 else [])])
    return _Mode(
        sampled=sampled,
        enumerated=text if open_ones else product,
        total=None if open_ones else product * (samples if sampled else 1),
        error=samples**-0.5 if sampled else None,
    )
