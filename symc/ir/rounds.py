"""Rounds over a list in which some entries wait for names that other entries make known."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from heapq import heapify, heappop, heappush


def settle(
    waiting_for: Sequence[Collection[str]], decide: Callable[[int], Collection[str] | None]
) -> list[int]:
    """Goes over the entries in order, again and again, until a round settles none.

    `waiting_for`: the names in each entry. `decide(i)` hands back the names that entry i made
    known, perhaps none, or None where it must wait. Returns the entries that wait for ever, in
    order. An entry is looked at again only after one of its names became known, so that a chain
    of n entries, each told by the next, costs n looks and not n^2.
    """
    entries_with: dict[str, list[int]] = {}
    for entry, names in enumerate(waiting_for):
        for name in names:
            entries_with.setdefault(name, []).append(entry)
    open_ones = dict.fromkeys(range(len(waiting_for)))
    this_round = list(open_ones)
    next_round: set[int] = set()
    while this_round:
        entry = heappop(this_round)
        known = decide(entry) if entry in open_ones else None
        if known is not None:
            del open_ones[entry]
            for name in known:
                # Whoever stands further down hears of it in this round already.
                for other in entries_with.pop(name, ()):
                    if other > entry:
                        heappush(this_round, other)
                    elif other in open_ones:
                        next_round.add(other)
        while this_round and this_round[0] == entry:
            heappop(this_round)
        if not this_round:
            this_round, next_round = list(next_round), set()
            heapify(this_round)
    return list(open_ones)
