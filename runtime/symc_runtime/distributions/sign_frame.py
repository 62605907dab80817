"""Frames of sign flips: the sign of each item's first odd moment that is not zero."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import torch

from symc_runtime.actions.axes import fold_like
from symc_runtime.distributions.sign_average import SignNoise
from symc_runtime.elements.signs import Signs, sign_of
from symc_runtime.reading.invariants import item_columns
from symc_runtime.reading.naming import Naming
from symc_runtime.reading.odd import OddBlock, at_item_size_one, odd_blocks, odd_numbers
from symc_runtime.spec.covering import covered
from symc_runtime.spec.layout import Group, Tensor, solve_sizes

Moment = tuple[torch.Tensor, torch.Tensor]
"""An odd number of each item [N, k], and the size of what was summed to make it, [N, k]."""

TEMPLATES = 3
"""Fixed sums of an item's channels that are asked in turn."""


class SignFrame(SignNoise):
    """The signs that make an odd number of each item positive, by fixed functionals in turn.

    Sums over what later groups permute, of the numbers, of their cubes and fifth powers, and
    weighted by what else is known of the places. An item of which all are zero is its own mirror
    image, or looks like it: noise [K, B, k] draws its sign.
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
        self.named = {group.name: group for group in self.groups}
        self.odd = odd_blocks(self.inputs, self.named, self.own, self.later, self.sizes)

    def enumerate(
        self,
        batch: int,
        sizes: Mapping[str, int],
        dtype: torch.dtype,
        device: torch.device,
        generator: torch.Generator | None,
    ) -> torch.Tensor:
        """One draw: a generic input has one frame; what mirror images leave is never enumerated."""
        return self.draw(1, batch, sizes, dtype, device, generator)

    def forward(
        self,
        noise: torch.Tensor,
        *inputs: torch.Tensor,
        counts: Mapping[str, torch.Tensor] | None = None,
    ) -> Signs:
        """For noise [K*B, k] and inputs of as many rows, or shared by samples."""
        with torch.no_grad():
            read = self.naming(inputs, counts)
            decided = fold_like(self._decided(read, counts, noise), noise)
            return Signs(torch.where(decided == 0, sign_of(noise), decided.to(noise.dtype)))

    def _decided(
        self,
        inputs: tuple[torch.Tensor, ...],
        counts: Mapping[str, torch.Tensor] | None,
        noise: torch.Tensor,
    ) -> torch.Tensor:
        """1, -1, or 0 where nothing decides, [N, k]."""
        floating = [x.dtype for x in inputs if x.is_floating_point()]
        dtype = torch.promote_types(floating[0] if floating else torch.float32, torch.float32)
        tol = self.tolerance(dtype)
        sizes = solve_sizes(self.inputs, [x.shape for x in inputs], self.sizes)
        numbers = odd_numbers(self.inputs, inputs, self.odd, sizes, dtype, tol)
        rows = inputs[0].shape[0]
        decided = torch.zeros(rows, noise.shape[-1], dtype=dtype, device=noise.device)
        for seed, (each, x) in enumerate(zip(self.odd, numbers, strict=True)):
            # Without sums over items, and of numbers as they came, opposite numbers have opposite
            # moments to the last digit.
            exact = not each.level and not each.reading.posed and self.resolution is None
            for moment, size in self._moments(x, each, TEMPLATES * seed, inputs, counts):
                told = moment.abs() > (0.0 if exact else tol) * size
                decided = torch.where((decided == 0) & told, sign_of(moment), decided)
        return decided

    def _moments(
        self,
        x: torch.Tensor,
        each: OddBlock,
        seed: int,
        inputs: tuple[torch.Tensor, ...],
        counts: Mapping[str, torch.Tensor] | None,
    ) -> Iterator[Moment]:
        """Odd moments of x [N, items..., k, channels...], the plainest first."""
        x = at_item_size_one(x, each.level).flatten(2 + len(each.level))
        weights = self._weights(each, inputs, counts) if each.level else None
        for template in range(TEMPLATES):
            terms = x * _template(x.shape[-1], seed + template, x)
            # Sums of products, never a matrix product: that rounds by position.
            y, size = terms.sum(-1), terms.abs().sum(-1)
            if not each.level:
                yield y, size
                continue
            yield _summed(y, size, each)
            for power in (3, 5):
                yield _summed(y**power, size**power, each)
            if weights is not None:
                yield _summed(y * weights, size * weights.abs(), each)

    def _weights(
        self,
        each: OddBlock,
        inputs: tuple[torch.Tensor, ...],
        counts: Mapping[str, torch.Tensor] | None,
    ) -> torch.Tensor | None:
        """A number of each place [N, n, 1] that no sign changes; None where places are pairs."""
        if len(each.level) != 1:
            return None
        places = self.named[each.level[0]]
        later = (self.own.name, *(name for name in self.later if name != places.name))
        columns, scales = item_columns(
            self.inputs,
            self.groups,
            places,
            later,
            self.anchors,
            self.sizes,
            inputs,
            counts,
        )
        total: torch.Tensor | None = None
        for seed, (column, scale) in enumerate(zip(columns, scales, strict=True), start=101):
            largest = torch.maximum(column.abs().amax(1, keepdim=True), scale)
            part = column / torch.where(largest > 0, largest, 1.0) * _template(1, seed, column)
            total = part if total is None else total + part
        return None if total is None else total.unsqueeze(-1)


def _summed(y: torch.Tensor, size: torch.Tensor, each: OddBlock) -> Moment:
    """Sums over items of [N, items..., k]."""
    items = tuple(range(1, 1 + len(each.level)))
    return y.sum(items), size.sum(items)


def _template(count: int, seed: int, like: torch.Tensor) -> torch.Tensor:
    """Fixed numbers [count] between 1/2 and 3/2 that have nothing to do with each other."""
    index = torch.arange(count, dtype=torch.float64, device=like.device)
    # Angles of whole numbers: no two of them are in a ratio of small numbers.
    return (1 + (index * (2 * seed + 3) + seed + 1).cos() / 2).to(like.dtype)
