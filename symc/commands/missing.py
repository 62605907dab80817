"""A package that is not installed: who only checks specs needs few of them, and is told of others.

That is no defect of symc: docs/ci.md says how to leave out what a job does not use.
"""

from __future__ import annotations

NEEDED_BY = {
    "torch": "`symc verify`, and `symc compile` with `--emit py` or `--emit graph`",
    "pydantic": "`symc compile --emit ir`, and `symc describe` and `symc diff` as JSON",
    "lark": "every command that reads a spec",
}
"""The packages that symc is installed with and may do without, and what does not go then."""


def explained(error: ModuleNotFoundError) -> str | None:
    """What needs the package and how to install it; None where the module is none of them."""
    package = (error.name or "").partition(".")[0]
    if package not in NEEDED_BY:
        return None
    return (
        f"the package {package} is not installed. It is needed by {NEEDED_BY[package]}: "
        f"pip install {package}"
    )
