"""Nothing in a spec is evaluated, imported or opened: an audit hook watches what Python does."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

WATCH = """
import sys
import symc.cli
allowed = sys.argv[1]
seen = []
def watch(event, arguments):
    if event in ("compile", "exec"):
        # Python's own: modules that are loaded from files, and dataclasses, which name no spec.
        text = arguments[0] if event == "compile" else arguments[0].co_filename
        text = text.decode("utf-8", "replace") if isinstance(text, bytes) else str(text)
        names = "" if event == "compile" else " ".join(arguments[0].co_names)
        if "CANARY" in text + names or "canary" in text + names:
            seen.append((event, text[:80]))
    elif event == "import" and "canary" in str(arguments[0]).lower():
        seen.append((event, arguments[0]))
    elif event == "open":
        path = str(arguments[0])
        if "canary" in path.lower() and path != allowed:
            seen.append((event, path))
    elif event.split(".")[0] in ("subprocess", "socket", "ctypes", "urllib", "shutil"):
        seen.append((event, str(arguments)[:80]))
    elif event.startswith(("os.system", "os.exec", "os.spawn", "os.posix_spawn", "os.fork",
                           "os.remove", "os.rename", "os.chmod", "os.putenv", "code.")):
        seen.append((event, str(arguments)[:80]))
sys.addaudithook(watch)
if sys.argv[2:] == ["--prove"]:
    compile("canary", "<spec>", "eval")
    open(allowed + ".canary", "w").close()
    print(seen)
    sys.exit()
try:
    symc.cli.main([*sys.argv[2:], allowed])
except SystemExit as done:
    assert done.code in (0, 1), done.code
print(seen)
"""

PAYLOADS = (
    "__import__('canary').CANARY", "CANARY()", "eval(CANARY)", "open(canary)", "{canary}",
    "${CANARY}", "$(touch canary)", "`touch canary`", "%(canary)s", "{{canary}}", "{0.__class__}",
    "canary:CANARY", "../canary", "os.system(canary)", "lambda: CANARY",
)  # fmt: skip


def hostile(payload: str) -> str:
    """A spec with the payload wherever a text, a name, a number or a word can stand."""
    name = "canary"
    return (
        f'spec {name}\n"""{payload}"""\n# {payload}\nsize s = {payload}\nsize canary <= {payload}\n'
        f"group G = {payload}\ngroup H = generated {{ element {name} = [[{payload}]] }}\n"
        f"input {name}x[n: S(n), {payload}: {payload}] of {payload}\ninput {payload}\n"
        f"output y = {payload}\nsymmetrize {payload} by {name}({name}={payload})\n"
        f'symmetrize by probabilistic(net={name}("{payload}"), anchor={name})\n{payload}\n'
    )


# Each line is right, so that describe and the IR see the words, too.
RIGHT = (
    'spec canary\n"""{CANARY} %s $(canary) __import__(\'canary\')"""\nsize CANARY = 3\n'
    "group __class__ = S(n)\ninput canary[n: __class__, CANARY]\noutput __import__[n: __class__]\n"
)


def run(path: Path, *arguments: str) -> list[object]:
    done = subprocess.run(
        [sys.executable, "-c", WATCH, str(path), *arguments], cwd=path.parent,
        capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    seen: list[object] = eval(done.stdout.splitlines()[-1])
    return seen


@pytest.mark.parametrize(
    "command",
    [
        ("check",),
        ("check", "--output-format", "sarif"),
        ("check", "--output-format", "github"),
        ("describe",),
        ("describe", "--output-format", "json"),
        ("format", "--diff"),
    ],
    ids=" ".join,
)
def test_no_word_of_a_spec_is_code(tmp_path: Path, command: tuple[str, ...]) -> None:
    (tmp_path / "canary.py").write_text("open('ran', 'w').close()\n")
    path = tmp_path / "spec.sym"
    path.write_text("\n".join(hostile(payload) for payload in PAYLOADS))
    assert run(path, *command) == []
    path.write_text(RIGHT)
    assert run(path, *command) == []
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["canary.py", "spec.sym"]


def test_the_hook_would_see_it(tmp_path: Path) -> None:
    path = tmp_path / "spec.sym"
    path.write_text(RIGHT)
    events = {str(entry)[2:9] for entry in run(path, "--prove")}
    assert events == {"compile", "open', "}
