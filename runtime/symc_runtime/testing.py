"""Is a module equivariant? Coupled noise makes that an exact question, not a statistical one.

For h acting on the inputs and on the noise, f(h x; h noise) = h f(x; noise), sample by sample.
The actions here are written from the representations alone, apart from the code that compiled
modules run, so that one checks the other.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations, combinations_with_replacement, permutations
from math import factorial, prod
from typing import Any

import torch

from symc_runtime.actions.axes import keep_valid
from symc_runtime.elements.finite import Finite as Elements
from symc_runtime.elements.orthogonal import Orthogonal, determinant
from symc_runtime.elements.permutation import Permutation, sign
from symc_runtime.elements.signs import Signs
from symc_runtime.elements.wreath import Wreath, from_joint
from symc_runtime.groups.finite import Finite, Image, Items, Rows
from symc_runtime.spec.draws import Draw
from symc_runtime.spec.layout import (
    Alt,
    Group,
    Joint,
    Natural,
    Product,
    Representation,
    Sign,
    Sum,
    Sym,
    Table,
    Tensor,
    Trivial,
    dimension,
    shape_of,
    slots,
)
from symc_runtime.spec.polynomials import evaluate
from symc_runtime.symmetrized import Symmetrized


@dataclass(frozen=True)
class Motion:
    """One element a batch row of one group: `matrix` [batch, m, m] and, on points, `shift`, on the
    CPU whatever it acts on.

    Permutations are held as matrices here, on purpose unlike the runtime; `index` is g^-1 as an
    index [batch, n] for permutations, `character` [batch] the sign or determinant. `number`
    [batch]: the element of a group that acts by tables, whose representations have a matrix each,
    `matrix_of`; `matrix` is the number then, as [batch, 1, 1]. `nested`: of S(m) wr S(n) the m;
    `matrix` and `index` are of all n * m items.
    """

    matrix: torch.Tensor
    shift: torch.Tensor | None
    character: torch.Tensor
    index: torch.Tensor | None = None
    number: torch.Tensor | None = None
    facts: Finite | None = None
    parameter: int = 0
    nested: int = 0

    def rows(self, chosen: torch.Tensor) -> Motion:
        """The elements of these rows of the batch."""
        shift = None if self.shift is None else self.shift[chosen]
        index = None if self.index is None else self.index[chosen]
        number = None if self.number is None else self.number[chosen]
        return replace(
            self,
            matrix=self.matrix[chosen],
            shift=shift,
            character=self.character[chosen],
            index=index,
            number=number,
        )

    def matrix_of(self, atom: str, arguments: tuple[int, ...]) -> torch.Tensor:
        """The matrices [batch, m, m] of a representation, float64, from the group's facts."""
        if self.nested:
            return self.matrix if atom == "natural" else self._of_blocks()
        if self.facts is None or self.number is None:
            raise TypeError("an element that is no number has one matrix")
        every = [
            _dense(self.facts.image(atom, arguments, self.parameter, number))
            for number in self.number.tolist()
        ]
        return torch.stack(every)

    def _of_blocks(self) -> torch.Tensor:
        """What moves blocks of items [batch, n, n]: some item of one comes to another."""
        m = self.nested
        blocks: torch.Tensor = self.matrix.unflatten(2, (-1, m)).unflatten(1, (-1, m))
        return blocks.amax((2, 4))

    def moved(
        self, x: torch.Tensor, atom: str, arguments: tuple[int, ...], dim: int
    ) -> torch.Tensor:
        """g x along dim by the same facts, each entry put to its place: for images, whose matrices
        have their pixels squared."""
        if self.nested:
            matrix = self.matrix_of(atom, arguments).to(x)
            rows: torch.Tensor = torch.einsum("bij,bj...->bi...", matrix, x.movedim(dim, 1))
            return rows.movedim(1, dim)
        if self.facts is None or self.number is None:
            raise TypeError("an element that is no number has one matrix")
        distinct, which = self.number.cpu().unique(return_inverse=True)
        places, signs = [], []
        for number in distinct.tolist():
            image = self.facts.image(atom, arguments, self.parameter, number)
            if not isinstance(image, Items):
                raise TypeError(f"`{atom}` of {number} puts no entries to places")
            places.append(image.index)
            signs.append(image.signs)
        shape = [-1, *[1] * (x.ndim - 1)]
        shape[dim] = x.shape[dim]
        place = torch.tensor(places)[which].reshape(shape).to(x.device)
        signed = x * torch.tensor(signs)[which].reshape(shape).to(x)
        return torch.zeros_like(signed).scatter(dim, place.expand_as(signed), signed)


def permutation(index: torch.Tensor, dtype: torch.dtype = torch.float64) -> Motion:
    """Permutations by their indices [batch, n], as `Motion` has them."""
    # g^-1 x = x[index]: row a of the matrix of g^-1 has its one at index[a].
    inverse = (index.unsqueeze(-1) == torch.arange(index.shape[-1])).to(dtype)
    return Motion(inverse.transpose(1, 2), None, sign(index).to(dtype), index)


def random_motion(
    group: Group,
    size: Any,
    batch: int,
    *,
    counts: torch.Tensor | None = None,
    dtype: torch.dtype = torch.float64,
    generator: torch.Generator | None = None,
) -> Motion:
    """Haar-random elements of the group, one a batch row; translations are standard normal.

    `size`: n of S(n), k of Z2(k), m and n of S(m) wr S(n), d of the others. `counts`
    [batch]: permutations move the first counts[b] items only.
    """
    if group.tabled and isinstance(group.facts, Finite):
        order = len(group.facts.every(size))
        number = torch.randint(order, (batch,), generator=generator)
        return _finite_motion(group.facts, size, number, dtype)
    if group.nests:
        m, n = size
        inside = torch.rand(batch, n, m, dtype=torch.float64, generator=generator).argsort(-1)
        outside = torch.rand(batch, n, dtype=torch.float64, generator=generator).argsort(-1)
        # (g x)[pi(i), sigma_i(j)] = x[i, j].
        order = (outside.unsqueeze(-1) * m + inside).flatten(1)
        return replace(permutation(order, dtype), nested=m)
    if group.permutes:
        keys = torch.rand(batch, size, dtype=torch.float64, generator=generator)
        position = torch.arange(size)
        if counts is not None:
            keys = torch.where(position < counts.unsqueeze(-1), keys, 2.0 + position)
        return permutation(keys.argsort(dim=-1), dtype)
    if group.flips:
        return flips(2.0 * torch.randint(2, (batch, size), generator=generator).to(dtype) - 1)
    shift = None
    if group.shifts:
        shift = torch.randn(batch, size, dtype=dtype, generator=generator)
    if not group.turns:
        identity = torch.eye(size, dtype=dtype).expand(batch, size, size)
        return Motion(identity, shift, torch.ones(batch, dtype=dtype))
    gaussian = torch.randn(batch, size, size, dtype=dtype, generator=generator)
    q, r = torch.linalg.qr(gaussian)
    q = q * r.diagonal(dim1=-2, dim2=-1).sign().unsqueeze(-2)
    if group.special:
        q = torch.cat([q[..., :-1], q[..., -1:] * determinant(q)[:, None, None]], -1)
    return Motion(q, shift, determinant(q))


def flips(signs: torch.Tensor) -> Motion:
    """The sign flips [batch, k] of entries 1 and -1, as matrices."""
    return Motion(signs.diag_embed(), None, signs.prod(-1))


def motion_of(group: Group, parameter: int, number: torch.Tensor) -> Motion:
    """The elements of these numbers [batch] of a group that acts by tables."""
    if not isinstance(group.facts, Finite):
        raise TypeError(f"{group} does not act by tables")
    return _finite_motion(group.facts, parameter, number, torch.float64)


def _finite_motion(
    facts: Finite, parameter: int, number: torch.Tensor, dtype: torch.dtype
) -> Motion:
    as_matrix = number.to(dtype).reshape(-1, 1, 1)
    ones = torch.ones(number.shape[0], dtype=dtype)
    return Motion(as_matrix, None, ones, None, number, facts, parameter)


def _dense(image: Image) -> torch.Tensor:
    """A matrix [m, m] in float64."""
    if isinstance(image, Rows):
        return torch.tensor(image.rows, dtype=torch.float64)
    size = len(image.index)
    matrix = torch.zeros(size, size, dtype=torch.float64)
    for j, (i, sign_) in enumerate(zip(image.index, image.signs, strict=True)):
        matrix[i, j] = sign_
    return matrix


def _axis_matrix(
    axis: Representation,
    motions: Mapping[str, Motion],
    sizes: Mapping[str, int],
    like: torch.Tensor,
) -> torch.Tensor:
    """The matrix [batch, m, m] of an axis, built from the definition of the representation."""
    batch = like.shape[0]
    match axis:
        case Natural(group) if group in motions:
            return motions[group].matrix.to(like)
        case Sign(group) if group in motions:
            return motions[group].character.to(like).reshape(-1, 1, 1)
        case Table(group, atom, _, arguments) if group in motions:
            values = tuple(evaluate(argument, sizes) for argument in arguments)
            return motions[group].matrix_of(atom, values).to(like)
        case Product(factors):
            matrix = torch.ones(batch, 1, 1, dtype=like.dtype, device=like.device)
            for factor in factors:
                right = _axis_matrix(factor, motions, sizes, like)
                rows, columns = matrix.shape[1], right.shape[1]
                matrix = torch.einsum("bij,bkl->bikjl", matrix, right)
                matrix = matrix.reshape(batch, rows * columns, rows * columns)
            return matrix
        case Sum(terms):
            parts = [_axis_matrix(term, motions, sizes, like) for term in terms]
            total = sum(part.shape[1] for part in parts)
            matrix = torch.zeros(batch, total, total, dtype=like.dtype, device=like.device)
            start = 0
            for part in parts:
                stop = start + part.shape[1]
                matrix[:, start:stop, start:stop] = part
                start = stop
            return matrix
        case Sym(carried, power, dual):
            return _power_matrix(_axis_matrix(carried, motions, sizes, like), power, False, dual)
        case Alt(carried, power):
            return _power_matrix(_axis_matrix(carried, motions, sizes, like), power, True, False)
        case Trivial() | Natural() | Sign() | Table() | Joint():
            size = dimension(axis, sizes)
            return torch.eye(size, dtype=like.dtype, device=like.device).expand(batch, size, size)


def _power_matrix(matrix: torch.Tensor, power: int, alternating: bool, dual: bool) -> torch.Tensor:
    """What a matrix [batch, m, m] does to components of tensors with indices that rise.

    Entry (I, J) sums over the orders of J what the full power holds there.
    """
    choose = combinations if alternating else combinations_with_replacement
    chosen = list(choose(range(matrix.shape[1]), power))
    indices = torch.tensor(chosen, device=matrix.device).T
    rows = indices.unsqueeze(2)
    total = matrix.new_zeros(matrix.shape[0], len(chosen), len(chosen))
    for order in permutations(range(power)):
        term = torch.ones_like(total)
        for place, to in enumerate(order):
            term = term * matrix[:, rows[place], indices[to].unsqueeze(0)]
        odd = sum(a > b for i, b in enumerate(order) for a in order[:i]) % 2
        total = total - term if alternating and odd else total + term
    if alternating:
        return total
    # Equal indices were counted in every order.
    repeats = [prod(factorial(entries.count(i)) for i in {*entries}) for entries in chosen]
    equal = matrix.new_tensor(repeats)
    total = total / equal
    # A component of the dual is a sum over so many places.
    return total * equal / equal.unsqueeze(1) if dual else total


def _axis_shift(
    axis: Representation,
    motions: Mapping[str, Motion],
    sizes: Mapping[str, int],
    like: torch.Tensor,
) -> torch.Tensor:
    """What the translation adds to an axis [batch, m]; permutations inside leave it as it is."""
    batch = like.shape[0]
    match axis:
        case Natural(group, _, True) if group in motions:
            shift = motions[group].shift
            if shift is not None:
                return shift.to(like)
        case Sum(terms):
            return torch.cat([_axis_shift(term, motions, sizes, like) for term in terms], -1)
        case Product(factors):
            total = torch.ones(batch, 1, dtype=like.dtype, device=like.device)
            if not any(_affine(factor) for factor in factors):
                total = total * 0
            for factor in factors:
                size = dimension(factor, sizes)
                part = (
                    _axis_shift(factor, motions, sizes, like)
                    if _affine(factor)
                    else torch.ones(batch, size, dtype=like.dtype, device=like.device)
                )
                total = torch.einsum("bi,bj->bij", total, part).flatten(1)
            return total
        case _:
            pass
    return torch.zeros(batch, dimension(axis, sizes), dtype=like.dtype, device=like.device)


def _affine(axis: Representation) -> bool:
    match axis:
        case Natural(_, _, affine):
            return affine
        case Product(parts) | Sum(parts):
            return any(_affine(part) for part in parts)
        case _:
            return False


def act(
    tensor: Tensor, x: torch.Tensor, motions: Mapping[str, Motion], sizes: Mapping[str, int]
) -> torch.Tensor:
    """rho(g) x (a left action) for x [batch, *axes], by matrices [batch, m, m] of each axis.

    Entries of images are put to their places, one by one.

    Args:
        tensor: its declaration, one of `model.inputs` or `model.outputs`.
        x: floating point of any precision, complex, or integer labels, which come back as such.
        motions: an element a batch row of every group, by name.
        sizes: values of the sizes that the tensor names.
    """
    labels = not (x.is_floating_point() or x.is_complex())
    moved = x.double() if labels else x
    for dim, count, axis in slots(tensor):
        if isinstance(axis, Joint):
            moved = _moved_image(axis, moved, motions, sizes, dim, count)
            continue
        matrix = _axis_matrix(axis, motions, sizes, moved)
        rows = torch.einsum("bij,bj...->bi...", matrix, moved.movedim(dim, 1))
        moved = rows.movedim(1, dim)
    for dim, _, axis in slots(tensor):
        if _affine(axis):
            shift = _axis_shift(axis, motions, sizes, moved)
            shape = [1] * moved.ndim
            shape[0], shape[dim] = shift.shape
            moved = moved + shift.reshape(shape)
    if tensor.names is not None:
        moved = _renamed(_axis_matrix(tensor.names, motions, sizes, moved.double()), moved)
    # As a data loader would give it: modules take views of their inputs.
    return (moved.round().to(x.dtype) if labels else moved).contiguous()


def _renamed(matrix: torch.Tensor, names: torch.Tensor) -> torch.Tensor:
    """Names by where the matrix [batch, n, n] of a permutation takes its columns.

    What names nothing, as padding may, becomes some name.
    """
    if not matrix.shape[-1]:
        return names
    column = names.long().clamp(0, matrix.shape[-1] - 1).flatten(1)
    places = matrix.argmax(1).gather(1, column)
    return places.reshape(names.shape).to(names)


def _moved_image(
    axis: Joint,
    x: torch.Tensor,
    motions: Mapping[str, Motion],
    sizes: Mapping[str, int],
    dim: int,
    count: int,
) -> torch.Tensor:
    carried = axis.carried
    if not isinstance(carried, Table):
        raise TypeError(f"axes together carry {carried}")
    if carried.group not in motions:
        return x
    arguments = tuple(evaluate(argument, sizes) for argument in carried.arguments)
    lengths = x.shape[dim : dim + count]
    flat = x.flatten(dim, dim + count - 1)
    moved: torch.Tensor = motions[carried.group].moved(flat, carried.atom, arguments, dim)
    image: torch.Tensor = moved.unflatten(dim, lengths)
    return image


def act_on_noise(
    model: Symmetrized,
    noise: Mapping[str, torch.Tensor],
    motions: Mapping[str, Motion],
) -> dict[str, torch.Tensor]:
    """h . noise: each stage's noise [K, batch, ...] moves under its own group's linear part.

    `noise`: what `model.draw_noise` gave; `motions`: an element a batch row, the same for every K.
    """
    moved = {}
    for entry in model.draws:
        value, motion = noise[entry.key], motions[entry.key]
        moved[entry.key] = _moved_noise(model, entry, value, motion)
    return moved


def _moved_noise(
    model: Symmetrized, entry: Draw, value: torch.Tensor, motion: Motion
) -> torch.Tensor:
    from symc_runtime.distributions.distribution import Distribution

    stage = model.get_submodule(entry.attribute)
    if not isinstance(stage, Distribution):
        raise TypeError(f"{entry.attribute} is no Distribution")
    samples = value.shape[0]
    rows = value.flatten(0, 1)
    element: Permutation | Orthogonal | Elements | Signs | Wreath
    if motion.number is not None:
        # Products are looked up by number, on the CPU.
        element = Elements(motion.number.repeat(samples), {})
    elif motion.nested and motion.index is not None:
        order = motion.index.to(value.device).repeat(samples, 1)
        element = from_joint(order, motion.nested)
    elif motion.index is not None:
        element = Permutation(motion.index.to(value.device).repeat(samples, 1))
    elif stage.own.flips:
        signs = motion.matrix.diagonal(dim1=-2, dim2=-1)
        element = Signs(signs.to(value).repeat(samples, 1))
    else:
        element = Orthogonal(motion.matrix.to(value).repeat(samples, 1, 1))
    moved: torch.Tensor = stage.act_on_noise(element, rows)
    return moved.reshape(value.shape)


def valid_part(tensor: Tensor, x: torch.Tensor, counts: Mapping[str, torch.Tensor]) -> torch.Tensor:
    """x [batch, *axes] with its padding set to zero; `counts`: valid items [batch], by size."""
    for dim, size in enumerate(shape_of(tensor), start=1):
        if isinstance(size, str) and size in counts:
            x = keep_valid(x, counts[size], dim)
    return x


def random_motions(
    model: Symmetrized,
    inputs: Sequence[torch.Tensor],
    counts: Mapping[str, torch.Tensor],
    groups: Sequence[str] | None = None,
    generator: torch.Generator | None = None,
) -> tuple[dict[str, Motion], dict[str, int]]:
    """A random element of every group of a model, by name, and the sizes of these inputs.

    inputs [batch, *axes]; `counts`: valid items [batch] of each ragged size, by name. Translations
    are as long as the points. Those of groups that are not among `groups` are the identity;
    default: all groups but those handled `by base`. Raises ShapeError where an input does not fit,
    ValueError for a group that the model does not have.
    """
    every = {group.name for group in model.groups}
    chosen = every - set(model.trusted) if groups is None else set(groups)
    if chosen - every:
        named = ", ".join(f"`{name}`" for name in sorted(every)) or "none"
        raise ValueError(f"groups: the model has no `{min(chosen - every)}`; its groups: {named}")
    batch = inputs[0].shape[0]
    _, sizes, _ = model._checked(tuple(inputs), counts, {})
    motions: dict[str, Motion] = {}
    for group in model.groups:
        size = _parameter(group, sizes)
        ragged = counts.get(str(group.parameter))
        ragged = None if ragged is None else ragged.cpu()
        motion = random_motion(group, size, batch, counts=ragged, generator=generator)
        if group.name not in chosen:
            motion = _identity(motion)
        elif motion.shift is not None:
            motion = replace(motion, shift=motion.shift * _extent(model, group, inputs))
        motions[group.name] = motion
    return motions, sizes


def _extent(model: Symmetrized, group: Group, inputs: Sequence[torch.Tensor]) -> torch.Tensor:
    """How large the points of a group are, [batch, 1]: a far longer shift would drown them."""
    extent = torch.zeros(inputs[0].shape[0], dtype=torch.float64)
    for tensor, x in zip(model.inputs, inputs, strict=True):
        if x[0].numel() and any(_moved_by(axis, group.name) for axis in tensor.axes):
            extent = torch.maximum(extent, x.detach().cpu().double().abs().flatten(1).amax(1))
    return torch.where(extent > 0, extent, 1.0).unsqueeze(-1)


def _moved_by(axis: Representation, group: str) -> bool:
    match axis:
        case Natural(name, _, affine):
            return affine and name == group
        case Product(parts) | Sum(parts):
            return any(_moved_by(part, group) for part in parts)
        case _:
            return False


@torch.no_grad()
def equivariance_error(
    model: Symmetrized,
    *inputs: torch.Tensor,
    counts: Mapping[str, torch.Tensor] | None = None,
    groups: Sequence[str] | None = None,
    generator: torch.Generator | None = None,
) -> float:
    """Largest |f(h x; h noise) - h f(x; noise)| over the batch, relative to |f| + 1.

    h is a random element of the product of `groups` (by name; default: every group that the
    compiled module is responsible for, so not those handled `by base`), one a batch row.

    Args:
        model: a module that symc built (for any other, see `symc.verify`), in training or eval
            mode, with a deterministic base.
        inputs: [batch, *axes] in the order of the spec, in the model's precision.
        counts: valid items, integers [batch], of each ragged size, by name.
        groups: names of those that move the input.
        generator: of the noise and of h.

    Returns:
        The error; inf where an output is not finite.

    Raises:
        ShapeError: an input does not fit the spec. TypeError: a wrong dtype, or a module that symc
            did not build. ValueError: `groups` names one that the model does not have.
    """
    if not isinstance(model, Symmetrized):
        raise TypeError(
            f"{type(model).__name__} was not built by symc: measure it by "
            f"`symc.verify(model, spec=...)`"
        )
    counts = dict(counts or {})
    motions, sizes = random_motions(model, inputs, counts, groups, generator)
    noise = model.draw_noise(*inputs, generator=generator, sizes=counts)
    moved_inputs = tuple(
        act(tensor, valid_part(tensor, x, counts), motions, sizes)
        for tensor, x in zip(model.inputs, inputs, strict=True)
    )
    moved_noise = act_on_noise(model, noise, motions)
    plain = as_tuple(model(*inputs, noise=noise, sizes=counts))
    turned = as_tuple(model(*moved_inputs, noise=moved_noise, sizes=counts))
    worst = 0.0
    for tensor, y, z in zip(model.outputs, plain, turned, strict=True):
        expected = valid_part(tensor, act(tensor, y, motions, sizes), counts)
        error = (z - expected).abs().flatten(1).amax(1) if y.ndim > 1 else (z - expected).abs()
        scale = expected.abs().flatten(1).amax(1) if y.ndim > 1 else expected.abs()
        if not (torch.isfinite(y).all() and torch.isfinite(z).all()):
            return float("inf")
        worst = max(worst, float((error / (scale + 1)).max()))
    return worst


def assert_equivariant(
    model: Symmetrized,
    *inputs: torch.Tensor,
    counts: Mapping[str, torch.Tensor] | None = None,
    tolerance: float = 1e-9,
    trials: int = 3,
    generator: torch.Generator | None = None,
) -> None:
    """Raises AssertionError unless the model is equivariant on these inputs, coupled noise.

    Give float64 inputs and a float64 model (`model.double()`): `tolerance` bounds
    `equivariance_error`, which takes the same arguments, and single precision errs by more.
    `trials`: random elements and draws of noise, in turn, at least 1.
    """
    if trials < 1:
        raise ValueError(f"trials: at least 1, got {trials}: nothing would be measured")
    for _ in range(trials):
        error = equivariance_error(model, *inputs, counts=counts, generator=generator)
        if not error <= tolerance:
            raise AssertionError(
                f"not equivariant: relative error {error:.3g}, tolerance {tolerance:.3g}"
                f"{_of_precision(inputs)}"
            )


def _of_precision(inputs: Sequence[torch.Tensor]) -> str:
    """A hint where the error may be one of rounding."""
    coarse = {str(x.dtype) for x in inputs if x.is_floating_point() and x.dtype != torch.float64}
    if not coarse:
        return ""
    return (
        f"; the inputs are {', '.join(sorted(coarse))}, which rounds: give it model.double() and "
        f"inputs.double()"
    )


def _parameter(group: Group, sizes: Mapping[str, int]) -> Any:
    return evaluate(group.parameter, sizes)


def _identity(motion: Motion) -> Motion:
    if motion.number is not None and motion.facts is not None:
        still = torch.zeros_like(motion.number)
        return _finite_motion(motion.facts, motion.parameter, still, motion.matrix.dtype)
    eye = torch.eye(motion.matrix.shape[-1], dtype=motion.matrix.dtype).expand_as(motion.matrix)
    index = None
    if motion.index is not None:
        index = torch.arange(motion.index.shape[-1]).expand_as(motion.index)
    shift = None if motion.shift is None else torch.zeros_like(motion.shift)
    return Motion(eye, shift, torch.ones_like(motion.character), index, nested=motion.nested)


def as_tuple(value: Any) -> tuple[torch.Tensor, ...]:
    """What a model returned, one output or several in a tuple, as a tuple."""
    return value if isinstance(value, tuple) else (value,)
