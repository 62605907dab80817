"""The description of a spec as records."""

from __future__ import annotations

from symc.ir.model import Model
from symc.irreps import Decomposition
from symc.proofs import Proof, Stabilizer, ValueSpace


class GroupDescription(Model):
    """A group: `order` is a number, a formula such as `n!`, or None where it is infinite.

    `dimension` is that of the Lie group, 0 where it is finite, None while its size is open.
    `stabilizer`: what of it fixes a generic input, None where nothing is claimed.
    """

    name: str
    constructor: str
    title: str
    order: int | str | None
    dimension: int | None
    stabilizer: Stabilizer | None


class SizeDescription(Model):
    """A size: `kind` free, fixed or ragged; `told_by` the axis that tells it, `pos, axis 0`."""

    name: str
    kind: str
    value: int | None
    bound: int | None
    told_by: str | None


class TensorDescription(Model):
    """A tensor as a spec writes it; `shape` without the batch axis.

    `names`: the group whose items its whole numbers name.

    `irreducibles`: its representation as a sum of irreducible ones, None where there is no rule.
    `values`: the space that the values of equivariant maps fill at a generic input, for outputs.
    """

    name: str
    kind: str
    written: str
    shape: tuple[str, ...]
    labels: int | None
    names: str | None
    irreducibles: Decomposition | None
    values: ValueSpace | None


class StageDescription(Model):
    """A stage, its options filled in; `elements`: how many it enumerates, None: it samples.

    `eval_elements`: the same in eval mode, where learned distributions over small groups take all
    elements with their weights.
    """

    group: str
    method: str
    explicit: bool
    options: dict[str, int | float | str]
    net: str | None
    elements: int | str | None
    eval_elements: int | str | None


class Cost(Model):
    """Base evaluations an example and call: `samples` x `enumerated`; `total` None while open.

    `sampled`: whether any stage draws samples, so that K is more than what is enumerated. Then a
    mean of K samples has a root mean square error of at most `error` (`eval_error` in eval mode)
    times the largest norm of the base's values: 1 / sqrt(K), whatever the enumerated part.
    What begins with `eval_` is the same in eval mode, where more stages may enumerate.
    `points`: whether an output holds points, whose norm is taken about the mean of the anchor.
    """

    samples: int
    eval_samples: int
    sampled: bool
    eval_sampled: bool
    enumerated: int | str
    eval_enumerated: int | str
    total: int | None
    eval_total: int | None
    error: float | None
    eval_error: float | None
    points: bool


class Description(Model):
    """Everything `symc describe` shows."""

    name: str
    doc: str
    groups: tuple[GroupDescription, ...]
    sizes: tuple[SizeDescription, ...]
    tensors: tuple[TensorDescription, ...]
    stages: tuple[StageDescription, ...]
    cost: Cost
    proofs: tuple[Proof, ...]
