"""One module after another through everything that the README promises of it.

    python -m versions.smoke [--every K] [--only CHECK] [WORD ...]

Run with the torch that is to be tried. Prints a line a case and exits 1 if a promise is broken.
`--every 5` takes one case of five, words take the cases whose names hold one of them.
"""

from __future__ import annotations

import argparse
import copy
import io
import sys
import time
from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor

import symc
from symc.lower.emit import emit
from symc.lower.plan import make_plan
from symc_runtime.symmetrized import Symmetrized
from versions.cases import CASES, Case

SHOWN = 600
"""Characters of an error."""
Call = tuple[tuple[Tensor, ...], dict[str, Any]]


def _call(case: Case, model: Symmetrized, batch: int = 2, items: int = 4) -> Call:
    """Inputs and keywords, the noise among them."""
    inputs, counts = case.inputs(model, batch, items)
    generator = torch.Generator().manual_seed(2)
    noise = model.draw_noise(*inputs, sizes=counts, generator=generator)
    return inputs, {"noise": noise, "sizes": counts}


def _flat(outputs: Any) -> list[Tensor]:
    return list(outputs) if isinstance(outputs, tuple) else [outputs]


def _same(found: Any, expected: Any, *, exact: bool = False) -> None:
    for one, other in zip(_flat(found), _flat(expected), strict=True):
        if not one.isfinite().all():
            raise AssertionError("not finite")
        if not (
            torch.equal(one, other) if exact else torch.allclose(one, other, rtol=1e-4, atol=1e-5)
        ):
            raise AssertionError(f"off by {float((one - other).abs().max()):.1e}")


def eager(case: Case) -> None:
    """Twice the same with the same noise, and the emitted code computes the same numbers."""
    model = case.build().eval()
    inputs, keywords = _call(case, model)
    expected = model(*inputs, **keywords)
    _same(model(*inputs, **keywords), expected, exact=True)
    plan = make_plan(model.program)
    scope: dict[str, Any] = {}
    exec(emit(plan), scope)
    written = scope[plan.class_name](copy.deepcopy(model.base)).eval()
    written.draw_so_many(2)
    written.load_state_dict(model.state_dict())
    _same(written(*inputs, **keywords), expected, exact=True)


def state_dict(case: Case) -> None:
    """Saved, loaded and put into another module, the weights are the same."""
    model = case.build().eval()
    inputs, keywords = _call(case, model)
    stored = io.BytesIO()
    torch.save(model.state_dict(), stored)
    stored.seek(0)
    other = case.build().eval()
    with torch.no_grad():
        for parameter in other.parameters():
            parameter.fill_(0.1)
    other.load_state_dict(torch.load(stored, weights_only=True))
    _same(other(*inputs, **keywords), model(*inputs, **keywords), exact=True)


def compiled(case: Case, dynamic: bool | None) -> None:
    """In one graph, also for a larger batch and more items; with its noise, and drawing its own."""
    model = case.build().eval()
    torch._dynamo.reset()
    fast = torch.compile(model, fullgraph=True, backend="eager", dynamic=dynamic)
    for batch, items in ((2, 4), (3, 5)):
        inputs, keywords = _call(case, model, batch, items)
        expected = model(*inputs, **keywords)
        _same(fast(*inputs, **keywords), expected)
    drawn = fast(*inputs, sizes=keywords["sizes"])
    for one, other in zip(_flat(drawn), _flat(expected), strict=True):
        if one.shape != other.shape or not one.isfinite().all():
            raise AssertionError("drawing its own noise it gives something else")


def trained(case: Case) -> None:
    """Gradients of the compiled module, forward and backward traced, are those of the module."""
    model = case.build().train()
    inputs, keywords = _call(case, model)
    if not any(p.requires_grad for p in model.parameters()):
        return

    def gradients(call: Callable[..., Any]) -> list[Tensor]:
        model.zero_grad()
        found, penalty = call(*inputs, **keywords, return_penalty=True)
        (sum(y.sin().sum() for y in _flat(found)) + penalty).backward()
        return [p.grad.clone() for p in model.parameters() if p.grad is not None]

    expected = gradients(model)
    torch._dynamo.reset()
    found = gradients(torch.compile(model, fullgraph=True, backend="aot_eager"))
    for one, other in zip(found, expected, strict=True):
        if not torch.allclose(one, other, rtol=1e-3, atol=1e-4):
            raise AssertionError(f"a gradient is off by {float((one - other).abs().max()):.1e}")


def exported(case: Case, strict: bool) -> None:
    """By torch.export, for these shapes and for a batch of any size."""
    model = case.build().eval()
    inputs, keywords = _call(case, model)
    program = torch.export.export(model, inputs, keywords, strict=strict)
    _same(program.module()(*inputs, **keywords), model(*inputs, **keywords))
    counts = keywords["sizes"]
    # With a bound: torch 2.5 takes no slice x[:, 1:] of a batch that has none.
    batch = torch.export.Dim("batch", min=1, max=4096)
    names = [declared.name for declared in model.inputs]
    shapes = {**{name: {0: batch} for name in names}, "sizes": {n: {0: batch} for n in counts}}
    program = torch.export.export(
        model, inputs, {"sizes": counts}, dynamic_shapes=shapes, strict=strict
    )
    more, told = case.inputs(model, 5)
    for found in _flat(program.module()(*more, sizes=told)):
        if found.shape[0] != 5 or not found.isfinite().all():
            raise AssertionError("an open batch gives something else")


CHECKS: Mapping[str, Callable[[Case], None]] = {
    "eager": eager,
    "state_dict": state_dict,
    "compile(dynamic=False)": lambda case: compiled(case, False),
    "compile(dynamic=None)": lambda case: compiled(case, None),
    "compile(dynamic=True)": lambda case: compiled(case, True),
    "training": trained,
    "export(strict=True)": lambda case: exported(case, True),
    "export(strict=False)": lambda case: exported(case, False),
}


def faults(case: Case, only: str = "") -> list[str]:
    """The promises that the case breaks, each with what was said."""
    found = []
    for name, check in CHECKS.items():
        if only not in name:
            continue
        try:
            check(case)
        except Exception as error:
            # Whatever it is: the others are tried, too. What matters of a trace is its end.
            said = str(error).strip()[-SHOWN:]
            found.append(f"{name}: {type(error).__name__}: {said}")
    return found


def main(arguments: list[str]) -> int:
    """1 if a promise is broken or nothing was tried."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("words", nargs="*", help="parts of the names of cases")
    parser.add_argument("--every", type=int, default=1, help="one case of so many")
    parser.add_argument("--only", default="", help="a part of the names of checks")
    options = parser.parse_args(arguments)
    chosen = [c for c in CASES if not options.words or any(w in c.name for w in options.words)]
    print(f"torch {torch.__version__}, symc {symc.__version__}", flush=True)
    broken = 0
    for case in chosen[:: options.every]:
        start = time.perf_counter()
        found = faults(case, options.only)
        broken += bool(found)
        took = time.perf_counter() - start
        print(f"{'FAIL' if found else 'ok':4} {case.name} ({took:.1f} s)", flush=True)
        for fault in found:
            print("     " + fault.replace("\n", "\n     "), flush=True)
    tried = len(chosen[:: options.every])
    print(f"{tried - broken} of {tried} cases hold" if tried else "no case has such a name")
    return 1 if broken or not tried else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
