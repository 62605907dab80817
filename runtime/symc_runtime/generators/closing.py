"""All products of some matrices, where these are finitely many, by exact arithmetic.

The basis vectors are moved about until nothing new is found: an element is known by where it takes
them, and a generator is then a permutation of what was found.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import gcd

from symc_runtime.generators.cyclotomic import Number
from symc_runtime.generators.matrices import Matrix, identity, never_again, over_integers
from symc_runtime.methods.method import ENUMERATION_BUDGET

LARGEST = ENUMERATION_BUDGET
"""Groups of more elements are not made."""

_FEW = 400
"""So many vectors are looked for before elements of infinite order are."""
_WORDS = 300
"""So many products are asked whether they are of infinite order."""
_MOST_WORK = 5 * 10**7
"""So many multiplications, a second or two, are done for what vectors become."""
_MOST_BITS = 2048
"""Numbers of more digits are not looked at."""

Point = tuple[int, ...]
"""A vector: coefficients of its coordinates, and what divides them all behind."""
Word = tuple[int, ...]
"""A product of generators by their places, the last of which acts first."""


class InfiniteError(ValueError):
    """Generators of infinitely many elements: a `word` of them whose powers never end, and why."""

    def __init__(self, word: Word, reason: str) -> None:
        super().__init__(reason)
        self.word = word
        self.reason = reason


class TooManyError(ValueError):
    """More than LARGEST elements, or, not `counted`, more than can be computed with.

    `permutations`: what generators do to vectors, where these are found.
    """

    def __init__(
        self, permutations: tuple[tuple[int, ...], ...] | None = None, counted: bool = True
    ) -> None:
        super().__init__(f"more than {LARGEST:,} elements")
        self.permutations = permutations
        self.counted = counted


@dataclass(frozen=True)
class Closed:
    """A finite group of matrices, its elements in breadth-first order, the identity first.

    Elements are written as products of generators, shorter ones first, those of one length by the
    places of their generators, from the left. `parent` and `letter`: an element is the product of
    the one that `parent` numbers and of that generator. `times[s][g]`: the number of g times
    generator s. `inverses`: by number. `columns[g]`: where an element takes each basis vector, as
    numbers of `points`, each its coordinates.
    """

    parent: tuple[int, ...]
    letter: tuple[int, ...]
    times: tuple[tuple[int, ...], ...]
    inverses: tuple[int, ...]
    columns: tuple[tuple[int, ...], ...]
    points: tuple[tuple[Number, ...], ...]

    @property
    def order(self) -> int:
        """How many elements there are."""
        return len(self.parent)

    def word(self, element: int) -> Word:
        """The product of generators that an element is."""
        found: list[int] = []
        while element:
            found.append(self.letter[element])
            element = self.parent[element]
        return tuple(reversed(found))

    def of_word(self, word: Word) -> int:
        """The element that a product is."""
        element = 0
        for letter in word:
            element = self.times[letter][element]
        return element

    def row(self, left: int) -> list[int]:
        """The numbers of `left` times every element."""
        found = [left]
        for parent, letter in zip(self.parent[1:], self.letter[1:], strict=True):
            found.append(self.times[letter][found[parent]])
        return found


def close(generators: Sequence[Matrix]) -> Closed:
    """The group that orthogonal matrices generate. Raises InfiniteError and TooManyError."""
    moved = _Orbit(generators)
    if not moved.whole(_FEW):
        refuse_infinite(generators, words_within(generators[0], _WORDS))
        if not moved.whole(LARGEST * len(generators[0])):
            raise TooManyError()
    return _elements(moved)


def words_within(like: Matrix, words: int) -> int:
    """So many products, or fewer where they cost more than can be waited for."""
    return min(words, _MOST_WORK // (10 * len(like) ** 3 * like.field.degree**2) + 2)


def refuse_infinite(generators: Sequence[Matrix], words: int) -> None:
    """Raises InfiniteError where one of so many short products has no finite order by its trace."""
    for number, (word, matrix) in enumerate(_products(generators)):
        if number >= words:
            return
        reason = never_again(matrix)
        if reason is not None:
            raise InfiniteError(word, reason)


def _products(generators: Sequence[Matrix]) -> Iterator[tuple[Word, Matrix]]:
    """Products of generators that differ, shorter ones first."""
    size, within = len(generators[0]), generators[0].field
    edge: list[tuple[Word, Matrix]] = [((), identity(size, within))]
    seen = {edge[0][1]}
    while edge:
        found = []
        for word, matrix in edge:
            for place, generator in enumerate(generators):
                product = matrix * generator
                if product in seen:
                    continue
                seen.add(product)
                found.append(((*word, place), product))
                yield found[-1]
        edge = found


class _Orbit:
    """Vectors that generators take basis vectors to, and where each takes each of them."""

    def __init__(self, generators: Sequence[Matrix]) -> None:
        self.size, self.field = len(generators[0]), generators[0].field
        self.actions = [over_integers(generator) for generator in generators]
        length = self.size * self.field.degree
        self.points: list[Point] = []
        for place in range(0, length, self.field.degree):
            self.points.append((*[int(place == i) for i in range(length)], 1))
        self.numbers = {point: number for number, point in enumerate(self.points)}
        self.permutations: list[list[int]] = [[] for _ in generators]
        work = sum(len(row) for rows, _ in self.actions for row in rows)
        self.most = _MOST_WORK // max(work, 1)

    def whole(self, most: int) -> bool:
        """Goes on until nothing new is found, or more than so many; whether all are found."""
        done = len(self.permutations[0])
        while done < len(self.points):
            if len(self.points) > most:
                return False
            if done > self.most:
                raise TooManyError(counted=False)
            for action, images in zip(self.actions, self.permutations, strict=True):
                point = _moved(self.points[done], *action)
                number = self.numbers.setdefault(point, len(self.points))
                if number == len(self.points):
                    if point[-1].bit_length() > _MOST_BITS:
                        raise TooManyError(counted=False)
                    self.points.append(point)
                images.append(number)
            done += 1
        return True

    def coordinates(self) -> tuple[tuple[Number, ...], ...]:
        """The points as numbers."""
        degree, found = self.field.degree, []
        for point in self.points:
            parts = [Fraction(each, point[-1]) for each in point[:-1]]
            found.append(
                tuple(
                    [
                        Number(self.field, tuple(parts[place : place + degree]))
                        for place in range(0, len(parts), degree)
                    ]
                )
            )
        return tuple(found)


def _moved(point: Point, rows: Sequence[Sequence[tuple[int, int]]], below: int) -> Point:
    found = [sum([point[place] * by for place, by in row]) for row in rows]
    below *= point[-1]
    common = gcd(below, *found)
    return (*[each // common for each in found], below // common)


def _elements(orbit: _Orbit) -> Closed:
    """Breadth first. Elements are found by where their inverses take the basis vectors."""
    forward = orbit.permutations
    back: list[list[int]] = []
    for images in forward:
        undone = [0] * len(images)
        for number, image in enumerate(images):
            undone[image] = number
        back.append(undone)
    basis = tuple(range(orbit.size))
    numbers = {basis: 0}
    keys = [basis]
    parent, letter = [0], [-1]
    times: list[list[int]] = [[] for _ in forward]
    done = 0
    while done < len(keys):
        for place, undone in enumerate(back):
            # (g s)^-1 = s^-1 g^-1
            key = tuple([undone[point] for point in keys[done]])
            number = numbers.setdefault(key, len(keys))
            if number == len(keys):
                if number >= LARGEST:
                    raise TooManyError(tuple(map(tuple, forward)))
                keys.append(key)
                parent.append(done)
                letter.append(place)
            times[place].append(number)
        done += 1
    words = Closed(tuple(parent), tuple(letter), tuple(map(tuple, times)), (), (), ())
    columns = []
    for element in range(len(keys)):
        images = list(basis)
        for place in reversed(words.word(element)):
            images = [forward[place][point] for point in images]
        columns.append(tuple(images))
    return Closed(
        words.parent,
        words.letter,
        words.times,
        tuple([numbers[column] for column in columns]),
        tuple(columns),
        orbit.coordinates(),
    )
