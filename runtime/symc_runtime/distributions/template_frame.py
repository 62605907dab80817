"""Frames of finite groups: the poses that a fixed template likes best."""

from __future__ import annotations

from collections.abc import Mapping

import torch

from symc_runtime.actions.axes import fold, fold_like
from symc_runtime.distributions.finite import NoiseOfElements
from symc_runtime.elements.finite import Finite
from symc_runtime.reading.naming import Naming
from symc_runtime.reading.orbits import Scores, Template, involves, poses
from symc_runtime.spec.covering import covered
from symc_runtime.spec.layout import Group, Tensor


class OrbitDistribution(NoiseOfElements):
    """A distribution over a finite group that looks at every pose g^-1 x of the input."""

    def __init__(
        self,
        inputs: tuple[Tensor, ...],
        groups: tuple[Group, ...],
        own: str,
        atoms: tuple[str, ...],
        later: tuple[str, ...] = (),
        anchors: Mapping[str, int] | None = None,
        sizes: Mapping[str, int] | None = None,
    ) -> None:
        super().__init__(inputs, groups, own, atoms, sizes)
        self.sizes = dict(sizes or {})
        # Poses are looked at: the names of own items are those that they have in a pose.
        self.naming = Naming(inputs, later, self.sizes)
        read = self.naming.inputs
        self.seen = covered(read, groups, own, sizes)
        self.later = self.seen.named(later)
        self.given_moving = [_moves(tensor, own) for tensor in inputs]
        self.moving = [_moves(tensor, own) for tensor in read]
        others = {group.name for group in groups} - {own, *later}
        self.template = Template(
            read,
            self.own,
            self.seen,
            self.later,
            bool(others),
            anchors or {},
            self.sizes,
            self._tables,
        )

    def enumerate(
        self,
        batch: int,
        sizes: Mapping[str, int],
        dtype: torch.dtype,
        device: torch.device,
        generator: torch.Generator | None,
    ) -> torch.Tensor:
        """One draw: a generic input has one best pose; what ties leave open is never enumerated."""
        return self.draw(1, batch, sizes, dtype, device, generator)

    def _every_pose(
        self, inputs: tuple[torch.Tensor, ...], counts: Mapping[str, torch.Tensor] | None
    ) -> tuple[list[torch.Tensor], dict[str, torch.Tensor] | None]:
        """Every pose of the inputs, element by element, and the counts of each."""
        every = torch.arange(self.order, device=inputs[0].device)
        number = every.unsqueeze(-1).expand(-1, inputs[0].shape[0])
        values = poses(self.inputs, inputs, self.own.name, number, self._tables, self.sizes)
        many = None
        if counts is not None:
            rows = inputs[0].shape[0]
            many = {name: fold(each[:rows], self.order) for name, each in counts.items()}
        return values, many

    def _read(
        self, values: list[torch.Tensor], counts: Mapping[str, torch.Tensor] | None
    ) -> list[torch.Tensor]:
        """Poses as template and net read them."""
        return list(self.naming(tuple(values), counts))

    def _told_apart(
        self, values: list[torch.Tensor], counts: Mapping[str, torch.Tensor] | None
    ) -> Scores:
        """The score of every pose, as it is read, by the template."""
        floating = [x.dtype for x in values if x.is_floating_point()]
        dtype = torch.promote_types(floating[0] if floating else torch.float32, torch.float32)
        values = [x.detach() for x in values]
        sized = not self.template.exact or self.resolution is not None
        return self.template(values, self.order, dtype, counts, sized=sized)

    def _tied(self, scores: torch.Tensor, sizes: torch.Tensor, exact: bool) -> torch.Tensor:
        """Which scores [N, order] count as the largest."""
        best, place = scores.max(1, keepdim=True)
        if exact and self.resolution is None:
            return scores == best
        return scores >= best - self.tolerance(scores.dtype) * sizes.gather(1, place)


class TemplateFrame(OrbitDistribution):
    """The element whose pose has the largest score by a fixed template, drawn among equal ones."""

    def forward(
        self,
        noise: torch.Tensor,
        *inputs: torch.Tensor,
        counts: Mapping[str, torch.Tensor] | None = None,
    ) -> Finite:
        """For noise [K*B, order] and inputs of as many rows, or shared by samples."""
        with torch.no_grad():
            values, many = self._every_pose(inputs, counts)
            scores, sizes = self._told_apart(self._read(values, many), many)
            tied = fold_like(self._tied(scores, sizes, self.template.exact), noise)
            drawn = noise.masked_fill(~tied, -torch.inf)
        return self.element(drawn.argmax(1))


def _moves(tensor: Tensor, group: str) -> bool:
    """Whether the group moves the tensor, or relabels its numbers."""
    return tensor.named_by(group) or any(involves(axis, group) for axis in tensor.axes)
