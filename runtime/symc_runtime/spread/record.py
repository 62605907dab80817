"""How concentrated one stage is, as data; printed it is a sentence."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import torch

from symc_runtime.spread.words import in_words

Measure = Literal["same", "apart"]
"""`same`: how often two draws show the base the same input; `apart`: how far apart two are."""


@dataclass(frozen=True, eq=False)
class Spread:
    """How concentrated p(g | x) of one stage is, for each example. Printed: its mean in words.

    Attributes:
        over: the compact group that the elements are of, `S(6)`; of E(3) and SE(3) `O(3)`, `SO(3)`.
        measure: `same` for permutations, finite groups and sign flips: the probability that two
            independent draws show the base the same input, from `uniform` to 1, which is one pose.
            `apart` for rotations and reflections: the mean square by which what the base sees of
            the directions in x differs between two draws, as a share of what it is for uniform
            ones: from 0, which is one pose, to 1.
        value: [batch].
        uniform: [batch], the value of the uniform distribution, of `same` for an x without symmetry
            under the group: one over the order of the group.
        exact: whether all elements were taken, each with its probability; else `value` is an
            estimate without bias, which may be 0 where pairs that are the same are rare, and of
            `apart` a little above 1.
    """

    over: str
    measure: Measure
    value: torch.Tensor
    uniform: torch.Tensor
    exact: bool

    def __str__(self) -> str:
        return in_words(
            self.over, self.measure, float(self.value.mean()), float(self.uniform.mean())
        )
