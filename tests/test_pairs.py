"""Pairs of graphs that refinement does not tell apart are what their example says they are."""

from __future__ import annotations

import json
import random
from collections import Counter
from itertools import combinations, permutations
from pathlib import Path

import pytest
import torch

import alike_graphs
import pairs
import refinement
import separation
from refinement import Graph, Refinement, graph

SORTS = list(alike_graphs.SORTS)


def drawn(seed: int, nodes: int, links: int) -> Graph:
    draw = random.Random(seed)
    chosen = draw.sample(list(combinations(range(nodes), 2)), links)
    return graph([draw.randrange(2) for _ in range(nodes)], chosen)


def shuffled(whole: Graph, seed: int) -> Graph:
    order = list(range(len(whole)))
    random.Random(seed).shuffle(order)
    return whole.relabelled(order)


@pytest.mark.parametrize("seed", range(20))
def test_isomorphism_is_that_of_the_definition(seed: int) -> None:
    one, other = drawn(seed, 5, 5), drawn(seed + 100, 5, 5)
    if seed % 2:
        # Alike in most respects: one link moved.
        free = sorted(set(combinations(range(5), 2)) - one.links)
        other = shuffled(graph(one.kind, [*sorted(one.links)[1:], free[seed % len(free)]]), seed)
    ways = (one.relabelled(order) for order in permutations(range(5)))
    assert refinement.isomorphic(one, other) == (other in set(ways))
    assert refinement.isomorphic(one, shuffled(one, seed))


def test_refinement_tells_what_it_can_and_no_more() -> None:
    triangles = graph([0] * 6, [(0, 1), (1, 2), (2, 0), (3, 4), (4, 5), (5, 3)])
    hexagon = graph([0] * 6, [(node, (node + 1) % 6) for node in range(6)])
    assert refinement.alike(triangles, hexagon)
    assert not refinement.isomorphic(triangles, hexagon)
    marked = (Graph((1, 0, 0, 0, 0, 0), each.links) for each in (triangles, hexagon))
    assert not refinement.alike(*marked)
    # A path wants as many rounds as it is half long.
    path = graph([0] * 20, [(node, node + 1) for node in range(19)])
    assert len(set(Refinement().stable(path))) == 10


@pytest.mark.parametrize("cores", [0, 3])
@pytest.mark.parametrize("sort", SORTS)
def test_members_of_a_pair_look_alike_and_are_not(sort: str, cores: int) -> None:
    found = alike_graphs.pairs(sort, 12, random.Random(sort), cores)
    small = sorted(found, key=lambda pair: len(pair[0].links))[:4]
    for one, other in found:
        assert alike_graphs.FEWEST <= len(one) == len(other) <= alike_graphs.MOST
        assert refinement.alike(one, other)
        assert refinement.alike(shuffled(one, 0), other)
    for one, other in small:
        assert not refinement.isomorphic(one, other)
        assert refinement.isomorphic(one, shuffled(one, 1))
    # No graph of one pair is one of another.
    seen = Refinement()
    assert len({refinement.histogram(seen.stable(one)) for one, _ in found}) == len(found)


def test_what_makes_each_sort_differ() -> None:
    draw = random.Random(0)
    for _ in range(10):
        for sort in ("cycles", "unions"):
            one, other = alike_graphs.SORTS[sort](draw)
            assert alike_graphs.components(one) > alike_graphs.components(other) == 1
        even, odd = alike_graphs.circulants(draw)
        assert not bipartite(even)
        assert bipartite(odd)


def bipartite(whole: Graph) -> bool:
    """Whether a connected graph is."""
    sides, edge = {0: 0}, [0]
    while edge:
        node = edge.pop()
        fresh = [other for other in whole.near[node] if other not in sides]
        sides |= dict.fromkeys(fresh, 1 - sides[node])
        edge += fresh
    return all(sides[one] != sides[other] for one, other in whole.links)


@pytest.mark.parametrize("name", list(alike_graphs.BASES))
def test_a_twist_matters_only_once(name: str) -> None:
    links = alike_graphs.BASES[name]
    word = [0] * (1 + max(max(link) for link in links))
    untwisted, first, last = (
        alike_graphs._cfi(word, links, twist) for twist in (None, 0, len(links) - 1)
    )
    assert refinement.alike(untwisted, first)
    assert not refinement.isomorphic(untwisted, first)
    assert refinement.isomorphic(first, last)


def strongly_regular_graphs() -> dict[str, tuple[tuple[int, int, int, int], list[Graph]]]:
    chang = [alike_graphs._chang(switched) for switched in alike_graphs.SETS]
    squares = {5: alike_graphs.OTHER_5, 6: alike_graphs._turned(6), 8: alike_graphs._turned(8)}
    latin = {
        f"latin {order}": (
            (order**2, 3 * (order - 1), order, 6),
            [alike_graphs._latin(each, 0) for each in (alike_graphs._cyclic(order), square)],
        )
        for order, square in squares.items()
    }
    rook = [alike_graphs._rook(), alike_graphs._shrikhande()]
    return {
        "rook": ((16, 6, 2, 2), rook),
        "triangular": ((28, 12, 6, 4), [alike_graphs._triangular(), *chang]),
        **latin,
    }


@pytest.mark.parametrize("name", ["rook", "triangular", "latin 5", "latin 6", "latin 8"])
def test_strongly_regular_graphs_have_their_numbers(name: str) -> None:
    numbers, graphs = strongly_regular_graphs()[name]
    n, degree, linked, apart = numbers
    for each in graphs:
        near = [set(others) for others in each.near]
        assert len(each) == n
        assert {len(others) for others in near} == {degree}
        for one, other in combinations(range(n), 2):
            common = len(near[one] & near[other])
            assert common == (linked if (one, other) in each.links else apart)
    for one, other in combinations(graphs, 2):
        # Counting is quick; the two of order 6 have like counts.
        assert cliques(one) != cliques(other) or not refinement.isomorphic(one, other)


def cliques(whole: Graph) -> tuple[int, tuple[int, ...]]:
    """How many sets of four nodes are linked all; and, sorted, of how many each node is one."""
    near = [set(others) for others in whole.near]
    found = [
        (a, b, c, d)
        for a, b in whole.links
        for c, d in combinations(sorted(near[a] & near[b]), 2)
        if b < c and d in near[c]
    ]
    held = Counter(node for each in found for node in each)
    return len(found), tuple(sorted(held[node] for node in range(len(whole))))


def test_the_set_is_balanced_ragged_and_shuffled() -> None:
    training, test = pairs.data()
    assert (len(training), len(test)) == (800, 200)
    for part in (training, test):
        for sort in range(len(SORTS)):
            its = part.label[part.sort == sort]
            assert its.double().mean() == 0.5
            assert len(its) == len(part) // len(SORTS)
        assert part.n.min() >= 16
        assert part.n.max() <= 64
        assert torch.equal(part.adjacency, part.adjacency.mT)
        padding = torch.arange(64) >= part.n.unsqueeze(1)
        assert part.adjacency[padding].abs().sum() == 0
        assert part.kind[padding].sum() == 0
        assert part.adjacency.sum(-1)[~padding].min() >= 1
    assert len(training.n.unique()) > 30
    # All was relabelled: built in order, links of a cycle join neighbours in the matrix.
    near = training.adjacency.diagonal(1, 1, 2).sum(1) / training.adjacency.sum((1, 2)) * 2
    assert near.mean() < 0.15


@pytest.mark.parametrize("cores", [0, alike_graphs.CORES])
def test_no_test_graph_is_a_training_graph(cores: int) -> None:
    seen, found = Refinement(), []
    for part in pairs.data(cores):
        found.append({refinement.histogram(seen.stable(read(part, i))) for i in range(len(part))})
    # Of the members of a pair, in one part both, refinement sees one graph.
    assert [len(each) for each in found] == [400, 100]
    assert not found[0] & found[1]


def test_cores_recur_beside_other_graphs() -> None:
    found = alike_graphs.pairs("cycles", 12, random.Random(0), 3)
    # Two cycles and a filler, or none: the largest parts are those of the core.
    kinds = {tuple(sorted(cycle_kinds(one))) for one, _ in found}
    assert len(kinds) == 3
    assert len({one for one, _ in found}) == 12


def cycle_kinds(whole: Graph) -> list[tuple[int, tuple[int, ...]]]:
    """Of each part with a core's cells its nodes' number and kinds, sorted."""
    colours = Refinement().stable(whole)
    many = {colour for colour, count in Counter(colours).items() if count > 1}
    core = [node for node, colour in enumerate(colours) if colour in many]
    return [(len(core), tuple(sorted(whole.kind[node] for node in core)))]


def read(part: alike_graphs.Graphs, place: int) -> Graph:
    n = int(part.n[place])
    links = part.adjacency[place, :n, :n].nonzero().tolist()
    return graph(part.kind[place, :n].tolist(), [(one, other) for one, other in links])


def test_relabelled_graphs_are_the_same_graphs() -> None:
    _, test = pairs.data()
    some = test[torch.arange(10)]
    again = some.relabelled(torch.Generator().manual_seed(0))
    for place in range(10):
        one, other = read(some, place), read(again, place)
        assert one != other
        assert refinement.isomorphic(one, other)


def test_frozen_nets_stay_and_bases_start_alike() -> None:
    learned, frozen = (pairs.build("mlp", method, 0) for method in ("probabilistic", "frozen"))
    assert {id(each) for each in pairs.choosing(learned)} == {
        id(each) for name, each in learned.named_parameters() if not name.startswith("base.")
    }
    assert all(each.requires_grad for each in learned.parameters())
    assert not any(each.requires_grad for each in pairs.choosing(frozen))
    assert all(each.requires_grad for each in frozen.base.parameters())
    for one, other in zip(learned.parameters(), frozen.parameters(), strict=True):
        assert torch.equal(one, other)


def test_message_passing_alone_sees_one_graph_in_a_pair() -> None:
    draw = random.Random(1)
    model = pairs.build("alone", pairs.ALONE, 0).double().eval()
    for sort in SORTS:
        (both,) = alike_graphs.pairs(sort, 1, draw)
        given = alike_graphs.stacked([(shuffled(each, 5), 0, 0) for each in both])
        one, other = model(given.adjacency.double(), given.kind, n=given.n)
        torch.testing.assert_close(one, other, rtol=0, atol=1e-9)


@pytest.mark.parametrize("base", ["mlp", "transformer", "messages"])
def test_bases_look_at_the_order_and_not_at_padding(base: str) -> None:
    model = pairs.build(base, "plain", 0).double().eval()
    _, test = pairs.data()
    some = test[(test.n < 50).nonzero().flatten()[:8]]
    again = some.relabelled(torch.Generator().manual_seed(1))
    said = model(some.adjacency.double(), some.kind, n=some.n)
    assert (said - model(again.adjacency.double(), again.kind, n=again.n)).abs().max() > 1e-3
    cut = model(some.adjacency[:, :50, :50].double(), some.kind[:, :50], n=some.n)
    torch.testing.assert_close(said, cut, rtol=0, atol=1e-9)


def test_the_example_runs_and_shows_what_it_found(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def small(cores: int) -> tuple[alike_graphs.Graphs, alike_graphs.Graphs]:
        return alike_graphs.generate(0, train=5, test=1, cores=cores)

    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setattr(torch, "set_num_threads", lambda threads: None)
    monkeypatch.setattr(pairs, "data", small)
    monkeypatch.setattr(pairs, "EVAL_SAMPLES", 2)
    monkeypatch.setattr(pairs, "GLANCE_SAMPLES", 2)
    monkeypatch.setattr(pairs, "LOOKS", 2)
    command = ["--seconds", "0.1", "--out", str(tmp_path), "--bases", "mlp", "--seeds", "0", "1"]
    command += ["--methods", "probabilistic", "plain", "message passing"]
    pairs.main([*command, "--net", "noise_scale=0.1"])
    shown = capsys.readouterr().out
    assert all(len(line) <= 80 for line in shown.splitlines() if str(tmp_path) not in line)
    assert "…" not in shown
    assert "best: " in shown
    assert (tmp_path / "pairs.png").stat().st_size > 10_000
    assert not list(tmp_path.glob("*.pt"))
    files = {path.name: path.stat().st_mtime_ns for path in tmp_path.glob("*.json")}
    assert len(files) == 6
    found = json.loads((tmp_path / "mlp-probabilistic-1.json").read_text(encoding="utf-8"))
    assert found["result"]["curve"][-1][1] == found["result"]["test_accuracy"]
    pairs.main([*command, "--net", "noise_scale=0.1"])
    assert "kept from an earlier run" in capsys.readouterr().out
    assert files == {path.name: path.stat().st_mtime_ns for path in tmp_path.glob("*.json")}
    pairs.main([*command, "--show"])
    assert "nothing in" in capsys.readouterr().out


def test_the_atlas_has_every_graph_with_seven_nodes_once() -> None:
    found = separation.atlas()
    assert found.shape == (1044, 7, 7)
    degrees = found.sum(-1).sort(dim=-1).values
    spectra = torch.linalg.eigvalsh(found.double()).round(decimals=6)
    again = separation.renumbered(found, torch.Generator().manual_seed(0))
    assert torch.equal(again.sum(-1).sort(dim=-1).values, degrees)
    assert not torch.equal(again, found)
    # Few are cospectral with like degrees: the rest is told apart by these alone.
    assert len(torch.cat([degrees.double(), spectra], dim=1).unique(dim=0)) > 1000
    assert int(found.sum()) == 2 * 1044 * 21 // 2


def test_separation_counts_pairs_within_what_graphs_are_from_themselves() -> None:
    seen = torch.tensor([[0.0], [1.0], [1.2], [5.0]])
    assert separation.share_within(seen, seen - 0.3) == pytest.approx(1 / 6)
    assert separation.share_within(seen, seen) == 0.0
    graphs = separation.atlas()
    # One that sees nothing separates nothing; one that sees all keeps few together.
    exact = separation.build("canonical", 0)
    assert separation.not_told_apart(lambda x: torch.zeros(len(x), 10), graphs, 0) == 1.0
    assert separation.not_told_apart(exact, graphs, 0) < 1.0
