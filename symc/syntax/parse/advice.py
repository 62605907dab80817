"""What to write instead, where a token cannot follow those before it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from symc.syntax.parse.expectation import OPERANDS, bracket_kind, open_brackets
from symc.syntax.parse.slips import TIMES

if TYPE_CHECKING:
    from lark import Token

_GENERATED = ("generate", "generates", "generators", "Generated", "gen", "matrices", "matrix")
_GENERATORS = "generated { element r = [[0, -1], [1, 0]] }"
_WREATH = ("wreath", "wreathproduct", "wreath_product", "wrt")
_TENSORS = ("INPUT", "OUTPUT")
_TYPES = frozenset({
    "float", "float16", "float32", "float64", "double", "half", "bfloat16", "int", "int32",
    "int64", "long", "bool", "complex", "tensor", "Tensor", "torch", "f32", "f64",
})  # fmt: skip


def advice(
    done: Sequence[Token], token: Token, accepts: set[str], follower: Token | None
) -> str | None:
    """What to write instead, where a usual slip can be told; `follower`: the token after it."""
    opened = open_brackets(done)
    kind = bracket_kind(done, opened[-1]) if opened else ""
    pair = (done[-1].type, token.type)
    if pair == ("STAR", "STAR"):
        return "a power is written `^`"
    if kind != "axes" and pair[0] == "INTEGER" and pair[1] == "NAME" and _adjacent(done[-1], token):
        return f"a product is written `{done[-1]}*{token}`"
    if pair[0] == "GENERATED" or (done[-1] in _GENERATED and token.type == "LBRACE"):
        return f"a group by generators is written `{_GENERATORS}`"
    if pair == ("RPAR", "NAME") and str(token).lower() in _WREATH:
        return "a wreath product is written `S(m) wr S(n)`, n blocks of m items"
    if "STAR" in accepts and pair[0] == "NAME" and token.type in ("LSQB", "LBRACE"):
        return f"a group takes its parameter in parentheses: `{done[-1]}(...)`"
    if kind == "axes":
        return _in_axes(done, token, accepts, follower.type if follower else "")
    if kind == "parenthesis" and token.type == "COMMA" and done[opened[-1] - 1].type == "COLON":
        return "sizes stand before what they carry together: `(h, w): R.grid`"
    if kind == "matrix":
        return "a matrix is a list of rows: `[[0, -1], [1, 0]]`"
    if kind == "row" and done[0].type in _TENSORS and token.type == "COLON":
        return f"axes stand right behind the name: `{done[0]} {done[1]}[...]`"
    if kind == "arguments" and done[-1].type == "EQUAL":
        return "an option is written `name=value`"
    if kind == "block" and "ELEMENT" in accepts:
        return _between_elements(token, follower)
    if kind == "parenthesis" and token.type == "COMMA" and _defines(done):
        return "a matrix is a list of rows: `[[0, -1], [1, 0]]`"
    if kind == "block" and any(token.type == "RELATION" for token in done):
        return "a relation is an equation: `relation r^4 = 1`"
    if done[0].type == "SYMMETRIZE" and kind == "parenthesis" and len(opened) == 1 == opened[0]:
        return "write `symmetrize GROUPS by METHOD`, without parentheses around it"
    if kind:
        return None
    if done[0].type in _TENSORS:
        return _behind_a_tensor(done, token, follower)
    if done[0].type in ("SYMMETRIZE", "RELAX"):
        return _in_symmetrize(done, token)
    if done[0].type == "SPEC" and token.type == "STRING" and len(done) == 1:
        return f"a name stands without quotes: `spec {_as_name(token)}`"
    if done[0].type in ("SIZE", "SPEC") and len(done) > 1:
        return _behind_a_name(done, token)
    return (
        "a docstring stands in three quotes, after `spec NAME`" if token.type == "STRING" else None
    )


def _between_elements(token: Token, follower: Token | None) -> str | None:
    """Where in `generated { }` an element or a relation might begin."""
    if token.type == "COMMA":
        return "elements and relations need no separator: remove it"
    word = str(token).lower()
    if follower is not None and follower.type == "EQUAL" and token.type == "NAME":
        return f"an element is written `element {token} = [[0, -1], [1, 0]]`"
    if word in ("relations", "rel", "rels", "relator"):
        return "each relation is written by itself: `relation r^4 = 1`"
    if token.type == "NAME":
        return "each element is written by itself: `element r = [[0, -1], [1, 0]]`"
    return None


def _defines(done: Sequence[Token]) -> bool:
    """Whether the last `=` is that of an element."""
    last = max((i for i, token in enumerate(done) if token.type == "EQUAL"), default=0)
    return last > 1 and done[last - 2].type == "ELEMENT"


def _adjacent(token: Token, other: Token) -> bool:
    return token.end_pos == other.start_pos


def _in_axes(done: Sequence[Token], token: Token, accepts: set[str], follower: str) -> str | None:
    pair = (done[-1].type, token.type)
    if pair == ("LSQB", "RSQB"):
        return f"one number an example is declared without brackets: `{done[0]} {done[1]}`"
    if accepts >= OPERANDS and (token.type in ("DOT", "STAR") or token.type == follower == "COLON"):
        return "the batch axis is not declared: an axis is `size` or `size: representation`"
    if accepts >= OPERANDS and token.type == "COLON":
        if follower in ("COMMA", "RSQB"):
            return "the batch axis is not declared; any other axis has a size, such as `n`"
        return "the size comes first; `_: R` lets the compiler compute it"
    if done[-1].type == "COLON" and token.type in ("COMMA", "RSQB"):
        return "a channel axis, which no group moves, is a size alone"
    if token.type == "EQUAL":
        return "an axis is `size` or `size: representation`"
    if pair[0] == "INTEGER" and token.type == "NAME" and _adjacent(done[-1], token):
        return f"a product is written `{done[-1]}*{token}`"
    if "COMMA" in accepts and token.type in ("NAME", "INTEGER") and "COLON" in accepts:
        return "axes are separated by `,`, a size and its representation by `:`"
    if "COMMA" in accepts and token.type in ("NAME", "INTEGER", "COLON"):
        return "axes are separated by `,`, a group and its representation by `.`, as in `M.vector`"
    if done[-1].type == "RPAR" and token.type in ("RSQB", "COMMA"):
        return (
            "axes are listed without parentheses: `[n, 3]`; these are for what two axes carry "
            "together, `(h, w): R.grid`"
        )
    return None


def _behind_a_tensor(done: Sequence[Token], token: Token, after: Token | None) -> str | None:
    """After `input x` and `input x[...]`."""
    word, follower = done[0], after.type if after else ""
    if len(done) == 2 and token.type in ("MINUS", "DOT"):
        return f"a name has letters, digits and `_`, and no `{token}`"
    if len(done) == 2 and token.type in ("LPAR", "LBRACE", "COLON", "STRING"):
        no_type = "tensors have no type here; " if after and str(after) in _TYPES else ""
        return f"{no_type}axes stand in square brackets: `{word} {done[1]}[...]`"
    if len(done) == 1:
        return None
    typed = token.type == "COLON" and (after is None or str(after) in _TYPES)
    if token.type == "COLON" and not typed:
        return "what a tensor carries stands on its axes, as in `3: M.vector`"
    if typed or str(token) in _TYPES:
        return "tensors have no type here: labels 0 to 9 are `of 10`, all else is floating"
    if token.type == "COMMA" and follower == "NAME":
        return f"each tensor is a statement of its own: write `{word}` before its name"
    if token.type == "COMMA":
        return "statements need no separator: remove it"
    if token.type == "LSQB" and done[-1].type == "RSQB":
        return "all axes of a tensor stand in one pair of brackets: `[n, 3]`"
    if token.type == "NAME" and str(token) == "in":
        return "labels 0 to 9 are written `of 10`"
    if token.type == "NAME" and follower == "LSQB":
        return f"each tensor is a statement of its own: write `{word}` before its name"
    if any(other.type in ("LEARNED", "SAMPLED") for other in done[2:]):
        return "the order is axes, labels, `learned` or `sampled`, value"
    return None


def _in_symmetrize(done: Sequence[Token], token: Token) -> str | None:
    by = next((i for i, other in enumerate(done) if other.type == "BY"), None)
    word = str(done[0])
    if by is None:
        if token.type == "NAME" and str(token) in TIMES:
            return f"groups are separated by `,`: `{word} P, M by METHOD`"
        return f"the method stands after `by`: write `{word} GROUPS by METHOD`"
    if len(done) == by + 1:
        return "a method stands without quotes" if token.type == "STRING" else None
    method = str(done[by + 1])
    if token.type == "COMMA":
        return f"a line has one method: write `{word} GROUPS by METHOD` for each"
    if token.type == "NAME" and str(token) in ("over", "for", "on", "of"):
        return f"groups stand before `by`: `{word} GROUPS by {method}`"
    if token.type == "NAME":
        return f"options stand in parentheses: `{method}(samples=20)`"
    return None


def _behind_a_name(done: Sequence[Token], token: Token) -> str | None:
    word, name = done[0], done[1]
    if word.type == "SIZE" and token.type == "COMMA":
        return f"each size is a statement of its own: `size {name}`"
    if word.type == "SPEC" and token.type in ("DOT", "COLON"):
        return f"a spec has a name, and no file or block: `spec {name}`"
    if word.type == "SPEC" and token.type == "MINUS":
        return "a name has letters, digits and `_`, and no `-`"
    return None


def _as_name(token: Token) -> str:
    name = re.sub(r"\W", "_", str(token)[1:-1], flags=re.ASCII)
    return name if name.isidentifier() else "NAME"
