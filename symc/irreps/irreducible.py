"""Irreducible representations by name, and sums of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Irreducible:
    """A real irreducible representation of one group. `label`: as people of the field write it.

    `complex_type`: it is a complex one seen as real, so that a product with another of that type
    falls into two.
    """

    label: str
    trivial: bool = False
    complex_type: bool = False


@dataclass(frozen=True)
class Powers:
    """A sum of irreducible ones of one group, with multiplicities.

    `valid_from`: it holds for this and larger parameters; None: as it stands.
    """

    terms: Mapping[Irreducible, int]
    valid_from: int | None = None
