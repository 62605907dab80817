"""Characters that are not seen but do something: control codes, marks of direction, and others.

On a terminal they move the cursor, rename the window, fill the clipboard (OSC 52) or turn the order
of letters around; in a program they make what is read differ from what runs.
"""

from __future__ import annotations

import re
import unicodedata

_COLOR = re.compile("(\x1b\\[[0-9;]*m)")


def escaped(text: str, colors: bool = False) -> str:
    """Text with each of them as a Python literal has it: `\\x1b`, `\\u202e`.

    Line breaks, tabs and spaces of any width stay; with `colors`, the sequences that colour, too,
    for what we painted ourselves.
    """
    if text.isprintable():
        return text
    if colors:
        pieces = _COLOR.split(text)
        # What was split by, stands at odd places.
        return "".join(p if i % 2 else escaped(p) for i, p in enumerate(pieces))
    return "".join(c if c.isprintable() or _is_space(c) else _literal(ord(c)) for c in text)


def _is_space(character: str) -> bool:
    return character in "\n\t" or unicodedata.category(character) == "Zs"


def _literal(code: int) -> str:
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
