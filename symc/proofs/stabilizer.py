"""The stabilizer of a generic input in a product of groups.

For products it is no product: exchanging two points is undone by a half turn, so cosets are tied
together by linear equations between parities, one for each pure block of the inputs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import product

from symc.ir.blocks import Block
from symc.ir.groups import GroupInstance
from symc.ir.program import Program
from symc.ir.sizes import sizes_in
from symc.proofs import parity
from symc.proofs.action import Action, acting_on, along, movers
from symc.proofs.cells import Cell, acts_by_matrices, input_cells
from symc.proofs.factors import factors
from symc.proofs.factors.factor import Factor, Setting
from symc.proofs.folding import Cycles, characters, tree
from symc.proofs.ranges import ONE, Range, Ranges

Actions = tuple[tuple[str, Action], ...]
"""What groups do to a block, by name."""

_MOST_SINGULAR = 8
"""Matrices with more rows or columns than this have no rule."""


_MOST_UNDECIDED = 3
"""Spaces of open dimension, and open numbers of signs, whose parity is run through.

With more of them, their groups stay at rest.
"""

_MOST_CHARACTERS = 40_000
"""So many characters are averaged for one program; what would take more is not counted."""


@dataclass
class Budget:
    """Work that is left; without it a claim is not made."""

    left: int = _MOST_CHARACTERS

    def take(self, work: int) -> bool:
        """Whether there is enough left; it is gone then."""
        enough = work <= self.left
        self.left -= work if enough else 0
        return enough


@dataclass(frozen=True)
class Joint:
    """The stabilizer: `factors` by group, and `points`, a basis of the cosets it consists of.

    `complete`: every group has a rule.
    """

    factors: dict[str, Factor]
    points: tuple[int, ...]
    cells: tuple[Cell, ...]
    complete: bool
    ranges: Ranges = field(compare=False, repr=False)
    budget: Budget = field(compare=False, repr=False)
    _shares: dict[Actions, Fraction | None] = field(default_factory=dict, compare=False, repr=False)
    _folded: dict[Block, Fraction | None] = field(default_factory=dict, compare=False, repr=False)

    @property
    def exact(self) -> bool:
        """Whether a generic input is known to be fixed by nothing else."""
        return self.complete and all(factor.exact for factor in self.factors.values())

    def sign(self, block: Block | Cell) -> int:
        """The form of the sign by which the stabilizer acts, were it a sign on each axis."""
        form = 0
        for name, action in self.actions(block):
            form ^= self.factors[name].form(action)
        return form

    def actions(self, block: Block | Cell) -> Actions:
        """What each group that has a factor does to the block."""
        acting = [name for name in movers(block) if name in self.factors]
        return tuple((name, acting_on(block, name, self.ranges)) for name in acting)

    def rigid(self, block: Block) -> bool:
        """Whether the stabilizer acts on the block by a sign alone."""
        return all(self.factors[name].rigid(action) for name, action in self.actions(block))

    def share(self, block: Block) -> Fraction | None:
        """Which part of the block's dimensions is fixed; None: not counted."""
        if block.folds and not self.rigid(block):
            if block not in self._folded:
                self._folded[block] = self._mean_folded(block)
            return self._folded[block]
        acting = self.actions(block)
        if acting not in self._shares:
            if self.rigid(block):
                fixed = parity.constant(self.sign(block), self.points)
                self._shares[acting] = Fraction(int(fixed))
            else:
                self._shares[acting] = self._mean(acting)
        return self._shares[acting]

    def _mean_folded(self, block: Block) -> Fraction | None:
        """The mean of a sum of products of traces, over what it is at the identity."""
        found = characters(tree(block))
        if found is None:
            return None
        movers_here = [name for name, _ in self.actions(block)]
        means: list[tuple[Fraction, Cycles, Fraction]] = []
        for cycles, count in found.items():
            acting = tuple(
                (name, along(cycles, name, name in block.characters, self.ranges))
                for name in movers_here
            )
            mean = self._mean(acting)
            if mean is None:
                return None
            means.append((count, cycles, mean))
        if len({mean for _, _, mean in means}) == 1:
            return means[0][2]
        total = fixed = Fraction()
        for count, cycles, mean in means:
            for axis, _ in cycles:
                value = self.ranges.of(axis.size).value
                if value is None:
                    return None
                count *= value
            total += count
            fixed += count * mean
        return fixed / total

    def _mean(self, acting: Actions) -> Fraction | None:
        """The mean character over all cosets, over the dimension.

        What one factor cannot count may cancel: a share that is open, times others whose mean over
        the cosets with that share is zero.
        """
        concerned = 0
        for name, _ in acting:
            concerned |= self.factors[name].variables
        basis = parity.reduced(point & concerned for point in self.points)
        if len(basis) > parity.LIMIT or not self.budget.take(len(acting) << len(basis)):
            return None
        totals: dict[tuple[tuple[str, int], ...], Fraction] = {}
        for point in parity.span(basis):
            counted, open_ones = Fraction(1), []
            for name, action in acting:
                factor = self.factors[name]
                share = factor.share(action, point)
                if share is None:
                    open_ones.append((name, point & factor.variables))
                else:
                    counted *= share
            kind = tuple(open_ones)
            totals[kind] = totals.get(kind, Fraction()) + counted
        counted = totals.pop((), Fraction())
        if any(totals.values()):
            return None
        return counted / int(2 ** len(basis))

    def without(self, chosen: Sequence[str]) -> Joint:
        """The elements that are the identity in the chosen groups."""
        mask = 0
        for name in chosen:
            mask |= self.factors[name].variables if name in self.factors else 0
        left = {name: factor for name, factor in self.factors.items() if name not in chosen}
        points = tuple(parity.vanishing(self.points, mask))
        return Joint(left, points, self.cells, self.complete, self.ranges, self.budget)

    def words(self, point: int) -> str:
        """An element of a coset in words."""
        named = [factor.element(point) for factor in self.factors.values()]
        return " with ".join(word for word in named if word is not None)


def stabilizers(
    program: Program, ranges: Ranges, active: frozenset[str] | None = None
) -> tuple[Joint, ...]:
    """The stabilizer among the `active` groups, the others at rest.

    Where the dimension of a space is open, it is taken as even and as odd: what is proved must
    hold for each of the results.
    """
    rules = factors()
    names = [
        group.name
        for group in program.groups
        if _has_rule(group, rules, ranges) and (active is None or group.name in active)
    ]
    cells = input_cells(program, ranges, frozenset(names))
    parameters = {name: _range(program.group(name), ranges) for name in names}
    linear = frozenset(name for name in names if acts_by_matrices(program, name))
    flipping = {name for name in names if program.group(name).facts.flips}
    anchored = {b.affine for t in program.inputs for b in program.blocks[t.name]}
    complete = len(names) == len(program.groups) or active is not None
    undecided = [
        name for name in names if name in linear | flipping and parameters[name].value is None
    ]
    few = len(undecided) <= _MOST_UNDECIDED
    budget = Budget()
    joints = []
    for parities in product((False, True), repeat=len(undecided) if few else 0):
        odd = dict(zip(undecided, parities, strict=False))
        variables = _Variables()
        shared = _singular(cells, parameters, linear, variables)
        made: dict[str, Factor] = {}
        for name in names:
            group = program.group(name)
            facts = group.facts
            setting = Setting(
                group=group,
                facts=facts,
                sizes=[ranges.of(size) for size in sizes_in(group.parameter)],
                cells=[cell for cell in cells if name in cell.axes or name in cell.tables],
                parameters=parameters,
                linear=linear,
                odd_dimension=odd.get(name),
                anchored=name in anchored,
                singular=next((s.forms[name] for s in shared if name in s.forms), ()),
                variable=variables.new,
            )
            made[name] = rules[facts.element](setting)
        joint = Joint(made, (), tuple(cells), complete, ranges, budget)
        forms = [form for factor in made.values() for form in factor.forms]
        for cell in cells:
            extra = next((one.sign for one in shared if cell is one.cell), 0)
            forms.append(joint.sign(cell) ^ extra)
        points = tuple(parity.solutions(dict.fromkeys(forms), variables.count))
        joints.append(Joint(made, points, tuple(cells), complete, ranges, budget))
    return tuple(joints)


def _has_rule(group: GroupInstance, rules: Mapping[str, type[Factor]], ranges: Ranges) -> bool:
    facts = group.facts
    if not facts.ruled or facts.element not in rules:
        return False
    return rules[facts.element].reaches(facts, _range(group, ranges))


def _range(group: GroupInstance, ranges: Ranges) -> Range:
    """Of the parameter; of several that of their product."""
    return ranges.product(list(sizes_in(group.parameter)))


class _Variables:
    """A counter of parity variables."""

    def __init__(self) -> None:
        self.count = 0

    def new(self) -> int:
        """A form that is one new variable."""
        self.count += 1
        return 1 << (self.count - 1)


@dataclass(frozen=True)
class _Shared:
    """A single matrix of two linear groups, with no other vector of either: `x -> +-A x B^T`.

    Or a symmetric one of one group, `x -> A x A^T`. `forms`: for each group, the signs of its
    singular directions; `sign`: that in front.
    """

    cell: Cell
    forms: dict[str, tuple[int, ...]]
    sign: int


def _singular(
    cells: Sequence[Cell],
    parameters: Mapping[str, Range],
    linear: frozenset[str],
    variables: _Variables,
) -> list[_Shared]:
    found = []
    for cell in cells:
        # O(1) is but a sign.
        pair = sorted(name for name in cell.axes if name in linear and parameters[name] != ONE)
        symmetric = _symmetric(cell, pair)
        if (
            not (len(pair) == 2 or symmetric)
            or cell.width != ONE
            or not (symmetric or all(cell.axes[name] == 1 for name in pair))
        ):
            continue
        sizes = [parameters[name].value for name in pair]
        if any(size is None or size < 2 or size > _MOST_SINGULAR for size in sizes):
            continue
        if any(other is not cell and set(pair) & other.axes.keys() for other in cells):
            continue
        signs = [variables.new() for _ in range(min(size for size in sizes if size is not None))]
        if symmetric:
            # Its eigenvalues are not those of its negative.
            found.append(_Shared(cell, {pair[0]: tuple(signs)}, 0))
            continue
        sign = variables.new()
        first, second = pair
        forms = {first: tuple(signs), second: tuple(form ^ sign for form in signs)}
        found.append(_Shared(cell, forms, sign))
    return found


def _symmetric(cell: Cell, linear: Sequence[str]) -> bool:
    """Whether it is a symmetric matrix of the one linear group that turns it."""
    power = cell.power(linear[0]) if len(linear) == 1 else None
    return power is not None and power.exponent == 2 and not power.alternating
