"""Results of benchmarks, one JSON file each, beside the settings and the machine they came from."""

from __future__ import annotations

import json
import platform
from pathlib import Path

import torch

OUT = Path("out/benchmarks")


def save(folder: Path, name: str, settings: dict[str, object], result: object) -> Path:
    """Write `folder/name.json`."""
    folder.mkdir(parents=True, exist_ok=True)
    machine = {"processor": _processor(), "torch": torch.__version__, "threads": 1}
    content = {"machine": machine, "settings": settings, "result": result}
    path = folder / f"{name}.json"
    path.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    return path


def _processor() -> str:
    described = Path("/proc/cpuinfo")
    lines = described.read_text(encoding="utf-8").splitlines() if described.exists() else []
    models = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(models, platform.machine())
