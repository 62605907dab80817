"""What must hold of every finite group that says what its elements do, told from that alone.

For who brings a group of their own: `assert_group(Alternating())` in a test of their package.
`symc verify` asks the same of the groups of a spec.
"""

from __future__ import annotations

import os
import random
import traceback
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import product

from symc_runtime.groups.finite import Finite, Image, Items, Rows
from symc_runtime.groups.grids import on_grid

MANY = 24
"""Of more elements so many are tried, at random, beside the generators."""
LARGEST = 5040
"""Of larger groups it is not told that all elements are generated, and differ."""
TOLERANCE = 1e-12
"""Of entries of `Rows`, which are rounded; `Items` are exact."""

Representation = tuple[str, tuple[int, ...]]
"""An atom and what stands in its brackets; of a `grid` the sizes of its axes."""
Matrix = tuple[dict[int, float], ...]
"""Columns: for each entry where it goes, and by what it is multiplied."""


class BrokenLawError(AssertionError):
    """What says that it is a group, or a representation, and is none; the message says where."""


def assert_group(facts: Finite, *parameters: int) -> None:
    """Raises BrokenLawError unless the facts are those of a group and its representations.

    At these parameters, by default at `facts.examples`: the identity is 0, products and inverses
    are elements, products associate, the generators give all elements, each atom is an orthogonal
    representation (exactly, where it is given by `Items`), a `grid` moves as `turned` says, and no
    two elements do the same in all of them. Of large groups some elements are tried.
    """
    for parameter in parameters or facts.examples:
        for fault in faults(facts, parameter):
            raise BrokenLawError(f"{facts.called(parameter)}: {fault}")


def faults(
    facts: Finite, parameter: int, only: Sequence[Representation] | None = None
) -> Iterator[str]:
    """What does not hold, in words: one fault a law. `only`: of its representations, these."""
    laws: list[Callable[[], None]] = [partial(_multiplies, facts, parameter)]
    laws.append(partial(_generates, facts, parameter))
    try:
        listed = list(_listed(facts, parameter)) if only is None else list(only)
    except Exception as error:
        yield _said(error)
        return
    laws += [partial(_represents, facts, parameter, *each) for each in listed]
    if only is None:
        laws.append(partial(_tells_apart, facts, parameter, listed))
    for number, law in enumerate(laws):
        try:
            law()
        except Exception as error:
            yield _said(error)
            if number == 0:
                # What is no group represents nothing.
                return


def _said(error: Exception) -> str:
    if isinstance(error, BrokenLawError):
        return str(error)
    *_, frame = traceback.extract_tb(error.__traceback__)
    place = f"{frame.name} ({os.path.basename(frame.filename)}, line {frame.lineno})"
    return f"its facts raise {type(error).__name__} in {place}: {error}"


def _require(holds: bool, otherwise: str) -> None:
    if not holds:
        raise BrokenLawError(otherwise)


def _listed(facts: Finite, parameter: int) -> Iterator[Representation]:
    """Every atom with all that it may have in brackets, images of odd and even sides."""
    for name, atom in facts.atoms.items():
        _require(facts.tabled, "no table says what it does")
        for arguments in facts.choices(name, parameter) if atom.axis != "trivial" else ():
            _require(
                len(arguments) == atom.arguments,
                f"a choice of `{name}` is {arguments}: it takes {atom.arguments} in brackets",
            )
            if atom.axis == "grid":
                yield name, (3,) * atom.axes
                yield name, even_sides(facts, parameter, atom.axes)
            else:
                yield name, tuple(arguments)


def even_sides(facts: Finite, parameter: int, axes: int) -> tuple[int, ...]:
    """Sizes of the axes of a grid that differ where they may, the first even."""
    sizes = [2] * axes
    for number, together in enumerate(facts.exchanged(parameter)):
        for axis in together:
            sizes[axis] = 2 + number
    return tuple(sizes)


def _some(facts: Finite, parameter: int) -> list[int]:
    """All elements of a small group, of a large one some."""
    every = facts.every(parameter)
    if len(every) <= MANY:
        return list(every)
    chosen = random.Random(0).sample(every, MANY // 2)
    return [*dict.fromkeys([0, *facts.generators(parameter)[: MANY // 2], *chosen])]


def _element(facts: Finite, parameter: int, number: object, what: str) -> int:
    order = len(facts.every(parameter))
    whole = isinstance(number, int) and not isinstance(number, bool)
    _require(
        whole and 0 <= int(str(number)) < order,
        f"{what} is {number!r}, no number from 0 to {order - 1}",
    )
    return int(str(number))


def _multiplies(facts: Finite, parameter: int) -> None:
    """Closed and associative, with the identity 0 and inverses."""
    order = facts.order(parameter)
    _require(order is None or order >= 1, f"its order is {order}")
    _require(order is not None, "its elements are too many to be numbered")
    elements = _some(facts, parameter)
    times = {}
    for a, b in product(elements, repeat=2):
        found = facts.product(parameter, a, b)
        times[a, b] = _element(facts, parameter, found, f"the product of {a} and {b}")
    for a in elements:
        _require(
            times[0, a] == a == times[a, 0], f"element 0 is no identity: it changes {a} in products"
        )
        inverse = facts.inverse(parameter, a)
        _element(facts, parameter, inverse, f"the inverse of {a}")
        both = facts.product(parameter, a, inverse), facts.product(parameter, inverse, a)
        _require(both == (0, 0), f"{inverse} is no inverse of {a}: their product is {max(both)}")
    for a, b, c in product(elements[:12], elements[:12], elements):
        left = facts.product(parameter, times[a, b], c)
        right = facts.product(parameter, a, times[b, c])
        _require(left == right, f"products do not associate: ({a} {b}) {c} is {left}, not {right}")


def _generates(facts: Finite, parameter: int) -> None:
    """The generators give every element."""
    generators = [_element(facts, parameter, g, "a generator") for g in facts.generators(parameter)]
    order = len(facts.every(parameter))
    if order > LARGEST:
        return
    reached, new = {0}, [0]
    while new:
        found = {facts.product(parameter, g, a) for a in new for g in generators}
        new = list(found - reached)
        reached |= found
    _require(
        len(reached) == order,
        f"its generators {generators} give {len(reached)} of {order} elements",
    )


def _represents(facts: Finite, parameter: int, name: str, arguments: tuple[int, ...]) -> None:
    """Orthogonal, of one size and kind, the image of a product that of both, one after another."""
    inside = ", ".join(map(str, arguments))
    called = f"`{name}({inside})`" if inside else f"`{name}`"
    elements = _some(facts, parameter)
    images = {g: facts.image(name, arguments, parameter, g) for g in elements}
    kinds = {type(image) for image in images.values()}
    _require(len(kinds) == 1, f"{called} gives some elements by Items, others by Rows")
    exact = kinds == {Items}
    size = facts.size(name, arguments, parameter)
    matrices = {g: _matrix(image, size, f"{called} of {g}") for g, image in images.items()}
    _require(
        _alike(matrices[0], _identity(size), exact), f"{called} of the identity, 0, moves something"
    )
    grid = facts.atoms[name].axis == "grid"
    for g in elements if grid else ():
        turned = on_grid(arguments, facts.axes_of(parameter, g))
        _require(images[g] == turned, f"{called} of {g} is not what `turned` says: {turned}")
    for g, h in product(elements, repeat=2):
        gh = facts.product(parameter, g, h)
        if gh not in matrices:
            image = facts.image(name, arguments, parameter, gh)
            matrices[gh] = _matrix(image, size, f"{called} of {gh}")
        _require(
            _alike(_times(matrices[g], matrices[h]), matrices[gh], exact),
            f"{called} is no representation: what {h} does and then {g} is not what their product "
            f"{gh} does",
        )


def _tells_apart(facts: Finite, parameter: int, listed: Sequence[Representation]) -> None:
    """No two elements do the same everywhere."""
    every = facts.every(parameter)
    if len(every) > LARGEST:
        return
    seen: dict[object, int] = {}
    for g in every:
        does = tuple(_key(facts.image(name, inside, parameter, g)) for name, inside in listed)
        _require(does not in seen, f"elements {seen.get(does)} and {g} do the same everywhere")
        seen[does] = g


def _key(image: Image) -> object:
    if isinstance(image, Items):
        return image
    return tuple(tuple(round(entry, 9) + 0.0 for entry in row) for row in image.rows)


def _matrix(image: Image, size: int, called: str) -> Matrix:
    """Its columns, if it is orthogonal and of this size."""
    if isinstance(image, Items):
        _require(
            sorted(image.index) == list(range(size)),
            f"{called} has the index {image.index}: not each place from 0 to {size - 1} once",
        )
        _require(
            len(image.signs) == size and set(image.signs) <= {1, -1},
            f"{called} has the signs {image.signs}: not {size}, each 1 or -1",
        )
        pairs = zip(image.index, image.signs, strict=True)
        return tuple({place: float(sign)} for place, sign in pairs)
    square = len(image.rows) == size and all(len(row) == size for row in image.rows)
    _require(isinstance(image, Rows) and square, f"{called} is no matrix of {size} rows of {size}")
    columns = tuple(
        {i: image.rows[i][j] for i in range(size) if image.rows[i][j]} for j in range(size)
    )
    for j, k in product(range(size), repeat=2):
        inner = sum(value * columns[k].get(i, 0.0) for i, value in columns[j].items())
        _require(abs(inner - (j == k)) <= TOLERANCE, f"{called} is not orthogonal")
    return columns


def _identity(size: int) -> Matrix:
    return tuple({j: 1.0} for j in range(size))


def _times(left: Matrix, right: Matrix) -> Matrix:
    columns = []
    for column in right:
        total: dict[int, float] = {}
        for j, value in column.items():
            for i, other in left[j].items():
                total[i] = total.get(i, 0.0) + other * value
        columns.append(total)
    return tuple(columns)


def _alike(one: Matrix, two: Matrix, exact: bool) -> bool:
    if exact:
        return one == two
    return all(
        abs(a.get(i, 0.0) - b.get(i, 0.0)) <= TOLERANCE
        for a, b in zip(one, two, strict=True)
        for i in a.keys() | b.keys()
    )
