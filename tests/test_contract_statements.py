"""docs/reference.md, sections 1 and 2: what a spec is, and what each of its statements means."""

from __future__ import annotations

import keyword
import re
from itertools import product
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

import symc
from symc.diagnostics.diagnostic import Diagnostic
from symc.ir.program import Program
from symc.ir.representations import atoms
from symc.lower.emit import emit
from symc.lower.identifiers import class_name
from symc.lower.plan import make_plan
from symc.source import Source
from symc.syntax.format import format_document
from symc.syntax.parse import parse
from symc_runtime.testing import assert_equivariant, equivariance_error

REFERENCE = Path(__file__).parents[1] / "docs" / "reference.md"

THREE_LINES = """
input  pos[n: S(n), 3: E(3).point]
input  vel[n: S(n), 3: E(3).vector]
output next[n: S(n), 3: E(3).point]
"""

RESERVED = "spec size group input output symmetrize by of wr generated lie relax search"

FREE_NAMES = (
    "base self noise forward training keys n samples eval_samples sizes generator counts graph "
    "return_samples return_penalty chunk groups inputs outputs draws torch sr nn x y k super print "
    "parameters state_dict modules _modules _parameters __class__ __dict__ match case type grad S "
    "E O point vector element relation basis symc None_ cls args kwargs title"
)


class Fake(nn.Module):
    """Keeps the inputs of its last call and returns the same tensors for every row."""

    def __init__(self, *answers: torch.Tensor) -> None:
        super().__init__()
        self.answers = answers
        self.seen: tuple[torch.Tensor, ...] = ()

    def forward(self, *inputs: torch.Tensor) -> torch.Tensor | tuple[torch.Tensor, ...]:
        self.seen = inputs
        rows = tuple(a.expand(inputs[0].shape[0], *a.shape) for a in self.answers)
        return rows if len(rows) > 1 else rows[0]


class Mixed(nn.Module):
    """pos, vel -> next: nothing about it is equivariant."""

    def forward(self, pos: torch.Tensor, vel: torch.Tensor) -> torch.Tensor:
        place = torch.arange(1.0, pos.shape[1] + 1, dtype=pos.dtype).unsqueeze(-1)
        return torch.sin(pos * place + vel.cumsum(1)) + pos.flip(-1) ** 2


class Echo(nn.Module):
    """Returns its first input."""

    def forward(self, *rows_: torch.Tensor) -> torch.Tensor:
        return rows_[0]


def diagnostics(text: str) -> list[Diagnostic]:
    return symc.check(text)


def found(text: str) -> list[tuple[str, str]]:
    """Codes with the text of their spans."""
    return [(d.code, text[d.span.start : d.span.end]) for d in diagnostics(text)]


def program(text: str) -> Program:
    return symc.load(text).ir


def kinds(text: str) -> dict[str, tuple[str, int | None]]:
    return {v.name: (v.kind, v.value or v.bound) for v in program(text).sizes}


def stages(text: str) -> list[tuple[str, str, bool]]:
    return [(s.group, s.method, s.explicit) for s in program(text).stages]


def doubles(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def tree(text: str) -> object:
    """The syntax of a text that has no syntax errors."""
    result = parse(Source("<text>", text))
    assert result.diagnostics == ()
    return result.document


# The document itself


def test_section_1_the_reference_has_the_seven_sections() -> None:
    headings = re.findall(r"^## (\d)\. (.*)$", REFERENCE.read_text("utf-8"), re.M)
    assert [number for number, _ in headings] == list("1234567")
    assert headings[0][1] == "A spec in three lines"


def test_section_1_the_spec_of_the_reference_checks_clean() -> None:
    blocks = re.findall(r"```sym\n(.*?)```", REFERENCE.read_text("utf-8"), re.S)
    assert blocks[0].strip() == THREE_LINES.strip()
    assert [diagnostics(block) for block in blocks] == [[] for _ in blocks]


# Section 1


def test_section_1_a_tensor_is_declared_without_the_batch_axis() -> None:
    base = Fake(torch.zeros(4, 3).double())
    model = symc.build(THREE_LINES + "symmetrize by frame", base).double()
    assert model(doubles(7, 4, 3), doubles(7, 4, 3)).shape == (7, 4, 3)
    with pytest.raises(symc.ShapeError, match="`pos`"):
        model(doubles(4, 3), doubles(4, 3))


def test_section_1_each_axis_says_its_size_and_after_a_colon_its_representation() -> None:
    pos, vel = program(THREE_LINES).inputs
    assert [str(axis.size) for axis in pos.axes] == ["n", "3"]
    carried = [
        (atom.group, atom.name)
        for axis in (*pos.axes, *vel.axes)
        for atom in atoms(axis.representation)
    ]
    assert carried == [
        ("S(n)", "natural"), ("E(3)", "point"), ("S(n)", "natural"), ("E(3)", "vector"),
    ]  # fmt: skip


def test_section_1_an_axis_without_a_representation_is_not_moved_by_any_group() -> None:
    text = "input x[n: S(n), 3]\noutput y[3]\nsymmetrize by average(samples=9)"
    answer = torch.tensor([1.0, 2.0, 3.0])
    base = Fake(answer)
    model = symc.build(text, base)
    rows = torch.arange(12.0).reshape(1, 4, 3)
    ys, _ = model(rows, return_samples=True)
    assert (ys == answer).all()
    # Items move as wholes: whatever the order, the channels of an item stay as they are.
    assert all(torch.equal(x[x[:, 0].argsort()], rows[0]) for x in base.seen[0])
    assert any(not torch.equal(x, rows[0]) for x in base.seen[0])


def test_section_1_a_tensor_carries_the_tensor_product_of_its_axes() -> None:
    text = """
    group P = S(n)
    group M = O(3)
    input mark[n: P] of 99
    input frame[3, 3: M]
    input x[n: P, 3: M]
    output y[n: P, 3: M]
    symmetrize by average(samples=4)
    """
    answer = doubles(5, 3, seed=1)
    base = Fake(answer)
    model = symc.build(text, base).double()
    x = doubles(1, 5, 3)
    mark, frame = torch.arange(5).expand(1, 5), torch.eye(3).double().expand(1, 3, 3)
    ys, _ = model(mark, frame, x, return_samples=True)
    index, rotation, moved = base.seen
    for k in range(4):
        # What the base sees of the marks and of the frame says which element was drawn.
        permutation = torch.eye(5).double()[index[k]].T.contiguous()
        matrix = torch.kron(permutation, rotation[k])
        assert torch.allclose(moved[k].flatten(), matrix.T @ x[0].flatten())
        assert torch.allclose(ys[k, 0].flatten(), matrix @ answer.flatten())


def test_section_1_the_symmetry_is_the_direct_product_of_the_groups() -> None:
    assert [group.name for group in program(THREE_LINES).groups] == ["S(n)", "E(3)"]
    model = symc.build(THREE_LINES, Mixed()).double()
    inputs = (doubles(3, 4, 3), doubles(3, 4, 3, seed=1))
    assert_equivariant(model, *inputs)
    for name in ("S(n)", "E(3)"):
        assert equivariance_error(model, *inputs, groups=[name]) < 1e-9
    alone = symc.build(THREE_LINES + "symmetrize S(n) by base", Mixed()).double()
    assert equivariance_error(alone, *inputs, groups=["S(n)"]) > 1e-3


# Section 2: spec and docstring


def test_section_2_spec_names_the_spec(tmp_path: Path) -> None:
    path = tmp_path / "stem.sym"
    path.write_text("spec own_name\n" + THREE_LINES, encoding="utf-8")
    assert symc.load(path).name == "own_name"


@pytest.mark.parametrize(
    ("file", "name"), [("n_body.sym", "n_body"), ("two-d.sym", "two_d"), ("2d.sym", "_2d")]
)
def test_section_2_without_spec_the_stem_names_it(tmp_path: Path, file: str, name: str) -> None:
    path = tmp_path / file
    path.write_text(THREE_LINES, encoding="utf-8")
    assert symc.load(path).name == name


@pytest.mark.parametrize("second", ["size n", "group P = S(4)", "input x[2]", '"""text"""'])
def test_section_2_spec_stands_first(second: str) -> None:
    text = f"{second}\nspec late\ninput v[4: S(4)]\noutput y"
    assert ("SYM105", "spec late") in found(text)
    assert [d.code for d in diagnostics("spec a\nspec b\ninput x[2]\noutput y")] == ["SYM105"]


def test_section_2_the_docstring_follows_the_name() -> None:
    body = "input x[2]\noutput y"
    assert program(f'spec a """One\n"two" lines.""" {body}').doc == 'One\n"two" lines.'
    assert program(f'"""Without a name."""\n{body}').doc == "Without a name."
    assert program(body).doc == ""
    assert [d.code for d in diagnostics(f'{body}\n"""late"""')] == ["SYM105"]


# Section 2: sizes


def test_section_2_a_free_size_is_read_off_the_tensors_at_each_call() -> None:
    text = "size n\ninput x[n: S(n)]\noutput y[n: S(n)]"
    assert kinds(text) == {"n": ("free", None)}
    model = symc.build(text, Echo())
    for n in (1, 4, 7):
        assert model(torch.randn(2, n)).shape == (2, n)


def test_section_2_a_fixed_size_has_one_value() -> None:
    text = "size n = 5\ninput x[n: S(n)]\noutput y[n: S(n)]"
    assert kinds(text) == {"n": ("fixed", 5)}
    model = symc.build(text, Echo())
    assert model(torch.randn(2, 5)).shape == (2, 5)
    with pytest.raises(symc.ShapeError, match="5.*got 4"):
        model(torch.randn(2, 4))


def test_section_2_a_ragged_size_has_counts_an_example_up_to_its_bound() -> None:
    text = "size n <= 6\ninput x[n: S(n)]\noutput y[n: S(n)]"
    assert kinds(text) == {"n": ("ragged", 6)}
    model = symc.build(text, Echo())
    for padded in (4, 6):
        x = torch.randn(2, padded)
        y = model(x, n=torch.tensor([4, 1]))
        assert torch.allclose(y, x * torch.tensor([[4], [1]]).gt(torch.arange(padded)))
    for counts, length in ((torch.tensor([7, 1]), 7), (torch.tensor([4, 5]), 4)):
        with pytest.raises(symc.ShapeError, match="`n`"):
            model(torch.randn(2, length), n=counts)
    with pytest.raises(symc.ShapeError, match="`n`"):
        model(torch.randn(2, 4))


def test_section_2_a_size_of_shapes_alone_is_free_without_a_statement() -> None:
    text = "input x[n: S(n), c]\noutput y[c]"
    assert kinds(text) == {"n": ("free", None), "c": ("free", None)}
    assert program("size n\nsize c\n" + text).inputs == program(text).inputs


# Section 2: groups

PAIR = "input a[n: {0}, n: {1}]\noutput y[n: {0}, n: {1}]\nsymmetrize by average(samples=16)"


def marks(base: Fake) -> tuple[torch.Tensor, torch.Tensor]:
    """The orders of rows and of columns in which the base saw a[i, j] = 10 i + j."""
    return base.seen[0][:, :, 0] // 10, base.seen[0][:, 0] % 10


@pytest.mark.parametrize(
    ("declarations", "names", "copies"),
    [
        ("group Row = S(n)\ngroup Col = S(n)\n", ("Row", "Col"), 2),
        ("group P = S(n)\n", ("P", "P"), 1),
        ("", ("S(n)", "S(n)"), 1),
    ],
    ids=["two names", "one name", "inline twice"],
)
def test_section_2_two_names_are_two_copies_and_one_expression_is_one_group(
    declarations: str, names: tuple[str, str], copies: int
) -> None:
    text = declarations + PAIR.format(*names)
    assert len(program(text).groups) == copies
    base = Fake(torch.zeros(5, 5))
    model = symc.build(text, base)
    n = torch.arange(5.0)
    model((10 * n[:, None] + n).expand(1, 5, 5))
    rows, columns = marks(base)
    assert torch.equal(rows.sort(-1).values, n.expand(16, 5))
    assert torch.equal(columns.sort(-1).values, n.expand(16, 5))
    assert torch.equal(rows, columns) == (copies == 1)


@pytest.mark.parametrize("constructor", ["S(n)", "O(3)", "SO(3)", "E(3)", "SE(3)", "T(3)"])
def test_section_2_an_inline_group_equal_to_a_named_one_is_an_error(constructor: str) -> None:
    name = "point" if constructor[-4] in "ET" else "scalar" if constructor == "S(n)" else "vector"
    axis = "n: P" if constructor == "S(n)" else f"3: P.{name}"
    text = f"group P = {constructor}\ninput x[{axis}]\ninput z[_: {constructor}.{name}]\noutput y"
    assert found(text)[0] == ("SYM309", constructor)
    assert "`P`" in (diagnostics(text)[0].help or "")
    sizes = "size n = 5\ngroup P = S(5)\ninput x[5: P]\ninput z[n: S(n)]\noutput y"
    assert found(sizes) == [("SYM309", "S(n)")]


@pytest.mark.parametrize("product_", ["S(n) * O(3)", "S(n) × O(3)", "S(n) + O(3)"])
def test_section_2_a_product_as_one_group_says_to_declare_two(product_: str) -> None:
    text = f"group P = {product_}\ninput x[n: P, 3]\noutput y[n: P]"
    assert found(text) == [("SYM310", product_)]
    advice = diagnostics(text)[0].help or ""
    assert "declare" in advice
    assert advice.count("group ") >= 2


# Section 2: tensors


def test_section_2_tensors_are_taken_and_returned_in_the_order_of_the_text() -> None:
    text = "output second[2]\ninput b[3]\nsize k = 4\noutput first[k]\ninput a[k]\ninput c[1]"
    base = Fake(torch.zeros(2), torch.ones(4))
    model = symc.build(text, base)
    result = model(torch.zeros(5, 3), torch.zeros(5, 4), torch.zeros(5, 1))
    assert [x.shape[1] for x in base.seen] == [3, 4, 1]
    assert [tuple(y.shape) for y in result] == [(5, 2), (5, 4)]
    names = [tensor.name for tensor in (*program(text).inputs, *program(text).outputs)]
    assert names == ["b", "a", "c", "second", "first"]


def test_section_2_an_output_without_axes_is_one_number_an_example() -> None:
    text = "input x[n: S(n)]\noutput energy"
    assert program(text).outputs[0].axes == ()
    model = symc.build(text, Fake(torch.tensor(2.5)))
    assert torch.equal(model(torch.randn(7, 3)), torch.full((7,), 2.5))


def test_section_2_labels_are_whole_numbers_from_0() -> None:
    text = "input kind[n: S(n)] of 10\noutput y"
    assert program(text).inputs[0].labels == 10
    base = Fake(torch.tensor(0.0))
    model = symc.build(text, base)
    model(torch.arange(10).expand(1, 10))
    assert base.seen[0].dtype == torch.int64
    for wrong in (10, -1):
        with pytest.raises(symc.ShapeError, match=f"0 to 9.*got {wrong}"):
            model(torch.tensor([[0, wrong]]))
    with pytest.raises(TypeError, match="`kind`"):
        model(torch.zeros(1, 3))


def test_section_2_actions_move_labels() -> None:
    base = Fake(torch.tensor(0.0))
    text = "group P = S(n)\ninput kind[n: P] of 60\ninput place[n: P]\noutput y"
    model = symc.build(text + "\nsymmetrize by average(samples=8)", base)
    kind = torch.tensor([[50, 7, 7, 31, 2]])
    model(kind, torch.arange(5.0).expand(1, 5))
    moved, order = base.seen
    assert torch.equal(moved, kind[0][order.long()])
    assert len({tuple(row.tolist()) for row in order}) > 1


def test_section_2_nets_see_labels_one_hot() -> None:
    """The nets of five labels and of five channels are one: same weights, same elements."""
    head, tail = "size c = 5\ngroup P = S(n)\n", "\noutput y[n: P]"
    place = Fake(torch.arange(6.0).double())
    labels = symc.build(head.replace("size c = 5", "") + "input k[n: P] of 5" + tail, place)
    channels = symc.build(head + "input k[n: P, c]" + tail, place)
    labels, channels = labels.double(), channels.double()
    channels.load_state_dict(labels.state_dict())
    kind = torch.tensor([[0, 4, 2, 3, 1, 2], [1, 1, 0, 4, 4, 3]])
    noise = labels.draw_noise(kind)
    ours, _ = labels(kind, noise=noise, return_samples=True)
    one_hot = nn.functional.one_hot(kind, 5).double()
    theirs, _ = channels(one_hot, noise=noise, return_samples=True)
    assert torch.equal(ours, theirs)


@pytest.mark.parametrize(
    ("text", "code", "span"),
    [
        ("input x[n: S(n)]\ninput w[3] learned\noutput y", "SYM909", "learned"),
        ("input x[n: S(n)]\ninput w[3] learned = [0, 0.5, -1]\noutput y", "SYM909", "learned"),
        ("input x[n: S(n)]\ninput w[2] = [0.5, 1/3]\noutput y", "SYM909", "[0.5, 1/3]"),
        ("input x[n: S(n)]\ninput w[1, 1] = [[2]]\noutput y", "SYM909", "[[2]]"),
        ("input x[n: S(n)]\ninput w[1, 1, 1] = [[[2]]]\noutput y", "SYM909", "[[[2]]]"),
        ("input x[n: S(n)]\ninput k[2] of 3 = [0, 2]\noutput y", "SYM909", "[0, 2]"),
        ("input x[n: S(n)]\noutput y[n: S(n), 4] sampled", "SYM910", "sampled"),
        ("input x[n: S(n)]\noutput y sampled", "SYM910", "sampled"),
        (
            "input x[n: S(n)]\noutput y\nrelax S(n) by partial(width=learned, penalty=0.03)",
            "SYM911",
            "relax S(n) by partial(width=learned, penalty=0.03)",
        ),
        ("input x[n: S(n)]\noutput y\nrelax by residual", "SYM911", "relax by residual"),
        ("input x[n: S(n)]\noutput y\nsymmetrize by weighted(samples=9)", "SYM912", "weighted"),
        ("group G = unknown(3)\ninput x[3: G.vector]\noutput y", "SYM901", "unknown(3)"),
    ],
)
def test_section_2_what_comes_later_parses_formats_and_says_so(
    text: str, code: str, span: str
) -> None:
    assert found(text) == [(code, span)]
    assert diagnostics(text)[0].help
    document = parse(Source("<text>", text)).document
    assert tree(format_document(document)) == document


# Section 2: symmetrize

THREE = "group P = S(n)\ngroup M = O(3)\ngroup N = E(2)\ninput x[n: P, 3: M]\ninput p[2: N.point]\n"


def test_section_2_lines_are_stages_first_line_first() -> None:
    text = THREE + "output y\nsymmetrize P by frame\nsymmetrize N by canonical\nsymmetrize M by {}"
    expected = [("P", "frame", True), ("N", "canonical", True), ("M", "average", True)]
    assert stages(text.format("average(samples=2)")) == expected
    # The lines may stand before the groups and the tensors that they are about.
    early = "symmetrize N by frame\nsymmetrize P by average\n" + THREE + "output y"
    assert [name for name, _, _ in stages(early)] == ["N", "P", "M"]


def test_section_2_groups_of_one_line_are_stages_in_its_order() -> None:
    text = THREE + "output y\nsymmetrize P, N, M by average(samples=3)"
    assert [name for name, _, _ in stages(text)] == ["P", "N", "M"]


def test_section_2_a_line_without_groups_takes_all_that_are_left() -> None:
    text = THREE + "output y\nsymmetrize by frame\nsymmetrize M by average"
    assert stages(text) == [("N", "frame", True), ("P", "frame", True), ("M", "average", True)]
    assert [d.code for d in diagnostics(text + "\nsymmetrize by average")] == ["SYM510"]


@pytest.mark.parametrize("line", ["", "symmetrize N by frame"])
def test_section_2_what_no_line_handles_comes_last_by_probabilistic(line: str) -> None:
    left = [s for s in stages(THREE + "output y\n" + line) if not s[2]]
    names = ["M", "N", "P"] if not line else ["M", "P"]
    assert left == [(name, "probabilistic", False) for name in names]
    assert stages(THREE + "output y\n" + line)[-len(left) :] == left


@pytest.mark.parametrize("linear", ["O(2)", "SO(2)", "E(2)", "SE(2)", "T(2)"])
@pytest.mark.parametrize("line", ["", "symmetrize by frame"])
def test_section_2_linear_and_euclidean_groups_come_before_permutations(
    linear: str, line: str
) -> None:
    kind = "vector" if "O" in linear else "point"
    text = f"group P = S(n)\ngroup M = {linear}\ninput x[n: P, 2: M.{kind}]\noutput y\n{line}"
    assert [name for name, _, _ in stages(text)] == ["M", "P"]


def test_section_2_a_group_on_two_lines_is_an_error() -> None:
    text = THREE + "output y\nsymmetrize P, M by frame\nsymmetrize M by average"
    assert found(text) == [("SYM507", "M")]


# Section 2: tokens


def test_section_2_a_hash_starts_a_comment() -> None:
    commented = "# input z[\ninput x[2, # two ]]\n 3]\noutput y # output w[3]\n"
    assert tree(commented) == tree("input x[2, 3]\noutput y")
    assert diagnostics(commented) == []


@pytest.mark.parametrize(
    ("tokens", "ascii_", "expression"),
    [
        ("*×⊗", "*", "input x[_: O(3){}O(3)]"),
        ("+⊕", "+", "input x[_: O(3) {} O(3)]"),
        (["<=", "≤"], "<=", "size n {} 4\ninput x[n: S(n)]"),
    ],
)
def test_section_2_tokens_of_one_meaning_are_formatted_in_ascii(
    tokens: list[str], ascii_: str, expression: str
) -> None:
    texts = [f"{expression.format(token)}\noutput y" for token in tokens]
    assert [diagnostics(text) for text in texts] == [[] for _ in texts]
    assert len({program(text).model_dump_json() for text in texts}) == 1
    written = {format_document(parse(Source("<text>", text)).document) for text in texts}
    assert len(written) == 1
    assert written.pop().isascii()
    assert tree(texts[-1]) == tree(f"{expression.format(ascii_)}\noutput y")


def test_section_2_line_breaks_carry_no_meaning() -> None:
    line = "size n <= 4 input x [ n : S ( n ) , 3 ] of 9 output y symmetrize by average"
    assert tree(line.replace(" ", "\n")) == tree(line)
    assert diagnostics(line.replace(" ", "\n\n")) == []


# Section 2: names

STATEMENTS = {
    "size": "size {} = 3",
    "group": "group {} = S(4)",
    "input": "input {}[2]",
    "output": "output {}[2]",
}


@pytest.mark.parametrize(("first", "second"), list(product(STATEMENTS, STATEMENTS)))
def test_section_2_sizes_groups_and_tensors_share_one_namespace(first: str, second: str) -> None:
    lines = [STATEMENTS[first].format("name"), STATEMENTS[second].format("name")]
    text = "\n".join([*lines, "input other[2]\noutput also"])
    twice = [d for d in diagnostics(text) if d.code == "SYM202"]
    assert [d.span.start for d in twice] == [text.index("name", text.index("name") + 1)]
    assert [r.span.start for r in twice[0].related] == [text.index("name")]


def test_section_2_a_size_of_shapes_is_in_the_namespace_too() -> None:
    assert found("input n[n]\noutput y") == [("SYM204", "n")]
    assert found("input x[y]\noutput y") == [("SYM204", "y")]


@pytest.mark.parametrize("word", [*keyword.kwlist, *RESERVED.split(), "_"])
def test_section_2_words_that_are_no_names(word: str) -> None:
    for statement in (*STATEMENTS.values(), "spec {}", "input x_[{}]"):
        text = f"{statement.format(word)}\ninput a_[2]\noutput b_"
        if statement == "input x_[{}]" and word in (*RESERVED.split(), "_"):
            assert diagnostics(text), text
            continue
        assert [d.code for d in diagnostics(text)][:1] == ["SYM106"], text


@pytest.mark.parametrize("word", ["größe", "é", "名", "naïve", "x²", "µ"])
def test_section_2_a_name_is_ascii(word: str) -> None:
    assert found(f"input {word}[2]\noutput y") == [("SYM106", word)]


@pytest.mark.parametrize("word", ["2d", "a-b", "a$", "a b"])
def test_section_2_a_name_is_an_identifier(word: str) -> None:
    assert diagnostics(f"input {word}[2]\noutput y")[0].code[:4] == "SYM1"


ROLES = {
    "size": "input in_[{0}: S({0}), 2]\noutput out_[{0}: S({0}), 2]",
    "ragged": "size {0} <= 8\ninput in_[{0}: S({0}), 2]\noutput out_[{0}: S({0}), 2]",
    "group": "group {0} = S(n_)\ninput in_[n_: {0}, 2]\noutput out_[n_: {0}, 2]",
    "input": "input {0}[n_: S(n_), 2]\noutput out_[n_: S(n_), 2]",
    "output": "input in_[n_: S(n_), 2]\noutput {0}[n_: S(n_), 2]",
    "spec": "spec {0}\ninput in_[n_: S(n_), 2]\noutput out_[n_: S(n_), 2]",
}


@pytest.mark.parametrize("role", ROLES)
def test_section_2_every_other_name_works(role: str) -> None:
    """What the compiler adds collides with no name of a spec, built or emitted."""
    x = torch.randn(2, 3, 2)
    for word in FREE_NAMES.split():
        text = ROLES[role].format(word) + "\nsymmetrize by average(samples=2)"
        spec = symc.load(text)
        namespace: dict[str, Any] = {}
        exec(compile(emit(make_plan(spec.ir), text), "emitted.py", "exec"), namespace)
        sizes = {word: torch.tensor([3, 3])} if role == "ragged" else {}
        for model in (symc.build(spec, Echo()), namespace[class_name(spec.name)](Echo())):
            noise = model.draw_noise(x, sizes=sizes)
            assert torch.allclose(model(x, noise=noise, sizes=sizes), x), word
            assert model.eval().training is False


@pytest.mark.parametrize("letter", ["S", "O", "SO", "E", "SE", "T"])
def test_section_2_constructors_are_names_without_a_parenthesis(letter: str) -> None:
    """Not even a group that is called `O` hides the constructor `O(3)`."""
    made = f"{letter}(n)" if letter == "S" else f"{letter}(3)"
    bare = "n: {}" if letter == "S" else "3: {}"
    axis = bare.format(letter if letter in ("S", "O", "SO") else f"{letter}.point")
    own = program(f"group {letter} = {made}\ninput x[{axis}]\noutput y")
    assert [(g.name, g.family) for g in own.groups] == [(letter, letter)]
    inline = axis.replace(f": {letter}", f": {made}")
    both = program(f"group {letter} = S(k)\ninput z[k: {letter}]\ninput x[{inline}]\noutput y")
    assert [(g.name, g.family) for g in both.groups] == [(letter, "S"), (made, letter)]


def test_an_output_is_derived_from_another_after_symmetrization() -> None:
    text = (
        "group P = S(n)\ngroup M = E(3)\ninput pos[n: P, 3: M.point]\noutput energy\n"
        "output force[n: P, 3: M.vector] = -grad(energy, pos)\n"
        "symmetrize M by frame\nsymmetrize P by base"
    )

    class Squares(nn.Module):
        def forward(self, pos: torch.Tensor) -> torch.Tensor:
            return pos.square().sum((1, 2))

    pos = torch.randn(2, 5, 3, dtype=torch.float64)
    energy, force = symc.build(text, Squares())(pos)
    centered = pos - pos.mean(1, keepdim=True)
    assert torch.allclose(energy, centered.square().sum((1, 2)))
    # The mean moves with the points: what the base sees does not.
    assert torch.allclose(force, -2 * centered)
