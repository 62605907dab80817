"""Features of pairs of items, and finer ones, of which only means over items are kept.

There are as many of them as pairs, so what they cost is memory that is written and read again. On a
CPU a few examples at a time stay near the core, and neither values nor gradients are kept.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import torch
from torch.nn import functional as F

from symc_runtime.modules.channels import ChannelLinear, mapped
from symc_runtime.modules.mixing import masked_mean
from symc_runtime.numerics.parts import parts, rows_of
from symc_runtime.numerics.sinkhorn import in_plain_operations

Masks = Sequence[torch.Tensor | None]
"""Of each axis of items the valid ones, [N, n], or None for all."""


class Place(NamedTuple):
    """Axes of items that are kept, from 0, ascending; the others are pooled.

    Of two, maybe their diagonal: such a place comes after those of either axis.
    """

    kept: tuple[int, ...]
    diagonal: bool = False


class PooledChannels(ChannelLinear):
    """A linear map of axis 1, SiLU, and means over items, for x [N, channels, items...]."""

    def forward(
        self,
        input: torch.Tensor,
        places: Sequence[Place] = (),
        masks: Masks = (),
        lifts: Sequence[torch.Tensor] = (),
    ) -> Any:
        """For each place [N, outputs, kept...], or [N, outputs, n] of a diagonal.

        `lifts` [N, outputs, 1 or items...] are added to what is mapped.
        """
        given = (input, self.weight, self.bias, *lifts)
        if in_plain_operations() or torch.compiler.is_compiling():
            return _plain(given, places, masks)
        function: Any = _Pooled.apply
        return function(tuple(places), tuple(masks), *given)


def pooled(x: torch.Tensor, kept: Sequence[int], masks: Masks) -> torch.Tensor:
    """Mean of x [N, c, items...] over every axis of items but those kept, from 0."""
    for axis in reversed(range(len(masks))):
        if axis not in kept:
            x = masked_mean(x, axis + 2, masks[axis])
    return x


Given = Sequence[torch.Tensor | None]
"""x, the weight, the bias or None, and lifts."""


def _plain(given: Given, places: Sequence[Place], masks: Masks) -> tuple[torch.Tensor, ...]:
    silu = F.silu(_embedded(given))
    every = [pooled(silu, place.kept, masks) for place in places]
    return tuple(
        [
            y.diagonal(dim1=2, dim2=3) if place.diagonal else y
            for y, place in zip(every, places, strict=True)
        ]
    )


def _embedded(given: Given) -> torch.Tensor:
    x, weight, bias, *lifts = given
    if x is None or weight is None:
        raise TypeError("nothing to map")
    y = mapped(x, weight, bias)
    for lift in lifts:
        y = y if lift is None else y + lift
    return y


def _part(given: Given, rows: slice) -> Given:
    x, weight, bias, *lifts = given
    return [rows_of(x, rows), weight, bias, *(rows_of(lift, rows) for lift in lifts)]


def _every(given: Given) -> list[slice]:
    x, weight, *_ = given
    if x is None or weight is None:
        raise TypeError("nothing to map")
    return parts(x, weight.shape[0] * math.prod(x.shape[2:]))


class _Pooled(torch.autograd.Function):
    """`PooledChannels`, forward and backward from what it is given alone."""

    @staticmethod
    def forward(
        ctx: Any,
        places: tuple[Place, ...],
        masks: tuple[torch.Tensor | None, ...],
        *given: torch.Tensor,
    ) -> tuple[torch.Tensor, ...]:
        ctx.save_for_backward(*given, *masks)
        ctx.places, ctx.given = places, len(given)
        several = [
            _plain(_part(given, rows), places, [rows_of(mask, rows) for mask in masks])
            for rows in _every(given)
        ]
        if len(several) == 1:
            # No views, which could not be changed in place outside of here.
            return tuple([y.contiguous() for y in several[0]])
        return tuple([torch.cat(parts) for parts in zip(*several, strict=True)])

    @staticmethod
    def backward(ctx: Any, *gradients: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        # Once: of what is checkpointed they are made anew.
        saved = ctx.saved_tensors
        given, masks = saved[: ctx.given], saved[ctx.given :]
        needed = ctx.needs_input_grad[2:]
        places: tuple[Place, ...] = ctx.places
        if torch.is_grad_enabled():
            # Differentiated in turn.
            wanted = [x for x, needs in zip(given, needed, strict=True) if needs]
            found = iter(
                torch.autograd.grad(
                    _plain(given, places, masks), wanted, gradients, create_graph=True
                )
            )
            return None, None, *(next(found) if needs else None for needs in needed)
        x, weight, bias, *lifts = given
        # Divided while they are small, and in one layout with x.
        shares = [
            (gradient / _items(x, place, masks)).contiguous()
            for gradient, place in zip(gradients, places, strict=True)
        ]
        to_x = torch.empty_like(x) if needed[0] else None
        to_weight = torch.zeros_like(weight)
        to_bias = None if bias is None else torch.zeros_like(bias)
        to_lifts = [
            torch.empty_like(lift) if needs else None
            for lift, needs in zip(lifts, needed[3:], strict=True)
        ]
        for rows in _every(given):
            y = _embedded(_part(given, rows))
            few = [rows_of(mask, rows) for mask in masks]
            slope = x.new_zeros(())
            for share, place in zip(shares, places, strict=True):
                slope = _with(slope, share[rows], place, few)
            slope = torch.ops.aten.silu_backward(slope.expand_as(y), y)
            flat = slope.flatten(2)
            to_weight += torch.bmm(flat, x[rows].flatten(2).transpose(1, 2)).sum(0)
            if to_bias is not None:
                to_bias += flat.sum((0, 2))
            if to_x is not None:
                back = torch.bmm(weight.T.expand(flat.shape[0], -1, -1), flat)
                to_x[rows] = back.view_as(to_x[rows])
            for to_lift in to_lifts:
                if to_lift is not None:
                    to_lift[rows] = slope.sum_to_size(to_lift[rows].shape)
        return None, None, to_x, to_weight, to_bias, *to_lifts


def _items(x: torch.Tensor, place: Place, masks: Masks) -> torch.Tensor | int:
    """How many items a mean is over, a number or [N, 1, 1...] to divide what is kept."""
    count: torch.Tensor | int = 1
    left = 1 if place.diagonal else len(place.kept)
    for axis, mask in enumerate(masks):
        if axis in place.kept:
            continue
        if mask is None:
            count = count * x.shape[axis + 2]
        else:
            valid = mask.sum(1).clamp(min=1).to(x.dtype)
            count = count * valid.reshape(-1, *[1] * (1 + left))
    return count


def _with(total: torch.Tensor, share: torch.Tensor, place: Place, masks: Masks) -> torch.Tensor:
    """`total`, plus what is kept of a place at all items that it is a mean of."""
    for axis, mask in enumerate(masks):
        if axis in place.kept:
            continue
        at = share.ndim - 1 if place.diagonal else 2 + axis
        share = share.unsqueeze(at)
        if mask is not None:
            shape = [1] * share.ndim
            shape[0], shape[at] = mask.shape
            share = share * mask.reshape(shape).to(share.dtype)
    if not place.diagonal:
        return total + share
    first, second = place.kept
    # A sum already, so no one else's.
    total.diagonal(dim1=2 + first, dim2=2 + second).add_(share)
    return total
