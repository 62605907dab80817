"""Gradients through permutations: what training feels in the place of the hard element."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch

from symc_runtime.actions.axes import fold, permute, unpermute
from symc_runtime.elements.permutation import Permutation
from symc_runtime.numerics.orthogonalization import tolerance
from symc_runtime.numerics.sinkhorn import SoftOrder, entropy, soft_matrix, soft_order
from symc_runtime.numerics.sorting import sorting_index

F64 = torch.float64
ROWS, N = 6, 7
RAGGED = torch.arange(N) < torch.tensor([7, 4, 1, 0, 6, 3]).unsqueeze(-1)


def scored(
    valid: torch.Tensor | None, temperature: float = 0.05
) -> tuple[torch.Tensor, torch.Tensor, SoftOrder]:
    """Random scores that want a gradient, the index that sorts them, and its soft twin."""
    generator = torch.Generator().manual_seed(0)
    scores = torch.randn(ROWS, N, dtype=F64, generator=generator).requires_grad_()
    key = torch.rand(ROWS, N, dtype=F64, generator=generator)
    index = sorting_index([scores], key, valid, tol=tolerance(scores.dtype))
    return scores, index, soft_order(scores, index, temperature, valid)


def test_soft_permutations_are_doubly_stochastic_and_near_hard_ones() -> None:
    _, _, soft = scored(None, 0.005)
    matrix = soft_matrix(soft, iterations=200)
    assert torch.allclose(matrix.sum(1), torch.ones(1, dtype=F64), atol=1e-3)
    assert torch.allclose(matrix.sum(2), torch.ones(1, dtype=F64), atol=1e-3)
    assert (matrix.argmax(-1) == torch.arange(N)).double().mean() > 0.95
    assert matrix.diagonal(dim1=1, dim2=2).mean() > 0.5


def test_padding_has_no_place() -> None:
    _, _, soft = scored(RAGGED)
    matrix = soft_matrix(soft)
    place = torch.arange(N) < RAGGED.sum(-1, keepdim=True)
    assert matrix[~place].eq(0).all()
    assert matrix.transpose(1, 2)[~place].eq(0).all()
    assert torch.allclose(matrix.sum(-1)[place], torch.ones(1, dtype=F64))
    assert torch.isfinite(entropy(soft)).all()


@pytest.mark.parametrize("valid", [None, RAGGED], ids=["full", "ragged"])
@pytest.mark.parametrize("temperature", [0.01, 0.3])
def test_the_path_has_the_gradient_of_the_soft_matrix(
    valid: torch.Tensor | None, temperature: float
) -> None:
    scores, _, soft = scored(valid, temperature)
    weight = torch.randn(ROWS, N, N, dtype=F64)
    (by_hand,) = torch.autograd.grad((soft.path * weight).sum(), scores, retain_graph=True)
    (by_torch,) = torch.autograd.grad((soft_matrix(soft) * weight).sum(), scores)
    assert by_torch.abs().max() > 1e-3
    assert torch.allclose(by_hand, by_torch, rtol=1e-10, atol=1e-12)


def test_equal_scores_have_one_gradient_by_hand_and_in_plain_operations() -> None:
    """The item that noise puts behind the other is taken to be behind it."""
    scores = torch.tensor([[0.3, -1.0, 0.3, 0.3, 2.0]], dtype=F64, requires_grad=True)
    key = torch.tensor([[0.2, 0.0, 0.9, 0.5, 0.0]], dtype=F64)
    index = sorting_index([scores], key, None, tol=tolerance(scores.dtype))
    soft = soft_order(scores, index, 0.1)
    weight = torch.randn(1, 5, 5, dtype=F64, generator=torch.Generator().manual_seed(0))
    (by_hand,) = torch.autograd.grad((soft.path * weight).sum(), scores, retain_graph=True)
    (by_torch,) = torch.autograd.grad((soft_matrix(soft) * weight).sum(), scores)
    assert (by_hand[0, 2] - by_hand[0, 0]).abs() > 1e-3
    assert torch.allclose(by_hand, by_torch, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("valid", [None, RAGGED], ids=["full", "ragged"])
@pytest.mark.parametrize("temperature", [0.01, 0.3])
def test_the_entropy_has_the_gradient_of_the_rows_of_the_soft_matrix(
    valid: torch.Tensor | None, temperature: float
) -> None:
    scores, _, soft = scored(valid, temperature)
    weight = torch.rand(ROWS, dtype=F64)
    (by_hand,) = torch.autograd.grad((entropy(soft) * weight).sum(), scores, retain_graph=True)
    matrix = soft_matrix(soft)
    rows = -torch.xlogy(matrix, matrix.clamp(min=1e-300)).sum(-1)
    assert torch.allclose(entropy(soft), rows.mean(-1), rtol=1e-12)
    (by_torch,) = torch.autograd.grad((rows.mean(-1) * weight).sum(), scores)
    assert by_torch.abs().max() > 1e-4
    assert torch.allclose(by_hand, by_torch, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("valid", [None, RAGGED], ids=["full", "ragged"])
def test_second_derivatives_are_those_of_the_soft_matrix(valid: torch.Tensor | None) -> None:
    """Of what the path gets and of the entropy: a first one held for constant has none."""
    scores, _, soft = scored(valid)
    weight = torch.randn(ROWS, N, N, dtype=F64, generator=torch.Generator().manual_seed(1))
    matrix = soft_matrix(soft)
    rows = -torch.xlogy(matrix, matrix.clamp(min=1e-300)).sum(-1)

    def curvature(value: torch.Tensor) -> torch.Tensor:
        (slope,) = torch.autograd.grad(value, scores, create_graph=True)
        return torch.autograd.grad((slope * weight[:, 0]).sum(), scores, retain_graph=True)[0]

    for by_hand, by_torch in (
        ((soft.path * weight).sum(), (matrix * weight).sum()),
        (entropy(soft).sum(), rows.mean(-1).sum()),
    ):
        expected = curvature(by_torch)
        assert expected.abs().max() > 1e-3
        assert torch.allclose(curvature(by_hand), expected, rtol=1e-8, atol=1e-10)


@pytest.mark.parametrize("valid", [None, RAGGED], ids=["full", "ragged"])
@pytest.mark.parametrize("dims", [(1,), (2,), (1, 2)])
@pytest.mark.parametrize("move", [unpermute, permute])
@pytest.mark.parametrize("samples", [1, 3])
def test_actions_have_the_gradient_of_the_soft_matrix_in_place_of_the_hard_one(
    valid: torch.Tensor | None,
    dims: tuple[int, ...],
    move: Callable[..., torch.Tensor],
    samples: int,
) -> None:
    scores, index, soft = scored(valid)
    x = torch.randn(ROWS // samples, N, N, dtype=F64, requires_grad=True)
    y = x
    for dim in dims:
        y = move(y, Permutation(index, soft), dim)
    weight = torch.randn(ROWS, N, N, dtype=F64)
    got = torch.autograd.grad((y * weight).sum(), (scores, x), retain_graph=True)

    hard = (index.unsqueeze(-1) == torch.arange(N)).to(F64)
    # Columns of the soft matrix are sorted places: place b holds item index[b].
    by_item = soft_matrix(soft) @ hard
    matrix = hard + by_item - by_item.detach()
    if move is permute:
        matrix = matrix.transpose(1, 2)
    expected = fold(x, samples)
    for dim in dims:
        fixed = matrix.detach()
        rows = expected.detach() if dim == 1 else expected.detach().transpose(1, 2)
        through = expected if dim == 1 else expected.transpose(1, 2)
        # Straight through: the matrix meets what x is, x meets the hard matrix.
        moved = fixed @ through + (matrix - fixed) @ rows
        expected = moved if dim == 1 else moved.transpose(1, 2)
    assert torch.allclose(y, expected, atol=1e-12)
    wanted = torch.autograd.grad((expected * weight).sum(), (scores, x))
    for a, b in zip(got, wanted, strict=True):
        assert b.abs().max() > 1e-3
        assert torch.allclose(a, b, rtol=1e-9, atol=1e-11)


@pytest.mark.parametrize("padded", [False, True])
@pytest.mark.parametrize("n", [2, 3, 5, 40])
def test_any_number_of_items_feels_its_scores(n: int, padded: bool) -> None:
    """Standardised, the scores of two items would be 1 and -1 whatever they are."""
    generator = torch.Generator().manual_seed(0)
    scores = torch.randn(64, n + padded, dtype=F64, generator=generator).requires_grad_()
    valid = (torch.arange(n + padded) < n).expand(64, -1) if padded else None
    key = torch.rand(64, n + padded, dtype=F64, generator=generator)
    index = sorting_index([scores], key, valid, tol=tolerance(F64))
    soft = soft_order(scores, index, 0.1, valid)
    weight = torch.randn(64, n + padded, n + padded, dtype=F64, generator=generator)
    for value in ((soft.path * weight).sum(), entropy(soft).sum()):
        (felt,) = torch.autograd.grad(value, scores, retain_graph=True)
        largest = felt.abs().amax(1)
        assert (largest > 1e-3).double().mean() > 0.9
        # A common shift of all scores changes no order.
        assert (felt.sum(1).abs() <= 1e-9 * (1 + largest)).all()


def test_equal_scores_have_finite_gradients() -> None:
    scores = torch.zeros(2, 5, requires_grad=True)
    index = torch.arange(5).expand(2, -1)
    soft = soft_order(scores, index, 0.1)
    y = unpermute(torch.randn(2, 5, 3), Permutation(index, soft), 1)
    (y.square().sum() + entropy(soft).sum()).backward()
    assert scores.grad is not None
    assert torch.isfinite(scores.grad).all()


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_equal_scores_have_small_gradients(dtype: torch.dtype) -> None:
    """Over the rounding of their mean, training would be over at the first set of equal items."""
    for n in range(2, 12):
        scores = (torch.arange(1, 50, dtype=dtype) / 7).unsqueeze(-1).repeat(1, n).requires_grad_()
        valid = torch.arange(n) < torch.arange(49).unsqueeze(-1) % n + 1
        weight = torch.randn(49, n, n, dtype=dtype, generator=torch.Generator().manual_seed(0))
        for known in (None, valid):
            soft = soft_order(scores, torch.arange(n).expand(49, -1), 0.1, known)
            value = (soft.path * weight).sum() + entropy(soft).sum()
            (slope,) = torch.autograd.grad(value, scores)
            assert slope.abs().max() < 100


def test_no_second_matrix_is_made_in_the_forward() -> None:
    _, _, soft = scored(None)
    assert soft.path.untyped_storage().nbytes() == soft.path.element_size()
