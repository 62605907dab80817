"""What differs between two specs besides their symmetry: tensors, sizes, methods, options."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Literal

from symc.comparison.model import Change
from symc.description.stages import method_of
from symc.ir.groups import GroupInstance
from symc.ir.notation import tensor as written
from symc.ir.program import Program
from symc.ir.representations import (
    Alt,
    Atom,
    Dual,
    Power,
    Product,
    Representation,
    Sum,
    Sym,
    atoms,
)
from symc.ir.sizes import SizeVariable
from symc.ir.tensors import Tensor

What = Literal["size", "group", "input", "output", "order", "stage"]


def changes(a: Program, b: Program) -> tuple[Change, ...]:
    """Differences in the order of a spec; a group with another name for the same is one."""
    names = _same_groups(a, b)
    ours = {names.get(g.name, g.name): _group(g) for g in a.groups}
    found = _differences("size", _sizes(a), _sizes(b))
    found += _differences("group", ours, {g.name: _group(g) for g in b.groups})
    for kind in ("input", "output"):
        one = a.inputs if kind == "input" else a.outputs
        two = b.inputs if kind == "input" else b.outputs
        renamed = [_renamed(tensor, names) for tensor in one]
        before = {t.name: written(t, a.groups) for t in one}
        alike = {t.name: written(t, b.groups + a.groups) for t in renamed}
        after = {t.name: written(t, b.groups) for t in two}
        same = {name for name in alike if alike[name] == after.get(name)}
        found += _differences(kind, before, after, same)
        found += _order(f"{kind}s", [t.name for t in one], [t.name for t in two])
    # Without a counterpart a group of A keeps its name, whatever B calls by it.
    stages = {names.get(s.group, s.group): method_of(s, a.group(s.group)) for s in a.stages}
    others = {s.group: method_of(s, b.group(s.group)) for s in b.stages}
    found += _differences("stage", stages, others)
    return (*found, *_order("stages", stages, others))


def _differences(
    what: What,
    before: Mapping[str, str],
    after: Mapping[str, str],
    same: Collection[str] = (),
) -> list[Change]:
    return [
        Change(what=what, name=name, before=before.get(name), after=after.get(name))
        for name in dict.fromkeys([*before, *after])
        if before.get(name) != after.get(name) and name not in same
    ]


def _order(name: str, before: Iterable[str], after: Iterable[str]) -> list[Change]:
    """A change of the order of what both have."""
    one, two = list(before), list(after)
    ours = [entry for entry in one if entry in two]
    theirs = [entry for entry in two if entry in one]
    if ours == theirs:
        return []
    return [Change(what="order", name=name, before=", ".join(ours), after=", ".join(theirs))]


def _sizes(program: Program) -> dict[str, str]:
    return {variable.name: _size(variable) for variable in program.sizes}


def _size(variable: SizeVariable) -> str:
    if variable.value is not None:
        return f"{variable.name} = {variable.value}"
    return variable.name if variable.bound is None else f"{variable.name} <= {variable.bound}"


def _group(group: GroupInstance) -> str:
    constructor = group.constructor
    return constructor if group.inline else f"{group.name} = {constructor}"


def _same_groups(a: Program, b: Program) -> dict[str, str]:
    """For each group of A the one of B that acts in the same places, or else has its name."""
    both = _tensors(a) & _tensors(b)
    theirs = {_footprint(group, b, both): group.name for group in reversed(b.groups)}
    found = {}
    for group in a.groups:
        footprint = _footprint(group, a, both)
        if footprint[1] and footprint in theirs:
            found[group.name] = theirs[footprint]
    free = {group.name for group in b.groups} - set(found.values())
    by_name = {g.name: g.name for g in a.groups if g.name not in found and g.name in free}
    return found | by_name


def _tensors(program: Program) -> set[tuple[str, str]]:
    inputs = {("input", tensor.name) for tensor in program.inputs}
    return inputs | {("output", tensor.name) for tensor in program.outputs}


def _footprint(
    group: GroupInstance, program: Program, within: Collection[tuple[str, str]]
) -> tuple[str, tuple[object, ...]]:
    """Where a group acts, and how."""
    return f"{group.family}{group.definition}", tuple(
        (kind, tensor.name, position, number, atom.name)
        for kind, tensors in (("input", program.inputs), ("output", program.outputs))
        for tensor in tensors
        if (kind, tensor.name) in within
        for position, axis in enumerate(tensor.axes)
        for number, atom in enumerate(atoms(axis.representation))
        if atom.group == group.name
    )


def _renamed(tensor: Tensor, names: Mapping[str, str]) -> Tensor:
    axes = tuple(
        axis.model_copy(update={"representation": _with_names(axis.representation, names)})
        for axis in tensor.axes
    )
    return tensor.model_copy(update={"axes": axes})


def _with_names(tree: Representation, names: Mapping[str, str]) -> Representation:
    match tree:
        case Atom(group=group):
            return tree.model_copy(update={"group": names.get(group, group)})
        case Product(factors=factors):
            return Product(factors=tuple(_with_names(factor, names) for factor in factors))
        case Sum(terms=terms):
            return Sum(terms=tuple(_with_names(term, names) for term in terms))
        case Power(base=base, exponent=exponent):
            return Power(base=_with_names(base, names), exponent=exponent)
        case Sym(base=base) | Alt(base=base) | Dual(base=base):
            return tree.model_copy(update={"base": _with_names(base, names)})
    return tree
