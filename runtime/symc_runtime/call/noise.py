"""Normal numbers, as all noise is made of them."""

from __future__ import annotations

import torch


def normal(
    shape: tuple[int, ...],
    dtype: torch.dtype,
    device: torch.device,
    generator: torch.Generator | None,
) -> torch.Tensor:
    """Standard normal numbers. Of vectors, the law is the same in every orthonormal basis."""
    if generator is None:
        # Named, even as None, it would keep torch.compile and torch.export from open sizes.
        return torch.randn(shape, dtype=dtype, device=device)
    return torch.randn(shape, dtype=dtype, device=device, generator=generator)
