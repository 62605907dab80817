"""A loaded spec, printed."""

from __future__ import annotations

from pathlib import Path

import pytest

import symc

SPECS = sorted((Path(__file__).parents[1] / "specs").glob("*.sym"))


@pytest.mark.parametrize("path", SPECS, ids=lambda path: path.stem)
def test_it_reads_like_the_spec(path: Path) -> None:
    spec = symc.load(path)
    assert str(spec) == path.read_text().strip()
    assert symc.load(str(spec)).ir.inputs == spec.ir.inputs


def test_a_text_in_python_loses_its_margin() -> None:
    spec = symc.load("""
        input  pos[n: S(n), 3: O(3)]  # where
        output y
    """)
    assert str(spec) == "input  pos[n: S(n), 3: O(3)]  # where\noutput y"
    assert symc.check(str(spec)) == []


def test_in_a_list_it_is_short() -> None:
    spec = symc.load(Path(__file__).parents[1] / "specs" / "nbody.sym")
    assert repr([spec]) == "[Spec(nbody: pos, vel, charge -> next)]"
