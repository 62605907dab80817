"""Specs from files and text, for the Python API; no torch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from symc.compilation import Compilation
from symc.diagnostics.diagnostic import Diagnostic
from symc.ir.program import Program
from symc.source import Source


class SpecError(ValueError):
    """A spec with errors; `diagnostics` holds all of them. Printed, it reads like `symc check`."""

    def __init__(self, diagnostics: Sequence[Diagnostic]) -> None:
        self.diagnostics = tuple(diagnostics)
        super().__init__(self.diagnostics)

    def __str__(self) -> str:
        from symc.diagnostics.render import text

        return "\n" + text.render(self.diagnostics)


@dataclass(frozen=True)
class Spec:
    """A checked spec: `ir` is its typed program, `source` the text, `diagnostics` any warnings."""

    source: Source
    ir: Program
    diagnostics: tuple[Diagnostic, ...] = ()

    @property
    def name(self) -> str:
        """The name of the spec."""
        return self.ir.name

    @cached_property
    def text(self) -> str:
        """The text it was read from."""
        return self.source.text


def _is_file(spec: str | Path) -> bool:
    return isinstance(spec, Path) or spec.endswith(".sym")


def _compilation(spec: str | Path) -> Compilation:
    if _is_file(spec):
        path = Path(spec)
        return Compilation(Source(str(spec), path.read_text(encoding="utf-8")))
    return Compilation(Source("<text>", str(spec)))


def load(spec: str | Path | Spec) -> Spec:
    """The checked spec. A string that ends in .sym and a Path are files, any other string is text.

    Raises SpecError if it has errors, OSError if the file cannot be read.
    """
    if isinstance(spec, Spec):
        return spec
    compilation = _compilation(spec)
    if compilation.program is None:
        raise SpecError(compilation.diagnostics)
    return Spec(compilation.source, compilation.program, compilation.diagnostics)


def check(spec: str | Path) -> list[Diagnostic]:
    """What is wrong with a spec, in the order of its text; empty if nothing is."""
    return list(_compilation(spec).diagnostics)
