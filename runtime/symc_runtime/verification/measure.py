"""All that `symc verify` measures, one step after the other."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import torch

from symc_runtime.symmetrized import Symmetrized
from symc_runtime.verification.bases import example_counts, example_sizes
from symc_runtime.verification.inputs import KINDS, make_inputs
from symc_runtime.verification.law import coupled_law
from symc_runtime.verification.mean import mean_deviation
from symc_runtime.verification.membership import membership
from symc_runtime.verification.noise_law import noise_law
from symc_runtime.verification.padding import padding_error
from symc_runtime.verification.plain import Plain, alone
from symc_runtime.verification.report import Report, Row, Test, finite

Progress = Callable[[str, int, int], None]
"""Called with what comes next, how many steps are done, and of how many."""

DTYPES = {"float64": torch.float64, "float32": torch.float32}
SCALED = ("huge", "tiny")
"""Kinds that are measured by themselves: translations are as long as the longest point."""
ROWS = 6000
"""Rows that the base sees in one call of the coupled law, at most, where `samples` allows it."""
MEAN_KINDS = ("random", "tetrahedron")


class CannotMeasureError(RuntimeError):
    """The module does not run on inputs of the spec: why, and what to do."""


@dataclass(frozen=True)
class Settings:
    """`samples`: inputs of each kind; `draws`: of the statistical tests; `seed`."""

    samples: int = 8
    draws: int = 4000
    seed: int = 0


@dataclass(frozen=True)
class Batch:
    """Inputs of some kinds [batch, ...], the kind of each row, the counts of ragged sizes."""

    kinds: tuple[str, ...]
    inputs: tuple[torch.Tensor, ...]
    counts: Mapping[str, torch.Tensor]

    def to(self, dtype: torch.dtype) -> Batch:
        """The same numbers in another precision."""
        inputs = tuple(x.to(dtype) if x.is_floating_point() else x for x in self.inputs)
        return Batch(self.kinds, inputs, self.counts)


class Measurement:
    """A copy of a model on the CPU and what is measured of it."""

    def __init__(
        self,
        model: Symmetrized,
        settings: Settings,
        sizes: Mapping[str, int] | None = None,
        trusted: bool = True,
    ) -> None:
        self.settings = settings
        self.measures_trusted = trusted
        self.sizes = example_sizes(
            model.inputs + model.outputs, model.groups, model.fixed, model.ragged, sizes
        )
        self.generator = torch.Generator().manual_seed(settings.seed)
        try:
            self.model = copy.deepcopy(model).cpu()
        except Exception as error:
            raise CannotMeasureError(
                f"the module cannot be copied: {_said(error)}; keep no tensor with a gradient on it"
            ) from error
        self.model.chunk = None
        self.model.samples = self.model.eval_samples = 2
        self.acting = [g.name for g in model.groups if g.name not in model.trusted]
        self.refused: dict[str, str] = {}
        self.precision = torch.float64
        self._try()
        self.random = {mode: self._is_random(mode) for mode in self.modes}

    @property
    def plain(self) -> bool:
        """Whether symc did not build the module."""
        return isinstance(self.model, Plain)

    modes = ("eval", "train")

    def _try(self) -> None:
        """One call in each precision. What runs in none cannot be measured."""
        batch = self.batch(("random",), 2)
        for name, dtype in DTYPES.items():
            try:
                with torch.no_grad():
                    self.at(dtype, "eval")(*batch.to(dtype).inputs, sizes=dict(batch.counts))
            except Exception as error:
                self.refused[name] = _said(error)
        if len(self.refused) == len(DTYPES):
            taken = ", ".join(f"{n} = {v}" for n, v in self.sizes.items()) or "as declared"
            raise CannotMeasureError(
                f"the {'module' if self.plain else 'base'} fails on inputs of the spec (sizes: "
                f"{taken}): {self.refused['float32']}"
            )
        if "float64" in self.refused:
            self.precision = torch.float32

    def at(self, dtype: torch.dtype, mode: str) -> Symmetrized:
        """The model in a precision and a mode; the base of a compiled one is always in eval mode.

        The same module each time.
        """
        self.model.to(dtype)
        self.model.train(mode == "train")
        if not self.plain:
            self.model.base.eval()
        return self.model

    def batch(self, kinds: Sequence[str], samples: int) -> Batch:
        """Inputs of these kinds in float64, `samples` of each."""
        model = self.model
        made = [
            make_inputs(k, model.inputs, model.groups, self.sizes, samples, generator=self.generator)
            for k in kinds
        ]
        inputs = tuple(torch.cat(parts) for parts in zip(*made, strict=True))
        names = tuple(kind for kind in kinds for _ in range(samples))
        return Batch(names, inputs, example_counts(model.ragged, self.sizes, len(names)))

    def batches(self) -> list[Batch]:
        """Inputs of every kind."""
        probe = self.batch(("random",), 1)
        noise = self.model.draw_noise(*probe.inputs, sizes=dict(probe.counts))
        total = max((z.shape[0] for z in noise.values()), default=1)
        samples = max(1, min(self.settings.samples, ROWS // (total * len(KINDS))))
        alike = [kind for kind in KINDS if kind not in SCALED]
        return [self.batch(kinds, samples) for kinds in (alike, *((kind,) for kind in SCALED))]

    def _is_random(self, mode: str) -> bool:
        """Whether two calls with the same noise differ."""
        model, batch = self.at(self.precision, mode), self.batch(("random",), 3).to(self.precision)
        counts = dict(batch.counts)
        noise = model.draw_noise(*batch.inputs, sizes=counts)
        with torch.no_grad():
            values = [model(*batch.inputs, noise=noise, sizes=counts) for _ in range(2)]
        pairs = zip(*(v if isinstance(v, tuple) else (v,) for v in values), strict=True)
        return any(not torch.equal(a.nan_to_num(), b.nan_to_num()) for a, b in pairs)

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
                    yield label, lambda m=mode, g=groups, t=test: self.mean(m, g, t)
                continue
            for dtype in DTYPES:
                for groups in chosen:
                    label = f"law under {' x '.join(groups)}, {dtype}, {mode} mode"
                    yield label, lambda m=mode, d=dtype, g=groups: self.law(m, d, g)
        for name in self.model.trusted:
            if not self.measures_trusted:
                yield name, lambda g=name: [self.untested(g)]
            elif not self.random["eval"]:
                for dtype in DTYPES:
                    label = f"{name} by base, {dtype}"
                    yield label, lambda d=dtype, g=name: self.trusted(d, g)
        if not self.plain:
            for mode in self.modes:
                for dtype in DTYPES:
                    label = f"elements, {dtype}, {mode} mode"
                    yield label, lambda m=mode, d=dtype: self.elements(m, d)
        if self.model.ragged:
            for mode in self.modes:
                yield f"padding, {mode} mode", lambda m=mode: self.padding(m)
        if self.model.draws:
            yield "law of the noise", self.noise
            if not self.random["eval"]:
                yield "mean", lambda: self.mean("eval", self.acting, "mean")

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
        return [
            _row(
                test, " x ".join(groups), tensor.name, what, mode, dtype, error, bound, kinds,
                unclear,
            )
            for tensor, error in zip(model.outputs, errors, strict=True)
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
            found = membership(
                model, *batch.inputs, counts=batch.counts, generator=self.generator
            )
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
        errors = padding_error(
            model, *batch.inputs, counts=batch.counts, generator=self.generator
        )
        bound = torch.full((len(batch.kinds),), 100 * torch.finfo(DTYPES[dtype]).eps)
        return [
            _row("padding", "", tensor.name, "", mode, dtype, error, bound.double(), batch.kinds)
            for tensor, error in zip(model.outputs, errors, strict=True)
        ]

    def noise(self) -> list[Row]:
        """The action leaves the law of the noise alone."""
        dtype = "float32" if "float64" in self.refused else "float64"
        model = self._with_samples(self.at(DTYPES[dtype], "eval"), 1)
        batch = self.batch(("random",), 1).to(DTYPES[dtype])
        found = noise_law(
            model,
            *batch.inputs,
            counts=batch.counts,
            draws=4 * self.settings.draws,
            generator=self.generator,
        )
        self._with_samples(model, 2)
        rows = []
        for law in found:
            for what, error, bound in (
                ("distribution", law.distance, law.distance_bound),
                ("second moments", law.spread, law.spread_bound),
            ):
                rows.append(
                    Row(
                        "noise", law.key, "", what, "eval", dtype,
                        "right" if error <= bound else "broken", finite(error), finite(bound),
                        law.draws, 0, int(error > bound),
                    )  # fmt: skip
                )
        return rows

    def mean(self, mode: str, groups: list[str], test: Test) -> list[Row]:
        """E f(h x) = h E f(x)."""
        dtype = "float32" if "float64" in self.refused else "float64"
        model = self._with_samples(self.at(DTYPES[dtype], mode), 1)
        batch = self.batch(MEAN_KINDS, 2).to(DTYPES[dtype])
        found = mean_deviation(
            model,
            *batch.inputs,
            counts=batch.counts,
            groups=groups,
            draws=self.settings.draws,
            generator=self.generator,
        )
        self._with_samples(model, 2)
        rows = []
        for tensor, deviation in zip(model.outputs, found, strict=True):
            row = _row(
                test, " x ".join(groups), tensor.name, "mean", mode, dtype,
                deviation.difference, deviation.noise, batch.kinds,
            )  # fmt: skip
            visible = 2 * float(deviation.noise.max())
            detail = f"{deviation.draws} draws; would see a deviation above {visible:.2g}"
            rows.append(Row(**{**row.__dict__, "detail": detail}))
        return rows

    def untested(self, group: str) -> Row:
        """A trusted group where there is no base that could have it."""
        detail = "the random base has no symmetry: --base measures yours"
        return Row("trusted", group, "", "", "eval", "float64", "unmeasured", detail=detail)

    def _refusal(self, test: Test, group: str, mode: str, dtype: str) -> Row:
        detail = f"does not run in {dtype}: {self.refused[dtype]}"
        return Row(test, group, "", "", mode, dtype, "unmeasured", detail=detail)

    @staticmethod
    def _with_samples(model: Symmetrized, samples: int) -> Symmetrized:
        model.samples = model.eval_samples = samples
        return model

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
        name, tuple(str(group) for group in model.groups), subject, dict(measurement.sizes),
        settings.seed, tuple(rows), measurement.unseen(),
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
    # The worst by its bound, among the wrong ones if there are any.
    ratio = (error / bound.clamp(min=1e-300)).masked_fill(~clear, -1)
    worst = int(ratio.nan_to_num(torch.inf).argmax())
    largest = float(error[clear].max())
    return Row(
        test, group, tensor, what, mode, dtype, "broken" if wrong.any() else "right",
        finite(largest), finite(float(bound[worst])), len(error), int((~clear).sum()),
        int(wrong.sum()), kinds[worst],
    )  # fmt: skip


def _said(error: Exception) -> str:
    text = str(error).strip().splitlines()
    return f"{type(error).__name__}: {text[0]}" if text else type(error).__name__
