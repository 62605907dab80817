"""Gradients of linear layers' weights, added to those that are there by the product itself.

Autograd makes the gradient of a weight first and then adds it to `.grad`: a copy of the weight,
which for a small batch outweighs all activations. What Megatron-LM calls gradient accumulation
fusion (Narayanan et al., Efficient Large-Scale Language Model Training on GPU Clusters, 2021).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F
from torch.overrides import TorchFunctionMode

SMALL = 2**16
"""Weights of fewer elements are left to autograd: looking for them would cost more time."""


class LinearAddsToGrad(TorchFunctionMode):
    """While a graph is built: calls of `linear` whose plain backward adds to the weight's `.grad`.

    Only for leaves without hooks, which would not be called. Where the graph is used otherwise,
    by `torch.autograd.grad` or with a graph of the gradient, it is as torch's own.
    """

    def __init__(self, weights: Iterable[Tensor]) -> None:
        super().__init__()
        self.weights = {id(w) for w in weights if w.numel() >= SMALL and _takes_product(w)}

    def __torch_function__(
        self, func: Any, types: Any, args: Any = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        """The call, or for `linear` on one of the weights, that with another backward."""
        if func is F.linear and not torch.compiler.is_compiling():
            return self._linear(*args, **(kwargs or {}))
        return func(*args, **(kwargs or {}))

    def _linear(self, input: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
        autocast = torch.is_autocast_enabled(input.device.type)
        if id(weight) not in self.weights or autocast or input.ndim < 2 or _is_watched():
            return F.linear(input, weight, bias)
        function: Any = _Linear.apply
        output: Tensor = function(input, weight, bias)
        return output


class _Linear(torch.autograd.Function):
    """`linear` for rows [..., n]."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        ctx.save_for_backward(x, weight)
        return F.linear(x, weight, bias)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        x, weight = ctx.saved_tensors
        rows, values = gradient.flatten(0, -2), x.flatten(0, -2)
        to_x = gradient @ weight if ctx.needs_input_grad[0] else None
        to_bias = rows.sum(0) if ctx.needs_input_grad[2] else None
        if is_plain_backward() and not torch.is_grad_enabled() and _takes_product(weight):
            weight.grad.addmm_(rows.t(), values)
            return to_x, None, to_bias
        return to_x, rows.t() @ values, to_bias


def _is_watched() -> bool:
    """Whether someone packs what is saved, or transforms the function.

    A checkpoint in the base computes again where this mode is over: it must find what was packed,
    and that is what torch's own `linear` saves.
    """
    hooks = getattr(torch._C._autograd, "_top_saved_tensors_default_hooks", None)
    return hooks is None or hooks(False) is not None or torch._C._are_functorch_transforms_active()


def is_plain_backward() -> bool:
    """Whether gradients go to every leaf's `.grad`, as re-entrant checkpoints ask too.

    Torch has no public name for it; without it the answer is no, which is right but for memory.
    """
    known: Callable[[], bool] | None = getattr(torch.autograd, "_is_checkpoint_valid", None)
    return known is not None and known()


def _takes_product(weight: Tensor) -> bool:
    grad = weight.grad if weight.is_leaf else None
    return (
        grad is not None
        and weight.is_floating_point()
        and grad.layout == torch.strided
        and grad.dtype == weight.dtype
    )
