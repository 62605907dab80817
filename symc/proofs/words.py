"""Subspaces and stabilizers in words."""

from __future__ import annotations

from symc.ir.blocks import Block, Unfold
from symc.proofs import parity
from symc.proofs.action import concerns
from symc.proofs.factors.factor import Factor
from symc.proofs.factors.finite import Finite
from symc.proofs.factors.nested import Nested
from symc.proofs.factors.orthogonal import Orthogonal
from symc.proofs.factors.permutation import Permutation
from symc.proofs.factors.signs import Signs
from symc.proofs.folding import Folded, laid_out, tree
from symc.proofs.listing import enumerated
from symc.proofs.stabilizer import Joint
from symc.proofs.symmetries import Symmetries
from symc_runtime.groups.family import Family

_MOST_COMBINED = 6
"""Of more parities than this, single ones are told and no combinations looked for."""


def part_name(block: Block, families_of: dict[str, Family]) -> str:
    """A block as a product of representations: `R.vector^2`, `sym(R.vector, 2)`."""
    factors: dict[str, int] = {}
    signed = set(block.characters)
    plain_axes = block.axes
    if block.folds:
        nodes = tree(block)
        plain_axes = tuple(node for node in nodes if not isinstance(node, Folded))
        for node in nodes:
            if isinstance(node, Folded):
                inside = part_name(laid_out(node.inside), families_of)
                channels = [
                    a.size for a in node.inside if not isinstance(a, Folded) and not a.group
                ]
                inside = "*".join([*map(str, channels), inside])
                power = f"{'alt' if node.alternating else 'sym'}({inside}, {node.exponent})"
                factors[power] = factors.get(power, 0) + 1
    for axis in plain_axes:
        if axis.group is None:
            continue
        if axis.kind == "table":
            called = f"{axis.group}.{axis.atom}"
            if families_of[axis.group].atoms[str(axis.atom)].arguments:
                called += f"({', '.join(map(str, axis.arguments))})"
            factors[called] = factors.get(called, 0) + 1
            continue
        atoms = families_of[axis.group].atoms
        plain = axis.group in signed and len(block.natural_axes(axis.group)) == 1
        wanted = (block.affine == axis.group, plain)
        found = [
            n for n, a in atoms.items() if a.axis == "natural" and (a.affine, a.character) == wanted
        ]
        if plain and found:
            signed.discard(axis.group)
        name = found[0] if found else "natural"
        factors[f"{axis.group}.{name}"] = factors.get(f"{axis.group}.{name}", 0) + 1
    for group in sorted(signed):
        atoms = families_of[group].atoms
        name = next(n for n, a in atoms.items() if a.axis == "trivial" and a.character)
        factors[f"{group}.{name}"] = 1
    return "*".join(f"{n}^{k}" if k > 1 else n for n, k in factors.items()) or "invariant"


def predicate(block: Block, joint: Joint) -> str | None:
    """Where the fixed vectors of a block lie, to follow `is always`; None: no words for it."""
    # Of components of a power, no words tell where they lie.
    if any(isinstance(step, Unfold) for step in block.steps) and not joint.rigid(block):
        return None
    symmetries = Symmetries(block, joint)
    if symmetries.factors and not symmetries.known:
        return None
    linear = [
        (factor, block.natural_axes(name))
        for name, factor in joint.factors.items()
        if isinstance(factor, Orthogonal) and block.natural_axes(name)
    ]
    items = [
        (factor, block.natural_axes(name))
        for name, factor in joint.factors.items()
        if isinstance(factor, Permutation) and factor.odd and block.natural_axes(name)
    ]
    nested = [
        name
        for name, action in joint.actions(block)
        if isinstance(factor := joint.factors[name], Nested) and not factor.rigid(action)
    ]
    if nested:
        axes = sum(a.atom == "natural" for a in block.axes if a.group == nested[0])
        alone = not (symmetries.factors or linear or items or len(nested) > 1 or axes > 1)
        sure = alone and parity.constant(symmetries.form, joint.points)
        return f"equal in all items of each block of `{nested[0]}`" if sure else None
    if symmetries.factors:
        # What acts by a sign is in the form.
        linear = [(factor, axes) for factor, axes in linear if not factor.whole]
        if items:
            return None
    if len(linear) > 1 or len(items) > 1 or any(len(axes) > 1 for _, axes in linear + items):
        return None
    form = symmetries.form
    spaces = _spaces(linear[0][0], joint, form) if linear else [("", form)]
    if spaces is None:
        return None
    found: list[str] = []
    for words, form in spaces:
        if symmetries.factors:
            told = symmetries.told(form)
            fixed = [" and ".join(filter(None, (words, told)))] if told is not None else []
        elif not items:
            fixed = [words] if parity.constant(form, joint.points) else []
        else:
            permuted, (axis,) = items[0]
            fixed = [
                f"{words}{' and ' if words else ''}{order}"
                for order, extra in _orders(permuted, axis)
                if parity.constant(form ^ extra, joint.points)
            ]
        found += fixed
    return found[0] if len(found) == 1 and found[0] else None


def _orders(factor: Permutation, axis: int) -> list[tuple[str, int]]:
    rows = "rows" if axis == 0 else f"items of `{factor.name}`"
    if factor.items == 2:
        return [(f"equal in both {rows}", 0), (f"opposite in the two {rows}", factor.odd)]
    return [(f"equal in all {factor.items} {rows}", 0)]


def _spaces(factor: Orthogonal, joint: Joint, form: int) -> list[tuple[str, int]] | None:
    """The span of the inputs' vectors and its complement, with the sign on each."""
    if len(factor.pieces) > 1:
        return None
    found = []
    if factor.whole:
        return [("", form)]
    if factor.size:
        found.append((_span(factor, joint), form))
    if factor.rest == 1:
        turned = form ^ factor.minus ^ factor.rest_determinant
        found.append((_normal(factor, joint), turned))
    return found


def _sources(factor: Orthogonal, joint: Joint) -> tuple[list[str], list[str]]:
    """The tensors with the group's vectors, and those with its points."""
    vectors: dict[str, bool] = {}
    points: list[str] = []
    for cell in joint.cells:
        if factor.name not in cell.axes:
            continue
        if cell.points:
            points = [f"`{name}`" for name in cell.source.split(", ")]
        else:
            vectors[cell.source] = cell.source not in vectors and cell.width.value == 1
    words = [
        f"`{name}`" if single else f"the vectors of `{name}`" for name, single in vectors.items()
    ]
    return words, points


def _span(factor: Orthogonal, joint: Joint) -> str:
    vectors, points = _sources(factor, joint)
    through = f"through the points of {enumerated(points)}"
    if factor.size == 1:
        return (
            f"parallel to {enumerated(vectors)}" if vectors else f"parallel to the line {through}"
        )
    if not vectors and factor.size == 2:
        return f"in the plane {through}"
    differences = [f"the differences of the points of {enumerated(points)}"] if points else []
    return f"in the span of {enumerated([*vectors, *differences])}"


def _normal(factor: Orthogonal, joint: Joint) -> str:
    vectors, points = _sources(factor, joint)
    if not factor.size:
        return "free"
    if not vectors and factor.size == 2:
        return f"along the normal of the plane through the points of {enumerated(points)}"
    differences = [f"the differences of the points of {enumerated(points)}"] if points else []
    return f"along the normal of {enumerated([*vectors, *differences])}"


def stabilizer(joint: Joint, block: Block) -> str:
    """What of the stabilizer acts on a block: `O(2) in R`, and elements that are tied together."""
    acting = [factor for factor in joint.factors.values() if concerns(block, factor.name)]
    named: list[str] = []
    own: list[int] = []
    for factor in acting:
        others = 0
        for other in joint.factors.values():
            others |= other.variables if other is not factor else 0
        points = parity.vanishing(joint.points, others)
        own += points
        text = factor.alone(points).text
        if text != "trivial":
            named.append(f"{text} in `{factor.name}`")
    concerned = 0
    for factor in acting:
        concerned |= factor.variables
    rank = len(parity.reduced(point & concerned for point in own))
    for point in sorted(joint.points, key=int.bit_count):
        words = joint.words(point)
        seen = parity.reduced(p & concerned for p in (*own, point))
        if words and len(seen) > rank:
            own.append(point)
            rank += 1
            named.append(words)
    return enumerated(list(dict.fromkeys(named)))


def charge(block: Block, joint: Joint) -> int | None:
    """A coset whose elements fix every input and negate the block; None where there is none."""
    if not joint.rigid(block):
        return None
    form = joint.sign(block)
    few = len(joint.points) <= _MOST_COMBINED
    points = parity.span(joint.points) if few else joint.points
    negating = sorted((p for p in points if parity.sign(form, p) < 0), key=int.bit_count)
    return next((point for point in negating if joint.words(point)), None)


def missing(block: Block, joint: Joint) -> str:
    """An input that would tell apart what the stabilizer cannot."""
    negating = charge(block, joint)
    found = []
    for factor in joint.factors.values():
        if not concerns(block, factor.name) or _at_rest(factor, joint):
            continue
        if negating is None or negating & factor.variables:
            found.append(factor)
    # First what would set more of the block free.
    for factor in sorted(found, key=lambda factor: not _frees(factor, joint, block)):
        if isinstance(factor, Permutation):
            return f"an axis of `{factor.name}`, `{factor.parameter}: {factor.name}`"
        if isinstance(factor, Nested):
            return f"an axis of the items of `{factor.name}`, `{factor.axis}`"
        if isinstance(factor, Signs):
            return f"an axis of `{factor.name}` alone, `{factor.parameter}: {factor.name}`"
        if isinstance(factor, Orthogonal):
            return f"{'another' if factor.size else 'a'} vector of `{factor.name}`"
        if isinstance(factor, Finite) and factor.telling is not None:
            return f"an axis of `{factor.name}`, `{factor.telling}`"
    return "more that tells the elements apart"


def _frees(factor: Factor, joint: Joint, block: Block) -> bool:
    """Whether more of the block is fixed by the elements that are the identity in this group."""
    now, then = joint.share(block), joint.without([factor.name]).share(block)
    return now is not None and then is not None and then > now


def _at_rest(factor: Factor, joint: Joint) -> bool:
    return factor.alone(parity.reduced(p & factor.variables for p in joint.points)).trivial
