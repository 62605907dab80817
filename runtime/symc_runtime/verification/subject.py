"""What is measured: a copy of a model on the CPU, its sizes, its precision, its inputs."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import torch
from torch.nn.parameter import is_lazy

from symc_runtime.symmetrized import Symmetrized
from symc_runtime.testing import as_tuple
from symc_runtime.verification.bases import example_counts, example_sizes
from symc_runtime.verification.blame import said
from symc_runtime.verification.domain import Domain, Draw, InputsError
from symc_runtime.verification.guard import RAISED, Guarded, ModuleRaisedError, watched
from symc_runtime.verification.inputs import KINDS, make_inputs, within_counts
from symc_runtime.verification.plain import Plain, alone
from symc_runtime.verification.weights import move_weights, shared

DTYPES = {"float64": torch.float64, "float32": torch.float32}
DRAWN = "drawn"
"""The kind of inputs that a function of the user's draws."""
SCALED = ("huge", "tiny", "unlike scales")
"""Kinds that are measured by themselves: translations are as long as the longest point."""
ROWS = 4000
"""Rows that the base sees in one call of the coupled law, at most, where `samples` allows it."""
WORDS = {4: "single", 2: "half", 1: "quarter"}
REPEATS = 8
"""Calls that show whether a module is random."""


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

    def by_kind(self) -> list[Batch]:
        """The rows of each kind by themselves."""
        parts = []
        for kind in dict.fromkeys(self.kinds):
            rows = torch.tensor([i for i, each in enumerate(self.kinds) if each == kind])
            counts = {name: count[rows] for name, count in self.counts.items()}
            inputs = tuple(x[rows] for x in self.inputs)
            parts.append(Batch((kind,) * len(rows), inputs, counts))
        return parts


class Subject:
    """A copy of a model on the CPU and what is measured of it."""

    def __init__(
        self,
        model: Symmetrized,
        settings: Settings,
        sizes: Mapping[str, int] | None = None,
        trusted: bool = True,
        called: Callable[[], None] | None = None,
        draw: Draw | None = None,
    ) -> None:
        self.settings = settings
        self.measures_trusted = trusted
        self.sizes = example_sizes(
            model.inputs + model.outputs, model.groups, model.fixed, model.ragged, sizes
        )
        self.generator = torch.Generator().manual_seed(settings.seed)
        self.domain: Domain | None = None
        if draw is not None:
            self.domain = Domain(draw, model.inputs, model.ragged, model.fixed)
            self.sizes = self._drawn_sizes(self.domain, model, sizes)
        self.called = called
        self.given = model
        self.model, self.guarded = self._copied()
        self.acting = [g.name for g in model.groups if g.name not in model.trusted]
        self.refused: dict[str, str] = {}
        self.precision = torch.float64
        self._try()
        self.random = {mode: self._is_random(mode) for mode in self.modes}

    def _drawn_sizes(
        self, domain: Domain, model: Symmetrized, chosen: Mapping[str, int] | None
    ) -> dict[str, int]:
        """The sizes of what the domain draws; `chosen` ones are not to be others."""
        tensors, _ = domain(2, self.sizes, self.generator)
        found = domain.sizes(tensors)
        for name, value in (chosen or {}).items():
            if found.get(name, value) != value:
                raise InputsError(
                    f"`{domain.name}` draws `{name}` = {found[name]}, not {value} as was chosen: "
                    "name `sizes` among its arguments and follow it"
                )
        return example_sizes(
            model.inputs + model.outputs, model.groups, model.fixed, model.ragged, found
        )

    def _copied(self) -> tuple[Symmetrized, Guarded]:
        """A copy of what was given, on the CPU, and the guard around its base."""
        try:
            copied = copy.deepcopy(self.given).cpu()
        except Exception as error:
            raise CannotMeasureError(
                f"the module cannot be copied: {said(error)}; keep no tensor with a gradient on it"
            ) from error
        common = shared(self.given.base, copied.base)
        if common is not None:
            raise CannotMeasureError(
                f"the module cannot be copied: its copy shares `{common}` with it, and measuring "
                f"would change that; let `__deepcopy__` copy it"
            )
        guarded = Guarded(copied.base)
        guarded.called = self.called
        copied.base = guarded
        copied.chunk = None
        copied.draw_so_many(2)
        return copied, guarded

    @cached_property
    def moved(self) -> Symmetrized | None:
        """The model with every weight moved at random; None: it has none."""
        copied, guarded = self._copied()
        guarded.with_gradient = self.guarded.with_gradient
        if any(is_lazy(p) for p in copied.parameters()):
            batch = self.batch(("random",), 2).to(self.precision)
            self._set(copied, self.precision, "eval")(*batch.inputs, sizes=dict(batch.counts))
        generator = torch.Generator().manual_seed(self.settings.seed)
        return copied if move_weights(copied, generator) else None

    @property
    def plain(self) -> bool:
        """Whether symc did not build the module."""
        return isinstance(self.model, Plain)

    @property
    def finest(self) -> str:
        """The finest precision that the module takes."""
        return "float32" if "float64" in self.refused else "float64"

    modes = ("eval", "train")

    def _try(self) -> None:
        """One call in each precision. What runs in none cannot be measured."""
        batch = self.batch(("random",), 8)
        if not self._runs(batch):
            # A module of forces, say, differentiates inside.
            self.guarded.with_gradient = True
            self.guarded.with_gradient = self._runs(batch)
        finite = {}
        for name in DTYPES:
            try:
                tensors = self._called(name, batch)
            except Exception as error:
                why = str(error) if isinstance(error, ModuleRaisedError) else said(error)
                self.refused[name] = f"raises {why}"
                continue
            finite[name] = any(bool(y.isfinite().any()) for y in tensors)
        if not any(finite.values()):
            # What it returns in one precision alone, the law says.
            self.refused |= dict.fromkeys(finite, "returns no finite number on random inputs")
        self._check_refused()
        coarsest = None if "float64" in self.refused else self._coarsest()
        if coarsest is not None:
            self.refused["float64"] = f"computes in {WORDS[coarsest.itemsize]} precision inside"
            if coarsest.itemsize < torch.float32.itemsize:
                self.refused["float32"] = self.refused["float64"]
            self._check_refused()
        if "float64" in self.refused:
            self.precision = torch.float32

    def _called(self, dtype: str, batch: Batch) -> tuple[torch.Tensor, ...]:
        with torch.no_grad():
            values = self.at(DTYPES[dtype], "eval")(
                *batch.to(DTYPES[dtype]).inputs, sizes=dict(batch.counts)
            )
        return as_tuple(values)

    def _runs(self, batch: Batch) -> bool:
        """Whether the module raises nothing, in one precision at least."""
        for name in DTYPES:
            try:
                self._called(name, batch)
            except ModuleRaisedError:
                continue
            except Exception:
                return True  # what it returned is at fault
            return True
        return False

    def _check_refused(self) -> None:
        if len(self.refused) == len(DTYPES):
            raise CannotMeasureError(
                f"the module fails on inputs of the spec"
                f"{self._taken()}: it {self.refused['float32']}"
            )

    def _taken(self) -> str:
        """The sizes of these inputs, and how to choose others."""
        if not self.sizes:
            return ""
        taken = ", ".join(f"{name} = {value}" for name, value in self.sizes.items())
        free = sorted(self.sizes.keys() - self.model.fixed.keys())
        hint = f"; others by `--size {free[0]}=...`, `sizes={{{free[0]!r}: ...}}`" if free else ""
        return f" ({taken}{hint})"

    def _coarsest(self) -> torch.dtype | None:
        """To what the module, given double precision, rounds numbers; None: it does not."""
        module, batch = self.at(torch.float64, "eval"), self.batch(("random",), 8)
        module = module if self.plain else alone(module)
        with torch.no_grad(), watched() as seen:
            values = module(*batch.inputs, sizes=dict(batch.counts))
        coarsest: torch.dtype | None = seen.coarsest
        if coarsest is not None:
            return coarsest
        if not any(x.is_floating_point() for x in batch.inputs):
            return None
        # What leaves torch, to numpy say, is not seen. Whole numbers tell nothing.
        tensors = [y for y in as_tuple(values) if not y.is_complex()]
        fractions = [y for y in tensors if (y != y.round()).any()]
        single = bool(fractions) and all(torch.equal(y, y.float().double()) for y in fractions)
        return torch.float32 if single else None

    def at(self, dtype: torch.dtype, mode: str) -> Symmetrized:
        """The model in a precision and a mode; the base of a compiled one is always in eval mode.

        The same module each time.
        """
        return self._set(self.model, dtype, mode)

    def moved_at(self, dtype: torch.dtype, mode: str) -> Symmetrized | None:
        """The same of the model with moved weights; None where it has no weights."""
        return None if self.moved is None else self._set(self.moved, dtype, mode)

    @staticmethod
    def _set(model: Symmetrized, dtype: torch.dtype, mode: str) -> Symmetrized:
        model.to(dtype)
        model.train(mode == "train")
        if not isinstance(model, Plain):
            model.base.eval()
        return model

    def batch(self, kinds: Sequence[str], samples: int) -> Batch:
        """Inputs of these kinds in float64, `samples` of each."""
        model = self.model
        if self.domain is not None:
            return self._drawn(self.domain, len(kinds) * samples)
        made = [
            make_inputs(
                k, model.inputs, model.groups, self.sizes, samples, generator=self.generator
            )
            for k in kinds
        ]
        inputs = tuple(torch.cat(parts) for parts in zip(*made, strict=True))
        names = tuple(kind for kind in kinds for _ in range(samples))
        counts = example_counts(model.ragged, self.sizes, len(names))
        return Batch(names, within_counts(model.inputs, inputs, counts), counts)

    def _drawn(self, domain: Domain, batch: int) -> Batch:
        inputs, counts = domain(batch, self.sizes, self.generator)
        found = domain.sizes(inputs)
        for name, value in self.sizes.items():
            if found.get(name, value) != value:
                raise InputsError(
                    f"`{domain.name}` draws `{name}` = {value} and then {found[name]}: draw one "
                    "size, or declare it ragged and return counts"
                )
        return Batch((DRAWN,) * batch, inputs, counts)

    def batches(self) -> list[Batch]:
        """Inputs of every kind, or as many that the domain draws."""
        probe = self.batch(("random",), 1)
        noise = self.model.draw_noise(*probe.inputs, sizes=dict(probe.counts))
        total = max((z.shape[0] for z in noise.values()), default=1)
        samples = max(1, min(self.settings.samples, ROWS // (total * len(KINDS))))
        if self.domain is not None:
            return [self.batch(tuple(KINDS), samples)]
        alike = [kind for kind in KINDS if kind not in SCALED]
        return [self.batch(kinds, samples) for kinds in (alike, *((kind,) for kind in SCALED))]

    def _is_random(self, mode: str) -> bool:
        """Whether calls with the same noise differ."""
        batch = self.batch(("random",), 3).to(self.precision)
        try:
            return self.differs(self.at(self.precision, mode), batch)
        except RAISED:
            return False  # what is measured next says so

    def differs(self, model: Symmetrized, batch: Batch) -> bool:
        """Whether calls on the same inputs with the same noise differ."""
        counts = dict(batch.counts)
        noise = model.draw_noise(*batch.inputs, sizes=counts)
        with torch.no_grad():
            calls = [model(*batch.inputs, noise=noise, sizes=counts) for _ in range(REPEATS)]
        first, *others = [as_tuple(values) for values in calls]
        return any(
            not torch.equal(a.nan_to_num(), b.nan_to_num())
            for other in others
            for a, b in zip(first, other, strict=True)
        )

    @staticmethod
    def with_samples(model: Symmetrized, samples: int) -> Symmetrized:
        """The model with so many samples in both modes."""
        model.draw_so_many(samples)
        return model
