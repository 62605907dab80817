"""Family averaging."""

from __future__ import annotations

from symc_runtime.groups.family import Family
from symc_runtime.methods.method import ANCHOR, EVAL_SAMPLES, SAMPLES, Method, MethodOption


class Average(Method):
    """g ~ Haar, whatever x is: every element of a small finite group, else Monte Carlo."""

    name = "average"
    title = "Haar measure"
    options = {
        "samples": SAMPLES,
        "eval_samples": EVAL_SAMPLES,
        "degree": MethodOption(
            "count",
            None,
            "degree up to which the mean over rotations is exact, by a design of fixed elements",
            ("orthogonal", "euclidean"),
        ),
        "anchor": ANCHOR,
    }
    exhaustive = True

    def elements(self, group: Family, parameter: int) -> int | None:
        """The order of the compact rest."""
        return group.rest_order(parameter)

    def formula(self, group: Family, parameter: str) -> int | str | None:
        """The same, written."""
        return group.rest_order_formula(parameter)
