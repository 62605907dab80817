"""A few examples of a batch at a time: on a CPU what is worked on stays near the core.

Tensors of a megabyte or more that are made and dropped at each call are memory that the system
takes and gives anew, which can cost more than what is computed.
"""

from __future__ import annotations

import math

import torch

NEAR = 2**17
"""Numbers in a part: of single precision, half a megabyte."""


def parts(x: torch.Tensor, each: int | None = None) -> list[slice]:
    """The examples of x [N, ...] in parts, for work on `each` numbers an example, by default x's.

    Elsewhere than on a CPU launching an operation costs more than its memory: all are one part.
    """
    if x.device.type != "cpu":
        return [slice(0, x.shape[0])]
    if each is None:
        each = math.prod(x.shape[1:])
    rows = max(1, NEAR // max(1, each))
    return [slice(k, k + rows) for k in range(0, x.shape[0], rows)]


def rows_of(x: torch.Tensor | None, rows: slice) -> torch.Tensor | None:
    """Examples of x, where there is one."""
    return None if x is None else x[rows]
