"""Whether noise chooses where `canonical` should: modules are built and run with other noise."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from math import prod
from unittest.mock import patch

import torch
from torch import nn

import symc
from prooforacle.specs import Generator
from symc.checking import check
from symc.ir.program import Program
from symc.proofs import prove
from symc.source import Source

UNPROVED = "symc.checking.document.report_proofs"


def program(text: str) -> Program:
    """A spec that is right but for what is proved about it."""
    with patch(UNPROVED, lambda *_: None):
        result = check(Source("<text>", text))
    assert result.program is not None, result.diagnostics
    return result.program


class Mixed(nn.Module):
    """A fixed nonlinear map of everything, to outputs of the given shapes."""

    def __init__(self, inputs: int, shapes: list[tuple[int, ...]]) -> None:
        super().__init__()
        torch.manual_seed(1)
        self.shapes = shapes
        self.first = nn.Linear(inputs, 32)
        self.last = nn.Linear(32, sum(map(prod, shapes)))

    def forward(self, *inputs: torch.Tensor) -> tuple[torch.Tensor, ...] | torch.Tensor:
        """Every output."""
        rows = torch.cat([x.reshape(x.shape[0], -1) for x in inputs], 1)
        parts = self.last(torch.tanh(self.first(rows))).split(list(map(prod, self.shapes)), 1)
        found = tuple(p.reshape(-1, *shape) for p, shape in zip(parts, self.shapes, strict=True))
        return found if len(found) > 1 else found[0]


def noisy_outputs(text: str) -> dict[str, bool]:
    """For each output, whether it depends on the noise; every stage is `canonical`."""
    checked = program(text)
    shapes = [
        [tuple(size.value or 0 for size in tensor.shape) for tensor in tensors]
        for tensors in (checked.inputs, checked.outputs)
    ]
    base = Mixed(sum(map(prod, shapes[0])), shapes[1])
    with patch(UNPROVED, lambda *_: None):
        model = symc.build(text, base).double().eval()
    torch.manual_seed(2)
    x = [torch.randn(1, *shape, dtype=torch.float64).expand(16, *shape) for shape in shapes[0]]
    with torch.no_grad():
        y = model(*x)
    values = y if isinstance(y, tuple) else (y,)
    return {
        tensor.name: float(value.std(0).max()) > 1e-7 * float(value.abs().max())
        for tensor, value in zip(checked.outputs, values, strict=True)
    }


@dataclass(frozen=True)
class Choice:
    """A spec whose stages are all `canonical`: what was said, and whether noise chose."""

    text: str
    said: bool
    noisy: bool


def choices(seed: int, finite: bool = False, powers: bool = False) -> Iterator[Choice]:
    """Random specs; outputs that are always zero, which are noise for any method, do not count."""
    generator, order = Generator(seed, finite=finite, powers=powers), random.Random(seed)
    while True:
        spec = generator.spec()
        names = [group.name for group in spec.groups]
        order.shuffle(names)
        text = spec.text + "".join(f"symmetrize {name} by canonical\n" for name in names)
        found = {d.code for d in check(Source("spec.sym", text)).diagnostics}
        if any(code[3] != "4" for code in found) or any(t.labels for t in spec.inputs):
            continue
        zero = {p.subject for p in prove(program(text)) if p.code == "SYM402"}
        noisy = [is_noisy for name, is_noisy in noisy_outputs(text).items() if name not in zero]
        if noisy:
            yield Choice(text, bool(found & {"SYM404", "SYM407"}), any(noisy))
