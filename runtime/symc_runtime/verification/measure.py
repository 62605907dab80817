"""All that `symc verify` measures, one step after the other."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import torch

from symc_runtime.symmetrized import Symmetrized
from symc_runtime.verification.bases import example_sizes
from symc_runtime.verification.domain import Draw
from symc_runtime.verification.group_facts import NOTHING_ELSE, group_rows
from symc_runtime.verification.guard import RAISED, why
from symc_runtime.verification.layers import in_words
from symc_runtime.verification.layers import layers as layers_of
from symc_runtime.verification.plain import Plain
from symc_runtime.verification.report import Report, Row
from symc_runtime.verification.spreads import spreads
from symc_runtime.verification.steps import steps as steps_of
from symc_runtime.verification.subject import Settings, Subject
from symc_runtime.verification.unmeasured import unseen

Progress = Callable[[str, int, int], None]
"""Called with what comes next, how many steps are done, and of how many: before each step, and at
each call of the module during it."""


def measure(
    model: Symmetrized,
    *,
    name: str,
    subject: str,
    settings: Settings | None = None,
    sizes: Mapping[str, int] | None = None,
    trusted: bool = True,
    progress: Progress | None = None,
    draw: Draw | None = None,
    layers: bool = False,
) -> Report:
    """Everything that can be measured of a model, on a copy of it.

    `draw`: draws the inputs, see `domain.Domain`; without it they are of every kind. `layers`:
    look for the submodule that loses a symmetry, too.

    `name` and `subject` are for people; `trusted=False`: the base is a stand-in, so do not measure
    the groups that it is trusted with. Raises ValueError for sizes that do not fit and
    CannotMeasureError where the model does not run, InputsError where `draw` is at fault.
    """
    settings = settings or Settings()
    chosen = example_sizes(
        model.inputs + model.outputs, model.groups, model.fixed, model.ragged, sizes
    )
    of_groups = group_rows(model.groups, model.inputs + model.outputs, chosen)
    if any(row.verdict == "broken" for row in of_groups):
        groups = tuple(str(group) for group in model.groups)
        compiled = not isinstance(model, Plain)
        return without_groups(name, groups, subject, compiled, chosen, settings, of_groups)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(settings.seed)
        called = None if progress is None else _told(progress, "first calls", 0, 1)
        measured = Subject(model, settings, sizes, trusted, called, draw)
        if measured.domain is not None:
            subject = f"{subject}, on inputs of {measured.domain.name}"
        steps = list(steps_of(measured))
        rows = of_groups
        for done, step in enumerate(steps):
            if progress is not None:
                progress(step.label, done, len(steps))
                # No partial: a copy of the model would copy what it holds.
                measured.guarded.called = _told(progress, step.label, done, len(steps))
            try:
                rows += step.measure()
            except RAISED as error:
                rows.append(
                    Row(step.test, "", "", "", step.mode, "", "unmeasured", detail=why(error))
                )
        found = layers_of(measured) if layers else ()
        concentrated = spreads(measured)
        if progress is not None:
            progress("done", len(steps), len(steps))
    return Report(
        name, tuple(str(group) for group in model.groups), subject, not measured.plain,
        dict(measured.sizes), settings.seed, tuple(rows), unseen(measured),
        tuple((layer.group, in_words(layer)) for layer in found), concentrated,
    )  # fmt: skip


def without_groups(
    name: str,
    groups: tuple[str, ...],
    subject: str,
    compiled: bool,
    sizes: Mapping[str, int],
    settings: Settings,
    rows: Sequence[Row],
) -> Report:
    """What is to be said where groups are none: nothing else is measured."""
    return Report(
        name, groups, subject, compiled, dict(sizes), settings.seed, tuple(rows), (NOTHING_ELSE,)
    )


def _told(progress: Progress, label: str, done: int, total: int) -> Callable[[], None]:
    return lambda: progress(label, done, total)
