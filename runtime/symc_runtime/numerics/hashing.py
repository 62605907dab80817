"""Whole numbers that stand for what is equal to the bit, and sums of them that no order rounds.

Floating sums of the same numbers in another order differ in their last digit, and would part items
that are alike. So colours are whole numbers below a prime, and messages between items are products
of whole numbers so small that their sums are exact.
"""

from __future__ import annotations

from typing import NamedTuple

import torch

PRIME = 2_147_483_579
"""Below 2^31, so that products fit into 64 bits; not 1 modulo 3, so that all cubes differ."""
FACTOR, SHIFT = 1_103_515_245, 12_345
GOLDEN = 0.6180339887498949


class Digits(NamedTuple):
    """A floating dtype, how many items it can add up, and the bits of each factor of a product."""

    dtype: torch.dtype
    bits: int


def exact_digits(device: torch.device) -> Digits:
    """For sums over up to 2^13 items; where there is no double precision, up to 2^8."""
    if device.type == "mps":
        return Digits(torch.float32, 8)
    return Digits(torch.float64, 20)


def scattered(x: torch.Tensor) -> torch.Tensor:
    """Whole numbers in [0, PRIME), each to another: no sum of them is by chance that of others."""
    square = (x * x).remainder_(PRIME)
    return square.mul_(x).add_(SHIFT).remainder_(PRIME)


def joined(x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    """One number for an ordered pair of numbers from 0, below 2^53, the first below PRIME."""
    return scattered(torch.add(y, x, alpha=FACTOR).remainder_(PRIME))


def fractions(x: torch.Tensor, digits: Digits, first: int = 0) -> torch.Tensor:
    """Whole numbers below 2^bits [..., c] for numbers of size 1, equal where these are to the bit.

    0 stays 0. By products and floors alone, which every machine rounds alike. Channel i, counted
    from `first`, has a factor of its own.
    """
    every = [factor(first + i) for i in range(x.shape[-1])]
    return _fraction(x.to(digits.dtype) * x.new_tensor(every, dtype=digits.dtype), digits)


def kinds(digits: Digits, *parts: torch.Tensor) -> torch.Tensor:
    """The same of tensors of one shape: one number below 2^bits for those of a place together."""
    total = parts[0].to(digits.dtype) * factor(0)
    for i, part in enumerate(parts[1:], start=1):
        total.add_(part.to(digits.dtype), alpha=factor(i))
    return _fraction(total, digits)


def factor(channel: int) -> float:
    """Large, and no fraction of small numbers."""
    return (channel * 7919 % 10_007 + 499) * (GOLDEN + 1000)


def _fraction(turns: torch.Tensor, digits: Digits) -> torch.Tensor:
    """What is left of full turns, in place."""
    return turns.sub_(turns.floor()).mul_(2**digits.bits).floor_()
