"""Groups, nets and methods that installed packages bring to the catalogue."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from finite_laws import LAWS
from outside import finite_groups

import symc
from symc.comparison.compare import compare
from symc.description import describe
from symc.editor.analysis import Analysis
from symc.editor.completion import complete
from symc.editor.hover import hover
from symc.lower.plan import make_plan
from symc.verifying import verify_spec
from symc_runtime import catalogue
from symc_runtime.catalogue import outside
from symc_runtime.catalogue.outside import OutsideError
from symc_runtime.groups.family import NoRuleError
from symc_runtime.groups.finite import Finite
from symc_runtime.groups.laws import BrokenLawError, assert_group

GROUPS = Path(finite_groups.__file__).read_text(encoding="utf-8")
NET = """
from symc_runtime.nets.net import Net

class Ours(Net):
    "Deep sets under another name."
    name = "ours"
    title = "a net of ours"
    fits = "permutation"
    module = "symc_runtime.modules.deepsets:DeepSets"
"""
METHOD = """
from symc_runtime.methods.method import Method

class Ours(Method):
    "One element, by rules of ours."
    name = "ours"
    title = "rules of ours"
    options = {}
"""
CACHES = (
    catalogue.groups,
    catalogue.compiled_groups,
    catalogue.methods,
    catalogue.compiled_methods,
    catalogue.nets,
)

Bring = Callable[[str, str, str, str], None]


@pytest.fixture
def bring(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bring]:
    """`bring(package, kind, entry points, source)`: as if the package were installed."""
    before = set(sys.modules)

    def installed(package: str, kind: str, points: str, source: str) -> None:
        info = tmp_path / f"{package}-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: 1.0\n")
        (info / "entry_points.txt").write_text(f"[symc.{kind}]\n{points}\n")
        (tmp_path / f"{package.replace('-', '_')}.py").write_text(source, encoding="utf-8")
        forget()

    def forget() -> None:
        for cached in (*CACHES, outside._all):
            cached.cache_clear()

    monkeypatch.syspath_prepend(str(tmp_path))
    yield installed
    forget()
    for name in set(sys.modules) - before:
        if getattr(sys.modules[name], "__file__", None) and str(tmp_path) in str(
            sys.modules[name].__file__
        ):
            del sys.modules[name]


TWO = "A = my_groups:Alternating\nFlip = my_groups:SignFlips"


def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "symc", *arguments],
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(folder), *sys.path])},
        capture_output=True,
        text=True,
        check=False,
    )


def test_groups_of_a_package_are_in_the_catalogue(bring: Bring) -> None:
    before = set(catalogue.groups()), set(catalogue.compiled_groups())
    bring("my-groups", "groups", TWO, GROUPS)
    assert set(catalogue.groups()) == before[0] | {"A", "Flip"}
    assert set(catalogue.compiled_groups()) == before[1] | {"A", "Flip"}
    for name in ("A", "Flip"):
        facts = catalogue.groups()[name]
        assert isinstance(facts, Finite)
        assert_group(facts)
        for law in LAWS:
            for parameter in facts.examples:
                law(facts, parameter)
        assert symc.check(f"input x[4: {name}(4)]\noutput y") == []


def test_what_is_no_group_fails_the_laws(bring: Bring) -> None:
    """A list of all permutations is none of the even ones, though it multiplies alike."""
    broken = GROUPS.replace("if crossings(p) % 2 == 0", "if crossings(p) % 3 == 0")
    assert broken != GROUPS
    bring("my-groups", "groups", TWO, broken)
    facts = catalogue.groups()["A"]
    assert isinstance(facts, Finite)
    failed = []
    for law in LAWS:
        try:
            law(facts, 4)
        except (AssertionError, KeyError, IndexError):
            failed.append(law.__name__)
    assert "a_group" in failed


ALONE = """
group A4 = A(4)
input x[4: A4, 2]
output y[4: A4]
output z
symmetrize A4 by {}
"""
ITEMS = """
group F = Flip(3)
input v[n: S(n), 3: F]
input w[_: 2*F.sign + F]
output y[n: S(n), 3: F]
output z[_: F.sign]
symmetrize F by {}
"""
SPACE = """
group A4 = A(4)
group M = {}
input x[4: A4, 3: M.{}]
input k[4: A4] of 3
output y[4: A4, 3: M.{}]
output z[4: A4, 4: A4]
symmetrize A4 by {}
"""
BOTH = """
group A3 = A(3)
group F = Flip(3)
input x[3: A3, 3: F]
output y[9: A3 * F]
symmetrize F by {}
symmetrize A3 by frame
"""
METHODS = ("average", "frame", "canonical", "probabilistic")
SPECS = {
    "alone": ALONE,
    "items": ITEMS,
    "O(3)": SPACE.replace("M.{}", "M.vector").replace("{}", "O(3)", 1),
    "E(3)": SPACE.replace("M.{}", "M.point").replace("{}", "E(3)", 1),
    "both": BOTH,
}
AWAY = """
import importlib.abc, pathlib, sys
class Blocked(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in ("symc", "lark", "sympy", "pydantic"):
            raise ImportError(name)
sys.meta_path.insert(0, Blocked())
import torch
from symc_runtime.testing import assert_equivariant
from {stem} import {name}
class Base(torch.nn.Module):
    def forward(self, x):
        return (x.cumsum(1) ** 2).sum(2), x[:, 0, 0] - x[:, 1, 1] ** 2
model = {name}(Base()).double()
x = torch.randn(3, 4, 2, dtype=torch.float64)
for mode in (True, False):
    assert_equivariant(model.train(mode), x, tolerance=1e-9)
print("away")
"""


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("name", SPECS)
def test_they_are_symmetrized_as_ours_are(bring: Bring, name: str, method: str) -> None:
    """From the spec to a module that `verify` finds right, and compared with other groups."""
    bring("my-groups", "groups", TWO, GROUPS)
    text = SPECS[name].format(method)
    assert [d for d in symc.check(text) if d.severity == "error"] == []
    spec = symc.load(text)
    titles = {group.title for group in describe(spec.ir).groups}
    named = {"A(": "alternating group", "Flip(": "group of sign flips"}
    assert {title for name, title in named.items() if name in text} <= titles
    report = verify_spec(spec, samples=1, draws=300)
    assert report.ok, str(report)
    assert {row.test for row in report.rows} >= {"law", "elements", "mean"}
    assert compare(spec.ir, spec.ir).relation == "equal"
    for theirs, ours in (("A(", "S("), ("Flip(", "O(")):
        if theirs in text and ".sign" not in text:
            wider = symc.load(text.replace(theirs, ours)).ir
            assert compare(spec.ir, wider).relation == "weaker"


@pytest.mark.parametrize("method", METHODS)
def test_even_permutations_are_drawn_and_no_other(bring: Bring, method: str) -> None:
    """The items come to the base in the order of an even permutation, all twelve in time."""
    bring("my-groups", "groups", TWO, GROUPS)
    poses: list[torch.Tensor] = []

    class Base(torch.nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            poses.append(x.detach())
            return x

    torch.manual_seed(0)
    model = symc.build(
        f"group G = A(4)\ninput x[4: G]\noutput y[4: G]\nsymmetrize by {method}", Base()
    )
    items = torch.stack([torch.randperm(4) for _ in range(400)]).float()
    for mode in (True, False):
        model.train(mode)(items)
    for seen in poses:
        drawn = seen.unflatten(0, (-1, len(items)))
        # Where each item of the input is in the pose.
        order = (drawn.unsqueeze(-1) == items.unsqueeze(1)).float()
        assert torch.equal(order.sum(-1), torch.ones_like(drawn))
        assert torch.equal(torch.linalg.det(order).round(), torch.ones(order.shape[:2]))
        every = {tuple(p) for p in order.argmax(-1).flatten(0, 1).tolist()}
        assert len(every) == 12


def test_the_command_takes_them_all_the_way(bring: Bring, tmp_path: Path) -> None:
    bring("my-groups", "groups", TWO, GROUPS)
    spec, wider, emitted = (tmp_path / name for name in ("even.sym", "all.sym", "even.py"))
    spec.write_text(ALONE.format("average"), encoding="utf-8")
    wider.write_text(ALONE.format("average").replace("A(4)", "S(4)"), encoding="utf-8")
    assert "no problems" in run(tmp_path, "check", str(spec)).stderr
    assert "A(4), alternating group: 12 elements" in run(tmp_path, "describe", str(spec)).stdout
    found = run(tmp_path, "diff", str(spec), str(wider))
    assert "is weaker than" in " ".join(found.stdout.split())
    assert "swaps items 1 and 2 of" in found.stdout
    assert run(tmp_path, "compile", str(spec), "-o", str(emitted)).returncode == 0
    code = AWAY.format(stem="even", name="Even")
    away = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(tmp_path), *sys.path])},
        capture_output=True,
        text=True,
        check=False,
    )
    assert away.stdout == "away\n", away.stderr


def test_editors_know_them(bring: Bring) -> None:
    bring("my-groups", "groups", TWO, GROUPS)
    text = "group G = A(4)\ninput x[4: G.natural]\noutput y\n"
    analysis = Analysis(text)
    for word, told in (("A(4)", "alternating group"), ("G =", "12 elements")):
        card = hover(analysis, text.index(word))
        assert card is not None
        assert told in card.text
    begun = "group G = A(4)\ninput x[4: G."
    assert {"natural", "scalar"} <= {p.label for p in complete(Analysis(begun), len(begun))}
    constructors = complete(Analysis("group G = "), len("group G = "))
    assert {"A", "Flip"} <= {p.label.partition("(")[0] for p in constructors}


def test_facts_that_raise_are_the_packages(bring: Bring, tmp_path: Path) -> None:
    """Also where they are asked, not only where they are imported; and it is no defect of ours."""
    lazy = GROUPS.replace("return [1 << j for j in range(parameter)]", "return [][0]")
    assert lazy != GROUPS
    bring("my-groups", "groups", TWO, lazy)
    spec = tmp_path / "flip.sym"
    spec.write_text("input x[4: Flip(4)]\noutput y\n", encoding="utf-8")
    found = run(tmp_path, "check", str(spec))
    assert found.returncode == 2
    line = lazy[: lazy.index("return [][0]")].count("\n") + 1
    assert found.stderr == (
        "error: the package my-groups, which brings A, Flip, raises IndexError in `generators` "
        f"(my_groups.py:{line}): list index out of range\n"
    )


BROKEN = [
    ("if crossings(p) % 2 == 0", "if crossings(p) % 3 == 0", "Alternating", "raise"),
    ("tuple(p[j] for j in q)", "tuple(q[j] for j in p)", "Alternating", "`natural` is no rep"),
    ("tuple(p.index(j) for j in range(parameter))", "p", "Alternating", "is no inverse of"),
    ("range(2, parameter)", "range(2, 3)", "Alternating", "give 3 of 12 elements"),
    ("element], (1,)", "element][::-1], (1,)", "Alternating", "of the identity, 0, moves"),
    ("element], (1,)", "element], (2,)", "Alternating", "each 1 or -1"),
    ("left ^ right", "(left + right) % 16", "SignFlips", "is no inverse"),
    ("left ^ right", "left | right", "SignFlips", "is no inverse"),
    ("math.prod(signs)", "signs[0]", "SignFlips", None),
    ("tuple(range(parameter)), signs", "tuple(range(parameter)), (1,) * parameter", "SignFlips",
     "do the same everywhere"),
    ("return element\n", "return 99\n", "SignFlips", "no number from 0 to 15"),
]  # fmt: skip


@pytest.mark.parametrize(("part", "other", "name", "told"), BROKEN)
def test_the_laws_that_a_package_can_run(
    part: str, other: str, name: str, told: str | None
) -> None:
    """What is a group of another kind is one: a sign of the first item alone is a character."""
    assert GROUPS.count(part) == 1
    space: dict[str, Any] = {"__name__": "my_groups"}
    exec(compile(GROUPS.replace(part, other), "my_groups.py", "exec"), space)
    facts = space[name]()
    if told is None:
        assert_group(facts, 4)
        return
    with pytest.raises(BrokenLawError, match=rf"^{facts.name}\(4\): .*{told}"):
        assert_group(facts, 4)


SCORE = """
from symc_runtime.nets.net import HIDDEN, Net

class Ours(Net):
    "Pooled features under another name."
    name = "ours"
    title = "a net of ours"
    fits = "finite"
    options = {"hidden": HIDDEN}
    module = "symc_runtime.modules.pooled:Pooled"
"""


NETS = [
    (NET, "n: S(n)", "deepsets", "hidden=8"),
    (SCORE, "5: C(5)", "pooled", "hidden=8"),
]


@pytest.mark.parametrize(("source", "axis", "net", "options"), NETS)
def test_a_net_of_a_package_is_trained_as_ours_are(
    bring: Bring, source: str, axis: str, net: str, options: str
) -> None:
    bring("my-net", "nets", "ours = my_net:Ours", source)
    text = f"input x[{axis}, 2]\noutput y[{axis}]\nsymmetrize by canonical(net={{}}({options}))"
    assert symc.check(text.format("ours")) == []
    base = torch.nn.Linear(2, 1)

    class Base(torch.nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            y: torch.Tensor = base(x.cumsum(1)).squeeze(-1)
            return y

    models = []
    for name in ("ours", net):
        torch.manual_seed(0)
        models.append(symc.build(text.format(name), Base()).eval())
    x = torch.randn(3, 5, 2)
    assert torch.equal(models[0](x), models[1](x))
    (found,) = symc.check(text.format("ours").replace(axis, "3: O(3)"))
    assert (found.severity, "ours" in found.message) == ("error", True)


def test_a_method_of_a_package_is_known_and_refused(bring: Bring) -> None:
    bring("my-method", "methods", "ours = my_method:Ours", METHOD)
    assert "ours" in catalogue.methods()
    (found,) = symc.check("input x[n: S(n)]\noutput y\nsymmetrize by ours")
    assert (found.code, found.message) == ("SYM912", "the method `ours` is not available yet")
    program = symc.load("input x[n: S(n)]\noutput y\nsymmetrize by average").ir
    (stage,) = program.stages
    other = program.model_copy(update={"stages": (stage.model_copy(update={"method": "ours"}),)})
    with pytest.raises(NoRuleError, match=r"the method 'ours' of S\(n\)"):
        make_plan(other)


FAULTS = [
    ("A = my_groups:Missing", GROUPS, "which fails to import: AttributeError: .*Missing"),
    ("A = my_groups:Alternating", "import nothing_here", "ModuleNotFoundError: .*nothing_here"),
    ("A = my_groups:Alternating", "1 / 0", "which fails to import: ZeroDivisionError"),
    ("A = my_groups:Alternating", "def", "which fails to import: SyntaxError"),
    ("A = my_groups:math", GROUPS, "no subclass of Family"),
    ("A = my_groups:SignFlips", GROUPS, "which calls itself 'Flip'"),
    ("S = my_groups:Alternating", GROUPS.replace('"A"', '"S"'), "groups.symmetric.Symmetric has"),
    (
        "A = my_groups:Alternating",
        GROUPS.replace("def inverse", "def backwards"),
        "which cannot be made: .*inverse",
    ),
    ("a-b = my_groups:Alternating", GROUPS.replace('"A"', '"a-b"'), "no name that a spec"),
    ("if = my_groups:Alternating", GROUPS.replace('"A"', '"if"'), "no name that a spec"),
]


@pytest.mark.parametrize(("points", "source", "told"), FAULTS)
def test_a_package_that_cannot_be_taken_is_named(
    bring: Bring, points: str, source: str, told: str
) -> None:
    bring("my-groups", "groups", points, source)
    with pytest.raises(OutsideError, match=rf"^the package my-groups brings {points} .*{told}"):
        catalogue.groups()


def test_two_packages_with_one_name_are_named(bring: Bring) -> None:
    bring("my-groups", "groups", TWO, GROUPS)
    bring("their-groups", "groups", "A = their_groups:Alternating", GROUPS)
    told = r"^the package their-groups brings A = .* but my_groups\.Alternating has that name"
    with pytest.raises(OutsideError, match=told):
        catalogue.groups()


def test_the_command_names_it_and_is_not_at_fault(bring: Bring, tmp_path: Path) -> None:
    bring("my-groups", "groups", TWO, "raise RuntimeError('not\\ntoday')")
    spec = tmp_path / "even.sym"
    spec.write_text("input x[n: S(n)]\noutput y\n", encoding="utf-8")
    found = run(tmp_path, "check", str(spec))
    assert found.returncode == 2
    assert found.stderr == (
        "error: the package my-groups brings A = my_groups:Alternating (symc.groups), which fails "
        "to import: RuntimeError: not\\ntoday\n"
    )


def test_a_package_that_is_twice_on_the_path_is_taken_once(
    bring: Bring, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bring("my-groups", "groups", TWO, GROUPS)
    other = tmp_path / "other"
    (other / "my_groups-0.9.dist-info").mkdir(parents=True)
    for name in ("METADATA", "entry_points.txt"):
        text = (tmp_path / "my-groups-1.0.dist-info" / name).read_text()
        (other / "my_groups-0.9.dist-info" / name).write_text(text)
    monkeypatch.syspath_prepend(str(other))
    assert {"A", "Flip"} <= set(catalogue.groups())


def test_without_such_packages_nothing_is_imported_for_them(tmp_path: Path) -> None:
    """Metadata of packages take longer to import than all else that checks a spec."""
    other = tmp_path / "other-1.0.dist-info"
    other.mkdir()
    (other / "entry_points.txt").write_text("[console_scripts]\nother = other:main\n")
    code = (
        "import sys; from symc_runtime import catalogue as c; c.groups(), c.methods(), c.nets();"
        "print('importlib.metadata' in sys.modules, 'torch' in sys.modules)"
    )
    found = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(tmp_path), *sys.path])},
        capture_output=True,
        text=True,
        check=True,
    )
    assert found.stdout.split() == ["False", "False"]
