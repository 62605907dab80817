"""The conformance matrix: a part of it, and what every family of the catalogue must fulfil."""

from __future__ import annotations

from dataclasses import replace
from math import prod

import pytest
import torch
from conformance.cases import Cell, errors, fitting_nets, vector_of
from conformance.matrix import cells
from conformance.measure import measure
from every_representation import affine, axes_of
from torch import nn

import symc
from symc_runtime.catalogue import compiled_groups, groups, methods
from symc_runtime.distributions.distribution import Distribution
from symc_runtime.elements.finite import Finite
from symc_runtime.elements.orthogonal import Orthogonal, determinant
from symc_runtime.elements.permutation import Permutation, sign
from symc_runtime.elements.signs import Signs
from symc_runtime.elements.wreath import Wreath, from_joint, joint_order
from symc_runtime.groups.family import Parameter
from symc_runtime.symmetrized import Symmetrized
from symc_runtime.testing import Motion, act, motion_of, random_motion
from symc_runtime.verification.inputs import make_inputs

EVERY = 251
"""One row of the matrix in so many; `make conformance` runs all."""
BATCH = 4
MANY = 24
DRAWS = 10_000
FAMILIES = [
    pytest.param(name, parameter, id=facts.called(parameter))
    for name, facts in compiled_groups().items()
    for parameter in facts.examples
]
ACTING = [name for name, method in methods().items() if method.acts]


@pytest.mark.parametrize("cell", [pytest.param(c, id=c.name) for c in cells(every=EVERY)])
def test_cells(cell: Cell) -> None:
    result = measure(cell, rows=2)
    assert not result.wrong, (result.wrong, result.ratio, cell.text)
    assert not result.faults, (result.faults, cell.text)
    # A sample may lie on an edge; a kind of input that always does is no test.
    assert result.unclear <= 0.02 * result.samples, (result.excluded, cell.text)


class Constant(nn.Module):
    """Returns the same random numbers for every row, whatever comes."""

    def __init__(self, shapes: list[tuple[int, ...]]) -> None:
        super().__init__()
        generator = torch.Generator().manual_seed(3)
        self.values = [torch.randn(s, generator=generator, dtype=torch.float64) for s in shapes]

    def forward(self, *inputs: torch.Tensor) -> tuple[torch.Tensor, ...]:
        rows = inputs[0].shape[0]
        return tuple(value.expand(rows, *value.shape) for value in self.values)


class Same(nn.Module):
    """Returns its inputs."""

    def forward(self, *inputs: torch.Tensor) -> tuple[torch.Tensor, ...]:
        return inputs


def _every_atom(family: str, parameter: Parameter, method: str) -> str | None:
    """A spec whose outputs are its inputs, a tensor for each representation; None if refused."""
    lines = [f"group G = {groups()[family].called(parameter)}"]
    for kind in ("input", "output"):
        lines += [
            f"{kind} {kind[0]}_{name}[3, {axis}]"
            for name, axis in axes_of(family, parameter).items()
        ]
    lines.append(f"symmetrize by {method}")
    text = "\n".join(lines)
    refused = errors(text)
    assert not (refused and groups()[family].tabled), text
    return None if refused else text


def _inputs(model: Symmetrized, batch: int = BATCH) -> tuple[torch.Tensor, ...]:
    return make_inputs("random", model.inputs, model.groups, {}, batch)


@pytest.mark.parametrize("method", ACTING)
@pytest.mark.parametrize(("family", "parameter"), FAMILIES)
def test_an_element_and_its_inverse_cancel(family: str, parameter: Parameter, method: str) -> None:
    text = _every_atom(family, parameter, method)
    if text is None:
        return
    model = symc.build(text, Same()).double()
    model.draw_so_many(3)
    inputs = _inputs(model)
    samples, _ = model(*inputs, return_samples=True)
    for x, y in zip(inputs, samples, strict=True):
        assert torch.allclose(y, x.expand_as(y), atol=1e-12)


@pytest.mark.parametrize("method", ACTING)
@pytest.mark.parametrize(("family", "parameter"), FAMILIES)
def test_outputs_move_as_the_definition_says(
    family: str, parameter: Parameter, method: str
) -> None:
    text = _every_atom(family, parameter, method)
    if text is None:
        return
    probe = symc.build(text, Same()).double()
    # So many that one element for all is no chance.
    inputs = _inputs(probe, MANY)
    base = Constant([tuple(x.shape[1:]) for x in inputs])
    model = symc.build(text, base).double()
    model.draw_so_many(3)
    noise = model.draw_noise(*inputs)
    outputs, elements = model.symmetrize(*inputs, *noise.values())
    rows = outputs[0].shape[0]
    size = prod(parameter) if isinstance(parameter, tuple) else parameter
    matrix, character = torch.eye(size).double().expand(rows, -1, -1), torch.ones(rows).double()
    for element in elements:
        if isinstance(element, Permutation):
            # Item j goes to the place order[j]: that entry of column j is one.
            place = element.order.unsqueeze(-1)
            matrix = (place == torch.arange(size)).double().transpose(1, 2)
            character = sign(element.order).double()
        elif isinstance(element, Wreath):
            place = joint_order(element).unsqueeze(-1)
            matrix = (place == torch.arange(size)).double().transpose(1, 2)
        elif isinstance(element, Orthogonal):
            matrix, character = element.matrix, determinant(element.matrix)
        elif isinstance(element, Signs):
            matrix, character = element.signs.diag_embed(), element.signs.prod(-1)
    shift = None
    for tensor, x in zip(model.inputs, inputs, strict=True):
        if affine(family, tensor.name.removeprefix("i_")):
            shift = x.mean(1).repeat(rows // MANY, 1)
    nested = parameter[0] if groups()[family].nests else 0
    motions = {"G": Motion(matrix, shift, character, nested=nested)}
    for element in elements:
        if isinstance(element, Finite):
            assert element.number.unique().numel() > 1 or parameter == 1 or method == "base"
            motions = {"G": motion_of(model.groups[0], parameter, element.number)}
    for tensor, value, y in zip(model.outputs, base.values, outputs, strict=True):
        expected = act(tensor, value.expand(rows, *value.shape), motions, {})
        assert torch.allclose(y, expected, atol=1e-12), tensor.name


def _stages(
    family: str, parameter: Parameter
) -> list[tuple[str, Symmetrized, tuple[torch.Tensor, ...]]]:
    """A model and an input for each method and net that the family may have."""
    facts = groups()[family]
    vector = "vector" if facts.tabled else vector_of(facts)
    points = [name for name, atom in facts.atoms.items() if atom.affine]
    head = f"group G = {facts.called(parameter)}\ninput x[3, _: G.{vector}]\n"
    head += f"input o[2, _: G.{points[0]}]\n" if points else ""
    found: list[tuple[str, Symmetrized, tuple[torch.Tensor, ...]]] = []
    for name in ACTING:
        nets = fitting_nets(family) if methods()[name].learned else ("",)
        for net in nets or ("",):
            written = f"{name}(net={net})" if net else name
            text = f"{head}output y\nsymmetrize by {written}"
            if not errors(text):
                model = symc.build(text, Same()).double()
                found.append((written, model, _inputs(model)))
    return found


@pytest.mark.parametrize(("family", "parameter"), FAMILIES)
def test_average_is_haar(family: str, parameter: Parameter) -> None:
    for method, model, inputs in _stages(family, parameter):
        if method != "average":
            continue
        for draw in model.draws:
            stage = model.get_submodule(draw.attribute)
            assert isinstance(stage, Distribution)
            generator = torch.Generator().manual_seed(1)
            noise = stage.draw(DRAWS, 1, {}, torch.float64, torch.device("cpu"), generator).flatten(
                0, 1
            )
            element = stage(noise, *(x[:1] for x in inputs))
            # Five standard errors of a mean of numbers up to 1.
            margin = 5 / DRAWS**0.5
            if isinstance(element, Finite):
                order = groups()[family].rest_order(parameter) or 0
                shares = element.number.bincount(minlength=order) / DRAWS
                assert len(shares) == order
                assert (shares - 1 / order).abs().max() < margin
                continue
            if isinstance(element, Permutation):
                hot = element.order.unsqueeze(-1) == torch.arange(parameter)
                assert (hot.double().mean(0) - 1 / parameter).abs().max() < margin
                if parameter > 1:
                    assert sign(element.order).double().mean().abs() < margin
                continue
            if isinstance(element, Wreath):
                m, n = parameter
                hot = joint_order(element).unsqueeze(-1) == torch.arange(m * n)
                assert (hot.double().mean(0) - 1 / (m * n)).abs().max() < margin
                if m == 1:
                    continue
                # Items of a block stay together, in any order.
                pairs = (hot[:, 0].double().unsqueeze(2) * hot[:, 1].double().unsqueeze(1)).mean(0)
                same = torch.arange(m * n) // m
                inside = (same.unsqueeze(1) == same) & ~torch.eye(m * n, dtype=torch.bool)
                assert (pairs[inside] - 1 / (n * m * (m - 1))).abs().max() < margin
                assert pairs[~inside].abs().max() == 0
                continue
            if isinstance(element, Signs):
                second = element.signs.T @ element.signs / DRAWS
                assert element.signs.mean(0).abs().max() < margin
                assert (second - torch.eye(parameter)).abs().max() < margin
                continue
            d, matrix = parameter, element.matrix
            if d > 1 or not groups()[family].special:
                assert matrix.mean(0).abs().max() < margin
            if d > 1:
                assert (matrix.square().mean(0) - 1 / d).abs().max() < margin
                fourth = matrix.pow(4).mean(0) - 3 / (d * (d + 2))
                assert fourth.abs().max() < margin
                assert (matrix[:, 0, 0] * matrix[:, 1, 1]).mean().abs() < margin or d == 2
            if not groups()[family].special:
                assert determinant(matrix).mean().abs() < margin


@pytest.mark.parametrize(("family", "parameter"), FAMILIES)
def test_the_law_of_the_noise_is_invariant(family: str, parameter: Parameter) -> None:
    """Two samples, eps and h eps, for a fixed h: the same law (Kolmogorov and Smirnov, 0.001%)."""
    limit = 2.47 * (2 / DRAWS) ** 0.5
    for method, model, _ in _stages(family, parameter):
        for draw in model.draws:
            stage = model.get_submodule(draw.attribute)
            assert isinstance(stage, Distribution)
            generator = torch.Generator().manual_seed(hash(parameter) % 1000)
            cpu = torch.device("cpu")
            noise, other = (
                stage.draw(DRAWS, 1, {}, torch.float64, cpu, generator).flatten(0, 1)
                for _ in range(2)
            )
            motion = random_motion(stage.own, parameter, 1, generator=generator)
            matrix = motion.matrix.expand(DRAWS, -1, -1)
            element: Permutation | Orthogonal | Finite | Signs | Wreath = Orthogonal(matrix)
            if motion.nested and motion.index is not None:
                element = from_joint(motion.index.expand(DRAWS, -1), motion.nested)
            elif motion.number is not None:
                element = Finite(motion.number.expand(DRAWS), {})
            elif motion.index is not None:
                element = Permutation(motion.index.expand(DRAWS, -1))
            elif stage.own.flips:
                element = Signs(matrix.diagonal(dim1=1, dim2=2))
            moved = stage.act_on_noise(element, other)
            flat, turned = noise.flatten(1), moved.flatten(1)
            for i in range(flat.shape[1]):
                distance = _distance(flat[:, i], turned[:, i])
                assert distance < limit, (method, i, distance)
            # What single numbers do not show: how they hang together, to eight standard errors.
            products, others = (z.unsqueeze(2) * z.unsqueeze(1) for z in (flat, turned))
            error = ((products.var(0) + others.var(0)) / DRAWS).sqrt()
            difference = (products.mean(0) - others.mean(0)).abs()
            assert (difference <= 8 * error).all(), method


def _distance(a: torch.Tensor, b: torch.Tensor) -> float:
    """Largest difference of two empirical distribution functions; values of both may agree."""
    points = torch.cat([a, b]).unique()
    below = [torch.searchsorted(x.sort().values, points, right=True) / len(x) for x in (a, b)]
    return float((below[0] - below[1]).abs().max())


def test_a_cell_that_is_broken_is_found() -> None:
    cell = Cell("broken", "input x[4, 3: O(3)]\noutput y[3: O(3)]\nsymmetrize by average", {})
    assert not measure(cell).wrong
    trusted = replace(cell, text=cell.text.replace("average", "base"))
    assert measure(trusted).wrong
