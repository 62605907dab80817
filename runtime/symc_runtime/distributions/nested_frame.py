"""Frames of S(m) wr S(n): items sorted in each block, and the blocks."""

from __future__ import annotations

from collections.abc import Mapping

import torch

from symc_runtime.actions.axes import fold_like
from symc_runtime.distributions.nested_average import NestedNoise
from symc_runtime.elements.wreath import Wreath
from symc_runtime.numerics.nested_sorting import Columns, nested_index
from symc_runtime.reading.invariants import item_columns
from symc_runtime.reading.naming import Naming
from symc_runtime.spec.covering import covered
from symc_runtime.spec.layout import Group, Tensor


class NestedFrame(NestedNoise):
    """Items sorted in their blocks, then blocks: by features that later groups leave alone.

    Blocks are compared by their own features, then by those of their items. Items of a block, and
    blocks, that stay equal are ordered by noise [K, B, n, m + 1, 1]: uniform over the frame.
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
        self.parts = {atom: group for (name, atom), group in seen.parts.items() if name == own}
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

    def _columns(
        self,
        atom: str,
        inputs: tuple[torch.Tensor, ...],
        counts: Mapping[str, torch.Tensor] | None,
        noise: torch.Tensor,
    ) -> Columns:
        """What tells items apart, or blocks; of inputs that say nothing of them, nothing."""
        if atom not in self.parts:
            return [], []
        columns, scales = item_columns(
            self.inputs,
            self.groups,
            self.parts[atom],
            (*self.later, *(other.name for key, other in self.parts.items() if key != atom)),
            self.anchors,
            self.sizes,
            inputs,
            counts,
            rounded=self.resolution is not None,
        )
        return [fold_like(c, noise) for c in columns], [fold_like(s, noise) for s in scales]

    def forward(
        self,
        noise: torch.Tensor,
        *inputs: torch.Tensor,
        counts: Mapping[str, torch.Tensor] | None = None,
    ) -> Wreath:
        """The sorted order of items and blocks."""
        read = self.naming(inputs, counts)
        items = self._columns("natural", read, counts, noise)
        blocks = self._columns("blocks", read, counts, noise)
        dtype = (*items[0], *blocks[0], noise)[0].dtype
        return nested_index(items, blocks, noise[..., 0], tol=self.tolerance(dtype))
