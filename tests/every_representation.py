"""What a spec writes for an axis of each representation that a group has."""

from __future__ import annotations

from symc_runtime.catalogue import groups
from symc_runtime.groups.finite import Finite


def axes_of(family: str, parameter: int) -> dict[str, str]:
    """By a name for a tensor: `_: G.irrep(1)`, `(3, 3): G.grid`, the group named G."""
    facts = groups()[family]
    found = {}
    for name, atom in facts.atoms.items():
        every = facts.choices(name, parameter) if isinstance(facts, Finite) else [()]
        for arguments in every:
            inside = f"({', '.join(map(str, arguments))})" if arguments else ""
            place = "(3, 3)" if atom.axis == "grid" else "_"
            found["_".join([name, *map(str, arguments)])] = f"{place}: G.{name}{inside}"
    return found


def affine(family: str, called: str) -> bool:
    """Whether translations move the representation of this name."""
    facts = groups()[family].atoms.get(called)
    return facts is not None and facts.affine
