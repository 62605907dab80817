"""The formatter: the tree survives, comments stay where they belong, twice is once."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from symc.source import Source, Span
from symc.syntax import ast
from symc.syntax.format import WIDTH, format_document
from symc.syntax.parse import parse

SPECS = sorted((Path(__file__).parents[1] / "specs").glob("*.sym"))
HERE = Span(0, 0)


def read(text: str) -> ast.Document:
    result = parse(Source("t.sym", text))
    assert result.diagnostics == (), [(d.message, text) for d in result.diagnostics]
    return result.document


def formatted(text: str) -> str:
    return format_document(read(text))


# Random trees

names = st.sampled_from(["n", "P", "M", "element", "basis", "E", "base", "a_long_name", "irreps"])
name_nodes = names.map(lambda text: ast.Name(HERE, text))
integers = st.integers(0, 10**6).map(lambda value: ast.Integer(HERE, value))
decimals = st.sampled_from(["0.5", "1.", ".5", "1e-3"]).map(lambda text: ast.Decimal(HERE, text))
strings = st.text(st.characters(exclude_characters='"\0\n\r#\ufeff', exclude_categories=("Cs",)))
texts = strings.map(lambda text: ast.String(HERE, text))


def matrices(entries: st.SearchStrategy[ast.Expression]) -> st.SearchStrategy[ast.Expression]:
    rows = st.lists(st.lists(entries, min_size=1, max_size=2).map(tuple), min_size=1, max_size=2)
    return rows.map(lambda rows: ast.MatrixLiteral(HERE, tuple(rows)))


def expressions(decimal: bool, depth: int = 12) -> st.SearchStrategy[ast.Expression]:
    atoms = name_nodes | integers | texts | st.just(ast.Wildcard(HERE))
    atoms = atoms | decimals if decimal else atoms

    def grow(inner: st.SearchStrategy[ast.Expression]) -> st.SearchStrategy[ast.Expression]:
        argument = st.builds(ast.Argument, st.just(HERE), st.none() | name_nodes, inner)
        arguments = st.lists(argument, max_size=3).map(tuple)
        element = st.builds(ast.GeneratorElement, st.just(HERE), name_nodes, matrices(inner))
        basis = st.builds(ast.GeneratorElement, st.just(HERE), st.none(), matrices(inner))
        relation = st.builds(ast.Relation, st.just(HERE), inner, inner)
        operator = st.sampled_from(["+", "-", "*", "/", "^", "wr"])
        return st.one_of(
            st.builds(ast.Binary, st.just(HERE), operator, inner, inner),
            st.builds(ast.Negative, st.just(HERE), inner),
            st.builds(ast.Attribute, st.just(HERE), inner, name_nodes),
            st.builds(ast.Call, st.just(HERE), inner, arguments),
            matrices(inner),
            st.builds(
                ast.MatrixGroup,
                st.just(HERE),
                st.just("generated"),
                st.lists(element, max_size=2).map(tuple),
                st.lists(relation, max_size=2).map(tuple),
            ),
            st.builds(
                ast.MatrixGroup,
                st.just(HERE),
                st.just("lie"),
                st.lists(basis, max_size=2).map(tuple),
                st.just(()),
            ),
        )

    return st.recursive(atoms, grow, max_leaves=depth)


exact = expressions(decimal=False)
numbers = integers | decimals | integers.map(lambda number: ast.Negative(HERE, number))
lists = st.lists(numbers, min_size=1, max_size=3).map(lambda n: ast.ListLiteral(HERE, tuple(n)))
deep = st.lists(matrices(numbers), min_size=1, max_size=2).map(
    lambda entries: ast.ListLiteral(HERE, tuple(entries))
)
constants = lists | matrices(numbers) | deep
option = st.builds(ast.Argument, st.just(HERE), name_nodes, expressions(decimal=True, depth=4))
axis = st.one_of(
    st.builds(ast.Axis, st.just(HERE), st.lists(exact, min_size=1, max_size=3).map(tuple), exact),
    st.builds(ast.Axis, st.just(HERE), exact.map(lambda size: (size,)), st.none()),
)
statement = st.one_of(
    st.builds(ast.SizeStatement, st.just(HERE), name_nodes, st.none(), st.none()),
    st.builds(ast.SizeStatement, st.just(HERE), name_nodes, exact, st.none()),
    st.builds(ast.SizeStatement, st.just(HERE), name_nodes, st.none(), exact),
    st.builds(ast.GroupStatement, st.just(HERE), name_nodes, exact),
    st.builds(
        ast.TensorStatement,
        st.just(HERE),
        st.sampled_from(["input", "output"]),
        name_nodes,
        st.none() | st.lists(axis, min_size=1, max_size=4).map(tuple),
        st.none() | exact,
        st.none() | st.sampled_from(["learned", "sampled"]).map(lambda word: ast.Mark(HERE, word)),
        st.none() | exact | constants,
    ),
    st.builds(
        ast.SymmetrizeStatement,
        st.just(HERE),
        st.lists(exact, max_size=2).map(tuple),
        name_nodes,
        st.lists(option, max_size=3).map(tuple),
    ),
    st.builds(
        ast.RelaxStatement,
        st.just(HERE),
        st.lists(exact, max_size=2).map(tuple),
        name_nodes,
        st.lists(option, max_size=3).map(tuple),
    ),
)
head = st.one_of(
    st.just(()),
    st.just((ast.SpecStatement(HERE, ast.Name(HERE, "s")),)),
    st.just((ast.SpecStatement(HERE, ast.Name(HERE, "s")), ast.Docstring(HERE, 'two\n "lines" '))),
)
documents = st.builds(
    lambda first, rest: ast.Document(HERE, (*first, *rest), ()),
    head,
    st.lists(statement, min_size=1, max_size=3),
)


@settings(max_examples=150, deadline=None)
@given(documents)
def test_every_tree_survives(document: ast.Document) -> None:
    text = format_document(document)
    again = read(text)
    assert again == document, text
    assert format_document(again) == text


# Comments and breaks thrown between tokens


SAMPLE = """\
spec s \"\"\"doc\"\"\" size n <= 64 group G = generated { element r = [[0, -1], [1, 0]]
relation r^4 = 1 } input pos[n: S(n), (h, w): R.grid, _: 2*M.scalar + M.vector] of 10
output f[3, 4] = -grad(e, pos) output e symmetrize S(n), M by frame(samples=20, net=gin(k=3))
symmetrize by average"""
TOKENS = re.findall(r'"""doc"""|\w+|<=|\S', SAMPLE)
fillers = st.sampled_from(["", " ", "\n", "\n\n\n", " # a\n", "\n# b\n", "\n\n  # c\n\n", "\t"])


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_comments_anywhere_survive_and_twice_is_once(data: st.DataObject) -> None:
    places = data.draw(st.dictionaries(st.integers(0, len(TOKENS)), fillers, max_size=8))
    text = "".join(f"{places.get(i, ' ')} {token}" for i, token in enumerate([*TOKENS, ""]))
    before = read(text)
    once = format_document(before)
    after = read(once)
    assert after == before
    assert Counter(c.text for c in after.comments) == Counter(c.text for c in before.comments)
    assert format_document(after) == once
    assert "\n\n\n" not in once
    assert not once.startswith("\n")


def test_the_sample_of_language_1_is_formatted() -> None:
    sample = (
        "input  pos[n: S(n), 3: E(3).point]\n"
        "input  vel[n: S(n), 3: E(3).vector]\n"
        "output next[n: S(n), 3: E(3).point]\n"
    )
    assert formatted(sample) == sample
    assert formatted(sample.replace("  ", " ").replace(", ", "\n,")) == sample


def test_language_2_the_formatter_writes_ascii() -> None:
    text = "size n ≤ 64 input x[_: 16×M.scalar ⊕ M.vector ⊗ M.vector]"
    assert formatted(text) == "size n <= 64\ninput x[_: 16*M.scalar + M.vector * M.vector]\n"


@pytest.mark.parametrize(
    "written",
    [
        "a*(b + c)", "(a + b)*c", "a - (b - c)", "a - b - c", "(a^b)^c", "a^b^c", "(-a)^2", "-a^2",
        "-(a + b)", "(a wr b).blocks", "a wr (b wr c)", "16*M.scalar", "M.vector * M.vector",
        "2*n*M.vector", "M.vector * n * M.vector", "sqrt(3)/2", "cos(2*pi/7)", "a/(b*c)", "2^-n",
    ],
)  # fmt: skip
def test_parentheses_are_those_that_are_needed(written: str) -> None:
    assert formatted(f"group G = {written}") == f"group G = {written}\n"
    assert formatted(f"group G = (({written}))") == f"group G = {written}\n"


def test_comments_stay_where_they_belong() -> None:
    text = """\
# about the file

spec s  # its name
# about n

size n  # free
input  x[  # four axes
    n: S(n),  # items
    # space
    3: E(3).point,
    # done
]  # the cloud
output y

# the end
"""
    assert formatted(text) == text


def test_names_align_where_inputs_and_outputs_meet() -> None:
    assert formatted("input a output b") == "input  a\noutput b\n"
    assert formatted("input a\n\noutput b") == "input a\n\noutput b\n"
    assert formatted("input a size n output b") == "input a\nsize n\noutput b\n"
    assert formatted("input a # c\n# d\noutput b") == "input  a  # c\n# d\noutput b\n"


def test_long_tensors_break_one_axis_a_line() -> None:
    axes = ", ".join(["n: S(n)"] * 9)
    line = f"input x[{axes}]"
    assert len(line) == WIDTH
    assert formatted(line) == line + "\n"
    broken = formatted(f"input xy[{axes}] of 10")
    assert broken == "input xy[\n" + "    n: S(n),\n" * 9 + "] of 10\n"


def test_matrix_groups_break_one_entry_a_line() -> None:
    text = """\
group G = generated {
    element r = [[0, -1], [1, 0]]
    relation r^4 = 1
    # the reflection
    element s = [[1, 0], [0, -1]]  # in the first axis
    relation (r*s)^2 = 1
}
"""
    assert formatted(text) == text
    one = formatted("group G = lie{basis[[0,-1],[1,0]]}")
    assert one == "group G = lie { basis [[0, -1], [1, 0]] }\n"


def test_long_matrices_break_one_row_a_line() -> None:
    row = "[0, cos(2*pi/7), -sin(2*pi/7), 0, 0]"
    text = "group G = generated {\n    element r = [\n" + f"        {row},\n" * 5
    text += "    ]  # a turn\n    relation r^7 = 1\n}\n"
    assert formatted(text) == text
    alone = formatted(f"group G = lie {{ basis [{', '.join([row] * 5)}] }}")
    assert alone == "group G = lie {\n    basis [\n" + f"        {row},\n" * 5 + "    ]\n}\n"


@pytest.mark.parametrize("path", SPECS, ids=lambda path: path.stem)
def test_reference_specs_survive(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    again = formatted(text)
    assert read(again) == read(text)
    assert formatted(again) == again
