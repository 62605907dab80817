"""The dimension of the values of equivariant maps, measured: random maps, averaged over the group.

f(x) = integral of rho_out(g) phi(rho_in(g)^-1 x) over the group, for random phi; the rank of many
such values at one random x. Permutations are enumerated, rotations integrated by quadratures that
converge faster than any power; translations are divided out by the mean of the first input with a
point, and outputs that are points are taken relative to it.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from itertools import combinations, combinations_with_replacement, permutations, product
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from prooforacle import tables
from prooforacle.specs import FINITE, Built, Group, Spec, Tensor

Array = NDArray[np.float64]

CHUNK = 4096
NODES = 400_000
QUATERNIONS = 9
"""Polynomials in a unit quaternion are integrated exactly below this degree."""
TOLERANCE = 1e-7


@dataclass(frozen=True)
class Rule:
    """A quadrature: matrices [N, k, k] of the defining action, characters and weights [N]."""

    matrices: Array
    characters: Array
    weights: Array


@dataclass(frozen=True)
class Measured:
    """The rank of the values, the dimension of the output, and the singular values at the cut."""

    rank: int
    total: int
    smallest: float
    largest_zero: float

    @property
    def clear(self) -> bool:
        """Whether the singular values fall far at the cut, from above any error of the rule."""
        return self.smallest > 1e-5 and self.largest_zero < 1e-9


@cache
def rule(family: str, size: int, fine: bool = False) -> Rule:
    """A quadrature of the compact part of a group; of tables' groups the elements by number."""
    if family in FINITE:
        order = size if family == "C" else 2 * size
        return Rule(
            np.arange(order).astype(float)[:, None, None], np.ones(order), np.full(order, 1 / order)
        )
    if family == "S":
        eye = np.eye(size)
        orders = np.array(list(permutations(range(size))))
        matrices = eye[orders].transpose(0, 2, 1)
        return Rule(
            matrices, np.linalg.det(matrices).round(), np.full(len(orders), 1 / len(orders))
        )
    if family == "T":
        return Rule(np.eye(size)[None], np.ones(1), np.ones(1))
    matrices, weights = _rotations(size, fine)
    if family in ("SO", "SE"):
        return Rule(matrices, np.ones(len(weights)), weights)
    mirror = -np.eye(size) if size % 2 else np.diag([-1.0] + [1.0] * (size - 1))
    both = np.concatenate([matrices, mirror @ matrices])
    signs = np.repeat([1.0, -1.0], len(weights))
    return Rule(both, signs, np.concatenate([weights, weights]) / 2)


def _rotations(size: int, fine: bool) -> tuple[Array, Array]:
    if size == 1:
        return np.ones((1, 1, 1)), np.ones(1)
    if size == 2:
        count = 64 if fine else 32
        return _turns(count)[:, :2, :2], np.full(count, 1 / count)
    if size == 3:
        return _products(24 if fine else 16)
    quaternions, weights = _quaternions(QUATERNIONS)
    left, right = _multiplications(quaternions)
    matrices = np.einsum("aij,bjk->abik", left, right).reshape(-1, 4, 4)
    return matrices, np.outer(weights, weights).ravel()


def _turns(count: int) -> Array:
    angle = 2 * np.pi * np.arange(count) / count + 0.1
    c, s, o, i = np.cos(angle), np.sin(angle), np.zeros(count), np.ones(count)
    return np.stack([c, -s, o, s, c, o, o, o, i], -1).reshape(-1, 3, 3)


def _products(count: int) -> tuple[Array, Array]:
    """Euler angles z y z: equal steps around z, Gauss-Legendre in the cosine between."""
    cosine, weight = np.polynomial.legendre.leggauss(count // 2 + 1)
    sine, o, i = np.sqrt(1 - cosine**2), np.zeros_like(cosine), np.ones_like(cosine)
    middle = np.stack([cosine, o, sine, o, i, o, -sine, o, cosine], -1).reshape(-1, 3, 3)
    around = _turns(count)
    matrices = np.einsum("aij,bjk,ckl->abcil", around, middle, around).reshape(-1, 3, 3)
    weights = np.broadcast_to((weight / 2)[None, :, None], (count, len(weight), count))
    return matrices, (weights / count**2).ravel()


def _quaternions(count: int) -> tuple[Array, Array]:
    """Unit quaternions, exact for polynomials of degree below `count`."""
    node, weight = np.polynomial.legendre.leggauss(count // 2 + 1)
    share = (node + 1) / 2
    angle = 2 * np.pi * np.arange(count) / count
    parts = [
        (
            np.sqrt(1 - u) * np.cos(a),
            np.sqrt(1 - u) * np.sin(a),
            np.sqrt(u) * np.cos(b),
            np.sqrt(u) * np.sin(b),
            w / 2 / count**2,
        )
        for (u, w) in zip(share, weight, strict=True)
        for a in angle
        for b in angle
    ]
    table = np.array(parts)
    return table[:, :4], table[:, 4]


def _multiplications(q: Array) -> tuple[Array, Array]:
    a, b, c, d = q.T
    left = np.stack([a, -b, -c, -d, b, a, -d, c, c, d, a, -b, d, -c, b, a], -1)
    right = np.stack([a, -b, -c, -d, b, a, d, -c, c, -d, a, b, d, c, -b, a], -1)
    return left.reshape(-1, 4, 4), right.reshape(-1, 4, 4)


def measure(spec: Spec, seed: int) -> dict[str, Measured] | None:
    """The rank for each output; None where the group has too many nodes.

    Where the singular values show no clear cut, the quadrature is refined and the maps are made
    smoother.
    """
    found = _measure(spec, seed, False, 1.0)
    for scale in (0.7, 0.35, 2.0):
        if found is None or all(m.clear for m in found.values()):
            break
        found = _measure(spec, seed, True, scale)
    return found


def _measure(spec: Spec, seed: int, fine: bool, scale: float) -> dict[str, Measured] | None:
    found = values(spec, seed, fine, scale)
    if found is None:
        return None
    shapes = {tensor.name: prod(tensor.shape) for tensor in spec.outputs}
    return {name: _rank(rows, shapes[name]) for name, rows in found[1].items()}


def values(
    spec: Spec, seed: int, fine: bool = False, scale: float = 1.0
) -> tuple[list[Array], dict[str, Array]] | None:
    """A random input, centred, and values there of equivariant maps, a row each, by output."""
    random = np.random.default_rng(seed)
    rules = [rule(group.family, group.size, fine) for group in spec.groups]
    counts = [len(r.weights) for r in rules]
    if prod(counts) > NODES:
        return None
    degree = None
    if any(group.size == 4 and group.family not in ("S", "T", *FINITE) for group in spec.groups):
        # Exact, if the whole integrand has a degree below that of the rule.
        inner, outer = _degree(spec.inputs), _degree(spec.outputs)
        degree = (QUATERNIONS - 1 - outer) // max(inner, 1)
        if degree < 4:
            return None
    x = [_values(tensor, random) for tensor in spec.inputs]
    x = _centred(spec, x)
    entries = sum(value.size for value in x)
    sizes = {tensor.name: prod(tensor.shape) for tensor in spec.outputs}
    maps = max(sizes.values()) + 8
    waves = random.normal(size=(entries, maps))
    # What rotations do not move may wave fast: it tells permutations apart.
    turning = np.concatenate(
        [np.full(v.size, _degree((t,)) > 0) for t, v in zip(spec.inputs, x, strict=True)]
    )
    flat = np.concatenate([value.ravel() for value in x])
    for chosen_rows, speed in ((turning, 2.5 * scale), (~turning, 8.0)):
        if chosen_rows.any():
            length = np.linalg.norm(flat[chosen_rows])
            waves[chosen_rows] *= (
                speed / np.linalg.norm(waves[chosen_rows], axis=0) / max(length, 1e-9)
            )
    phase = random.uniform(0, 2 * np.pi, maps)
    direction = {name: random.normal(size=(maps, size)) for name, size in sizes.items()}
    total = {name: np.zeros((maps, size)) for name, size in sizes.items()}
    grid = (
        np.array(list(product(*map(range, counts))))
        if len(counts) > 1
        else np.arange(counts[0])[:, None]
    )
    for start in range(0, len(grid), CHUNK):
        nodes = grid[start : start + CHUNK]
        chosen = {
            g.name: (r.matrices[nodes[:, i]], r.characters[nodes[:, i]])
            for i, (g, r) in enumerate(zip(spec.groups, rules, strict=True))
        }
        weight = np.prod([r.weights[nodes[:, i]] for i, r in enumerate(rules)], axis=0)
        moved = [
            _act(tensor, value[None, None], chosen, inverse=True).reshape(len(nodes), -1)
            for tensor, value in zip(spec.inputs, x, strict=True)
        ]
        arguments = np.concatenate(moved, 1) @ waves + phase
        features = np.cos(arguments) if degree is None else (arguments / 3) ** degree
        features = features * weight[:, None]
        for tensor in spec.outputs:
            # sum over g of rho(g) phi(g^-1 x), the directions outside of the sum over nodes
            matrix = _matrix(tensor, chosen)
            mixed = np.einsum("na,nij->aij", features, matrix, optimize=True)
            total[tensor.name] += np.einsum("aij,aj->ai", mixed, direction[tensor.name])
    return x, total


def _rank(values: Array, size: int) -> Measured:
    singular = np.linalg.svd(values, compute_uv=False)
    rank = int((singular > TOLERANCE).sum())
    return Measured(
        rank,
        size,
        float(singular[rank - 1]) if rank else 1.0,
        float(singular[rank]) if rank < len(singular) else 0.0,
    )


def _degree(tensors: tuple[Tensor, ...]) -> int:
    """The highest power of a rotation with which a tensor turns."""
    turning = ("vector", "pseudovector", "point")
    return max(
        sum(
            max(sum(a in turning and not g.tabled for g, a in t.atoms) for t in axis)
            for axis in tensor.axes
        )
        for tensor in tensors
    )


def _values(tensor: Tensor, random: np.random.Generator) -> Array:
    if tensor.labels:
        return random.permutation(50)[: prod(tensor.shape)].reshape(tensor.shape) / 10
    return random.normal(size=tensor.shape)


def _centred(spec: Spec, x: list[Array]) -> list[Array]:
    """Every point relative to the mean of the first input with a point of its group."""
    x = [value.copy() for value in x]
    for group in spec.groups:
        places = [
            (i, axis, start, term.multiplicity)
            for i, tensor in enumerate(spec.inputs)
            for axis, terms in enumerate(tensor.axes)
            for start, term in _starts(terms)
            if term.affine == group
        ]
        if not places:
            continue
        clouds = []
        for i, axis, start, count in places:
            points = np.moveaxis(x[i], axis, -1)[..., start : start + count * group.size]
            clouds.append((i, points.reshape(-1, group.size)))
        first = min(i for i, _ in clouds)
        mean = np.concatenate([rows for i, rows in clouds if i == first]).mean(0)
        for i, axis, start, count in places:
            view = np.moveaxis(x[i], axis, -1)
            view[..., start : start + count * group.size] -= np.tile(mean, count)
    return x


def _starts(terms: tuple[Any, ...]) -> list[tuple[int, Any]]:
    found, start = [], 0
    for term in terms:
        found.append((start, term))
        start += term.dimension
    return found


Chosen = dict[str, tuple[Array, Array]]


def _axis_matrix(terms: tuple[Any, ...], chosen: Chosen, inverse: bool = False) -> Array:
    """[N, k, k]: the sum of products of atoms, and of what is built on such sums."""
    nodes = len(next(iter(chosen.values()))[1])
    blocks = []
    for term in terms:
        if isinstance(term, Built):
            blocks.append(_built(term, chosen, inverse))
            continue
        block = np.broadcast_to(
            np.eye(term.multiplicity), (nodes, term.multiplicity, term.multiplicity)
        )
        for group, atom in term.atoms:
            matrix = _atom(group, atom, chosen)
            block = _kron(block, matrix.transpose(0, 2, 1) if inverse else matrix)
        blocks.append(block)
    size = sum(block.shape[-1] for block in blocks)
    whole = np.zeros((nodes, size, size))
    start = 0
    for block in blocks:
        k = block.shape[-1]
        whole[:, start : start + k, start : start + k] = block
        start += k
    return whole


def _built(term: Built, chosen: Chosen, inverse: bool) -> Array:
    """The dual is the transposed matrix of the inverse. Powers go by their definition.

    Entry (I, J) of a power is the coefficient of x_I in what becomes of the tensor that is the sum
    of all the different places of e_J, with their signs.
    """
    if term.kind == "dual":
        return _axis_matrix(term.inside, chosen, not inverse).transpose(0, 2, 1)
    matrix = _axis_matrix(term.inside, chosen, inverse)
    pick = combinations_with_replacement if term.kind == "sym" else combinations
    chosen_ones = list(pick(range(matrix.shape[-1]), term.power))
    whole = np.zeros((len(matrix), len(chosen_ones), len(chosen_ones)))
    for column, indices in enumerate(chosen_ones):
        for order in {tuple(indices[i] for i in p) for p in permutations(range(term.power))}:
            swaps = sum(a > b for a, b in combinations(order, 2))
            sign = -1 if term.kind == "alt" and swaps % 2 else 1
            for row, places in enumerate(chosen_ones):
                product = np.ones(len(matrix))
                for i, j in zip(places, order, strict=True):
                    product = product * matrix[:, i, j]
                whole[:, row, column] += sign * product
    return whole


def _kron(a: Array, b: Array) -> Array:
    k = a.shape[1] * b.shape[1]
    return np.einsum("nij,nkl->nikjl", a, b).reshape(-1, k, k)


def _atom(group: Group, atom: str, chosen: Chosen) -> Array:
    matrix, character = chosen[group.name]
    if atom == "scalar":
        return np.ones((len(character), 1, 1))
    if group.tabled:
        numbers = matrix[:, 0, 0].astype(int)
        return tables.matrices(group.family, group.size, atom)[numbers]
    if atom in ("sign", "pseudoscalar"):
        return character[:, None, None]
    if atom == "pseudovector":
        return matrix * character[:, None, None]
    return matrix


def _act(tensor: Tensor, x: Array, chosen: Chosen, inverse: bool) -> Array:
    """x [1, 1, *shape] to [N, 1, *shape]; the matrices of atoms are orthogonal."""
    nodes = len(next(iter(chosen.values()))[1])
    y = np.broadcast_to(x, (nodes, *x.shape[1:]))
    for i, terms in enumerate(tensor.axes):
        matrix = _axis_matrix(terms, chosen, inverse)
        moved = np.moveaxis(y, i + 2, -1)
        y = np.moveaxis(np.einsum("nij,n...j->n...i", matrix, moved), -1, i + 2)
    return y


def _matrix(tensor: Tensor, chosen: Chosen) -> Array:
    """[N, W, W]: the whole representation, axes row-major."""
    nodes = len(next(iter(chosen.values()))[1])
    whole = np.ones((nodes, 1, 1))
    for terms in tensor.axes:
        whole = _kron(whole, _axis_matrix(terms, chosen))
    return whole
