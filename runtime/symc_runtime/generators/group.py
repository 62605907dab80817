"""A group that a spec defines by generators, as all other finite groups are known."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from functools import cached_property, lru_cache
from itertools import groupby
from math import lcm

from symc_runtime.generators.closing import Closed, close
from symc_runtime.generators.cyclotomic import field
from symc_runtime.generators.entries import order_of, parsed, value_of
from symc_runtime.generators.matrices import Matrix
from symc_runtime.groups.family import Atom
from symc_runtime.groups.finite import Finite, Image, Items, Rows
from symc_runtime.groups.grids import on_grid
from symc_runtime.groups.turns import one_number

Definition = tuple[str, ...]
"""The generators as a spec writes them, `r = [[0, -1], [1, 0]]`, entries exact."""

_GRID = {
    1: "a sequence, read from either end",
    2: "an image, turned and flipped without interpolation",
    3: "voxels, turned and reflected without interpolation",
}
_KEPT = 1024
"""So many rows of the table of products are kept."""


def matrices(entries: Sequence[Sequence[Sequence[ast.expr]]]) -> list[Matrix]:
    """Square matrices of one size as exact numbers of one field. Raises EntryError."""
    order = lcm(1, *[order_of(e) for matrix in entries for row in matrix for e in row])
    within = field(order)
    return [
        Matrix(tuple([tuple([value_of(entry, within) for entry in row]) for row in matrix]))
        for matrix in entries
    ]


@lru_cache(maxsize=256)
def generated(definition: Definition) -> Generated:
    """The group that a checked spec defines so.

    Raises EntryError, InfiniteError, TooManyError and ValueError for what is none.
    """
    return Generated(definition)


class Generated(Finite):
    """A finite group of orthogonal matrices by exact generators.

    Its one parameter is the dimension of the matrices, which its definition fixes. Elements are
    numbered breadth first: products of generators, shorter ones first, those of one length by the
    places of their generators in the text, from the left.
    """

    name = "generated"
    title = "group by generators"
    parameter = "d"
    bare = "vector"

    def __init__(self, definition: Definition) -> None:
        self.definition = definition
        pairs = [line.split("=", 1) for line in definition]
        self.names = tuple([name.strip() for name, _ in pairs])
        read = [_rows(parsed(matrix)) for _, matrix in pairs]
        sizes = {len(row) for matrix in read for row in matrix} | {len(matrix) for matrix in read}
        if len(sizes) != 1:
            raise ValueError(f"no square matrices of one size: {'; '.join(definition)}")
        self.matrices = matrices(read)
        if not all(matrix.orthogonal for matrix in self.matrices):
            raise ValueError(f"no orthogonal matrices: {'; '.join(definition)}")
        self.dimension_of_space = len(self.matrices[0])
        self.examples = (self.dimension_of_space,)
        places = [matrix.places for matrix in self.matrices]
        self.exchanges = None not in places
        """Whether elements only put coordinates elsewhere, perhaps negated."""
        atoms = {
            "vector": Atom("table", meaning="a vector, multiplied by the matrix"),
            "det": Atom("table", meaning="negated where the matrix has determinant -1"),
            "regular": Atom("table", meaning="a number for each element, (g x)[g h] = x[h]"),
        }
        if self.exchanges:
            size = self.dimension_of_space
            meaning = _GRID.get(size, "a grid, turned and reflected without interpolation")
            atoms["grid"] = Atom("grid", meaning=meaning, sides=size)
        self.atoms = {**atoms, "scalar": Atom("trivial")}

    def __reduce__(self) -> tuple[object, tuple[Definition]]:
        return generated, (self.definition,)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Generated) and self.definition == other.definition

    def __hash__(self) -> int:
        return hash(self.definition)

    @cached_property
    def closed(self) -> Closed:
        """All elements."""
        return close(self.matrices)

    def close(self) -> None:
        """Finds all elements. Raises InfiniteError and TooManyError."""
        assert self.closed.order

    @cached_property
    def _floats(self) -> list[tuple[float, ...]]:
        """Of every vector that elements take a basis vector to, the nearest floats."""
        return [tuple([float(each) for each in point]) for point in self.closed.points]

    @cached_property
    def _odd(self) -> list[bool]:
        """Whether elements have determinant -1."""
        negative = [matrix.determinant.rational == -1 for matrix in self.matrices]
        odd = [False]
        for parent, letter in zip(self.closed.parent[1:], self.closed.letter[1:], strict=True):
            odd.append(odd[parent] != negative[letter])
        return odd

    @cached_property
    def _rows(self) -> dict[int, tuple[int, ...]]:
        return {}

    def _row(self, element: int) -> tuple[int, ...]:
        """The element times every one."""
        if element not in self._rows:
            if len(self._rows) >= _KEPT:
                self._rows.clear()
            self._rows[element] = tuple(self.closed.row(element))
        return self._rows[element]

    def written(self, parameter: str) -> str:
        """`generated(r, s)`"""
        return f"{self.name}({', '.join(self.names)})"

    def rest_order(self, parameter: int) -> int:
        """The number of elements."""
        return self.closed.order

    def rest_order_formula(self, parameter: str) -> int:
        """The number of elements."""
        return self.closed.order

    def product(self, parameter: int, left: int, right: int) -> int:
        """Matrices multiply."""
        return self._row(left)[right]

    def inverse(self, parameter: int, element: int) -> int:
        """The transpose."""
        return self.closed.inverses[element]

    def generators(self, parameter: int) -> list[int]:
        """Those of the definition, but for the identity and repeats."""
        found = dict.fromkeys(times[0] for times in self.closed.times)
        return [element for element in found if element]

    def named(self, parameter: int, element: int) -> str:
        """`1`, `r`, `r^2 s`: the first of the shortest products."""
        letters = [self.names[place] for place in self.closed.word(element)]
        runs = [(letter, len(list(run))) for letter, run in groupby(letters)]
        return " ".join([f"{name}^{n}" if n > 1 else name for name, n in runs]) or "1"

    def axes_of(self, parameter: int, element: int) -> Items:
        """Component i of `vector` runs along axis i of the grid, index rising."""
        if not self.exchanges:
            raise TypeError(f"{self.called(parameter)} has no grid")
        index, signs = [], []
        for column in self.closed.columns[element]:
            (place,) = [i for i, value in enumerate(self.closed.points[column]) if value]
            index.append(place)
            signs.append(int(self._floats[column][place]))
        return Items(tuple(index), tuple(signs))

    def size_formula(self, atom: str, parameter: str) -> int | None:
        """All but that of a grid is fixed."""
        sizes = {
            "vector": self.dimension_of_space,
            "det": 1,
            "regular": self.closed.order,
            "scalar": 1,
        }
        return sizes.get(atom)

    def size(self, atom: str, arguments: tuple[int, ...], parameter: int) -> int:
        """Dimension of the atom."""
        found = self.size_formula(atom, "d")
        return super().size(atom, arguments, parameter) if found is None else found

    def image(self, atom: str, arguments: tuple[int, ...], parameter: int, element: int) -> Image:
        """See `atoms`."""
        match atom:
            case "vector" if self.exchanges:
                return self.axes_of(parameter, element)
            case "vector":
                columns = [self._floats[column] for column in self.closed.columns[element]]
                return Rows(tuple(zip(*columns, strict=True)))
            case "det":
                return one_number(negated=self._odd[element])
            case "regular":
                row = self._row(element)
                return Items(row, (1,) * len(row))
            case "grid" if self.exchanges:
                return on_grid(arguments, self.axes_of(parameter, element))
            case "scalar":
                return one_number(negated=False)
        raise KeyError(f"{self.called(parameter)} has no representation {atom!r}")


def _rows(matrix: ast.expr) -> list[list[ast.expr]]:
    if not isinstance(matrix, ast.List):
        raise ValueError("a matrix is a list of rows")
    found = []
    for row in matrix.elts:
        if not isinstance(row, ast.List):
            raise ValueError("a row is a list of numbers")
        found.append(row.elts)
    return found
