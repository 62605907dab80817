"""The group before a dot: `M` in `M.vector`, `E(3)` in `E(3).vector`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from symc.editor.scope import Scope
from symc.editor.words import Word
from symc_runtime.catalogue import compiled_groups
from symc_runtime.groups.family import Family


@dataclass(frozen=True)
class Owner:
    """A group as it is written before a dot, what is known of it and its parameter."""

    facts: Family
    written: str
    parameter: str


def owner_of(words: Sequence[Word], scope: Scope) -> Owner | None:
    """The group that the last words denote; None where they denote none."""
    if not words:
        return None
    last = words[-1]
    if last.type == "NAME":
        group = scope.groups.get(last.text)
        if group is None:
            return None
        return Owner(group.facts, last.text, str(scope.sizes.resolved(group.parameter)))
    depth = 0
    for index in range(len(words) - 1, 0, -1):
        depth += (words[index].type == "RPAR") - (words[index].type == "LPAR")
        if depth == 0:
            callee = words[index - 1]
            if words[index].type != "LPAR" or callee.text not in compiled_groups():
                return None
            arguments = "".join(word.text for word in words[index + 1 : -1])
            facts = compiled_groups()[callee.text]
            return Owner(facts, f"{callee.text}({arguments})", arguments)
    return None
