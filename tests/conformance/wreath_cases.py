"""Rows of the conformance matrix with blocks of items, on one axis and on two."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

from conformance.cases import Items, Mix, Row, input_mixes, items_of, output_mixes
from symc_runtime.catalogue import compiled_groups, groups, methods

ITEMS = (Items("O(3)", "3: I", "O", 3), Items("D(4)", "4: I", "D", 4))
"""Beside channels and permutations: what turns, and what a table moves."""


class WreathRow(Row):
    """As `Row`, with outputs on two axes too, and groups of fixed sizes on the other axis."""

    def outputs(self) -> list[Mix]:
        m, n = self.parameter
        more = [Mix("joint", (f"{{items}}, ({n}, {m}): G", f"({n}, {m}): G, 2"))]
        if self.items.family == "O":
            more = [*more, Mix("joint and blocks", (f"({n}, {m}): G", "_: G.blocks, {items}"))]
        found = output_mixes(groups()[self.family])
        # A vector is no item: its axis cannot stand twice, nor alone where nothing has its sign.
        fitting = [mix for mix in found if mix.name not in ("pairs",)]
        return [*more, *fitting]


def wreath_rows() -> Iterator[Row]:
    """Every row: W by each method, the other group by the same and by the next."""
    names = list(methods())
    after = dict(zip(names, [*names[1:], *names[:1]], strict=True))
    acting = [name for name in names if methods()[name].acts]
    for family, facts in compiled_groups().items():
        if not facts.nests:
            continue
        for parameter in facts.examples:
            m, n = parameter
            joint = [
                Mix("joint", (f"{{items}}, ({n}, {m}): G",)),
                Mix("joint and blocks", (f"({n}, {m}): G, {{items}}", "_: G.blocks, 2")),
                Mix("pairs by two", (f"{{items}}, ({n}, {m}): G, _: G",)),
                Mix("blocks by items", (f"_: G.blocks, {{items}}, ({n}, {m}): G",)),
                Mix("labels of blocks", ("{items}, _: G.blocks] of 2", f"({n}, {m}): G")),
            ]
            others = (*items_of(facts, parameter), *ITEMS)
            for inputs, items in product([*joint, *input_mixes(facts)], others):
                if items.family in ("O", "D") and "labels" in inputs.name:
                    continue
                if items.family is None:
                    for method in acting:
                        yield WreathRow(family, parameter, inputs, items, (method,), False)
                    continue
                for turn, method in enumerate(names):
                    pairs = [(method, method)] if method in acting else []
                    if items.size != 1:
                        pairs.append((method, after[method]))
                    for by in pairs:
                        reverse = (turn + len(inputs.name) + m + n) % 2 == 1
                        yield WreathRow(family, parameter, inputs, items, by, reverse)
