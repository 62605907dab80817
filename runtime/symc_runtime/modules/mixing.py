"""Linear maps of channel axes, also of axes whose size is known only at the call."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import torch
from torch import nn

from symc_runtime.spec.polynomials import Size

WAVES = ((43_003, 100_003), (27_061, 100_019), (12_739, 100_043), (1_597, 100_049))
"""Turns an index, as fractions of whole numbers: 2.7, 1.7, 0.8 and 0.1 radians. High ones tell
neighbours apart: rows of few channels, nearly alike, would make vectors nearly parallel."""
REMAINS = 1 / 4
"""How much the largest of some weights counts for in all others."""


class IndexedMixing(nn.Module):
    """A linear map of channel axes of any size: the row of channel i is a learned function of i.

    Rows are a fixed sinusoidal basis of i times weights, as in position embeddings, so one set of
    weights serves every size. The row of a channel does not depend on how many there are: zeros
    that pad an axis change nothing.
    """

    def __init__(self, axes: int, width: int) -> None:
        super().__init__()
        self.axes = axes
        basis = 2 * len(WAVES)
        self.weight = nn.Parameter(torch.randn(basis, width) / math.sqrt(basis))

    def rows(self, shape: Sequence[int]) -> torch.Tensor:
        """The matrix [product of shape, width]."""
        index, *others = (torch.arange(size, device=self.weight.device) for size in shape)
        for other in others:
            index = paired_index(index.unsqueeze(-1), other).flatten()
        # Whole turns are left out in whole numbers: the index of a pair is large, and its angle
        # in single precision would be another function than in double.
        place = index + 1
        turns = [(place * p % q).to(self.weight.dtype) * (2 * math.pi / q) for p, q in WAVES]
        angle = torch.stack(turns, -1)
        return torch.cat([angle.sin(), angle.cos()], -1) @ self.weight

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """[..., channel axes] to [..., width]."""
        start = x.ndim - self.axes
        return x.flatten(start) @ self.rows(x.shape[start:])


def paired_index(i: torch.Tensor, j: torch.Tensor) -> torch.Tensor:
    """One number for a pair of numbers, whatever their bounds (Szudzik, An Elegant Pairing
    Function, 2006); (0, j) is j^2, (i, 0) is i^2 + i.
    """
    return torch.where(i < j, j * j + i, i * i + i + j)


def mixing(size: Size, width: int, axes: int = 1) -> nn.Module:
    """A linear map without bias of a channel axis of known size, or of `axes` of any size."""
    if isinstance(size, int):
        return nn.Linear(size, width, bias=False)
    return IndexedMixing(axes, width)


def perceptron(inputs: int, hidden: int, outputs: int) -> nn.Sequential:
    """A perceptron with one hidden layer, normalised inside."""
    return nn.Sequential(
        nn.Linear(inputs, hidden), nn.LayerNorm(hidden), nn.SiLU(), nn.Linear(hidden, outputs)
    )


def magnitudes(weight: torch.Tensor) -> torch.Tensor:
    """What was summed, about, to make weights [..., c] of one state."""
    size = weight.detach().abs()
    # A small one is what is left of terms as large as those of the others.
    return torch.add(size, size.amax(-1, keepdim=True), alpha=REMAINS)


def squashed(x: torch.Tensor) -> torch.Tensor:
    """x / (1 + |x|): features of any scale in (-1, 1)."""
    return x / (1 + x.abs())


def root(x: torch.Tensor) -> torch.Tensor:
    """The square root of numbers from 0, with a gradient of 0 at 0."""
    return torch.threshold(x, 0.0, 1.0).sqrt() * (x > 0)


def added(terms: Sequence[torch.Tensor]) -> torch.Tensor:
    """Their sum; of one, itself."""
    total = terms[0]
    for term in terms[1:]:
        total = total + term
    return total


def stacked(values: Sequence[torch.Tensor], dim: int) -> torch.Tensor:
    """Tensors of one shape along a new axis. `cat` runs anyway; `stack` would be code of its own
    to fetch, which costs a call beside a large base more than it computes.
    """
    every = [x.unsqueeze(dim) for x in values]
    return every[0] if len(every) == 1 else torch.cat(every, dim)


def greatest(values: Sequence[torch.Tensor]) -> torch.Tensor:
    """The largest of each place of tensors of one shape."""
    largest = values[0]
    for value in values[1:]:
        largest = torch.maximum(largest, value)
    return largest


def masked_mean(x: torch.Tensor, dim: int, mask: torch.Tensor | None) -> torch.Tensor:
    """Mean along dim over the items that mask [N, n] holds; x [N, ...]; zero without items."""
    if mask is None:
        return x.mean(dim)
    shape = [1] * x.ndim
    shape[0], shape[dim] = mask.shape
    weight = mask.reshape(shape).to(x.dtype)
    return (x * weight).sum(dim) / weight.sum(dim).clamp(min=1)


def level_mean(
    x: torch.Tensor, level: Sequence[str], masks: Mapping[str, torch.Tensor]
) -> torch.Tensor:
    """Mean of x [N, items..., ...] over the valid items of every axis of a level, [N, ...]."""
    for k in reversed(range(len(level))):
        x = masked_mean(x, k + 1, masks.get(level[k]))
    return x
