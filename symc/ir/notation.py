"""Representations and tensors as a spec would write them."""

from __future__ import annotations

from collections.abc import Sequence

from symc.ir.groups import GroupInstance
from symc.ir.representations import (
    Alt,
    Atom,
    Dual,
    Power,
    Product,
    Representation,
    Sum,
    Sym,
    Trivial,
)
from symc.ir.sizes import Size
from symc.ir.tensors import Tensor


def representation(tree: Representation, groups: Sequence[GroupInstance]) -> str:
    """The representation as text: `16*M.scalar + P*M.vector^2`."""
    return _written(tree, bare_names(groups))


def bare_names(groups: Sequence[GroupInstance]) -> dict[str, str | None]:
    """The representation that each group means alone, by the name of the group."""
    return {group.name: group.facts.bare for group in groups}


def tensor(declared: Tensor, groups: Sequence[GroupInstance]) -> str:
    """The tensor as declared, each size in full: `pos[n: P, 3: M.point]`."""
    axes = []
    bare = bare_names(groups)
    for axis in declared.axes:
        channel = isinstance(axis.representation, Trivial)
        carried = (
            "" if channel else f": {_written(axis.representation, bare, joint=bool(axis.joint))}"
        )
        # No size is written as a quotient: such a one is computed.
        size = str(axis.size) if axis.size.divisor == 1 else "_"
        sizes = f"({', '.join(map(str, axis.joint))})" if len(axis.joint) > 1 else size
        axes.append(f"{sizes}{carried}")
    shape = f"[{', '.join(axes)}]" if axes else ""
    derived = f" = {declared.derivation}" if declared.derivation is not None else ""
    return f"{declared.name}{shape}{_labels(declared)}{derived}"


def _labels(declared: Tensor) -> str:
    """What stands behind the axes of whole numbers."""
    if declared.names is not None:
        return f" of {declared.names.group}"
    return "" if declared.labels is None else f" of {declared.labels}"


def _size(size: Size) -> str:
    return f"({size})" if len(size.terms) > 1 else str(size)


def _written(tree: Representation, bare: dict[str, str | None], joint: bool = False) -> str:
    match tree:
        case Trivial(size=size):
            return _size(size)
        case Atom(group=group, name=name, arguments=arguments):
            if bare[group] == name:
                return group
            # The sizes of joint axes stand before the colon.
            bracketed = arguments and not joint
            return f"{group}.{tree.called if bracketed else name}"
        case Sum(terms=terms):
            return " + ".join(_written(term, bare) for term in terms)
        case Product(factors=factors):
            return "*".join(_factor(factor, bare) for factor in factors)
        case Power(base=base, exponent=exponent):
            text = _factor(base, bare)
            text = f"({text})" if isinstance(base, Product | Power) else text
            return f"{text}^{exponent}"
        case Sym(base=base, exponent=exponent):
            return f"sym({_written(base, bare)}, {exponent})"
        case Alt(base=base, exponent=exponent):
            return f"alt({_written(base, bare)}, {exponent})"
        case Dual(base=base):
            return f"dual({_written(base, bare, joint)})"
    raise TypeError(f"not a representation: {tree!r}")


def _factor(tree: Representation, bare: dict[str, str | None]) -> str:
    text = _written(tree, bare)
    return f"({text})" if isinstance(tree, Sum) else text
