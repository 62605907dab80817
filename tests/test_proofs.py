"""The proofs: stabilizers, verdicts, and what they claim beside what is measured."""

from __future__ import annotations

import re
from itertools import islice, permutations, product
from pathlib import Path

import numpy as np
import pytest
from call_counts import calls_of
from prooforacle.choices import noisy_outputs, program
from prooforacle.compare import Draws
from prooforacle.lie import stabilizer_dimension
from prooforacle.oracle import values
from prooforacle.specs import Generator, Group, Spec, Tensor, Term
from torch import nn

import symc
import symc.proofs.stabilizer
from symc.checking import check
from symc.ir.program import Program
from symc.proofs import Proof, generic_stabilizer, prove, value_space
from symc.proofs.moments import fixed_point_moment, orthogonal_moment
from symc.proofs.ranges import Ranges
from symc.proofs.stabilizer import stabilizers
from symc.source import Source

SPECS = sorted((Path(__file__).parents[1] / "specs").glob("*.sym"))
STRENGTH = {"SYM403": 1, "SYM402": 2}


def codes(text: str) -> list[str]:
    return [d.code for d in check(Source("<text>", text)).diagnostics]


def proofs(text: str, *wanted: str) -> list[Proof]:
    return [proof for proof in prove(program(text)) if proof.code in wanted]


@pytest.mark.parametrize(
    ("group", "inputs", "text", "dimension"),
    [
        ("O(3)", "3: G", "O(2)", 1),
        ("O(5)", "2, 5: G", "O(3)", 3),
        ("O(3)", "3, 3: G", "trivial", 0),
        ("SO(3)", "3: G", "SO(2)", 1),
        ("SO(3)", "2, 3: G", "trivial", 0),
        ("SO(2)", "2: G", "trivial", 0),
        ("O(3)", "1: G.pseudoscalar", "SO(3)", 3),
        ("O(3)", "9: G^2", "Z2", 0),
        ("SO(3)", "9: G^2", "trivial", 0),
        ("SO(4)", "16: G^2", "Z2", 0),
        ("O(3)", "27: G^3", "trivial", 0),
        ("O(3)", "3: G.pseudovector", "SO(2) x Z2", 1),
        ("O(4)", "4: G.pseudovector", "SO(3) x Z2", 3),
        ("O(3)", "2, 3: G.pseudovector", "Z2", 0),
        ("O(3)", "6: G.pseudovector + G", "trivial", 0),
        ("E(3)", "2, 3: G.point", "O(2)", 1),
        ("E(3)", "3, 3: G.point", "O(1)", 0),
        ("E(3)", "4, 3: G.point", "trivial", 0),
        ("SE(3)", "3: G.point", "SO(3)", 3),
        ("SE(3)", "3: G.vector", "T(3) x SO(2)", 4),
        ("S(4)", "4: G", "trivial", 0),
        ("S(4)", "1: G.sign", "A(4)", 0),
        ("S(2)", "1: G.sign", "trivial", 0),
        ("T(2)", "2: G.point", "trivial", 0),
        ("C(6)", "6: G", "trivial", 0),
        ("C(6)", "2: G.irrep(2)", "C(2)", 0),
        ("C(6)", "1: G.irrep(3)", "C(3)", 0),
        ("C(6)", "2: G.irrep(2), 1: G.irrep(3)", "trivial", 0),
        ("C(12)", "2: G.irrep(2), 2: G.irrep(4)", "C(2)", 0),
        ("D(4)", "1: G.sign", "C(4)", 0),
        ("D(4)", "1: G.irrep(2)", "D(2)", 0),
        ("D(6)", "1: G.irrep(3)", "D(3)", 0),
        ("D(6)", "2: G.irrep(2)", "C(2)", 0),
        ("D(4)", "8: G.regular", "trivial", 0),
        ("D(4)", "(3, 3): G.grid", "trivial", 0),
        ("D(2)", "2: G", "C(2)", 0),
        ("D(2)", "(3, 1): G.grid", "C(2)", 0),
        ("D(4)", "1: G.irrep(0)", "D(4)", 0),
        ("D(3)", "2: G.vector, 2: G.vector", "trivial", 0),
        ("C(2)", "2: G.vector, 2: G.vector", "C(2)", 0),
        ("C(3)", "1", "C(3)", 0),
    ],
)
def test_generic_stabilizers(group: str, inputs: str, text: str, dimension: int) -> None:
    carried = "" if "G" in inputs else "input z[1: G.irrep(0)]\n"
    spec = f"group G = {group}\ninput x[{inputs}]\n{carried}output y"
    found = generic_stabilizer(program(spec), "G")
    assert found is not None
    assert (found.text, found.dimension, found.exact) == (text, dimension, True)
    assert found.trivial == (text == "trivial")


@pytest.mark.parametrize(
    ("groups", "inputs", "outputs", "said"),
    [
        ("R=O(3)", ["v[3: R]"], "y[3: R]", "always parallel to `v`"),
        ("R=O(3)", ["a[3: R]", "b[3: R]"], "y[2, 3: R]", "always in the span of `a` and `b`"),
        ("R=O(3)", ["a[3: R]", "b[3: R]"], "y[3: R.pseudovector]",
         "always along the normal of `a` and `b`"),
        ("R=O(4)", ["a[2, 4: R]", "b[4: R]"], "y[4: R]",
         "always in the span of the vectors of `a` and `b`"),
        ("R=O(3)", ["v[3: R]"], "y[1: R.pseudoscalar]", "always zero"),
        ("R=O(3)", ["v[9: R^2]"], "y[3: R]", "always zero"),
        ("M=E(3)", ["p[2, 3: M.point]"], "y[3: M.vector]",
         "always parallel to the line through the points of `p`"),
        ("M=E(3)", ["p[3, 3: M.point]"], "y[3: M.vector]",
         "always in the plane through the points of `p`"),
        ("M=SE(3)", ["p[3: M.point]"], "y[3: M.point]", "always at `p`"),
        ("M=SE(3) P=S(2)", ["p[2: P, 3: M.point]"], "y[3: M.point]", "always at the mean of `p`"),
        ("M=E(3)", ["p[3: M.point]", "v[3: M.vector]"], "y[3: M.point]",
         "seen from `p`, is always parallel to `v`"),
        ("M=E(3) P=S(2)", ["p[2: P, 3: M.point]"], "y[2: P, 3: M.vector]",
         "parallel to the line through the points of `p` and opposite in the two rows"),
        ("M=SE(3) P=S(2)", ["p[2: P, 3: M.point]"], "y[3: M.vector]", "always zero"),
        ("P=S(4)", ["v[1: P.sign]"], "y[4: P]", "always equal in all 4 rows"),
        ("P=S(2) R=SO(3)", ["v[1: P.sign, 2, 3: R]"], "y[3: R]",
         "always along the normal of the vectors of `v`"),
        ("A=O(3) B=O(4)", ["m[3: A, 4: B]"], "y[3: A]", "always zero"),
        ("G=D(4)", ["q[1: G.sign]"], "y[2: G.vector]", "always zero"),
        ("G=D(4)", ["q[1: G.sign]"], "y[2, 1: G.irrep(2)]", "always zero"),
        ("G=D(4)", ["q[1: G.sign]"], "y[4: G]", "always symmetric under r of `G`"),
        ("G=D(4)", ["q[1: G.irrep(2)]"], "y[(3, 3): G.grid]",
         "always symmetric under r^2 and s of `G`"),
        ("G=C(2) R=O(3)", ["v[1: G.irrep(1), 3: R]"], "y[3: R]", "always zero"),
        ("G=C(2) R=O(3)", ["v[1: G.irrep(1), 3: R]"], "y[1: G.irrep(1), 3: R]",
         "always parallel to `v`"),
        ("G=C(2) R=O(3)", ["v[1: G.irrep(1), 3: R]"], "y[2: G, 3: R]",
         "always parallel to `v` and negated by r of `G`"),
        ("G=C(2) M=E(2)", ["p[2: G, 2: M.point]"], "y[2: G]", "always symmetric under r of `G`"),
        ("G=D(3) H=C(4)", ["q[1: G.sign * H.irrep(2)]"], "y[3: G, 4: H]",
         "always symmetric under r^2 of `H`, r of `G` and s of `G` with r of `H`"),
        ("G=D(4) R=SO(3)", ["q[1: G.sign]", "v[3, 3: R]"], "y[3: R, 2: G.irrep(1)]",
         "always zero"),
        ("G=D(4)", ["q[1: G.sign]"], "y[6: G.irrep(2) + G.sign + G]",
         "its `G.irrep(2)` part is always zero and its `G.natural` part is always symmetric"),
    ],
)  # fmt: skip
def test_what_is_said_of_outputs(groups: str, inputs: list[str], outputs: str, said: str) -> None:
    text = "".join(f"group {g.replace('=', ' = ')}\n" for g in groups.split())
    text += "".join(f"input {tensor}\n" for tensor in inputs) + f"output {outputs}\n"
    (found,) = proofs(text, "SYM402", "SYM403")
    assert said in found.statement
    assert found.code == ("SYM402" if said == "always zero" else "SYM403")
    assert found.reason
    assert found.help


@pytest.mark.parametrize(
    "text",
    [
        "group R = SO(3)\ninput v[2, 3: R]\noutput y[3: R]",
        "group P = S(3)\ninput x[3: P]\noutput y[1: P.sign]",
        "input p[n: S(n), 3: E(3).point]\noutput y[n: S(n), 3: E(3).vector]",
        "input x[n: S(n)] of 10\noutput y[n: S(n)]",
        "group M = E(3)\ninput p[3: M.point]\ninput v[3, 3: M.vector]\noutput q[3: M.point]",
        "input v[c, d: O(d)]\noutput w[d: O(d)]",
        "input x[(h, h): D(4).grid]\noutput y[(h, h): D(4).grid]",
        "input x[(h, w): C(2).grid]\noutput y[1: C(2).irrep(1)]",
        "group G = D(6)\ninput p[6: G, 3: E(3).point]\noutput y[6: G, 3: E(3).vector]",
        "group G = D(4)\ninput q[h, 1: G.irrep(2)]\ninput z[2: G.vector]\n"
        "size h = 3\noutput y[(h, h): G.grid]",
        "group G = D(4)\ninput q[h, 1: G.irrep(2)]\noutput y[(h, h): G.grid, h]",
        "group G = C(3)\ninput x[3: G] of 10\noutput y[3: G]",
    ],
)
def test_nothing_is_said_where_nothing_holds(text: str) -> None:
    assert codes(text) == []


@pytest.mark.parametrize("finite", [False, True])
def test_verdicts_on_random_specs_are_what_is_measured(finite: bool) -> None:
    """The long run has more: `python -m prooforacle`."""
    found = list(islice(Draws(21, finite), 50))
    outputs = [output for compared in found for output in compared.outputs]
    for compared in found:
        for output in compared.outputs:
            assert not output.false_alarm, (compared.spec.text, output)
            assert not output.missed, (compared.spec.text, output)
    assert sum(output.found == "zero" for output in outputs) >= 5
    assert sum(output.found == "confined" for output in outputs) >= 10


def drawn(seed: int, count: int) -> list[tuple[Spec, Program]]:
    """Random specs that the checker reads."""
    generator, found = Generator(seed), []
    while len(found) < count:
        spec = generator.spec()
        if all(code[3] == "4" for code in codes(spec.text)):
            found.append((spec, program(spec.text)))
    return found


def test_dimensions_are_the_rank_of_the_lie_action() -> None:
    positive = exact = 0
    for spec, checked in drawn(seed=3, count=150):
        joint = stabilizers(checked, Ranges(checked))[0]
        rests = [getattr(factor, "rest", 0) for factor in joint.factors.values()]
        dimension = sum(rest * (rest - 1) // 2 for rest in rests)
        found = stabilizer_dimension(spec, seed=1)
        assert dimension == found if joint.exact else dimension <= found, spec.text
        positive += found > 0
        exact += joint.exact
    assert positive > 20
    assert exact > 120


def test_what_is_proved_for_open_sizes_holds_for_each() -> None:
    claims = 0
    for index, (spec, _) in enumerate(drawn(seed=5, count=140)):
        text = spec.text
        for k, group in enumerate(spec.groups):
            if (index + k) % 3:
                written = f"group {group.name} = {group.family}"
                text = text.replace(f"{written}({group.size})", f"{written}(z{group.name})")
        text = "\n".join(
            line if line.startswith("group") else re.sub(r"([\[ ])\d+: ", r"\1_: ", line)
            for line in text.splitlines()
        )
        if any(code[3] != "4" or code == "SYM401" for code in codes(text)):
            continue
        checked = program(text)
        free = [v.name for v in checked.sizes if v.value is None]
        said = {p.subject: STRENGTH[p.code] for p in prove(checked) if p.code in STRENGTH}
        claims += len(said)
        for numbers in product((1, 2, 3, 4), repeat=len(free)):
            known = prove(checked, dict(zip(free, numbers, strict=True)))
            there = {p.subject: STRENGTH[p.code] for p in known if p.code in STRENGTH}
            for name, strength in said.items():
                assert there.get(name, 0) >= strength, (text, numbers)
    assert claims > 10


def test_spans_in_words_hold_the_values() -> None:
    r = Group("R", "O", 3)
    vector = (Term(1, ((r, "vector"),)),)
    pseudo = (Term(1, ((r, "pseudovector"),)),)
    spec = Spec((r,), (Tensor("a", (vector,)), Tensor("b", (vector,))),
                (Tensor("y", (vector,)), Tensor("z", (pseudo,))))  # fmt: skip
    found = values(spec, seed=4)
    assert found is not None
    (a, b), rows = found
    normal = np.cross(a, b)
    assert np.abs(rows["y"]).max() > 1e-3
    assert np.abs(rows["y"] @ normal).max() < 1e-7
    assert np.abs(rows["z"]).max() > 1e-6
    assert np.abs(np.cross(rows["z"], normal)).max() < 1e-9


def test_sizes_are_checked_again_at_a_build() -> None:
    text = "input v[c, 3: O(3)]\noutput y[1: O(3).pseudoscalar]"
    assert symc.check(text) == []
    base = nn.Linear(1, 1)
    symc.build(text, base, sizes={"c": 3})
    with pytest.raises(symc.SpecError) as error:
        symc.build(text, base, sizes={"c": 2})
    (found,) = error.value.diagnostics
    assert (found.code, text[found.span.start : found.span.end]) == ("SYM402", "y")
    left_behind = symc.Spec(Source("<text>", ""), symc.load(text).ir)
    with pytest.raises(symc.SpecError, match="SYM402"):
        symc.build(left_behind, base, sizes={"c": 2})


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("group R=O(3)\ninput v[3: R]\noutput y", None),
        ("group R=O(3)\ninput v[3: R]\noutput y[3: R]", "SYM404"),
        ("group R=O(3)\ninput v[3, 3: R]\noutput y[3: R]", None),
        ("group R=SO(3)\ninput v[2, 3: R]\noutput y[3: R]", None),
        ("group R=O(3)\ninput v[3: R]\ninput q[1: R.pseudoscalar]\noutput y", "SYM404"),
        ("group R=O(3)\ninput v[2, 3: R]\ninput q[1: R.pseudoscalar]\noutput y", "SYM407"),
        ("group R=O(3)\ninput v[3: R]\ninput q[3: R.pseudovector]\noutput y", None),
        ("group R=SO(3)\ninput v[3: R]\ninput q[9: R^2]\noutput y[3: R]", None),
        ("group R=SO(6)\ninput v[6: R]\ninput q[36: R^2]\noutput y[6: R]", None),
        ("group R=SO(5)\ninput v[5: R]\ninput q[25: R^2]\noutput y[5: R]", None),
        ("group R=O(3)\ninput v[27: R^3]\noutput y", "SYM407"),
        ("group P=S(4)\ninput v[1: P.sign]\noutput y[1: P.sign]", "SYM404"),
        ("group P=S(4)\ninput v[4: P]\noutput y[1: P.sign]", None),
        ("group A=SO(2)\ngroup B=O(2)\ninput m[2: A, 2: B]\noutput y", None),
        ("group A=SO(2)\ngroup B=O(2)\ninput m[2, 2: A, 2: B]\noutput y", None),
        ("group A=O(2)\ngroup B=O(2)\ninput m[2, 2: A, 2: B]\noutput y", "SYM404"),
        ("group A=O(3)\ngroup B=O(2)\ninput m[3: A, 2: B]\noutput y", None),
        ("group M=E(3)\ngroup P=S(2)\ninput p[2: P, 3: M.point]\noutput y", None),
        ("group A=O(2)\ngroup B=SO(2)\ninput m[2: A, 2: B]\noutput y", "SYM404"),
        ("group A=O(2)\ngroup B=O(2)\ninput m[2: A, 2: B]\noutput y[4: B^2]", "SYM404"),
        ("group P=S(2)\ngroup M=E(3)\ninput p[2: P, 3: M.point]\noutput y", None),
        ("group M=E(3)\ngroup P=S(3)\ninput p[3: P, 3: M.point]\noutput y[3: M.vector]", "SYM404"),
        ("group G=D(4)\ninput q[1: G.sign]\noutput y[4: G]", "SYM404"),
        ("group G=D(4)\ninput q[1: G.sign]\noutput y", None),
        ("group G=D(4)\ninput q[2: G.vector]\noutput y[4: G]", None),
        ("group G=D(4)\ninput q[1: G.sign]\ninput w[1: G.irrep(2)]\noutput y[4: G]", "SYM404"),
        ("group G=C(2)\ngroup R=O(3)\ninput v[2, 1: G.irrep(1), 3: R]\ninput w[2, 3: R]\noutput y",
         None),
        ("group G=C(2)\ngroup R=O(3)\ninput v[2, 1: G.irrep(1), 3: R]\n"
         "input w[2, 1: G.irrep(1), 3: R.pseudovector]\noutput y", "SYM407"),
        ("group R=O(3)\ngroup G=C(2)\ninput v[2, 1: G.irrep(1), 3: R]\ninput w[2, 3: R]\noutput y",
         None),
        ("group R=SO(3)\ngroup G=C(6)\ninput v[2, 3: R, 6: G]\noutput y[3: R, 6: G]", None),
        ("group R=SO(3)\ngroup G=C(6)\ninput v[2, 3: R, 2: G.irrep(1)]\noutput y", "SYM407"),
        ("group G=C(6)\ngroup R=SO(3)\ninput v[2, 3: R, 2: G.irrep(2)]\noutput y", None),
        ("group M=E(2)\ngroup G=C(2)\ninput p[2: G, 2: M.point]\noutput y", None),
        ("group G=C(2)\ngroup M=E(2)\ninput p[2: G, 2: M.point]\noutput y[2: G]", "SYM404"),
    ],
)  # fmt: skip
def test_canonical_is_refused_where_noise_would_choose(text: str, code: str | None) -> None:
    names = re.findall(r"group (\w+)", text)
    whole = text + "".join(f"\nsymmetrize {name} by canonical" for name in names)
    found = [p.code for p in proofs(whole, "SYM404", "SYM407")]
    assert set(found) == ({code} if code else set())
    assert any(noisy_outputs(whole).values()) == (code is not None)


def test_averaged_groups_do_not_make_a_choice_ambiguous() -> None:
    text = "group R=O(3)\ngroup Q=SO(3)\ninput v[3, 3: R]\ninput w[3: Q]\noutput y[3: R, 3: Q]\n"
    assert not proofs(text + "symmetrize R by canonical\nsymmetrize Q by average", "SYM404")
    found = proofs(text + "symmetrize Q by canonical\nsymmetrize R by average", "SYM404")
    assert [p.subject for p in found] == ["Q"]
    tied = (
        "group P=S(2)\ngroup R=O(3)\ngroup Q=SO(3)\ninput x[3, 3: R, 1: P.sign]\ninput w[3: Q]\n"
        "output y[9: R^2, 3: Q]\nsymmetrize P by average\nsymmetrize R by canonical\n"
    )
    assert not proofs(tied + "symmetrize Q by average", "SYM404")
    assert proofs(tied + "symmetrize Q by canonical", "SYM404")


@pytest.mark.parametrize(
    ("text", "subject"),
    [
        ("group P = C(1)\ninput x[1: P]\noutput y", "P"),
        ("group P = D(1)\ninput x[1: P]\noutput y", "P"),
        ("group P = D(3)\ninput x[1: P.irrep(0)]\noutput y", "P"),
        ("group P = D(2)\ninput x[2: P]\noutput y", "s of `P`"),
        ("group P = D(4)\ninput x[1: P.sign]\ninput z[1: P.irrep(2)]\noutput y", "r^2 of `P`"),
        ("group P = D(2)\ninput x[(3, 1): P.grid]\noutput y", "s of `P`"),
        ("group P = C(4)\ninput x[1: P.irrep(2) * P.irrep(2)]\noutput y", "P"),
        ("group P = D(2)\ninput x[(h, w): P.grid]\noutput y", None),
        ("group P = D(3)\ninput x[2: P.vector]\noutput y", None),
        ("group P = S(1)\ninput x[1: P]\noutput y[1: P]", "P"),
        ("group P = SO(1)\ninput x[1: P]\noutput y", "P"),
        ("group P = O(1)\ninput x[1: P^2]\ninput z[1: P * P.pseudoscalar]\noutput y", "P"),
        ("group M = SE(2)\ninput x[2: M.vector]\noutput y", "M"),
        ("group P = S(2)\ninput x[2: P]\noutput y", None),
        ("group P = O(1)\ninput x[1: P]\noutput y", None),
        ("group M = SE(2)\ninput x[2: M.point]\noutput y", None),
    ],
)
def test_groups_that_move_nothing(text: str, subject: str | None) -> None:
    result = check(Source("<text>", text))
    idle = [d.message for d in result.diagnostics if d.code == "SYM405"]
    if subject is None:
        assert not idle
    elif result.program is not None:
        assert (subject if "`" in subject else f"`{subject}`") in idle[0]
    else:
        assert {d.code for d in result.diagnostics} == {"SYM308"}


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ("symmetrize P by average", ["40,320"]),
        ("symmetrize P by average(samples=9)", []),
        ("symmetrize Q by average\nsymmetrize P by average", ["40,320"]),
        ("symmetrize Q by average\nsymmetrize F by frame", ["2,048"]),
        ("symmetrize F by frame\nsymmetrize Q by average", ["6 evaluations"]),
        ("symmetrize P by frame", []),
    ],
)
def test_enumerations_out_of_budget(lines: str, said: list[str]) -> None:
    text = (
        "group P = S(8)\ngroup Q = S(3)\ngroup F = O(11)\n"
        "input a[8: P, 2]\ninput b[3: Q, 11: F]\noutput y\n"
    )
    if said == ["2,048"]:
        text = text.replace("S(3)", "S(4)").replace("3: Q", "4: Q")
    found = proofs(text + lines, "SYM406")
    assert len(found) == len(said)
    for proof, number in zip(found, said, strict=True):
        assert number in proof.reason
        assert proof.severity == "note"


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        ("input x[n: S(n), 2]\noutput y\nsymmetrize by canonical", True),
        ("input x[n: S(n)]\noutput y\nsymmetrize by canonical", False),
        ("input x[n: S(n), 2]\noutput y\nsymmetrize by frame", True),
        ("input x[n: S(n), 2]\noutput y", False),
        ("input x[3, 3: O(3)]\noutput y\nsymmetrize by canonical", False),
        ("input x[4, 3: O(3)]\noutput y\nsymmetrize by canonical", True),
        ("input x[3, 3: SO(3)]\noutput y\nsymmetrize by canonical", True),
        ("input x[4, 3: SE(3).point]\noutput y\nsymmetrize by canonical", True),
        ("input x[3, 3: SE(3).point]\noutput y\nsymmetrize by canonical", False),
    ],
)
def test_continuity_is_a_fact_that_check_keeps_to_itself(text: str, holds: bool) -> None:
    facts = [proof for proof in prove(program(text)) if proof.code is None]
    assert bool(facts) == holds
    assert codes(text) == []


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("group G=D(4)\ninput x[(h, h): G.grid]\noutput y", {"G": "poses that look alike"}),
        ("group G=D(1)\ninput x[1: G.sign]\noutput y", {"G": "poses that look alike"}),
        ("group G=C(1)\ninput x[1: G]\noutput y", {}),
        ("group R=O(3)\ngroup G=D(6)\ninput x[6: G, 3: R]\noutput y",
         {"R": "look alike under `G`", "G": "poses that look alike"}),
        ("group G=D(6)\ngroup R=O(3)\ninput x[6: G, 3: R]\noutput y",
         {"G": "poses that look alike"}),
        ("group R=O(3)\ngroup G=C(3)\ninput x[2, 2: G.irrep(1), 3: R]\ninput v[3, 3: R]\noutput y",
         {"G": "poses that look alike"}),
    ],
)  # fmt: skip
def test_inputs_with_a_symmetry_of_their_own(text: str, said: dict[str, str]) -> None:
    names = re.findall(r"group (\w+)", text)
    whole = text + "".join(f"\nsymmetrize {name} by canonical" for name in names)
    notes = {p.subject: p.reason for p in prove(program(whole)) if "of its own" in p.statement}
    assert notes.keys() == said.keys()
    assert all(said[name] in reason for name, reason in notes.items())


def test_labels_make_no_claim_of_freeness() -> None:
    checked = program("group P = S(3)\ninput x[3: P] of 2\noutput y[3: P]")
    found = generic_stabilizer(checked, "P")
    space = value_space(checked, "y")
    assert found is not None
    assert space is not None
    assert (found.text, found.exact) == ("trivial", False)
    assert (space.dimension, space.total, space.exact) == (3, 3, False)


def test_a_group_without_a_rule_makes_no_claim(monkeypatch: pytest.MonkeyPatch) -> None:
    checked = program(
        "group R = O(3)\ngroup P = S(2)\ninput v[3: R, 1: P.sign]\n"
        "output y[3: R]\noutput z[1: P.sign]\noutput w[3: P.sign * R.vector]"
    )
    said = {p.subject: p.code for p in prove(checked)}
    assert said == {"y": "SYM402", "z": "SYM402", "w": "SYM403"}
    rules = dict(symc.proofs.stabilizer.factors())
    del rules["orthogonal"]
    monkeypatch.setattr("symc.proofs.stabilizer.factors", lambda: rules)
    assert generic_stabilizer(checked, "R") is None
    assert prove(checked) == ()
    space = value_space(checked, "y")
    assert space is not None
    assert not space.exact


def test_what_would_take_too_long_is_not_claimed(monkeypatch: pytest.MonkeyPatch) -> None:
    text = "group R = O(3)\ninput v[3: R]\noutput w[3: R]\noutput z[1: R.pseudoscalar]\n"
    assert codes(text) == ["SYM403", "SYM402"]
    monkeypatch.setattr(symc.proofs.stabilizer.Budget, "take", lambda self, work: False)
    assert codes(text) == ["SYM402"]  # by a charge, which takes no time


def test_value_spaces_need_sizes() -> None:
    checked = program("input x[n: S(n), 3: O(3)]\noutput y[n: S(n), 3: O(3)]")
    assert value_space(checked, "y") is None
    found = [value_space(checked, "y", {"n": n}) for n in (1, 2, 3)]
    assert [(v.dimension, v.total) for v in found if v] == [(1, 3), (4, 6), (9, 9)]


def test_moments_are_those_of_the_groups() -> None:
    """Powers of traces over S(n) by hand, over O(1), O(2) in closed form."""
    for n in (2, 3, 4, 5):
        for power in range(5):
            by_parity: dict[bool, list[int]] = {False: [], True: []}
            for order in permutations(range(n)):
                odd = sum(order[i] > order[j] for j in range(n) for i in range(j)) % 2 == 1
                by_parity[odd].append(sum(order[i] == i for i in range(n)) ** power)
            for odd, numbers in by_parity.items():
                assert fixed_point_moment(n, power, odd) * len(numbers) == sum(numbers)
    for power in range(9):
        assert orthogonal_moment(1, power, False) == (power % 2 == 0)
        assert orthogonal_moment(1, power, True) == (power % 2 == 1)
    central = [1, 0, 2, 0, 6, 0, 20]
    for power in range(1, 7):
        for determinant in (False, True):
            assert 2 * orthogonal_moment(2, power, determinant) == central[power]


@pytest.mark.parametrize("path", SPECS, ids=lambda path: path.stem)
def test_proofs_of_reference_specs_are_quick(path: Path) -> None:
    checked = symc.load(path).ir
    # Some 1,500 at most: a few milliseconds.
    assert calls_of(lambda: prove(checked)) < 10_000
