"""Inputs and outputs: axes and what they carry."""

from __future__ import annotations

from dataclasses import dataclass, replace

from symc.checking.atoms import image_of, is_square
from symc.checking.derivations import read_derivation
from symc.checking.equations import Constraint
from symc.checking.expressions import Expressions
from symc.checking.names import walk
from symc.checking.report import Report
from symc.checking.tails import derives, read_labels, read_tail
from symc.checking.values import Carried, mixes, trivial
from symc.checking.wreath import joint_sizes
from symc.diagnostics.diagnostic import Related
from symc.ir.representations import Atom, Product, Representation, alternates, atoms
from symc.ir.sizes import Size, sizes_in
from symc.ir.tensors import Axis, Tensor
from symc.source import Span
from symc.syntax import ast


@dataclass(frozen=True)
class Declared:
    """A checked tensor and its statement."""

    tensor: Tensor
    statement: ast.TensorStatement


@dataclass(frozen=True)
class _AxisValue:
    size: Size
    carried: Carried
    span: Span
    joint: tuple[Size, ...] = ()


def read_tensor(
    statement: ast.TensorStatement, expressions: Expressions, constraints: list[Constraint]
) -> Declared | None:
    """The tensor of one statement, or None where something in it is wrong."""
    expressions.apart.clear()
    values = [_read_axis(axis, expressions, constraints) for axis in statement.axes or ()]
    axes = [value for value in values if value is not None]
    sound = len(axes) == len(values) and _points_stand_alone(axes, expressions)
    derivation = None
    if statement.derivation is not None and derives(statement):
        derivation = read_derivation(statement.derivation, expressions.report)
        sound = derivation is not None and sound
    elif statement.mark is not None or statement.derivation is not None:
        read_tail(statement, expressions.report)
        sound = False
    labels: int | Carried | None = None
    if statement.labels is not None:
        labels = read_labels(statement, statement.labels, expressions)
        sound = labels is not None and sound
        if isinstance(labels, Carried):
            expressions.counted.append((labels.dimension, statement.labels.span))
            if _computes_from_ragged(labels, statement.labels, expressions):
                return None
    if not sound:
        return None
    items = labels.tree if isinstance(labels, Carried) else None
    tensor = Tensor(
        name=statement.name.text,
        axes=tuple(
            Axis(size=axis.size, representation=axis.carried.tree, joint=axis.joint)
            for axis in axes
        ),
        labels=labels if isinstance(labels, int) else None,
        names=items if isinstance(items, Atom) else None,
        derivation=derivation,
    )
    return Declared(tensor, statement)


def _read_axis(
    axis: ast.Axis, expressions: Expressions, constraints: list[Constraint]
) -> _AxisValue | None:
    carried = None
    sides: tuple[Size | None, ...] = ()
    if len(axis.sizes) > 1:
        if _ragged_sides(axis, expressions):
            return None
        sides = tuple(_side(size, expressions) for size in axis.sizes)
        if axis.representation is not None and None in sides:
            return None
    if axis.representation is not None:
        if _swapped(axis, expressions):
            return None
        expressions.axis = axis.sizes[0] if len(axis.sizes) == 1 else None
        known = tuple(size for size in sides if size is not None)
        expressions.joint = known or None
        expressions.alone = None
        if len(axis.sizes) == 1 and _on_one_axis(axis.representation, expressions):
            if _ragged_sides(axis, expressions):
                return None
            if not isinstance(axis.sizes[0], ast.Wildcard):
                expressions.alone = expressions.size(axis.sizes[0])
                if expressions.alone is None:
                    return None
        carried = expressions.representation(axis.representation)
        expressions.axis = expressions.joint = expressions.alone = None
    if len(axis.sizes) != 1:
        return _jointly(axis, sides, carried, expressions, constraints)
    written = axis.sizes[0]
    if isinstance(written, ast.Wildcard):
        if axis.representation is None:
            expressions.report.error(
                "SYM206",
                written.span,
                "nothing tells the size of this axis",
                help="write a size, or a representation after it: `_: 8*M.vector`",
            )
        if carried is None or axis.representation is None:
            return None
        if _computes_from_ragged(carried, axis.representation, expressions):
            return None
        expressions.counted.append((carried.dimension, axis.representation.span))
        return _AxisValue(carried.dimension, carried, axis.span)
    size = expressions.size(written)
    if size is None:
        return None
    expressions.counted.append((size, written.span))
    if _ragged_size(size, written, expressions):
        return None
    if axis.representation is None:
        return _AxisValue(size, trivial(size), axis.span)
    if carried is None or _computes_from_ragged(carried, axis.representation, expressions):
        return None
    if _grids_on_one_axis(carried, expressions):
        if isinstance(carried.tree, Atom):
            return _AxisValue(size, carried, axis.span, (size,))
        report = expressions.report
        report.error(
            "SYM313",
            axis.representation.span,
            f"`{report.excerpt(axis.representation.span)}` holds a grid, which stands alone on its "
            "axis",
            help="write channels on an axis of their own, `4, n: R.grid`",
        )
        return None
    spans = (written.span, axis.representation.span)
    advice = _an_axis_each(axis.representation, carried)
    advice = advice or _an_image(size, axis.representation, carried, expressions)
    advice = advice or _of_blocks(size, carried, expressions)
    constraints.append(Constraint(size, carried.dimension, *spans, carried.tree, advice))
    return _AxisValue(size, carried, axis.span)


def _on_one_axis(written: ast.Expression, expressions: Expressions) -> bool:
    """Whether a grid of one axis is written: of a group whose matrices are 1 x 1."""
    for node in walk(written):
        if isinstance(node, ast.Attribute) and isinstance(node.owner, ast.Name):
            group = expressions.groups.instances.get(node.owner.text)
            atom = None if group is None else group.facts.atoms.get(node.name.text)
            if atom is not None and atom.axis == "grid" and atom.axes == 1:
                return True
        if isinstance(node, ast.Attribute) and isinstance(node.owner, ast.MatrixGroup):
            return node.name.text == "grid"
    return False


def _grids_on_one_axis(carried: Carried, expressions: Expressions) -> bool:
    groups = expressions.groups.instances
    return any(
        groups[atom.group].facts.atoms[atom.name].axis == "grid" for atom in atoms(carried.tree)
    )


def _an_image(
    size: Size, written: ast.Expression, carried: Carried, expressions: Expressions
) -> str | None:
    """What to write where the items of a ring stand on the side of an image, `28: C(4)`."""
    tree = carried.tree
    if not isinstance(tree, Atom) or size.value is None or carried.dimension.value is None:
        return None
    group = expressions.groups.instances[tree.group]
    image = image_of(group, expressions)
    if image is None or tree.name != group.facts.bare:
        return None
    text = expressions.report.excerpt(written.span)
    return (
        f"write `{carried.dimension}: {text}`; an image stands on two axes together, "
        f"`({', '.join([str(size)] * group.facts.atoms[image].axes)}): {group.name}.{image}`"
    )


def _of_blocks(size: Size, carried: Carried, expressions: Expressions) -> str | None:
    """What to write where one axis carries the items of blocks, `n: W`, and has another size."""
    tree = carried.tree
    if not isinstance(tree, Atom):
        return None
    group = expressions.groups.instances[tree.group]
    if not group.facts.nests or tree.name != group.facts.bare:
        return None
    items, blocks = sizes_in(group.parameter)
    both = f"`({blocks}, {items}): {group.name}`, blocks first"
    if size == blocks:
        return f"write `{blocks}: {group.name}.blocks` for a number a block; for one an item {both}"
    return f"write {both}, or `{carried.dimension}: {group.name}` on one axis"


def _side(written: ast.Expression, expressions: Expressions) -> Size | None:
    """One of the sizes in brackets."""
    if isinstance(written, ast.Wildcard):
        expressions.report.error(
            "SYM206",
            written.span,
            "nothing tells the size of this axis",
            help="write a size: `_` is for one axis alone",
        )
        return None
    size = expressions.size(written)
    if size is None:
        return None
    expressions.counted.append((size, written.span))
    return size


def _ragged_sides(axis: ast.Axis, expressions: Expressions) -> bool:
    """Report a ragged size in brackets, once."""
    for node in (node for size in axis.sizes for node in walk(size)):
        if isinstance(node, ast.Name) and node.text in expressions.sizes.ragged:
            expressions.report.error(
                "SYM207",
                node.span,
                f"`{node.text}` is ragged, but axes that carry something together have one size "
                "for all examples",
                help=f"drop the bound: `size {node.text}` is read off the tensors at each call",
                related=[
                    Related(
                        expressions.sizes.seen[node.text],
                        f"`{node.text}` is declared ragged here",
                    )
                ],
            )
            return True
    return False


def _jointly(
    axis: ast.Axis,
    sides: tuple[Size | None, ...],
    carried: Carried | None,
    expressions: Expressions,
    constraints: list[Constraint],
) -> _AxisValue | None:
    """`(h, w): R.grid`: one representation on several axes."""
    report = expressions.report
    sizes = tuple(size for size in sides if size is not None)
    text = ", ".join(report.excerpt(size.span) for size in axis.sizes)
    if carried is None or axis.representation is None:
        return None
    tree = carried.tree
    if isinstance(tree, Atom) and _together(tree, expressions) == len(sizes):
        constraints += joint_sizes(tree, axis, sizes, expressions)
        return _AxisValue(carried.dimension, carried, axis.span, sizes)
    if not isinstance(tree, Atom) or tree.arguments != sizes:
        on_one = report.excerpt(axis.representation.span)
        flat = f"it is flattened: write `{carried.dimension}: {on_one}`"
        report.error(
            "SYM313",
            axis.representation.span,
            f"`{on_one}` stands on one axis, and not on `({text})` together",
            help=_on_several(tree, text, sizes, expressions, flat),
            related=[Related(_brackets(axis, axis.representation, report), "together here")],
        )
        return None
    expressions.counted.append((carried.dimension, axis.span))
    return _AxisValue(carried.dimension, carried, axis.span, sizes)


def _together(tree: Atom, expressions: Expressions) -> int | None:
    """On how many axes together it may stand, beside a single one."""
    return expressions.groups.instances[tree.group].facts.atoms[tree.name].together


def _brackets(axis: ast.Axis, representation: ast.Expression, report: Report) -> Span:
    """The sizes of several axes with the brackets around them."""
    closed = report.source.text.rindex(")", axis.sizes[-1].span.end, representation.span.start)
    return Span(axis.span.start, closed + 1)


def _on_several(
    tree: Representation,
    text: str,
    sizes: tuple[Size, ...],
    expressions: Expressions,
    flat: str,
) -> str:
    """What to write where something for one axis stands on the axes `text` together."""
    groups = expressions.groups.instances
    for atom in atoms(tree):
        if _together(atom, expressions) is not None:
            if isinstance(tree, Atom):
                return f"it stands on two axes, blocks and items: `(n, m): {atom.group}`"
            return f"it stands alone, all else on axes of its own: `({text}): {atom.group}, 3`"
        names = groups[atom.group].facts.atoms
        if names[atom.name].axis == "blocks":
            blocks = f"{atom.group}.{atom.name}"
            return f"blocks stand on one axis, `{sizes[0]}: {blocks}`; items in blocks on two, " + (
                f"`({text}): {atom.group}`"
            )
        image = next((name for name, facts in names.items() if facts.axes == len(sizes)), None)
        if image is not None and is_square(groups[atom.group], expressions) and len({*sizes}) > 1:
            text = f"{sizes[0]}, {sizes[0]}"
        if image is not None and (atom.name != image or isinstance(tree, Atom)):
            return f"write `({text}): {atom.group}.{image}` for images"
        if image is not None:
            return f"it stands alone, channels before it: `8, ({text}): {atom.group}.{image}`"
    if not isinstance(tree, Atom):
        return flat
    return (
        "give each axis its own representation, `h: P, w: Q`; `grid` of `C(k)` and `D(k)` is the "
        "one that takes two"
    )


def _an_axis_each(written: ast.Expression, carried: Carried) -> str | None:
    """What to write for a product of bare groups, which is often meant as the group of a spec."""
    factors = carried.tree.factors if isinstance(carried.tree, Product) else ()
    if any(isinstance(node, ast.Attribute) for node in walk(written)) or len(factors) < 2:
        return None
    axes = [f"{f.dimension}: {f.group}" for f in factors if isinstance(f, Atom)]
    if len(axes) < len(factors):
        return None
    return (
        f"give each group an axis of its own, `{', '.join(axes)}`; a product of both on one axis "
        f"has size {carried.dimension}"
    )


def _swapped(axis: ast.Axis, expressions: Expressions) -> bool:
    """Whether an axis was written `representation: size`; reported once, not as two mistakes."""
    written, after = axis.sizes[0], axis.representation
    size_after = isinstance(after, ast.Integer) or (
        isinstance(after, ast.Name) and expressions.kind(after.text) == "size"
    )
    root = written
    while isinstance(root, ast.Attribute):
        root = root.owner
    group_before = isinstance(root, ast.Call) or (
        isinstance(root, ast.Name) and expressions.kind(root.text) == "group"
    )
    if len(axis.sizes) != 1 or after is None or not (size_after and group_before):
        return False
    size = expressions.report.excerpt(after.span)
    representation = expressions.report.excerpt(written.span)
    text = expressions.report.source.text
    expressions.report.error(
        "SYM312",
        axis.span,
        "size and representation have changed places",
        help=f"an axis says its size first: `{size}: {representation}`",
        fix=f"{text[slice(*after.span)]}: {text[slice(*written.span)]}",
    )
    return True


def _is_one_name(size: Size) -> bool:
    return len(size.names) == 1 and size == Size.variable(*size.names)


def _ragged_size(size: Size, written: ast.Expression, expressions: Expressions) -> bool:
    names = size.names & expressions.sizes.ragged.keys()
    if not names or _is_one_name(size):
        return False
    _refuse_ragged(min(names), written.span, expressions)
    return True


def _computes_from_ragged(
    carried: Carried, written: ast.Expression, expressions: Expressions
) -> bool:
    """Whether a representation holds a ragged size other than as the whole of a permutation."""
    names = carried.dimension.names & expressions.sizes.ragged.keys()
    if not names or (isinstance(carried.tree, Atom) and _is_one_name(carried.dimension)):
        return False
    name = min(names)
    spans = [
        node.span for node in walk(written) if isinstance(node, ast.Name) and node.text == name
    ]
    inside_call = any(isinstance(node, ast.Call) for node in walk(written))
    span = spans[0] if spans and not inside_call else written.span
    _refuse_ragged(name, span, expressions)
    return True


def _refuse_ragged(name: str, span: Span, expressions: Expressions) -> None:
    expressions.report.error(
        "SYM207",
        span,
        f"`{expressions.report.excerpt(span)}` computes a size from the ragged size `{name}`",
        help=f"give the ragged size an axis of its own: `{name}` or `{name}: S({name})`",
        related=[Related(expressions.sizes.seen[name], f"`{name}` is declared ragged here")],
    )


def _points_stand_alone(axes: list[_AxisValue], expressions: Expressions) -> bool:
    """The representation of a tensor is the product of its axes': the rule of points again."""
    if not axes:
        return True
    whole = axes[0].carried
    for axis in axes[1:]:
        if expressions.refuse_product(whole, axis.carried, axis.span):
            return False
        whole = replace(
            whole,
            affine=whole.affine or axis.carried.affine,
            linear=whole.linear or axis.carried.linear,
        )
    return True


def refuse_moved_labels(declared: Declared, expressions: Expressions) -> bool:
    """Report labels on what is not purely permuted: a label has no sign and is no component."""
    labels = declared.statement.labels
    if labels is None or not declared.tensor.whole:
        return False
    groups = expressions.groups.instances
    for axis, written in zip(declared.tensor.axes, declared.statement.axes or (), strict=True):
        written_as = written.representation.span if written.representation else written.span
        if alternates(axis.representation):
            expressions.report.error(
                "SYM311",
                written_as,
                "labels can only be permuted, but `alt` multiplies them by signs",
                help=f"drop `of {declared.tensor.labels}` for numbers, or write `sym` for labels "
                "of unordered pairs",
            )
            return True
        for atom in atoms(axis.representation):
            family = groups[atom.group].facts
            facts = family.atoms[atom.name]
            permutes = facts.axis == "trivial" or family.permutes or not mixes(family, atom.name)
            if permutes and not facts.character:
                continue
            expressions.report.error(
                "SYM311",
                written_as,
                f"labels can only be permuted, but `{atom.group}.{atom.name}` multiplies them",
                help=f"drop `of {expressions.report.excerpt(labels.span)}` for numbers, or let the "
                "labels lie on permutations and channels",
            )
            return True
    return False
