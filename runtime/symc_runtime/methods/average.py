"""Group averaging."""

from __future__ import annotations

from symc_runtime.methods.method import ANCHOR, EVAL_SAMPLES, SAMPLES, Method


class Average(Method):
    """g ~ Haar, whatever x is: every element of a small finite group, else Monte Carlo."""

    name = "average"
    title = "Haar measure"
    options = {"samples": SAMPLES, "eval_samples": EVAL_SAMPLES, "anchor": ANCHOR}
    exhaustive = True
