"""The specs that paths on the command line mean."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

STDIN = "-"
SUFFIX = ".sym"


@dataclass
class Search:
    """`files`: each once, in order. `empty`: folders without a spec. `failed`: what cannot be
    searched, with the reason."""

    files: list[str] = field(default_factory=list)
    empty: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)


def search(arguments: Sequence[str]) -> Search:
    """`-`, files, and every .sym below folders, sorted; nothing twice, however it is spelt.

    Below a folder, what begins with a dot is left out, links to folders are not followed (so that
    a loop of links ends), and of what is called .sym only pipes, sockets and devices are passed
    over: a dangling link is no spec that is there, and is said to be unreadable later.
    """
    result = Search()
    seen: set[str] = set()
    for argument in arguments:
        folder = argument != STDIN and Path(argument).is_dir()
        found = sorted(_below(argument, result)) if folder else [argument]
        if folder and not found:
            result.empty.append(argument)
        for path in found:
            key = path if path == STDIN else os.path.abspath(path)
            if key not in seen:
                seen.add(key)
                result.files.append(path)
    return result


def _below(folder: str, result: Search) -> Iterator[str]:
    def refuse(error: OSError) -> None:
        result.failed.append(f"cannot search `{shown(str(error.filename))}`: {error.strerror}")

    for place, folders, names in os.walk(folder, onerror=refuse):
        folders[:] = [name for name in folders if not name.startswith(".")]
        for name in names:
            path = str(Path(place, name))
            if name.endswith(SUFFIX) and not name.startswith(".") and _may_be_text(path):
                yield path


def _may_be_text(path: str) -> bool:
    """Whether opening it cannot wait for ever; what is not there fails when it is read."""
    try:
        return stat.S_ISREG(os.stat(path).st_mode)
    except OSError:
        return True


def shown(path: str) -> str:
    """A path as it can be printed: names of files may hold any bytes."""
    return os.fsencode(path).decode("utf-8", "replace")
