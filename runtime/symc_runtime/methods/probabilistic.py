"""Learned probabilistic symmetrization (Kim et al., NeurIPS 2023)."""

from __future__ import annotations

from symc_runtime.groups.family import Family, Parameter
from symc_runtime.methods.canonical import NET, TEMPERATURE
from symc_runtime.methods.method import ANCHOR, EVAL_SAMPLES, SAMPLES, Method, MethodOption

WEIGHED = 48
"""The largest group whose elements are all taken with their weights."""


class Probabilistic(Method):
    """g from a learned distribution: noise through an equivariant net, trained with the base."""

    name = "probabilistic"
    title = "learned distribution"
    options = {
        "samples": SAMPLES,
        "eval_samples": EVAL_SAMPLES,
        "noise_scale": MethodOption("nonnegative", 1.0, "standard deviation of the net's noise"),
        "temperature": TEMPERATURE,
        "entropy": MethodOption(
            "nonnegative", 0.1, "weight of the entropy penalty", ("permutation", "nested")
        ),
        "haar": MethodOption(
            "share",
            0.0,
            "share of elements drawn from Haar measure instead",
            ("permutation", "nested", "orthogonal", "euclidean"),
        ),
        "net": NET,
        "anchor": ANCHOR,
    }
    learned = True
    exhaustive = True
    weighs = True

    def elements(self, group: Family, parameter: Parameter) -> int | None:
        """Of a small group whose elements all have a probability its order; None: it only draws."""
        weighs = group.ruled and (group.tabled or group.flips)
        order = group.rest_order(parameter) if weighs else None
        return order if order is not None and order <= WEIGHED else None

    def formula(self, group: Family, parameter: str) -> int | str | None:
        """The same; where the parameter is open it only draws."""
        return self.elements(group, int(parameter)) if parameter.isdigit() else None
