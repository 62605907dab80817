"""docs/ci.md and the hooks: what is shown there works."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "ci.md").read_text(encoding="utf-8")
HOOKS = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))
CLEAN = "input  x[n: S(n), 3]\noutput y[n: S(n)]\n"
WRONG = "input  x[n: S(n), 4: O(3)]\noutput y[n: S(n)]\n"
MESSY = "input x[n:S(n),3]\noutput y[n:S(n)]\n"


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


CONFIGURATIONS = [yaml.safe_load(block) for block in blocks("yaml")]
WORKFLOWS = [each for each in CONFIGURATIONS if "jobs" in each]
PRE_COMMIT = [each for each in CONFIGURATIONS if "repos" in each]


def shell(command: str, folder: Path) -> subprocess.CompletedProcess[str]:
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    return subprocess.run(
        ["bash", "-c", command], cwd=folder, capture_output=True, text=True,
        env={"PATH": path, "HOME": str(folder)},
    )  # fmt: skip


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    (tmp_path / "specs").mkdir()
    (tmp_path / "specs" / "clean.sym").write_text(CLEAN)
    return tmp_path


def run_steps(workflow: dict[Any, Any]) -> list[str]:
    (job,) = workflow["jobs"].values()
    return [step["run"] for step in job["steps"] if step.get("run", "").startswith("symc")]


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda workflow: str(workflow["name"]))
def test_workflows_pass_clean_specs_and_fail_wrong_ones(
    repository: Path, workflow: dict[Any, Any]
) -> None:
    steps = run_steps(workflow)
    assert steps
    for step in steps:
        assert shell(step, repository).returncode == 0
    (repository / "specs" / "wrong.sym").write_text(WRONG)
    done = shell(steps[0], repository)
    assert done.returncode == 1
    if "-o" not in steps[0]:
        assert done.stdout.startswith("::error file=specs/wrong.sym,line=1,")


def test_what_is_uploaded_is_what_was_written(repository: Path) -> None:
    (job,) = (job for workflow in WORKFLOWS for job in workflow["jobs"].values()
              if "upload" in str(job))  # fmt: skip
    *_, check, upload = job["steps"]
    (repository / "specs" / "wrong.sym").write_text(WRONG)
    assert shell(check["run"], repository).returncode == 1
    log = json.loads((repository / upload["with"]["sarif_file"]).read_text())
    schema = json.loads((ROOT / "tests" / "schemas" / "sarif-2.1.0.json").read_text())
    assert Draft202012Validator(schema).is_valid(log)
    (result,) = log["runs"][0]["results"]
    place = result["locations"][0]["physicalLocation"]
    assert place["artifactLocation"]["uri"] == "specs/wrong.sym"


def test_commands_of_the_page_run(repository: Path) -> None:
    commands, other = blocks("sh")
    for line in commands.splitlines():
        assert shell(line, repository).returncode == 0, line
    (repository / "specs" / "wrong.sym").write_text(WRONG)
    done = shell(other, repository)
    assert (done.returncode, done.stdout) == (1, "1 findings\n")


def test_hooks_check_and_format_what_they_are_given(repository: Path) -> None:
    """What pre-commit does with a hook: its entry, its arguments, the files that match."""
    found = {}
    for hook in HOOKS:
        assert hook["language"] == "python"
        assert re.search(hook["files"], "specs/a.sym")
        assert not re.search(hook["files"], "specs/a.symbol")
        found[hook["id"]] = hook["entry"]
    assert set(found) == {"symc-check", "symc-format"}
    path = repository / "specs" / "given.sym"
    path.write_text(WRONG)
    assert shell(f"{found['symc-check']} specs/given.sym", repository).returncode == 1
    path.write_text(MESSY)
    assert shell(f"{found['symc-format']} specs/given.sym", repository).returncode == 0
    # pre-commit fails a hook that changes a file.
    assert path.read_text() == "input  x[n: S(n), 3]\noutput y[n: S(n)]\n"


def test_configurations_name_hooks_that_exist(repository: Path) -> None:
    ids = {hook["id"] for hook in HOOKS}
    assert len(PRE_COMMIT) == 2
    for configuration in PRE_COMMIT:
        for source in configuration["repos"]:
            for hook in source["hooks"]:
                assert hook["id"] in ids
                entries = {known["id"]: known["entry"] for known in HOOKS}
                entry = hook.get("entry", entries[hook["id"]])
                command = " ".join([entry, *hook.get("args", []), "specs/clean.sym"])
                assert shell(command, repository).returncode == 0


def test_numbers_on_the_page_are_those_of_the_code() -> None:
    from symc.commands.progress import FEW
    from symc.syntax.parse.limits import MAX_CHARACTERS, MAX_DIAGNOSTICS

    page = " ".join(PAGE.split())
    assert f"at most {MAX_DIAGNOSTICS} findings" in page
    assert f"more than {MAX_CHARACTERS:,} characters" in page
    assert f"more than {FEW} files" in page
