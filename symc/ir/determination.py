"""How the tensors of a call tell the free sizes of a program."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from symc.ir.model import Model
from symc.ir.rounds import settle
from symc.ir.sizes import Size, growing
from symc.ir.tensors import Tensor


class Determined(Model):
    """Size `name`, told by axis `axis` (from 0, without the batch axis) of input `tensor`.

    The axis' length is `factor * name^power + rest`, where `factor` and `rest` hold only names
    that are fixed or were determined before. `several`: the length where it holds several powers of
    the name and whole numbers, and grows with it; `power` is then the largest.
    """

    name: str
    tensor: str
    axis: int
    power: int
    factor: Size
    rest: Size
    several: Size | None = None


def split(size: Size, name: str) -> dict[int, Size]:
    """The size as a polynomial in `name`: its coefficient (never 0) by power."""
    collected: dict[int, Size] = {}
    for term in size.terms:
        power = dict(term.powers).get(name, 0)
        powers = tuple(entry for entry in term.powers if entry[0] != name)
        part = Size(terms=(term.model_copy(update={"powers": powers}),)).over(size.divisor)
        collected[power] = collected.get(power, Size.constant(0)) + part
    return {power: coefficient for power, coefficient in collected.items() if coefficient.terms}


def determine(inputs: Sequence[Tensor], known: Collection[str]) -> tuple[Determined, ...]:
    """One after the other, each size that an axis of an input tells; bare axes first.

    `known`: names whose values are fixed. A size that no axis tells is not in the result: one
    that stands only in a product with another unknown, or in several powers on one axis that does
    not grow with it.
    """
    places = [
        (size, tensor.name, position)
        for tensor in inputs
        for position, size in enumerate(tensor.shape)
    ]
    places.sort(key=lambda place: (len(place[0].terms), _degree(place[0])))
    names = [size.names for size, _, _ in places]
    told: list[Determined] = []
    found = set(known)

    def decide(place: int) -> tuple[str, ...] | None:
        size, tensor, position = places[place]
        unknown = names[place] - found
        if len(unknown) != 1:
            return None if unknown else ()
        (name,) = unknown
        parts = split(size, name)
        powers = [power for power in parts if power]
        if len(powers) > 1 and not _grows(size, name):
            return None
        told.append(
            Determined(
                name=name,
                tensor=tensor,
                axis=position,
                power=max(powers),
                factor=parts[max(powers)],
                rest=parts.get(0, Size.constant(0)),
                several=size if len(powers) > 1 else None,
            )
        )
        found.add(name)
        return (name,)

    settle(names, decide)
    return tuple(told)


def _grows(size: Size, name: str) -> bool:
    # Over the divisor, parts are no whole numbers: the sum is one.
    undivided = size.model_copy(update={"divisor": 1})
    whole = {power: part.value for power, part in split(undivided, name).items()}
    known = {power: part for power, part in whole.items() if part is not None}
    return len(known) == len(whole) and growing(known)


def _degree(size: Size) -> int:
    return max((sum(power for _, power in term.powers) for term in size.terms), default=0)
