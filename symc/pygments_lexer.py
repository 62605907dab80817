"""Colours for `.sym` in everything that Pygments highlights: documents, Sphinx, terminals.

The words and numbers are those of `grammar/sym.lark`, and a test holds them to it. Pygments finds
the lexer by its entry point; nothing else in symc imports this file, or Pygments.
"""

from __future__ import annotations

from typing import ClassVar

from pygments.lexer import RegexLexer, words
from pygments.token import (
    Comment,
    Keyword,
    Name,
    Number,
    Operator,
    Punctuation,
    String,
    Whitespace,
)

STATEMENTS = ("spec", "size", "group", "input", "output", "symmetrize", "relax")
WORDS = (
    "by", "of", "wr", "generated", "lie", "element", "relation", "basis", "learned", "sampled",
)  # fmt: skip
NAME = r"[^\W\d]\w*"
DECIMAL = (
    r"[0-9]+\.(?![^\W\d])[0-9]*([eE][+-]?[0-9]+)?"
    r"|\.[0-9]+([eE][+-]?[0-9]+)?|[0-9]+[eE][+-]?[0-9]+"
)


class SymLexer(RegexLexer):
    """Lexer for declarative symmetry specs."""

    name = "Symmetry spec"
    aliases: ClassVar[list[str]] = ["sym"]
    filenames: ClassVar[list[str]] = ["*.sym"]
    url = ""
    version_added = ""

    # The order is that of the grammar: docstrings before strings, decimals before whole numbers.
    tokens: ClassVar[dict[str, list[object]]] = {
        "root": [
            (r"[ \t\r\n\f\v\ufeff]+", Whitespace),
            (r"#[^\n]*", Comment.Single),
            (r'"""(.|\n)*?"""', String.Doc),
            (r'"(?!"")[^"\n]*"', String.Double),
            (DECIMAL, Number.Float),
            (r"[0-9]+", Number.Integer),
            (words(STATEMENTS, suffix=r"(?!\w)"), Keyword.Declaration),
            (words(WORDS, suffix=r"(?!\w)"), Keyword),
            (r"_(?!\w)", Name.Builtin.Pseudo),
            (rf"{NAME}(?=\s*\()", Name.Function),
            (rf"(?<=\.){NAME}", Name.Attribute),
            (NAME, Name),
            (r"<=|[-+*/^=≤⊕×⊗]", Operator),
            (r"[][(){},:.]", Punctuation),
        ]
    }
