"""Concrete syntax to abstract syntax: `parse` never raises and reports several errors at once."""

from __future__ import annotations

from dataclasses import dataclass

from symc.diagnostics.diagnostic import Diagnostic
from symc.source import Source
from symc.syntax import ast

__all__ = ["ParseResult", "parse"]


@dataclass(frozen=True)
class ParseResult:
    """The statements that could be read, and what is wrong with the text.

    `unread_names` holds every name in statements that could not be read: what is said to be
    missing for one of these may be missing only because its statement was not understood.
    """

    document: ast.Document
    diagnostics: tuple[Diagnostic, ...]
    unread_names: frozenset[str] = frozenset()


def parse(source: Source) -> ParseResult:
    """Reads a spec. Never raises; an error ends at the next statement, what is before it is kept.

    Names that cannot be names are reported and kept, so that what follows still fits together.
    """
    # Lark is loaded here, so that who imports the syntax need not wait for it.
    from symc.syntax.parse.document import read_document

    return read_document(source)
