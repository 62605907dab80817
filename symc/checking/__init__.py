"""The checker: from syntax to the typed intermediate representation, with diagnostics."""

from __future__ import annotations

from symc.checking.document import CheckResult, check, check_document

__all__ = ["CheckResult", "check", "check_document"]
