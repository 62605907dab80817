"""Rounding inside a module, simulated: what more of it would do to the outputs.

Moving the inputs shows how a function is conditioned, not how it is computed: `exp(-d) - 1` is as
smooth as d is and loses every digit of a small one. So each number that an operation of the module
rounds is moved at random by a few units in its last place, and the outputs are looked at.
"""

from __future__ import annotations

from typing import Any

import torch
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves, tree_map_only

from symc_runtime.symmetrized import Symmetrized
from symc_runtime.verification.call import Call
from symc_runtime.verification.guard import Guarded

UNITS = 16.0
"""How far numbers are moved, in eps: well above the rounding that is there, and still small."""
TRIALS = 6
LOOK = 8
"""Numbers of a result that are looked at first, to see whether it was computed at all."""
SUMS = {
    "sum", "mean", "mm", "bmm", "mv", "dot", "addmm", "addbmm", "addmv", "addr", "baddbmm",
    "cumsum", "var", "var_mean", "std", "convolution", "convolution_backward", "index_add",
    "scatter_add", "scatter_reduce", "native_batch_norm", "native_layer_norm",
    "native_group_norm", "_embedding_bag",
}  # fmt: skip
"""Operations whose terms may cancel before anybody sees them: these move, too."""
OUTSIDE = {"numpy", "__array__", "tolist", "__dlpack__"}
"""What takes numbers out of torch."""


class Noisy(TorchDispatchMode):
    """While it is entered, what an operation computes comes out moved at random.

    What it only moves about, compares or counts stays as it is: an index, a mask, an equality of
    two copies. So do zeros.
    """

    generator: torch.Generator

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        kwargs = kwargs or {}
        given = tree_leaves((args, kwargs))
        taken = [x for x in given if isinstance(x, torch.Tensor)]
        returns = func._schema.returns
        aliased = [each.alias_info for each in returns if each.alias_info is not None]
        if not taken or (aliased and not any(alias.is_write for alias in aliased)):
            return func(*args, **kwargs)
        if aliased:
            taken = [x.clone() for x in taken]
        result = func(*args, **kwargs)
        scalars = [float(x) for x in given if isinstance(x, (int, float))]
        found = [y for y in tree_leaves(result) if _has_fractions(y)]
        if not any(_computed(y, taken, scalars) for y in found):
            return result
        if aliased:
            for y in found:
                y.copy_(self._moved(y))
            return result
        if func._schema.name.rpartition("::")[2] in SUMS:
            args, kwargs = tree_map_only(torch.Tensor, self._moved, (args, kwargs))
            result = func(*args, **kwargs)
        return tree_map_only(torch.Tensor, self._moved, result)

    def _moved(self, x: torch.Tensor) -> torch.Tensor:
        """x, each number by up to UNITS in its last place."""
        if x.is_complex():
            return torch.view_as_complex(self._moved(torch.view_as_real(x.resolve_conj())))
        if not x.is_floating_point():
            return x
        step = torch.rand(x.shape, dtype=torch.float64, generator=self.generator) * 2 - 1
        return x + (x.double() * step * (UNITS * torch.finfo(x.dtype).eps)).to(x.dtype)


def noisy(generator: torch.Generator) -> Noisy:
    """To be entered while a module is called."""
    # Of torch without types.
    mode: Any = Noisy
    entered: Noisy = mode()
    entered.generator = generator
    return entered


class Leaving(TorchFunctionMode):
    """Watches for numbers that leave torch, where nothing moves them; `seen`: some did."""

    seen = False

    def __torch_function__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        self.seen = self.seen or getattr(func, "__name__", "") in OUTSIDE
        return func(*args, **(kwargs or {}))


def _has_fractions(y: Any) -> bool:
    return isinstance(y, torch.Tensor) and (y.is_floating_point() or y.is_complex())


def _computed(y: torch.Tensor, taken: list[torch.Tensor], scalars: list[float]) -> bool:
    """Whether numbers of y are new: neither those that came nor whole ones made of whole ones."""
    rows = _numbers(y)
    if not rows.numel():
        return False
    sources = [_numbers(x) for x in taken]
    known = torch.cat([*sources, torch.tensor([0.0, 1.0, *map(abs, scalars)]).double()])
    some = rows[:: len(rows) // LOOK + 1]
    if _whole(some) and _whole(rows) and _whole(known[known.isfinite()]):
        return False
    if not (some.unsqueeze(1) == known).any(1).all():
        return True
    return not bool(torch.isin(rows, known).all())


def _numbers(x: torch.Tensor) -> torch.Tensor:
    """The sizes of all numbers of x, a complex one counting as two, float64."""
    x = torch.view_as_real(x.resolve_conj()) if x.is_complex() else x
    return x.double().abs().flatten()


def _whole(x: torch.Tensor) -> bool:
    return bool((x == x.round()).all())


def rounding_of(
    model: Symmetrized, call: Call, dtype: torch.dtype, generator: torch.Generator
) -> tuple[torch.Tensor, bool] | None:
    """Condition numbers of the computation inside the base, [outputs, batch].

    The largest relative change of an output over the relative change of every number that the base
    computes. And whether something is hidden from it: numbers leave torch, or nothing changes.
    None where the base is not guarded or does not run so.
    """
    guard = model.base
    if not isinstance(guard, Guarded):
        return None
    before = call.of(model)
    leaving = Leaving()
    try:
        guard.within = (leaving, noisy(generator))
        after = call.repeated(TRIALS).of(model)
    except (RuntimeError, TypeError, NotImplementedError):
        return None
    finally:
        guard.within = ()
    changes = []
    for a, b in zip(before, after, strict=True):
        change = a.length((b.value.unflatten(0, (TRIALS, -1)) - a.value).flatten(0, 1))
        change = (change.unflatten(0, (TRIALS, -1)) / a.size).nan_to_num(torch.inf, torch.inf)
        changes.append(change.amax(0).masked_fill(~a.length(a.value).isfinite(), 0))
    largest = torch.stack(changes)
    hidden = leaving.seen or not largest.any()
    return largest / (UNITS * torch.finfo(dtype).eps), hidden
