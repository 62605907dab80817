"""Where a module loses a symmetry first: what its submodules take and return, on x and on h x.

Nobody declares how hidden features move, so every way that their shape allows is tried: not at all;
as a tensor of the spec does, along axes of that size, or of a multiple; in any linear way (for
translations: any affine one), the same for all examples. What fits none of these counts as lost.
What was returned before and is taken now, but was changed in between, was changed in the forward of
the module around.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import torch
from torch import nn

from symc_runtime.layout import Group
from symc_runtime.testing import Motion, flips, motion_of

Fit = Literal["fits", "linear", "none", "unknown"]
"""As the spec's representations; in a linear way; in none; it cannot be told."""

MOST_CALLS = 5000
MOST_WAYS = 400
"""Of choices of axes that are tried for one tensor."""


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


@dataclass(frozen=True)
class Event:
    """What a submodule took (`before`) or returned in one call: its tensors."""

    place: str
    kind: str
    before: bool
    tensors: tuple[torch.Tensor, ...]


def watched(module: nn.Module, call: Callable[[], Any]) -> list[Event]:
    """What the submodules of a module take and return during a call, in order."""
    events: list[Event] = []

    def note(place: str, before: bool) -> Callable[..., None]:
        def hook(called: nn.Module, arguments: Any, keywords: Any, returned: Any = None) -> None:
            given = (arguments, keywords) if before else returned
            if len(events) < MOST_CALLS:
                tensors = tuple(x.detach().clone() for x in _tensors(given))
                events.append(Event(place, type(called).__name__, before, tensors))

        return hook

    handles = []
    try:
        for place, each in module.named_modules():
            handles.append(each.register_forward_pre_hook(note(place, True), with_kwargs=True))
            handles.append(each.register_forward_hook(note(place, False), with_kwargs=True))
        call()
    finally:
        for handle in handles:
            handle.remove()
    return events


def _tensors(value: Any) -> Iterator[torch.Tensor]:
    if isinstance(value, torch.Tensor):
        if value.is_floating_point():
            yield value
    elif isinstance(value, Mapping):
        for each in value.values():
            yield from _tensors(each)
    elif isinstance(value, (tuple, list)):
        for each in value:
            yield from _tensors(each)


def elements(group: Group, size: int, random: Motion) -> list[Motion]:
    """A few elements, one a batch row [1], which leave nothing in its place that another moves.

    Permutations: a cycle and an exchange, which generate all; flips: of all items, of one, of
    some; others: of each determinant there is one of the `random` ones [batch].
    """
    if group.permutes:
        cycle = torch.arange(size).roll(1)
        swap = torch.arange(size)
        swap[: min(2, size)] = swap[: min(2, size)].flip(0)
        return [_permutation(index) for index in (cycle, swap)]
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
    return [
        replace(
            random,
            matrix=random.matrix[row : row + 1],
            shift=None if random.shift is None else random.shift[row : row + 1],
            character=random.character[row : row + 1],
        )
        for row in rows
    ]


def _permutation(index: torch.Tensor) -> Motion:
    inverse = (index.unsqueeze(-1) == torch.arange(len(index))).double().unsqueeze(0)
    character = torch.linalg.det(inverse).round()
    return Motion(inverse.transpose(1, 2), None, character, index.unsqueeze(0))


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
    return Layer(group, "end", mixed=mixed, untold=untold)


def fitting(
    x: torch.Tensor,
    moved: Sequence[tuple[Motion, torch.Tensor]],
    batch: int,
    tolerance: float,
) -> Fit:
    """How a hidden tensor moves with the elements of a group, if it does."""
    rows = _by_example(x, batch)
    if rows is None:
        same = all(_close(y.double(), x.double(), tolerance) for _, y in moved)
        return "fits" if same else "unknown"
    pairs = [(motion, _by_example(y, batch)) for motion, y in moved]
    pairs = [(motion, y) for motion, y in pairs if y is not None]
    if not rows.isfinite().all() or not all(y.isfinite().all() for _, y in pairs if y is not None):
        return "unknown"
    size = moved[0][0].matrix.shape[-1]
    permutes = moved[0][0].index is not None
    shifts = moved[0][0].shift is not None
    for way in _ways(rows.shape[1:], size, permutes, shifts):
        if all(
            y is not None and _close(y, _moved(rows, way, motion), tolerance) for motion, y in pairs
        ):
            return "fits"
    fits: list[Fit] = [_linear(rows, y, tolerance, shifts) for _, y in pairs if y is not None]
    for worst in ("none", "unknown"):
        if worst in fits:
            return worst
    return "linear"


def _by_example(x: torch.Tensor, batch: int) -> torch.Tensor | None:
    """x in double precision as [batch, ...]: the batch may be second, or one with the next axis."""
    if x.ndim and x.shape[0] == batch:
        return x.double()
    if x.ndim > 1 and x.shape[1] == batch:
        return x.double().transpose(0, 1)
    if x.ndim and x.shape[0] and x.shape[0] % batch == 0:
        pieces: torch.Tensor = x.double().unflatten(0, (batch, -1))
        return pieces
    return None


def _close(y: torch.Tensor, expected: torch.Tensor, tolerance: float) -> bool:
    size = max(float(y.abs().amax()), float(expected.abs().amax())) if y.numel() else 0.0
    return size == 0 or float((y - expected).abs().amax()) <= tolerance * size


Part = tuple[int, int]
"""An axis of size a*b that holds the moved one as its outer, (1, b), or inner, (a, 1), part, or
twice, (0, 0)."""


@dataclass(frozen=True)
class Way:
    """For each axis behind the batch how it is moved, None: not; with a sign; by the shift, too."""

    parts: tuple[Part | None, ...]
    signed: bool = False
    shifted: bool = False


def _ways(shape: Sequence[int], size: int, permutes: bool, shifts: bool) -> Iterator[Way]:
    """Every way that the shape allows, the simplest first."""
    options: list[list[Part | None]] = []
    for length in shape:
        found: list[Part | None] = [None]
        if length and length % size == 0:
            times = length // size
            found += dict.fromkeys([(1, times), (times, 1)])
            if times == size:
                found.append((0, 0))
        options.append(found)
    every = sorted(itertools.islice(itertools.product(*options), MOST_WAYS), key=_moving)
    for parts in every:
        for signed in (False, True):
            yield Way(parts, signed)
        if shifts and _moving(parts) == 1:
            yield Way(parts, shifted=True)


def _moving(parts: Sequence[Part | None]) -> int:
    return sum(part is not None for part in parts)


def _moved(x: torch.Tensor, way: Way, motion: Motion) -> torch.Tensor:
    matrix = motion.matrix[0]
    size = matrix.shape[-1]
    for dim, part in enumerate(way.parts, start=1):
        if part is None:
            continue
        if part == (0, 0):
            x = x.unflatten(dim, (size, size))
            x = _along(_along(x, matrix, dim), matrix, dim + 1).flatten(dim, dim + 1)
            continue
        outer, inner = part
        pieces = x.unflatten(dim, (outer, size, inner))
        pieces = _along(pieces, matrix, dim + 1)
        if way.shifted and motion.shift is not None:
            shape = [1] * pieces.ndim
            shape[dim + 1] = size
            pieces = pieces + motion.shift[0].reshape(shape)
        x = pieces.flatten(dim, dim + 2)
    return x * motion.character[0] if way.signed else x


def _along(x: torch.Tensor, matrix: torch.Tensor, dim: int) -> torch.Tensor:
    turned: torch.Tensor = torch.tensordot(x.movedim(dim, -1), matrix.mT, 1).movedim(-1, dim)
    return turned


def _linear(x: torch.Tensor, y: torch.Tensor, tolerance: float, shifts: bool) -> Fit:
    """Whether one matrix along the last axis takes every row of x to that of y.

    It is fitted to half of the examples and tried on the others. `shifts`: and one vector.
    """
    if x.ndim < 2:
        x, y = x.unsqueeze(-1), y.unsqueeze(-1)
    if shifts:
        x = torch.cat([x, torch.ones_like(x[..., :1])], -1)
        y = torch.cat([y, torch.ones_like(y[..., :1])], -1)
    half, width = x.shape[0] // 2, x.shape[-1]
    known, wanted = x[:half].reshape(-1, width), y[:half].reshape(-1, width)
    if known.shape[0] < 2 * width:
        return "unknown"
    matrix = torch.linalg.lstsq(known, wanted, rcond=1e-9, driver="gelsd").solution
    found = x[half:].reshape(-1, width) @ matrix
    return "linear" if _close(y[half:].reshape(-1, width), found, 100 * tolerance) else "none"


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
