"""Linear maps of channel axes, also of axes whose size is known only at the call."""

from __future__ import annotations

import math

import torch
from torch import nn

from symc_runtime.sizes import Size

BASIS = 8


class IndexedMixing(nn.Module):
    """A linear map of a channel axis of any size: the row of channel i is a learned function of i.

    Rows are a fixed sinusoidal basis of i times weights, as in position embeddings, so one set of
    weights serves every size.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(BASIS, width) / math.sqrt(BASIS))

    def rows(self, size: int) -> torch.Tensor:
        """The matrix [size, width]."""
        i = torch.arange(size, device=self.weight.device, dtype=self.weight.dtype).unsqueeze(-1)
        k = torch.arange(1, BASIS // 2 + 1, device=i.device, dtype=i.dtype)
        angle = (i + 1) / 4.0 ** (k - 1)
        basis = torch.cat([angle.sin(), angle.cos()], -1)
        return (basis @ self.weight) / math.sqrt(max(size, 1))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """[..., size] to [..., width]."""
        return x @ self.rows(x.shape[-1])


def mixing(size: Size, width: int) -> nn.Module:
    """A linear map without bias of an axis of a known, or of any, size."""
    return nn.Linear(size, width, bias=False) if isinstance(size, int) else IndexedMixing(width)


def perceptron(inputs: int, hidden: int, outputs: int) -> nn.Sequential:
    """A perceptron with one hidden layer, normalised inside."""
    return nn.Sequential(
        nn.Linear(inputs, hidden), nn.LayerNorm(hidden), nn.SiLU(), nn.Linear(hidden, outputs)
    )


def squashed(x: torch.Tensor) -> torch.Tensor:
    """x / (1 + |x|): features of any scale in (-1, 1)."""
    return x / (1 + x.abs())


def masked_mean(x: torch.Tensor, dim: int, mask: torch.Tensor | None) -> torch.Tensor:
    """Mean along dim over the items that mask [N, n] holds; x [N, ...]; zero without items."""
    if mask is None:
        return x.mean(dim)
    shape = [1] * x.ndim
    shape[0], shape[dim] = mask.shape
    weight = mask.reshape(shape).to(x.dtype)
    return (x * weight).sum(dim) / weight.sum(dim).clamp(min=1)
