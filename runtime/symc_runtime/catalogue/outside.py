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
    return [each for each in _all_now() if each.kind == kind]


def blamed(error: BaseException) -> str | None:
    """Whose code raised, and where, if it is that of what an installed package brings; else None.

    The innermost frame that is ours or theirs decides: what they call of others is theirs.
    """
    theirs: dict[str, list[Brought]] = {}
    for each in _all_now():
        top = each.point.value.partition(":")[0].split(".")[0]
        theirs.setdefault(top, []).append(each)
    found = None
    trace = error.__traceback__
    while trace is not None:
        top = str(trace.tb_frame.f_globals.get("__name__")).split(".")[0]
        if top in theirs:
            code = trace.tb_frame.f_code
            names = ", ".join(each.name for each in theirs[top])
            found = (
                f"the package {theirs[top][0].package}, which brings {names}, raises "
                f"{type(error).__name__} in `{code.co_name}` "
                f"({os.path.basename(code.co_filename)}:{trace.tb_lineno}): {error}"
            )
        elif top in ("symc", "symc_runtime"):
            found = None
        trace = trace.tb_next
    return found


def _all_now() -> tuple[Brought, ...]:
    return _all(tuple(sys.path))


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
