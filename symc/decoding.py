"""From the bytes of a file to the text of a spec."""

from __future__ import annotations

from codecs import getincrementaldecoder
from pathlib import Path
from typing import BinaryIO

from symc.diagnostics.diagnostic import Diagnostic
from symc.source import Source, Span
from symc.syntax.parse.document import too_large
from symc.syntax.parse.limits import MAX_CHARACTERS

_MAX_BYTES = 8 * MAX_CHARACTERS  # a character has four at most, and windows ends a line with two


def read_text(name: str, file: Path | BinaryIO) -> Source | Diagnostic:
    """The text of a file, without a byte order mark, lines ended by `\\n`.

    SYM109 where it is not UTF-8, SYM108 where it is longer than any spec: no more of it is read
    than tells. Raises OSError where it cannot be read.
    """
    if isinstance(file, Path):
        with file.open("rb") as opened:
            return read_text(name, opened)
    data = file.read(_MAX_BYTES + 1)
    whole = len(data) <= _MAX_BYTES
    try:
        # A text that was cut may end in the middle of a character.
        text = getincrementaldecoder("utf-8-sig")().decode(data, final=whole)
    except UnicodeDecodeError as error:
        # The offset counts from behind a byte order mark.
        line = error.object.count(b"\n", 0, error.start) + 1
        byte = f"byte 0x{error.object[error.start]:02X} on line {line}"
        message = f"this file is not UTF-8 text: {byte} cannot be decoded"
        return Diagnostic("SYM109", message, Source(name, ""), Span(0, 0), "save it as UTF-8")
    if not whole:
        return too_large(name)
    return Source(name, text.replace("\r\n", "\n"))
