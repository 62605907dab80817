"""Finite groups by their own facts: elements are numbers, representations are tables."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence

from symc_runtime.groups.family import Family, NoRuleError
from symc_runtime.groups.grids import cycles, quarter_turns
from symc_runtime.groups.items import Image as Image
from symc_runtime.groups.items import Items as Items
from symc_runtime.groups.items import Rows as Rows

_KNOWN = ("table", "grid", "trivial")


class Finite(Family, ABC):
    """A finite group whose elements are the numbers 0 to `rest_order` - 1, the identity 0.

    A subclass fixes the order of the elements and says how they multiply; each atom whose axis is
    `table` says by `image` what each of them does. All of it is a left action.
    """

    element = "finite"

    @property
    def ruled(self) -> bool:
        """Whatever its elements are, its own facts say what they do, if they do so by tables."""
        return not self._unknown

    @property
    def permutes(self) -> bool:
        """False, though images may permute: not every permutation is an element."""
        self.refuse_without_rule()
        return False

    @property
    def turns(self) -> bool:
        """False, as `permutes`."""
        self.refuse_without_rule()
        return False

    @property
    def shifts(self) -> bool:
        """False."""
        self.refuse_without_rule()
        return False

    @property
    def flips(self) -> bool:
        """False, as `permutes`."""
        return False

    @property
    def nests(self) -> bool:
        """False, as `permutes`."""
        return False

    @property
    def tabled(self) -> bool:
        """True."""
        self.refuse_without_rule()
        return True

    @property
    def _unknown(self) -> list[str]:
        """Atoms that act in a way that no table says."""
        return [
            name
            for name, atom in self.atoms.items()
            if atom.axis not in _KNOWN
            or atom.affine
            or atom.character
            or (atom.axis == "grid") != (name == "grid")
        ]

    def refuse_without_rule(self) -> None:
        """Raises NoRuleError where a representation acts in a way that no table says."""
        if self._unknown:
            name = self._unknown[0]
            raise NoRuleError(
                f"there is no rule here for the {self.title} {self.name}({self.parameter}), whose "
                f"`{name}` is {self.atoms[name]}: of a group that has its elements by numbers each "
                f"is one of {', '.join(_KNOWN)}, neither affine nor a character, and `grid` alone "
                "is a grid"
            )

    @abstractmethod
    def rest_order(self, parameter: int) -> int | None:
        """Number of elements; None above LARGEST."""

    @abstractmethod
    def rest_order_formula(self, parameter: str) -> int | str:
        """The same for a parameter as it is written; a number where it does not hang on it."""

    def every(self, parameter: int) -> range:
        """The numbers of all elements, the identity first."""
        order = self.rest_order(parameter)
        if order is None:
            raise TypeError(f"{self.name}({parameter}) has too many elements to enumerate")
        return range(order)

    @abstractmethod
    def product(self, parameter: int, left: int, right: int) -> int:
        """left * right: what `right` does, then `left`."""

    @abstractmethod
    def inverse(self, parameter: int, element: int) -> int:
        """The element that undoes this one."""

    @abstractmethod
    def generators(self, parameter: int) -> Sequence[int]:
        """Elements of which all others are products; none for the trivial group."""

    def named(self, parameter: int, element: int) -> str:
        """How people write an element: `r^2 s`, where there is such a way."""
        return f"element {element}"

    def choices(self, atom: str, parameter: int) -> Sequence[tuple[int, ...]]:
        """All that the atom may have in brackets, `[(0,), (1,)]` for `irrep(0)` and `irrep(1)`.

        One empty tuple for an atom without arguments; nothing where it does not exist.
        """
        return [()]

    def turned(self, parameter: int, element: int) -> tuple[int, bool]:
        """What the element does to a `grid` of two axes: quarter turns after, if so, a flip of the
        second axis.

        A quarter turn takes the direction of the first axis to that of the second, as
        `torch.rot90(x, 1, (first, second))`.
        """
        raise TypeError(f"{self.name}({parameter}) has no grid")

    def axes_of(self, parameter: int, element: int) -> Items:
        """What the element does to the axes of a `grid`: axis a goes to `index[a]`.

        It goes there backwards, about the middle, where its sign is -1. By default what `turned`
        says of two.
        """
        return quarter_turns(*self.turned(parameter, element))

    def exchanged(self, parameter: int) -> tuple[tuple[int, ...], ...]:
        """The axes of a `grid`, those together that some element puts in each other's place."""
        moves = [self.axes_of(parameter, g) for g in (0, *self.generators(parameter))]
        classes = {axis: {axis} for axis in range(len(moves[0].index))}
        for cycle in (cycle for move in moves for cycle, _ in cycles(move)):
            joined = set().union(*(classes[axis] for axis in cycle))
            for axis in joined:
                classes[axis] = joined
        return tuple(sorted({tuple(sorted(each)) for each in classes.values()}))

    def sides(self, parameter: int) -> bool:
        """Whether some axes of a `grid` must be of one size: some element exchanges them."""
        return any(len(together) > 1 for together in self.exchanged(parameter))

    @abstractmethod
    def image(self, atom: str, arguments: tuple[int, ...], parameter: int, element: int) -> Image:
        """What the element does to an axis that carries the atom, one of those of `atoms`.

        `arguments` are one of the `choices`; of a `grid` the sizes of its axes, whose entries
        are numbered row by row. All elements have images of one kind and one size.
        """

    def signless(self, atom: str, parameter: int) -> bool:
        """Whether the atom only puts entries elsewhere, whatever stands in its brackets."""
        elements = (0, *self.generators(parameter))
        images = [
            self.image(atom, arguments, parameter, element)
            for arguments in self.choices(atom, parameter)
            for element in elements
        ]
        return all(isinstance(image, Items) and min(image.signs) > 0 for image in images)

    def size_formula(self, atom: str, parameter: str) -> int | str | None:
        """Dimension for a parameter as it is written, where all `choices` have that.

        None: it is known with the parameter alone.
        """
        return None

    def size(self, atom: str, arguments: tuple[int, ...], parameter: int) -> int:
        """Dimension of the atom."""
        match self.image(atom, arguments, parameter, 0):
            case Items(index=index):
                return len(index)
            case Rows(rows=rows):
                return len(rows)
