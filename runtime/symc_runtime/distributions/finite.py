"""What all distributions over a finite group share: its tables, and noise for each element."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import torch

from symc_runtime.actions.tables import table
from symc_runtime.distributions.distribution import Distribution
from symc_runtime.elements.finite import Finite, Table
from symc_runtime.groups.finite import Finite as Facts
from symc_runtime.spec.layout import Group, Tensor
from symc_runtime.spec.polynomials import evaluate


class FiniteDistribution(Distribution):
    """A distribution over a group whose elements are numbers.

    `atoms`: the representations that the tensors of the spec carry, `irrep(2)` with what is in its
    brackets; their tables are made once and move with the module.
    """

    def __init__(
        self,
        inputs: tuple[Tensor, ...],
        groups: tuple[Group, ...],
        own: str,
        atoms: tuple[str, ...],
        sizes: Mapping[str, int] | None = None,
    ) -> None:
        super().__init__(inputs, groups, own)
        facts = self.own.facts
        if not isinstance(facts, Facts):
            raise TypeError(f"{self.own} is no finite group that has its elements by numbers")
        self.facts: Facts = facts
        self.parameter = evaluate(self.own.parameter, sizes or {})
        order = facts.order(self.parameter)
        if order is None:
            raise ValueError(f"{self.own} has too many elements to be numbered")
        self.order = order
        self.atoms = atoms
        self._kinds: dict[str, type[Table]] = {}
        self._keep(self._made(None))

    def _made(self, device: torch.device | None) -> dict[str, Table]:
        found = {}
        for atom in self.atoms:
            name, _, inside = atom.removesuffix(")").partition("(")
            arguments = tuple([int(number) for number in inside.split(",") if number])
            found[atom] = table(self.facts, name, arguments, self.parameter, device)
        return found

    def _keep(self, tables: Mapping[str, Table]) -> None:
        """As buffers, which exports know, and no state dict does."""
        for place, (atom, each) in enumerate(tables.items()):
            self._kinds[atom] = type(each)
            for field, values in zip(each._fields, each, strict=True):
                self.register_buffer(f"table_{place}_{field}", values, persistent=False)

    @property
    def _tables(self) -> dict[str, Table]:
        """What each element does, by representation."""
        found: dict[str, Table] = {}
        for place, atom in enumerate(self.atoms):
            kind = self._kinds[atom]
            found[atom] = kind(*[getattr(self, f"table_{place}_{f}") for f in kind._fields])
        return found

    def _apply(self, fn: Callable[..., Any], recurse: bool = True) -> FiniteDistribution:
        """Tables go where the module goes, and keep their digits."""
        names = [name for name in self._buffers if name.startswith("table_")]
        kept = {name: self._buffers.pop(name) for name in names}
        super()._apply(fn, recurse)
        self._buffers.update(kept)
        places = [each.device for each in kept.values() if each is not None]
        if places:
            # A whole number keeps its dtype whatever `fn` does to floating ones.
            after = fn(torch.zeros((), dtype=torch.int64, device=places[0])).device
            if after != places[0]:
                self._keep(self._made(after))
        return self

    def element(
        self,
        number: torch.Tensor,
        soft: torch.Tensor | None = None,
        share: torch.Tensor | None = None,
    ) -> Finite:
        """The elements of these numbers [rows], with what moves tensors by them."""
        return Finite(number, self._tables, soft, share)

    def products(self, numbers: torch.Tensor) -> torch.Tensor:
        """[rows, order]: the numbers of h g for each h of `numbers` [rows] and every g."""
        every = self.facts.every(self.parameter)
        rows = [
            [self.facts.product(self.parameter, int(h), g) for g in every] for h in numbers.tolist()
        ]
        return torch.tensor(rows, device=numbers.device)


class NoiseOfElements(FiniteDistribution):
    """Noise [K, B, order]: a number for each element, moved with them: (h e)[h g] = e[g]."""

    def noise_shape(self, sizes: Mapping[str, int]) -> tuple[int, ...]:
        """[order]."""
        return (self.order,)

    def draw(
        self,
        samples: int,
        batch: int,
        sizes: Mapping[str, int],
        dtype: torch.dtype,
        device: torch.device,
        generator: torch.Generator | None,
    ) -> torch.Tensor:
        """Gumbel noise [samples, batch, order], independent and alike for all elements."""
        dtype = torch.promote_types(dtype, torch.float32)
        shape = (samples, batch, self.order)
        uniform = torch.rand(shape, dtype=torch.float64, device=device, generator=generator)
        # Never 0 nor 1, whose logarithm is infinite; infinite noise has a meaning of its own.
        uniform = uniform.clamp(1e-15, 1 - 1e-15)
        return -(-uniform.log()).log().to(dtype)

    def act_on_noise(self, element: Finite, noise: torch.Tensor) -> torch.Tensor:
        """(h e)[h g] = e[g]."""
        products = self.products(element.number).to(noise.device)
        return torch.empty_like(noise).scatter_(1, products, noise)
