"""Code of users runs in a process of its own: it may hang, exit or crash, and that is said."""

from __future__ import annotations

from collections.abc import Callable

from symc.commands.apart.job import Job, JobError, Progress
from symc.commands.apart.keeper import WorkerFailedError, run
from symc.commands.apart.worker import done
from symc.commands.reading import InputError


def answer_of(
    job: Job,
    timeout: float,
    progress: Progress | None = None,
    prints: Callable[[str], None] | None = None,
) -> str:
    """The answer of a job; one without code of the user's is done here.

    See `keeper.run`. Raises InputError where code or sizes of the user's are at fault.
    """
    try:
        if job.code:
            return run(job, timeout, progress, prints)
        return done(job, progress)
    except JobError as error:
        raise InputError(str(error)) from error
    except WorkerFailedError as failed:
        raise SystemExit(failed.status) from failed
