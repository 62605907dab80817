"""What is known of one text; each part is found when it is first asked for, once."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from symc.compilation import Compilation
from symc.editor.scope import Scope, read_scope
from symc.editor.words import Bracket, Word, place, words
from symc.source import Source, Span
from symc.syntax.parse.lexing import Lexed, tokenize
from symc.syntax.parse.limits import MAX_CHARACTERS
from symc.syntax.parse.splitting import split
from symc.syntax.parse.statement import as_read, continuations

if TYPE_CHECKING:
    from lark import Token


@dataclass(frozen=True)
class Begun:
    """The statement that a place stands in, as far as it is written before that place.

    `accepts`: the terminals that may follow; None after a syntax error. `new_line`: whether the
    place is on a later line than the last of the words; `line_start`: whether it starts a line.
    """

    words: list[Word]
    opened: list[Bracket]
    accepts: frozenset[str] | None
    new_line: bool
    line_start: bool


class Analysis:
    """A spec's text under an editor's eyes, right or wrong; `name` is its path."""

    def __init__(self, text: str, name: str = "<text>") -> None:
        self.source = Source(name, text)
        self.compilation = Compilation(self.source)

    @property
    def text(self) -> str:
        """The whole text."""
        return self.source.text

    @cached_property
    def lexed(self) -> Lexed:
        """Tokens and comments; none of a text that is too long to be read."""
        return tokenize(self.source) if len(self.text) <= MAX_CHARACTERS else Lexed()

    @cached_property
    def statements(self) -> list[list[Word]]:
        """The words of every statement, whether it could be read or not."""
        chunks = split(self.source, self.lexed.tokens)
        return [words(as_read(chunk.tokens))[0] for chunk in chunks]

    @cached_property
    def scope(self) -> Scope:
        """Sizes, groups and tensors, as far as they could be understood."""
        return read_scope(self.compilation.parsed, self.source)

    def word_at(self, offset: int) -> tuple[list[Word], int] | None:
        """The statement and the index of the word that touches a place; of two, the name."""
        touching = [
            (statement, index)
            for statement in self.statements
            for index, word in enumerate(statement)
            if word.span.start <= offset <= word.span.end
        ]
        touching.sort(key=lambda found: found[0][found[1]].role == "token")
        return touching[0] if touching else None

    def begun(self, offset: int) -> Begun:
        """The statement before a place, without the word that ends there."""
        tokens: list[Token] = [t for t in self.lexed.tokens if place(t).end <= offset]
        chunks = split(self.source, tokens)
        line_start = self.text[offset - 1 : offset] in ("", "\n", "\r")
        if not chunks:
            return Begun([], [], None, True, line_start)
        chunk = chunks[-1].tokens
        found, opened = words(as_read(chunk))
        between = self.text[found[-1].span.end : offset]
        new_line = "\n" in between or "\r" in between
        return Begun(found, opened, continuations(chunk), new_line, line_start)

    def is_prose(self, offset: int) -> bool:
        """Whether a place is inside a comment, a docstring or a quoted text."""
        for comment in self.lexed.comments:
            if comment.span.start < offset and "\n" not in self.text[comment.span.start : offset]:
                return True
        for token in self.lexed.tokens:
            span = place(token)
            if token.type in ("DOCSTRING", "STRING") and span.start < offset < span.end:
                return True
        for unclosed in self.lexed.diagnostics:
            if unclosed.code == "SYM103" and unclosed.span.start < offset:
                # A docstring that is never closed swallows the rest, a quoted text its line.
                swallowed = self.text[unclosed.span.start : offset]
                if swallowed.startswith('"""') or "\n" not in swallowed:
                    return True
        return False

    @cached_property
    def globals(self) -> list[Word]:
        """Every word that declares or names a size, a group, an input or an output."""
        return [w for s in self.statements for w in s if w.role in ("declaration", "name")]

    def declaration(self, name: str) -> Span | None:
        """Where a name is declared; for a size without a statement, where it first stands."""
        entry = self.scope.declared.get(name)
        if entry is not None:
            return entry.span
        first = next((w.span for w in self.globals if w.text == name), None)
        seen = name in self.scope.sizes.seen
        declared = (w.span for w in self.globals if w.text == name and w.role == "declaration")
        return next(declared, first if seen else None)
