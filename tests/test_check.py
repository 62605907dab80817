"""The checker: what correct specs mean, and what is said about wrong ones."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from symc.checking import check, document
from symc.checking.tensors import Declared, read_tensor
from symc.compilation import Compilation
from symc.diagnostics.codes import CODES, Code
from symc.diagnostics.render import render
from symc.ir.program import Program
from symc.source import Source
from symc.syntax import ast
from symc.syntax.parse.limits import MAX_DIAGNOSTICS

ROOT = Path(__file__).parents[1]
MALFORMED = sorted((Path(__file__).parent / "goldens" / "check").glob("*.sym"))
SPECS = sorted((ROOT / "specs").glob("*.sym"))


def codes(text: str) -> list[str]:
    return [diagnostic.code for diagnostic in check(Source("<text>", text)).diagnostics]


def program(text: str) -> Program:
    result = check(Source("<text>", text))
    assert result.program is not None, [d.message for d in result.diagnostics]
    return result.program


@pytest.mark.parametrize("path", MALFORMED, ids=lambda path: path.stem)
def test_malformed_specs_read_as_recorded(path: Path, golden: Callable[[str, str], None]) -> None:
    result = check(Source(path.name, path.read_text()))
    assert result.diagnostics
    errors = any(d.severity == "error" for d in result.diagnostics)
    assert (result.program is None) == errors
    places = [(d.code, d.span) for d in result.diagnostics]
    assert len(set(places)) == len(places)
    assert all(d.help for d in result.diagnostics)
    plain = render("text", result.diagnostics)
    assert max(map(len, plain.splitlines())) <= 80
    golden(f"check/{path.stem}.txt", plain)
    golden(f"check/{path.stem}.ansi", render("text", result.diagnostics, color=True))


def test_goldens_cover_every_code_of_the_checker() -> None:
    found = {code for path in MALFORMED for code in codes(path.read_text())}
    assert found >= {code for code in CODES if code[3] in "23459"}


@pytest.mark.parametrize("path", SPECS, ids=lambda path: path.stem)
def test_reference_specs_have_no_findings(path: Path) -> None:
    compilation = Compilation(Source(str(path), path.read_text()))
    assert not compilation.diagnostics
    assert compilation.program is not None


def test_the_spec_of_the_first_section() -> None:
    """Section 1: the symmetry is the product of the groups that appear, S(n) x E(3)."""
    checked = program(
        "input  pos[n: S(n), 3: E(3).point]\n"
        "input  vel[n: S(n), 3: E(3).vector]\n"
        "output next[n: S(n), 3: E(3).point]\n"
    )
    assert [group.name for group in checked.groups] == ["S(n)", "E(3)"]
    assert [group.identifier for group in checked.groups] == ["S_n", "E_3"]
    # Section 2: linear and Euclidean groups come before permutations.
    assert [(s.group, s.method, s.anchor) for s in checked.stages] == [
        ("E(3)", "probabilistic", "pos"),
        ("S(n)", "probabilistic", None),
    ]


def test_two_names_are_two_groups_and_inline_ones_are_one() -> None:
    """Section 2, `group`."""
    two = program("group R = S(n)\ngroup C = S(n)\ninput x[n: R, n: C]\noutput y[n: R]")
    assert [group.name for group in two.groups] == ["R", "C"]
    one = program("input x[n: S(n), n: S(n)]\noutput y[n: S(n)]")
    assert [group.name for group in one.groups] == ["S(n)"]


@pytest.mark.parametrize(
    ("axes", "value"),
    [
        ("n: S(5)", 5),
        ("2*n + 1: S(7)", 3),
        ("n^2: S(9)", 3),
        ("_: n*O(3), 6", None),
        ("9: S(n)^2", 3),
        ("7: S(n) + 4*S(n).scalar", 3),
    ],
)
def test_sizes_are_solved(axes: str, value: int | None) -> None:
    """Section 3: the checker solves sizes together over all tensors."""
    checked = program(f"input x[{axes}]\noutput y")
    (variable,) = checked.sizes
    assert variable.value == value


def test_a_size_fixed_in_one_tensor_holds_in_all() -> None:
    checked = program("input x[n: S(n), m]\ninput w[m: S(4)]\noutput y[m: S(4), n]")
    assert {v.name: v.value for v in checked.sizes} == {"n": None, "m": 4}


@given(
    st.integers(1, 50),
    st.integers(1, 9),
    st.integers(-20, 20),
    st.sampled_from(["x", "n", "size_"]),
)
@settings(max_examples=40, deadline=None)
def test_linear_equations_have_the_solution_that_was_put_in(
    value: int, factor: int, rest: int, name: str
) -> None:
    total = factor * value + rest
    if total < 1:
        return
    sign = "+" if rest >= 0 else "-"
    text = f"input tensor[{factor}*{name} {sign} {abs(rest)}: S({total})]\noutput y"
    assert [v.value for v in program(text).sizes] == [value]
    wrong = text.replace("output y", f"input other[{name}: S({value + 1})]\noutput y")
    assert codes(wrong) == ["SYM203"]


@pytest.mark.parametrize(
    ("inputs", "net"),
    [
        ("input x[n: S(n)]", "deepsets"),
        ("input x[n: S(n), n: S(n)]", "refine"),
        ("input x[n*n: S(n)^2]\ninput w[n]", "refine"),
        ("input x[_: S(n) + 2*S(n)*S(n)]\ninput w[n]", "refine"),
        ("input x[3: O(3)]", "vector_neurons"),
        ("input x[3: T(3).point]", None),
    ],
)
def test_nets_are_chosen_from_the_inputs(inputs: str, net: str | None) -> None:
    (stage,) = program(f"{inputs}\noutput y").stages
    assert (stage.net.name if stage.net else None) == net


def test_options_reach_the_stage() -> None:
    """Section 5: options are named; the numbers there are the defaults."""
    checked = program(
        "group P = S(n)\ngroup M = E(3)\ninput a[n: P, 3: M.point]\ninput b[3: M.point]\noutput y\n"
        "symmetrize P by probabilistic(noise_scale=0.5, entropy=0, net=attention(hidden=8))\n"
        "symmetrize by average(samples=7, eval_samples=9, anchor=b)"
    )
    first, second = checked.stages
    assert (first.group, first.noise_scale, first.entropy, first.temperature) == ("P", 0.5, 0, 0.1)
    assert first.net is not None
    assert first.net.name == "attention"
    assert first.net.options == {"hidden": 8, "layers": 3}
    assert (second.group, second.samples, second.eval_samples, second.anchor) == ("M", 7, 9, "b")
    assert second.net is None


def test_stages_keep_the_order_of_the_lines_and_of_the_names_in_a_line() -> None:
    """Section 2, `symmetrize`."""
    head = "group P = S(n)\ngroup M = O(3)\ngroup N = O(2)\ninput x[n: P, 3: M, 2: N]\noutput y\n"
    assert [s.group for s in program(head).stages] == ["M", "N", "P"]
    assert [s.group for s in program(head + "symmetrize P by frame").stages] == ["P", "M", "N"]
    listed = program(head + "symmetrize N, P by frame\nsymmetrize by average")
    assert [s.group for s in listed.stages] == ["N", "P", "M"]
    first = program(head + "symmetrize by average\nsymmetrize M by frame")
    assert [s.group for s in first.stages] == ["N", "P", "M"]


@pytest.mark.parametrize(
    ("inputs", "allowed"),
    [
        ("input x[3: O(3)]", {"frame", "canonical"}),
        ("input x[3: O(3).pseudovector]", {"frame"}),
        ("input x[9: O(3)^2]", {"frame"}),
        ("input x[27: O(3)^3]", {"frame", "canonical"}),
        ("input x[1: O(3).pseudoscalar]", set()),
        ("input x[3: SO(3)]", {"frame", "canonical"}),
        ("input x[9: SO(3)^2]", {"frame"}),
        ("input x[3: E(3).point]", {"frame", "canonical"}),
    ],
)
def test_methods_are_allowed_where_the_inputs_tell_an_element(
    inputs: str, allowed: set[str]
) -> None:
    found = {
        method
        for method in ("frame", "canonical")
        if check(Source("<text>", f"{inputs}\noutput y\nsymmetrize by {method}")).program
    }
    assert found == allowed
    for method in ("average", "probabilistic", "base"):
        assert not codes(f"{inputs}\noutput y\nsymmetrize by {method}")


@pytest.mark.parametrize(
    "text",
    [
        "input x[2^10^10]\noutput y",
        "input x[9: O(3).vector^1000000]\noutput y",
        "input x[(a + b + c + d + e + f + g)^31]\noutput y",
        "input x[_: (O(2) + SO(2))^31]\noutput y",
        "input x[" + "+".join(["1"] * 3000) + "]\noutput y",
        "input x[_: " + "+".join(["O(3)"] * 3000) + "]\noutput y",
        "input x[_: " + "*".join(["O(3).scalar"] * 3000) + "]\noutput y",
    ],
)
def test_large_expressions_are_answered_at_once(text: str) -> None:
    assert codes(text) == [] or set(codes(text)) <= {"SYM205", "SYM108", "SYM308"}


@pytest.mark.parametrize("inline", [False, True])
def test_a_spec_has_at_most_32_groups(inline: bool) -> None:
    names = [f"S(n{i})" if inline else f"P{i}" for i in range(33)]
    lines = [] if inline else [f"group {name} = S(n{i})" for i, name in enumerate(names)]
    axes = [f"n{i}: {name}" for i, name in enumerate(names)]
    allowed = "\n".join([*lines[:32], f"input x[{', '.join(axes[:32])}]", "output y"])
    assert codes(allowed) == []
    text = "\n".join([*lines, f"input x[{', '.join(axes)}]", "output y"])
    (found,) = check(Source("t", text)).diagnostics
    assert (found.code, text[slice(*found.span)]) == ("SYM108", names[32])


def test_an_error_silences_what_depends_on_it() -> None:
    for declaration in ("C(4)", "Sn(4)", "S()", "S(0)", "S(2) wr S(2)"):
        text = (
            f"group G = {declaration}\ninput x[4: G, n]\noutput y[4: G]\n"
            "symmetrize G by frame(net=3)\nsymmetrize by average"
        )
        found = [code for code in codes(text) if code != "SYM504"]
        assert len(found) == 1, (declaration, found)


def test_nothing_is_said_to_be_missing_where_a_statement_could_not_be_read() -> None:
    text = "group P = = S(n)\ninput x[n: P]\noutput y[m: Q]\nsymmetrize P by frame"
    found = codes(text)
    assert [code for code in found if code[3] != "1"] == ["SYM201"]


@pytest.mark.parametrize(
    ("source", "name"),
    [
        (Source("<text>", ""), "Model"),
        (Source("-", ""), "Model"),
        (Source("a/b/two-d shapes.sym", ""), "two_d_shapes"),
        (Source("2d.sym", ""), "_2d"),
        (Source("class.sym", ""), "class_"),
    ],
)
def test_default_names(source: Source, name: str) -> None:
    assert Compilation(source).name == name
    text = Source(source.name, "spec own\ninput x[3]\noutput y")
    checked = Compilation(text).program
    assert checked is not None
    assert checked.name == "own"


def test_the_checker_is_light() -> None:
    code = (
        "import sys\nfrom symc.checking import check\nfrom symc.source import Source\n"
        "check(Source('<text>', 'input x[n: S(n)] output y'))\n"
        "print({'torch', 'sympy', 'numpy'} & sys.modules.keys())"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"


def test_described_numbers_are_those_of_the_groups() -> None:
    from symc.description import describe

    checked = program(
        "group P = S(n)\ngroup M = SE(3)\ninput x[n: P, 3: M.point]\ninput w[n: S(4)]\noutput y"
        "\nsymmetrize P by average\nsymmetrize M by frame".replace("input w[n: S(4)]\n", "")
    )
    described = describe(checked)
    assert [(g.order, g.dimension) for g in described.groups] == [("n!", 0), (None, 6)]
    assert described.cost.enumerated == "n! x 4"
    fixed = describe(
        program(
            "size n = 4\ninput x[n: S(n), 3: O(3)]\noutput y\n"
            "symmetrize S(n) by average\nsymmetrize O(3) by frame(samples=5, eval_samples=6)"
        )
    )
    assert (fixed.cost.total, fixed.cost.eval_total) == (120, 144)
    assert [s.elements for s in fixed.stages] == [24, None]


@pytest.mark.parametrize(
    ("axes", "place"),
    [
        ("_: 2^31*O(3)", "2^31"),
        ("2^31: O(3)", "2^31"),
        ("_: O(2^31)", "2^31"),
        ("_: 0*O(3)", "0"),
        ("n*2^30*2: S(n)", "n*2^30*2"),
        ("_: (2^31)*(O(3) + O(3))", "(2^31)"),
        ("P: 3", "3"),
    ],
)
def test_one_mistake_is_one_diagnostic(axes: str, place: str) -> None:
    text = f"input x[{axes}]\noutput y"
    (found,) = check(Source("<text>", text)).diagnostics
    assert text[slice(*found.span)] == place


def test_points_are_not_multiplied_on_large_tensors_either() -> None:
    """The size of the whole tensor does not matter, however large."""
    for axes in ("3: E(3).point, 3: E(3).vector", "3: E(3).vector, 2, 3: E(3).point"):
        text = f"input x[2000000000, 2000000000, 2000000000, {axes}]\noutput y"
        assert codes(text) == ["SYM306"]


def test_the_first_findings_stand_for_many(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = [f"input x{i}[3: Q{i}]" for i in range(200)]
    found = check(Source("<text>", "\n".join(lines))).diagnostics
    assert len(found) == MAX_DIAGNOSTICS
    assert [d.span for d in found] == sorted(d.span for d in found)
    # Where the first ones are warnings, the last is the first error: the exit status is right.
    monkeypatch.setitem(CODES, "SYM201", Code("for this test", "warning"))
    result = check(Source("<text>", "\n".join([*lines, "input z[n]", "output y[m]", "output y"])))
    assert [d.code for d in result.diagnostics] == ["SYM201"] * (MAX_DIAGNOSTICS - 1) + ["SYM202"]
    assert result.program is None


def test_many_names_are_listed_by_the_first() -> None:
    groups = "".join(f"group Group{i:03} = O({i + 1})\n" for i in range(100))
    (found,) = [d for d in check(Source("t", f"{groups}input x[3: Other]\noutput y")).diagnostics
                if d.code == "SYM201"]  # fmt: skip
    assert found.help is not None
    assert found.help.endswith("`Group014` and 85 more")


@pytest.mark.parametrize(
    ("groups", "place"),
    [
        ("group n = S(n)", "12-13"),
        ("group n = S(2*n)", "14-15"),
        ("group n = O(n)", "12-13"),
        ("group n = E(n)", "12-13"),
        ("group n = S(P)\ngroup P = S(m)", "12-13"),
        ("group P = S(m)\ngroup n = S(P)", "27-28"),
        ("group P = S(n)\ngroup n = S(m)", "12-13"),
        ("group n = P.sign\ngroup P = S(m)", "10-16"),
        ("group n = S(P.sign)\ngroup P = S(m)", "12-13"),
        ("group n = P * O(3)\ngroup P = S(m)", "10-18"),
        ("group n = P^2\ngroup P = S(m)", "10-11"),
        ("group n = S(m)\nsize k = n", "24-25"),
        ("size k = n.sign\ngroup n = S(m)", "9-10"),
    ],
)
def test_no_group_is_made_of_groups(groups: str, place: str) -> None:
    text = f"{groups}\ninput x[4: n]\ninput z[3: O(3)]\noutput y[3: O(3)]\n"
    found = check(Source("<text>", text)).diagnostics
    assert found[0].code in ("SYM204", "SYM310")
    assert place in [f"{d.span.start}-{d.span.end}" for d in found]


def test_a_group_and_its_size_of_one_name_are_one_mistake() -> None:
    text = "group n = S(n)\ninput x[n: n]\ninput z[3: O(3)]\noutput y[3: O(3)]\n"
    (found,) = check(Source("<text>", text)).diagnostics
    assert (found.code, found.message) == (
        "SYM204",
        "`n` is a group, but a size is wanted here",
    )


def test_what_is_left_out_without_a_word_is_a_defect(monkeypatch: pytest.MonkeyPatch) -> None:
    text = "input x[n: S(n)]\ninput z[3: O(3)]\noutput y[3: O(3)]\n"
    source = Source("<text>", text)

    def silent(statement: ast.TensorStatement, *rest: Any) -> Declared | None:
        return None if statement.name.text == "x" else read_tensor(statement, *rest)

    with monkeypatch.context() as context:
        context.setattr(document, "read_tensor", silent)
        with pytest.raises(document.LostError, match="`x`"):
            check(source)
    monkeypatch.setattr(document, "read_stages", lambda *_: ())
    with pytest.raises(document.LostError, match=r"`S\(n\)` and `O\(3\)`"):
        check(source)
