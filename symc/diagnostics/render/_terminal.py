"""Text on a terminal: how wide it is, what may be shown as it is, colour, line breaks."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

from symc.diagnostics.codes import Severity
from symc.diagnostics.diagnostic import Diagnostic

WIDTH = 80
TAB = 4
STYLES = {
    "error": "1;31", "warning": "1;33", "note": "1;36", "help": "1;36", "frame": "1;34",
    "message": "1", "label": "34",
}  # fmt: skip


def paint(text: str, style: str, color: bool) -> str:
    """Text in one of `STYLES`, where colour is wanted."""
    return f"\x1b[{STYLES[style]}m{text}\x1b[0m" if color and text else text


def shown(text: str) -> str:
    """Text that cannot steer the terminal: one visible character for each control character."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() or c == "\u3000" else _visible(c) for c in text)


def _visible(character: str) -> str:
    code = ord(character)
    if code < 0x20:
        return chr(0x2400 + code)
    if code == 0x7F:
        return "\u2421"
    return " " if unicodedata.category(character) == "Zs" else "\ufffd"


def char_width(character: str) -> int:
    """Columns that one character takes: 2 for wide East Asian ones, 0 for combining marks."""
    if character < "\u0300":
        return 1
    if unicodedata.combining(character) or unicodedata.category(character) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def text_width(text: str) -> int:
    """Columns that a text takes."""
    return len(text) if text.isascii() else sum(map(char_width, text))


_SEGMENT = re.compile(r"`[^`]*`|`|\s+|[^\s`]+")
_CODE = 42


def _pieces(text: str) -> list[str]:
    """What a line break may not part: words, and code in backticks up to half a line."""
    pieces: list[str] = []
    joined = False
    for segment in _SEGMENT.findall(text):
        if segment.isspace():
            joined = False
            continue
        parts = [segment] if text_width(segment) <= _CODE else segment.split()
        if joined:
            pieces[-1] += parts.pop(0)
        pieces += parts
        joined = True
    return pieces


def wrap(text: str, first: int, rest: int, width: int = WIDTH) -> list[str]:
    """Lines of a text; `first` and `rest` columns are taken on the first and on later lines."""
    lines: list[str] = []
    line = ""
    room = width - first
    for piece in _pieces(shown(text)):
        # A single word longer than a line, a file name or a giant identifier, is cut hard.
        while text_width(piece) > max(width - rest if lines or line else room, 8):
            if line:
                lines.append(line)
                line, room = "", width - rest
            cut = _fitting(piece, max(room, 8))
            lines.append(piece[:cut])
            piece, room = piece[cut:], width - rest
        if line and text_width(line) + 1 + text_width(piece) > room:
            lines.append(line)
            line, room = piece, width - rest
        else:
            line = f"{line} {piece}" if line else piece
    return [*lines, line] if line or not lines else lines


def _fitting(text: str, columns: int) -> int:
    """How many characters of a text take at most so many columns."""
    taken = 0
    for place, character in enumerate(text):
        taken += char_width(character)
        if taken > columns:
            return place
    return len(text)


def counted(number: int, noun: str) -> str:
    """`1 file`, `2 files`."""
    return f"{number:,} {noun}" + ("" if number == 1 else "s")


def summary(diagnostics: Sequence[Diagnostic], files: int) -> str:
    """`Found 2 errors and 1 warning in 1 file.`, of `files` that were looked at."""
    if not diagnostics:
        return f"Found no problems in {counted(files, 'file')}."
    kinds: tuple[Severity, ...] = ("error", "warning", "note")
    numbers = [(sum(d.severity == kind for d in diagnostics), kind) for kind in kinds]
    parts = [counted(number, kind) for number, kind in numbers if number]
    found = parts[0] if len(parts) == 1 else ", ".join(parts[:-1]) + " and " + parts[-1]
    wrong = len({d.source.name for d in diagnostics if d.code != "SYM110"})
    if not wrong:  # a folder is no file
        return f"Found {found}; looked at {counted(files, 'file')}."
    place = f"{wrong:,} of {counted(files, 'file')}" if files > wrong else counted(wrong, "file")
    return f"Found {found} in {place}."
