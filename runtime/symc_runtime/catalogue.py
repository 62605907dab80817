"""The catalogue: every group, method and net, found by scanning the folders they lie in.

A file that defines a concrete subclass is all that a new entry needs. Nothing here imports torch,
for the checker reads the same facts.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Mapping
from functools import cache
from types import MappingProxyType
from typing import TypeVar

from symc_runtime.groups.group import Group
from symc_runtime.methods.method import Method
from symc_runtime.nets.net import Net

Entry = TypeVar("Entry", Group, Method, Net)


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
        if kind.name in entries:
            other = type(entries[kind.name])
            raise ImportError(
                f"{kind.__module__}.{kind.__name__} and {other.__module__}.{other.__name__} "
                f"both call themselves {kind.name!r}"
            )
        entries[kind.name] = kind()
    return MappingProxyType(dict(sorted(entries.items())))


@cache
def groups() -> Mapping[str, Group]:
    """Group constructors by the name that a spec writes, `S`, `O`, `E` ..."""
    return _collect(Group, "symc_runtime.groups")


@cache
def compiled_groups() -> Mapping[str, Group]:
    """Those of `groups` that modules can be compiled for; the others have facts alone."""
    found = {name: facts for name, facts in groups().items() if facts.ruled}
    return MappingProxyType(found)


@cache
def methods() -> Mapping[str, Method]:
    """Methods of symmetrization by name."""
    return _collect(Method, "symc_runtime.methods")


@cache
def nets() -> Mapping[str, Net]:
    """Equivariant nets by name."""
    return _collect(Net, "symc_runtime.nets")
