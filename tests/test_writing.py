"""What symc writes is whole, or as it was; what a file is besides its text stays."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest
from commandline import Run

from symc.writing import write_new, write_whole

LOOSE = b"input   x[n: S(n), 3]\noutput y[n: S(n)]\n"
NEAT = b"input  x[n: S(n), 3]\noutput y[n: S(n)]\n"
COMMANDS = {
    "format": ("format", "a.sym"),
    "compile": ("compile", "b.sym", "--emit", "mermaid", "-o", "a.sym"),
    "check": ("check", "b.sym", "--output-format", "json", "-o", "a.sym"),
    "describe": ("describe", "b.sym", "-o", "a.sym"),
    "diff": ("diff", "b.sym", "b.sym", "-o", "a.sym"),
}


@pytest.fixture
def symc(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    monkeypatch.chdir(tmp_path)
    Path("a.sym").write_bytes(LOOSE)
    Path("b.sym").write_bytes(NEAT)
    return Run(capfd, monkeypatch)


def full_disk_after(count: int) -> Callable[[int, bytes], int]:
    """A disk with room for so many bytes more."""
    write, left = os.write, count

    def some(descriptor: int, data: bytes) -> int:
        nonlocal left
        if left == 0:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        written = write(descriptor, data[:left])
        left -= written
        return written

    return some


def failing(*_: object) -> None:
    raise OSError(errno.EIO, os.strerror(errno.EIO))


@pytest.mark.parametrize("command", COMMANDS.values(), ids=COMMANDS)
@pytest.mark.parametrize("fails", ["write", "fsync", "replace"])
def test_where_writing_fails_the_old_file_is_whole(
    symc: Run, monkeypatch: pytest.MonkeyPatch, command: tuple[str, ...], fails: str
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(os, fails, full_disk_after(2) if fails == "write" else failing)
        status, out, err = symc(*command)
    assert (status, out) == (2, "")
    assert "error: cannot write `a.sym`: " in err
    assert Path("a.sym").read_bytes() == LOOSE
    assert sorted(os.listdir()) == ["a.sym", "b.sym"]
    assert symc(*command)[0] == 0
    assert Path("a.sym").read_bytes() != LOOSE


@pytest.mark.parametrize("fails", ["write", "fsync"])
def test_a_new_spec_that_cannot_be_written_is_not_there(
    symc: Run, monkeypatch: pytest.MonkeyPatch, fails: str
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(os, fails, full_disk_after(2) if fails == "write" else failing)
        status, _, err = symc("new", "c")
    assert status == 2
    assert "cannot write `c.sym`" in err
    assert sorted(os.listdir()) == ["a.sym", "b.sym"]


def test_killed_between_writing_and_replacing(tmp_path: Path) -> None:
    """Whatever the moment: at each call that changes something the old file or the new is there."""
    path = tmp_path / "a"
    seen = []
    for name in ("open", "write", "fsync", "replace", "unlink"):
        path.write_bytes(LOOSE)
        real = getattr(os, name)

        def look(*arguments: object, _real: Callable[..., object] = real, **keys: object) -> object:
            seen.append(path.read_bytes())
            result = _real(*arguments, **keys)
            seen.append(path.read_bytes())
            return result

        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(os, name, look)
            write_whole(path, NEAT)
        assert path.read_bytes() == NEAT
    assert set(seen) == {LOOSE, NEAT}


def test_the_mode_stays(symc: Run) -> None:
    for mode in (0o600, 0o644, 0o755, 0o664):
        Path("a.sym").write_bytes(LOOSE)
        os.chmod("a.sym", mode)
        assert symc("format", "a.sym")[0] == 0
        assert stat.S_IMODE(os.stat("a.sym").st_mode) == mode


def test_new_files_follow_the_umask(tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        write_whole(tmp_path / "a", "x")
        write_new(tmp_path / "b", "x")
    finally:
        os.umask(before)
    assert [stat.S_IMODE((tmp_path / name).stat().st_mode) for name in "ab"] == [0o640, 0o640]


def test_links_stay_and_lead_to_what_was_written(symc: Run) -> None:
    os.mkdir("real")
    Path("real/c.sym").write_bytes(LOOSE)
    Path("link.sym").symlink_to("real/c.sym")
    Path("chain.sym").symlink_to("link.sym")
    assert symc("format", "chain.sym")[0] == 0
    assert os.readlink("chain.sym") == "link.sym"
    assert os.readlink("link.sym") == "real/c.sym"
    assert Path("real/c.sym").read_bytes() == NEAT
    assert os.listdir("real") == ["c.sym"]
    Path("dangling").symlink_to("real/made")
    write_whole("dangling", "x")
    assert Path("real/made").read_text() == "x"


def test_a_file_with_two_names_stays_one_file(symc: Run) -> None:
    os.link("a.sym", "other.sym")
    assert symc("format", "a.sym")[0] == 0
    assert os.path.samefile("a.sym", "other.sym")
    assert Path("other.sym").read_bytes() == NEAT


@pytest.mark.parametrize("longer", [True, False])
@pytest.mark.parametrize("fails", ["write", "fsync"])
def test_what_is_written_over_is_put_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fails: str, longer: bool
) -> None:
    path = tmp_path / "a"
    path.write_bytes(LOOSE)
    os.link(path, tmp_path / "b")
    write, calls = os.write, []

    def fail_once(descriptor: int, data: bytes) -> int:
        calls.append(data)
        if len(calls) == 2:
            raise OSError(errno.EIO, "input/output error")
        return write(descriptor, data[:7])

    with monkeypatch.context() as patched:
        patched.setattr(os, fails, fail_once if fails == "write" else failing)
        with pytest.raises(OSError, match="error"):
            write_whole(path, NEAT * 9 if longer else b"input x[3]")
    assert path.read_bytes() == LOOSE


def test_a_full_disk_is_seen_before_anything_is_written_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a"
    path.write_bytes(LOOSE)
    os.link(path, tmp_path / "b")
    monkeypatch.setattr(os, "posix_fallocate", failing)
    seen = []
    write = os.write
    monkeypatch.setattr(os, "write", lambda d, data: (seen.append(bytes(data)), write(d, data))[1])
    with pytest.raises(OSError, match="error"):
        write_whole(path, NEAT * 9)
    assert path.read_bytes() == LOOSE
    assert set(seen) <= {LOOSE}


@pytest.mark.parametrize("number", [errno.EACCES, errno.EPERM, errno.EROFS])
def test_a_folder_that_takes_no_new_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    path = tmp_path / "a"
    path.write_bytes(LOOSE)
    opened = os.open

    def refuse(name: str, flags: int, *rest: int) -> int:
        if flags & os.O_CREAT:
            raise OSError(number, os.strerror(number), name)
        return opened(name, flags, *rest)

    monkeypatch.setattr(os, "open", refuse)
    write_whole(path, NEAT)
    assert path.read_bytes() == NEAT
    with pytest.raises(OSError, match=str(tmp_path / "b")):
        write_whole(tmp_path / "b", NEAT)


@pytest.mark.parametrize("call", ["replace", "fchown", "fchmod"])
def test_where_it_would_become_another_file_it_is_written_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    """A file that is mounted by itself; one whose owner cannot be given to another."""
    path = tmp_path / "a"
    path.write_bytes(LOOSE)
    number = path.stat().st_ino

    def refuse(*_: object) -> None:
        raise OSError(errno.EPERM, "not permitted")

    if call == "fchown":
        fstat = os.fstat
        changed = list(fstat(os.open(path, os.O_RDONLY)))
        changed[4] += 1
        monkeypatch.setattr(os, "fstat", lambda _: os.stat_result(changed))
    monkeypatch.setattr(os, call, refuse)
    write_whole(path, NEAT)
    assert path.read_bytes() == NEAT
    assert path.stat().st_ino == number
    assert os.listdir(tmp_path) == ["a"]


def test_a_file_that_may_not_be_written_is_not_replaced(
    symc: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    os.chmod("a.sym", 0o444)
    # Whoever runs the tests may be allowed everything.
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    status, _, err = symc("format", "a.sym")
    assert status == 2
    assert err == "error: cannot write `a.sym`: Permission denied\n"
    assert Path("a.sym").read_bytes() == LOOSE


@pytest.mark.skipif(not hasattr(os, "setxattr"), reason="no extended attributes here")
def test_attributes_stay(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(LOOSE)
    try:
        os.setxattr(path, "user.note", b"kept")
    except OSError:
        pytest.skip("this file system has no extended attributes")
    write_whole(path, NEAT)
    assert os.getxattr(path, "user.note") == b"kept"


def test_devices_and_pipes_are_written_to(tmp_path: Path) -> None:
    write_whole("/dev/null", "x")
    assert stat.S_ISCHR(os.stat("/dev/null").st_mode)
    reader, writer = os.pipe()
    write_whole(f"/dev/fd/{writer}", "some")
    os.close(writer)
    assert os.read(reader, 10) == b"some"


def test_what_is_there_already_is_not_new(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("old")
    (tmp_path / "link").symlink_to("nowhere")
    for name in ("a", "link"):
        with pytest.raises(FileExistsError):
            write_new(tmp_path / name, "x")
    assert (tmp_path / "a").read_text() == "old"
    assert not (tmp_path / "nowhere").exists()


def test_a_file_system_without_links(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise OSError(errno.EPERM, "not permitted")

    monkeypatch.setattr(os, "link", refuse)
    write_new(tmp_path / "a", "x")
    assert (tmp_path / "a").read_text() == "x"
    with pytest.raises(FileExistsError):
        write_new(tmp_path / "a", "y")
    monkeypatch.setattr(os, "fsync", failing)
    with pytest.raises(OSError, match="error"):
        write_new(tmp_path / "b", "x")
    assert os.listdir(tmp_path) == ["a"]


MARK = b"\xef\xbb\xbf"


@pytest.mark.parametrize("mark", [b"", MARK], ids=["", "marked"])
@pytest.mark.parametrize("end", [b"\n", b"\r\n"], ids=["unix", "windows"])
def test_line_ends_and_the_byte_order_mark_stay(symc: Run, mark: bytes, end: bytes) -> None:
    Path("a.sym").write_bytes(mark + LOOSE.replace(b"\n", end))
    assert symc("format", "a.sym")[0] == 0
    assert Path("a.sym").read_bytes() == mark + NEAT.replace(b"\n", end)
    before = os.stat("a.sym").st_ino
    assert symc("format", "a.sym") == (0, "", "")
    assert symc("format", "--check", "a.sym") == (0, "", "")
    assert os.stat("a.sym").st_ino == before


@pytest.mark.parametrize("windows", range(4))
def test_mixed_line_ends_become_those_of_most_lines(symc: Run, windows: int) -> None:
    lines = [b"input   x[n: S(n), 3]", b"# note", b"output y[n: S(n)]"]
    ends = [b"\r\n"] * windows + [b"\n"] * (3 - windows)
    Path("a.sym").write_bytes(b"".join(a + b for a, b in zip(lines, ends, strict=True)))
    assert symc("format", "a.sym")[0] == 0
    data = Path("a.sym").read_bytes()
    assert (data.count(b"\r\n"), data.count(b"\n")) == ((3, 3) if windows >= 2 else (0, 3))
    mixed = NEAT.replace(b"\n", b"\r\n", 1)
    Path("a.sym").write_bytes(mixed)
    assert symc("format", "a.sym") == (0, "", "")
    assert Path("a.sym").read_bytes() == mixed


def test_a_diff_ends_lines_as_the_file_does(symc: Run) -> None:
    Path("a.sym").write_bytes(LOOSE.replace(b"\n", b"\r\n"))
    out = symc("format", "--diff", "a.sym")[1]
    assert out.split("\n")[:2] == ["--- a.sym", "+++ a.sym"]
    assert "-input   x[n: S(n), 3]\r\n+input  x[n: S(n), 3]\r\n output y[n: S(n)]\r\n" in out
