"""Items on a circle and rotations of the plane, as rational parts of a turn."""

from __future__ import annotations

import math
from fractions import Fraction

from symc_runtime.groups import grids
from symc_runtime.groups.items import Image, Items, Rows

IMAGE = "an image, turned by quarters without interpolation"
"""What `grid` means, in words."""


def on_circle(k: int, turn: int, flipped: bool) -> Items:
    """Item i at angle 2 pi i / k goes to `turn` + i, or where `flipped` to `turn` - i."""
    step = -1 if flipped else 1
    return Items(tuple((turn + step * i) % k for i in range(k)), (1,) * k)


def on_grid(sizes: tuple[int, ...], quarters: int, flipped: bool) -> Items:
    """The entries of an image, numbered row by row: turned by quarters after a flip.

    A quarter turn takes the first axis to the second, `torch.rot90(x, 1, (0, 1))`; flipped along
    the second axis. Odd quarters want equal sizes.
    """
    return grids.on_grid(sizes, grids.quarter_turns(quarters, flipped))


def power_of_turn(times: int) -> str:
    """`r^2`; nothing for none."""
    return f"r^{times}" if times > 1 else "r" * times


def one_number(negated: bool) -> Items:
    """One number, kept or negated."""
    return Items((0,), (-1 if negated else 1,))


def in_plane(k: int, frequency: int, turn: int, flipped: bool) -> Image:
    """The plane turned by 2 pi `frequency` `turn` / k, after diag(1, -1) where `flipped`.

    Whether it is given as items with signs, exactly, is told by k and `frequency` alone.
    """
    cosine, sine = cosine_and_sine(Fraction(frequency * turn, k))
    # Columns: what becomes of e1 and of e2.
    first, second = (cosine, sine), (sine, 0.0 - cosine) if flipped else (0.0 - sine, cosine)
    if 4 * frequency % k == 0:
        index = tuple(0 if column[0] else 1 for column in (first, second))
        return Items(index, tuple(int(column[0] + column[1]) for column in (first, second)))
    return Rows(((first[0], second[0]), (first[1], second[1])))


def cosine_and_sine(part: Fraction) -> tuple[float, float]:
    """Cosine and sine of a part of a turn.

    Angles that mirror each other have the same digits, multiples of an eighth and a twelfth of a
    turn are as exact as a float can be.
    """
    quarters, rest = divmod(4 * part, 1)
    mirrored = rest > Fraction(1, 2)
    if mirrored:
        rest = 1 - rest
    if rest == Fraction(1, 3):
        cosine, sine = math.sqrt(0.75), 0.5
    elif rest == Fraction(1, 2):
        cosine = sine = math.sqrt(0.5)
    else:
        angle = math.pi / 2 * float(rest)
        cosine, sine = math.cos(angle), math.sin(angle)
    if mirrored:
        cosine, sine = sine, cosine
    for _ in range(int(quarters) % 4):
        # No -0.0, which prints as such.
        cosine, sine = 0.0 - sine, cosine
    return cosine, sine
