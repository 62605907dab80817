"""Stages of groups that act by tables: weights, draws, gradients, and tables that move along."""

from __future__ import annotations

import copy
import pickle

import pytest
import torch
from torch import nn

import symc
from symc_runtime.distributions.finite import FiniteDistribution
from symc_runtime.testing import act, as_tuple, equivariance_error, motion_of, random_motions
from symc_runtime.verification.bases import flat_base
from symc_runtime.verification.inputs import make_inputs

IMAGES = """
group R = {family}
input  image[2, (h, h): R.grid]
input  v[3, 2: R.vector]
output y[2: R.vector]
output z[{order}: R.regular]
"""
FAMILIES = {"C(4)": 4, "D(4)": 8}
METHODS = ("average", "frame", "canonical", "probabilistic")


class Base(nn.Module):
    """Sees every number of images of 3 by 3 and vectors, in no symmetric way."""

    def __init__(self, order: int) -> None:
        super().__init__()
        generator = torch.Generator().manual_seed(0)
        self.weight = nn.Parameter(torch.randn(24, 2 + order, generator=generator) / 5)

    def forward(self, image: torch.Tensor, v: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        h = torch.cat([image.flatten(1), v.flatten(1)], 1)
        y = torch.tanh(h @ self.weight)
        return y[:, :2], y[:, 2:]


def built(family: str, method: str) -> symc.CompiledModel:
    order = FAMILIES[family]
    text = IMAGES.format(family=family, order=order) + f"symmetrize R by {method}\n"
    torch.manual_seed(0)
    return symc.build(text, Base(order)).double()


def inputs(batch: int, seed: int = 0) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    image = torch.randn(batch, 2, 3, 3, generator=generator, dtype=torch.float64)
    v = torch.randn(batch, 3, 2, generator=generator, dtype=torch.float64)
    # A constant image, one that a half turn keeps, and nothing.
    image[0], v[0] = 1.0, 0.0
    image[1] = image[1] + torch.rot90(image[1], 2, (1, 2))
    v[1] = 0.0
    image[2], v[2] = 0.0, 0.0
    return image, v


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("family", FAMILIES)
def test_the_coupled_law_holds_to_the_bit(family: str, method: str, training: bool) -> None:
    """Poses of images are gathered, so nothing rounds but the mean."""
    model = built(family, method).train(training)
    for seed in range(5):
        x = inputs(8, seed)
        generator = torch.Generator().manual_seed(seed)
        assert equivariance_error(model, *x, generator=generator) <= 1e-15


@pytest.mark.parametrize("family", FAMILIES)
def test_all_elements_with_their_weights_are_the_expectation(family: str) -> None:
    """In eval mode nothing is random: the mean is equivariant without coupling."""
    model = built(family, "probabilistic").eval()
    order = FAMILIES[family]
    image, v = inputs(8)
    samples, weights = model(image, v, return_samples=True)
    assert weights.shape == (order, 8)
    assert torch.allclose(weights.sum(0), torch.ones(8, dtype=torch.float64))
    # A net that has learned nothing has no favourite, but it is no average either.
    assert not torch.allclose(weights[:, 3:], torch.full_like(weights[:, 3:], 1 / order))
    y, z = model(image, v)
    for whole, each in zip((y, z), samples, strict=True):
        assert torch.allclose(whole, torch.einsum("kb,kb...->b...", weights, each))
    motions, sizes = random_motions(model, (image, v), {})
    moved = [act(t, x, motions, sizes) for t, x in zip(model.inputs, (image, v), strict=True)]
    for tensor, one, other in zip(model.outputs, (y, z), model(*moved), strict=True):
        assert torch.allclose(act(tensor, one, motions, sizes), other, rtol=0, atol=1e-14)


@pytest.mark.parametrize("chunk", [1, 3, 8])
def test_chunks_weigh_as_the_whole(chunk: int) -> None:
    x = inputs(4)
    whole, parts = (built("D(4)", "probabilistic").eval() for _ in range(2))
    parts.chunk = chunk
    for model in (whole, parts):
        y, z = model(*x)
        (y.square().sum() + z.square().sum()).backward()
    for one, other in zip(whole(*x), parts(*x), strict=True):
        assert torch.allclose(one, other, rtol=0, atol=1e-15)
    found = dict(parts.named_parameters())
    for name, weight in whole.named_parameters():
        assert weight.grad is not None, name
        assert torch.allclose(weight.grad, found[name].grad, rtol=1e-10, atol=1e-12), name


@pytest.mark.parametrize("family", FAMILIES)
def test_draws_are_as_often_as_their_weights(family: str) -> None:
    """What training draws is what eval mode weighs."""
    model = built(family, "probabilistic")
    order, many = FAMILIES[family], 4000
    image, v = (x[3:4] for x in inputs(4))
    _, weights = model.eval()(image, v, return_samples=True)
    model.train()
    rows = image.expand(many, -1, -1, -1), v.expand(many, -1, -1)
    noise = model.draw_noise(*rows, generator=torch.Generator().manual_seed(0))
    number = model.get_submodule("R")(noise["R"].flatten(0, 1), *rows).number
    shares = number.bincount(minlength=order) / many
    # Six standard deviations.
    assert (shares - weights[:, 0]).abs().max() <= 6 * 0.5 / many**0.5


@pytest.mark.parametrize("method", ["canonical", "probabilistic"])
@pytest.mark.parametrize("family", FAMILIES)
def test_gradients_are_those_of_the_weighted_poses(
    family: str, method: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Straight through: written as operations, they are the same, and the second ones too."""
    model = built(family, method).train()
    x = tuple(each.requires_grad_() for each in inputs(5))
    noise = model.draw_noise(*x, generator=torch.Generator().manual_seed(0))
    weights = list(model.parameters())

    def grads() -> list[torch.Tensor]:
        y, z = model(*x, noise=noise)
        loss = y.square().sum() + z.square().sum()
        first = torch.autograd.grad(loss, [*weights, *x], create_graph=True, allow_unused=True)
        kept = [g for g in first if g is not None]
        second = torch.autograd.grad(sum(g.square().sum() for g in kept), weights[0])
        return [*kept, *second]

    fused = grads()
    monkeypatch.setattr("symc_runtime.actions.tables.in_plain_operations", lambda: True)
    written = grads()
    assert len(fused) == len(written) > len(x)
    for one, other in zip(fused, written, strict=True):
        assert torch.isfinite(one).all()
        assert torch.allclose(one, other, rtol=1e-9, atol=1e-11)


@pytest.mark.parametrize("method", METHODS)
def test_tables_keep_their_digits(method: str) -> None:
    """They are no weights: they follow to a device, and stay in double precision."""
    text = (
        f"group R = D(5)\ninput x[n: S(n), 2: R.vector]\noutput y[5: R]\nsymmetrize R by {method}"
    )
    model = symc.build(text, Sum())
    there_and_back = copy.deepcopy(model).half().float().to(torch.float64)
    x = torch.randn(3, 4, 2, dtype=torch.float64)
    again = pickle.loads(pickle.dumps(there_and_back))
    for each in (there_and_back, again):
        assert equivariance_error(each, x) <= 1e-12
        assert not [key for key in each.state_dict() if "table" in key]
    stage = copy.deepcopy(model).to("meta").to_empty(device="cpu").get_submodule("R")
    assert isinstance(stage, FiniteDistribution)
    number = torch.tensor([1, 7])
    moved = stage.element(number).tables["vector"]
    wanted = motion_of(model.groups[0], 5, number).matrix_of("vector", ())
    assert torch.equal(moved[0][number], wanted)


class Sum(nn.Module):
    """Five numbers of a set of vectors."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(2, 5, generator=torch.Generator().manual_seed(0)))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.tanh(x @ self.weight).sum(1)


OPEN = {
    "a sum beside items": "group R = D(3)\ngroup P = S(n)\n"
    "input x[_: R * P + P]\noutput y[n: P]\noutput z[_: R * P + R]",
    "multiples": "group R = C(3)\ninput x[_: c*R.vector + R]\noutput y[_: c*R + 2*R.vector]",
    "products": "group R = D(2)\ngroup M = O(2)\n"
    "input x[c, _: R.regular * M + 3*M]\noutput y[_: c*M]\noutput z[4: R.regular]",
}
"""Axes that are moved piece by piece, where each call tells how long the pieces are."""


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("text", OPEN.values(), ids=OPEN)
def test_pieces_of_an_axis_may_have_open_sizes(text: str, method: str) -> None:
    probe = symc.build(text, nn.Identity())
    sizes = {"n": 3, "c": 2}
    base = flat_base(probe.inputs, probe.outputs, sizes)
    model = symc.build(f"{text}\nsymmetrize by {method}\n", base).double()
    generator = torch.Generator().manual_seed(0)
    x = make_inputs("random", model.inputs, model.groups, sizes, 4, generator=generator)
    for training in (True, False):
        model.train(training)
        assert equivariance_error(model, *x, generator=generator) <= 1e-12


@pytest.mark.parametrize("method", ["average", "frame"])
@pytest.mark.parametrize("text", OPEN.values(), ids=OPEN)
def test_pieces_of_open_sizes_are_traced(text: str, method: str) -> None:
    """Sizes are read off polynomials, `3*n + n`, while torch traces."""
    probe = symc.build(text, nn.Identity())
    sizes = {"n": 3, "c": 2}
    base = flat_base(probe.inputs, probe.outputs, sizes)
    model = symc.build(f"{text}\nsymmetrize by {method}\n", base).double().eval()
    x = make_inputs("random", model.inputs, model.groups, sizes, 2)
    noise = model.draw_noise(*x)
    fast = torch.compile(model, fullgraph=True, backend="eager")
    with torch.no_grad():
        pairs = zip(as_tuple(model(*x, noise=noise)), as_tuple(fast(*x, noise=noise)), strict=True)
    for one, other in pairs:
        assert torch.allclose(one, other, rtol=0, atol=1e-12)
