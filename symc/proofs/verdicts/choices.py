"""`canonical` where no one element is defined by the input."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from symc.ir.blocks import Block
from symc.ir.groups import Stage
from symc.proofs import parity, words
from symc.proofs.action import Action, acting_on, concerns
from symc.proofs.cells import Cell
from symc.proofs.factors.factor import Factor
from symc.proofs.factors.finite import Finite
from symc.proofs.factors.orthogonal import Orthogonal
from symc.proofs.factors.permutation import Permutation
from symc.proofs.folding import unfolded_blocks
from symc.proofs.listing import enumerated
from symc.proofs.records import Proof
from symc.proofs.situation import Situation
from symc.proofs.stabilizer import Joint, stabilizers
from symc_runtime.catalogue import methods

METHOD = "canonical"


def choices(situation: Situation) -> Iterator[Proof]:
    """SYM404, one a stage at most.

    The chosen element is defined up to the stabilizer. That is enough where the stabilizer
    does not move the outputs, and where what the net leaves open lies in one coset of it.
    """
    stages = [s for s in situation.program.stages if s.method == METHOD]
    moved = _moved(situation, [stage.group for stage in stages])
    for stage in stages:
        factors = [j.factors[stage.group] for j in situation.joints if stage.group in j.factors]
        if len(factors) < len(situation.joints):
            continue
        found = moved.get(stage.group)
        if found is not None:
            output, block, joint = found
            yield Proof(
                code="SYM404",
                severity="error",
                subject=stage.group,
                statement=f"`canonical` has no one element of `{stage.group}` to choose",
                reason=f"a generic input is fixed by {words.stabilizer(joint, block)}, which moves "
                f"`{output}`",
                help=f"write `by average` or `by probabilistic`, or give an input "
                f"{words.missing(block, joint)}",
            )
            continue
        yield from _open_choice(stage, situation)


def _moved(situation: Situation, chosen: Sequence[str]) -> dict[str, tuple[str, Block, Joint]]:
    """For each chosen group whose freedom an output shows: that output and block.

    Groups that are not chosen are averaged over: what their part of the stabilizer moves is
    gone from the mean, and is not counted.
    """
    found: dict[str, tuple[str, Block, Joint]] = {}
    rests = [joint.without(chosen) for joint in situation.joints]
    for output, parts in situation.outputs.items():
        if situation.vanishes(output):
            continue
        for part in parts:
            shares = [rest.share(part.block) for rest in rests]
            if part.share is None or any(s is None or part.share >= s for s in shares):
                continue
            joint = situation.joints[0]
            open_ones = [n for n in chosen if n in joint.factors and not _settled(joint, n)]
            acting = [name for name in open_ones if concerns(part.block, name)]
            for name in acting or open_ones:
                found.setdefault(name, (output, part.block, joint))
    return found


def _settled(joint: Joint, group: str) -> bool:
    """Whether the stabilizer's projection to a group is trivial."""
    factor = joint.factors[group]
    if isinstance(factor, Orthogonal) and any(_negated(factor, point) for point in joint.points):
        return False
    own = parity.reduced(point & factor.variables for point in joint.points)
    return factor.alone(own).trivial


def _open_choice(stage: Stage, situation: Situation) -> Iterator[Proof]:
    """The net is invariant to later groups, so it sees the input up to their action."""
    later = _later(stage, situation)
    joints = stabilizers(situation.program, situation.ranges, frozenset({stage.group, *later}))
    factors = [joint.factors[stage.group] for joint in joints]
    reasons = [_ambiguous(f, joint, later) for f, joint in zip(factors, joints, strict=True)]
    first = ", or symmetrize the later groups first" if later else ""
    if all(reason is not None for reason in reasons):
        yield Proof(
            code="SYM404",
            severity="error",
            subject=stage.group,
            statement=f"`canonical` has no one element of `{stage.group}` to choose",
            reason=str(reasons[0]),
            help=f"write `by average` or `by probabilistic`{first}",
        )
        return
    shortages = [
        _shortage(f, joint, later) or _alike(f, joint, later, situation)
        for f, joint in zip(factors, joints, strict=True)
    ]
    if all(shortage is not None for shortage in shortages):
        what = f"another vector of `{stage.group}`"
        if isinstance(factors[0], Finite):
            what = f"an axis of `{stage.group}` alone"
            what += f", `{factors[0].telling}`" if factors[0].telling else ""
        yield Proof(
            code="SYM407",
            severity="warning",
            subject=stage.group,
            statement=f"the net of `canonical` does not see enough of `{stage.group}`, "
            "so noise chooses the rest",
            reason=str(shortages[0]),
            help=f"give an input {what}, or write `by probabilistic` or `by average`",
        )


def _later(stage: Stage, situation: Situation) -> list[str]:
    """Groups that the stage's net is invariant to."""
    stages = situation.program.stages
    acting = [s.group for s in stages if methods()[s.method].acts]
    trusted = [s.group for s in stages if not methods()[s.method].acts]
    return [*acting[acting.index(stage.group) + 1 :], *trusted]


def _ambiguous(factor: Factor, joint: Joint, later: Sequence[str]) -> str | None:
    """Why no net's values lie in one coset of the stabilizer; None where they may."""
    if isinstance(factor, Permutation):
        return _scores(factor, joint)
    if isinstance(factor, Orthogonal):
        return _frame(factor, joint, later)
    return None


def _scores(factor: Permutation, joint: Joint) -> str | None:
    """All items score alike where only the sign of a permutation is seen."""
    exchanged = any(cell.points and factor.name in cell.signs for cell in joint.cells)
    if exchanged or not factor.odd or any(point & factor.odd for point in joint.points):
        return None
    return f"no input has an axis of items of `{factor.name}`, so all items score alike"


def _frame(factor: Orthogonal, joint: Joint, later: Sequence[str]) -> str | None:
    """The net gives vectors; noise turns what they leave open, which the stabilizer must fix.

    Where it negates vectors, one of two items, or a sign, is drawn: this is up to the stabilizer.
    """
    dimension = factor.dimension
    if dimension is None or (dimension == 1 and factor.special):
        return None
    flips = _flips(factor, joint)
    fixed = [p.size for p in factor.pieces if parity.constant(p.form, joint.points)]
    negated = 0 if _drawn(factor, joint) else factor.size - sum(fixed)
    if negated > 1 or (negated == 1 and factor.rest and (factor.rest > 1 or flips)):
        one = "a principal axis" if factor.symmetric else "a singular direction"
        return (
            f"seen{_upto(later)}, a generic input is its own image under what negates "
            f"{'its vectors' if len(factor.pieces) == 1 else one}, "
            f"so {'no' if not fixed else 'not every'} vector can be made of it"
        )
    if negated:
        return None
    if factor.rest > 1 and not flips and not factor.special:
        return (
            f"a generic input is fixed by SO({factor.rest}) only, while vectors made of it leave "
            f"O({factor.rest}) open"
        )
    return None


def _drawn(factor: Orthogonal, joint: Joint) -> bool:
    """Whether directions of items, or principal axes, tell what the stabilizer negates but for it.

    A drawn axis has a sign of its own, that of a singular direction, or of all of a plane.
    """
    if factor.special and factor.dimension == 2:
        return True
    if factor.singular:
        told = parity.reduced(_negated(factor, point) for point in joint.points)
        signs = len(factor.pieces)
        return len(told) == signs - (factor.special and factor.whole)
    # Two points that are exchanged have one difference: it is along both of them.
    widths = [
        cell.width.low
        for cell in joint.cells
        if _is_vector(cell, factor, joint) and (cell.points or not cell.signs)
    ]
    return sum(widths) >= factor.size


def _negated(factor: Orthogonal, point: int) -> int:
    """Which pieces an element of the stabilizer negates, a bit each."""
    signs = [parity.sign(piece.form, point) for piece in factor.pieces]
    return sum(1 << place for place, sign in enumerate(signs) if sign < 0)


def _is_vector(cell: Cell, factor: Orthogonal, joint: Joint) -> bool:
    """Whether it holds vectors, perhaps of items, that no other linear group turns."""
    plain = all(
        name == factor.name or isinstance(joint.factors[name], Permutation) for name in cell.axes
    )
    seen = plain and all(isinstance(joint.factors[name], Permutation) for name in cell.hidden)
    return bool(cell.axes.get(factor.name, 0) % 2) and seen and not _mixed(cell, joint)


def _mixed(cell: Cell, joint: Joint) -> bool:
    """Whether a finite group does more than list items: nets take it for a linear one there."""
    return any(
        not factor.lists(table)
        for name, tables in cell.tables.items()
        if isinstance(factor := joint.factors[name], Finite)
        for table in tables
    )


def _shortage(factor: Factor, joint: Joint, later: Sequence[str]) -> str | None:
    """Why the nets of the catalogue cannot fix an element that the input does fix."""
    if not isinstance(factor, Orthogonal) or factor.dimension is None or len(factor.pieces) > 1:
        return None
    fixed = factor.size if parity.constant(factor.minus, joint.points) else 0
    if not factor.special and not _flips(factor, joint):
        fixed += factor.rest
    # The last direction of a rotation follows from the others.
    needed = min(fixed, factor.dimension - 1) if factor.special else fixed
    seen = _seen(factor, joint)
    if seen is None or seen >= needed:
        return None
    vectors = f"{seen or 'no'} {'vector' if seen == 1 else 'vectors'}"
    return f"it makes {vectors} of the inputs{_upto(later)}, and {needed} fix the element"


def _alike(factor: Factor, joint: Joint, later: Sequence[str], situation: Situation) -> str | None:
    """Why poses score alike that the input does tell apart.

    What a later group negates or turns a score multiplies, with itself and with all that the same
    groups move alike: it does not see a sign that these have together, nor how one lies to another.
    """
    if not isinstance(factor, Finite):
        return None
    alike = set(factor.facts.every(factor.parameter))
    together: dict[Key, list[Action]] = {}
    for tensor in situation.program.inputs:
        for block, unfolded in unfolded_blocks(situation.program, tensor.name, situation.ranges):
            action = acting_on(block, factor.name, situation.ranges)
            if _two_points(tensor.name, block, later, situation):
                tables = tuple(replace(table, difference=True) for table in action.tables)
                action = replace(action, tables=tables)
            key = _squared_by(block, factor.name, joint)
            if unfolded is not block:
                key = key or _squared_by(unfolded, factor.name, joint)
            if key:
                together.setdefault(key, []).append(action)
            else:
                alike = {g for g in alike if factor.sign(action, g) == 1}
    for actions in together.values():
        signs = {g: {factor.sign(action, g) for action in actions} for g in alike}
        alike = {g for g in alike if signs[g] in ({1}, {-1})}
    own = {g for point in parity.span(joint.points) for g in factor.coset(point)}
    more = sorted(alike - own)
    if not more:
        return None
    return (
        f"it reads what unlike groups move by itself,{_upto(later)}, so poses that "
        f"{factor.called(more[0])} takes to each other look alike"
    )


Key = tuple[tuple[str, Action], ...]
"""What later groups do to a block that must be squared to be seen."""


def _squared_by(block: Block, own: str, joint: Joint) -> Key:
    """The later groups that negate or turn the block, or that nets take to do so."""
    found = []
    for name, action in joint.actions(block):
        factor = joint.factors[name]
        if name == own or isinstance(factor, Permutation) and not action.character:
            continue
        if not isinstance(factor, Finite) or not all(map(factor.lists, action.tables)):
            found.append((name, action))
    return tuple(sorted(found, key=lambda pair: pair[0]))


def _two_points(tensor: str, block: Block, later: Sequence[str], situation: Situation) -> bool:
    """Whether it holds two points that are measured from their own mean."""
    if block.affine not in later:
        return False
    program = situation.program
    anchor = next(stage.anchor for stage in program.stages if stage.group == block.affine)
    if anchor != tensor:
        return False
    clouds = [other for other in program.blocks[anchor] if other.affine == block.affine]
    sizes = [axis.size for axis in block.axes if axis.group != block.affine]
    return clouds == [block] and situation.ranges.product(sizes).value == 2


def _upto(later: Sequence[str]) -> str:
    return f" up to {enumerated([f'`{name}`' for name in later])}" if later else ""


def _flips(factor: Orthogonal, joint: Joint) -> bool:
    """Whether the stabilizer reflects the complement of the span."""
    return not parity.constant(factor.rest_determinant, joint.points)


def _seen(factor: Orthogonal, joint: Joint) -> int | None:
    """At most how many vectors a net makes; None: without bound.

    It combines true vectors, and moves them by matrices, two learned ones, A and B, and products
    A B A ... of up to d - 1. Of a product of several vectors it takes one contraction.
    """
    total, matrices = 0, False
    for cell in joint.cells:
        axes = cell.axes.get(factor.name, 0)
        plain = not cell.signs and _is_vector(cell, factor, joint)
        if plain:
            if cell.width.high is None:
                return None
            total += cell.width.high
        # What must be paired to be seen, gives a matrix.
        matrices |= axes > 0 and not plain
    return total * (1 + max(3, factor.dimension or 0) if matrices else 1)
