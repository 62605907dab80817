"""Rows of the conformance matrix with a group that acts by tables, alone and beside others."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product

from generated_groups import GROUPS, written

from conformance.cases import Cell, Items, Mix, nets_of, stage, tensors, trusted_among
from symc_runtime.catalogue import groups, methods
from symc_runtime.generators.group import generated
from symc_runtime.groups.finite import Finite

ITEMS = (
    Items("channels", "3"),
    Items("S(n)", "n: H", "S", 3),
    Items("ragged S(n)", "n: H", "S", 3, ragged=True),
)
BESIDE = ("O(2)", "SO(3)", "E(2)", "T(1)", "C(3)", "D(4)", "Z2(3)")
"""Groups whose vectors or points the tables' group moves, too."""


def called(facts: Finite, parameter: int) -> list[str]:
    """Every representation on one axis, `irrep(2)` with what is in its brackets."""
    found = []
    for name, atom in facts.atoms.items():
        for arguments in facts.choices(name, parameter) if atom.axes == 1 else ():
            inside = ", ".join(map(str, arguments))
            found.append(f"{name}({inside})" if inside else name)
    return found


def grids(facts: Finite, parameter: int) -> list[str]:
    """Images of odd and even sides, and of two where the group lets them be."""
    if "grid" not in facts.atoms or not facts.choices("grid", parameter):
        return []
    count = facts.atoms["grid"].axes
    if count > 3:
        return []
    sizes = [2 + axis for axis in range(count)]
    for together in facts.exchanged(parameter):
        for axis in together:
            sizes[axis] = 4 if len(together) > 1 else sizes[axis]
    found = [", ".join(map(str, each)) for each in ([3] * count, sizes)]
    return [f"({side}): G.grid" if count > 1 else f"{side}: G.grid" for side in found]


def _sum(names: list[str]) -> str:
    return " + ".join(f"G.{name}" for name in [names[0], *names])


def input_mixes(facts: Finite, parameter: int) -> list[Mix]:
    """Every mix of inputs, the group named G."""
    names = called(facts, parameter)
    first = names[0]
    mixes = [Mix(name, (f"{{items}}, _: G.{name}",)) for name in names]
    following = [*names[1:], *names[:1]]
    mixes += [
        Mix(f"{a} and {b}", (f"{{items}}, _: G.{a}", f"2, _: G.{b}"))
        for a, b in zip(names, following, strict=True)
    ]
    mixes.append(Mix("sum", (f"{{items}}, _: {_sum(names)}",)))
    mixes += [Mix(f"{first} times {n}", (f"{{items}}, _: G.{first} * G.{n}",)) for n in names]
    mixes.append(Mix("labels", (f"{{items}}, _: G.{first}] of 3",)))
    mixes.append(Mix("pairs", (f"{{items}}, _: G.{first}, _: G.{first}, 2",)))
    for image in grids(facts, parameter):
        mixes.append(Mix(image, (f"{{items}}, {image}",)))
        mixes.append(Mix(f"{image} and {names[1]}", (f"{image}, 2", f"{{items}}, _: G.{names[1]}")))
        mixes.append(Mix(f"{image} of {names[1]}s", (f"_: G.{names[1]}, {image}, {{items}}",)))
    return mixes


def output_mixes(facts: Finite, parameter: int) -> list[Mix]:
    """Every mix of outputs."""
    names = called(facts, parameter)
    mixes = [Mix(name, (f"{{items}}, _: G.{name}", f"_: G.{name}")) for name in names]
    mixes.append(Mix("sum", (f"{{items}}, _: {_sum(names)}",)))
    mixes += [Mix(f"{names[0]} times {n}", (f"_: G.{names[0]} * G.{n}",)) for n in names]
    for image in grids(facts, parameter):
        mixes.append(Mix(image, (f"_: G.{names[1]}, {image}", "{items}")))
    return mixes


@dataclass(frozen=True)
class FiniteRow:
    """All of a cell but its outputs and nets. `second`: what H is, if there is one."""

    family: str
    parameter: int
    inputs: Mix
    items: Items
    second: str | None
    by: tuple[str, ...]
    reverse: bool

    @property
    def _facts(self) -> Finite:
        return facts_of(self.family)

    @property
    def _called(self) -> str:
        if self.family in GROUPS:
            return written(self.family)
        return f"{self.family}({self.parameter})"

    @property
    def key(self) -> tuple[str, ...]:
        """Rows of one key meet outputs and nets in turn."""
        return ("tables", self.family, self.second or "", *self.by)

    def outputs(self) -> list[Mix]:
        """Every mix of outputs."""
        return output_mixes(self._facts, self.parameter)

    def nets(self) -> list[tuple[str | None, ...]]:
        """Nets for G and for H."""
        second = self.items.family or (self.second or "").partition("(")[0]
        # Nets are for kinds of elements, which are numbers of all these groups.
        own = "C" if self.family in GROUPS else self.family
        found = nets_of([own, *([second] if second else [])], self.by)
        if any(".grid" in axes for axes in self.inputs.tensors):
            # The default, which looks at images, and which no other input may have.
            found.insert(0, (None,) * len(found[0]))
        return found

    def cell(self, outputs: Mix, chosen: tuple[str | None, ...]) -> Cell:
        """The spec with these outputs and nets."""
        items = self.items
        lines = [f"group G = {self._called}"]
        if items.family is not None:
            if items.ragged:
                lines.insert(0, f"size n <= {items.size}")
            lines.append(f"group H = {items.family}(n)")
        elif self.second is not None:
            lines.append(f"group H = {self.second}")
        lines += tensors("input", self.inputs, items) + tensors("output", outputs, items)
        stages = [
            stage(name, method, net, None)
            for name, method, net in zip("GH", self.by, chosen, strict=False)
        ]
        lines += reversed(stages) if self.reverse else stages
        name = " | ".join(
            [
                self.family if self.family in GROUPS else self._called,
                self.second or items.name,
                f"{self.inputs.name} -> {outputs.name}",
                ("<" if self.reverse else ">").join(self.by),
            ]
        )
        trusted = trusted_among("GH"[: len(self.by)], self.by)
        sizes = {} if items.size is None else {"n": items.size}
        return Cell(name, "\n".join(lines) + "\n", sizes, trusted)


def facts_of(family: str) -> Finite:
    """Of a group of the catalogue, or of one by generators that tests share."""
    facts = generated(GROUPS[family][0]) if family in GROUPS else groups()[family]
    assert isinstance(facts, Finite)
    return facts


def _beside(second: str, facts: Finite, parameter: int) -> list[Mix]:
    """Tensors that G moves, that H moves, that both do."""
    other = groups()[second.partition("(")[0]]
    point = next((n for n, atom in other.atoms.items() if atom.affine), next(iter(other.atoms)))
    vector = "vector" if "vector" in other.atoms else "natural"
    names = called(facts, parameter)
    moved = [
        Mix("apart", (f"3, _: G.{names[0]}", f"4, _: H.{point}")),
        Mix("both", (f"_: G.{names[0]}, _: H.{point}",)),
        Mix("a product", (f"2, _: G.{names[1]} * H.{vector}", f"3, _: H.{point}")),
    ]
    moved += [
        Mix("images", (f"{image}, _: H.{vector}", f"3, _: H.{point}"))
        for image in grids(facts, parameter)[:1]
    ]
    return moved


BY_GENERATORS = ("reversal", "dihedral", "prism", "octahedral", "quaternion")
"""Of sequences, of the plane by cosines, of voxels, and one without a grid that is looked at."""


def finite_rows() -> Iterator[FiniteRow]:
    """Every group that acts by tables, alone, over items, and beside every kind of group."""
    catalogue = [family for family, facts in groups().items() if isinstance(facts, Finite)]
    yield from _rows(catalogue, BESIDE)
    yield from _rows(BY_GENERATORS, ("SO(3)", "D(4)"))


def _rows(families: Sequence[str], beside: Sequence[str]) -> Iterator[FiniteRow]:
    names = list(methods())
    acting = [name for name in names if methods()[name].acts]
    after = dict(zip(names, [*names[1:], *names[:1]], strict=True))
    for family in families:
        facts = facts_of(family)
        for parameter in facts.examples:
            for inputs, items in product(input_mixes(facts, parameter), ITEMS):
                if items.family is None:
                    for method in acting:
                        yield FiniteRow(family, parameter, inputs, items, None, (method,), False)
                    continue
                for turn, method in enumerate(names):
                    reverse = (turn + len(inputs.name) + parameter) % 2 == 1
                    pairs = [(method, method)] if method in acting else []
                    for by in (*pairs, (method, after[method])):
                        yield FiniteRow(family, parameter, inputs, items, None, by, reverse)
            for second in beside:
                for inputs, (turn, method) in product(
                    _beside(second, facts, parameter), enumerate(acting)
                ):
                    reverse = (turn + len(inputs.name) + parameter) % 2 == 1
                    by = (method, acting[(turn + parameter) % len(acting)])
                    yield FiniteRow(family, parameter, inputs, ITEMS[0], second, by, reverse)
