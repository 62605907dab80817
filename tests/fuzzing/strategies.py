"""Hypothesis strategies that write specs: from the grammar itself, and from what fits together."""

from __future__ import annotations

from functools import cache

from hypothesis import strategies as st
from hypothesis.extra.lark import from_lark

from symc.syntax.parse.tables import build, grammar_path

NAMES = ("n", "m", "k", "P", "Q", "M", "x", "y", "pos", "energy", "base", "E", "element", "lambda")


@cache
def grammatical() -> st.SearchStrategy[str]:
    """Texts of `grammar/sym.lark` itself; names and numbers are few, so that they meet."""
    path = grammar_path()
    assert path is not None
    spaced = {
        "NAME": st.sampled_from(NAMES).map(" {} ".format),
        "INTEGER": st.sampled_from(["0", "1", "2", "3", "31", "9" * 30]).map(" {} ".format),
        "DECIMAL": st.sampled_from([" 0.5 ", " 1e3 ", " .1 "]),
        "STRING": st.sampled_from([' "8x0e" ', ' "" ']),
        "DOCSTRING": st.sampled_from([' """text""" ', ' """two\n lines""" ']),
        "UNDERSCORE": st.just(" _ "),
        "WHITESPACE": st.sampled_from([" ", "\n", "\r\n"]),
        "COMMENT": st.sampled_from(["# note\n", "#\n"]),
    }
    words = "spec size group input output symmetrize relax by of wr generated lie "
    words += "element relation basis learned sampled"
    spaced |= {word.upper(): st.just(f" {word} ") for word in words.split()}
    return from_lark(build(path.read_text(encoding="utf-8")), start="document", explicit=spaced)


# Specs whose parts mostly fit together: what a person in a hurry would write.

SIZES = st.sampled_from(["n", "m", "k", "3", "2", "5", "2*n", "n + 1", "n*m", "n^2", "4"])
FAMILIES = st.sampled_from(["S", "O", "SO", "E", "SE", "T", "C", "D"])
ATOMS = st.sampled_from(
    [
        "vector",
        "vector",
        "point",
        "scalar",
        "sign",
        "pseudovector",
        "pseudoscalar",
        "vektor",
        "irrep(1)",
        "irrep",
        "irrep(n)",
        "regular",
        "grid",
    ]
)
METHODS = st.sampled_from(["average", "frame", "canonical", "probabilistic", "base", "magic"])
OPTIONS = st.sampled_from(
    ["", "", "(samples=4)", "(samples=0)", "(net=gin(hidden=8))", "(anchor=pos)", "(entropy=-1)"]
)


@st.composite
def groups(draw: st.DrawFn) -> str:
    """A constructor or a name that may have been declared."""
    if draw(st.booleans()):
        return draw(st.sampled_from(["P", "M", "Q"]))
    return f"{draw(FAMILIES)}({draw(SIZES)})"


@st.composite
def representations(draw: st.DrawFn, depth: int = 2) -> str:
    """Atoms, sums, products, powers, multiplicities."""
    kind = draw(st.integers(0, 7 if depth else 1))
    if kind == 0:
        return draw(groups())
    if kind <= 3:
        return f"{draw(groups())}.{draw(ATOMS)}"
    inner = representations(depth - 1)
    left, right = draw(inner), draw(inner)
    return {
        4: f"{left} + {right}",
        5: f"{left} * {right}",
        6: f"({left})^{draw(st.integers(0, 4))}",
        7: f"{draw(SIZES)}*({left} + {right})",
    }[kind]


@st.composite
def axes(draw: st.DrawFn) -> str:
    """An axis, most often with the size that its representation wants."""
    kind = draw(st.integers(0, 6))
    if kind == 0:
        return draw(SIZES)
    if kind == 6:
        first, second = draw(SIZES), draw(st.one_of(SIZES, st.just("_")))
        second = draw(st.sampled_from([first, first, second]))
        carried = draw(st.one_of(st.sampled_from(["C(4).grid", "D(2).grid"]), representations(1)))
        return f"({first}, {second}): {carried}"
    if kind <= 2:
        size = draw(SIZES)
        return f"{size}: S({size})"
    if kind == 3:
        return f"3: {draw(st.sampled_from(['M', 'O(3)', 'E(3)']))}.{draw(ATOMS)}"
    return f"{draw(st.sampled_from(['_', '_', 'n', '3']))}: {draw(representations())}"


@st.composite
def statements(draw: st.DrawFn) -> str:
    """Any statement."""
    kind = draw(st.integers(0, 9))
    name = draw(st.sampled_from(NAMES))
    if kind == 0:
        tail = draw(st.sampled_from(["", " = 5", " <= 64", " = 2*m", " = n"]))
        return f"size {draw(st.sampled_from(['n', 'm', 'k', name]))}{tail}"
    if kind == 1:
        return f"group {draw(st.sampled_from(['P', 'M', 'Q']))} = {draw(FAMILIES)}({draw(SIZES)})"
    if kind <= 7:
        word = draw(st.sampled_from(["input", "input", "output"]))
        shape = ", ".join(draw(st.lists(axes(), max_size=3)))
        labels = draw(st.sampled_from(["", "", "", "", " of 10", " of P"]))
        return f"{word} {name}{f'[{shape}]' if shape else ''}{labels}"
    listed = ", ".join(draw(st.lists(groups(), max_size=2)))
    method = draw(METHODS)
    options = draw(OPTIONS)
    return f"symmetrize {listed} by {method}{options}"


def specs() -> st.SearchStrategy[str]:
    """Whole specs, with an input and an output of their own, so that some are right."""
    body = st.lists(statements(), max_size=5).map("\n".join)
    ends = "input a[n: S(n), 3: O(3)]\noutput b[n: S(n)]", "input a[3: E(3).point]\noutput b", ""
    return st.tuples(body, st.sampled_from(ends)).map("\n".join)
