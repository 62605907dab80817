"""How a hidden tensor moves with the elements of a group, of which nobody declares it.

Every way that its shape allows is tried: not at all; as a tensor of the spec does, along axes of
that size, or of a multiple; in any linear way (for translations: any affine one), the same for all
examples.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import torch

from symc_runtime.testing import Motion

Fit = Literal["fits", "linear", "none", "unknown"]
"""As the spec's representations; in a linear way; in none; it cannot be told."""

MOST_WAYS = 400
"""Of choices of axes that are tried for one tensor."""


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
    shifts = moved[0][0].shift is not None
    for way in _ways(rows.shape[1:], moved[0][0]):
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


Name = tuple[str, tuple[int, ...]]
"""An atom of a group that acts by tables, with what is in its brackets."""


@dataclass(frozen=True)
class Part:
    """An axis of size outer * m * inner of which the part of size m is moved.

    Twice, where `twice`: it is of size m * m. `name`: the representation where there are several.
    """

    outer: int
    inner: int
    size: int
    name: Name | None = None
    twice: bool = False


@dataclass(frozen=True)
class Way:
    """For each axis behind the batch how it is moved, None: not; with a sign; by the shift, too.

    `image`: the first of some axes that are moved together, as a grid.
    """

    parts: tuple[Part | None, ...]
    signed: bool = False
    shifted: bool = False
    image: int | None = None


def _ways(shape: Sequence[int], motion: Motion) -> Iterator[Way]:
    """Every way that the shape allows, the simplest first."""
    options = [_parts(length, motion) for length in shape]
    nowhere: tuple[Part | None, ...] = (None,) * len(shape)
    yield Way(nowhere)
    for image in _images(shape, motion):
        yield Way(nowhere, image=image)
    for parts in itertools.islice(_moving(options), MOST_WAYS):
        yield Way(parts)
        if motion.number is None:
            yield Way(parts, signed=True)
        if motion.shift is not None and sum(part is not None for part in parts) == 1:
            yield Way(parts, shifted=True)
    if motion.number is None:
        yield Way(nowhere, signed=True)
    for image in _images(shape, motion):
        for parts in itertools.islice(_moving(options), MOST_WAYS):
            if not any(parts[image : image + _axes(motion)]):
                yield Way(parts, image=image)


def _moving(options: Sequence[Sequence[Part]]) -> Iterator[tuple[Part | None, ...]]:
    """Parts that move some axes, one axis first."""
    for count in range(1, len(options) + 1):
        for axes in itertools.combinations(range(len(options)), count):
            for chosen in itertools.product(*(options[axis] for axis in axes)):
                parts: list[Part | None] = [None] * len(options)
                for axis, part in zip(axes, chosen, strict=True):
                    parts[axis] = part
                yield tuple(parts)


def _parts(length: int, motion: Motion) -> list[Part]:
    """How an axis of this length can be moved."""
    found: dict[Part, None] = {}
    for name, size in _representations(motion):
        if length and length % size == 0:
            times = length // size
            found |= dict.fromkeys([Part(1, times, size, name), Part(times, 1, size, name)])
            if times == size:
                found[Part(1, 1, size, name, twice=True)] = None
    return list(found)


def _representations(motion: Motion) -> list[tuple[Name | None, int]]:
    """Each with its size."""
    facts, parameter = motion.facts, motion.parameter
    if motion.nested:
        items = motion.matrix.shape[-1]
        return [(("natural", ()), items), (("blocks", ()), items // motion.nested)]
    if facts is None:
        return [(None, motion.matrix.shape[-1])]
    return [
        ((name, arguments), facts.size(name, arguments, parameter))
        for name, atom in facts.atoms.items()
        if atom.axis == "table"
        for arguments in facts.choices(name, parameter)
    ]


def _images(shape: Sequence[int], motion: Motion) -> list[int]:
    """Axes that may be a grid of the group, or items in blocks, with those behind them."""
    facts, parameter = motion.facts, motion.parameter
    if motion.nested:
        of = (motion.matrix.shape[-1] // motion.nested, motion.nested)
        return [i for i, pair in enumerate(itertools.pairwise(shape)) if pair == of]
    if facts is None or "grid" not in facts.atoms or not facts.choices("grid", parameter):
        return []
    count, classes = _axes(motion), facts.exchanged(parameter)
    found = []
    for first in range(len(shape) - count + 1):
        sizes = shape[first : first + count]
        if all(len({sizes[axis] for axis in together}) == 1 for together in classes):
            found.append(first)
    return found


def _axes(motion: Motion) -> int:
    """How many axes a grid of the group has."""
    return 1 if motion.facts is None else motion.facts.atoms["grid"].axes


def _matrix(motion: Motion, name: Name | None) -> torch.Tensor:
    return motion.matrix[0] if name is None else motion.matrix_of(*name)[0]


def _moved(x: torch.Tensor, way: Way, motion: Motion) -> torch.Tensor:
    if way.image is not None:
        dim = way.image + 1
        count = 2 if motion.nested else _axes(motion)
        shape = x.shape[dim : dim + count]
        flat = x.flatten(dim, dim + count - 1)
        atom = "natural" if motion.nested else "grid"
        x = motion.moved(flat, atom, tuple(shape), dim).unflatten(dim, shape)
    for dim, part in enumerate(way.parts, start=1):
        if part is None:
            continue
        matrix = _matrix(motion, part.name)
        if part.twice:
            x = x.unflatten(dim, (part.size, part.size))
            x = _along(_along(x, matrix, dim), matrix, dim + 1).flatten(dim, dim + 1)
            continue
        pieces = x.unflatten(dim, (part.outer, part.size, part.inner))
        pieces = _along(pieces, matrix, dim + 1)
        if way.shifted and motion.shift is not None:
            shifted = [1] * pieces.ndim
            shifted[dim + 1] = part.size
            pieces = pieces + motion.shift[0].reshape(shifted)
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
