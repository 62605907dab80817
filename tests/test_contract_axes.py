"""docs/reference.md, section 3: what stands on the axes of a tensor, and how sizes are solved."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pytest
import torch
from torch import nn

import symc

SAMPLES = 5
ITEMS = 4

Matrix = torch.Tensor
Of = Callable[[Matrix, Matrix], Matrix]
"""From the permutation matrix of P and the orthogonal matrix of M to that of a representation."""


class Fake(nn.Module):
    """Keeps the inputs of its last call and returns the same tensor for every row."""

    def __init__(self, answer: torch.Tensor) -> None:
        super().__init__()
        self.answer = answer
        self.seen: tuple[torch.Tensor, ...] = ()

    def forward(self, *inputs: torch.Tensor) -> torch.Tensor:
        self.seen = inputs
        return self.answer.expand(inputs[0].shape[0], *self.answer.shape)


HEAD = "group P = S(n)\ngroup M = O(3)\ninput mark[n: P] of 99\ninput frame[3, 3: M]\n"


def found(text: str) -> list[tuple[str, str]]:
    """Codes with the text of their spans."""
    return [(d.code, text[d.span.start : d.span.end]) for d in symc.check(text)]


def values(text: str) -> dict[str, int | None]:
    """What the checker knows of each size."""
    return {v.name: v.value for v in symc.load(text).ir.sizes}


def size_of(axis: str) -> str:
    """The size of the first axis of an input, in which fixed names have their values."""
    (tensor,) = (
        t for t in symc.load(HEAD + f"input x[{axis}]\noutput y").ir.inputs if t.name == "x"
    )
    return str(tensor.axes[0].size)


def acted(axes: str, shape: tuple[int, ...]) -> list[tuple[Matrix, Matrix, Matrix, Matrix]]:
    """For each sample: matrices of P and M, and of what the model did on inputs and outputs.

    The matrices of P and M are read off two inputs that the base sees beside x: the labels of the
    items and the identity matrix. Nothing is taken from the code that is tested.
    """
    text = f"{HEAD}input x[{axes}]\noutput y[{axes}]\nsymmetrize by average(samples={SAMPLES})"
    total = torch.Size(shape).numel()
    inward, outward = [], []
    mark, frame = torch.arange(ITEMS).expand(total, -1), torch.eye(3).double().expand(total, 3, 3)
    unit = torch.eye(total).double().reshape(total, *shape)
    model = symc.build(text, Fake(torch.zeros(shape).double()))
    noise = model.draw_noise(mark[:1], frame[:1], unit[:1])
    noise = {key: z.expand(-1, total, *z.shape[2:]) for key, z in noise.items()}
    base = Fake(torch.zeros(shape).double())
    model.base = base
    model(mark, frame, unit, noise=noise)
    index, rotation, moved = (s.unflatten(0, (SAMPLES, total)) for s in base.seen)
    for k in range(SAMPLES):
        # Row b holds rho(g)^-1 e_b, so the matrix of g^-1 has it as its column b.
        inward.append(moved[k].flatten(1).T)
    columns = []
    for b in range(total):
        model.base = Fake(unit[b])
        ys, _ = model(mark, frame, unit, noise=noise, return_samples=True)
        columns.append(ys[:, 0].flatten(1))
    outward = list(torch.stack(columns, -1))
    permutations = [torch.eye(ITEMS).double()[index[k, 0]].T.contiguous() for k in range(SAMPLES)]
    return list(zip(permutations, list(rotation[:, 0].contiguous()), inward, outward, strict=True))


def kron(*matrices: Matrix) -> Matrix:
    result = torch.eye(1).double()
    for matrix in matrices:
        result = torch.kron(result, matrix)
    return result


def eye(size: int) -> Matrix:
    return torch.eye(size).double()


def sums(*matrices: Matrix) -> Matrix:
    result: Matrix = torch.block_diag(*matrices)
    return result


AXES: Mapping[str, tuple[tuple[int, ...], Of]] = {
    # Channel axes
    "3": ((3,), lambda p, r: eye(3)),
    "2*n + 1": ((9,), lambda p, r: eye(9)),
    "2, n: P": ((2, 4), lambda p, r: kron(eye(2), p)),
    # The bare and a named representation
    "n: P": ((4,), lambda p, r: p),
    "n: P.natural": ((4,), lambda p, r: p),
    "3: M": ((3,), lambda p, r: r),
    "3: M.vector": ((3,), lambda p, r: r),
    "1: M.scalar": ((1,), lambda p, r: eye(1)),
    # Direct sums
    "_: M + P": ((7,), lambda p, r: sums(r, p)),
    "_: 2*M.scalar + 3*M.vector": ((11,), lambda p, r: sums(eye(2), r, r, r)),
    "_: 2*(M.scalar + M.vector)": ((8,), lambda p, r: kron(eye(2), sums(eye(1), r))),
    "7: 4*P.scalar + M": ((7,), lambda p, r: sums(eye(4), r)),
    # Tensor products, row-major
    "9: M.vector * M.vector": ((9,), lambda p, r: kron(r, r)),
    "9: M.vector^2": ((9,), lambda p, r: kron(r, r)),
    "27: M^3": ((27,), lambda p, r: kron(r, r, r)),
    "12: P * M": ((12,), lambda p, r: kron(p, r)),
    "12: M * P": ((12,), lambda p, r: kron(r, p)),
    "n*n: P^2": ((16,), lambda p, r: kron(p, p)),
    "16: (M + M.scalar)^2": ((16,), lambda p, r: kron(sums(r, eye(1)), sums(r, eye(1)))),
    "_: P * (M + M.scalar)": ((16,), lambda p, r: kron(p, sums(r, eye(1)))),
    # Multiplicities: 8*R is [8, dim R] flattened
    "24: 8*M": ((24,), lambda p, r: kron(eye(8), r)),
    "6: M*2": ((6,), lambda p, r: kron(r, eye(2))),
    "_: n*M": ((12,), lambda p, r: kron(eye(4), r)),
    "_: 2*n*M.scalar + M": ((11,), lambda p, r: sums(eye(8), r)),
    # Several axes: the product of all of them
    "n: P, 3: M": ((4, 3), lambda p, r: kron(p, r)),
    "n: P, n: P, 2": ((4, 4, 2), lambda p, r: kron(p, p, eye(2))),
    "_: 2*M, n: P": ((6, 4), lambda p, r: kron(eye(2), r, p)),
}


@pytest.mark.parametrize("axes", AXES)
def test_section_3_what_an_axis_carries_is_how_it_moves(axes: str) -> None:
    """On inputs rho(g)^-1, on outputs rho(g), against matrices made by hand."""
    shape, matrix_of = AXES[axes]
    samples = acted(axes, shape)
    for permutation, rotation, inward, outward in samples:
        matrix = matrix_of(permutation, rotation)
        assert torch.allclose(inward, matrix.T, atol=1e-9)
        assert torch.allclose(outward, matrix, atol=1e-9)
    assert len({str(permutation.tolist()) for permutation, *_ in samples}) > 1


def test_section_3_a_multiplicity_is_rows_of_the_representation() -> None:
    """`8*R` is [8, dim R] flattened: the same as two axes."""
    for k, (flat, square) in enumerate([("24: 8*M", "8, 3: M"), ("12: n*M", "n, 3: M")]):
        torch.manual_seed(k)
        rows = acted(flat, (24,) if k == 0 else (12,))
        torch.manual_seed(k)
        table = acted(square, (8, 3) if k == 0 else (4, 3))
        for a, b in zip(rows, table, strict=True):
            assert all(torch.equal(x, y) for x, y in zip(a, b, strict=True))


def test_section_3_a_multiplicity_may_be_a_size() -> None:
    assert found("input x[_: c*O(3)]\noutput y[c]") == []
    assert values("size c = 4\ninput x[m: c*O(3)]\noutput y") == {"c": 4, "m": 12}
    assert values("input x[12: c*O(3)]\noutput y") == {"c": 4}


@pytest.mark.parametrize(
    ("axis", "size"),
    [
        ("_: 16*M.scalar + 8*M.vector", "40"),
        ("_: M^3", "27"),
        ("_: 2*P + M", "2*n + 3"),
        ("_: P^2", "n^2"),
        ("_: P", "n"),
    ],
)
def test_section_3_the_compiler_computes_the_size_of_an_underscore(axis: str, size: str) -> None:
    assert size_of(axis) == size


def test_section_3_an_underscore_without_a_representation_is_an_error() -> None:
    assert found("input x[_, 2]\noutput y") == [("SYM206", "_")]
    assert "SYM206" in {code for code, _ in found("input x[2*_: O(3)]\noutput y")}


# Sizes


@pytest.mark.parametrize(
    ("expression", "size"),
    [
        ("2*n + 1", "2*n + 1"),
        ("n - 1", "n - 1"),
        ("(n + 1)*(n - 1)", "n^2 - 1"),
        ("n^2", "n^2"),
        ("n*m", "m*n"),
        ("2^3 - n + n", "8"),
    ],
)
def test_section_3_sizes_are_integer_expressions_over_names(expression: str, size: str) -> None:
    text = f"input z[n, m]\ninput x[{expression}]\noutput y"
    assert str(symc.load(text).ir.inputs[1].axes[0].size) == size
    model = symc.build(text, Fake(torch.tensor(0.0)))
    length = eval(expression.replace("^", "**"), {"n": 5, "m": 3})
    model(torch.zeros(2, 5, 3), torch.zeros(2, length))
    with pytest.raises(symc.ShapeError, match="`x`"):
        model(torch.zeros(2, 5, 3), torch.zeros(2, length + 1))


@pytest.mark.parametrize(
    ("expression", "code"),
    [("n/2", "SYM205"), ("1.5", "SYM107"), ("n^n", "SYM205"), ("O(3)", "SYM312")],
)
def test_section_3_a_size_is_nothing_else(expression: str, code: str) -> None:
    assert found(f"input z[n, 3: O(3)]\ninput x[{expression}]\noutput y")[0][0] == code


@pytest.mark.parametrize(
    ("where", "times"),
    [("input x[{}]", 1), ("size c = {}\ninput x[c]", 1), ("input x[_: {}*O(3)]", 3)],
)
def test_section_3_sizes_lie_below_two_to_the_31(where: str, times: int) -> None:
    rest = "\ninput v[3: O(3)]\noutput y"
    assert found(where.format((2**31 - 1) // times) + rest) == []
    for large in ((2**31 - 1) // times + 1, "2^31", "65536*32768", "2^100"):
        assert {code for code, _ in found(where.format(large) + rest)} == {"SYM205"}, large


@pytest.mark.parametrize("size", ["0", "-3", "n - n", "2 - 3"])
def test_section_3_sizes_are_from_1(size: str) -> None:
    assert found(f"input z[n]\ninput x[{size}]\noutput y") == [("SYM205", size)]


@pytest.mark.parametrize(
    ("tensors", "expected"),
    [
        ("input x[n: S(5)]\noutput y", {"n": 5}),
        ("input x[2*n + 1: S(7)]\noutput y", {"n": 3}),
        ("input x[n^2: S(9)]\noutput y", {"n": 3}),
        ("input x[n, m]\ninput z[2*m: S(8)]\noutput y[m]", {"n": None, "m": 4}),
        ("input x[n: S(3)]\ninput v[n: O(3)]\ninput z[m: 2*S(3)]\noutput y", {"n": 3, "m": 6}),
        ("input v[3: O(3)]\noutput y[n: O(3)]", {"n": 3}),
        ("output y[n]\ninput x[k]\ninput w[n + k: S(6)]\ninput u[k: S(2)]", {"n": 4, "k": 2}),
    ],
)
def test_section_3_sizes_are_solved_together_over_all_tensors(
    tensors: str, expected: dict[str, int | None]
) -> None:
    assert values(tensors) == expected


@pytest.mark.parametrize(
    ("tensors", "span"),
    [
        ("size n = 4\ninput x[n: S(5)]\noutput y", "S(5)"),
        ("input x[n: S(4)]\ninput z[n: O(3)]\noutput y", "O(3)"),
        ("input x[n: O(3)]\noutput y[n + 1: O(3).vector]", "O(3).vector"),
        ("input x[2*n: S(7)]\noutput y", "S(7)"),
        ("size n <= 9\ninput x[n: S(7)]\noutput y", "S(7)"),
    ],
)
def test_section_3_sizes_that_contradict_each_other(tensors: str, span: str) -> None:
    assert found(tensors) == [("SYM203", span)]


@pytest.mark.parametrize(
    "axis", ["4: O(3)", "2: O(3).scalar", "8: O(3)^2", "5: 2*O(3)", "3: O(3) + O(3).scalar"]
)
def test_section_3_the_dimension_must_equal_the_size(axis: str) -> None:
    representation = axis.split(": ")[1]
    for text in (
        f"input v[3: O(3)]\ninput x[{axis}]\noutput y",
        f"input v[3: O(3)]\noutput y[{axis}]",
    ):
        assert found(text) == [("SYM301", representation)]


@pytest.mark.parametrize("axis", ["n: S(m)", "n: 2*S(m)", "n*m: S(k)", "d: O(n)"])
def test_section_3_two_free_names_are_never_equated(axis: str) -> None:
    text = f"input z[n, m, k, d]\ninput x[{axis}]\noutput y"
    assert found(text) == [("SYM301", axis.split(": ")[1])]


@pytest.mark.parametrize(
    ("declared", "group"), [("group P = S(n)\n", "P"), ("group M = E(3)\n", "M")]
)
@pytest.mark.parametrize("where", ["nowhere", "output", "scalar"])
def test_section_3_a_group_that_no_input_carries_is_an_error(
    declared: str, group: str, where: str
) -> None:
    carried = {
        "nowhere": "output y",
        "output": "output y[n: P]" if group == "P" else "output y[3: M.vector]",
        "scalar": f"input s[1: {group}.scalar]\noutput y",
    }[where]
    assert found(f"{declared}input x[n]\n{carried}") == [("SYM308", group)]


def test_section_3_an_inline_group_that_no_input_carries_is_an_error() -> None:
    assert found("input x[3]\noutput y[3: O(3)]") == [("SYM308", "O(3)")]


@pytest.mark.parametrize("text", ["", "input x[2]", "output y", "size n = 3", "group P = S(n)"])
def test_section_3_a_spec_has_at_least_one_input_and_one_output(text: str) -> None:
    (only,) = (d for d in symc.check(text) if d.code == "SYM208")
    assert only.source.position(only.span.start) == (1, 1)
    for kind in ("input", "output"):
        assert (kind in only.message) == (kind not in text)
    assert symc.check("input x[2]\noutput y") == []
