"""A spec's verdicts beside what was measured."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

from prooforacle.oracle import Measured, measure
from prooforacle.specs import Generator, Spec
from symc.checking import check
from symc.proofs import value_space
from symc.source import Source

Verdict = Literal["zero", "confined", "free"]
CODES: dict[str, Verdict] = {"SYM402": "zero", "SYM403": "confined"}


@dataclass(frozen=True)
class Output:
    """One output: what was said, and what was measured; `dimension` None: no claim was asked."""

    name: str
    said: Verdict
    dimension: int | None
    measured: Measured
    affine: bool

    @property
    def found(self) -> Verdict:
        """The verdict that the numbers give; a point is never zero."""
        if self.measured.rank == 0 and not self.affine:
            return "zero"
        return "confined" if self.measured.rank < self.measured.total else "free"

    @property
    def false_alarm(self) -> bool:
        """More is said than is so."""
        order: tuple[Verdict, ...] = ("free", "confined", "zero")
        less = self.dimension is not None and self.dimension < self.measured.rank
        return less or order.index(self.said) > order.index(self.found)

    @property
    def missed(self) -> bool:
        """Less is said than is so."""
        more = self.dimension is not None and self.dimension > self.measured.rank
        return not self.false_alarm and (more or self.said != self.found)


@dataclass(frozen=True)
class Compared:
    """A spec with its outputs; `seconds`: what the checker took."""

    spec: Spec
    outputs: tuple[Output, ...]
    seconds: float

    @property
    def labelled(self) -> bool:
        """Whether an input is labels, which the proofs take for generic numbers."""
        return any(tensor.labels for tensor in self.spec.inputs)


@dataclass
class Draws:
    """Specs from a seed; counts of those that the checker refuses, and of those not measured."""

    seed: int
    finite: bool = False
    powers: bool = False
    refused: int = 0
    unmeasured: int = 0
    _generator: Generator = field(init=False)

    def __post_init__(self) -> None:
        self._generator = Generator(self.seed, finite=self.finite, powers=self.powers)

    def __iter__(self) -> Iterator[Compared]:
        count = 0
        while True:
            spec = self._generator.spec()
            start = time.perf_counter()
            result = check(Source("spec.sym", spec.text))
            seconds = time.perf_counter() - start
            if any(d.code[3] != "4" for d in result.diagnostics):
                self.refused += 1
                continue
            measured = measure(spec, count)
            if measured is None or not all(m.clear for m in measured.values()):
                self.unmeasured += 1
                continue
            count += 1
            said = {
                spec.text[d.span.start : d.span.end]: CODES[d.code]
                for d in result.diagnostics
                if d.code in CODES
            }
            outputs = []
            for tensor in spec.outputs:
                space = value_space(result.program, tensor.name) if result.program else None
                outputs.append(
                    Output(
                        name=tensor.name,
                        said=said.get(tensor.name, "free"),
                        dimension=None if space is None else space.dimension,
                        measured=measured[tensor.name],
                        affine=any(term.affine for term in tensor.terms),
                    )
                )
            yield Compared(spec, tuple(outputs), seconds)
