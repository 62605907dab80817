"""The arguments of a call by position and by name, as a Python function of the inputs has them."""

from __future__ import annotations

import difflib
import inspect
from collections.abc import Callable, Iterable, Mapping, Sequence
from types import FunctionType
from typing import Any

from symc_runtime.call.reserved import RESERVED, keyword_of
from symc_runtime.call.shapes import all_declared
from symc_runtime.spec.layout import Tensor


def bound(
    declared: Sequence[Tensor],
    given: tuple[Any, ...],
    named: Mapping[str, Any],
    ragged: Iterable[str],
) -> tuple[tuple[Any, ...], Mapping[str, Any]]:
    """The inputs in the order of the spec, and what else was named.

    Raises TypeError where Python would: for an input that is missing, given twice, or one too many.
    """
    if len(given) == len(declared) and not named:
        return given, named
    free = [tensor.name for tensor in declared if tensor.name not in RESERVED]
    if len(given) > len(declared):
        raise TypeError(f"{_expected(declared, len(given))}{_by_name(ragged)}")
    for tensor in declared[: len(given)]:
        if tensor.name in named and tensor.name in free:
            raise TypeError(
                f"input `{tensor.name}` is given twice: by position and as `{tensor.name}=`"
            )
    values, missing = list(given), []
    for tensor in declared[len(given) :]:
        if tensor.name in named and tensor.name in free:
            values.append(named[tensor.name])
        else:
            missing.append(tensor.name)
    if missing:
        raise TypeError(_missing(declared, len(values), missing, named))
    return tuple(values), {name: value for name, value in named.items() if name not in free}


def _expected(declared: Sequence[Tensor], came: int) -> str:
    plural = "s" * (len(declared) != 1)
    return f"expected {len(declared)} input{plural}, {all_declared(declared)}, got {came}"


def _by_name(ragged: Iterable[str]) -> str:
    """How counts are given, where they may have come as one input more."""
    ways = ", ".join(f"`{keyword_of(size)}`" for size in ragged)
    return f"; counts go by name, {ways}" if ways else ""


def _missing(
    declared: Sequence[Tensor], came: int, missing: Sequence[str], named: Mapping[str, Any]
) -> str:
    names = ", ".join(f"`{name}`" for name in missing)
    hidden = [name for name in missing if name in RESERVED]
    said = f"{_expected(declared, came)}: {names} {'is' if len(missing) == 1 else 'are'} missing"
    if hidden:
        return f"{said}; an input named `{hidden[0]}` goes by position"
    known = {tensor.name for tensor in declared}
    unknown = [name for name in named if name not in known]
    for name in unknown:
        close = difflib.get_close_matches(name, missing, n=1)
        if close:
            return f"{said}; is `{name}=` meant to be `{close[0]}=`?"
    return said


def unknown_name(name: str, declared: Sequence[Tensor], sizes: Iterable[str]) -> str:
    """What to say of a name at a call that is neither an input nor a size."""
    if name == "generator":
        return (
            "generator: the noise is drawn first, noise = model.draw_noise(..., "
            "generator=generator), then model(..., noise=noise)"
        )
    inputs = [tensor.name for tensor in declared]
    if name in inputs and name in RESERVED:
        return f"an input named `{name}` goes by position: a call has that name already"
    if name in inputs:
        return f"`{name}` is an input, but stands in `sizes`, which takes sizes alone"
    sizes = sorted(sizes)
    close = difflib.get_close_matches(name, [*inputs, *sizes], n=1)
    hint = f" (did you mean `{close[0]}`?)" if close else ""
    listed = ", ".join(f"`{n}`" for n in sizes) or "none"
    return (
        f"`{name}` is no size of the spec, and no input{hint}; "
        f"its inputs: {', '.join(f'`{n}`' for n in inputs)}; its sizes: {listed}"
    )


def refuse_clash(name: str, value: object, sizes: Iterable[str]) -> None:
    """Raise TypeError where a size of this name was given as if the argument `name` were it."""
    if name in sizes and not isinstance(value, Mapping):
        raise TypeError(
            f"`{name}=` is an argument of every call: give the size of that name as "
            f"{keyword_of(name)}"
        )


def with_names(
    function: Callable[..., Any], declared: Sequence[Tensor], sizes: Iterable[str]
) -> Callable[..., Any]:
    """A method that takes `*inputs` and `**counts`, with a signature that names all of them.

    `help`, editors and the `dynamic_shapes` of `torch.export` read signatures. Where an input has
    a name in `RESERVED`, or of an argument, no signature says so, and the method is left as it is.
    """
    names = [tensor.name for tensor in declared]
    if not isinstance(function, FunctionType):
        return function
    keyword, positional = inspect.Parameter.KEYWORD_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD
    own = [p for p in inspect.signature(function).parameters.values() if p.kind == keyword]
    if not RESERVED.union(p.name for p in own).isdisjoint(names):
        return function
    taken = {*names, *(p.name for p in own)}
    parameters = [
        inspect.Parameter("self", inspect.Parameter.POSITIONAL_ONLY),
        *(inspect.Parameter(name, positional, annotation="torch.Tensor") for name in names),
        *own,
        *(
            inspect.Parameter(name, keyword, default=None)
            for name in sorted(sizes)
            if name not in RESERVED and name not in taken
        ),
    ]
    copy = FunctionType(
        function.__code__,
        function.__globals__,
        function.__name__,
        function.__defaults__,
        function.__closure__,
    )
    copy.__kwdefaults__ = function.__kwdefaults__
    copy.__annotations__ = function.__annotations__
    copy.__doc__ = function.__doc__
    copy.__qualname__ = function.__qualname__
    copy.__module__ = function.__module__
    copy.__signature__ = inspect.Signature(  # type: ignore[attr-defined]
        parameters, return_annotation=inspect.signature(function).return_annotation
    )
    return copy
