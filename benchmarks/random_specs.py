"""Random specs of every available form, right ones and wrong ones, from a seed.

Sizes, groups, tensors and stages are drawn so that most specs fit together; `wrong` ones get a slip
of the kind that people make.
"""

from __future__ import annotations

import random
from collections.abc import Callable

LINEAR = ("O", "SO", "E", "SE")
SLIPS: tuple[Callable[[random.Random, str], str], ...] = (
    lambda rng, text: text.replace("S(", "s(", 1),
    lambda rng, text: text.replace("]", "", 1),
    lambda rng, text: text.replace("input", "inptu", 1),
    lambda rng, text: text.replace("vector", "vektor", 1).replace("point", "pont", 1),
    lambda rng, text: text + f"output {text.split()[1]}\n",
    lambda rng, text: text + "symmetrize Q by average\n",
    lambda rng, text: text + f"symmetrize by {rng.choice(('magic', 'average(samples=0)'))}\n",
    lambda rng, text: text.replace("output", "input"),
    lambda rng, text: text + "size unused = 2^40\n",
)


def random_spec(rng: random.Random, wrong: float = 0.3) -> str:
    """The text of one spec; a share of `wrong` has a slip."""
    text = _Writer(rng).text()
    return rng.choice(SLIPS)(rng, text) if rng.random() < wrong else text


class _Writer:
    """One spec in the making."""

    def __init__(self, rng: random.Random) -> None:
        self.rng = rng
        self.head: list[str] = []
        self.permutations: list[tuple[str, str]] = []  # the size of an axis and what it carries
        self.family, self.dimension = rng.choice(LINEAR), rng.randint(2, 4)
        self.space = f"{self.family}({self.dimension})"

    def text(self) -> str:
        rng = self.rng
        if rng.random() < 0.2:
            self.head.append('spec made\n"""Drawn at random."""\n')
        for name in rng.sample(("n", "m", "k"), rng.randint(1, 2)):
            self._permutation(name)
        if rng.random() < 0.7:
            self.head.append(f"group M = {self.space}")
            self.space = "M"
        affine = self.family in ("E", "SE")
        tensors = [f"input  x[{self._axes('point' if affine else 'vector')}]"]
        for name in rng.sample(("y", "z", "w"), rng.randint(0, 2)):
            tensors.append(f"input  {name}[{self._axes(self._kind())}]")
        # What no input carries would be an error, so the first input carries everything.
        kind = "point" if affine and rng.random() < 0.5 else self._kind()
        tensors.append(f"output r[{self._axes(kind, always=False)}]")
        if rng.random() < 0.3:
            tensors.append("output energy")
        return "\n".join([*self.head, *tensors, *self._stages()]) + "\n"

    def _permutation(self, size: str) -> None:
        rng = self.rng
        draw = rng.random()
        if draw < 0.2:
            self.head.append(f"size {size} <= {rng.randint(2, 64)}")
        elif draw < 0.4:
            # Equal numbers would make two inline groups equal: each name has its own.
            self.head.append(f"size {size} = {3 * rng.randint(1, 3) + 'nmk'.index(size)}")
        carried = f"S({size})"
        if rng.random() < 0.5:
            self.head.append(f"group {size.upper()}s = {carried}")
            carried = f"{size.upper()}s"
        self.permutations.append((size, carried))

    def _kind(self) -> str:
        return self.rng.choice(("vector", "vector", "scalar", "sum", "square", "channels"))

    def _axes(self, kind: str, always: bool = True) -> str:
        rng, d = self.rng, self.dimension
        axes = [f"{n}: {p}" for n, p in self.permutations if always or rng.random() < 0.7]
        if kind in ("point", "vector"):
            axes.append(f"{d}: {self.space}.{kind}")
        elif kind == "sum":
            repeat = rng.randint(1, 8)
            axes.append(f"_: {repeat}*{self.space}.scalar + 2*{self.space}.vector")
        elif kind == "square":
            axes.append(f"{d * d}: {self.space}.vector^2")
        elif kind == "channels":
            axes.append(str(rng.randint(1, 16)))
        return ", ".join(axes) or "1"

    def _stages(self) -> list[str]:
        rng = self.rng
        draw = rng.random()
        if draw < 0.4:
            return []
        if draw < 0.6:
            return [f"symmetrize by probabilistic(samples={rng.randint(1, 20)})"]
        if draw < 0.8:
            return [f"symmetrize {self.space} by frame", "symmetrize by average(samples=4)"]
        return [f"symmetrize {self.permutations[0][1]} by probabilistic(net=deepsets(hidden=32))"]
