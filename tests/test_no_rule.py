"""A group that a layer has no rule for is refused by its name, or nothing is claimed of it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from outside.catalogue import with_groups
from outside.finite_groups import Alternating

import symc
from symc import description
from symc.checking import values
from symc.comparison.compare import compare
from symc.editor.cards.groups import atom_text
from symc.ir.groups import GroupInstance
from symc.ir.program import Program
from symc.ir.sizes import Size
from symc.irreps import decompose
from symc.lower.plan import make_plan
from symc.proofs import generic_stabilizer, prove
from symc_runtime import catalogue
from symc_runtime.groups.family import Atom, Family, NoRuleError
from symc_runtime.groups.orthogonal import Orthogonal
from symc_runtime.groups.symmetric import Symmetric
from symc_runtime.reading.readings import item_masks, read_block
from symc_runtime.spec import layout
from symc_runtime.testing import random_motion
from symc_runtime.verification.bases import example_sizes
from symc_runtime.verification.inputs import Axis
from symc_runtime.verification.layers import elements

ROOT = Path(__file__).parents[1]


def renamed(facts: Family, name: str, title: str, **others: Any) -> Family:
    """A group that says it is made as another one is, under a name of its own."""
    changed = {"name": name, "title": title, "parameter": "m", **others}
    return type(name, (type(facts),), changed)()


def acting(natural: Atom) -> dict[str, Atom]:
    return {"natural": natural, "sign": Atom("trivial", character=True)}


OUTSIDE: tuple[Family, ...] = (
    # Elements by numbers, of which an atom says in a way that no table does.
    renamed(Alternating(), "Spun", "group of spins", atoms=acting(Atom("spin"))),  # type: ignore[arg-type]
    renamed(Alternating(), "Meant", "group of what is meant", atoms=acting(Atom("natural"))),
    renamed(Alternating(), "Seen", "group of images", atoms=acting(Atom("grid"))),
    renamed(Alternating(), "Moved", "group of moved items", atoms=acting(Atom("table", True))),
    # What says that its elements are permutations, or matrices, is not therefore all of them.
    renamed(Symmetric(), "Even", "group of even permutations"),
    renamed(Orthogonal(), "Signs", "group of diagonal signs"),
    renamed(Orthogonal(), "Boost", "group of boosts", element="hyperbolic"),
)
ALIKE = {
    "Spun": "S",
    "Seen": "S",
    "Meant": "S",
    "Moved": "S",
    "Even": "S",
    "Signs": "O",
    "Boost": "O",
}
"""The group of the language whose specs read alike."""
EACH = pytest.mark.parametrize("name", [facts.name for facts in OUTSIDE])


@pytest.fixture(autouse=True)
def _outside(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The catalogue holds the groups of OUTSIDE, too."""
    with with_groups(monkeypatch, *OUTSIDE):
        yield


def named(name: str) -> str:
    facts = catalogue.groups()[name]
    return re.escape(f"no rule here for the {facts.title} {name}({facts.parameter})")


def program(name: str, text: str) -> Program:
    """The program of a spec about G, which is then another group."""
    ir = symc.load(text.format(f"{ALIKE[name]}(5)")).ir
    groups = tuple(g.model_copy(update={"family": name}) if g.name == "G" else g for g in ir.groups)
    return ir.model_copy(update={"groups": groups})


SPEC = "group G = {}\ninput x[5: G]\noutput y[5: G]\nsymmetrize by average"
SIGNED = {
    "S": "group G = {}\ninput x[_: G.sign]\noutput y[5: G]\nsymmetrize by average",
    "O": "group G = {}\ninput x[5: G]\noutput y[5: G, 5: G]\nsymmetrize by average",
}
"""Where S(5) and O(5) leave the output confined."""


@EACH
def test_the_checker_refuses_it_by_name(name: str) -> None:
    facts = catalogue.groups()[name]
    for text in (
        f"input x[5: {name}(5)]\noutput y",
        f"group P = {name}(n)\ninput x[n: P]\noutput y",
    ):
        found = symc.check(text)
        assert [d.code for d in found] == ["SYM901"]
        assert f"the {facts.title}" in found[0].message
        assert f"{name}(" not in (found[0].help or "")


def test_what_can_be_compiled_is_what_has_rules() -> None:
    assert not {g.name for g in OUTSIDE} & set(catalogue.compiled_groups())
    assert {g.name for g in OUTSIDE} <= set(catalogue.groups())


@EACH
@pytest.mark.parametrize("question", ["permutes", "turns", "shifts", "tabled"])
def test_no_question_about_its_elements_has_an_answer(name: str, question: str) -> None:
    for asked in (catalogue.groups()[name], layout.Group("G", name, 5)):
        with pytest.raises(NoRuleError, match=named(name)):
            getattr(asked, question)


@EACH
def test_values_and_cards(name: str) -> None:
    facts = catalogue.groups()[name]
    instance = GroupInstance(
        name="G", identifier="G", family=name, parameter=Size.constant(5), inline=False
    )
    bare = str(facts.bare)
    with pytest.raises(NoRuleError, match=named(name)):
        values.atom(instance, bare)
    with pytest.raises(NoRuleError, match=named(name)):
        atom_text(facts, bare, "5")


@EACH
def test_no_code_is_made(name: str) -> None:
    with pytest.raises(NoRuleError, match=named(name)):
        make_plan(program(name, SPEC))


RUNTIME: dict[str, Callable[[layout.Group, layout.Tensor], Any]] = {
    "motions": lambda group, tensor: random_motion(group, 5, 2),
    "layers": lambda group, tensor: elements(group, 5, random_motion(SAFE, 5, 2)),
    "inputs": lambda group, tensor: Axis(1, tensor.axes[0], {"G": group}),
    "sizes": lambda group, tensor: example_sizes((tensor,), (group,), {}, {}),
    "masks": lambda group, tensor: item_masks({"G": group}, {"n": torch.tensor([2])}, {"n": 3}),
    "readings": lambda group, tensor: read_block(
        layout.blocks(tensor)[0], None, group, (), {"G": group}, {}
    ),
}
SAFE = layout.Group("P", "S", 5)


@EACH
@pytest.mark.parametrize("what", RUNTIME)
def test_the_runtime_refuses_it_by_name(name: str, what: str) -> None:
    tensor = layout.Tensor("x", (layout.Natural("G", 5), layout.Trivial("n")))
    with pytest.raises(NoRuleError, match=named(name)):
        RUNTIME[what](layout.Group("G", name, 5), tensor)


@EACH
def test_nothing_is_proved_of_it(name: str) -> None:
    text = SIGNED[ALIKE[name]]
    known = symc.load(text.format(f"{ALIKE[name]}(5)")).ir
    assert [proof.code for proof in prove(known)] == ["SYM403"]
    claimed = program(name, text)
    assert prove(claimed) == ()
    assert generic_stabilizer(claimed, "G") is None
    for tensor in (*claimed.inputs, *claimed.outputs):
        assert decompose(tensor, claimed.groups, {}) is None


@EACH
def test_what_is_proved_of_others_is_proved_beside_it(name: str) -> None:
    """It stays at rest: of one vector no general matrix is made, whatever else there is."""
    other = "input v[3: O(3)]\noutput m[3: O(3), 3: O(3)]\nsymmetrize by average"
    (found,) = prove(program(name, f"group G = {{}}\ninput x[5: G]\n{other}"))
    assert [found] == [p for p in prove(symc.load(other).ir) if p.code]
    assert (found.code, found.subject) == ("SYM403", "m")


@EACH
def test_nothing_is_compared_with_it(name: str) -> None:
    other = symc.load(SPEC.format(f"{ALIKE[name]}(5)")).ir
    for pair in ((program(name, SPEC), other), (other, program(name, SPEC))):
        found = compare(*pair)
        assert found.relation == "undecided"
        assert found.reason == f"nothing is known here about elements of {name}"


@EACH
def test_descriptions_say_what_the_facts_say(name: str) -> None:
    facts = catalogue.groups()[name]
    found = description.describe(program(name, SPEC))
    (group,) = found.groups
    assert group.title == facts.title
    assert group.order == (facts.order(5) or facts.order_formula("5"))
    assert group.stabilizer is None


ASKED = re.compile(r"\.(element|kind) *(==|!=|in|not in) *[\[({]*\"(\w+)\"")
KINDS = {"permutation", "orthogonal", "translation", "euclidean", "finite"}


def test_nobody_asks_for_a_kind_and_takes_the_rest_for_another() -> None:
    """They ask whether elements permute, turn or shift, which has no answer without a rule."""
    found = []
    for folder in ("symc", "runtime"):
        for path in (ROOT / folder).rglob("*.py"):
            for asked in ASKED.finditer(path.read_text(encoding="utf-8")):
                if asked[3] in KINDS and path != ROOT / "symc/comparison/words.py":
                    found.append((str(path.relative_to(ROOT)), asked[0]))
    assert found == []
