"""Finite groups of matrices with exact entries, given by generators; no file here imports torch."""

from __future__ import annotations

from symc_runtime.catalogue import groups
from symc_runtime.groups.family import Family


def facts_of(family: str, definition: tuple[str, ...]) -> Family:
    """What is known of a group of the catalogue, or of one that generators define."""
    if not definition:
        return groups()[family]
    # Exact arithmetic is loaded where a spec needs it.
    from symc_runtime.generators.group import generated

    return generated(definition)
