"""Half precision and autocast: poses are as exact as the inputs, whatever the base computes in."""

from __future__ import annotations

import pytest
import torch
from torch import nn

import symc
from symc_runtime.symmetrized import Symmetrized

HALF = [torch.float16, torch.bfloat16]
POINTS = """
size n = 64
group M = E(3)
input pos[n, 3: M.point]
output next[n, 3: M.point]
symmetrize M by {method}
"""
METHODS = ["average(samples=2)", "frame", "canonical", "probabilistic(samples=2)"]


class Same(nn.Module):
    """Returns what it sees, and keeps it."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        self.seen = x.detach()
        return x * 1


@pytest.mark.parametrize("dtype", HALF)
@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("offset", [0.0, 300.0, 1500.0])
def test_half_precision_keeps_points(method: str, dtype: torch.dtype, offset: float) -> None:
    """Squares of coordinates beyond 256 and sums of 64 of them do not fit in float16."""
    base = Same()
    model = symc.build(POINTS.format(method=method), base).to(dtype).eval()
    generator = torch.Generator().manual_seed(0)
    x = (offset + 30 * torch.randn(1, 64, 3, generator=generator)).to(dtype)
    y = model(x)
    assert y.dtype == dtype
    # Rounded once when posed and twice on the way back.
    last = torch.finfo(dtype).eps * float(x.abs().max())
    assert (y.double() - x.double()).abs().max() <= 2 * last
    distinct = len(x[0].unique(dim=0))
    assert len(base.seen[0].unique(dim=0)) >= distinct - 3


class Step(nn.Module):
    """A move that a linear layer, which autocast runs in half precision, has a small part in."""

    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(3, 3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x + 0.1 * torch.tanh(self.linear(x))


def _coupled(model: Symmetrized, offset: float) -> tuple[torch.Tensor, float]:
    """The output, and the largest error of the coupled law under one motion."""
    generator = torch.Generator().manual_seed(1)
    x = torch.randn(32, 8, 3, generator=generator) + offset
    h = torch.linalg.qr(torch.randn(3, 3, generator=generator)).Q
    noise = model.draw_noise(x, generator=generator)
    moved = dict(noise)
    signs = noise["M"][..., -1:, :]
    moved["M"] = torch.cat([noise["M"][..., :-1, :] @ h.T, signs], -2)
    turned = x @ h.T
    with torch.no_grad(), torch.autocast("cpu", torch.bfloat16):
        y, z = model(x, noise=noise), model(turned, noise=moved)
    return y, float((z - y @ h.T).abs().max())


@pytest.mark.parametrize("offset", [1.0, 100.0])
def test_autocast_around_the_call_is_for_the_base(offset: float) -> None:
    """Points far off are not rounded, and later stages read poses in full precision."""
    spec = """
        size n = 8
        group P = S(n)
        group M = E(3)
        input pos[n: P, 3: M.point]
        output next[n: P, 3: M.point]
        symmetrize M, P by frame
    """
    torch.manual_seed(0)
    y, error = _coupled(symc.build(spec, Step()).eval(), offset)
    assert y.dtype == torch.float32
    assert error < 1e-3


@pytest.mark.parametrize("dtype", HALF)
def test_weights_of_nets_keep_their_digits(dtype: torch.dtype) -> None:
    model = symc.build(POINTS.format(method="canonical"), Step())
    net = {k: v.clone() for k, v in model.state_dict().items() if not k.startswith("base")}
    model(torch.randn(1, 64, 3)).sum().backward()
    model.to(dtype)
    for name, value in net.items():
        assert torch.equal(model.state_dict()[name], value)
    assert all(p.grad is None or p.grad.dtype == p.dtype for p in model.parameters())
    assert model.base.linear.weight.dtype == dtype


def test_a_module_made_without_memory() -> None:
    """On the meta device it tells shapes; weights loaded into it are all that there is."""
    spec = """
        size n = 5
        group P = S(n)
        group M = E(3)
        input pos[n: P, 3: M.point]
        output next[n: P, 3: M.point]
        symmetrize M, P by probabilistic(samples=2)
    """
    torch.manual_seed(0)
    model = symc.build(spec, Step()).eval()
    with torch.device("meta"):
        twin = symc.build(spec, Step()).eval()
        assert twin(torch.empty(2, 5, 3)).shape == (2, 5, 3)
    twin.to_empty(device="cpu")
    for buffer in twin.buffers():
        buffer.fill_(torch.nan)
    twin.load_state_dict(model.state_dict())
    x = torch.randn(2, 5, 3)
    noise = model.draw_noise(x)
    assert torch.equal(model(x, noise=noise), twin(x, noise=noise))
