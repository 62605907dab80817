"""Slips in `generated`, `wr`, `sym`, `of P` and the like, and what is said to mend them."""

from __future__ import annotations

from math import cos, floor, pi, sin, sqrt

import pytest
import torch
from torch import Tensor, nn

import symc
from symc.description import describe
from symc.description.text import render

TURNED = "\ninput x[n: S(n), 2: G.vector]\noutput y[2: G.vector]\n"
SPACE = "group M = SE(3)\ninput pos[n: S(n), 3: M.point]\noutput y[{}]\n"
TEAMS = "group W = S(m) wr S(n)\ninput x[(n, m): W]\noutput y[{}]\n"
TURN = "[[cos(2*pi/7), -sin(2*pi/7)], [sin(2*pi/7), cos(2*pi/7)]]"


def errors(text: str) -> list[tuple[str, str]]:
    return [(d.code, d.help or "") for d in symc.check(text) if d.severity == "error"]


@pytest.mark.parametrize(
    ("braces", "code", "help_"),
    [
        (f"generated {{ element r = {TURN}, element s = {TURN} }}", "SYM102", "no separator"),
        (f"generated {{ r = {TURN} }}", "SYM102", "`element r = [[0, -1], [1, 0]]`"),
        (f"generated {{ elements r = {TURN} }}", "SYM102", "`element r = [[0, -1], [1, 0]]`"),
        (f"generated {{ element r = {TURN} relations r^7 = 1 }}", "SYM102", "`relation r^4 = 1`"),
        ("generated { element r = ((0, -1), (1, 0)) }", "SYM102", "a list of rows"),
        (f"generated(element r = {TURN})", "SYM102", "`generated { element r"),
        (f"generators {{ element r = {TURN} }}", "SYM102", "`generated { element r"),
        (f"generated {{ element r = {TURN} relation r^7 = e }}", "SYM201", "is written `1`"),
        (f"generated {{ element r = {TURN} relation s^7 = 1 }}", "SYM201", "there is `r`"),
        (f"generated {{ element r = {TURN.replace('pi', 'Pi', 1)} }}", "SYM321", "cos(2*pi/7)"),
        (
            f"generated {{ element r = {TURN.replace('2*pi/7', '4*PI/9', 1)} }}",
            "SYM321",
            "cos(4*pi/9)",
        ),
    ],
)
def test_slips_in_groups_by_generators(braces: str, code: str, help_: str) -> None:
    (found,) = errors(f"group G = {braces}{TURNED}")
    assert found[0] == code
    assert help_ in found[1]


@pytest.mark.parametrize("relation", ["", "relation r^7 = 1", "relation r^6 = 1"])
@pytest.mark.parametrize(
    ("entry", "why"),
    [
        ("cos(2*pi/8)", "columns 1 and 2 are not perpendicular"),
        ("-cos(2*pi/7)", "columns 1 and 2 are not perpendicular"),
    ],
)
def test_a_wrong_entry_is_looked_for_where_the_matrix_is_not_orthogonal(
    entry: str, why: str, relation: str
) -> None:
    wrong = f"{TURN[:-14]}{entry}]]"
    ((code, help_),) = errors(f"group G = generated {{ element r = {wrong} {relation} }}{TURNED}")
    assert code == ("SYM323" if relation else "SYM324")
    assert help_ == f"the matrix of `r` is not orthogonal, so mend it first: {why}"


def test_a_matrix_that_is_orthogonal_is_not_blamed() -> None:
    ((code, help_),) = errors(
        f"group G = generated {{ element r = {TURN} relation r^6 = 1 }}{TURNED}"
    )
    assert (code, help_) == ("SYM323", "`r^7 = 1` holds; mend it, or the matrices")
    ((code, help_),) = errors(
        f"group G = generated {{ element r = [[3/5, -4/5], [4/5, 3/5]] }}{TURNED}"
    )
    assert code == "SYM324"
    assert "orthogonal" not in help_


@pytest.mark.parametrize("digits", [6, 7, 9])
@pytest.mark.parametrize("cut", [False, True])
@pytest.mark.parametrize("k", [3, 5, 7, 8, 9, 12, 16])
def test_a_rotation_in_decimals_is_mended_by_the_fixes(k: int, cut: bool, digits: int) -> None:
    def decimal(value: float) -> str:
        size = floor(abs(value) * 10**digits) / 10**digits if cut else round(abs(value), digits)
        return f"{'-' if value < 0 else ''}{size:.{digits}f}"

    c, s = cos(2 * pi / k), sin(2 * pi / k)
    matrix = f"[[{decimal(c)}, {decimal(-s)}], [{decimal(s)}, {decimal(c)}]]"
    text = f"group G = generated {{ element r = {matrix} relation r^{k} = 1 }}{TURNED}"
    found = symc.check(text)
    assert {d.code for d in found} == {"SYM107"}
    for d in sorted(found, key=lambda d: -d.span.start):
        assert d.fix is not None
        text = text[: d.span.start] + d.fix + text[d.span.end :]
    assert symc.check(text) == []


@pytest.mark.parametrize(
    ("decimal", "exact"),
    [("0.5", "1/2"), ("0.125", "1/8"), ("0.87", "87/100"), ("0.123456", "1929/15625")],
)
def test_other_decimals_are_fractions(decimal: str, exact: str) -> None:
    found = errors(f"group G = generated {{ element r = [[{decimal}]] }}\ninput x[G]\noutput y")
    assert found[0] == ("SYM107", f"an exact number is a fraction: `{exact}`")


def test_half_a_root_is_told_by_three_digits() -> None:
    for root in (2, 3):
        text = f"group G = generated {{ element r = [[{sqrt(root) / 2:.3f}]] }}"
        assert errors(f"{text}\ninput x[1: G]\noutput y")[0][1].endswith(f"`sqrt({root})/2`")


def test_the_letter_pi() -> None:
    text = f"group G = generated {{ element r = {TURN.replace('pi', 'π')} }}{TURNED}"
    found = errors(text)
    assert ("SYM106", "write `pi`") in found
    assert ("SYM321", "write `cos(2*pi/7)`") in found


@pytest.mark.parametrize(
    ("axis", "help_"),
    [
        ("n, m: W", "`(n, m): W`, blocks first, or `m*n: W`"),
        ("n: W", "`n: W.blocks`"),
        ("n: S(m) wr S(n).blocks", "`(S(m) wr S(n)).blocks`"),
        ("m: wr(S(m), S(n))", "`S(m) wr S(n)`"),
    ],
)
def test_slips_in_blocks_of_items(axis: str, help_: str) -> None:
    assert any(help_ in found for _, found in errors(TEAMS.format(axis)))


@pytest.mark.parametrize("sign", ["wreath", "≀"])
def test_other_signs_of_a_wreath_product(sign: str) -> None:
    found = errors(f"group W = S(3) {sign} S(4)\ninput x[12: W]\noutput y")
    assert "`S(m) wr S(n)`" in found[0][1]


@pytest.mark.parametrize(
    ("axis", "code", "help_"),
    [
        ("(3, 3): sym(M.vector, 2)", "SYM313", "write `6: sym(M.vector, 2)`"),
        ("(3, 3): M.vector*M.vector", "SYM313", "write `9: M.vector*M.vector`"),
        ("6: Sym(M.vector, 2)", "SYM302", "`sym(M.vector, 2)`"),
        ("6: sym2(M.vector)", "SYM302", "`sym(M.vector, 2)`"),
        ("6: symmetric(M.vector, 2)", "SYM302", "`sym(M.vector, 2)`"),
        ("5: traceless(M.vector, 2)", "SYM302", "holds the trace"),
        ("3: wedge(M.vector)", "SYM302", "`alt(M.vector, 2)`"),
        ("6: M.sym(2)", "SYM303", "`sym(M.vector, 2)`"),
        ("6: sym(2, M.vector)", "SYM304", "write `sym(M.vector, 2)`"),
        ("6: sym(M.vector, M.vector)", "SYM304", "write `sym(M.vector, 2)`"),
        ("5: M.irrep(2)", "SYM905", "`sym(R, 2)`"),
    ],
)
def test_slips_in_powers(axis: str, code: str, help_: str) -> None:
    (found,) = errors(SPACE.format(axis))
    assert found[0] == code
    assert help_ in found[1]


def test_what_is_called_symmetric_may_be_a_group() -> None:
    ((_, help_),) = errors("input x[n: symmetric(n)]\noutput y")
    assert help_.startswith("did you mean `S(n)`?")


@pytest.mark.parametrize(
    ("text", "code", "help_"),
    [
        ("group P = S(n)\ninput x[n: P]\ninput e[2, k] of n\noutput y", "SYM205", "`of P`"),
        ("input x[n: S(n)]\ninput e[2, k] of Class\noutput y", "SYM205", "`group Class = S(n)`"),
        (
            "group Class = S(5)\ninput x[m: S(m)] of 5\noutput y[5: Class]",
            "SYM308",
            "name its items, `of Class`",
        ),
    ],
)
def test_slips_in_names_of_items(text: str, code: str, help_: str) -> None:
    (found,) = errors(text)
    assert found[0] == code
    assert help_ in found[1]


@pytest.mark.parametrize(
    ("text", "help_"),
    [
        ("group R = C(4)\ninput x[(h, h, h): R.grid]\noutput y", "3 x 3 matrices, `generated {"),
        ("group R = SO(3)\ninput x[(h, h, h): R.grid]\noutput y", "3 x 3 matrices, `generated {"),
        ("group R = C(2)\ninput x[n: R.grid]\noutput y", "`generated { element r = [[-1]] }`"),
    ],
)
def test_grids_of_one_axis_and_of_three_are_by_generators(text: str, help_: str) -> None:
    assert help_ in errors(text)[0][1]


def test_a_quarter_turn_without_brackets_is_no_sequence() -> None:
    ((_, help_),) = errors("group R = C(4)\ninput x[h, w: R.grid]\noutput y")
    assert "generated" not in help_


def test_degree_is_about_rotations_alone() -> None:
    text = "group R = C(4)\ninput x[(h, h): R.grid]\noutput y\nsymmetrize R by average(degree=5)"
    (found,) = symc.check(text)
    assert found.code == "SYM511"
    assert "S(n)" not in found.message


def test_describe_says_how_to_know_the_degree() -> None:
    text = "input x[4, 3: SO(3).vector]\noutput y\nsymmetrize by average({})"
    for options, says in (("degree=5", True), ("samples=60", False)):
        program = symc.load(text.format(options)).ir
        said = " ".join(render(describe(program)).split())
        assert ("where two calls agree" in said) == says


class Both(nn.Module):
    """Returns the energy, and as a force something of its own."""

    def forward(self, pos: Tensor) -> tuple[Tensor, Tensor]:
        return pos.square().sum((1, 2)), pos


def test_a_base_that_returns_what_is_derived_is_told_so() -> None:
    spec = (
        "group M = E(3)\ninput pos[4, 3: M.point]\noutput energy\n"
        "output force[4, 3: M.vector] = -grad(energy, pos)\nsymmetrize M by frame"
    )
    with pytest.raises(symc.ShapeError, match="`force`: derived, not returned by the base"):
        symc.build(spec, Both())(torch.randn(2, 4, 3))
