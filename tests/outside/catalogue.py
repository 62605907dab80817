"""Groups from outside in the catalogue, as if their package were installed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import pytest

from symc_runtime import catalogue
from symc_runtime.groups.family import Family


@contextmanager
def with_groups(monkeypatch: pytest.MonkeyPatch, *groups: Family) -> Iterator[None]:
    """The catalogue holds these, too."""
    collect = catalogue._collect

    def collected(root: Any, package: str) -> Mapping[str, Any]:
        found = collect(root, package)
        return found if root is not Family else {**found, **{g.name: g for g in groups}}

    monkeypatch.setattr(catalogue, "_collect", collected)
    for cached in (catalogue.groups, catalogue.compiled_groups):
        cached.cache_clear()
    try:
        yield
    finally:
        for cached in (catalogue.groups, catalogue.compiled_groups):
            cached.cache_clear()
