"""The same model with other weights: a symmetry of the present ones alone is lost in training."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn.parameter import is_lazy

MOVE = 0.1
"""How far each weight is moved, of the size of its tensor."""


def move_weights(model: nn.Module, generator: torch.Generator) -> bool:
    """Other weights for a model, in place; False: it has none.

    Every number of every floating or complex parameter that trains (of all, where none does) moves
    at random by a tenth of the size of its tensor, a tensor of zeros by a tenth of the median size
    of the others. Buffers stay, so statistics of batches and constants stay valid.
    """
    found = [p for p in model.parameters() if not is_lazy(p) and p.numel() and _moves(p)]
    trained = [p for p in found if p.requires_grad] or found
    sizes = [_size(p) for p in trained]
    others = sorted(size for size in sizes if size > 0)
    usual = others[len(others) // 2] if others else 1.0
    for p, size in zip(trained, sizes, strict=True):
        _move(p, MOVE * (size or usual), generator)
    return bool(trained)


def _moves(p: nn.Parameter) -> bool:
    return p.is_complex() or (p.is_floating_point() and p.dtype.itemsize > 1)


@torch.no_grad()
def _move(p: nn.Parameter, by: float, generator: torch.Generator) -> None:
    """Every number of p at random by about so much, drawn in double precision."""
    dtype = torch.complex128 if p.is_complex() else torch.float64
    p.add_((by * torch.randn(p.shape, dtype=dtype, generator=generator)).to(p.dtype))


def _size(p: nn.Parameter) -> float:
    """Root mean square, 0 where that is no number."""
    size = float(p.detach().abs().double().square().mean().sqrt())
    return size if size < float("inf") else 0.0


def shared(first: nn.Module, second: nn.Module) -> str | None:
    """The name of a module, parameter or buffer that both hold: a copy that is none."""
    modules = {id(module) for module in first.modules()}
    places = {_place(tensor) for tensor in _tensors(first).values()} - {0}
    for name, module in second.named_modules():
        if id(module) in modules:
            return name or type(module).__name__
    return next((name for name, x in _tensors(second).items() if _place(x) in places), None)


def _tensors(module: nn.Module) -> dict[str, torch.Tensor]:
    return dict(module.named_parameters()) | dict(module.named_buffers())


def _place(x: torch.Tensor) -> int:
    """Where its numbers are in memory, 0: nowhere that is known."""
    if is_lazy(x) or x.layout != torch.strided:
        return 0
    try:
        return x.untyped_storage().data_ptr()
    except (RuntimeError, NotImplementedError):
        return 0  # subclasses of tensors may have no storage
