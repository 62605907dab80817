"""A score of a whole input from pooled copies of its images and the invariants of the rest."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from torch import nn

from symc_runtime.modules.mixing import masked_mean
from symc_runtime.modules.pooled import Pooled
from symc_runtime.modules.scores import Scored
from symc_runtime.reading.features import Seen
from symc_runtime.reading.images import SIDES, Picture
from symc_runtime.reading.readings import Level

_LEAST = 2
"""Rows and columns that convolutions leave: which corner something is in tells poses apart."""


class CNN(Pooled):
    """`Pooled`, with what a convolutional net says about each image beside what levels say.

    `widths`: channels of the scalars at each level; `images`: channels of each picture, and of how
    many axes its grid is.
    """

    def __init__(
        self,
        widths: Mapping[Level, int],
        images: Sequence[tuple[int, int]],
        hidden: int,
        layers: int,
    ) -> None:
        super().__init__(widths, hidden)
        stacks = [_stack(*image, hidden, layers) for image in images]
        self.looking = nn.ModuleList(stacks)

    def forward(self, seen: Seen, pictures: Sequence[Picture] = ()) -> Scored:
        """A score for each row, [N], and a bound on the terms that it is a sum of, [N]."""
        wholes = self._wholes(seen)
        for look, (pixels, items, masks) in zip(self.looking, pictures, strict=True):
            h = look(pixels).unflatten(0, (-1, *items))
            for dim, mask in reversed(list(enumerate(masks, start=1))):
                h = masked_mean(h, dim, mask)
            wholes.append(h)
        return self._scored(wholes)


_CONVOLUTIONS: dict[int, Callable[..., nn.Module]] = {1: nn.Conv1d, 2: nn.Conv2d, 3: nn.Conv3d}


def _stack(channels: int, axes: int, hidden: int, layers: int) -> nn.Sequential:
    """From [N, channels, side, ...] to [N, hidden]."""
    chain: list[nn.Module] = []
    side = SIDES[axes]
    for _ in range(layers):
        stride = 2 if side > _LEAST else 1
        convolution = _CONVOLUTIONS[axes](channels, hidden, 3, stride, padding=1, bias=False)
        chain += [convolution, nn.GroupNorm(1, hidden), nn.SiLU()]
        channels, side = hidden, side // stride
    entries = side**axes
    return nn.Sequential(*chain, nn.Flatten(), nn.Linear(hidden * entries, hidden), nn.SiLU())
