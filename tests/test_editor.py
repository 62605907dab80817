"""What editors ask of a spec, as functions of a text and a place; `|` marks the place."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from symc.diagnostics.codes import CODES
from symc.diagnostics.diagnostic import Diagnostic
from symc.editor.analysis import Analysis
from symc.editor.completion import complete
from symc.editor.fixes import fixes
from symc.editor.formatting import format_edits
from symc.editor.hover import KEYWORDS, hover
from symc.editor.navigation import (
    RenameRefusedError,
    definition,
    references,
    renamable,
    rename,
)
from symc.editor.positions import Encoding, Lines, Place
from symc.editor.symbols import symbols
from symc_runtime.catalogue import compiled_groups, groups, methods, nets

SPEC = '''\
spec cloud
"""A 𝔾-cloud, n is no name here."""
size k = 4
size m <= 64
group P = S(n)
group M = E(3)  # n × ⊗
input  pos[n: P, 3: M.point]
input  far[k, 3: M.point]
input  mix[n: P, _: 16*M.scalar + 2*M.vector + M.pseudovector, c]
input  tag[m: S(m)] of 10
output next[n: P, 3: M.point]
symmetrize M by probabilistic(samples=5, net=vector_neurons(hidden=8), anchor=pos)
symmetrize P by canonical
'''


def at(text: str) -> tuple[Analysis, int]:
    """The analysis of a text without its mark, and the place of the mark."""
    assert text.count("|") == 1
    return Analysis(text.replace("|", "")), text.index("|")


def marked(word: str, place: str) -> tuple[Analysis, int]:
    """The place in SPEC that `place` marks; `word` is the context to find it by."""
    assert SPEC.count(word) == 1, word
    return at(SPEC.replace(word, place))


def shown(word: str, place: str) -> str:
    found = hover(*marked(word, place))
    assert found is not None
    return found.text


def labels(text: str) -> list[str]:
    return [item.label for item in complete(*at(text))]


def test_the_spec_of_these_tests_is_right() -> None:
    assert Analysis(SPEC).compilation.diagnostics == ()


# positions


@pytest.mark.parametrize(("encoding", "column"), [("utf-8", 13), ("utf-16", 8), ("utf-32", 7)])
def test_places_count_code_units(encoding: Encoding, column: int) -> None:
    text = "x\n# 𝔾 ⊗ é|\r\ny\rz\n"
    lines = Lines(text.replace("|", ""), encoding)
    assert lines.place(text.index("|")) == Place(1, column)
    assert lines.offset(Place(1, column)) == text.index("|")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-32"])
def test_places_and_offsets_are_inverse(encoding: Encoding) -> None:
    text = "a⊗𝔾\r\n\n≤ é\ud800\rb\n"
    lines = Lines(text, encoding)
    for offset in range(len(text) + 1):
        inside_break = text[offset - 1 : offset + 1] == "\r\n" and offset > 0
        expected = offset - 1 if inside_break else offset
        assert lines.offset(lines.place(offset)) == expected


def test_places_outside_of_the_text_are_its_nearest() -> None:
    lines = Lines("a𝔾b\nc")
    assert lines.offset(Place(0, 99)) == 3
    assert lines.offset(Place(9, 0)) == 5
    assert lines.offset(Place(0, 2)) == 1  # between the halves of a surrogate pair
    assert Lines("a\r\nb").place(2) == Place(0, 1)  # between the halves of a line break
    assert [lines.place(offset) for offset in range(3)] == [(0, 0), (0, 1), (0, 3)]


# hover


def test_hover_over_a_tensor() -> None:
    text = shown("mix[n", "m|ix[n")
    assert "input mix[n: P, 25: 16*M.scalar + 2*M.vector + M.pseudovector, c]" in text
    assert "`[batch, n, 25, c]`, dimension `25*c*n`" in text
    assert "3 blocks:" in text
    assert "- `n` permuted by `P` × `2` channels × `3` turned by `M` × `c` channels" in text
    assert "times the sign of `M`" in text
    assert "- `n` permuted by `P` × `16` channels × `c` channels\n" in text
    assert "expectation" not in text  # nothing is proved of an input
    assert "`3` turned and moved by `M`" in shown("anchor=pos", "anchor=p|os")
    assert "labels: whole numbers 0 to 9" in shown("tag[m", "t|ag[m")


def test_hover_decomposes_into_irreducibles() -> None:
    space = "input |x[n: S(n), 3: E(3).point]\noutput y[3: E(3).vector]\n"
    text = shown_in(space)
    assert "irreducible: `(n) x 1o + (n-1,1) x 1o`, for n >= 2, the linear part" in text
    assert shown_in(space.replace("|", "").replace("y[", "|y[")).endswith("irreducible: `1o`")
    assert "irreducible" not in shown_in("input x[n: S(n)]\noutput |y[2]\n")


def test_hover_counts_equal_blocks_once() -> None:
    found = hover(*at("group R = O(3)\ninput |x[_: R + R + R + 2*R]\noutput y\n"))
    assert found is not None
    assert "4 blocks:\n\n- 3 times `3` turned by `R`\n- `2` channels × `3` turned" in found.text


def test_hover_over_a_group() -> None:
    text = shown("group M", "group M|")
    assert "group M = E(3)" in text
    assert "Euclidean group, dimension 6" in text
    assert "on `pos`, `far`, `mix`, `next`" in text
    assert "`by probabilistic`, net `vector_neurons(hidden=8, layers=3)`, anchor `pos`" in text
    assert "`n!` elements" in shown("group P", "group |P")
    assert "dimension `d (d - 1) / 2`, d = q" in shown_in("group |G = O(q)\ninput x[q: G]\n")
    assert "120 elements" in shown_in("group |G = S(5)\n")
    assert "on no tensor yet" in shown_in("group |G = S(5)\n")


def shown_in(text: str) -> str:
    found = hover(*at(text))
    assert found is not None
    return found.text


def test_hover_tells_what_is_proved() -> None:
    one = "group |R = SO(3)\ninput v[3: R]\noutput w[3: R]\n"
    assert "a generic input is fixed by `SO(2)`: " in shown_in(one)
    w = shown_in(one.replace("|", "").replace("w[", "|w["))
    assert "its expectation fills 1 of 3 dimensions" in w
    two = one.replace("|", "").replace("v[3", "v[2, 3")
    assert "only the identity fixes a generic input" in shown_in(two.replace("R =", "|R ="))
    assert "its expectation can be anything" in shown_in(two.replace("w[", "|w["))
    assert "generic" not in shown_in(one + "input broken[")


def test_hover_over_a_size() -> None:
    assert "fixed: `k` is declared 4 here" in shown("size k", "size |k")
    assert "ragged: counts up to 64" in shown("size m", "size m|")
    assert "axis 0 of `pos` tells it" in shown("group P = S(n)", "group P = S(|n)")
    assert "axis 2 of `mix` tells it" in shown("pseudovector, c]", "pseudovector, |c]")
    assert "`n` is 3 here, on an axis with `S(6)`, as 2*n = 6" in shown_in("input x[2*n|: S(6)]\n")
    assert "which is `2*a + 1` long" in shown_in("input x[2*|a + 1]\noutput y\n")
    assert "no input tells it" in shown_in("input x[a*|b]\noutput y\n")


def test_hover_over_representations_and_constructors() -> None:
    assert "dimension 3: turns with R, translations leave it, times det R" in shown(
        "M.pseudovector", "M.pseudo|vector"
    )
    assert "M.point" in shown("pos[n: P, 3: M.point]", "pos[n: P, 3: M.|point]")
    assert "symmetric group. All permutations of n items" in shown("P = S(n)", "P = |S(n)")
    inline = "input x[n: S(n).|sign]\noutput y\n"
    assert "S(n).sign\n```\n\ndimension 1: multiplied by the sign" in shown_in(inline)


def test_hover_over_methods_options_and_nets() -> None:
    text = shown("by probabilistic", "by |probabilistic")
    assert "learned distribution" in text
    assert (
        "- `samples=1`: elements drawn a call in training, a whole number from 1 to 1,000,000"
        in text
    )
    assert "- `noise_scale=1.0`: standard deviation of the net's noise, a number from 0" in text
    assert shown("samples=5", "sam|ples=5").startswith("`samples=1`")
    assert shown_in("symmetrize by frame(samp|les").startswith("`samples=1`")  # half typed
    assert "- `hidden=32`: width" in shown("net=vector", "net=|vector")
    assert "from 1 to 4,096" in shown("hidden=8", "|hidden=8")
    assert "the input whose mean is the origin" in shown("anchor=pos", "|anchor=pos")


@pytest.mark.parametrize("name", methods())
def test_hover_knows_every_method_and_its_options(name: str) -> None:
    assert methods()[name].title in shown_in(f"symmetrize by |{name}")
    for option, facts in methods()[name].options.items():
        assert facts.meaning in shown_in(f"symmetrize by {name}({option}|=1)")


@pytest.mark.parametrize("name", nets())
def test_hover_knows_every_net_and_its_options(name: str) -> None:
    assert nets()[name].title in shown_in(f"symmetrize by canonical(net=|{name})")
    for option, facts in nets()[name].options.items():
        assert facts.meaning in shown_in(f"symmetrize by canonical(net={name}({option}|=1))")


@pytest.mark.parametrize("name", compiled_groups())
def test_hover_knows_every_group_and_its_representations(name: str) -> None:
    facts = groups()[name]
    told = facts.usage.replace(name, f"{name}|", 1)
    assert facts.title in shown_in(f"group G = {told}")
    constructor = facts.called((3, 2) if facts.nests else 3)
    for representation in facts.atoms:
        shown = shown_in(f"group G = {constructor}\ninput x[_: G.{representation}|]")
        written = (
            f"{representation}(j)" if facts.atoms[representation].arguments else representation
        )
        assert shown.startswith(f"```sym\nG.{written}\n```\n\ndimension ")


def test_hover_over_groups_that_act_by_tables() -> None:
    """Sizes of what is known, the conventions of the language, the representations that exist."""
    image = "group R = D({})\ninput x[3, (h, h): R.{}]\noutput y\n"
    said = shown_in(image.format(4, "gr|id"))
    assert "dimension h*w on axes `(h, w)` together: an image, turned by quarters" in said
    assert "dimension 8: a number for each element" in shown_in(image.format(4, "regu|lar"))
    assert "dimension 2*n: a number" in shown_in(image.format("n", "regu|lar"))
    degrees = shown_in(image.format(6, "irr|ep(1)"))
    assert "dimension 1 or 2: irreducible" in degrees
    assert degrees.partition("\n\n---")[0].endswith("j from 0 to 3")
    assert "dimension 1 or 2: irr" in shown_in(image.format("n", "irr|ep(1)"))
    assert "negated by s" in shown_in(image.format(4, "si|gn"))
    for k, has in ((4, True), (3, False)):
        card = shown_in(f"group |R = C({k})\ninput x[{k}: R]\noutput y\n")
        assert f"{k} elements" in card
        assert "`natural` (the bare name), `vector`" in card
        assert "`irrep(j)`" in card
        assert ("`grid`" in card) == has
    assert "`grid`" in shown_in("group R = |C(n)\n")


def test_hover_shows_every_axis_of_an_image() -> None:
    said = shown_in("group R = C(4)\ninput |x[3, (h, h): R.grid, 2: R.vector]\noutput y\n")
    assert "input x[3, (h, h): R.grid, 2: R.vector]" in said
    assert "shape `[batch, 3, h, h, 2]`, dimension `6*h^2`" in said
    assert "`3` channels × `h^2` moved by `R` × `2` moved by `R`" in said


def test_hover_over_keywords_and_over_nothing() -> None:
    assert shown("output next", "out|put next") == KEYWORDS["output"]
    for word, place in [
        ("n is no name", "|n is no name"),
        ("# n ×", "# |n ×"),
        ("5, net", "5|, net"),
    ]:
        assert hover(*marked(word, place)) is None


def test_hover_explains_a_diagnostic_and_a_code_in_a_comment() -> None:
    text = shown_in("input x[n: Q|]\noutput y\n")
    assert f"**SYM201**: {CODES['SYM201'].title}" in text
    assert len(text) > 120  # and why
    assert shown_in("# SYM2|04 comes up here\n").startswith("# SYM204")
    assert hover(*at("# SYM9|99 is no code\n")) is None


# completion


def test_completion_of_statements() -> None:
    assert labels("|")[:2] == ["spec", "size"]
    assert labels(SPEC + "|") == ["size", "group", "input", "output", "symmetrize"]
    assert "symmetrize" in labels(SPEC + "sym|")
    assert "input" in labels("input x[n\nin|")  # an entry in brackets would be indented
    assert "input" not in labels("input x[n,\n    in|")


def test_completion_after_a_dot() -> None:
    representations = list(groups()["E"].atoms)
    assert labels(SPEC + "input z[3: M.|") == representations
    assert labels(SPEC + "input z[3: M.po|") == representations
    assert labels(SPEC + "input z[3: E(3).|") == representations
    assert labels(SPEC + "input z[3: (2*M.|)]") == representations
    assert labels(SPEC + "input z[3: nobody.|") == []


def test_completion_of_representations_that_fit_the_axis() -> None:
    """On axes in brackets what stands on several; elsewhere what stands on one, if it exists."""
    spec = "group R = D(4)\ngroup Q = C(3)\ninput x["
    alone = ["natural", "vector", "regular", "irrep(j)", "sign", "scalar"]
    assert labels(spec + "4: R.|") == alone
    assert labels(spec + "(h, h): R.|") == ["grid"]
    assert labels(spec + "3, (h, h): R.|, 2: R]") == ["grid"]
    assert labels(spec + "(h, h): R.grid, 2: R.|") == alone
    assert labels(spec + "(h, h): Q.|") == []
    assert labels(spec + "4: D(4).|") == alone
    assert "grid" in labels(spec + "4: R]\ninput v[(h, w): C(4).|")
    assert [x for x in labels(spec + "(h, h): |") if "." in x] == ["R.grid"]
    offered = labels(spec + "3: |")
    assert {"R", "Q", "R.vector", "Q.irrep(j)"} <= set(offered)
    assert not {"R.grid", "Q.grid"} & set(offered)
    irreducible = next(c for c in complete(*at(spec + "2: R.irr|")) if c.label == "irrep(j)")
    assert irreducible.snippet == "irrep(${1:1})"


@pytest.mark.parametrize("name", compiled_groups())
def test_constructors_complete_to_a_group_that_compiles(name: str) -> None:
    """Groups that act by tables are of a number, others of the letter for their size."""
    facts = groups()[name]
    label = facts.usage
    text = "group G = |"
    (found,) = (c for c in complete(*at(text)) if c.label == label)
    constructor = re.sub(r"\$\{\d:(.*?)\}", r"\1", found.snippet or "")
    assert constructor == (f"{name}(4)" if facts.tabled else label)
    carried = facts.bare or "point"
    axis = "(n, m)" if facts.nests else "_"
    spec = f"group G = {constructor}\ninput x[2, {axis}: G.{carried}]\noutput y"
    assert [d for d in Analysis(spec).compilation.diagnostics if d.severity == "error"] == []


def test_completion_replaces_the_word_that_was_begun() -> None:
    text = SPEC + "input z[3: M.poi|"
    (first, *_) = complete(*at(text))
    assert text[first.span.start : first.span.end] == "poi"


def test_completion_in_axes() -> None:
    assert set(labels(SPEC + "input z[|")) == {"k", "m", "n", "c", "_"}
    assert set(labels(SPEC + "input z[k, 2*|")) == {"k", "m", "n", "c"}
    carried = labels(SPEC + "input z[n: |")
    assert carried[:2] == ["P", "P.sign"]
    assert {"M.point", "S(n)", "E(d)", "n"} <= set(carried)
    assert "M" not in carried  # it has no bare name
    assert labels(SPEC + "input z[n: P, |")[0] == "k"
    assert labels(SPEC + "input z[n: S(|") == labels(SPEC + "input z[2*|")
    assert labels(SPEC + "input z[n: P] |") == ["of"]
    assert labels(SPEC + "output z[n: P] |") == []


def test_completion_in_declarations() -> None:
    for text in ("input |", "group Q|", "size |", "spec |", "size q <|"):
        assert labels(text) == []
    constructors = [facts.usage for facts in compiled_groups().values()]
    assert labels("group Q = |") == [*constructors, "generated"]
    assert labels(SPEC + "size q = |") == ["k"]


def test_completion_in_symmetrize() -> None:
    text = SPEC[: SPEC.index("symmetrize")]
    fitting = ["attention", "deepsets", "gin", "refine"]
    assert labels(text + "symmetrize |") == ["P", "M", "by"]
    assert labels(text + "symmetrize P, |") == ["M"]
    assert labels(text + "symmetrize P |") == ["by"]
    assert labels(text + "symmetrize P by |")[0] == "probabilistic"
    assert set(labels(text + "symmetrize P by |")) == set(methods())
    assert labels(text + "symmetrize P by canonical(|") == ["net", "temperature", "anchor"]
    assert labels(text + "symmetrize P by canonical(temperature=1, |)") == ["net", "anchor"]
    assert labels(text + "symmetrize P by canonical(net=|") == fitting
    assert labels(text + "symmetrize M by canonical(net=|") == ["vector_neurons"]
    assert labels(text + "symmetrize P, M by canonical(net=|") == []  # none fits both
    assert labels(text + "symmetrize P by canonical(net=gin(|") == ["hidden", "layers"]
    assert labels(text + "symmetrize P by canonical(net=gin(hidden=3, |))") == ["layers"]
    assert labels(text + "symmetrize M by frame(anchor=|") == ["pos", "far"]
    assert labels(text + "symmetrize M by frame(samples=|") == []


@pytest.mark.parametrize("text", ["# in|", '"""in|', '"""in|"""', 'spec x "in|', "input x[16|]"])
def test_no_completion_in_prose_and_numbers(text: str) -> None:
    assert labels(text) == []


def test_completion_knows_groups_although_the_line_before_is_broken() -> None:
    text = "group P = S(n)\ngroup M = SO(2)\ninput x[n: P, 2: M.\ninput y[n: |\noutput z[n: P]\n"
    assert {"P", "M"} <= set(labels(text))


# navigation


def places(word: str, place: str) -> list[str]:
    """The lines on which the name at a place stands, with the name marked."""
    analysis, offset = marked(word, place)
    found = []
    for start, end in references(analysis, offset):
        line = analysis.source.line(analysis.source.position(start).line)
        found.append(f"{line.split()[0]} {analysis.text[start:end]}")
    return found


def test_definition() -> None:
    analysis, offset = marked("anchor=pos", "anchor=p|os")
    span = definition(analysis, offset)
    assert span is not None
    assert analysis.text[: span.end].endswith("input  pos")
    analysis, offset = marked("mix[n: P", "mix[|n: P")
    free = definition(analysis, offset)
    assert free is not None
    assert analysis.text[: free.end].endswith("group P = S(n")  # where it first stands
    for word, place in [("M.pseudov", "M.|pseudov"), ("by canonical", "by |canonical")]:
        assert definition(*marked(word, place)) is None


def test_references_follow_the_name_and_nothing_else() -> None:
    assert places("group M", "group |M") == [
        "group M",
        *["input M"] * 5,
        "output M",
        "symmetrize M",
    ]
    assert places("input  pos", "input  |pos") == ["input pos", "symmetrize pos"]
    assert places("mix[n: P", "mix[|n: P") == ["group n", "input n", "input n", "output n"]
    analysis, offset = marked("group M", "group |M")
    assert len(references(analysis, offset, declaration=False)) == 7


def test_names_in_unfinished_statements_are_found() -> None:
    analysis, offset = at("group P = S(n)\ninput x[n: P, \ninput y[n: P|, (\ninput z[n: P]\n")
    assert len(references(analysis, offset)) == 4
    span = definition(analysis, offset)
    assert span is not None
    assert span.start == 6


def test_words_of_matrix_groups_are_names_elsewhere() -> None:
    text = "size basis\ngroup element = S(basis)\ninput relation[basis: element|]\noutput y\n"
    analysis, offset = at(text)
    assert analysis.compilation.diagnostics == ()
    assert len(references(analysis, offset)) == 2
    assert len(references(analysis, text.index("basis"))) == 3
    assert "group element = S(basis)" in shown_in(text)


def test_elements_of_a_matrix_group_are_known_in_its_braces_alone() -> None:
    text = (
        "group G = generated { element r = [[0,-1],[1,0]] relation |r^4 = 1 }\n"
        "group H = generated { element r = [[1]] relation r = 1 }\ninput x[r, 2: G, 1: H]\n"
    )
    analysis, offset = at(text)
    assert [analysis.text[s:e] for s, e in references(analysis, offset)] == ["r", "r"]
    assert definition(analysis, offset) == (text.index("r ="), text.index("r =") + 1)


def renamed(text: str, new: str) -> str:
    analysis, offset = at(text)
    spans = rename(analysis, offset, new)
    result = analysis.text
    for start, end in sorted(spans, reverse=True):
        result = result[:start] + new + result[end:]
    return result


def test_rename_follows_everything_that_names_it() -> None:
    assert renamed(SPEC.replace("input  pos", "input  p|os"), "where") == SPEC.replace(
        "pos[", "where["
    ).replace("anchor=pos", "anchor=where")
    result = renamed(SPEC.replace("group M", "group |M"), "samples")
    assert "symmetrize samples by probabilistic(samples=5, net" in result
    assert Analysis(result).compilation.diagnostics == ()
    assert "n is no name here" in renamed(SPEC.replace("S(n)", "S(|n)"), "items")


@pytest.mark.parametrize(
    ("new", "reason"),
    [
        ("input", "reserved"),
        ("relax", "reserved for a later version"),
        ("_", "cannot be a name"),
        ("for", "keyword of Python"),
        ("größe", "ASCII"),
        ("2x", "no name"),
        ("a b", "no name"),
        ("", "no name"),
        ("far", "is taken: it stands on line 8"),
        ("c", "is taken"),
    ],
)
def test_rename_refuses_what_the_language_refuses(new: str, reason: str) -> None:
    analysis, offset = marked("input  pos", "input  |pos")
    with pytest.raises(RenameRefusedError, match=reason):
        rename(analysis, offset, new)


def test_rename_refuses_what_is_no_name_or_cannot_be_seen_whole() -> None:
    for word, place in [("by canonical", "by |canonical"), ("spec cloud", "spec |cloud")]:
        with pytest.raises(RenameRefusedError, match="only sizes, groups, inputs and outputs"):
            renamable(*marked(word, place))
    with pytest.raises(RenameRefusedError, match="not declared"):
        renamable(*at("input x[n: |Q]\noutput y"))
    with pytest.raises(RenameRefusedError, match="syntax error"):
        renamable(*at("group |P = S(n)\ninput x[n: P\noutput y"))
    with pytest.raises(RenameRefusedError, match="line 2 cannot be read"):
        renamable(*at('group |P = S(n)\n"""x'))
    assert renamable(*at("group |P = S(n)\ninput x[n: P]\noutput")).text == "P"


# formatting, outline, fixes


def test_formatting_is_one_edit_of_what_changes() -> None:
    text = "group P = S(n)\n\n\ninput x[ n : P ]\noutput y[n: P]\n"
    (edit,) = format_edits(Analysis(text))
    result = text[: edit.span.start] + edit.text + text[edit.span.end :]
    assert result == "group P = S(n)\n\ninput  x[n: P]\noutput y[n: P]\n"
    assert edit.span.start > 0
    assert "output" not in text[edit.span.start : edit.span.end]
    assert format_edits(Analysis(result)) == []
    assert format_edits(Analysis(text + "input [")) == []


def test_formatting_keeps_line_breaks_of_their_kind() -> None:
    text = "input x[ n ]  # c\r\noutput y[n]\r\n"
    (edit,) = format_edits(Analysis(text))
    result = text[: edit.span.start] + edit.text + text[edit.span.end :]
    assert result == "input  x[n]  # c\r\noutput y[n]\r\n"


def test_symbols_of_a_broken_spec() -> None:
    text = "spec s\nsize n <= 6\ngroup P =\ninput x[n: \noutput y of\nsymmetrize P by base\n"
    found = symbols(Analysis(text))
    assert [(s.kind, s.name, s.detail) for s in found] == [
        ("spec", "s", ""),
        ("size", "n", "<= 6"),
        ("group", "P", "="),
        ("input", "x", "[n:"),
        ("output", "y", "of"),
        ("symmetrize", "symmetrize P by base", ""),
    ]
    for symbol in found:
        assert symbol.span.start <= symbol.name_span.start < symbol.name_span.end <= symbol.span.end


def mended(text: str) -> str:
    """The text after the only fix of its first finding."""
    analysis = Analysis(text)
    (fix,) = fixes(analysis, analysis.compilation.diagnostics[0])
    return text[: fix.span.start] + fix.text + text[fix.span.end :]


def fixed(text: str, code: str) -> list[tuple[str, bool]]:
    analysis = Analysis(text)
    (found,) = (d for d in analysis.compilation.diagnostics if d.code == code)
    return [(fix.text, fix.preferred) for fix in fixes(analysis, found)]


def test_fixes_are_what_mends_the_spec() -> None:
    group = "group M = E(3)\ninput x[3: M.point]\noutput y[3: M.vector]\n"
    near = fixed(group.replace("vector", "vecter"), "SYM303")
    assert near == [("vector", True)]
    assert fixed("inptu x[3]\noutput y\n", "SYM104") == [("input", True)]
    named = [text for text, _ in fixed(group + "output z[3: M]\n", "SYM305")]
    assert named == ["M.point", "M.vector", "M.pseudovector"]
    again = fixed("group P = S(n)\ninput x[n: S(n)]\noutput y[n: P]", "SYM309")
    assert again == [("P", True)]
    assert fixed("input x[3]]\noutput y\n", "SYM102") == [("", True)]
    assert fixed("input x[3 4]\noutput y\n", "SYM102") == [(", ", True)]
    assert fixed("group P = S(n)\ninput x[n P]\noutput y\n", "SYM102") == [(": ", True)]
    assert fixed("input x[2n]\noutput y\n", "SYM102") == [("*", True)]
    assert fixed("input x[n: S(n]\noutput y\n", "SYM103") == [(")", True)]
    dimension = fixed("group R = O(3)\ninput x[4: R]\noutput y\n", "SYM301")
    assert dimension == [("3: R", False), ("_: R", False)]
    wrong = "input x[n: S(n)]\noutput y\nsymmetrize by average(samples=0)\n"
    assert fixed(wrong, "SYM505") == [("20", True)]
    assert fixed(wrong.replace("(samples=0)", "s"), "SYM501") == [("average", True)]
    shifts = "input x[1: T(1).point]\noutput y\nsymmetrize by average\n"
    assert fixed(shifts, "SYM502") == [("frame", True)]
    assert fixed("input x[n: U(4)]\noutput y\n", "SYM901") == []
    image = "group R = C({})\ninput x[{}]\noutput y\n"
    assert fixed(image.format(3, "(h, h): R.gird"), "SYM303") == [("grid", True)]
    assert fixed(image.format(4, "(h, h): R"), "SYM313") == [("(h, h): R.grid", True)]
    assert fixed(image.format(4, "h: R.grid"), "SYM313") == [("(h, h): R.grid", True)]
    assert fixed(image.format(4, "_: R.irrep(5)"), "SYM304") == [
        ("R.irrep(0)", False), ("R.irrep(1)", False), ("R.irrep(2)", False)
    ]  # fmt: skip
    assert fixed("input x[n: 3]\noutput y\n", "SYM312") == []  # words that mend nothing
    assert fixed("input x[3]\n", "SYM208") == []  # about the whole file
    text = "input x[3: Q]\noutput y\n"
    (found,) = Analysis(text).compilation.diagnostics
    as_wrong = replace(found, help="did you mean `R`?")
    assert fixes(Analysis(text), as_wrong) == []


def test_fixes_keep_what_was_written() -> None:
    rest = "output y\n"
    assert mended("input x[2n]\n" + rest) == "input x[2*n]\n" + rest
    assert mended("input x[3 4]\n" + rest) == "input x[3 , 4]\n" + rest
    assert mended("input x[n: S(n]\n" + rest) == "input x[n: S(n)]\n" + rest
    assert mended("input x[3]]\n" + rest) == "input x[3]\n" + rest


def test_fixes_are_not_tried_on_large_specs() -> None:
    text = "input x[n: S(n)]\noutput y\nsymmetrize by average(samples=0)\n"
    for padding, tried in (("", True), ("# padding\n" * 2500, False)):
        analysis = Analysis(text + padding)
        found: Diagnostic = analysis.compilation.diagnostics[0]
        assert found.fix is None
        assert bool(fixes(analysis, found)) == tried


def test_derived_outputs_are_completed_and_told() -> None:
    text = (
        "group P = S(n)\ninput pos[n: P]\noutput energy\noutput slope[n: P] = grad(energy, pos)\n"
    )
    before, middle = text.index("grad("), text.index("energy, pos")
    found = {item.label for item in complete(Analysis(text), before)}
    assert "grad" in found
    inside = [item.label for item in complete(Analysis(text), middle)]
    assert inside[0] == "energy"
    assert "pos" not in inside
    behind = [item.label for item in complete(Analysis(text), text.index("pos)"))]
    assert behind == ["pos"]
    shown = hover(Analysis(text), before + 1)
    assert shown is not None
    assert "after symmetrization" in shown.text
    card = hover(Analysis(text), text.index("slope") + 1)
    assert card is not None
    assert "derived after symmetrization from `energy`, by `pos`" in card.text
