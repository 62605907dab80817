"""A comparison for people on a terminal: one who reviews a change of a spec."""

from __future__ import annotations

from collections.abc import Mapping

from symc.comparison.model import Change, Comparison, Relation, Witness
from symc.comparison.words import listed, quoted
from symc.diagnostics.render._terminal import wrap
from symc.sections import bold, item, sections, table

_COLORS = {"-": "\x1b[31m%s\x1b[0m", "+": "\x1b[32m%s\x1b[0m"}


def render(found: Comparison, a: str, b: str, color: bool = False) -> str:
    """The comparison as text of 80 columns; `a` and `b`: how to call the specs."""
    lines = [bold(line, color) for line in wrap(headline(found, a, b), 0, 0)]
    said = []
    if found.compared:
        said.append(("on", ", ".join(quoted(found.tensors))))
        sizes = _compared(found)
        said += [("at", sizes)] if sizes else []
        said += [("where", condition) for condition in found.conditions]
        said += _exceptions(found)
    missing = [
        (f"A symmetry of {name} alone", item(_sentence(witness), 2))
        for name, witness in ((a, found.only_in_a), (b, found.only_in_b))
        if witness is not None
    ]
    return "\n".join(
        [
            *lines,
            *sections(
                [
                    *missing,
                    ("Compared", table(said)),
                    ("Changes", [line for one in found.changes for line in _change(one, color)]),
                ],
                color,
            ),
            "",
        ]
    )


def headline(found: Comparison, a: str, b: str) -> str:
    """The answer, said of the tensors compared alone where there are others, and those named."""
    if not found.not_compared or found.relation == "undecided":
        return verdict(found, a, b)
    left_out = []
    for where, words in (("a", f"in {a} alone"), ("b", f"in {b} alone"), ("both", "of two shapes")):
        names = [one.tensor for one in found.not_compared if one.where == where]
        left_out += [f"{listed(quoted(names))}, {words}"] if names else []
    said = f"On the tensors compared, {verdict(found, a, b)}"
    return f"{said} Not compared: {'; '.join(left_out)}."


def verdict(found: Comparison, a: str, b: str) -> str:
    """One sentence, about A and then B as the relation is."""
    match found.relation:
        case "equal":
            return f"{a} and {b} have the same symmetry."
        case "stronger":
            return f"{a} is stronger than {b}: it has all symmetries of {b}, and more."
        case "weaker":
            return f"{a} is weaker than {b}: it has some of the symmetries of {b}, and no others."
        case "incomparable":
            return f"{a} and {b} are incomparable: each has symmetries that the other lacks."
    return f"How the symmetries of {a} and {b} compare is undecided: {found.reason}."


def _sentence(witness: Witness) -> str:
    place = f", for example at {_values(witness.sizes)}" if witness.sizes else ""
    return f"one of `{witness.group}` {witness.words}{place}"


def _compared(found: Comparison) -> str:
    """At which sizes; empty where none is free."""
    names = list(dict.fromkeys(name for values in found.compared for name in values))
    if not names:
        return ""
    if found.proved_from == 1:
        return f"every value of {' and '.join(names)}"
    if found.proved_from is not None:
        return f"every value of {' and '.join(names)} from {found.proved_from} on"
    shown = [_values(values) for values in found.compared]
    return f"{_some(shown)} only; other sizes were not looked at"


def _exceptions(found: Comparison) -> list[tuple[str, str]]:
    words: dict[Relation, str] = {
        "equal": "they are the same",
        "stronger": "the first is the stronger one",
        "weaker": "the second is the stronger one",
        "incomparable": "they are incomparable",
        "undecided": "it could not be told",
    }
    by_relation: dict[Relation, list[str]] = {}
    for values, relation in found.exceptions:
        by_relation.setdefault(relation, []).append(_values(values))
    return [
        ("except", f"{_some(places)}: {words[relation]}")
        for relation, places in by_relation.items()
    ]


def _some(places: list[str]) -> str:
    return "; ".join(places[:6]) + (f"; {len(places) - 6} more" if len(places) > 6 else "")


def _values(sizes: Mapping[str, int]) -> str:
    return ", ".join(f"{name} = {value}" for name, value in sizes.items())


def _change(one: Change, color: bool) -> list[str]:
    lines = []
    for sign, text in (("-", one.before), ("+", one.after)):
        if text is not None:
            lines += [
                _COLORS[sign] % line if color else line
                for line in item(f"{sign} {_entry(one, text)}", 2)
            ]
    return lines


def _entry(one: Change, text: str) -> str:
    match one.what:
        case "order":
            return f"order of {one.name}: {text}"
        case "stage":
            return f"stage {one.name} {text}"
    return f"{one.what} {text}"
