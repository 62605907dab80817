"""symc: a compiler for declarative symmetry specs.

    model = symc.build("nbody.sym", base)

makes any PyTorch model equivariant under the groups that the spec declares.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from symc.building import build
    from symc.spec import Spec, SpecError, check, load
    from symc.verifying import verify
    from symc_runtime.call.base_arguments import InputOrderWarning
    from symc_runtime.call.shapes import ShapeError

_HOME = {
    "build": "symc.building",
    "Spec": "symc.spec",
    "SpecError": "symc.spec",
    "check": "symc.spec",
    "load": "symc.spec",
    "verify": "symc.verifying",
    "ShapeError": "symc_runtime.call.shapes",
    "InputOrderWarning": "symc_runtime.call.base_arguments",
}

__all__ = [
    "InputOrderWarning",
    "ShapeError",
    "Spec",
    "SpecError",
    "build",
    "check",
    "load",
    "verify",
]


def __getattr__(name: str) -> Any:
    # Checking a spec must not import torch, which takes seconds: each name loads what it needs.
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(_HOME[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
