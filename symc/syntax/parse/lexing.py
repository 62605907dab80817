"""Text to tokens; what no token starts with is reported and stepped over."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING

from symc.diagnostics.diagnostic import Diagnostic
from symc.source import Source, Span
from symc.syntax.ast import Comment
from symc.syntax.parse.limits import MAX_DEPTH, MAX_DIAGNOSTICS, MAX_DIGITS
from symc.syntax.parse.tables import parser

if TYPE_CHECKING:
    from lark import Token

OPENERS = {"LPAR": "RPAR", "LSQB": "RSQB", "LBRACE": "RBRACE"}
CLOSERS = {closer: opener for opener, closer in OPENERS.items()}

_MEANT = {
    ";": "axes are separated by `,`; statements need no separator",
    "<": "an upper bound is written `<=`",
    ">": "a size has only an upper bound: `size n <= 64`",
    "'": 'text stands in double quotes, `"`',
    "!": "a comment starts with `#`",
    "%": "a comment starts with `#`",
    "·": "a product is written `*`",
    "∗": "a product is written `*`",
    "−": "a minus is written `-`",
    "–": "a minus is written `-`",
    "“": 'text stands in straight quotes: `"`',
    "”": 'text stands in straight quotes: `"`',
    "&": "each group has a `group` statement, and axes of its own",
    "@": "a size and its representation are separated by `:`, as in `n: S(n)`",
    "|": "a size and its representation are separated by `:`, as in `n: S(n)`",
    "~": "a size and its representation are separated by `:`, as in `n: S(n)`",
    "∈": "a size and its representation are separated by `:`, as in `n: S(n)`",
    "≀": "a wreath product is written `S(m) wr S(n)`",
    "√": "a root is written `sqrt(3)`",
    "→": "each output is a statement of its own: `output y[n]`",
    "\u00a0": "replace the no-break space by a space",
}
_SIGNS = frozenset("()[]{}:,.=+-*/^#_")
_WRITTEN = {
    "·": "*", "∗": "*", "−": "-", "–": "-", "“": '"', "”": '"', "\u00a0": " ",
}  # fmt: skip


# What stands before a sign on its line.
_TENSOR = re.compile(r"\s*(?:input|output)\b")
_SIZE = re.compile(r"\s*size\s+\w+\s*\Z")


@dataclass
class Lexed:
    """Tokens of a text, its comments and what was wrong."""

    tokens: list[Token] = field(default_factory=list)
    comments: list[Comment] = field(default_factory=list)
    diagnostics: list[Diagnostic] = field(default_factory=list)


def tokenize(source: Source) -> Lexed:
    """All tokens of a text. Stops early at the bounds of `limits`; never raises."""
    from lark.exceptions import UnexpectedCharacters
    from lark.utils import TextSlice

    text = source.text
    lexed = Lexed()
    # A byte order mark is no part of the text.
    start = 1 if text.startswith("\ufeff") else 0
    depth = 0
    while start < len(text) and len(lexed.diagnostics) < MAX_DIAGNOSTICS:
        try:
            for token in parser().lex(TextSlice(text, start, len(text)), dont_ignore=True):
                if "\0" in token:
                    lexed.diagnostics += _nulls(source, token_span(token))
                if token.type == "COMMENT":
                    span = token_span(token)
                    lexed.comments.append(Comment(span, str(token).rstrip()))
                elif token.type != "WHITESPACE":
                    lexed.tokens.append(token)
                    depth += (token.type in OPENERS) - (token.type in CLOSERS)
                    if depth > MAX_DEPTH:
                        lexed.diagnostics.append(_too_deep(source, token))
                        return lexed
                    if token.type == "INTEGER" and len(token) > MAX_DIGITS:
                        lexed.diagnostics.append(_too_long(source, token))
            break
        except UnexpectedCharacters as error:
            diagnostic, start = _unknown(source, error.pos_in_stream or 0)
            lexed.diagnostics.append(diagnostic)
    return lexed


def token_span(token: Token) -> Span:
    """The place of a token that the lexer made."""
    start = token.start_pos or 0
    return Span(start, start + len(token))


def _unknown(source: Source, position: int) -> tuple[Diagnostic, int]:
    """What is wrong where no token starts, and where to read on."""
    text = source.text
    if text.startswith('"""', position):
        span = Span(position, position + 3)
        message = "this docstring is never closed"
        return Diagnostic("SYM103", message, source, span, 'close it with `"""`'), len(text)
    if text[position] == '"':
        stop = text.find("\n", position)
        stop = len(text) if stop < 0 else stop
        message = "this text is never closed"
        help_ = 'close it with `"` on the same line'
        span = Span(position, position + 1)
        return Diagnostic("SYM103", message, source, span, help_), stop
    character = text[position]
    stop = position + 1
    while text.startswith(character, stop):
        stop += 1
    message = _NO_PART.format(describe_character(character))
    span, meant = Span(position, stop), _MEANT.get(character)
    written = _WRITTEN.get(character)
    line = text[text.rfind("\n", 0, position) + 1 : position]
    if character == ">" and line.endswith(("-", "=")):
        message = f"`{line[-1]}>` is no part of the language"
        span, meant = Span(position - 1, stop), _MEANT["→"]
        if line.count("[") > line.count("]"):
            meant = "an axis is `size: representation`, a representation `group.name`"
    elif character in "<>" and _TENSOR.match(line):
        meant = "axes stand in square brackets: `[n, 3]`"
    elif character in "&@|~" and line.lstrip().startswith("group "):
        meant = _MEANT["&"]
    elif text.startswith("< ", position) and _SIZE.match(line):
        written = "<="
    if meant is None:
        plain = unicodedata.normalize("NFKC", character)
        known = plain != character and plain in _SIGNS
        meant, written = (f"write the ASCII `{plain}`", plain) if known else ("remove it", None)
    if text.startswith("'''", position):
        meant = 'a docstring stands between `"""` and `"""`'
    fix = written * (stop - position) if written is not None else None
    return Diagnostic("SYM101", message, source, span, meant, fix=fix), stop


_NO_PART = "{} is no part of the language"


def _nulls(source: Source, span: Span) -> list[Diagnostic]:
    """A NUL in a comment or a text: no other tool reads it, and no program can hold it."""
    message = _NO_PART.format(describe_character("\0"))
    runs = islice(re.compile("\0+").finditer(source.text, *span), MAX_DIAGNOSTICS)
    return [
        Diagnostic("SYM101", message, source, Span(*run.span()), "remove it", fix="")
        for run in runs
    ]


def describe_character(character: str) -> str:
    """How a message names a character: itself where it can be seen, its code point else."""
    if "!" <= character <= "~":
        return f"`{character}`"
    point = f"U+{ord(character):04X}"
    name = unicodedata.name(character, "").lower()
    name = name or {"Cc": "control character"}.get(unicodedata.category(character), "")
    if character.isprintable():
        return f"`{character}` ({point}, {name})" if name else f"`{character}` ({point})"
    return f"the character {point} ({name})" if name else f"the character {point}"


def _too_deep(source: Source, token: Token) -> Diagnostic:
    message = f"brackets are nested more than {MAX_DEPTH} deep"
    return Diagnostic(
        "SYM108", message, source, token_span(token), "what follows was not read; name the parts"
    )


def _too_long(source: Source, token: Token) -> Diagnostic:
    message = f"a number of {len(token):,} digits; the longest that is read has {MAX_DIGITS}"
    return Diagnostic("SYM107", message, source, token_span(token), "sizes stay below 2^31")
