"""The shipped base models: shapes, labels, masks, checkpoints."""

from __future__ import annotations

import copy
import pickle

import pytest
import torch
from torch import Tensor, nn

from symc_runtime.bases.item_transformer import ItemTransformer
from symc_runtime.bases.mlp import MLP
from symc_runtime.bases.patch_transformer import PatchTransformer
from symc_runtime.bases.vit_block import Block

INPUTS = [("n", 3), ("n",), ("n", "n"), (2,)]
LABELS = [None, 10, None, None]
OUTPUTS = [("n", 3), ("n", "n", 2), (), (4,)]
BASES = [MLP, PatchTransformer, ItemTransformer]


def _base(kind: type[nn.Module], *, seed: int = 0, **options: object) -> nn.Module:
    torch.manual_seed(seed)
    return kind(INPUTS, OUTPUTS, sizes={"n": 6}, labels=LABELS, **options).double()


def _inputs(batch: int = 2, length: int = 6) -> list[Tensor]:
    generator = torch.Generator().manual_seed(1)

    def numbers(*shape: int) -> Tensor:
        return torch.randn(shape, generator=generator, dtype=torch.float64)

    return [
        numbers(batch, length, 3),
        torch.randint(0, 10, (batch, length), generator=generator),
        numbers(batch, length, length),
        numbers(batch, 2),
    ]


@pytest.mark.parametrize("kind", BASES)
@pytest.mark.parametrize("length", [4, 6])
def test_outputs_have_the_declared_shapes(kind: type[nn.Module], length: int) -> None:
    outputs = _base(kind)(*_inputs(3, length))
    shapes = [tuple(output.shape) for output in outputs]
    assert shapes == [(3, length, 3), (3, length, length, 2), (3,), (3, 4)]
    assert all(output.dtype == torch.float64 for output in outputs)


@pytest.mark.parametrize("kind", BASES)
def test_one_output_comes_as_a_tensor(kind: type[nn.Module]) -> None:
    base = kind([("n", 3)], [("n",)], sizes={"n": 5})
    assert base(torch.randn(2, 5, 3)).shape == (2, 5)


@pytest.mark.parametrize("kind", BASES)
@pytest.mark.parametrize("position", range(len(INPUTS)))
def test_every_input_reaches_every_output(kind: type[nn.Module], position: int) -> None:
    base = _base(kind)
    inputs = _inputs()
    changed = list(inputs)
    changed[position] = (inputs[position] + 1) % 10 if LABELS[position] else inputs[position] + 1.0
    for before, after in zip(base(*inputs), base(*changed), strict=True):
        assert not torch.allclose(before, after)


@pytest.mark.parametrize("kind", BASES)
def test_examples_of_a_batch_do_not_mix(kind: type[nn.Module]) -> None:
    base = _base(kind)
    together = base(*_inputs(3))
    alone = base(*[tensor[1:2] for tensor in _inputs(3)])
    for whole, part in zip(together, alone, strict=True):
        torch.testing.assert_close(whole[1:2], part)


@pytest.mark.parametrize("kind", BASES)
def test_copies_and_checkpoints_compute_the_same(kind: type[nn.Module]) -> None:
    base, inputs = _base(kind), _inputs()
    expected = base(*inputs)
    sum(output.square().sum() for output in expected).backward()
    fresh = _base(kind, seed=5)
    assert not torch.equal(fresh(*inputs)[0], expected[0])
    fresh.load_state_dict(base.state_dict())
    for other in (copy.deepcopy(base), pickle.loads(pickle.dumps(base)), fresh):
        for output, same in zip(other(*inputs), expected, strict=True):
            assert torch.equal(output, same)
    assert all(parameter.grad is not None for parameter in base.parameters())


@pytest.mark.parametrize("kind", BASES)
def test_a_wrong_tensor_is_named(kind: type[nn.Module]) -> None:
    base, inputs = _base(kind), _inputs()
    with pytest.raises(ValueError, match="input 0, axis 1: expected 3, got 2"):
        base(inputs[0][..., :2], *inputs[1:])
    with pytest.raises(ValueError, match="input 0, axis 0: expected n <= 6, got 7"):
        base(*_inputs(length=7))
    with pytest.raises(ValueError, match="takes 4 inputs, 3 came"):
        base(*inputs[:3])
    with pytest.raises(ValueError, match="input 3 has 3 axes, expected 2"):
        base(*inputs[:3], inputs[3].unsqueeze(-1))


@pytest.mark.parametrize("kind", BASES)
def test_a_base_can_be_exported(kind: type[nn.Module]) -> None:
    base, inputs = _base(kind), _inputs()
    exported = torch.export.export(base, tuple(inputs)).module()
    for output, same in zip(exported(*inputs), base(*inputs), strict=True):
        torch.testing.assert_close(output, same)


@pytest.mark.parametrize("kind", BASES)
def test_dropout_acts_in_training_only(kind: type[nn.Module]) -> None:
    base, inputs = _base(kind, dropout=0.5), _inputs()
    assert not torch.equal(base(*inputs)[0], base(*inputs)[0])
    base.eval()
    assert torch.equal(base(*inputs)[0], base(*inputs)[0])


@pytest.mark.parametrize("kind", [MLP, PatchTransformer])
def test_a_shorter_batch_counts_as_filled_up_with_zeros(kind: type[nn.Module]) -> None:
    base = kind([("n", 3), ("n", "n")], [("n",)], sizes={"n": 6}).double()
    short = [torch.randn(2, 4, 3).double(), torch.randn(2, 4, 4).double()]
    full = [torch.zeros(2, 6, 3).double(), torch.zeros(2, 6, 6).double()]
    full[0][:, :4], full[1][:, :4, :4] = short
    torch.testing.assert_close(base(*short), base(*full)[:, :4])


@pytest.mark.parametrize("filled", [0.0, 1e3])
def test_padding_never_changes_valid_outputs(filled: float) -> None:
    """Language, section 5: masking inside the base is its own duty."""
    base = _base(ItemTransformer, ragged="n")
    counts = torch.tensor([6, 4, 1, 0])
    inputs = _inputs(4)
    padding = torch.arange(6) >= counts.unsqueeze(-1)
    pairs = padding.unsqueeze(1) | padding.unsqueeze(2)
    inputs[0] = inputs[0].masked_fill(padding.unsqueeze(-1), filled)
    inputs[1] = inputs[1].masked_fill(padding, 3)
    inputs[2] = inputs[2].masked_fill(pairs, filled)
    outputs = base(*inputs, n=counts)
    assert all(output.isfinite().all() for output in outputs)
    for example, count in enumerate(counts.tolist()[:3]):
        cut = [tensor[example : example + 1] for tensor in inputs]
        cut[:3] = [cut[0][:, :count], cut[1][:, :count], cut[2][:, :count, :count]]
        alone = base(*cut, n=torch.tensor([count]))
        torch.testing.assert_close(outputs[0][example, :count], alone[0][0])
        torch.testing.assert_close(outputs[1][example, :count, :count], alone[1][0])
        torch.testing.assert_close(outputs[2][example], alone[2][0])
        torch.testing.assert_close(outputs[3][example], alone[3][0])


def test_counts_come_exactly_when_announced() -> None:
    counts = torch.tensor([6, 6])
    with pytest.raises(TypeError, match="counts wanted for"):
        _base(ItemTransformer, ragged="n")(*_inputs())
    with pytest.raises(TypeError, match="counts wanted for"):
        _base(ItemTransformer)(*_inputs(), n=counts)


def test_without_slots_items_are_exchangeable_and_with_slots_not() -> None:
    permutation = torch.tensor([2, 0, 5, 1, 4, 3])
    inputs = _inputs()
    moved = [
        inputs[0][:, permutation],
        inputs[1][:, permutation],
        inputs[2][:, permutation][:, :, permutation],
        inputs[3],
    ]
    for slots in (False, True):
        base = _base(ItemTransformer, slots=slots)
        before, after = base(*inputs), base(*moved)
        expected = [
            before[0][:, permutation],
            before[1][:, permutation][:, :, permutation],
            before[2],
            before[3],
        ]
        same = [torch.allclose(a, b) for a, b in zip(after, expected, strict=True)]
        assert all(same) if not slots else not any(same)


def test_the_item_axis_may_lie_anywhere() -> None:
    torch.manual_seed(0)
    base = ItemTransformer([(3, "n"), ("n", 2, "n")], [(3, "n"), (2, "n", "n")], slots=False)
    points, pairs = torch.randn(2, 3, 5), torch.randn(2, 5, 2, 5)
    permutation = torch.tensor([4, 2, 0, 1, 3])
    before = base(points, pairs)
    after = base(points[..., permutation], pairs[:, permutation][..., permutation])
    assert before[0].shape == (2, 3, 5)
    assert before[1].shape == (2, 2, 5, 5)
    torch.testing.assert_close(after[0], before[0][..., permutation])
    torch.testing.assert_close(after[1], before[1][:, :, permutation][..., permutation])


def test_the_blocks_of_a_vit_checkpoint_load_into_the_patch_transformer() -> None:
    """The block names and shapes of timm's `vit_tiny_patch16_224`, two blocks of it."""
    width, hidden = 192, 768
    shapes = {
        "norm1.weight": (width,),
        "norm1.bias": (width,),
        "attn.qkv.weight": (3 * width, width),
        "attn.qkv.bias": (3 * width,),
        "attn.proj.weight": (width, width),
        "attn.proj.bias": (width,),
        "norm2.weight": (width,),
        "norm2.bias": (width,),
        "mlp.fc1.weight": (hidden, width),
        "mlp.fc1.bias": (hidden,),
        "mlp.fc2.weight": (width, hidden),
        "mlp.fc2.bias": (width,),
    }
    checkpoint = {
        f"blocks.{block}.{name}": torch.randn(shape)
        for block in range(2)
        for name, shape in shapes.items()
    }
    checkpoint |= {"norm.weight": torch.randn(width), "norm.bias": torch.randn(width)}
    base = PatchTransformer([(8, 8)], [(10,)], patch=16, width=width, depth=2, heads=3)
    report = base.load_state_dict(checkpoint, strict=False)
    assert not report.unexpected_keys
    assert sorted(report.missing_keys) == [
        "head.bias",
        "head.weight",
        "patch_embed.bias",
        "patch_embed.weight",
        "pos_embed",
    ]
    loaded = base.state_dict()["blocks.1.mlp.fc2.weight"]
    assert torch.equal(loaded, checkpoint["blocks.1.mlp.fc2.weight"])


def test_a_block_computes_what_torch_computes() -> None:
    """Against `nn.TransformerEncoderLayer`, pre-norm and GELU: an independent implementation."""
    torch.manual_seed(0)
    block = Block(12, 3)
    layer = nn.TransformerEncoderLayer(
        12,
        3,
        48,
        dropout=0.0,
        activation="gelu",
        layer_norm_eps=1e-6,
        batch_first=True,
        norm_first=True,
    )
    layer.load_state_dict(
        {
            "self_attn.in_proj_weight": block.attn.qkv.weight,
            "self_attn.in_proj_bias": block.attn.qkv.bias,
            "self_attn.out_proj.weight": block.attn.proj.weight,
            "self_attn.out_proj.bias": block.attn.proj.bias,
            "linear1.weight": block.mlp.fc1.weight,
            "linear1.bias": block.mlp.fc1.bias,
            "linear2.weight": block.mlp.fc2.weight,
            "linear2.bias": block.mlp.fc2.bias,
            "norm1.weight": block.norm1.weight,
            "norm1.bias": block.norm1.bias,
            "norm2.weight": block.norm2.weight,
            "norm2.bias": block.norm2.bias,
        }
    )
    tokens, bias = torch.randn(2, 4, 12), torch.randn(2, 3, 4, 4)
    torch.testing.assert_close(block(tokens), layer(tokens))
    masked = layer(tokens, src_mask=bias.flatten(0, 1))
    torch.testing.assert_close(block(tokens, bias), masked)


@pytest.mark.parametrize("kind", BASES)
def test_a_wrong_declaration_is_refused(kind: type[nn.Module]) -> None:
    with pytest.raises(ValueError, match="no bound for the size 'm'"):
        kind([("n", "m")], [()], sizes={"n": 4})
    with pytest.raises(ValueError, match="labels has 1 entries for 2 inputs"):
        kind([("n",), ("n",)], [()], sizes={"n": 4}, labels=[2])


def test_the_item_transformer_wants_one_or_two_item_axes() -> None:
    with pytest.raises(ValueError, match="more than two axes 'n'"):
        ItemTransformer([("n", "n", "n")], [()], sizes={"n": 4})
    with pytest.raises(ValueError, match="no input has an axis named 'n'"):
        ItemTransformer([(3,)], [()], sizes={"n": 4})
    with pytest.raises(ValueError, match="not a multiple of heads"):
        ItemTransformer([("n",)], [()], sizes={"n": 4}, width=10, heads=4)
