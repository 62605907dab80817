"""What a parser state expects, in the words of the language."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

from symc.syntax.parse.lexing import CLOSERS, OPENERS

if TYPE_CHECKING:
    from lark import Token

_SYMBOLS = {
    "EQUAL": "=", "LESS_EQUAL": "<=", "COMMA": ",", "COLON": ":", "DOT": ".", "LPAR": "(",
    "RPAR": ")", "LSQB": "[", "RSQB": "]", "LBRACE": "{", "RBRACE": "}", "PLUS": "+",
    "MINUS": "-", "STAR": "*", "SLASH": "/", "CARET": "^", "BY": "by", "OF": "of",
    "ELEMENT": "element", "RELATION": "relation", "BASIS": "basis",
}  # fmt: skip
OPERANDS = {"NAME", "INTEGER", "LPAR"}
_OPERATORS = {"PLUS", "MINUS", "STAR", "SLASH", "CARET", "WR", "DOT"}
_ENDS = {"NAME", "INTEGER", "DECIMAL", "STRING", "UNDERSCORE", "RPAR", "RSQB", "RBRACE"}
_STATEMENTS = {"SPEC", "SIZE", "GROUP", "INPUT", "OUTPUT", "SYMMETRIZE", "RELAX", "DOCSTRING"}
_ORDER = ("RSQB", "RPAR", "RBRACE", "COMMA", "COLON", "LSQB", "EQUAL", "LESS_EQUAL", "OF", "BY")


def open_brackets(tokens: Sequence[Token]) -> list[int]:
    """Indices of the brackets that are open after these tokens."""
    opened: list[int] = []
    for index, token in enumerate(tokens):
        if token.type in OPENERS:
            opened.append(index)
        elif token.type in CLOSERS and opened:
            opened.pop()
    return opened


def bracket_kind(tokens: Sequence[Token], index: int) -> str:
    """What the bracket at `index` holds: axes, arguments, matrix, row, block or parenthesis."""
    token, before = tokens[index].type, tokens[index - 1].type if index else ""
    if token == "LBRACE":
        return "block"
    if token == "LSQB":
        if index == 2 and tokens[0].type in ("INPUT", "OUTPUT"):
            return "axes"
        outer = open_brackets(tokens[:index])
        inside = bool(outer) and bracket_kind(tokens, outer[-1]) == "matrix"
        constant = not outer and tokens[0].type in ("INPUT", "OUTPUT")
        return "row" if inside or constant else "matrix"
    return "arguments" if before in _ENDS else "parenthesis"


def expected(accepts: Collection[str], tokens: Sequence[Token]) -> str:
    """`expected A, B or C after D`, for the terminals that could follow these tokens."""
    opened = open_brackets(tokens)
    kind = bracket_kind(tokens, opened[-1]) if opened else ""
    last = tokens[-1]
    if set(accepts) >= OPERANDS:
        return f"expected {_operand(tokens, kind, opened)} after `{last}`"
    if kind == "matrix" and last.type == "LSQB":
        return "expected a row `[...]` after `[`"
    words = [f"`{_SYMBOLS[terminal]}`" for terminal in _ORDER if terminal in accepts]
    if "NAME" in accepts:
        words.insert(0, "a method" if last.type == "BY" else "a name")
    if kind in ("arguments", "parenthesis") or (kind in ("axes", "row") and "RPAR" in accepts):
        words = [word for word in words if word != "`:`"]
    block = [f"`{_SYMBOLS[t]}`" for t in ("ELEMENT", "RELATION", "BASIS") if t in accepts]
    words = block + words
    if "LBRACE" in accepts:
        words.append("`{`")
    if "$END" in accepts:
        words.append("the next statement")
    if not words and "LPAR" in accepts:
        words.append("`(`")
    if not words:
        words.append("nothing more")
    return f"expected {alternatives(words)} after {_after(tokens, kind, opened)}"


def alternatives(words: Sequence[str]) -> str:
    """`a`, `a or b`, `a, b or c`."""
    return words[0] if len(words) == 1 else ", ".join(words[:-1]) + " or " + words[-1]


def _operand(tokens: Sequence[Token], kind: str, opened: list[int]) -> str:
    last = tokens[-1].type
    if last in _OPERATORS or (last == "EQUAL" and kind == "arguments"):
        return "a value"
    if kind == "axes":
        return "a representation" if last == "COLON" else "an axis"
    if kind in ("arguments", "row", "matrix"):
        return {"arguments": "an argument", "row": "an entry", "matrix": "a row"}[kind]
    return {
        "GROUP": "a group",
        "SIZE": "a number",
        "SYMMETRIZE": "a group",
        "RELAX": "a group",
    }.get(tokens[0].type if not opened else "", _after_keyword(last))


def _after_keyword(last: str) -> str:
    return {"OF": "the number of labels or a group"}.get(last, "an expression")


def _after(tokens: Sequence[Token], kind: str, opened: list[int]) -> str:
    """What has just been read, in words."""
    last = tokens[-1]
    if last.type not in _ENDS or (not opened and len(tokens) <= 2):
        named = len(tokens) == 2 and last.type == "NAME"
        role = "group" if tokens[0].type in ("SYMMETRIZE", "RELAX") else "name"
        return f"the {role} `{_brief(last)}`" if named else f"`{_brief(last)}`"
    if kind == "axes":
        return "a representation" if _has_colon(tokens, opened[-1]) else "an axis size"
    if kind in ("arguments", "row", "matrix"):
        return {"arguments": "an argument", "row": "an entry", "matrix": "a row"}[kind]
    return f"`{_brief(last)}`"


def _has_colon(tokens: Sequence[Token], opener: int) -> bool:
    """Whether the axis that is being read has its colon already."""
    depth, seen = 0, False
    for token in tokens[opener + 1 :]:
        depth += (token.type in OPENERS) - (token.type in CLOSERS)
        if depth == 0 and token.type in ("COMMA", "COLON"):
            seen = token.type == "COLON"
    return seen


def _brief(token: Token) -> str:
    return str(token) if len(token) <= 24 else token[:23] + "…"


def found(token: Token | None) -> str:
    """The token that came instead."""
    if token is None:
        return "the statement ends here"
    if token.type == "DOCSTRING":
        return "found a docstring"
    if token.type == "STRING":
        return f"found the text `{_brief(token)}`"
    kind = {"NAME": "the name ", "INTEGER": "the number ", "DECIMAL": "the number "}
    return f"found {kind.get(token.type, '')}`{_brief(token)}`"


def next_statements(accepts: Collection[str]) -> set[str]:
    """The terminals without those that only start the next statement."""
    return {t for t in accepts if not ("$END" in accepts and t in _STATEMENTS)}
