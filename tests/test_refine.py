"""Individualization and refinement: paths, colours and roots, and the poses that come of them."""

from __future__ import annotations

import pytest
import torch
from sympy import isprime

import symc
from symc.ir.program import Program
from symc_runtime.distributions.permutation_net import LearnedPermutation
from symc_runtime.numerics.hashing import PRIME, exact_digits, joined, kinds, scattered
from symc_runtime.numerics.hops import FAR, hops
from symc_runtime.reading.colours import colours
from symc_runtime.spec import layout

F64 = torch.float64
P = layout.Group("P", "S", "n")
PAIRS = layout.Tensor("a", (layout.Natural("P", "n"), layout.Natural("P", "n")))


def cycles(*lengths: int) -> torch.Tensor:
    """Adjacency [n, n] of disjoint cycles."""
    n, first = sum(lengths), 0
    adjacency = torch.zeros(n, n)
    for length in lengths:
        item = torch.arange(length)
        adjacency[first + item, first + (item + 1) % length] = 1
        first += length
    return adjacency.maximum(adjacency.T)


def relabelled(
    adjacency: torch.Tensor, generator: torch.Generator
) -> tuple[torch.Tensor, torch.Tensor]:
    """The graph with its items in another order, and the order."""
    order = torch.randperm(len(adjacency), generator=generator)
    return adjacency[order][:, order], order


def rook() -> torch.Tensor:
    """The 4 x 4 rook's graph."""
    row, column = torch.arange(16) // 4, torch.arange(16) % 4
    same = (row[:, None] == row) | (column[:, None] == column)
    return same.float() - torch.eye(16)


GRAPHS = {
    "one cycle": cycles(12),
    "two cycles": cycles(6, 6),
    "unlike cycles": cycles(3, 4, 5),
    "rook": rook(),
    "no links": torch.zeros(5, 5),
    "all links": torch.ones(6, 6) - torch.eye(6),
}


@pytest.mark.parametrize("n", [1, 2, 3, 17, 40])
@pytest.mark.parametrize("degree", [0.0, 1.0, 2.0, 6.0])
def test_hops_are_shortest_paths(n: int, degree: float) -> None:
    generator = torch.Generator().manual_seed(n)
    links = torch.rand(8, n, n, generator=generator).lt(degree / n).float().triu(1)
    links = links + links.mT
    expected = torch.where(links > 0, 1.0, torch.inf)
    expected.diagonal(dim1=1, dim2=2).zero_()
    for k in range(n):
        expected = expected.minimum(expected[:, :, k : k + 1] + expected[:, k : k + 1, :])
    assert torch.equal(hops(links), expected.masked_fill(expected.isinf(), FAR))


def test_hops_follow_paths_of_64_links_and_no_longer_ones() -> None:
    item = torch.arange(100)
    far = (item - item[:, None]).abs()
    found = hops(far.eq(1).float().unsqueeze(0))[0]
    assert torch.equal(found, far.float().masked_fill(far > 64, FAR))


def test_whole_numbers_are_scattered_one_to_one() -> None:
    assert isprime(PRIME)
    assert PRIME < 2**31
    assert PRIME % 3 == 2
    x = torch.cat([torch.arange(2000), torch.arange(PRIME - 2000, PRIME)])
    assert len(scattered(x).unique()) == len(x)
    assert scattered(x).ge(0).all()
    assert scattered(x).lt(PRIME).all()
    one, other = torch.arange(300), torch.arange(300).unsqueeze(-1)
    assert len(joined(one, other).unique()) == 300**2


def test_kinds_are_told_apart_and_zero_stays() -> None:
    digits = exact_digits(torch.device("cpu"))
    x = torch.arange(50, dtype=F64).unsqueeze(-1).expand(50, 50) / 50
    every = kinds(digits, x, x.mT)
    assert len(every.unique()) == 2500
    assert every[0, 0] == 0
    assert every.lt(2**digits.bits).all()
    assert torch.equal(every, every.round())


@pytest.mark.parametrize("name", GRAPHS)
@pytest.mark.parametrize("rounded", [False, True])
def test_colours_go_with_the_items(name: str, rounded: bool) -> None:
    generator = torch.Generator().manual_seed(0)
    n = len(GRAPHS[name])
    weights = torch.randn(n, n, generator=generator, dtype=F64)
    for graph in (GRAPHS[name].double(), GRAPHS[name] * weights):
        moved, order = relabelled(graph, generator)
        both = colours(
            (PAIRS,), (P,), P, (), {}, {}, (torch.stack([graph, moved]),), None, n,
            tol=1e-8, rounded=rounded,
        )  # fmt: skip
        assert torch.equal(both.items[1], both.items[0][order])
        assert torch.equal(both.pairs[1], both.pairs[0][order][:, order])
        assert torch.equal(both.links[1], both.links[0][order][:, order])


def test_colours_tell_what_numbers_tell() -> None:
    """Items by all of their own features; rounding, where there is any, is no news."""
    x = torch.tensor([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [0.0, 1.0]], dtype=F64)
    items = layout.Tensor("x", (layout.Natural("P", "n"), layout.Trivial(2)))
    near = x + torch.tensor([0, 0, 0, 1e-13], dtype=F64).unsqueeze(-1)
    found = [
        colours((items,), (P,), P, (), {}, {}, (value.unsqueeze(0),), None, 4, tol=1e-8, rounded=r)
        for value, r in ((x, False), (x, True), (near, True), (near, False))
    ]
    counts = [len(each.items.unique()) for each in found]
    assert counts == [3, 3, 3, 4]


def poses(adjacency: torch.Tensor, draws: int) -> torch.Tensor:
    """The graph as the base sees it in so many draws of a net at its initial weights."""
    n = len(adjacency)
    torch.manual_seed(1)
    stage = LearnedPermutation((PAIRS,), (P,), "P", net="refine").eval()
    generator = torch.Generator().manual_seed(2)
    shape = {"n": n}
    noise = stage.draw(draws, 1, shape, torch.float32, torch.device("cpu"), generator)
    order = stage(noise.flatten(0, 1), adjacency.unsqueeze(0)).order
    row = order.unsqueeze(-1)
    return adjacency[row, row.mT]


@pytest.mark.parametrize("name", ["one cycle", "two cycles", "no links", "all links"])
def test_graphs_with_many_symmetries_have_one_pose(name: str) -> None:
    """Roots are drawn, and each is as good as another: the base sees one and the same graph."""
    seen = poses(GRAPHS[name], 40)
    assert len(seen.unique(dim=0)) == 1


def test_roots_are_drawn_evenly_among_items_that_are_alike() -> None:
    torch.manual_seed(0)
    stage = LearnedPermutation((PAIRS,), (P,), "P", net="refine").eval()
    graph = cycles(6, 6).unsqueeze(0)
    noise = stage.draw(3000, 1, {"n": 12}, torch.float32, torch.device("cpu"), None)
    first = stage(noise.flatten(0, 1), graph).order[:, 0]
    share = torch.bincount(first, minlength=12) / 3000
    # Five standard deviations of a binomial share.
    assert (share - 1 / 12).abs().max() < 5 * (1 / 12 * 11 / 12 / 3000) ** 0.5


def test_poses_of_two_cycles_and_of_one_differ() -> None:
    assert not torch.equal(poses(cycles(12), 1), poses(cycles(6, 6), 1))


def test_canonical_poses_are_the_same_for_every_order() -> None:
    """Items that colours tell apart, whatever scores say, come in one order."""
    generator = torch.Generator().manual_seed(0)
    links = torch.rand(30, 30, generator=generator).lt(0.1).float().triu(1)
    graph = links + links.T
    torch.manual_seed(0)
    stage = LearnedPermutation((PAIRS,), (P,), "P", net="refine", probabilistic=False).eval()
    seen = []
    for _ in range(5):
        moved, _ = relabelled(graph, generator)
        noise = stage.draw(1, 1, {"n": 30}, torch.float32, torch.device("cpu"), generator)
        order = stage(noise.flatten(0, 1), moved.unsqueeze(0)).order[0]
        seen.append(moved[order][:, order])
    assert all(torch.equal(seen[0], other) for other in seen)


def test_gradients_reach_the_choice_of_roots() -> None:
    """Without a traversal a root is a choice among all items, told apart or not."""
    torch.manual_seed(0)
    stage = LearnedPermutation((PAIRS,), (P,), "P", net="refine", options={"traversal": False})
    links = torch.rand(4, 9, 9).lt(0.3).float()
    noise = stage.draw(3, 4, {"n": 9}, torch.float32, torch.device("cpu"), None).flatten(0, 1)
    scores, _ = stage._scores(noise, (links,), None, None, None)
    (scores[0] * torch.randn(12, 9)).sum().backward()
    gradient = stage.net.root.weight.grad
    assert gradient is not None
    assert gradient.abs().max() > 1e-4


@pytest.mark.parametrize("written", ["traversal=true", "traversal=false, rounds=2"])
def test_options_come_through(written: str) -> None:
    text = (
        f"input a[n: S(n), n: S(n)]\noutput y\nsymmetrize by probabilistic(net=refine({written}))"
    )
    written_net = symc.load(text).ir.stages[0].net
    program = Program.model_validate_json(symc.load(text).ir.model_dump_json())
    assert program.stages[0].net == written_net
    assert f"traversal={'true' if 'true' in written else 'false'}" in str(written_net)


@pytest.mark.parametrize("resolution", [None, torch.float32])
def test_more_padding_is_the_same_graph(resolution: torch.dtype | None) -> None:
    """However far a tensor is padded, the same noise draws the same roots."""
    torch.manual_seed(0)
    stage = LearnedPermutation((PAIRS,), (P,), "P", net="refine").eval()
    # Numbers are taken as they come, or as rounded.
    stage.resolution = resolution
    graph = cycles(3, 4, 5)
    counts = {"n": torch.tensor([12])}
    noise = stage.draw(20, 1, {"n": 12}, torch.float32, torch.device("cpu"), None).flatten(0, 1)
    found = []
    for more in (0, 1, 9):
        padded = torch.nn.functional.pad(graph, (0, more, 0, more)).unsqueeze(0)
        drawn = torch.nn.functional.pad(noise, (0, 0, 0, more), value=5.0)
        found.append(stage(drawn, padded, counts=counts).order[:, :12])
    assert torch.equal(found[0], found[1])
    assert torch.equal(found[0], found[2])


@pytest.mark.parametrize(
    ("sizes", "net"),
    [
        ("", "refine"),
        ("size n = 256", "refine"),
        ("size n = 257", "gin"),
        ("size n <= 64", "refine"),
        ("size n <= 4096", "gin"),
    ],
)
def test_the_default_is_for_as_many_items_as_it_is_quick_for(sizes: str, net: str) -> None:
    text = f"{sizes}\ninput a[n: S(n), n: S(n)]\noutput y"
    found = symc.load(text).ir.stages[0].net
    assert found is not None
    assert found.name == net
    found = symc.load(f"{sizes}\ninput a[n: S(n)]\noutput y").ir.stages[0].net
    assert found is not None
    assert found.name == "deepsets"


@pytest.mark.parametrize("probabilistic", [True, False])
def test_orders_of_numbers_do_not_hang_on_their_last_digits(probabilistic: bool) -> None:
    """Colours of what inputs tell apart leap with every number: they order nothing but ties."""
    torch.manual_seed(0)
    stage = LearnedPermutation((PAIRS,), (P,), "P", net="refine", probabilistic=probabilistic)
    stage = stage.double().eval()
    numbers = torch.randn(100, 8, 8, dtype=F64)
    noise = stage.draw(1, 100, {"n": 8}, F64, torch.device("cpu"), None).flatten(0, 1)
    near = numbers + 1e-9 * torch.randn_like(numbers)
    same = stage(noise, numbers).order.eq(stage(noise, near).order).all(-1)
    assert same.double().mean() > 0.95
