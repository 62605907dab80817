"""What C(k) and D(k) do, as matrices, by the words of the language.

Nothing here knows the compiler. An element is r^j s^f, s first, at number j + k f.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Act = Callable[[int, int, int], Array]


@cache
def matrices(family: str, k: int, atom: str) -> Array:
    """[order, size, size]: what each element does to an axis that carries the atom."""
    elements = [(j, f) for f in range(1 if family == "C" else 2) for j in range(k)]
    if atom == "regular":
        return np.stack([_regular(elements, k, element) for element in elements])
    one = {"": _natural, "vector": _plane(1), "sign": _sign}.get(atom)
    if atom.startswith("irrep"):
        frequency = int(atom[6:-1])
        one = _number(frequency) if 2 * frequency % k == 0 else _plane(frequency)
    if atom.startswith("grid"):
        height, width = map(int, atom[5:-1].split(","))
        return np.stack([_image(height, width, k, j, f) for j, f in elements])
    if one is None:
        raise ValueError(atom)
    return np.stack([one(k, j, f) for j, f in elements])


def size(family: str, k: int, atom: str) -> int:
    """Of an axis that carries the atom."""
    return int(matrices(family, k, atom).shape[-1])


def _natural(k: int, j: int, f: int) -> Array:
    moved = np.zeros((k, k))
    for i in range(k):
        moved[(j + (-i if f else i)) % k, i] = 1
    return moved


def _sign(k: int, j: int, f: int) -> Array:
    return np.array([[-1.0 if f else 1.0]])


def _number(frequency: int) -> Act:
    return lambda k, j, f: np.array([[-1.0 if frequency and j % 2 else 1.0]])


def _plane(frequency: int) -> Act:
    def act(k: int, j: int, f: int) -> Array:
        angle = 2 * np.pi * frequency * j / k
        turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
        return turn @ np.diag([1.0, -1.0 if f else 1.0])

    return act


def _regular(elements: list[tuple[int, int]], k: int, g: tuple[int, int]) -> Array:
    """(g x)[g h] = x[h]."""
    moved = np.zeros((len(elements), len(elements)))
    for place, (j, f) in enumerate(elements):
        product = ((g[0] + (-j if g[1] else j)) % k, (g[1] + f) % 2)
        moved[elements.index(product), place] = 1
    return moved


def _image(height: int, width: int, k: int, j: int, f: int) -> Array:
    """s flips the second axis, r is rot90 as often as 4 / k says."""
    moved = np.zeros((height * width, height * width))
    for place in range(height * width):
        image = np.zeros((height, width))
        image.flat[place] = 1
        image = image[:, ::-1] if f else image
        moved[:, place] = np.rot90(image, 4 // k * j).ravel()
    return moved
