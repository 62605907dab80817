"""Groups by generators: exact numbers, all elements, what is refused, and models around them."""

from __future__ import annotations

import copy
import math
import pickle
import random
import subprocess
import sys
from collections.abc import Iterator, Sequence
from functools import reduce
from typing import NamedTuple

import numpy as np
import pytest
import sympy
import torch
from finite_laws import LAWS, dense
from generated_groups import GROUPS, rotation, sized, written

import symc
from symc.comparison.compare import compare
from symc.ir.program import Program
from symc.lower.emit import emit
from symc.lower.plan import make_plan
from symc_runtime.actions.tables import moved, table
from symc_runtime.generators.cyclotomic import Number, field
from symc_runtime.generators.entries import EntryError, order_of, parsed, value_of
from symc_runtime.generators.group import Generated, generated
from symc_runtime.groups.laws import assert_group
from symc_runtime.testing import assert_equivariant

SMALL = [name for name, (_, order) in GROUPS.items() if order <= 120]


def number(text: str) -> Number:
    entry = parsed(text)
    return value_of(entry, field(order_of(entry)))


def facts(name: str) -> Generated:
    return generated(GROUPS[name][0])


# Numbers


def some_numbers(seed: int) -> Iterator[str]:
    """Entries as a spec may have them."""
    drawn = random.Random(seed)
    leaves = [
        "1",
        "2",
        "3",
        "1/2",
        "-3/4",
        "sqrt(2)",
        "sqrt(3)/2",
        "sqrt(5)",
        "sqrt(6/5)",
        "cos(2*pi/5)",
        "sin(pi/3)",
        "cos(pi/4)",
        "-sin(3*pi/10)",
        "cos(0)",
        "sqrt(4/9)",
    ]
    for _ in range(25):
        text = drawn.choice(leaves)
        for _ in range(drawn.randrange(4)):
            other = drawn.choice(leaves)
            text = f"({text}){drawn.choice(['+', '-', '*', '/'])}({other})"
        yield text


@pytest.mark.parametrize("seed", range(3))
def test_numbers_are_what_sympy_says(seed: int) -> None:
    """Their values, whether they are zero, rational, and algebraic integers."""
    for text in some_numbers(seed):
        exact = sympy.nsimplify(sympy.sympify(text))
        found = number(text)
        assert float(found) == pytest.approx(float(exact.evalf(30)), rel=1e-15, abs=0), text
        assert bool(found) == (sympy.simplify(exact) != 0), text
        t = sympy.Symbol("t")
        polynomial = sympy.Poly(sympy.minimal_polynomial(exact, t), t)
        assert (found.rational is not None) == (polynomial.degree() == 1), text
        # Monic over the whole numbers, once denominators are cleared.
        assert found.whole == (abs(polynomial.primitive()[1].LC()) == 1), text
        values = {round(float(each), 9) for each in found.conjugates()}
        roots = {round(float(sympy.re(root)), 9) for root in polynomial.nroots(n=20, maxsteps=200)}
        assert values == roots, text


@pytest.mark.parametrize(
    ("text", "zero"),
    [
        ("cos(pi/7) - cos(2*pi/7) + cos(3*pi/7) - 1/2", True),
        ("sqrt(2)*sqrt(3) - sqrt(6)", True),
        ("sin(2*pi/5)^2 - (5 + sqrt(5))/8", True),
        ("4*cos(2*pi/17) - 4*cos(4*pi/17)", False),
        ("sqrt(2) + sqrt(3) - 3146264369941973/1000000000000000", False),
        ("cos(pi/3) - 1/2", True),
        ("1/(1 + sqrt(5)) - (sqrt(5) - 1)/4", True),
    ],
)
def test_zero_is_decided(text: str, zero: bool) -> None:
    assert bool(number(text)) != zero


@pytest.mark.parametrize(
    "text",
    ["x", "i", "cos(1)", "sqrt(-1)", "sqrt(2 + sqrt(2))", "1/0", "pi", "tan(1)", "0.5", "2^(1/2)",
     "cos(2*pi/1009)", "cos(pi/10^40)", "sqrt(1, 2)", "1 < 2", "'a'", "sqrt(1000003)", "f()",
     "(1).real", "9" * 80, "((2^60)^60)^60", "0^-1", "[1]", "1 if 2 else 3", "cos(pi*pi)"],
)  # fmt: skip
def test_what_is_no_exact_real_number_is_refused(text: str) -> None:
    with pytest.raises(EntryError) as told:
        number(text)
    assert told.value.instead


# Elements


def brute(name: str) -> list[np.ndarray]:
    """All products of the matrices, in floats, breadth first, generators on the right."""
    steps = []
    for line in GROUPS[name][0]:
        _, _, matrix = line.partition("=")
        names = {"cos": math.cos, "sin": math.sin, "sqrt": math.sqrt, "pi": math.pi}
        steps.append(np.array(eval(matrix, names), dtype=float))
    found = [np.eye(len(steps[0]))]
    for one in found:
        for step in steps:
            new = one @ step
            if not any(np.allclose(new, other, atol=1e-9) for other in found):
                found.append(new)
    return found


@pytest.mark.parametrize("name", SMALL)
def test_elements_are_all_products_in_breadth_first_order(name: str) -> None:
    group, every = facts(name), brute(name)
    assert group.order(group.examples[0]) == len(every) == GROUPS[name][1]
    for element, matrix in enumerate(every):
        assert np.allclose(dense(group, "vector", (), 1, element), matrix, atol=1e-12)
        (sign,) = dense(group, "det", (), 1, element).flatten()
        assert sign == round(np.linalg.det(matrix))


@pytest.mark.parametrize("name", GROUPS)
def test_elements_are_as_many_as_they_are(name: str) -> None:
    assert facts(name).order(1) == GROUPS[name][1]


@pytest.mark.parametrize("name", SMALL)
@pytest.mark.parametrize("law", LAWS, ids=lambda law: law.__name__)
def test_laws(name: str, law: object) -> None:
    group = facts(name)
    if law is LAWS[0]:
        # Its order hangs on no parameter.
        assert group.rest_order_formula("m + 1") == group.rest_order(1)
        return
    assert callable(law)
    law(group, group.examples[0])


@pytest.mark.parametrize("name", GROUPS)
def test_laws_that_verify_asks(name: str) -> None:
    assert_group(facts(name))


@pytest.mark.parametrize("name", GROUPS)
def test_entries_of_matrices_are_exact_to_a_float(name: str) -> None:
    group = facts(name)
    for element in random.Random(0).sample(range(GROUPS[name][1]), min(6, GROUPS[name][1])):
        matrix = sympy.eye(sized(name))
        for place in group.closed.word(element):
            _, _, entries = GROUPS[name][0][place].partition("=")
            matrix = matrix * sympy.Matrix(sympy.sympify(entries))
        wanted = [float(each) for each in matrix.evalf(30)]
        assert dense(group, "vector", (), 1, element).flatten().tolist() == pytest.approx(
            wanted, rel=2**-52, abs=1e-25
        )


def test_a_definition_is_made_once_and_survives_copies() -> None:
    group = facts("octahedral")
    assert generated(GROUPS["octahedral"][0]) is group
    assert pickle.loads(pickle.dumps(group)) is group
    assert copy.deepcopy(group) is group
    assert facts("prism") != group
    assert group.named(3, 0) == "1"
    assert [group.named(3, g) for g in group.generators(3)] == ["r", "c", "i"]


@pytest.mark.parametrize("name", ["reversal", "square", "mirrors", "octahedral", "prism"])
@pytest.mark.parametrize("even", [False, True])
def test_grids_move_as_their_entries_do(name: str, even: bool) -> None:
    """By gathers, forth and back, against what each entry does one by one; on any axis."""
    group = facts(name)
    classes = group.exchanged(1)
    sizes = tuple(
        2 + even + next(n for n, together in enumerate(classes) if axis in together)
        for axis in range(sized(name))
    )
    by = table(group, "grid", sizes, 1)
    number_of = torch.arange(GROUPS[name][1])
    x = torch.randn(len(number_of), 2, *sizes, 3)
    there = moved(x, number_of, by, 2)
    assert torch.equal(moved(there, number_of, by, 2, inverse=True), x)
    for g in number_of.tolist():
        index = group.image("grid", sizes, 1, g).index
        flat = x[g].flatten(1, -2)
        wanted = torch.empty_like(flat)
        wanted[:, list(index)] = flat
        assert torch.equal(there[g].flatten(1, -2), wanted)


@pytest.mark.parametrize("name", ["reversal", "square", "mirrors", "octahedral", "prism"])
def test_a_grid_and_a_vector_move_alike(name: str) -> None:
    """The middle of mass of a grid is a vector: component i runs along axis i, index rising."""
    group, count = facts(name), sized(name)
    x = torch.rand(GROUPS[name][1], *[4] * count, dtype=torch.float64)
    numbers = torch.arange(GROUPS[name][1])
    there = moved(x, numbers, table(group, "grid", (4,) * count, 1), 1)

    def middle(y: torch.Tensor) -> torch.Tensor:
        place = torch.arange(4, dtype=y.dtype) - 1.5
        axes = range(1, count + 1)
        return torch.stack(
            [y.movedim(axis, -1).reshape(len(y), -1, 4).sum(1) @ place for axis in axes], 1
        )

    vector = moved(middle(x), numbers, table(group, "vector", (), 1), 1)
    assert torch.allclose(middle(there), vector, atol=1e-10)


# What is refused

CARRIED = "\ninput  x[n: S(n), {0}: G]\noutput y[{0}: G]\n"
REFUSED = {
    "no element": ("", "SYM320", "generated {  }"),
    "no matrix": ("element r = 3", "SYM320", "3"),
    "not square": ("element r = [[1, 0, 0], [0, 1, 0]]", "SYM320", "[[1, 0, 0], [0, 1, 0]]"),
    "ragged": ("element r = [[1, 0], [0]]", "SYM320", "[[1, 0], [0]]"),
    "two sizes": ("element r = [[0, -1], [1, 0]] element s = [[-1]]", "SYM320", "[[-1]]"),
    "twice": ("element r = [[1]] element r = [[-1]]", "SYM202", "r"),
    "unknown number": ("element r = [[1, 0], [0, a]]", "SYM321", "a"),
    "part of an entry": ("element r = [[1, 0], [0, 2*(b - 1)]]", "SYM321", "b"),
    "no angle": ("element r = [[cos(1), 0], [0, 1]]", "SYM321", "cos(1)"),
    "complex": ("element r = [[i]]", "SYM321", "i"),
    "too fine": ("element r = [[cos(2*pi/1009)]]", "SYM321", "cos(2*pi/1009)"),
    "singular": ("element r = [[1, 1], [1, 1]]", "SYM322", "[[1, 1], [1, 1]]"),
    "singular of halves": ("element r = [[1, 1/2], [2, 1]]", "SYM322", "[[1, 1/2], [2, 1]]"),
    "broken": ("element r = [[0, -1], [1, 0]] relation r^3 = 1", "SYM323", "relation r^3 = 1"),
    "broken word": (
        "element r = [[0, -1], [1, 0]] element s = [[1, 0], [0, -1]] relation r*s = s*r",
        "SYM323",
        "relation r*s = s*r",
    ),
    "3 4 5": (
        "element r = [[3/5, -4/5], [4/5, 3/5]]",
        "SYM324",
        "[[3/5, -4/5], [4/5, 3/5]]",
    ),
    "shear": ("element r = [[1, 1], [0, 1]]", "SYM324", "[[1, 1], [0, 1]]"),
    "stretched": ("element r = [[2, 0], [0, 1/2]]", "SYM324", "[[2, 0], [0, 1/2]]"),
    "golden": ("element r = [[2, 1], [1, 1]]", "SYM324", "[[2, 1], [1, 1]]"),
    "two mirrors": (
        "element a = [[1, 0], [0, -1]] element b = [[3/5, 4/5], [4/5, -3/5]]",
        "SYM324",
        None,
    ),
    "skew": ("element r = [[0, -1], [1, -1]]", "SYM325", "[[0, -1], [1, -1]]"),
    "minus one": ("element r = [[0, -1], [1, 0]] relation r^2 = -1", "SYM327", "-1"),
    "a sum": ("element r = [[0, -1], [1, 0]] relation r + r = 1", "SYM327", "r + r"),
    "a fraction": ("element r = [[0, -1], [1, 0]] relation r^(1/2) = 1", "SYM327", "(1/2)"),
    "unknown element": ("element r = [[0, -1], [1, 0]] relation q^4 = 1", "SYM201", "q"),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_refused(case: str) -> None:
    body, code, place = REFUSED[case]
    text = f"group G = generated {{ {body} }}" + CARRIED.format(2)
    told = symc.check(text)
    assert [each.code for each in told] == [code], [each.message for each in told]
    shown = text[slice(*told[0].span)]
    group = text[text.index("generated") : text.index("}") + 1]
    assert shown == (group if place is None else place)
    assert told[0].help
    assert "not available" not in told[0].message


@pytest.mark.parametrize("decimal", ["0.5", "1e3", ".5"])
def test_decimals_are_refused_with_what_to_write(decimal: str) -> None:
    (told,) = symc.check(f"group G = generated {{ element r = [[{decimal}]] }}" + CARRIED.format(1))
    assert told.code == "SYM107"
    assert told.help


def test_a_broken_relation_says_what_is_there_and_what_holds() -> None:
    body = f"element r = {rotation('2*pi/7')} relation r^6 = 1"
    (told,) = symc.check(f"group G = generated {{ {body} }}" + CARRIED.format(2))
    assert "`r^6` is not 1, but [[0.6235, 0.7818], [-0.7818, 0.6235]]" in told.message
    assert "`r^7 = 1` holds" in str(told.help)


def test_what_is_too_large_says_how_large() -> None:
    """Permutations with signs of six coordinates: 2^6 6!."""

    def permuted(places: Sequence[int], sign: int = 1) -> str:
        rows = [[0] * 6 for _ in range(6)]
        for j, i in enumerate(places):
            rows[i][j] = sign if j == 0 else 1
        return str(rows)

    lines = [permuted([1, 2, 3, 4, 5, 0]), permuted([1, 0, 2, 3, 4, 5]), permuted(range(6), -1)]
    body = " ".join(f"element {n} = {m}" for n, m in zip("abc", lines, strict=True))
    (told,) = symc.check(f"group G = generated {{ {body} }}" + CARRIED.format(6))
    assert told.code == "SYM326"
    assert "46,080 elements" in told.message


@pytest.mark.parametrize(
    "relation",
    ["r^4 = 1", "(s*r)^2 = 1", "r*s = s*r^-1", "r^-1 = r^3", "s = s^-1", "1 = r^8", "((r))^4 = s^2",
     "r^0 = 1", "s*r*s*r = 1", "r^-5040 = 1"],
)  # fmt: skip
def test_relations_that_hold(relation: str) -> None:
    text = f"group G = {written('square', f'relation {relation}')}" + CARRIED.format(2)
    assert symc.check(text) == []


# Specs


def load(text: str) -> Program:
    return symc.load(text).ir


def test_equal_groups_inline_are_one_and_named_ones_copies() -> None:
    inline = written("square")
    one = load(f"input a[2: {inline}.vector]\ninput b[(h, h): {inline}.grid]\noutput y")
    assert [group.name for group in one.groups] == ["generated(r, s)"]
    spaced = inline.replace(", ", " , ")
    assert len(load(f"input a[2: {inline}]\ninput b[2: {spaced}]\noutput y").groups) == 1
    two = load(f"group A = {inline}\ngroup B = {inline}\ninput a[2: A, 2: B]\noutput y[2: A, 2: B]")
    assert [group.name for group in two.groups] == ["A", "B"]
    other = written("dihedral")
    both = load(f"input a[2: {inline}]\ninput b[2: {other}]\noutput y")
    assert [g.name for g in both.groups] == ["generated(r, s)", "generated(r, s) 2"]
    (told,) = symc.check(f"group A = {inline}\ninput a[2: A]\ninput b[2: {inline}]\noutput y")
    assert told.code == "SYM309"
    assert "`A`" in str(told.help)


def test_a_program_keeps_its_definitions() -> None:
    program = load(f"group G = {written('dihedral')}" + CARRIED.format(2))
    again = Program.model_validate_json(program.model_dump_json())
    assert again == program
    assert again.groups[0].facts is program.groups[0].facts
    assert (
        again.groups[0].constructor
        in symc.load(f"group G = {again.groups[0].constructor}" + CARRIED.format(2))
        .ir.groups[0]
        .constructor
    )


@pytest.mark.parametrize(
    ("axes", "code"),
    [
        ("(h, h, h): G.grid", None),
        ("(4, 4, 4): G.grid", None),
        ("(h, h, w): G.grid", "SYM314"),
        ("(h, h): G.grid", "SYM313"),
        ("h: G.grid", "SYM313"),
        ("(h, h, h): 2*G.grid", "SYM313"),
        ("_: G.grid", "SYM313"),
    ],
)
def test_voxels_stand_on_three_axes(axes: str, code: str | None) -> None:
    text = f"group G = {written('octahedral')}\ninput x[{axes}]\noutput y"
    assert [each.code for each in symc.check(text)] == ([] if code is None else [code])


def test_only_axes_that_are_exchanged_have_one_size() -> None:
    text = f"group G = {written('prism')}\ninput x[(SIDES): G.grid]\noutput y"
    assert symc.check(text.replace("SIDES", "h, h, d")) == []
    (told,) = symc.check(text.replace("SIDES", "h, d, d"))
    assert told.code == "SYM314"
    assert "axes 1 and 2" in told.message
    assert "(h, h, d)" in str(told.help)


@pytest.mark.parametrize(
    ("axes", "code"),
    [
        ("n: G.grid", None),
        ("3, n: G.grid", None),
        ("8: G.grid", None),
        ("2*n: G.grid", "SYM401"),
        ("_: G.grid", "SYM313"),
        ("6: 2*G.grid", "SYM313"),
        ("(n, n): G.grid", "SYM313"),
    ],
)
def test_a_sequence_stands_on_one_axis(axes: str, code: str | None) -> None:
    text = f"group G = {written('reversal')}\ninput x[{axes}]\noutput y"
    found = [each.code for each in symc.check(text)]
    assert found == ([] if code is None else [code]) or code == "SYM401"
    assert code == "SYM401" or "SYM207" not in found
    ragged = f"size n <= 9\ngroup G = {written('reversal')}\ninput x[n: G.grid]\noutput y"
    assert [each.code for each in symc.check(ragged)] == ["SYM207"]


def test_what_no_element_leaves_alone_is_zero() -> None:
    """`det` alone tells half turns from nothing, so that no vector is determined by it."""
    text = (
        f"group G = {written('octahedral')}\ninput d[1: G.det]\noutput y[3: G]\noutput z[1: G.det]"
    )
    assert [each.code for each in symc.check(text)] == ["SYM402"]
    free = f"group G = {written('octahedral')}\ninput d[3: G]\noutput y[3: G]\noutput z[1: G.det]"
    assert symc.check(free) == []


RELATED = [
    ("square", "D(4)", "equal"),
    ("dihedral", "D(7)", "equal"),
    ("dihedral", "O(2)", "weaker"),
    ("triangle", "C(6)", "weaker"),
    ("triangle", "C(3)", "equal"),
    ("square", "C(4)", "stronger"),
    ("mirrors", "C(4)", "incomparable"),
    ("octahedral", "O(3)", "weaker"),
    ("octahedral", "SO(3)", "incomparable"),
    ("octahedral", written("prism"), "stronger"),
    ("icosahedral", "O(3)", "weaker"),
    ("octahedral", written("icosahedral"), "incomparable"),
    ("octahedral", written("octahedral"), "equal"),
]


@pytest.mark.parametrize(("name", "other", "relation"), RELATED)
def test_comparison(name: str, other: str, relation: str) -> None:
    text = "group G = {1}\ninput x[{0}: G.vector]\noutput y[{0}: G.vector]"
    a, b = (load(text.format(sized(name), group)) for group in (written(name), other))
    found = compare(a, b)
    assert found.relation == relation
    swapped = {"weaker": "stronger", "stronger": "weaker"}
    assert compare(b, a).relation == swapped.get(relation, relation)


def test_comparison_says_what_an_element_does_to_a_grid() -> None:
    text = "group G = {}\ninput x[(h, h, h): G.grid]\noutput y"
    a, b = (load(text.format(written(name))) for name in ("octahedral", "prism"))
    found = compare(a, b)
    assert found.relation == "stronger"
    assert found.only_in_a is not None
    assert "turns `x`" in found.only_in_a.words


def test_images_of_both_kinds_compare_equal() -> None:
    text = "group G = {}\ninput x[(h, h): G.grid]\ninput v[2: G.vector]\noutput y"
    found = compare(load(text.format(written("square"))), load(text.format("D(4)")))
    assert found.relation == "equal"


# Models


class Everything(torch.nn.Module):
    """A base that knows where everything is."""

    def __init__(self, shapes: Sequence[Sequence[int]]) -> None:
        super().__init__()
        self.shapes = shapes

    def forward(self, *inputs: torch.Tensor) -> tuple[torch.Tensor, ...]:
        flat = torch.cat([x.flatten(1) for x in inputs], 1)
        place = torch.arange(flat.shape[1], dtype=flat.dtype)
        found = []
        for number, shape in enumerate(self.shapes):
            count = math.prod(shape)
            weights = (place[:, None] * torch.arange(1, count + 1) + number).cos().to(flat)
            found.append((flat @ weights).tanh().unflatten(1, tuple(shape)) if shape else
                         (flat @ weights).tanh()[:, 0])  # fmt: skip
        return tuple(found) if len(found) > 1 else found[0]


METHODS = ("average", "average(samples=2)", "frame", "canonical", "probabilistic")
MODELS = [
    ("reversal", "n: G.grid, 4: 2*G.regular", (5, 4), "n: G.grid", (5,)),
    ("square", "2, (h, h): G.grid", (2, 4, 4), "2: G", (2,)),
    ("dihedral", "3, 2: G", (3, 2), "2: G", (2,)),
    ("triangle", "3: G.regular", (3,), "2: G.vector", (2,)),
    ("octahedral", "(h, h, h): G.grid", (3, 3, 3), "3: G, (h, h, h): G.grid", (3, 3, 3, 3)),
    ("octahedral", "3: G, 2: G.det + G.scalar", (3, 2), "3: G.vector", (3,)),
    ("prism", "(h, h, d): G.grid", (2, 2, 3), "1: G.det", (1,)),
    ("icosahedral", "4, 3: G", (4, 3), "3: G", (3,)),
    ("quaternion", "2, 4: G", (2, 4), "8: G.regular", (8,)),
    ("quaternion", "4: G, 4: G", (4, 4), "4: G, 4: G", (4, 4)),
]


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(("name", "carried", "shape", "given", "out"), MODELS)
def test_models_are_equivariant(
    name: str,
    carried: str,
    shape: tuple[int, ...],
    given: str,
    out: tuple[int, ...],
    method: str,
) -> None:
    text = (
        f"group G = {written(name)}\ninput x[{carried}]\noutput y[{given}]\n"
        f"symmetrize G by {method}"
    )
    torch.manual_seed(0)
    model = symc.build(text, Everything([out])).double()
    x = torch.randn(3, *shape, dtype=torch.float64)
    for training in (True, False):
        model.train(training)
        assert_equivariant(model, x)


def test_beside_permutations_and_signs() -> None:
    text = (
        f"group G = {written('octahedral')}\ngroup P = S(n)\ninput x[n: P, 3: G]\n"
        "input e[n: P, 2: Z2(2)]\noutput y[n: P, 3: G]\n"
    )
    torch.manual_seed(0)
    model = symc.build(text, Everything([(4, 3)])).double()
    x, e = (torch.randn(2, 4, k, dtype=torch.float64) for k in (3, 2))
    assert_equivariant(model, x, e)


def test_the_largest_group_draws() -> None:
    """1,152 elements, some of them at a call, exactly coupled."""
    text = (
        f"group G = {written('f4')}\ninput x[3, 4: G]\noutput y[4: G]\n"
        "symmetrize G by average(samples=3)"
    )
    torch.manual_seed(0)
    model = symc.build(text, Everything([(4,)])).double()
    assert_equivariant(model, torch.randn(2, 3, 4, dtype=torch.float64))


def test_a_written_module_is_the_model() -> None:
    """It holds the definition as a spec has it, and makes the same group of it."""
    text = f"spec shells\ngroup G = {written('dihedral')}\ninput x[3, 2: G]\noutput y[2: G]"
    code = emit(make_plan(symc.load(text).ir), text)
    assert "r = [[cos(2*pi/7), -sin(2*pi/7)], [sin(2*pi/7), cos(2*pi/7)]]" in code
    space: dict[str, object] = {}
    exec(compile(code, "<shells>", "exec"), space)
    made = space["Shells"]
    assert callable(made)
    torch.manual_seed(0)
    model = symc.build(text, Everything([(2,)])).double()
    other = made(Everything([(2,)])).double()
    other.load_state_dict(model.state_dict())
    x = torch.randn(3, 3, 2, dtype=torch.float64)
    noise = model.draw_noise(x, generator=torch.Generator().manual_seed(1))
    assert torch.equal(model(x, noise=noise), other(x, noise=noise))


def test_no_exact_arithmetic_is_loaded_for_other_groups() -> None:
    """Nor sympy for these, unless a group is too large."""
    code = (
        "import sys, symc\n"
        "assert symc.check('input x[n: S(n), 2: D(4).vector]\\noutput y') == []\n"
        "print([m for m in sys.modules if 'generators.' in m])\n"
        f"assert symc.check({'group G = ' + written('f4') + CARRIED.format(4)!r}) == []\n"
        "print([m for m in ('torch', 'sympy') if m in sys.modules])\n"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.split("\n")[:2] == ["[]", "[]"]


# Proofs, against all elements written out


class Drawn(NamedTuple):
    """A tensor by its axes, each a sum of products of representations."""

    axes: list[list[list[str]]]

    def matrices(self, group: Generated) -> list[np.ndarray]:
        """What each element does to the whole tensor."""
        found = []
        for g in group.every(1):
            axes = []
            for terms in self.axes:
                parts = [
                    reduce(np.kron, [dense(group, name, (), 1, g) for name in term])
                    for term in terms
                ]
                axes.append(block_diag(parts))
            found.append(reduce(np.kron, axes))
        return found

    def __str__(self) -> str:
        terms = [" + ".join("*".join(f"G.{n}" for n in t) for t in axis) for axis in self.axes]
        return f"[{', '.join(f'_: {axis}' for axis in terms)}]"


def block_diag(parts: Sequence[np.ndarray]) -> np.ndarray:
    size = sum(len(part) for part in parts)
    whole, start = np.zeros((size, size)), 0
    for part in parts:
        whole[start : start + len(part), start : start + len(part)] = part
        start += len(part)
    return whole


def drawn(group: Generated, random_: random.Random, most: int) -> Drawn:
    """One of not too many entries; those that are not faithful are the interesting ones."""
    kinds = ["det", "det", "vector", "vector*vector", "det*vector", "scalar", "regular"]
    while True:
        axes = [
            [random_.choice(kinds).split("*") for _ in range(random_.choice((1, 1, 2)))]
            for _ in range(random_.choice((1, 1, 2)))
        ]
        found = Drawn(axes)
        sizes = [
            sum(math.prod(group.size(name, (), 1) for name in term) for term in axis)
            for axis in axes
        ]
        if math.prod(sizes) <= most:
            return found


@pytest.mark.parametrize("name", ["square", "dihedral", "octahedral", "prism", "quaternion"])
@pytest.mark.parametrize("seed", range(12))
def test_proofs_claim_what_brute_force_finds(name: str, seed: int) -> None:
    """SYM402 exactly where nothing is fixed by what fixes a generic input, SYM403 where less is."""
    group = facts(name)
    random_ = random.Random(f"{name} {seed}")
    given = [drawn(group, random_, 40) for _ in range(random_.choice((1, 1, 2)))]
    output = drawn(group, random_, 60)
    lines = [f"input x{i}{each}" for i, each in enumerate(given)]
    text = "\n".join([f"group G = {written(name)}", *lines, f"output y{output}"])
    told = {each.code for each in symc.check(text)}
    if "SYM308" in told:
        return
    numbers = np.random.default_rng(seed)
    fixing = set(group.every(1))
    for each in given:
        every = each.matrices(group)
        x = numbers.normal(size=len(every[0]))
        fixing &= {g for g, matrix in enumerate(every) if np.allclose(matrix @ x, x)}
    every = output.matrices(group)
    mean = sum(every[g] for g in fixing) / len(fixing)
    free = round(np.trace(mean))
    assert ("SYM402" in told) == (free == 0)
    # `by base` and products of entries aside, what is confined is said where it is seen.
    assert "SYM403" not in told or 0 < free < len(every[0])
    assert (free == len(every[0])) <= ("SYM403" not in told)
    if 0 < free < len(every[0]):
        assert told & {"SYM403", "SYM404"}
