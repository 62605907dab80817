"""No symmetrization: the base has the symmetry already."""

from __future__ import annotations

from symc_runtime.methods.method import Method


class Base(Method):
    """The base is trusted; the nets of the other groups stay invariant to this one."""

    name = "base"
    title = "none, the base has this symmetry"
    options = {}
    acts = False
