"""Derived outputs: gradients of symmetrized outputs with respect to inputs.

The gradient is that of the whole map, elements and weights included: a translation or a rotation
that is held fixed leaves forces with a net force or a torque.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor as Values

from symc_runtime.call.precision import without_autocast
from symc_runtime.call.tracing import is_exporting
from symc_runtime.spec.layout import Gradient, Tensor, of_base

Arguments = list[Values]
Rest = tuple[Values | None, ...]
Evaluate = Callable[[Arguments], tuple[tuple[Values, ...], Rest]]


def with_gradients(
    evaluate: Evaluate,
    arguments: Sequence[Values],
    inputs: Sequence[Tensor],
    outputs: Sequence[Tensor],
    samples: bool = False,
) -> tuple[tuple[Values, ...], Rest]:
    """All outputs in the order of the spec, derived ones too, and what else `evaluate` gives.

    Args:
        evaluate: from arguments to the outputs of the base, in their order, and other tensors.
        arguments: the inputs in their order, and whatever else there is.
        samples: outputs are [K, batch, *axes], and the first of the other tensors their weights
            [K, batch]. What is derived then is [K, batch, *axes] too, of each sample the gradient
            of its share of the mean over its weight: the mean by weights is the gradient of the
            mean.

    The gradient is there whatever mode the call is in; it has a graph of its own where gradients
    are enabled. Inference tensors are copied: autograd takes none.
    """
    derived = [tensor.gradient for tensor in outputs if tensor.gradient is not None]
    if not derived:
        return evaluate(list(arguments))
    places = {tensor.name: index for index, tensor in enumerate(inputs)}
    by = sorted({places[each.by] for each in derived})
    names = [tensor.name for tensor in of_base(outputs)]
    of = sorted({names.index(each.of) for each in derived})

    def totals(values: Sequence[Values], rest: Rest) -> list[Values]:
        if not samples:
            return [values[each].sum() for each in of]
        weights = rest[0]
        assert weights is not None
        return [total for each in of for total in (values[each] * weights).sum(1)]

    _refuse_export(outputs)
    traced = torch.compiler.is_compiling() or torch._C._are_functorch_transforms_active()
    differentiated = _transformed if traced else _recorded
    values, rest, found = differentiated(evaluate, totals, arguments, by)
    every = []
    for tensor in outputs:
        if tensor.gradient is None:
            every.append(values[names.index(tensor.name)])
            continue
        column = [row[by.index(places[tensor.gradient.by])] for row in found]
        first = of.index(names.index(tensor.gradient.of))
        if samples:
            count = len(found) // len(of)
            x = _over(torch.stack(column[first * count : (first + 1) * count]), rest[0])
        else:
            x = column[first]
        every.append(_times(x, tensor.gradient))
    return tuple(every), rest


def _refuse_export(outputs: Sequence[Tensor]) -> None:
    """Raise TypeError where torch.export or ONNX is to record a gradient, which neither can."""
    if not is_exporting():
        return
    for tensor in outputs:
        if tensor.gradient is not None:
            raise TypeError(
                f"torch.export cannot record `{tensor.name} = {tensor.gradient}`; export a model "
                f"of the same spec without `{tensor.name}` and differentiate what it returns, or "
                "use torch.compile"
            )


def _times(x: Values, gradient: Gradient) -> Values:
    if gradient.factor == 1:
        return x
    return -x if gradient.factor == -1 else gradient.factor * x


def _over(x: Values, weights: Values | None) -> Values:
    """x [K, batch, *axes] over weights [K, batch]; what counts for nothing is left at zero."""
    assert weights is not None
    weights = weights.to(x.dtype).reshape(*weights.shape, *[1] * (x.ndim - 2))
    return x / torch.where(weights == 0, torch.ones_like(weights), weights)


Found = tuple[tuple[Values, ...], Rest, list[tuple[Values, ...]]]
Totals = Callable[[Sequence[Values], Rest], list[Values]]


def _recorded(
    evaluate: Evaluate, totals: Totals, arguments: Sequence[Values], by: Sequence[int]
) -> Found:
    """By autograd's own record: of every total its gradients by these arguments."""
    graph = torch.is_grad_enabled()
    with torch.inference_mode(False), torch.enable_grad():
        own = [x.clone() if x.is_inference() else x for x in arguments]
        for place in by:
            # A view: one tensor may be given for two inputs.
            x = own[place] if graph else own[place].detach()
            own[place] = x.view_as(x) if x.requires_grad else x.detach().requires_grad_()
        values, rest = evaluate(own)
        leaves = [own[place] for place in by]
        sums = totals(values, rest)
        found = [
            _gradients(total, leaves, graph, index < len(sums) - 1)
            for index, total in enumerate(sums)
        ]
    if graph:
        return values, rest, found
    return (
        tuple(y.detach() for y in values),
        tuple(None if y is None else y.detach() for y in rest),
        found,
    )


def _gradients(
    total: Values, leaves: Sequence[Values], graph: bool, again: bool
) -> tuple[Values, ...]:
    if not total.requires_grad:
        return tuple(torch.zeros_like(x) for x in leaves)
    # What autocast has chosen stands in the record already.
    with without_autocast(total.device):
        return torch.autograd.grad(
            total,
            leaves,
            retain_graph=graph or again,
            create_graph=graph,
            allow_unused=True,
            materialize_grads=True,
        )


def _transformed(
    evaluate: Evaluate, totals: Totals, arguments: Sequence[Values], by: Sequence[int]
) -> Found:
    """By torch.func, which compilers, exports and other transforms can look into."""
    present: list[bool] = []

    def sums(*leaves: Values) -> tuple[Any, Any]:
        own = list(arguments)
        for place, x in zip(by, leaves, strict=True):
            own[place] = x
        values, rest = evaluate(own)
        present[:] = [each is not None for each in rest]
        some = tuple([each for each in rest if each is not None])
        return tuple(totals(values, rest)), (values, some)

    vjp: Callable[..., Any] = torch.func.vjp
    found, pullback, (values, some) = vjp(sums, *[arguments[place] for place in by], has_aux=True)
    left = iter(some)
    rest = tuple([next(left) if there else None for there in present])
    ones = [torch.ones_like(total) for total in found]
    zeros = [torch.zeros_like(total) for total in found]
    rows = []
    for i in range(len(found)):
        rows.append(pullback((*zeros[:i], ones[i], *zeros[i + 1 :])))
    return values, rest, rows
