"""What distributions measure differences by: no pose, no padding, no cancellation changes it."""

from __future__ import annotations

import math

import pytest
import torch

from symc_runtime.actions.axes import center, centered_points, keep_valid
from symc_runtime.distributions.orthogonal_net import LearnedOrthogonal
from symc_runtime.distributions.permutation_net import LearnedPermutation
from symc_runtime.distributions.principal_frame import PrincipalFrame
from symc_runtime.distributions.sorting_frame import SortingFrame
from symc_runtime.elements.orthogonal import Orthogonal
from symc_runtime.modules.mixing import IndexedMixing
from symc_runtime.numerics.orthogonalization import tolerance
from symc_runtime.spec import layout
from symc_runtime.spec.layout import Natural, Product, Sign, Tensor, Trivial

CPU = torch.device("cpu")
F64 = torch.float64
ITEMS, SPACE = layout.Group("P", "S", "n"), layout.Group("M", "O", 2)
VECTORS = (Tensor("vectors", (Natural("P", "n"), Natural("M", 2))),)


def rotation(angle: float) -> torch.Tensor:
    """A rotation of the plane, [2, 2]."""
    c, s = math.cos(angle), math.sin(angle)
    return torch.tensor([[c, -s], [s, c]], dtype=F64)


@pytest.mark.parametrize("share", [0.75, 1.5])
def test_ties_of_a_sorting_frame_do_not_depend_on_the_pose(share: float) -> None:
    """Two squared lengths apart by about the tolerance: a tie in every pose, or in none."""
    frame = SortingFrame(VECTORS, (ITEMS, SPACE), "P", later=("M",))
    gap = share * tolerance(F64) * 9
    x = torch.tensor([[[3.0, 0], [1, 0], [0, math.sqrt(1 + gap)]]], dtype=F64)
    keys = torch.tensor([[[0.5], [0.9], [0.1]]], dtype=F64)
    orders = {tuple(frame(keys, x @ rotation(0.1 * k).T).order[0].tolist()) for k in range(16)}
    # The keys say the opposite of what the lengths say.
    assert orders == {(2, 1, 0) if share < 1 else (1, 2, 0)}


def test_the_resolution_of_inputs_decides_ties() -> None:
    """Double precision takes for a tie what single precision could not tell apart."""
    frame = SortingFrame(VECTORS, (ITEMS, SPACE), "P", later=("M",))
    x = torch.tensor([[[3.0, 0], [1, 0], [0, 1 + 1e-5]]], dtype=F64)
    keys = torch.tensor([[[0.5], [0.9], [0.1]]], dtype=F64)
    assert frame(keys, x).order.tolist() == [[1, 2, 0]]
    frame.resolution = torch.float32
    assert frame(keys, x).order.tolist() == [[2, 1, 0]]


def test_equal_points_with_padding_have_no_size() -> None:
    """What lies in the padding after centring is the centre: it is no size of anything."""
    torch.manual_seed(0)
    space = layout.Group("M", "E", 2)
    points = (Tensor("points", (Natural("P", "n"), Natural("M", 2, affine=True))),)
    group = layout.Group("P", "S", "n")
    stage = LearnedPermutation(points, (group, space), "P", later=("M",), anchors={"M": 0}).double()
    counts = {"n": torch.tensor([3])}
    noise = stage.draw(5, 1, {"n": 4}, F64, CPU, None).flatten(0, 1)
    found = []
    for shift in (0.0, 0.3, 40.0):
        x = torch.full((1, 4, 2), 1.0 + shift, dtype=F64)
        x[:, 3] = 0
        valid = stage._valid(noise, counts)
        (scores, _), _ = stage._scores(noise, (x,), counts, valid, None)
        found.append(scores[:, :3])
    assert all(torch.allclose(scores, found[0], atol=1e-12) for scores in found)


@pytest.mark.parametrize("dtype", [torch.float32, F64])
def test_centred_points_have_no_mean_of_their_own(dtype: torch.dtype) -> None:
    """A rounded mean is off by a digit of how far away the points are."""
    torch.manual_seed(0)
    shape = torch.randn(32, 5, 3)
    far = 1000 * torch.randn(32, 1, 3)
    points = (shape + far).to(dtype)
    centered = centered_points(points, center(points, 2), 2)
    left = centered.double().mean(1).abs().max().item()
    assert left < 2 * torch.finfo(dtype).eps * centered.abs().max()
    counts = torch.full((32,), 4)
    points = keep_valid(points, counts, 1)
    centered = keep_valid(centered_points(points, center(points, 2, {1: counts}), 2), counts, 1)
    assert centered.double().sum(1).abs().max() < 8 * torch.finfo(dtype).eps * centered.abs().max()


def test_items_that_rounding_tells_apart_are_alike() -> None:
    """Points of two sorts, four each: mirror images, whose weighted sums vanish."""
    torch.manual_seed(0)
    points = (Tensor("points", (Natural("P", "n"), Natural("M", 3))),)
    groups = (layout.Group("P", "S", "n"), layout.Group("M", "O", 3))
    stage = LearnedOrthogonal(points, groups, "M", later=("P",)).double()
    sort = torch.randn(200, 1, 3, dtype=F64)
    # The two sorts differ in the last digits, as rotated ones would.
    x = torch.cat([sort, -sort * (1 + 8 * torch.finfo(F64).eps)], 1).repeat(1, 4, 1)
    seen = stage.features(x, dtype=F64)
    noise = torch.zeros(200, stage.channels, 3, dtype=F64)
    with torch.no_grad():
        vectors = stage.net(seen, noise).vectors
    assert vectors.norm(dim=-1).max() < 20 * torch.finfo(F64).eps


@pytest.mark.parametrize("size", [1e-6, 1.0, 1e6])
def test_items_stay_apart_at_every_scale(size: float) -> None:
    """In single precision, invariants of long vectors would all be the same if only squashed."""
    torch.manual_seed(0)
    stage = LearnedPermutation(VECTORS, (ITEMS, SPACE), "P", later=("M",), probabilistic=False)
    x = size * torch.randn(20, 6, 2, generator=torch.Generator().manual_seed(1))
    noise = stage.draw(2, 20, {"n": 6}, torch.float32, CPU, None).flatten(0, 1)
    order = stage(noise, x).order.unflatten(0, (2, 20))
    told = (order[0] == order[1]).all(-1)
    assert told.sum() >= 15
    turned = stage(noise, x @ rotation(1.0).float().T).order.unflatten(0, (2, 20))
    assert torch.equal(order[:, told], turned[:, told])


def test_matrices_that_cancel_stay_small() -> None:
    """Pseudovectors that sum to nothing point nowhere, whatever rounding leaves of the sum."""
    torch.manual_seed(0)
    space = layout.Group("M", "O", 3)
    axial = Product((Sign("M"), Natural("M", 3)))
    inputs = (Tensor("spins", (Natural("P", "n"), axial)),)
    stage = LearnedOrthogonal(inputs, (ITEMS, space), "M", later=("P",)).double()
    corners = [[x, y, z] for x in (-1.0, 1) for y in (-1.0, 1) for z in (-1.0, 1)]
    x = torch.tensor([corners], dtype=F64)
    h = torch.linalg.qr(torch.randn(3, 3, dtype=F64))[0]
    noise = stage.draw(50, 1, {}, F64, CPU, None).flatten(0, 1)
    matrix = stage(noise, x).matrix
    element = Orthogonal(h.expand(50, -1, -1))
    moved = stage(stage.act_on_noise(element, noise), torch.det(h) * (x @ h.T)).matrix
    assert (moved - h @ matrix).abs().max() < 1e-10


def test_principal_axes_are_as_exact_as_singular_vectors() -> None:
    """A flat cloud: the product of its vectors would square what rounding does to it."""
    inputs = (Tensor("vectors", (Trivial(6), Natural("M", 3))),)
    stage = PrincipalFrame(inputs, (layout.Group("M", "O", 3),), "M")
    generator = torch.Generator().manual_seed(0)
    flat = torch.randn(200, 6, 3, dtype=F64, generator=generator)
    flat = flat * torch.tensor([1.0, 1e-3, 1e-6], dtype=F64).sqrt()
    h = torch.linalg.qr(torch.randn(200, 3, 3, dtype=F64, generator=generator))[0]
    noise = stage.draw(1, 200, {}, F64, CPU, generator).flatten(0, 1)
    matrix = stage(noise, flat).matrix
    moved = stage(stage.act_on_noise(Orthogonal(h), noise), flat @ h.transpose(1, 2)).matrix
    # The second and third singular values are 1/30 and 1/1000 of the first.
    assert (moved - h @ matrix).abs().max() < 1e-13


def _deviation(
    d: int, tensors: tuple[Tensor, ...], x: tuple[torch.Tensor, ...], seed: int = 0
) -> float:
    """Of canonical frames under O(d) when inputs [200, ...] move, each side with its own noise.

    The error that 3 of 100 samples exceed, in last digits.
    """
    torch.manual_seed(seed)
    stage = LearnedOrthogonal(tensors, (layout.Group("M", "O", d),), "M", probabilistic=False)
    generator = torch.Generator().manual_seed(2)
    h = torch.linalg.qr(torch.randn(200, d, d, generator=generator))[0]
    moved = []
    for tensor, value in zip(tensors, x, strict=True):
        for dim in range(1, value.ndim):
            value = torch.einsum("nij,nj...->ni...", h, value.movedim(dim, 1)).movedim(1, dim)
        signed = any(isinstance(axis, Product) for axis in tensor.axes)
        moved.append(value * torch.det(h).reshape(-1, *[1] * (value.ndim - 1)) if signed else value)
    noise = [stage.draw(1, 200, {}, torch.float32, CPU, generator)[0] for _ in range(2)]
    with torch.no_grad():
        frames, turned = stage(noise[0], *x).matrix, stage(noise[1], *moved).matrix
    errors = (turned - h @ frames).abs().amax((1, 2)) / torch.finfo(torch.float32).eps
    return float(errors.quantile(0.97))


@pytest.mark.parametrize("unit", [1.0, 1e-3, 1e-6])
def test_tensors_have_units_of_their_own(unit: float) -> None:
    """A canonical frame of three vectors, generic but for their lengths, hangs on no noise."""
    generator = torch.Generator().manual_seed(1)
    tensors = tuple(Tensor(name, (Natural("M", 3),)) for name in "abc")
    x = tuple(torch.randn(200, 3, generator=generator) * unit**k for k in range(3))
    assert _deviation(3, tensors, x) < 30


@pytest.mark.parametrize("unit", [1.0, 1e-3, 1e-6])
@pytest.mark.parametrize("d", [3, 4, 5])
def test_what_matrices_add_is_not_lost_beside_a_vector(d: int, unit: float) -> None:
    """One vector and a matrix span space: v, A v, B v, A B v and so on."""
    generator = torch.Generator().manual_seed(1)
    tensors = (
        Tensor("vector", (Natural("M", d),)),
        Tensor("matrix", (Natural("M", d), Natural("M", d))),
    )
    vector, matrix = (torch.randn(200, *[d] * k, generator=generator) for k in (1, 2))
    assert _deviation(d, tensors, (vector, unit * matrix)) < 60


def test_powers_of_one_matrix_are_told_apart() -> None:
    """A matrix that a reflection turns is seen by its square alone: v, A v and A A v."""
    generator = torch.Generator().manual_seed(2)
    axial = Product((Sign("M"), Natural("M", 3)))
    tensors = Tensor("vector", (Natural("M", 3),)), Tensor("matrix", (Natural("M", 3), axial))
    x = torch.randn(200, 3, generator=generator), torch.randn(200, 3, 3, generator=generator)
    assert _deviation(3, tensors, x, seed=1) < 60


@pytest.mark.parametrize("n", [3, 4, 5, 6])
def test_rows_of_few_channels_are_told_apart(n: int) -> None:
    """Centred points mixed by rows that are nearly alike would give nearly parallel vectors."""
    torch.manual_seed(0)
    rows = IndexedMixing(1, 512).double().rows((n,)).detach()
    spectrum = torch.linalg.svdvals(rows - rows.mean(0))[: n - 1]
    assert spectrum[-1] > 0.3 * spectrum[0]


@pytest.mark.parametrize("gap", [1e-3, 1e-2, 1e-1, 1.0])
def test_a_frame_of_two_vectors_holds_their_plane(gap: float) -> None:
    """Vectors of nearly equal lengths: all their sums are nearly parallel, the plane is clear."""
    generator = torch.Generator().manual_seed(0)
    items, space = layout.Group("P", "S", "n"), layout.Group("M", "SO", 3)
    vectors = (Tensor("vectors", (Natural("P", "n"), Natural("M", 3))),)
    a, b = torch.randn(2, 256, 3, generator=generator, dtype=F64)
    b = b * ((1 + gap) * a.norm(dim=-1) / b.norm(dim=-1)).unsqueeze(-1)
    normal = torch.linalg.cross(a, b)
    angle = normal.norm(dim=-1) / (a.norm(dim=-1) * b.norm(dim=-1))
    normal = torch.nn.functional.normalize(normal, dim=-1)
    for seed in range(4):
        torch.manual_seed(seed)
        stage = LearnedOrthogonal(vectors, (items, space), "M", later=("P",), probabilistic=False)
        noise = stage.draw(1, 256, {"n": 2}, torch.float32, CPU, generator).flatten(0, 1)
        axis = stage(noise, torch.stack([a, b], 1).float()).matrix[..., 2].double()
        error = torch.linalg.cross(axis, normal).norm(dim=-1)
        assert (error * angle).max() < 30 * torch.finfo(torch.float32).eps


def test_what_differs_between_two_items_is_their_difference() -> None:
    """However alike the items are: rounding of the weights is not left in their sum."""
    torch.manual_seed(0)
    items, space = layout.Group("P", "S", "n"), layout.Group("M", "SO", 3)
    vectors = (Tensor("vectors", (Natural("P", "n"), Natural("M", 3))),)
    stage = LearnedOrthogonal(vectors, (items, space), "M", later=("P",))
    a, b = torch.randn(2, 256, 3)
    b = b * (1.003 * a.norm(dim=-1) / b.norm(dim=-1)).unsqueeze(-1)
    seen = stage.features(torch.stack([a, b], 1), dtype=torch.float32)
    with torch.no_grad():
        found = stage.net(seen, torch.zeros(256, 3, 3))[0][:, stage.net.common : stage.net.count]
    assert found.shape[1] == stage.net.count - stage.net.common > 2
    direction = torch.nn.functional.normalize((a - b).double(), dim=-1).unsqueeze(1)
    beside = torch.linalg.cross(found.double(), direction.expand_as(found)).norm(dim=-1)
    share = (a - b).norm(dim=-1) / (a + b).norm(dim=-1)
    off = beside / found.double().norm(dim=-1) * share.clamp(max=1).unsqueeze(-1)
    assert off.max() < 8 * torch.finfo(torch.float32).eps


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("told", [(Trivial(2),), (Natural("P", "n"),)])
def test_what_differs_between_items_is_found_large(
    told: tuple[Natural | Trivial, ...], seed: int
) -> None:
    """The corners of a tetrahedron are told apart by scalars alone, three hundredths apart.

    Of two scalars, all vectors lie in one plane: among them two are at about right angles.
    """
    torch.manual_seed(seed)
    items, space = layout.Group("P", "S", "n"), layout.Group("M", "O", 3)
    inputs = (
        Tensor("x", (Natural("P", "n"), Natural("M", 3))),
        Tensor("s", (Natural("P", "n"), *told)),
    )
    stage = LearnedOrthogonal(inputs, (items, space), "M", later=("P",)).double()
    corners = torch.tensor([[1.0, 1, 1], [1, -1, -1], [-1, 1, -1], [-1, -1, 1]], dtype=F64)
    scalars = 1 + 0.03 * torch.randn(200, 4, 2 if told == (Trivial(2),) else 4, dtype=F64)
    seen = stage.features(corners.expand(200, 4, 3), scalars, dtype=F64)
    with torch.no_grad():
        vectors, sizes, *_ = stage.net(seen, torch.zeros(200, 3, 3, dtype=F64))
    found = (vectors / sizes.unsqueeze(-1))[:, stage.net.common : stage.net.count]
    assert found.norm(dim=-1).amax(1).median() > 0.1
    directions = torch.nn.functional.normalize(found, dim=-1)
    cosines = directions @ directions.transpose(1, 2)
    assert cosines.abs().amin((1, 2)).median() < 0.2


def test_sizes_of_what_cancels_hang_on_no_rounding() -> None:
    """Items of a cube are alike but for rounding, and which vector is chosen goes by its size."""
    torch.manual_seed(0)
    items, space = layout.Group("P", "S", "n"), layout.Group("M", "O", 3)
    vectors = (Tensor("vectors", (Natural("P", "n"), Natural("M", 3))),)
    stage = LearnedOrthogonal(vectors, (items, space), "M", later=("P",))
    cube = torch.cartesian_prod(*[torch.tensor([-1.0, 1.0], dtype=torch.float64)] * 3)
    turns = torch.linalg.qr(torch.randn(100, 3, 3, dtype=torch.float64)).Q
    seen = stage.features((cube @ turns).float(), dtype=torch.float32)
    with torch.no_grad():
        sizes = stage.net(seen, torch.zeros(100, 3, 3))[1]
    smallest, largest = sizes.amin(0), sizes.amax(0)
    common, count = stage.net.common, stage.net.count
    assert (largest / smallest)[:common].max() - 1 < 100 * torch.finfo(torch.float32).eps
    # Nothing is left of what differs.
    assert (largest[common:count] < 1e-4 * smallest[:common].min()).all()


def test_rows_of_many_channels_are_those_of_double_precision() -> None:
    """The index of a pair of pairs is large: its angle must not hang on the precision."""
    torch.manual_seed(0)
    mixing = IndexedMixing(3, 16)
    shape = (40, 24, 5)
    single = mixing.rows(shape)
    assert torch.allclose(mixing.double().rows(shape), single.double(), atol=1e-5)
