"""A description for people on a terminal."""

from __future__ import annotations

from collections.abc import Sequence

from symc.description.model import (
    Cost,
    Description,
    GroupDescription,
    SizeDescription,
    StageDescription,
)
from symc.irreps import Component, Decomposition
from symc.proofs import Proof, Stabilizer, ValueSpace
from symc.sections import bold, item, paragraphs, sections, table
from symc_runtime.methods.method import ENUMERATION_BUDGET

_MOST_KINDS = 12


def render(description: Description, color: bool = False) -> str:
    """The description as text of 80 columns."""
    lines = [bold(description.name, color), *paragraphs(description.doc)]
    while lines[-1] == "":
        lines.pop()
    lines += sections(
        [
            ("Groups", table([(g.name, group(g)) for g in description.groups])),
            ("Sizes", table([(s.name, size(s)) for s in description.sizes])),
            ("Inputs", _tensors(description, "input")),
            ("Outputs", _tensors(description, "output")),
            ("Stages", table([(s.group, stage(s)) for s in description.stages])),
            ("Cost", table([*_costs(description.cost), *_designs(description.stages)])),
            ("Proofs", [line for proof in description.proofs for line in _proof(proof)]),
            # Last: who is new to groups reads all that comes before without it.
            ("Irreducible representations", table(_decompositions(description))),
        ],
        color,
    )
    return "\n".join(lines) + "\n"


def _tensors(description: Description, kind: str) -> list[str]:
    lines = []
    for tensor in description.tensors:
        if tensor.kind == kind:
            lines += item(tensor.written, 2)
            if tensor.values is not None and values(tensor.values):
                lines += item(values(tensor.values), 4)
    return lines


def _decompositions(description: Description) -> list[tuple[str, str]]:
    return [
        (tensor.name, irreducibles(tensor.irreducibles))
        for tensor in description.tensors
        if tensor.irreducibles is not None
    ]


def irreducibles(found: Decomposition) -> str:
    """A decomposition on one line: `2*(n) + (n-1,1), for n >= 2`."""
    total = irreducible_sum(found)
    if not found.groups:
        return total
    conditions, points = validity(found), linear_part(found)
    text = total + (f", {conditions}" if conditions else "")
    return text + (f"; {points}" if points else "")


def irreducible_sum(found: Decomposition, times: str = "x", plus: str = "+") -> str:
    """The sum itself, `times` and `plus` between its parts."""
    if not found.groups:
        if found.points:
            return f"moved by the translations of {_listed(found.points)} alone"
        return "moved by no group"
    kinds = [component(one, times) for one in found.components[:_MOST_KINDS]]
    left = len(found.components) - len(kinds)
    return f" {plus} ".join([*kinds, *([f"{left} more kinds"] if left else [])])


def validity(found: Decomposition) -> str:
    """For which sizes it holds, empty where for all."""
    return f"for {_listed(found.conditions)}" if found.conditions else ""


def linear_part(found: Decomposition) -> str:
    """What a decomposition of points leaves out, empty where nothing."""
    if not (found.points and found.groups):
        return ""
    return f"the linear part: points are also moved by the translations of {_listed(found.points)}"


def component(one: Component, times: str = "x") -> str:
    """An irreducible representation with its multiplicity: `2*(n) x 1o`."""
    name = f" {times} ".join(one.factors)
    if one.multiplicity == "1":
        return name
    count = f"({one.multiplicity})" if " " in one.multiplicity else one.multiplicity
    return f"{count}*{name}"


def group(one: GroupDescription) -> str:
    """A group with its order or dimension."""
    head = one.title if one.constructor == one.name else f"{one.constructor}, {one.title}"
    if one.order is not None:
        head += f": {figure(one.order)} {'element' if one.order == 1 else 'elements'}"
    elif one.dimension is not None:
        head += f": dimension {one.dimension}"
    fixing = stabilizer(one.stabilizer) if one.stabilizer else ""
    return f"{head}; {fixing}" if fixing else head


def figure(value: int | str) -> str:
    """A number as people write it, or a formula."""
    return f"{value:,}" if isinstance(value, int) else value


def stabilizer(one: Stabilizer) -> str:
    """Which elements fix a generic input; empty where nothing is known of that."""
    least = "" if one.exact else "at least "
    if one.trivial:
        return "the identity alone fixes a generic input" if one.exact else ""
    return f"a generic input is fixed by {least}{one.text} ({one.words})"


def values(space: ValueSpace) -> str:
    """How much of its space an output can fill; empty where nothing is known of that."""
    if not space.exact and space.dimension == space.total:
        return ""
    most = "" if space.exact else "at most "
    noun = "dimension" if space.total == 1 else "dimensions"
    return f"at a generic input its values fill {most}{space.dimension} of {space.total} {noun}"


def size(one: SizeDescription) -> str:
    """Where the value of a size comes from."""
    if one.kind == "fixed":
        return f"{one.value}, fixed"
    if one.kind == "ragged":
        return f"ragged: counts up to {one.bound}, an example each; padding is never read"
    return f"free: read off {one.told_by} at each call"


def stage(one: StageDescription) -> str:
    """How a group is handled."""
    options = ", ".join(f"{name}={value}" for name, value in one.options.items())
    parts = [f"by {one.method}" + (f"({options})" if options else "")]
    if one.net is not None:
        parts.append(f"net {one.net}")
    if elements(one):
        parts.append(elements(one))
    if not one.explicit:
        parts.append("by default")
    return "; ".join(parts)


def elements(one: StageDescription) -> str:
    """How many it takes at each call; empty where that is one, or samples."""
    if one.eval_elements not in (one.elements, None):
        return f"{figure(one.eval_elements)} elements in eval mode, with their weights"
    if one.elements is None or one.elements == 1:
        return ""
    return f"{figure(one.elements)} elements"


def cost(one: Cost) -> str:
    """The cost multiplier in words."""
    total, eval_total = (
        "" if number is None else f"{number:,} " for number in (one.total, one.eval_total)
    )
    text = f"{total}evaluation{'' if one.total == 1 else 's'} of the base an example"
    differs = one.eval_enumerated != one.enumerated or one.eval_sampled != one.sampled
    if differs and total:
        text += f" in training, {eval_total}in eval mode"
    samples = str(one.samples)
    if not differs and one.samples != one.eval_samples and one.sampled:
        text += f" in training, {eval_total}in eval mode" if total else ""
        samples = f"{samples} or {one.eval_samples}"
    factors = _factors(samples if one.sampled else "", one.enumerated)
    if differs:
        in_eval = _factors(str(one.eval_samples) if one.eval_sampled else "", one.eval_enumerated)
        parts = [" x ".join(factors) or "1 element", " x ".join(in_eval) or "1 element"]
        text += f": {parts[0]} in training, {parts[1]} in eval mode"
    elif samples == str(one.samples) or len(factors) > 1:
        text += f": {' x '.join(factors)}" if factors else ""
    if isinstance(one.enumerated, str):
        text += f"; samples instead where these are more than {ENUMERATION_BUDGET:,}"
    return text


def _factors(samples: str, enumerated: int | str) -> list[str]:
    factors = [f"{samples} sample{'' if samples == '1' else 's'}"] if samples else []
    if enumerated != 1:
        factors.append(f"{figure(enumerated)} enumerated elements")
    return factors


def error(one: Cost) -> str:
    """The Monte Carlo error in eval mode in words; empty where nothing is sampled."""
    if one.eval_error is None:
        return ""
    mode = "" if one.eval_samples == one.samples else "in eval mode "
    points = " (points: about the anchor's mean)" if one.points else ""
    return (
        f"{mode}a mean over samples is off by at most 1/sqrt({one.eval_samples}) = "
        f"{one.eval_error:.2g} times the largest norm of the base's values{points}, root mean "
        "square"
    )


def _costs(one: Cost) -> list[tuple[str, str]]:
    rows = [("K", cost(one)), ("error", error(one))]
    return [row for row in rows if row[1]]


def _designs(stages: Sequence[StageDescription]) -> list[tuple[str, str]]:
    """How to tell whether the degree of a design is high enough."""
    if not any("degree" in one.options for one in stages):
        return []
    told = "high enough where two calls agree; else they differ by about what the mean is off"
    return [("degree", told)]


def _proof(one: Proof) -> list[str]:
    code = f"[{one.code}]" if one.code else ""
    lines = item(f"{one.severity}{code}: {one.statement}", 2)
    lines += item(f"because {one.reason}", 4)
    return lines + (item(f"help: {one.help}", 4) if one.help else [])


def _listed(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else ", ".join(names[:-1]) + " and " + names[-1]
