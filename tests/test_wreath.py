"""Blocks of items: `S(m) wr S(n)`, against brute force over its elements as dense matrices."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from itertools import permutations, product

import pytest
import torch
from torch import nn

import symc
from symc.ir.program import Program
from symc.lower.emit import emit
from symc.lower.plan import make_plan
from symc.proofs import generic_stabilizer, prove
from symc.proofs.factors.nested import _moment
from symc_runtime.actions.nested import (
    permute_items,
    permute_nested,
    unpermute_blocks,
    unpermute_items,
    unpermute_nested,
)
from symc_runtime.call.shapes import ShapeError
from symc_runtime.distributions.nested_net import LearnedNested
from symc_runtime.elements.wreath import Wreath, compose, from_joint, joint_order
from symc_runtime.groups.wreath import Wreath as Facts
from symc_runtime.numerics.sinkhorn import soft_matrix, soft_order
from symc_runtime.spec.layout import shape_of
from symc_runtime.spec.polynomials import evaluate
from symc_runtime.symmetrized import Symmetrized
from symc_runtime.testing import assert_equivariant, equivariance_error

F64 = torch.float64
SMALL = [(1, 3), (2, 2), (3, 2), (2, 3)]


def brute(m: int, n: int) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
    """Every element as matrices on items [n m, n m] and on blocks [n, n], by the definition."""
    for pi in permutations(range(n)):
        for sigmas in product(permutations(range(m)), repeat=n):
            items, blocks = torch.zeros(n * m, n * m, dtype=F64), torch.zeros(n, n, dtype=F64)
            for i in range(n):
                blocks[pi[i], i] = 1
                for j in range(m):
                    items[pi[i] * m + sigmas[i][j], i * m + j] = 1
            yield items, blocks


class Base(nn.Module):
    """Without symmetry; returns tensors of these shapes."""

    def __init__(self, shapes: list[tuple[int, ...]]) -> None:
        super().__init__()
        self.shapes = shapes

    def forward(self, *inputs: torch.Tensor) -> torch.Tensor | tuple[torch.Tensor, ...]:
        seen = torch.cat([x.flatten(1) for x in inputs], 1)
        found = []
        for place, shape in enumerate(self.shapes):
            generator = torch.Generator().manual_seed(place)
            weight = torch.randn(
                seen.shape[1], math.prod(shape), generator=generator, dtype=torch.float64
            ).to(seen)
            found.append(torch.tanh(seen @ weight / 2).reshape(-1, *shape))
        return found[0] if len(found) == 1 else tuple(found)


def built(text: str, sizes: dict[str, int] | None = None) -> tuple[Symmetrized, list[torch.Tensor]]:
    """The model around `Base` in double precision, and random inputs of three examples."""
    sizes = sizes or {}
    spec = symc.load(text)
    probe = symc.build(spec, nn.Identity())
    shapes = [tuple(evaluate(s, sizes) for s in shape_of(t)) for t in probe.outputs]
    model = symc.build(spec, Base(shapes)).double()
    generator = torch.Generator().manual_seed(7)
    inputs = []
    for tensor in model.inputs:
        shape = [3, *(evaluate(s, sizes) for s in shape_of(tensor))]
        inputs.append(torch.randn(shape, dtype=F64, generator=generator))
    return model, inputs


def along(x: torch.Tensor, matrix: torch.Tensor, dim: int) -> torch.Tensor:
    return torch.tensordot(x.movedim(dim, -1), matrix.T, 1).movedim(-1, dim)


# Facts and elements


@pytest.mark.parametrize(("m", "n"), SMALL)
def test_facts_list_every_element_once(m: int, n: int) -> None:
    facts = Facts()
    every = facts.every((m, n))
    assert every[0] == tuple(range(n * m))
    dense = {tuple(items.argmax(0).tolist()) for items, _ in brute(m, n)}
    assert set(every) == dense
    assert len(every) == len(dense) == facts.rest_order((m, n))
    assert len(every) == math.factorial(m) ** n * math.factorial(n)
    reached = {every[0]}
    edge = list(reached)
    while edge:
        edge = [
            found
            for index in edge
            for g in facts.generators((m, n))
            if (found := tuple(g[k] for k in index)) not in reached
        ]
        reached |= set(edge)
    assert reached == dense
    for index in permutations(range(n * m)) if n * m <= 6 else ():
        assert (facts.blocks_of((m, n), index) is not None) == (index in dense)


def test_orders_that_no_number_holds() -> None:
    facts = Facts()
    assert facts.rest_order((20, 2)) is None
    assert facts.rest_order((10**6, 1)) is None
    assert facts.rest_order((1, 10**6)) is None
    assert facts.rest_order((2, 40)) is None
    assert facts.rest_order_formula("2*k, n + 1") == "((2*k)!)^(n + 1)*(n + 1)!"


@pytest.mark.parametrize(("m", "n"), SMALL)
def test_actions_are_those_of_dense_matrices(m: int, n: int) -> None:
    x = torch.randn(1, 2, n * m, 3, dtype=F64)
    pairs = x.unflatten(2, (n, m))
    for items, blocks in brute(m, n):
        # g^-1 x = x[order]: place k holds what g takes to it.
        element = from_joint(items.argmax(0).unsqueeze(0), m)
        assert torch.equal(joint_order(element)[0], items.argmax(0))
        assert torch.equal(element.blocks[0], blocks.argmax(0))
        assert torch.equal(permute_items(x, element, 2), along(x, items, 2))
        assert torch.equal(unpermute_items(x, element, 2), along(x, items.T, 2))
        moved = permute_nested(pairs, element, 2)
        assert torch.equal(moved.flatten(2, 3), along(x, items, 2))
        y = torch.randn(1, n, 2, dtype=F64)
        assert torch.equal(unpermute_blocks(y, element, 1), along(y, blocks.T, 1))


def test_products_of_elements() -> None:
    m, n = 3, 2
    elements = [from_joint(torch.tensor([g]), m) for g in Facts().every((m, n))]
    for left, right in product(elements[::5], elements[::7]):
        found = joint_order(compose(left, right))[0]
        assert torch.equal(found, joint_order(left)[0][joint_order(right)[0]])


def test_samples_that_share_their_inputs() -> None:
    m, n, batch, samples = 3, 4, 2, 5
    keys = torch.rand(samples * batch, n, m + 1)
    order = keys[..., :-1].argsort(-1), keys[..., -1].argsort(-1)
    x = torch.randn(batch, n, m, 2, dtype=F64)
    for training in (False, True):
        soft_b = soft_order(keys[..., -1].double(), order[1], 0.1) if training else None
        flat = keys[..., :-1].double().flatten(0, 1), order[0].flatten(0, 1)
        soft_i = soft_order(*flat, 0.1) if training else None
        element = Wreath(order[1], order[0], soft_b, soft_i)
        shared = unpermute_nested(x, element, 1)
        copied = unpermute_nested(x.repeat(samples, 1, 1, 1), element, 1)
        assert torch.equal(shared, copied)
        assert torch.equal(permute_nested(shared, element, 1), x.repeat(samples, 1, 1, 1))


def test_soft_gradients_are_those_of_soft_matrices() -> None:
    """Items are moved softly inside each block as it came, then blocks with what is in them."""
    m, n, rows = 3, 4, 2
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(rows, n, m, 2, dtype=F64, generator=generator)
    weight = torch.randn(rows, n, m, 2, dtype=F64, generator=generator)
    for inverse in (False, True):
        grads = []
        for dense in (False, True):
            scores = torch.linspace(-2, 3, rows * n * m, dtype=F64).sin().reshape(rows * n, m)
            outer = torch.linspace(0, 5, rows * n, dtype=F64).cos().reshape(rows, n)
            scores.requires_grad_(), outer.requires_grad_()
            inner_order, outer_order = scores.argsort(-1), outer.argsort(-1)
            soft_i = soft_order(scores, inner_order, 0.1)
            soft_b = soft_order(outer, outer_order, 0.1)
            element = Wreath(outer_order, inner_order.unflatten(0, (rows, n)), soft_b, soft_i)
            if not dense:
                y = (permute_nested if inverse else unpermute_nested)(x, element, 1)
            else:
                one = torch.eye(m, dtype=F64)[inner_order].unflatten(0, (rows, n))
                two = torch.eye(n, dtype=F64)[outer_order]
                # Rows in sorted places, columns by item: hard values, soft derivatives.
                soft = soft_matrix(soft_i).unflatten(0, (rows, n))
                inner = one + _zero(torch.einsum("bnij,bnjk->bnik", soft, one))
                among = two + _zero(torch.einsum("bij,bjk->bik", soft_matrix(soft_b), two))
                if inverse:
                    y = torch.einsum("bni,bnjc->bijc", among, x)
                    y = torch.einsum("bnji,bnjc->bnic", inner, y)
                else:
                    y = torch.einsum("bnij,bnjc->bnic", inner, x)
                    y = torch.einsum("bin,bnjc->bijc", among, y)
            (y * weight).sum().backward()
            grads.append((y.detach(), scores.grad, outer.grad))
        for a, b in zip(*grads, strict=True):
            assert a is not None
            assert b is not None
            assert a.abs().max() > 0
            assert torch.allclose(a, b, rtol=1e-3, atol=1e-3 * float(b.abs().max()))


def _zero(x: torch.Tensor) -> torch.Tensor:
    return x - x.detach()


# Models

TEXTS = {
    "joint": "group W = S(m) wr S(n)\ninput x[(n, m): W, 2]\ninput t[n: W.blocks, 2]\n"
    "output y[n*m: W, 2]\noutput s[n: W.blocks]\noutput e\n",
    "channels first": "group W = S(m) wr S(n)\ninput x[2, n*m: W]\ninput u[n, m]\n"
    "output y[2, (n, m): W]\n",
    "pairs": "group W = S(m) wr S(n)\ninput a[(n, m): W, n*m: W]\ninput z[n: W.blocks, n*m: W]\n"
    "output y[n*m: W, n: W.blocks]\n",
    "sums": "group W = S(m) wr S(n)\ninput v[_: 2*W + 3*W.scalar + W.blocks]\ninput u[n, m]\n"
    "output y[_: W*W.blocks + W]\n",
    "vectors": "group W = S(m) wr S(n)\ngroup M = O(3)\ninput v[(n, m): W, 3: M.vector]\n"
    "output y[(n, m): W, 3: M.vector]\noutput b[n: W.blocks]\n",
}
METHODS = ["average", "average(samples=3)", "frame", "canonical", "probabilistic(haar=0.3)"]


@pytest.mark.parametrize(("m", "n"), [(2, 2), (3, 2), (1, 3)])
@pytest.mark.parametrize("name", ["joint", "channels first", "pairs", "sums"])
def test_average_is_the_mean_over_all_dense_elements(name: str, m: int, n: int) -> None:
    sizes = {"m": m, "n": n}
    model, inputs = built(TEXTS[name] + "symmetrize W by average", sizes)

    def moved(tensors: tuple[object, ...], values: list[torch.Tensor], g: object) -> list[object]:
        from symc_runtime.testing import Motion, act

        items, blocks = g  # type: ignore[misc]
        motion = Motion(items.expand(3, -1, -1), None, torch.ones(3, dtype=F64), nested=m)
        assert torch.equal(motion.matrix_of("blocks", ())[0], blocks)
        return [act(t, x, {"W": motion}, sizes) for t, x in zip(tensors, values, strict=True)]

    totals: list[torch.Tensor] = []
    every = list(brute(m, n))
    for items, blocks in every:
        posed = moved(model.inputs, inputs, (items.T, blocks.T))
        values = model.base(*posed)
        values = list(values) if isinstance(values, tuple) else [values]
        back = moved(model.outputs, values, (items, blocks))
        totals = [a + b for a, b in zip(totals, back, strict=True)] if totals else back
    found = model(*inputs)
    found = found if isinstance(found, tuple) else (found,)
    for y, total in zip(found, totals, strict=True):
        assert torch.allclose(y, total / len(every), atol=1e-12)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("name", TEXTS)
def test_the_coupled_law_holds(name: str, method: str) -> None:
    model, inputs = built(TEXTS[name] + f"symmetrize W by {method}", {"m": 3, "n": 2})
    for mode in (False, True):
        model.train(mode)
        assert_equivariant(model, *inputs)
        # Equal items, equal blocks, all zero.
        for alike in (lambda x: x.round(), torch.ones_like, torch.zeros_like):
            assert_equivariant(model, *map(alike, inputs), trials=1)


@pytest.mark.parametrize("method", ["frame", "canonical"])
def test_one_pose_for_an_orbit_and_another_for_another(method: str) -> None:
    """What the base sees, with other noise; not so for a permutation that breaks blocks."""
    text = f"input x[(3, 2): S(2) wr S(3), 2]\noutput y\nsymmetrize by {method}"
    model, (x, *_) = built(text)
    model.eval()
    seen: list[torch.Tensor] = []
    model.base.register_forward_hook(lambda *call: seen.append(call[1][0].clone()))
    flat = x.flatten(1, 2)
    for items, _ in brute(2, 3):
        model(along(flat, items, 1).unflatten(1, (3, 2)))
        assert torch.equal(seen[-1], seen[0])
    model(flat[:, [2, 1, 0, 3, 4, 5]].unflatten(1, (3, 2)))
    assert not torch.equal(seen[-1], seen[0])


def test_equal_blocks_have_one_pose_all_the_same() -> None:
    """Ties among blocks, and among the items of one, are drawn; the pose is the same."""
    model, _ = built("input x[(4, 3): S(3) wr S(4), 2]\noutput y\nsymmetrize by frame")
    x = torch.randn(1, 4, 3, 2, dtype=F64)
    x[:, 1] = x[:, 0, [2, 0, 1]]
    x[:, 2, 1] = x[:, 2, 0]
    seen: list[torch.Tensor] = []
    model.base.register_forward_hook(lambda *call: seen.append(call[1][0].clone()))
    orders = set()
    for _ in range(40):
        noise = model.draw_noise(x)
        _, (element,) = model.symmetrize(x, *noise.values())
        orders.add(tuple(joint_order(element)[0].tolist()))
        model(x, noise=noise)
    # Blocks 0 and 1 exchange, and the two equal items.
    assert len(orders) == 4
    assert all(torch.equal(y, seen[0]) for y in seen)


def test_frames_compare_blocks_by_what_is_in_them() -> None:
    """Blocks with the same sums, and items that stand in other blocks too."""
    text = "input x[(3, 2): S(2) wr S(3)]\noutput y\nsymmetrize by frame"
    model, _ = built(text)
    x = torch.tensor([[[1.0, 4.0], [2.0, 3.0], [2.0, 3.0]], [[1.0, 4.0], [1.0, 4.0], [2.0, 3.0]]])
    seen: list[torch.Tensor] = []
    model.base.register_forward_hook(lambda *call: seen.append(call[1][0].clone()))
    x = x.double()
    for order in permutations(range(3)):
        model(x[:, list(order)].flip(2))
    assert all(torch.equal(y, seen[0]) for y in seen)
    assert not torch.equal(seen[0][0], seen[0][1])


def test_scores_see_blocks() -> None:
    """Where its items stand tells a block, though it is no more than a set to S(n m)."""
    text = "input x[(3, 2): S(2) wr S(3)]\noutput y\nsymmetrize by canonical"
    model, (x, *_) = built(text)
    stage = model.get_submodule("S_2_wr_S_3")
    assert isinstance(stage, LearnedNested)
    noise = model.draw_noise(x)["S(2) wr S(3)"].flatten(0, 1)
    known: list[torch.Tensor] = []
    stage.net.register_forward_hook(lambda *call: known.append(call[2][0][0]))
    stage(noise, x)
    other = x.clone()
    other[:, 1, 0], other[:, 2, 0] = x[:, 2, 0], x[:, 1, 0]
    stage(noise, other)
    # An item whose block has not changed is scored by all blocks, one that moved by its new one.
    assert (known[0][:, 1, 0] - known[1][:, 2, 0]).abs().max() > 1e-6
    # Inside a block items are scored alike whatever their order.
    stage(noise, x.flip(2))
    assert torch.allclose(known[2], known[0].flip(2), atol=1e-12)


def test_pairs_inside_blocks_are_told_from_others() -> None:
    """An edge an item, inside blocks or across: to S(n m) both graphs are the same."""
    text = "input a[4: S(2) wr S(2), 4: S(2) wr S(2)]\noutput y\nsymmetrize by canonical"
    model, _ = built(text)
    stage = model.get_submodule("S_2_wr_S_2")
    assert isinstance(stage, LearnedNested)
    seen: list[torch.Tensor] = []
    stage.net.register_forward_hook(lambda *call: seen.append(call[1][0].items))
    inside = torch.zeros(1, 4, 4, dtype=F64)
    for i, j in ((0, 1), (2, 3)):
        inside[:, i, j] = inside[:, j, i] = 1
    across = inside[:, [0, 2, 1, 3]][:, :, [0, 2, 1, 3]]
    model(inside)
    model(across)
    assert (seen[0] - seen[1]).abs().max() > 1e-4


@pytest.mark.parametrize("name", ["joint", "pairs", "vectors"])
def test_training_reaches_every_score(name: str) -> None:
    model, inputs = built(TEXTS[name] + "symmetrize W by probabilistic", {"m": 3, "n": 2})
    outputs, penalty = model.train()(*inputs, return_penalty=True)
    outputs = outputs if isinstance(outputs, tuple) else (outputs,)
    assert penalty.item() > 0
    sum(y.square().sum() for y in outputs).backward(retain_graph=True)
    net = model.get_submodule("W.net")
    assert isinstance(net, nn.Module)
    for key, weight in net.named_parameters():
        # Without an input on blocks nothing is known of them at first.
        if not (name == "vectors" and key.startswith("layers.0.exchange.block.")):
            assert weight.grad is not None, key
            assert weight.grad.abs().max() > 0, key


def test_uniform_share_is_all_uniform() -> None:
    model, inputs = built(TEXTS["joint"] + "symmetrize W by probabilistic(haar=1)",
                          {"m": 2, "n": 2})  # fmt: skip
    model.eval()
    noise = model.draw_noise(*inputs)
    _, (element,) = model.symmetrize(*inputs, *noise.values())
    keys = noise["W"].flatten(0, 1)[..., -2]
    assert torch.equal(element.blocks, keys[..., -1].argsort(-1))
    assert torch.equal(element.items, keys[..., :-1].argsort(-1))


class Scores(nn.Module):
    """Scores of items and of blocks, from the first channel of x and of the noise."""

    def forward(self, noise: torch.Tensor, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        items = x[..., 0] + noise[:, :, :-1, 0]
        return items, items.exp().sum(2) + noise[:, :, -1, 0]


def test_a_distribution_of_the_user() -> None:
    text = "group W = S(2) wr S(3)\ninput x[(3, 2): W, 2]\noutput y[6: W]\nsymmetrize W by {}"
    for method in ("probabilistic", "canonical"):
        base = Base([(6,)])
        net = Scores() if method == "probabilistic" else _Quiet()
        model = symc.build(text.format(method), base, distributions={"W": net}).double()
        x = torch.randn(3, 3, 2, 2, dtype=F64)
        assert_equivariant(model, x)
        model.train()
        assert_equivariant(model, x)


class _Quiet(nn.Module):
    def forward(self, noise: torch.Tensor, x: torch.Tensor) -> list[torch.Tensor]:
        assert noise.shape[1:] == (3, 3, 0)
        return [x[..., 0], x[..., 0].square().sum(2)]


@pytest.mark.parametrize(
    ("given", "error", "said"),
    [
        (lambda x: x[..., 0], TypeError, r"expected two tensors, scores of items \[K\*B"),
        (lambda x: (x[..., 0],), TypeError, "got 1 of them"),
        (lambda x: (x[..., 0], x[..., 0]), ShapeError, "second, K.B samples, a score a block"),
        (lambda x: (x[:, 0], x[..., 0]), ShapeError, "first, K.B samples, a score an item"),
    ],
)
def test_what_a_distribution_of_the_user_returns(
    given: Callable[[torch.Tensor], object], error: type[Exception], said: str
) -> None:
    class Wrong(nn.Module):
        def forward(self, noise: torch.Tensor, x: torch.Tensor) -> object:
            return given(x)

    text = "group W = S(2) wr S(3)\ninput x[(3, 2): W, 2]\noutput y[6: W]"
    model = symc.build(text, Base([(6,)]), distributions={"W": Wrong()})
    with pytest.raises(error, match=said.replace("[K\\*B", "[3")):
        model(torch.randn(3, 3, 2, 2))


def test_spread_of_uniform_elements() -> None:
    model, inputs = built(TEXTS["joint"] + "symmetrize W by average", {"m": 2, "n": 3})
    spread = model.spread(*inputs)["W"]
    assert spread.over == "S(2) wr S(3)"
    assert torch.allclose(spread.uniform, torch.full((3,), 1 / 48, dtype=F64))
    assert torch.allclose(spread.value, spread.uniform)


@pytest.mark.parametrize("method", METHODS)
def test_emitted_code_is_the_module(method: str) -> None:
    text = TEXTS["vectors"] + f"symmetrize W by {method}"
    model, inputs = built(text, {"m": 3, "n": 2})
    source = emit(make_plan(symc.load(text).ir), text)
    names: dict[str, type[nn.Module]] = {}
    exec(compile(source, "emitted", "exec"), names)
    other = names["Model"](model.base).double()
    other.load_state_dict(model.state_dict())
    noise = model.draw_noise(*inputs)
    for y, z in zip(model(*inputs, noise=noise), other(*inputs, noise=noise), strict=True):
        assert torch.equal(y, z)


# The checker and the proofs


def codes(text: str) -> list[tuple[str, str]]:
    return [(d.code, text[slice(*d.span)]) for d in symc.check(text)]


@pytest.mark.parametrize(
    ("group", "code", "place"),
    [
        ("S(2) wr S(3) wr S(4)", "SYM902", "S(2) wr S(3) wr S(4)"),
        ("C(2) wr S(3)", "SYM902", "C(2)"),
        ("S(2) wr D(3)", "SYM902", "D(3)"),
        ("O(2) wr S(3)", "SYM902", "O(2)"),
        ("2 wr S(3)", "SYM204", "2"),
        ("S(0) wr S(3)", "SYM304", "0"),
        ("S(2, 3) wr S(3)", "SYM304", "S(2, 3)"),
        ("S(2) wr S()", "SYM304", "S()"),
    ],
)
def test_what_is_no_wreath_product(group: str, code: str, place: str) -> None:
    assert codes(f"group W = {group}\ninput x[6: W]\noutput y")[0] == (code, place)
    assert codes(f"input x[6: {group}]\noutput y")[0] == (code, place)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("group W = S(2) wr S(3)\ninput x[(2, 3): W]\noutput y", [("SYM301", "W")]),
        ("group W = S(2) wr S(3)\ninput x[7: W]\noutput y", [("SYM301", "W")]),
        ("group W = S(2) wr S(3)\ninput x[(3, 1, 2): W]\noutput y", [("SYM313", "W")]),
        ("group W = S(2) wr S(3)\ninput x[(3, 2): W.blocks]\noutput y", [("SYM313", "W.blocks")]),
        ("group W = S(2) wr S(3)\ninput x[(3, 2): W*W]\noutput y", [("SYM313", "W*W")]),
        ("group W = S(2) wr S(3)\ninput x[6: W.sign]\noutput y", [("SYM303", "sign")]),
        ("group P = S(3)\ngroup W = P wr S(2)\ninput x[6: W, 3: P]\noutput y", [("SYM902", "P")]),
        ("size n <= 5\ngroup W = S(n) wr S(3)\ninput x[3: W.blocks, n]\noutput y",
         [("SYM207", "S(n)")]),
        ("group W = S(2) wr S(3)\ninput x[6: W, 6: S(2) wr S(3)]\noutput y",
         [("SYM309", "S(2) wr S(3)")]),
        ("group W = S(m) wr S(n)\ninput x[n*m: W]\noutput y", [("SYM401", "m"), ("SYM401", "n")]),
        ("group W = S(2) wr S(3)\nsymmetrize W by canonical(net=deepsets)\ninput x[6: W]\noutput y",
         [("SYM508", "deepsets")]),
        ("size m = 2\ngroup W = S(m) wr S(3)\ninput x[6: W, 6: S(2) wr S(3)]\noutput y",
         [("SYM309", "S(2) wr S(3)")]),
    ],
)  # fmt: skip
def test_mistakes(text: str, expected: list[tuple[str, str]]) -> None:
    assert codes(text) == expected


def test_sizes_are_told_by_the_group() -> None:
    spec = symc.load("group W = S(2) wr S(3)\ninput x[(a, b): W]\ninput z[k: W.blocks]\noutput y")
    assert {v.name: v.value for v in spec.ir.sizes} == {"a": 3, "b": 2, "k": 3}


def test_inline_products_are_one_group() -> None:
    spec = symc.load("input x[(3, 2): S(2) wr S(3)]\noutput y[6: S(2) wr S(3)]")
    (group,) = spec.ir.groups
    assert (group.name, group.identifier, group.constructor) == (
        "S(2) wr S(3)", "S_2_wr_S_3", "S(2) wr S(3)"
    )  # fmt: skip
    other = symc.load("input x[3: (S(2) wr S(3)).blocks]\noutput y\nsymmetrize by average")
    assert other.ir.groups[0].name == "S(2) wr S(3)"


def test_json_and_back() -> None:
    program = symc.load(TEXTS["joint"]).ir
    assert Program.model_validate_json(program.model_dump_json()) == program


ON_BLOCKS = "group W = S({m}) wr S({n})\ninput x[{n}: W.blocks]\noutput y[{axis}]\n"


def test_what_blocks_alone_leave_open() -> None:
    text = ON_BLOCKS.format(m=2, n=3, axis="6: W, 3")
    found = symc.check(text + "symmetrize W by canonical")
    assert [d.code for d in found] == ["SYM403", "SYM404"]
    assert "equal in all items of each block of `W`" in found[0].message
    assert "`(3, 2): W`" in str(found[1].help)
    assert codes(ON_BLOCKS.format(m=2, n=3, axis="3: W.blocks")) == [("SYM405", "W")]
    assert codes(ON_BLOCKS.format(m=1, n=3, axis="3: W")) == []


@pytest.mark.parametrize(("m", "n"), SMALL)
@pytest.mark.parametrize("power", [1, 2, 3])
def test_values_fill_what_the_stabilizer_fixes(m: int, n: int, power: int) -> None:
    """The rank of the mean over S(m)^n, which fixes a generic input on blocks."""
    inside = [items for items, blocks in brute(m, n) if blocks.equal(torch.eye(n, dtype=F64))]
    traces = torch.stack([items.trace() ** power for items in inside])
    assert _moment(m, n, power) == round(float(traces.mean()))
    text = ON_BLOCKS.format(m=m, n=n, axis="*".join(["_: W"] + ["W"] * (power - 1)))
    program = symc.load(text).ir
    from symc.proofs import value_space

    space = value_space(program, "y")
    assert space is not None
    assert space.exact
    assert (space.dimension, space.total) == (_moment(m, n, power), (n * m) ** power)


def test_generic_stabilizers() -> None:
    program = symc.load("group W = S(m) wr S(n)\ninput x[(n, m): W]\noutput y").ir
    found = generic_stabilizer(program, "W")
    assert found is not None
    assert found.trivial
    assert found.exact
    program = symc.load("group W = S(3) wr S(4)\ninput x[4: W.blocks]\noutput y").ir
    found = generic_stabilizer(program, "W")
    assert found is not None
    assert (found.text, found.exact) == ("S(3)^4", True)
    program = symc.load("group W = S(3) wr S(4)\ninput x[12: W] of 3\noutput y").ir
    found = generic_stabilizer(program, "W")
    assert found is not None
    assert found.trivial
    assert not found.exact
    assert not [p for p in prove(program) if p.code is not None]


# Comparison

BLOCKS = "group W = S(3) wr S(4)\ninput x[12: W, 2]\noutput y[12: W]"
PLAIN = "input x[12: S(12), 2]\noutput y[12: S(12)]"
OTHER = "group W = S(4) wr S(3)\ninput x[12: W, 2]\noutput y[12: W]"
JOINT = "group W = S(m) wr S(n)\ninput x[(n, m): W]\ninput b[n: W.blocks]\noutput y[(n, m): W]"
TWO = "group P = S(n)\ngroup Q = S(m)\ninput x[n: P, m: Q]\ninput b[n: P]\noutput y[n: P, m: Q]"
APART = JOINT.replace("n: W.blocks", "n: B").replace("\ninput x", "\ngroup B = S(n)\ninput x")


@pytest.mark.parametrize(
    ("one", "two", "expected"),
    [
        (BLOCKS, PLAIN, "weaker"),
        (PLAIN, BLOCKS, "stronger"),
        (BLOCKS, OTHER, "incomparable"),
        (BLOCKS, BLOCKS, "equal"),
        (JOINT, TWO, "stronger"),
        (TWO, JOINT, "weaker"),
        (JOINT, JOINT.replace("W", "V"), "equal"),
        # Blocks that move by themselves are more.
        (JOINT, APART, "weaker"),
        (BLOCKS, "group R = C(12)\ninput x[12: R, 2]\noutput y[12: R]", "incomparable"),
        ("input x[4: S(2) wr S(2)]\noutput y", "input x[4: D(4)]\noutput y", "incomparable"),
        ("input x[4: S(4)]\noutput y", "input x[4: S(2) wr S(2)]\noutput y", "stronger"),
    ],
)
def test_comparison(one: str, two: str, expected: str) -> None:
    from symc.comparison import compare

    assert compare(symc.load(one).ir, symc.load(two).ir).relation == expected


def test_the_witness_is_said_in_blocks() -> None:
    from symc.comparison import compare

    found = compare(symc.load(JOINT).ir, symc.load(TWO).ir)
    assert found.only_in_a is not None
    assert "swaps items 1 and 2 in the first block of `x`" in found.only_in_a.words
    found = compare(symc.load(BLOCKS).ir, symc.load(OTHER).ir)
    assert found.only_in_a is not None
    assert "swaps blocks 1 and 2 of" in found.only_in_a.words


def test_broken_blocks_break_the_law() -> None:
    """The measure sees an action that is none: items sorted over all blocks."""
    model, inputs = built(TEXTS["channels first"] + "symmetrize W by frame", {"m": 3, "n": 2})
    assert equivariance_error(model, *inputs) == 0
    stage = model.get_submodule("W")
    kept = stage.forward

    def broken(*call: torch.Tensor, **keywords: object) -> Wreath:
        element = kept(*call, **keywords)
        return element._replace(items=element.items.flip(1))

    stage.forward = broken  # type: ignore[method-assign]
    assert equivariance_error(model, *inputs) > 1e-3
