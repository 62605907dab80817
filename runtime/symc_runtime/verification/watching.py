"""What the submodules of a module take and return while it is called."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

MOST_EVENTS = 5000
"""What submodules take and return after that is not kept."""


@dataclass(frozen=True)
class Event:
    """What a submodule took (`before`) or returned in one call: its tensors."""

    place: str
    kind: str
    before: bool
    tensors: tuple[torch.Tensor, ...]


def watched(module: nn.Module, call: Callable[[], Any]) -> list[Event]:
    """The first MOST_EVENTS that its submodules, and the module, take and return in a call."""
    events: list[Event] = []

    def note(place: str, before: bool) -> Callable[..., None]:
        def hook(called: nn.Module, arguments: Any, keywords: Any, returned: Any = None) -> None:
            given = (arguments, keywords) if before else returned
            if len(events) < MOST_EVENTS:
                tensors = tuple(x.detach().clone() for x in _tensors(given))
                events.append(Event(place, type(called).__name__, before, tensors))

        return hook

    handles = []
    try:
        for place, each in module.named_modules():
            handles.append(each.register_forward_pre_hook(note(place, True), with_kwargs=True))
            handles.append(each.register_forward_hook(note(place, False), with_kwargs=True))
        call()
    finally:
        for handle in handles:
            handle.remove()
    return events


def _tensors(value: Any) -> Iterator[torch.Tensor]:
    if isinstance(value, torch.Tensor):
        if value.is_floating_point():
            yield value
    elif isinstance(value, Mapping):
        for each in value.values():
            yield from _tensors(each)
    elif isinstance(value, (tuple, list)):
        for each in value:
            yield from _tensors(each)
