"""Options of the test run, text that is compared with files, a group of processes."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

# How long an example takes says how busy the machine is.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")

GOLDENS = Path(__file__).parent / "goldens"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--update-goldens", action="store_true", help="write the golden files anew, then look"
    )


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Callable[[str, str], None]:
    """`golden(path, text)`: the text equals the file below tests/goldens, or becomes it."""

    def compare(path: str, text: str) -> None:
        file = GOLDENS / path
        if request.config.getoption("--update-goldens"):
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8", newline="")
        assert text == file.read_bytes().decode("utf-8"), f"{file}: see --update-goldens"

    return compare


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch) -> None:
    """Code of users runs in this process, where torch is loaded, and not in one of its own."""
    from symc.commands import apart

    def run(job: Any, timeout: float, progress: Any, prints: Any) -> str:
        with redirect_stdout(sys.stderr):
            return apart.done(job, progress)

    monkeypatch.setattr(apart, "run", run)


@pytest.fixture
def process_group(tmp_path: Path) -> Iterator[None]:
    """A group of this process alone."""
    import torch

    store = f"file://{tmp_path / 'store'}"
    torch.distributed.init_process_group("gloo", init_method=store, rank=0, world_size=1)
    yield
    torch.distributed.destroy_process_group()
