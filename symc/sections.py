"""Titled sections of two columns, as text of 80 columns."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from symc.diagnostics.render._terminal import shown, text_width, wrap

_COLUMN = 16


def sections(parts: Iterable[tuple[str, Sequence[str]]], color: bool = False) -> list[str]:
    """The lines of all sections that have any, under their titles, an empty line before each."""
    found: list[str] = []
    for title, lines in parts:
        if lines:
            found += ["", bold(title, color), *lines]
    return found


def table(rows: Sequence[tuple[str, str]]) -> list[str]:
    """Lines of a label and what is said of it, in two columns."""
    column = min(max((text_width(left) for left, _ in rows), default=0), _COLUMN)
    lines = []
    for left, right in rows:
        first, *rest = wrap(right, column + 4, column + 4)
        label = shown(left)
        if text_width(label) > column:
            lines += item(left, 2)
            label = ""
        space = " " * (column + 2 - text_width(label))
        lines.append(f"  {label}{space}{first}".rstrip())
        lines += [" " * (column + 4) + line for line in rest]
    return lines


def item(text: str, indent: int) -> list[str]:
    """Lines of a text, the later ones indented further."""
    first, *rest = wrap(text, indent, indent + 2)
    return [" " * indent + first, *(" " * (indent + 2) + line for line in rest)]


def paragraphs(text: str) -> list[str]:
    """Text of a spec in lines of 80 columns: line breaks are not kept, empty lines are."""
    lines: list[str] = []
    for number, paragraph in enumerate(text.strip().split("\n\n")):
        lines += [""] if number else []
        lines += wrap(paragraph.replace("\n", " "), 0, 0)
    return lines


def bold(text: str, color: bool) -> str:
    """A heading."""
    return f"\x1b[1m{shown(text)}\x1b[0m" if color else shown(text)
