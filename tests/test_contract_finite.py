"""docs/reference.md, sections 3 to 5, for C(k) and D(k): names, sizes, joint axes, motions."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

import pytest
import torch
from torch import nn

import symc
from symc.description import describe
from symc.lower.emit import emit
from symc.lower.plan import make_plan
from symc.source import Source
from symc.syntax.format import format_document
from symc.syntax.parse import parse

Matrix = torch.Tensor
Of = Callable[[int, int, int], Matrix]
"""From k, j and f, of an element r^j s^f, to the matrix of a representation."""


class Fake(nn.Module):
    """Keeps the inputs of its last call and returns the same tensor for every row."""

    def __init__(self, answer: torch.Tensor) -> None:
        super().__init__()
        self.answer = answer
        self.seen: tuple[torch.Tensor, ...] = ()

    def forward(self, *inputs: torch.Tensor) -> torch.Tensor:
        self.seen = inputs
        return self.answer.expand(inputs[0].shape[0], *self.answer.shape)


def found(text: str) -> list[tuple[str, str]]:
    """Codes with the text of their spans."""
    return [(d.code, text[d.span.start : d.span.end]) for d in symc.check(text)]


def advice(text: str) -> str:
    """The help of the only diagnostic."""
    (only,) = symc.check(text)
    return only.help or ""


def acted(group: str, axes: str, shape: tuple[int, ...]) -> dict[int, tuple[Matrix, Matrix]]:
    """By the number of each element: what the model did on inputs, rho(g)^-1, and on outputs.

    A tensor of labels of `regular` tells which element it was: (g^-1 x)[h] = x[g h], so that entry
    0 of its labels is the index of g.
    """
    text = (
        f"group G = {group}\ninput mark[_: G.regular] of 99\ninput x[{axes}]\noutput y[{axes}]\n"
        "symmetrize by average"
    )
    total = math.prod(shape)
    order = int(group[2:-1]) * (2 if group[0] == "D" else 1)
    mark, unit = torch.arange(order).expand(total, -1), torch.eye(total).double()
    unit = unit.reshape(total, *shape)
    base = Fake(torch.zeros(shape).double())
    model = symc.build(text, base)
    model(mark, unit)
    marks, moved = (s.unflatten(0, (order, total)) for s in base.seen)
    numbers = [int(row[0, 0]) for row in marks]
    assert sorted(numbers) == list(range(order))
    columns = []
    for b in range(total):
        model.base = Fake(unit[b])
        ys, _ = model(mark, unit, return_samples=True)
        columns.append(ys[:, 0].flatten(1))
    outward = torch.stack(columns, -1)
    return {g: (moved[i].flatten(1).T, outward[i]) for i, g in enumerate(numbers)}


def permuted(target: Callable[[int], int], size: int) -> Matrix:
    """Entry i goes to target(i)."""
    matrix = torch.zeros(size, size).double()
    for i in range(size):
        matrix[target(i) % size, i] = 1
    return matrix


def rotated(angle: float, f: int) -> Matrix:
    """diag(1, -1) where f, then a rotation."""
    c, s = math.cos(angle), math.sin(angle)
    turn = torch.tensor([[c, -s], [s, c]]).double()
    return turn @ torch.diag(torch.tensor([1.0, -1.0 if f else 1.0]).double())


def natural(k: int, j: int, f: int) -> Matrix:
    """The reflection first, i to -i, then i to i + j."""
    return permuted(lambda i: j + (-i if f else i), k)


def irrep(degree: int) -> Of:
    def matrix(k: int, j: int, f: int) -> Matrix:
        if degree == 0:
            return torch.eye(1).double()
        if 2 * degree == k:
            return torch.tensor([[(-1.0) ** j]]).double()
        return rotated(2 * math.pi * degree * j / k, f)

    return matrix


def regular(k: int, j: int, f: int) -> Matrix:
    """Left multiplication, r^i s^e at index i + k e, with s r = r^-1 s."""
    matrix = torch.zeros(2 * k, 2 * k).double()
    for i in range(k):
        for e in range(2):
            turn = (j + (-i if f else i)) % k
            matrix[turn + k * ((e + f) % 2), i + k * e] = 1
    return matrix


def on_image(height: int, width: int) -> Of:
    """`torch.rot90` after a flip of the second axis."""

    def matrix(k: int, j: int, f: int) -> Matrix:
        images = torch.eye(height * width).double().reshape(-1, height, width)
        images = images.flip(2) if f else images
        return torch.rot90(images, j * 4 // k, (1, 2)).flatten(1).T.contiguous()

    return matrix


def eye(size: int) -> Matrix:
    return torch.eye(size).double()


CASES: Mapping[tuple[str, str], tuple[tuple[int, ...], Of]] = {
    **{(f"C({k})", f"{k}: G"): ((k,), natural) for k in (1, 3, 4, 6)},
    **{(f"D({k})", f"{k}: G.natural"): ((k,), natural) for k in (1, 2, 3, 4, 5)},
    **{
        (f"{family}({k})", "2: G.vector"): ((2,), lambda k, j, f: rotated(2 * math.pi * j / k, f))
        for family in "CD"
        for k in (1, 2, 3, 4, 5, 8)
    },
    ("C(5)", "5: G.regular"): ((5,), natural),
    **{(f"D({k})", f"{2 * k}: G.regular"): ((2 * k,), regular) for k in (1, 3, 4)},
    **{
        (f"{family}({k})", f"_: G.irrep({d})"): ((1 if d == 0 or 2 * d == k else 2,), irrep(d))
        for family in "CD"
        for k in (1, 2, 5, 6)
        for d in range(k // 2 + 1)
    },
    **{
        (f"D({k})", "1: G.sign"): (
            (1,),
            lambda k, j, f: torch.tensor([[-1.0 if f else 1.0]]).double(),
        )
        for k in (1, 2, 3)
    },
    ("D(3)", "1: G.scalar"): ((1,), lambda k, j, f: eye(1)),
    **{
        (f"{family}({k})", axes): (shape, on_image(*shape))
        for family in "CD"
        for k, axes, shape in (
            (1, "(2, 3): G.grid", (2, 3)),
            (2, "(2, 3): G.grid", (2, 3)),
            (2, "(3, 3): G.grid", (3, 3)),
            (4, "(3, 3): G.grid", (3, 3)),
            (4, "(2, 2): G.grid", (2, 2)),
        )
    },
    # Products, sums, multiplicities, beside channels and several of them
    ("D(4)", "2, (2, 2): G.grid"): (
        (2, 2, 2),
        lambda k, j, f: torch.kron(eye(2), on_image(2, 2)(k, j, f)),
    ),
    ("D(2)", "(2, 1): G.grid, 2: G.vector"): (
        (2, 1, 2),
        lambda k, j, f: torch.kron(on_image(2, 1)(k, j, f), rotated(math.pi * j, f)),
    ),
    ("D(4)", "2: G.vector, (2, 2): G.grid"): (
        (2, 2, 2),
        lambda k, j, f: torch.kron(rotated(math.pi * j / 2, f), on_image(2, 2)(k, j, f)),
    ),
    ("D(3)", "_: 2*G.vector + G.sign"): (
        (5,),
        lambda k, j, f: torch.block_diag(
            *[rotated(2 * math.pi * j / 3, f)] * 2, torch.tensor([[-1.0 if f else 1.0]]).double()
        ),
    ),
    ("D(3)", "6: G * G.vector"): (
        (6,),
        lambda k, j, f: torch.kron(natural(k, j, f), rotated(2 * math.pi * j / 3, f)),
    ),
    ("C(4)", "4: G.vector^2"): (
        (4,),
        lambda k, j, f: torch.kron(rotated(math.pi * j / 2, f), rotated(math.pi * j / 2, f)),
    ),
    ("C(3)", "3: G, 3: G"): (
        (3, 3),
        lambda k, j, f: torch.kron(natural(k, j, f), natural(k, j, f)),
    ),
}


@pytest.mark.parametrize(("group", "axes"), CASES)
def test_section_4_what_an_axis_carries_is_how_it_moves(group: str, axes: str) -> None:
    """On inputs rho(g)^-1, on outputs rho(g), against matrices made by hand, for each element."""
    shape, matrix_of = CASES[group, axes]
    k = int(group[2:-1])
    for number, (inward, outward) in acted(group, axes, shape).items():
        f, j = divmod(number, k)
        matrix = matrix_of(k, j, f)
        assert torch.allclose(inward, matrix.T, atol=1e-9), (j, f)
        assert torch.allclose(outward, matrix, atol=1e-9), (j, f)


@pytest.mark.parametrize("family", ["C", "D"])
@pytest.mark.parametrize("k", [1, 2, 3, 4, 5, 6, 8])
def test_section_4_each_group_has_these_representations_of_these_sizes(family: str, k: int) -> None:
    order = k if family == "C" else 2 * k
    sizes = {"G": k, "G.natural": k, "G.vector": 2, "G.regular": order, "G.scalar": 1}
    sizes |= {f"G.irrep({j})": 1 if j in (0, k / 2) else 2 for j in range(k // 2 + 1)}
    if family == "D":
        sizes["G.sign"] = 1
    for carried, size in sizes.items():
        text = f"group G = {family}({k})\ninput a[_: G]\ninput x[{{}}: {carried}]\noutput y"
        names = {t.name: t for t in symc.load(text.format("_")).ir.inputs}
        assert str(names["x"].axes[0].size) == str(size)
        assert ("SYM301", carried) not in found(text.format(size))
        assert ("SYM301", carried) in found(text.format(size + 1))
    for missing in ("sign", "pseudoscalar", "point", "det", "blocks"):
        if f"G.{missing}" not in sizes:
            spec = f"group G = {family}({k})\ninput a[_: G]\ninput x[2: G.{missing}]\noutput y"
            assert ("SYM303", missing) in found(spec)


@pytest.mark.parametrize("family", ["C", "D"])
@pytest.mark.parametrize("k", [1, 2, 3, 4, 6, 8])
def test_section_4_grids_exist_for_these_k(family: str, k: int) -> None:
    text = f"group R = {family}({k})\ninput a[_: R]\ninput x[(h, {{}}): R.grid]\noutput y"
    for second in ("h", "w"):
        codes = [code for code in found(text.format(second)) if code[0] not in ("SYM405",)]
        if k not in (1, 2, 4):
            assert codes == [("SYM303", "grid")]
        elif k == 4 and second == "w":
            assert codes == [("SYM314", "R.grid")]
        else:
            assert codes == []


@pytest.mark.parametrize("family", ["C", "D"])
def test_section_4_irreducible_representations_are_numbered_to_half_of_k(family: str) -> None:
    for k in (1, 2, 5, 6):
        text = f"group G = {family}({k})\ninput a[_: G]\ninput x[_: G.irrep({{}})]\noutput y"
        for j in range(k // 2 + 1):
            assert [code for code, _ in found(text.format(j)) if code != "SYM405"] == []
        for wrong in (k // 2 + 1, 99, "", "1, 1", "1, even", '"1"', "-1", "0.5"):
            codes = {code for code, _ in found(text.format(wrong))} - {"SYM405"}
            assert len(codes) == 1, wrong
            assert codes <= {"SYM304", "SYM107"}, wrong
        assert {code for code, _ in found(text.format("G"))} - {"SYM405"} == {"SYM204"}
    for k in (4, 1):
        alone = f"group G = {family}({k})\ninput a[_: G]\ninput x[_: G.irrep]\noutput y"
        (helps,) = (d.help for d in symc.check(alone) if d.code == "SYM304")
        assert helps == f"write `G.irrep({min(1, k // 2)})`"


def test_section_4_what_has_no_brackets_takes_none() -> None:
    for name in ("vector", "natural", "regular", "sign"):
        text = f"group G = D(4)\ninput a[4: G]\ninput x[_: G.{name}(1)]\noutput y"
        assert found(text) == [("SYM304", f"G.{name}(1)")]


def test_section_4_a_size_may_tell_the_parameter_and_the_degree() -> None:
    text = "size k = 6\ngroup G = D(k)\ninput a[k: G]\ninput x[2: G.irrep(k - 4)]\noutput y"
    assert found(text.replace("k - 4", "1")) == []
    assert found("size j = 2\n" + text.replace("k - 4", "j")) == []
    model = symc.build(text.replace("k - 4", "2"), Fake(torch.tensor(0.0)))
    model(torch.zeros(1, 6), torch.zeros(1, 2))


@pytest.mark.parametrize("family", ["C", "D"])
def test_section_4_a_parameter_that_each_call_tells_is_not_available_yet(family: str) -> None:
    for k in ("n", "2*n", "n + 1"):
        text = f"group G = {family}({k})\ninput x[{k}: G, n]\noutput y"
        assert found(text) == [("SYM901", "G")]
        assert advice(text) == "fix it: `size n = 6`"
        assert found(f"size n = 6\n{text}") == []
    assert found(f"input x[n: {family}(n), n]\noutput y") == [("SYM901", f"{family}(n)")]
    # A size that another axis tells is known.
    (doubtful,) = symc.check(f"input x[n: {family}(n), n: O(3)]\noutput y")
    assert doubtful.code == "SYM209"
    assert doubtful.severity == "warning"
    ragged = f"size n <= 6\ninput x[n: {family}(n)]\noutput y"
    assert found(ragged) == [("SYM207", "n")]


# Joint axes

JOINT = {
    "grid": ("group R = C(4)\n", "(h, h): R.grid", None),
    "grid of a rectangle": ("group R = D(2)\n", "(h, w): R.grid", None),
    "sizes as numbers": ("group R = D(4)\n", "3, (28, 28): R.grid", None),
    "computed sizes": ("group R = D(4)\ninput z[h]\n", "(2*h, h + h): R.grid", None),
    "inline": ("", "(h, h): D(4).grid", None),
    "quarter turns of a rectangle": ("group R = C(4)\n", "(h, w): R.grid", ("SYM314", "R.grid")),
    "numbers that differ": ("group R = D(4)\n", "(28, 32): R.grid", ("SYM314", "R.grid")),
    "on one axis": ("group R = C(4)\n", "h: R.grid", ("SYM313", "R.grid")),
    "on an axis each": ("group R = C(4)\n", "h: R.grid, w: R.grid", ("SYM313", "R.grid")),
    "in brackets alone": ("group R = C(4)\n", "(h): R.grid", ("SYM313", "R.grid")),
    "on three": ("group R = C(4)\n", "(h, h, h): R.grid", ("SYM313", "R.grid")),
    "summed": ("group R = C(4)\n", "(h, h): R.grid + R.grid", ("SYM313", "R.grid + R.grid")),
    "several": ("group R = C(4)\n", "(h, h): 2*R.grid", ("SYM313", "2*R.grid")),
    "of a group alone": ("group R = C(4)\n", "(h, h): R", ("SYM313", "R")),
    "of a vector": ("group R = C(4)\n", "(h, h): R.vector", ("SYM313", "R.vector")),
    "of permutations": ("group R = S(n)\n", "(n, m): R", ("SYM313", "R")),
    "of space": ("group R = O(3)\n", "(3, 4): 2*R.vector, 2", ("SYM313", "2*R.vector")),
    "a wildcard": ("group R = C(4)\n", "(_, h): R.grid", ("SYM206", "_")),
    "a wildcard after it": ("group R = C(4)\n", "(h, _): R.grid", ("SYM206", "_")),
    "a ragged size": ("size h <= 9\ngroup R = C(4)\n", "(h, h): R.grid", ("SYM207", "h")),
    "computed from one": ("size h <= 9\ngroup R = C(4)\n", "(2*h, 3): R.grid", ("SYM207", "h")),
    "nothing": ("group R = C(4)\n", "(h, w)", ("SYM102", "]")),
    "odd k": ("group R = D(3)\n", "(h, h): R.grid", ("SYM303", "grid")),
    "odd k and no axes": ("group R = D(3)\n", "h: R.grid", ("SYM303", "grid")),
    "places changed": ("group R = C(4)\n", "R.grid: (h, h)", ("SYM102", ",")),
}


@pytest.mark.parametrize("what", JOINT)
def test_section_3_joint_axes(what: str) -> None:
    """One mistake is one diagnostic at its place, with what to write; all of it formats."""
    head, axes, wrong = JOINT[what]
    carried = {"S(n)": "n: R", "O(3)": "3: R"}.get(head.partition("= ")[2].strip(), "_: R")
    text = head + (f"input v[{carried}]\n" if "R = " in head else "") + f"input x[{axes}]\noutput y"
    assert found(text) == ([] if wrong is None else [wrong])
    assert all(d.help for d in symc.check(text))
    result = parse(Source("<text>", text))
    if not result.diagnostics:
        again = parse(Source("<text>", format_document(result.document))).document
        assert again == result.document


@pytest.mark.parametrize(
    ("group", "axes", "help_"),
    [
        ("C(4)", "h: R.grid", "write `(h, h): R.grid`, the axes in brackets"),
        ("D(2)", "h: R.grid, w: R.grid", "write `(h, w): R.grid`, the axes in brackets"),
        ("D(4)", "28, 28: R.grid", "write `(28, 28): R.grid`, the axes in brackets"),
        ("D(4)", "(h, w): R.grid", "write one size twice, `(h, h)`, or `D(2)` for half turns"),
        ("C(4)", "(h, w): R", "write `(h, h): R.grid` for images"),
        ("D(2)", "(h, w): R.vector", "write `(h, w): R.grid` for images"),
        ("C(4)", "(h, h): 8*R.grid", "it stands alone, channels before it: `8, (h, h): R.grid`"),
        ("C(6)", "(h, h): R.grid", "write `C(4)`, `C(2)`, `D(4)` or `D(2)`"),
    ],
)
def test_section_3_what_is_advised_is_right(group: str, axes: str, help_: str) -> None:
    """The help is as said, and a spec that follows it has no findings."""
    text = f"group R = {group}\ninput x[{{}}]\noutput y"
    assert advice(text.format(axes)) == help_
    written = help_.split("`")[1::2][-1 if "alone" in help_ else 0]
    mended = written if "R.grid" in written else f"{written}: R.grid"
    if written.startswith(("C", "D")):
        text, mended = text.replace(group, written), axes
    assert found(text.format(mended)) == []


def test_section_3_grids_are_told_apart_by_their_group() -> None:
    """Two groups, an image each: sizes and turns are those of its own."""
    text = "group R = C(4)\ngroup Q = D(2)\ninput x[(h, h): R.grid, (a, b): Q.grid]\noutput y"
    assert found(text) == []
    assert found(text.replace("(a, b): Q", "(a, b): R")) == [("SYM308", "Q"), ("SYM314", "R.grid")]
    assert found("input x[(h, h): C(4).grid]\noutput y[2: D(4).vector]") == [("SYM308", "D(4)")]


def test_section_5_sizes_of_images_are_read_off_and_checked() -> None:
    text = "group R = C(4)\ninput x[3, (h, h): R.grid]\noutput y[2: R.vector]\nsymmetrize by frame"
    model = symc.build(text, Fake(torch.zeros(2)))
    assert model(torch.randn(2, 3, 5, 5)).shape == (2, 2)
    assert model(torch.randn(2, 3, 4, 4)).shape == (2, 2)
    for shape in ((2, 3, 5, 4), (2, 4, 5, 5), (2, 3, 5)):
        with pytest.raises(symc.ShapeError, match="`x`"):
            model(torch.randn(shape))


# Labels, points, names


@pytest.mark.parametrize(
    ("carried", "fits"),
    [
        ("4: R", True),
        ("8: R.regular", True),
        ("(h, h): R.grid", True),
        ("2, (h, h): R.grid", True),
        ("1: R.scalar", True),
        ("_: R + R.regular", True),
        ("2: R.vector", False),
        ("2: R.irrep(1)", False),
        ("1: R.irrep(0)", False),
        ("1: R.sign", False),
        ("_: R * R.sign", False),
    ],
)
def test_section_2_labels_lie_on_what_is_moved_and_not_mixed(carried: str, fits: bool) -> None:
    """Whatever stands in brackets, `irrep` is one kind: also where it moves nothing."""
    text = f"group R = D(4)\ninput a[4: R]\ninput x[{carried}] of 5\noutput y"
    assert found(text) == ([] if fits else [("SYM311", carried.partition(": ")[2])])


@pytest.mark.parametrize(
    ("carried", "fits"),
    [
        ("6: R", True),
        ("12: R.regular", True),
        ("2, 1: R.scalar", True),
        ("2: R.vector", False),
        ("2: R.irrep(1)", False),
        ("1: R.sign", False),
    ],
)
@pytest.mark.parametrize("order", ["{0}, {1}", "{1}, {0}"])
def test_section_4_points_are_multiplied_by_what_permutes_alone(
    carried: str, fits: bool, order: str
) -> None:
    axes = order.format(carried, "3: M.point")
    text = f"group R = D(6)\ngroup M = E(3)\ninput a[6: R]\ninput x[{axes}]\noutput y"
    codes = [code for code, _ in found(text)]
    assert codes == ([] if fits else ["SYM306"])


def test_section_4_points_stand_on_images_too() -> None:
    text = "group R = C(4)\ngroup M = E(3)\ninput x[(h, h): R.grid, 3: M.point]\noutput y"
    assert found(text) == []


def test_section_2_names_of_constructors_are_free() -> None:
    """`C`, `D` and `grid` are constructors and representations only where they stand as such."""
    for text in (
        "input x[C, 4: C(4)]\noutput y[C]",
        "size D = 3\ninput x[D, 4: D(4)]\noutput y[D]",
        "group C = C(4)\ngroup D = D(4)\ninput x[4: C, 4: D, (h, h): C.grid]\noutput y",
        "group grid = C(4)\ninput irrep[(h, h): grid.grid]\noutput regular[4: grid.regular]",
        "input C[4: C(4)]\noutput D[4: C(4)]",
    ):
        assert found(text) == [], text
        model = symc.build(text, nn.Identity())
        compile(emit(make_plan(model.program)), "emitted", "exec")


def test_section_2_two_names_are_two_copies() -> None:
    text = "group A = C(4)\ngroup B = C(4)\ninput x[4: A, 4: B]\noutput y[4: A, 4: B]\n"
    text += "symmetrize by average"
    base = Fake(torch.zeros(4, 4))
    model = symc.build(text, base)
    model(torch.randn(1, 4, 4))
    assert base.seen[0].shape[0] == 16
    assert len({tuple(row.flatten().tolist()) for row in base.seen[0]}) == 16


# Methods


@pytest.mark.parametrize("group", ["C(4)", "D(4)", "D(3)"])
@pytest.mark.parametrize("method", ["average", "frame", "canonical", "probabilistic", "base"])
def test_section_5_every_method_takes_them(group: str, method: str) -> None:
    text = f"input x[3, 2: {group}.vector]\noutput y[2: {group}.vector]\nsymmetrize by {method}"
    assert [d for d in symc.check(text) if d.severity == "error"] == []


def test_section_5_probabilistic_takes_all_in_eval_mode_up_to_order_48() -> None:
    """In training it draws; weights of what it takes add up to one."""
    for group, order in (("C(4)", 4), ("D(4)", 8), ("C(48)", 48), ("D(24)", 48)):
        text = f"input x[3, 2: {group}.vector]\noutput y[2: {group}.vector]"
        model = symc.build(text, Fake(torch.zeros(2)))
        x = torch.randn(2, 3, 2)
        assert model(x, return_samples=True)[0].shape[0] == 1
        ys, weights = model.eval()(x, return_samples=True)
        assert ys.shape[0] == order
        assert torch.allclose(weights.sum(0), torch.ones(2))
    for group in ("C(49)", "D(25)"):
        text = f"input x[3, 2: {group}.vector]\noutput y[2: {group}.vector]"
        model = symc.build(text, Fake(torch.zeros(2))).eval()
        assert model(torch.randn(2, 3, 2), return_samples=True)[0].shape[0] == 20


@pytest.mark.parametrize("group", ["C(4)", "D(4)"])
def test_section_5_weights_in_eval_mode_are_the_law_of_what_training_draws(group: str) -> None:
    """The base marks one element of `regular`, so that each sample tells which element it was."""
    order = 4 if group == "C(4)" else 8
    text = (
        f"group R = {group}\ninput x[3, 2: R.vector]\ninput image[(3, 3): R.grid]\n"
        "output y[_: R.regular]\nsymmetrize by probabilistic(noise_scale=0.05)"
    )
    torch.manual_seed(0)
    model = symc.build(text, Fake(torch.eye(order)[0]))
    x, image = torch.randn(2, 3, 2), torch.randn(2, 3, 3)
    found, weights = model.eval()(x, image, return_samples=True)
    law = torch.einsum("kb,kbg->bg", weights, found)
    assert torch.allclose(law, model(x, image))
    assert law.max() > 1.2 / order  # it has an opinion
    model.train().samples = 5000
    drawn = model(x, image, return_samples=True)[0].mean(0)
    assert ((drawn - law).abs() < 5 * (law * (1 - law) / 5000).sqrt() + 1e-6).all()


def test_section_5_options_that_finite_groups_read() -> None:
    """`temperature` is read, so it is shown and is no warning; `entropy` and `anchor` are not."""
    text = "input x[3, 2: C(4).vector]\noutput y[2: C(4).vector]\nsymmetrize by {}"
    read = text.format("canonical(temperature=0.5, net=pooled(hidden=8))")
    assert found(read) == []
    assert describe(symc.load(read).ir).stages[0].options == {"temperature": 0.5}
    assert found(text.format("probabilistic(noise_scale=2, temperature=1)")) == []
    assert found(text.format("probabilistic(entropy=1)")) == [("SYM511", "entropy")]
    assert found(text.format("canonical(anchor=x)")) == [("SYM509", "x")]
    gradients = []
    for temperature in ("0.1", "2.0"):
        torch.manual_seed(0)
        spec = text.format(f"canonical(temperature={temperature})")
        model = symc.build(spec, nn.Sequential(nn.Flatten(), nn.Linear(6, 2)))
        model(torch.ones(2, 3, 2).cumsum(1).cumsum(2)).square().sum().backward()
        gradients.append([p.grad for n, p in model.named_parameters() if "base" not in n])
    assert any(not torch.equal(a, b) for a, b in zip(*gradients, strict=True) if a is not None)


@pytest.mark.parametrize("first", [True, False])
@pytest.mark.parametrize(
    ("group", "axis", "k", "code"),
    [
        ("C(k)", "2: R.irrep(1)", 6, None),
        ("C(k)", "1: R.irrep(3)", 6, None),
        ("C(k)", "_: R.irrep(1) + R.irrep(3)", 6, None),
        ("D(k)", "(h, h): R.grid", 4, None),
        ("C(k)", "(h, w): R.grid", 2, None),
        ("C(k)", "2: R.irrep(3)", 6, "SYM301"),
        ("D(k)", "_: R.irrep(4)", 6, "SYM304"),
        ("C(k)", "(h, h): R.grid", 6, "SYM303"),
        ("C(k)", "(h, w): R.grid", 4, "SYM314"),
    ],
)
def test_an_axis_may_tell_which_representations_there_are(
    group: str, axis: str, k: int, code: str | None, first: bool
) -> None:
    """Wherever it stands, and as if `size k` said it."""
    inputs = [f"input a[{axis}]", f"input b[{k}: R]"]
    lines = [f"group R = {group}", *(reversed(inputs) if first else inputs), f"output y[{axis}]"]
    text = "\n".join(lines)
    told = [d.code for d in symc.check(text)]
    assert set(told) == (set() if code is None else {code})
    assert told == [d.code for d in symc.check(f"size k = {k}\n{text}")]
    if code is None:
        program, same = (symc.load(t).ir for t in (text, f"size k = {k}\n{text}"))
        assert {t.name: t for t in program.inputs} == {t.name: t for t in same.inputs}
