"""What modules compiled by symc import: torch only, nothing of the compiler.

Names are imported at first use, so that facts about groups can be read without torch.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from symc_runtime.actions import (
        center,
        center_of_all,
        centered_points,
        flip,
        fold,
        fold_anew,
        fold_like,
        keep_valid,
        own,
        permute,
        rotate,
        translate,
        unpermute,
        unrotate,
        untranslate,
    )
    from symc_runtime.distributions.orthogonal_average import AverageOrthogonal
    from symc_runtime.distributions.orthogonal_net import LearnedOrthogonal
    from symc_runtime.distributions.permutation_average import AveragePermutation
    from symc_runtime.distributions.permutation_net import LearnedPermutation
    from symc_runtime.distributions.principal_frame import PrincipalFrame
    from symc_runtime.distributions.sorting_frame import SortingFrame
    from symc_runtime.enumeration import Draw
    from symc_runtime.layout import (
        Group,
        Natural,
        Product,
        Sign,
        Sum,
        Tensor,
        Trivial,
        point,
        pseudovector,
    )
    from symc_runtime.shapes import ShapeError, check_base, declared, sizes_of
    from symc_runtime.symmetrized import Symmetrized

_HOMES = {
    "actions": (
        "center", "center_of_all", "centered_points", "flip", "fold", "fold_anew", "fold_like",
        "keep_valid", "own",
        "permute", "rotate", "translate", "unpermute", "unrotate", "untranslate",
    ),
    "distributions.orthogonal_average": ("AverageOrthogonal",),
    "distributions.orthogonal_net": ("LearnedOrthogonal",),
    "distributions.permutation_average": ("AveragePermutation",),
    "distributions.permutation_net": ("LearnedPermutation",),
    "distributions.principal_frame": ("PrincipalFrame",),
    "distributions.sorting_frame": ("SortingFrame",),
    "enumeration": ("Draw",),
    "layout": (
        "Group", "Natural", "Product", "Sign", "Sum", "Tensor", "Trivial", "point", "pseudovector",
    ),
    "shapes": ("ShapeError", "check_base", "declared", "sizes_of"),
    "symmetrized": ("Symmetrized",),
}  # fmt: skip
_HOME = {name: module for module, exported in _HOMES.items() for name in exported}

__all__ = [
    "AverageOrthogonal",
    "AveragePermutation",
    "Draw",
    "Group",
    "LearnedOrthogonal",
    "LearnedPermutation",
    "Natural",
    "PrincipalFrame",
    "Product",
    "ShapeError",
    "Sign",
    "SortingFrame",
    "Sum",
    "Symmetrized",
    "Tensor",
    "Trivial",
    "center",
    "center_of_all",
    "centered_points",
    "check_base",
    "declared",
    "flip",
    "fold",
    "fold_anew",
    "fold_like",
    "keep_valid",
    "own",
    "permute",
    "point",
    "pseudovector",
    "rotate",
    "sizes_of",
    "translate",
    "unpermute",
    "unrotate",
    "untranslate",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
