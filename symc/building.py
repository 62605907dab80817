"""From a spec and a base model to an equivariant module."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from pathlib import Path

from torch import nn

from symc.checking import check_document
from symc.diagnostics.diagnostic import Diagnostic
from symc.ir.program import Program
from symc.ir.sizes import LIMIT
from symc.lower.module import CompiledModel
from symc.lower.plan import make_plan
from symc.proofs import prove
from symc.source import Span
from symc.spec import Spec, SpecError, load_given
from symc.syntax.parse import parse


def _refuse_unknown(what: str, given: Iterable[str], known: Iterable[str]) -> None:
    names = sorted(known)
    for name in given:
        if name not in names:
            close = difflib.get_close_matches(name, names, n=1)
            hint = f"; did you mean {close[0]!r}?" if close else ""
            listed = ", ".join(repr(n) for n in names) or "none"
            raise ValueError(f"{what}: the spec has no {name!r}{hint} (it has: {listed})")


def with_sizes(program: Program, sizes: Mapping[str, int]) -> Program:
    """The program with free sizes fixed.

    Raises ValueError for a name that is no size, for one fixed to another value, for a ragged one.
    """
    _refuse_unknown("sizes", sizes, (variable.name for variable in program.sizes))
    variables = []
    for variable in program.sizes:
        value = sizes.get(variable.name)
        if value is not None:
            if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value < LIMIT:
                raise ValueError(
                    f"sizes: {variable.name!r} is a whole number from 1 to {LIMIT - 1}, "
                    f"not {value!r}"
                )
            if variable.kind == "ragged":
                raise ValueError(
                    f"sizes: {variable.name!r} is ragged, its counts are given at each call; "
                    f"write `size {variable.name} = {value}` to fix it"
                )
            if variable.kind == "fixed" and variable.value != value:
                raise ValueError(
                    f"sizes: the spec fixes {variable.name!r} to {variable.value}, got {value}"
                )
            variable = variable.model_copy(update={"kind": "fixed", "value": value})
        variables.append(variable)
    return program.model_copy(update={"sizes": tuple(variables)})


def build(
    spec: str | Path | Spec,
    base: nn.Module,
    *,
    sizes: Mapping[str, int] | None = None,
    distributions: Mapping[str, nn.Module] | None = None,
    chunk: int | None = None,
) -> CompiledModel:
    """The base model, made equivariant as the spec says.

    Args:
        spec: a path (a Path, or a string that ends in .sym), spec text, or a loaded Spec.
        base: any module that takes the inputs in order, [K * batch, *axes] each, and returns the
            outputs, a tensor or a tuple.
        sizes: values for free sizes, by name; nets then use plain linear layers for them, and no
            input need tell them.
        distributions: a module of your own for a group, by the group's name, called as
            net(noise, *inputs), all [K*B, ...], inputs as its stage sees them. It returns scores
            [K*B, n] for S(n), d row vectors [K*B, d, d] for a linear group. Noise is normal,
            [K*B, n, 4] for S(n), [K*B, d, d] for a linear group, whose d vectors are isotropic;
            under `canonical` [K*B, n, 0] and [K*B, 0, d]. For a finite group that acts by tables,
            such as C(k), it is called as net(*poses), every pose g^-1 x of every example
            [rows, ...], and returns a score each, [rows]; for Z2(k) as net(*inputs), [rows, ...],
            and returns scores [rows, k] that change their signs as the items do.
        chunk: run this many samples at a time, so that memory stays bounded.

    Returns:
        The module; call it with the inputs [batch, *axes] (see `Symmetrized.forward`).

    Raises:
        SpecError: the spec has errors, or has with these sizes; its `diagnostics` say which.
        ValueError: unknown keys of sizes or distributions, values that contradict the spec, a
            chunk below 1.
        TypeError: base or a distribution is no nn.Module, chunk no int, sizes or distributions no
            dict, spec none of the above.
        OSError: the file cannot be read.
    """
    if not isinstance(base, nn.Module):
        raise TypeError(f"base: expected a torch.nn.Module, got {type(base).__name__}")
    if chunk is not None and (isinstance(chunk, bool) or not isinstance(chunk, int)):
        raise TypeError(f"chunk: expected an int, got {type(chunk).__name__}")
    if chunk is not None and chunk < 1:
        raise ValueError(f"chunk: a whole number from 1, not {chunk}")
    for what, given in (("sizes", sizes), ("distributions", distributions)):
        if given is not None and not isinstance(given, Mapping):
            raise TypeError(f"{what}: expected a dict by name, got {type(given).__name__}")
    for name, net in (distributions or {}).items():
        if not isinstance(net, nn.Module):
            raise TypeError(
                f"distributions: {name!r}: expected a torch.nn.Module, got {type(net).__name__}"
            )
    loaded = load_given(spec, sizes or ())
    program = loaded.ir
    if sizes:
        program = with_sizes(program, sizes)
        _refuse_meaningless(loaded, program, sizes)
    plan = make_plan(program)
    drawn = {
        stage.group.name
        for stage in plan.stages
        if stage.stage.method in _REPLACEABLE and stage.distribution is not None
    }
    for stage in program.stages:
        if stage.group in (distributions or {}) and stage.group not in drawn:
            raise ValueError(
                f"distributions: the spec has no {stage.group!r} with a net to replace: "
                f"`{stage.method}` has none; write `symmetrize {stage.group} by probabilistic`"
            )
    _refuse_unknown("distributions", distributions or {}, drawn)
    return CompiledModel(plan, base, distributions=distributions, chunk=chunk)


def _refuse_meaningless(spec: Spec, program: Program, sizes: Mapping[str, int]) -> None:
    """Raise SpecError for what is proved to be wrong only now that the sizes are known."""
    wrong = [proof for proof in prove(program) if proof.severity == "error"]
    if not wrong:
        return
    parsed = parse(spec.source)
    result = check_document(parsed.document, spec.source, spec.name, values=sizes, given=sizes)
    codes = {proof.code for proof in wrong}
    found = [diagnostic for diagnostic in result.diagnostics if diagnostic.code in codes]
    # A program that was changed by hand may have left its text behind.
    placed = found or [
        Diagnostic(str(p.code), f"{p.statement}: {p.reason}", spec.source, Span(0, 0), help=p.help)
        for p in wrong
    ]
    raise SpecError(placed)


_REPLACEABLE = ("canonical", "probabilistic")
