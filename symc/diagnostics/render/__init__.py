"""Renderers: one file an output format, found by its name; each has `render(diagnostics, ...)`."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Protocol

from symc.diagnostics.diagnostic import Diagnostic


class Renderer(Protocol):
    """What every file of this folder offers."""

    def render(
        self, diagnostics: Sequence[Diagnostic], *, color: bool = False, files: int = 1
    ) -> str:
        """Text for the findings in `files` files; only `text` and `concise` use colour."""


def formats() -> list[str]:
    """The names of all formats, from the files here."""
    return sorted(p.stem for p in Path(__file__).parent.glob("*.py") if p.stem[0] != "_")


def render(
    format_name: str, diagnostics: Sequence[Diagnostic], *, color: bool = False, files: int = 1
) -> str:
    """Renders with the format of that name, one of `formats()`."""
    renderer: Renderer = import_module(f"{__name__}.{format_name}")
    return renderer.render(diagnostics, color=color, files=files)
