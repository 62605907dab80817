"""What is worked on a few examples at a time is what plain operations on all at once make of it."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from symc_runtime.call import tracing
from symc_runtime.modules import pair_channels, pooled_channels
from symc_runtime.modules.pair_channels import PairChannels
from symc_runtime.modules.pooled_channels import Place, PooledChannels
from symc_runtime.numerics import parts as parts_
from symc_runtime.numerics import sinkhorn, sorting
from symc_runtime.numerics.hops import hops
from symc_runtime.numerics.sinkhorn import soft_matrix, soft_order
from symc_runtime.numerics.sorting import how_many_equal

F64 = torch.float64
PAIRS = [Place((0,)), Place((1,)), Place((0, 1), diagonal=True)]
LEVELS = {
    "pairs": ((4, 4), PAIRS, ()),
    "ragged pairs": ((4, 4), PAIRS, (0, 1)),
    "other items": ((3,), [Place(())], (0,)),
    "pairs with others": ((4, 4, 3), PAIRS, (2,)),
    "pairs around others": (
        (4, 3, 4),
        [Place((0,)), Place((2,)), Place((0, 2), diagonal=True)],
        (0, 2),
    ),
    "triples": (
        (3, 3, 3),
        [Place((0,)), Place((1,)), Place((2,)), Place((0, 1), diagonal=True)],
        (),
    ),
}
"""Sizes of axes of items, places, and which axes are ragged."""


@pytest.fixture(params=[1, 100, 2**17], ids="near {}".format)
def near(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> int:
    monkeypatch.setattr(parts_, "NEAR", request.param)
    return int(request.param)


def generator() -> torch.Generator:
    return torch.Generator().manual_seed(0)


def drawn(*shape: int) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(sum(shape)), dtype=F64)


def masks_of(shape: tuple[int, ...], ragged: tuple[int, ...], rows: int) -> list[Tensor | None]:
    counts = torch.arange(rows) + 1
    return [
        torch.arange(n) < counts.unsqueeze(-1).clamp(max=n) if axis in ragged else None
        for axis, n in enumerate(shape)
    ]


def pooling(name: str) -> tuple[Callable[..., tuple[Tensor, ...]], list[Tensor]]:
    """A function of x, weight, bias and a lift, and these."""
    shape, places, ragged = LEVELS[name]
    linear = PooledChannels(3, 2).double()
    masks = masks_of(shape, ragged, 5)
    x = drawn(5, 3, *shape)
    lift = drawn(5, 2, shape[0], *[1] * (len(shape) - 1))

    def call(x: Tensor, weight: Tensor, bias: Tensor, lift: Tensor) -> tuple[Tensor, ...]:
        given = {"weight": weight, "bias": bias}
        return torch.func.functional_call(linear, given, (x, places, masks, [lift]))

    return call, [x, linear.weight.detach(), linear.bias.detach(), lift]


@pytest.mark.parametrize("name", LEVELS)
def test_pooled_channels_are_plain_means_with_their_derivatives(name: str, near: int) -> None:
    call, given = pooling(name)
    shape, places, ragged = LEVELS[name]
    masks = masks_of(shape, ragged, 5)
    leaves = [x.clone().requires_grad_() for x in given]
    twins = [x.clone().requires_grad_() for x in given]
    found = call(*leaves)
    expected = pooled_channels._plain(twins, places, masks)
    weights = [drawn(*y.shape) for y in expected]
    for y, z in zip(found, expected, strict=True):
        assert torch.allclose(y, z, atol=1e-14)
    torch.autograd.backward(found, weights)
    torch.autograd.backward(expected, weights)
    for leaf, twin in zip(leaves, twins, strict=True):
        assert torch.allclose(leaf.grad, twin.grad, atol=1e-13)


@pytest.mark.parametrize("name", ["ragged pairs", "pairs with others"])
def test_pooled_channels_are_differentiated_twice(name: str, near: int) -> None:
    call, given = pooling(name)
    leaves = [x.clone().requires_grad_() for x in given]
    assert torch.autograd.gradcheck(call, leaves, fast_mode=True)
    assert torch.autograd.gradgradcheck(call, leaves, fast_mode=True)


def test_pair_channels_read_both_ways_with_their_derivatives(near: int) -> None:
    linear = PairChannels(3, 2).double()
    x, weight = drawn(5, 3, 4, 4).requires_grad_(), linear.weight.detach().requires_grad_()

    def call(x: Tensor, weight: Tensor) -> Tensor:
        result: Tensor = torch.func.functional_call(linear, {"weight": weight}, (x,))
        return result

    there, back = weight.detach().chunk(2)
    expected = torch.einsum("oc,ncij->noij", there, x) + torch.einsum("oc,ncji->noij", back, x)
    assert torch.allclose(call(x, weight), expected, atol=1e-14)
    assert torch.autograd.gradcheck(call, (x, weight), fast_mode=True)
    assert torch.autograd.gradgradcheck(call, (x, weight), fast_mode=True)
    plain = pair_channels._both_ways(x, weight)
    assert torch.equal(call(x, weight), plain)


@pytest.mark.parametrize("ragged", [False, True])
def test_gradients_of_soft_orders_are_those_of_the_soft_matrix(ragged: bool, near: int) -> None:
    scores, weight = drawn(6, 7).requires_grad_(), drawn(6, 7, 7)
    valid = (torch.arange(7) < torch.arange(2, 8).unsqueeze(-1)) if ragged else None
    key = scores if valid is None else scores.masked_fill(~valid, torch.inf)
    index = key.argsort(-1)
    soft = soft_order(scores, index, 0.1, valid)
    (found,) = torch.autograd.grad((soft.path * weight).sum(), scores, retain_graph=True)
    twin = soft_order(scores, index, 0.1, valid)
    matrix = sinkhorn._matrix(twin.places, twin.gain, twin.valid)
    (expected,) = torch.autograd.grad((matrix * weight).sum(), scores)
    assert torch.equal(soft_matrix(soft), matrix)
    assert torch.allclose(found, expected, atol=1e-12)


def test_paths_are_as_long_whatever_else_is_in_the_batch(near: int) -> None:
    """Where some examples reach all they can sooner than others."""
    item = torch.arange(70)
    apart = (item - item[:, None]).abs()
    line, ring = apart.eq(1).float(), (apart.eq(1) | apart.eq(69)).float()
    star = ((item == 0) ^ (item == 0).unsqueeze(-1)).float()
    none = torch.zeros(70, 70)
    every = torch.stack([none, star, ring, line, none])
    alone = torch.cat([hops(x.unsqueeze(0)) for x in every])
    assert torch.equal(hops(every), alone)
    assert torch.equal(alone[2], torch.minimum(apart, 70 - apart).float())


def test_equal_numbers_are_counted_alike_by_order_and_by_pairs(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    x = torch.randint(-1, 9, (3, 2, 20), generator=generator()) * 123_456_789
    each = how_many_equal(x)
    assert torch.equal(each, (x.unsqueeze(-1) == x.unsqueeze(-2)).sum(-1))
    monkeypatch.setattr(sorting, "MANY", 20)
    assert torch.equal(how_many_equal(x), each)
    assert torch.equal(how_many_equal(x[:, :1].expand(-1, 4, -1)), each[:, :1].expand(-1, 4, -1))
    monkeypatch.setattr(sorting, "MANY", 10**6)
    monkeypatch.setattr(sorting, "is_compiled", lambda: True)
    assert torch.equal(how_many_equal(x), each)
    assert not tracing.is_compiled()
