"""A row of a report, of the errors of many inputs."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from symc_runtime.verification.report import Row, Test, finite

GENERIC = "random"
"""The kind of inputs that must say something."""


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
    generic = torch.tensor([kind == GENERIC for kind in kinds])
    silent = bool(2 * (generic & ~clear).sum() > generic.sum())
    if not clear.any() or (silent and bool((error <= bound)[clear].all())):
        # What holds on zeros and equal items alone is little.
        which = f"most inputs of the kind {GENERIC}" if clear.any() else "all inputs"
        detail = f"rounding decides the outcome on {which}"
        return Row(
            test, group, tensor, what, mode, dtype, "unmeasured", None, None, len(error),
            int((~clear).sum()), 0, "", detail,
        )  # fmt: skip
    wrong = ~(error <= bound) & clear
    looked_at = wrong if wrong.any() else clear
    worst = int(error.double().nan_to_num(torch.inf).masked_fill(~looked_at, -1).argmax())
    return Row(
        test, group, tensor, what, mode, dtype, "broken" if wrong.any() else "right",
        finite(float(error[worst])), finite(float(bound[worst])), len(error),
        int((~clear).sum()), int(wrong.sum()), kinds[worst],
    )  # fmt: skip
