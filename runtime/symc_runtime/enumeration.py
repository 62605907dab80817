"""Which stages of a module take all elements that they have, and which draw samples."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from symc_runtime.catalogue import methods
from symc_runtime.layout import Group
from symc_runtime.methods.method import ENUMERATION_BUDGET, Method, left_of
from symc_runtime.sizes import evaluate, names


@dataclass(frozen=True)
class Draw:
    """A stage that draws elements: its `key` in the noise, its module, how it draws.

    `enumerates`: the method by which it takes every element where they are few enough, `average`
    or `frame`; empty where it only draws. `samples`: whether it takes several. `entropy`: weight of
    its penalty.
    """

    key: str
    attribute: str
    enumerates: str = ""
    samples: bool = True
    entropy: float = 0.0

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

    def elements(self, own: Group, sizes: Mapping[str, int]) -> int | None:
        """How many elements of its group it takes where it takes them all; None: it draws."""
        if self.method is None:
            return None
        return self.method.elements(own.facts, evaluate(own.parameter, sizes))


def always_draws(draws: Sequence[Draw], groups: Sequence[Group], fixed: Mapping[str, int]) -> bool:
    """Whether some stage draws samples whatever the open sizes are.

    Then the numbers of samples are of it, and multiplied by what other stages enumerate. Else they
    are open, and a number that is set takes the place of enumerating.
    """
    return any(
        entry.samples and elements is None
        for entry, elements in zip(draws, _taken(draws, groups, fixed), strict=True)
    )


def _taken(
    draws: Sequence[Draw], groups: Sequence[Group], fixed: Mapping[str, int]
) -> list[int | str | None]:
    """What each stage takes: a number of elements, a formula while that is open, None: samples."""
    own = {group.name: group for group in groups}
    left = ENUMERATION_BUDGET
    found: list[int | str | None] = []
    for entry in draws:
        group = own[entry.key]
        if entry.method is None:
            found.append(None)
        elif any(name not in fixed for name in names(group.parameter)):
            found.append(entry.method.formula(group.facts, str(group.parameter)) or "all")
        else:
            elements = entry.elements(group, fixed)
            rest = left_of(left, elements)
            left = left if rest is None else rest
            found.append(None if rest is None else elements)
    return found


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
    given = {"samples": samples, "eval_samples": eval_samples}
    drawn = [f"{name}={value}" for name, value in given.items()]
    if not any(entry.samples for entry in draws):
        return "1 element"
    always = always_draws(draws, groups, fixed)
    rest = ", ".join(f"{name}={number}" for name, number in zip(given, unset, strict=True))
    parts = []
    for entry, elements in zip(draws, _taken(draws, groups, fixed), strict=True):
        if isinstance(elements, str):
            otherwise = "drawn" if always else rest
            limit = f"(at most {ENUMERATION_BUDGET:,}, else {otherwise})"
            parts.append(f"{elements} elements of {entry.key} {limit}")
        elif elements is not None and elements > 1:
            parts.append(f"{elements} elements of {entry.key}")
    if always:
        return ", ".join(" x ".join([*parts, each]) for each in drawn)
    every = " x ".join(parts) or "1 element"
    modes = [
        every if value is None else text for value, text in zip(given.values(), drawn, strict=True)
    ]
    return every if modes == [every, every] else f"{modes[0]}; in eval mode {modes[1]}"
