"""Random specs that share tensors and shapes but not groups, for comparing their symmetries."""

from __future__ import annotations

import re
from collections.abc import Sequence
from random import Random

from symc.checking import check
from symc.ir.program import Program
from symc.source import Source

Shapes = list[tuple[str, str, list[str]]]
"""Kind, name and axis sizes of each tensor."""

_FAMILIES = ("S", "O", "SO", "E", "SE", "T")
_ATOMS = {
    "S": ("natural",),
    "O": ("vector", "vector", "pseudovector"),
    "SO": ("vector",),
    "E": ("point", "vector", "pseudovector"),
    "SE": ("point", "vector"),
    "T": ("point",),
}
_SCALARS = {"S": "sign", "O": "pseudoscalar", "E": "pseudoscalar"}


def random_shapes(random: Random, symbols: bool) -> Shapes:
    """Two inputs and an output, of one or two axes each."""
    palette = ["1", "2", "2", "3", "4"] + ["n", "n", "n"] * symbols
    rows: Shapes = []
    for kind, name in (("input", "x"), ("input", "z"), ("output", "y")):
        rows.append((kind, name, [random.choice(palette) for _ in range(random.choice((1, 2, 2)))]))
    if symbols:
        rows[0][2][0] = "n"
    return rows


def random_spec(random: Random, shapes: Shapes) -> str:
    """The text of a spec of these shapes that checks without errors."""
    while True:
        text = _draft(random, shapes)
        if check(Source("<random>", text)).program is not None:
            return text


def program_of(text: str) -> Program:
    """The program of a text without errors."""
    program = check(Source("<random>", text)).program
    assert program is not None, text
    return program


def _draft(random: Random, shapes: Shapes) -> str:
    sizes = sorted({size for _, _, axes in shapes for size in axes})
    families = random.sample(_FAMILIES, random.choice((1, 2, 2, 3)))
    pool: dict[str, tuple[str, str]] = {}
    for size in sizes:
        for family in families:
            for copy in range(random.choice((1, 1, 2))):
                pool[f"{family}{size}{'ab'[copy]}"] = (family, size)
    lines = []
    for kind, name, axes in shapes:
        carried = []
        for size in axes:
            representation = _representation(random, size, pool)
            carried.append(f"{size}: {representation}" if representation else size)
        lines.append(f"{kind} {name}[{', '.join(carried)}]")
    used = [name for name in pool if any(re.search(rf"\b{name}\b", line) for line in lines)]
    declared = [f"group {name} = {pool[name][0]}({pool[name][1]})" for name in used]
    return "\n".join([*declared, *lines, ""])


def _representation(random: Random, size: str, pool: dict[str, tuple[str, str]]) -> str | None:
    fitting = [name for name, (_, parameter) in pool.items() if parameter == size]
    signed = [name for name, (family, _) in pool.items() if family in _SCALARS]
    halves = [name for name, (_, parameter) in pool.items() if parameter == "2"]
    kind = random.random()
    if size == "1" and signed and kind < 0.7:
        name = random.choice(signed)
        return f"{name}.{_SCALARS[pool[name][0]]}"
    if size == "4" and halves and kind < 0.6:
        one, two = (_atom(random, random.choice(halves), pool) for _ in range(2))
        return random.choice((f"{one}*{two}", f"{one} + {two}", f"2*{one}", f"{one}*2"))
    if fitting and kind < 0.85:
        return _atom(random, random.choice(fitting), pool)
    return None


def _atom(random: Random, name: str, pool: dict[str, tuple[str, str]]) -> str:
    return f"{name}.{random.choice(_ATOMS[pool[name][0]])}"


def without(text: str, group: str) -> str | None:
    """The spec with channels where a group acted alone; None where that is no spec."""
    kept = [line for line in text.splitlines() if not line.startswith(f"group {group} ")]
    lines = [re.sub(rf": {group}\.\w+(?=[,\]])", "", line) for line in kept]
    changed = "\n".join(lines) + "\n"
    if re.search(rf"\b{group}\b", changed):
        return None
    return changed if check(Source("<changed>", changed)).program is not None else None


def groups_of(text: str) -> Sequence[str]:
    """The names of the declared groups."""
    return re.findall(r"^group (\w+)", text, re.M)


_EDITS = (
    (r"= O\(", "= SO("), (r"= SO\(", "= O("), (r"= E\(", "= SE("), (r"= SE\(", "= E("),
    (r"= S\(", "= O("), (r"\bpseudovector\b", "vector"), (r"\.vector\b", ".pseudovector"),
    (r"(\w)a\.", r"\1b."), (r"(\w)b\.", r"\1a."), (r"\.sign\b", ".scalar"),
    (r"\.pseudoscalar\b", ".scalar"), (r"\.natural\b", ".vector"),
)  # fmt: skip


def related_spec(random: Random, text: str) -> str:
    """A spec near another one: a few edits of groups and representations, if they check."""
    for _ in range(30):
        changed = text
        for pattern, new in random.sample(_EDITS, random.choice((1, 1, 2, 3))):
            places = list(re.finditer(pattern, changed))
            if places:
                place = random.choice(places)
                changed = changed[: place.start()] + place.expand(new) + changed[place.end() :]
        used = [line for line in changed.splitlines() if _is_used(line, changed)]
        changed = "\n".join([*used, ""])
        if changed != text and check(Source("<related>", changed)).program is not None:
            return changed
    return text


def _is_used(line: str, text: str) -> bool:
    declared = re.match(r"group (\w+)", line)
    return declared is None or len(re.findall(rf"\b{declared[1]}\b", text)) > 1
