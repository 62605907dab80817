"""Imports point downwards, and checking never loads torch."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
RUNTIME = ROOT / "runtime" / "symc_runtime"

FORBIDDEN = {
    "symc/source.py": {"symc", "torch", "lark"},
    "symc/diagnostics": {
        "symc.syntax",
        "symc.checking",
        "symc.proofs",
        "symc.ir",
        "symc.lower",
        "torch",
        "lark",
    },
    "symc/syntax": {
        "symc.checking",
        "symc.proofs",
        "symc.ir",
        "symc.lower",
        "symc.commands",
        "torch",
    },
    "symc/ir": {
        "symc.checking",
        "symc.proofs",
        "symc.lower",
        "symc.syntax",
        "symc.commands",
        "torch",
        "lark",
    },
    "symc/proofs": {
        "symc.checking",
        "symc.diagnostics",
        "symc.syntax",
        "symc.lower",
        "symc.commands",
        "symc.compilation",
        "symc.source",
        "torch",
        "lark",
        "sympy",
        "numpy",
    },
    "symc/checking": {"symc.lower", "symc.commands", "symc.compilation", "torch", "lark"},
    "symc/editor": {"symc.lower", "symc.commands", "symc.building", "torch", "lark"},
    "symc/irreps": {"symc.checking", "symc.lower", "symc.commands", "symc.syntax", "torch", "lark"},
    "symc/comparison": {
        "symc.checking",
        "symc.lower",
        "symc.commands",
        "symc.compilation",
        "symc.syntax",
        "torch",
        "sympy",
        "numpy",
        "lark",
    },
    "symc/description": {
        "symc.checking",
        "symc.lower",
        "symc.commands",
        "symc.compilation",
        "symc.syntax",
        "torch",
        "numpy",
        "lark",
    },
    "symc/sections.py": {"symc.ir", "symc.checking", "symc.lower", "symc.commands", "torch"},
    "symc/lower": {"symc.checking", "symc.commands", "symc.compilation", "symc.syntax", "lark"},
    "runtime/symc_runtime": {"symc", "lark", "pydantic", "sympy", "click", "rich"},
    "runtime/symc_runtime/groups": {"torch"},
    "runtime/symc_runtime/generators": {"torch"},
    "runtime/symc_runtime/methods": {"torch"},
    "runtime/symc_runtime/nets": {"torch"},
}


def imported(path: Path) -> set[str]:
    """Absolute names of every module that a file imports, at any depth; typing ones aside."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    typing_only = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
        for inner in ast.walk(node)
    }
    found: set[str] = set()
    for node in ast.walk(tree):
        if id(node) in typing_only:
            continue
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return found


@pytest.mark.parametrize("place", FORBIDDEN)
def test_imports_point_downwards(place: str) -> None:
    target = ROOT / place
    files = [target] if target.suffix else sorted(target.rglob("*.py"))
    assert files
    for path in files:
        for name in imported(path):
            for layer in FORBIDDEN[place]:
                within = name == layer or name.startswith(layer + ".")
                own = place.replace("/", ".").removesuffix(".py")
                assert not within or name.startswith(own), f"{path.relative_to(ROOT)}: {name}"


def test_lark_is_imported_in_the_parser_only() -> None:
    for path in sorted((ROOT / "symc").rglob("*.py")):
        if any(name == "lark" or name.startswith("lark.") for name in imported(path)):
            assert path.is_relative_to(ROOT / "symc" / "syntax"), path


def test_editors_are_served_by_one_command_and_their_protocol_by_two_files() -> None:
    for path in sorted((ROOT / "symc").rglob("*.py")):
        names = {name.partition(".")[0] for name in imported(path)}
        if any(name.startswith("symc.editor") for name in imported(path)):
            assert path.parent.name in ("editor", "cards") or path.name == "lsp.py", path
        if {"pygls", "lsprotocol"} & names:
            assert path.relative_to(ROOT / "symc").as_posix() in {
                "editor/server.py",
                "editor/protocol.py",
            }


def test_torch_fx_is_imported_in_lower_only() -> None:
    for folder in (ROOT / "symc", RUNTIME):
        for path in sorted(folder.rglob("*.py")):
            if any(name.startswith(("torch.fx", "torch.fx.")) for name in imported(path)):
                assert path.is_relative_to(ROOT / "symc" / "lower"), path


@pytest.mark.parametrize(
    "arguments",
    [
        ["check"],
        ["describe"],
        ["describe", "--output-format", "html"],
        ["format", "--check"],
        ["diff", str(ROOT / "specs" / "nbody.sym")],
    ],
    ids=lambda arguments: " ".join(arguments[:1]),
)
def test_commands_never_load_torch(arguments: list[str]) -> None:
    spec = str(ROOT / "specs" / "molecule.sym")
    code = (
        "import sys\n"
        "from symc.cli import main\n"
        "try:\n    main()\nexcept SystemExit as stop:\n    assert not stop.code, stop.code\n"
        "loaded = {'torch', 'sympy', 'numpy'} & sys.modules.keys()\n"
        "assert not loaded, loaded\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments, spec], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("package", ["symc", "runtime/symc_runtime"])
def test_type_checkers_read_what_the_packages_annotate(package: str) -> None:
    """PEP 561: without this file they take all names of an installed package for Any."""
    assert (ROOT / package / "py.typed").read_bytes() == b""
