"""What was measured, as data: rows, a verdict, JSON there and back; printed it is for people."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Literal

Test = Literal["law", "trusted", "elements", "padding", "gradient", "noise", "mean", "outputs"]
Verdict = Literal["right", "undetected", "broken", "unmeasured"]

TESTS: tuple[Test, ...] = (
    "law", "trusted", "elements", "padding", "gradient", "noise", "mean", "outputs",
)  # fmt: skip


NUMBERS = "numbers of elements"
WEIGHTS = "weights sum to 1"
DRAWN = "drawn as weighed"
FACTS = "a group that acts"
"""What elements of groups that act by tables are asked."""


@dataclass(frozen=True)
class Row:
    """One number that was measured.

    `group`: names of the groups that moved the inputs, joined by " x "; `tensor`: the output, or
    the input, it is about; `what`: which property, for tests that have several. `error` is the
    largest of `inputs` - `unclear` samples (of the wrong ones if there are any), `bound` what was
    allowed there (None: not finite), `kind` the kind of that input; `wrong` counts samples above
    their bound. A mean and a law of random outputs are never `right`, at best `undetected`: with
    probability 99.9% a mean deviates by less than `error` + `bound`, and more than 2 `bound` would
    have been seen. `weights`: "moved" where every weight was moved at random first, empty for the
    present ones.
    """

    test: Test
    group: str
    tensor: str
    what: str
    mode: str
    dtype: str
    verdict: Verdict
    error: float | None = None
    bound: float | None = None
    inputs: int = 0
    unclear: int = 0
    wrong: int = 0
    kind: str = ""
    detail: str = ""
    weights: str = ""


@dataclass(frozen=True)
class StageSpread:
    """How concentrated the distribution of one stage is, on average over random inputs.

    `group`: its name in the spec; `over`, `measure`: as `symc_runtime.spread.record.Spread` has
    them; `value` and `uniform`: means, the second of uniform elements.
    """

    group: str
    over: str
    measure: str
    value: float
    uniform: float


@dataclass(frozen=True)
class Report:
    """What `symc verify` found. `ok`: no law is broken. Printed, it reads like `symc verify`.

    `subject` says what was measured, `compiled` whether symc built it, `unseen` what was not
    looked at; `layers`, of each group, where in the module it is lost first, if that was asked;
    `spread`, of each stage that draws, how concentrated it is, which is no law;
    `warnings` are the rows that could not be measured, or hardly.
    """

    name: str
    groups: tuple[str, ...]
    subject: str
    compiled: bool
    sizes: Mapping[str, int]
    seed: int
    rows: tuple[Row, ...]
    unseen: tuple[str, ...] = ()
    layers: tuple[tuple[str, str], ...] = ()
    spread: tuple[StageSpread, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether nothing that was measured is broken."""
        return not self.broken

    @property
    def broken(self) -> tuple[Row, ...]:
        """The rows that break a law."""
        return tuple(row for row in self.rows if row.verdict == "broken")

    @property
    def warnings(self) -> tuple[Row, ...]:
        """The rows that say little: not measured, or more than half of the inputs excluded."""
        return tuple(
            row
            for row in self.rows
            if row.verdict == "unmeasured"
            or (row.verdict == "right" and 2 * row.unclear > row.inputs)
        )

    def to_json(self) -> str:
        """The report as JSON, `ok` included."""
        data = {"format": 1, "ok": self.ok, **asdict(self), "sizes": dict(self.sizes)}
        return json.dumps(data, indent=2, allow_nan=False)

    @classmethod
    def from_json(cls, text: str) -> Report:
        """The report that `to_json` wrote. Raises ValueError for any other format."""
        data: Any = json.loads(text)
        refusal = "not a report of `symc verify`, format 1"
        if not isinstance(data, dict) or data.get("format") != 1:
            raise ValueError(refusal)
        try:
            for later in ("layers", "spread"):
                data.setdefault(later, [])  # not in reports of before
            known = {name: data[name] for name in (f.name for f in fields(cls))}
            known["rows"] = tuple(Row(**row) for row in known["rows"])
            known["layers"] = tuple((group, words) for group, words in known["layers"])
            known["spread"] = tuple(StageSpread(**stage) for stage in known["spread"])
            known["groups"], known["unseen"] = tuple(known["groups"]), tuple(known["unseen"])
        except (KeyError, TypeError, ValueError) as error:
            raise ValueError(refusal) from error
        return cls(**known)

    def __str__(self) -> str:
        from symc_runtime.verification.text import render

        return render(self).rstrip("\n")


def finite(value: float) -> float | None:
    """The number, None for what JSON cannot hold."""
    return value if math.isfinite(value) else None
