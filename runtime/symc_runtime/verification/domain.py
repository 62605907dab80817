"""The inputs' domain as the user states it: a function that draws them.

A law is then measured on these alone. Not every tensor of the right shape is a meaningful input:
the cell of a crystal is no singular matrix, a direction no zero vector.
"""

from __future__ import annotations

import difflib
import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch

from symc_runtime.call.shapes import check_counts, check_inputs, check_labels, refuse_packed
from symc_runtime.spec.layout import Tensor
from symc_runtime.testing import valid_part
from symc_runtime.verification.blame import said

Draw = Callable[..., Any]
ASKED = ("batch", "generator", "sizes", "dtype")


class InputsError(ValueError):
    """The function that draws inputs is at fault: what it did, what it should do."""


class Domain:
    """Draws inputs by a function of the user's, and checks what it returns.

    The function gets, by name, those of these that it names (with `**` all): `batch`, how many
    examples; `generator`, a torch.Generator on the CPU; `sizes`, a dict of values for the sizes of
    the spec; `dtype`, torch.float64. It returns the inputs, each [batch, ...], in the order of the
    spec (one alone needs no tuple) or as a dict by name; in a dict also counts [batch] of ragged
    sizes, by their names, else all items are there. Sizes may be others than those it got, the
    same at each call. Numbers of any precision are taken as they are.
    """

    def __init__(
        self,
        draw: Draw,
        inputs: Sequence[Tensor],
        ragged: Mapping[str, int],
        fixed: Mapping[str, int],
    ) -> None:
        if not callable(draw):
            raise InputsError(f"it is {type(draw).__name__}: give a function that draws inputs")
        self.draw = draw
        self.name = getattr(draw, "__name__", type(draw).__name__)
        self.inputs, self.ragged, self.fixed = inputs, ragged, fixed
        self.asked = self._asked()

    def _asked(self) -> tuple[str, ...]:
        try:
            parameters = inspect.signature(self.draw).parameters.values()
        except (TypeError, ValueError):
            return ASKED
        if any(p.kind is p.VAR_KEYWORD for p in parameters):
            return ASKED
        known = [p.name for p in parameters if p.name in ASKED and p.kind is not p.POSITIONAL_ONLY]
        for parameter in parameters:
            if parameter.name in known or parameter.kind is parameter.VAR_POSITIONAL:
                continue
            if parameter.default is parameter.empty:
                raise InputsError(
                    f"`{self.name}` wants `{parameter.name}`, which it does not get: name any of "
                    f"`batch`, `generator`, `sizes`, `dtype`, as in `def {self.name}(batch, "
                    "generator)`"
                )
        return tuple(known)

    def __call__(
        self, batch: int, sizes: Mapping[str, int], generator: torch.Generator
    ) -> tuple[tuple[torch.Tensor, ...], dict[str, torch.Tensor]]:
        """Inputs [batch, ...], numbers in float64, and counts. Raises InputsError."""
        given: dict[str, Any] = {
            "batch": batch, "generator": generator, "sizes": dict(sizes), "dtype": torch.float64,
        }  # fmt: skip
        try:
            returned = self.draw(**{name: given[name] for name in self.asked})
        except MemoryError:
            raise
        except (Exception, SystemExit) as error:
            raise InputsError(f"`{self.name}` raised {said(error)}") from error
        values, given_counts = self._named(returned)
        try:
            tensors = tuple(self._numbers(*each) for each in zip(self.inputs, values, strict=True))
            found = check_inputs(self.inputs, tensors, self.fixed, self.ragged)
            counts = {
                name: check_counts(name, given_counts.get(name, whole), batch, found[name], bound)
                for name, bound in self.ragged.items()
                for whole in (torch.full((batch,), found[name]),)
            }
            for tensor, value in zip(self.inputs, tensors, strict=True):
                if tensor.whole:
                    check_labels(tensor, valid_part(tensor, value, counts), found, counts)
        except (TypeError, ValueError) as error:
            raise InputsError(f"what `{self.name}` draws: {error}") from error
        if tensors[0].shape[0] != batch:
            raise InputsError(
                f"`{self.name}` draws {tensors[0].shape[0]} examples, where batch = {batch}"
            )
        return tensors, counts

    def sizes(self, tensors: Sequence[torch.Tensor]) -> dict[str, int]:
        """The sizes that drawn inputs have."""
        return check_inputs(self.inputs, tensors, self.fixed, self.ragged)

    def _numbers(self, tensor: Tensor, value: Any) -> Any:
        """Numbers of any precision in float64, whole ones in int64, on the CPU."""
        if not isinstance(value, torch.Tensor):
            return value
        refuse_packed(f"input `{tensor.name}`", value, self.ragged)
        value = value.detach().cpu()
        if value.is_floating_point():
            value = value.double()
        if not value.isfinite().all():
            raise ValueError(f"input `{tensor.name}` holds NaN or infinity")
        whole = tensor.whole and value.dtype != torch.bool
        return value.long() if whole and not value.is_floating_point() else value

    def _named(self, returned: Any) -> tuple[list[Any], dict[str, Any]]:
        """One value an input, in order, and counts."""
        names = [tensor.name for tensor in self.inputs]
        listed = ", ".join(f"`{name}`" for name in names)
        if isinstance(returned, Mapping):
            for name in returned:
                if name not in (*names, *self.ragged):
                    close = difflib.get_close_matches(str(name), [*names, *self.ragged], n=1)
                    hint = f"did you mean `{close[0]}`?" if close else f"the inputs: {listed}"
                    raise InputsError(f"`{self.name}` draws `{name}`, which is no input; {hint}")
            missing = [name for name in names if name not in returned]
            if missing:
                raise InputsError(f"`{self.name}` draws no `{missing[0]}`; the inputs: {listed}")
            counts = {name: returned[name] for name in self.ragged if name in returned}
            return [returned[name] for name in names], counts
        values = list(returned) if isinstance(returned, (tuple, list)) else [returned]
        if len(values) != len(names):
            raise InputsError(
                f"`{self.name}` returned {len(values)} value{'s' * (len(values) != 1)}; "
                f"the inputs, in order: {listed}"
            )
        return values, {}
