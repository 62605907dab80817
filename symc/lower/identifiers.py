"""Names for what codegen makes: the spec's own, kept apart from Python's and the runtime's."""

from __future__ import annotations

import builtins
import keyword
from collections.abc import Iterable

from symc_runtime.symmetrized import Symmetrized

LOCAL_NAMES = frozenset({"self", "torch", "nn", "sr", *keyword.kwlist, *dir(builtins)})
"""What a local variable of generated code must not shadow."""


def _attribute_names() -> frozenset[str]:
    # The instance has more names than the class: its own and those nn.Module sets.
    probe = Symmetrized.__new__(Symmetrized)
    super(Symmetrized, probe).__init__()
    return frozenset(
        {
            *dir(Symmetrized),
            *vars(probe),
            "base",
            "samples",
            "eval_samples",
            "chunk",
            "base_counts",
            "graph",
            "program",
            "recompile",
            *keyword.kwlist,
        }
    )


ATTRIBUTE_NAMES = _attribute_names()
"""What a submodule must not be called."""


class Namespace:
    """Hands out names, each once; a taken one gets underscores at its end."""

    def __init__(self, taken: Iterable[str]) -> None:
        self._taken = set(taken)

    def name(self, wanted: str) -> str:
        """`wanted`, or the nearest free name."""
        while wanted in self._taken:
            wanted += "_"
        self._taken.add(wanted)
        return wanted


def class_name(spec: str) -> str:
    """The spec's name in CapWords: `n_body` gives `NBody`; kept apart from Python's own names."""
    words = [word for word in spec.split("_") if word]
    name = "".join(word[0].upper() + word[1:] for word in words) or "Model"
    if not name.isidentifier():
        name = "Model" + name
    return name + "_" if name in {"Symmetrized", *keyword.kwlist, *dir(builtins)} else name
