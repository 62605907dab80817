"""What symc says about a spec: data only; renderers turn it into text."""

from __future__ import annotations

from dataclasses import dataclass

from symc.diagnostics.codes import CODES, Severity
from symc.source import Source, Span


@dataclass(frozen=True)
class Related:
    """A second place that explains the first, with its own message."""

    span: Span
    message: str


@dataclass(frozen=True)
class Diagnostic:
    """One finding: its code (for ever the same), the smallest wrong span, what to write instead.

    `fix`: text that, in the place of the span, is likely what was meant; for programs that offer
    to write it.
    """

    code: str
    message: str
    source: Source
    span: Span
    help: str | None = None
    related: tuple[Related, ...] = ()
    fix: str | None = None

    @property
    def severity(self) -> Severity:
        """`error`, `warning` or `note`, fixed for each code."""
        return CODES[self.code].severity
