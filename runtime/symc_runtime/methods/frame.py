"""Frame averaging (Puny et al., ICLR 2022)."""

from __future__ import annotations

from symc_runtime.methods.method import ANCHOR, EVAL_SAMPLES, SAMPLES, Method


class Frame(Method):
    """g uniform over an equivariant frame of x: sorted order, or principal axes."""

    name = "frame"
    title = "uniform over a frame of the input"
    options = {"samples": SAMPLES, "eval_samples": EVAL_SAMPLES, "anchor": ANCHOR}
    exhaustive = True
