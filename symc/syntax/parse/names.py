"""Which identifiers a spec may declare (SYM106)."""

from __future__ import annotations

import keyword
import unicodedata
from collections.abc import Iterator

from symc.diagnostics.diagnostic import Diagnostic
from symc.source import Source, Span
from symc.syntax import ast
from symc.syntax.parse.lexing import describe_character

RESERVED = frozenset(
    [
        "spec",
        "size",
        "group",
        "input",
        "output",
        "symmetrize",
        "by",
        "of",
        "wr",
        "generated",
        "lie",
        "relax",
        "search",
    ]
)
_BETTER = {
    "lambda": "lam",
    "class": "label",
    "input": "x",
    "output": "y",
    "size": "n",
    "group": "G",
    "in": "source",
    "from": "source",
    "None": "n",
}


def check_names(source: Source, statement: ast.Statement, seen: set[str]) -> Iterator[Diagnostic]:
    """Every name of a statement that cannot be one; those in `seen` have been reported."""
    for name in _names(statement):
        if name.text not in seen:
            seen.add(name.text)
            # A word of the grammar got here as a repair, which has been reported.
            if name.text not in RESERVED or name.text == "search":
                found = _check(source, name)
                if found is not None:
                    yield found


def _names(statement: ast.Statement) -> Iterator[ast.Name]:
    """Names that are declared or refer to sizes, groups and tensors: no constructor, no option."""
    pending: list[ast.Node] = [statement]
    while pending:
        node = pending.pop()
        children = list(node.children())
        match node:
            case ast.Name():
                yield node
            case ast.Attribute():
                children = [node.owner]
            case ast.Call():
                skip = isinstance(node.function, ast.Name)
                children = list(node.arguments) if skip else children
            case ast.Argument():
                children = [node.value] if node.name is None else []
            case ast.SymmetrizeStatement() | ast.RelaxStatement():
                children = list(node.groups)
        pending.extend(reversed(children))


def _check(source: Source, name: ast.Name) -> Diagnostic | None:
    text = name.text
    if not text.isascii():
        stripped = "".join(
            c for c in unicodedata.normalize("NFKD", text.replace("ß", "ss")) if c.isascii()
        )
        help_ = f"write `{stripped}`" if stripped.isidentifier() else "write it in ASCII letters"
        if text == "π":
            return Diagnostic(
                "SYM106",
                "`π` is no name: the number is written `pi`",
                source,
                name.span,
                "write `pi`",
                fix="pi",
            )
        if unicodedata.category(text[-1]) == "No" and stripped[-1:].isdigit():
            bare = text.rstrip("²³¹⁰⁴⁵⁶⁷⁸⁹")
            help_ = f"a power is written `{bare}^{stripped[-1]}`" if bare.isascii() else help_
        message = f"`{text}` is no name: names are made of ASCII letters, digits and `_`"
        odd = next(c for c in text if not c.isascii())
        if help_.endswith("letters"):
            # Letters of other alphabets look like these.
            help_ += f", without {describe_character(odd)}"
        return Diagnostic("SYM106", message, source, name.span, help_)
    if keyword.iskeyword(text):
        message = f"`{text}` is a keyword of Python and cannot be a name"
        return Diagnostic("SYM106", message, source, name.span, _suggest(text))
    if text in RESERVED:
        return reserved_name(source, name.span, text)
    return None


def refusal(text: str) -> str | None:
    """Why a text cannot be declared as a name, None if it can."""
    source, span = Source("<name>", text), Span(0, len(text))
    if text == "_":
        return reserved_name(source, span, text).message
    if not text.isidentifier():
        return f"`{text}` is no name: names are made of ASCII letters, digits and `_`"
    found = _check(source, ast.Name(span, text))
    return None if found is None else found.message


def reserved_name(source: Source, span: Span, text: str) -> Diagnostic:
    """SYM106 for a word of the language in the place of a name."""
    if text == "_":
        message = "`_` cannot be a name: it stands for a size that the compiler computes"
        return Diagnostic("SYM106", message, source, span, "give it a name of letters")
    later = " for a later version" if text in ("relax", "search") else ""
    message = f"`{text}` is reserved{later} and cannot be a name"
    return Diagnostic("SYM106", message, source, span, _suggest(text))


def _suggest(text: str) -> str:
    return f"write `{text}_`, or another name such as `{_BETTER.get(text, text + '1')}`"
