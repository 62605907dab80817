"""The stages of a compilation, each computed once and only if asked for."""

from __future__ import annotations

import keyword
import re
from dataclasses import dataclass
from functools import cached_property

from symc.check import CheckResult, check
from symc.diagnostics.diagnostic import Diagnostic
from symc.ir.program import Program
from symc.source import Source


def identifier_of(stem: str) -> str:
    """A file's stem as an identifier: `2d-shapes` gives `_2d_shapes`."""
    name = re.sub(r"\W", "_", stem, flags=re.ASCII) or "Model"
    if name[0].isdigit():
        name = "_" + name
    return name + "_" if keyword.iskeyword(name) or set(name) == {"_"} else name


@dataclass(frozen=True)
class Compilation:
    """One source on its way; `name` is the spec's unless the text says so."""

    source: Source
    name: str = "Model"

    @cached_property
    def _result(self) -> CheckResult:
        return check(self.source, self.name)

    @property
    def diagnostics(self) -> tuple[Diagnostic, ...]:
        """Everything found, in the order of the text."""
        return self._result.diagnostics

    @property
    def program(self) -> Program | None:
        """The checked program, None if there is an error."""
        return self._result.program
