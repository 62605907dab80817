"""Planted defects can be planted: what they replace is there, once."""

from __future__ import annotations

from pathlib import Path

import pytest
from mutants.defects import DEFECTS, Defect

REPOSITORY = Path(__file__).parents[1]


@pytest.mark.parametrize("defect", [pytest.param(d, id=d.name) for d in DEFECTS])
def test_a_defect_stands_in_the_code(defect: Defect) -> None:
    text = (REPOSITORY / defect.file).read_text(encoding="utf-8")
    assert text.count(defect.old) == 1
    assert defect.new != defect.old
    for name in defect.tests:
        assert (REPOSITORY / "tests" / name).exists()


def test_names_tell_defects_apart() -> None:
    assert len({defect.name for defect in DEFECTS}) == len(DEFECTS)
