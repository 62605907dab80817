"""Labels that name items: how an action relabels them, who reads them, and what is refused."""

from __future__ import annotations

from itertools import permutations
from typing import Any

import pytest
import torch
from torch import nn

import symc
from symc.checking import check
from symc.comparison import compare
from symc.ir.program import Program
from symc.source import Source
from symc_runtime.actions.axes import renamed, unname
from symc_runtime.bases.edge_messages import EdgeMessages
from symc_runtime.elements.permutation import Permutation
from symc_runtime.reading.links import Links
from symc_runtime.reading.naming import Naming
from symc_runtime.spec.layout import Natural, Tensor, Trivial
from symc_runtime.symmetrized import Symmetrized
from symc_runtime.testing import equivariance_error

GRAPH = """group P = S(n)
group M = E(3)
input pos[n: P, 3: M.point]
input edges[2, e] of P
input w[e, 2]
output force[n: P, 3: M.vector]
output energy
"""
BOTH = """group P = S(n)
group Edge = S(e)
input x[n: P, 2]
input edges[2, e: Edge] of P
input w[e: Edge, 2]
output y[n: P]
output z[e: Edge]
"""
SHOTS = """size k = 5
group Class = S(k)
group Shot = S(s)
group Query = S(q)
input shot[s: Shot, 3]
input label[s: Shot] of Class
input query[q: Query, 3]
output score[q: Query, k: Class]
"""
TREE = """group P = S(n)
input x[n: P]
input parent[n: P] of P
input near[n: P, 3] of P
input many[r, 4, n: P] of P
output y[n: P]
"""
RING = """group R = D(6)
group P = S(m)
input a[6: R]
input bonds[2, e] of R
input who[m: P] of R
input whom[6: R, 2] of P
output y[6: R]
output z[m: P]
"""
IMAGE = """group R = D(4)
group P = S(n)
input mask[(h, h): R.grid] of P
input v[n: P, 2: R.vector]
output y[n: P]
output q[(h, h): R.grid]
"""
FLIPS = """group Z = Z2(k)
group P = S(n)
input ev[n: P, k: Z]
input edges[2, e] of P
output y[n: P]
"""
TEAMS = """group W = S(2) wr S(3)
group P = S(n)
input x[(3, 2): W, 2]
input of_block[3: W.blocks] of P
input of_each[(3, 2): W] of P
input edges[2, e] of P
input y[n: P]
output z[n: P, 3: W.blocks]
output u[(3, 2): W]
"""
RAGGED = "size n <= 7\nsize e <= 9\n"
COUNTS = {"n": torch.tensor([6, 3, 1]), "e": torch.tensor([8, 2, 0])}


class Fixed(nn.Module):
    """A fixed function without any symmetry, of every number of its inputs."""

    def __init__(self, *shapes: tuple[int, ...]) -> None:
        super().__init__()
        self.shapes = shapes

    def forward(self, *inputs: torch.Tensor) -> Any:
        flat = [torch.sin((x.double() + 0.3) * (1.3 + i)).flatten(1) for i, x in enumerate(inputs)]
        seen = torch.cat(flat, 1)
        outputs = []
        for k, shape in enumerate(self.shapes):
            size = torch.Size(shape).numel()
            weight = torch.arange(seen.shape[1] * size, dtype=torch.float64)
            weight = torch.sin(weight.reshape(seen.shape[1], size) * 0.77 + k)
            outputs.append(torch.tanh(seen @ weight / 3).reshape(len(seen), *shape))
        return outputs[0] if len(outputs) == 1 else tuple(outputs)


def numbers(*shape: int) -> torch.Tensor:
    return torch.randn(3, *shape, dtype=torch.float64, generator=torch.Generator().manual_seed(1))


def names(n: int, *shape: int) -> torch.Tensor:
    return torch.randint(0, n, (3, *shape), generator=torch.Generator().manual_seed(2))


CASES: dict[str, tuple[str, tuple[torch.Tensor, ...], tuple[tuple[int, ...], ...], list[str]]] = {
    "graph": (
        GRAPH,
        (numbers(5, 3), names(5, 2, 6), numbers(6, 2)),
        ((5, 3), ()),
        [
            "",
            "symmetrize P by frame\nsymmetrize M by frame",
            "symmetrize M by average(samples=2)\nsymmetrize P by canonical",
            "symmetrize P by probabilistic\nsymmetrize M by canonical",
            "symmetrize M by frame\nsymmetrize P by probabilistic(net=refine)",
            "symmetrize M by probabilistic\nsymmetrize P by average(samples=2)",
        ],
    ),
    "edges without order": (
        BOTH,
        (numbers(5, 2), names(5, 2, 6), numbers(6, 2)),
        ((5,), (6,)),
        ["", "symmetrize Edge, P by frame", "symmetrize Edge by canonical", "symmetrize by frame"],
    ),
    "classes": (
        SHOTS,
        (numbers(6, 3), names(5, 6), numbers(4, 3)),
        ((4, 5),),
        ["", "symmetrize Class, Query, Shot by canonical", "symmetrize by frame"],
    ),
    "parents": (
        TREE,
        (numbers(6), names(6, 6), names(6, 6, 3), names(6, 2, 4, 6)),
        ((6,),),
        ["", "symmetrize by frame", "symmetrize P by probabilistic(net=attention)"],
    ),
    "ring": (
        RING,
        (numbers(6), names(6, 2, 4), names(6, 3), names(3, 6, 2)),
        ((6,), (3,)),
        [
            "",
            "symmetrize P, R by probabilistic",
            "symmetrize R, P by frame",
            "symmetrize by average",
        ],
    ),
    "image": (
        IMAGE,
        (names(4, 4, 4), numbers(4, 2)),
        ((4,), (4, 4)),
        ["", "symmetrize P, R by probabilistic", "symmetrize R, P by frame"],
    ),
    "signs": (
        FLIPS,
        (numbers(5, 2), names(5, 2, 6)),
        ((5,),),
        ["", "symmetrize P, Z by probabilistic", "symmetrize Z, P by frame"],
    ),
    "blocks": (
        TEAMS,
        (numbers(3, 2, 2), names(4, 3), names(4, 3, 2), names(4, 2, 6), numbers(4)),
        ((4, 3), (3, 2)),
        [
            "",
            "symmetrize W by frame",
            "symmetrize W by canonical\nsymmetrize P by frame",
            "symmetrize P by canonical\nsymmetrize W by frame",
            "symmetrize P, W by probabilistic",
        ],
    ),
}  # fmt: skip


@pytest.mark.parametrize(
    ("case", "lines"), [(name, lines) for name, case in CASES.items() for lines in case[3]]
)
def test_the_law_with_coupled_noise(case: str, lines: str) -> None:
    text, inputs, shapes, _ = CASES[case]
    model = symc.build(text + lines, Fixed(*shapes)).double()
    model.draw_so_many(2)
    # Equal items, edges that are one edge, loops.
    alike = tuple(x.round() if x.is_floating_point() else x // 2 for x in inputs)
    for values in (inputs, alike):
        for training in (True, False):
            model.train(training)
            generator = torch.Generator().manual_seed(3)
            assert equivariance_error(model, *values, generator=generator) < 1e-12


@pytest.mark.parametrize(("text", "of_edges"), [(GRAPH, ()), (BOTH, (8,))])
@pytest.mark.parametrize("lines", ["", "symmetrize by frame", "symmetrize by canonical"])
def test_the_law_of_ragged_graphs_and_what_stands_in_padding(
    text: str, of_edges: tuple[int, ...], lines: str
) -> None:
    items = numbers(6, 3) if text is GRAPH else numbers(6, 2)
    edges = names(6, 2, 8) % COUNTS["n"].reshape(-1, 1, 1)
    w = numbers(8, 2)
    shapes = ((6, 3), ()) if text is GRAPH else ((6,), of_edges)
    model = symc.build(RAGGED + text + lines, Fixed(*shapes)).double().eval()
    model.draw_so_many(2)
    # Of items that are alike only edges tell which is which.
    for x in (items, torch.zeros_like(items)):
        assert equivariance_error(model, x, edges, w, counts=COUNTS) < 1e-12
    noise = model.draw_noise(items, edges, w, sizes=COUNTS)
    place = torch.arange(8) >= COUNTS["e"].reshape(-1, 1, 1)
    for garbage in (-1, 6, 10**12, -(10**15)):
        dirty = edges.masked_fill(place, garbage)
        left = model(items, edges, w, noise=noise, sizes=COUNTS)
        right = model(items, dirty, w, noise=noise, sizes=COUNTS)
        assert all(torch.equal(a, b) for a, b in zip(left, right, strict=True))


@pytest.mark.parametrize("lines", ["", "symmetrize by frame"])
def test_how_far_a_graph_is_padded_is_not_seen(lines: str) -> None:
    text = RAGGED + BOTH.replace("output z[e: Edge]\n", "output energy\n")

    class Sum(nn.Module):
        """Reads the order of valid items and edges."""

        def forward(self, x: Any, edges: Any, w: Any, n: Any, e: Any) -> Any:
            place = torch.arange(1, x.shape[1] + 1).double()
            once = torch.arange(1, w.shape[1] + 1).double().sin()
            told = ((edges.double() + 1).sin().sum(1) * once * w[..., 0]).sum(1)
            y = x[..., 0] * place.cos()
            return y, told + y.sum(1)

    model = symc.build(text + lines, Sum()).double().eval()
    model.draw_so_many(2)
    x, w, edges = numbers(4, 2), numbers(5, 2), names(3, 2, 5)
    counts = {"n": torch.tensor([3, 3, 4]), "e": torch.tensor([4, 5, 2])}
    noise = model.draw_noise(x, edges, w, sizes=counts)
    y, energy = model(x, edges, w, noise=noise, sizes=counts)

    def longer(value: torch.Tensor, dim: int) -> torch.Tensor:
        more = list(value.shape)
        more[dim] = 3
        return torch.cat([value, torch.full(more, 5).to(value)], dim)

    wide = {k: longer(z, 2) for k, z in noise.items()}
    z, other = model(longer(x, 1), longer(edges, 2), longer(w, 1), noise=wide, sizes=counts)
    assert torch.allclose(z[:, :4], y, atol=1e-12)
    assert torch.allclose(energy, other, atol=1e-12)


def test_an_action_relabels_by_the_permutation_itself() -> None:
    """(g x)[pi(j)] = x[j] moves items, and a name j becomes pi(j): for all of S(4)."""
    items = torch.arange(4)
    for order in permutations(range(4)):
        element = Permutation(torch.tensor([order]))
        place = torch.tensor([order.index(j) for j in range(4)])
        assert torch.equal(unname(items.unsqueeze(0), element)[0], place)
        # What is named stays what it was.
        x = torch.rand(1, 4)
        moved = x.gather(1, element.order)
        names_of = torch.tensor([[0, 2, 2, 3, 1]])
        assert torch.equal(moved.gather(1, unname(names_of, element)), x.gather(1, names_of))


@pytest.mark.parametrize("dtype", [torch.uint8, torch.int8, torch.int16, torch.int32, torch.int64])
def test_many_items_do_not_overflow_narrow_names(dtype: torch.dtype) -> None:
    order = torch.arange(399, -1, -1).unsqueeze(0)
    found = renamed(torch.tensor([[0, 100]], dtype=dtype), order)
    assert found.tolist() == [[399, 299]]


@pytest.mark.parametrize("method", ["average", "frame", "canonical", "probabilistic"])
def test_the_mean_is_that_over_all_relabellings(method: str) -> None:
    """Of a base that is invariant already, whatever the method; and of `average` of any base."""
    text = "group P = S(4)\ninput x[4: P]\ninput edges[2, e] of P\noutput y[4: P]\n"
    base = Fixed((4,))

    def exact(x: torch.Tensor, edges: torch.Tensor) -> torch.Tensor:
        total = torch.zeros(len(x), 4, dtype=torch.float64)
        for order in permutations(range(4)):
            index = torch.tensor(order)
            place = torch.tensor([order.index(j) for j in range(4)])
            y = base(x[:, index], place[edges])
            total[:, index] += y / 24
        return total

    x, edges = numbers(4), names(4, 2, 5)
    if method == "average":
        model = symc.build(text + "symmetrize by average", base).double()
        assert torch.allclose(model(x, edges), exact(x, edges), atol=1e-12)
        return

    class Invariant(nn.Module):
        def forward(self, x: torch.Tensor, edges: torch.Tensor) -> torch.Tensor:
            return exact(x, edges)

    model = symc.build(text + f"symmetrize by {method}", Invariant()).double().eval()
    assert torch.allclose(model(x, edges), exact(x, edges), atol=1e-12)


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("lines", ["", "symmetrize by frame"])
def test_how_concentrated_the_choice_is(case: str, lines: str) -> None:
    """By weights, and by draws."""
    text, inputs, shapes, _ = CASES[case]
    model = symc.build(text + lines, Fixed(*shapes)).double().eval()
    found = model.spread(*inputs)
    assert set(found) == {draw.key for draw in model.draws}
    for record in found.values():
        assert record.value.shape == (3,)
        highest = 1 + 1e-9 if record.measure == "same" else 2
        assert bool(((record.value >= 0) & (record.value <= highest)).all())


@pytest.mark.parametrize(("text", "shapes"), [(GRAPH, ((5, 3), ())), (BOTH, ((5,), (6,)))])
def test_how_concentrated_it_is_is_the_same_where_all_of_a_ragged_size_is_valid(
    text: str, shapes: tuple[tuple[int, ...], ...]
) -> None:
    inputs = numbers(5, 3 if text is GRAPH else 2), names(5, 2, 6), numbers(6, 2)
    full = {"n": torch.full((3,), 5), "e": torch.full((3,), 6)}
    spreads = []
    for before, given in (("", {}), (RAGGED, full)):
        lines = f"{before}{text}symmetrize by frame"
        model = symc.build(lines, Fixed(*shapes)).double().eval()
        generator = torch.Generator().manual_seed(1)
        spreads.append(model.spread(*inputs, sizes=given, generator=generator))
    for name, record in spreads[0].items():
        assert torch.equal(record.value, spreads[1][name].value)


def test_by_base_they_pass_untouched() -> None:
    seen: list[torch.Tensor] = []

    class Base(nn.Module):
        def forward(self, x: torch.Tensor, v: torch.Tensor, edges: torch.Tensor) -> torch.Tensor:
            seen.append(edges)
            return x

    text = """group P = S(n)
group M = O(3)
input x[n: P]
input v[n: P, 3: M]
input edges[2, e] of P
output y[n: P]
symmetrize P by base
symmetrize M by frame"""
    edges = names(5, 2, 6)
    symc.build(text, Base()).double()(numbers(5), numbers(5, 3), edges)
    assert all(torch.equal(each, edges) for each in seen[0].unflatten(0, (-1, 3)))


@pytest.mark.parametrize("net", ["gin", "deepsets", "attention", "refine"])
def test_earlier_nets_are_invariant_to_relabelling(net: str) -> None:
    """What the stage of M draws is the same, bit for bit, whatever the items are called."""
    lines = f"symmetrize M by canonical\nsymmetrize P by probabilistic(net={net})"
    model = symc.build(GRAPH + lines, Fixed((5, 3), ())).double().eval()
    x, edges, w = numbers(5, 3), names(5, 2, 6), numbers(6, 2)
    x = x - x.mean(1, keepdim=True)
    order = torch.tensor([3, 0, 4, 1, 2])
    place = order.argsort()
    noise = model.draw_noise(x, edges, w)["M"].flatten(0, 1)[:3]
    stage = model.get_submodule("M")
    one = stage(noise, x, edges, w).matrix
    two = stage(noise, x[:, order], place[edges], w).matrix
    assert torch.allclose(one, two, atol=1e-12)


def test_nets_tell_source_from_target_and_see_what_edges_say() -> None:
    text = "group P = S(n)\ninput x[n: P]\ninput edges[2, e] of P\ninput w[e]\noutput y[n: P]\n"
    model = symc.build(text, Fixed((4,))).double().eval()
    stage: Any = model.get_submodule("P")
    x = torch.zeros(1, 4, dtype=torch.float64)
    w = torch.ones(1, 2, dtype=torch.float64)
    noise = torch.zeros(1, 4, stage.channels, dtype=torch.float64)

    def scores(edges: list[list[int]], w: torch.Tensor = w) -> torch.Tensor:
        given = (x, torch.tensor([edges]), w)
        return stage._scores(noise, given, None, None, None)[0][0].detach()[0]

    path = scores([[0, 1], [1, 2]])
    # 0 -> 1 -> 2, and nothing at 3.
    assert len({round(float(s), 9) for s in path}) == 4
    other = scores([[1, 2], [0, 1]])
    assert torch.allclose(path[[2, 1, 0, 3]], other)
    assert not torch.allclose(path, other, atol=1e-6)
    assert not torch.allclose(path, scores([[0, 1], [1, 2]], 2 * w), atol=1e-6)
    # An edge twice is no edge once, and a loop is one.
    assert not torch.allclose(scores([[0, 0], [1, 1]]), scores([[0, 2], [1, 3]]), atol=1e-6)
    assert not torch.allclose(scores([[0, 2], [1, 2]]), scores([[0, 2], [1, 3]]), atol=1e-6)


def test_links_agree_with_a_dense_matrix() -> None:
    """Sums over edges are products with the matrices of sources and of targets."""
    declared = (
        Tensor("x", (Natural("P", "n"), Trivial(2))),
        Tensor("edges", (Trivial(2), Trivial("e")), names=Natural("P", "n")),
        Tensor("w", (Trivial("e"), Trivial(3))),
        Tensor("kind", (Trivial("e"),), labels=4),
    )
    values = (numbers(5, 2), names(5, 2, 7), numbers(7, 3), names(4, 7))
    made = Links(declared, "P", {})
    assert made.widths == [(2, 2 * 3 + 2 * 4)]
    (link,) = made(values, {"e": torch.tensor([7, 3, 0])}, 5, torch.float64)
    assert link.valid is not None
    assert link.valid.sum(1).tolist() == [7, 3, 0]
    assert link.features is not None
    assert link.features.shape == (3, 14, 7)
    told = Naming(declared, ("P",), {})(values, {"e": torch.tensor([7, 3, 0])})
    hot = (values[1].unsqueeze(-1) == torch.arange(5)) & link.valid[:, None, :, None]
    assert torch.equal(told[1], hot.sum(2).transpose(1, 2).double())


@pytest.mark.parametrize(
    ("edges", "counts", "said"),
    [
        ([[0, 5], [1, 2]], None, "input `edges`, example 0: expected items of `P`, 0 to 4, got 5"),
        ([[0, 1], [-1, 2]], None, "got -1"),
        ([[0, 1], [3, 2]], [3], "0 to 2, got 3"),
        ([[0, 0], [0, 0]], [0], "none, for it has no item, got 0"),
    ],
)
def test_a_number_that_names_nothing_is_refused(
    edges: list[list[int]], counts: list[int] | None, said: str
) -> None:
    text = "group P = S(n)\ninput x[n: P]\ninput edges[2, e] of P\noutput y[n: P]\n"
    text = text if counts is None else "size n <= 5\n" + text
    model = symc.build(text, Fixed((5,))).double()
    sizes = {} if counts is None else {"n": counts}
    with pytest.raises(symc.ShapeError, match=said):
        model(torch.zeros(1, 5, dtype=torch.float64), torch.tensor([edges]), sizes=sizes)
    with pytest.raises(TypeError, match="whole numbers \\(items of `P`\\), got torch.float32"):
        model(torch.zeros(1, 5), torch.zeros(1, 2, 2), sizes=sizes)


def test_no_edges_at_all() -> None:
    model = symc.build(RAGGED + GRAPH, Fixed((6, 3), ())).double()
    none = {"n": torch.tensor([6, 3, 1]), "e": torch.tensor([0, 0, 0])}
    inputs = (numbers(6, 3), names(6, 2, 1), numbers(1, 2))
    assert equivariance_error(model, *inputs, counts=none) < 1e-12


def test_compiled_code_exports_and_vmap_take_them() -> None:
    text = "group P = S(n)\ninput x[n: P, 2]\ninput edges[2, e] of P\noutput y[n: P]\n"
    model = symc.build(text, Fixed((5,))).double().eval()
    x, edges = numbers(5, 2), names(5, 2, 6)
    noise = model.draw_noise(x, edges)
    expected = model(x, edges, noise=noise)
    exported = torch.export.export(model, (x, edges), {"noise": noise})
    assert torch.allclose(exported.module()(x, edges, noise=noise), expected)

    def one(x: torch.Tensor, edges: torch.Tensor, noise: torch.Tensor) -> torch.Tensor:
        return model(x.unsqueeze(0), edges.unsqueeze(0), noise={"P": noise.unsqueeze(1)})[0]

    each = torch.func.vmap(one, in_dims=(0, 0, 1))(x, edges, noise["P"])
    assert torch.allclose(each, expected, atol=1e-9)


def test_gradients_reach_the_net_through_edges() -> None:
    text = "group P = S(n)\ninput x[n: P, 2]\ninput edges[2, e] of P\noutput y[n: P]\n"
    model = symc.build(text, Fixed((5,))).double().train()
    y, penalty = model(numbers(5, 2), names(5, 2, 6), return_penalty=True)
    (y.square().sum() + penalty).backward()
    weights = {name: w for name, w in model.named_parameters() if "named" in name}
    assert weights
    assert all(w.grad is not None and w.grad.isfinite().all() for w in weights.values())
    assert any(float(w.grad.abs().max()) > 0 for w in weights.values() if w.grad is not None)


def test_the_message_passing_base_has_the_symmetry_itself() -> None:
    base = EdgeMessages(items=2, edges=2, outputs=1).double()
    text = RAGGED + BOTH.replace("output z[e: Edge]\n", "").replace("y[n: P]", "y[n: P, 1]")
    model: Symmetrized = symc.build(text + "symmetrize P, Edge by base", base).double()
    inputs = (numbers(6, 2), names(6, 2, 8) % COUNTS["n"].reshape(-1, 1, 1), numbers(8, 2))
    every = ["P", "Edge"]
    assert equivariance_error(model, *inputs, counts=COUNTS, groups=every) < 1e-12
    # Two directions, and what edges say.
    x, edges, w = (value[:1] for value in inputs)
    there = base(x, edges, w)
    assert not torch.allclose(there, base(x, edges.flip(1), w), atol=1e-6)
    assert not torch.allclose(there, base(x, edges, 2 * w), atol=1e-6)


def test_no_pass_holds_a_matrix_of_pairs() -> None:
    """3,000 items: the largest tensor that a call makes has far fewer numbers than pairs."""
    from torch.utils._python_dispatch import TorchDispatchMode

    largest = 0

    class Watching(TorchDispatchMode):
        def __torch_dispatch__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None):  # type: ignore[no-untyped-def]
            nonlocal largest
            found = function(*args, **(kwargs or {}))
            for value in found if isinstance(found, (tuple, list)) else (found,):
                if isinstance(value, torch.Tensor):
                    largest = max(largest, value.untyped_storage().nbytes() // 4)
            return found

    text = "group P = S(n)\ninput x[n: P]\ninput edges[2, e] of P\noutput y[n: P, 1]\n"
    n, e = 3_000, 6_000

    class Base(nn.Module):
        def forward(self, x: torch.Tensor, edges: torch.Tensor) -> torch.Tensor:
            return x.unsqueeze(-1)

    for lines in ("symmetrize by frame", "symmetrize by probabilistic(eval_samples=1)"):
        model = symc.build(text + lines, Base()).eval()
        with torch.no_grad(), Watching():
            model(torch.randn(1, n), torch.randint(0, n, (1, 2, e)))
    assert largest < n * n / 8


@pytest.mark.parametrize("wrong", ["O(3)", "E(3)", "Z2(n)"])
def test_groups_without_items_are_refused(wrong: str) -> None:
    text = f"group P = S(n)\ninput x[n: P]\ninput edges[2, e] of {wrong}\noutput y[n: P]"
    codes = [said.code for said in symc.check(text)]
    assert codes[0] == "SYM315"


def test_diff_sees_who_relabels() -> None:
    named = "group P = S(n)\ninput x[n: P]\ninput edges[2, e] of P\noutput y[n: P]\n"
    plain = named.replace("of P", "of 10")
    one, two = (program(text) for text in (named, plain))
    assert compare(one, one).relation == "equal"
    assert compare(one, two).relation == "incomparable"


def program(text: str) -> Program:
    found = check(Source("<text>", text)).program
    assert found is not None
    return found
