"""What modules compiled by symc import: torch only, nothing of the compiler.

Names are imported at first use, so that facts about groups can be read without torch.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from symc_runtime.actions.axes import (
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
        times_signs,
        translate,
        unname,
        unpermute,
        unrotate,
        untranslate,
    )
    from symc_runtime.actions.nested import (
        permute_blocks,
        permute_items,
        permute_nested,
        unpermute_blocks,
        unpermute_items,
        unpermute_nested,
    )
    from symc_runtime.actions.symmetric import components, full_tensor
    from symc_runtime.actions.tables import move, turn, unmove, unname_by, unturn
    from symc_runtime.call.shapes import ShapeError, check_base, declared, sizes_of
    from symc_runtime.distributions.design_average import DesignOrthogonal
    from symc_runtime.distributions.finite_average import AverageFinite
    from symc_runtime.distributions.finite_net import LearnedFinite
    from symc_runtime.distributions.mixed_orthogonal import MixedOrthogonal
    from symc_runtime.distributions.mixed_permutation import MixedPermutation
    from symc_runtime.distributions.nested_average import AverageNested
    from symc_runtime.distributions.nested_frame import NestedFrame
    from symc_runtime.distributions.nested_net import LearnedNested
    from symc_runtime.distributions.orthogonal_average import AverageOrthogonal
    from symc_runtime.distributions.orthogonal_net import LearnedOrthogonal
    from symc_runtime.distributions.permutation_average import AveragePermutation
    from symc_runtime.distributions.permutation_net import LearnedPermutation
    from symc_runtime.distributions.principal_frame import PrincipalFrame
    from symc_runtime.distributions.sign_average import AverageSigns
    from symc_runtime.distributions.sign_frame import SignFrame
    from symc_runtime.distributions.sign_net import LearnedSigns
    from symc_runtime.distributions.sorting_frame import SortingFrame
    from symc_runtime.distributions.template_frame import TemplateFrame
    from symc_runtime.spec.draws import Draw
    from symc_runtime.spec.layout import (
        Alt,
        Gradient,
        Group,
        Joint,
        Natural,
        Product,
        Sign,
        Sum,
        Sym,
        Table,
        Tensor,
        Trivial,
        grid,
        point,
        pseudovector,
    )
    from symc_runtime.symmetrized import Symmetrized

_HOMES = {
    "actions.axes": (
        "center", "center_of_all", "centered_points", "flip", "fold", "fold_anew", "fold_like",
        "keep_valid", "own",
        "permute", "rotate", "times_signs", "translate", "unname", "unpermute", "unrotate",
        "untranslate",
    ),
    "distributions.design_average": ("DesignOrthogonal",),
    "distributions.finite_average": ("AverageFinite",),
    "distributions.finite_net": ("LearnedFinite",),
    "distributions.mixed_orthogonal": ("MixedOrthogonal",),
    "distributions.mixed_permutation": ("MixedPermutation",),
    "distributions.nested_average": ("AverageNested",),
    "distributions.nested_frame": ("NestedFrame",),
    "distributions.nested_net": ("LearnedNested",),
    "distributions.orthogonal_average": ("AverageOrthogonal",),
    "distributions.orthogonal_net": ("LearnedOrthogonal",),
    "distributions.permutation_average": ("AveragePermutation",),
    "distributions.permutation_net": ("LearnedPermutation",),
    "distributions.principal_frame": ("PrincipalFrame",),
    "distributions.sign_average": ("AverageSigns",),
    "distributions.sign_frame": ("SignFrame",),
    "distributions.sign_net": ("LearnedSigns",),
    "distributions.sorting_frame": ("SortingFrame",),
    "distributions.template_frame": ("TemplateFrame",),
    "spec.draws": ("Draw",),
    "spec.layout": (
        "Alt", "Gradient", "Group", "Joint", "Natural", "Product", "Sign", "Sum", "Sym", "Table",
        "Tensor", "Trivial", "grid", "point", "pseudovector",
    ),
    "call.shapes": ("ShapeError", "check_base", "declared", "sizes_of"),
    "symmetrized": ("Symmetrized",),
    "actions.nested": (
        "permute_blocks", "permute_items", "permute_nested",
        "unpermute_blocks", "unpermute_items", "unpermute_nested",
    ),
    "actions.symmetric": ("components", "full_tensor"),
    "actions.tables": ("move", "turn", "unmove", "unname_by", "unturn"),
}  # fmt: skip
_HOME = {name: module for module, exported in _HOMES.items() for name in exported}

__all__ = [
    "Alt",
    "AverageFinite",
    "AverageNested",
    "AverageOrthogonal",
    "AveragePermutation",
    "AverageSigns",
    "DesignOrthogonal",
    "Draw",
    "Gradient",
    "Group",
    "Joint",
    "LearnedFinite",
    "LearnedNested",
    "LearnedOrthogonal",
    "LearnedPermutation",
    "LearnedSigns",
    "MixedOrthogonal",
    "MixedPermutation",
    "Natural",
    "NestedFrame",
    "PrincipalFrame",
    "Product",
    "ShapeError",
    "Sign",
    "SignFrame",
    "SortingFrame",
    "Sum",
    "Sym",
    "Symmetrized",
    "Table",
    "TemplateFrame",
    "Tensor",
    "Trivial",
    "center",
    "center_of_all",
    "centered_points",
    "check_base",
    "components",
    "declared",
    "flip",
    "fold",
    "fold_anew",
    "fold_like",
    "full_tensor",
    "grid",
    "keep_valid",
    "move",
    "own",
    "permute",
    "permute_blocks",
    "permute_items",
    "permute_nested",
    "point",
    "pseudovector",
    "rotate",
    "sizes_of",
    "times_signs",
    "translate",
    "turn",
    "unmove",
    "unname",
    "unname_by",
    "unpermute",
    "unpermute_blocks",
    "unpermute_items",
    "unpermute_nested",
    "unrotate",
    "untranslate",
    "unturn",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
