"""What `symc verify` measures of a subject, in order."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

from symc_runtime.verification.coupled_rows import law, moved_law, trusted
from symc_runtime.verification.exact_rows import elements, padding
from symc_runtime.verification.gradient_rows import gradients
from symc_runtime.verification.report import Row, Test
from symc_runtime.verification.statistical_rows import draws_by_weight, mean, noise, outputs
from symc_runtime.verification.subject import DTYPES, Subject
from symc_runtime.verification.unmeasured import laws_of_random, untested


@dataclass(frozen=True)
class Step:
    """One thing to measure: a few words, what a row of it is about, and the function."""

    label: str
    test: Test
    mode: str
    measure: Callable[[], list[Row]]


def steps(subject: Subject) -> Iterator[Step]:
    """Every step; most laws under each group that the module answers for, and under all of them."""
    chosen = [[name] for name in subject.acting]
    if len(subject.acting) > 1:
        chosen.append(subject.acting)
    for mode in subject.modes:
        laws = _random_laws if subject.random[mode] else _laws
        yield from laws(subject, mode, chosen)
    yield from _trusted_laws(subject)
    if not subject.plain:
        for mode in subject.modes:
            for dtype in DTYPES:
                label = f"elements, {dtype}, {mode} mode"
                yield Step(label, "elements", mode, partial(elements, subject, mode, dtype))
    if subject.model.ragged:
        for mode in subject.modes:
            yield Step(f"padding, {mode} mode", "padding", mode, partial(padding, subject, mode))
    if subject.model.derivations:
        for mode in subject.modes:
            label = f"gradients, {mode} mode"
            yield Step(label, "gradient", mode, partial(gradients, subject, mode))
    if subject.model.draws:
        yield Step("law of the noise", "noise", "eval", partial(noise, subject, "eval"))
        if any(entry.weighs for entry in subject.model.draws):
            in_training = partial(noise, subject, "train")
            yield Step("law of the noise, train mode", "noise", "train", in_training)
            label = "draws against weights"
            yield Step(label, "elements", "train", partial(draws_by_weight, subject))
        if not subject.random["eval"]:
            of_all = partial(mean, subject, "eval", subject.acting, "mean")
            yield Step("mean", "mean", "eval", of_all)
    if any(p.is_floating_point() or p.is_complex() for p in subject.model.parameters()):
        yield from _with_other_weights(subject, chosen)


def _laws(subject: Subject, mode: str, chosen: list[list[str]]) -> Iterator[Step]:
    for dtype in DTYPES:
        for groups in chosen:
            label = f"law under {' x '.join(groups)}, {dtype}, {mode} mode"
            yield Step(label, "law", mode, partial(law, subject, mode, dtype, groups))


def _random_laws(subject: Subject, mode: str, chosen: list[list[str]]) -> Iterator[Step]:
    """Of a module that draws by itself in this mode."""
    trusted_ones = [name for name in subject.model.trusted if subject.measures_trusted]
    for groups in chosen + [[name] for name in trusted_ones]:
        test: Test = "trusted" if groups[0] in trusted_ones else "mean"
        label = f"mean under {' x '.join(groups)}, {mode} mode"
        yield Step(label, test, mode, partial(mean, subject, mode, groups, test))
    for group in subject.acting + trusted_ones:
        test = "trusted" if group in trusted_ones else "outputs"
        label = f"law of outputs under {group}, {mode} mode"
        yield Step(label, test, mode, partial(outputs, subject, mode, group, test))
    yield Step(f"law, {mode} mode", "law", mode, partial(laws_of_random, subject, mode))


def _trusted_laws(subject: Subject) -> Iterator[Step]:
    """Of the groups that the base has by itself; means of a random one are measured already."""
    for name in subject.model.trusted:
        if not subject.measures_trusted:
            yield Step(name, "trusted", "eval", partial(untested, name))
        elif not subject.random["eval"]:
            for dtype in DTYPES:
                label = f"{name} by base, {dtype}"
                yield Step(label, "trusted", "eval", partial(trusted, subject, dtype, name))


def _with_other_weights(subject: Subject, chosen: list[list[str]]) -> Iterator[Step]:
    """Eval mode alone, in the finest precision: training moves weights, not what they do."""
    if subject.random["eval"]:
        if subject.acting:
            label = f"mean under {' x '.join(subject.acting)}, moved weights"
            of_all = partial(mean, subject, "eval", subject.acting, "mean", moved=True)
            yield Step(label, "mean", "eval", of_all)
        return
    tests: list[tuple[Test, list[str]]] = [("law", groups) for groups in chosen]
    if subject.measures_trusted:
        tests += [("trusted", [name]) for name in subject.model.trusted]
    for test, groups in tests:
        label = f"{test} under {' x '.join(groups)}, moved weights"
        yield Step(label, test, "eval", partial(moved_law, subject, test, groups))
