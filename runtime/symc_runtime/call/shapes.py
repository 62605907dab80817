"""What a call may pass, checked, with errors that name tensor, axis, expected and got."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import assert_never

import torch

from symc_runtime.call.reserved import keyword_of
from symc_runtime.call.tracing import is_readable, is_traced
from symc_runtime.spec.layout import (
    Alt,
    Items,
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
    blocks,
    of_base,
    shape_of,
    sizes_of_axes,
    solve_sizes,
    symbolic_dimension,
)
from symc_runtime.spec.polynomials import Size, UndeterminedSizeError, evaluate, names


class ShapeError(ValueError):
    """A tensor that does not fit the spec: which one, which axis, what was expected, what came."""


def same_shape(one: Sequence[int], other: Sequence[int]) -> bool:
    """Whether two shapes are equal. Size by size: comparing tuples would fix open sizes."""
    return len(one) == len(other) and all(one[i] == other[i] for i in range(len(one)))


def check_returned(group: str, value: object, shape: tuple[int, ...], axes: str) -> torch.Tensor:
    """What a distribution of the user's gave for a group, if it has this shape.

    Raises ShapeError, and TypeError where it is no tensor of floating point.
    """
    who = f"the distribution of {group}"
    expected = f"[{', '.join(map(str, shape))}] ({axes})"
    if not isinstance(value, torch.Tensor):
        raise TypeError(f"{who}: expected a tensor {expected}, got {type(value).__name__}")
    if not value.is_floating_point():
        raise TypeError(f"{who}: expected floating point {expected}, got {value.dtype}")
    if not same_shape(value.shape, shape):
        raise ShapeError(f"{who}: expected {expected}, got {list(value.shape)}")
    return value


def _carried(representation: Representation, affine: Collection[str]) -> str:
    if isinstance(representation, Trivial):
        return ""
    if isinstance(representation, Natural):
        group = representation.group
        if representation.affine:
            return f"{group}.point"
        return f"{group}.vector" if group in affine else group
    if isinstance(representation, Sign):
        return f"the sign of {representation.group}"
    if isinstance(representation, Table):
        if representation.atom == "natural":
            return representation.group
        called = representation.atom if representation.atom == "grid" else representation.called
        return f"{representation.group}.{called}"
    if isinstance(representation, Joint):
        return _carried(representation.carried, affine)
    if isinstance(representation, Product):
        return " * ".join(
            str(symbolic_dimension(f)) if isinstance(f, Trivial) else _carried(f, affine)
            for f in representation.factors
        )
    if isinstance(representation, Sum):
        terms = representation.terms
        return " + ".join(_carried(t, affine) or str(symbolic_dimension(t)) for t in terms)
    if isinstance(representation, (Sym, Alt)):
        inside = representation.carried
        written = _carried(inside, affine) or str(symbolic_dimension(inside))
        name = "sym" if isinstance(representation, Sym) else "alt"
        power = f"{name}({written}, {representation.power})"
        dual = isinstance(representation, Sym) and representation.dual
        return f"dual({power})" if dual else power
    assert_never(representation)


def _axis(representation: Representation, affine: Collection[str]) -> str:
    carried = _carried(representation, affine)
    size: object = symbolic_dimension(representation)
    if isinstance(representation, Joint) and len(representation.sizes) > 1:
        size = f"({', '.join([str(each) for each in representation.sizes])})"
    return f"`{size}: {carried}`" if carried else f"`{size}`"


def _with_points(tensors: Iterable[Tensor]) -> frozenset[str]:
    """Groups that move points in some tensor: their vectors have a name of their own."""
    every = [block for tensor in tensors for block in blocks(tensor)]
    return frozenset([block.affine for block in every if block.affine is not None])


def declared(tensor: Tensor, beside: Iterable[Tensor] = ()) -> str:
    """The tensor as the spec declares it, `pos[batch, n: P, 3: M.point]`.

    `beside`: the tensors that tell whether a group moves points.
    """
    affine = _with_points([tensor, *beside])
    axes = ", ".join(["batch", *(_axis(axis, affine).strip("`") for axis in tensor.axes)])
    labels = "" if tensor.names is None else f" of {tensor.names.group}"
    derived = "" if tensor.gradient is None else f" = {tensor.gradient}"
    return f"{tensor.name}[{axes}]{labels}{derived}"


def all_declared(tensors: Sequence[Tensor], beside: Sequence[Tensor] = ()) -> str:
    """Every tensor as the spec declares it, one after the other."""
    return ", ".join(declared(tensor, [*tensors, *beside]) for tensor in tensors)


def _rank(role: str, tensor: Tensor, shape: Sequence[int], beside: Sequence[Tensor]) -> None:
    axes = len(shape_of(tensor))
    if len(shape) != 1 + axes:
        raise ShapeError(
            f"{role} `{tensor.name}`: expected {1 + axes} axes, "
            f"{declared(tensor, beside)}, got {len(shape)}, shape {tuple(shape)}"
        )


def _each_axis(tensor: Tensor) -> list[tuple[Size, Representation]]:
    """The size of each axis, and what it carries, perhaps with the next one."""
    return [(size, axis) for axis in tensor.axes for size in sizes_of_axes(axis)]


def _axes(
    role: str,
    tensor: Tensor,
    shape: Sequence[int],
    sizes: Mapping[str, int],
    beside: Sequence[Tensor],
) -> None:
    for position, (size, axis) in enumerate(_each_axis(tensor), start=1):
        expected = evaluate(size, sizes)
        if shape[position] != expected:
            if isinstance(size, int):
                reason = ""
            else:
                values = ", ".join(f"{n} = {sizes[n]}" for n in sorted(names(size)))
                reason = f" ({values} in this call)"
            raise ShapeError(
                f"{role} `{tensor.name}`, axis {position} "
                f"({_axis(axis, _with_points([tensor, *beside]))}): "
                f"expected {expected}{reason}, got {shape[position]}"
            )


def _labels(tensor: Tensor) -> str:
    if tensor.names is not None:
        return f"items of `{tensor.names.group}`"
    return f"labels, of {tensor.labels}"


def refuse_packed(what: str, value: torch.Tensor, ragged: Iterable[str] = ()) -> None:
    """Raises TypeError for sparse and nested tensors, of which torch says no more than that."""
    # A compiler traces dense ones alone.
    if is_traced() or (value.layout == torch.strided and not value.is_nested):
        return
    if value.is_nested:
        ways = "".join(f" and counts, `{keyword_of(size)}`" for size in ragged)
        came = f"a nested one; give .to_padded_tensor(0){ways}"
    else:
        came = f"{value.layout}; call .to_dense()"
    raise TypeError(f"{what}: expected a dense tensor, got {came}")


def check_inputs(
    tensors: Sequence[Tensor],
    values: Sequence[torch.Tensor],
    known: Mapping[str, int],
    ragged: Mapping[str, int],
) -> dict[str, int]:
    """Sizes by name, read off the inputs [batch, *axes].

    A ragged size is the padded length of this call, at most its bound. Raises ShapeError, and
    TypeError for what is no dense tensor, for mixed floating dtypes, for labels that are not
    integers and features that are.
    """
    if len(values) != len(tensors):
        raise TypeError(
            f"expected {len(tensors)} input{'s' * (len(tensors) != 1)}, {all_declared(tensors)}, "
            f"got {len(values)}"
        )
    floating: tuple[str, torch.dtype] | None = None
    for tensor, value in zip(tensors, values, strict=True):
        if not isinstance(value, torch.Tensor):
            raise TypeError(
                f"input `{tensor.name}`: expected a torch.Tensor, got {type(value).__name__}"
            )
        refuse_packed(f"input `{tensor.name}`", value, ragged)
        if not tensor.whole:
            if not value.is_floating_point():
                raise TypeError(
                    f"input `{tensor.name}`: expected a floating dtype, got {value.dtype}; "
                    f"call .float(), or declare whole numbers with `of`"
                )
            if floating is not None and floating[1] != value.dtype:
                raise TypeError(
                    f"input `{tensor.name}`: expected dtype {floating[1]} as `{floating[0]}` has, "
                    f"got {value.dtype}; floating inputs of one call share one dtype"
                )
            floating = floating or (tensor.name, value.dtype)
        elif value.is_floating_point() or value.is_complex() or value.dtype == torch.bool:
            raise TypeError(
                f"input `{tensor.name}`: expected whole numbers ({_labels(tensor)}), "
                f"got {value.dtype}"
            )
        _rank("input", tensor, value.shape, tensors)
        if value.shape[0] != values[0].shape[0]:
            raise ShapeError(
                f"input `{tensor.name}`, axis 0 (batch): expected {values[0].shape[0]} as "
                f"`{tensors[0].name}` has, got {value.shape[0]}"
            )
        if value.shape[0] == 0:
            raise ShapeError(f"input `{tensor.name}`, axis 0 (batch): expected 1 or more, got 0")
    sizes = solve_sizes(tensors, [value.shape for value in values], known)
    for tensor, value in zip(tensors, values, strict=True):
        try:
            _axes("input", tensor, value.shape, sizes, tensors)
        except KeyError as missing:
            raise UndeterminedSizeError(missing.args[0]) from None
        for position, (_, axis) in enumerate(_each_axis(tensor), start=1):
            if value.shape[position] == 0:
                raise ShapeError(
                    f"input `{tensor.name}`, axis {position} "
                    f"({_axis(axis, _with_points(tensors))}): expected a size from 1, got 0"
                )
    for name, bound in ragged.items():
        if name in sizes and sizes[name] > bound:
            raise ShapeError(
                f"size `{name}`: the spec says at most {bound}, got tensors padded to {sizes[name]}"
            )
    return sizes


def check_labels(
    tensor: Tensor,
    value: torch.Tensor,
    sizes: Mapping[str, int],
    counts: Mapping[str, torch.Tensor],
) -> None:
    """Raises ShapeError where a label on the CPU is outside 0 ... labels - 1, or names no item.

    `value`: padding zero; `counts`: valid items of ragged sizes, [batch].
    """
    if not is_readable(value):
        return
    low, high = int(value.min()), int(value.max())
    if tensor.labels is not None and (low < 0 or high >= tensor.labels):
        raise ShapeError(
            f"input `{tensor.name}`: expected labels 0 to {tensor.labels - 1}, "
            f"got {low if low < 0 else high}"
        )
    if tensor.names is not None:
        _check_names(tensor, tensor.names, value, sizes, counts, low < 0)


def _check_names(
    tensor: Tensor,
    items: Items,
    value: torch.Tensor,
    sizes: Mapping[str, int],
    counts: Mapping[str, torch.Tensor],
    negative: bool,
) -> None:
    ragged = counts.get(str(items.size))
    n = evaluate(items.size, sizes)
    if not negative and ragged is None and int(value.max()) < n:
        return
    many = torch.full((value.shape[0],), n) if ragged is None else ragged.cpu()
    column = many.reshape(-1, *[1] * (value.ndim - 1))
    wrong = ((value < 0) | (value >= column)) & valid_entries(tensor, value, counts)
    if not bool(wrong.any()):
        return
    row = int(wrong.flatten(1).any(1).nonzero()[0])
    last = int(many[row]) - 1
    span = f"0 to {last}" if last >= 0 else "none, for it has no item"
    raise ShapeError(
        f"input `{tensor.name}`, example {row}: expected items of `{items.group}`, {span}, "
        f"got {int(value[row][wrong[row]].flatten()[0])}"
    )


def valid_entries(
    tensor: Tensor, x: torch.Tensor, counts: Mapping[str, torch.Tensor]
) -> torch.Tensor:
    """Which entries of x [batch, *axes] are no padding, [batch, *axes] or what broadcasts to it."""
    valid = torch.ones([1] * x.ndim, dtype=torch.bool, device=x.device)
    for dim, size in enumerate(shape_of(tensor), start=1):
        if isinstance(size, str) and size in counts:
            shape = [1] * x.ndim
            shape[dim] = x.shape[dim]
            position = torch.arange(x.shape[dim], device=x.device).reshape(shape)
            some = counts[size].to(x.device).reshape(-1, *[1] * (x.ndim - 1))
            valid = valid & (position < some)
    return valid


def _shown(value: object) -> str:
    """What was given, where it is short, else its type."""
    text = repr(value)
    return text if len(text) <= 40 else type(value).__name__


def check_counts(name: str, counts: object, batch: int, padded: int, bound: int) -> torch.Tensor:
    """counts as int64 [batch].

    Raises TypeError, or ShapeError for a wrong shape, and, where counts lie on the CPU, for values
    below 0, above the bound or above the padded length.
    """
    if counts is None:
        raise ShapeError(
            f"size `{name}` is ragged: expected counts, `{keyword_of(name)}` integers of shape "
            f"[{batch}], got none"
        )
    if not isinstance(counts, torch.Tensor):
        try:
            counts = torch.as_tensor(counts)
        except (TypeError, ValueError, RuntimeError):
            raise TypeError(
                f"size `{name}`: expected counts, integers of shape [{batch}], got {_shown(counts)}"
            ) from None
    refuse_packed(f"size `{name}`", counts)
    if counts.is_floating_point() or counts.is_complex() or counts.dtype == torch.bool:
        raise TypeError(f"size `{name}`: expected integer counts, got {counts.dtype}")
    if not same_shape(counts.shape, (batch,)):
        raise ShapeError(
            f"size `{name}`: expected counts of shape [{batch}], one an example, "
            f"got {tuple(counts.shape)}"
        )
    if is_readable(counts):
        low, high = int(counts.min()), int(counts.max())
        if low < 0:
            raise ShapeError(f"size `{name}`: expected counts from 0, got {low}")
        if high > bound:
            raise ShapeError(
                f"size `{name}`: expected counts up to {bound}, the bound of the spec, got {high}"
            )
        if high > padded:
            raise ShapeError(
                f"size `{name}`: expected counts up to {padded}, the length that the tensors "
                f"are padded to, got {high}"
            )
    return counts.long()


def check_outputs(
    returned: object,
    tensors: Sequence[Tensor],
    rows: int,
    sizes: Mapping[str, int],
    inputs: Sequence[Tensor] = (),
    derived: Sequence[Tensor] = (),
) -> tuple[torch.Tensor, ...]:
    """What the base returned, as a tuple. Raises TypeError or ShapeError where it does not fit.

    `inputs` tell how messages name the representations of outputs, `derived` are those that the
    base does not return.
    """
    values = (returned,) if isinstance(returned, torch.Tensor) else returned
    if not isinstance(values, (tuple, list)):
        raise TypeError(
            f"the base returned {type(returned).__name__}; expected a tensor or a tuple: "
            f"{all_declared(tensors, inputs)}"
        )
    if len(values) != len(tensors):
        names = ", ".join(f"`{tensor.name}`" for tensor in derived)
        raise ShapeError(
            f"the base returned {len(values)} tensor{'s' * (len(values) != 1)}; "
            f"expected {len(tensors)}: {all_declared(tensors, inputs)}"
            + (f" ({names}: derived, not returned by the base)" if derived else "")
        )
    for tensor, value in zip(tensors, values, strict=True):
        if not isinstance(value, torch.Tensor):
            raise TypeError(
                f"output `{tensor.name}`: the base returned {type(value).__name__}, "
                f"expected a torch.Tensor"
            )
        if not (value.is_floating_point() or value.is_complex()):
            raise TypeError(
                f"output `{tensor.name}`: the base returned {value.dtype}, expected a floating "
                f"dtype: outputs are means over samples"
            )
        shape = value.shape
        if len(shape) == 2 + len(shape_of(tensor)) and shape[-1] == 1:
            raise ShapeError(
                f"output `{tensor.name}`: the base returned {len(shape)} axes, "
                f"shape {tuple(shape)}; expected {declared(tensor, [*tensors, *inputs])}: "
                f"return it with .squeeze(-1)"
            )
        _rank("output", tensor, shape, [*tensors, *inputs])
        if shape[0] != rows:
            raise ShapeError(
                f"output `{tensor.name}`, axis 0 (batch): the base was called with {rows} rows "
                f"(samples times batch), got {shape[0]}"
            )
        _axes("output", tensor, shape, sizes, [*tensors, *inputs])
    return tuple(values)


def sizes_of(
    tensors: Sequence[Tensor], values: Sequence[torch.Tensor], known: Mapping[str, int]
) -> dict[str, int]:
    """Sizes by name, read off tensors [batch, *axes]."""
    return solve_sizes(tensors, [value.shape for value in values], known)


def check_base(
    returned: object,
    inputs: Sequence[Tensor],
    outputs: Sequence[Tensor],
    known: Mapping[str, int],
    values: Sequence[torch.Tensor],
) -> tuple[torch.Tensor, ...]:
    """What the base returned for input `values`, as a tuple. Raises as `check_outputs` does.

    Of `outputs` those that are derived are not the base's.
    """
    sizes = sizes_of(inputs, values, known)
    own = of_base(outputs)
    derived = [tensor for tensor in outputs if tensor.gradient is not None]
    return check_outputs(returned, own, values[0].shape[0], sizes, inputs, derived)
