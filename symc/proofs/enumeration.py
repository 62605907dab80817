"""How many elements a stage takes where it takes them all."""

from __future__ import annotations

from math import factorial

from symc.ir.groups import GroupInstance, Stage
from symc_runtime.catalogue import groups as families
from symc_runtime.catalogue import methods

_LARGEST = 64
"""Parameters above it make numbers that nobody reads."""


def elements(stage: Stage, group: GroupInstance, parameter: int) -> int | str | None:
    """The elements that a stage enumerates; as text where there are too many; None: it samples.

    `average` enumerates a finite group, `frame` the signs of principal axes; a number of samples
    in the spec turns either off.
    """
    method, facts = methods()[stage.method], families()[group.family]
    if not method.exhaustive or stage.samples is not None or stage.eval_samples is not None:
        return None
    if stage.method == "frame":
        if facts.element not in ("orthogonal", "euclidean"):
            return None
        signs = parameter - 1 if facts.special else parameter
        return 2**signs if signs <= _LARGEST else f"2^{signs}"
    if not facts.finite:
        return None
    return factorial(parameter) if parameter <= _LARGEST else f"{parameter}!"
