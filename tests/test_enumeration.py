"""Order, finiteness, K, cost and enumeration are one fact of a group and its parameter."""

from __future__ import annotations

import copy
import pickle
import re
from itertools import product
from math import prod
from typing import Any

import pytest
import torch
from every_representation import axes_of
from models import on_flat_base
from torch import nn

import symc
from symc.checking import check
from symc.description import describe
from symc.ir.drawing import numbers_of_samples
from symc.lower.emit import emit
from symc.lower.identifiers import class_name
from symc.lower.module import CompiledModel
from symc.lower.plan import make_plan
from symc.source import Source
from symc_runtime.catalogue import compiled_groups, groups
from symc_runtime.groups.family import Parameter
from symc_runtime.groups.finite import Finite
from symc_runtime.methods.method import ENUMERATION_BUDGET, EVAL_SAMPLES, SAMPLES
from symc_runtime.spec.draws import Draw
from symc_runtime.spec.layout import shape_of
from symc_runtime.symmetrized import Symmetrized
from symc_runtime.testing import act, random_motions

FAMILIES = [
    (name, k)
    for name, facts in compiled_groups().items()
    for k in (*facts.examples, *([] if facts.nests else [3]))
]
FINITE = [(f, k) for f, k in FAMILIES if (groups()[f].rest_order(k) or 10**9) <= 120]


class Rows(nn.Module):
    """A base without symmetry that counts the rows it saw; it returns its inputs, moved."""

    def __init__(self) -> None:
        super().__init__()
        self.rows = 0

    def forward(self, *inputs: torch.Tensor) -> tuple[torch.Tensor, ...]:
        self.rows = inputs[0].shape[0]
        seen = torch.cat([x.flatten(1) for x in inputs], 1)
        weight = torch.linspace(0.3, 1.7, seen.shape[1], dtype=seen.dtype)
        total = (seen * weight).sum(1).cos()
        return tuple(x.exp().sin() + total.reshape(-1, *[1] * (x.ndim - 1)) for x in inputs)


def every_atom(family: str, parameter: Parameter, method: str) -> str:
    """A spec whose outputs are like its inputs, a tensor for each representation."""
    lines = [f"group G = {groups()[family].called(parameter)}"]
    for kind in ("input", "output"):
        for name, axis in axes_of(family, parameter).items():
            lines.append(f"{kind} {kind[0]}_{name}[2, {axis}]")
    return "\n".join([*lines, f"symmetrize by {method}"])


def built(family: str, parameter: Parameter, method: str) -> tuple[Symmetrized, list[torch.Tensor]]:
    """`every_atom` around `Rows`, with inputs."""
    model = symc.build(every_atom(family, parameter, method), Rows()).double()
    generator = torch.Generator().manual_seed(0)
    inputs = []
    for tensor in model.inputs:
        shape = (2, *(int(str(size)) for size in shape_of(tensor)))
        inputs.append(torch.randn(shape, generator=generator, dtype=torch.float64))
    return model, inputs


def taken(model: Symmetrized, inputs: list[torch.Tensor]) -> int:
    """Evaluations of the base an example in one call."""
    model(*inputs)
    assert isinstance(model.base, Rows)
    return model.base.rows // len(inputs[0])


@pytest.mark.parametrize(("family", "parameter"), FAMILIES)
def test_finite_is_what_has_no_dimension(family: str, parameter: Parameter) -> None:
    facts = groups()[family]
    order = facts.order(parameter)
    assert (order is not None) == (facts.dimension(parameter) == 0)
    assert order in (None, facts.rest_order(parameter))
    formulas = (facts.rest_order_formula, facts.rest_order), (facts.frame_order_formula,
                                                              facts.frame_order)  # fmt: skip
    for formula, number in formulas:
        several = parameter if isinstance(parameter, tuple) else (parameter,)
        written = formula(", ".join(map(str, several)))
        assert written in (None, 1) or _value(str(written)) == number(parameter)
        opened = formula(", ".join(["2*k + 1"] * len(several)))
        assert opened in (None, 1) or "2*k + 1" in str(opened)
    if isinstance(facts, Finite):
        assert facts.frame_order(parameter) == 1


def _value(formula: str) -> int:
    """`4!`, `2^(3 - 1)`, `2*3`, `(2!)^3*3!`, `4` as a number."""
    if "*" in formula:
        return prod(map(_value, formula.split("*")))
    if formula.isdigit():
        return int(formula)
    if formula.endswith("!"):
        total = 1
        for factor in range(2, int(formula[:-1]) + 1):
            total *= factor
        return total
    base, exponent = formula.split("^")
    if base.startswith("("):
        return int(_value(base.strip("()")) ** int(exponent))
    first, _, second = exponent.strip("()").partition(" - ")
    return int(base) ** (int(first) - int(second or 0))


def test_orders_beyond_63_bits_are_formulas_only() -> None:
    for family, k in (("S", 10**6), ("O", 10**6), ("E", 10**6)):
        facts = groups()[family]
        order = facts.rest_order if family == "S" else facts.frame_order
        formula = facts.rest_order_formula if family == "S" else facts.frame_order_formula
        assert order(k) is None
        assert str(k) in str(formula(str(k)))
        assert order(20 if family == "S" else 62) is not None


@pytest.mark.parametrize(("family", "parameter"), FINITE)
def test_every_element_is_there_once_and_they_are_a_group(
    family: str, parameter: Parameter
) -> None:
    facts = groups()[family]
    if isinstance(facts, Finite):
        every = list(facts.every(parameter))
        assert len(every) == len(set(every)) == facts.rest_order(parameter)
        products = [facts.product(parameter, g, h) for g in every for h in every]
        assert sorted(products) == sorted(every * len(every))
    if facts.element in ("translation", "finite"):
        return
    found = [torch.tensor(each) for each in facts.every(parameter)]
    if facts.element == "signs":
        found = [g.diag() for g in found]
    size = prod(parameter) if isinstance(parameter, tuple) else parameter
    indices = facts.permutes or facts.nests
    as_matrices = [torch.eye(size).long()[g].T if indices else g for g in found]
    assert len(found) == facts.rest_order(parameter)
    identity = torch.eye(size).long()
    assert torch.equal(as_matrices[0], identity)
    known = {tuple(g.flatten().tolist()) for g in as_matrices}
    assert len(known) == len(found)
    for g, h in product(as_matrices[:24], as_matrices[:24]):
        assert tuple((g @ h).flatten().tolist()) in known
        assert torch.equal(g @ g.T, identity)


@pytest.mark.parametrize(("family", "parameter"), FINITE)
def test_average_over_a_finite_group_is_exact(family: str, parameter: Parameter) -> None:
    """f(h x) = h f(x) between calls that share no noise, from as many calls as elements."""
    if groups()[family].element == "translation":
        return
    model, inputs = built(family, parameter, "average")
    order = groups()[family].rest_order(parameter)
    assert taken(model, inputs) == order
    generator = torch.Generator().manual_seed(1)
    for _ in range(3):
        motions, sizes = random_motions(model, inputs, {}, None, generator)
        moved = [act(t, x, motions, sizes) for t, x in zip(model.inputs, inputs, strict=True)]
        after, before = model(*moved), model(*inputs)
        for tensor, y, z in zip(model.outputs, before, after, strict=True):
            expected = act(tensor, y, motions, sizes)
            assert torch.allclose(z, expected, atol=1e-12, rtol=1e-12)


@pytest.mark.parametrize("method", ["average", "frame", "probabilistic"])
@pytest.mark.parametrize(("family", "parameter"), sorted(set(FAMILIES), key=str))
def test_k_is_said_once(family: str, parameter: Parameter, method: str) -> None:
    """The checker, `describe`, the noise, the base's rows and the repr say the same K."""
    text = every_atom(family, parameter, method)
    if any(d.code == "SYM502" for d in symc.check(text)):
        assert (groups()[family].element, method) == ("translation", "average")
        return
    facts = groups()[family]
    expected = facts.rest_order(parameter)
    if method == "frame":
        expected = facts.frame_order(parameter)
    elif method == "probabilistic" and expected != 1:
        expected = None
    enumerates = expected is not None and expected <= ENUMERATION_BUDGET
    weighed = None
    if method == "probabilistic" and (facts.tabled or facts.flips):
        weighed = facts.rest_order(parameter)
    description = describe(symc.load(text).ir)
    assert description.stages[0].elements == (expected if enumerates else None)
    in_eval = weighed or description.stages[0].elements
    assert description.stages[0].eval_elements == in_eval
    assert description.cost.eval_sampled == (in_eval is None)
    assert description.cost.eval_error == (20**-0.5 if in_eval is None else None)
    model, inputs = built(family, parameter, method)
    seen = taken(model, inputs), taken(model.eval(), inputs)
    assert seen == (description.cost.total, description.cost.eval_total)
    said = model.extra_repr().split("; ", 1)[1]
    if weighed and weighed > 1:
        assert said == f"samples=1; in eval mode {weighed} elements of G"
    elif not enumerates:
        assert said == "samples=1, eval_samples=20"
    elif expected == 1:
        assert said == "1 element"
    else:
        assert said == f"{expected} elements of G"
    if weighed is None or weighed == 1:
        for noise in model.draw_noise(*inputs).values():
            assert noise.shape[0] == seen[1]


class Energy(nn.Module):
    """Odd and even in what it gets, so that no symmetry is its own."""

    def __init__(self) -> None:
        super().__init__()
        self.rows = 0

    def forward(self, mag: torch.Tensor, pos: torch.Tensor) -> torch.Tensor:
        self.rows = mag.shape[0]
        return (mag.squeeze(-1) * pos).sum((1, 2)).exp() + mag.sum((1, 2, 3)).sin()


MAGNET = """
group P = S(n)
group M = O(3)
group Tr = O(1)
input mag[n: P, 3: M.pseudovector, 1: Tr.vector]
input pos[n: P, 3: M.vector]
output energy
symmetrize Tr by average
symmetrize M, P by base
"""


def test_time_reversal_is_two_calls() -> None:
    model = symc.build(MAGNET, Energy())
    mag, pos = torch.randn(5, 4, 3, 1).double(), torch.randn(5, 4, 3).double()
    energy = model(mag, pos)
    assert model.base.rows == 2 * 5
    plain = model.base(mag, pos), model.base(-mag, pos)
    assert (plain[0] - plain[1]).abs().min() > 1e-3
    assert torch.equal(energy, (plain[0] + plain[1]) / 2)
    assert torch.equal(energy, model(-mag, pos))


def test_a_line_with_reflections_is_its_anchor_and_a_sign() -> None:
    text = "group L = E(1)\ninput x[n, 1: L.point]\noutput y[n, 1: L.point]\nsymmetrize by average"
    base = Rows()
    model = symc.build(text, base).double()
    x = torch.randn(3, 4, 1).double()
    mean = x.mean(1, keepdim=True)
    (there,), (back,) = Rows()(x - mean), Rows()(mean - x)
    assert torch.allclose(model(x), mean + (there - back) / 2)
    assert base.rows == 2 * 3


def test_all_enumerating_stages_share_one_budget() -> None:
    text = "group A = O(1)\ngroup P = S(n)\ninput x[n: P, 1: A]\noutput y[n: P, 1: A]\n"
    model = symc.build(text + "symmetrize A, P by average", Rows()).double()
    for n, expected in ((3, 12), (6, 1440), (7, 2)):  # 2 x 5,040 are too many: P draws
        assert taken(model, [torch.randn(1, n, 1).double()]) == expected, n
    last = symc.build(text + "symmetrize P, A by average", Rows()).double()
    assert taken(last, [torch.randn(1, 7, 1).double()]) == 5040  # one is left, A draws
    fixed = symc.build(text + "symmetrize P, A by average", Rows(), sizes={"n": 7})
    assert fixed.extra_repr().endswith("5040 elements of P x samples=1, "
                                       "5040 elements of P x eval_samples=20")  # fmt: skip
    notes = check(Source("t.sym", "size n = 7\n" + text + "symmetrize P, A by average"))
    said = [d for d in notes.diagnostics if d.code == "SYM406"]
    assert [("`A`" in d.message, "2 evaluations" in d.message) for d in said] == [(True, True)]


MANY = "group A = O(1)\ngroup P = S(n)\ninput x[n: P, 1: A]\noutput y[n: P, 1: A]\n"


@pytest.mark.parametrize(
    ("lines", "n", "total"),
    [
        ("symmetrize P by average\nsymmetrize A by base", 5, None),
        ("symmetrize P by average\nsymmetrize A by base", 6, "720"),
        ("symmetrize P by average\nsymmetrize A by base", 7, "5,040"),
        ("symmetrize P by average\nsymmetrize A by base", 8, None),  # it draws
        ("symmetrize by average", 6, "1,440"),
        ("symmetrize P by average\nsymmetrize A by frame", 6, "1,440"),
        ("symmetrize P by average(samples=1)\nsymmetrize A by frame", 6, None),
        ("symmetrize by frame", 6, None),
        ("", 6, None),
    ],
)
def test_many_elements_are_noted(lines: str, n: int, total: str | None) -> None:
    """What the note says is what a call evaluates, and what it advises does without."""
    text = MANY + lines
    found = [d for d in symc.check(f"size n = {n}\n{text}") if d.code == "SYM512"]
    assert [d.severity for d in found] == ["note"] * (total is not None)
    assert "SYM512" not in {d.code for d in symc.check(text)}  # n is open
    if total is None:
        return
    model = symc.build(text, Rows()).double()
    assert f"{taken(model, [torch.randn(1, n, 1).double()]):,}" == total
    assert f": {total} evaluations of the base" in found[0].message
    span, instead = found[0].span, re.search("`by (average.*)`", found[0].help or "")
    assert instead is not None
    fixed = f"size n = {n}\n{text}"
    assert fixed[slice(*span)] == "average"
    fixed = fixed[: span.start] + instead[1] + fixed[span.end :]
    assert "SYM512" not in {d.code for d in symc.check(fixed)}
    built = symc.build(fixed, Rows()).double()
    assert taken(built, [torch.randn(1, n, 1).double()]) <= 2


def test_many_signs_are_many_elements() -> None:
    groups = "".join(f"group G{i} = O(1)\ninput x{i}[1: G{i}]\n" for i in range(10))
    for lines, noted in (("symmetrize by average", True), ("", False)):
        text = f"{groups}output y\n{lines}"
        assert ("SYM512" in {d.code for d in symc.check(text)}) == noted
    (said,) = symc.check(f"{groups}output y\nsymmetrize by average")
    assert "1,024 evaluations" in said.message
    assert said.related == ()


WEIGHED = (
    "group P = S(n)\ngroup R = D(4)\ninput x[n: P, 2: R.vector]\noutput y[n: P, 2: R.vector]\n"
)


@pytest.mark.parametrize(
    ("lines", "n", "expected"),
    [
        ("", 3, (1, 8 * 20)),
        ("symmetrize P by base", 3, (1, 8)),
        ("symmetrize P by average", 3, (6, 6 * 8)),
        ("symmetrize P by average", 6, (720, 720 * 20)),  # 7 are left
        ("symmetrize P by average", 7, (5040, 5040 * 20)),
        ("symmetrize R by probabilistic(samples=2)\nsymmetrize P by base", 3, (2, 20)),
        ("symmetrize R by probabilistic(eval_samples=3)\nsymmetrize P by base", 3, (1, 3)),
        ("symmetrize R by probabilistic(noise_scale=0)\nsymmetrize P by base", 3, (1, 20)),
    ],
)
def test_stages_that_weigh_count_in_eval_mode_alone(
    lines: str, n: int, expected: tuple[int, int]
) -> None:
    """They take from the budget last: what is exact in training is exact in eval mode."""
    text = f"size n = {n}\n{WEIGHED}{lines}"
    found = describe(symc.load(text).ir)
    assert (found.cost.total, found.cost.eval_total) == expected
    model = symc.build(text, Rows()).double()
    x = [torch.randn(1, n, 2).double()]
    assert taken(model, x) == expected[0]
    if expected[1] < 10_000:
        assert taken(model.eval(), x) == expected[1]


def test_a_stage_that_cannot_weigh_all_is_told_of() -> None:
    """SYM406 and SYM512 say in which mode."""
    text = f"size n = 7\n{WEIGHED}symmetrize P by average"
    said = {d.code: d.message for d in symc.check(text)}
    assert "in eval mode `probabilistic` draws 20 samples of `R` instead of all" in said["SYM406"]
    assert "in training too: 5,040 evaluations" in said["SYM512"]
    many = "group A = C(48)\ngroup B = C(48)\ninput x[48: A, 48: B]\noutput y\n"
    (only,) = symc.check(many)
    assert (only.code, many[slice(*only.span)]) == ("SYM512", "A")
    assert "are taken at each call in eval mode: 2,304 evaluations" in only.message
    instead = re.search("`(symmetrize A by .*)`", only.help or "")
    assert instead is not None
    assert symc.check(many + instead[1]) == []


def test_translations_alone_have_no_average() -> None:
    assert {d.code for d in symc.check(every_atom("T", 2, "average"))} == {"SYM502"}


# --- Numbers of samples -------------------------------------------------------------------------

PAIR = "group P = S(n)\ngroup M = O(3)\ninput x[n: P, 3: M]\noutput y[n: P, 3: M]\n"
NUMBERS = [
    ("", (1, 20)),
    ("symmetrize by probabilistic", (1, 20)),
    ("symmetrize by average(samples=5)", (5, 20)),
    ("symmetrize by frame(samples=20)", (20, 20)),
    ("symmetrize by probabilistic(samples=40)", (40, 40)),
    ("symmetrize by probabilistic(eval_samples=5)", (1, 5)),
    ("symmetrize by average(samples=40, eval_samples=5)", (40, 5)),
    ("symmetrize M by probabilistic(samples=3)\nsymmetrize P by average(eval_samples=7)", (3, 7)),
    ("symmetrize M by canonical\nsymmetrize P by average(samples=6)", (6, 20)),
    ("symmetrize M by base\nsymmetrize P by probabilistic", (1, 20)),
]


@pytest.mark.parametrize(("line", "expected"), NUMBERS)
def test_defaults(line: str, expected: tuple[int, int]) -> None:
    """One pose a step, 20 in eval mode or `samples` where that is larger: everywhere the same."""
    text = PAIR + line
    program = symc.load(text).ir
    assert numbers_of_samples(program) == expected
    cost = describe(program).cost
    assert (cost.samples, cost.eval_samples) == expected
    for model in (symc.build(text, Rows()), emitted(text)):
        assert (model.samples, model.eval_samples) == expected
        x = [torch.randn(2, 4, 3).double()]
        model.double()
        assert (taken(model, x), taken(model.eval(), x)) == expected
    assert f"samples={expected[0]}, eval_samples={expected[1]}, chunk" in emit(
        make_plan(program), None
    )


def test_defaults_of_the_options_are_those() -> None:
    assert (SAMPLES.default, EVAL_SAMPLES.default) == (1, 20)


def emitted(text: str, **keywords: object) -> Symmetrized:
    """The class of the emitted file around `Rows`."""
    spec = symc.load(text)
    namespace: dict[str, type[Symmetrized]] = {}
    exec(compile(emit(make_plan(spec.ir), text), "emitted.py", "exec"), namespace)
    return namespace[class_name(spec.name)](Rows(), **keywords)  # type: ignore[arg-type]


SPECS = {
    "average, open": "symmetrize P by average\nsymmetrize M by base",
    "average, fixed": "size n = 4\nsymmetrize P by average\nsymmetrize M by base",
    "too many": "size n = 9\nsymmetrize P by average\nsymmetrize M by base",
    "frame": "symmetrize M by frame\nsymmetrize P by base",
    "sorted": "symmetrize P by frame\nsymmetrize M by base",
    "both": "symmetrize M by frame\nsymmetrize P by average",
    "mixed": "symmetrize M by frame\nsymmetrize P by probabilistic",
    "mixed, open": "symmetrize M by probabilistic\nsymmetrize P by average",
    "canonical beside": "symmetrize M by canonical\nsymmetrize P by average",
    "drawn": "symmetrize by average(samples=2)",
    "canonical": "symmetrize by canonical",
    "base": "symmetrize by base",
}


@pytest.mark.parametrize("name", ["samples", "eval_samples"])
@pytest.mark.parametrize("case", SPECS)
def test_a_number_that_is_set_is_honoured_or_refused(case: str, name: str) -> None:
    """K is in proportion to it, in the mode that it is about and in no other."""
    text = PAIR + SPECS[case]
    for model in (symc.build(text, Rows()).double(), emitted(text).double()):
        x = [torch.randn(2, 9 if case == "too many" else 4, 3).double()]
        kept = {mode: taken(model.train(mode), x) for mode in (True, False)}
        setattr(model, name, 1)
        if case in ("canonical", "base"):
            assert kept == {True: 1, False: 1}
            assert (model.samples, model.eval_samples) == (1, 1)
            assert model.extra_repr().endswith("; 1 element")
            with pytest.raises(ValueError, match=rf"^{name}: .*K is 1, not 7.*{name}=7"):
                setattr(model, name, 7)
            with pytest.raises(ValueError, match=rf"^{name}: "):
                emitted(text, **{name: 7})
            continue
        training = name == "samples"
        single = taken(model.train(training), x)
        setattr(model, name, 7)
        assert taken(model, x) == 7 * single
        assert getattr(model, name) == 7
        assert f"{name}=7" in model.extra_repr()
        assert taken(model.train(not training), x) == kept[not training]
        twins = [copy.deepcopy(model), emitted(text, **{name: 7}).double()]
        if isinstance(model, CompiledModel):
            twins.append(pickle.loads(pickle.dumps(model)))
        for twin in twins:
            assert taken(twin.train(training), x) == 7 * single
            assert taken(twin.train(not training), x) == kept[not training]


SAID = {
    "average, open": "n! elements of P (at most 5,040, else samples=1, eval_samples=20)",
    "average, fixed": "24 elements of P",
    "too many": "samples=1, eval_samples=20",
    "frame": "8 elements of M",
    "sorted": "1 element",
    "both": "8 elements of M x n! elements of P (at most 5,040, else samples=1, eval_samples=20)",
    "mixed": "8 elements of M x samples=1, 8 elements of M x eval_samples=20",
}


@pytest.mark.parametrize("case", SAID)
def test_the_repr_says_k(case: str) -> None:
    said = symc.build(PAIR + SPECS[case], Rows()).extra_repr()
    assert said == f"P = S(n) x M = O(3); {SAID[case]}"


def test_a_number_takes_the_place_of_enumerating_until_it_is_none_again() -> None:
    model = symc.build(PAIR + SPECS["frame"], Rows()).double()
    x = [torch.randn(2, 4, 3).double()]
    assert (model.samples, model.eval_samples) == (None, None)
    model.samples = 3
    assert model.extra_repr().endswith("; samples=3; in eval mode 8 elements of M")
    assert (taken(model, x), taken(model.eval(), x)) == (3, 8)
    model.samples = None
    assert taken(model.train(), x) == 8


def test_drawing_so_many_leaves_exact_stages_exact() -> None:
    model = symc.build(PAIR + SPECS["mixed"], Rows()).double()
    exact = symc.build(PAIR + SPECS["average, open"], Rows()).double()
    for each in (model, exact):
        each.draw_so_many(3, 5)
    x = [torch.randn(2, 4, 3).double()]
    assert (taken(model, x), taken(model.eval(), x)) == (24, 40)
    assert (taken(exact, x), taken(exact.eval(), x)) == (24, 24)
    many = [torch.randn(2, 9, 3).double()]
    assert (taken(exact.train(), many), taken(exact.eval(), many)) == (3, 5)


def test_a_flat_base_sees_what_the_numbers_say() -> None:
    model = on_flat_base(PAIR + "symmetrize by probabilistic", {"n": 4}).double()
    values, weights = model(torch.randn(2, 4, 3).double(), return_samples=True)
    assert (values.shape[0], weights.shape) == (1, (1, 2))
    assert model.eval()(torch.randn(2, 4, 3).double(), return_samples=True)[1].shape == (20, 2)


def test_what_was_emitted_before_is_told_to_be_compiled_again() -> None:
    old: Any = True
    with pytest.raises(ValueError, match="names no method; compile the spec again"):
        Draw("P", "P", enumerates=old)
