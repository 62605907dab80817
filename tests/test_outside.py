"""Groups, nets and methods that installed packages bring to the catalogue."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import torch
from finite_laws import LAWS
from outside import finite_groups

import symc
from symc.lower.plan import make_plan
from symc_runtime import catalogue, outside
from symc_runtime.groups.finite import Finite
from symc_runtime.groups.group import NoRuleError
from symc_runtime.outside import OutsideError

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
    before = set(catalogue.groups())
    bring("my-groups", "groups", TWO, GROUPS)
    assert set(catalogue.groups()) == before | {"A", "Flip"}
    assert set(catalogue.compiled_groups()) == {"S", "O", "SO", "E", "SE", "T"}
    for name in ("A", "Flip"):
        facts = catalogue.groups()[name]
        assert isinstance(facts, Finite)
        for law in LAWS:
            for parameter in facts.examples:
                law(facts, parameter)
        (found,) = symc.check(f"input x[4: {name}(4)]\noutput y")
        assert found.code == "SYM901"
        assert found.message == f"`{name}(4)`, the {facts.title}, is not available yet"


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


def test_the_command_finds_them(bring: Bring, tmp_path: Path) -> None:
    bring("my-groups", "groups", TWO, GROUPS)
    spec = tmp_path / "even.sym"
    spec.write_text("input x[n: A(n)]\noutput y\n", encoding="utf-8")
    found = run(tmp_path, "check", str(spec), "--output-format", "concise")
    assert found.returncode == 1
    assert "SYM901" in found.stderr + found.stdout
    assert "the alternating group" in found.stderr + found.stdout


def test_a_net_of_a_package_is_trained_as_ours_are(bring: Bring) -> None:
    bring("my-net", "nets", "ours = my_net:Ours", NET)
    text = "input x[n: S(n), 2]\noutput y[n: S(n)]\nsymmetrize by canonical(net={}(hidden=8))"
    assert symc.check(text.format("ours")) == []
    base = torch.nn.Linear(2, 1)

    class Base(torch.nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            y: torch.Tensor = base(x.cumsum(1)).squeeze(-1)
            return y

    models = []
    for net in ("ours", "deepsets"):
        torch.manual_seed(0)
        models.append(symc.build(text.format(net), Base()).eval())
    x = torch.randn(3, 5, 2)
    assert torch.equal(models[0](x), models[1](x))


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
    ("A = my_groups:math", GROUPS, "no subclass of Group"),
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
