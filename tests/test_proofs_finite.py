"""Proofs about finite groups: traces, subgroups by name, groups of a user's, what is too large."""

from __future__ import annotations

import time
from itertools import product

import numpy as np
import pytest
from outside.catalogue import with_groups
from outside.finite_groups import Alternating, SignFlips
from prooforacle import tables as dense
from prooforacle.choices import program

from symc.proofs import Proof, generic_stabilizer, prove, value_space
from symc.proofs.subgroups import closure, kind, named, product_of, quotient
from symc.proofs.tables import Table, lists_items, traces
from symc_runtime.catalogue import groups
from symc_runtime.groups.finite import Finite


def facts_of(family: str) -> Finite:
    facts = groups()[family]
    assert isinstance(facts, Finite)
    return facts


def every_table(facts: Finite, k: int) -> list[Table]:
    found = []
    for name, atom in facts.atoms.items():
        if atom.axis == "table":
            found += [Table(name, arguments) for arguments in facts.choices(name, k)]
        if atom.axis == "grid" and facts.choices(name, k):
            sides = [(1, 1), (2, 2), (3, 3)]
            sides += [] if facts.sides(k) else list(product((1, 2, 3, 4), repeat=2))
            found += [Table(name, side) for side in sides]
    return found


def said(text: str, *codes: str) -> list[Proof]:
    return [proof for proof in prove(program(text)) if proof.code in codes]


@pytest.mark.parametrize("family", ["C", "D"])
@pytest.mark.parametrize("k", [1, 2, 3, 4, 5, 6, 8])
def test_traces_are_those_of_the_matrices(family: str, k: int) -> None:
    """By tables of the tests, which know nothing of the facts; so is what lists items."""
    facts = facts_of(family)
    for table in every_table(facts, k):
        inside = f"({', '.join(map(str, table.arguments))})" if table.arguments else ""
        atom = {"natural": ""}.get(table.atom, table.atom + inside)
        matrices = dense.matrices(family, k, atom)
        found = traces(facts, k, table)
        values = [np.nan if value is None else value for value in found.values]
        assert found.size == matrices.shape[-1]
        assert np.allclose(values, np.trace(matrices, axis1=1, axis2=2), atol=1e-12)
        assert lists_items(facts, k, table) == bool((matrices >= 0).all())
        for element, matrix in enumerate(matrices):
            scalar = np.allclose(abs(matrix), np.eye(len(matrix)), atol=1e-9)
            signs = set(np.sign(np.diag(matrix)).astype(int)) if scalar else set()
            expected = signs.pop() if len(signs) == 1 else 0
            assert found.sign(element) == expected, (table, element)


def test_traces_of_open_sizes_are_not_known() -> None:
    found = traces(facts_of("D"), 4, Table("grid", (None, None)))
    assert found.sign(0) == 1
    assert {found.sign(element) for element in range(1, 8)} == {None}


def test_two_points_have_one_difference() -> None:
    facts = facts_of("D")
    found = traces(facts, 2, Table("natural", (), difference=True))
    assert found.size == 1
    # r exchanges the two items, s keeps them.
    assert [found.sign(element) for element in range(4)] == [1, -1, 1, -1]


@pytest.mark.parametrize(
    ("family", "k", "generators", "expected"),
    [
        ("C", 6, [], ("trivial", "only the identity")),
        ("C", 6, [1], ("C(6)", "every element")),
        ("C", 6, [3], ("C(2)", "1 and r^3")),
        ("C", 12, [2], ("C(6)", "the powers of r^2")),
        ("D", 4, [5], ("C(2)", "1 and r s")),
        ("D", 4, [2, 4], ("D(2)", "1, r^2, s and r^2 s")),
        ("D", 6, [2, 7], ("D(3)", "the products of r^2 and r s")),
        ("D", 6, [1], ("C(6)", "the powers of r")),
        ("D", 2, [1, 2], ("D(2)", "every element")),
    ],
)
def test_subgroups_have_names(
    family: str, k: int, generators: list[int], expected: tuple[str, str]
) -> None:
    facts = facts_of(family)
    elements = sorted(closure(generators, 0, product_of(facts, k)))
    assert named(facts, k, elements) == expected


@pytest.mark.parametrize("k", [1, 2, 3, 4, 5, 6, 12])
def test_quotients_of_rings_are_smaller_rings(k: int) -> None:
    for family, smaller in (("C", "C({})"), ("D", "D({})")):
        facts = facts_of(family)
        for step in (s for s in range(1, k + 1) if k % s == 0):
            still = closure([step % k], 0, product_of(facts, k))
            found = quotient(facts, k, still)
            # A group of two elements is cyclic, whoever it comes from.
            alike = {smaller.format(step)} | ({"C(2)"} if (family, step) == ("D", 1) else set())
            assert found in alike, (family, k, step)


def test_other_groups_have_no_such_name() -> None:
    alternating = Alternating()
    elements = list(alternating.every(4))
    assert kind(elements, 0, product_of(alternating, 4)) is None
    double = [g for g in elements if alternating.product(4, g, g) == 0]
    assert named(alternating, 4, double)[0] == "D(2)"
    assert quotient(alternating, 4, double) == "C(3)"


def test_groups_of_a_package(monkeypatch: pytest.MonkeyPatch) -> None:
    """Signs of items are undone by -1 of space; even permutations of three items turn a ring."""
    with with_groups(monkeypatch, Alternating(), SignFlips()):
        text = "group F = Flip(3)\ngroup R = O(3)\ninput x[3: F, 3: R]\n"
        flips = program(text + "output y[3: R]\noutput z[3: F]\noutput w[3: F, 3: R]")
        zero = [p for p in prove(flips) if p.code == "SYM402"]
        assert [p.subject for p in zero] == ["y", "z"]
        assert "element 7 of `F` with -1 of `R` fixes every input and negates `y`" in zero[0].reason
        space = value_space(flips, "w")
        assert space is not None
        assert (space.dimension, space.total, space.exact) == (9, 9, True)
        alone = generic_stabilizer(program("input x[4: A(4)]\noutput y[4: A(4)]"), "A(4)")
        assert alone is not None
        assert (alone.text, alone.exact) == ("trivial", True)
        (found,) = said("group F = Flip(2)\ninput x[1: F.sign]\noutput y[2: F]", "SYM402")
        assert found.subject == "y"
        (found,) = said("group F = Flip(3)\ninput x[1: F.sign]\noutput y", "SYM405")
        assert found.help is not None
        assert found.help.startswith("write `C(2)`, which does the same")


@pytest.mark.parametrize(
    ("text", "claims"),
    [
        ("group G = C(2000)\ninput x[1: G.irrep(1000)]\noutput y[2: G.irrep(1)]", 1),
        ("group G = C(2000)\ninput x[2000: G]\noutput y[2000: G]", 0),
        ("group G = D(1400)\ninput x[1: G.sign]\noutput y[2: G.vector]", 1),
        ("group G = D(4)\ninput x[(512, 512): G.grid, 3]\noutput y[(512, 512): G.grid]", 0),
    ],
)
def test_large_groups_take_no_time(text: str, claims: int) -> None:
    """What is too much to go through is not claimed."""
    checked = program(text)
    start = time.process_time()
    assert len([p for p in prove(checked) if p.code == "SYM402"]) == claims
    # Some 0.1 s at most: there is room for a machine under load.
    assert time.process_time() - start < 5


def test_a_share_that_is_open_may_cancel() -> None:
    """Of an image of any size nothing is left where another group negates all of it."""
    text = (
        "size_h\ngroup G = D(4)\ngroup R = O(3)\ninput x[h, 1: G.sign]\ninput v[h, 3: R]\n"
        "output y[(h, h): G.grid, 1: R.pseudoscalar]\n"
    ).replace("size_h\n", "")
    assert said(text, "SYM402") == []  # with three vectors or more it is not
    zero = text.replace("v[h, 3: R]", "v[9: R^2]").replace("R.pseudoscalar", "R")
    zero = zero.replace("1: R]", "3: R]")
    (found,) = said(zero, "SYM402")
    assert found.subject == "y"
