"""Starts a process for a job, listens to it, and ends it: it outlives neither time nor this one."""

from __future__ import annotations

import contextlib
import json
import os
import queue
import signal
import subprocess
import sys
import threading
import time
from codecs import getincrementaldecoder
from collections.abc import Callable
from typing import IO

from symc.commands.apart.job import KEYS, LOADING, Answer, Job, JobError, Progress

_STARTING = 600.0
"""Seconds that torch may take to load, at least: nothing of the user's runs before."""
_TICK = 0.2
_GRACE = 2.0
"""Seconds that a process has to end by itself."""
_AT_EXIT = 30.0
"""The same once it has answered: threads and exit handlers of the user's code."""
# The current folder is not searched (-P): a `json.py` in it would run before anything was asked.
_START = """\
import json, sys
given = json.loads(sys.stdin.buffer.readline())
sys.path[:] = given["path"]
from symc.commands.apart.worker import serve
serve(given["job"], given["terminal"])
"""


class WorkerFailedError(Exception):
    """The process has told all itself; `status` is what to exit with."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


def run(
    job: Job,
    timeout: float = 0,
    progress: Progress | None = None,
    prints: Callable[[str], None] | None = None,
) -> str:
    """The answer of a job that runs in a process of its own.

    `timeout`: seconds without a step forward after which it is ended, 0: none. `prints` gets what
    the user's code prints; without it, that goes to standard error. Raises JobError where the
    job fails, ends early or hangs, WorkerFailedError where symc is at fault.
    """
    # On a terminal they share the group that Ctrl-C interrupts and that may read. Elsewhere the
    # group is of its own, so that what the user's code starts ends where that has to be ended.
    apart = os.name == "posix" and not sys.stdin.isatty()
    process = _started(job, apart, prints is not None)
    lines: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
    threads = [threading.Thread(target=_listen, args=(process.stdout, lines), daemon=True)]
    if prints is not None:
        threads.append(threading.Thread(target=_copy, args=(process.stderr, prints), daemon=True))
    for thread in threads:
        thread.start()
    whole = False
    try:
        answer = _last(process, lines, job, timeout, progress)
        whole = _wait(process, _AT_EXIT)
    except KeyboardInterrupt:
        if apart:
            _kill_group(process.pid, signal.SIGINT)
        _wait(process, _GRACE)
        raise
    finally:
        if apart and not whole:
            _kill_group(process.pid, signal.SIGKILL)
        process.kill()
        process.wait()
        for thread in threads:
            # What it started may hold the pipes open.
            thread.join(_GRACE)
        for stream in (process.stdin, process.stdout, process.stderr):
            if stream is not None and not any(thread.is_alive() for thread in threads):
                with contextlib.suppress(BrokenPipeError):
                    stream.close()
    if "error" in answer:
        raise JobError(answer["error"])
    if "status" in answer:
        raise WorkerFailedError(answer["status"])
    return str(answer["answer"])


def _started(job: Job, apart: bool, captured: bool) -> subprocess.Popen[bytes]:
    flags = ["-P"]
    flags += ["-I"] * bool(sys.flags.isolated) + ["-E"] * bool(sys.flags.ignore_environment)
    flags += ["-s"] * bool(sys.flags.no_user_site)
    process = subprocess.Popen(
        [sys.executable, *flags, "-c", _START],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE if captured else None,
        process_group=0 if apart else None,
    )
    given = {"path": sys.path, "job": job.to_json(), "terminal": sys.stdin.isatty()}
    assert process.stdin is not None
    # It may be gone already; then that is what is said. The line stays open while this one lives.
    with contextlib.suppress(BrokenPipeError):
        process.stdin.write(json.dumps(given).encode() + b"\n")
        process.stdin.flush()
    return process


def _last(
    process: subprocess.Popen[bytes],
    lines: queue.SimpleQueue[bytes | None],
    job: Job,
    timeout: float,
    progress: Progress | None,
) -> Answer:
    """The last of the answers; the others are told to `progress`."""
    during = "before it did anything"
    heard, allowed = time.monotonic(), max(timeout, _STARTING)
    while True:
        ended = process.poll() is not None
        try:
            line = lines.get(timeout=_TICK)
        except queue.Empty:
            # A process that it started may hold the pipe open.
            if ended:
                raise JobError(_death(process.returncode, job, during)) from None
            if timeout and time.monotonic() - heard > allowed:
                raise JobError(_hang(timeout, job, during)) from None
            continue
        if line is None:
            _wait(process, _GRACE)
            raise JobError(_death(process.returncode, job, during))
        answer = _answer(line)
        if answer is None:
            continue
        if "step" not in answer:
            return answer
        label, done, total = answer["step"]
        heard, allowed = time.monotonic(), timeout
        during = "while it was loaded" if label == LOADING else f"in the step `{label}`"
        if progress is not None:
            progress(label, done, total)


def _answer(line: bytes) -> Answer | None:
    """What a line says; None of what other code writes, wherever it can."""
    try:
        found = json.loads(line)
    except ValueError:
        return None
    return found if isinstance(found, dict) and len(found) == 1 and found.keys() <= KEYS else None


def _death(status: int | None, job: Job, during: str) -> str:
    head = f"the process that ran `{job.code}` "
    if status is None:
        return f"{head}cut its connection {during}"
    if status >= 0:
        return f"{head}ended itself with status {status} {during}: does the code call `os._exit`?"
    try:
        name = signal.Signals(-status).name
    except ValueError:
        name = str(-status)
    hints = {
        "SIGKILL": ": the system does so where memory runs out; --size and --samples take less",
        "SIGSEGV": ": a defect of compiled code that it calls",
        "SIGABRT": ": compiled code that it calls gave up",
    }
    return f"{head}was ended by {name} {during}{hints.get(name, '')}"


def _hang(timeout: float, job: Job, during: str) -> str:
    return (
        f"`{job.code}` took more than {timeout:g} s {during} without a step forward, and was "
        "ended: does it hang, or wait for input? `--timeout` gives it longer, 0 for ever"
    )


def _wait(process: subprocess.Popen[bytes], patience: float) -> bool:
    """Whether it ends in that time."""
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(patience)
    return process.returncode is not None


def _kill_group(group: int, with_signal: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(group, with_signal)


def _listen(stream: IO[bytes], lines: queue.SimpleQueue[bytes | None]) -> None:
    for line in stream:
        lines.put(line)
    lines.put(None)


def _copy(stream: IO[bytes], prints: Callable[[str], None]) -> None:
    decoder = getincrementaldecoder("utf-8")("replace")
    while data := os.read(stream.fileno(), 65536):
        prints(decoder.decode(data))
