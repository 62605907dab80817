"""Specs from files and text, for the Python API; no torch."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from textwrap import dedent

from symc.compilation import Compilation
from symc.decoding import read_text
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


@dataclass(frozen=True, repr=False)
class Spec:
    """A checked spec: `ir` is its typed program, `source` the text, `diagnostics` any warnings.

    Printed, it reads as it was written.
    """

    source: Source
    ir: Program
    diagnostics: tuple[Diagnostic, ...] = ()

    def __str__(self) -> str:
        return dedent(self.source.text).strip()

    def __repr__(self) -> str:
        inputs, outputs = (
            ", ".join(tensor.name for tensor in tensors)
            for tensors in (self.ir.inputs, self.ir.outputs)
        )
        return f"Spec({self.name}: {inputs} -> {outputs})"

    @property
    def name(self) -> str:
        """The name of the spec."""
        return self.ir.name

    @cached_property
    def text(self) -> str:
        """The text it was read from."""
        return self.source.text


def _source(spec: str | Path) -> Source | Diagnostic:
    if not isinstance(spec, (str, Path)):
        raise TypeError(
            f"spec: expected a path, spec text or a loaded Spec, got {type(spec).__name__}"
        )
    if isinstance(spec, Path) or spec.endswith(".sym"):
        return read_text(str(spec), Path(spec))
    return Source("<text>", spec)


def _told_of_files(spec: str | Path, diagnostics: Sequence[Diagnostic]) -> Sequence[Diagnostic]:
    """What is wrong with one word, which is no spec, but may be meant to name a file."""
    word = str(spec).strip()
    if isinstance(spec, Path) or spec.endswith(".sym") or len(word) > _LONGEST:
        return diagnostics
    if not _FILE.fullmatch(word):
        return diagnostics
    path = Path(word).with_suffix(".sym")
    is_there = path.is_file()
    meant = f"did you mean {str(path)!r}?" if is_there else f"for a file write, say, {str(path)!r}"
    help_ = f"a string that ends in .sym names a file, any other is the text of a spec: {meant}"
    return [replace(diagnostics[0], help=help_), *diagnostics[1:]]


_FILE = re.compile(r"[\w./\\~-]*\w[\w.-]*")
"""What could be the path of a spec, and is none of its text."""
_LONGEST = 200
"""Longer words name no file, and systems refuse to look for them."""


def load(spec: str | Path | Spec) -> Spec:
    """The checked spec. A string that ends in .sym and a Path are files, any other string is text.

    Raises SpecError if it has errors, OSError if the file cannot be read, TypeError for anything
    else.
    """
    return load_given(spec, ())


def load_given(spec: str | Path | Spec, given: Collection[str]) -> Spec:
    """The same, where no input need tell the sizes `given`."""
    if isinstance(spec, Spec):
        return spec
    source = _source(spec)
    if isinstance(source, Diagnostic):
        raise SpecError([source])
    compilation = Compilation(source, given=given)
    if compilation.program is None:
        raise SpecError(_told_of_files(spec, compilation.diagnostics))
    return Spec(compilation.source, compilation.program, compilation.diagnostics)


def check(spec: str | Path | Spec) -> list[Diagnostic]:
    """What is wrong with a spec, in the order of its text; empty if nothing is.

    `spec` as for `load`. Raises OSError if the file cannot be read, TypeError for anything else.
    """
    if isinstance(spec, Spec):
        return list(spec.diagnostics)
    source = _source(spec)
    return [source] if isinstance(source, Diagnostic) else list(Compilation(source).diagnostics)
