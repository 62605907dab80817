"""The way of a spec, a cached property a stage."""

from __future__ import annotations

from collections.abc import Collection
from functools import cached_property

from symc.checking import CheckResult, check_document
from symc.checking.document import default_name, join
from symc.diagnostics.diagnostic import Diagnostic
from symc.ir.program import Program
from symc.source import Source
from symc.syntax import ast
from symc.syntax.parse import ParseResult, parse


class Compilation:
    """One spec on its way; each stage runs when it is first asked for, once.

    `given`: sizes that no input need tell.
    """

    def __init__(
        self, source: Source, name: str | None = None, given: Collection[str] = ()
    ) -> None:
        self.source = source
        self.given = given
        self.name = name or default_name(source)

    @cached_property
    def parsed(self) -> ParseResult:
        """Syntax."""
        return parse(self.source)

    @property
    def document(self) -> ast.Document:
        """The syntax tree; without the statements that could not be read."""
        return self.parsed.document

    @cached_property
    def checked(self) -> CheckResult:
        """Meaning."""
        result = check_document(
            self.document,
            self.source,
            self.name,
            unread=self.parsed.unread_names,
            partial=bool(self.parsed.diagnostics),
            given=self.given,
        )
        return join(self.parsed.diagnostics, result)

    @property
    def diagnostics(self) -> tuple[Diagnostic, ...]:
        """Everything that is to be said about the spec, in the order of the text."""
        return self.checked.diagnostics

    @property
    def program(self) -> Program | None:
        """The checked spec, None where it has errors."""
        return self.checked.program
