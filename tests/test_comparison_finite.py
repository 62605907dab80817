"""`symc diff` of finite groups that act by tables, against all their elements written out."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator, Mapping
from itertools import product
from typing import Any

import numpy as np
import pytest
from finite_laws import dense
from outside.catalogue import with_groups
from outside.finite_groups import Alternating, SignFlips

import symc
from symc.comparison.compare import compare
from symc.ir.program import Program
from symc.ir.representations import Atom, Product, Representation, Sum, Trivial
from symc.ir.tensors import Tensor
from symc_runtime.catalogue import groups as families
from symc_runtime.groups.finite import Finite


@pytest.fixture(autouse=True)
def _outside(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with with_groups(monkeypatch, Alternating(), SignFlips()):
        yield


def related(a: str, b: str) -> Any:
    return compare(symc.load(a).ir, symc.load(b).ir)


VECTOR = "input x[2: {0}.vector]\noutput y[2: {0}.vector]"
ITEMS = "input x[4: {0}]\noutput y[4: {0}]"
IMAGE = "group R = {}\ninput x[3, (h, h): R.grid]\noutput y[_: R.vector]"
KNOWN = [
    (VECTOR, "C(4)", "D(4)", "weaker", "(s) reflects `x` and `y`"),
    (VECTOR, "C(3)", "C(6)", "weaker", "(r) turns `x` and `y` by 60 degrees"),
    (VECTOR, "C(4)", "C(6)", "incomparable", "(r) turns `x` and `y` by 60 degrees"),
    (VECTOR, "C(7)", "SO(2)", "weaker", "turns `x` and `y` by 90 degrees from e1 to e2"),
    (VECTOR, "D(5)", "SO(2)", "incomparable", "turns `x` and `y` by 90 degrees from e1 to e2"),
    (
        VECTOR,
        "D(8)",
        "O(2)",
        "weaker",
        "turns `x` and `y` by the angle with cosine 3/5 from e1 to e2",
    ),
    (ITEMS, "S(4)", "C(4)", "stronger", None),
    (ITEMS, "D(4)", "S(4)", "weaker", "swaps items 1 and 2 of `x` and `y`"),
    (ITEMS, "A(4)", "S(4)", "weaker", "swaps items 1 and 2 of `x` and `y`"),
    (ITEMS, "A(4)", "D(4)", "incomparable", "(r) moves items 1 -> 2 -> 3 -> 4 -> 1 of `x` and `y`"),
    (ITEMS, "Flip(4)", "S(4)", "incomparable", "swaps items 1 and 2 of `x` and `y`"),
    (IMAGE, "C(4)", "D(4)", "weaker", "(s) flips `x` and reflects `y`"),
    (IMAGE, "C(2)", "C(4)", "weaker", "(r) turns `x` and `y` by 90 degrees"),
    (IMAGE, "D(1)", "C(2)", "incomparable", "(r) turns `x` and `y` by 180 degrees"),
]


@pytest.mark.parametrize(("text", "one", "two", "relation", "words"), KNOWN)
def test_known_relations(text: str, one: str, two: str, relation: str, words: str | None) -> None:
    found = related(text.format(one), text.format(two))
    assert found.relation == relation
    assert (found.only_in_b.words if found.only_in_b else None) == words
    back = {"weaker": "stronger", "stronger": "weaker"}
    assert related(text.format(two), text.format(one)).relation == back.get(relation, relation)
    assert related(text.format(one), text.format(one)).relation == "equal"


def test_images_stand_beside_axes_of_their_own() -> None:
    """Together in one spec, apart in the other."""
    grid = "group R = {}\ninput x[(h, w): R.grid, 2]\noutput y"
    lines = "group P = S(h)\ngroup Q = S(w)\ninput x[h: P, w: Q, 2]\noutput y"
    found = related(grid.format("D(2)"), lines)
    assert (found.relation, found.proved_from) == ("weaker", None)
    assert found.only_in_b.moves[0].axes == (0, 1) or found.only_in_b.moves[0].axes == (0,)
    square = lines.replace("w", "h").replace("group Q = S(h)\n", "").replace("h: Q", "h: P")
    found = related(grid.format("D(4)").replace("w", "h"), square)
    assert found.relation == "incomparable"
    assert found.only_in_a.words == "(r) turns `x` by 90 degrees"
    assert found.only_in_a.moves[0].axes == (0, 1)
    free = related(grid.format("C(2)"), "input x[h, w, 2]\ninput z[2: S(2)]\noutput y")
    assert (free.relation, free.proved_from) == ("stronger", 1)


def test_an_element_is_one_of_a_number() -> None:
    found = related(ITEMS.format("C(4)"), ITEMS.format("A(4)"))
    assert (found.relation, found.only_in_b.kind) == ("incomparable", "finite")
    number = found.only_in_b.element
    image = Alternating().image("natural", (), 4, number)
    assert found.only_in_b.words.startswith(f"(element {number}) moves items ")
    assert image.index != (0, 1, 2, 3)


def test_too_many_elements_are_undecided() -> None:
    found = related(
        "input x[9: S(9)]\noutput y[9: S(9)]",
        "input x[9: A(9)]\noutput y[9: A(9)]\nsymmetrize by average",
    )
    assert found.relation == "undecided"
    assert found.reason is not None
    assert "A(9), with 181,440 elements" in found.reason


MENU = {
    "C": (1, 2, 3, 4, 6),
    "D": (1, 2, 3, 4),
    "A": (3, 4),
    "Flip": (2, 3),
    "S": (2, 3, 4),
}


def atoms(family: str, parameter: int, name: str) -> list[tuple[int, str]]:
    """Each representation with its size, as a spec writes it."""
    facts = families()[family]
    if not isinstance(facts, Finite):
        return [(parameter, f"{name}.natural"), (1, f"{name}.sign")]
    found = []
    for atom, about in facts.atoms.items():
        for inside in facts.choices(atom, parameter) if about.axes == 1 else ():
            written = f"({', '.join(map(str, inside))})" if inside else ""
            found.append((facts.size(atom, inside, parameter), f"{name}.{atom}{written}"))
    return found


def spec(rng: random.Random, lengths: list[list[int]]) -> str:
    """Two random groups on axes of these lengths."""
    lines, menu = [], [(n, str(n)) for n in range(1, 7)]
    for name in "GH":
        family = rng.choice(list(MENU))
        parameter = rng.choice(MENU[family])
        lines.append(f"group {name} = {family}({parameter})")
        menu += atoms(family, parameter, name)
    sums = [
        (a + b, f"{x} + {y}")
        for (a, x), (b, y) in product(menu, repeat=2)
        if "G" in x + y or "H" in x + y
    ]
    names = ["input x", "input z", "output y"]
    for start, shape in zip(names, lengths, strict=True):
        axes = []
        for length in shape:
            fits = [text for size, text in menu + sums if size == length]
            axes.append(f"{length}: {text}" if "." in (text := rng.choice(fits)) else str(length))
        lines.append(f"{start}[{', '.join(axes)}]")
    return "\n".join(lines)


def matrix(value: Representation, program: Program, elements: Mapping[str, int], size: int) -> Any:
    """What elements do to an axis, from the definition of its representation."""
    match value:
        case Atom(group=group, name=name, arguments=arguments):
            instance = program.group(group)
            facts, parameter = families()[instance.family], instance.parameter.value
            assert parameter is not None
            inside = tuple(argument.value or 0 for argument in arguments)
            if isinstance(facts, Finite):
                return dense(facts, name, inside, parameter, elements[group])
            if name == "scalar":
                return np.eye(1)
            order = list(facts.every(parameter))[elements[group]]
            found = np.zeros((parameter, parameter))
            for j, place in enumerate(order):
                found[place, j] = 1
            return np.array([[round(np.linalg.det(found))]]) if name == "sign" else found
        case Product(factors=factors):
            whole = np.ones((1, 1))
            for factor in factors:
                whole = np.kron(whole, matrix(factor, program, elements, 0))
            return whole
        case Sum(terms=terms):
            parts = [matrix(term, program, elements, 0) for term in terms]
            total = sum(len(part) for part in parts)
            whole, start = np.zeros((total, total)), 0
            for part in parts:
                whole[start : start + len(part), start : start + len(part)] = part
                start += len(part)
            return whole
    assert isinstance(value, Trivial)
    return np.eye(size)


def everything(program: Program) -> set[bytes]:
    """What each element does to all tensors."""

    def on(tensor: Tensor, elements: Mapping[str, int]) -> Any:
        whole = np.ones((1, 1))
        for axis in tensor.axes:
            size = axis.size.value or 0
            whole = np.kron(whole, matrix(axis.representation, program, elements, size))
        return whole

    orders = {}
    for group in program.groups:
        parameter = group.parameter.value
        assert parameter is not None
        orders[group.name] = range(len(families()[group.family].every(parameter)))
    found = set()
    for numbers in product(*orders.values()):
        elements = dict(zip(orders, numbers, strict=True))
        tensors = (*program.inputs, *program.outputs)
        parts = [(on(tensor, elements) + 0.0).round(6) + 0.0 for tensor in tensors]
        found.add(b"".join(part.tobytes() for part in parts))
    return found


def relation(a: Program, b: Program) -> str:
    one, two = everything(a), everything(b)
    if one == two:
        return "equal"
    if one < two:
        return "weaker"
    return "stronger" if two < one else "incomparable"


def changed(text: str, rng: random.Random) -> str:
    """The spec with another group of the same parameter, or with an axis that nothing moves."""
    lines = text.split("\n")
    at = rng.randrange(len(lines))
    if lines[at].startswith("group"):
        family = rng.choice(["C", "D", "S", "A", "Flip"])
        lines[at] = re.sub(r"= \w+", f"= {family}", lines[at])
    else:
        lines[at] = re.sub(r": [^],]+([],])", r"\1", lines[at], count=1)
    return "\n".join(lines)


@pytest.mark.parametrize("seed", range(6))
def test_random_specs_as_all_elements_say(seed: int) -> None:
    rng = random.Random(seed)
    seen: dict[str, int] = {}
    while sum(seen.values()) < 10:
        lengths = [[rng.choice((2, 3, 4))], [rng.choice((1, 2)), 2], [rng.choice((1, 2, 3))]]
        one = spec(rng, lengths)
        texts = one, spec(rng, lengths) if rng.random() < 0.2 else changed(one, rng)
        try:
            a, b = (symc.load(text).ir for text in texts)
        except symc.SpecError:
            continue
        found = compare(a, b)
        assert found.relation == relation(a, b), (*texts, found.reason)
        seen[found.relation] = seen.get(found.relation, 0) + 1
    assert len(seen) > 1
