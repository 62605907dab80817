"""Where a module loses a symmetry first: what its submodules take and return, on x and on h x.

What moves in no way that is tried (`hidden_moves`) counts as lost. What was returned before and is
taken now, but was changed in between, was changed in the forward of the module around.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import torch

from symc_runtime.groups.wreath import Wreath
from symc_runtime.spec.layout import Group
from symc_runtime.symmetrized import Symmetrized
from symc_runtime.testing import (
    Motion,
    act,
    as_tuple,
    flips,
    motion_of,
    permutation,
    random_motions,
)
from symc_runtime.verification.call import Counts, Values
from symc_runtime.verification.guard import RAISED, why
from symc_runtime.verification.hidden_moves import fitting
from symc_runtime.verification.lengths import length, widened
from symc_runtime.verification.plain import alone
from symc_runtime.verification.subject import Subject
from symc_runtime.verification.watching import MOST_EVENTS, Event, watched

LAYER_BATCH = 61
"""Examples that submodules are watched on: of a number that no size is likely to have."""


@dataclass(frozen=True)
class Layer:
    """Where a group is lost: `place` is a submodule, `""` the module itself; `kind` its class.

    `found`: `kept`; `output`, of this submodule; `input`, between earlier ones and this; `end`,
    no submodule's output shows it; `unknown`, `detail` says why. `mixed` is the first submodule
    whose output moves in a linear way that is none of the spec, `untold` the first before that of
    which nothing can be told.
    """

    group: str
    found: Literal["kept", "output", "input", "end", "unknown"]
    place: str = ""
    kind: str = ""
    mixed: str = ""
    untold: str = ""
    detail: str = ""


def layers(subject: Subject) -> tuple[Layer, ...]:
    """For each group where the module, or the base that is trusted with it, loses it first."""
    model = subject.at(subject.precision, "eval")
    names = subject.acting if subject.plain else subject.model.trusted * subject.measures_trusted
    whole = model if subject.plain else alone(model)
    return tuple(_looked_for(subject, whole, name) for name in names)


def _looked_for(subject: Subject, model: Symmetrized, name: str) -> Layer:
    """Where `model`, the subject's or its base alone, loses one group."""
    batch = subject.batch(("random",), LAYER_BATCH).to(subject.precision)
    # All items are there: one permutation is to move those of every example.
    counts = {n: torch.full_like(c, subject.sizes[n]) for n, c in batch.counts.items()}
    group = next(group for group in model.groups if group.name == name)
    apart = _apart(subject.precision)
    try:
        motions, sizes = random_motions(model, batch.inputs, counts, [name], subject.generator)
        random = motions[name]
        plain, y = _events(subject, model, batch.inputs, counts)
        turned, kept = [], True
        for element in elements(group, random.matrix.shape[-1], random):
            motions[name] = repeated(element, LAYER_BATCH)
            inputs = tuple(
                act(tensor, x.double(), motions, sizes).to(x.dtype)
                for tensor, x in zip(model.inputs, batch.inputs, strict=True)
            )
            events, z = _events(subject, model, inputs, counts)
            turned.append((element, events))
            for tensor, a, b in zip(model.outputs, y, z, strict=True):
                expected = act(tensor, widened(a), motions, sizes)
                size = length(expected).amax()
                kept &= bool(length(widened(b) - expected).amax() <= apart * size)
    except (*RAISED, RuntimeError) as error:
        return Layer(name, "unknown", detail=why(error))
    if kept:
        return Layer(name, "kept")
    return lost(name, plain, turned, LAYER_BATCH, apart)


def _apart(precision: torch.dtype) -> float:
    """More than rounding leaves between hidden features that should be the same."""
    return 1e-7 if precision == torch.float64 else 1e-3


def _events(
    subject: Subject, model: Symmetrized, inputs: Values, counts: Counts
) -> tuple[list[Event], Values]:
    """What submodules take and return during a call, and what it returns."""
    returned: list[Any] = []
    # What a module draws by itself is the same on both sides.
    torch.manual_seed(subject.settings.seed)
    with torch.no_grad():
        events = watched(
            subject.guarded.module, lambda: returned.append(model(*inputs, sizes=dict(counts)))
        )
    (values,) = returned
    return events, as_tuple(values)


def elements(group: Group, size: int, random: Motion) -> list[Motion]:
    """A few elements, one a batch row [1], which leave nothing in its place that another moves.

    Permutations: a cycle and an exchange, which generate all; flips: of all items, of one, of
    some; others: of each determinant there is one of the `random` ones [batch].
    """
    if group.permutes:
        cycle = torch.arange(size).roll(1)
        swap = torch.arange(size)
        swap[: min(2, size)] = swap[: min(2, size)].flip(0)
        return [permutation(index.unsqueeze(0)) for index in (cycle, swap)]
    if random.nested and isinstance(group.facts, Wreath):
        m, parameter = random.nested, (random.nested, random.matrix.shape[-1] // random.nested)
        every = group.facts.generators(parameter) or [tuple(range(m * parameter[1]))]
        return [replace(permutation(torch.tensor([index])), nested=m) for index in every]
    if random.number is not None and random.facts is not None:
        numbers = random.facts.generators(random.parameter) or (0,)
        return [motion_of(group, random.parameter, torch.tensor([number])) for number in numbers]
    if group.flips:
        # All signs, one, and two at random.
        one = 1 - 2 * (torch.arange(size) == 0).double()
        chosen = torch.stack([-torch.ones(size, dtype=torch.float64), one])
        return [flips(signs.unsqueeze(0)) for signs in chosen] + [
            random.rows(torch.tensor([row])) for row in range(min(2, len(random.matrix)))
        ]
    first = random.character.sign()
    rows = [0, *(first != first[0]).nonzero().flatten().tolist()[:1]]
    return [random.rows(torch.tensor([row])) for row in rows]


def repeated(motion: Motion, batch: int) -> Motion:
    """The same element for every row."""
    return motion.rows(torch.zeros(batch, dtype=torch.int64))


def lost(
    group: str,
    plain: Sequence[Event],
    turned: Sequence[tuple[Motion, Sequence[Event]]],
    batch: int,
    tolerance: float,
) -> Layer:
    """The first event at which what moved with every element moves with none in any way.

    `plain`: events on x [batch, ...]; `turned`: elements [1] and events on h x.
    """
    mixed = untold = ""
    for place, event in enumerate(plain):
        others = [(motion, events[place]) for motion, events in turned if place < len(events)]
        alike = all(
            (o.place, o.before) == (event.place, event.before)
            and [x.shape for x in o.tensors] == [x.shape for x in event.tensors]
            for _, o in others
        )
        if len(others) < len(turned) or not alike:
            detail = "on moved inputs it takes another way, or other shapes"
            return Layer(group, "unknown", event.place, event.kind, mixed, untold, detail)
        for number, x in enumerate(event.tensors):
            moved = [(motion, o.tensors[number]) for motion, o in others]
            fit = fitting(x, moved, batch, tolerance)
            if fit == "none":
                found: Literal["input", "output"] = "input" if event.before else "output"
                return Layer(group, found, event.place, event.kind, mixed, untold)
            if not event.before and event.place:
                mixed = mixed or (event.place if fit == "linear" else "")
                untold = untold or (event.place if fit == "unknown" else "")
    if len(plain) >= MOST_EVENTS:
        detail = f"its submodules are called more than {MOST_EVENTS // 2:,} times"
        return Layer(group, "unknown", plain[-1].place, plain[-1].kind, mixed, untold, detail)
    return Layer(group, "end", mixed=mixed, untold=untold)


def in_words(layer: Layer) -> str:
    """Where the group is lost, in a sentence or two."""
    named = f"`{layer.place}` ({layer.kind})"
    around = layer.place.rpartition(".")[0]
    forward = f"`{around}`" if around else "the module"
    match layer.found:
        case "kept":
            return "kept to the end"
        case "unknown":
            said = f"cannot be told: {layer.detail}"
            return f"{said}, from {named} on" if layer.place else said
        case "end":
            said = (
                "each submodule's output moves in some way; what the module returns does not as "
                "the spec says"
            )
        case "output" if not layer.place:
            said = "lost in the forward of the module itself, outside of its submodules"
        case "output":
            said = (
                f"lost in {named}: what it takes moves with {layer.group}, what it returns in no "
                "way that is tried"
            )
        case "input":
            said = f"lost in the forward of {forward}, before it calls {named}"
    if layer.mixed:
        said += f". `{layer.mixed}` is the first whose output moves as no tensor of the spec"
    if layer.untold:
        said += f". Of `{layer.untold}` nothing can be told"
    return said
