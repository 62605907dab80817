"""What a stage sees of the inputs, posed by the stages before it, and nothing after it is run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from torch import nn

if TYPE_CHECKING:
    from symc_runtime.symmetrized import Symmetrized


@dataclass(frozen=True)
class Sight:
    """The inputs as a stage gets them [rows, *axes], and its keywords, counts among them."""

    inputs: tuple[torch.Tensor, ...]
    keywords: Mapping[str, Any]


class _ReachedError(Exception):
    """The pass has come to the stage."""

    def __init__(self, sight: Sight) -> None:
        super().__init__()
        self.sight = sight


class _Here(nn.Module):
    """In the place of the stage: the pass ends here."""

    def forward(self, noise: torch.Tensor, *inputs: torch.Tensor, **keywords: Any) -> Any:
        raise _ReachedError(Sight(inputs, keywords))


def seen_by(model: Symmetrized, attribute: str, tensors: Sequence[torch.Tensor]) -> Sight:
    """What the stage of this name sees in a pass over inputs, counts and noise.

    The model is left as it is, and its base is not run: the pass is that of a twin with the same
    stages, which ends at this one.
    """
    twin: Symmetrized = object.__new__(type(model))
    twin.__dict__.update(model.__dict__)
    twin.__dict__["_modules"] = {**model._modules, attribute: _Here()}
    try:
        twin.symmetrize(*tensors)
    except _ReachedError as reached:
        return reached.sight
    raise TypeError(f"{type(model).__name__} does not ask its stage `{attribute}` for elements")
