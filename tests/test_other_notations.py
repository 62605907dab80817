"""What newcomers write who know papers, PyTorch, einops or e3nn: each is told what it is here."""

from __future__ import annotations

import re
from itertools import product
from pathlib import Path

import pytest

import symc
from symc.checking.familiar import familiar
from symc.diagnostics.diagnostic import Diagnostic
from symc.diagnostics.explain import FOLDER
from symc.source import Source
from symc.syntax.irreps import translated
from symc.syntax.parse import parse
from symc_runtime.catalogue import compiled_groups
from symc_runtime.catalogue import groups as families

ROOT = Path(__file__).parents[1]
SPELLINGS = ("{0}{1}", "{0}_{1}", "{2}{1}", "{2}_{1}")


def only(text: str) -> Diagnostic:
    (found,) = symc.check(text)
    return found


def fixed(found: Diagnostic) -> str:
    assert found.fix is not None, found
    text = found.source.text
    return text[: found.span.start] + found.fix + text[found.span.end :]


# Groups


# `Z23` is the cyclic group of 23 elements.
@pytest.mark.parametrize(
    "family",
    [name for name, facts in compiled_groups().items() if name != "Z2" and not facts.nests],
)
@pytest.mark.parametrize("spelling", SPELLINGS)
@pytest.mark.parametrize("parameter", [1, 2, 3, 7])
def test_every_group_is_known_by_its_usual_spelling(
    family: str, spelling: str, parameter: int
) -> None:
    word = spelling.format(family, parameter, family.lower())
    bare = families()[family].bare or "point"
    text = f"input x[{parameter}: {word}.{bare}, 2]\noutput y"
    found = only(text)
    assert (found.code, text[slice(*found.span)]) == ("SYM201", word)
    assert found.help == f"did you mean `{family}({parameter})`?"
    assert not [d for d in symc.check(fixed(found)) if d.severity == "error"]
    declaration = only(f"group G = {word}\ninput x[{parameter}: G.{bare}]\noutput y")
    assert declaration.fix == f"{family}({parameter})"


@pytest.mark.parametrize(
    ("name", "group"),
    [("Sn", "S(n)"), ("S_n", "S(n)"), ("sn", "S(n)"), ("On", "O(n)"), ("SO_d", "SO(d)")],
)
def test_a_letter_is_a_parameter_too(name: str, group: str) -> None:
    assert only(f"input x[n: {name}.scalar]\noutput y").fix == group


@pytest.mark.parametrize(
    ("axis", "group"),
    [
        ("k: permutation", "S(k)"),
        ("k: Perm", "S(k)"),
        ("3: rotation", "SO(3)"),
        ("2: rotations2", "SO(2)"),
        ("3: orthogonal", "O(3)"),
        ("3: Euclidean.point", "E(3)"),
        ("3: rigid_motion.point", "SE(3)"),
        ("4: translations.point", "T(4)"),
    ],
)
def test_a_word_means_the_group_of_its_axis(axis: str, group: str) -> None:
    found = only(f"input x[{axis}, 2]\noutput y")
    assert found.fix == group
    assert not [d for d in symc.check(fixed(found)) if d.code[3] in "23"]


@pytest.mark.parametrize(
    ("call", "meant"),
    [
        ("permutation(n)", "S(n)"),
        ("Sn(n)", "S(n)"),
        ("SymmetricGroup(n)", "S(n)"),
        ("rot(n)", "SO(n)"),
    ],
)
def test_constructors_of_elsewhere(call: str, meant: str) -> None:
    found = only(f"input x[n: {call}]\noutput y")
    assert found.code == "SYM302"
    assert f"did you mean `{meant}`?" in (found.help or "")
    assert meant in fixed(found)


@pytest.mark.parametrize("name", ["SU2", "U1", "unitary", "Lorentz"])
def test_groups_of_later_are_said_to_come(name: str) -> None:
    found = only(f"group G = {name}\ninput x[4: G]\noutput y")
    assert "not available yet" in (found.help or "")
    assert found.fix is None


@pytest.mark.parametrize("name", ["GL3", "SL2", "Sp4", "A5"])
def test_groups_that_the_language_has_not_are_no_other(name: str) -> None:
    found = only(f"input x[3: {name}]\noutput y")
    assert "no group of the language" in (found.help or "")
    assert found.fix is None


@pytest.mark.parametrize(
    ("name", "size", "meant"),
    [
        ("C4", "4", "C(4)"),
        ("C_6", "6", "C(6)"),
        ("Z4", "4", "C(4)"),
        ("C2", "2", "C(2)"),
        ("D4", "4", "D(4)"),
        ("D_3", "3", "D(3)"),
        ("rot90", "4", "C(4)"),
        ("cyclic", "5", "C(5)"),
        ("dihedral", "5", "D(5)"),
    ],
)
def test_turns_and_reflections_by_other_names(name: str, size: str, meant: str) -> None:
    """What is suggested is a spec without findings, also where the group is declared before."""
    found = only(f"input x[{size}: {name}]\noutput y")
    assert found.help == f"did you mean `{meant}`?"
    assert symc.check(fixed(found)) == []
    declared = only(f"group R = {meant}\ninput x[{size}: R, {size}: {name}]\noutput y")
    assert declared.help == f"did you mean `R`, which is `{meant}`?"


def test_the_group_of_two_elements() -> None:
    assert "`Z2(k)`" in (only("input x[2: Z2]\noutput y").help or "")
    for name in ("z2", "Z_2", "Z2_2", "z2_2", "sign_flip", "flips"):
        found = only(f"input x[2: {name}]\noutput y[2: Z2(2)]")
        assert found.fix == "Z2(2)"
        assert symc.check(fixed(found)) == []
    assert only("input x[23: Z23]\noutput y").fix == "C(23)"


@pytest.mark.parametrize("name", ["on", "en", "so", "P", "Group", "x1y", "S0", "batch", "", "SE"])
def test_other_names_are_no_groups(name: str) -> None:
    assert familiar(name) is None


def test_a_declared_group_of_that_kind_is_suggested_by_its_name() -> None:
    text = "group M = SO(3)\ngroup P = S(n)\ninput x[n: P, 3: {}]\noutput y"
    found = only(text.format("SO3"))
    assert found.help == "did you mean `M`, which is `SO(3)`?"
    assert symc.check(fixed(found)) == []
    # SO(2) is near in letters alone.
    assert only(text.replace("M = SO(3)", "SO2 = SO(2)").format("SO3.vector")).fix == "SO(3)"
    assert only(text.replace("M =", "SO3 =").format("so_3")).fix == "SO3"
    assert only(text.replace("M =", "Rots =").format("Rot")).fix == "Rots"
    assert only("input x[3: SO(3)]\ninput y[3: SO3]\noutput z").fix == "SO(3)"


GROUP_NAMES = ("R", "Rot", "Rot9", "Perm", "SO3", "S", "G", "vector")


@pytest.mark.parametrize(("name", "value"), product(GROUP_NAMES, [*GROUP_NAMES, "rot90", "Perms"]))
def test_a_name_never_suggests_itself(name: str, value: str) -> None:
    for text in (
        f"group {name} = {value}\ninput x[3: {name}]\noutput y",
        f"group Other = S(n)\ngroup {name} = {value}\ninput x[n: Other, 3: {name}]\noutput y",
    ):
        for found in symc.check(text):
            assert found.fix != name
            listed = re.search(r"(?:did you mean|groups:|available:).*", found.help or "")
            assert listed is None or f"`{name}`" not in listed[0]


# Products of groups, as papers and `symc describe` write them

FACTORS = ["S(n)", "O(3)", "E(2)", "P", "M"]
DECLARED = "group P = S(k)\ngroup M = SO(2)\n"


@pytest.mark.parametrize(("left", "right"), product(FACTORS, FACTORS))
@pytest.mark.parametrize("sign", ["x", "X", "×", "and"])
def test_a_product_of_papers_is_the_product_of_the_language(
    left: str, right: str, sign: str
) -> None:
    texts = [
        f"{DECLARED}group G = {left} {s} {right}\ninput x[k: P, 2: M, 3: G]\noutput y"
        for s in ("*", sign)
    ]
    ours, theirs = (only(text) for text in texts)
    assert (ours.code, ours.message, ours.help) == (theirs.code, theirs.message, theirs.help)
    assert ours.code == "SYM310"
    for found in (ours, theirs):
        written = found.source.text[slice(*found.span)]
        assert written.startswith(left)
        assert written.endswith(right)


def test_a_product_of_papers_on_an_axis() -> None:
    for sign in ("x", "*"):
        found = only(f"input x[n: S(n) {sign} O(3)]\noutput y")
        assert found.source.text[slice(*found.span)] == f"S(n) {sign} O(3)"
        assert "an axis of its own" in (found.help or "")
        assert "`n: S(n), 3: O(3)" in (found.help or "")
    found = only("input x[_: S(n) x O(3)]\noutput y")
    assert (found.code, found.fix) == ("SYM102", "*")
    assert symc.check(fixed(found)) == []
    # `x` is a name like any other.
    assert symc.check("size x = 3\ninput a[x, 2: O(2)]\noutput y[x]") == []


# Sizes and batch axes that were not meant

SPECS = [
    *((path.name, path.read_text()) for path in sorted((ROOT / "specs").glob("*.sym"))),
    *(
        (f"{page.stem}-{place}", block)
        for page in [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
        for place, block in enumerate(re.findall(r"```\w*\n(.*?)```", page.read_text(), re.S))
        if re.search(r"^input ", block, re.M)
    ),
    *(
        (f"{page.stem}-{place}", block)
        for page in sorted(FOLDER.glob("*.md"))
        if page.stem not in ("SYM209", "SYM210")
        for place, block in enumerate(re.findall(r"```sym\n(.*?)```", page.read_text(), re.S))
    ),
]


@pytest.mark.parametrize("text", [s[1] for s in SPECS], ids=[s[0] for s in SPECS])
def test_no_false_alarm_on_what_is_shown(text: str) -> None:
    assert not {"SYM209", "SYM210"} & {d.code for d in symc.check(text)}


@pytest.mark.parametrize(
    "group", ["SO(2)", "O(2)", "E(2).point", "SE(2).point", "O(2).pseudovector"]
)
def test_a_size_that_a_group_of_space_fixes(group: str) -> None:
    text = f"input image[3, h: {group}]\ninput p[2: {group}]\noutput y"
    found = only(text)
    assert (found.code, found.severity) == ("SYM209", "warning")
    assert text[slice(*found.span)] == "h"
    for meant in (text.replace("h:", "2:"), f"size h = 2\n{text}"):
        assert symc.check(meant) == []


@pytest.mark.parametrize("carried", ["M.scalar", "M.pseudoscalar", "P.sign"])
def test_a_size_of_one(carried: str) -> None:
    head = "group P = S(n)\ngroup M = O(3)\ninput v[n: P, 3: M]\n"
    text = f"{head}input c[many: {carried}]\noutput y"
    (found,) = (d for d in symc.check(text) if d.severity == "warning")
    assert (found.code, text[slice(*found.span)]) == ("SYM209", "many")
    assert found.message == f"`many` is 1 in every call, for `{carried}` acts on 1 number"
    for meant in (f"many: many*{carried}", f"1: {carried}"):
        assert f"`{meant}`" in (found.help or "")
        assert not symc.check(f"{head}input c[{meant}]\noutput y")


def test_both_sizes_of_an_image_are_named() -> None:
    found = symc.check("input image[3, h: SO(2), w: SO(2)]\noutput y")
    assert [(d.code, d.message[:8]) for d in found] == [
        ("SYM209", "`h` is 2"),
        ("SYM209", "`w` is 2"),
    ]
    assert all("R.grid` of `group R = C(4)`" in (d.help or "") for d in found)
    found = symc.check("group R = C(4)\ninput image[3, h: R, w: R]\noutput y")
    assert [(d.code, "`(h, h): R.grid`" in (d.help or "")) for d in found][:1] == [("SYM209", True)]


def test_what_moves_items_is_not_told_of_coordinates() -> None:
    for group, entries in (("C(12)", "items"), ("D(6)", "items"), ("SO(12)", "coordinates")):
        (found,) = symc.check(f"input x[k: {group}, 2]\noutput y")
        assert found.code == "SYM209"
        assert f"if the entries along it are {entries}" in (found.help or "")


def test_an_image_is_offered_where_one_may_be_meant() -> None:
    for axes, offered in (
        ("28, 28: C(4)", "`(28, 28): C(4).grid`"),
        ("3, (28, 28): SO(2).grid", "`grid` of `C(4)`"),
        ("3, (28, 28): E(2).image", "`grid` of `C(4)`"),
        ("(28, 28, 3): C(4).grid", "`(28, 28): C(4).grid, 3`"),
        ("(3, h, h): C(4).grid", "`3, (h, h): C(4).grid`"),
        ("3: Z(4)", "`C(4)`"),
    ):
        found = symc.check(f"input x[{axes}]\noutput y")
        assert offered in (found[0].help or ""), axes
    # Not where there is no image of the group, or other things than items are wrong.
    for axes in ("28, 28: C(3)", "3: C(4).vector", "7: S(4)"):
        (error,) = symc.check(f"input x[{axes}]\noutput y")
        assert "grid" not in (error.help or ""), axes


@pytest.mark.parametrize(
    "axis",
    ["n: S(5)", "n: S(n)", "c: 4*M.scalar + M", "c: M^2", "2*h: O(4)", "3: O(d)", "1: M.scalar"],
)
def test_sizes_that_are_meant(axis: str) -> None:
    found = symc.check(f"group M = O(3)\ninput v[3: M]\ninput x[{axis}]\noutput y")
    assert "SYM209" not in {d.code for d in found}


@pytest.mark.parametrize(
    ("name", "tensors"),
    [
        *(
            (name, "input x[{0}, n: S(n), 3]\noutput y")
            for name in ("batch", "batch_size", "Batch")
        ),
        ("n_batch", "input x[{0}, 3]\ninput z[n: S(n)]\noutput y"),
        ("batch", "input x[n: S(n), 3]\noutput y[{0}, n: S(n)]"),
        *((name, "input x[{0}, n: S(n), 3]\noutput y[{0}, 2]") for name in ("B", "b", "bs")),
    ],
)
def test_a_batch_axis_is_not_declared(name: str, tensors: str) -> None:
    found = [d for d in symc.check(tensors.format(name)) if d.code == "SYM210"]
    assert [d.source.text[slice(*d.span)] for d in found] == [name]
    assert found[0].severity == "warning"


@pytest.mark.parametrize(
    "text",
    [
        "size batch = 5\ninput x[batch, n: S(n)]\noutput y",
        "input x[batch: S(batch)]\noutput y",
        "input x[n: S(n), batch]\noutput y",
        "input x[b, n: S(n)]\ninput z[n: S(n), b]\noutput y[b]",
        "input x[B, n: S(n)]\noutput y",
        "input x[B, n: S(n)]\noutput y[n: S(n)]",
        "input x[N, n: S(n)]\noutput y[N]",
        "input x[n, 3: O(3)]\noutput y[n]",
        "input x[b, 3]\ninput z[b: S(b)]\noutput y[b]",
        "input batches[3: O(3)]\noutput y",
    ],
)
def test_axes_that_may_be_meant(text: str) -> None:
    assert "SYM210" not in {d.code for d in symc.check(text)}


# Syntax of elsewhere

TENSORS = "input x[n: S(n), 3: O(3)]\noutput y\n"


@pytest.mark.parametrize(
    ("text", "place", "help_"),
    [
        ("symmetrize S(n) with average", "with", "after `by`"),
        ("symmetrize using average", "using", "after `by`"),
        ("symmetrize average", "", "the method after it"),
        ("symmetrize by average, frame", ",", "one method"),
        ("symmetrize by average over S(n)", "over", "before `by`"),
        ("symmetrize by average samples=20", "samples", "`average(samples=20)`"),
        ("symmetrize S(n) x O(3) by frame", "x", "`,`"),
        ("symmetrize by haar", "haar", "did you mean `average`?"),
        ("symmetrize by Frames", "Frames", "did you mean `frame`?"),
        ("symmetrize S(n) average", "average", "after `by`"),
        ('symmetrize S(n) by "average"', '"average"', "without quotes"),
        ('symmetrize(S(n), method="average")', ",", "without parentheses"),
        ("symmetrize all by average", "all", "`symmetrize by METHOD`"),
        ("G = SO(3)", "G", "`group G = ...`"),
        ("k: 5", "k", "`size k = ...`"),
        ("return z", "return", "`output`"),
        ("input z[n, 3]: E(3)", ":", "stands on its axes"),
        ("input z[2*n: S(n)]", "S(n)", "`n: S(n)`"),
        ("input z[4: M]", "M", "`group M = S(4)`"),
        ("input z[3: M]", "M", "`group M = O(3)`"),
        ("input z[3: O(3) vector]", "vector", "`M.vector`"),
        ("input z[3: O(3)::vector]", ":", "`M.vector`"),
        ("input z[3: O(3)->vector]", "->", "`group.name`"),
        ("input z[3: O(3).axial]", "axial", "`pseudovector`"),
        ("input z[3: E(3).position]", "position", "`point`"),
        ("input z-w[3]", "-", "no `-`"),
        ("// comment", "//", "`#`"),
        ("/* comment */", "/*", "`#`"),
        ("-- comment", "--", "`#`"),
        ("input z: [n, 3]", ":", "`input z[...]`"),
        ("input z(n, 3)", "(", "`input z[...]`"),
        ('input z "n c"', '"n c"', "`input z[...]`"),
        ("input z = [n: S(n)]", ":", "`input z[...]`"),
        ("input z[n], w[n]", ",", "write `input` before"),
        ("output z[n], w[n]", ",", "write `output` before"),
        ("input z[n],", ",", "no separator"),
        ("input z[n] float32", "float32", "no type"),
        ("input z[n]: int", ":", "no type"),
        ("output z: float", ":", "no type"),
        ("input z: Tensor[n, 3]", ":", "`input z[...]`"),
        ("input z[n][3]", "[", "one pair of brackets"),
        ("input z[n] in 10", "in", "`of 10`"),
        ("input z[..., n]", ".", "batch axis"),
        ("input z[:, n]", ":", "batch axis"),
        ("input z[*, n]", "*", "batch axis"),
        ("input z[-1, n]", "-1", "batch axis"),
        ("input z[(n, 3)]", "]", "`[n, 3]`"),
        ("input z[n: S[n]]", "[", "parentheses"),
        ("input z[n: S{n}]", "{", "parentheses"),
        ("input z<n, 3>", "<", "square brackets"),
        ("input z[n] -> w", "->", "statement of its own"),
        ("input z[k] → w", "→", "statement of its own"),
        ("input z[k ∈ S(k)]", "∈", "`:`"),
        ("input z[k @ S(k)]", "@", "`:`"),
        ("z[n: S(n), 3]", "z", "`input z[...]`"),
        ("group G = S(k) & O(2)", "&", "`group` statement"),
        ("size p, q", ",", "`size p`"),
        ("size p = any", "any", "`size p`"),
        ("size p < 64", "<", "`<=`"),
        ("input z[3: vector]", "vector", "`O(3).vector`"),
        ("input z[3: vector(3)]", "vector", "`O(3).vector`"),
        ("input z[4: point]", "point", "`E(4).point`"),
        ("input z[c: scalar]", "scalar", "a size alone"),
        ("input z[_: 8x0e + 4x1o]", "8x0e + 4x1o", "`8*M.scalar + 4*M.vector`"),
        ("input z[3: 1o]", "1o", "`M.vector`"),
        ("input z[_: 2x2e]", "2x2e", "`M.vector^2`"),
        ('input z[3: "1e"]', '"1e"', "`O(3).pseudovector`"),
        ('input z[3: "vec"]', '"vec"', "without quotes"),
    ],
)
def test_it_is_told_what_to_write(text: str, place: str, help_: str) -> None:
    found = next(d for d in symc.check(TENSORS + text) if d.severity == "error")
    assert found.source.text[slice(*found.span)] == place
    assert found.span.start >= len(TENSORS)
    assert help_ in (found.help or "")


@pytest.mark.parametrize(
    ("text", "help_"),
    [
        ('spec "n body"', "`spec n_body`"),
        ("spec nbody.sym", "`spec nbody`"),
        ("spec a-b", "no `-`"),
    ],
)
def test_names_of_specs(text: str, help_: str) -> None:
    assert help_ in (symc.check(f"{text}\n{TENSORS}")[0].help or "")


@pytest.mark.parametrize(
    ("letters", "here"),
    [
        ("1o", "G.vector"),
        ("8x0e + 4x1o", "8*G.scalar + 4*G.vector"),
        ("0o+2x1e", "G.pseudoscalar + 2*G.pseudovector"),
        ("2e", None),
        ("1o +", None),
        ("vector", None),
    ],
)
def test_letters_of_e3nn(letters: str, here: str | None) -> None:
    assert translated(letters, "G") == here
    if here is not None:
        text = f"group G = O(3)\ninput x[_: {here}, 3: G]\noutput y"
        assert not [d for d in symc.check(text) if d.severity == "error"]


# Words of later statements stay names

LATER = ("learned", "sampled", "unknown", "weighted", "degree", "residual", "none")


@pytest.mark.parametrize("word", LATER)
@pytest.mark.parametrize(
    "text",
    [
        "input {0}[n: S(n), 2]\noutput y",
        "input x[{0}: S({0}), 2]\noutput y[{0}: S({0})]",
        "group {0} = S(n)\ninput x[n: {0}, 2]\noutput y\nsymmetrize {0} by average",
        "size {0} <= 5\ninput x[{0}: S({0}), 2]\noutput y",
        "spec {0}\ninput x[n: S(n), 2] of 3\noutput y",
        "input x[n: S(n), 2]\noutput {0}",
    ],
)
def test_words_behind_a_name_stay_names(word: str, text: str) -> None:
    assert symc.check(text.format(word)) == []


@pytest.mark.parametrize("word", ["relax", "search"])
@pytest.mark.parametrize(
    "role", ["size {}", "group {} = S(n)", "input {}[2]", "output {}", "spec {}"]
)
def test_relax_and_search_are_no_names(word: str, role: str) -> None:
    (found,) = parse(Source("t", role.format(word))).diagnostics
    assert (found.code, found.source.text[slice(*found.span)]) == ("SYM106", word)
    assert "reserved for a later version" in found.message


@pytest.mark.parametrize(
    "tail", ["learned of 3", "learned[3]", "= [1] learned", "sampled[3]", "learned sampled"]
)
def test_the_order_behind_a_name(tail: str) -> None:
    found = parse(Source("t", f"input x[1] {tail}")).diagnostics
    assert [d.code for d in found] == ["SYM102"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("input x[n] sampled\noutput y", "only outputs are sampled"),
        ("input x[n]\noutput y learned", "only inputs are learned"),
        ("input x[n]\noutput y[3] = [0, 0, -1/2]", "only inputs are constant"),
        ("input x[n]\noutput y[2, 1] = [[0.5], [1]]", "only inputs are constant"),
        ("input x[n]\noutput y = -2.5", "only inputs are constant"),
        ("input x = 9.81\noutput y", "it has axes, and no value"),
    ],
)
def test_each_word_on_its_kind_of_tensor(text: str, message: str) -> None:
    (found,) = symc.check(text)
    assert found.code == "SYM102"
    assert message in found.message
