"""The long texts of diagnostics: `explanations/SYMxxx.md`, one a code."""

from __future__ import annotations

import re
from pathlib import Path

FOLDER = Path(__file__).with_name("explanations")
_BLOCK = re.compile(r"^```sym\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def explanation(code: str) -> str | None:
    """The text that explains a code, None if there is no such code."""
    if not re.fullmatch(r"SYM[0-9]{3}", code):
        return None
    path = FOLDER / f"{code}.md"
    return path.read_text(encoding="utf-8") if path.is_file() else None


def examples(text: str) -> tuple[list[str], list[str]]:
    """The wrong and the right specs of an explanation: ```sym blocks before and after `## Mend`."""
    wrong, _, right = text.partition("\n## Mend\n")
    return _BLOCK.findall(wrong), _BLOCK.findall(right)
