"""Every spec shown in a document checks clean."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import torch
from commandline import Run
from finite_laws import LAWS
from outside.catalogue import with_groups

import symc

ROOT = Path(__file__).parents[1]
BLOCKS = [
    pytest.param(block, id=f"{path.stem}-{index}")
    for path in sorted((ROOT / "docs").glob("*.md"))
    for index, block in enumerate(re.findall(r"```sym\n(.*?)```", path.read_text("utf-8"), re.S))
]


@pytest.mark.parametrize("text", BLOCKS)
def test_specs_of_the_pages(text: str) -> None:
    assert symc.check(text) == []


@pytest.mark.parametrize(
    "form", ["generated {", " wr ", "sym(", "alt(", "dual(", "] of P", "-grad("]
)
@pytest.mark.parametrize("page", ["language", "reference"])
def test_the_pages_on_the_language_show_every_form(page: str, form: str) -> None:
    shown = re.findall(r"```sym\n(.*?)```", (ROOT / "docs" / f"{page}.md").read_text("utf-8"), re.S)
    assert any(form in text for text in shown)


def test_how_far_calls_differ_says_how_far_a_mean_by_a_design_is_off(
    capsys: pytest.CaptureFixture[str],
) -> None:
    page = (ROOT / "docs" / "language.md").read_text("utf-8").split("## Means over rotations")[1]
    (spec,) = re.findall(r"```sym\n(.*?)```", page, re.S)
    (source,) = re.findall(r"```python\n(.*?)```", page, re.S)
    torch.manual_seed(0)
    layers = [torch.nn.Linear(12, 32), torch.nn.Tanh(), torch.nn.Linear(32, 32), torch.nn.Tanh()]
    base = torch.nn.Sequential(
        torch.nn.Flatten(), *layers, torch.nn.Linear(32, 1), torch.nn.Flatten(0)
    )
    arrows = torch.randn(16, 4, 3)

    def model_of(degree: int) -> torch.nn.Module:
        return symc.build(spec.replace("degree=5", f"degree={degree}"), base).eval()

    with torch.no_grad():
        exact = model_of(12)(arrows)
    for degree in (1, 3, 5):
        model = model_of(degree)
        exec(source, {"torch": torch, "model": model, "arrows": arrows})
        told = float(capsys.readouterr().out)
        with torch.no_grad():
            calls = torch.stack([model(arrows) for _ in range(8)])
        off = float((calls - exact).square().mean().sqrt() / calls.std())
        assert off / 2 < told < off * 2


def test_the_group_of_ones_own_is_one() -> None:
    page = (ROOT / "docs" / "finite_groups.md").read_text("utf-8")
    (source,) = re.findall(r"```python\n(.*?)```", page, re.S)
    namespace: dict[str, Any] = {}
    exec(source, namespace)
    for law in LAWS:
        law(namespace["Klein"](), 1)


def test_the_spec_of_the_group_of_ones_own(monkeypatch: pytest.MonkeyPatch) -> None:
    page = (ROOT / "docs" / "finite_groups.md").read_text("utf-8")
    (source,) = re.findall(r"```python\n(.*?)```", page, re.S)
    (text,) = re.findall(r"```\n(group  K = Klein.*?)```", page, re.S)
    namespace: dict[str, Any] = {}
    exec(source, namespace)
    with with_groups(monkeypatch, namespace["Klein"]()):
        assert symc.check(text) == []


def test_every_file_of_the_documentation_is_linked_somewhere() -> None:
    pages = [ROOT / "README.md", *(ROOT / "docs").rglob("*.md")]
    linked = {
        (page.parent / target).resolve()
        for page in pages
        for target in re.findall(r"\]\(([^)#:]+)\)", page.read_text("utf-8"))
    }
    files = {path for path in (ROOT / "docs").iterdir() if path.is_file()}
    assert files - linked == set()


PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
TRANSCRIPT = re.compile(r"```\n\$ cat (\S+)\n(.*?)\$ symc (check .*?)\n(.*?)```", re.S)
CHECKED = re.compile(r"^\$ symc check .*\n(?!\$|```)", re.M)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_what_check_says_in_a_document_is_said_of_the_file_shown(
    page: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("NO_COLOR", "1")
    symc = Run(capfd, monkeypatch)
    text = page.read_text("utf-8")
    shown = TRANSCRIPT.findall(text)
    assert len(shown) == len(CHECKED.findall(text))
    for name, spec, arguments, said in shown:
        Path(name).write_text(spec, encoding="utf-8")
        assert symc(*arguments.split())[1:] == ("", said)


def test_the_readme_shows_an_error() -> None:
    assert TRANSCRIPT.search(PAGES[0].read_text("utf-8"))


def test_the_first_example_of_the_readme_holds() -> None:
    text = (ROOT / "README.md").read_text("utf-8")
    first = re.search(r"```python\n(.*?)```", text, re.S)
    assert first is not None
    told: list[torch.Tensor] = []
    names: dict[str, object] = {"print": lambda *values, sep: told.extend(values)}
    torch.manual_seed(0)
    exec(first[1], names)
    plain, symmetrized = (value.abs().max().item() for value in told)
    assert plain > 0.05
    assert symmetrized < 1e-5


def test_the_first_spec_of_the_readme() -> None:
    text = (ROOT / "README.md").read_text("utf-8")
    first = re.search(r"```\n(group P.*?)```", text, re.S)
    assert first is not None
    assert symc.check(first[1]) == []
