"""The catalogue: every group, method and net, found by scanning the folders they lie in.

A file that defines a concrete subclass is all that a new entry needs. Installed packages bring
others, see `outside`. Nothing here imports torch, for the checker reads the same facts.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Mapping
from functools import cache
from keyword import iskeyword
from types import MappingProxyType
from typing import TypeVar

from symc_runtime.catalogue.outside import Brought, OutsideError, brought
from symc_runtime.groups.family import Family
from symc_runtime.methods.method import Method
from symc_runtime.nets.net import Net

Entry = TypeVar("Entry", Family, Method, Net)


def _subclasses(root: type[Entry]) -> list[type[Entry]]:
    found: list[type[Entry]] = []
    pending: list[type[Entry]] = [root]
    while pending:
        children: list[type[Entry]] = type.__subclasses__(pending.pop())
        found += children
        pending += children
    return found


def _collect(root: type[Entry], package: str) -> Mapping[str, Entry]:
    folder = importlib.import_module(package)
    for module in pkgutil.iter_modules(folder.__path__):
        importlib.import_module(f"{package}.{module.name}")
    entries: dict[str, Entry] = {}
    for kind in _subclasses(root):
        if not kind.__module__.startswith(package + ".") or "name" not in vars(kind):
            continue
        entry = kind()
        if kind.name in entries:
            raise ImportError(
                f"{_path(entry)} and {_path(entries[kind.name])} both call themselves {kind.name!r}"
            )
        entries[kind.name] = entry
    for each in brought(package.rpartition(".")[2]):
        if each.name in entries:
            raise OutsideError(f"{each.told}, but {_path(entries[each.name])} has that name")
        entries[each.name] = _entry(each, root)
    return MappingProxyType(dict(sorted(entries.items())))


def _entry(each: Brought, root: type[Entry]) -> Entry:
    """What an installed package brings. OutsideError where it is none of the kind."""
    if not (each.name.isascii() and each.name.isidentifier()) or iskeyword(each.name):
        raise OutsideError(f"{each.told}: {each.name!r} is no name that a spec can write")
    loaded = each.load()
    if not isinstance(loaded, type) or not issubclass(loaded, root):
        raise OutsideError(f"{each.told}, which is no subclass of {root.__name__}")
    name = getattr(loaded, "name", None)
    if name != each.name:
        raise OutsideError(
            f"{each.told}, which calls itself {name!r}: an entry point and its class have one name"
        )
    missing = [said for said in _SAID.get(root.__name__, ()) if not hasattr(loaded, said)]
    if missing:
        raise OutsideError(f"{each.told}, which says no `{missing[0]}`")
    try:
        return loaded()
    except Exception as error:
        raise OutsideError(f"{each.told}, which cannot be made: {error}") from error


_SAID = {
    "Family": ("title", "parameter", "element", "atoms", "bare", "examples"),
    "Method": ("title", "options"),
    "Net": ("title", "fits", "module"),
}
"""What a class of each kind must say; its methods are abstract where they must be there."""


def _path(entry: object) -> str:
    return f"{type(entry).__module__}.{type(entry).__qualname__}"


@cache
def groups() -> Mapping[str, Family]:
    """Family constructors by the name that a spec writes, `S`, `O`, `E` ..."""
    return _collect(Family, "symc_runtime.groups")


@cache
def compiled_groups() -> Mapping[str, Family]:
    """Those of `groups` that modules can be compiled for; the others have facts alone."""
    found = {name: facts for name, facts in groups().items() if facts.ruled}
    return MappingProxyType(found)


@cache
def methods() -> Mapping[str, Method]:
    """Methods of symmetrization by name."""
    return _collect(Method, "symc_runtime.methods")


@cache
def compiled_methods() -> Mapping[str, Method]:
    """Those of `methods` that modules can be compiled for; the others have facts alone."""
    return MappingProxyType({name: facts for name, facts in methods().items() if facts.ruled})


@cache
def nets() -> Mapping[str, Net]:
    """Equivariant nets by name."""
    return _collect(Net, "symc_runtime.nets")
