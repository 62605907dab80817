"""The matrix behind a linear map, whatever the map has become: pruned, quantized, adapted."""

from __future__ import annotations

import torch
from torch import nn


def matrix_of(linear: nn.Module, inputs: torch.Tensor) -> torch.Tensor:
    """The matrix [outputs, c] by which a map without bias multiplies `inputs` [..., c], detached.

    Of a module that took the place of a linear map, such as one of low-rank adaptation, it is what
    calls make of unit vectors. To be read after a call, in which pruning sets weights.
    """
    # A class made of it may compute something else.
    if type(linear) is nn.Linear:
        return linear.weight.detach()
    unit = torch.eye(inputs.shape[-1], dtype=inputs.dtype, device=inputs.device)
    with torch.no_grad():
        rows: torch.Tensor = linear(unit)
    return rows.T
