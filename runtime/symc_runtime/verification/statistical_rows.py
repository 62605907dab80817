"""Rows about laws of what is random: the noise, the mean over it, outputs. An alarm is repeated."""

from __future__ import annotations

from functools import partial

import torch

from symc_runtime.verification.mean import mean_deviation
from symc_runtime.verification.noise_law import noise_law
from symc_runtime.verification.output_law import FALSE_ALARMS, output_law
from symc_runtime.verification.report import DRAWN, Row, Test, finite
from symc_runtime.verification.subject import DTYPES, Subject
from symc_runtime.verification.weighing import Weighing, compared, weighing

MEAN_KINDS = ("random", "tetrahedron")
ELEMENTS = 3
"""Inputs of each of these kinds that the law of random outputs is held against, and elements."""


def draws_by_weight(subject: Subject) -> list[Row]:
    """Training draws elements as often as eval mode weighs them."""
    dtype = subject.finest
    batch = subject.batch(("random",), 1).to(DTYPES[dtype])

    def law() -> list[Weighing]:
        probabilities = [
            weighing(
                subject.at(DTYPES[dtype], mode),
                *batch.inputs,
                counts=batch.counts,
                draws=subject.settings.draws,
                generator=subject.generator,
            )
            for mode in ("train", "eval")
        ]
        return compared(*probabilities)

    found = law()
    if any(each.difference > each.allowed for each in found):
        found = law()
    subject.with_samples(subject.model, 2)
    return [
        Row(
            "elements", each.key, "", DRAWN, "train", dtype,
            "broken" if each.difference > each.allowed else "right",
            each.difference, each.allowed, each.draws, 0, int(each.difference > each.allowed),
        )
        for each in found
    ]  # fmt: skip


def noise(subject: Subject, mode: str) -> list[Row]:
    """The action leaves the law of the noise alone; in training that of stages that weigh."""
    dtype = subject.finest
    model = subject.with_samples(subject.at(DTYPES[dtype], mode), 1)
    batch = subject.batch(("random",), 1).to(DTYPES[dtype])
    law = partial(
        noise_law,
        model,
        *batch.inputs,
        counts=batch.counts,
        draws=4 * subject.settings.draws,
        generator=subject.generator,
    )
    found = law()
    if any(
        each.distance > each.distance_bound or each.spread > each.spread_bound for each in found
    ):
        # One alarm in a thousand is chance; two in a row are not.
        found = law()
    subject.with_samples(model, 2)
    rows = []
    weighs = {entry.key for entry in model.draws if entry.weighs}
    for each in found:
        if mode == "train" and each.key not in weighs:
            continue
        for what, error, bound in (
            ("distribution", each.distance, each.distance_bound),
            ("second moments", each.spread, each.spread_bound),
        ):
            rows.append(
                Row(
                    "noise", each.key, "", what, mode, dtype,
                    "right" if error <= bound else "broken", finite(error), finite(bound),
                    each.draws, 0, int(error > bound),
                )
            )  # fmt: skip
    return rows


def mean(
    subject: Subject, mode: str, groups: list[str], test: Test, moved: bool = False
) -> list[Row]:
    """E f(h x) = h E f(x). `moved`: with other weights."""
    dtype = subject.finest
    model = subject.moved_at(DTYPES[dtype], mode) if moved else subject.at(DTYPES[dtype], mode)
    if model is None:
        return []
    batch = subject.batch(MEAN_KINDS, 1).to(DTYPES[dtype])
    law = partial(
        mean_deviation,
        model,
        *batch.inputs,
        counts=batch.counts,
        groups=groups,
        draws=subject.settings.draws,
        generator=subject.generator,
    )
    found = law()
    if any((each.difference > each.noise).any() for each in found):
        found = law()
    subject.with_samples(model, 2)
    rows = []
    for tensor, each in zip(model.outputs, found, strict=True):
        wrong = ~(each.difference <= each.noise)
        if moved:
            wrong &= each.difference.isfinite()
        worst = int((each.difference / each.noise).nan_to_num(torch.inf).argmax())
        bound = float(each.noise.max())
        rows.append(
            Row(
                test, " x ".join(groups), tensor.name, "mean", mode, dtype,
                "broken" if wrong.any() else "undetected",
                finite(float(each.difference[worst])), finite(bound), each.draws,
                0, int(wrong.sum()), batch.kinds[worst],
                f"would see a deviation above {2 * bound:.2g} of the size of the output",
                "moved" if moved else "",
            )
        )  # fmt: skip
    return rows


def outputs(subject: Subject, mode: str, group: str, test: Test) -> list[Row]:
    """f(h x) and h f(x) have one law, where each call draws anew."""
    dtype = subject.finest
    model = subject.at(DTYPES[dtype], mode)
    batch = subject.batch(MEAN_KINDS, ELEMENTS).to(DTYPES[dtype])
    law = partial(
        output_law,
        model,
        *batch.inputs,
        counts=batch.counts,
        groups=[group],
        draws=subject.settings.draws,
        generator=subject.generator,
    )
    found = law()
    if any((each.difference > each.allowed).any() for each in found):
        found = law()
    subject.with_samples(model, 2)
    rows = []
    for tensor, each in zip(model.outputs, found, strict=True):
        wrong = each.difference > each.allowed
        worst = int((each.difference / each.allowed).argmax())
        rows.append(
            Row(
                test, group, tensor.name, "outputs", mode, dtype,
                "broken" if wrong.any() else "undetected",
                float(each.difference[worst]), float(each.allowed[worst]), each.draws,
                0, int(wrong.sum()), batch.kinds[worst],
                f"{each.draws} outputs on each side; false alarms: {FALSE_ALARMS:g}, repeated",
            )
        )  # fmt: skip
    return rows
