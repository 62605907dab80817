"""The parser: every form of the language, every kind of syntax error, no text that breaks it."""

from __future__ import annotations

import io
import pickle
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from symc.diagnostics.render import render
from symc.source import Source, Span
from symc.syntax import ast
from symc.syntax.format import format_document
from symc.syntax.parse import ParseResult, parse
from symc.syntax.parse.limits import MAX_AXES, MAX_CHARACTERS, MAX_DEPTH
from symc.syntax.parse.tables import TABLES, build, grammar_path

NAMED = ast.SizeStatement | ast.GroupStatement | ast.TensorStatement
MALFORMED = sorted((Path(__file__).parent / "goldens" / "syntax").glob("*.sym"))


def read(text: str) -> ParseResult:
    return parse(Source("t.sym", text))


def good(text: str) -> ast.Document:
    result = read(text)
    assert result.diagnostics == ()
    return result.document


def codes(text: str) -> list[str]:
    return [diagnostic.code for diagnostic in read(text).diagnostics]


def value(text: str) -> ast.Expression:
    statement = good(f"group G = {text}").statements[0]
    assert isinstance(statement, ast.GroupStatement)
    return statement.value


def skeleton(node: ast.Node) -> object:
    """An expression as nested tuples, for comparison by eye."""
    match node:
        case ast.Name(text=text) | ast.Decimal(text=text):
            return text
        case ast.Integer(value=number):
            return number
        case ast.Binary():
            return (node.operator, skeleton(node.left), skeleton(node.right))
        case ast.Negative():
            return ("neg", skeleton(node.operand))
        case ast.Attribute():
            return (".", skeleton(node.owner), node.name.text)
        case ast.Call():
            return ("call", skeleton(node.function), *(skeleton(a.value) for a in node.arguments))
    return type(node).__name__


@pytest.mark.parametrize("path", MALFORMED, ids=lambda path: path.stem)
def test_malformed_specs_read_as_recorded(path: Path, golden: Callable[[str, str], None]) -> None:
    text = path.read_bytes().decode("utf-8")
    found = parse(Source(path.name, text)).diagnostics
    assert found, "a malformed spec was accepted"
    plain = render("text", found)
    assert max(map(len, plain.splitlines())) <= 80
    golden(f"syntax/{path.stem}.txt", plain)
    golden(f"syntax/{path.stem}.ansi", render("text", found, color=True))


def test_language_2_every_statement() -> None:
    document = good(
        'spec s """doc""" size n size m = 5 size k <= 64 group P = S(n) input x[n: P] of 10 '
        "output y output z[3] = -grad(y, x) symmetrize P by frame symmetrize by average(samples=2)"
    )
    kinds = [
        type(statement).__name__.removesuffix("Statement") for statement in document.statements
    ]
    assert kinds == [
        "Spec", "Docstring", "Size", "Size", "Size", "Group", "Tensor", "Tensor", "Tensor",
        "Symmetrize", "Symmetrize",
    ]  # fmt: skip
    energy = document.statements[7]
    assert isinstance(energy, ast.TensorStatement)
    assert energy.axes is None


def test_language_2_tokens_of_one_meaning() -> None:
    assert value("A × B ⊗ C ⊕ D") == value("A * B * C + D")
    assert good("size n ≤ 64") == good("size n <= 64")


def test_language_2_line_breaks_carry_no_meaning() -> None:
    text = "size n <= 64 input x [ n : S ( n ) , 3 ] of 10 output y symmetrize by average"
    assert good(text.replace(" ", "\n")) == good(text)


@pytest.mark.parametrize(
    "name",
    [
        "element",
        "relation",
        "basis",
        "base",
        "self",
        "noise",
        "forward",
        "training",
        "keys",
        "n",
        "E",
        "S",
        "irrep",
    ],
)
def test_language_2_any_other_name_works(name: str) -> None:
    document = good(f"group {name} = E(3) input x{name}[{name}: {name}, {name}] output {name}")
    assert document.statements[0] == ast.GroupStatement(
        Span(0, 0), ast.Name(Span(0, 0), name), value("E(3)")
    )


@pytest.mark.parametrize("name", ["lambda", "class", "_", "input", "by", "wr", "relax", "größe"])
def test_language_2_names_that_are_none(name: str) -> None:
    assert codes(f"input {name}[3]\noutput y") == ["SYM106"]


def test_reserved_words_are_names_of_nothing_else() -> None:
    """Constructors, representations and options are no declarations: the checker knows them."""
    assert codes("input x[3: O(3).lambda] output y symmetrize by average(lambda=None)") == []


@pytest.mark.parametrize(
    ("text", "meaning"),
    [
        ("-x^2", ("neg", ("^", "x", 2))),
        ("-2*x", ("*", ("neg", 2), "x")),
        ("a^b^c", ("^", "a", ("^", "b", "c"))),
        ("a^-1", ("^", "a", ("neg", 1))),
        ("a - b - c", ("-", ("-", "a", "b"), "c")),
        ("a + b*c wr d", ("wr", ("+", "a", ("*", "b", "c")), "d")),
        ("a wr b wr c", ("wr", ("wr", "a", "b"), "c")),
        ("M.vector^2 / 2", ("/", ("^", (".", "M", "vector"), 2), 2)),
        ("O(3).irrep(1, even)", ("call", (".", ("call", "O", 3), "irrep"), 1, "even")),
        ("cos(2*pi/7)", ("call", "cos", ("/", ("*", 2, "pi"), 7))),
    ],
)
def test_precedence(text: str, meaning: object) -> None:
    assert skeleton(value(text)) == meaning


def test_language_4_matrix_groups() -> None:
    group = value(
        "generated { element element = [[0, -1], [sqrt(3)/2, 1/2]] element s = [[1]] "
        "relation element^4 = 1 relation (element*s)^2 = 1 }"
    )
    assert isinstance(group, ast.MatrixGroup)
    assert [e.name.text for e in group.elements if e.name] == ["element", "s"]
    assert len(group.relations) == 2
    algebra = value("lie { basis [[0, -1], [1, 0]] basis [[1, 0], [0, 1]] }")
    assert isinstance(algebra, ast.MatrixGroup)
    assert [e.name for e in algebra.elements] == [None, None]


def test_spans_are_those_of_the_text() -> None:
    text = "group G = (A + B)*C.vector(1)"
    node = value(text.removeprefix("group G = "))
    assert isinstance(node, ast.Binary)
    assert text[slice(*node.span)] == "(A + B)*C.vector(1)"
    assert text[slice(*node.left.span)] == "(A + B)"
    assert text[slice(*node.right.span)] == "C.vector(1)"


def test_an_error_ends_at_the_next_statement() -> None:
    result = read("size n = \ninput x[n: S(n]\noutput y[n: S(n)]\ninput lambda[3]\nsize m ) \n")
    assert [d.code for d in result.diagnostics] == ["SYM102", "SYM103", "SYM106", "SYM102"]
    kept = [s for s in result.document.statements if isinstance(s, NAMED)]
    texts = [statement.name.text for statement in kept]
    assert texts == ["y", "lambda", "m"]
    assert {"n", "x"} <= result.unread_names


@pytest.mark.parametrize(
    "text",
    [
        "input x[" + "(" * 10_000 + "3" + ")" * 10_000 + "]",
        "input x[" + "-" * 20_000 + "1]",
        "input x[" + "+".join(["a"] * 20_000) + "]",
        "input x[" + "^".join(["a"] * 20_000) + "]",
        "input x[a" + ".b" * 20_000 + "]",
        "input x[a" + "()" * 20_000 + "]",
        "group G = " + "lie { basis " * 5_000,
        "#" * (MAX_CHARACTERS + 1),
    ],
    ids=["parentheses", "minus", "plus", "power", "attributes", "calls", "braces", "size"],
)
def test_too_deep_or_too_large_is_said_quickly(text: str) -> None:
    start = time.process_time()
    assert codes(text) == ["SYM108"]
    assert time.process_time() - start < 3


def test_what_is_parsed_is_shallow() -> None:
    text = "group G = " + "+".join(["a"] * (MAX_DEPTH - 2))
    depth, layer = 0, list(good(text).children())
    while layer:
        depth, layer = depth + 1, [child for node in layer for child in node.children()]
    assert depth == MAX_DEPTH - 1
    assert codes(text + "+a" * 3) == ["SYM108"]
    nested = "group G = " + "f(" * (MAX_DEPTH // 2 - 2) + "a" + ")" * (MAX_DEPTH // 2 - 2)
    for deepest in (text, nested, text.replace("+", "^"), text.replace("+", " wr ")):
        # A visitor that takes five frames a level must not meet Python's limit of 1,000.
        frames = 5 * MAX_DEPTH
        assert frames < sys.getrecursionlimit()
        assert format_document(good(deepest))


@pytest.mark.parametrize("digits", [19, 4301, 29_000])
def test_giant_numbers(digits: int) -> None:
    result = read(f"size n = {'9' * digits}\noutput y")
    assert [d.code for d in result.diagnostics] == ["SYM107"]
    assert len(result.document.statements) == 1


def test_options_alone_take_decimals() -> None:
    assert codes("symmetrize by average(samples=0.5, t=1e-3, net=gin(x=.5))") == []
    assert codes("size n = 0.5") == ["SYM107"]
    assert codes("input x[1.5: P, 2*(3 + .5)]") == ["SYM107", "SYM107"]
    assert codes("group G = generated { element r = [[0.5]] }") == ["SYM107"]


PIECES = st.sampled_from(
    [
        "spec",
        "size",
        "group",
        "input",
        "output",
        "symmetrize",
        "by",
        "of",
        "wr",
        "generated",
        "lie",
        "element",
        "x",
        "n",
        "S",
        "E",
        "_",
        "3",
        "0.5",
        "1e9",
        "[",
        "]",
        "(",
        ")",
        "{",
        "}",
        ",",
        ":",
        ".",
        "=",
        "<=",
        "+",
        "-",
        "*",
        "/",
        "^",
        '"',
        '"""',
        "#",
        "\n",
        ";",
        "\x00",
        "é",
        "∘",
        "lambda",
        "inptu",
    ]
)


@settings(max_examples=150, deadline=None)
@given(st.one_of(st.text(max_size=60), st.lists(PIECES, max_size=25).map(" ".join)))
def test_no_text_breaks_the_parser_or_a_renderer(text: str) -> None:
    result = read(text)
    for diagnostic in result.diagnostics:
        assert 0 <= diagnostic.span.start <= diagnostic.span.end <= len(text)
    for name in ("text", "concise", "json", "github", "sarif"):
        render(name, result.diagnostics)


def test_shipped_tables_are_those_of_the_grammar() -> None:
    """Both parsers accept the same rules; bytes differ, for Lark numbers states by hash."""
    import lark

    path = grammar_path()
    assert path is not None
    version, grammar, tables = pickle.loads(TABLES.read_bytes())
    assert grammar == path.read_text(encoding="utf-8"), "run python -m symc.syntax.parse.tables"
    if version != lark.__version__:
        pytest.skip("another Lark: the tables are not used")
    shipped, built = lark.Lark.load(io.BytesIO(tables)), build(grammar)
    assert {(t.name, str(t.pattern)) for t in shipped.terminals} == {
        (t.name, str(t.pattern)) for t in built.terminals
    }
    assert {str(rule) for rule in shipped.rules} == {str(rule) for rule in built.rules}
    text = "input x[n: S(n), (h, w): R.grid, _: 2*M.vector] of 3 output y = -grad(x)"
    assert shipped.parse(text) == built.parse(text)


def test_parsing_loads_no_more_than_it_needs() -> None:
    program = (
        "import sys, symc.syntax.parse as p; assert 'lark' not in sys.modules;"
        "from symc.source import Source; p.parse(Source('t', 'input x[3]'));"
        "assert 'lark' in sys.modules;"
        "print([m for m in ('torch', 'sympy', 'rich', 'pydantic', 'click') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.stdout.strip() == "[]", done.stderr


def test_half_a_character_is_no_text() -> None:
    """Python's strings can hold surrogates, files cannot: what is written later would fail."""
    for text in ('spec a\n"""\udca0"""', "# \ud800", "input \udfff[3]"):
        (found,) = read(text).diagnostics
        assert found.code == "SYM109"
        assert text[slice(*found.span)] in ("\udca0", "\ud800", "\udfff")


def test_a_tensor_has_as_many_axes_as_torch_allows() -> None:
    assert codes(f"input x[{', '.join(['1'] * MAX_AXES)}]") == []
    text = f"input x[{', '.join(['1'] * MAX_AXES)}, wrong]"
    (found,) = read(text).diagnostics
    assert (found.code, text[slice(*found.span)]) == ("SYM108", "wrong")
    assert read(text).document.statements == ()
