"""A row of a report, of the errors of many inputs."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from symc_runtime.verification.report import Row, Test, finite


def row_of(
    test: Test,
    group: str,
    tensor: str,
    what: str,
    mode: str,
    dtype: str,
    error: torch.Tensor,
    bound: torch.Tensor,
    kinds: Sequence[str],
    unclear: torch.Tensor | None = None,
) -> Row:
    """The worst of errors [samples] that are not unclear, against their bounds."""
    clear = torch.ones_like(error, dtype=torch.bool) if unclear is None else ~unclear
    if not clear.any():
        detail = "rounding decides the outcome on all inputs"
        return Row(
            test, group, tensor, what, mode, dtype, "unmeasured", None, None, len(error),
            len(error), 0, "", detail,
        )  # fmt: skip
    wrong = ~(error <= bound) & clear
    looked_at = wrong if wrong.any() else clear
    worst = int(error.double().nan_to_num(torch.inf).masked_fill(~looked_at, -1).argmax())
    return Row(
        test, group, tensor, what, mode, dtype, "broken" if wrong.any() else "right",
        finite(float(error[worst])), finite(float(bound[worst])), len(error),
        int((~clear).sum()), int(wrong.sum()), kinds[worst],
    )  # fmt: skip
