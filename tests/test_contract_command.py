"""docs/reference.md, section 6: the command, its exit status and streams, and diagnostics."""

from __future__ import annotations

import ast
import inspect
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from commandline import Run
from torch import nn

from symc.commands import check as check_command
from symc.diagnostics.codes import CODES, Code
from symc.ir.program import Program

ROOT = Path(__file__).parents[1]

CLEAN = "input  x[n: S(n), 3]\noutput y[n: S(n)]\n"
WRONG = "input  x[n: S(n), 3: O(3)]\noutput y[n: S(n), 4: O(3)]\n"

SPEC = '''\
spec n_body

"""Where are the particles next?"""

group P = S(n)
group M = E(3)

input  pos[n: P, 3: M.point]
input  vel[n: P, 3: M.vector]
output next[n: P, 3: M.point]

symmetrize M by frame
symmetrize P by probabilistic(samples=3, net=attention(hidden=8))
'''

FORMATS = ("text", "concise", "json", "github", "sarif")
MACHINE = ("json", "github", "sarif")


@pytest.fixture
def symc(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    monkeypatch.chdir(tmp_path)
    for name in ("NO_COLOR", "FORCE_COLOR", "SYMC_TRACEBACK"):
        monkeypatch.delenv(name, raising=False)
    Path("clean.sym").write_text(CLEAN)
    Path("wrong.sym").write_text(WRONG)
    Path("spec.sym").write_text(SPEC)
    return Run(capfd, monkeypatch)


class Next(nn.Module):
    """pos, vel -> next."""

    def forward(self, pos: torch.Tensor, vel: torch.Tensor) -> torch.Tensor:
        return torch.sin(pos).cumsum(1) + vel


def one(symc: Run, text: str) -> dict[str, Any]:
    """The only diagnostic of a text, as JSON."""
    _, out, _ = symc("check", "-", "--output-format", "json", stdin=text)
    (found,) = json.loads(out)
    assert isinstance(found, dict)
    return found


def excerpt(text: str, place: dict[str, Any]) -> str:
    """The text between start and end, which lie on one line."""
    start: dict[str, int] = place["start"]
    end: dict[str, int] = place["end"]
    assert start["line"] == end["line"]
    line = text.split("\n")[start["line"] - 1]
    return line[start["column"] - 1 : end["column"] - 1]


# check


def test_section_6_check_reads_every_spec_below_its_paths(symc: Run) -> None:
    for name in ("one/a.sym", "one/deep/er/b.sym", "two/c.sym", "one/no.txt", "three/d.sym"):
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).write_text(WRONG)
    _, out, _ = symc("check", "one", "two/c.sym", "clean.sym", "--output-format", "json")
    files = [found["file"] for found in json.loads(out)]
    assert files == ["one/a.sym", "one/deep/er/b.sym", "two/c.sym"]
    assert symc("check", "clean.sym", "spec.sym")[2] == "Found no problems in 2 files.\n"


@pytest.mark.parametrize("format_", FORMATS)
def test_section_6_check_has_five_formats(symc: Run, format_: str) -> None:
    """Each names the place of the finding and its code; what is for people goes to stderr."""
    status, out, err = symc("check", "wrong.sym", "--output-format", format_)
    assert status == 1
    text, silent = (out, err) if format_ in MACHINE else (err, out)
    assert silent == ""
    pattern = {
        "text": r"error\[SYM301\].*--> wrong\.sym:2:22",
        "concise": r"^wrong\.sym:2:22: error\[SYM301\] .*dimension 3",
        "json": r'"code": "SYM301".*"file": "wrong.sym".*"line": 2.*"column": 22',
        "github": r"^::error file=wrong\.sym,line=2,endLine=2,col=22,endColumn=26,.*SYM301::",
        "sarif": r'"ruleId": "SYM301".*"startLine": 2.*"startColumn": 22',
    }[format_]
    assert re.search(pattern, text, re.S)
    assert symc("check", "clean.sym", "--output-format", format_)[0] == 0


def test_section_6_check_formats_are_no_more(symc: Run) -> None:
    status, _, err = symc("check", "clean.sym", "--output-format", "xml")
    assert status == 2
    assert all(name in err for name in FORMATS)


# compile


def test_section_6_compile_writes_python_by_default(symc: Run) -> None:
    status, out, err = symc("compile", "spec.sym")
    assert (status, err) == (0, "")
    assert symc("compile", "spec.sym", "--emit", "py") == (0, out, "")
    assert symc("compile", "spec.sym", "-o", "model.py") == (0, "", "")
    assert Path("model.py").read_text() == out


def test_section_6_the_module_needs_torch_and_the_runtime_alone(
    symc: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, code, _ = symc("compile", "spec.sym")
    imported = {
        name.split(".")[0]
        for node in ast.walk(ast.parse(code))
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in [getattr(node, "module", None) or node.names[0].name]
    }
    assert imported <= {"torch", "symc_runtime"}
    for name in [name for name in sys.modules if name.split(".")[0] == "symc"]:
        monkeypatch.setitem(sys.modules, name, None)  # every import of it now fails
    namespace: dict[str, Any] = {}
    exec(compile(code, "emitted.py", "exec"), namespace)
    x = torch.randn(2, 4, 3)
    assert namespace["NBody"](Next())(x, x).shape == (2, 4, 3)


@pytest.mark.parametrize(
    ("name", "class_"),
    [("nbody", "Nbody"), ("n_body", "NBody"), ("my_set_2", "MySet2"), ("Already", "Already")],
)
def test_section_6_the_module_defines_one_class_in_capwords(
    symc: Run, name: str, class_: str
) -> None:
    _, code, _ = symc("compile", "-", stdin=f"spec {name}\n{CLEAN}")
    assert [n.name for n in ast.parse(code).body if isinstance(n, ast.ClassDef)] == [class_]
    namespace: dict[str, Any] = {}
    exec(compile(code, "emitted.py", "exec"), namespace)
    defined = namespace[class_]
    assert issubclass(defined, nn.Module)
    base, *others = inspect.signature(defined).parameters.values()
    assert base.name == "base"
    assert base.kind == base.POSITIONAL_OR_KEYWORD
    assert others
    assert {p.kind for p in others} == {inspect.Parameter.KEYWORD_ONLY}


def test_section_6_the_module_is_that_of_build(symc: Run) -> None:
    """The same state_dict keys, the same noise from one seed, the same call."""
    from symc import build

    _, code, _ = symc("compile", "spec.sym")
    namespace: dict[str, Any] = {}
    exec(compile(code, "emitted.py", "exec"), namespace)
    ours, theirs = build(SPEC, Next()), namespace["NBody"](Next())
    assert list(ours.state_dict()) == list(theirs.state_dict())
    assert any(key.startswith("P.") for key in ours.state_dict())
    theirs.load_state_dict(ours.state_dict())
    x, v = torch.randn(2, 2, 4, 3)
    noise, same = (
        model.draw_noise(x, v, generator=torch.Generator().manual_seed(5))
        for model in (ours, theirs)
    )
    assert noise.keys() == same.keys() == {"M", "P"}
    assert all(torch.equal(noise[key], same[key]) for key in noise)
    for options in ({}, {"return_samples": True}, {"return_penalty": True}):
        one_, two = (m(x, v, noise=noise, **options) for m in (ours, theirs))
        pairs = zip(one_, two, strict=True) if options else [(one_, two)]
        assert all(torch.equal(a, b) for a, b in pairs)


def test_section_6_compile_emits_ir(symc: Run) -> None:
    from symc import load

    status, out, _ = symc("compile", "spec.sym", "--emit", "ir")
    assert status == 0
    assert Program.model_validate_json(out) == load(Path("spec.sym")).ir


def test_section_6_compile_emits_a_graph(symc: Run) -> None:
    status, out, _ = symc("compile", "spec.sym", "--emit", "graph")
    assert status == 0
    placeholders = re.findall(r"%(\w+) : .* placeholder", out)
    assert placeholders[:2] == ["pos", "vel"]
    assert "base" in out
    Path("mine.py").write_text("import torch\ndef make():\n    return torch.nn.Identity()\n")
    status, again, _ = symc("compile", "spec.sym", "--emit", "graph", "--base", "mine:make")
    assert (status, again) == (0, out)


def test_section_6_the_graph_knows_what_counts_the_base_takes(symc: Run, here: None) -> None:
    Path("ragged.sym").write_text("size n <= 4\n" + CLEAN)
    Path("counting.py").write_text(
        "import torch\nclass Base(torch.nn.Module):\n    def forward(self, x, n):\n"
        "        return x[..., 0]\n"
    )
    graph = ("compile", "ragged.sym", "--emit", "graph", "--base")
    plain = symc(*graph, "torch.nn:Identity")[1]
    taking = symc(*graph, "counting:Base")[1]
    calls = [re.findall(r"call_module\[target=base\].*", text) for text in (plain, taking)]
    assert [len(found) for found in calls] == [1, 1]
    assert "n: " not in calls[0][0]
    assert "n: " in calls[1][0]


def test_section_6_compile_emits_mermaid(symc: Run) -> None:
    status, out, _ = symc("compile", "spec.sym", "--emit", "mermaid")
    assert status == 0
    assert re.match(r"(flowchart|graph) ", out)
    assert all(word in out for word in ("pos", "vel", "next", "frame", "probabilistic"))


@pytest.mark.parametrize(
    "arguments",
    [
        ("compile", "spec.sym", "--emit", "pt2"),
    ],
    ids=" ".join,
)
def test_section_6_what_is_not_available_yet_is_wrong_usage(
    symc: Run, arguments: tuple[str, ...]
) -> None:
    word = arguments[-1]
    section = (ROOT / "docs" / "reference.md").read_text("utf-8").split("\n## ")[6]
    assert word in section.split("*Not available yet:*")[1].split("\n\n")[0]
    status, out, err = symc(*arguments)
    assert (status, out) == (2, "")
    assert "Traceback" not in err


def test_section_6_verify_measures(symc: Run) -> None:
    Path("few.sym").write_text("input x[n: S(n)]\noutput y\n", encoding="utf-8")
    status, out, err = symc("verify", "few.sym", "--samples", "2", "--draws", "200")
    assert (status, err) == (0, "")
    assert "Law: f(h x; h noise) = h f(x; noise)" in out
    assert "Not seen:" in out


# describe, explain, format, new


def test_section_6_describe_says_what_a_spec_means(symc: Run) -> None:
    status, text, err = symc("describe", "spec.sym")
    assert (status, err) == (0, "")
    lines = [line.strip() for line in text.splitlines()]
    assert {"Groups", "Sizes", "Inputs", "Outputs", "Stages", "Cost"} <= set(lines)
    for said in (
        "P  S(n), symmetric group",
        "M  E(3), Euclidean group",
        "n  free: read off pos, axis 0",
        "pos[n: P, 3: M.point]",
        "next[n: P, 3: M.point]",
        "M  by frame",
        "net attention",
        "24 evaluations of the base",
    ):
        assert said in text, said


def test_section_6_describe_as_json(symc: Run) -> None:
    status, out, _ = symc("describe", "spec.sym", "--output-format", "json")
    said = json.loads(out)
    assert status == 0
    assert [group["name"] for group in said["groups"]] == ["P", "M"]
    assert [size["name"] for size in said["sizes"]] == ["n"]
    assert [tensor["written"] for tensor in said["tensors"]][0] == "pos[n: P, 3: M.point]"
    chosen = [(stage["group"], stage["method"], stage["net"]) for stage in said["stages"]]
    assert chosen == [("M", "frame", None), ("P", "probabilistic", "attention(hidden=8, layers=3)")]
    assert said["cost"]["total"] == 24


def test_section_6_describe_as_html(symc: Run) -> None:
    status, out, err = symc("describe", "spec.sym", "--output-format", "html")
    assert (status, err) == (0, "")
    assert out.startswith("<!DOCTYPE html>\n")
    assert all(word in out for word in ("<svg ", "n_body", "pos[n: P, 3: M.point]", "by frame"))
    assert symc("describe", "spec.sym", "--output-format", "html", "-o", "a.html") == (0, "", "")
    assert Path("a.html").read_text("utf-8") == out


def test_section_6_describe_of_a_wrong_spec_is_1(symc: Run) -> None:
    for format_ in ("text", "json", "html"):
        status, out, err = symc("describe", "wrong.sym", "--output-format", format_)
        assert (status, out) == (1, "")
        assert "SYM301" in err


def test_section_6_diff_says_which_symmetry_is_stronger(symc: Run) -> None:
    Path("weak.sym").write_text(SPEC.replace("E(3)", "SE(3)"))
    status, out, err = symc("diff", "spec.sym", "weak.sym")
    assert (status, err) == (0, "")
    assert out.startswith("spec.sym is stronger than weak.sym: ")  # as `relation` of the JSON
    assert "reflects e1 of `pos`, `vel` and `next`" in out
    assert "weaker" not in out
    assert symc("diff", "weak.sym", "spec.sym")[1].startswith("weak.sym is weaker than spec.sym: ")
    same = symc("diff", "spec.sym", "-", stdin=SPEC.replace("P", "Q"))
    assert same[0] == 0
    assert same[1].startswith("spec.sym and <stdin> have the same symmetry.")
    other = symc("diff", "spec.sym", "-", stdin=SPEC.replace("vel[n: P", "vel[n"))
    assert "spec.sym and <stdin> are incomparable" in other[1]


def test_section_6_diff_as_json(symc: Run) -> None:
    Path("weak.sym").write_text(SPEC.replace("E(3)", "SE(3)"))
    for arguments, relation in (
        (("spec.sym", "weak.sym"), "stronger"),
        (("weak.sym", "spec.sym"), "weaker"),
        (("spec.sym", "spec.sym"), "equal"),
        (("spec.sym", "clean.sym"), "undecided"),
    ):
        status, out, _ = symc("diff", *arguments, "--output-format", "json")
        assert (status, json.loads(out)["relation"]) == (0, relation)
    assert symc("diff", *arguments, "--output-format", "json", "-o", "a.json") == (0, "", "")
    assert Path("a.json").read_text("utf-8") == out


def test_section_6_diff_of_other_tensors_answers_for_those_compared_alone(symc: Run) -> None:
    Path("a.sym").write_text(
        "group M = E(3)\ninput  x[4, 3: M.point]\ninput  z[2]\noutput y[3: M.point]\n"
        "symmetrize M by average\n"
    )
    Path("b.sym").write_text(Path("a.sym").read_text().replace("y[3: M.point]", "yy[3]"))
    status, out, _ = symc("diff", "a.sym", "b.sym", "--exit-code")
    assert status == 1
    assert " ".join(out.split("\n\n")[0].split()) == (
        "On the tensors compared, a.sym and b.sym have the same symmetry. "
        "Not compared: `y`, in a.sym alone; `yy`, in b.sym alone."
    )
    status, out, _ = symc("diff", "a.sym", "b.sym", "--exit-code", "--output-format", "json")
    assert status == 1
    found = json.loads(out)
    assert (found["relation"], found["tensors"]) == ("equal", ["x", "z"])
    assert found["not_compared"] == [
        {"tensor": "y", "kind": "output", "where": "a"},
        {"tensor": "yy", "kind": "output", "where": "b"},
    ]


def test_section_6_status_of_diff(symc: Run) -> None:
    """0 whatever the answer is, as for all commands; --exit-code makes it that of a test."""
    Path("weak.sym").write_text(SPEC.replace("E(3)", "SE(3)"))
    assert symc("diff", "spec.sym", "weak.sym")[0] == 0
    assert symc("diff", "spec.sym", "weak.sym", "--exit-code")[0] == 1
    assert symc("diff", "spec.sym", "spec.sym", "--exit-code")[0] == 0
    status, out, err = symc("diff", "clean.sym", "wrong.sym")
    assert (status, out) == (1, "")
    assert "error[SYM301]" in err
    for arguments in (("clean.sym",), ("-", "-"), ("clean.sym", "missing.sym"), ()):
        status, out, err = symc("diff", *arguments)
        assert (status, out) == (2, "")
        assert "rror: " in err


@pytest.mark.parametrize("code", sorted(CODES))
def test_section_6_explain_says_what_a_code_means(symc: Run, code: str) -> None:
    status, out, err = symc("explain", code)
    assert (status, err) == (0, "")
    assert out.startswith(f"{code}: {CODES[code].title}")
    if code not in ("SYM109", "SYM110"):  # about bytes, and about a folder
        wrong, right = out.split("\nWrong\n")[1].split("\nMend\n")[:2]
        assert "input" in wrong + right or "output" in wrong + right
        assert wrong.strip() != right.strip()


def test_section_6_explain_shows_a_wrong_and_a_right_spec(symc: Run) -> None:
    _, out, _ = symc("explain", "SYM204")
    wrong, right = out.split("\nWrong\n")[1].split("\nMend\n")
    assert one(symc, wrong)["code"] == "SYM204"
    assert symc("check", "-", stdin=right)[0] == 0


def test_section_6_format_writes_in_place(symc: Run) -> None:
    ugly = CLEAN.replace(": ", "   :").replace("input  ", "input ")
    Path("ugly.sym").write_text(ugly)
    status, _, err = symc("format", "--check", "clean.sym", "ugly.sym")
    assert status == 1
    assert ("ugly.sym" in err, "clean.sym" in err) == (True, False)
    status, out, _ = symc("format", "--diff", "ugly.sym")
    assert status == 1
    assert f"+{CLEAN.splitlines()[0]}\n" in out
    assert Path("ugly.sym").read_text() == ugly
    assert symc("format", ".")[0] == 0
    assert Path("ugly.sym").read_text() == CLEAN
    assert symc("format", ".", "--check", "--diff") == (0, "", "")


def test_section_6_new_writes_a_commented_spec(symc: Run) -> None:
    status, out, _ = symc("new", "start")
    assert (status, out) == (0, "")
    text = Path("start.sym").read_text()
    assert text.startswith("spec start\n")
    assert sum(line.startswith("#") for line in text.splitlines()) >= 3
    assert symc("check", "start.sym", "--strict")[0] == 0


def test_section_6_python_m_symc_is_the_same_command(symc: Run, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "symc", "check", "-", "wrong.sym"],
        input=WRONG, capture_output=True, text=True, cwd=tmp_path,
    )  # fmt: skip
    here = symc("check", "-", "wrong.sym", stdin=WRONG)
    assert (done.returncode, done.stdout, done.stderr) == here


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("check",), "Found no problems in 1 file.\n"),
        (("format",), CLEAN),
        (("describe",), "Model\n"),
        (("compile", "--emit", "ir"), '"name": "Model"'),
        (("compile", "--emit", "mermaid"), "x"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_section_6_a_dash_reads_standard_input(
    symc: Run, arguments: tuple[str, ...], expected: str
) -> None:
    status, out, err = symc(*arguments, "-", stdin=CLEAN)
    assert status == 0
    assert expected in out + err
    status, out, err = symc(*arguments, "-", stdin="input x[3")
    assert (status, out) == (1, "")
    assert "<stdin>:1:" in err


# Exit status and streams

OF_ONE_SPEC = [("check",), ("compile",), ("compile", "--emit", "ir"), ("describe",), ("format",)]


@pytest.mark.parametrize("arguments", OF_ONE_SPEC, ids=" ".join)
def test_section_6_status_0_1_and_2(symc: Run, arguments: tuple[str, ...]) -> None:
    syntax = Path("syntax.sym")
    syntax.write_text("input x[3")
    assert symc(*arguments, "clean.sym")[0] == 0
    status, out, err = symc(*arguments, "syntax.sym")
    assert (status, out) == (1, "")
    assert "error[SYM103]" in err
    for wrong in (("missing.sym",), ("clean.sym", "--no-such-option"), ()):
        status, out, err = symc(*arguments, *wrong)
        assert (status, out) == (2, "")
        assert "rror: " in err
        assert "Traceback" not in err


def test_section_6_status_2_for_what_cannot_be_written(symc: Run) -> None:
    for arguments in (("check", "clean.sym", "-o"), ("new", "start", "-o")):
        status, out, err = symc(*arguments, "no/such/folder/file")
        assert (status, out) == (2, "")
        assert "cannot write" in err


@pytest.mark.parametrize("severity", ["warning", "note"])
def test_section_6_warnings_are_0_and_1_under_strict(
    symc: Run, monkeypatch: pytest.MonkeyPatch, severity: Any
) -> None:
    monkeypatch.setitem(CODES, "SYM301", Code("for this test", severity))
    status, _, err = symc("check", "wrong.sym")
    assert status == 0
    assert f"{severity}[SYM301]" in err
    assert symc("check", "wrong.sym", "--strict")[0] == (severity == "warning")
    assert symc("check", "clean.sym", "--strict")[0] == 0


def test_section_6_a_defect_of_symc_is_70(symc: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise AssertionError("impossible")

    monkeypatch.setattr(check_command, "compile_source", fail)
    status, out, err = symc("check", "clean.sym")
    assert (status, out) == (70, "")
    assert "defect" in err
    assert "impossible" in err


@pytest.mark.parametrize("emit", ["py", "ir", "graph", "mermaid"])
def test_section_6_artifacts_go_to_stdout_or_a_file(symc: Run, emit: str) -> None:
    status, out, err = symc("compile", "clean.sym", "--emit", emit)
    assert (status, err) == (0, "")
    assert out
    assert symc("compile", "clean.sym", "--emit", emit, "-o", "artifact") == (0, "", "")
    assert Path("artifact").read_text() == out
    status, out, err = symc("compile", "wrong.sym", "--emit", emit, "-o", "none")
    assert (status, out) == (1, "")
    assert "SYM301" in err
    assert not Path("none").exists()


@pytest.mark.parametrize("format_", MACHINE)
def test_section_6_machine_formats_go_to_stdout_or_a_file(symc: Run, format_: str) -> None:
    arguments = ("check", "wrong.sym", "--output-format", format_)
    status, out, err = symc(*arguments)
    assert (status, err) == (1, "")
    assert symc(*arguments, "-o", "report") == (1, "", "")
    assert Path("report").read_text() == out


def test_section_6_safe_commands_never_import_torch_and_run_no_code(tmp_path: Path) -> None:
    """In a stranger's folder: modules that tell when they are imported, a spec that would call."""
    hostile = tmp_path / "hostile"
    hostile.mkdir()
    for name in ("torch", "numpy", "evil", "spec", "sitecustomize_", "symc_plugin"):
        (hostile / f"{name}.py").write_text(f"open('imported_{name}', 'w').close()\n")
    (hostile / "good.sym").write_text(SPEC)
    (hostile / "evil.sym").write_text(
        'spec evil\n"""{__import__(\'evil\')} %s ${evil}"""\n'
        "group P = evil(n)\ngroup Q = generated { element r = [[evil(1)]] }\n"
        "input x[n: P, __import__(evil)]\noutput y = evil(x)\n"
        "symmetrize P by probabilistic(net=evil(hidden=2), anchor=evil)\n"
        "symmetrize by evil(samples=evil(1))\n"
    )
    program = """
import ast, sys
import symc.cli
ran, frame, parse = [], sys._getframe, ast.parse.__code__
def watch(event, arguments):
    if event in ("os.system", "subprocess.Popen", "os.exec", "os.posix_spawn", "socket.connect"):
        ran.append(event)
    if event == "compile" and "evil" in str(arguments[0]):
        # `ast.parse` reads entries of matrices; it makes no code.
        if frame(1).f_code is not parse:
            ran.append(event)
    if event == "exec" and "evil" in str(arguments[0].co_names):
        ran.append(event)
sys.addaudithook(watch)
for command in (["check"], ["check", "--output-format", "json"], ["check", "--output-format",
    "sarif"], ["describe"], ["describe", "--output-format", "json"],
    ["describe", "--output-format", "html"], ["diff", "good.sym"], ["format", "--check"],
    ["format", "--diff"], ["format"]):
    for spec in ("good.sym", "evil.sym"):
        try: symc.cli.main([*command, spec])
        except SystemExit as done: assert done.code in (0, 1), (command, done.code)
for code in (["SYM204"], []):
    try: symc.cli.main(["explain", *code])
    except SystemExit as done: assert done.code == 0
print([m for m in ("torch", "numpy", "evil", "spec") if m in sys.modules], ran)
"""
    done = subprocess.run(
        [sys.executable, "-c", program],  # with -c, the folder is where Python looks first
        cwd=hostile, capture_output=True, text=True,
    )  # fmt: skip
    assert done.stdout.splitlines()[-1:] == ["[] []"], done.stderr
    assert {f"error[SYM{code}]" in done.stderr for code in (302, 321, 330, 501, 508)} == {True}
    assert not list(hostile.glob("imported_*"))


# Diagnostics

CATEGORIES = {
    "SYM1": {
        "unclosed": "input x[3\noutput y",
        "no statement": "inptu x[3]\noutput y",
        "no token": "input x[@]\noutput y",
    },
    "SYM2": {
        "undeclared": "input x[3: Q.vector]\noutput y",
        "twice": "input x[3]\noutput x",
        "conflicting": "size n = 4\ninput x[n: S(5)]\noutput y",
    },
    "SYM3": {
        "dimension": "input x[4: O(3)]\noutput y",
        "affine typing": "input x[9: E(3).point * E(3).vector]\noutput y",
        "missing anchor": "input x[3: E(3).vector]\noutput y[3: E(3).point]",
        "carried by no input": "input x[3]\noutput y[3: O(3)]",
    },
    "SYM4": {"undetermined sizes": "input x[2]\noutput y[n]"},
    "SYM5": {
        "method": "input x[n: S(n)]\noutput y\nsymmetrize by magic",
        "option": "input x[n: S(n)]\noutput y\nsymmetrize by average(magic=3)",
        "range": "input x[n: S(n)]\noutput y\nsymmetrize by average(samples=0)",
    },
    "SYM9": {"later": "input x[2: U(2)]\noutput y"},
}


@pytest.mark.parametrize(
    ("digit", "case"), [(digit, case) for digit, cases in CATEGORIES.items() for case in cases]
)
def test_section_6_codes_are_sorted_by_hundreds(symc: Run, digit: str, case: str) -> None:
    assert one(symc, CATEGORIES[digit][case])["code"].startswith(digit)


def test_section_6_codes_are_of_these_hundreds_alone() -> None:
    assert {code[:4] for code in CODES} == set(CATEGORIES)
    assert all(re.fullmatch(r"SYM\d\d\d", code) for code in CODES)


FOREVER = {
    "SYM101": ("input x[@]\noutput y", "@"),
    "SYM102": ("size n 5\ninput x[n]\noutput y", "5"),
    "SYM103": ("input x[n: S(n, 3]\noutput y", "]"),
    "SYM104": ("inptu x[3]\ninput z[3]\noutput y", "inptu"),
    "SYM105": ("input x[3]\nspec late\noutput y", "spec late"),
    "SYM106": ("input lambda[3]\noutput y", "lambda"),
    "SYM107": ("input x[0.5]\noutput y", "0.5"),
    "SYM201": ("input x[3: Q.vector]\noutput y", "Q"),
    "SYM202": ("input x[3]\noutput x", "x"),
    "SYM203": ("size n = 4\ninput x[n: S(5)]\noutput y", "S(5)"),
    "SYM204": ("input x[x]\noutput y", "x"),
    "SYM205": ("input x[2 - 3]\noutput y", "2 - 3"),
    "SYM206": ("input x[_]\noutput y", "_"),
    "SYM207": ("size n <= 4\ninput x[n, 2*n]\noutput y", "2*n"),
    "SYM301": ("input x[4: O(3)]\noutput y", "O(3)"),
    "SYM302": ("input x[4: Sym(4)]\noutput y", "Sym"),
    "SYM303": ("input x[4: S(4).vector]\noutput y", "vector"),
    "SYM304": ("input x[4: S(4, 5)]\noutput y", "S(4, 5)"),
    "SYM305": ("input x[3: E(3)]\noutput y", "E(3)"),
    "SYM306": ("input x[9: E(3).point^2]\noutput y", "E(3).point^2"),
    "SYM307": ("input x[3: E(3).vector]\noutput y[3: E(3).point]", "E(3).point"),
    "SYM308": ("input x[3]\noutput y[3: O(3)]", "O(3)"),
    "SYM309": ("group P = S(4)\ninput x[4: P, 4: S(4)]\noutput y", "S(4)"),
    "SYM310": ("group P = S(4) * O(3)\ninput x[4: P]\noutput y", "S(4) * O(3)"),
    "SYM311": ("input x[3: O(3)] of 5\noutput y", "O(3)"),
    "SYM312": ("input x[3: O(3) - O(3)]\noutput y", "O(3) - O(3)"),
    "SYM401": ("input x[2]\noutput y[n]", "n"),
    "SYM501": ("input x[4: S(4)]\noutput y\nsymmetrize by magic", "magic"),
    "SYM502": ("input x[2: T(2).point]\noutput y\nsymmetrize by average", "average"),
    "SYM503": ("input x[1: O(3).pseudoscalar]\noutput y\nsymmetrize by frame", "frame"),
    "SYM504": ("input x[4: S(4)]\noutput y\nsymmetrize by average(magic=1)", "magic"),
    "SYM505": ("input x[4: S(4)]\noutput y\nsymmetrize by average(samples=-1)", "-1"),
    "SYM506": (
        "input x[4: S(4), 3: S(3)]\noutput y\nsymmetrize S(4) by average(samples=2)\n"
        "symmetrize S(3) by average(samples=5)",
        "5",
    ),
    "SYM507": ("input x[4: S(4)]\noutput y\nsymmetrize S(4), S(4) by average", "S(4)"),
    "SYM508": ("input x[4: S(4)]\noutput y\nsymmetrize by canonical(net=mlp)", "mlp"),
    "SYM509": ("input x[4: S(4)]\noutput y\nsymmetrize by average(anchor=x)", "x"),
    "SYM510": ("input x[4]\noutput y\nsymmetrize by average", "symmetrize by average"),
    "SYM511": ("input x[3: O(3)]\noutput y\nsymmetrize by probabilistic(entropy=1)", "entropy"),
    "SYM901": ("input x[2: U(2)]\noutput y", "U(2)"),
    "SYM902": ("group W = C(2) wr S(3)\ninput x[6: W]\noutput y", "C(2)"),
    "SYM903": ("group G = lie { basis [[0]] }\ninput x[1: G]\noutput y", "lie { basis [[0]] }"),
    "SYM905": ("input x[5: SO(3).irrep(2)]\noutput y", "SO(3).irrep"),
}
"""What each code was given for in the first version, with the smallest part that is wrong."""
AVAILABLE = {"SYM904", "SYM906", "SYM907", "SYM908"}
"""Codes of what came later and has come: no other meaning is ever given to them."""


@pytest.mark.parametrize("code", FOREVER)
def test_section_6_a_code_stays_what_it_is_and_its_span_is_the_smallest(
    symc: Run, code: str
) -> None:
    text, span = FOREVER[code]
    said = one(symc, text)
    assert (said["code"], excerpt(text, said)) == (code, span)
    assert said["severity"] == CODES[code].severity


def test_section_6_every_code_is_kept() -> None:
    whole_files = {"SYM108", "SYM109", "SYM110", "SYM208"}
    assert FOREVER.keys() | whole_files <= CODES.keys()
    assert AVAILABLE.isdisjoint(CODES)


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "SYM208"),
        (b"\n\n   output y", "SYM208"),
        (b"\n\ninput x[\xff]", "SYM109"),
        (b"\n#" + b"#" * 100_001, "SYM108"),
    ],
    ids=["empty", "no input", "no text", "too long"],
)
def test_section_6_what_is_about_a_whole_file_starts_at_1_1(
    symc: Run, data: bytes, code: str
) -> None:
    Path("whole.sym").write_bytes(data)
    status, out, _ = symc("check", "whole.sym", "--output-format", "json")
    (said,) = json.loads(out)
    assert (status, said["code"]) == (1, code)
    assert said["start"] == {"line": 1, "column": 1}


def test_section_6_json_is_a_list_of_objects_with_these_keys(symc: Run) -> None:
    text = "group P = S(n)\n\ninput  x[n: S(n), 4: O(3)]\noutput y\n"
    Path("two.sym").write_text(text)
    _, out, _ = symc("check", "two.sym", "--output-format", "json")
    said = json.loads(out)
    assert [found["code"] for found in said] == ["SYM309", "SYM301"]
    for found in said:
        assert list(found) == [
            "code", "severity", "message", "help", "file", "start", "end", "related",
        ]  # fmt: skip
        assert found["severity"] == "error"
        assert found["message"]
        assert found["help"]
        assert found["file"] == "two.sym"
        for place in (found, *found["related"]):
            assert place["start"].keys() == place["end"].keys() == {"line", "column"}
        for related in found["related"]:
            assert related.keys() == {"message", "file", "start", "end"}
            assert related["file"] == "two.sym"
            assert related["message"]
    first = said[0]
    assert (first["start"], first["end"]) == ({"line": 3, "column": 13}, {"line": 3, "column": 17})
    assert excerpt(text, first["related"][0]) == "P"
    assert first["related"][0]["start"] == {"line": 1, "column": 7}


def test_section_6_columns_count_characters_from_1_and_the_end_is_exclusive(symc: Run) -> None:
    text = '"""größe × 名"""  input x[2] output größe\n'
    said = one(symc, text)
    assert excerpt(text, said) == "größe"
    assert said["start"]["column"] == text.rindex("größe") + 1
    assert said["end"]["column"] - said["start"]["column"] == len("größe")
    at_end = one(symc, "input x[2]\noutput")
    assert at_end["start"]["line"] == 2
    assert at_end["start"]["column"] >= 1


def test_section_6_json_of_clean_specs_is_an_empty_list(symc: Run) -> None:
    assert symc("check", "clean.sym", "--output-format", "json") == (0, "[]\n", "")
