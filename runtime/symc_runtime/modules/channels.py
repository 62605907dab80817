"""Maps of a channel axis that comes before the items.

With few channels, products of [width, channels] with [channels, all items] are several times
faster than those of [all items, channels] with [channels, width].
"""

from __future__ import annotations

import torch
from torch import nn


class ChannelLinear(nn.Module):
    """A linear map of axis 1: [N, channels, items...] to [N, outputs, items...].

    No `nn.Linear`, for what replaces one of those by its like maps the last axis.
    """

    def __init__(self, channels: int, outputs: int, bias: bool = True) -> None:
        super().__init__()
        made = nn.Linear(channels, outputs, bias)
        self.weight, self.bias = made.weight, made.bias

    def forward(self, input: torch.Tensor) -> torch.Tensor:
        """[N, channels, items...] to [N, outputs, items...]."""
        return mapped(input, self.weight, self.bias)


def mapped(
    input: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor | None = None
) -> torch.Tensor:
    """[N, channels, items...] to [N, outputs, items...] by a weight [outputs, channels]."""
    x = input.flatten(2)
    every = weight.expand(x.shape[0], -1, -1)
    if bias is None:
        y = torch.bmm(every, x)
    else:
        y = torch.baddbmm(bias.unsqueeze(-1).expand(x.shape[0], -1, x.shape[2]), every, x)
    result: torch.Tensor = y.unflatten(2, input.shape[2:])
    return result


class ChannelNorm(nn.Module):
    """Axis 1 over its root mean square (Zhang & Sennrich, NeurIPS 2019), times a weight each."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(width))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """[N, channels, items...] to the same."""
        size = (x.square().mean(1, keepdim=True) + 1e-5).rsqrt()
        return x * size * self.weight.reshape(-1, *[1] * (x.ndim - 2))
