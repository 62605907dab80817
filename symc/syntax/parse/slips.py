"""Tokens that have a meaning in other notations, and what is written here."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from symc.diagnostics.diagnostic import Diagnostic
from symc.source import Source, Span
from symc.syntax.irreps import LETTERS, translated
from symc.syntax.parse.expectation import OPERANDS, bracket_kind, found, open_brackets
from symc.syntax.parse.lexing import CLOSERS, OPENERS, token_span

if TYPE_CHECKING:
    from lark import Token

PRODUCT = "a product is not written as one group"
DECLARE_EACH = (
    "declare each factor, `group P = S(n)` and `group M = O(3)`; the symmetry of a spec is the "
    "product of all its groups"
)
AXIS_EACH = (
    "give each group an axis of its own, as in `n: S(n), 3: O(3)`; the symmetry of a spec is the "
    "product of all its groups"
)

TIMES = ("x", "X", "and")
_BY = ("with", "using", "via", "through")
_BEFORE = ("LSQB", "COMMA")
_COMMENTS = ("//", "--", "/*")


def foreign(
    source: Source, tokens: Sequence[Token], done: Sequence[Token], accepts: set[str]
) -> Diagnostic | None:
    """The diagnostic of a token that has a meaning in other notations; `done` come before it."""
    token = tokens[len(done)]
    start = token_span(token).start
    opening = source.text[start : start + 2]
    if opening in _COMMENTS:
        message = f"`{opening}` starts no comment"
        help_ = "a comment starts with `#` and ends with the line"
        fix = None if opening == "/*" else "#"
        return Diagnostic("SYM102", message, source, Span(start, start + 2), help_, fix=fix)
    if not done:
        return None
    return (
        _instead_of_by(source, done, token)
        or _product(source, tokens, done, accepts)
        or _irreps(source, done, token)
    )


def _instead_of_by(source: Source, done: Sequence[Token], token: Token) -> Diagnostic | None:
    """`symmetrize P with average`, `symmetrize with average`."""
    if done[0].type not in ("SYMMETRIZE", "RELAX") or token.type != "NAME":
        return None
    word = done[-1] if len(done) == 2 and str(done[-1]) in _BY else token
    if str(word) not in _BY or any(other.type == "BY" for other in done):
        return None
    message = f"expected `by`, {found(word)}"
    help_ = f"the method stands after `by`: write `{done[0]} GROUPS by METHOD`"
    return Diagnostic("SYM102", message, source, token_span(word), help_, fix="by")


def _product(
    source: Source, tokens: Sequence[Token], done: Sequence[Token], accepts: set[str]
) -> Diagnostic | None:
    """`S(n) x O(3)`, as papers and `symc describe` write the group of a whole spec."""
    index = len(done)
    times = tokens[index].type == "NAME" and str(tokens[index]) in TIMES
    if "STAR" not in accepts or index + 1 == len(tokens) or tokens[index + 1].type not in OPERANDS:
        return None
    opened = open_brackets(done)
    if done[0].type == "GROUP" and not opened and (times or tokens[index].type == "COMMA"):
        first, last = tokens[3], tokens[-1]
        span = Span(token_span(first).start, token_span(last).end)
        return Diagnostic("SYM310", PRODUCT, source, span, DECLARE_EACH)
    if not times or tokens[index] == "and" or not opened:
        return None
    if bracket_kind(done, opened[-1]) != "axes":
        return None
    colon = max((i for i, t in enumerate(done) if t.type in ("COLON", "COMMA")), default=0)
    if tokens[colon].type != "COLON":
        return None
    if tokens[colon - 1].type not in ("NAME", "INTEGER") or tokens[colon - 2].type not in _BEFORE:
        # The axis has the size of a product: that is what is meant.
        message = f"expected `*`, {found(tokens[index])}"
        help_ = "a product of representations is written `*`"
        return Diagnostic("SYM102", message, source, token_span(tokens[index]), help_, fix="*")
    stop, depth = index, 0
    while stop + 1 < len(tokens):
        kind = tokens[stop + 1].type
        depth += (kind in OPENERS) - (kind in CLOSERS)
        if depth < 0 or (depth == 0 and kind == "COMMA"):
            break
        stop += 1
    span = Span(token_span(tokens[colon + 1]).start, token_span(tokens[stop]).end)
    return Diagnostic("SYM310", PRODUCT, source, span, AXIS_EACH)


def _irreps(source: Source, done: Sequence[Token], token: Token) -> Diagnostic | None:
    """`8x0e + 4x1o`, as e3nn writes representations."""
    if done[-1].type not in ("INTEGER", "DECIMAL") or done[-1].end_pos != token.start_pos:
        return None
    start = token_span(done[-1]).start
    text = re.match(r"[0-9xeo+ ]*[eo]", source.text[start:])
    if text is None or re.match(r"[0-9]+(x[0-9]+)?[eo](?!\w)", text[0]) is None:
        return None
    span = Span(start, start + len(text[0]))
    message = f"`{text[0]}` is written in e3nn's letters"
    here = translated(text[0], "M")
    help_ = LETTERS if here is None else f"write `{here}`, M a group O(3) or E(3)"
    return Diagnostic("SYM102", message, source, span, help_)
