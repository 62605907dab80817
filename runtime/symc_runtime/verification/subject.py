"""What is measured: a copy of a model on the CPU, its sizes, its precision, its inputs."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch

from symc_runtime.symmetrized import Symmetrized
from symc_runtime.verification.bases import example_counts, example_sizes
from symc_runtime.verification.blame import said
from symc_runtime.verification.inputs import KINDS, make_inputs
from symc_runtime.verification.plain import Plain, alone

DTYPES = {"float64": torch.float64, "float32": torch.float32}
SCALED = ("huge", "tiny", "unlike scales")
"""Kinds that are measured by themselves: translations are as long as the longest point."""
ROWS = 4000
"""Rows that the base sees in one call of the coupled law, at most, where `samples` allows it."""
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


class Subject:
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
                f"the module cannot be copied: {said(error)}; keep no tensor with a gradient on it"
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
                    values = self.at(dtype, "eval")(
                        *batch.to(dtype).inputs, sizes=dict(batch.counts)
                    )
            except Exception as error:
                self.refused[name] = f"raises {said(error)}"
                continue
            tensors = values if isinstance(values, tuple) else (values,)
            if not any(y.isfinite().any() for y in tensors):
                self.refused[name] = "returns no finite number on random inputs"
        if len(self.refused) == len(DTYPES):
            raise CannotMeasureError(
                f"the module fails on inputs of the spec"
                f"{self._taken()}: it {self.refused['float32']}"
            )
        if "float64" not in self.refused and self._is_coarse():
            self.refused["float64"] = "computes in single precision inside"
        if "float64" in self.refused:
            self.precision = torch.float32

    def _taken(self) -> str:
        """The sizes of these inputs, and how to choose others."""
        if not self.sizes:
            return ""
        taken = ", ".join(f"{name} = {value}" for name, value in self.sizes.items())
        free = sorted(self.sizes.keys() - self.model.fixed.keys())
        hint = f"; others by `--size {free[0]}=...`, `sizes={{{free[0]!r}: ...}}`" if free else ""
        return f" ({taken}{hint})"

    def _is_coarse(self) -> bool:
        """Whether the base, given double precision, returns numbers of single precision."""
        module, batch = self.at(torch.float64, "eval"), self.batch(("random",), 8)
        module = module if self.plain else alone(module)
        with torch.no_grad():
            values = module(*batch.inputs, sizes=dict(batch.counts))
        tensors = values if isinstance(values, tuple) else (values,)
        # Whole numbers tell nothing.
        fractions = [y for y in tensors if (y != y.round()).any()]
        return bool(fractions) and all(torch.equal(y, y.float().double()) for y in fractions)

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
            make_inputs(
                k, model.inputs, model.groups, self.sizes, samples, generator=self.generator
            )
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
        """Whether calls with the same noise differ."""
        model, batch = self.at(self.precision, mode), self.batch(("random",), 3).to(self.precision)
        counts = dict(batch.counts)
        noise = model.draw_noise(*batch.inputs, sizes=counts)
        with torch.no_grad():
            calls = [model(*batch.inputs, noise=noise, sizes=counts) for _ in range(REPEATS)]
        first, *others = [v if isinstance(v, tuple) else (v,) for v in calls]
        return any(
            not torch.equal(a.nan_to_num(), b.nan_to_num())
            for other in others
            for a, b in zip(first, other, strict=True)
        )

    @staticmethod
    def with_samples(model: Symmetrized, samples: int) -> Symmetrized:
        """The model with so many samples in both modes."""
        model.samples = model.eval_samples = samples
        return model
