"""Random small specs, as data and as text; nothing here knows the compiler."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from math import comb

from prooforacle import tables

FINITE = ("C", "D")
NAMES = "PQRM"


@dataclass(frozen=True)
class Group:
    """A copy of a group: its family, `S`, `O`, `SO`, `E`, `SE`, `T`, `C` or `D`, its parameter."""

    name: str
    family: str
    size: int

    @property
    def tabled(self) -> bool:
        """Whether it is finite and acts by tables."""
        return self.family in FINITE

    def dimension(self, atom: str) -> int:
        """Of a representation."""
        if self.tabled and atom != "scalar":
            return tables.size(self.family, self.size, atom)
        return 1 if atom in ("sign", "pseudoscalar", "scalar") else self.size


@dataclass(frozen=True)
class Term:
    """A product of representations, times a multiplicity: `2*R.vector*P`."""

    multiplicity: int
    atoms: tuple[tuple[Group, str], ...]

    @property
    def dimension(self) -> int:
        """The dimension of the representation."""
        total = self.multiplicity
        for group, atom in self.atoms:
            total *= group.dimension(atom)
        return total

    @property
    def affine(self) -> Group | None:
        """The group that translates it."""
        return next((group for group, atom in self.atoms if atom == "point"), None)

    def __str__(self) -> str:
        words = [f"{group.name}.{atom}" if atom else group.name for group, atom in self.atoms]
        if self.multiplicity > 1 or not words:
            words.insert(0, str(self.multiplicity))
        return " * ".join(words)


@dataclass(frozen=True)
class Built:
    """`sym(R, k)`, `alt(R, k)` or `dual(R)` of a sum of terms."""

    kind: str
    power: int
    inside: tuple[Term | Built, ...]
    multiplicity: int = 1
    affine: Group | None = None

    @property
    def one(self) -> int:
        """The dimension of what it is built on."""
        return sum(term.dimension for term in self.inside)

    @property
    def dimension(self) -> int:
        """The dimension of the representation."""
        if self.kind == "dual":
            return self.one
        return comb(self.one + (self.power - 1 if self.kind == "sym" else 0), self.power)

    @property
    def atoms(self) -> tuple[tuple[Group, str], ...]:
        """Those of the longest product in it."""
        return max((term.atoms for term in self.inside), key=len) * self.power

    def __str__(self) -> str:
        written = " + ".join(map(str, self.inside))
        if written.isdigit():
            written += f"*{GROUP_OF_CHANNELS}.scalar"
        return (
            f"dual({written})" if self.kind == "dual" else f"{self.kind}({written}, {self.power})"
        )


GROUP_OF_CHANNELS = NAMES[0]


@dataclass(frozen=True)
class Tensor:
    """A tensor by its axes, each a sum of terms; `labels`: whole numbers."""

    name: str
    axes: tuple[tuple[Term | Built, ...], ...]
    labels: bool = False

    @property
    def shape(self) -> tuple[int, ...]:
        """Sizes of the axes."""
        return tuple(sum(term.dimension for term in axis) for axis in self.axes)

    @property
    def terms(self) -> tuple[Term | Built, ...]:
        """All terms of all axes."""
        return tuple(term for axis in self.axes for term in axis)

    def __str__(self) -> str:
        axes = []
        for axis, size in zip(self.axes, self.shape, strict=True):
            plain = all(not term.atoms for term in axis)
            image = next((a for t in axis for _, a in t.atoms if a.startswith("grid")), None)
            written = " + ".join(map(str, axis))
            if image is not None:
                axes.append(f"{image[4:]}: {written.replace(image, 'grid')}")
            else:
                axes.append(str(size) if plain else f"{size}: {written}")
        shape = f"[{', '.join(axes)}]" if axes else ""
        return f"{self.name}{shape}" + (" of 50" if self.labels else "")


@dataclass(frozen=True)
class Spec:
    """Groups, inputs and outputs."""

    groups: tuple[Group, ...]
    inputs: tuple[Tensor, ...]
    outputs: tuple[Tensor, ...]

    @property
    def text(self) -> str:
        """As it is written."""
        lines = [f"group {g.name} = {g.family}({g.size})" for g in self.groups]
        lines += [f"input {tensor}" for tensor in self.inputs]
        lines += [f"output {tensor}" for tensor in self.outputs]
        return "\n".join(lines) + "\n"


MIXES = (
    ("S",), ("O",), ("SO",), ("E",), ("SE",), ("T", "S"), ("S", "S"),
    ("S", "O"), ("S", "SO"), ("S", "E"), ("S", "SE"), ("S", "O"), ("S", "E"), ("S", "SO"),
    ("O", "SO"), ("O", "O"), ("O", "E"), ("S", "SO", "O"), ("S", "S", "SE"), ("S", "S", "E"),
)  # fmt: skip

FINITE_MIXES = (
    ("C",), ("D",), ("C",), ("D",), ("C", "D"), ("D", "D"), ("C", "C"),
    ("S", "C"), ("S", "D"), ("C", "O"), ("D", "O"), ("C", "SO"), ("D", "SO"),
    ("C", "E"), ("D", "E"), ("C", "SE"), ("D", "SE"), ("C", "T"), ("C", "S", "O"), ("D", "S", "E"),
    ("C", "D", "O"), ("C", "O", "SO"), ("D", "O", "O"),
)  # fmt: skip

ATOMS = {
    "S": ("", "", "sign"),
    "O": ("vector", "vector", "pseudoscalar", "pseudovector"),
    "SO": ("vector",),
    "E": ("point", "vector", "pseudoscalar", "pseudovector"),
    "SE": ("point", "vector"),
    "T": ("point", "vector"),
}
INVARIANT = Term(1, ())
MOST = {"input": 40, "output": 36}
"""Entries of a tensor."""


@dataclass
class Generator:
    """Random specs from a seed."""

    seed: int
    random: random.Random = field(init=False)
    lean: bool = False
    """Few vectors in much space, so that outputs are confined."""
    finite: bool = False
    """Whether there are groups that act by tables."""
    powers: bool = False
    """Whether there are symmetric and alternating powers and duals."""

    def __post_init__(self) -> None:
        self.random = random.Random(self.seed)

    def spec(self) -> Spec:
        """A spec; the checker may still refuse it, an output point without an input point, say."""
        mix = self.random.choice(FINITE_MIXES if self.finite else MIXES)
        self.lean = bool(set(mix) - {"S", "T"}) and self.random.random() < 0.92
        groups = tuple(
            Group(name, family, self._size(family, mix))
            for name, family in zip(NAMES, mix, strict=False)
        )
        inputs = [self._tensor(f"x{i}", groups, "input") for i in range(self._few())]
        outputs = [
            self._tensor(f"y{i}", groups, "output") for i in range(self.random.choice((1, 1, 2)))
        ]
        return Spec(groups, tuple(inputs), tuple(outputs))

    def _few(self) -> int:
        return self.random.choice((1, 1, 1, 1, 2, 2) if self.lean else (1, 1, 1, 2, 2, 3))

    def _size(self, family: str, mix: tuple[str, ...]) -> int:
        if family in FINITE:
            if len(mix) == 1:
                return self.random.choice((1, 2, 3, 4, 4, 5, 6, 7, 8))
            return self.random.choice((1, 2, 2, 3, 4, 4, 6) if len(mix) < 3 else (2, 2, 3, 4))
        if family == "S":
            return self.random.choice((2, 2, 3, 3, 4) if len(mix) < 3 else (2, 2, 3))
        turning = sum(other not in ("S", "T", *FINITE) for other in mix)
        if self.lean and turning == 1:
            return self.random.choice((2, 3, 3, 3, 3))
        if turning > 1:
            return self.random.choice((1, 2, 2, 3))
        return self.random.choice((1, 2, 2, 3, 3, 3, 3, 4) if len(mix) == 1 else (1, 2, 2, 3, 3, 3))

    def _tensor(self, name: str, groups: tuple[Group, ...], kind: str) -> Tensor:
        for _ in range(100):
            axes = self._axes(groups, kind)
            tensor = Tensor(name, axes)
            total = 1
            for size in tensor.shape:
                total *= size
            if total <= MOST[kind]:
                break
        only_items = all(_lists(g, a) for t in tensor.terms for g, a in t.atoms)
        labels = kind == "input" and only_items and bool(tensor.axes) and self.random.random() < 0.1
        return Tensor(name, axes, labels)

    def _kinds(self, group: Group, kind: str) -> tuple[str, ...]:
        if not group.tabled:
            return ATOMS[group.family]
        k = group.size
        faithless = [f"irrep({j})" for j in range(k // 2 + 1)] + ["sign"] * (group.family == "D")
        found = faithless * (2 if kind == "input" else 1)
        found += ["", "vector"] if self.random.random() < 0.5 else []
        found += ["regular"] if self.random.random() < 0.2 else []
        if k in (1, 2, 4) and self.random.random() < (0.3 if kind == "input" else 0.7):
            found += ["grid(2, 2)", "grid(3, 3)"] if k == 4 else ["grid(1, 2)", "grid(3, 2)"]
        return tuple(found)

    def _axes(self, groups: tuple[Group, ...], kind: str) -> tuple[tuple[Term | Built, ...], ...]:
        if kind == "input" and self.lean:
            chosen = [
                g for g in groups if self.random.random() < (0.15 if g.family == "S" else 0.8)
            ]
            return self._placed(chosen, groups, kind)
        items = 0.5 if kind == "input" else 0.75
        chosen = [g for g in groups if self.random.random() < (items if g.family == "S" else 0.85)]
        return self._placed(chosen, groups, kind)

    def _placed(
        self, chosen: list[Group], groups: tuple[Group, ...], kind: str
    ) -> tuple[tuple[Term | Built, ...], ...]:
        axes: list[tuple[Term | Built, ...]] = []
        pointed = False
        for group in chosen:
            kinds = self._kinds(group, kind)
            if kind == "output" and self.lean and group.family != "S":
                kinds = (*kinds, "vector", "vector")
            atom = self.random.choice(kinds)
            if atom == "point":
                if pointed or any(self._spoils(t) for axis in axes for t in axis):
                    atom = "vector"
                else:
                    pointed = True
            elif pointed and not _lists(group, atom):
                continue
            axis = self._axis(group, atom, groups, pointed, kind)
            axes.append(self._built(axis, group, kind) if self.powers else axis)
        if self.random.random() < (0.1 if self.lean else 0.3):
            axes.append((Term(self.random.choice((1, 2, 3)), ()),))
        self.random.shuffle(axes)
        return tuple(axes)

    def _spoils(self, term: Term | Built) -> bool:
        return not all(_lists(group, atom) for group, atom in term.atoms)

    def _built(self, axis: tuple[Term, ...], group: Group, kind: str) -> tuple[Term | Built, ...]:
        """Often a power of what the axis has, or its dual, or that of something about as large."""
        if any(t.affine or any("grid" in a for _, a in t.atoms) for t in axis):
            return axis
        if self.random.random() < 0.25:
            return axis
        inside: tuple[Term | Built, ...] = axis
        if self.random.random() < 0.1:
            inside = (*axis, Term(1, ((group, "scalar"),)))
        made = self._power(inside)
        draw = self.random.random()
        if draw < 0.12:
            made = self._power((made,))
        if made.dimension > (12 if kind == "input" else 20) or made.dimension < 1:
            return axis
        return (made, *axis) if 0.12 < draw < 0.2 else (made,)

    def _power(self, inside: tuple[Term | Built, ...]) -> Built:
        kind = self.random.choice(("sym", "sym", "alt", "alt", "dual"))
        power = 1 if kind == "dual" else self.random.choice((2, 2, 2, 3, 3, 1))
        made = Built(kind, power, inside)
        return made if made.dimension else Built("sym", 2, inside)

    def _axis(
        self, group: Group, atom: str, groups: tuple[Group, ...], pointed: bool, kind: str
    ) -> tuple[Term, ...]:
        term = Term(1, ((group, atom),))
        if atom == "point":
            draw = self.random.random()
            if draw < 0.1:
                return (Term(2, term.atoms),)
            return (term, Term(1, ((group, "vector"),))) if draw < 0.2 else (term,)
        if (
            "grid" in atom
            or pointed
            or (self.lean and kind == "input" and self.random.random() < 0.7)
        ):
            return (term,)
        draw = self.random.random()
        if draw < (0.1 if kind == "input" else 0.3):
            power = self.random.choice((2, 2, 3))
            return (Term(1, ((group, atom),) * power),)
        if draw < 0.35:
            other = self.random.choice(groups)
            kinds = [a for a in self._kinds(other, kind) if a != "point" and "grid" not in a]
            return (Term(1, ((group, atom), (other, self.random.choice(kinds)))),)
        if draw < 0.45:
            kinds = [a for a in self._kinds(group, kind) if a != "point" and "grid" not in a]
            return (term, Term(1, ((group, self.random.choice(kinds)),)))
        if draw < 0.55:
            return (Term(2, ((group, atom),)),)
        return (term,)


def _lists(group: Group, atom: str) -> bool:
    """Whether an axis that carries it lists items, which elements put elsewhere."""
    if group.tabled:
        return atom in ("", "regular") or atom.startswith("grid")
    return group.family == "S" and atom == ""
