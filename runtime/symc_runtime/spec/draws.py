"""Which stages of a module take all elements that they have, and which draw samples."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from symc_runtime.catalogue import methods
from symc_runtime.groups.designs import size
from symc_runtime.methods.method import ENUMERATION_BUDGET, Method, left_of
from symc_runtime.spec.layout import Group
from symc_runtime.spec.polynomials import evaluate, names


@dataclass(frozen=True)
class Draw:
    """A stage that draws elements: its `key` in the noise, its module, how it draws.

    `enumerates`: the method by which it takes every element where they are few enough, `average`
    or `frame`, or in eval mode alone, by their weights, `probabilistic`; empty where it only
    draws. `samples`: whether it takes several. `entropy`: weight of its penalty. `degree`: that of
    the design whose elements it takes; None: none.
    """

    key: str
    attribute: str
    enumerates: str = ""
    samples: bool = True
    entropy: float = 0.0
    degree: int | None = None

    # Looked up once: torch.compile cannot trace the scan of the catalogue.
    method: Method | None = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if self.enumerates and self.enumerates not in methods():
            raise ValueError(
                f"draw of {self.key!r}: enumerates={self.enumerates!r} names no method; "
                "compile the spec again"
            )
        method = methods()[self.enumerates] if self.enumerates else None
        object.__setattr__(self, "method", method)

    @property
    def weighs(self) -> bool:
        """Whether it enumerates in eval mode alone."""
        return self.method is not None and self.method.weighs

    def elements(self, own: Group, sizes: Mapping[str, int], training: bool = False) -> int | None:
        """How many elements of its group it takes where it takes them all; None: it draws."""
        if self.degree is not None:
            return size(evaluate(own.parameter, sizes), own.special, self.degree)
        if self.method is None or (training and self.method.weighs):
            return None
        return self.method.elements(own.facts, evaluate(own.parameter, sizes))


def in_turn(draws: Sequence[Draw]) -> list[Draw]:
    """In the order in which stages take from the budget: first those that enumerate in all modes.

    A design is asked for. What is exact in training is to be exact in eval mode.
    """
    # Older versions of torch trace no `sorted` with a key.
    first = [entry for entry in draws if entry.degree is not None]
    last = [entry for entry in draws if entry.weighs]
    others = [entry for entry in draws if entry.degree is None and not entry.weighs]
    return first + others + last


def always_draws(
    draws: Sequence[Draw], groups: Sequence[Group], fixed: Mapping[str, int], training: bool
) -> bool:
    """Whether some stage draws samples whatever the open sizes are.

    Then the numbers of samples are of it, and multiplied by what other stages enumerate. Else they
    are open, and a number that is set takes the place of enumerating.
    """
    return any(
        entry.samples and elements is None
        for entry, elements in zip(draws, _taken(draws, groups, fixed, training), strict=True)
    )


def _taken(
    draws: Sequence[Draw], groups: Sequence[Group], fixed: Mapping[str, int], training: bool
) -> list[int | str | None]:
    """What each stage takes: a number of elements, a formula while that is open, None: samples."""
    own = {group.name: group for group in groups}
    left = ENUMERATION_BUDGET
    found: dict[str, int | str | None] = {}
    for entry in in_turn(draws):
        group = own[entry.key]
        if entry.degree is None and (entry.method is None or (training and entry.weighs)):
            found[entry.key] = None
        elif entry.method is not None and any(name not in fixed for name in names(group.parameter)):
            found[entry.key] = entry.method.formula(group.facts, str(group.parameter)) or "all"
        else:
            elements = entry.elements(group, fixed, training)
            rest = left_of(left, elements, entry.degree is not None)
            left = left if rest is None else rest
            found[entry.key] = None if rest is None else elements
    return [found[entry.key] for entry in draws]


def elements_of_designs(
    draws: Sequence[Draw], groups: Sequence[Group], fixed: Mapping[str, int]
) -> int:
    """How many elements the designs of all stages have together, 1 where there is none."""
    own = {group.name: group for group in groups}
    total = 1
    for entry in draws:
        if entry.degree is not None:
            total *= entry.elements(own[entry.key], fixed) or 1
    return total


def counted(
    draws: Sequence[Draw],
    groups: Sequence[Group],
    fixed: Mapping[str, int],
    samples: object,
    eval_samples: object,
    unset: tuple[int, int],
) -> str:
    """K in words, `6 elements of P x samples=1, 6 elements of P x eval_samples=20`.

    Of a module with these numbers, None where not set; `unset` are the numbers that are drawn then.
    """
    if not any(entry.samples for entry in draws):
        designed = elements_of_designs(draws, groups, fixed)
        return f"a design of {designed} elements" if designed > 1 else "1 element"
    given = {"samples": samples, "eval_samples": eval_samples}
    rest = ", ".join(f"{name}={number}" for name, number in zip(given, unset, strict=True))
    modes, whether = [], []
    for (name, value), training in zip(given.items(), (True, False), strict=True):
        always = always_draws(draws, groups, fixed, training)
        parts = []
        for entry, elements in zip(draws, _taken(draws, groups, fixed, training), strict=True):
            if isinstance(elements, str):
                otherwise = "drawn" if always else rest
                limit = f"(at most {ENUMERATION_BUDGET:,}, else {otherwise})"
                parts.append(f"{elements} elements of {entry.key} {limit}")
            elif elements is not None and elements > 1:
                parts.append(f"{elements} elements of {entry.key}")
        drawn = f"{name}={value}"
        if always:
            modes.append(" x ".join([*parts, drawn]))
        else:
            modes.append((" x ".join(parts) or "1 element") if value is None else drawn)
        whether.append(always)
    if all(whether):
        return ", ".join(modes)
    return modes[0] if modes[0] == modes[1] else f"{modes[0]}; in eval mode {modes[1]}"
