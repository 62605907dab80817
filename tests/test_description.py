"""`symc describe` and `symc diff` as people read them: text of 80 columns, and a page."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path

import pytest

from symc.checking import check
from symc.comparison import compare
from symc.comparison.text import render as compared
from symc.description import Description, describe
from symc.description.html import page
from symc.description.text import render
from symc.diagram import mermaid
from symc.ir.program import Program
from symc.source import Source

ROOT = Path(__file__).parents[1]
SPECS = sorted((ROOT / "specs").glob("*.sym"))
ANSI = re.compile(r"\x1b\[[0-9;]*m")
VOID = {"meta"}

CONFINED = '''\
spec confined
"""Outputs that the symmetry confines."""

group R = O(3)
group P = S(n)

input  v[3: R]
input  x[n: P, 2]
output u[3: R]
output s[n: P]

symmetrize R by average(samples=4, eval_samples=100)
'''

HOSTILE = '''\
"""</title></style></svg><script>alert(1)</script> <img src=x onerror=alert(1)> & "q" 'r'

A bidi \u202eoverride, an escape \x1b[31m and a tab\there."""
input  x[n: S(n), 3]
output y
'''


def program(text: str, name: str = "confined.sym") -> Program:
    found = check(Source(name, text)).program
    assert found is not None
    return found


def of(path: Path) -> Description:
    return describe(program(path.read_text(), path.name))


@pytest.mark.parametrize("path", SPECS, ids=lambda path: path.stem)
def test_reference_specs_read_as_recorded(path: Path, golden: Callable[[str, str], None]) -> None:
    description = of(path)
    plain, colored = render(description), render(description, color=True)
    assert max(map(len, plain.splitlines())) <= 80
    assert ANSI.sub("", colored) == plain
    golden(f"describe/{path.stem}.txt", plain)


def test_the_mean_of_the_anchor_is_spoken_of_where_an_output_holds_points() -> None:
    text = "group M = E(3)\ninput x[4, 3: M.point]\noutput y[3: M.{}]\n"
    about = "(points: about the anchor's mean)"
    said = [
        (" ".join(render(found).split()), page(found), json.loads(found.model_dump_json())["cost"])
        for found in (describe(program(text.format(kind))) for kind in ("point", "vector"))
    ]
    assert [about in plain for plain, _, _ in said] == [True, False]
    assert ["about the anchor" in html for _, html, _ in said] == [True, False]
    assert [cost["points"] for _, _, cost in said] == [True, False]


def test_large_numbers_of_elements_are_written_as_people_write_them() -> None:
    text = "group P = S(7)\ninput x[7: P]\noutput y\nsymmetrize P by average\n"
    found = describe(program(text))
    plain, html = render(found), page(found)
    assert "by average; 5,040 elements" in plain
    assert ": 5,040 enumerated elements" in plain
    assert "5,040" in html
    assert not re.search(r"\b5040\b", plain + html)


def test_who_is_new_to_groups_reads_costs_before_irreducibles() -> None:
    description = describe(program(CONFINED))
    plain = render(description)
    titles = [line for line in plain.splitlines() if line and not line.startswith(" ")]
    assert titles[2:] == [
        "Groups", "Sizes", "Inputs", "Outputs", "Stages", "Cost", "Proofs",
        "Irreducible representations",
    ]  # fmt: skip
    before, _, after = plain.partition("Irreducible representations")
    assert "(n-1,1)" not in before
    assert re.findall(r"^  (\w+) ", after, re.M) == ["v", "x", "u", "s"]
    headings = re.findall(r"<h2>(\w+)", page(description))
    order = ["Pipeline", "Cost", "Proofs", "Groups", "Stages", "Sizes", "Inputs", "Outputs"]
    assert headings == order


@pytest.mark.parametrize("path", SPECS, ids=lambda path: path.stem)
def test_renamed_groups_are_all_that_a_name_changes(path: Path) -> None:
    """No letter of the text is taken for something else: M is a group, and no bound."""
    text = path.read_text()
    names = re.findall(r"^group +([A-Z])\b", text, re.M)
    renamed = text
    for old, new in zip(names, "XYZWVUT", strict=False):
        renamed = re.sub(rf"\b{old}\b", new, renamed)
    ours = render(describe(program(text, path.name)))
    theirs = render(describe(program(renamed, path.name)))
    assert not set(re.findall(r"\b[A-Z]\b", theirs)) & set(names) - set("SOET")
    for old, new in zip(names, "XYZWVUT", strict=False):
        theirs = re.sub(rf"\b{new}\b", old, theirs)
    assert theirs.split() == ours.split()


def test_proofs_and_costs_read_as_recorded(golden: Callable[[str, str], None]) -> None:
    description = describe(program(CONFINED))
    assert [proof.code for proof in description.proofs] == ["SYM403"]
    golden("describe/confined.txt", render(description))
    golden("describe/confined.ansi", render(description, color=True))


@pytest.mark.parametrize(
    ("name", "changes"),
    [
        ("equal", (("P", "Items"),)),
        ("weaker", (("O(3)", "SO(3)"), ("average(samples=4, eval_samples=100)", "frame"))),
        ("stronger", (("x[n: P, 2]", "x[n: P, 2: Q]"), ("group P", "group Q = O(2)\ngroup P"))),
        ("dropped", (("v[3: R]", "v[3]"), ("u[3: R]", "u[3]"), ("group R = O(3)\n", ""),
                     ("symmetrize R by average(samples=4, eval_samples=100)\n", ""))),
        ("incomparable", (("x[n: P, 2]", "x[n: P, 4]"), ("u[3: R]", "u[3: R.pseudovector]"),
                          ("input  x", "input  w[3: R.vector]\ninput  x"))),
        ("undecided", (("input  v", "input  w"), ("input  x", "input  z"), ("output u", "output a"),
                       ("output s", "output b"))),
    ],
)  # fmt: skip
def test_comparisons_read_as_recorded(
    name: str, changes: tuple[tuple[str, str], ...], golden: Callable[[str, str], None]
) -> None:
    changed = CONFINED
    for old, new in changes:
        assert old in changed
        changed = changed.replace(old, new)
    found = compare(program(CONFINED), program(changed))
    names = ("old.sym", "new.sym")
    plain, colored = compared(found, *names), compared(found, *names, color=True)
    assert max(map(len, plain.splitlines())) <= 80
    assert ANSI.sub("", colored) == plain
    golden(f"diff/{name}.txt", plain)
    golden(f"diff/{name}.ansi", colored)


def test_json_holds_all_of_it() -> None:
    said = json.loads(describe(program(CONFINED)).model_dump_json())
    assert said["groups"][0]["stabilizer"]["text"] == "O(2)"
    assert said["groups"][1]["stabilizer"]["text"] == "trivial"
    by_name = {tensor["name"]: tensor for tensor in said["tensors"]}
    assert by_name["u"]["values"] == {"dimension": 1, "total": 3, "exact": True}
    assert by_name["v"]["values"] is None
    assert by_name["x"]["irreducibles"]["components"] == [
        {"multiplicity": "2", "factors": ["(n)"]},
        {"multiplicity": "2", "factors": ["(n-1,1)"]},
    ]
    assert said["proofs"][0]["code"] == "SYM403"
    assert (said["cost"]["error"], said["cost"]["eval_error"]) == (0.5, 0.1)


def test_an_enumeration_that_is_out_of_budget_is_sampled() -> None:
    text = "size n = 7\ngroup P = S(n)\ngroup R = O(3)\ninput x[n: P, 3: R]\noutput y\n"
    lines = "symmetrize R by frame\nsymmetrize P by average\n"
    frame, average = describe(program(text + lines)).stages
    assert (frame.elements, average.elements) == (8, None)
    lines = "symmetrize P by average\nsymmetrize R by frame\n"
    first, second = describe(program(text + lines)).stages
    assert (first.elements, second.elements) == (5040, None)


WEIGHED = """\
group P = S(n)
group R = D(4)
input image[n: P, (h, h): R.grid, 2: R.vector]
output flow[n: P, 2: R.vector, (h, h): R.grid]
"""


def test_stages_that_weigh_say_so_in_every_form(golden: Callable[[str, str], None]) -> None:
    """Drawn in training, all elements with their weights in eval mode, and no error of a mean."""
    alone = describe(program(WEIGHED + "symmetrize P by base\n", "weighed.sym"))
    both = describe(program(WEIGHED, "weighed.sym"))
    golden("describe/weighed.txt", render(both))
    golden("describe/weighed_alone.txt", render(alone))
    said = json.loads(both.model_dump_json())
    stage = said["stages"][0]
    assert (stage["group"], stage["elements"], stage["eval_elements"]) == ("R", None, 8)
    cost = said["cost"]
    assert (cost["total"], cost["eval_total"]) == (1, 160)
    assert (cost["enumerated"], cost["eval_enumerated"]) == (1, 8)
    assert (cost["sampled"], cost["eval_sampled"], cost["eval_error"]) == (True, True, 20**-0.5)
    assert [tensor["shape"] for tensor in said["tensors"]] == [
        ["n", "h", "h", "2"], ["n", "2", "h", "h"]
    ]  # fmt: skip
    cost = json.loads(alone.model_dump_json())["cost"]
    assert (cost["eval_sampled"], cost["eval_error"], cost["eval_total"]) == (False, None, 8)
    for description, copies in ((both, "K = 1, 160"), (alone, "K = 1, 8")):
        html = page(description)
        assert copies in html
        assert "n \u00d7 h \u00d7 h \u00d7 2" in html
        assert "8 elements in eval mode, with their weights" in html
        assert ("root mean" in html) == (description is both)
    drawing = mermaid(program(WEIGHED))
    assert "image<br/>n x h x h x 2" in drawing
    assert "flow<br/>n x 2 x h x h" in drawing


def test_irreducible_parts_of_tables_are_not_claimed() -> None:
    said = {t.name: t.irreducibles for t in describe(program(WEIGHED)).tensors}
    assert said == {"image": None, "flow": None}
    assert "Irreducible" not in render(describe(program(WEIGHED)))


class Reader(HTMLParser):
    """Every tag closes what it opened; keeps tags, attributes and text."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: set[str] = set()
        self.attributes: list[tuple[str, str | None]] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes += attrs
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes += attrs

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def read(html: str) -> Reader:
    reader = Reader()
    reader.feed(html)
    reader.close()
    assert reader.open == []
    return reader


@pytest.mark.parametrize("path", SPECS, ids=lambda path: path.stem)
def test_pages_are_whole_and_refer_to_nothing_outside(path: Path) -> None:
    description = of(path)
    found = read(page(description))
    assert {"svg", "table", "h1"} <= found.tags
    assert not {"script", "link", "img", "iframe", "object"} & found.tags
    for name, value in found.attributes:
        assert not name.startswith("on")
        assert name not in ("href", "src", "xlink:href", "style")
        assert "://" not in (value or "")
    assert "url(http" not in found.text
    assert "@import" not in found.text
    for tensor in description.tensors:
        assert tensor.written in found.text
    for stage in description.stages:
        assert f"by {stage.method}" in found.text


def test_a_page_draws_each_stage_above_its_action() -> None:
    html = page(of(ROOT / "specs" / "nbody.sym"))
    drawing = html[html.index("<svg") : html.index("</svg>")]
    boxes = re.findall(r'<rect x="([\d.]+)" y="([\d.]+)"[^>]*class="(stage(?: back)?)"', drawing)
    stages = sorted(float(x) for x, _, kind in boxes if kind == "stage")
    actions = sorted(float(x) for x, _, kind in boxes if kind == "stage back")
    assert len(stages) == 2
    assert stages == actions
    assert drawing.count('class="element"') == 2
    trusted = page(of(ROOT / "specs" / "trusted_graph.sym"))
    assert "has P itself" in trusted[: trusted.index("</svg>")]
    assert trusted.count('class="stage"') == 1


def test_nothing_of_a_spec_becomes_markup() -> None:
    description = describe(program(HOSTILE, "hostile.sym"))
    found = read(page(description))
    assert not {"script", "img"} & found.tags
    assert "<script>alert(1)</script>" in found.text
    html = page(description)
    assert "<script" not in html
    assert "\u202e" not in html
    assert "\x1b" not in html
    plain = render(description)
    assert "\x1b" not in plain
    assert "\u202e" not in plain


def test_names_that_are_too_long_for_a_box_are_cut() -> None:
    long = "a" * 300
    text = f"input {long}[{long}_size: S({long}_size)]\noutput y\n"
    html = page(describe(program(text, "long.sym")))
    read(html)
    drawing = html[html.index("<svg") : html.index("</svg>")]
    shown = re.sub(r"<title>[^<]*</title>", "", drawing)
    assert long not in shown
    assert "a" * 19 + "\u2026" in shown
