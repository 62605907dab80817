"""Declarations as Python source, for the file that `symc compile --emit py` writes."""

from __future__ import annotations

from typing import Any

from symc_runtime.spec import layout
from symc_runtime.spec.draws import Draw


def source(value: Any) -> str:
    """An expression that rebuilds the value, with the runtime imported as `sr`."""
    match value:
        case layout.Group(name, family, parameter, definition):
            defined = f", {definition!r}" if definition else ""
            return f"sr.Group({name!r}, {family!r}, {parameter!r}{defined})"
        case layout.Gradient(of, by, factor):
            return f"sr.Gradient({of!r}, {by!r}, {factor!r})"
        case layout.Tensor(name, axes, labels, names, gradient):
            parts = [repr(name), _tuple(axes)]
            if labels is not None:
                parts.append(f"labels={labels}")
            if names is not None:
                parts.append(f"names={source(names)}")
            if gradient is not None:
                parts.append(f"gradient={source(gradient)}")
            return f"sr.Tensor({', '.join(parts)})"
        case layout.Trivial(size):
            return f"sr.Trivial({size!r})"
        case layout.Natural(group, size, affine):
            return f"sr.{'point' if affine else 'Natural'}({group!r}, {size!r})"
        case layout.Sign(group):
            return f"sr.Sign({group!r})"
        case layout.Table(group, atom, size, arguments):
            inside = f", {_tuple(arguments)}" if arguments else ""
            return f"sr.Table({group!r}, {atom!r}, {size!r}{inside})"
        case layout.Joint(sizes, layout.Table(group, "grid")):
            return f"sr.grid({group!r}, {', '.join(map(repr, sizes))})"
        case layout.Joint(sizes, carried):
            return f"sr.Joint({_tuple(sizes)}, {source(carried)})"
        case layout.Product(factors):
            return f"sr.Product({_tuple(factors)})"
        case layout.Sum(terms):
            return f"sr.Sum({_tuple(terms)})"
        case layout.Sym(carried, power, dual):
            return f"sr.Sym({source(carried)}, {power}{', dual=True' if dual else ''})"
        case layout.Alt(carried, power):
            return f"sr.Alt({source(carried)}, {power})"
        case Draw():
            parts = [repr(value.key), repr(value.attribute)]
            if value.enumerates:
                parts.append(f"enumerates={value.enumerates!r}")
            if not value.samples:
                parts.append("samples=False")
            if value.entropy:
                parts.append(f"entropy={value.entropy!r}")
            if value.degree is not None:
                parts.append(f"degree={value.degree}")
            return f"sr.Draw({', '.join(parts)})"
        case tuple():
            return _tuple(value)
        case dict():
            return "{" + ", ".join(f"{k!r}: {source(v)}" for k, v in value.items()) + "}"
        case _:
            return repr(value)


def _tuple(values: tuple[Any, ...]) -> str:
    inner = ", ".join(source(value) for value in values)
    return f"({inner},)" if len(values) == 1 else f"({inner})"


def listing(name: str, values: tuple[Any, ...]) -> list[str]:
    """Lines of a class attribute that holds a tuple, one value a line."""
    if not values:
        return [f"    {name} = ()"]
    return [f"    {name} = (", *(f"        {source(value)}," for value in values), "    )"]
