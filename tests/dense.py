"""How groups act on tensors, written out as dense matrices: an oracle beside symc's own code.

An element is a dict from the name of a group to (matrix, translation or None).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import reduce
from itertools import permutations, product

import numpy as np
from numpy.typing import NDArray

from symc.ir.program import Program
from symc.ir.representations import Atom, Power, Product, Representation, Sum, Trivial
from symc.ir.sizes import Size

Array = NDArray[np.float64]
Element = Mapping[str, tuple[Array, Array | None]]


def affine(
    program: Program, names: list[str], element: Element, values: Mapping[str, int]
) -> Array:
    """The action on all tensors called `names`, side by side, linear part and translation."""
    sizes = {name: Size.constant(value) for name, value in values.items()}
    sizes |= {v.name: Size.constant(v.value) for v in program.sizes if v.value is not None}
    parts = []
    for tensor in (*program.inputs, *program.outputs):
        if tensor.name in names:
            axes = [_axis(a.representation, program, element, sizes) for a in tensor.axes]
            matrix, shift = reduce(_times, axes, (np.eye(1), np.zeros(1)))
            parts.append(np.concatenate([matrix.ravel(), shift]))
    return np.concatenate(parts)


def parameter(program: Program, group: str, values: Mapping[str, int]) -> int:
    sizes = {name: Size.constant(value) for name, value in values.items()}
    sizes |= {v.name: Size.constant(v.value) for v in program.sizes if v.value is not None}
    found = program.group(group).parameter.substitute(sizes).value
    assert found is not None
    return found


def _times(one: tuple[Array, Array], two: tuple[Array, Array]) -> tuple[Array, Array]:
    """The product; at most one of them moves points, the other only permutes or keeps."""
    (m, s), (n, t) = one, two
    return np.kron(m, n), np.kron(s, np.ones(len(t))) + np.kron(np.ones(len(s)), t)


def _axis(
    tree: Representation, program: Program, element: Element, sizes: Mapping[str, Size]
) -> tuple[Array, Array]:
    match tree:
        case Trivial(size=size):
            number = size.substitute(sizes).value
            assert number is not None
            return np.eye(number), np.zeros(number)
        case Sum(terms=terms):
            parts = [_axis(term, program, element, sizes) for term in terms]
            total = sum(len(shift) for _, shift in parts)
            matrix, at = np.zeros((total, total)), 0
            for part, _ in parts:
                matrix[at : at + len(part), at : at + len(part)] = part
                at += len(part)
            return matrix, np.concatenate([shift for _, shift in parts])
        case Product(factors=factors):
            return reduce(_times, [_axis(f, program, element, sizes) for f in factors])
        case Power(base=base, exponent=exponent):
            return reduce(_times, [_axis(base, program, element, sizes)] * exponent)
        case Atom(group=group, name=name, dimension=dimension):
            size = dimension.substitute(sizes).value
            assert size is not None
            if group not in element:
                return np.eye(size), np.zeros(size)
            matrix, shift = element[group]
            sign = float(np.sign(np.linalg.det(matrix)))
            translation = program.group(group).family == "T"
            match name:
                case "scalar":
                    return np.eye(1), np.zeros(1)
                case "sign" | "pseudoscalar":
                    return np.array([[sign]]), np.zeros(1)
                case "pseudovector":
                    return sign * matrix, np.zeros(size)
                case "point":
                    return (np.eye(size) if translation else matrix), (
                        np.zeros(size) if shift is None else shift
                    )
                case "vector" if translation:
                    return np.eye(size), np.zeros(size)
            return matrix, np.zeros(size)
    raise TypeError(tree)


def distance(
    program: Program,
    names: list[str],
    wanted: Array,
    values: Mapping[str, int],
    rng: np.random.Generator,
    starts: int = 3,
) -> float:
    """How near an element of the program comes to an action, by search over all components."""
    best = np.inf
    moving = any(group.family != "S" for group in program.groups)
    for component in _components(program, values):
        for _ in range(starts if moving else 1):
            best = min(best, _descend(program, names, wanted, values, component, rng))
            if best < 1e-7:
                return float(best)
    return float(best)


def components(program: Program) -> int:
    """How many components an exhaustive search would visit, all sizes fixed."""
    return sum(1 for _ in _components(program, {}))


def _components(program: Program, values: Mapping[str, int]) -> Iterator[dict[str, Array]]:
    """A permutation or a sign for each group."""
    choices = []
    for group in program.groups:
        size = parameter(program, group.name, values)
        eye = np.eye(size)
        if group.family == "S":
            choices.append([eye[list(p)] for p in permutations(range(size))])
        elif group.family in ("O", "E"):
            flip = eye.copy()
            flip[0, 0] = -1
            choices.append([eye, flip])
        else:
            choices.append([eye])
    for chosen in product(*choices):
        yield {g.name: matrix for g, matrix in zip(program.groups, chosen, strict=True)}


def _descend(
    program: Program,
    names: list[str],
    wanted: Array,
    values: Mapping[str, int],
    component: Mapping[str, Array],
    rng: np.random.Generator,
) -> float:
    """Levenberg and Marquardt from a random start within one component."""
    plan = []
    for group in program.groups:
        size = parameter(program, group.name, values)
        turns = size * (size - 1) // 2 if group.family in ("O", "SO", "E", "SE") else 0
        shifts = size if group.family in ("T", "E", "SE") else 0
        plan.append((group.name, size, turns, shifts))
    count = sum(turns + shifts for *_, turns, shifts in plan)

    def action(parameters: Array) -> Array:
        element, at = {}, 0
        for name, size, turns, shifts in plan:
            skew = np.zeros((size, size))
            skew[np.triu_indices(size, 1)] = parameters[at : at + turns] if turns else 0
            at += turns
            skew = skew - skew.T
            # The Cayley map reaches every rotation without a half turn.
            rotation = np.linalg.solve(np.eye(size) + skew, np.eye(size) - skew)
            shift = parameters[at : at + shifts] if shifts else None
            at += shifts
            element[name] = (component[name] @ rotation, shift)
        return affine(program, names, element, values) - wanted

    x = rng.normal(size=count)
    residual = action(x)
    damping = 1e-2
    for _ in range(40 if count else 0):
        jacobian = np.stack(
            [(action(x + 1e-6 * e) - residual) / 1e-6 for e in np.eye(count)], axis=1
        )
        normal = jacobian.T @ jacobian + damping * np.eye(count)
        step = np.linalg.solve(normal, jacobian.T @ residual)
        trial = action(x - step)
        if trial @ trial < residual @ residual:
            gain = residual @ residual - trial @ trial
            x, residual, damping = x - step, trial, damping / 5
            # Near a zero each step gains almost all; one that gains little is in another valley.
            if gain < 1e-14 or gain < 1e-4 * (residual @ residual):
                break
        else:
            damping *= 8
            if damping > 1e8:
                break
    return float(np.sqrt(residual @ residual))
