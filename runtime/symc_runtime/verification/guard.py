"""The user's module while it is measured: its errors are told from ours, its inputs stay."""

from __future__ import annotations

import copy
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from typing import Any

import torch
from torch import nn
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves, tree_map_only

from symc_runtime.call.shapes import ShapeError
from symc_runtime.verification.blame import said

TOO_LARGE = ("allocate memory", "Storage size calculation overflowed")
"""What torch says where a tensor has no room: the sizes are at fault."""


class ModuleRaisedError(RuntimeError):
    """The user's module raised: what, and the line."""


RAISED = (ModuleRaisedError, ShapeError, TypeError)
"""What a module raises, or what it returns does."""


def why(error: Exception) -> str:
    """An error of the module in words."""
    return f"the module raises {error if isinstance(error, ModuleRaisedError) else said(error)}"


class Guarded(nn.Module):
    """A module that gets copies of its inputs, so that work in place changes no later call.

    What it raises comes out as ModuleRaisedError, `sys.exit` too; `with_gradient`: it needs
    gradients inside, as for forces; `called` is told of each call; `within`: what is entered while
    it computes.
    """

    def __init__(self, module: nn.Module) -> None:
        super().__init__()
        self.module = module
        self.with_gradient = False
        self.called: Callable[[], None] | None = None
        self.within: tuple[AbstractContextManager[Any], ...] = ()

    def forward(self, *inputs: torch.Tensor, **counts: torch.Tensor) -> Any:
        """What the module returns, without gradients."""
        if self.called is not None:
            self.called()
        given = tuple(x.clone() for x in inputs)
        try:
            with ExitStack() as entered:
                for each in self.within:
                    entered.enter_context(each)
                if not self.with_gradient:
                    return self.module(*given, **counts)
                with torch.enable_grad():
                    returned = self.module(*given, **counts)
        except MemoryError:
            raise
        except (Exception, SystemExit) as error:
            if any(text in str(error) for text in TOO_LARGE):
                raise
            raise ModuleRaisedError(said(error)) from error
        return _detached(returned)


def copied(model: nn.Module) -> Any:
    """A copy of a copy that was called: tensors with a gradient that it kept are cut off first."""
    known = vars(nn.Module()).keys()
    for module in model.modules():
        own = {key: value for key, value in vars(module).items() if key not in known}
        for held in (own, module._buffers):
            for key, value in held.items():
                if any(isinstance(x, torch.Tensor) and x.grad_fn for x in tree_leaves(value)):
                    cut = tree_map_only(torch.Tensor, torch.Tensor.detach, value)
                    (vars(module) if held is own else held)[key] = cut
    return copy.deepcopy(model)


def _detached(value: Any) -> Any:
    if isinstance(value, (tuple, list)):
        return type(value)(_detached(each) for each in value)
    return value.detach() if isinstance(value, torch.Tensor) else value


def watched() -> Coarseness:
    """To be entered while a module is called."""
    # Of torch without types.
    mode: Any = Coarseness
    watching: Coarseness = mode()
    return watching


class Coarseness(TorchDispatchMode):
    """Watches for numbers that are brought to a coarser precision; `coarsest`: None, where none."""

    coarsest: torch.dtype | None = None

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        result = func(*args, **(kwargs or {}))
        if func is torch.ops.aten._to_copy.default:
            self._see(args[0], result)
        elif func is torch.ops.aten.copy_.default:
            self._see(args[1], args[0])
        return result

    def _see(self, source: torch.Tensor, copied: torch.Tensor) -> None:
        if not (source.is_floating_point() and copied.is_floating_point()):
            return
        coarser = copied.dtype.itemsize < source.dtype.itemsize
        if coarser and (self.coarsest is None or copied.dtype.itemsize < self.coarsest.itemsize):
            self.coarsest = copied.dtype
