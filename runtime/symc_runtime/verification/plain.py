"""Any module, measured as if it were a compiled one that draws nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import torch
from torch import nn

from symc_runtime.call.shapes import check_base
from symc_runtime.spec.layout import Gradient, Group, Tensor, of_base
from symc_runtime.symmetrized import Symmetrized
from symc_runtime.testing import valid_part


class Plain(Symmetrized):
    """A module that takes the declared inputs, and counts where its forward names them.

    It returns every output, what a spec derives too: `derivations` says what these should be.
    """

    def __init__(
        self,
        module: nn.Module,
        groups: tuple[Group, ...],
        inputs: tuple[Tensor, ...],
        outputs: tuple[Tensor, ...],
        ragged: Mapping[str, int],
        fixed: Mapping[str, int],
    ) -> None:
        claimed = {t.name: t.gradient for t in outputs if t.gradient is not None}
        outputs = tuple(replace(tensor, gradient=None) for tensor in outputs)
        self.__dict__.update(
            groups=groups, inputs=inputs, outputs=outputs, ragged=ragged, fixed=fixed
        )
        self.__dict__["_claimed"] = claimed
        super().__init__(module)

    @property
    def derivations(self) -> dict[str, Gradient]:
        """What the spec says of outputs that the module returns as all others."""
        claimed: dict[str, Gradient] = self.__dict__["_claimed"]
        return claimed

    def symmetrize(
        self, *tensors: torch.Tensor
    ) -> tuple[tuple[torch.Tensor, ...], tuple[Any, ...]]:
        """The module itself; what it returns for padding is set to zero."""
        inputs = tensors[: len(self.inputs)]
        counts = dict(zip(self.ragged, tensors[len(self.inputs) :], strict=True))
        returned = self.base(*inputs, **self.taken_counts(counts))
        values = check_base(returned, self.inputs, self.outputs, self.fixed, inputs)
        pairs = zip(self.outputs, values, strict=True)
        return tuple(valid_part(tensor, y, counts) for tensor, y in pairs), ()


def alone(model: Symmetrized) -> Plain:
    """The base of a model without the model."""
    outputs = of_base(model.outputs)
    return Plain(model.base, model.groups, model.inputs, outputs, model.ragged, model.fixed)
