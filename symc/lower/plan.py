"""What a compiled module is made of, before any graph: declarations and stage constructors."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from symc.ir.drawing import enumerates, numbers_of_samples, single, weighed
from symc.ir.groups import GroupInstance, Stage
from symc.ir.program import Program
from symc.ir.sizes import Size
from symc.lower import declarations
from symc.lower.identifiers import ATTRIBUTE_NAMES, Namespace, class_name
from symc_runtime.catalogue import methods
from symc_runtime.groups.family import NoRuleError
from symc_runtime.spec import layout
from symc_runtime.spec.draws import Draw, always_draws

STRAIGHT_THROUGH = (
    "LearnedPermutation",
    "MixedPermutation",
    "LearnedNested",
    "LearnedFinite",
    "LearnedSigns",
)
"""Distributions whose gradients in training are not those of what they return."""


@dataclass(frozen=True)
class StagePlan:
    """One stage: the group, how it is handled, and the module that draws its element.

    `attribute` is the name of the submodule; `distribution` its class in
    symc_runtime.distributions, None where nothing is drawn (translations alone); `keywords` its
    arguments after inputs and groups. `shares`: its net also reads the inputs before any element
    posed them, one row an example.
    """

    group: layout.Group
    stage: Stage
    attribute: str
    distribution: str | None
    keywords: dict[str, Any]
    shares: bool = False

    @property
    def comment(self) -> str:
        """One line for people: what this stage does."""
        if self.distribution is None:
            return f"{self.group}: translations, by the mean of {self.stage.anchor}."
        method = methods()[self.stage.method]
        centred = f", after centring on {self.stage.anchor}" if self.stage.anchor else ""
        title = method.title
        if self.stage.degree is not None:
            title = f"a design of degree {self.stage.degree} at a random place"
        return f"{self.group} by {method.name}: {title}{centred}."


@dataclass(frozen=True)
class Plan:
    """Everything that the graph, the module and the emitted source share."""

    program: Program
    class_name: str
    groups: tuple[layout.Group, ...]
    inputs: tuple[layout.Tensor, ...]
    outputs: tuple[layout.Tensor, ...]
    stages: tuple[StagePlan, ...]
    draws: tuple[Draw, ...]
    trusted: tuple[str, ...]
    ragged: dict[str, int]
    fixed: dict[str, int]
    samples: int | None
    eval_samples: int | None


def _distribution(
    stage: Stage,
    group: layout.Group,
    later: tuple[str, ...],
    earlier: tuple[str, ...],
    anchors: dict[str, int],
    atoms: tuple[str, ...],
) -> tuple[str | None, dict[str, Any]]:
    if not _draws(group):
        return None, {}
    if group.tabled:
        return _finite(stage, group, later, anchors, atoms)
    if group.flips:
        return _signs(stage, group, later, anchors)
    if group.nests:
        return _nested(stage, group, later, anchors)
    permutation = group.permutes
    own: dict[str, Any] = {"own": group.name}
    if stage.method == "average":
        if stage.degree is not None:
            return "DesignOrthogonal", own | {"degree": stage.degree}
        return ("AveragePermutation" if permutation else "AverageOrthogonal"), own
    context: dict[str, Any] = {**own, "later": later}
    learned = permutation and stage.method != "frame"
    if learned and earlier:
        context["earlier"] = earlier
    if not learned:
        anchors = {name: index for name, index in anchors.items() if name in later}
    if anchors:
        context["anchors"] = anchors
    if stage.method == "frame":
        return ("SortingFrame" if permutation else "PrincipalFrame"), context
    if stage.method not in ("canonical", "probabilistic"):
        raise NoRuleError(f"there is no rule here for the method {stage.method!r} of {stage.group}")
    if stage.net is None:
        raise ValueError(f"stage {stage.group}: method {stage.method} without a net")
    context |= {"net": stage.net.name, "options": dict(stage.net.options)}
    probabilistic = stage.method == "probabilistic"
    context["probabilistic"] = probabilistic
    if probabilistic:
        context["noise_scale"] = stage.noise_scale
    if permutation:
        context["temperature"] = stage.temperature
    name = "Permutation" if permutation else "Orthogonal"
    if probabilistic and stage.haar:
        return f"Mixed{name}", context | {"haar": stage.haar}
    return f"Learned{name}", context


def _finite(
    stage: Stage,
    group: layout.Group,
    later: tuple[str, ...],
    anchors: dict[str, int],
    atoms: tuple[str, ...],
) -> tuple[str, dict[str, Any]]:
    """What draws the element of a group by its number."""
    own: dict[str, Any] = {"own": group.name, "atoms": atoms}
    if stage.method == "average":
        return "AverageFinite", own
    context = own | _around(later, anchors)
    if stage.method == "frame":
        return "TemplateFrame", context
    return "LearnedFinite", context | _learned(stage)


def _signs(
    stage: Stage, group: layout.Group, later: tuple[str, ...], anchors: dict[str, int]
) -> tuple[str, dict[str, Any]]:
    """What draws a sign for each item."""
    own: dict[str, Any] = {"own": group.name}
    if stage.method == "average":
        return "AverageSigns", own
    context = own | _around(later, anchors)
    if stage.method == "frame":
        return "SignFrame", context
    return "LearnedSigns", context | _learned(stage)


def _nested(
    stage: Stage, group: layout.Group, later: tuple[str, ...], anchors: dict[str, int]
) -> tuple[str, dict[str, Any]]:
    """What draws an order of blocks, and one of the items in each."""
    own: dict[str, Any] = {"own": group.name}
    if stage.method == "average":
        return "AverageNested", own
    context = own | _around(later, anchors)
    if stage.method == "frame":
        return "NestedFrame", context
    context |= _learned(stage)
    if stage.method == "probabilistic" and stage.haar:
        context["haar"] = stage.haar
    return "LearnedNested", context


def _around(later: tuple[str, ...], anchors: dict[str, int]) -> dict[str, Any]:
    """Later groups, and where the points of those are seen from."""
    anchors = {name: index for name, index in anchors.items() if name in later}
    return {"later": later} | ({"anchors": anchors} if anchors else {})


def _learned(stage: Stage) -> dict[str, Any]:
    """What a stage says of a net whose scores choose softly in training."""
    if stage.method not in ("canonical", "probabilistic"):
        raise NoRuleError(f"there is no rule here for the method {stage.method!r} of {stage.group}")
    if stage.net is None:
        raise ValueError(f"stage {stage.group}: method {stage.method} without a net")
    context: dict[str, Any] = {"net": stage.net.name, "options": dict(stage.net.options)}
    context["probabilistic"] = stage.method == "probabilistic"
    if stage.method == "probabilistic":
        context["noise_scale"] = stage.noise_scale
    context["temperature"] = stage.temperature
    return context


def _atoms(program: Program, group: str) -> tuple[str, ...]:
    """What tables of a group the tensors of a program are moved by, in their order."""
    found: dict[str, None] = {}
    for tensor in (*program.inputs, *program.outputs):
        for block in program.blocks[tensor.name]:
            for axis in block.axes:
                if axis.group == group and axis.kind == "table" and axis.atom is not None:
                    grid = axis.atom == "grid"
                    inside = "" if grid else ", ".join(map(str, axis.arguments))
                    found[f"{axis.atom}({inside})" if inside else axis.atom] = None
    return tuple(found)


def make_plan(program: Program) -> Plan:
    """The plan of a checked spec. Groups handled `by base` draw nothing and stay last."""
    groups = {instance.name: declarations.group(instance) for instance in program.groups}
    inputs = tuple(declarations.tensor(tensor, program) for tensor in program.inputs)
    acting = [stage for stage in program.stages if methods()[stage.method].acts]
    trusted = [stage for stage in program.stages if not methods()[stage.method].acts]
    fixed = {v.name: v.value for v in program.sizes if v.kind == "fixed" and v.value is not None}
    namespace = Namespace(ATTRIBUTE_NAMES)
    stages: list[StagePlan] = []
    draws: list[Draw] = []
    first = next((i for i, s in enumerate(acting) if _draws(groups[s.group])), len(acting))
    for index, stage in enumerate(acting):
        later = [*acting[index + 1 :], *trusted]
        # What the first stage that draws sees is centred already, for it and those before it.
        earlier = acting[first:index]
        found = {other.group: _anchor(other, inputs) for other in [*earlier[1:], *later]}
        anchors = {name: index for name, index in found.items() if index is not None}
        group = groups[stage.group]
        # `self.__P` would mean another name inside a class, `self.__` does not.
        written = program.group(stage.group).identifier
        bare = written.lstrip("_")
        attribute = namespace.name(bare if bare and written[:2] == "__" else written)
        distribution, keywords = _distribution(
            stage,
            group,
            tuple(other.group for other in later),
            tuple(other.group for other in earlier),
            anchors,
            _atoms(program, group.name),
        )
        if distribution is not None and fixed:
            keywords["sizes"] = fixed
        if distribution in STRAIGHT_THROUGH and any(t.derivation for t in program.outputs):
            keywords["detached"] = True
        shares = "earlier" in keywords
        stages.append(StagePlan(group, stage, attribute, distribution, keywords, shares))
        if distribution is not None:
            draws.append(_draw(stage, program.group(stage.group), attribute, fixed))
    samples, eval_samples = numbers_of_samples(program)
    # Where every stage takes all elements that it has, no number is set.
    counted, in_eval = (
        always_draws(draws, tuple(groups.values()), fixed, training) for training in (True, False)
    )
    return Plan(
        program=program,
        class_name=class_name(program.name),
        groups=tuple(groups.values()),
        inputs=inputs,
        outputs=tuple(declarations.tensor(tensor, program) for tensor in program.outputs),
        stages=tuple(stages),
        draws=tuple(draws),
        trusted=tuple(stage.group for stage in trusted),
        ragged={v.name: v.bound for v in program.sizes if v.bound is not None},
        fixed=fixed,
        samples=samples if counted else None,
        eval_samples=eval_samples if in_eval else None,
    )


def _anchor(stage: Stage, inputs: tuple[layout.Tensor, ...]) -> int | None:
    """The input whose mean is the origin of the group's points; None where it moves none.

    A group `by base` names none, but nets see its points relative to each other all the same.
    """
    named = [i for i, tensor in enumerate(inputs) if tensor.name == stage.anchor]
    moved = (
        i
        for i, tensor in enumerate(inputs)
        if any(block.affine == stage.group for block in layout.blocks(tensor))
    )
    return named[0] if named else next(moved, None)


def _draws(group: layout.Group) -> bool:
    return group.permutes or group.turns or group.flips or group.tabled or group.nests


def _draw(stage: Stage, group: GroupInstance, attribute: str, fixed: dict[str, int]) -> Draw:
    method = methods()[stage.method]
    known = {name: Size.constant(value) for name, value in fixed.items()}
    parameter = group.parameter.substitute(known)
    every = enumerates(stage) or weighed(stage, group, parameter) is not None
    return Draw(
        key=stage.group,
        attribute=attribute,
        enumerates=stage.method if every else "",
        samples=method.samples and stage.degree is None and not single(group, parameter),
        entropy=stage.entropy if "entropy" in method.options else 0.0,
        degree=stage.degree,
    )
