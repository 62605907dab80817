"""Derivatives by torch.func and torch.export, of higher order, and bases in wrappers."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.func import functional_call
from torch.nn.parallel import DistributedDataParallel

import symc
from symc_runtime.bases.mlp import MLP
from symc_runtime.symmetrized import Symmetrized

SPEC = """
size n = 4
group P = S(n)
group M = O(3)
input x[n: P, 3: M]
input a[n: P, n: P]
output y[n: P, 3: M]
output z[2]
symmetrize {symmetrized} by probabilistic(samples=4, entropy=0.3)
"""
RAGGED = """
size n <= 6
input x[n: S(n), 2]
output y[2]
symmetrize by average(samples=2)
"""


GROUPS_OF_POINTS = {"P": "group P = S(n)", "M": "group M = SE(3)"}


class Cumulated(nn.Module):
    """Without symmetry: sums over the items so far."""

    def forward(self, x: Tensor) -> Tensor:
        return x.cumsum(1)


def _built(symmetrized: str = "M, P", chunk: int | None = None) -> Symmetrized:
    torch.manual_seed(0)
    base = MLP([(4, 3), (4, 4)], [(4, 3), (2,)], hidden=16, layers=2)
    model: Symmetrized = symc.build(SPEC.format(symmetrized=symmetrized), base, chunk=chunk)
    return model.double().train()


def _drawn(model: Symmetrized) -> tuple[tuple[Tensor, Tensor], dict[str, Tensor]]:
    generator = torch.Generator().manual_seed(1)
    x = torch.randn(3, 4, 3, dtype=torch.double, generator=generator)
    a = torch.randn(3, 4, 4, dtype=torch.double, generator=generator)
    return (x, a), model.draw_noise(x, a, generator=generator)


def _loss(found: Any) -> Tensor:
    (y, z), penalty = found
    total: Tensor = (y.sin() * y).sum() + z.square().sum() + penalty
    return total


def _gradients(model: Symmetrized, inputs: tuple[Tensor, ...], noise: Any) -> dict[str, Tensor]:
    model.zero_grad()
    _loss(model(*inputs, noise=noise, return_penalty=True)).backward()
    return {k: p.grad.clone() for k, p in model.named_parameters() if p.grad is not None}


def _agree(found: dict[str, Tensor], expected: dict[str, Tensor]) -> None:
    assert len(expected) > 4
    assert any(value.abs().max() > 1e-6 for key, value in expected.items() if key[0] in "MP")
    for key, value in expected.items():
        assert torch.allclose(found[key], value, rtol=1e-9, atol=1e-12), key


@pytest.mark.parametrize("chunk", [None, 1, 3])
@pytest.mark.parametrize("symmetrized", ["P, M", "M, P"])
def test_torch_func_has_the_gradients_of_backward(symmetrized: str, chunk: int | None) -> None:
    model = _built(symmetrized, chunk)
    inputs, noise = _drawn(model)
    expected = _gradients(_built(symmetrized), inputs, noise)

    def value(parameters: dict[str, Tensor]) -> Tensor:
        keywords = {"noise": noise, "return_penalty": True}
        return _loss(functional_call(model, parameters, inputs, keywords))

    given = {key: p.detach() for key, p in model.named_parameters()}
    _agree(torch.func.grad(value)(given), expected)
    if chunk is None:
        # Forward mode, along one direction.
        along = {key: torch.randn_like(p) for key, p in given.items()}
        _, slope = torch.func.jvp(value, (given,), (along,))
        total = sum(float((expected[k] * along[k]).sum()) for k in expected)
        assert abs(float(slope) - total) < 1e-9 * (1 + abs(total))


@pytest.mark.parametrize("own_noise", [False, True])
@pytest.mark.parametrize("method", ["average", "frame", "canonical", "probabilistic"])
@pytest.mark.parametrize("moved", ["n: P, 3", "n, 3: M.point", "n: P, 3: M.point"])
def test_vmap_over_inputs(moved: str, method: str, own_noise: bool) -> None:
    """Batches of batches, each with its noise or all with one: as one after the other."""
    groups = {name: text for name, text in GROUPS_OF_POINTS.items() if f": {name}" in moved}
    spec = f"""
        size n = 4
        {chr(10).join(groups.values())}
        input x[{moved}]
        output y[{moved}]
        symmetrize {", ".join(groups)} by {method}
    """
    torch.manual_seed(0)
    model = symc.build(spec, Cumulated()).double().eval()
    inputs = torch.randn(3, 2, 4, 3, dtype=torch.float64)
    drawn = [model.draw_noise(x) for x in inputs]
    noises = drawn if own_noise else drawn[:1] * 3
    expected = torch.stack([model(x, noise=noise) for x, noise in zip(inputs, noises, strict=True)])

    def call(x: torch.Tensor, noise: dict[str, torch.Tensor]) -> torch.Tensor:
        y: torch.Tensor = model(x, noise=noise)
        return y

    if own_noise:
        stacked = {key: torch.stack([noise[key] for noise in noises]) for key in noises[0]}
        found = torch.func.vmap(call)(inputs, stacked)
    else:
        found = torch.func.vmap(call, in_dims=(0, None))(inputs, noises[0])
    assert torch.allclose(found, expected, rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("symmetrized", ["P, M", "M, P"])
def test_an_exported_model_learns_like_the_model(symmetrized: str) -> None:
    model = _built(symmetrized)
    inputs, noise = _drawn(model)
    expected = _gradients(copy.deepcopy(model), inputs, noise)
    keywords = {"noise": noise, "return_penalty": True}
    exported = torch.export.export(model, inputs, keywords).module()
    _loss(exported(*inputs, **keywords)).backward()
    found = {k: p.grad for k, p in exported.named_parameters() if p.grad is not None}
    _agree(found, expected)


def test_the_penalty_does_not_ask_for_gradients() -> None:
    model = _built()
    inputs, noise = _drawn(model)
    expected = model(*inputs, noise=noise, return_penalty=True)[1]
    with torch.no_grad():
        found = model(*inputs, noise=noise, return_penalty=True)[1]
    assert expected > 0
    assert torch.equal(found, expected)


@pytest.mark.parametrize("method", ["average", "frame", "canonical", "probabilistic"])
@pytest.mark.parametrize("group", ["E(3)", "SE(2)", "O(4)"])
def test_second_derivatives(group: str, method: str) -> None:
    """Hessians of an invariant energy beside differences of its gradient."""
    d, axis = int(group[-2]), "vector" if group[0] == "O" else "point"
    spec = f"group M = {group}\ninput x[5, {d}: M.{axis}]\noutput energy\nsymmetrize M by {method}"
    torch.manual_seed(0)
    model = symc.build(spec, MLP([(5, d)], [()], hidden=8, layers=2)).double().eval()
    x = torch.randn(1, 5, d, dtype=torch.double)
    noise = model.draw_noise(x)

    def energy(flat: Tensor) -> Tensor:
        total: Tensor = model(flat.reshape(1, 5, d), noise=noise).sum()
        return total

    def force(flat: Tensor) -> Tensor:
        (found,) = torch.autograd.grad(energy(flat.requires_grad_()), flat)
        return found

    hessian = torch.autograd.functional.hessian(energy, x.flatten())
    steps = 1e-5 * torch.eye(5 * d, dtype=torch.double)
    rows = [(force(x.flatten() + s) - force(x.flatten() - s)) / 2e-5 for s in steps]
    assert (hessian - torch.stack(rows)).norm() < 1e-6 * hessian.norm()
    # Bit for bit, with and without gradients.
    assert torch.equal(energy(x.flatten()), energy(x.flatten().requires_grad_()))


class Mean(nn.Module):
    """The mean of the items there are; of all of them, padding too, if nobody tells."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(()))

    def forward(self, x: Tensor, n: Tensor | None = None) -> Tensor:
        mean = x.mean(1) if n is None else x.sum(1) / n.unsqueeze(-1)
        return self.weight * mean


@pytest.mark.usefixtures("process_group")
@pytest.mark.parametrize(
    "wrapped",
    [
        lambda: torch.compile(Mean(), backend="eager"),
        lambda: DistributedDataParallel(Mean()),
        lambda: DistributedDataParallel(torch.compile(Mean(), backend="eager")),
        lambda: nn.DataParallel(Mean()),
    ],
)
def test_counts_reach_a_base_in_a_wrapper(wrapped: Callable[[], nn.Module]) -> None:
    x, n = torch.randn(2, 6, 2), torch.tensor([3, 6])
    expected = symc.build(RAGGED, Mean())(x, n=n)
    assert torch.allclose(symc.build(RAGGED, wrapped())(x, n=n), expected)
    # A base that is exchanged later, too.
    model = symc.build(RAGGED, nn.Flatten())
    model.base = wrapped()
    assert torch.allclose(model(x, n=n), expected)
    assert torch.allclose(copy.deepcopy(symc.build(RAGGED, Mean()))(x, n=n), expected)


@pytest.mark.usefixtures("process_group")
@pytest.mark.parametrize("sharded", [["base"], ["P", ""], ["base", ""], ["base", "M", "P", ""]])
def test_chunks_of_sharded_parameters(sharded: list[str]) -> None:
    from torch.distributed import fsdp

    # Sharding of single parameters came with torch 2.6: before it there is nothing to test.
    if not hasattr(fsdp, "fully_shard"):
        pytest.skip("torch has no fully_shard")
    model = _built(chunk=2)
    inputs, noise = _drawn(model)
    expected = _gradients(_built(), inputs, noise)
    mesh = torch.distributed.device_mesh.init_device_mesh("cpu", (1,))
    for name in sharded:
        fsdp.fully_shard(model.get_submodule(name), mesh=mesh)
    found = _gradients(model, inputs, noise)
    whole = {k: g.full_tensor() if hasattr(g, "full_tensor") else g for k, g in found.items()}
    _agree(whole, expected)
