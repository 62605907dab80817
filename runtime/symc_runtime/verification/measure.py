"""All that `symc verify` measures, one step after the other."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import torch

from symc_runtime.symmetrized import Symmetrized
from symc_runtime.testing import act, random_motions
from symc_runtime.verification.bases import example_sizes
from symc_runtime.verification.call import Values, length, widened
from symc_runtime.verification.domain import Draw
from symc_runtime.verification.group_facts import NOTHING_ELSE, group_rows
from symc_runtime.verification.guard import RAISED, why
from symc_runtime.verification.inputs import KINDS
from symc_runtime.verification.law import Verdicts, coupled_law
from symc_runtime.verification.layers import (
    Event,
    Layer,
    elements,
    in_words,
    lost,
    repeated,
    watched,
)
from symc_runtime.verification.mean import mean_deviation
from symc_runtime.verification.membership import membership
from symc_runtime.verification.noise_law import noise_law
from symc_runtime.verification.output_law import FALSE_ALARMS, output_law
from symc_runtime.verification.padding import padding_error
from symc_runtime.verification.plain import Plain, alone
from symc_runtime.verification.report import DRAWN, Report, Row, Test, finite
from symc_runtime.verification.rows import row_of
from symc_runtime.verification.subject import DTYPES, Batch, Settings, Subject
from symc_runtime.verification.weighing import Weighing, compared, weighing

Progress = Callable[[str, int, int], None]
"""Called with what comes next, how many steps are done, and of how many: before each step, and at
each call of the module during it."""

MEAN_KINDS = ("random", "tetrahedron")
LAYER_BATCH = 61
"""Examples that submodules are watched on: of a number that no size is likely to have."""
ELEMENTS = 3
"""Inputs of each of these kinds that the law of random outputs is held against, and elements."""
SLACK = 10.0
"""Condition numbers are measured from below: an error up to this multiple of its bound is unclear.

One sample in a few thousand of right models exceeds its bound, by a factor of 2 at most.
"""


@dataclass(frozen=True)
class Step:
    """One thing to measure: a few words, what a row of it is about, and the function."""

    label: str
    test: Test
    mode: str
    measure: Callable[[], list[Row]]


class Measurement(Subject):
    """The tests of a subject, each a list of rows."""

    def steps(self) -> Iterator[Step]:
        """What is measured, in order."""
        chosen: list[list[str]] = [[name] for name in self.acting]
        if len(self.acting) > 1:
            chosen.append(self.acting)
        trusted = [name for name in self.model.trusted if self.measures_trusted]
        for mode in self.modes:
            if self.random[mode]:
                for groups in chosen + [[name] for name in trusted]:
                    test: Test = "trusted" if groups[0] in trusted else "mean"
                    label = f"mean under {' x '.join(groups)}, {mode} mode"
                    yield Step(label, test, mode, partial(self.mean, mode, groups, test))
                for group in self.acting + trusted:
                    test = "trusted" if group in trusted else "outputs"
                    label = f"law of outputs under {group}, {mode} mode"
                    yield Step(label, test, mode, partial(self.outputs, mode, group, test))
                yield Step(f"law, {mode} mode", "law", mode, partial(self.unmeasured, mode))
                continue
            for dtype in DTYPES:
                for groups in chosen:
                    label = f"law under {' x '.join(groups)}, {dtype}, {mode} mode"
                    yield Step(label, "law", mode, partial(self.law, mode, dtype, groups))
        for name in self.model.trusted:
            if not self.measures_trusted:
                yield Step(name, "trusted", "eval", partial(self.untested, name))
            elif not self.random["eval"]:
                for dtype in DTYPES:
                    label = f"{name} by base, {dtype}"
                    yield Step(label, "trusted", "eval", partial(self.trusted, dtype, name))
        if not self.plain:
            for mode in self.modes:
                for dtype in DTYPES:
                    label = f"elements, {dtype}, {mode} mode"
                    yield Step(label, "elements", mode, partial(self.elements, mode, dtype))
        if self.model.ragged:
            for mode in self.modes:
                yield Step(f"padding, {mode} mode", "padding", mode, partial(self.padding, mode))
        if self.model.draws:
            yield Step("law of the noise", "noise", "eval", partial(self.noise, "eval"))
            if any(entry.weighs for entry in self.model.draws):
                noise = partial(self.noise, "train")
                yield Step("law of the noise, train mode", "noise", "train", noise)
                label = "draws against weights"
                yield Step(label, "elements", "train", self.weighing)
            if not self.random["eval"]:
                mean = partial(self.mean, "eval", self.acting, "mean")
                yield Step("mean", "mean", "eval", mean)
        if any(p.is_floating_point() or p.is_complex() for p in self.model.parameters()):
            yield from self._with_other_weights(chosen)

    def _with_other_weights(self, chosen: list[list[str]]) -> Iterator[Step]:
        """Eval mode alone, in the finest precision: training moves weights, not what they do."""
        if self.random["eval"] and not self.acting:
            return
        if self.random["eval"]:
            label = f"mean under {' x '.join(self.acting)}, moved weights"
            mean = partial(self.mean, "eval", self.acting, "mean", moved=True)
            yield Step(label, "mean", "eval", mean)
            return
        tests: list[tuple[Test, list[str]]] = [("law", groups) for groups in chosen]
        if self.measures_trusted:
            tests += [("trusted", [name]) for name in self.model.trusted]
        for test, groups in tests:
            label = f"{test} under {' x '.join(groups)}, moved weights"
            yield Step(label, test, "eval", partial(self.moved_law, test, groups))

    def moved_law(self, test: Test, groups: list[str]) -> list[Row]:
        """The same law with other weights."""
        model, dtype = self.moved, self.finest
        if model is None:
            return []
        model = self._set(model, DTYPES[dtype], "eval")
        if test == "trusted":
            return self._law(alone(model), test, "base", "eval", dtype, groups, moved=True)
        return self._law(model, test, "", "eval", dtype, groups, moved=True)

    def law(self, mode: str, dtype: str, groups: list[str]) -> list[Row]:
        """f(h x; h noise) = h f(x; noise)."""
        if dtype in self.refused:
            return [self._refusal("law", " x ".join(groups), mode, dtype)]
        return self._law(self.at(DTYPES[dtype], mode), "law", "", mode, dtype, groups)

    def trusted(self, dtype: str, group: str) -> list[Row]:
        """The same for a group that the base has by itself: of the base alone, and of the model."""
        if dtype in self.refused:
            return [self._refusal("trusted", group, "eval", dtype)]
        model = self.at(DTYPES[dtype], "eval")
        rows = self._law(alone(model), "trusted", "base", "eval", dtype, [group])
        return rows + self._law(model, "trusted", "model", "eval", dtype, [group])

    def _law(
        self,
        model: Symmetrized,
        test: Test,
        what: str,
        mode: str,
        dtype: str,
        groups: list[str],
        moved: bool = False,
    ) -> list[Row]:
        found: list[tuple[Batch, Verdicts]] = []
        raised: dict[str, list[str]] = {}
        for batch in (batch.to(DTYPES[dtype]) for batch in self.batches()):
            try:
                found.append((batch, self._verdicts(model, batch, groups)))
            except RAISED:
                for part in batch.by_kind():
                    try:
                        found.append((part, self._verdicts(model, part, groups)))
                    except RAISED as raising:
                        raised.setdefault(why(raising), []).append(part.kinds[0])
        name = " x ".join(groups)
        rows = []
        for words, these in raised.items():
            named = "all kinds" if len(these) == len(KINDS) else f"the kind {', '.join(these)}"
            named = "the domain" if self.domain is not None else named
            detail = f"on inputs of {named}, in {mode} mode, {words}"
            rows.append(Row(test, name, "", what, mode, dtype, "unmeasured", detail=detail))
        above = any((each.error > each.bound).any() for _, v in found for each in v.outputs)
        if above and any(self.differs(model, batch) for batch, _ in found):
            detail = f"calls differ on the same inputs, now and then: random in {mode} mode"
            return [*rows, Row(test, name, "", what, mode, dtype, "unmeasured", detail=detail)]
        kinds = [kind for batch, _ in found for kind in batch.kinds]
        for i, tensor in enumerate(self.model.outputs if found else ()):
            of_output = [v.outputs[i] for _, v in found]
            error = torch.cat([v.error for v in of_output])
            bound = torch.cat([v.bound for v in of_output])
            unclear = torch.cat([v.unclear for v in of_output])
            near = (error > bound) & (error <= SLACK * bound)
            if moved:
                # Other weights may divide by zero, which is no matter of symmetry.
                near |= ~error.isfinite()
            rows.append(
                row_of(
                    test, name, tensor.name, what, mode, dtype, error, bound, kinds, unclear | near
                )  # fmt: skip
            )
        if not moved:
            return rows
        finite = all(bool(each.error.isfinite().all()) for _, v in found for each in v.outputs)
        return [_of_moved(row, finite) for row in rows]

    def _verdicts(self, model: Symmetrized, batch: Batch, groups: list[str]) -> Verdicts:
        return coupled_law(
            model,
            *batch.inputs,
            counts=batch.counts,
            groups=groups,
            generator=self.generator,
            precision=self.precision,
            weights=True,
        )

    def elements(self, mode: str, dtype: str) -> list[Row]:
        """Elements are of the group; what the base saw and what came out is moved by them."""
        if dtype in self.refused:
            return [self._refusal("elements", "", mode, dtype)]
        model = self.at(DTYPES[dtype], mode)
        errors: dict[tuple[str, str, str], list[torch.Tensor]] = {}
        bounds: dict[tuple[str, str, str], float] = {}
        kinds: dict[tuple[str, str, str], list[str]] = {}
        for batch in self.batches():
            batch = batch.to(DTYPES[dtype])
            found = membership(model, *batch.inputs, counts=batch.counts, generator=self.generator)
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

    def weighing(self) -> list[Row]:
        """Training draws elements as often as eval mode weighs them."""
        dtype = self.finest
        batch = self.batch(("random",), 1).to(DTYPES[dtype])

        def law() -> list[Weighing]:
            probabilities = [
                weighing(
                    self.at(DTYPES[dtype], mode),
                    *batch.inputs,
                    counts=batch.counts,
                    draws=self.settings.draws,
                    generator=self.generator,
                )
                for mode in ("train", "eval")
            ]
            return compared(*probabilities)

        found = law()
        if any(each.difference > each.allowed for each in found):
            found = law()
        self.with_samples(self.model, 2)
        return [
            Row(
                "elements", each.key, "", DRAWN, "train", dtype,
                "broken" if each.difference > each.allowed else "right",
                each.difference, each.allowed, each.draws, 0, int(each.difference > each.allowed),
            )
            for each in found
        ]  # fmt: skip

    def padding(self, mode: str) -> list[Row]:
        """What stands in padding changes nothing."""
        dtype = self.finest
        if self.random[mode] and self.plain:
            detail = "the module is random: two calls differ anyway"
            return [Row("padding", "", "", "", mode, dtype, "unmeasured", detail=detail)]
        model = self.at(DTYPES[dtype], mode)
        batch = self.batch(("random",), 4 * self.settings.samples).to(DTYPES[dtype])
        errors = padding_error(model, *batch.inputs, counts=batch.counts, generator=self.generator)
        bound = torch.full((len(batch.kinds),), 100 * torch.finfo(DTYPES[dtype]).eps)
        return [
            row_of("padding", "", tensor.name, "", mode, dtype, error, bound.double(), batch.kinds)
            for tensor, error in zip(model.outputs, errors, strict=True)
        ]

    def noise(self, mode: str) -> list[Row]:
        """The action leaves the law of the noise alone; in training that of stages that weigh."""
        dtype = self.finest
        model = self.with_samples(self.at(DTYPES[dtype], mode), 1)
        batch = self.batch(("random",), 1).to(DTYPES[dtype])
        law = partial(
            noise_law,
            model,
            *batch.inputs,
            counts=batch.counts,
            draws=4 * self.settings.draws,
            generator=self.generator,
        )
        found = law()
        if any(
            each.distance > each.distance_bound or each.spread > each.spread_bound for each in found
        ):
            # One alarm in a thousand is chance; two in a row are not.
            found = law()
        self.with_samples(model, 2)
        rows = []
        weighing = {entry.key for entry in model.draws if entry.weighs}
        for each in found:
            if mode == "train" and each.key not in weighing:
                continue
            for what, error, bound in (
                ("distribution", each.distance, each.distance_bound),
                ("second moments", each.spread, each.spread_bound),
            ):
                rows.append(
                    Row(
                        "noise",
                        each.key,
                        "",
                        what,
                        mode,
                        dtype,
                        "right" if error <= bound else "broken",
                        finite(error),
                        finite(bound),
                        each.draws,
                        0,
                        int(error > bound),
                    )  # fmt: skip
                )
        return rows

    def mean(self, mode: str, groups: list[str], test: Test, moved: bool = False) -> list[Row]:
        """E f(h x) = h E f(x)."""
        dtype = self.finest
        model = self.at(DTYPES[dtype], mode)
        if moved:
            if self.moved is None:
                return []
            model = self._set(self.moved, DTYPES[dtype], mode)
        batch = self.batch(MEAN_KINDS, 1).to(DTYPES[dtype])
        law = partial(
            mean_deviation,
            model,
            *batch.inputs,
            counts=batch.counts,
            groups=groups,
            draws=self.settings.draws,
            generator=self.generator,
        )
        found = law()
        if any((each.difference > each.noise).any() for each in found):
            found = law()
        self.with_samples(model, 2)
        rows = []
        weights = "moved" if moved else ""
        for tensor, deviation in zip(model.outputs, found, strict=True):
            wrong = ~(deviation.difference <= deviation.noise)
            if moved:
                wrong &= deviation.difference.isfinite()
            worst = int((deviation.difference / deviation.noise).nan_to_num(torch.inf).argmax())
            bound = float(deviation.noise.max())
            detail = f"would see a deviation above {2 * bound:.2g} of the size of the output"
            rows.append(
                Row(
                    test,
                    " x ".join(groups),
                    tensor.name,
                    "mean",
                    mode,
                    dtype,
                    "broken" if wrong.any() else "undetected",
                    finite(float(deviation.difference[worst])),
                    finite(bound),
                    deviation.draws,
                    0,
                    int(wrong.sum()),
                    batch.kinds[worst],
                    detail,
                    weights,
                )  # fmt: skip
            )
        return rows

    def outputs(self, mode: str, group: str, test: Test) -> list[Row]:
        """f(h x) and h f(x) have one law, where each call draws anew."""
        dtype = self.finest
        model = self.at(DTYPES[dtype], mode)
        batch = self.batch(MEAN_KINDS, ELEMENTS).to(DTYPES[dtype])
        law = partial(
            output_law,
            model,
            *batch.inputs,
            counts=batch.counts,
            groups=[group],
            draws=self.settings.draws,
            generator=self.generator,
        )
        found = law()
        if any((each.difference > each.allowed).any() for each in found):
            found = law()
        self.with_samples(model, 2)
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

    def unmeasured(self, mode: str) -> list[Row]:
        """The laws of a module that draws by itself: nobody can give both sides the same noise."""
        if self.plain:
            detail = f"the module is random in {mode} mode: calls differ on the same inputs"
        else:
            detail = (
                "the base is random, in eval mode too: calls differ on the same inputs and noise"
            )
        rows = [Row("law", "", "", "", mode, "", "unmeasured", detail=detail)]
        if self.measures_trusted and mode == "eval":
            rows += [
                Row("trusted", group, "", "", mode, "", "unmeasured", detail=detail)
                for group in self.model.trusted
            ]
        return rows

    def untested(self, group: str) -> list[Row]:
        """A trusted group where there is no base that could have it."""
        detail = "the random base has no symmetry: --base measures yours"
        return [Row("trusted", group, "", "", "eval", "float64", "unmeasured", detail=detail)]

    def _refusal(self, test: Test, group: str, mode: str, dtype: str) -> Row:
        detail = f"the {'module' if self.plain else 'base'} {self.refused[dtype]}"
        return Row(test, group, "", "", mode, dtype, "unmeasured", detail=detail)

    def layers(self) -> tuple[Layer, ...]:
        """For each group where the module, or the base that is trusted with it, loses it first."""
        model = self.at(self.precision, "eval")
        names = self.acting if self.plain else self.model.trusted * self.measures_trusted
        watched_one = model if self.plain else alone(model)
        return tuple(self._lost(watched_one, name) for name in names)

    def _lost(self, model: Symmetrized, name: str) -> Layer:
        batch = self.batch(("random",), LAYER_BATCH).to(self.precision)
        # All items are there: one permutation is to move those of every example.
        counts = {n: torch.full_like(c, self.sizes[n]) for n, c in batch.counts.items()}
        group = next(group for group in model.groups if group.name == name)
        try:
            motions, sizes = random_motions(model, batch.inputs, counts, [name], self.generator)
            random = motions[name]
            plain, y = self._events(model, batch.inputs, counts)
            turned, kept = [], True
            for element in elements(group, random.matrix.shape[-1], random):
                motions[name] = repeated(element, LAYER_BATCH)
                inputs = tuple(
                    act(tensor, x.double(), motions, sizes).to(x.dtype)
                    for tensor, x in zip(model.inputs, batch.inputs, strict=True)
                )
                events, z = self._events(model, inputs, counts)
                turned.append((element, events))
                for tensor, a, b in zip(model.outputs, y, z, strict=True):
                    expected = act(tensor, widened(a), motions, sizes)
                    size = length(expected).amax()
                    kept &= bool(length(widened(b) - expected).amax() <= self._apart * size)
        except (*RAISED, RuntimeError) as error:
            return Layer(name, "unknown", detail=why(error))
        if kept:
            return Layer(name, "kept")
        return lost(name, plain, turned, LAYER_BATCH, self._apart)

    @property
    def _apart(self) -> float:
        """More than rounding leaves between hidden features that should be the same."""
        return 1e-7 if self.precision == torch.float64 else 1e-3

    def _events(
        self, model: Symmetrized, inputs: Values, counts: Mapping[str, torch.Tensor]
    ) -> tuple[list[Event], Values]:
        returned: list[Any] = []
        # What a module draws by itself is the same on both sides.
        torch.manual_seed(self.settings.seed)
        with torch.no_grad():
            events = watched(
                self.guarded.module, lambda: returned.append(model(*inputs, sizes=dict(counts)))
            )
        (values,) = returned
        return events, values if isinstance(values, tuple) else (values,)

    def unseen(self) -> tuple[str, ...]:
        """What was not looked at."""
        sizes = ", ".join(f"{name} = {value}" for name, value in self.sizes.items())
        said = [f"inputs other than those drawn{f', sizes other than {sizes}' if sizes else ''}"]
        moved = " and these moved once" if "moved" in self.__dict__ and self.moved else ""
        said.append(
            f"other weights than the present ones{moved}, gradients, half precision, devices"
        )
        if self.plain:
            said.append("which elements the module uses inside, if any")
        if any(self.random.values()):
            said.append("anything about a random module but its mean and, roughly, its law")
        elif self.model.draws:
            said.append("that a mean over few samples is near its limit")
        if self.model.trusted and not self.measures_trusted:
            said.append(f"whether a base has {', '.join(self.model.trusted)}, as it is trusted to")
        if not self.plain and self.model.ragged:
            said.append("whether the base reads the zeros that it gets for padding")
        return tuple(said)


def _of_moved(row: Row, finite: bool) -> Row:
    """A row about other weights."""
    row = replace(row, weights="moved")
    if row.verdict != "unmeasured":
        return row
    detail = row.detail if finite else "with other weights it returns no finite number"
    return replace(row, detail=detail)


def measure(
    model: Symmetrized,
    *,
    name: str,
    subject: str,
    settings: Settings | None = None,
    sizes: Mapping[str, int] | None = None,
    trusted: bool = True,
    progress: Progress | None = None,
    draw: Draw | None = None,
    layers: bool = False,
) -> Report:
    """Everything that can be measured of a model, on a copy of it.

    `draw`: draws the inputs, see `domain.Domain`; without it they are of every kind. `layers`:
    look for the submodule that loses a symmetry, too.

    `name` and `subject` are for people; `trusted=False`: the base is a stand-in, so do not measure
    the groups that it is trusted with. Raises ValueError for sizes that do not fit and
    CannotMeasureError where the model does not run, InputsError where `draw` is at fault.
    """
    settings = settings or Settings()
    chosen = example_sizes(
        model.inputs + model.outputs, model.groups, model.fixed, model.ragged, sizes
    )
    of_groups = group_rows(model.groups, model.inputs + model.outputs, chosen)
    if any(row.verdict == "broken" for row in of_groups):
        groups = tuple(str(group) for group in model.groups)
        compiled = not isinstance(model, Plain)
        return without_groups(name, groups, subject, compiled, chosen, settings, of_groups)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(settings.seed)
        called = None if progress is None else _told(progress, "first calls", 0, 1)
        measurement = Measurement(model, settings, sizes, trusted, called, draw)
        if measurement.domain is not None:
            subject = f"{subject}, on inputs of {measurement.domain.name}"
        steps = list(measurement.steps())
        rows = of_groups
        for done, step in enumerate(steps):
            if progress is not None:
                progress(step.label, done, len(steps))
                # No partial: a copy of the model would copy what it holds.
                measurement.guarded.called = _told(progress, step.label, done, len(steps))
            try:
                rows += step.measure()
            except RAISED as error:
                rows.append(
                    Row(step.test, "", "", "", step.mode, "", "unmeasured", detail=why(error))
                )
        found = measurement.layers() if layers else ()
        if progress is not None:
            progress("done", len(steps), len(steps))
    return Report(
        name, tuple(str(group) for group in model.groups), subject, not measurement.plain,
        dict(measurement.sizes), settings.seed, tuple(rows), measurement.unseen(),
        tuple((layer.group, in_words(layer)) for layer in found),
    )  # fmt: skip


def without_groups(
    name: str,
    groups: tuple[str, ...],
    subject: str,
    compiled: bool,
    sizes: Mapping[str, int],
    settings: Settings,
    rows: Sequence[Row],
) -> Report:
    """What is to be said where groups are none: nothing else is measured."""
    return Report(
        name, groups, subject, compiled, dict(sizes), settings.seed, tuple(rows), (NOTHING_ELSE,)
    )


def _told(progress: Progress, label: str, done: int, total: int) -> Callable[[], None]:
    return lambda: progress(label, done, total)
