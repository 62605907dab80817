"""IR tensors and groups as the declarations that a compiled module keeps."""

from __future__ import annotations

from typing import assert_never, overload

from symc.ir import representations as ir
from symc.ir.groups import GroupInstance
from symc.ir.program import Program
from symc.ir.sizes import Parameter, Several, Size
from symc.ir.tensors import Axis, Derivation, Tensor
from symc_runtime.spec import layout


@overload
def size(value: Size) -> int | str: ...


@overload
def size(value: Several) -> tuple[int | str, ...]: ...


def size(value: Parameter) -> int | str | tuple[int | str, ...]:
    """A whole number, or the polynomial as text; of several sizes all of them."""
    if isinstance(value, Several):
        return tuple(size(each) for each in value.sizes)
    number = value.value
    return str(value) if number is None else number


def group(instance: GroupInstance) -> layout.Group:
    """The group as the runtime knows it."""
    return layout.Group(
        instance.name, instance.family, size(instance.parameter), instance.definition
    )


def _atom(atom: ir.Atom, program: Program) -> layout.Representation:
    facts = program.group(atom.group).facts
    facts.refuse_without_rule()
    shape = facts.atoms[atom.name]
    match shape.axis:
        case "trivial":
            return layout.Sign(atom.group) if shape.character else layout.Trivial(1)
        case "natural":
            moves = facts.permutes or facts.turns or facts.flips or facts.tabled
            if not (moves or shape.affine):
                return layout.Trivial(size(atom.dimension))
            natural = layout.Natural(atom.group, size(atom.dimension), shape.affine)
            return (
                layout.Product((layout.Sign(atom.group), natural)) if shape.character else natural
            )
        case "table" | "grid" | "nested" | "blocks":
            arguments = tuple(size(argument) for argument in atom.arguments)
            return layout.Table(atom.group, atom.name, size(atom.dimension), arguments)
        case _ as never:
            assert_never(never)


def representation(value: ir.Representation, program: Program) -> layout.Representation:
    """The representation in the runtime's terms; powers written out."""
    match value:
        case ir.Trivial(size=channels):
            return layout.Trivial(size(channels))
        case ir.Atom():
            return _atom(value, program)
        case ir.Product(factors=factors):
            return layout.Product(tuple(representation(factor, program) for factor in factors))
        case ir.Sum(terms=terms):
            return layout.Sum(tuple(representation(term, program) for term in terms))
        case ir.Power(base=base, exponent=exponent):
            one = representation(base, program)
            return one if exponent == 1 else layout.Product((one,) * exponent)
        case ir.Sym(base=base, exponent=exponent):
            one = representation(base, program)
            return one if exponent == 1 else layout.Sym(one, exponent)
        case ir.Alt(base=base, exponent=exponent):
            one = representation(base, program)
            return one if exponent == 1 else layout.Alt(one, exponent)
        case ir.Dual(base=base):
            return layout.dual(representation(base, program))
    raise TypeError(f"not a representation: {value!r}")


def tensor(value: Tensor, program: Program) -> layout.Tensor:
    """The tensor in the runtime's terms."""
    axes = tuple(_axis(axis, program) for axis in value.axes)
    names = None if value.names is None else _items(value.names, program)
    return layout.Tensor(value.name, axes, value.labels, names, _gradient(value.derivation))


def _items(value: ir.Atom, program: Program) -> layout.Items:
    items = _atom(value, program)
    if not isinstance(items, layout.Natural | layout.Table):
        raise TypeError(f"{value.group}.{value.name} has no items")
    return items


def _gradient(value: Derivation | None) -> layout.Gradient | None:
    if value is None:
        return None
    factor = value.factor
    exact = factor.numerator if factor.denominator == 1 else float(factor)
    return layout.Gradient(value.of, value.by, exact)


def _axis(value: Axis, program: Program) -> layout.Representation:
    carried = representation(value.representation, program)
    return layout.Joint(tuple(map(size, value.joint)), carried) if value.joint else carried


def involves(value: layout.Representation, group_name: str) -> bool:
    """Whether the group moves it."""
    match value:
        case layout.Natural(name) | layout.Sign(name) | layout.Table(name):
            return name == group_name
        case layout.Joint(carried=carried):
            return involves(carried, group_name)
        case layout.Sym(carried) | layout.Alt(carried):
            return involves(carried, group_name)
        case layout.Product(parts) | layout.Sum(parts):
            return any(involves(part, group_name) for part in parts)
        case _:
            return False


def affine_in(value: layout.Representation, group_name: str) -> bool:
    """Whether the group's translations move it."""
    match value:
        case layout.Natural(name, _, affine):
            return affine and name == group_name
        case layout.Product(parts) | layout.Sum(parts):
            return any(affine_in(part, group_name) for part in parts)
        case _:
            return False
