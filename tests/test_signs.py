"""Sign flips Z2(k): facts, elements, laws of what draws them, and what other nets see of them."""

from __future__ import annotations

import math
from itertools import product
from typing import Any

import pytest
import torch
from torch import nn

import symc
from symc_runtime.actions.axes import flip, times_signs
from symc_runtime.catalogue import groups
from symc_runtime.distributions.permutation_net import LearnedPermutation
from symc_runtime.distributions.sign_average import AverageSigns, SignNoise
from symc_runtime.distributions.sign_frame import SignFrame
from symc_runtime.distributions.sign_net import LearnedSigns
from symc_runtime.elements.signs import Signs
from symc_runtime.spec import layout
from symc_runtime.symmetrized import Symmetrized
from symc_runtime.testing import act, assert_equivariant, equivariance_error, random_motion
from symc_runtime.verification.membership import element_findings

F64 = torch.float64
CPU = torch.device("cpu")
ITEMS = 6


def signs_of(rows: int, k: int, seed: int = 0) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return 2 * torch.randint(2, (rows, k), generator=generator).to(F64) - 1


def evecs(k: int, ragged: bool = False) -> tuple[tuple[layout.Tensor, ...], tuple[Any, ...]]:
    """`x[n: P, k: F, 2]` and its groups."""
    tensor = layout.Tensor(
        "x", (layout.Natural("P", "n"), layout.Natural("F", k), layout.Trivial(2))
    )
    return (tensor,), (layout.Group("P", "S", "n"), layout.Group("F", "Z2", k))


def made(kind: str, k: int, dtype: torch.dtype = F64, **keywords: Any) -> SignNoise:
    """What draws the signs of `evecs(k)`, items permuted by a later group."""
    inputs, each = evecs(k)
    torch.manual_seed(0)
    found: SignNoise
    if kind == "frame":
        found = SignFrame(inputs, each, own="F", later=("P",))
    else:
        keywords = {"probabilistic": kind == "probabilistic"} | keywords
        found = LearnedSigns(inputs, each, own="F", later=("P",), **keywords)
    return found.to(dtype).eval()


# Facts and elements


@pytest.mark.parametrize("k", [1, 2, 3, 7])
def test_every_element_once_and_as_many_as_the_order_says(k: int) -> None:
    facts = groups()["Z2"]
    every = facts.every(k)
    assert every[0] == (1,) * k
    assert len(set(every)) == len(every) == facts.rest_order(k) == 2**k == facts.order(k)
    assert {abs(sign) for signs in every for sign in signs} == {1}
    assert facts.order_formula("k + 1") == "2^(k + 1)"
    assert (facts.order(62), facts.order(63)) == (2**62, None)


def test_signs_multiply_along_an_axis_exactly() -> None:
    x = torch.randn(4, 5, 3, 2)
    g, h = signs_of(4, 3, 1), signs_of(4, 3, 2)
    both = times_signs(times_signs(x, Signs(h), 2), Signs(g), 2)
    assert torch.equal(both, times_signs(x, Signs(g * h), 2))
    assert torch.equal(times_signs(times_signs(x, Signs(g), 2), Signs(g), 2), x)
    assert torch.equal(times_signs(x, Signs(g), 2), x * g.float()[:, None, :, None])
    # The product of all signs is a homomorphism, and moves by one sign.
    assert torch.equal(flip(flip(x, Signs(g)), Signs(h)), flip(x, Signs(g * h)))
    assert torch.equal(flip(x, Signs(g)), x * g.prod(-1).float()[:, None, None, None])
    # Rows that samples share.
    many = signs_of(8, 3)
    assert torch.equal(times_signs(x, Signs(many), 2)[4:], times_signs(x, Signs(many[4:]), 2))


def test_motions_are_diagonal_signs_and_move_as_the_action_does() -> None:
    group = layout.Group("F", "Z2", 3)
    motion = random_motion(group, 3, 6, generator=torch.Generator().manual_seed(0))
    signs = motion.matrix.diagonal(dim1=1, dim2=2)
    assert torch.equal(motion.matrix, signs.diag_embed())
    assert torch.equal(motion.character, signs.prod(-1))
    natural = layout.Tensor("x", (layout.Trivial(2), layout.Natural("F", 3)))
    signed = layout.Tensor("s", (layout.Product((layout.Sign("F"), layout.Natural("F", 3))),))
    x, s = torch.randn(6, 2, 3, dtype=F64), torch.randn(6, 3, dtype=F64)
    assert torch.equal(act(natural, x, {"F": motion}, {}), times_signs(x, Signs(signs), 2))
    expected = flip(times_signs(s, Signs(signs), 1), Signs(signs))
    assert torch.equal(act(signed, s, {"F": motion}, {}), expected)


def test_what_is_no_sign_is_no_element() -> None:
    group = layout.Group("F", "Z2", 2)
    signs = torch.tensor([[1.0, -1.0], [1.0, 0.5], [0.0, 1.0], [torch.nan, 1.0]])
    (found,) = element_findings(group, Signs(signs), {}, 1, {})
    assert found.error.tolist() == [0, 1, 1, 1]


# Distributions


@pytest.mark.parametrize("k", [1, 3, 8])
def test_the_average_is_haar(k: int) -> None:
    inputs, each = evecs(k)
    stage = AverageSigns(inputs, each, own="F")
    draws = 20_000
    noise = stage.draw(draws, 1, {}, F64, CPU, torch.Generator().manual_seed(0))
    signs = stage(noise.flatten(0, 1)).signs
    assert signs.abs().eq(1).all()
    # Products of different items have mean 0, as single ones have.
    bound = 5 / math.sqrt(draws)
    assert signs.mean(0).abs().max() < bound
    second = signs.T @ signs / draws - torch.eye(k, dtype=F64)
    assert second.abs().max() < bound
    assert k == 1 or signs.prod(-1).mean().abs() < bound
    every = stage.enumerate(2, {}, F64, CPU, None)
    assert every.shape == (2**k, 2, k)
    found = stage(every.flatten(0, 1)).signs.unflatten(0, (-1, 2))[:, 1]
    assert [tuple(row) for row in found.tolist()] == groups()["Z2"].every(k)


@pytest.mark.parametrize("dtype", [torch.float32, F64])
@pytest.mark.parametrize("kind", ["frame", "canonical", "probabilistic"])
@pytest.mark.parametrize("k", [1, 4, 300])
def test_elements_move_with_the_signs_and_not_with_the_items(
    kind: str, k: int, dtype: torch.dtype
) -> None:
    """g(h x, h eps) = h g(x, eps), to the bit; items in another order change none."""
    stage = made(kind, k, dtype)
    x = torch.randn(7, ITEMS, k, 2, dtype=dtype)
    x[0] = 0
    x[1, :, : k // 2] = 0
    x[2] = x[2] - x[2].flip(0)
    noise = torch.randn(7, k, dtype=dtype)
    h = signs_of(7, k).to(dtype)
    plain = stage(noise, x).signs
    assert plain.abs().eq(1).all()
    assert torch.equal(stage(noise * h, x * h[:, None, :, None]).signs, h * plain)
    assert torch.equal(stage(noise, x[:, torch.randperm(ITEMS)]).signs, plain)
    assert torch.equal(stage.act_on_noise(Signs(h), noise), noise * h)


@pytest.mark.parametrize("dtype", [torch.float32, F64])
def test_scores_are_odd_in_each_item_to_the_bit(dtype: torch.dtype) -> None:
    stage = made("canonical", 4, dtype)
    assert isinstance(stage, LearnedSigns)
    x, h = torch.randn(5, ITEMS, 4, 2, dtype=dtype), signs_of(5, 4).to(dtype)
    scores, sizes = stage._scores((x,), None, 4)
    assert torch.equal(stage._scores((x * h[:, None, :, None],), None, 4)[0], scores * h)
    assert (scores.abs() > 1e-4 * sizes).all()


@pytest.mark.parametrize("kind", ["frame", "canonical"])
def test_noise_decides_for_mirror_images_alone(kind: str) -> None:
    stage = made(kind, 4)
    x = torch.randn(1, ITEMS, 4, 2, dtype=F64)
    # The first is zero. What exchanges items negates the second and leaves the others.
    x[:, :, 0] = 0
    x[:, :, 1] = x[:, :, 1] - x[:, :, 1].flip(1)
    x[:, :, 2:] = x[:, :, 2:] + x[:, :, 2:].flip(1)
    many = x.expand(400, -1, -1, -1)
    noise = torch.randn(400, 4, dtype=F64)
    signs = stage(noise, many).signs
    assert torch.equal(signs[:, :2], noise[:, :2].sign())
    assert (signs[:, 2:] == signs[:1, 2:]).all()


def test_a_frame_looks_at_what_else_is_known_of_the_places() -> None:
    """(1, -1, 2, -2) is its own mirror image, but not beside what tells 1 from -1."""
    column = torch.tensor([1.0, -1, 2, -2], dtype=F64)
    degrees = torch.tensor([3.0, 1, 1, 1], dtype=F64)
    tensors = (
        layout.Tensor("x", (layout.Natural("P", 4), layout.Natural("F", 1))),
        layout.Tensor("d", (layout.Natural("P", 4),)),
    )
    each = (layout.Group("P", "S", 4), layout.Group("F", "Z2", 1))
    noise = torch.randn(50, 1, dtype=F64)
    x, d = column.reshape(1, 4, 1).expand(50, 4, 1), degrees.expand(50, 4)
    alone = SignFrame(tensors[:1], each, own="F", later=("P",))
    assert torch.equal(alone(noise, x).signs, noise.sign())
    both = SignFrame(tensors, each, own="F", later=("P",))
    assert (both(noise, x, d).signs == 1).all()
    assert (both(noise, -x, d).signs == -1).all()
    assert torch.equal(both(noise, x, torch.ones_like(d)).signs, noise.sign())


@pytest.mark.parametrize("kind", ["frame", "canonical"])
def test_the_pose_of_a_pose_is_itself(kind: str) -> None:
    stage = made(kind, 5)
    x = torch.randn(20, ITEMS, 5, 2, dtype=F64)
    noise = torch.randn(20, 5, dtype=F64)
    posed = times_signs(x, stage(noise, x), 2)
    assert (stage(-noise, posed).signs == 1).all()


def test_weights_are_the_probabilities_of_draws() -> None:
    stage = made("probabilistic", 3, noise_scale=0.5)
    x = torch.randn(1, ITEMS, 3, 2, dtype=F64)
    every = stage.enumerate(1, {}, F64, CPU, None).flatten(0, 1)
    found = stage(every, x)
    assert found.share is not None
    assert [tuple(row) for row in found.signs.tolist()] == groups()["Z2"].every(3)
    weights = found.share / 8
    assert torch.allclose(weights.sum(), torch.ones((), dtype=F64))
    assert weights.max() > 1.3 * weights.min()
    draws = 40_000
    drawn = stage(torch.randn(draws, 3, dtype=F64), x)
    assert drawn.share is not None
    assert drawn.share.eq(1).all()
    places = ((1 - drawn.signs) / 2 * torch.tensor([4.0, 2, 1], dtype=F64)).sum(-1).long()
    counts = torch.bincount(places, minlength=8) / draws
    assert (counts - weights).abs().max() < 5 * 0.5 / math.sqrt(draws)


@pytest.mark.parametrize("kind", ["canonical", "probabilistic"])
def test_gradients_go_straight_to_the_scores(kind: str) -> None:
    """Values are those of hard signs, derivatives those of tanh(score / temperature)."""
    stage = made(kind, 3, temperature=0.3)
    assert isinstance(stage, LearnedSigns)
    x = torch.randn(5, ITEMS, 3, 2, dtype=F64)
    noise, weights = torch.randn(5, 3, dtype=F64), torch.randn(5, 3, dtype=F64)
    hard = stage(noise, x).signs
    soft = stage.train()(noise, x).signs
    assert torch.equal(soft.detach(), hard)
    (soft * weights).sum().backward()
    found = [p.grad.clone() for p in stage.parameters() if p.grad is not None]
    assert any(g.abs().max() > 0 for g in found)
    stage.zero_grad()
    scores, _ = stage._scores((x,), None, 3)
    if kind == "probabilistic":
        scores = scores + noise
    ((scores / 0.3).tanh() * weights).sum().backward()
    expected = [p.grad for p in stage.parameters() if p.grad is not None]
    for one, other in zip(found, expected, strict=True):
        assert torch.allclose(one, other)


# Whole modules


class Base(nn.Module):
    """Without any symmetry: x[n, k] to y[n, k] and a number."""

    def __init__(self, n: int, k: int) -> None:
        super().__init__()
        self.layer = nn.Linear(n * k, n * k + 1)

    def forward(self, x: torch.Tensor, *others: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        y = torch.tanh(self.layer(x.flatten(1)))
        return y[:, :-1].reshape(x.shape), y[:, -1]


def model_of(method: str, rest: str = "", n: int = 5, k: str = "3", value: int = 3) -> Symmetrized:
    text = (
        f"group P = S({n})\ngroup F = Z2({k})\ninput x[{n}: P, {k}: F]\n"
        f"output y[{n}: P, {k}: F]\noutput e\nsymmetrize F by {method}\n{rest}"
    )
    torch.manual_seed(0)
    return symc.build(text, Base(n, value)).double().eval()


@pytest.mark.parametrize("rest", ["", "symmetrize P by frame", "symmetrize P by canonical"])
@pytest.mark.parametrize("method", ["average", "frame", "canonical", "probabilistic"])
def test_models_are_equivariant_on_inputs_of_every_kind(method: str, rest: str) -> None:
    model = model_of(method, rest)
    x = torch.randn(6, 5, 3, dtype=F64)
    x[0, :, 1] = 0
    x[1] = x[1] - x[1].flip(0)
    x[2] = x[2, :1]
    x[3] = 0
    for training in (False, True):
        model.train(training)
        assert_equivariant(model, x, tolerance=1e-10, trials=2)


def test_an_average_over_all_signs_is_exact_and_an_even_share_of_a_large_group_is_drawn() -> None:
    model = model_of("average", "symmetrize P by frame", k="k", value=4, n=2)
    x = torch.randn(3, 2, 4, dtype=F64)
    assert model.draw_noise(x)["F"].shape[0] == 2**4
    y, e = model(x)
    signs = torch.tensor([1.0, -1, -1, 1], dtype=F64)
    z, f = model(x * signs)
    assert torch.allclose(z, y * signs)
    assert torch.allclose(f, e)
    many = symc.build(
        "group F = Z2(k)\ninput x[k: F]\noutput e\nsymmetrize F by average", nn.Flatten(0)
    )
    assert many.draw_noise(torch.randn(2, 12))["F"].shape == (4096, 2, 12)
    assert many.eval().draw_noise(torch.randn(2, 1000))["F"].shape == (20, 2, 1000)


def test_eval_mode_takes_all_signs_of_few_items_by_their_weights() -> None:
    model = model_of("probabilistic", "symmetrize P by frame")
    x = torch.randn(4, 5, 3, dtype=F64)
    (y, e), weights = model(x, return_samples=True)
    assert weights.shape == (8, 4)
    assert torch.allclose(weights.sum(0), torch.ones(4, dtype=F64))
    # Exact between calls that share no noise.
    signs = torch.tensor([-1.0, 1, -1], dtype=F64)
    assert torch.allclose(model(x * signs)[0], model(x)[0] * signs)
    assert model.train().draw_noise(x)["F"].shape[0] == 1
    large = model_of("probabilistic", k="6", value=6).eval()
    assert large.draw_noise(torch.randn(2, 5, 6, dtype=F64))["F"].shape[0] == 20


def test_a_net_of_ones_own() -> None:
    class Sums(nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return x.pow(3).sum(1)

    text = (
        "group P = S(5)\ngroup F = Z2(3)\ninput x[5: P, 3: F]\noutput y[5: P, 3: F]\noutput e\n"
        "symmetrize F by canonical\nsymmetrize P by frame"
    )
    model = symc.build(text, Base(5, 3), distributions={"F": Sums()}).double().eval()
    x = torch.randn(4, 5, 3, dtype=F64)
    assert equivariance_error(model, x) < 1e-10
    found = model.get_submodule("F")(torch.zeros(4, 3, dtype=F64), x).signs
    assert torch.equal(found, x.pow(3).sum(1).sign())


# What nets of other stages see


def test_others_see_each_item_apart_and_no_sign() -> None:
    """Scores of S(n), signs later: no flip changes them, and turns of the columns do."""
    inputs, each = evecs(3)
    torch.manual_seed(0)
    stage = LearnedPermutation(inputs, each, own="P", later=("F",), probabilistic=False).double()
    x = torch.randn(1, ITEMS, 3, 2, dtype=F64)
    noise = torch.zeros(1, ITEMS, stage.channels, dtype=F64)

    def scores(x: torch.Tensor) -> torch.Tensor:
        (found, _), _ = stage._scores(noise, (x,), None, None, None)
        return found

    for signs in product((1.0, -1.0), repeat=3):
        flipped = x * torch.tensor(signs, dtype=F64).reshape(1, 1, 3, 1)
        assert torch.allclose(scores(flipped), scores(x), atol=1e-12)
    turn = torch.linalg.qr(torch.randn(3, 3, dtype=F64)).Q
    turned = torch.einsum("ij,bnjc->bnic", turn, x)
    assert (scores(turned) - scores(x)).abs().max() > 1e-3
    # No item is as good as another.
    assert (scores(x[:, :, [1, 0, 2]]) - scores(x)).abs().max() > 1e-3


@pytest.mark.parametrize(
    "text",
    [
        "group M = O(3)\ngroup F = Z2(4)\ninput x[5, 4: F, 3: M]\ninput v[3: M]\n"
        "output y[4: F, 3: M]\nsymmetrize M by {0}\nsymmetrize F by {1}",
        "group M = SO(2)\ngroup F = Z2(3)\ninput x[4, 3: F, 2: M]\ninput v[5, 2: M]\n"
        "output y[3: F, 2: M]\nsymmetrize F by average\nsymmetrize M by {0}",
        "group M = E(3)\ngroup F = Z2(4)\ninput p[5, 3: M.point]\ninput x[4: F, 3: M.vector]\n"
        "output y[5, 3: M.point]\nsymmetrize M by {0}\nsymmetrize F by {1}",
        "group R = D(4)\ngroup F = Z2(3)\ninput x[(4, 4): R.grid, 3: F]\ninput v[2: R.vector]\n"
        "output y[(4, 4): R.grid, 3: F]\nsymmetrize R by {0}\nsymmetrize F by {1}",
        "group R = D(4)\ngroup F = Z2(3)\ninput x[4: R, 3: F, 3: F]\ninput v[3: F]\n"
        "output y[4: R, 3: F]\nsymmetrize F by {1}\nsymmetrize R by {0}",
        "group G = Z2(2)\ngroup F = Z2(3)\ninput x[2: G, 3: F]\ninput v[3: F]\ninput w[2: G]\n"
        "output y[2: G, 3: F]\nsymmetrize G by {0}\nsymmetrize F by {1}",
        "group F = Z2(3)\ninput x[_: F.sign + F, 2]\ninput v[3: F]\n"
        "output y[_: F.sign * F + 2*F.scalar]\nsymmetrize F by {1}",
        "size n <= 6\ngroup P = S(n)\ngroup F = Z2(3)\ninput x[n: P, 3: F]\noutput y[n: P, 3: F]\n"
        "symmetrize P by {0}\nsymmetrize F by {1}",
    ],
)
@pytest.mark.parametrize(
    "by", [("frame", "canonical"), ("probabilistic", "frame"), ("average", "probabilistic")]
)
def test_beside_every_kind_of_group(text: str, by: tuple[str, str]) -> None:
    spec = text.format(*by)
    assert not [d for d in symc.check(spec) if d.severity == "error"]
    torch.manual_seed(0)

    class Numbers(nn.Module):
        def forward(self, *inputs: torch.Tensor) -> torch.Tensor:
            total = sum(x.flatten(1).sin().sum(1) for x in inputs)
            shape = [layout.evaluate(s, sizes) for s in layout.shape_of(output)]
            numbers = torch.arange(math.prod(shape), dtype=inputs[0].dtype).reshape(shape)
            return torch.sin(numbers + total.reshape(-1, *[1] * len(shape)))

    sizes = {"n": 6}
    model = symc.build(spec, Numbers()).double()
    (output,) = model.outputs
    inputs = [
        torch.randn(3, *(layout.evaluate(s, sizes) for s in layout.shape_of(t)), dtype=F64)
        for t in model.inputs
    ]
    counts = {name: torch.tensor([6, 3, 1]) for name in model.ragged}
    for training in (False, True):
        model.train(training)
        assert equivariance_error(model, *inputs, counts=counts) < 1e-9
