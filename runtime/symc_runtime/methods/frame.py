"""Frame averaging (Puny et al., ICLR 2022)."""

from __future__ import annotations

from symc_runtime.groups.family import Family, Parameter
from symc_runtime.methods.method import ANCHOR, EVAL_SAMPLES, SAMPLES, Method


class Frame(Method):
    """g uniform over an equivariant frame of x: sorted order, or principal axes."""

    name = "frame"
    title = "uniform over a frame of the input"
    options = {"samples": SAMPLES, "eval_samples": EVAL_SAMPLES, "anchor": ANCHOR}
    exhaustive = True
    generic = True

    def elements(self, group: Family, parameter: Parameter) -> int | None:
        """One sorted order, or the signs of principal axes."""
        return group.frame_order(parameter)

    def formula(self, group: Family, parameter: str) -> int | str | None:
        """The same, written."""
        return group.frame_order_formula(parameter)
