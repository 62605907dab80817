"""Laws of the finite groups of the catalogue, and the conventions that the language states."""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction
from itertools import product

import numpy as np
import pytest
from finite_laws import LAWS, dense, representations

from symc_runtime.catalogue import groups
from symc_runtime.groups.cyclic import Cyclic
from symc_runtime.groups.dihedral import Dihedral
from symc_runtime.groups.finite import Finite, Items
from symc_runtime.groups.turns import cosine_and_sine

CASES = [
    pytest.param(facts, parameter, id=f"{facts.name}({parameter})")
    for facts in groups().values()
    if isinstance(facts, Finite)
    for parameter in facts.examples
]
C, D = Cyclic(), Dihedral()
RINGS = [1, 2, 3, 4, 5, 6, 7, 8, 12]


@pytest.mark.parametrize("law", LAWS, ids=lambda law: law.__name__)
@pytest.mark.parametrize(("facts", "parameter"), CASES)
def test_laws(facts: Finite, parameter: int, law: Callable[[Finite, int], None]) -> None:
    law(facts, parameter)


def test_both_rings_are_in_the_catalogue() -> None:
    assert {"C", "D"} <= {facts.name for facts in groups().values() if isinstance(facts, Finite)}


def circle(k: int) -> np.ndarray:
    """The items of C(k) and D(k), at angles 2 pi j / k; [k, 2]."""
    angles = 2 * np.pi * np.arange(k) / k
    return np.stack([np.cos(angles), np.sin(angles)], 1)


@pytest.mark.parametrize("k", RINGS)
@pytest.mark.parametrize("facts", [C, D], ids=["C", "D"])
def test_items_on_the_circle_move_as_the_vector_does(facts: Finite, k: int) -> None:
    for element in facts.every(k):
        moved = circle(k) @ dense(facts, "vector", (), k, element).T
        # Item i goes to place index[i].
        assert np.allclose(moved, dense(facts, "natural", (), k, element).T @ circle(k))


@pytest.mark.parametrize("k", RINGS)
def test_generators_are_as_the_language_says(k: int) -> None:
    r, s = 1 % k, k
    turn = 2 * math.pi / k
    rotation = [[math.cos(turn), -math.sin(turn)], [math.sin(turn), math.cos(turn)]]
    reflection = np.diag([1.0, -1.0])
    x = np.arange(1.0, k + 1)
    for facts in (C, D):
        assert np.allclose(dense(facts, "vector", (), k, r), rotation)
        moved = dense(facts, "natural", (), k, r) @ x
        assert all(moved[(i + 1) % k] == x[i] for i in range(k))
    moved = dense(D, "natural", (), k, s) @ x
    assert all(moved[-i % k] == x[i] for i in range(k))
    assert np.array_equal(dense(D, "vector", (), k, s), reflection)
    for j in range(k // 2 + 1):
        turned, flipped = (dense(D, "irrep", (j,), k, element) for element in (r, s))
        assert np.array_equal(turned, dense(C, "irrep", (j,), k, r))
        if 2 * j % k:
            angle = 2 * math.pi * j / k
            assert np.allclose(turned[:, 0], [math.cos(angle), math.sin(angle)])
            assert np.array_equal(flipped, reflection)
        else:
            assert turned == (1 if j == 0 else -1)
            assert flipped == 1


@pytest.mark.parametrize("k", RINGS)
def test_elements_of_the_dihedral_group_are_numbered_as_the_language_says(k: int) -> None:
    """r^j s^f at j + k f, s first; `regular`: (g x)[g h] = x[h]."""
    vector = {g: dense(D, "vector", (), k, g) for g in D.every(k)}
    for j, f in product(range(k), range(2)):
        power = np.linalg.matrix_power(vector[1 % k], j) @ np.linalg.matrix_power(vector[k], f)
        assert np.allclose(vector[j + k * f], power)
        assert dense(D, "sign", (), k, j + k * f) == round(np.linalg.det(power))
    x = np.random.default_rng(0).normal(size=2 * k)
    for facts in (C, D):
        order = facts.rest_order(k) or 0
        for g, h in product(range(order), repeat=2):
            moved = dense(facts, "regular", (), k, g) @ x[:order]
            assert moved[facts.product(k, g, h)] == x[h]


@pytest.mark.parametrize("k", RINGS)
def test_faithful_images(k: int) -> None:
    """`vector` and `regular` always, `natural` of C always and of D from three items on."""
    for facts, name in product((C, D), ("natural", "vector", "regular")):
        seen = {dense(facts, name, (), k, g).round(9).tobytes() for g in facts.every(k)}
        faithful = facts is C or name != "natural" or k >= 3
        assert (len(seen) == facts.rest_order(k)) == faithful


@pytest.mark.parametrize("k", RINGS)
def test_irreducible_representations_are_irreducible_apart_and_complete(k: int) -> None:
    for facts in (C, D):
        every = facts.every(k)
        characters = [
            np.array([np.trace(dense(facts, "irrep", (j,), k, g)) for g in every])
            for (j,) in facts.choices("irrep", k)
        ]
        if facts is D:
            sign = np.array([dense(D, "sign", (), k, g).item() for g in every])
            characters += [sign] + ([sign * characters[-1]] if k % 2 == 0 else [])
        gram = np.array([[a @ b / len(every) for b in characters] for a in characters])
        norms = np.diag(gram)
        assert np.allclose(gram, np.diag(norms))
        # A real irreducible one has norm 1, or 2 where it is a complex one seen as real.
        assert np.allclose(norms, [2 if facts is C and c[0] == 2 else 1 for c in characters])
        squares = [c[0] ** 2 / norm for c, norm in zip(characters, norms, strict=True)]
        assert math.isclose(sum(squares), len(every))


@pytest.mark.parametrize("facts", [C, D], ids=["C", "D"])
@pytest.mark.parametrize("k", RINGS)
def test_quarter_turns_are_exact(facts: Finite, k: int) -> None:
    """Whole numbers, items with signs, wherever every element takes the axes to the axes."""
    for name, arguments in representations(facts, k):
        for element in facts.every(k):
            matrix = dense(facts, name, arguments, k, element)
            table = isinstance(facts.image(name, arguments, k, element), Items)
            every = [dense(facts, name, arguments, k, g) for g in facts.every(k)]
            whole = all(np.array_equal(each, each.round()) for each in every)
            assert table == whole
            # The inverse is the transpose to the bit.
            inverse = dense(facts, name, arguments, k, facts.inverse(k, element))
            assert np.array_equal(inverse, matrix.T)


def test_cosines_and_sines() -> None:
    for denominator in range(1, 40):
        for numerator in range(-denominator, 2 * denominator):
            part = Fraction(numerator, denominator)
            cosine, sine = cosine_and_sine(part)
            angle = 2 * math.pi * float(part)
            assert math.isclose(cosine, math.cos(angle), abs_tol=2e-15)
            assert math.isclose(sine, math.sin(angle), abs_tol=2e-15)
            mirrored = cosine_and_sine(-part)
            assert mirrored == (cosine, -sine)
            assert cosine_and_sine(Fraction(1, 4) - part) == (sine, cosine)
            assert all(math.copysign(1, x) == 1 for x in (cosine, sine) if x == 0)
    assert cosine_and_sine(Fraction(1, 4)) == (0, 1)
    assert cosine_and_sine(Fraction(1, 6))[0] == 0.5
    cosine, sine = cosine_and_sine(Fraction(1, 8))
    assert cosine == sine


@pytest.mark.parametrize("facts", [C, D], ids=["C", "D"])
def test_what_a_ring_has_not(facts: Finite) -> None:
    with pytest.raises(KeyError, match=r"has no representation 'spinor'"):
        facts.image("spinor", (), 4, 0)
