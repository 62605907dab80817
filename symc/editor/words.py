"""What each word of a spec stands for, told from the words around it alone.

It needs no tree, so it holds for statements that are still being typed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from symc.source import Span
from symc.syntax.parse.lexing import CLOSERS, OPENERS
from symc_runtime.catalogue import methods

if TYPE_CHECKING:
    from lark import Token

Role = Literal[
    "declaration",  # of a size, a group, an input or an output
    "name",  # the use of one
    "spec",
    "constructor",  # before a parenthesis: a group, or a function of representations
    "representation",  # after a dot
    "method",
    "option",
    "net",
    "net option",
    "element",  # of `generated { }`, known inside its braces alone
    "entry",  # in a matrix of such a group: `sqrt`, `pi`
    "token",  # keywords, numbers, signs
]


@dataclass(frozen=True)
class Word:
    """One token: `type` is its terminal, `scope` the offset of the braces that hold an element.

    `owner`: the method of an option, the net of one of its options.
    """

    text: str
    type: str
    span: Span
    role: Role
    owner: str = ""
    scope: int | None = None


@dataclass
class Bracket:
    """An open bracket: `callee` the word before it, `option` the last `name=` inside it."""

    type: str
    start: int
    callee: Word | None
    option: str = ""


def place(token: Token) -> Span:
    """The place of a token in the text, also of a misspelt one whose word was put right."""
    start = token.start_pos or 0
    return Span(start, token.end_pos if token.end_pos is not None else start + len(token))


def option_kind(method: str, option: str) -> str:
    """What an option takes: that of the method, or of any method while that is misspelt."""
    known = methods()
    owners = [known[method]] if method in known else list(known.values())
    return next((m.options[option].kind for m in owners if option in m.options), "")


def words(tokens: Sequence[Token]) -> tuple[list[Word], list[Bracket]]:
    """The words of one statement, and the brackets that are still open after them."""
    found: list[Word] = []
    opened: list[Bracket] = []
    for index, token in enumerate(tokens):
        follower = tokens[index + 1].type if index + 1 < len(tokens) else ""
        word = _word(token, follower, found, opened)
        if token.type in OPENERS:
            opened.append(Bracket(token.type, word.span.start, found[-1] if found else None))
        elif token.type in CLOSERS and opened:
            opened.pop()
        elif opened and token.type == "COMMA":
            opened[-1].option = ""
        elif opened and token.type == "EQUAL" and found and found[-1].role.endswith("option"):
            opened[-1].option = found[-1].text
        found.append(word)
    return found, opened


def _word(token: Token, follower: str, before: list[Word], opened: list[Bracket]) -> Word:
    if token.type != "NAME":
        return Word(str(token), token.type, place(token), "token")
    role, owner, scope = _name(follower, before, opened)
    return Word(str(token), token.type, place(token), role, owner, scope)


def _name(follower: str, before: list[Word], opened: list[Bracket]) -> tuple[Role, str, int | None]:
    """The role of a name, with its owner and scope."""
    last = before[-1] if before else None
    if last is not None and last.type == "DOT":
        return "representation", "", None
    braces = [i for i, bracket in enumerate(opened) if bracket.type == "LBRACE"]
    if braces:
        inside = opened[braces[-1] :]
        number = follower == "LPAR" or any(bracket.type == "LSQB" for bracket in inside)
        return ("entry", "", None) if number else ("element", "", inside[0].start)
    if len(before) == 1 and before[0].type == "SPEC":
        return "spec", "", None
    if len(before) == 1 and before[0].type in ("SIZE", "GROUP", "INPUT", "OUTPUT"):
        return "declaration", "", None
    if last is not None and last.type == "BY" and before[0].type == "SYMMETRIZE":
        return "method", "", None
    callee = opened[-1].callee if opened and opened[-1].type == "LPAR" else None
    if callee is not None and callee.role == "method":
        if follower == "EQUAL" or not opened[-1].option:
            return "option", callee.text, None
        kind = option_kind(callee.text, opened[-1].option)
        if kind == "net" and last is not None and last.type == "EQUAL":
            return "net", "", None
        return "name", "", None
    if callee is not None and callee.role == "net" and not opened[-1].option:
        return "net option", callee.text, None
    if follower == "LPAR":
        return "constructor", "", None
    if opened and opened[-1].type == "LPAR" and follower == "EQUAL":
        return "option", "", None
    return "name", "", None
