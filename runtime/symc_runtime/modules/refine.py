"""Scores by individualization and refinement (McKay and Piperno, J. Symbolic Computation 2014).

Message passing tells no two items apart that look alike from everywhere, however many layers it
has. So roots are drawn among them, one after the other, and each is told to all: to the colours, by
which the next is drawn, and to a net, which scores items by where they lie from the roots.
"""

from __future__ import annotations

import torch
from torch import nn

from symc_runtime.modules.channels import ChannelLinear
from symc_runtime.modules.message_passing import MessagePassing, links_of
from symc_runtime.modules.scores import by_sample, samples_apart, scored
from symc_runtime.numerics.hashing import PRIME, exact_digits, joined, kinds
from symc_runtime.numerics.hops import FAR, hops
from symc_runtime.numerics.sorting import how_many_equal
from symc_runtime.reading.colours import Colours

AT_FIRST, AFTER_A_ROOT = 3, 2
"""Steps of refinement. Pairs have their distances for colours, so that few steps reach all."""
LARGEST, COLOUR = 2000.0, 200.0
"""What the logarithm of the size of a class, and its colour, count for in the choice of a root."""
COMPONENT = 12.0
"""How many links an item further from its root comes that an earlier root reaches."""
LEARNED = 0.02
"""What learned scores count for beside a traversal. As large as it, they would shuffle items at
each step of training, faster than a base can learn what it is shown."""
MARK, HOP = 3.0, 0.2
"""Sizes at which the net reads that an item is a root, and how far it is from one."""


class Refine(MessagePassing):
    """Message passing, whose samples differ in the roots that were drawn.

    Roots are arg max of learned logits with Gumbel noise, so drawn with the probabilities of a
    softmax; in training gradients reach the logits straight through it. In law equivariant: a
    relabelling of items and of their noise relabels the roots, and all else is a function of these.
    """

    def __init__(
        self,
        hidden: int,
        layers: int,
        rounds: int,
        traversal: bool,
        posed: int,
        channels: int,
    ) -> None:
        told = rounds + 3 * traversal
        # What lies in another component is to change no order in this one.
        super().__init__(hidden, layers, posed + told, posed + told, channels, everywhere=False)
        self.rounds = rounds
        self.traversal = traversal
        self.root = ChannelLinear(hidden, 1, bias=False)
        self.choice = nn.Parameter(torch.tensor([LARGEST, COLOUR])) if traversal else None
        self.order = nn.Parameter(torch.tensor([COMPONENT, 1.0, 1.0])) if traversal else None

    def forward(
        self,
        apart: torch.Tensor,
        drawn: torch.Tensor,
        noise_scale: float,
        nodes: torch.Tensor,
        pairs: torch.Tensor | None,
        mask: torch.Tensor | None,
        colours: Colours,
        tol: float,
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Scores [K*N, n], their size [K*N, 1], see `scored`, and colours [K*N, n] at the end.

        `apart` [K*N, n, posed]; `drawn` [K*N, n, 1 or rounds]: standard normal noise, of which
        every root has a channel of its own, or all one. Items that no root and no feature tells
        apart have equal colours.
        """
        rows = nodes.shape[0]
        links = links_of(pairs, mask)
        states = self.shared(nodes, links, mask)
        scores, summed = scored(self.score, states[-1], mask)
        logits, size = scored(self.root, states[-1], mask)
        noise = samples_apart(drawn, rows)
        loud = noise_scale * _gumbel(noise) if noise_scale else None
        lengths = hops(colours.links)
        digits = exact_digits(nodes.device)
        steps = lengths.masked_fill(lengths == FAR, 0) / FAR
        pairs_of = kinds(digits, colours.pairs, colours.pairs.mT, steps)

        def refine(colour: torch.Tensor, steps: int) -> torch.Tensor:
            """Colours [N, K, n] by those of all others, and by how these lie to each."""
            for _ in range(steps):
                sent = (colour % 2**digits.bits).to(digits.dtype)
                if mask is not None:
                    sent = sent.masked_fill(~mask.unsqueeze(1), 0)
                received = torch.bmm(sent, pairs_of.mT)
                colour = joined(colour, received.to(torch.int64))
            return colour

        colour = refine(colours.items.unsqueeze(1), AT_FIRST).expand(-1, noise.shape[2], -1)
        marks: list[torch.Tensor] = []
        away: list[torch.Tensor] = []
        taken = torch.zeros_like(colour, dtype=torch.bool)
        met = taken
        for r in range(self.rounds):
            is_root, able, soft = self._root_of(
                colour,
                taken,
                logits,
                tol * size,
                noise[:, r % noise.shape[1]],
                None if loud is None else loud[:, r % noise.shape[1]],
                mask,
            )
            root = is_root.to(nodes.dtype)
            length = torch.bmm(root, lengths.to(nodes.dtype))
            colour = refine(joined(colour, length.to(torch.int64)), AFTER_A_ROOT)
            taken = taken | is_root
            met = able if r == 0 else met
            away.append(torch.where(is_root.any(-1, keepdim=True), length, FAR))
            marks.append(root if soft is None else root + soft - soft.detach())
        told = MARK * torch.stack(marks, 1)
        more = None
        if self.order is not None:
            component, length = _nearest(torch.stack(away, 1))
            roots = taken.sum(-1, keepdim=True)
            reached = component < roots
            component = component.minimum(roots.to(component.dtype))
            where = torch.stack([component, HOP * length, reached.to(length.dtype)], 1)
            told = torch.cat([told, where], 1)
            # Not of items that inputs tell apart: a colour leaps with the last digit of a number.
            share = (colour.to(length.dtype) / PRIME) * met
            order = self.order.reshape(-1, 1, 1, 1)
            more = order[0] * component + order[1] * length + order[2] * share
        z = torch.cat([samples_apart(apart, rows), told], 1)
        own, also = self.by_sample(z, z, states, links, mask)
        scores, summed = scores + own, summed + also
        if more is not None:
            scores = LEARNED * scores + more
            # What is added is equal to the bit where it is equal; its last digits hide the rest.
            hidden = tol * more.detach().abs()
            if mask is not None:
                hidden = hidden.masked_fill(~mask.unsqueeze(1), 0)
            summed = LEARNED * summed + hidden.amax(-1, keepdim=True)
        samples = drawn.shape[0] // rows
        final = colour.transpose(0, 1).reshape(-1, colour.shape[2])
        return *by_sample(scores, summed, samples), final

    def _root_of(
        self,
        colour: torch.Tensor,
        taken: torch.Tensor,
        logits: torch.Tensor,
        rounding: torch.Tensor,
        noise: torch.Tensor,
        loud: torch.Tensor | None,
        mask: torch.Tensor | None,
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor | None]:
        """The root [N, K, n], where one is to be drawn; the items it could be; their softmax.

        The last is that which it is drawn by, in training.
        """
        value = logits
        if self.choice is None:
            able = ~taken
        else:
            if mask is not None:
                # No item is like padding.
                colour = colour.masked_fill(~mask.unsqueeze(1), -1)
            count = how_many_equal(colour)
            able = count > 1
            share = colour.to(logits.dtype) / PRIME
            value = value + self.choice[0] * count.clamp(min=1).to(logits.dtype).log()
            value = value + self.choice[1] * share
        if mask is not None:
            able = able & mask.unsqueeze(1)
        if loud is not None:
            value = value + loud
        value = value.masked_fill(~able, -torch.inf)
        # Without noise in it equal items have equal values but for rounding: noise decides.
        best = value >= value.amax(-1, keepdim=True) - rounding
        key = noise.masked_fill(~(best & able), -torch.inf)
        is_root = (key == key.amax(-1, keepdim=True)) & able
        if not self.training:
            return is_root, able, None
        some = able.any(-1, keepdim=True)
        return is_root, able, torch.softmax(value.masked_fill(~some, 0), -1) * some


def _gumbel(noise: torch.Tensor) -> torch.Tensor:
    """Standard normal noise to Gumbel noise, place by place."""
    uniform = 0.5 + 0.5 * torch.erf(noise * 0.5**0.5)
    least = torch.finfo(noise.dtype).eps
    return -(-uniform.clamp(least, 1 - least).log()).log()


def _nearest(away: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Lengths [N, R, K, n] from each root to the first root that reaches an item, and the length.

    R and 0 where none does.
    """
    rounds = away.shape[1]
    turn = torch.arange(rounds, device=away.device, dtype=away.dtype).reshape(-1, 1, 1)
    key = torch.where(away < FAR, 2 * FAR * turn + away, 2 * FAR * rounds).amin(1)
    first = (key / (2 * FAR)).floor()
    return first, key - 2 * FAR * first
