"""What a base's forward says of its arguments: which counts it takes, whether inputs fit them."""

from __future__ import annotations

import inspect
import sys
import warnings
from collections.abc import Mapping, Sequence

from torch import nn

from symc_runtime.spec.layout import Tensor

Parameters = list[inspect.Parameter]


class InputOrderWarning(UserWarning):
    """A base whose forward names the inputs in another order than that of the spec."""


def counts_taken(
    base: nn.Module, ragged: Mapping[str, int], inputs: Sequence[Tensor]
) -> tuple[str, ...]:
    """The ragged sizes that the base's forward names: it gets their counts as keywords.

    Parameters that the inputs fill, and `*args`, name no size.

    A base made for any name of a size (`forward(self, *inputs, **counts)`) says it in `ragged`.
    Of a base in a wrapper (torch.compile, DistributedDataParallel) the base says it.

    Where a wrapper of the user's, a hook or a `__call__` may change the arguments, nothing is said
    of those that the forward gets.

    Raises:
        TypeError: the forward wants an argument that nothing gives.

    Warns:
        InputOrderWarning: the forward names the inputs in another order.
    """
    *wrappers, base = _layers(base)
    parameters = _parameters(base)
    said = getattr(base, "ragged", None)
    keywords = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
    free = [
        each.name
        for index, each in enumerate(parameters)
        if each.kind in keywords and (index >= len(inputs) or each.kind == keywords[1])
    ]
    taken = tuple(name for name in ragged if name in free or name == said)
    if not _changes_arguments(base) and all(map(_hands_on, wrappers)):
        _refuse_unfilled(parameters, taken, ragged, inputs)
        _warn_of_order(parameters, inputs)
    return taken


def _parameters(base: nn.Module) -> Parameters:
    try:
        # Of a wrapped function the wrapper is called, and may fill in arguments.
        signature = inspect.signature(base.forward, follow_wrapped=False)
    except (TypeError, ValueError):
        # A forward that is no Python function says nothing.
        return []
    return list(signature.parameters.values())


def _refuse_unfilled(
    parameters: Parameters,
    taken: Sequence[str],
    ragged: Mapping[str, int],
    inputs: Sequence[Tensor],
) -> None:
    positional = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    places = [each for each in parameters if each.kind in positional]
    wanted = [each for each in places[len(inputs) :] if each.name not in taken]
    wanted += [
        each
        for each in parameters
        if each.kind == inspect.Parameter.KEYWORD_ONLY and each.name not in taken
    ]
    unfilled = [each.name for each in wanted if each.default is inspect.Parameter.empty]
    if not unfilled:
        return
    names = ", ".join(f"`{tensor.name}`" for tensor in inputs)
    spare = [f"`{size}`" for size in ragged if size not in taken]
    hint = (
        f"counts come by the name of their size: name it {' or '.join(spare)}"
        if spare
        else "give it a default, or declare an input for it"
    )
    raise TypeError(
        f"the base's forward wants `{unfilled[0]}`, which nothing gives: it is called with "
        f"the input{'s' * (len(inputs) != 1)} {names}; {hint}"
    )


def _warn_of_order(parameters: Parameters, inputs: Sequence[Tensor]) -> None:
    names = [tensor.name for tensor in inputs]
    places = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    takes = [each.name for each in parameters if each.kind in places][: len(names)]
    pairs = list(zip(names, takes, strict=False))
    swapped = [(name, taken) for name, taken in pairs if name != taken and taken in names]
    if not swapped:
        return
    told = ", ".join(f"`{name}` as its `{taken}`" for name, taken in swapped)
    warnings.warn(
        f"the base's forward takes ({', '.join(takes)}), but gets the inputs in the order of the "
        f"spec, ({', '.join(names)}): {told}; bring one of them into the order of the other",
        InputOrderWarning,
        stacklevel=_frames_to_caller(),
    )


def _frames_to_caller() -> int:
    """How many frames up, from the caller of this, the code is that is not symc's."""
    level, frame = 1, sys._getframe(1)
    while frame.f_back is not None and _is_ours(frame.f_globals.get("__name__", "")):
        level, frame = level + 1, frame.f_back
    return level


def _is_ours(module: str) -> bool:
    return module.partition(".")[0] in ("symc", "symc_runtime")


def _layers(base: nn.Module) -> list[nn.Module]:
    """The wrappers whose forward names no parameter and passes all of them on, and what is inside.

    A forward without `**` passes no counts on.
    """
    layers = [base]
    while True:
        kinds = {each.kind for each in _parameters(layers[-1])}
        if kinds != {inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD}:
            return layers
        inner = getattr(layers[-1], "_orig_mod", getattr(layers[-1], "module", None))
        if not isinstance(inner, nn.Module):
            return layers
        layers.append(inner)


def _hands_on(wrapper: nn.Module) -> bool:
    """Whether what is in a wrapper surely gets the arguments that the wrapper gets.

    Of `verify`, which wraps a base again and again, nobody wants to be told anew.
    """
    of_torch = type(wrapper).__module__.partition(".")[0] == "torch"
    return of_torch and not wrapper._forward_pre_hooks


def _changes_arguments(base: nn.Module) -> bool:
    """Whether the forward of a module may get other arguments than the module."""
    return type(base).__call__ is not nn.Module.__call__ or bool(base._forward_pre_hooks)
