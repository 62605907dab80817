"""Rows about the law f(h x; h noise) = h f(x; noise), of a subject, its base and its like."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import torch

from symc_runtime.symmetrized import Symmetrized
from symc_runtime.verification.guard import RAISED, why
from symc_runtime.verification.inputs import KINDS
from symc_runtime.verification.law import Verdicts, coupled_law
from symc_runtime.verification.plain import alone
from symc_runtime.verification.report import Row, Test
from symc_runtime.verification.rows import row_of
from symc_runtime.verification.subject import DTYPES, Batch, Subject
from symc_runtime.verification.unmeasured import refusal

SLACK = 10.0
"""Condition numbers are measured from below: an error up to this multiple of its bound is unclear.

One sample in a few thousand of right models exceeds its bound, by a factor of 2 at most.
"""

Found = list[tuple[Batch, Verdicts]]


def law(subject: Subject, mode: str, dtype: str, groups: list[str]) -> list[Row]:
    """f(h x; h noise) = h f(x; noise)."""
    if dtype in subject.refused:
        return [refusal(subject, "law", " x ".join(groups), mode, dtype)]
    return _rows(subject, subject.at(DTYPES[dtype], mode), "law", "", mode, dtype, groups)


def trusted(subject: Subject, dtype: str, group: str) -> list[Row]:
    """The same for a group that the base has by itself: of the base alone, and of the model."""
    if dtype in subject.refused:
        return [refusal(subject, "trusted", group, "eval", dtype)]
    model = subject.at(DTYPES[dtype], "eval")
    rows = _rows(subject, alone(model), "trusted", "base", "eval", dtype, [group])
    return rows + _rows(subject, model, "trusted", "model", "eval", dtype, [group])


def moved_law(subject: Subject, test: Test, groups: list[str]) -> list[Row]:
    """The same law with other weights, in eval mode and the finest precision."""
    dtype = subject.finest
    model = subject.moved_at(DTYPES[dtype], "eval")
    if model is None:
        return []
    if test == "trusted":
        return _rows(subject, alone(model), test, "base", "eval", dtype, groups, moved=True)
    return _rows(subject, model, test, "", "eval", dtype, groups, moved=True)


def _rows(
    subject: Subject,
    model: Symmetrized,
    test: Test,
    what: str,
    mode: str,
    dtype: str,
    groups: list[str],
    moved: bool = False,
) -> list[Row]:
    """Of each output, and of what could not be measured; `moved`: the model has other weights."""
    found, raised = _measured(subject, model, dtype, groups)
    name = " x ".join(groups)
    rows = []
    for words, kinds in raised.items():
        named = "all kinds" if len(kinds) == len(KINDS) else f"the kind {', '.join(kinds)}"
        named = "the domain" if subject.domain is not None else named
        detail = f"on inputs of {named}, in {mode} mode, {words}"
        rows.append(Row(test, name, "", what, mode, dtype, "unmeasured", detail=detail))
    above = any((each.error > each.bound).any() for _, v in found for each in v.outputs)
    if above and any(subject.differs(model, batch) for batch, _ in found):
        detail = f"calls differ on the same inputs, now and then: random in {mode} mode"
        rows.append(Row(test, name, "", what, mode, dtype, "unmeasured", detail=detail))
        return _of_moved(rows, found) if moved else rows
    kinds = [kind for batch, _ in found for kind in batch.kinds]
    for i, tensor in enumerate(model.outputs if found else ()):
        of_output = [v.outputs[i] for _, v in found]
        error = torch.cat([v.error for v in of_output])
        bound = torch.cat([v.bound for v in of_output])
        unclear = torch.cat([v.unclear for v in of_output])
        unclear |= (error > bound) & (error <= SLACK * bound)
        if moved:
            # Other weights may divide by zero, which is no matter of symmetry.
            unclear |= ~error.isfinite()
        rows.append(
            row_of(test, name, tensor.name, what, mode, dtype, error, bound, kinds, unclear)
        )
    return _of_moved(rows, found) if moved else rows


def _measured(
    subject: Subject, model: Symmetrized, dtype: str, groups: Sequence[str]
) -> tuple[Found, dict[str, list[str]]]:
    """Verdicts of each batch of inputs, and on which kinds the module raised, by what it said."""
    found: Found = []
    raised: dict[str, list[str]] = {}

    def verdicts(batch: Batch) -> Verdicts:
        return coupled_law(
            model,
            *batch.inputs,
            counts=batch.counts,
            groups=groups,
            generator=subject.generator,
            precision=subject.precision,
            weights=True,
        )

    for batch in (batch.to(DTYPES[dtype]) for batch in subject.batches()):
        try:
            found.append((batch, verdicts(batch)))
        except RAISED:
            for part in batch.by_kind():
                try:
                    found.append((part, verdicts(part)))
                except RAISED as raising:
                    raised.setdefault(why(raising), []).append(part.kinds[0])
    return found, raised


def _of_moved(rows: list[Row], found: Found) -> list[Row]:
    """The rows as those about other weights."""
    finite = all(bool(each.error.isfinite().all()) for _, v in found for each in v.outputs)
    said = "with other weights it returns no finite number"
    return [
        replace(row, weights="moved")
        if row.verdict != "unmeasured" or finite
        else replace(row, weights="moved", detail=said)
        for row in rows
    ]
