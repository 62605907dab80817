"""Specs that people wrote, damaged: bytes, tokens, lines, characters from elsewhere."""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from pathlib import Path

Mutation = Callable[[random.Random, str], str]

ROOT = Path(__file__).parents[2]


def _texts(*folders: str) -> list[str]:
    paths = (path for folder in folders for path in sorted((ROOT / folder).glob("*.sym")))
    return [path.read_bytes().decode("utf-8") for path in paths]


RIGHT = _texts("specs")
WRONG = _texts("tests/goldens/check", "tests/goldens/syntax")

_TOKEN = re.compile(r'"""[\s\S]*?"""|"[^"\n]*"|#[^\n]*|\w+|<=|\s+|[^\w\s]')
WORDS = (
    "spec", "size", "group", "input", "output", "symmetrize", "by", "of", "wr", "generated",
    "lie", "element", "relation", "basis", "S", "O", "SO", "E", "SE", "T", "C", "D", "U", "n", "P",
    "M", "x", "y", "_", "0", "1", "2", "3", "31", "2147483648", "0.5", "1e9", ".", ",", ":",
    "=", "<=", "+", "-", "*", "/", "^", "(", ")", "[", "]", "{", "}", '"', '"""', "#", ";",
    "point", "vector", "scalar", "sign", "pseudovector", "pseudoscalar", "dual", "average",
    "frame", "canonical", "probabilistic", "base", "samples", "net", "anchor", "lambda",
    "relax", "grad", "grid", "irrep", "regular", "natural",
)  # fmt: skip
CHARACTERS = (
    "\0", "\t", "\r", "\r\n", "\n", "\v", "\f", "\x1b", "\x7f", "\x85", "\u00a0", "\u2028",
    "\ufeff", "\u200b", "\u202e", "\ud800", "\udfff", "é", "e\u0301", "ß", "²", "日", "🙂", "⊗",
    "⊕", "×", "≤", "−", "“", "：", "٣", "𝐧", "'", "\\", "`", "$", "{0}", "%s",
)  # fmt: skip


def _flip_byte(rng: random.Random, text: str) -> str:
    data = bytearray(text.encode("utf-8", "surrogatepass"))
    if data:
        data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
    # A command refuses what is no UTF-8 before it is read; the Python API may be given this.
    return data.decode("utf-8", rng.choice(("replace", "surrogateescape")))


def _tokens(change: Callable[[random.Random, list[str], int], None]) -> Mutation:
    def mutate(rng: random.Random, text: str) -> str:
        tokens = _TOKEN.findall(text)
        if tokens:
            change(rng, tokens, rng.randrange(len(tokens)))
        return "".join(tokens)

    return mutate


def _delete(rng: random.Random, tokens: list[str], at: int) -> None:
    del tokens[at : at + rng.choice((1, 1, 1, 2, 5))]


def _duplicate(rng: random.Random, tokens: list[str], at: int) -> None:
    tokens[at:at] = tokens[at : at + rng.choice((1, 1, 2, 8))] * rng.choice((1, 1, 1, 30))


def _swap(rng: random.Random, tokens: list[str], at: int) -> None:
    other = rng.randrange(len(tokens))
    tokens[at], tokens[other] = tokens[other], tokens[at]


def _replace(rng: random.Random, tokens: list[str], at: int) -> None:
    tokens[at] = rng.choice(WORDS)


def _insert(rng: random.Random, tokens: list[str], at: int) -> None:
    tokens.insert(at, rng.choice((" ", "")) + rng.choice(WORDS) + rng.choice((" ", "")))


def _nest(rng: random.Random, tokens: list[str], at: int) -> None:
    opener, closer = rng.choice(("()", "[]", "{}", ("-", ""), ("2*(", ")"), ("S(", ")")))
    times = rng.choice((1, 3, 60, 150))
    tokens[at] = opener * times + tokens[at] + closer * times


def _lengthen(rng: random.Random, tokens: list[str], at: int) -> None:
    tokens[at] *= rng.choice((2, 19, 400))


def _character(rng: random.Random, text: str) -> str:
    at = rng.randint(0, len(text))
    return text[:at] + rng.choice(CHARACTERS) * rng.choice((1, 1, 1, 40)) + text[at:]


def _line_ends(rng: random.Random, text: str) -> str:
    return text.replace("\n", rng.choice(("\r\n", "\r", " ", "\n\n\n", "\u2028", " # c\n")))


def _splice(rng: random.Random, text: str) -> str:
    other = rng.choice(RIGHT + WRONG)
    return text[: rng.randint(0, len(text))] + other[rng.randint(0, len(other)) :]


def _cut(rng: random.Random, text: str) -> str:
    start, stop = sorted((rng.randint(0, len(text)), rng.randint(0, len(text))))
    return rng.choice((text[:start], text[start:], text[start:stop]))


MUTATIONS: tuple[Mutation, ...] = (
    _flip_byte,
    *(
        _tokens(change)
        for change in (_delete, _duplicate, _swap, _replace, _replace, _insert, _nest)
    ),
    _tokens(_lengthen),
    _character,
    _line_ends,
    _splice,
    _cut,
)


def mutated(rng: random.Random, text: str | None = None) -> str:
    """A text, else a right or a wrong spec of this repository, after one to six mutations."""
    if text is None:
        text = rng.choice(rng.choice((RIGHT, RIGHT, WRONG)))
    for _ in range(rng.choice((1, 1, 1, 2, 2, 3, 6))):
        text = rng.choice(MUTATIONS)(rng, text)
    return text
