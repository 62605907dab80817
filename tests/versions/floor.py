"""The oldest torch that is supported, as pyproject.toml says."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path


def floor() -> str:
    """As `2.5`."""
    text = (Path(__file__).parents[2] / "pyproject.toml").read_text(encoding="utf-8")
    (found,) = (
        re.fullmatch(r"torch>=(\d+\.\d+)", each)
        for each in tomllib.loads(text)["project"]["dependencies"]
        if each.startswith("torch")
    )
    if found is None:
        raise ValueError("pyproject.toml asks for torch in another way than `torch>=X.Y`")
    return found[1]
