"""Graphs whose nodes have kinds, colour refinement run to its end, and exact isomorphism.

Colour refinement, the 1-dimensional Weisfeiler-Leman test, gives nodes colours by their kinds, then
time and again by their own colour and those of their neighbours, until no more are told apart.
Message passing tells no two graphs apart that it does not. It works in whole numbers here: what it
says is exact.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Graph:
    """Node i is of kind `kind[i]`; links are undirected, each once, its lower number first."""

    kind: tuple[int, ...]
    links: frozenset[tuple[int, int]]
    near: tuple[tuple[int, ...], ...] = field(init=False, repr=False, compare=False)
    """The neighbours of each node."""

    def __post_init__(self) -> None:
        near: list[list[int]] = [[] for _ in self.kind]
        for one, other in sorted(self.links):
            near[one].append(other)
            near[other].append(one)
        object.__setattr__(self, "near", tuple(map(tuple, near)))

    def __len__(self) -> int:
        return len(self.kind)

    def beside(self, other: Graph) -> Graph:
        """The disjoint union; the nodes of `other` come last."""
        far = len(self)
        links = {(one + far, two + far) for one, two in other.links}
        return Graph(self.kind + other.kind, self.links | links)

    def relabelled(self, order: Sequence[int]) -> Graph:
        """The same with node order[i] as node i."""
        place = {node: i for i, node in enumerate(order)}
        kind = tuple(self.kind[node] for node in order)
        return graph(kind, ((place[one], place[two]) for one, two in self.links))


def graph(kind: Sequence[int], links: Iterable[tuple[int, int]]) -> Graph:
    """A graph by its links, in any direction, once or twice."""
    return Graph(tuple(kind), frozenset((min(link), max(link)) for link in links))


class Refinement:
    """Colours that mean the same in all graphs that one refinement has seen.

    A colour is the number of its own history, given at first sight: nodes of two graphs, refined
    for as many rounds, have one colour just when their histories are the same.
    """

    def __init__(self) -> None:
        self._numbers: dict[Hashable, int] = {}

    def _number(self, history: Hashable) -> int:
        return self._numbers.setdefault(history, len(self._numbers))

    def start(self, graph: Graph) -> list[int]:
        """Colours by kinds alone."""
        return [self._number(("kind", kind)) for kind in graph.kind]

    def mark(self, colours: Sequence[int], node: int) -> list[int]:
        """The same with one node told apart from all others."""
        marked = list(colours)
        marked[node] = self._number(("marked", colours[node]))
        return marked

    def round(self, graph: Graph, colours: Sequence[int]) -> list[int]:
        """Each node's colour by its own and those of its neighbours."""
        return [
            self._number((colour, *sorted([colours[other] for other in near])))
            for colour, near in zip(colours, graph.near, strict=True)
        ]

    def stable(self, graph: Graph, colours: Sequence[int] | None = None) -> list[int]:
        """Colours [n] when no round tells more nodes apart."""
        now = list(self.start(graph) if colours is None else colours)
        count = len(set(now))
        while True:
            then = self.round(graph, now)
            if len(set(then)) == count:
                return then
            now, count = then, len(set(then))


def alike(one: Graph, other: Graph, refinement: Refinement | None = None) -> bool:
    """Whether refinement run to its end does not tell two graphs apart."""
    seen = refinement or Refinement()
    return histogram(seen.stable(one)) == histogram(seen.stable(other))


def histogram(colours: Sequence[int]) -> tuple[tuple[int, int], ...]:
    """How often each colour is there."""
    return tuple(sorted(Counter(colours).items()))


def isomorphic(one: Graph, other: Graph) -> bool:
    """Whether one is the other with its nodes in another order, kinds and all; exact.

    By individualization and refinement: a node of one is paired with each that looks like it in
    the other. It takes as long as many do, and colours that are alike to the end do not help.
    """
    seen = Refinement()
    return _isomorphic(seen, one, other, seen.start(one), seen.start(other))


def _isomorphic(
    seen: Refinement, one: Graph, other: Graph, ours: Sequence[int], theirs: Sequence[int]
) -> bool:
    ours, theirs = seen.stable(one, ours), seen.stable(other, theirs)
    if histogram(ours) != histogram(theirs):
        return False
    # The largest cell tells the most apart; of alike ones the choice is the same in both.
    size, colour = max((count, colour) for colour, count in Counter(ours).items())
    if size == 1:
        return True
    first = seen.mark(ours, ours.index(colour))
    return any(
        _isomorphic(seen, one, other, first, seen.mark(theirs, node))
        for node, its in enumerate(theirs)
        if its == colour
    )
