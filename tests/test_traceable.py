"""What torch must trace keeps to the Python that the oldest torch supported can trace.

The suite runs with one torch, a late one. Each pattern here stopped torch.compile(fullgraph=True)
or strict torch.export on an earlier one, down to the floor in pyproject.toml; `make torch-versions`
tries the versions themselves. Code that no call runs (constructors, measurements) is not told apart
from code that every call runs, but for the files in `UNTRACED`.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from versions.cases import CASES
from versions.floor import floor
from versions.smoke import CHECKS, faults

ROOT = Path(__file__).parents[1]
RUNTIME = ROOT / "runtime" / "symc_runtime"
UNTRACED = (
    "verification/",
    "testing.py",
    "catalogue.py",
    "groups/",
    "generators/",
    "methods/",
    "nets/",
)
"""They run eagerly: they measure a module, list what there is, or are facts for building one."""


def _attribute(node: ast.AST, *names: str) -> bool:
    """Whether it is a call of a method, or of a function of a module, of one of these names."""
    return (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in names
    )


def _named(node: ast.AST, *names: str) -> bool:
    """Whether it is a call of a function of one of these names, imported or of a module."""
    plain = isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in names
    return plain or _attribute(node, *names)


def _keywords(node: ast.AST) -> set[str | None]:
    return {each.arg for each in node.keywords} if isinstance(node, ast.Call) else set()


def _class_pattern(node: ast.AST) -> bool:
    return isinstance(node, ast.MatchClass)


def _view_of_keys(node: ast.AST) -> bool:
    """`a - b.keys()`, `a.keys() & b` and so on."""
    return isinstance(node, ast.BinOp) and any(
        _attribute(side, "keys") for side in (node.left, node.right)
    )


def _sym_max(node: ast.AST) -> bool:
    return _attribute(node, "sym_max", "sym_min")


def _next_or(node: ast.AST) -> bool:
    return _named(node, "next") and isinstance(node, ast.Call) and len(node.args) == 2


def _permutations(node: ast.AST) -> bool:
    return _named(node, "permutations")


def _factorial(node: ast.AST) -> bool:
    return _named(node, "factorial")


def _product_of_copies(node: ast.AST) -> bool:
    return _named(node, "product") and "repeat" in _keywords(node)


def _sort_by_key(node: ast.AST) -> bool:
    return _attribute(node, "sort") and "key" in _keywords(node)


def _shapes_as_tuples(node: ast.AST) -> bool:
    """`tuple(x.shape) != (batch,)`, slices of the shape, too."""
    return isinstance(node, ast.Compare) and any(
        _named(side, "tuple")
        and isinstance(side, ast.Call)
        and any(isinstance(part, ast.Attribute) and part.attr == "shape" for part in ast.walk(side))
        for side in (node.left, *node.comparators)
    )


def _frozen_generator(node: ast.AST) -> bool:
    return (
        _named(node, "frozenset")
        and isinstance(node, ast.Call)
        and any(isinstance(each, ast.GeneratorExp) for each in node.args)
    )


PATTERNS: dict[str, tuple[Callable[[ast.AST], bool], str, str]] = {
    "a class pattern in a match": (
        _class_pattern,
        "match x:\n    case Trivial(size):\n        pass",
        "if isinstance(x, Trivial):\n    pass\nelse:\n    assert_never(x)",
    ),
    "an operator on a view of keys": (
        _view_of_keys,
        "names(size) - known.keys()",
        "[name for name in names(size) if name not in known]",
    ),
    "a frozenset of a generator": (
        _frozen_generator,
        "frozenset(name for name in names)",
        "frozenset([name for name in names])",
    ),
    "sym_max of what may be an int": (
        _sym_max,
        "torch.sym_max(items, 1)",
        "items if items > 0 else 1",
    ),
    "next with a default": (
        _next_or,
        "next((x.dtype for x in values), None)",
        "dtypes = [x.dtype for x in values]\ndtypes[0] if dtypes else None",
    ),
    "itertools.permutations": (
        _permutations,
        "permutations(range(n))",
        "_orders(n, device)",
    ),
    "math.factorial of an open size": (
        _factorial,
        "factorial(n)",
        "_factorials(n)[-1]",
    ),
    "itertools.product with repeat": (
        _product_of_copies,
        "product((1, -1), repeat=n)",
        "product(left, right)",
    ),
    "list.sort with a key": (
        _sort_by_key,
        "axes.sort(key=lambda i: groups[i])",
        "sorted([(groups[i], i) for i in axes])",
    ),
    "a comparison of shapes as tuples, which fixes open sizes": (
        _shapes_as_tuples,
        "tuple(value.shape[2:]) != rest",
        "same_shape(value.shape[2:], rest)",
    ),
}
"""What cannot be traced, with an example and with what to write instead."""


def _found(text: str, forbidden: Callable[[ast.AST], bool]) -> Iterator[int]:
    return (getattr(node, "lineno", 0) for node in ast.walk(ast.parse(text)) if forbidden(node))


@pytest.mark.parametrize("name", PATTERNS)
def test_the_runtime_has_no(name: str) -> None:
    forbidden, bad, good = PATTERNS[name]
    assert list(_found(bad, forbidden))
    assert not list(_found(good, forbidden))
    traced = [
        path
        for path in sorted(RUNTIME.rglob("*.py"))
        if not path.relative_to(RUNTIME).as_posix().startswith(UNTRACED)
    ]
    assert len(traced) > 50
    for path in traced:
        for line in _found(path.read_text(encoding="utf-8"), forbidden):
            where = f"{path.relative_to(ROOT)}:{line}"
            raise AssertionError(f"{where}: torch {floor()} cannot trace {name}; write\n{good}")


@pytest.mark.parametrize("check", CHECKS)
def test_the_smoke_test_passes_on_this_torch(check: str) -> None:
    (case,) = (each for each in CASES if each.name == "ragged S(n) by average")
    assert not faults(case, check)


def test_a_broken_promise_is_a_fault() -> None:
    """A base that asks for numbers breaks the graph, and nothing else."""
    from dataclasses import replace

    from torch import Tensor, nn

    class Asking(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            return x if float(x.detach().sum()) > 1e9 else x + 0

    (case,) = (each for each in CASES if each.name == "S(n) by average")
    broken = replace(case, base=Asking)
    assert not faults(broken, "eager")
    (said,) = faults(broken, "compile(dynamic=False)")
    assert said.startswith("compile(dynamic=False): ")


def test_the_readme_says_the_floor() -> None:
    assert f"torch {floor()} or later" in (ROOT / "README.md").read_text(encoding="utf-8")


def test_names_of_cases_are_different() -> None:
    assert len({case.name for case in CASES}) == len(CASES)
