"""Rows of the conformance matrix with one group and items, written from the catalogue alone.

A row is a group, its parameter, a mix of inputs, a second group over items, and a method for each
group. A new file in the catalogue is in the matrix by itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import product

import symc
from symc_runtime.catalogue import compiled_groups, groups, methods, nets
from symc_runtime.groups.family import Family, Parameter
from symc_runtime.groups.finite import Finite

REFUSALS = ("SYM3", "SYM4", "SYM5")
"""What the checker may answer to a cell that makes no sense."""


@dataclass(frozen=True)
class Cell:
    """A spec, the value of each of its sizes, and those of its groups that the base must have."""

    name: str
    text: str
    sizes: Mapping[str, int]
    trusted: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Mix:
    """Tensors by their axes, `{items}` standing for the axis of items; `anchor`: one of them."""

    name: str
    tensors: tuple[str, ...]
    anchor: int | None = None


@dataclass(frozen=True)
class Items:
    """An axis of items: channels that no group moves, or items of a second group."""

    name: str
    axis: str
    family: str | None = None
    size: int | None = None
    ragged: bool = False


def ruled() -> dict[str, Family]:
    """The groups that act by rules of their kind, by no tables, on no blocks."""
    return {n: facts for n, facts in compiled_groups().items() if not facts.tabled | facts.nests}


def _trivial(facts: Family) -> str:
    return next(n for n, a in facts.atoms.items() if a.axis == "trivial" and not a.character)


def vector_of(facts: Family) -> str:
    """The plain defining representation."""
    plain = ("natural", "nested")
    found = (n for n, a in facts.atoms.items() if a.axis in plain and not a.character)
    linear = [name for name in found if not facts.atoms[name].affine]
    return linear[0]


def _all_of(facts: Family, affine: bool) -> str:
    terms = [f"G.{n}" for n, atom in facts.atoms.items() if affine or not atom.affine]
    return " + ".join([f"2*G.{_trivial(facts)}", *terms])


def input_mixes(facts: Family) -> list[Mix]:
    """Every mix of inputs for a family of groups, the group named G."""
    atoms, vector = list(facts.atoms), vector_of(facts)
    points = [name for name, atom in facts.atoms.items() if atom.affine]
    origin = tuple(f"2, _: G.{name}" for name in points[:1])
    mixes = [Mix(name, (f"{{items}}, _: G.{name}",)) for name in atoms]
    following = [*atoms[1:], *atoms[:1]]
    for a, b in zip(atoms, following, strict=True):
        mixes.append(Mix(f"{a} and {b}", (f"{{items}}, _: G.{a}", f"_: G.{b}")))
    mixes.append(Mix("sum", (f"{{items}}, _: {_all_of(facts, True)}",)))
    mixes.append(Mix("linear sum", (f"{{items}}, _: {_all_of(facts, False)}", *origin)))
    for name in atoms:
        tensor = f"{{items}}, _: G.{vector} * G.{name}"
        mixes.append(Mix(f"{vector} times {name}", (tensor, *origin)))
    mixes.append(Mix("labels", ("{items}] of 3", f"{{items}}, _: G.{vector}", *origin)))
    mixes.append(Mix("pairs", ("{items}, {items}, 2", f"_: G.{vector}", *origin)))
    mixes.append(Mix(f"pairs of {vector}s", (f"{{items}}, {{items}}, _: G.{vector}", *origin)))
    mixes.append(Mix("names", ("2, 4] {named}", f"{{items}}, _: G.{vector}", *origin)))
    if facts.permutes:
        own = ("2, 4] of G", "{items}] of G", f"{{items}}, _: G.{vector}")
        mixes.append(Mix("names of its own", own))
    anchored = (points or [vector])[0]
    tensors = (f"{{items}}, _: G.{anchored}", f"2, _: G.{anchored}")
    mixes.append(Mix("anchor", tensors, anchor=1))
    return mixes


def nested_mixes(facts: Family) -> list[Mix]:
    """Sums in which terms are products and multiples, with items and channels behind them."""
    everything, vector = _all_of(facts, True), vector_of(facts)
    anchored = next((f"G.{n}" for n, atom in facts.atoms.items() if atom.affine), f"G.{vector}")
    terms = f"{anchored} + 2*{anchored} + G.{vector}"
    return [
        Mix("items behind", (f"_: {everything}, {{items}}, 2",)),
        Mix("multiples first", (f"_: 2*{anchored} + {anchored} + 2*(G.{vector}), {{items}}",)),
        Mix("multiples of sums", (f"{{items}}, _: 2*({terms}), 3",)),
        Mix("sums between", (f"2, _: 2*({terms}) + G.{vector}, {{items}}",)),
    ]


def output_mixes(facts: Family) -> list[Mix]:
    """Every mix of outputs."""
    vector = vector_of(facts)
    mixes = [Mix(name, (f"{{items}}, _: G.{name}", f"_: G.{name}")) for name in facts.atoms]
    mixes.append(Mix("sum", (f"{{items}}, _: {_all_of(facts, True)}",)))
    mixes.append(Mix("linear sum", (f"_: {_all_of(facts, False)}", "{items}")))
    mixes += [Mix(f"{vector} times {n}", (f"_: G.{vector} * G.{n}",)) for n in facts.atoms]
    mixes.append(Mix("pairs", ("{items}, {items}", f"{{items}}, _: G.{vector}")))
    return mixes


def items_of(facts: Family, parameter: Parameter) -> list[Items]:
    """No second group, or a family of permutations over many items, one item, 0 to 5 items."""
    # As many as a cube has corners.
    few = facts.permutes or facts.nests
    corners = 3 if few else max(3, min(8, 2**parameter))
    found = [Items("channels", "3")]
    for name, other in compiled_groups().items():
        if other.element == "permutation":
            found += [
                Items(f"{name}(n)", "n: I", name, corners),
                Items(f"{name}(1)", "n: I", name, 1),
                Items(f"ragged {name}(n)", "n: I", name, 5, ragged=True),
            ]
    return found


@cache
def fitting_nets(family: str) -> tuple[str, ...]:
    """The nets that the checker lets the family have."""
    found = groups()[family]
    vector = "vector" if isinstance(found, Finite) else vector_of(found)
    points = [name for name, atom in found.atoms.items() if atom.affine]
    origin = f"input o[2: G.{points[0]}]\n" if points else ""
    made = found.called((2, 1) if found.nests else 2)
    text = f"group G = {made}\ninput x[3, 2: G.{vector}]\n{origin}output y\n"
    return tuple(
        name for name in nets() if not errors(f"{text}symmetrize G by canonical(net={name})")
    )


def errors(text: str) -> list[str]:
    """The codes of what the checker finds wrong; AssertionError if one is no refusal."""
    found = [d for d in symc.check(text) if d.severity == "error"]
    for diagnostic in found:
        assert diagnostic.code[:4] in REFUSALS, f"{diagnostic}\n{text}"
    return [d.code for d in found]


def tensors(kind: str, mix: Mix, items: Items) -> list[str]:
    """The lines that declare them."""
    lines = []
    for index, axes in enumerate(mix.tensors):
        named = "of I" if items.family else "of 3"
        written = axes.replace("{items}", items.axis).replace("{named}", named)
        closing = "" if "]" in written else "]"
        lines.append(f"{kind} {kind[0]}{index}[{written}{closing}")
    return lines


def stage(group: str, method: str, net: str | None, anchor: str | None) -> str:
    """The line that says how the group is symmetrized."""
    facts = methods()[method]
    options = []
    if net is not None and "net" in facts.options:
        options.append(f"net={net}")
    if anchor is not None and "anchor" in facts.options:
        options.append(f"anchor={anchor}")
    return f"symmetrize {group} by {method}" + (f"({', '.join(options)})" if options else "")


def nets_of(families: Sequence[str], by: Sequence[str]) -> list[tuple[str | None, ...]]:
    """Nets for groups of these families by these methods; every one of each group at least once."""
    choices: list[Sequence[str | None]] = [
        (fitting_nets(family) if methods()[method].learned else ()) or (None,)
        for family, method in zip(families, by, strict=True)
    ]
    count = max(len(c) for c in choices)
    return [tuple(c[i % len(c)] for c in choices) for i in range(count)]


def trusted_among(names: str, by: Sequence[str]) -> frozenset[str]:
    """Those of the groups that the base must have."""
    return frozenset(n for n, method in zip(names, by, strict=True) if not methods()[method].acts)


@dataclass(frozen=True)
class Row:
    """All of a cell but its outputs and nets. `by`: the methods of G and of I."""

    family: str
    parameter: Parameter
    inputs: Mix
    items: Items
    by: tuple[str, ...]
    reverse: bool

    @property
    def made(self) -> str:
        """The constructor of the group."""
        return groups()[self.family].called(self.parameter)

    @property
    def key(self) -> tuple[str, ...]:
        """Rows of one key meet outputs and nets in turn, so that methods meet all of them."""
        return (self.family, *self.by)

    def outputs(self) -> list[Mix]:
        """Every mix of outputs."""
        return output_mixes(groups()[self.family])

    def nets(self) -> list[tuple[str | None, ...]]:
        """Nets for G and for I; every one of each group at least once."""
        families = [self.family, *([self.items.family] if self.items.family else [])]
        return nets_of(families, self.by)

    def cell(self, outputs: Mix, chosen: tuple[str | None, ...]) -> Cell:
        """The spec with these outputs and nets."""
        items = self.items
        lines = [f"group G = {self.made}"]
        if items.family is not None:
            if items.ragged:
                lines.insert(0, f"size n <= {items.size}")
            size = items.axis.partition(":")[0]
            lines.append(f"group I = {items.family}({size})")
        lines += tensors("input", self.inputs, items) + tensors("output", outputs, items)
        anchor = None if self.inputs.anchor is None else f"i{self.inputs.anchor}"
        names = "GI"[: len(self.by)]
        anchors = (anchor, None)
        stages = [
            stage(name, method, net, at)
            for name, method, net, at in zip(names, self.by, chosen, anchors, strict=False)
        ]
        lines += reversed(stages) if self.reverse else stages
        net = "+".join(n for n in chosen if n)
        order = "<" if self.reverse else ">"
        name = " | ".join(
            [
                self.made,
                items.name,
                f"{self.inputs.name} -> {outputs.name}",
                order.join(self.by),
                *([net] if net else []),
            ]
        )
        trusted = trusted_among(names, self.by)
        sizes = {} if items.size is None or "n:" not in items.axis else {"n": items.size}
        return Cell(name, "\n".join(lines) + "\n", sizes, trusted)


def rows() -> Iterator[Row]:
    """Every row. Two groups by one method, or by two that follow each other, in both orders."""
    names = list(methods())
    after = dict(zip(names, [*names[1:], *names[:1]], strict=True))
    acting = [name for name in names if methods()[name].acts]
    # Those behind leave the places of those before them, which `every` counts, as they were.
    for mixes, (family, facts) in product((input_mixes, nested_mixes), ruled().items()):
        for parameter in facts.examples:
            for inputs, items in product(mixes(facts), items_of(facts, parameter)):
                if items.family is None:
                    for method in acting:
                        yield Row(family, parameter, inputs, items, (method,), False)
                    continue
                for turn, method in enumerate(names):
                    pairs = [(method, method)] if method in acting else []
                    # One item leaves its group nothing to do.
                    if items.size != 1:
                        pairs.append((method, after[method]))
                    for by in pairs:
                        reverse = (turn + len(inputs.name) + parameter) % 2 == 1
                        yield Row(family, parameter, inputs, items, by, reverse)
