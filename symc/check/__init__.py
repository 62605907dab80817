"""The checker: abstract syntax to typed IR, with every error at once and none twice."""

from __future__ import annotations

from dataclasses import dataclass

from symc.diagnostics.diagnostic import Diagnostic
from symc.ir.program import Program
from symc.source import Source
from symc.syntax.parse import parse

__all__ = ["CheckResult", "check"]


@dataclass(frozen=True)
class CheckResult:
    """`program` is None exactly where there is an error; diagnostics in the order of the text."""

    program: Program | None
    diagnostics: tuple[Diagnostic, ...]


def check(source: Source, name: str = "Model") -> CheckResult:
    """Check a spec text; `name` is what it is called unless it says so itself."""
    from symc.check.document import check_document

    parsed = parse(source)
    partial = bool(parsed.diagnostics)
    program, found = check_document(
        parsed.document, source, name, partial=partial, unread=parsed.unread_names
    )
    diagnostics = tuple(
        sorted((*parsed.diagnostics, *found), key=lambda d: (d.span, d.code))
    )
    if any(d.severity == "error" for d in diagnostics):
        program = None
    return CheckResult(program, diagnostics)
