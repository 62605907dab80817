"""Measure whether a module has the symmetry of a spec."""

from __future__ import annotations

import difflib
import importlib
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import nn

from symc.bounds import MOST_DRAWS, MOST_SAMPLES, MOST_SEED
from symc.building import build
from symc.lower.module import CompiledModel
from symc.lower.plan import make_plan
from symc.spec import Spec, load
from symc_runtime.symmetrized import Symmetrized
from symc_runtime.verification.bases import SizeError, example_sizes, flat_base
from symc_runtime.verification.blame import said
from symc_runtime.verification.domain import Draw, InputsError
from symc_runtime.verification.group_facts import group_rows
from symc_runtime.verification.measure import Progress, measure, without_groups
from symc_runtime.verification.plain import Plain
from symc_runtime.verification.report import Report
from symc_runtime.verification.subject import CannotMeasureError, Settings

if TYPE_CHECKING:
    from types import ModuleType

__all__ = [
    "CannotMeasureError",
    "FactoryError",
    "InputsError",
    "Report",
    "SizeError",
    "drawn_by",
    "made_by",
    "verify",
    "verify_spec",
]


OURS = str(Path(__file__).parent)


class FactoryError(ValueError):
    """A reference `package.module:factory` that gives no module: what, where, what to write."""


def verify(
    model: nn.Module,
    *,
    spec: str | Path | Spec | None = None,
    sizes: Mapping[str, int] | None = None,
    samples: int = 8,
    draws: int = 4000,
    seed: int = 0,
    inputs: Draw | None = None,
    layers: bool = False,
    progress: Progress | None = None,
) -> Report:
    """What `symc verify` prints, of a model at hand.

    Args:
        model: a module that symc built; with `spec`, any nn.Module that takes the declared inputs
            (and counts where its forward names a ragged size): its own law is measured then.
            The model is left as it is: a copy on the CPU is measured.
        spec: a path, spec text or a loaded Spec.
        sizes: values for free sizes, a padded length for ragged ones; default: small ones.
        samples: inputs of each kind in the exact tests.
        draws: noises in the statistical tests.
        seed: of everything random; the generators of the process are left as they are.
        inputs: draws the inputs to measure on, where not every tensor of the right shape is one. It
            gets those of `batch`, `generator`, `sizes` and `dtype` that it names, and returns
            tensors [batch, ...] in the order of the spec, or a dict by name, counts of ragged
            sizes included. With an input it should draw what the groups make of it, too.
        layers: say in which submodule each group is lost first; of a model of symc, where its base
            loses the groups that it is trusted with.
        progress: called with a label, how many steps are done, and of how many, at each step and
            at each call of the model.

    Raises:
        TypeError: the model was not built by symc, and there is no spec; an argument of another
            type.
        ValueError: samples, draws or seed out of range.
        SpecError: the spec has errors.
        SizeError: sizes that the spec does not have or allow (a ValueError).
        CannotMeasureError: the model does not run on inputs of the spec.
        InputsError: `inputs` raises, or what it returns does not fit (a ValueError).
    """
    settings = _settings(samples, draws, seed, sizes)
    if spec is not None:
        loaded = load(spec)
        subject = f"{type(model).__name__}, not built by symc"
        plain = _plain(loaded, model)
        return measure(
            plain, name=loaded.name, subject=subject, settings=settings, sizes=sizes,
            progress=progress, draw=inputs, layers=layers,
        )  # fmt: skip
    if not isinstance(model, Symmetrized):
        raise TypeError(
            f"model: {type(model).__name__} was not built by symc; say what it should have: "
            f"verify(model, spec=...)"
        )
    name = model.program.name if isinstance(model, CompiledModel) else model.title
    return measure(
        model,
        name=name or type(model).__name__,
        subject=f"symmetrized around {type(model.base).__name__}",
        settings=settings,
        sizes=sizes,
        progress=progress,
        draw=inputs,
        layers=layers,
    )


def verify_spec(
    spec: Spec,
    *,
    base: nn.Module | None = None,
    sizes: Mapping[str, int] | None = None,
    samples: int = 8,
    draws: int = 4000,
    seed: int = 0,
    inputs: Draw | None = None,
    layers: bool = False,
    progress: Progress | None = None,
) -> Report:
    """What `symc verify SPEC` prints: the spec, built around `base` or a random one."""
    settings = _settings(samples, draws, seed, sizes)
    subject = f"symmetrized around {'a random base' if base is None else type(base).__name__}"
    random = base is None
    plan = make_plan(spec.ir)
    tensors = plan.inputs + plan.outputs
    chosen = example_sizes(tensors, plan.groups, plan.fixed, plan.ragged, sizes)
    # Before it is built, which reads what the groups say.
    of_groups = group_rows(plan.groups, tensors, chosen)
    if any(row.verdict == "broken" for row in of_groups):
        groups = tuple(str(group) for group in plan.groups)
        return without_groups(spec.name, groups, subject, True, chosen, settings, of_groups)
    if base is None:
        base = flat_base(plan.inputs, plan.outputs, chosen, seed)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = build(spec, base)
    return measure(
        model,
        name=spec.name,
        subject=subject,
        settings=settings,
        sizes=sizes,
        trusted=not random,
        progress=progress,
        draw=inputs,
        layers=layers,
    )


def _settings(samples: int, draws: int, seed: int, sizes: Mapping[str, int] | None) -> Settings:
    if sizes is not None and not isinstance(sizes, Mapping):
        raise TypeError(f"sizes: expected a dict by name, got {type(sizes).__name__}")
    for name, value, least, most in (
        ("samples", samples, 1, MOST_SAMPLES),
        ("draws", draws, 1, MOST_DRAWS),
        ("seed", seed, 0, MOST_SEED),
    ):
        if isinstance(value, bool) or not isinstance(value, int):
            raise TypeError(f"{name}: expected an int, got {type(value).__name__}")
        if not least <= value <= most:
            raise ValueError(f"{name}: a whole number from {least} to {most:,}, not {value}")
    return Settings(samples, draws, seed)


def _plain(spec: Spec, module: nn.Module) -> Plain:
    if not isinstance(module, nn.Module):
        raise TypeError(f"model: expected a torch.nn.Module, got {type(module).__name__}")
    plan = make_plan(spec.ir)
    return Plain(module, plan.groups, plan.inputs, plan.outputs, plan.ragged, plan.fixed)


def made_by(reference: str, seed: int = 0) -> nn.Module:
    """The module that `package.module:factory` makes, looked for in the working folder first.

    The factory is called without arguments, after torch.manual_seed(seed); a module that is there
    already is taken as it is. Raises FactoryError.
    """
    found, name, factory = _found(reference)
    if isinstance(found, nn.Module):
        return found
    if not callable(found):
        raise FactoryError(
            f"`{reference}` is {type(found).__name__}: give a function without arguments that "
            f"returns a torch.nn.Module"
        )
    try:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            made = found()
    except (Exception, SystemExit) as error:
        raise FactoryError(f"`{factory}()` of `{name}` raised {said(error, OURS)}") from error
    if not isinstance(made, nn.Module):
        raise FactoryError(
            f"`{factory}()` of `{name}` returned {type(made).__name__}, no torch.nn.Module"
        )
    return made


def drawn_by(reference: str) -> Draw:
    """The function `package.module:function` that draws inputs. Raises FactoryError."""
    found, _, _ = _found(reference)
    if not callable(found):
        raise FactoryError(
            f"`{reference}` is {type(found).__name__}: give a function that draws inputs"
        )
    draw: Draw = found
    return draw


def _found(reference: str) -> tuple[Any, str, str]:
    """What a reference names, its module and its name there."""
    name, _, factory = reference.partition(":")
    if not name or not factory:
        hint = "give package.module:factory, such as `my_models:make_base`"
        raise FactoryError(f"`{reference}` names no factory: {hint}")
    if name.endswith(".py") or os.sep in name:
        raise FactoryError(f"`{name}` is a file: {_as_module(name, factory)}")
    module = _imported(name)
    found = getattr(module, factory, None)
    if found is None:
        close = difflib.get_close_matches(factory, dir(module), n=1)
        hint = f"; did you mean `{name}:{close[0]}`?" if close else ""
        raise FactoryError(f"`{name}` ({_place(module)}) has no `{factory}`{hint}")
    return found, name, factory


def _as_module(file: str, factory: str) -> str:
    """What to write instead of a file."""
    path = Path(file).resolve()
    try:
        parts = path.relative_to(Path.cwd()).with_suffix("").parts
    except ValueError:
        # Elsewhere: found if its folder is on the path.
        return f"write `{path.stem}:{factory}` with {path.parent} in PYTHONPATH"
    return f"write its module, `{'.'.join(parts)}:{factory}`"


def _imported(name: str) -> ModuleType:
    if "" not in sys.path:
        sys.path.insert(0, "")
    importlib.invalidate_caches()
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name and (name == error.name or name.startswith(error.name + ".")):
            raise FactoryError(
                f"there is no module `{error.name}`, neither in {os.getcwd()} nor installed"
            ) from error
        raise FactoryError(f"importing `{name}` failed: {said(error, OURS)}") from error
    except (Exception, SystemExit) as error:
        raise FactoryError(f"importing `{name}` failed: {said(error, OURS)}") from error


def _place(module: ModuleType) -> str:
    return getattr(module, "__file__", None) or "built in"
