"""The convolutional base: shapes of images and of all else, labels, sizes, what is wrong."""

from __future__ import annotations

import copy
import pickle

import pytest
import torch
from torch import Tensor

from symc_runtime.bases.residual_cnn import Norm, ResidualCNN

INPUTS = [("h", "w"), (2, 3, "h", "w"), ("h", "w"), (4,), ()]
LABELS = [5, None, None, None, 3]
OUTPUTS = [("h", "w"), (2,), (2, 3, "h", "w"), ()]


def base(norm: Norm = "group", seed: int = 0) -> ResidualCNN:
    torch.manual_seed(seed)
    made = ResidualCNN(
        INPUTS, OUTPUTS, labels=LABELS, image=("h", "w"), width=8, blocks=(1, 2), norm=norm
    )
    return made.double()


def drawn(height: int, width: int, batch: int = 3) -> list[Tensor]:
    generator = torch.Generator().manual_seed(1)

    def numbers(*shape: int) -> Tensor:
        return torch.randn(batch, *shape, generator=generator, dtype=torch.float64)

    return [
        torch.randint(5, (batch, height, width), generator=generator),
        numbers(2, 3, height, width),
        numbers(height, width),
        numbers(4),
        torch.randint(3, (batch,), generator=generator),
    ]


@pytest.mark.parametrize("norm", ["group", "batch"])
@pytest.mark.parametrize("sides", [(8, 8), (7, 5), (1, 1)])
def test_images_of_any_size(norm: Norm, sides: tuple[int, int]) -> None:
    model = base(norm).eval()
    shapes = [tuple(y.shape) for y in model(*drawn(*sides))]
    assert shapes == [(3, *sides), (3, 2), (3, 2, 3, *sides), (3,)]


@pytest.mark.parametrize("position", range(len(INPUTS)))
def test_every_input_reaches_every_output(position: int) -> None:
    model, inputs = base(), drawn(6, 6)
    changed = list(inputs)
    labels = LABELS[position]
    changed[position] = (inputs[position] + 1) % labels if labels else inputs[position].exp()
    for before, after in zip(model(*inputs), model(*changed), strict=True):
        assert not torch.allclose(before, after)


def test_examples_of_a_batch_do_not_mix() -> None:
    model = base()
    for whole, part in zip(model(*drawn(6, 6)), model(*[x[1:2] for x in drawn(6, 6)]), strict=True):
        assert torch.allclose(whole[1:2], part)


def test_copies_and_checkpoints_compute_the_same() -> None:
    model, inputs = base(), drawn(6, 6)
    expected = model(*inputs)
    torch.stack([y.square().sum() for y in expected]).sum().backward()
    assert all(p.grad is not None and (p.grad != 0).any() for p in model.parameters())
    fresh = base(seed=5)
    assert not torch.equal(fresh(*inputs)[0], expected[0])
    fresh.load_state_dict(model.state_dict())
    for other in (copy.deepcopy(model), pickle.loads(pickle.dumps(model)), fresh):
        assert all(map(torch.equal, other(*inputs), expected))


def test_it_is_resnet_18() -> None:
    """For small images and ten classes: 11,173,962 weights, four stages."""
    model = ResidualCNN([(3, 32, 32)], [(10,)], image=(32, 32), norm="batch")
    assert sum(p.numel() for p in model.parameters()) == 11_173_962
    assert model(torch.randn(2, 3, 32, 32)).shape == (2, 10)


def test_a_base_of_images_can_be_exported() -> None:
    model, inputs = base(), drawn(6, 6)
    exported = torch.export.export(model, tuple(inputs)).module()
    for output, same in zip(exported(*inputs), model(*inputs), strict=True):
        torch.testing.assert_close(output, same)


def test_what_does_not_fit_is_named() -> None:
    model, inputs = base(), drawn(6, 6)
    with pytest.raises(ValueError, match="input 1, axis 1: expected 3, got 2"):
        model(inputs[0], inputs[1][:, :, :2], *inputs[2:])
    with pytest.raises(ValueError, match="takes 5 inputs, 3 came"):
        model(*inputs[:3])
    with pytest.raises(ValueError, match=r"no input ends in the axes \('h', 'h'\)"):
        ResidualCNN([(3, 32, 32)], [(10,)])
    with pytest.raises(ValueError, match="no bound for the size 'c'"):
        ResidualCNN([("c", "h", "h")], [(10,)])
