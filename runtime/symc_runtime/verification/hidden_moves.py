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
