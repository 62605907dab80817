"""A multilayer perceptron on everything flattened: the base that knows nothing of its inputs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from torch import Tensor, nn

from symc_runtime.bases.flattening import Flattening, Unflattening
from symc_runtime.bases.shapes import Shape


class MLP(nn.Module):
    """Inputs flattened and concatenated, `layers` hidden layers, one linear map to all outputs.

    `MLP(inputs=[(5, 3), (5, 3)], outputs=[(5, 3)])` takes two tensors [batch, 5, 3] and returns
    one. Shapes are those of the spec, without the batch axis; an output `()` is one number an
    example, [batch]. `labels=[None, 10]` says that the second input holds whole numbers 0 to 9,
    which enter one-hot. An axis may be named, `("n", 3)` with `sizes={"n": 64}`: then it may come
    shorter than 64 and is filled up with zeros; outputs are cut to what came.

    Raises ValueError, naming input and axis, for a tensor of another shape.
    """

    def __init__(
        self,
        inputs: Sequence[Shape],
        outputs: Sequence[Shape],
        *,
        sizes: Mapping[str, int] | None = None,
        labels: Sequence[int | None] | None = None,
        hidden: int = 128,
        layers: int = 2,
        norm: bool = False,
        dropout: float = 0.0,
    ) -> None:
        super().__init__()
        bounds = dict(sizes or {})
        self.flatten = Flattening(inputs, sizes=bounds, labels=labels)
        self.unflatten = Unflattening(inputs, outputs, bounds)
        stack: list[nn.Module] = []
        width = self.flatten.width
        for _ in range(layers):
            stack.append(nn.Linear(width, hidden))
            if norm:
                stack.append(nn.LayerNorm(hidden))
            stack.append(nn.GELU())
            if dropout:
                stack.append(nn.Dropout(dropout))
            width = hidden
        self.hidden = nn.Sequential(*stack)
        self.readout = nn.Linear(width, self.unflatten.width)

    def forward(self, *inputs: Tensor) -> Tensor | tuple[Tensor, ...]:
        """Each input [batch, *shape]; one tensor, or a tuple in the order of `outputs`."""
        return self.unflatten(self.readout(self.hidden(self.flatten(*inputs))), inputs)
