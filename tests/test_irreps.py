"""Decompositions into irreducibles: dimensions, commutants and fixed vectors, computed densely."""

from __future__ import annotations

from fractions import Fraction
from functools import reduce
from itertools import product
from math import factorial, prod
from random import Random

import numpy as np
import pytest
from outside.catalogue import with_groups
from outside.finite_groups import Alternating
from prooforacle import tables

from symc.checking import check
from symc.ir.sizes import Size
from symc.irreps import Decomposition, decompose, orthogonal, symmetric
from symc.irreps.orthogonal import _walks
from symc.irreps.partitions import conjugate, with_box, without_box
from symc.source import Source


def decomposed(text: str, name: str = "x") -> Decomposition:
    program = check(Source("<text>", text)).program
    assert program is not None, text
    tensor = next(t for t in (*program.inputs, *program.outputs) if t.name == name)
    values = {v.name: Size.constant(v.value) for v in program.sizes if v.value is not None}
    found = decompose(tensor, program.groups, values)
    assert found is not None
    return found


def summed(found: Decomposition) -> dict[str, str]:
    return {" x ".join(c.factors): c.multiplicity for c in found.components}


def commutant(generators: list[np.ndarray]) -> int:
    """The dimension of all matrices that commute with these."""
    size = len(generators[0])
    eye = np.eye(size)
    # With singular values of all rows it takes ten times as long.
    gram = np.zeros((size * size, size * size))
    for g in generators:
        rows = np.kron(g, eye) - np.kron(eye, g.T)
        gram += rows.T @ rows
    return int((np.linalg.eigvalsh(gram) < 1e-8).sum())


def fixed(generators: list[np.ndarray]) -> int:
    rows = np.concatenate([g - np.eye(len(g)) for g in generators])
    return len(rows[0]) - int(np.linalg.matrix_rank(rows, tol=1e-8))


def powered(generators: list[np.ndarray], exponent: int, sign: bool) -> list[np.ndarray]:
    return [
        reduce(np.kron, [g] * exponent, np.eye(1)) * (np.linalg.det(g) if sign else 1)
        for g in generators
    ]


@pytest.mark.parametrize("n", [1, 2, 3, 4, 5])
@pytest.mark.parametrize("exponent", [0, 1, 2])
@pytest.mark.parametrize("sign", [False, True])
def test_powers_of_permutations(n: int, exponent: int, sign: bool) -> None:
    eye = np.eye(n)
    generators = [eye, np.roll(eye, 1, 0), eye[[1, 0, *range(2, n)] if n > 1 else [0]]]
    acting = powered(generators, exponent, sign)
    terms = symmetric.powers(Size.constant(n), exponent, sign).terms
    assert sum(m * m for m in terms.values()) == commutant(acting)
    trivial = sum(m for irreducible, m in terms.items() if irreducible.trivial)
    assert trivial == fixed(acting)
    total = sum(m * _hook(_parsed(i.label)) for i, m in terms.items())
    assert total == n**exponent


def _parsed(label: str) -> tuple[int, ...]:
    rows: list[int] = []
    for part in label.strip("()").split(","):
        base, _, power = part.partition("^")
        rows += [int(base)] * int(power or 1)
    return tuple(rows)


def _hook(diagram: tuple[int, ...]) -> int:
    columns = conjugate(diagram)
    hooks = [
        length - j + columns[j] - i - 1 for i, length in enumerate(diagram) for j in range(length)
    ]
    return factorial(sum(diagram)) // prod(hooks)


@pytest.mark.parametrize(
    ("d", "exponent"), [(d, k) for d in (1, 2, 3, 4) for k in (0, 1, 2, 3) if d**k <= 27]
)
@pytest.mark.parametrize(("sign", "special"), [(False, False), (True, False), (False, True)])
def test_powers_of_vectors(d: int, exponent: int, sign: bool, special: bool) -> None:
    rng = np.random.default_rng(d)
    turns = [np.linalg.qr(rng.normal(size=(d, d)))[0] for _ in range(2)]
    turns = [q * np.where(np.arange(d) == 0, np.linalg.det(q), 1) for q in turns]
    flip = np.diag([-1.0] + [1.0] * (d - 1))
    acting = powered(turns if special else [*turns, flip], exponent, sign)
    terms = orthogonal.powers(Size.constant(d), exponent, sign, special).terms
    expected = sum(m * m * (2 if i.complex_type else 1) for i, m in terms.items())
    assert expected == commutant(acting)
    assert sum(m for i, m in terms.items() if i.trivial) == fixed(acting)


@pytest.mark.parametrize("d", [1, 2, 3, 4, 5, 6, 7])
def test_dimensions_of_diagrams_add_up(d: int) -> None:
    """With the dimension formula of El Samra and King."""
    for exponent in range(5):
        total = sum(
            count * _dimension(diagram, d) for diagram, count in _walks(d, exponent).items()
        )
        assert total == d**exponent


def _dimension(diagram: tuple[int, ...], d: int) -> int:
    """Of the irreducible of O(d) with this diagram."""
    columns = conjugate(diagram)
    result = Fraction(1)
    for i, length in enumerate(diagram):
        for j in range(length):
            hook = length - j + columns[j] - i - 1
            if i >= j:
                over = diagram[j] if j < len(diagram) else 0
                numerator = d + diagram[i] + over - i - j - 2
            else:
                numerator = d - columns[i] - columns[j] + i + j
            result *= Fraction(numerator, hook)
    assert result.denominator == 1
    return int(result)


@pytest.mark.parametrize("exponent", [1, 2, 3])
def test_open_sizes_have_the_multiplicities_of_all_larger_ones(exponent: int) -> None:
    for sign, special in ((False, False), (True, False), (False, True)):
        powers = orthogonal.powers(Size.variable("d"), exponent, sign, special)
        low = powers.valid_from or 1
        for d in range(low, low + 4):
            fixed_terms = orthogonal.powers(Size.constant(d), exponent, sign, special).terms
            assert sorted(powers.terms.values()) == sorted(fixed_terms.values())
    for sign in (False, True):
        powers = symmetric.powers(Size.variable("n"), exponent, sign)
        assert powers.valid_from is not None
        for n in range(powers.valid_from, powers.valid_from + 3):
            fixed_terms = symmetric.powers(Size.constant(n), exponent, sign).terms
            assert sorted(powers.terms.values()) == sorted(fixed_terms.values())
        below = symmetric.powers(Size.constant(powers.valid_from - 1), exponent, sign).terms
        assert sorted(powers.terms.values()) != sorted(below.values())


def test_diagrams_gain_and_lose_boxes() -> None:
    for diagram in ((), (1,), (2, 1), (3, 3, 1)):
        for more in with_box(diagram):
            assert diagram in without_box(more)
            assert conjugate(conjugate(more)) == more


def test_words_of_known_tensors() -> None:
    text = "group P = S(n)\ngroup R = O(3)\ninput x[n: P, n: P, 2]\ninput z[9: R^2]\noutput y\n"
    found = decomposed(text)
    assert summed(found) == {"(n)": "4", "(n-1,1)": "6", "(n-2,2)": "2", "(n-2,1,1)": "2"}
    assert found.conditions == ("n >= 4",)
    assert summed(decomposed(text, "z")) == {"2e": "1", "1e": "1", "0e": "1"}
    assert decomposed(text, "y").groups == ()
    space = "input x[n: S(n), c, 3: E(3).point + E(3).pseudovector]\noutput y\n"
    with_points = decomposed(space.replace("3: E", "6: E"))
    assert with_points.points == ("E(3)",)
    assert summed(with_points) == {
        "(n) x 1o": "c", "(n-1,1) x 1o": "c", "(n) x 1e": "c", "(n-1,1) x 1e": "c",
    }  # fmt: skip
    assert decomposed("input x[1: T(1).point]\noutput y\n").points == ("T(1)",)


def test_nothing_is_said_without_a_rule() -> None:
    """A product of two complex planes falls into two; high powers are not written out."""
    program = check(
        Source("<text>", "group A = SO(2)\ngroup B = SO(2)\ninput x[2: A, 2: B]\noutput y\n")
    ).program
    assert program is not None
    assert decompose(program.inputs[0], program.groups, {}) is None


def test_dimensions_of_random_tensors_add_up() -> None:
    """Sums over blocks and groups, by the dimensions of labels."""
    random = Random(5)
    sizes = {"0": 1, "1": 3, "2": 5, "3": 7}
    for _ in range(60):
        choices = ("R", "R^2", "R.pseudovector", "2*R", "R.scalar", "3*R.pseudoscalar")
        parts = random.choices(choices, k=random.choice((1, 2, 3)))
        n = random.choice((1, 2, 3, 4))
        text = (
            f"size n = {n}\ngroup P = S(n)\ngroup R = O(3)\n"
            f"input x[n: P, _: {' + '.join(parts)}, {random.choice(('n: P', '2'))}]\noutput y\n"
        )
        program = check(Source("<text>", text)).program
        if program is None:
            continue
        size = prod(
            axis.size.substitute({"n": Size.constant(n)}).value or 0
            for axis in program.inputs[0].axes
        )
        total = 0
        for component in decomposed(text).components:
            dimension = int(component.multiplicity)
            for label in component.factors:
                dimension *= _hook(_parsed(label)) if label[0] == "(" else sizes[label[0]]
            total += dimension
        assert total == size, text


def test_huge_groups_are_not_written_out() -> None:
    text = "group P = S(2000000000)\ninput x[2000000000: P]\noutput y[2000000000: P, 1: P.sign]\n"
    found = decomposed(text, "y")
    assert summed(found) == {"(1^2000000000)": "1", "(2,1^1999999998)": "1"}


def test_the_parts_of_a_product_are_all_pairs() -> None:
    found = decomposed("group A = S(n)\ngroup B = S(m)\ninput x[n: A, m: B]\noutput y\n")
    pairs = set(product(("(n)", "(n-1,1)"), ("(m)", "(m-1,1)")))
    assert {component.factors for component in found.components} == pairs


def finite_parts(spec: str, axis: str) -> Decomposition | None:
    checked = check(Source("<text>", f"group G = {spec}\ninput x[{axis}]\noutput y\n")).program
    assert checked is not None, (spec, axis)
    return decompose(checked.inputs[0], checked.groups, {})


@pytest.mark.parametrize("family", ["C", "D"])
@pytest.mark.parametrize("k", [1, 2, 3, 4, 5, 6, 8])
def test_parts_of_what_tables_move(family: str, k: int) -> None:
    """By matrices of the tests: what commutes, what is fixed, and the traces of all elements."""
    atoms = ["", "vector", "regular", "irrep(0)", f"irrep({k // 2})"]
    atoms += ["sign"] if family == "D" else []
    atoms += ["grid(3, 3)"] if k in (1, 2, 4) else []
    for atom, other in product(atoms, ("", "vector")):
        if atom.startswith("grid"):
            axis, matrices = "(3, 3): G.grid", tables.matrices(family, k, atom)
        else:
            size = tables.size(family, k, atom) * tables.size(family, k, other)
            axis = f"{size}: G{'.' if atom else ''}{atom} * G{'.' if other else ''}{other}"
            pairs = zip(
                tables.matrices(family, k, atom), tables.matrices(family, k, other), strict=True
            )
            matrices = np.stack([np.kron(a, b) for a, b in pairs])
        if matrices.shape[-1] > 24:
            continue
        found = finite_parts(f"{family}({k})", axis)
        assert found is not None
        counts = {c.factors[0]: int(c.multiplicity) for c in found.components}
        traces = np.trace(matrices, axis1=1, axis2=2)
        summed_traces = np.zeros(len(matrices))
        commuting = 0
        for label, count in counts.items():
            character = np.ones(len(matrices))
            for factor in () if label == "trivial" else label.split("*"):
                character *= np.trace(tables.matrices(family, k, factor), axis1=1, axis2=2)
            summed_traces += count * character
            norm = round(float((character * character).mean()))
            # Planes of C(k) alone are complex.
            assert norm == (2 if family == "C" and character[0] == 2 else 1), label
            commuting += count * count * norm
        assert np.allclose(summed_traces, traces)
        assert commuting == commutant(list(matrices))
        assert counts.get("trivial", 0) == fixed(list(matrices))


def test_parts_beside_other_groups() -> None:
    text = "group G = D(4)\ngroup R = O(3)\ninput x[4: G, 3: R, 2]\noutput y\n"
    assert summed(decomposed(text)) == {
        "trivial x 1o": "2", "irrep(1) x 1o": "2", "irrep(2) x 1o": "2",
    }  # fmt: skip
    planes = "group G = C(5)\ngroup R = SO(2)\ninput x[2: G.vector, 2: R]\noutput y\n"
    checked = check(Source("<text>", planes)).program
    assert checked is not None
    # Two complex planes: the product falls into two, and which is not told.
    assert decompose(checked.inputs[0], checked.groups, {}) is None


def test_images_of_open_size_have_no_known_parts() -> None:
    assert finite_parts("D(4)", "(h, h): G.grid") is None
    checked = check(Source("<text>", "input x[(h, h): D(4).grid]\noutput y\n")).program
    assert checked is not None
    found = decompose(checked.inputs[0], checked.groups, {"h": Size.constant(2)})
    assert found is not None
    assert summed(found) == {"trivial": "1", "irrep(1)": "1", "irrep(2)*sign": "1"}


def test_a_finite_group_without_all_irreducible_atoms_has_no_parts(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with with_groups(monkeypatch, Alternating()):
        assert finite_parts("A(5)", "5: G") is None
        found = finite_parts("A(2)", "2: G")
        assert found is not None
        assert summed(found) == {"trivial": "2"}
