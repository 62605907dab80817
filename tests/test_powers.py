"""Symmetric and alternating powers and duals: what they are, and what becomes of them."""

from __future__ import annotations

import itertools
import json
from math import comb

import pytest
import torch
from models import on_flat_base
from prooforacle.compare import Draws
from torch import nn

import symc
from symc.checking import check
from symc.comparison.compare import compare
from symc.description import describe
from symc.editor.analysis import Analysis
from symc.editor.completion import complete
from symc.editor.hover import hover
from symc.ir.notation import tensor as written
from symc.ir.program import Program
from symc.proofs import prove, value_space
from symc.source import Source
from symc_runtime.actions.symmetric import components, full_tensor, multiplicities
from symc_runtime.spec.layout import Alt, Natural, Product, Sum, Sym, Tensor, Trivial, split
from symc_runtime.spec.polynomials import evaluate, solve
from symc_runtime.testing import act, assert_equivariant, equivariance_error, random_motion
from symc_runtime.verification.lengths import length, weights_of

KINDS = [
    (n, power, alternating)
    for n in (1, 2, 3, 4)
    for power in (1, 2, 3)
    for alternating in (False, True)
    if not alternating or power <= n
]


def program(text: str) -> Program:
    result = check(Source("<text>", text))
    assert result.program is not None, [str(d) for d in result.diagnostics]
    return result.program


def codes(text: str) -> list[tuple[str, str]]:
    found = check(Source("<text>", text)).diagnostics
    return [(d.code, text[d.span.start : d.span.end]) for d in found]


def rising(n: int, power: int, alternating: bool) -> list[tuple[int, ...]]:
    pick = itertools.combinations if alternating else itertools.combinations_with_replacement
    return list(pick(range(n), power))


def defined(x: torch.Tensor, n: int, power: int, alternating: bool) -> torch.Tensor:
    """The full tensor of components [batch, m], entry by entry."""
    order = rising(n, power, alternating)
    full = x.new_zeros(x.shape[0], *[n] * power)
    for index in itertools.product(range(n), repeat=power):
        if alternating and len({*index}) < power:
            continue
        swaps = sum(a > b for a, b in itertools.combinations(index, 2))
        sign = -1 if alternating and swaps % 2 else 1
        full[(slice(None), *index)] = sign * x[:, order.index(tuple(sorted(index)))]
    return full


@pytest.mark.parametrize(("n", "power", "alternating"), KINDS)
def test_a_full_tensor_holds_its_components(n: int, power: int, alternating: bool) -> None:
    x = torch.randn(2, len(rising(n, power, alternating)), dtype=torch.float64)
    full = full_tensor(x, 1, n, power, alternating)
    assert torch.equal(full, defined(x, n, power, alternating))
    assert torch.equal(components(full, 1, n, power, alternating), x)
    places = multiplicities(n, power, alternating)
    assert torch.allclose((places * x.square()).sum(1), full.square().flatten(1).sum(1))
    weighed = full_tensor(x, 1, n, power, alternating, True)
    back = components(weighed, 1, n, power, alternating, True)
    assert torch.allclose(back, x, rtol=1e-14, atol=0)


@pytest.mark.parametrize(("n", "power", "alternating"), KINDS)
def test_the_dual_has_an_invariant_product(n: int, power: int, alternating: bool) -> None:
    """<g y, g x> = <y, x>, summed over components, whatever the norms of these are."""
    symmetric = "alt" if alternating else "sym"
    text = f"group M = O({n})\ninput x[_: {symmetric}(M.vector, {power})]\n"
    text += f"input y[_: dual({symmetric}(M.vector, {power}))]\ninput v[3, {n}: M]\noutput e"
    model = symc.build(text, Sizes(())).double()
    inputs = [torch.randn(3, len(rising(n, power, alternating)), dtype=torch.float64)] * 2
    generator = torch.Generator().manual_seed(n)
    motion = random_motion(model.groups[0], n, 3, generator=generator)
    x, y = (act(t, v, {"M": motion}, {}) for t, v in zip(model.inputs[:2], inputs, strict=True))
    assert torch.allclose((x * y).sum(1), (inputs[0] * inputs[1]).sum(1))


class Sizes(nn.Module):
    """A fixed nonlinear map of all inputs to outputs of the shapes that these sizes give."""

    def __init__(self, shapes: tuple[str, ...]) -> None:
        super().__init__()
        self.shapes = shapes

    def forward(self, *inputs: torch.Tensor) -> tuple[torch.Tensor, ...] | torch.Tensor:
        n = inputs[0].shape[1]
        rows = torch.cat([x.reshape(x.shape[0], -1) for x in inputs], 1)
        found = []
        for place, shape in enumerate(self.shapes):
            sizes = [evaluate(size.strip(), {"n": n}) for size in shape.split(",")]
            total = torch.Size(sizes).numel()
            waves = torch.arange(1, 1 + rows.shape[1] * total, dtype=rows.dtype)
            matrix = torch.sin(waves * (0.7 + place)).reshape(rows.shape[1], total)
            found.append(torch.tanh(rows @ matrix).reshape(-1, *sizes))
        return tuple(found) if len(found) > 1 else found[0] if found else rows.sum(1)


LAWS = {
    "space": (
        "group P = S(n)\ngroup M = O(3)\ninput x[n: P, 3: M.vector]\ninput s[_: sym(P, 2)]\n"
        "input w[_: alt(P*M.vector, 2)]\noutput a[_: sym(M.vector + M.scalar, 2), 3: dual(M)]\n"
        "output b[_: dual(sym(M.vector, 3)) + 2*alt(M.vector, 2)]\n"
        "output c[_: sym(sym(M.vector, 2), 2)]\noutput d[_: alt(P, 2), _: dual(sym(P, 2))]\n",
        ("10, 3", "16", "21", "(n^2 - n)/2, (n^2 + n)/2"),
        ((4, 3), (10,), (66,)),
    ),
    "points": (
        "group P = S(n)\ngroup M = SE(2)\ninput x[n: P, 2: M.point]\n"
        "input s[n: P, _: sym(M.vector, 3)]\n"
        "output a[_: sym(P, 2), 2: M.point]\noutput b[_: alt(M.vector, 2), _: sym(M.vector, 2)]\n",
        ("(n^2 + n)/2, 2", "1, 3"),
        ((3, 2), (3, 4)),
    ),
    "tables": (
        "group G = D(4)\ngroup K = C(3)\ninput x[_: sym(G.vector * K, 2)]\n"
        "input y[(2, 2): G.grid, _: alt(K.vector + K, 2)]\n"
        "output a[_: dual(sym(G.regular, 2))]\noutput b[_: alt(G, 3), _: sym(K.vector, 2)]\n",
        ("36", "4, 3"),
        ((21,), (2, 2, 10)),
    ),
    "signs": (
        "group Z = Z2(3)\ngroup T = T(2)\ninput x[_: sym(Z, 2)]\ninput z[3: Z]\n"
        "input p[4, 2: T.point]\noutput a[_: alt(Z, 2), _: sym(T.vector, 2)]\n"
        "output b[_: sym(Z, 3)]\n",
        ("3, 3", "10"),
        ((6,), (3,), (4, 2)),
    ),
}


@pytest.mark.parametrize("by", ["", "average", "canonical", "frame"])
@pytest.mark.parametrize("name", LAWS)
def test_the_law_holds(name: str, by: str) -> None:
    """For moves that are dense matrices, built from the definition."""
    text, outputs, shapes = LAWS[name]
    if by and name == "signs" and by == "average":
        by = "frame"
    lines = "".join(
        f"symmetrize {line.split()[1]} by {by}\n"
        for line in text.splitlines()
        if line.startswith("group") and by
    )
    model = symc.build(text + lines, Sizes(outputs)).double()
    torch.manual_seed(0)
    inputs = [torch.randn(2, *shape, dtype=torch.float64) for shape in shapes]
    assert equivariance_error(model, *inputs) < 1e-12


def test_what_permutations_move_comes_back_bit_by_bit() -> None:
    """Of duals too, whose components count three and six times."""
    text = "group P = S(4)\ninput x[_: dual(sym(P, 3)), _: alt(P, 2), _: sym(P, 2)]\n"
    text += "output y[_: dual(sym(P, 3)), _: alt(P, 2), _: sym(P, 2)]\nsymmetrize P by canonical"

    class Same(nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return x

    model = symc.build(text, Same())
    x = torch.randn(3, 20, 6, 10)
    assert torch.equal(model(x), x)


@pytest.mark.parametrize("form", ["sym(P, 2)", "alt(P, 2)", "sym(P, 3)", "alt(P, 3)"])
def test_a_call_tells_sizes_by_powers_alone(form: str) -> None:
    text = f"group P = S(n)\ninput x[_: {form}]\noutput y[n: P]\n"
    model = symc.build(text, Sizes(()))
    power = int(form[-2])
    for n in range(power if "alt" in form else 1, 7):
        count = comb(n, power) if "alt" in form else comb(n + power - 1, power)
        size = str(program(text).inputs[0].shape[0])
        assert evaluate(size, {"n": n}) == count
        assert solve([(size, count)], {}) == {"n": n}
    with pytest.raises(symc.ShapeError, match="axis 1"):
        model(torch.randn(2, 5))


def test_a_name_is_fixed_by_the_size_of_a_power() -> None:
    fixed = program("group M = O(d)\ninput x[6: sym(M.vector, 2)]\ninput v[d: M]\noutput y")
    assert fixed.sizes[0].value == 3
    assert codes("group M = O(d)\ninput x[7: sym(M.vector, 2)]\ninput v[d: M]\noutput y") == [
        ("SYM203", "sym(M.vector, 2)")
    ]
    assert (
        codes("input x[n: S(n)]\ninput y[10: sym(S(n), 2)]\noutput z") == [("SYM209", "10")]
        or program("input x[n: S(n)]\ninput y[10: sym(S(n), 2)]\noutput z").sizes[0].value == 4
    )


HEAD = "group M = E(3)\ngroup P = S(2)\ninput p[n, 3: M.point]\ninput q[2: P]\n"


@pytest.mark.parametrize(
    ("axis", "code", "place"),
    [
        ("_: sym(M.point, 2)", "SYM306", "M.point"),
        ("_: dual(M.point)", "SYM306", "M.point"),
        ("_: alt(M.vector + M.point, 2)", "SYM306", "M.vector + M.point"),
        ("_: alt(M.vector, 4)", "SYM304", "4"),
        ("_: alt(P, 3)", "SYM304", "3"),
        ("_: sym(M.vector, 0)", "SYM304", "0"),
        ("_: sym(M.vector, 9)", "SYM304", "9"),
        ("_: sym(M.vector, k)", "SYM304", "k"),
        ("_: sym(M.vector)", "SYM304", "sym(M.vector)"),
        ("_: dual(M.vector, 2)", "SYM304", "dual(M.vector, 2)"),
        ("_: sym(M.vector, power=2)", "SYM304", "sym(M.vector, power=2)"),
        ("_: sym(3, 2)", "SYM312", "3"),
        ("5: sym(M.vector, 2)", "SYM301", "sym(M.vector, 2)"),
        ("_: sym(10000*M.vector, 8)", "SYM205", "sym(10000*M.vector, 8)"),
        ("_: alt(P, 2)] of 5", "SYM311", "alt(P, 2)"),
    ],
)
def test_what_cannot_be_is_refused(axis: str, code: str, place: str) -> None:
    closing = "" if "]" in axis else "]"
    assert codes(f"{HEAD}input x[{axis}{closing}\noutput y")[:1] == [(code, place)]


def test_labels_may_be_those_of_unordered_pairs() -> None:
    text = "group P = S(n)\ninput x[n: P]\ninput kind[_: sym(P, 2)] of 5\noutput y[n: P]"
    model = symc.build(text, Sizes(("n",))).double()
    inputs = [torch.randn(2, 4).double(), torch.randint(5, (2, 10))]
    assert equivariance_error(model, *inputs) < 1e-12


def test_a_ragged_size_computes_no_power() -> None:
    text = "size n <= 8\ngroup P = S(n)\ninput x[n: P]\ninput y[_: sym(P, 2)]\noutput z"
    assert [code for code, _ in codes(text)] == ["SYM207"]


AXES = [
    "6: sym(M, 2)",
    "3: dual(M)",
    "_: sym(P, 2)",
    "15: alt(2*M, 2)",
    "27: 3*alt(M + M.pseudoscalar, 2) + M^2",
    "21: sym(dual(sym(M, 2)), 2)",
    "_: alt(P*M, 2)",
]


@pytest.mark.parametrize("axis", AXES)
def test_a_spec_is_written_as_it_was_read(axis: str) -> None:
    text = f"group P = S(n)\ngroup M = O(3)\ninput v[n: P, 3: M]\ninput x[{axis}]\noutput y"
    found = program(text)
    assert Program.model_validate_json(found.model_dump_json()) == found
    again = text.replace(f"x[{axis}]", written(found.inputs[1], found.groups))
    assert program(again) == found


def test_programs_of_version_2_are_read() -> None:
    """They had no divisors."""

    def without(value: object) -> object:
        if isinstance(value, dict):
            return {k: without(v) for k, v in value.items() if k != "divisor"}
        return [without(v) for v in value] if isinstance(value, list) else value

    found = program("input x[2*n: S(2*n), n]\noutput y")
    old = json.dumps({**without(json.loads(found.model_dump_json())), "version": 2})
    assert Program.model_validate_json(old) == found


@pytest.mark.parametrize(
    ("inputs", "output", "dimension"),
    [
        ("a[_: alt(M.vector, 3)]", "1: M.pseudoscalar", 1),
        ("a[_: sym(M.vector, 2)]", "1: M.pseudoscalar", 0),
        ("a[_: sym(M.vector, 2)]", "6: sym(M.vector, 2)", 3),
        ("a[_: sym(M.vector, 2)]", "3: M.vector", 0),
        ("a[_: alt(M.vector, 2)]", "3: M.pseudovector", 1),
        ("a[_: alt(M.vector, 2)]", "6: sym(M.vector, 2)", 2),
        ("a[2, _: sym(M.vector, 2)]", "3: M.pseudovector", 3),
        ("a[_: sym(M.vector, 3)]", "3: M.vector", 3),
        ("a[3: M.vector]", "6: sym(M.vector, 2)", 2),
        ("a[3: M.vector]", "10: dual(sym(M.vector, 3))", 2),
        ("a[3: M.vector]", "3: alt(M.vector, 2)", 0),
        ("a[2, 3: M.vector]", "3: alt(M.vector, 2)", 1),
        ("a[2, 3: M.vector]", "1: alt(M.vector, 3)", 0),
        ("a[3, 3: M.vector]", "1: alt(M.vector, 3)", 1),
    ],
)
def test_what_can_be_made_of_an_input(inputs: str, output: str, dimension: int) -> None:
    """By hand: of a symmetric matrix its powers, of two vectors what they span and its normal."""
    text = f"group M = O(3)\ninput {inputs}\noutput y[{output}]\n"
    found = Program.model_validate(program(text + "input free[3, 3: M.vector]\n").model_dump())
    lone = found.model_copy(update={"inputs": found.inputs[:1]})
    space = value_space(lone, "y")
    assert space is not None
    assert space.dimension == dimension
    assert any(p.code == "SYM402" for p in prove(lone)) == (dimension == 0)


@pytest.mark.parametrize("finite", [False, True])
def test_verdicts_are_what_is_measured(finite: bool) -> None:
    for compared in itertools.islice(Draws(11, finite, powers=True), 12):
        for output in compared.outputs:
            assert not output.false_alarm, compared.spec.text
            assert not output.missed, compared.spec.text


@pytest.mark.parametrize(
    ("axis", "said"),
    [
        ("6: sym(M, 2)", "2e + 0e"),
        ("3: alt(M, 2)", "1e"),
        ("10: sym(M, 3)", "3o + 1o"),
        ("21: sym(sym(M, 2), 2)", "4e + 2*0e + 2*2e"),
        ("_: sym(P, 2)", "2*(n) + 2*(n-1,1) + (n-2,2)"),
        ("_: alt(P, 2)", "(n-1,1) + (n-2,1,1)"),
        ("3: sym(R.vector, 2)", "trivial + irrep(2)"),
        ("1: alt(R.vector, 2)", "sign"),
    ],
)
def test_irreducible_representations(axis: str, said: str) -> None:
    text = "group P = S(n)\ngroup M = O(3)\ngroup R = D(5)\ninput v[n: P, 3: M, 2: R.vector]\n"
    found = describe(program(f"{text}input x[{axis}]\noutput y"))
    decomposed = next(t.irreducibles for t in found.tensors if t.name == "x")
    assert decomposed is not None
    terms = [(c.multiplicity, " x ".join(c.factors)) for c in decomposed.components]
    assert sorted(said.split(" + ")) == sorted(n if k == "1" else f"{k}*{n}" for k, n in terms)


def relation(one: str, two: str, axis: str, other: str | None = None) -> str:
    texts = [
        f"group M = {group}\ninput v[{'2, ' if other else ''}3: M.vector]\n"
        f"input x[2, {carried}]\noutput y[{carried}]"
        for group, carried in ((one, axis), (two, other or axis))
    ]
    return compare(program(texts[0]), program(texts[1])).relation


def test_specs_with_powers_compare() -> None:
    assert relation("O(3)", "O(3)", "_: sym(M.vector, 2)") == "equal"
    assert relation("O(3)", "SO(3)", "_: sym(M.vector, 2)") == "stronger"
    assert relation("SO(3)", "O(3)", "_: dual(sym(M.vector, 3))") == "weaker"
    assert relation("O(3)", "O(3)", "3: alt(M.vector, 2)", "3: M.pseudovector") == "undecided"
    assert relation("O(3)", "O(3)", "6: sym(M.vector, 2)", "6: dual(sym(M.vector, 2))") == (
        "undecided"
    )
    alone = [
        f"group M = {group}\ninput x[2, _: {power}]\noutput y[_: {power}]"
        for group in ("O(3)", "SO(3)")
        for power in ("sym(M.vector, 2)", "sym(M.vector, 3)")
    ]
    o, o_odd, so, so_odd = [program(text) for text in alone]
    # -1 does nothing to even powers.
    assert compare(o, so).relation == "equal"
    assert compare(o_odd, so_odd).relation == "stronger"


def test_lengths_are_those_of_full_tensors() -> None:
    vector = Natural("M", 3)
    axes = (
        Sum((Sym(vector, 2), Alt(vector, 2), Product((Trivial(2), Sym(vector, 3, dual=True))))),
        Sym(Sym(vector, 2), 2),
    )
    tensor = Tensor("x", axes)
    x = torch.randn(2, 6 + 3 + 20, 21, dtype=torch.float64)
    weights = weights_of(axes, {})
    assert weights is not None
    pieces = [piece.flatten(1) for piece in split(tensor, x, {})]
    assert torch.allclose(length(x * weights), length(torch.cat(pieces, 1)))
    assert weights_of((vector, Trivial(2)), {}) is None


def test_editors_know_the_words() -> None:
    text = "group M = O(3)\ninput x[6: sym(M.vector, 2)]\noutput y["
    card = hover(Analysis(text), text.index("sym(") + 1)
    assert card is not None
    assert "lexicographic" in card.text
    begun = text[: text.index("M.vector")]
    assert "M" in [found.label for found in complete(Analysis(begun), len(begun))]
    begun = text[: text.index("sym(")]
    assert "sym(R, k)" in [found.label for found in complete(Analysis(begun), len(begun))]


@pytest.mark.parametrize("method", ["average", "frame", "canonical", "probabilistic"])
def test_powers_of_blocks_of_items_move_as_they_should(method: str) -> None:
    model = on_flat_base(
        "group W = S(2) wr S(3)\ninput x[6: W, 2]\ninput s[_: sym(W, 2)]\n"
        "input b[_: alt(W.blocks, 2)]\noutput y[_: sym(W, 2)]\noutput z[_: alt(W*W.blocks, 2)]\n"
        f"output d[_: dual(sym(W.blocks, 2))]\nsymmetrize by {method}"
    ).double()
    generator = torch.Generator().manual_seed(0)
    inputs = [
        torch.randn(3, *shape, dtype=torch.float64, generator=generator)
        for shape in ((6, 2), (21,), (3,))
    ]
    for mode in (True, False):
        assert_equivariant(model.train(mode), *inputs)
