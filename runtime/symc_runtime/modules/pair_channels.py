"""Channels of pairs of items, of which half are read the other way round."""

from __future__ import annotations

from typing import Any

import torch

from symc_runtime.modules.channels import ChannelLinear, mapped
from symc_runtime.numerics.parts import parts
from symc_runtime.numerics.sinkhorn import in_plain_operations


class PairChannels(ChannelLinear):
    """Two linear maps of axis 1, one of (i, j) and one of (j, i), added: (i, j) and (j, i) differ.

    Of x [N, channels, n, n] the sum is [N, outputs, n, n].
    """

    def __init__(self, channels: int, outputs: int) -> None:
        super().__init__(channels, 2 * outputs, bias=False)

    def forward(self, input: torch.Tensor) -> torch.Tensor:
        """[N, channels, n, n] to [N, outputs, n, n]."""
        if in_plain_operations() or torch.compiler.is_compiling():
            return _both_ways(input, self.weight)
        function: Any = _BothWays.apply
        result: torch.Tensor = function(input, self.weight)
        return result


def _both_ways(x: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
    there, back = mapped(x, weight).chunk(2, 1)
    return there + back.transpose(2, 3)


def _each(x: torch.Tensor, weight: torch.Tensor) -> int:
    return max(x.shape[1], weight.shape[0]) * x.shape[2] * x.shape[3]


class _BothWays(torch.autograd.Function):
    """The same, a few examples at a time, forward and backward."""

    @staticmethod
    def forward(ctx: Any, x: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
        ctx.save_for_backward(x, weight)
        found = x.new_empty(x.shape[0], weight.shape[0] // 2, *x.shape[2:])
        for rows in parts(x, _each(x, weight)):
            there, back = mapped(x[rows], weight).chunk(2, 1)
            torch.add(there, back.transpose(2, 3), out=found[rows])
        return found

    @staticmethod
    def backward(
        ctx: Any, gradient: torch.Tensor
    ) -> tuple[torch.Tensor | None, torch.Tensor | None]:
        x, weight = ctx.saved_tensors
        if torch.is_grad_enabled():
            # Differentiated in turn.
            wanted = [
                t for t, needs in zip((x, weight), ctx.needs_input_grad, strict=True) if needs
            ]
            y = _both_ways(x, weight)
            several = iter(torch.autograd.grad(y, wanted, gradient, create_graph=True))
            to_x, to_weight = (next(several) if needs else None for needs in ctx.needs_input_grad)
            return to_x, to_weight
        to_x = torch.empty_like(x) if ctx.needs_input_grad[0] else None
        to_weight = torch.zeros_like(weight)
        for rows in parts(x, _each(x, weight)):
            both = torch.cat([gradient[rows], gradient[rows].transpose(2, 3)], 1)
            to_weight += torch.bmm(both.flatten(2), x[rows].flatten(2).transpose(1, 2)).sum(0)
            if to_x is not None:
                to_x[rows] = mapped(both, weight.T)
        return to_x, to_weight
