"""A process of its own for code of users: however that ends, or does not, it is said."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from symc.commands.apart import keeper, worker
from symc.commands.apart.job import Job, JobError

JOB = Job("verify", "a.sym", "input x[3]\noutput y\n", module="mine:make")
# What the process runs, but for torch and the work itself, which is the body.
START = """\
import json, sys, types
given = json.loads(sys.stdin.buffer.readline())
sys.path[:] = given["path"]
sys.modules["symc.verifying"] = types.ModuleType("symc.verifying")
import ctypes, os, signal, subprocess, threading, time
from symc.commands.apart import worker
from symc.commands.apart.job import JobError
def done(job, progress):
    {}
worker.done = done
worker.serve(given["job"], given["terminal"])
"""
RUN = """\
import sys
from symc.commands.apart import keeper
from symc.commands.apart.job import Job
keeper._START = {!r}
sys.stdin = open("/dev/null")
keeper.run(Job("verify", "a", "", module="mine:make"))
"""


def run(
    monkeypatch: pytest.MonkeyPatch, *body: str, timeout: float = 0, steps: list[str] | None = None
) -> str:
    """The answer of a process that does this."""
    monkeypatch.setattr(keeper, "_START", START.format("\n    ".join(body)))
    monkeypatch.setattr(sys, "stdin", open(os.devnull))  # noqa: SIM115
    told = [] if steps is None else steps
    return keeper.run(JOB, timeout, lambda label, done, total: told.append(label))


def ended(pid: int) -> bool:
    """Whether a process is gone, within some seconds; one that nobody buried is."""
    for _ in range(100):
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except (FileNotFoundError, ProcessLookupError):
            return True
        if state == "Z":
            return True
        time.sleep(0.1)
    return False


def test_steps_and_an_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    steps: list[str] = []
    body = ("progress('law', 1, 2)", "progress('law', 1, 2)", "return job.module + '\\n\\u202e'")
    assert run(monkeypatch, *body, steps=steps) == "mine:make\n\u202e"
    assert steps == ["starting", "law"]


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("os._exit(0)", "ended itself with status 0 while it was loaded: does the code call `os._"),
        ("os._exit(3)", "ended itself with status 3"),
        ("sys.exit(0)", "ended itself with status 0"),
        ("os.kill(os.getpid(), signal.SIGKILL)", "by SIGKILL while it was loaded: the system does"),
        ("progress('law', 3, 9); os.abort()", "was ended by SIGABRT in the step `law`"),
        ("ctypes.string_at(0)", "was ended by SIGSEGV"),
        ("os.closerange(3, 99); time.sleep(99)", "cut its connection"),
        ("subprocess.Popen(['sleep', '99']); os.fork() or time.sleep(99); os._exit(5)", "status 5"),
        ("raise JobError('what is wrong')", "what is wrong"),
    ],
)
def test_every_early_end_is_said(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], body: str, said: str
) -> None:
    with pytest.raises(JobError) as raised:
        run(monkeypatch, body)
    assert said in str(raised.value)
    assert "wrong" in said or "`--module mine:make`" in str(raised.value)
    assert capfd.readouterr()[1] == ""


@pytest.mark.parametrize("line", ["", "a", "3", "[]", "{}", '{"done": 1}'])
def test_what_the_code_writes_everywhere_is_no_answer(
    monkeypatch: pytest.MonkeyPatch, line: str
) -> None:
    body = (
        "for file in range(3, 20):",
        "    try:",
        f"        os.write(file, {line!r}.encode() + b'\\n')",
        "    except OSError: pass",
        "return 'done'",
    )
    assert run(monkeypatch, *body) == "done"


def test_a_line_that_the_code_closed_ends_nothing() -> None:
    """Whether it is closed before the other thread begins to listen is a matter of luck."""
    reader, writer = os.pipe()
    os.close(reader)
    worker._end_with(reader)
    os.close(writer)


def test_a_defect_is_told_and_has_its_status(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(keeper.WorkerFailedError) as raised:
        run(monkeypatch, "raise AssertionError('impossible')")
    assert raised.value.status == 70
    assert capfd.readouterr()[1].startswith("symc has a defect: AssertionError: impossible (")


def test_a_package_that_is_missing_is_no_defect(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(JobError, match="the package torch is not installed"):
        run(monkeypatch, "raise ModuleNotFoundError('no', name='torch')")


@pytest.mark.parametrize("body", ["while True: pass", "time.sleep(99)", "signal.pause()"])
def test_what_hangs_is_ended_with_all_that_it_started(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, body: str
) -> None:
    monkeypatch.setattr(keeper, "_STARTING", 30.0)
    pids = tmp_path / "pids"
    started = "other = subprocess.Popen(['sleep', '99'])"
    noted = f"open({str(pids)!r}, 'w').write(f'{{os.getpid()}} {{other.pid}}')"
    with pytest.raises(JobError) as raised:
        run(monkeypatch, started, noted, body, timeout=0.4)
    assert "`--module mine:make` took more than 0.4 s while it was loaded" in str(raised.value)
    assert "`--timeout`" in str(raised.value)
    assert all(ended(int(pid)) for pid in pids.read_text().split())


def test_a_long_run_that_goes_on_is_not_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    """Twice as long as is allowed without a step; the same step counts while calls go on."""
    monkeypatch.setattr(keeper, "_STARTING", 30.0)
    body = "for i in range(12): progress('law', i // 6, 2); time.sleep(0.25)"
    assert run(monkeypatch, body, "return 'done'", timeout=1.5) == "done"


def test_what_lives_on_after_the_answer_does_not_keep_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Nor does what it started live on, where it has to be ended."""
    monkeypatch.setattr(keeper, "_AT_EXIT", 0.5)
    pids = tmp_path / "pids"
    started = "other = subprocess.Popen(['sleep', '99'])"
    noted = f"open({str(pids)!r}, 'w').write(f'{{os.getpid()}} {{other.pid}}')"
    body = "threading.Thread(target=time.sleep, args=(99,)).start()"
    assert run(monkeypatch, started, noted, body, "return 'done'") == "done"
    assert all(ended(int(pid)) for pid in pids.read_text().split())


def test_prints_are_not_in_the_answer(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """From Python, from what it starts, from compiled code; nothing is read from our input."""
    body = (
        "print('one', flush=True)", "os.system('echo two')", "os.write(1, b'three\\n')",
        "return repr(sys.stdin.read())",
    )  # fmt: skip
    assert run(monkeypatch, *body) == "''"
    assert capfd.readouterr() == ("", "one\ntwo\nthree\n")
    told: list[str] = []
    keeper.run(JOB, prints=told.append)
    assert "".join(told) == "one\ntwo\nthree\n"


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_no_process_is_left_behind(tmp_path: Path, how: signal.Signals) -> None:
    """Ctrl-C, a job of CI that is cancelled, and the worst: whatever ends us ends it."""
    pid = tmp_path / "pid"
    body = f"open({str(pid)!r}, 'w').write(f'{{os.getpid()}}\\n'); time.sleep(99)"
    ours = subprocess.Popen(
        [sys.executable, "-c", RUN.format(START.format(body))],
        stderr=subprocess.PIPE, text=True, start_new_session=True,
        # Where the tests run in the background of a shell, it is ignored.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )  # fmt: skip
    for _ in range(300):
        if pid.exists() and pid.read_text().endswith("\n"):
            break
        time.sleep(0.1)
    ours.send_signal(how)
    _, err = ours.communicate(timeout=20)
    assert ended(int(pid.read_text()))
    assert ours.returncode != 0
    # Python tells of the interruption, once: the other process keeps quiet.
    assert err.count("KeyboardInterrupt") == (how == signal.SIGINT)


def test_modules_of_the_folder_do_not_stand_in_for_those_of_python(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("json", "click", "symc", "torch"):
        Path(f"{name}.py").write_text("raise SystemExit('a stranger ran')\n")
    assert run(monkeypatch, "return 'done'") == "done"


def test_who_waits_does_not_load_torch() -> None:
    """Two loads would take twice as long, and twice the memory."""
    code = (
        "import sys\nfrom symc.commands import apart, compile, verify\n"
        "from symc.commands.apart.job import Job\n"
        "import symc_runtime.verification.report, symc_runtime.verification.text\n"
        f"apart.keeper._START = {START.format('return job.work')!r}\n"
        "sys.stdin = open('/dev/null')\n"
        "print(apart.answer_of(Job('verify', 'a', '', module='mine:make'), 0))\n"
        "assert 'torch' not in sys.modules\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "verify\n"), done.stderr


MODULES = """
import os, time
import torch
class Ends(torch.nn.Module):
    def forward(self, x):
        os._exit(0)
def ends():
    os._exit(0)
class Hangs(torch.nn.Module):
    def forward(self, x):
        time.sleep(600)
"""


def test_the_command(tmp_path: Path) -> None:
    """Whole processes, side by side: each loads torch."""
    (tmp_path / "a.sym").write_text("input x[n: S(n)]\noutput y\n")
    (tmp_path / "mine.py").write_text(MODULES)
    quick = ("--samples", "1", "--draws", "100")
    verify = ("verify", "a.sym", *quick, "--module")
    calls = {
        "ends": (*verify, "mine:Ends", "--output-format", "json"),
        "hangs": (*verify, "mine:Hangs", "--timeout", "2"),
        "graph": ("compile", "a.sym", "--emit", "graph", "--base", "mine:ends"),
    }
    running = {
        name: subprocess.Popen(
            [sys.executable, "-m", "symc", *call], cwd=tmp_path, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL,
        )
        for name, call in calls.items()
    }  # fmt: skip
    found = {name: (*one.communicate(), one.returncode) for name, one in running.items()}
    assert {(out, status) for out, _, status in found.values()} == {("", 2)}
    for name, said in {
        "ends": "`--module mine:Ends` ended itself with status 0 in the step `first calls`",
        "hangs": "`--module mine:Hangs` took more than 2 s in the step `first calls` without",
        "graph": "error: the process that ran `--base mine:ends` ended itself with status 0",
    }.items():
        assert said in found[name][1]
