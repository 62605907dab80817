"""The dimension of the stabilizer of a random integer point: the exact rank of the Lie action."""

from __future__ import annotations

import random
from itertools import combinations
from math import prod

from prooforacle.specs import Group, Spec, Tensor, Term

PRIME = 2**61 - 1
"""Ranks are taken modulo it."""

Vector = list[int]


def stabilizer_dimension(spec: Spec, seed: int) -> int:
    """Generators of all rotation groups, less the rank of what they do to the inputs."""
    draw = random.Random(seed)
    x = [[draw.randint(-999, 999) for _ in range(prod(t.shape))] for t in spec.inputs]
    x = _centred(spec, x)
    moved = [
        [
            entry
            for t, value in zip(spec.inputs, x, strict=True)
            for entry in _moved(t, value, g, i, j)
        ]
        for g in spec.groups
        if g.family not in ("S", "T")
        for i, j in combinations(range(g.size), 2)
    ]
    return len(moved) - _rank(moved)


def _centred(spec: Spec, x: list[Vector]) -> list[Vector]:
    """Points relative to the first point of their group, which is as good as their mean."""
    origins: dict[Group, Vector] = {}
    centred = []
    for tensor, value in zip(spec.inputs, x, strict=True):
        moved = list(value)
        for axis, terms in enumerate(tensor.axes):
            inner, start = prod(tensor.shape[axis + 1 :]), 0
            for term in terms:
                if term.affine is not None:
                    size = term.affine.size
                    places = [k // inner % tensor.shape[axis] - start for k in range(len(value))]
                    first = [value[places.index(c)] for c in range(size)]
                    origin = origins.setdefault(term.affine, first)
                    for k, place in enumerate(places):
                        if 0 <= place < term.dimension:
                            moved[k] -= origin[place % size]
                start += term.dimension
        centred.append(moved)
    return centred


def _moved(tensor: Tensor, x: Vector, group: Group, i: int, j: int) -> Vector:
    """The derivative of the action along the generator e_i e_j^T - e_j e_i^T."""
    result = [0] * len(x)
    for axis, terms in enumerate(tensor.axes):
        size, inner = tensor.shape[axis], prod(tensor.shape[axis + 1 :])
        for row, column, value in _entries(terms, group, i, j):
            for outer in range(len(x) // (size * inner)):
                to, source = (outer * size + row) * inner, (outer * size + column) * inner
                for k in range(inner):
                    result[to + k] += value * x[source + k]
    return result


def _entries(terms: tuple[Term, ...], group: Group, i: int, j: int) -> list[tuple[int, int, int]]:
    """The generator on an axis as a sparse matrix."""
    found, start = [], 0
    for term in terms:
        sizes = [term.multiplicity] + [
            1 if atom in ("sign", "pseudoscalar") else g.size for g, atom in term.atoms
        ]
        for place, (g, _) in enumerate(term.atoms, start=1):
            if g != group or sizes[place] == 1:
                continue
            inner = prod(sizes[place + 1 :])
            for outer in range(prod(sizes[:place])):
                for k in range(inner):
                    base = start + outer * sizes[place] * inner + k
                    found.append((base + i * inner, base + j * inner, 1))
                    found.append((base + j * inner, base + i * inner, -1))
        start += term.dimension
    return found


def _rank(rows: list[Vector]) -> int:
    rows = [[entry % PRIME for entry in row] for row in rows]
    rank = 0
    for column in range(len(rows[0]) if rows else 0):
        pivot = next((r for r in range(rank, len(rows)) if rows[r][column]), None)
        if pivot is None:
            continue
        rows[rank], rows[pivot] = rows[pivot], rows[rank]
        inverse = pow(rows[rank][column], -1, PRIME)
        for r in range(rank + 1, len(rows)):
            factor = rows[r][column] * inverse % PRIME
            if factor:
                rows[r] = [
                    (a - factor * b) % PRIME for a, b in zip(rows[r], rows[rank], strict=True)
                ]
        rank += 1
    return rank
