"""A learned distribution with a share of Haar measure: laws, the share, gradients, one choice."""

from __future__ import annotations

from math import sqrt

import pytest
import torch
from models import KINDS, example_counts, example_inputs, on_flat_base, sizes_for
from torch import nn

import symc
from symc.lower.emit import emit
from symc.lower.plan import make_plan
from symc_runtime.distributions.distribution import Distribution
from symc_runtime.distributions.mixed_orthogonal import MixedOrthogonal, chosen_below
from symc_runtime.distributions.mixed_permutation import MixedPermutation
from symc_runtime.distributions.orthogonal_net import LearnedOrthogonal
from symc_runtime.distributions.permutation_net import LearnedPermutation
from symc_runtime.elements.permutation import Permutation
from symc_runtime.spec import layout
from symc_runtime.spec.layout import Natural, Tensor
from symc_runtime.testing import equivariance_error
from symc_runtime.verification.noise_law import noise_law

CPU = torch.device("cpu")
F64 = torch.float64
GROUPS = (layout.Group("P", "S", "n"), layout.Group("M", "O", 3))
POSITIONS = (Tensor("x", (Natural("P", "n"), Natural("M", 3))),)
SHAPE = "input x[n: P, 3: M{0}]\ninput a[n: P, n: P]\noutput y[n: P, 3: M{0}]\n"
SPECS = {
    "O": "group P = S(n)\ngroup M = O(3)\n" + SHAPE.format(""),
    "SO": "group P = S(n)\ngroup M = SO(3)\n" + SHAPE.format(""),
    "E": "group P = S(n)\ngroup M = E(3)\n" + SHAPE.format(".point"),
    "ragged": "size n <= 5\ngroup P = S(n)\ngroup M = SE(3)\n" + SHAPE.format(".point"),
    "matrix": "group M = O(3)\ninput x[3: M, 3: M]\noutput y[3: M]\ninput v[3: M]",
    "items": "size n <= 4\ngroup P = S(n)\ninput x[n: P, 2]\noutput y[n: P]",
}
ORDERS = ("M, P", "P, M")


def specs() -> dict[str, str]:
    """Both orders of two groups, and shares from none to all."""
    found = {}
    for name, text in SPECS.items():
        for haar in (0.3, 1):
            for order in ORDERS if "P" in text and "M" in text else ("",):
                line = f"\nsymmetrize {order} by probabilistic(haar={haar})"
                found[f"{name}-{order}-{haar}"] = text + line
    return found


@pytest.mark.parametrize("text", [pytest.param(t, id=k) for k, t in specs().items()])
def test_the_coupled_law_is_exact(text: str) -> None:
    torch.manual_seed(0)
    model = on_flat_base(text).double()
    model.draw_so_many(6)
    sizes = sizes_for(model.inputs + model.outputs, model.fixed, model.ragged)
    counts = example_counts(model, sizes, 4)
    for training in (True, False):
        model.train(training)
        for kind in KINDS:
            inputs = example_inputs(model, sizes, 4, kind)
            error = equivariance_error(model, *inputs, counts=counts)
            assert error < 1e-9, f"{kind}, training {training}: {error:.2e}"


def test_elements_leave_the_law_of_the_noise_alone() -> None:
    model = on_flat_base(specs()["E-M, P-0.3"]).double()
    model.draw_so_many(1)
    inputs = example_inputs(model, sizes_for(model.inputs + model.outputs, model.fixed), 1)
    for law in noise_law(model, *inputs, draws=4000, generator=torch.Generator().manual_seed(0)):
        assert law.distance <= law.distance_bound
        assert law.spread <= law.spread_bound


def stages(haar: float) -> dict[str, tuple[Distribution, Distribution]]:
    """A mixed stage of each kind, and the learned one with the same weights."""
    made: dict[str, tuple[Distribution, Distribution]] = {}
    for own, mixed, learned in (
        ("M", MixedOrthogonal, LearnedOrthogonal),
        ("P", MixedPermutation, LearnedPermutation),
    ):
        both = (mixed(POSITIONS, GROUPS, own, haar=haar), learned(POSITIONS, GROUPS, own))
        both[1].load_state_dict(both[0].state_dict())
        made[own] = (both[0].double(), both[1].double())
    return made


def noise_of(stage: Distribution, rows: int) -> torch.Tensor:
    return stage.draw(rows, 1, {"n": 5}, F64, CPU, None).flatten(0, 1)


def without_choice(stage: Distribution, noise: torch.Tensor) -> torch.Tensor:
    """The noise that the learned stage reads."""
    return noise[:, :-1] if isinstance(stage, MixedOrthogonal) else noise[..., :-1]


@pytest.mark.parametrize("own", ["M", "P"])
@pytest.mark.parametrize("haar", [0.0, 0.25, 1.0])
def test_a_share_is_haar_and_the_rest_learned(own: str, haar: float) -> None:
    """Haar: the same for two inputs. Learned: as without the option."""
    torch.manual_seed(0)
    mixed, learned = stages(haar)[own]
    rows = 4000
    noise = noise_of(mixed, rows)
    x, other = torch.randn(2, 1, 5, 3, dtype=F64)
    found, moved, alone = (
        tensors[0].flatten(1)
        for tensors in (
            mixed(noise, x),
            mixed(noise, other),
            learned(without_choice(mixed, noise), x),
        )
    )
    as_learned = (found == alone).all(1)
    as_haar = (found == moved).all(1)
    assert (as_learned | as_haar).all()
    # By chance an order is both.
    share = (~as_learned).double().mean().item()
    both = (learned(without_choice(mixed, noise), other)[0].flatten(1) == found).all(1)
    chance = (as_learned & both).double().mean().item()
    deviation = sqrt(haar * (1 - haar) / rows)
    assert haar - chance - 0.02 - 5 * deviation <= share <= haar + 5 * deviation
    if haar == 0:
        assert as_learned.all()


def test_haar_orders_are_uniform() -> None:
    torch.manual_seed(0)
    stage, _ = stages(1.0)["P"]
    rows = 24_000
    noise = stage.draw(rows, 1, {"n": 4}, F64, CPU, None).flatten(0, 1)
    order = stage(noise, torch.randn(1, 4, 3, dtype=F64)).order
    place = torch.tensor([64, 16, 4, 1])
    counts = (order * place).sum(1).unique(return_counts=True)[1].double() / rows
    assert len(counts) == 24
    assert (counts - 1 / 24).abs().max() < 5 * sqrt(1 / 24 / rows)


def test_no_gradient_goes_through_uniform_orders() -> None:
    """Rows that are learned have theirs, the others none."""
    torch.manual_seed(0)
    mixed, learned = stages(0.5)["P"]
    mixed.train(), learned.train()
    noise = noise_of(mixed, 200)
    x = torch.randn(1, 5, 3, dtype=F64)
    taken = noise[:, 0, -1] < chosen_below(0.5)
    assert 60 < taken.sum() < 140
    values = torch.randn(5, 5, dtype=F64)

    def gradient(stage: Distribution, noise: torch.Tensor, rows: torch.Tensor) -> torch.Tensor:
        stage.zero_grad()
        element: Permutation = stage(noise, x)
        assert element.soft is not None
        (element.soft.path[rows] * values).sum().backward()
        return torch.cat([p.grad.flatten() for p in stage.parameters() if p.grad is not None])

    assert gradient(mixed, noise, taken).eq(0).all()
    some = gradient(mixed, noise, ~taken)
    assert some.abs().max() > 0
    assert torch.equal(some, gradient(learned, noise[..., :-1], ~taken))


def test_what_a_file_of_the_compiler_says_is_the_same() -> None:
    text = specs()["E-M, P-0.3"]
    model = on_flat_base(text)
    code = emit(make_plan(symc.load(text).ir))
    assert "sr.MixedOrthogonal(" in code
    assert "sr.MixedPermutation(" in code
    space: dict[str, type[nn.Module]] = {}
    exec(compile(code, "emitted", "exec"), space)  # noqa: S102
    other = space["Model"](model.base)
    other.load_state_dict(model.state_dict())
    inputs = example_inputs(model, {"n": 4}, 3, dtype=torch.float32)
    noise = model.draw_noise(*inputs)
    assert torch.equal(other(*inputs, noise=noise), model(*inputs, noise=noise))


def test_a_learned_model_without_the_option_is_what_it_was() -> None:
    text = SPECS["E"] + "symmetrize M, P by probabilistic(haar=0)"
    model = on_flat_base(text)
    assert type(model.M) is LearnedOrthogonal
    assert type(model.P) is LearnedPermutation


@pytest.mark.parametrize("share", ["1.5", "-0.1", "2"])
def test_shares_are_between_0_and_1(share: str) -> None:
    found = symc.check(SPECS["E"] + f"symmetrize P by probabilistic(haar={share})")
    assert [(d.code, d.message) for d in found] == [
        ("SYM505", f"`haar` is a number from 0 to 1, not `{share}`")
    ]
    with pytest.raises(ValueError, match="a share from 0 to 1"):
        MixedPermutation(POSITIONS, GROUPS, "P", haar=float(share))


@pytest.mark.parametrize("group", ["C(4)", "Z2(n)", "T(3)"])
def test_groups_that_have_no_share_say_so(group: str) -> None:
    name = group[:-3] if group != "Z2(n)" else "Z2"
    axis = {"C": "4: G", "Z2": "n: G", "T": "3: G.point"}[name]
    text = f"group G = {group}\ninput x[{axis}, 2]\noutput y[{axis}]\n"
    found = symc.check(text + "symmetrize G by probabilistic(haar=0.5)")
    assert "SYM511" in [d.code for d in found]
