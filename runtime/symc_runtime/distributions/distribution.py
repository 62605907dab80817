"""What every distribution over a group offers to a compiled module."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, cast

import torch
from torch import nn

from symc_runtime.call.tracing import refuse_torchscript
from symc_runtime.numerics.orthogonalization import tolerance
from symc_runtime.spec.layout import Group, Tensor


class Distribution(nn.Module):
    """p(g | x) as a deterministic map of inputs and noise to an element, equivariant by coupling.

    Gamma(h x, h eps) = h Gamma(x, eps) and a law of eps that h leaves alone make the law of
    Gamma(x, eps) equivariant (Kim et al. 2023, theorem 1).

    `resolution`: the dtype to whose precision inputs are known; None: their own. A module in
    double precision takes ties for ties that single precision cannot tell apart where it is
    float32.

    `scales_noise`: whether what is drawn hangs on `noise_scale`, which may be set at any time.
    """

    noise_scale: float = 1.0
    scales_noise: bool = False

    def __init__(self, inputs: tuple[Tensor, ...], groups: tuple[Group, ...], own: str) -> None:
        super().__init__()
        self.inputs = inputs
        self.groups = groups
        self.own = next(group for group in groups if group.name == own)
        self.resolution: torch.dtype | None = None
        self._path_to_weight: tuple[str, ...] = ()

    def _apply(self, fn: Callable[..., Any], recurse: bool = True) -> Distribution:
        """Keep weights in single precision where a model goes to half: ties need the digits."""

        def kept(x: torch.Tensor) -> torch.Tensor:
            y: torch.Tensor = fn(x)
            halved = x.is_floating_point() and y.dtype in (torch.float16, torch.bfloat16)
            return x.to(y.device, torch.promote_types(x.dtype, torch.float32)) if halved else y

        moved: Any = super()._apply
        moved(kept, recurse)
        return self

    @property
    def dtype(self) -> torch.dtype:
        """The dtype of the weights; AttributeError where there are none."""
        weight: Any = self
        # By its name: `parameters()` walks all modules, which takes as long as twenty operations.
        for name in self._path_to_weight:
            weight = getattr(weight, name, None)
        if not isinstance(weight, torch.Tensor):
            weights = list(self.parameters())
            if not weights:
                raise AttributeError(f"{type(self).__name__} has no weights, and no dtype")
            weight = weights[0]
        return cast(torch.dtype, weight.dtype)

    def __prepare_scriptable__(self) -> None:
        refuse_torchscript()

    def _built(self) -> None:
        """Note where a weight is; to be called when all weights are there."""
        shortest: list[str] = min((name.split(".") for name, _ in self.named_parameters()), key=len)
        self._path_to_weight = tuple(shortest)

    def forward(
        self,
        noise: torch.Tensor,
        *inputs: torch.Tensor,
        counts: Mapping[str, torch.Tensor] | None = None,
    ) -> Any:
        """Elements for noise [K*B, ...] and inputs [B, ...] (shared by K samples) or [K*B, ...].

        `counts`: valid items of each ragged size, [rows of the inputs]; padding must be zero.
        """
        raise TypeError(f"{type(self).__name__} draws nothing")

    def tolerance(self, dtype: torch.dtype) -> float:
        """The share below which a difference of numbers of `dtype` counts as zero."""
        return max(tolerance(dtype), tolerance(self.resolution or dtype))

    def penalty(self, element: Any) -> torch.Tensor | None:
        """The regularizer of drawn elements, [K*B], in training; None where there is none."""
        return None

    def draw(
        self,
        samples: int,
        batch: int,
        sizes: Mapping[str, int],
        dtype: torch.dtype,
        device: torch.device,
        generator: torch.Generator | None,
    ) -> torch.Tensor:
        """Noise [samples, batch, ...]."""
        raise TypeError(f"{type(self).__name__} needs no noise")

    def noise_shape(self, sizes: Mapping[str, int]) -> tuple[int, ...] | None:
        """The shape of the noise after [samples, batch]; None where it may be any."""
        return None

    def enumerate(
        self,
        batch: int,
        sizes: Mapping[str, int],
        dtype: torch.dtype,
        device: torch.device,
        generator: torch.Generator | None,
    ) -> torch.Tensor:
        """Noise [elements, batch, ...] that gives every element once, see `Draw.elements`."""
        raise TypeError(f"{type(self).__name__} does not enumerate")

    def act_on_noise(self, element: Any, noise: torch.Tensor) -> torch.Tensor:
        """h . noise for noise [K*B, ...] and h an element of the own group, [K*B, ...]."""
        raise TypeError(f"{type(self).__name__} has no noise")
