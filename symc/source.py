"""Source text and places in it."""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple


class Span(NamedTuple):
    """A half-open range of character offsets into one source text."""

    start: int
    end: int

    def union(self, other: Span) -> Span:
        """The smallest span that holds both."""
        return Span(min(self.start, other.start), max(self.end, other.end))


class Position(NamedTuple):
    """Line and column, both from 1, in characters."""

    line: int
    column: int


@dataclass(frozen=True)
class Source:
    """A named spec text; `name` is the path as the user wrote it, or `<text>`, `<stdin>`.

    `text` holds no byte order mark (`marked`: its file does) and `\\n` alone ends its lines
    (`line_end`: what ends most of them in the file).
    """

    name: str
    text: str
    line_end: str = "\n"
    marked: bool = False

    def as_in_file(self, text: str) -> bytes:
        """The bytes of a text that takes the place of this one in its file."""
        mark = b"\xef\xbb\xbf" if self.marked else b""
        return mark + text.replace("\n", self.line_end).encode("utf-8")

    @cached_property
    def _line_starts(self) -> list[int]:
        # Only \n ends a line, as in every editor's count of a UTF-8 file; \r stays on its line.
        return [0, *(match.end() for match in re.finditer("\n", self.text))]

    def position(self, offset: int) -> Position:
        """Line and column of a character offset (the end of the text is a valid offset)."""
        line = bisect_right(self._line_starts, offset)
        return Position(line, offset - self._line_starts[line - 1] + 1)

    def line(self, number: int) -> str:
        """Text of line `number` (from 1), without its line break."""
        start = self._line_starts[number - 1]
        stop = self.text.find("\n", start)
        return self.text[start : len(self.text) if stop < 0 else stop].rstrip("\r")
