"""What must hold for every finite group that a package brings, from its facts alone."""

from __future__ import annotations

import math
import random
import re
from collections.abc import Iterator
from itertools import product

import numpy as np

from symc_runtime.groups.finite import Finite, Items, Rows

_MOST = 24
"""Larger groups are tried at so many random elements."""


def representations(facts: Finite, parameter: int) -> Iterator[tuple[str, tuple[int, ...]]]:
    """Every atom of the group with all that it may have in brackets, images of some sizes."""
    for name, atom in facts.atoms.items():
        for arguments in facts.choices(name, parameter):
            assert len(arguments) == atom.arguments
            if atom.axis != "grid":
                yield name, arguments
                continue
            yield name, (3,) * atom.axes
            yield name, even_sides(facts, parameter, atom.axes)


def even_sides(facts: Finite, parameter: int, axes: int) -> tuple[int, ...]:
    """Sizes that differ where no element exchanges axes, the first even."""
    classes = facts.exchanged(parameter)
    return tuple(
        next(2 + n for n, together in enumerate(classes) if axis in together)
        for axis in range(axes)
    )


def dense(
    facts: Finite, atom: str, arguments: tuple[int, ...], parameter: int, element: int
) -> np.ndarray:
    """The matrix of an element, from the definitions of `Items` and `Rows`."""
    image = facts.image(atom, arguments, parameter, element)
    if isinstance(image, Rows):
        return np.array(image.rows, dtype=float)
    size = len(image.index)
    matrix = np.zeros((size, size))
    for j, (place, sign) in enumerate(zip(image.index, image.signs, strict=True)):
        matrix[place, j] = sign
    return matrix


def some(facts: Finite, parameter: int) -> list[int]:
    """All elements of a small group, some of a large one."""
    every = facts.every(parameter)
    if len(every) <= _MOST:
        return list(every)
    return [0, *facts.generators(parameter), *random.Random(0).sample(every, _MOST)]


def counted(facts: Finite, parameter: int) -> None:
    """The order, as a number and as a formula, is the number of elements, the first generates."""
    order = facts.rest_order(parameter)
    assert facts.order(parameter) == order
    assert order is not None
    assert list(facts.every(parameter)) == list(range(order))
    formula = facts.rest_order_formula(str(parameter))
    assert formula == order or _value(str(formula), {}) == order
    open_ = facts.rest_order_formula("m + 1")
    assert isinstance(open_, int) or _value(open_, {"m": parameter - 1}) == order


def _value(formula: str, names: dict[str, int]) -> int:
    """The value of a formula such as `2*(m + 1)`, `n!/2`, `2^k`."""
    text = re.sub(r"(\w+|\([^()]*\))!", r"factorial(\1)", formula)
    text = text.replace("^", "**").replace("/", "//")
    return int(eval(text, {"factorial": math.factorial}, names))


def a_group(facts: Finite, parameter: int) -> None:
    """Closed, associative, with the identity 0 and inverses."""
    every = facts.every(parameter)
    elements = some(facts, parameter)
    for a in elements:
        assert facts.product(parameter, 0, a) == facts.product(parameter, a, 0) == a
        inverse = facts.inverse(parameter, a)
        assert inverse in every
        assert facts.product(parameter, a, inverse) == 0
        assert facts.product(parameter, inverse, a) == 0
    times = {(a, b): facts.product(parameter, a, b) for a, b in product(elements, repeat=2)}
    assert set(times.values()) <= set(every)
    for a, b, c in product(elements[:12], elements[:12], elements):
        left = facts.product(parameter, times[a, b], c)
        assert left == facts.product(parameter, a, times[b, c])


def generated(facts: Finite, parameter: int) -> None:
    """The generators reach every element."""
    reached, new = {0}, [0]
    while new:
        found = {facts.product(parameter, g, a) for a in new for g in facts.generators(parameter)}
        new = list(found - reached)
        reached |= found
    assert len(reached) == facts.rest_order(parameter)


def homomorphic(facts: Finite, parameter: int) -> None:
    """Each atom is an orthogonal representation, of one size and kind for all elements."""
    elements = some(facts, parameter)
    for name, arguments in representations(facts, parameter):
        size = facts.size(name, arguments, parameter)
        identity = np.eye(size)
        assert np.array_equal(dense(facts, name, arguments, parameter, 0), identity)
        kinds = {type(facts.image(name, arguments, parameter, g)) for g in elements}
        assert len(kinds) == 1
        for g in elements:
            image = facts.image(name, arguments, parameter, g)
            if isinstance(image, Items):
                assert sorted(image.index) == list(range(size))
                assert set(image.signs) <= {1, -1}
                assert len(image.signs) == size
            matrix = dense(facts, name, arguments, parameter, g)
            assert matrix.shape == (size, size)
            assert np.allclose(matrix.T @ matrix, identity, atol=1e-14)
        matrices = {g: dense(facts, name, arguments, parameter, g) for g in elements}
        for g, h in product(elements, repeat=2):
            whole = dense(facts, name, arguments, parameter, facts.product(parameter, g, h))
            # `Items` are whole numbers, for which this is exact.
            assert np.allclose(matrices[g] @ matrices[h], whole, rtol=0, atol=1e-14)


def faithful(facts: Finite, parameter: int) -> None:
    """Two elements differ in at least one atom."""
    seen = set()
    for g in facts.every(parameter):
        images = [
            dense(facts, name, arguments, parameter, g).round(9).tobytes()
            for name, arguments in representations(facts, parameter)
        ]
        seen.add(tuple(images))
    assert len(seen) == facts.rest_order(parameter)


LAWS = (counted, a_group, generated, homomorphic, faithful)
