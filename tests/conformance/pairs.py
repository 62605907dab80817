"""Rows of the conformance matrix with two groups, on tensors of their own and on shared ones."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations_with_replacement, product

from conformance.cases import (
    Cell,
    Items,
    Mix,
    nets_of,
    ruled,
    stage,
    tensors,
    trusted_among,
    vector_of,
)
from symc_runtime.catalogue import groups, methods
from symc_runtime.groups.family import Family

ITEMS = (
    Items("channels", "3"),
    Items("S(n)", "n: I", "S", 4),
    Items("ragged S(n)", "n: I", "S", 4, ragged=True),
)


def _anchored(name: str, facts: Family) -> str:
    """A point of the group where it has points, else a vector."""
    points = [atom for atom, one in facts.atoms.items() if one.affine]
    return f"{name}.{(points or [vector_of(facts)])[0]}"


def _character(name: str, facts: Family) -> str | None:
    found = [a for a, one in facts.atoms.items() if one.character and one.axis == "trivial"]
    return f"{name}.{found[0]}" if found else None


def input_mixes(first: Family, second: Family) -> list[Mix]:
    """Tensors that G moves, that H moves, that both do."""
    g, h = f"G.{vector_of(first)}", f"H.{vector_of(second)}"
    p, q = _anchored("G", first), _anchored("H", second)
    origins = tuple(f"2, _: {a}" for a, linear in ((p, g), (q, h)) if a != linear)
    mixes = [
        Mix("apart", (f"{{items}}, _: {p}", f"{{items}}, _: {q}")),
        Mix("a product", (f"{{items}}, _: {g} * {h}", *origins)),
        Mix("one axis", (f"{{items}}, _: {p} + {q} + 2*{g}",)),
        Mix("two axes", (f"_: {g}, {{items}}, _: {h}", *origins)),
        Mix("a product of sums", (f"_: ({g} + 2) * ({h} + {h} * {g}), {{items}}", *origins)),
        Mix("beside", (f"{{items}}, _: {p}", f"2, _: {q}", f"_: {g} * {h}")),
    ]
    for sign, vector in ((_character("G", first), h), (_character("H", second), g)):
        if sign is not None:
            mixes.append(Mix(f"{vector} with a sign", (f"{{items}}, _: {sign} * {vector}", p, q)))
    return [
        Mix(m.name, tuple(t if "_:" in t or "{items}" in t else f"2, _: {t}" for t in m.tensors))
        for m in mixes
    ]


def output_mixes(first: Family, second: Family) -> list[Mix]:
    """The same of outputs."""
    g, h = f"G.{vector_of(first)}", f"H.{vector_of(second)}"
    p, q = _anchored("G", first), _anchored("H", second)
    mixes = [
        Mix("apart", (f"{{items}}, _: {p}", f"_: {q}")),
        Mix("a product", (f"{{items}}, _: {g} * {h}",)),
        Mix("one axis", (f"{{items}}, _: {p} + {q} + 2*{g}",)),
        Mix("two axes", (f"_: {g}, {{items}}, _: {h}",)),
        Mix("a product of sums", (f"_: ({g} + 2) * ({h} + {h} * {g})",)),
    ]
    for sign, vector in ((_character("G", first), h), (_character("H", second), g)):
        if sign is not None:
            mixes.append(Mix(f"{vector} with a sign", (f"{{items}}, _: {sign} * {vector}",)))
    return mixes


@dataclass(frozen=True)
class PairRow:
    """All of a cell but its outputs and nets. `by`: the methods of G, H and I."""

    families: tuple[str, str]
    parameters: tuple[int, int]
    inputs: Mix
    items: Items
    by: tuple[str, ...]
    turn: int

    @property
    def key(self) -> tuple[str, ...]:
        """Rows of one key meet outputs and nets in turn."""
        return (*self.families, *self.by)

    def outputs(self) -> list[Mix]:
        """Every mix of outputs."""
        first, second = (groups()[family] for family in self.families)
        return output_mixes(first, second)

    def nets(self) -> list[tuple[str | None, ...]]:
        """Nets for each group."""
        families = [*self.families, *([self.items.family] if self.items.family else [])]
        return nets_of(families, self.by)

    def cell(self, outputs: Mix, chosen: tuple[str | None, ...]) -> Cell:
        """The spec with these outputs and nets; stages come in an order that `turn` says."""
        items, names = self.items, "GHI"[: len(self.by)]
        titles = [f"{f}({p})" for f, p in zip(self.families, self.parameters, strict=True)]
        lines = [f"group {n} = {title}" for n, title in zip(names, titles, strict=False)]
        if items.family is not None:
            lines.append(f"group I = {items.family}(n)")
            if items.ragged:
                lines.insert(0, f"size n <= {items.size}")
        lines += tensors("input", self.inputs, items) + tensors("output", outputs, items)
        stages = [
            stage(name, method, net, None)
            for name, method, net in zip(names, self.by, chosen, strict=True)
        ]
        start = self.turn % len(stages)
        order = [*range(start, len(stages)), *range(start)]
        if self.turn % 2:
            order.reverse()
        lines += [stages[i] for i in order]
        net = "+".join(n for n in chosen if n)
        name = " | ".join(
            [
                f"{titles[0]} and {titles[1]}",
                items.name,
                f"{self.inputs.name} -> {outputs.name}",
                ">".join(f"{names[i]} {self.by[i]}" for i in order),
                *([net] if net else []),
            ]
        )
        sizes = {} if items.size is None else {"n": items.size}
        return Cell(name, "\n".join(lines) + "\n", sizes, trusted_among(names, self.by))


def pair_rows() -> Iterator[PairRow]:
    """Every row: all groups by one method, or by methods that follow each other."""
    names = list(methods())
    acting = [name for name in names if methods()[name].acts]
    turn = 0
    for number, families in enumerate(combinations_with_replacement(ruled(), 2)):
        first, second = (groups()[family] for family in families)
        mixes = input_mixes(first, second)
        for parameters, inputs, items in product(_sizes(first, second, number), mixes, ITEMS):
            stages = 2 + (items.family is not None)
            for by in [
                *((method,) * stages for method in acting),
                *(_following(names, start, stages) for start in range(len(names))),
            ]:
                turn += 1
                yield PairRow(families, parameters, inputs, items, by, turn)


def _sizes(first: Family, second: Family, number: int) -> list[tuple[int, int]]:
    """Small parameters of both, one counted up and one down, every second of them."""
    up, down = ([p for p in facts.examples if p < 5] for facts in (first, second))
    count = max(len(up), len(down))
    pairs = [(up[i % len(up)], down[-i % len(down)]) for i in range(count)]
    return pairs[number % 2 :: 2]


def _following(names: Sequence[str], start: int, count: int) -> tuple[str, ...]:
    return tuple(names[(start + k) % len(names)] for k in range(count))
