"""Handwritten digits of 8 x 8 pixels, upright, with where their tops are.

The images are those that scikit-learn ships: 1,797 digits of 43 writers (Alpaydin and Kaynak 1998,
'Optical Recognition of Handwritten Digits'), sixteen greys a pixel.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

SIDE = 8
INK = 0.25
"""A pixel from here on belongs to the stroke; the darkest is 1."""


@dataclass(frozen=True)
class Digits:
    """A batch of images with all that is asked about them.

    `image` [batch, 1, 8, 8], from 0 to 1, row by row from above; `label` [batch]; `mask`
    [batch, 8, 8], 1 where the stroke is above its middle; `field` [batch, 2, 8, 8], the way from
    each pixel to the top of the digit, down and to the right, in units of four pixels.
    """

    image: Tensor
    label: Tensor
    mask: Tensor
    field: Tensor

    def __getitem__(self, index: Tensor | slice) -> Digits:
        return Digits(*(value[index] for value in vars(self).values()))

    def __len__(self) -> int:
        return len(self.label)

    def moved(self, turns: Sequence[int] | Tensor, mirrored: Sequence[bool] | Tensor) -> Digits:
        """Each image mirrored left to right or not, then turned by quarters, counterclockwise.

        What was asked about it moves along; arrows turn as well.
        """
        parts = [
            _moved(self[i : i + 1], int(turn), bool(flip))
            for i, (turn, flip) in enumerate(zip(turns, mirrored, strict=True))
        ]
        columns = zip(*(vars(part).values() for part in parts), strict=True)
        return Digits(*(torch.cat(column) for column in columns))


def _moved(one: Digits, turn: int, mirrored: bool) -> Digits:
    def seen(picture: Tensor) -> Tensor:
        picture = picture.flip(-1) if mirrored else picture
        return torch.rot90(picture, turn, (-2, -1))

    down, right = seen(one.field).unbind(1)
    right = -right if mirrored else right
    for _ in range(turn % 4):
        # What pointed to the right points upwards, what pointed down points to the right.
        down, right = -right, down
    return Digits(seen(one.image), one.label, seen(one.mask), torch.stack([down, right], dim=1))


def labelled(image: Tensor, label: Tensor) -> Digits:
    """Upright images [batch, 8, 8] and their labels [batch], with masks and fields."""
    ink = (image >= INK).to(image)
    place = torch.arange(SIDE).to(image)
    total = image.sum(dim=(1, 2))
    middle = (image.sum(dim=2) * place).sum(dim=1) / total
    above = (place < middle.unsqueeze(-1)).to(image)
    row = ink.amax(dim=2).argmax(dim=1)
    weight = image[torch.arange(len(image)), row]
    column = (weight * place).sum(dim=1) / weight.sum(dim=1)
    down = (row.to(image).view(-1, 1, 1) - place.view(1, -1, 1)).expand(-1, SIDE, SIDE)
    right = (column.view(-1, 1, 1) - place.view(1, 1, -1)).expand(-1, SIDE, SIDE)
    field = torch.stack([down, right], dim=1) / 4
    return Digits(image.unsqueeze(1), label, ink * above.unsqueeze(-1), field)


def tops(field: Tensor) -> Tensor:
    """Where the arrows of [batch, 2, 8, 8] end, on average: row and column, [batch, 2]."""
    place = torch.arange(SIDE).to(field)
    rows, columns = torch.meshgrid(place, place, indexing="ij")
    return (4 * field + torch.stack([rows, columns])).mean(dim=(2, 3))


def load(seed: int, training: int) -> tuple[Digits, Digits]:
    """As many digits to train on as are asked for, the other ones for the test; split by `seed`."""
    try:
        from sklearn.datasets import load_digits
    except ImportError:
        raise SystemExit(
            "The digits are scikit-learn's, which is not installed here: "
            "pip install scikit-learn, or pip install '.[examples]' for all that examples need."
        ) from None
    found = load_digits()
    image = torch.tensor(found.images, dtype=torch.float32) / 16
    every = labelled(image, torch.tensor(found.target, dtype=torch.int64))
    order = torch.randperm(len(every), generator=torch.Generator().manual_seed(seed))
    return every[order[:training]], every[order[training:]]
