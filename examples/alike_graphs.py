"""Pairs of graphs that colour refinement does not tell apart, of five sorts, 16 to 64 nodes.

| sort | one member | the other |
|---|---|---|
| cycles | two cycles | one, as long as both |
| unions | copies of a random graph | the same, one link of each led on to the next copy |
| CFI | of Cai, Fürer and Immerman, untwisted | twisted |
| strongly regular | rook's graph, T(8), cyclic Latin square | another with its numbers |
| circulants | a ring with links an even number of steps on | an odd number |

Nodes have two kinds, placed so that refinement, which sees them, still does not tell. Beside both
members of most pairs stands the same filler, a random graph whose nodes refinement tells apart.
Which member a graph is, is its class, 0 or 1. Pairs without their fillers are cores; few may recur.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import combinations

import torch
from torch import Tensor

from refinement import Graph, Refinement, alike, graph, histogram

FEWEST, MOST = 16, 64
KINDS = 2
LARGEST_FILLER = 12
CORES = 8
Pair = tuple[Graph, Graph]


def cycles(draw: random.Random) -> Pair:
    """Two cycles against one. Kinds repeat a word, which goes a whole number of times into each."""
    word = _word(draw, draw.randint(1, 4))
    one, other = (draw.randint(-(-3 // len(word)), 24 // len(word)) for _ in range(2))
    two = _cycle(word, one).beside(_cycle(word, other))
    return two, _cycle(word, one + other)


def _word(draw: random.Random, length: int) -> list[int]:
    return [draw.randrange(KINDS) for _ in range(length)]


def _cycle(word: Sequence[int], times: int) -> Graph:
    nodes = len(word) * times
    return graph(tuple(word) * times, [(node, (node + 1) % nodes) for node in range(nodes)])


def unions(draw: random.Random) -> Pair:
    """Two or three copies of a graph against one in which a link of each leads to the next copy.

    The link lies on a cycle: its ends stay connected without it, and so the other is connected.
    """
    copies = draw.choice((2, 2, 3))
    part = connected(draw, draw.randint(5, 48 // copies), draw.randint(1, 4))
    moved = draw.choice([link for link in sorted(part.links) if _on_a_cycle(part, link)])
    apart, led_on = set(), set()
    for copy in range(copies):
        here, there = copy * len(part), (copy + 1) % copies * len(part)
        for one, two in part.links:
            apart.add((here + one, here + two))
            led_on.add((here + one, (there if (one, two) == moved else here) + two))
    return graph(part.kind * copies, apart), graph(part.kind * copies, led_on)


def connected(draw: random.Random, nodes: int, more: int) -> Graph:
    """A random connected graph with random kinds: a tree and up to `more` other links."""
    links = [(draw.randrange(node), node) for node in range(1, nodes)]
    free = sorted(set(combinations(range(nodes), 2)) - set(links))
    links += draw.sample(free, min(more, len(free)))
    return graph(_word(draw, nodes), links)


def components(graph: Graph) -> int:
    """How many connected parts a graph has."""
    unseen, found = set(range(len(graph))), 0
    while unseen:
        found += 1
        edge = [unseen.pop()]
        while edge:
            fresh = unseen.intersection(graph.near[edge.pop()])
            unseen -= fresh
            edge += fresh
    return found


def _on_a_cycle(whole: Graph, link: tuple[int, int]) -> bool:
    return components(Graph(whole.kind, whole.links - {link})) == components(whole)


BASES = {
    "diamond": [(0, 1), (1, 2), (2, 3), (3, 0), (0, 2)],
    "theta": [(0, 2), (2, 1), (0, 3), (3, 1), (0, 4), (4, 1)],
    "tetrahedron": list(combinations(range(4), 2)),
    "prism": [(0, 1), (1, 2), (2, 0), (3, 4), (4, 5), (5, 3), (0, 3), (1, 4), (2, 5)],
    "K(3, 3)": [(one, other) for one in range(3) for other in range(3, 6)],
    "wheel": [(0, 1), (0, 2), (0, 3), (0, 4), (1, 2), (2, 3), (3, 4), (4, 1)],
}


def cfi(draw: random.Random) -> Pair:
    """The graphs of Cai, Fürer and Immerman of a small one, some of whose links are subdivided."""
    links = list(BASES[draw.choice(sorted(BASES))])
    nodes = 1 + max(max(link) for link in links)
    for _ in range(draw.randint(0, 4)):
        one, other = links.pop(draw.randrange(len(links)))
        links += [(one, nodes), (nodes, other)]
        nodes += 1
    word = _word(draw, nodes)
    untwisted, twisted = (_cfi(word, links, twist) for twist in (None, 0))
    return untwisted, twisted


def _cfi(word: Sequence[int], base: Sequence[tuple[int, int]], twist: int | None) -> Graph:
    """A node for each node of the base and each even set of its links.

    Two at the ends of a link are linked where both sets have it or neither has; of the link
    `twist`, where just one has it.
    """
    nodes = [
        (node, frozenset(chosen))
        for node in range(len(word))
        for at in [[link for link, ends in enumerate(base) if node in ends]]
        for size in range(0, len(at) + 1, 2)
        for chosen in combinations(at, size)
    ]
    links = []
    for link, (one, other) in enumerate(base):
        for i, (node, chosen) in enumerate(nodes):
            for j, (far, its) in enumerate(nodes):
                if (node, far) == (one, other):
                    unlike = (link in chosen) != (link in its)
                    if unlike == (link == twist):
                        links.append((i, j))
    return graph([word[node] for node, _ in nodes], links)


def strongly_regular(draw: random.Random) -> Pair:
    """Two strongly regular graphs with the same numbers, or the complements of both.

    Those of Latin squares may have rows of either kind: each node has the same number of
    neighbours in each row but its own, whatever the square. The others are all of one kind.
    """
    name = draw.choice(("rook", "rook", "triangular", "triangular", 5, 6, 8))
    if isinstance(name, int):
        ones = draw.randint(0, name)
        return _latin(_cyclic(name), ones), _latin(OTHER_5 if name == 5 else _turned(name), ones)
    kind = draw.randrange(KINDS)
    both = (
        (_rook(), _shrikhande()) if name == "rook" else (_triangular(), _chang(draw.choice(SETS)))
    )
    one, other = (_all_of(kind, member) for member in both)
    return (one, other) if draw.random() < 0.5 else (_complement(one), _complement(other))


def _all_of(kind: int, whole: Graph) -> Graph:
    return Graph((kind,) * len(whole), whole.links)


def _complement(whole: Graph) -> Graph:
    return graph(whole.kind, set(combinations(range(len(whole)), 2)) - whole.links)


def _where(nodes: int, linked: Callable[[int, int], bool]) -> Graph:
    """All of kind 0, two nodes linked where `linked` says so."""
    return graph((0,) * nodes, [pair for pair in combinations(range(nodes), 2) if linked(*pair)])


def _rook() -> Graph:
    """Of the 4 x 4 board."""
    return _where(16, lambda i, j: i // 4 == j // 4 or i % 4 == j % 4)


def _shrikhande() -> Graph:
    steps = {(0, 1), (0, 3), (1, 0), (3, 0), (1, 1), (3, 3)}
    return _where(16, lambda i, j: ((j // 4 - i // 4) % 4, (j - i) % 4) in steps)


EIGHT = list(combinations(range(8), 2))
"""The links of a complete graph of eight nodes: the nodes of the triangular graph T(8)."""

SETS: tuple[tuple[tuple[int, int], ...], ...] = (
    ((0, 1), (2, 3), (4, 5), (6, 7)),
    tuple((node, node + 1) for node in range(7)) + ((0, 7),),
    ((0, 1), (1, 2), (0, 2), (3, 4), (4, 5), (5, 6), (6, 7), (3, 7)),
)
"""What is switched in T(8) for the graphs of Chang: four links, an 8-cycle, a 3- and a 5-cycle."""


def _triangular() -> Graph:
    return _where(28, lambda i, j: bool(set(EIGHT[i]) & set(EIGHT[j])))


def _chang(switched: Sequence[tuple[int, int]]) -> Graph:
    """T(8) with links where there were none, and none where there were, across the set."""
    before = _triangular().links
    return _where(
        28, lambda i, j: ((i, j) in before) != ((EIGHT[i] in switched) != (EIGHT[j] in switched))
    )


Square = Sequence[Sequence[int]]
OTHER_5 = ((0, 1, 2, 3, 4), (1, 0, 4, 2, 3), (2, 3, 0, 4, 1), (3, 4, 1, 0, 2), (4, 2, 3, 1, 0))
"""A Latin square that is not the cyclic one, however written: it has one of order 2 within."""


def _cyclic(order: int) -> Square:
    return [[(row + column) % order for column in range(order)] for row in range(order)]


def _turned(order: int) -> Square:
    """The cyclic square of even order with one 2 x 2 Latin square in it turned."""
    square, half = [list(row) for row in _cyclic(order)], order // 2
    for row in (0, half):
        square[row][0], square[row][half] = square[row][half], square[row][0]
    return square


def _latin(square: Square, ones: int) -> Graph:
    """Cells, linked in a row, in a column and where they hold the same; `ones` rows of kind 1."""
    order = len(square)

    def linked(i: int, j: int) -> bool:
        (row, column), (other, another) = divmod(i, order), divmod(j, order)
        return row == other or column == another or square[row][column] == square[other][another]

    return Graph(
        tuple(int(i // order < ones) for i in range(order**2)), _where(order**2, linked).links
    )


SKIPS = ((2, 3), (2, 5), (4, 3), (4, 5), (4, 7))


def circulants(draw: random.Random) -> Pair:
    """Rings of an even number of nodes, each linked to those one step and an even or odd skip on.

    With an odd one alone each way back to a node has an even number of links. Kinds repeat a word
    of such a length that both skips lead from each letter to the same letters.
    """
    while True:
        skips = draw.choice(SKIPS)
        word = _word(draw, draw.choice((1, 1, 3, 5, 7, 9)))
        lengths = [n for n in range(FEWEST, 49, 2) if n % len(word) == 0]
        nodes = draw.choice(lengths)
        even, odd = (_ring(word * (nodes // len(word)), skip) for skip in skips)
        if alike(even, odd):
            return even, odd


def _ring(word: Sequence[int], skip: int) -> Graph:
    nodes = len(word)
    return graph(word, [(i, (i + step) % nodes) for i in range(nodes) for step in (1, skip)])


SORTS: dict[str, Callable[[random.Random], Pair]] = {
    "cycles": cycles,
    "unions": unions,
    "CFI": cfi,
    "strongly regular": strongly_regular,
    "circulants": circulants,
}


def filler(draw: random.Random, nodes: int) -> Graph:
    """A random connected graph of at least two nodes that refinement tells all apart."""
    while True:
        found = connected(draw, nodes, nodes // 4)
        if len(set(Refinement().stable(found))) == nodes:
            return found


def pairs(sort: str, count: int, draw: random.Random, cores: int = 0) -> list[Pair]:
    """Pairs whose members refinement does not tell from each other, but from all other pairs.

    So no graph of one pair is isomorphic to one of another. With so many `cores`, these recur in
    turn, each time with another filler; with 0 each pair is drawn anew. Raises ValueError where a
    pair's members are told apart: its sort would be none of these.
    """
    refinement = Refinement()
    recurring: dict[Pair, None] = {}
    while len(recurring) < cores:
        core = SORTS[sort](draw)
        if len(core[0]) <= MOST - LARGEST_FILLER:
            recurring[core] = None
    found: dict[object, Pair] = {}
    while len(found) < count:
        core = list(recurring)[len(found) % cores] if cores else SORTS[sort](draw)
        one, other = _with_filler(core, draw)
        ours, theirs = (histogram(refinement.stable(member)) for member in (one, other))
        if ours != theirs:
            raise ValueError(f"refinement tells a pair of {sort} apart")
        found.setdefault(ours, (one, other))
    return list(found.values())


def _with_filler(core: Pair, draw: random.Random) -> Pair:
    one, other = core
    least = max(FEWEST - len(one), 0)
    most = min(MOST - len(one), max(LARGEST_FILLER, least))
    sizes = [*range(max(least, 2), most + 1), *([] if least else [0])]
    size = draw.choice(sizes)
    if not size:
        return core
    beside = filler(draw, size)
    return one.beside(beside), other.beside(beside)


@dataclass(frozen=True)
class Graphs:
    """Adjacency [graphs, 64, 64], kinds [graphs, 64] and numbers of nodes `n` [graphs]; zeros from
    there on. Classes `label` and places in SORTS `sort`, [graphs].
    """

    adjacency: Tensor
    kind: Tensor
    n: Tensor
    label: Tensor
    sort: Tensor

    def __len__(self) -> int:
        return len(self.n)

    def __getitem__(self, index: Tensor) -> Graphs:
        return Graphs(*(value[index] for value in vars(self).values()))

    def relabelled(self, generator: torch.Generator) -> Graphs:
        """Each graph with its nodes in another random order."""
        draws = torch.rand(self.kind.shape, generator=generator)
        padding = torch.arange(MOST) >= self.n.unsqueeze(1)
        order = draws.masked_fill(padding, 2.0).argsort(dim=1, stable=True)
        graph = torch.arange(len(self)).view(-1, 1, 1)
        adjacency = self.adjacency[graph, order.unsqueeze(2), order.unsqueeze(1)]
        return Graphs(adjacency, self.kind.gather(1, order), self.n, self.label, self.sort)


def stacked(members: Sequence[tuple[Graph, int, int]]) -> Graphs:
    """Graphs, each with its class and the place of its sort, as they are numbered."""
    adjacency = torch.zeros(len(members), MOST, MOST)
    kind = torch.zeros(len(members), MOST, dtype=torch.int64)
    for place, (member, _, _) in enumerate(members):
        one, other = torch.tensor(sorted(member.links)).unbind(1)
        adjacency[place, one, other] = adjacency[place, other, one] = 1.0
        kind[place, : len(member)] = torch.tensor(member.kind)
    n, label, sort = torch.tensor([(len(member), label, sort) for member, label, sort in members]).T
    return Graphs(adjacency, kind, n, label, sort)


def generate(
    seed: int, train: int = 80, test: int = 20, cores: int = CORES
) -> tuple[Graphs, Graphs]:
    """Training and test graphs: of each sort so many pairs, both members, in random order.

    Every graph is relabelled at random: how it was built does not show.
    """
    draw = random.Random(seed)
    members: tuple[list[tuple[Graph, int, int]], ...] = ([], [])
    for sort, name in enumerate(SORTS):
        for place, pair in enumerate(pairs(name, train + test, draw, cores)):
            members[place >= train].extend(
                (member, label, sort) for label, member in enumerate(pair)
            )
    generator = torch.Generator().manual_seed(seed)
    known, held_back = (stacked(part).relabelled(generator) for part in members)
    return (
        known[torch.randperm(len(known), generator=generator)],
        held_back[torch.randperm(len(held_back), generator=generator)],
    )
