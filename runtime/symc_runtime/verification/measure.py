"""All that `symc verify` measures, one step after the other."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial

import torch

from symc_runtime.symmetrized import Symmetrized
from symc_runtime.verification.law import coupled_law
from symc_runtime.verification.mean import mean_deviation
from symc_runtime.verification.membership import membership
from symc_runtime.verification.noise_law import noise_law
from symc_runtime.verification.padding import padding_error
from symc_runtime.verification.plain import alone
from symc_runtime.verification.report import Report, Row, Test, finite
from symc_runtime.verification.subject import DTYPES, Settings, Subject

Progress = Callable[[str, int, int], None]
"""Called with what comes next, how many steps are done, and of how many."""

MEAN_KINDS = ("random", "tetrahedron")
SLACK = 10.0
"""Condition numbers are measured from below: an error up to this multiple of its bound is unclear.

One sample in a few thousand of right models exceeds its bound, by a factor of 2 at most.
"""


class Measurement(Subject):
    """The tests of a subject, each a list of rows."""

    def steps(self) -> Iterator[tuple[str, Callable[[], list[Row]]]]:
        """What is measured, in order: a few words and the function that does it."""
        chosen: list[list[str]] = [[name] for name in self.acting]
        if len(self.acting) > 1:
            chosen.append(self.acting)
        trusted = [name for name in self.model.trusted if self.measures_trusted]
        for mode in self.modes:
            if self.random[mode]:
                for groups in chosen + [[name] for name in trusted]:
                    test: Test = "trusted" if groups[0] in trusted else "mean"
                    label = f"mean under {' x '.join(groups)}, {mode} mode"
                    yield label, partial(self.mean, mode, groups, test)
                yield f"law, {mode} mode", partial(self.unmeasured, mode)
                continue
            for dtype in DTYPES:
                for groups in chosen:
                    label = f"law under {' x '.join(groups)}, {dtype}, {mode} mode"
                    yield label, partial(self.law, mode, dtype, groups)
        for name in self.model.trusted:
            if not self.measures_trusted:
                yield name, partial(self.untested, name)
            elif not self.random["eval"]:
                for dtype in DTYPES:
                    label = f"{name} by base, {dtype}"
                    yield label, partial(self.trusted, dtype, name)
        if not self.plain:
            for mode in self.modes:
                for dtype in DTYPES:
                    label = f"elements, {dtype}, {mode} mode"
                    yield label, partial(self.elements, mode, dtype)
        if self.model.ragged:
            for mode in self.modes:
                yield f"padding, {mode} mode", partial(self.padding, mode)
        if self.model.draws:
            yield "law of the noise", self.noise
            if not self.random["eval"]:
                yield "mean", partial(self.mean, "eval", self.acting, "mean")

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
        self, model: Symmetrized, test: Test, what: str, mode: str, dtype: str, groups: list[str]
    ) -> list[Row]:
        batches = [batch.to(DTYPES[dtype]) for batch in self.batches()]
        verdicts = [
            coupled_law(
                model,
                *batch.inputs,
                counts=batch.counts,
                groups=groups,
                generator=self.generator,
                precision=self.precision,
            )
            for batch in batches
        ]
        kinds = [kind for batch in batches for kind in batch.kinds]
        errors = torch.cat([v.outputs for v in verdicts], 1)
        bound = torch.cat([v.bound for v in verdicts])
        unclear = torch.cat([v.unclear for v in verdicts])
        over = (errors > bound) & (errors <= SLACK * bound)
        return [
            _row(
                test, " x ".join(groups), tensor.name, what, mode, dtype, error, bound, kinds,
                unclear | near,
            )
            for tensor, error, near in zip(model.outputs, errors, over, strict=True)
        ]  # fmt: skip

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
            _row(
                "elements", *key, mode, dtype, torch.cat(error),
                torch.full((sum(map(len, error)),), bounds[key], dtype=torch.float64), kinds[key],
            )
            for key, error in errors.items()
        ]  # fmt: skip

    def padding(self, mode: str) -> list[Row]:
        """What stands in padding changes nothing."""
        dtype = "float32" if "float64" in self.refused else "float64"
        if self.random[mode] and self.plain:
            detail = "the module is random: two calls differ anyway"
            return [Row("padding", "", "", "", mode, dtype, "unmeasured", detail=detail)]
        model = self.at(DTYPES[dtype], mode)
        batch = self.batch(("random",), 4 * self.settings.samples).to(DTYPES[dtype])
        errors = padding_error(model, *batch.inputs, counts=batch.counts, generator=self.generator)
        bound = torch.full((len(batch.kinds),), 100 * torch.finfo(DTYPES[dtype]).eps)
        return [
            _row("padding", "", tensor.name, "", mode, dtype, error, bound.double(), batch.kinds)
            for tensor, error in zip(model.outputs, errors, strict=True)
        ]

    def noise(self) -> list[Row]:
        """The action leaves the law of the noise alone."""
        dtype = "float32" if "float64" in self.refused else "float64"
        model = self.with_samples(self.at(DTYPES[dtype], "eval"), 1)
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
        for each in found:
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
                        "eval",
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

    def mean(self, mode: str, groups: list[str], test: Test) -> list[Row]:
        """E f(h x) = h E f(x)."""
        dtype = "float32" if "float64" in self.refused else "float64"
        model = self.at(DTYPES[dtype], mode)
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
        for tensor, deviation in zip(model.outputs, found, strict=True):
            wrong = ~(deviation.difference <= deviation.noise)
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
                )  # fmt: skip
            )
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

    def unseen(self) -> tuple[str, ...]:
        """What was not looked at."""
        sizes = ", ".join(f"{name} = {value}" for name, value in self.sizes.items())
        said = [f"inputs other than those drawn{f', sizes other than {sizes}' if sizes else ''}"]
        said.append("other weights than the present ones, gradients, half precision, devices")
        if self.plain:
            said.append("which elements the module uses inside, if any")
        if any(self.random.values()):
            said.append("anything about a random module but its mean")
        elif self.model.draws:
            said.append("that a mean over few samples is near its limit")
        if self.model.trusted and not self.measures_trusted:
            said.append(f"whether a base has {', '.join(self.model.trusted)}, as it is trusted to")
        if not self.plain and self.model.ragged:
            said.append("whether the base reads the zeros that it gets for padding")
        return tuple(said)


def measure(
    model: Symmetrized,
    *,
    name: str,
    subject: str,
    settings: Settings | None = None,
    sizes: Mapping[str, int] | None = None,
    trusted: bool = True,
    progress: Progress | None = None,
) -> Report:
    """Everything that can be measured of a model, on a copy of it.

    `name` and `subject` are for people; `trusted=False`: the base is a stand-in, so do not measure
    the groups that it is trusted with. Raises ValueError for sizes that do not fit and
    CannotMeasureError where the model does not run.
    """
    settings = settings or Settings()
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(settings.seed)
        measurement = Measurement(model, settings, sizes, trusted)
        steps = list(measurement.steps())
        rows: list[Row] = []
        for done, (label, step) in enumerate(steps):
            if progress is not None:
                progress(label, done, len(steps))
            rows += step()
        if progress is not None:
            progress("done", len(steps), len(steps))
    return Report(
        name, tuple(str(group) for group in model.groups), subject, not measurement.plain,
        dict(measurement.sizes), settings.seed, tuple(rows), measurement.unseen(),
    )  # fmt: skip


def _row(
    test: Test,
    group: str,
    tensor: str,
    what: str,
    mode: str,
    dtype: str,
    error: torch.Tensor,
    bound: torch.Tensor,
    kinds: Sequence[str],
    unclear: torch.Tensor | None = None,
) -> Row:
    """The worst of errors [samples] that are not unclear, against their bounds."""
    clear = torch.ones_like(error, dtype=torch.bool) if unclear is None else ~unclear
    if not clear.any():
        detail = "rounding decides the outcome on all inputs"
        return Row(
            test, group, tensor, what, mode, dtype, "unmeasured", None, None, len(error),
            len(error), 0, "", detail,
        )  # fmt: skip
    wrong = ~(error <= bound) & clear
    looked_at = wrong if wrong.any() else clear
    worst = int(error.double().nan_to_num(torch.inf).masked_fill(~looked_at, -1).argmax())
    return Row(
        test, group, tensor, what, mode, dtype, "broken" if wrong.any() else "right",
        finite(float(error[worst])), finite(float(bound[worst])), len(error),
        int((~clear).sum()), int(wrong.sum()), kinds[worst],
    )  # fmt: skip
