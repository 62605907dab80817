"""Learned probabilistic symmetrization (Kim et al., NeurIPS 2023)."""

from __future__ import annotations

from symc_runtime.methods.canonical import NET, TEMPERATURE
from symc_runtime.methods.method import ANCHOR, EVAL_SAMPLES, SAMPLES, Method, MethodOption


class Probabilistic(Method):
    """g from a learned distribution: noise through an equivariant net, trained with the base."""

    name = "probabilistic"
    title = "learned distribution"
    options = {
        "samples": SAMPLES,
        "eval_samples": EVAL_SAMPLES,
        "noise_scale": MethodOption("nonnegative", 1.0, "standard deviation of the net's noise"),
        "temperature": TEMPERATURE,
        "entropy": MethodOption("nonnegative", 0.1, "weight of the entropy penalty", "permutation"),
        "net": NET,
        "anchor": ANCHOR,
    }
    learned = True
