"""Laws that only a planted defect taught us to test: see `mutants`."""

from __future__ import annotations

import pytest
import torch
from models import on_flat_base
from torch import nn

import symc
from symc.lower.module import CompiledModel
from symc_runtime.actions.axes import fold
from symc_runtime.bases.item_transformer import ItemTransformer
from symc_runtime.catalogue import nets
from symc_runtime.distributions.permutation_net import LearnedPermutation
from symc_runtime.modules.message_layer import MessageLayer
from symc_runtime.spec import layout
from symc_runtime.testing import act, act_on_noise, assert_equivariant, random_motions
from symc_runtime.verification.inputs import make_inputs

F64 = torch.float64
P = layout.Group("P", "S", "n")
PAIRS = layout.Tensor("link", (layout.Natural("P", "n"), layout.Natural("P", "n")))
LEARNED = ["canonical", "probabilistic", "frame"]


def compiled(text: str, sizes: dict[str, int]) -> CompiledModel:
    """The spec around a base without symmetry, in float64."""
    torch.manual_seed(0)
    model = on_flat_base(text, sizes).double()
    model.draw_so_many(2)
    return model


@pytest.mark.parametrize("method", LEARNED)
@pytest.mark.parametrize("family", ["S", "O", "SO"])
def test_two_copies_of_a_group_draw_apart(family: str, method: str) -> None:
    """The noise of a later stage is never moved by an earlier element."""
    text = f"""
    group A = {family}(3)
    group B = {family}(3)
    input x[4, 3: A, 3: B]
    input y[5, 3: B]
    input z[5, 3: A]
    output w[3: A, 3: B]
    symmetrize A, B by {method}
    """
    model = compiled(text, {})
    generator = torch.Generator().manual_seed(0)
    inputs = make_inputs("random", model.inputs, model.groups, {}, 4)
    assert_equivariant(model, *inputs, generator=generator)


@pytest.mark.parametrize("later", ["probabilistic", "average"])
def test_enumerated_elements_share_the_noise_of_later_stages(later: str) -> None:
    """h permutes the elements of an enumerating stage, whose noise stays what it is."""
    text = f"""
    group P = S(4)
    group M = O(3)
    input x[4: P, 3: M]
    output y[4: P, 3: M]
    symmetrize P by average
    symmetrize M by {later}
    """
    model = compiled(text, {})
    (x,) = make_inputs("random", model.inputs, model.groups, {}, 3)
    generator = torch.Generator().manual_seed(0)
    motions, sizes = random_motions(model, (x,), {}, None, generator)
    noise = model.draw_noise(x, generator=generator)
    moved = {**act_on_noise(model, noise, motions), "P": noise["P"]}
    plain = act(model.outputs[0], model(x, noise=noise), motions, sizes)
    turned = model(act(model.inputs[0], x, motions, sizes), noise=moved)
    assert (plain - turned).abs().max() < 1e-9 * plain.abs().max()


def test_signs_of_a_frame_share_their_vectors() -> None:
    model = compiled("input x[6, 3: O(3)]\noutput y[3: O(3)]\nsymmetrize by frame", {})
    (noise,) = model.draw_noise(torch.randn(2, 6, 3, dtype=F64)).values()
    assert noise.shape[0] == 8
    assert torch.equal(noise[:, :, :-1], noise[:1, :, :-1].expand(8, -1, -1, -1))


RAGGED = """
size n <= 6
group P = S(n)
group M = E(3)
input pos[n: P, 3: M.point]
input link[n: P, n: P, 2]
input sort[n: P] of 3
output force[n: P, 3: M.vector]
output energy
symmetrize {order} by {method}
"""


class Pooled(nn.Module):
    """Weighs items by their place; padding is zero, and adds nothing."""

    def forward(
        self, pos: torch.Tensor, link: torch.Tensor, sort: torch.Tensor, n: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        place = torch.arange(1, pos.shape[1] + 1, dtype=pos.dtype).unsqueeze(-1)
        valid = (n.unsqueeze(-1) >= place.T).unsqueeze(-1)
        weight = (link.sum(-1) @ place).tanh() + sort.unsqueeze(-1) * valid
        return (pos * place + weight).tanh() * valid, (weight * pos * place).sum((1, 2))


@pytest.mark.parametrize("order", ["M, P", "P, M"])
@pytest.mark.parametrize("method", ["average(samples=2)", *LEARNED])
@pytest.mark.parametrize("net", ["deepsets", "gin", "attention"])
def test_how_far_items_are_padded_is_no_matter(method: str, order: str, net: str) -> None:
    """The same items in longer tensors, with other noise where none are: the same result."""
    learned = method in ("canonical", "probabilistic")
    if not learned and net != "gin":
        return
    text = RAGGED.format(method=method, order=order)
    if learned:
        first, second = order.split(", ")
        options = {"M": method, "P": f"{method}(net={net})"}
        lines = [f"symmetrize {g} by {options[g]}" for g in (first, second)]
        text = "\n".join([*text.splitlines()[:-1], *lines])
    torch.manual_seed(0)
    model = symc.build(text, Pooled()).double()
    model.draw_so_many(3)
    generator = torch.Generator().manual_seed(1)
    wide = make_inputs("random", model.inputs, model.groups, {"n": 6}, 4, generator=generator)
    counts = torch.tensor([4, 3, 1, 2])
    short = (wide[0][:, :4], wide[1][:, :4, :4], wide[2][:, :4])
    noise = model.draw_noise(*wide, n=counts, generator=generator)
    fewer = dict(noise)
    if noise["P"].shape[2] == 6:
        item = torch.arange(6).reshape(1, 1, 6, 1)
        filled = noise["P"].masked_fill(item >= counts.reshape(1, 4, 1, 1), 1e3)
        noise["P"], fewer["P"] = filled, noise["P"][:, :, :4]
    force, energy = model(*wide, n=counts, noise=noise)
    few, same = model(*short, n=counts, noise=fewer)
    assert torch.allclose(force[:, :4], few, rtol=1e-9, atol=1e-9)
    assert torch.allclose(energy, same, rtol=1e-9, atol=1e-9)
    assert force[:, 4:].eq(0).all()


def test_adjacent_twins_with_different_noise_send_different_messages() -> None:
    torch.manual_seed(0)
    layer = MessageLayer(8, 1).double()
    linked = torch.ones(1, 1, 2, 2, dtype=F64) - torch.eye(2, dtype=F64)
    looped = torch.ones(1, 1, 2, 2, dtype=F64)
    h = torch.randn(1, 8, 1, 2, dtype=F64)
    change = layer(h, (linked[0],), None) - h
    assert (change[..., 0] - change[..., 1]).abs().max() > 1e-3
    # With loops too, where both send and receive the same.
    change = layer(h, (looped[0],), None) - h
    assert (change[..., 0] - change[..., 1]).abs().max() > 1e-3


@pytest.mark.parametrize("net", [name for name, net in nets().items() if net.fits == "permutation"])
def test_scores_do_not_read_padding(net: str) -> None:
    """Noise and features where no items are move no score, not even alike for all items."""
    torch.manual_seed(0)
    inputs = (layout.Tensor("x", (layout.Natural("P", "n"), layout.Trivial(2))), PAIRS)
    stage = LearnedPermutation(inputs, (P,), "P", net=net).double()
    x, links = torch.randn(3, 6, 2, dtype=F64), torch.randn(3, 6, 6, dtype=F64)
    counts = {"n": torch.tensor([6, 4, 1])}
    valid = torch.arange(6) < counts["n"].unsqueeze(-1)
    noise = stage.draw(2, 3, {"n": 6}, F64, torch.device("cpu"), None).flatten(0, 1)
    other = noise.masked_fill(~fold(valid, 2).unsqueeze(-1), 7.0)
    found = [
        stage._scores(z, (x, links), counts, valid, None)[0][0][fold(valid, 2)]
        for z in (noise, other)
    ]
    assert torch.allclose(*found, rtol=0, atol=1e-12)


OF_ITEMS = [name for name, net in nets().items() if net.reads_pairs and net.fits == "permutation"]


@pytest.mark.parametrize("net", OF_ITEMS)
def test_nets_tell_a_link_from_its_reverse(net: str) -> None:
    """A ring, one way round and the other: no sum of rows or columns tells them apart."""
    torch.manual_seed(0)
    stage = LearnedPermutation((PAIRS,), (P,), "P", net=net).double()
    ring = torch.eye(6, dtype=F64).roll(1, 0).unsqueeze(0)
    generator = torch.Generator().manual_seed(0)
    noise = stage.draw(50, 1, {"n": 6}, F64, torch.device("cpu"), generator).flatten(0, 1)
    orders = stage(noise, ring).order, stage(noise, ring.transpose(1, 2)).order
    assert not torch.equal(*orders)


def test_the_bias_of_a_pair_is_for_its_first_item() -> None:
    torch.manual_seed(0)
    base = ItemTransformer([("n", "n")], [("n", 2)], sizes={"n": 4}, depth=1, width=16).double()
    with torch.no_grad():
        # Tokens that know nothing but their place: pairs enter as attention biases alone.
        base.embed.weight.zero_()
        assert base.slot_embed is not None
        base.slot_embed.copy_(torch.randn_like(base.slot_embed))
    pairs = torch.randn(1, 4, 4, dtype=F64, requires_grad=True)
    y = base(pairs)
    for item in range(4):
        (gradient,) = torch.autograd.grad(y[0, item].square().sum(), pairs, retain_graph=True)
        others = gradient[0, torch.arange(4) != item]
        assert gradient[0, item].abs().max() > 1e-6
        assert others.eq(0).all()
