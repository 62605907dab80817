"""The conformance matrix: rows meet outputs and nets.

Every row meets every mix of outputs and every net (`full`), or the next ones in turn, so that all
of them meet all methods. Which cells make sense is the checker's answer, which must be one of its
codes 3xx to 5xx.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import chain, islice, product

from conformance.cases import Cell, Mix, errors, rows
from conformance.finite_cases import finite_rows
from conformance.pairs import pair_rows
from conformance.power_cases import power_rows
from conformance.wreath_cases import wreath_rows

INVARIANT = Mix("one number", ("2",))


@dataclass
class Refused:
    """Cells that the checker refused, by code."""

    codes: Counter[str] = field(default_factory=Counter)

    @property
    def total(self) -> int:
        """How many."""
        return sum(self.codes.values())


def cells(refused: Refused | None = None, *, full: bool = False, every: int = 1) -> Iterator[Cell]:
    """The cells that the checker lets pass; `every`: one row in so many.

    A row that fits no output at all counts as one refused cell.
    """
    refused = refused if refused is not None else Refused()
    outputs_turn: Counter[tuple[str, ...]] = Counter()
    nets_turn: Counter[tuple[str, ...]] = Counter()
    # Those behind leave the places of those before them, which `every` counts, as they were.
    every_row = chain(rows(), pair_rows(), finite_rows(), wreath_rows(), power_rows())
    for row in islice(every_row, 0, None, every):
        mixes, chosen = row.outputs(), row.nets()
        codes = errors(row.cell(INVARIANT, chosen[0]).text)
        if codes:
            refused.codes.update(codes[:1])
            continue
        if full:
            for outputs, net in product(mixes, chosen):
                cell = row.cell(outputs, net)
                codes = errors(cell.text)
                refused.codes.update(codes[:1])
                if not codes:
                    yield cell
            continue
        key = row.key
        for _ in mixes:
            outputs = mixes[outputs_turn[key] % len(mixes)]
            outputs_turn[key] += 1
            cell = row.cell(outputs, chosen[nets_turn[key] % len(chosen)])
            codes = errors(cell.text)
            refused.codes.update(codes[:1])
            if not codes:
                nets_turn[key] += 1
                yield cell
                break
