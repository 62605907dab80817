"""Rows of the conformance matrix with symmetric and alternating powers and duals."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product

from conformance.cases import Items, Mix, Row, items_of, vector_of
from symc_runtime.catalogue import compiled_groups, groups, methods
from symc_runtime.groups.family import Family
from symc_runtime.groups.finite import Finite


def _vector(facts: Family) -> str:
    return "vector" if isinstance(facts, Finite) else vector_of(facts)


def _powers(facts: Family, parameter: int) -> dict[str, str]:
    """By a name: powers that have components."""
    vector = f"G.{_vector(facts)}"
    size = 2 if isinstance(facts, Finite) else parameter
    found = {
        "sym": f"sym({vector}, 2)",
        "sym of a sum": f"sym({vector} + G.scalar, 2)",
        "third": f"sym({vector}, 3)",
        "dual": f"dual(sym({vector}, 2))",
        "nested": f"sym(sym({vector}, 2), 2)",
        "alt of a multiple": f"alt(2*{vector}, 2)",
    }
    if size > 1:
        found["alt"] = f"alt({vector}, 2)"
        found["highest"] = f"alt({vector}, {size})"
    return found


def _inputs(facts: Family, parameter: int, items: Items) -> list[Mix]:
    """The group named G, and I that of the items, where there is one."""
    vector = f"G.{_vector(facts)}"
    points = [name for name, atom in facts.atoms.items() if atom.affine]
    origin = tuple(f"2, _: G.{name}" for name in points[:1])
    powers = _powers(facts, parameter)
    mixes = [Mix(name, (f"{{items}}, _: {power}", *origin)) for name, power in powers.items()]
    mixes += [
        Mix(f"{name} and vectors", (f"_: 2*({power})", f"{{items}}, _: {vector}", *origin))
        for name, power in powers.items()
    ]
    if items.family is not None and not items.ragged and (items.size or 0) > 1:
        pairs = ("_: sym(I, 2), 2", f"{{items}}, _: {vector}", *origin)
        mixes.append(Mix("unordered pairs", pairs))
        mixes.append(Mix("of both", (f"_: alt(I * {vector}, 2)", f"_: {vector}", *origin)))
    return mixes


@dataclass(frozen=True)
class PowerRow(Row):
    """A row whose outputs are powers, too."""

    def outputs(self) -> list[Mix]:
        """Each power, over items and alone."""
        powers = _powers(groups()[self.family], self.parameter)
        return [Mix(n, (f"{{items}}, _: {power}", f"_: {power}")) for n, power in powers.items()]


def power_rows() -> Iterator[PowerRow]:
    """Every group that there is, by every method, alone and with items."""
    names = [name for name in methods() if methods()[name].acts]
    after = dict(zip(names, [*names[1:], *names[:1]], strict=True))
    for family, facts in compiled_groups().items():
        if facts.nests:
            # Of several parameters; tests/test_powers.py has powers of theirs.
            continue
        small = [p for p in facts.examples if p <= 4]
        for parameter in small:
            kinds = [i for i in items_of(facts, min(parameter, 2)) if i.size != 1]
            for items in kinds:
                for inputs, (turn, method) in product(
                    _inputs(facts, parameter, items), enumerate(names)
                ):
                    by = (method,) if items.family is None else (method, after[method])
                    reverse = (turn + len(inputs.name) + parameter) % 2 == 1
                    yield PowerRow(family, parameter, inputs, items, by, reverse and len(by) > 1)
