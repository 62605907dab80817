"""Frames of S(n): sorted order (Puny et al., ICLR 2022)."""

from __future__ import annotations

from collections.abc import Mapping

import torch

from symc_runtime.actions.axes import fold, fold_like
from symc_runtime.distributions.permutation_average import PermutationNoise
from symc_runtime.elements.permutation import Permutation
from symc_runtime.numerics.sorting import sorting_index
from symc_runtime.reading.invariants import item_columns
from symc_runtime.reading.naming import Naming
from symc_runtime.spec.covering import covered
from symc_runtime.spec.layout import Group, Tensor


class SortingFrame(PermutationNoise):
    """The permutation that sorts items lexicographically by features that later groups leave alone.

    Items that stay equal are ordered by noise [K, B, n, 1]: uniform over the frame.
    """

    def __init__(
        self,
        inputs: tuple[Tensor, ...],
        groups: tuple[Group, ...],
        own: str,
        later: tuple[str, ...] = (),
        anchors: Mapping[str, int] | None = None,
        sizes: Mapping[str, int] | None = None,
    ) -> None:
        naming = Naming(inputs, (own, *later), sizes or {})
        seen = covered(naming.inputs, groups, own, sizes)
        super().__init__(seen.inputs, seen.groups, own)
        self.naming = naming
        self.later = seen.named(later)
        self.anchors = dict(anchors or {})
        self.sizes = dict(sizes or {})

    def enumerate(
        self,
        batch: int,
        sizes: Mapping[str, int],
        dtype: torch.dtype,
        device: torch.device,
        generator: torch.Generator | None,
    ) -> torch.Tensor:
        """One draw: a generic input has one order; what ties leave open is never enumerated."""
        return self.draw(1, batch, sizes, dtype, device, generator)

    def forward(
        self,
        noise: torch.Tensor,
        *inputs: torch.Tensor,
        counts: Mapping[str, torch.Tensor] | None = None,
    ) -> Permutation:
        """The sorted order of the items."""
        columns, scales = item_columns(
            self.inputs,
            self.groups,
            self.own,
            self.later,
            self.anchors,
            self.sizes,
            self.naming(inputs, counts),
            counts,
            rounded=self.resolution is not None,
        )
        valid = self._valid(noise, counts)
        if valid is not None:
            valid = fold(valid, noise.shape[0] // valid.shape[0])
        folded = [fold_like(column, noise) for column in columns]
        sizes = [fold_like(scale, noise) for scale in scales]
        tol = self.tolerance(noise.dtype if not folded else folded[0].dtype)
        return Permutation(sorting_index(folded, noise[..., 0], valid, sizes, tol=tol))
