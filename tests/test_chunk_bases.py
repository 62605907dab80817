"""`chunk` with bases that do more than compute: the answer and the gradients are the plain ones."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

import symc

SPEC = "input x[4: S(4)]\ninput c[2]\noutput y[4: S(4)]\nsymmetrize by probabilistic(samples=4)"
WIDE = 300
"""So that weights are large enough for gradients that are added by the product itself."""


class Wide(nn.Module):
    """A block of large linear layers, run in some way."""

    def __init__(self, run: Callable[[nn.Module, Tensor], Tensor]) -> None:
        super().__init__()
        self.first = nn.Linear(4, WIDE)
        self.block = nn.Sequential(nn.Linear(WIDE, WIDE), nn.Tanh())
        self.last = nn.Linear(WIDE, 4)
        self.run = run

    def forward(self, x: Tensor, c: Tensor) -> Tensor:
        inner = self.run(self.block, torch.tanh(self.first(x)))
        return self.last(inner) * c.sum(1, keepdim=True)


def checkpointed(block: nn.Module, z: Tensor) -> Tensor:
    """By the checkpoint that runs again outside of the forward."""
    result: Tensor = checkpoint(block, z, use_reentrant=False)
    return result


def along(block: nn.Module, z: Tensor) -> Tensor:
    """A derivative by a transform."""
    result: Tensor = torch.func.jvp(block, (z,), (z,))[1]
    return result


def gradients(
    base: nn.Module, chunk: int | None, dtype: torch.dtype, before_backward: str = ""
) -> list[Tensor]:
    """The answer and every gradient, of the same noise."""
    model = symc.build(SPEC, base, chunk=chunk).to(dtype)
    generator = torch.Generator().manual_seed(1)
    x, c = torch.randn(3, 4, generator=generator), torch.rand(3, 2, generator=generator)
    inputs = [x.to(dtype), c.to(dtype)]
    noise = model.draw_noise(*inputs, generator=generator)
    model.zero_grad()
    y = model(*inputs, noise=noise)
    if before_backward == "eval":
        model.eval()
    y.square().sum().backward()
    model.train()
    return [y.detach(), *(p.grad for p in model.parameters() if p.grad is not None)]


@pytest.mark.parametrize("run", [checkpointed, along])
@pytest.mark.parametrize("chunk", [1, 3])
def test_large_layers_that_are_run_in_their_own_way(
    run: Callable[[nn.Module, Tensor], Tensor], chunk: int
) -> None:
    torch.manual_seed(0)
    base = Wide(run)
    torch.manual_seed(1)
    plain = gradients(base, None, torch.float64)
    torch.manual_seed(1)
    chunked = gradients(base, chunk, torch.float64)
    assert len(plain) == len(chunked)
    for a, b in zip(plain, chunked, strict=True):
        assert torch.allclose(a, b, rtol=1e-9, atol=1e-12)


class Counting(nn.Module):
    """Works in place on an input that no group moves."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(()))

    def forward(self, x: Tensor, c: Tensor) -> Tensor:
        c += 1
        return x * c[:, :1] * self.weight


class Moody(nn.Module):
    """Another function in training mode."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(()))

    def forward(self, x: Tensor, c: Tensor) -> Tensor:
        return torch.sin(x * c[:, :1] * self.weight) * (3 if self.training else 1)


@pytest.mark.parametrize("base", [Counting(), Moody()])
@pytest.mark.parametrize("chunk", [1, 2, 3])
def test_bases_in_place_and_modes_changed_before_backward(base: nn.Module, chunk: int) -> None:
    torch.manual_seed(1)
    plain = gradients(base, None, torch.float64, "eval")
    torch.manual_seed(1)
    chunked = gradients(base, chunk, torch.float64, "eval")
    for a, b in zip(plain, chunked, strict=True):
        assert torch.allclose(a, b, rtol=1e-9, atol=1e-12)


class Constant(nn.Module):
    """Returns a number in the dtype of its input."""

    def __init__(self, value: float) -> None:
        super().__init__()
        self.value = value

    def forward(self, x: Tensor, c: Tensor) -> Tensor:
        return torch.full_like(x, self.value)


@pytest.mark.parametrize(("dtype", "value"), [(torch.float16, 5000.0), (torch.bfloat16, 1.0)])
@pytest.mark.parametrize("chunk", [1, 16])
def test_half_precision_is_summed_in_single(dtype: torch.dtype, value: float, chunk: int) -> None:
    model = symc.build(SPEC, Constant(value), chunk=chunk).eval()
    model.eval_samples = 1000
    y, penalty = model(torch.randn(2, 4).to(dtype), torch.ones(2, 2).to(dtype), return_penalty=True)
    assert y.dtype == dtype
    assert (y == value).all()
    assert penalty.dtype == torch.float32


@pytest.mark.parametrize("method", ["frame", "canonical", "average", "probabilistic"])
def test_an_example_that_is_not_finite_leaves_the_others_alone(method: str) -> None:
    text = f"input x[5, 3: SO(3)]\noutput y[5, 3: SO(3)]\nsymmetrize by {method}"
    model = symc.build(text, nn.Identity()).eval()
    x = torch.randn(4, 5, 3)
    noise = model.draw_noise(x)
    whole = model(x, noise=noise)
    for wrong in (torch.nan, torch.inf):
        y = x.clone()
        y[1, 2, 0] = wrong
        result = model(y, noise=noise)
        assert not torch.isfinite(result[1]).all()
        assert torch.equal(result[[0, 2, 3]], whole[[0, 2, 3]])
