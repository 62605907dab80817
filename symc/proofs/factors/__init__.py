"""Which elements of a group fix a generic input: one file a kind of group, found by itself.

A group whose kind of element no file here is about stays at rest: what is proved with the others
alone holds with it as well.
"""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache

from symc.proofs.factors.factor import Factor


@cache
def factors() -> dict[str, type[Factor]]:
    """The rule for each kind of element."""
    for module in pkgutil.iter_modules(__path__):
        importlib.import_module(f"{__name__}.{module.name}")
    return {kind: rule for rule in Factor.__subclasses__() for kind in sorted(rule.elements)}
