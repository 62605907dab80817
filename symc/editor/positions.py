"""Places as editors count them: lines and code units from 0.

Source: Language Server Protocol 3.17, `Position` and `PositionEncodingKind`.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass
from functools import cached_property
from typing import Literal, NamedTuple

Encoding = Literal["utf-8", "utf-16", "utf-32"]

_LINE_BREAK = re.compile(r"\r\n|\n|\r")


class Place(NamedTuple):
    """A line and a number of code units on it, both from 0."""

    line: int
    character: int


def units(text: str, encoding: Encoding) -> int:
    """How many code units of an encoding a text takes; a lone surrogate is a character."""
    if encoding == "utf-32" or text.isascii():
        return len(text)
    if encoding == "utf-8":
        return len(text.encode("utf-8", "surrogatepass"))
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


@dataclass(frozen=True)
class Lines:
    """The lines of a text. Unlike for `Source`, a lone carriage return ends one, too."""

    text: str
    encoding: Encoding = "utf-16"

    @cached_property
    def _bounds(self) -> tuple[list[int], list[int]]:
        """Where each line starts, and where it ends before its line break."""
        breaks = list(_LINE_BREAK.finditer(self.text))
        starts = [0, *(found.end() for found in breaks)]
        return starts, [*(found.start() for found in breaks), len(self.text)]

    def offset(self, place: Place) -> int:
        """The character offset of a place; what lies behind a line or the text is its end.

        Inside a character of several code units it is the start of that character.
        """
        starts, ends = self._bounds
        if place.line >= len(starts):
            return len(self.text)
        start, end = starts[place.line], ends[place.line]
        if self.encoding == "utf-32" or self.text[start:end].isascii():
            return min(start + place.character, end)
        counted = 0
        for offset in range(start, end):
            counted += units(self.text[offset], self.encoding)
            if counted > place.character:
                return offset
        return end

    def place(self, offset: int) -> Place:
        """The place of a character offset; inside a line break, the end of its line."""
        starts, ends = self._bounds
        line = bisect_right(starts, offset) - 1
        before = self.text[starts[line] : min(offset, ends[line])]
        return Place(line, units(before, self.encoding))
