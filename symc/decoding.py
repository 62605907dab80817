"""From the bytes of a file to the text of a spec."""

from __future__ import annotations

import errno
import re
import stat
from codecs import BOM_UTF8, getincrementaldecoder
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
    than tells. Raises OSError where it cannot be read, or need not ever end: a pipe, a device.
    """
    if isinstance(file, Path):
        _refuse_endless(file)
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
    windows = text.count("\r\n")
    line_end = "\r\n" if 2 * windows > text.count("\n") else "\n"
    return Source(name, text.replace("\r\n", "\n"), line_end, data.startswith(BOM_UTF8))


_KINDS = (
    (stat.S_ISFIFO, "a pipe"), (stat.S_ISSOCK, "a socket"), (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)  # fmt: skip
_OPEN_ALREADY = re.compile(r"/dev/(stdin|fd/\d+)|/proc/(self|\d+)/fd/\d+")


def _refuse_endless(path: Path) -> None:
    """Opening a pipe waits for who writes to it, reading a device for whoever it listens to.

    What the caller of symc opened, standard input and `<(...)` of a shell, is as good as `-`.
    """
    if _OPEN_ALREADY.fullmatch(str(path)):
        return
    mode = path.stat().st_mode
    for is_kind, kind in _KINDS:
        if is_kind(mode):
            raise OSError(errno.EINVAL, f"it is {kind}, no file", str(path))
