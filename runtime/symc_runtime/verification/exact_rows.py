"""Rows about elements and padding of a subject: what holds exactly, or not at all."""

from __future__ import annotations

import torch

from symc_runtime.verification.membership import membership
from symc_runtime.verification.padding import padding_error
from symc_runtime.verification.report import Row
from symc_runtime.verification.rows import row_of
from symc_runtime.verification.subject import DTYPES, Subject
from symc_runtime.verification.unmeasured import refusal


def elements(subject: Subject, mode: str, dtype: str) -> list[Row]:
    """Elements are of the group; what the base saw and what came out is moved by them."""
    if dtype in subject.refused:
        return [refusal(subject, "elements", "", mode, dtype)]
    model = subject.at(DTYPES[dtype], mode)
    errors: dict[tuple[str, str, str], list[torch.Tensor]] = {}
    bounds: dict[tuple[str, str, str], float] = {}
    kinds: dict[tuple[str, str, str], list[str]] = {}
    for batch in subject.batches():
        batch = batch.to(DTYPES[dtype])
        found = membership(model, *batch.inputs, counts=batch.counts, generator=subject.generator)
        for finding in found:
            key = finding.group, finding.tensor, finding.what
            errors.setdefault(key, []).append(finding.error)
            bounds[key] = finding.bound
            repeats = len(finding.error) // len(batch.kinds)
            kinds.setdefault(key, []).extend(batch.kinds * repeats)
    return [
        row_of(
            "elements", *key, mode, dtype, torch.cat(error),
            torch.full((sum(map(len, error)),), bounds[key], dtype=torch.float64), kinds[key],
        )
        for key, error in errors.items()
    ]  # fmt: skip


def padding(subject: Subject, mode: str) -> list[Row]:
    """What stands in padding changes nothing."""
    dtype = subject.finest
    if subject.random[mode] and subject.plain:
        detail = "the module is random: two calls differ anyway"
        return [Row("padding", "", "", "", mode, dtype, "unmeasured", detail=detail)]
    model = subject.at(DTYPES[dtype], mode)
    batch = subject.batch(("random",), 4 * subject.settings.samples).to(DTYPES[dtype])
    errors = padding_error(model, *batch.inputs, counts=batch.counts, generator=subject.generator)
    bound = torch.full((len(batch.kinds),), 100 * torch.finfo(DTYPES[dtype]).eps)
    return [
        row_of("padding", "", tensor.name, "", mode, dtype, error, bound.double(), batch.kinds)
        for tensor, error in zip(model.outputs, errors, strict=True)
    ]
