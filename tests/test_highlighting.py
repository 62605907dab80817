"""The Pygments lexer and the TextMate grammar, held to the grammar of the language."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pygments.lexers import get_lexer_by_name
from pygments.token import Comment, Keyword, Name, Number, Operator, Punctuation, String, Token

from symc.pygments_lexer import DECIMAL, NAME, STATEMENTS, WORDS, SymLexer
from symc.source import Source
from symc.syntax.parse import splitting
from symc.syntax.parse.lexing import tokenize
from symc.syntax.parse.tables import build, grammar_path

ROOT = Path(__file__).parents[1]
VSCODE = ROOT / "editors" / "vscode"
TEXTMATE: dict[str, Any] = json.loads((VSCODE / "syntaxes" / "sym.tmLanguage.json").read_text())
SPECS = sorted((ROOT / "specs").glob("*.sym"))
TRICKY = [
    'spec spec_ """doc # no comment "" " """ size n=5 # "no text"',
    '"""one\n# still the docstring\nsize n """ size n',
    '""""""input x[]',
    "input inputs[sizes, of_, by2, _x, _: x_._, element, basis: relation]",
    "size n<=64 size m ≤ 64 size k = 2^3*4×5⊗6/7-8+9⊕10",
    "symmetrize P by probabilistic(noise_scale=1.5, entropy=.5e-3, a=1e5, b=3., c=2E+7)",
    "group G = generated { element r = [[0,-1],[1,0]] relation r^4 = 1 }",
    "group L = lie { basis [[0, -1], [1, 0]] } group W = S(m) wr S(n)",
    'output y[_: M.irreps("8x0e + 4x1o"), 3: M . vector, 3: E (3).point] = -grad(e, x)',
    "input x[12input, 3.vector, 4.5.6, 1e5x, 1e, .5, 7.e3, 2*n+1]",
    "größe Σ_x input²  # ⊗ é 𝔾 astral",
    '"" "a" size',
    "input x[n]\r\n# comment\r\n\toutput y\f[n]\v",
    "\ufeffspec s",
    "relax M by reference(drop=0) input learned[3, sampled: relaxed] learned = [[0], [1.5]]",
    "output relax_[sampled] of learned sampled",
]

CLASSES = {
    **dict.fromkeys(
        ["SPEC", "SIZE", "GROUP", "INPUT", "OUTPUT", "SYMMETRIZE", "RELAX"], "statement"
    ),
    **dict.fromkeys(["BY", "OF", "WR", "GENERATED", "LIE"], "word"),
    **dict.fromkeys(["ELEMENT", "RELATION", "BASIS", "LEARNED", "SAMPLED"], "word"),
    **dict.fromkeys(["PLUS", "MINUS", "STAR", "SLASH", "CARET", "EQUAL", "LESS_EQUAL"], "operator"),
    **dict.fromkeys(["COMMA", "COLON", "DOT", "LPAR", "RPAR", "LSQB", "RSQB"], "punctuation"),
    **dict.fromkeys(["LBRACE", "RBRACE"], "punctuation"),
    "UNDERSCORE": "wildcard",
    "NAME": "name",
    "INTEGER": "integer",
    "DECIMAL": "decimal",
    "STRING": "string",
    "DOCSTRING": "docstring",
    "COMMENT": "comment",
}
PYGMENTS = {
    Keyword.Declaration: "statement",
    Keyword: "word",
    Name.Builtin.Pseudo: "wildcard",
    Name: "name",
    Number.Integer: "integer",
    Number.Float: "decimal",
    String.Doc: "docstring",
    String.Double: "string",
    Comment: "comment",
    Operator: "operator",
    Punctuation: "punctuation",
}
SCOPES = {
    "keyword.control": "statement",
    "keyword.other": "word",
    "keyword.operator": "operator",
    "punctuation": "punctuation",
    "constant.language.wildcard": "wildcard",
    "constant.numeric.float": "decimal",
    "constant.numeric.integer": "integer",
    "string.quoted.docstring": "docstring",
    "string.quoted.double": "string",
    "comment.line": "comment",
    "variable": "name",
    "entity.name": "name",
}


@dataclass(frozen=True)
class Piece:
    """A stretch of text and its class."""

    start: int
    text: str
    kind: str


def lark_pieces(text: str) -> list[Piece]:
    lexed = tokenize(Source("t.sym", text))
    assert not lexed.diagnostics, text
    pieces = [Piece(t.start_pos or 0, str(t), CLASSES[t.type]) for t in lexed.tokens]
    pieces += [Piece(c.span.start, c.text, "comment") for c in lexed.comments]
    return sorted(pieces, key=lambda piece: piece.start)


def pygments_pieces(text: str) -> list[Piece]:
    pieces = []
    for start, kind, value in SymLexer().get_tokens_unprocessed(text):
        if kind in Token.Text.Whitespace or kind is Token.Text:
            continue
        while kind not in PYGMENTS:
            kind = kind.parent
        name = PYGMENTS[kind]
        pieces.append(Piece(start, value.rstrip() if name == "comment" else value, name))
    return pieces


def textmate_pieces(text: str) -> list[Piece]:
    """What an editor makes of the grammar: line by line, the leftmost match, then the first."""
    rules = [TEXTMATE["repository"][p["include"].removeprefix("#")] for p in TEXTMATE["patterns"]]
    pieces: list[Piece] = []
    offset, open_rule, open_at = 0, None, 0
    for line in re.findall(r"[^\n]*\n|[^\n]+", text):
        at = 0
        while at <= len(line):
            if open_rule is not None:
                end = re.compile(open_rule["end"]).search(line, at)
                if end is None:
                    break
                whole = text[open_at : offset + end.end()]
                pieces.append(Piece(open_at, whole, scope_class(open_rule)))
                open_rule, at = None, end.end()
                continue
            matches = [(m.start(), i, m) for i, m in enumerate(searches(rules, line, at)) if m]
            if not matches:
                break
            start, index, match = min(matches, key=lambda found: found[:2])
            if "begin" in rules[index]:
                open_rule, open_at = rules[index], offset + start
            else:
                kind = scope_class(rules[index])
                value = match[0].rstrip() if kind == "comment" else match[0]
                pieces.append(Piece(offset + start, value, kind))
            at = match.end()
        offset += len(line)
    return pieces


def searches(rules: list[dict[str, str]], line: str, at: int) -> list[re.Match[str] | None]:
    return [re.compile(rule.get("begin") or rule["match"]).search(line, at) for rule in rules]


def scope_class(rule: dict[str, str]) -> str:
    return next(kind for scope, kind in SCOPES.items() if rule["name"].startswith(scope + "."))


TEXTS = [pytest.param(path.read_text(), id=path.stem) for path in SPECS]
TEXTS += [pytest.param(text, id=f"tricky{index}") for index, text in enumerate(TRICKY)]


@pytest.mark.parametrize("text", TEXTS)
def test_every_token_has_the_same_class_everywhere(text: str) -> None:
    expected = lark_pieces(text)
    assert expected
    assert pygments_pieces(text) == expected
    assert textmate_pieces(text) == expected


ATOMS = [
    *STATEMENTS, *WORDS, "_", "x", "n2", "_y", "inputs", "S", "é", "⊗", "×", "⊕", "≤", "<=", "=",
    "+", "-", "*", "/", "^", "[", "]", "(", ")", "{", "}", ",", ":", ".", "0", "17", "1.5", ".5",
    "1e3", "3.", '"8x0e"', '""', '"""doc\nstring"""', "# comment\n", " ", "\n", "\t",
]  # fmt: skip


@given(st.lists(st.sampled_from(ATOMS), max_size=25))
def test_any_row_of_tokens_has_the_same_classes_everywhere(atoms: list[str]) -> None:
    text = "".join(atoms)
    if tokenize(Source("t.sym", text)).diagnostics:
        return  # quotes that ran together: no token, so no class
    assert pygments_pieces(text) == lark_pieces(text)
    assert textmate_pieces(text) == lark_pieces(text)


def test_words_and_numbers_are_those_of_the_grammar() -> None:
    path = grammar_path()
    assert path is not None
    parser = build(path.read_text("utf-8"))
    patterns = {terminal.name: terminal.pattern for terminal in parser.terminals}
    words = {p.value for n, p in patterns.items() if type(p).__name__ == "PatternStr"}
    words = {word for word in words if word.isalpha()}
    assert set(STATEMENTS) | set(WORDS) == words
    assert set(STATEMENTS) == set(splitting.STATEMENTS)
    assert patterns["DECIMAL"].value == DECIMAL
    assert patterns["NAME"].value == NAME
    rules = TEXTMATE["repository"]
    listed = re.findall(r"[a-z]{2,}", rules["statement"]["match"] + rules["word"]["match"])
    assert set(listed) == words
    assert rules["decimal"]["match"] == DECIMAL
    assert rules["name"]["match"] == NAME
    assert set(CLASSES) | {"WHITESPACE"} == set(patterns)


def test_pygments_finds_the_lexer() -> None:
    (found,) = entry_points(group="pygments.lexers", name="sym")
    assert found.load() is SymLexer
    assert isinstance(get_lexer_by_name("sym"), SymLexer)


def test_the_extension_names_files_that_exist() -> None:
    package = json.loads((VSCODE / "package.json").read_text())
    (language,), (grammar,) = (package["contributes"][k] for k in ("languages", "grammars"))
    assert (VSCODE / package["main"]).is_file()
    assert (VSCODE / grammar["path"]).is_file()
    assert grammar["language"] == language["id"]
    assert grammar["scopeName"] == TEXTMATE["scopeName"]
    configuration = json.loads((VSCODE / language["configuration"]).read_text())
    assert configuration["comments"]["lineComment"] == "#"
    started = package["contributes"]["configuration"]["properties"]["symc.command"]["default"]
    assert started == ["symc", "lsp"]
