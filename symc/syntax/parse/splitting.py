"""Tokens to statements: every statement starts with a reserved word, so errors end at the next."""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING

from symc.diagnostics.diagnostic import Diagnostic
from symc.source import Source, Span
from symc.syntax.parse.lexing import CLOSERS, OPENERS, token_span
from symc.syntax.parse.names import reserved_name

if TYPE_CHECKING:
    from lark import Token

_AVAILABLE = ("spec", "size", "group", "input", "output", "symmetrize")
STATEMENTS = (*_AVAILABLE, "relax")
STARTS = (
    f"a statement starts with {', '.join(f'`{w}`' for w in _AVAILABLE[:-1])} or `{_AVAILABLE[-1]}`"
)
_KEYWORDS = {word.upper() for word in STATEMENTS}
# A statement never ends after one of these: a statement word on the same line is meant as a name.
_OPEN_ENDED = _KEYWORDS | {
    *OPENERS, "COMMA", "COLON", "DOT", "EQUAL", "LESS_EQUAL", "PLUS", "MINUS", "STAR", "SLASH",
    "CARET", "WR", "OF", "BY", "ELEMENT", "RELATION",
}  # fmt: skip
_MISSPELT = {
    "in": "input",
    "out": "output",
    "dim": "size",
    "let": "group",
    "param": "input",
    "return": "output",
    "tensor": "input",
    "symmetric": "symmetrize",
    "symmetry": "symmetrize",
    "average": "symmetrize",
}


@dataclass
class Chunk:
    """The tokens of one statement, good or not, and what is already known to be wrong with it."""

    tokens: list[Token]
    diagnostics: list[Diagnostic]


def split(source: Source, tokens: list[Token]) -> list[Chunk]:
    """Cuts before each statement word and docstring, also before misspelt ones on a new line."""
    chunks: list[Chunk] = []
    opened: list[str] = []
    for index, token in enumerate(tokens):
        before = tokens[index - 1] if index else None
        # Only words start statements: nothing else need be asked whether it starts a line.
        wordlike = token.type == "NAME" or token.type in _KEYWORDS
        new_line = wordlike and (before is None or _line_break_between(source, before, token))
        word = token
        diagnostics: list[Diagnostic] = []
        starts = token.type == "DOCSTRING" and not opened
        if token.type in _KEYWORDS:
            starts = new_line or before is None or before.type not in _OPEN_ENDED
            if not starts and before and before.type not in _KEYWORDS:
                # After a stray sign: names have no name right behind them.
                inside = opened and chunks[-1].tokens[0].type in _KEYWORDS
                named = index + 1 < len(tokens) and tokens[index + 1].type == "NAME"
                starts = named and not inside
            if not starts:
                diagnostics.append(reserved_name(source, token_span(token), str(token)))
                word = token.update(type="NAME")
        elif new_line and token.type == "NAME":
            meant = _meant(tokens, index, bool(opened and opened[-1] == "LBRACE"))
            if meant is not None:
                starts = True
                diagnostics.append(misspelt(source, token, meant))
                word = token.update(type=meant.upper(), value=meant)
                # The corrected word is longer or shorter; the place stays that of the text.
                word.end_pos = token.end_pos
        if starts or not chunks:
            chunks.append(Chunk([], []))
            opened = []
        chunks[-1].tokens.append(word)
        chunks[-1].diagnostics.extend(diagnostics)
        if token.type in OPENERS:
            opened.append(token.type)
        elif opened and token.type in CLOSERS:
            opened.pop()
    return chunks


def misspelt(
    source: Source, token: Token, meant: str | None, follower: Token | None = None
) -> Diagnostic:
    """SYM104: a word where a statement must start; `follower`: the next token."""
    help_ = STARTS if meant is None else f"did you mean `{meant}`?"
    after = follower.type if meant is None and follower is not None else ""
    if after == "LSQB":
        help_ = f"a tensor is declared by `input {token}[...]` or `output {token}[...]`"
    elif after in ("EQUAL", "COLON"):
        help_ = f"a group is declared by `group {token} = ...`, a size by `size {token} = ...`"
    message = f"no statement starts with `{token}`"
    return Diagnostic("SYM104", message, source, token_span(token), help_, fix=meant)


def close_statement(word: str) -> str | None:
    """The statement word that a misspelt one means, if one is near."""
    lowered = word.lower()
    near = get_close_matches(lowered, STATEMENTS, n=1, cutoff=0.7)
    return near[0] if near else _MISSPELT.get(lowered)


def _line_break_between(source: Source, before: Token, token: Token) -> bool:
    start, stop = token_span(before).start, token_span(token).start
    return source.text.find("\n", start, stop) >= 0


def _meant(tokens: list[Token], index: int, in_block: bool) -> str | None:
    """The statement that a name on a new line starts: two names side by side stand nowhere else."""
    if in_block or index + 1 == len(tokens):
        return None
    meant = close_statement(tokens[index])
    follower = tokens[index + 1].type
    listed = index > 0 and tokens[index - 1].type in ("SYMMETRIZE", "RELAX", "COMMA")
    if follower == "NAME" or (follower == "BY" and meant == "symmetrize" and not listed):
        return meant
    return None


def end_of(tokens: list[Token]) -> Span:
    """The empty place right after the last token."""
    end = token_span(tokens[-1]).end
    return Span(end, end)
