"""Any text whatever is understood or refused, quickly: 5,000 of them here, more by `make fuzz`."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from pathlib import Path

import pytest
from fuzzing.bombs import BOMBS
from fuzzing.judge import judge
from fuzzing.mutations import mutated
from fuzzing.strategies import grammatical, specs
from hypothesis import HealthCheck, given, settings

from random_specs import random_spec
from symc.checking import check
from symc.source import Source

TESTS = Path(__file__).parent
CHUNK = 500
quick = settings(deadline=None, suppress_health_check=list(HealthCheck))


@pytest.mark.parametrize("name", BOMBS)
def test_bombs_end_quickly(name: str) -> None:
    judge(BOMBS[name])


@pytest.mark.parametrize("chunk", range(8))
def test_damaged_specs(chunk: int) -> None:
    for place in range(chunk * CHUNK, (chunk + 1) * CHUNK):
        rng = random.Random(f"test {place}")
        text = mutated(rng, random_spec(rng, wrong=0) if place % 2 else None)
        try:
            judge(text)
        except Exception as error:
            error.add_note(repr(text))
            raise


@settings(quick, max_examples=100)
@given(grammatical())
def test_texts_of_the_grammar(text: str) -> None:
    judge(text)


@settings(quick, max_examples=500)
@given(specs())
def test_texts_that_nearly_fit_together(text: str) -> None:
    judge(text)


def test_random_specs_are_right_where_they_are_meant_to_be() -> None:
    """So that damage starts from what is understood."""
    for seed in range(100):
        text = random_spec(random.Random(seed), wrong=0)
        assert not [d.message for d in check(Source("t", text)).diagnostics], text


def test_the_long_run_counts_and_finds(tmp_path: Path) -> None:
    arguments = ["-m", "fuzzing", "--no-bombs", "--inputs", "100", "--out", str(tmp_path)]
    done = subprocess.run(
        [sys.executable, *arguments], cwd=TESTS, capture_output=True, text=True,
        env=dict(os.environ, COLUMNS="200"),
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert "100 inputs" in done.stdout
    program = (
        "import sys, fuzzing.__main__ as fuzz\n"
        "def judge(text):\n    raise KeyError('planted')\n"
        "fuzz.judge = judge\nsys.exit(fuzz.main())\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, *arguments[2:]], cwd=TESTS, capture_output=True, text=True,
        env=dict(os.environ, COLUMNS="200"),
    )  # fmt: skip
    assert done.returncode == 1
    assert "KeyError: 'planted'" in done.stdout
    assert (tmp_path / "fault0.sym").exists()
