"""Which statement, axis or option a comment belongs to.

A comment behind something stays behind it; one on a line of its own stays before what follows.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field

from symc.syntax import ast


@dataclass
class Attached:
    """The comments of one statement or entry."""

    leading: list[ast.Comment] = field(default_factory=list)
    trailing: ast.Comment | None = None
    inside: list[ast.Comment] = field(default_factory=list)

    def put_behind(self, comment: ast.Comment) -> None:
        """One line ends with one comment: an earlier one moves up to a line of its own."""
        if self.trailing is not None:
            self.leading.append(self.trailing)
        self.trailing = comment


def stands_behind(text: str, comment: ast.Comment) -> bool:
    """Whether something other than space precedes a comment on its line."""
    start = comment.span.start
    return bool(text[text.rfind("\n", 0, start) + 1 : start].strip("\ufeff \t\r\f\v"))


def blank_line_before(text: str, start: int) -> bool:
    """Whether the line above the one where something starts is blank."""
    before = text[:start]
    stripped = before.rstrip(" \t\r\f\v\n")
    return bool(stripped) and before.count("\n", len(stripped)) > 1


def attach(
    statements: Sequence[ast.Statement], comments: Sequence[ast.Comment], text: str
) -> tuple[list[Attached], list[ast.Comment]]:
    """The comments of every statement, and those after the last."""
    attached = [Attached() for _ in statements]
    starts = [statement.span.start for statement in statements]
    at_end: list[ast.Comment] = []
    for comment in comments:
        place = bisect_right(starts, comment.span.start) - 1
        if place >= 0 and comment.span.start < statements[place].span.end:
            attached[place].inside.append(comment)
        elif place >= 0 and stands_behind(text, comment):
            attached[place].put_behind(comment)
        elif place + 1 < len(statements):
            attached[place + 1].leading.append(comment)
        else:
            at_end.append(comment)
    return attached, at_end


_CLOSER = re.compile(r"(?:[\s,]|#[^\n]*)*[\])}]")


def place_inside(
    items: Sequence[ast.Node], inside: Sequence[ast.Comment], text: str
) -> tuple[list[Attached], list[ast.Comment]]:
    """Spreads the comments inside a statement over its bracketed entries.

    One `Attached` an entry and one more: its leading comments stand after the last entry, its
    trailing one behind the opening bracket. Comments that find no entry are handed back.
    """
    placed = [Attached() for _ in range(len(items) + 1)]
    last = placed[-1]
    if not items:
        return placed, list(inside)
    starts = [item.span.start for item in items]
    closing = _CLOSER.match(text, items[-1].span.end)
    closer = closing.end() if closing else items[-1].span.end
    homeless = []
    for comment in inside:
        place = bisect_right(starts, comment.span.start) - 1
        behind = stands_behind(text, comment)
        if comment.span.start >= closer:
            homeless.append(comment)
        elif place < 0 and behind and last.trailing is None:
            last.trailing = comment
        elif place >= 0 and behind:
            placed[place].put_behind(comment)
        elif place >= 0 and comment.span.start < items[place].span.end:
            placed[place].leading.append(comment)
        else:
            placed[place + 1].leading.append(comment)
    return placed, homeless
