"""What installed packages bring to the catalogue, by entry points.

A package of the user's says in its pyproject.toml, for a group `A(n)`:

    [project.entry-points."symc.groups"]
    A = "my_package.alternating:Alternating"

so do `symc.nets` and `symc.methods`. The name is that of the class, which must not import torch:
checking a spec reads it.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

PREFIX = "symc."


class OutsideError(ImportError):
    """A package brings what the catalogue cannot take; the message names both."""


@dataclass(frozen=True)
class Brought:
    """One entry point: its group without the prefix, its name, and the package it comes from."""

    kind: str
    name: str
    package: str
    point: EntryPoint

    @property
    def told(self) -> str:
        """`the package p brings A = p.alternating:Alternating (symc.groups)`."""
        return (
            f"the package {self.package} brings {self.name} = {self.point.value} "
            f"({PREFIX}{self.kind})"
        )

    def load(self) -> object:
        """What it names. OutsideError where that cannot be imported."""
        try:
            loaded: object = self.point.load()
        except Exception as error:
            raise OutsideError(
                f"{self.told}, which fails to import: {type(error).__name__}: {error}"
            ) from error
        return loaded


def brought(kind: str) -> list[Brought]:
    """The entry points of a kind, `groups`, `nets` or `methods`, by package and name."""
    return [each for each in _all(tuple(sys.path)) if each.kind == kind]


@cache
def _all(path: tuple[str, ...]) -> tuple[Brought, ...]:
    folders = [folder for folder in path if _mentioned(folder)]
    if not folders:
        return ()
    # Its import takes longer than all else that is imported to check a spec.
    from importlib.metadata import distributions

    found: list[Brought] = []
    packages: set[str] = set()
    for distribution in distributions(path=folders):
        package = distribution.name or "?"
        folded = package.lower().replace("-", "_").replace(".", "_")
        if folded in packages:
            continue  # the one that is first on the path is the one that is imported
        packages.add(folded)
        found += [
            Brought(point.group.removeprefix(PREFIX), point.name, package, point)
            for point in distribution.entry_points
            if point.group.startswith(PREFIX)
        ]
    return tuple(sorted(found, key=lambda each: (each.package, each.kind, each.name)))


def _mentioned(folder: str) -> bool:
    """Whether a folder holds a package with entry points of ours; so does an archive, perhaps."""
    if os.path.isfile(folder):
        return True
    return any(f"[{PREFIX}" in text for text in _entry_points(folder))


def _entry_points(folder: str) -> Iterator[str]:
    try:
        names = os.listdir(folder or ".")
    except OSError:
        return
    for name in names:
        if name.endswith((".dist-info", ".egg-info")):
            file = os.path.join(folder, name, "entry_points.txt")
            try:
                with open(file, encoding="utf-8", errors="replace") as opened:
                    yield opened.read()
            except OSError:
                continue
