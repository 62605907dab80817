"""What was likely meant by a word on the command line that is none."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from symc.commands.searching import SUFFIX, shown

ELSEWHERE = {
    "lint": "check",
    "validate": "check",
    "build": "compile",
    "emit": "compile",
    "info": "describe",
    "show": "describe",
    "inspect": "describe",
    "compare": "diff",
    "fmt": "format",
    "init": "new",
    "create": "new",
    "test": "verify",
    "measure": "verify",
    "why": "explain",
    "help": "--help",
    "version": "--version",
}
_LOOKED_AT = 1000


def near(word: str, known: Iterable[str]) -> str | None:
    """The known word that this one is a slip or the beginning of, None if there is none."""
    names = list(known)
    folded = {name.lower(): name for name in reversed(names)}
    found = get_close_matches(word.lower(), folded, n=1, cutoff=0.6)
    if found:
        return folded[found[0]]
    begun = [name for name in names if len(word) > 1 and name.startswith(word.lower())]
    begun += [name for name in names if len(name) > 1 and word.lower().startswith(name)]
    return begun[0] if begun else None


def command_instead(word: str, known: Sequence[str]) -> str | None:
    """The subcommand or option that a wrong subcommand means, as it is to be written."""
    if word.endswith(SUFFIX) or os.path.exists(word):
        return f"check {shown(word)}"
    # First what other tools say: `compare` is near `compile`, and is none of its slips.
    return ELSEWHERE.get(word.lower()) or near(word, known)


def file_instead(path: str) -> str | None:
    """The spec that the path of no file, or of a folder, means: one that lies there."""
    place = Path(path)
    folder = place if place.is_dir() else place.parent
    try:
        # A dangling link is no file: it would suggest itself.
        found = [e.name for e in islice(os.scandir(folder), _LOOKED_AT) if e.is_file()]
    except OSError:
        return None
    names = sorted(name for name in found if name.endswith(SUFFIX))
    if folder == place:
        return shown(str(place / names[0])) if names else None
    if f"{place.name}{SUFFIX}" in names:
        return shown(f"{path}{SUFFIX}")
    stems = {name.removesuffix(SUFFIX): name for name in names}
    meant = near(place.name.removesuffix(SUFFIX), stems)
    return shown(str(place.parent / stems[meant])) if meant is not None else None


if TYPE_CHECKING:
    _WordChoice = click.Choice[str]
else:
    # Before click 8.2 it takes no parameter.
    _WordChoice = click.Choice


class Choice(_WordChoice):
    """One of some words; a wrong one is told which is near."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """The word; raises click.BadParameter."""
        try:
            return super().convert(value, param, ctx)
        except click.BadParameter as error:
            meant = near(str(value), self.choices)
            if meant is None:
                raise
            raise click.BadParameter(
                f"{error.message} Did you mean '{meant}'?", ctx=ctx, param=param
            ) from None
