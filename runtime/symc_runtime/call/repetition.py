"""A computation that runs in the forward and again in backward must be the same twice."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import torch
from torch import nn
from torch.utils.checkpoint import get_device_states, set_device_states


class Moment:
    """What a computation sees beside its arguments, kept from its `first` run for those `again`.

    These are the modes of modules, training or not; autocast (without its cache, in which the
    weights that one run casts, and their graph, would outlive it); the random states of the CPU and
    of the device; and the buffers of modules in training mode that the first run changed, such as
    running statistics. A run `again` sees the buffers as the first found them, and leaves the
    module's own alone: they are updated once a call. `over` says whether the first has been. A
    module is taken to change its buffers if the version of any of them moved, as it does in
    BatchNorm and in spectral norm.
    """

    def __init__(self, model: nn.Module, device: torch.device) -> None:
        self.model = model
        self.device = device
        self.autocast = [
            (kind, torch.is_autocast_enabled(kind), torch.get_autocast_dtype(kind))
            for kind in sorted({"cpu", device.type})
            if torch.amp.is_autocast_available(kind)
        ]
        self.over = False
        self.modes: list[tuple[nn.Module, bool]] = []
        self.buffers: list[tuple[nn.Module, dict[str, torch.Tensor]]] = []

    @contextmanager
    def first(self) -> Iterator[None]:
        """The first run."""
        self.random = torch.get_rng_state()
        self.devices, self.states = get_device_states(torch.empty(0, device=self.device))
        found = []
        self.modes = [(module, module.training) for module in self.model.modules()]
        for module, _ in self.modes:
            own = dict(module.named_buffers(recurse=False))
            if module.training and own:
                copies = {name: value.detach().clone() for name, value in own.items()}
                found.append((module, own, {n: b._version for n, b in own.items()}, copies))
        with self._autocast():
            yield
        self.over = True
        self.buffers = [
            (module, copies)
            for module, own, versions, copies in found
            if any(
                getattr(module, name) is not value or value._version != versions[name]
                for name, value in own.items()
            )
        ]

    @contextmanager
    def again(self) -> Iterator[None]:
        """Any run after it."""
        kept = [
            (module, name, getattr(module, name)) for module, own in self.buffers for name in own
        ]
        with torch.random.fork_rng(self.devices, device_type=self.device.type):
            torch.set_rng_state(self.random)
            set_device_states(self.devices, self.states, device_type=self.device.type)
            changed = [(m, m.training) for m, training in self.modes if m.training != training]
            try:
                for module, training in changed:
                    module.training = not training
                for module, own in self.buffers:
                    for name, value in own.items():
                        setattr(module, name, value.clone())
                with self._autocast():
                    yield
            finally:
                for module, training in changed:
                    module.training = training
                for module, name, value in kept:
                    setattr(module, name, value)

    @contextmanager
    def _autocast(self) -> Iterator[None]:
        with ExitStack() as stack:
            for kind, enabled, dtype in self.autocast:
                stack.enter_context(
                    torch.autocast(kind, dtype=dtype, enabled=enabled, cache_enabled=False)
                )
            yield
