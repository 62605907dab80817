"""The command `symc`, run in the process of the tests."""

from __future__ import annotations

import os
import sys

import pytest

from symc import cli


class Run:
    """`symc` in this process, in an empty folder."""

    def __init__(self, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
        self.capfd, self.monkeypatch = capfd, monkeypatch

    def __call__(self, *arguments: str, stdin: bytes | str = b"") -> tuple[int, str, str]:
        reader, writer = os.pipe()
        os.write(writer, stdin.encode() if isinstance(stdin, str) else stdin)
        os.close(writer)
        with os.fdopen(reader, encoding="utf-8") as stream:
            self.monkeypatch.setattr(sys, "stdin", stream)
            self.capfd.readouterr()
            with pytest.raises(SystemExit) as exit_:
                cli.main(arguments)
        out, err = self.capfd.readouterr()
        assert isinstance(exit_.value.code, int)
        return exit_.value.code, out, err
