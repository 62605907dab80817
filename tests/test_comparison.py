"""Comparing symmetries: known pairs, laws of an order, and an oracle of dense matrices."""

from __future__ import annotations

import re
from dataclasses import fields
from fractions import Fraction
from pathlib import Path
from random import Random

import dense
import numpy as np
import pytest
from comparable_specs import (
    groups_of,
    program_of,
    random_shapes,
    random_spec,
    related_spec,
    without,
)

from symc.comparison import Comparison, compare
from symc.comparison.compare import between
from symc.comparison.elements import Element, generators
from symc.comparison.membership import Preimage, Symmetry, preimage
from symc.comparison.model import Change, Move, Unpaired, Witness
from symc.ir.model import Model
from symc_runtime.catalogue import groups as families

SPECS = sorted((Path(__file__).parents[1] / "specs").glob("*.sym"))
MIRRORED = {"stronger": "weaker", "weaker": "stronger"}


def compared(a: str, b: str) -> Comparison:
    return compare(program_of(a), program_of(b))


@pytest.mark.parametrize("path", SPECS, ids=lambda path: path.stem)
def test_a_spec_is_equal_to_itself_for_every_size(path: Path) -> None:
    text = path.read_text()
    found = compared(text, text)
    assert (found.relation, found.proved_from, found.changes) == ("equal", 1, ())
    assert (found.only_in_a, found.only_in_b, found.exceptions) == (None, None, ())


@pytest.mark.parametrize(
    ("group", "axis"),
    [
        ("S(n)", "_: alt(G, 2)"),
        ("S(n)", "_: alt(G, 2), n: G"),
        ("S(n)", "_: 3*sym(G, 2) + alt(G, 3)"),
        ("O(d)", "_: sym(alt(G.vector, 2), 2)"),
        ("Z2(k)", "_: alt(G, 2)"),
        ("S(2) wr S(n)", "(n, 2): G, _: alt(G.blocks, 2)"),
        ("generated { element r = [[0, -1], [1, 0]] }", "_: G.vector * sym(G.vector, 2)"),
    ],
)
def test_what_is_written_alike_is_equal(group: str, axis: str) -> None:
    """Also where it is not known what acts on a power of few items."""
    bare = {"O(d)": "d: G.vector", "S(2) wr S(n)": "n: G.blocks", "S(n)": "n: G", "Z2(k)": "k: G"}
    text = f"group G = {group}\ninput x[{bare.get(group, '2: G.vector')}, 2]\noutput y[{axis}]\n"
    found = compared(text, f"{text}output more\nsymmetrize G by average\n")
    assert (found.relation, found.proved_from, found.reason) == ("equal", 1, None)
    assert [each.tensor for each in found.not_compared] == ["more"]
    # Of another power nothing is known.
    other = text.replace("alt(", "sym(") if "alt(" in axis else text.replace("sym(", "alt(")
    found = compared(text, other)
    assert found.relation == "undecided" or "y" not in found.tensors


NBODY = """\
group P = S(n)
group M = E(3)
input  pos[n: P, 3: M.point]
input  vel[n: P, 3: M.vector]
output next[n: P, 3: M.point]
"""


@pytest.mark.parametrize(
    ("old", "new", "relation", "a", "b"),
    [
        ("E(3)", "SE(3)", "stronger", "reflects e1 of `pos`, `vel` and `next`", None),
        ("E(3)", "T(3)", "stronger", "reflects e1 of `pos`, `vel` and `next`", None),
        ("vel[n: P", "vel[n", "incomparable", "swaps items 1 and 2 of `pos`, `vel` and `next`",
         "swaps items 1 and 2 of `pos` and `next`, not `vel`"),
        ("group M", "group Q = S(n)\ngroup M", "equal", None, None),
        ("M.vector", "M.pseudovector", "incomparable", "reflects e1 of `pos`, `vel` and `next`",
         "reflects e1 of `pos`, `vel` and `next`, with a change of the sign of `vel`"),
    ],
)  # fmt: skip
def test_known_changes(old: str, new: str, relation: str, a: str | None, b: str | None) -> None:
    changed = NBODY.replace(old, new)
    if "group Q" in new:  # a second name for the same items of everything
        changed = NBODY.replace("P", "Q")
    found = compared(NBODY, changed)
    assert found.relation == relation
    assert found.proved_from == 1
    for witness, words in ((found.only_in_a, a), (found.only_in_b, b)):
        assert (witness and witness.words) == words


def test_two_copies_of_a_group_are_stronger_than_one() -> None:
    two = NBODY.replace("group M", "group Q = S(n)\ngroup M").replace("vel[n: P", "vel[n: Q")
    found = compared(NBODY, two)
    assert found.relation == "weaker"
    assert found.only_in_b is not None
    assert found.only_in_b.words == "swaps items 1 and 2 of `pos` and `next`, not `vel`"
    assert found.only_in_b.cycle == (1, 2)
    assert [(values, other) for values, other in found.exceptions] == [({"n": 1}, "equal")]


def test_the_parity_of_a_dimension_decides() -> None:
    """O(d) x SO(d) and SO(d) x O(d) act alike on V (x) W where -1 is a reflection: d odd."""
    text = "group R = {}(d)\ngroup Q = {}(d)\ninput x[d: R, d: Q]\noutput y[d: R, d: Q]\n"
    found = compared(text.format("O", "SO"), text.format("SO", "O"))
    assert found.relation == "incomparable"
    assert {values["d"] for values, other in found.exceptions if other == "equal"} == {1, 3, 5}
    for d in range(1, 8):
        fixed = compared(
            *(text.replace("(d)", f"({d})").replace("d:", f"{d}:").format(*names)
              for names in (("O", "SO"), ("SO", "O")))
        )  # fmt: skip
        assert fixed.relation == ("equal" if d % 2 else "incomparable")


def test_permutations_are_among_the_orthogonal_matrices() -> None:
    one = "group G = {}\ninput x[d: G]\noutput y[d: G]\n"
    assert compared(one.format("S(d)"), one.format("O(d)")).relation == "weaker"
    assert compared(one.format("S(d)"), one.format("SO(d)")).relation == "incomparable"

    two = "group G = {}\ninput x[d: G, d: G]\noutput y[d: G, d: G]\n"  # -1 acts trivially here
    assert compared(two.format("S(d)"), two.format("O(d)")).relation == "weaker"
    assert compared(two.format("SO(d)"), two.format("O(d)")).relation == "weaker"


def test_tensors_that_move_together_have_less_symmetry_than_by_themselves() -> None:
    text = "group A = T(2)\ngroup B = T(2)\ninput x[2: A.point]\ninput z[2: B.point]\noutput y\n"
    together = text.replace("B.point", "A.point").replace("group B = T(2)\n", "")
    found = compared(text, together)
    assert found.relation == "stronger"
    assert found.only_in_a is not None
    assert found.only_in_a.words == "moves `x` alone by 1 along e1"
    assert found.only_in_a.shift == ("1", "0")
    turning = together.replace("T(2)", "SE(2)")
    assert compared(text, turning).relation == "incomparable"
    assert compared(turning, together).relation == "stronger"


def test_shapes_that_agree_at_some_sizes_are_compared_there() -> None:
    fixed = "size n = 5\n" + NBODY
    found = compared(NBODY, fixed)
    assert (found.relation, found.conditions) == ("equal", ("n = 5",))
    rows = "group R = S(n)\ngroup C = S(m)\ninput x[n: R, m: C]\noutput y\n"
    square = "group P = S(k)\ninput x[k: P, k: P]\noutput y\n"
    found = compared(rows, square)
    assert (found.relation, found.conditions) == ("stronger", ("n = m",))


def test_other_changes_are_listed() -> None:
    changed = (
        NBODY.replace("vel[n: P, 3: M.vector]", "speed[n: P]")
        .replace("P", "Items")
        .replace("group Items", "size n <= 8\ngroup Items")
    )
    found = compared(NBODY, changed + "symmetrize M by frame\n")
    assert found.relation == "equal"
    assert found.tensors == ("pos", "next")
    listed = [(c.what, c.before, c.after) for c in found.changes if c.what != "stage"]
    assert listed == [
        ("size", "n", "n <= 8"),
        ("group", "P = S(n)", "Items = S(n)"),
        ("input", "vel[n: P, 3: M.vector]", None),
        ("input", None, "speed[n: Items]"),
    ]
    (stage,) = [c for c in found.changes if c.what == "stage" and c.name == "M"]
    assert stage.after == "by frame(anchor=pos)"
    swapped = "input b[2]\ninput a[2]\noutput y\n", "input a[2]\ninput b[2]\noutput y\n"
    assert [c.what for c in compared(*swapped).changes] == ["order"]


def test_nothing_in_common_is_undecided() -> None:
    found = compared(NBODY, "input x[n: S(n)]\noutput y[n: S(n)]\n")
    assert found.relation == "undecided"
    assert found.reason == "no tensor has the same name and shape in both"


def test_every_tensor_is_compared_or_said_not_to_be() -> None:
    one = "input x[n: S(n)]\ninput k[3]\ninput io[2]\noutput y[n: S(n)]\noutput u\n"
    two = "input x[n: S(n)]\ninput k[4]\noutput io[2]\noutput v\n"
    found = compared(one, two)
    assert (found.relation, found.tensors, found.same) == ("equal", ("x",), False)
    assert [(left.kind, left.tensor, left.where) for left in found.not_compared] == [
        ("input", "k", "both"),
        ("input", "io", "a"),
        ("output", "y", "a"),
        ("output", "u", "a"),
        ("output", "io", "b"),
        ("output", "v", "b"),
    ]
    assert compared(one, one).same
    assert not compared(one, "input other[5]\noutput y\n").tensors


def test_coordinates_read_as_no_tensors() -> None:
    """Tensors may be called x and y: those are in backticks, and coordinates are e1 and e2."""
    text = "group M = {}(3)\ninput x[3, 3: M.vector]\noutput y[3: M.vector]\n"
    found = compared(text.format("O"), text.format("SO"))
    assert found.only_in_a is not None
    assert found.only_in_a.words == "reflects e1 of `x` (axis 1) and `y`"
    found = compared(text.format("O"), text.format("S").replace(".vector", ""))
    assert found.only_in_a is not None
    assert found.only_in_a.words == "reflects e1 of `x` (axis 1) and `y`"
    found = compared(text.format("SO"), text.format("S").replace(".vector", ""))
    assert found.only_in_a is not None
    assert found.only_in_a.words == "turns `x` (axis 1) and `y` by 90 degrees from e1 to e2"


def test_long_axes_that_are_cut_apart_are_undecided_and_short_of_no_time() -> None:
    one = "group P = S(200)\ninput x[40000: P*P]\noutput y\n"
    two = "group P = S(40000)\ninput x[40000: P]\noutput y\n"
    found = compared(one, two)
    assert found.relation == "undecided"
    assert found.reason is not None
    assert "40,000 entries" in found.reason


@pytest.mark.parametrize("record", [Comparison, Unpaired, Witness, Move, Change])
def test_every_key_of_the_json_is_documented(record: type[Model]) -> None:
    page = (Path(__file__).parents[1] / "docs" / "describe.md").read_text(encoding="utf-8")
    keys = page.partition("## diff")[2].partition("`--output-format json`")[2]
    assert [f.name for f in fields(record) if f"`{f.name}`" not in keys] == []


# Random specs


@pytest.mark.parametrize("seed", range(40))
def test_renaming_groups_and_sizes_changes_nothing(seed: int) -> None:
    random = Random(seed)
    text = random_spec(random, random_shapes(random, symbols=True))
    renamed = text
    for number, name in enumerate(groups_of(text)):
        renamed = re.sub(rf"\b{name}\b", f"G{number}", renamed)
    renamed = re.sub(r"\bn\b", "count", renamed)
    found = compared(text, renamed)
    assert found.relation == "equal"
    assert not [change for change in found.changes if change.what == "order"]


@pytest.mark.parametrize("seed", range(40))
def test_without_a_group_a_symmetry_is_not_stronger(seed: int) -> None:
    random = Random(1000 + seed)
    text = random_spec(random, random_shapes(random, symbols=True))
    for group in groups_of(text):
        less = without(text, group)
        if less is not None:
            assert compared(text, less).relation in ("equal", "stronger")


@pytest.mark.parametrize("seed", range(60))
def test_the_relation_is_an_order(seed: int) -> None:
    random = Random(2000 + seed)
    shapes = random_shapes(random, symbols=seed % 2 == 0)
    texts = [random_spec(random, shapes) for _ in range(2)]
    texts += [related_spec(random, text) for text in texts]
    found = {(i, j): compared(a, b) for i, a in enumerate(texts) for j, b in enumerate(texts)}
    at_most = ("equal", "weaker")
    for i in range(4):
        for j in range(4):
            one, other = found[i, j], found[j, i]
            assert one.relation == MIRRORED.get(other.relation, other.relation)
            assert one.only_in_a == other.only_in_b
            for k in range(4):
                if found[i, j].relation in at_most and found[j, k].relation in at_most:
                    assert found[i, k].relation in at_most


@pytest.mark.parametrize("seed", range(60))
def test_what_is_left_out_makes_no_difference(seed: int) -> None:
    """At fixed sizes, all entries written out and all generators tried."""
    random = Random(4000 + seed)
    shapes = random_shapes(random, symbols=True)
    size = random.choice((2, 5, 7, 8))
    fixed = [(kind, name, [s.replace("n", str(size)) for s in axes]) for kind, name, axes in shapes]
    text = random_spec(random, fixed)
    a, b = program_of(text), program_of(related_spec(random, text))
    one, two = between(a, b)
    relation = {
        (True, True): "equal", (True, False): "weaker",
        (False, True): "stronger", (False, False): "incomparable",
    }[inside(one, two), inside(two, one)]  # fmt: skip
    assert compare(a, b).relation == relation


def inside(one: Symmetry, two: Symmetry) -> bool:
    return all(
        preimage(element, one, two) is not None
        for name, factor in one.factors.items()
        for element in generators(name, factor.facts, factor.size)
    )


def dense_element(element: Element) -> dict[str, tuple[np.ndarray, np.ndarray | None]]:
    matrix = np.eye(element.size)
    if element.matrix is not None:
        matrix = np.array(
            [[float(row.get(j, 0)) for j in range(element.size)] for row in element.matrix]
        )
    shift = np.zeros(element.size)
    for at, value in element.shift:
        shift[at] = float(value)
    return {element.group: (matrix, shift if element.shift else None)}


def dense_preimage(
    found: Preimage, sizes: dict[str, int]
) -> dict[str, tuple[np.ndarray, np.ndarray | None]]:
    result = {}
    for name, size in sizes.items():
        rows = found.matrices.get(name)
        if rows is None:
            matrix = np.eye(size)
            if name in found.odd:
                matrix[0] *= -1  # only its determinant matters
        else:
            matrix = np.array(
                [[float(row.get(j, Fraction(0))) for j in range(size)] for row in rows]
            )
            matrix /= np.sqrt((matrix[0] ** 2).sum())
        shift = np.zeros(size)
        for at, value in found.shifts.get(name, {}).items():
            shift[at] = float(value)
        result[name] = (matrix, shift)
    return result


@pytest.mark.parametrize("seed", range(25))
def test_membership_agrees_with_dense_matrices(seed: int) -> None:
    """Elements that are found act as they should; where none is found, a search finds none."""
    assert_membership(Random(3000 + seed))


def assert_membership(random: Random) -> tuple[int, int]:
    shapes = random_shapes(random, symbols=False)
    text = random_spec(random, shapes)
    other = related_spec(random, text) if random.random() < 0.7 else random_spec(random, shapes)
    a, b = program_of(text), program_of(other)
    names = [name for _, name, _ in shapes]
    one, two = between(a, b)
    rng = np.random.default_rng(0)
    sizes = {g.name: dense.parameter(b, g.name, {}) for g in b.groups}
    inside = outside = 0
    for name, factor in one.factors.items():
        for element in generators(name, families()[a.group(name).family], factor.size):
            wanted = dense.affine(a, names, dense_element(element), {})
            found = preimage(element, one, two)
            if found is None:
                outside += 1
                if dense.components(b) > 8 or outside > 2:
                    continue  # a search would take minutes
                assert dense.distance(b, names, wanted, {}, rng) > 1e-3
            else:
                inside += 1
                got = dense.affine(b, names, dense_preimage(found, sizes), {})
                np.testing.assert_allclose(got, wanted, atol=1e-12)
    return inside, outside
