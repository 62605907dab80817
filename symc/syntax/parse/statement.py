"""One statement: its tokens through the LALR parser; what is wrong with them, in words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from symc.diagnostics.diagnostic import Diagnostic, Related
from symc.source import Source, Span
from symc.syntax import ast
from symc.syntax.parse import tree
from symc.syntax.parse.advice import advice
from symc.syntax.parse.expectation import expected, found, next_statements, open_brackets
from symc.syntax.parse.lexing import CLOSERS, OPENERS, token_span
from symc.syntax.parse.names import RESERVED, reserved_name
from symc.syntax.parse.slips import foreign
from symc.syntax.parse.splitting import STARTS, close_statement, end_of, misspelt
from symc.syntax.parse.tables import parser

if TYPE_CHECKING:
    from lark import Token
    from lark.parsers.lalr_interactive_parser import InteractiveParser

_SOFT = {"ELEMENT", "RELATION", "BASIS", "LEARNED", "SAMPLED"}
_USAGE = {
    "SPEC": "write `spec NAME`",
    "SIZE": "write `size n`, `size n = 5` or `size n <= 64`",
    "GROUP": "write `group P = S(n)`",
    "INPUT": "write `input x[n: S(n), 3]`: each axis a size, with its representation if it has one",
    "OUTPUT": "write `output y[n: S(n), 3]`, or `output y` for one number an example",
    "RELAX": "write `relax GROUPS by METHOD`",
    "SYMMETRIZE": "write `symmetrize GROUPS by METHOD`, for instance `symmetrize by average`",
}


@dataclass
class Reading:
    """What came of one statement: itself if it could be read, and what is wrong."""

    statement: ast.Statement | None
    diagnostics: list[Diagnostic]


def read(source: Source, tokens: list[Token]) -> Reading:
    """Parses the tokens of one statement; what was complete before a wrong token is kept."""
    state, diagnostics = parser().parse_interactive(), []
    done: list[Token] = []
    for index, token in enumerate(tokens):
        fed = _as_name_where_one_stands(state, token)
        if fed.type != token.type and token.type not in _SOFT:
            diagnostics.append(reserved_name(source, token_span(token), str(token)))
        if not _feed(state, fed):
            state = _replay(done)
            accepts = next_statements(state.accepts())
            diagnostics.append(_unexpected(source, tokens, done, index, accepts))
            # The first factor of a product is not the group that was meant.
            whole = "$END" in accepts and diagnostics[-1].code != "SYM310"
            return Reading(_finish(state) if whole else None, diagnostics)
        done.append(fed)
    # To ask for all that could follow copies the parser many times: only where something must.
    statement = _finish(state)
    if statement is None and done:
        diagnostics.append(_unfinished(source, done, _replay(done).accepts()))
    return Reading(statement, diagnostics)


def as_read(tokens: list[Token]) -> list[Token]:
    """The tokens of one statement with the types that the parser takes them for.

    A word such as `element` in the place of a name becomes a name; from a token on that cannot
    stand where it does, they stay as the lexer made them.
    """
    state = parser().parse_interactive()
    taken: list[Token] = []
    for index, token in enumerate(tokens):
        fed = _as_name_where_one_stands(state, token)
        if not _feed(state, fed):
            return taken + tokens[index:]
        taken.append(fed)
    return taken


def continuations(tokens: list[Token]) -> frozenset[str] | None:
    """The terminals that may follow the first tokens of one statement; None after an error.

    `$END` among them: the statement may end here.
    """
    state = parser().parse_interactive()
    for token in tokens:
        if not _feed(state, _as_name_where_one_stands(state, token)):
            return None
    return frozenset(next_statements(state.accepts()))


def _feed(state: InteractiveParser, token: Token) -> bool:
    from lark.exceptions import UnexpectedToken

    try:
        state.feed_token(token)
    except UnexpectedToken:
        return False
    return True


def _replay(tokens: list[Token]) -> InteractiveParser:
    """The state after these tokens: a failed step may already have reduced what it saw."""
    state = parser().parse_interactive()
    for token in tokens:
        state.feed_token(token)
    return state


def _finish(state: InteractiveParser) -> ast.Statement | None:
    """The statement that ends here, None where it cannot end here."""
    from lark.exceptions import UnexpectedToken

    try:
        statements = tree.build(state.feed_eof())
    except UnexpectedToken:
        return None
    return statements[0] if statements else None


def _as_name_where_one_stands(state: InteractiveParser, token: Token) -> Token:
    """`element` is a word of the grammar in its braces alone; reserved words become names."""
    choices = state.choices()
    word = token.type in _SOFT or token.type == "UNDERSCORE" or str(token) in RESERVED
    if word and token.type not in choices and "NAME" in choices:
        return token.update(type="NAME")
    return token


def _unexpected(
    source: Source, tokens: list[Token], done: list[Token], index: int, accepts: set[str]
) -> Diagnostic:
    """The diagnostic of the token that cannot follow those before it."""
    token = tokens[index]
    other = foreign(source, tokens, done, accepts)
    if other is not None:
        return other
    if not done or ("$END" in accepts and _starts_line(source, tokens, index)):
        if token.type == "NAME":
            return misspelt(source, token, close_statement(token), _follower(tokens, index))
        if not done and token.type == "STRING":
            message = "a docstring stands in three quotes"
            fix = f'""{token}""'
            return Diagnostic(
                "SYM105", message, source, token_span(token), f"write `{fix}`", fix=fix
            )
        if not done:
            message = f"expected a statement, {found(token)}"
            return Diagnostic("SYM102", message, source, token_span(token), STARTS)
    opened = open_brackets(done)
    if opened:
        opener = done[opened[-1]]
        closer = OPENERS[opener.type]
        mismatch = token.type in CLOSERS and token.type != closer
        if closer in accepts and (mismatch or not _is_closed(tokens, opened[-1])):
            return _unclosed(source, opener, token_span(token), found(token))
    elif token.type in CLOSERS:
        message = f"`{token}` closes nothing"
        return Diagnostic("SYM102", message, source, token_span(token), "remove it", fix="")
    related: tuple[Related, ...] = ()
    if opened and token.type not in CLOSERS:
        place = token_span(done[opened[-1]])
        if source.position(place.start).line != source.position(token_span(token).start).line:
            related = (Related(place, "inside this bracket"),)
    message = f"{expected(accepts, done)}, {found(token)}"
    help_ = advice(done, token, accepts, _follower(tokens, index)) or _usage_outside(done, opened)
    return Diagnostic("SYM102", message, source, token_span(token), help_, related)


def _follower(tokens: list[Token], index: int) -> Token | None:
    return tokens[index + 1] if index + 1 < len(tokens) else None


def _usage_outside(done: list[Token], opened: list[int]) -> str | None:
    return None if opened else _usage(done)


def _starts_line(source: Source, tokens: list[Token], index: int) -> bool:
    before, here = token_span(tokens[index - 1]), token_span(tokens[index])
    return "\n" in source.text[before.end : here.start]


def _is_closed(tokens: list[Token], opener: int) -> bool:
    """Whether the bracket at `opener` is closed by its own kind further on."""
    opened: list[str] = []
    for token in tokens[opener:]:
        if token.type in OPENERS:
            opened.append(token.type)
        elif token.type in CLOSERS:
            if opened[-1] != CLOSERS[token.type]:
                return False
            opened.pop()
            if not opened:
                return True
    return False


def _unclosed(source: Source, opener: Token, span: Span, instead: str) -> Diagnostic:
    closer = {"(": ")", "[": "]", "{": "}"}[str(opener)]
    message = f"`{opener}` is not closed: expected `{closer}`"
    message += f", {instead}"
    related = (Related(token_span(opener), "opened here"),)
    return Diagnostic("SYM103", message, source, span, f"close it with `{closer}`", related)


def _unfinished(source: Source, tokens: list[Token], accepts: set[str]) -> Diagnostic:
    """The diagnostic of a statement that stops too early."""
    opened = open_brackets(tokens)
    if opened:
        return _unclosed(source, tokens[opened[-1]], end_of(tokens), "but the statement ends here")
    message = f"{expected(accepts, tokens)}, but {found(None)}"
    help_ = _usage(tokens)
    if [token.type for token in tokens] == ["SYMMETRIZE", "NAME"]:
        help_ = "groups stand before `by` and the method after it: `symmetrize P by average`, or "
        help_ += "`symmetrize by average` for all groups"
    return Diagnostic("SYM102", message, source, end_of(tokens), help_)


def _usage(tokens: list[Token]) -> str | None:
    """How the statement that was begun is written."""
    if tokens[-1].type == "OF":
        return "labels 0 to 9 are written `of 10`"
    return _USAGE.get(tokens[0].type)
