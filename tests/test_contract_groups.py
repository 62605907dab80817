"""docs/reference.md, section 4: the groups, their representations, and what comes later."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import pytest
import torch
from torch import nn

import symc
from symc.source import Source
from symc.syntax import ast
from symc.syntax.format import format_document
from symc.syntax.parse import parse
from symc_runtime.catalogue import groups as families
from symc_runtime.testing import assert_equivariant, equivariance_error

SAMPLES = 6

REPRESENTATIONS = {
    "S": ("natural", "sign", "scalar"),
    "O": ("vector", "pseudoscalar", "pseudovector", "scalar"),
    "SO": ("vector", "scalar"),
    "E": ("point", "vector", "pseudoscalar", "pseudovector", "scalar"),
    "SE": ("point", "vector", "scalar"),
    "T": ("point", "vector", "scalar"),
}
"""Every group that is available, with its representations."""

ALL = [(family, name) for family, names in REPRESENTATIONS.items() for name in names]
AFFINE = ("E", "SE", "T")


class Fake(nn.Module):
    """Keeps the inputs of its last call and returns the same tensor for every row."""

    def __init__(self, answer: torch.Tensor) -> None:
        super().__init__()
        self.answer = answer
        self.seen: tuple[torch.Tensor, ...] = ()

    def forward(self, *inputs: torch.Tensor) -> torch.Tensor:
        self.seen = inputs
        return self.answer.expand(inputs[0].shape[0], *self.answer.shape)


class Twisted(nn.Module):
    """Its first input through a function that no group leaves as it is."""

    def forward(self, x: torch.Tensor, *rest: torch.Tensor) -> torch.Tensor:
        y = torch.sin(x + torch.arange(1, x.shape[-1] + 1, dtype=x.dtype))
        for other in rest:
            y = y + other.flatten(1)[:, :1].reshape(-1, *[1] * (x.ndim - 1)) * y.flip(-1)
        return y


def found(text: str) -> list[tuple[str, str]]:
    """Codes with the text of their spans."""
    return [(d.code, text[d.span.start : d.span.end]) for d in symc.check(text)]


def doubles(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def constructor(family: str, size: int = 3) -> str:
    return f"{family}({size})"


def carrier(family: str, size: int = 3) -> str:
    """Inputs that tell an element: items with marks, or a frame and, where it moves, the origin."""
    if family == "S":
        return f"input mark[{size}: G] of 99\n"
    points = f"input anchor[5, {size}: G.point]\ninput origin[{size}: G.point]\n"
    return (points if family in AFFINE else "") + f"input frame[{size}, {size}: G.vector]\n"


def carrier_values(family: str, size: int = 3) -> tuple[torch.Tensor, ...]:
    if family == "S":
        return (torch.arange(size).expand(1, size),)
    frame = torch.eye(size).double().expand(1, size, size)
    points = (doubles(1, 5, size, seed=7) + 3, torch.zeros(1, size).double())
    return (*points, frame) if family in AFFINE else (frame,)


def elements(family: str, seen: tuple[torch.Tensor, ...]) -> list[tuple[torch.Tensor, ...]]:
    """(matrix, translation) of each sample, read off what the base saw of the carrier."""
    if family == "S":
        size = seen[0].shape[1]
        matrices = [torch.eye(size).double()[index].T.contiguous() for index in seen[0]]
        return [(matrix, torch.zeros(size).double()) for matrix in matrices]
    frame = seen[2] if family in AFFINE else seen[0]
    shifts = [torch.zeros(frame.shape[-1]).double()] * len(frame)
    if family in AFFINE:
        # g^-1 0 = -R^-1 t
        shifts = [-r @ z for r, z in zip(frame, seen[1], strict=True)]
    return list(zip(frame, shifts, strict=True))


def law(
    name: str, matrix: torch.Tensor, shift: torch.Tensor
) -> Callable[[torch.Tensor], torch.Tensor]:
    """What g does to one vector of the representation, as the reference says it."""
    determinant = torch.linalg.det(matrix)
    match name:
        case "natural" | "vector":
            return lambda x: matrix @ x
        case "point":
            return lambda x: matrix @ x + shift
        case "pseudovector":
            return lambda x: determinant * (matrix @ x)
        case "sign" | "pseudoscalar":
            return lambda x: determinant * x
        case "scalar":
            return lambda x: x
    raise AssertionError(name)


def dimension(name: str, size: int) -> int:
    return size if name in ("natural", "vector", "point", "pseudovector") else 1


@cache
def built(family: str, name: str, size: int) -> tuple[nn.Module, Fake, torch.Tensor]:
    d = dimension(name, size)
    method = "frame(samples=6)" if family == "T" else "average(samples=6)"
    text = (
        f"group G = {constructor(family, size)}\n{carrier(family, size)}"
        f"input x[{d}: G.{name}]\noutput y[{d}: G.{name}]\nsymmetrize by {method}"
    )
    answer = doubles(d, seed=3)
    base = Fake(answer)
    return symc.build(text, base).double(), base, answer


@pytest.mark.parametrize("size", [2, 3])
@pytest.mark.parametrize(("family", "name"), ALL)
def test_section_4_every_representation_moves_as_it_says(family: str, name: str, size: int) -> None:
    """Inputs by rho(g)^-1, outputs by rho(g), one element for all tensors of a sample."""
    torch.manual_seed(size)
    model, base, answer = built(family, name, size)
    x = doubles(1, dimension(name, size), seed=5)
    ys, _ = model(*carrier_values(family, size), x, return_samples=True)
    drawn = elements(family, base.seen)
    assert len(drawn) == len(ys)
    for k, (matrix, shift) in enumerate(drawn):
        act = law(name, matrix, shift)
        assert torch.allclose(act(base.seen[-1][k]), x[0])
        assert torch.allclose(ys[k, 0], act(answer))


@pytest.mark.parametrize("family", REPRESENTATIONS)
def test_section_4_elements_are_those_of_the_group(family: str) -> None:
    torch.manual_seed(1)
    model, base, _ = built(family, "scalar", 3)
    determinants, shifts = [], []
    for _ in range(4):
        model(*carrier_values(family), doubles(1, 1), return_samples=True)
        for matrix, shift in elements(family, base.seen):
            assert torch.allclose(matrix @ matrix.T, torch.eye(3).double())
            determinants.append(round(torch.linalg.det(matrix).item()))
            shifts.append(shift)
            if family == "T":
                assert torch.equal(matrix, torch.eye(3).double())
    assert set(determinants) == ({1} if family in ("SO", "SE", "T") else {1, -1})
    assert all(shift.any().item() == (family in AFFINE) for shift in shifts)


@pytest.mark.parametrize("family", REPRESENTATIONS)
def test_section_4_these_are_the_groups_with_these_representations(family: str) -> None:
    """The bare one is first; a name that is not in the table is refused."""
    assert set(families()[family].atoms) == set(REPRESENTATIONS[family])
    assert next(iter(families()[family].atoms)) == REPRESENTATIONS[family][0]
    head = f"group G = {constructor(family)}\n{carrier(family)}output y\n"
    for name in {name for _, name in ALL} - set(REPRESENTATIONS[family]) | {"spinor"}:
        assert found(f"{head}input x[_: G.{name}]") == [("SYM303", name)]


@pytest.mark.parametrize(("family", "bare"), [("S", "natural"), ("O", "vector"), ("SO", "vector")])
def test_section_4_a_bare_name_means_the_first_representation(family: str, bare: str) -> None:
    text = f"group G = {constructor(family)}\ninput x[3: {{}}]\noutput y[3: {{}}]"
    both = [symc.load(text.format(*[name] * 2)).ir for name in ("G", f"G.{bare}")]
    assert both[0] == both[1]


@pytest.mark.parametrize("written", ["G", "2*G", "G + G.scalar", "G^2"])
@pytest.mark.parametrize("family", AFFINE)
def test_section_4_groups_with_translations_have_no_bare_name(family: str, written: str) -> None:
    text = f"group G = {constructor(family)}\n{carrier(family)}input x[_: {written}]\noutput y"
    assert found(text) == [("SYM305", "G")]
    advice = symc.check(text)[0].help or ""
    assert "G.point" in advice
    assert "G.vector" in advice


@pytest.mark.parametrize("family", ["O", "SO", "E", "SE", "T"])
@pytest.mark.parametrize("d", [1, 2, 3, 5])
def test_section_4_linear_groups_in_any_dimension(family: str, d: int) -> None:
    """A module of the group on points or vectors keeps the law exactly."""
    name = "point" if family in AFFINE else "vector"
    text = f"group G = {constructor(family, d)}\ninput x[6, {d}: G.{name}]\n"
    text += f"input v[2, {d}: G.vector]\noutput y[6, {d}: G.{name}]\n"
    inputs = (doubles(2, 6, d), doubles(2, 2, d, seed=1))
    model = symc.build(text + "symmetrize by probabilistic(samples=2)", Twisted()).double()
    assert_equivariant(model, *inputs, trials=1)
    if (family, d) != ("SO", 1):  # that group is trivial
        plain = symc.build(text + "symmetrize by base", Twisted()).double()
        seeds = [torch.Generator().manual_seed(seed) for seed in range(8)]
        assert (
            max(equivariance_error(plain, *inputs, groups=["G"], generator=g) for g in seeds) > 0.1
        )


def test_section_4_a_symmetric_group_of_any_number_of_items() -> None:
    text = "input x[n: S(n)]\ninput w[n: S(n), n: S(n)]\noutput y[n: S(n)]"
    model = symc.build(text + "\nsymmetrize by probabilistic(samples=2)", Twisted()).double()
    for n in (1, 2, 5):
        assert_equivariant(model, doubles(2, n), doubles(2, n, n, seed=1), trials=1)


@pytest.mark.parametrize("family", REPRESENTATIONS)
def test_section_4_every_group_has_a_scalar_that_nothing_moves(family: str) -> None:
    head = f"group G = {constructor(family)}\n{carrier(family)}"
    text = head + "input x[5: 5*G.scalar]\noutput y[5: 5*G.scalar]\nsymmetrize by {}"
    method = "frame(samples=4)" if family == "T" else "average(samples=4)"
    answer = doubles(5, seed=3)
    base = Fake(answer)
    model = symc.build(text.format(method), base).double()
    x = doubles(1, 5)
    ys, _ = model(*carrier_values(family), x, return_samples=True)
    assert (base.seen[-1] == x).all()
    assert (ys == answer).all()


# Points

FACTORS = {
    "vector": "G.vector",
    "pseudoscalar": "G.pseudoscalar",
    "pseudovector": "G.pseudovector",
    "point": "G.point",
    "vector of another group": "R.vector",
    "sign of another group": "P.sign",
    "sum with a vector": "(G.scalar + G.vector)",
}


@pytest.mark.parametrize("factor", FACTORS)
@pytest.mark.parametrize("form", ["_: G.point * {}", "_: {} * G.point", "3: G.point, _: {}"])
def test_section_4_a_point_is_never_multiplied(factor: str, form: str) -> None:
    axes = form.format(FACTORS[factor])
    head = "group G = E(3)\ngroup R = O(2)\ngroup P = S(n)\n"
    head += "input p[3: G.point]\ninput r[2: R]\ninput q[n: P]\n"
    assert [code for code, _ in found(f"{head}input x[{axes}]\noutput y")] == ["SYM306"]
    assert [code for code, _ in found(f"{head}output x[{axes}]")] == ["SYM306"]


def test_section_4_a_point_has_no_square() -> None:
    assert found("input x[_: E(3).point^2]\noutput y") == [("SYM306", "E(3).point^2")]


@pytest.mark.parametrize(
    ("axes", "shape", "points"),
    [
        ("6: 2*G.point", (6,), [(0, 1, 2), (3, 4, 5)]),
        ("6: G.point + G.vector", (6,), [(0, 1, 2)]),
        ("7: G.vector + G.scalar + G.point", (7,), [(4, 5, 6)]),
        ("6: G.point * 2", (6,), [(0, 2, 4), (1, 3, 5)]),
        ("12: P * G.point", (12,), [(0, 1, 2), (3, 4, 5), (6, 7, 8), (9, 10, 11)]),
        ("2, 3: G.point", (2, 3), [(0, 1, 2), (3, 4, 5)]),
        ("3: G.scalar * G.point", (3,), [(0, 1, 2)]),
    ],
)
def test_section_4_a_point_is_summed_and_multiplied_by_channels_and_permutations(
    axes: str, shape: tuple[int, ...], points: list[tuple[int, ...]]
) -> None:
    """Under a translation of all inputs its own components move, and no others."""
    text = "group G = T(3)\ngroup P = S(4)\ninput anchor[3: G.point]\ninput q[4: P]\n"
    text += f"input x[{axes}]\noutput y[{axes}]\nsymmetrize G by frame\nsymmetrize P by base"
    base = Fake(torch.zeros(shape).double())
    model = symc.build(text, base).double()
    shift = torch.tensor([10.0, 20.0, 30.0]).double()
    moved = torch.zeros(shape).double().flatten()
    for place in points:
        moved[list(place)] = shift
    moved = moved.reshape(shape)
    x = doubles(1, *shape)
    q = doubles(1, 4)
    first = model(shift.new_zeros(1, 3), q, x)
    assert not first.any()
    before = base.seen[-1]
    second = model(shift.expand(1, 3), q, x + moved)
    assert torch.allclose(second[0], moved)
    assert torch.allclose(base.seen[-1], before)


@pytest.mark.parametrize("family", AFFINE)
def test_section_4_an_output_point_needs_an_input_point(family: str) -> None:
    text = f"group G = {constructor(family)}\ninput v[3: G.vector]\noutput y[3: G.point]"
    assert ("SYM307", "G.point") in found(text)
    assert "SYM307" not in {code for code, _ in found(f"{text}\ninput p[3: G.point]")}


# Not available yet

LATER = {
    "U(2)": ("SYM901", ("G", "G.vector", "G.det", "G.scalar")),
    "SU(2)": ("SYM901", ("G", "G.vector", "G.scalar")),
    "SO(1,3)": ("SYM901", ("G", "G.vector", "G.scalar")),
    "O(1,3)": ("SYM901", ("G", "G.vector", "G.scalar")),
    "S(2) wr S(m) wr S(n)": ("SYM902", ("G", "G.blocks", "G.scalar")),
    "lie { basis [[0, -1], [1, 0]] }": ("SYM903", ("G", "G.vector", "G.det", "G.scalar")),
}


GENERATED = (
    "generated { element r = [[0, -1], [1, 0]] element s = [[1, 0], [0, -1]] relation r^4 = 1 "
    "relation (s*r)^2 = 1 }"
)


@pytest.mark.parametrize(
    ("axes", "dimension"),
    [
        ("2: G", 2),
        ("2: G.vector", 2),
        ("1: G.det", 1),
        ("8: G.regular", 8),
        ("1: G.scalar", 1),
        ("(h, h): G.grid", None),
        ("_: 2*G + G.det", 5),
    ],
)
def test_section_4_groups_by_generators(axes: str, dimension: int | None) -> None:
    """The bare name is the matrices."""
    text = f"group G = {GENERATED}\ninput v[2: G]\ninput x[{axes}]\noutput y[{axes}]\n"
    parses_and_formats(text)
    assert found(text) == []
    (axis,) = symc.load(text).ir.inputs[1].axes
    assert dimension is None or axis.size.value == dimension


def parses_and_formats(text: str) -> ast.Document:
    result = parse(Source("<text>", text))
    assert result.diagnostics == ()
    written = format_document(result.document)
    again = parse(Source("<text>", written)).document
    assert again == result.document
    assert format_document(again) == written
    return result.document


@pytest.mark.parametrize(
    ("group", "name"),
    [(group, name) for group, (_, names) in LATER.items() for name in names],
    ids=lambda text: text[:14],
)
def test_section_4_groups_of_later_parse_format_and_say_so_once(group: str, name: str) -> None:
    text = f"group G = {group}\ninput x[8: {name}, n: G.scalar]\noutput y[8: {name}]\n"
    text += "symmetrize G by frame"
    parses_and_formats(text)
    (only,) = symc.check(text)
    assert (only.code, text[slice(*only.span)]) == (LATER[group][0], group)
    assert only.help
    assert "not available yet" in only.message


@pytest.mark.parametrize("group", ["U(2)", "SU(2)", "SO(1,3)", "O(1,3)"])
def test_section_4_groups_of_later_written_inline_say_so(group: str) -> None:
    text = f"input x[4: {group}]\noutput y"
    parses_and_formats(text)
    assert found(text) == [("SYM901", group)]


@pytest.mark.parametrize(
    "axes", ["(n, m): W", "n*m: W", "n: W.blocks", "n*m: W, 3", "_: 2*W.blocks + W"]
)
def test_section_4_wreath_products_stand_on_items_and_on_blocks(axes: str) -> None:
    text = f"size m\nsize n\ngroup W = S(m) wr S(n)\ninput x[{axes}]\ninput z[m, n]\n"
    text += "output y[n: W.blocks]\nsymmetrize W by average"
    parses_and_formats(text)
    assert [d for d in symc.check(text) if d.severity == "error"] == []


@pytest.mark.parametrize(
    ("group", "name", "arguments"),
    [
        ("SO(3)", "irrep", "(2)"),
        ("O(3)", "irrep", "(2, even)"),
        ("O(3)", "irrep", "(1, odd)"),
        ("O(3)", "irreps", '("8x0e + 4x1o")'),
        ("SO(3)", "irreps", '("8x0 + 4x1")'),
        ("E(3)", "irrep", "(1, odd)"),
        ("SE(3)", "irrep", "(2)"),
    ],
)
def test_section_4_irreducible_representations_say_so_once(
    group: str, name: str, arguments: str
) -> None:
    text = f"group M = {group}\ninput v[3: M.vector]\ninput x[_: M.{name}{arguments}]\noutput y"
    parses_and_formats(text)
    assert found(text) == [("SYM905", f"M.{name}")]


@pytest.mark.parametrize(
    ("argument", "one"), [("M", 3), ("M.vector", 3), ("M.vector + M.scalar", 4), ("2*M", 6)]
)
@pytest.mark.parametrize("form", ["dual({})", "sym({}, 2)", "alt({}, 2)"])
def test_section_4_dual_sym_and_alt_build_on_any_representation(
    form: str, argument: str, one: int
) -> None:
    size = {"d": one, "s": one * (one + 1) // 2, "a": one * (one - 1) // 2}[form[0]]
    written = form.format(argument)
    for axis in (f"{size}: {written}", f"_: 2*{written} + M"):
        text = f"group M = O(3)\ninput v[3, 3: M]\ninput x[{axis}]\noutput y"
        parses_and_formats(text)
        assert found(text) == []


@pytest.mark.parametrize("entry", ["-1", "1/2", "-3/4", "sqrt(3)/2", "cos(2*pi/7)", "-sin(pi/5)"])
@pytest.mark.parametrize("form", ["generated {{ element r = {} }}", "lie {{ basis {} }}"])
def test_section_4_matrix_entries_are_exact(form: str, entry: str) -> None:
    group = form.format(f"[[{entry}, 0], [0, 1]]")
    document = parses_and_formats(f"group G = {group}")
    statement = document.statements[0]
    assert isinstance(statement, ast.GroupStatement)
    assert isinstance(statement.value, ast.MatrixGroup)
    for decimal in ("0.5", "1e3", ".5", "1.0/2"):
        text = f"group G = {group.replace(entry, decimal, 1)}\ninput x[2: G]\noutput y[2: G]"
        ((code, span),) = found(text)
        assert code == "SYM107"
        assert span in decimal
