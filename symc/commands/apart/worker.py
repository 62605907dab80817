"""The work itself, in this process; and `serve`, the process that does it for another."""

from __future__ import annotations

import contextlib
import json
import os
import sys
import threading
import time
from typing import TYPE_CHECKING, Any, TextIO

from symc.commands.apart.job import LOADING, Job, JobError, Progress
from symc.commands.defect import DEFECT, tell_defect
from symc.commands.missing import explained

if TYPE_CHECKING:
    from symc.spec import Spec

INTERRUPTED = 130
_PULSE = 0.5
"""Seconds between two signs of life that say the same."""


def done(job: Job, progress: Progress | None = None) -> str:
    """Does a job here and returns its answer. Raises JobError."""
    from symc.compilation import Compilation
    from symc.source import Source
    from symc.spec import Spec

    compilation = Compilation(Source(job.source, job.text))
    if compilation.program is None:
        raise JobError(f"`{job.source}` has errors")
    spec = Spec(compilation.source, compilation.program, compilation.diagnostics)
    return _graph(job, spec) if job.work == "graph" else _report(job, spec, progress)


def _graph(job: Job, spec: Spec) -> str:
    from symc.lower.graph import GraphBuilder
    from symc.lower.plan import make_plan
    from symc.verifying import FactoryError, made_by
    from symc_runtime.call.base_arguments import counts_taken

    plan = make_plan(spec.ir)
    taken = None
    if job.base is not None:
        try:
            taken = counts_taken(made_by(job.base), plan.ragged, plan.inputs)
        except FactoryError as error:
            raise JobError(f"--base: {error}") from error
    return f"{GraphBuilder(plan, taken).build()}\n"


def _report(job: Job, spec: Spec, progress: Progress | None) -> str:
    from symc import verifying
    from symc_runtime.call.shapes import ShapeError
    from symc_runtime.verification.guard import TOO_LARGE

    reference = job.base or job.module
    try:
        made = verifying.made_by(reference, job.seed) if reference is not None else None
    except verifying.FactoryError as error:
        raise JobError(f"{'--base' if job.base is not None else '--module'}: {error}") from error
    try:
        inputs = verifying.drawn_by(job.inputs) if job.inputs is not None else None
        given: dict[str, Any] = {
            "sizes": job.sizes, "samples": job.samples, "draws": job.draws, "seed": job.seed,
            "inputs": inputs, "layers": job.layers, "progress": progress,
        }  # fmt: skip
        if job.module is not None and made is not None:
            found = verifying.verify(made, spec=spec, **given)
        else:
            found = verifying.verify_spec(spec, base=made, **given)
    except (verifying.FactoryError, verifying.InputsError) as error:
        raise JobError(f"--inputs: {error}") from error
    except (verifying.CannotMeasureError, verifying.SizeError, ShapeError) as error:
        raise JobError(str(error)) from error
    except (MemoryError, RuntimeError) as error:
        told = str(error)
        if isinstance(error, RuntimeError) and not any(text in told for text in TOO_LARGE):
            raise
        raise JobError(
            "there is not enough memory for these sizes: give smaller ones with --size NAME=VALUE"
        ) from error
    return found.to_json()


def serve(job: str, terminal: bool) -> None:
    """Does a job for the process that started this one.

    Standard input is a line to it that is cut when it ends; standard output is for answers. The
    user's code gets neither: it reads from the terminal, if there is one, and prints to standard
    error.
    """
    lifeline, answers = os.dup(0), os.fdopen(os.dup(1), "w", encoding="utf-8")
    _give_standard_streams(terminal)
    threading.Thread(target=_end_with, args=(lifeline,), daemon=True).start()
    speaker = _Speaker(answers)
    try:
        _answer(Job.from_json(job), speaker)
    except KeyboardInterrupt:
        # Who started this was interrupted, too, and tells.
        os._exit(INTERRUPTED)


def _answer(job: Job, speaker: _Speaker) -> None:
    try:
        import symc.verifying  # noqa: F401  torch, seconds before anything of the user's runs

        speaker.step(LOADING, 0, 1)
        speaker.say(answer=done(job, speaker.step))
    except JobError as error:
        speaker.say(error=str(error))
    except Exception as error:
        missing = explained(error) if isinstance(error, ModuleNotFoundError) else None
        if missing is not None:
            speaker.say(error=missing)
            return
        tell_defect(error)
        speaker.say(status=DEFECT)


class _Speaker:
    """Answers, a line each."""

    def __init__(self, stream: TextIO) -> None:
        self.stream = stream
        self.last: tuple[str, int, int] | None = None
        self.when = 0.0

    def step(self, label: str, done: int, total: int) -> None:
        """What goes on, whenever that is something else, and now and then."""
        now = time.monotonic()
        if (label, done, total) != self.last or now - self.when > _PULSE:
            self.last, self.when = (label, done, total), now
            self.say(step=self.last)

    def say(self, **answer: object) -> None:
        self.stream.write(json.dumps(answer) + "\n")
        self.stream.flush()


def _give_standard_streams(terminal: bool) -> None:
    source = os.open(os.devnull, os.O_RDONLY)
    if terminal:
        # For who debugs: `breakpoint()` in a forward.
        with contextlib.suppress(OSError):
            source = os.open("/dev/tty", os.O_RDONLY)
    os.dup2(source, 0)
    os.dup2(2, 1)
    sys.stdin = os.fdopen(0, closefd=False)
    sys.stdout = sys.stderr


def _end_with(lifeline: int) -> None:
    """Ends this process when the one at the other end of the line ends, however that happens."""
    try:
        while os.read(lifeline, 1):
            pass
    except OSError:
        return  # the user's code has closed it, and what it is to answer by: that is told there
    os._exit(INTERRUPTED)
