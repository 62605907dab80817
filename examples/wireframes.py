"""Six everyday objects as clouds of points along their edges, all standing upright."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor

POINTS = 32
Corner = tuple[float, float, float]


def _ring(height: float, radius: float, corners: int = 8) -> list[Corner]:
    turns = [2 * math.pi * i / corners for i in range(corners + 1)]
    return [(radius * math.cos(t), radius * math.sin(t), height) for t in turns]


def _square(height: float, half: float) -> list[Corner]:
    return [(x * half, y * half, height) for x, y in ((1, 1), (-1, 1), (-1, -1), (1, -1), (1, 1))]


def _legs(top: float, foot: float, half: float) -> list[list[Corner]]:
    return [[(x, y, top), (x, y, foot)] for x in (-half, half) for y in (-half, half)]


def _gable(y: float) -> list[Corner]:
    return [(0.7, y, 0.2), (0.0, y, 0.9), (-0.7, y, 0.2)]


OBJECTS: dict[str, list[list[Corner]]] = {
    "table": [_square(0.6, 0.8), *_legs(0.6, -0.7, 0.8)],
    "chair": [
        _square(0.0, 0.5),
        *_legs(0.0, -0.8, 0.5),
        [(-0.5, -0.5, 0.0), (-0.5, -0.5, 0.9), (-0.5, 0.5, 0.9), (-0.5, 0.5, 0.0)],
    ],
    "lamp": [_ring(-0.9, 0.5), [(0, 0, -0.9), (0, 0, 0.4)], _ring(0.3, 0.6), _ring(0.9, 0.3)],
    "tree": [
        [(0, 0, -1), (0, 0, -0.4)],
        _ring(-0.4, 0.7),
        _ring(0.1, 0.45),
        _ring(0.6, 0.2),
        [(0, 0, 0.6), (0, 0, 1)],
    ],
    "house": [
        _square(-0.7, 0.7),
        _square(0.2, 0.7),
        _gable(0.7),
        _gable(-0.7),
        [(0, 0.7, 0.9), (0, -0.7, 0.9)],
    ],
    "mug": [
        _ring(-0.7, 0.55),
        _ring(0.7, 0.55),
        [(0.55, 0, 0.45), (1, 0, 0.35), (1, 0, -0.35), (0.55, 0, -0.45)],
        [(-0.55, 0, -0.7), (-0.55, 0, 0.7)],
    ],
}
"""Lines through corners, z up; the points of an object are numbered along them."""

KINDS = tuple(OBJECTS)


def points_along(lines: Sequence[Sequence[Corner]], count: int = POINTS) -> Tensor:
    """Points [count, 3] at equal steps along lines through corners, one line after the other."""
    pieces = [pair for line in lines for pair in zip(line, line[1:], strict=False)]
    first, last = (torch.tensor([pair[end] for pair in pieces]).float() for end in (0, 1))
    length = (last - first).norm(dim=-1)
    end = length.cumsum(0)
    at = (torch.arange(count) + 0.5) / count * end[-1]
    piece = torch.searchsorted(end, at)
    along = ((at - end[piece] + length[piece]) / length[piece]).unsqueeze(-1)
    points: Tensor = first[piece] + along * (last[piece] - first[piece])
    return points


def upright(each: int, generator: torch.Generator) -> tuple[Tensor, Tensor, Tensor]:
    """`each` objects of every kind, of different proportions and a little noise, all upright.

    Returns points [batch, 32, 3], the kind [batch] as an index of KINDS, and up [batch, 3].
    """
    kind = torch.arange(len(KINDS)).repeat(each)
    points = torch.stack([points_along(lines) for lines in OBJECTS.values()])[kind]
    stretch = 0.8 + 0.4 * torch.rand(len(kind), 1, 3, generator=generator)
    noise = 0.04 * torch.randn(points.shape, generator=generator)
    return points * stretch + noise, kind, torch.tensor([0.0, 0.0, 1.0]).expand(len(kind), 3)


def random_rotations(count: int, generator: torch.Generator) -> Tensor:
    """Rotation matrices [count, 3, 3], Haar distributed."""
    drawn, r = torch.linalg.qr(torch.randn(count, 3, 3, generator=generator))
    q: Tensor = drawn * r.diagonal(dim1=1, dim2=2).sign().unsqueeze(1)
    q[:, :, 0] *= torch.linalg.det(q).sign().unsqueeze(-1)
    return q


def renumbered(points: Tensor, generator: torch.Generator) -> Tensor:
    """Each cloud of [batch, n, 3] with its points in another random order."""
    order = torch.rand(points.shape[:2], generator=generator).argsort(dim=-1)
    return points.gather(1, order.unsqueeze(-1).expand_as(points))
