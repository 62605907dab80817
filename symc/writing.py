"""Files that are whole or as they were: every file that symc writes is written here.

The text is written beside its file, brought to the disk, and put in its place in one step. A full
disk, a power cut or a kill in between leaves the old file as it was, at worst with a hidden file
`.symc-*.tmp` beside it.
"""

from __future__ import annotations

import contextlib
import errno
import os
import re
import secrets
import stat
from collections.abc import Iterator
from pathlib import Path

_CREATE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_CLOEXEC", 0)
_BINARY = getattr(os, "O_BINARY", 0)


_OPEN_ALREADY = re.compile(r"/dev/(stdout|stderr|fd/\d+)|/proc/(self|\d+)/fd/\d+")
"""Names for what the caller of symc opened: no other file can stand there."""


class _InPlaceError(Exception):
    """Nothing can be put in the place of the file without changing what it is."""


def write_whole(path: str | Path, data: str | bytes) -> None:
    """Write a file; a text as UTF-8, its line breaks as they are.

    Links are followed: the file that they lead to is written, and they stay. An old file keeps its
    mode, its owner, its attributes, and its other names, if it has any. Where that, or its folder,
    allows no other file to take its place, it is written over, after room for all of it is found;
    if that fails, the old content is put back. Pipes and devices are written to.

    Raises OSError.
    """
    data = data.encode("utf-8") if isinstance(data, str) else data
    target = os.path.realpath(path)
    try:
        old = os.stat(path)
    except FileNotFoundError:
        _replace(target, data, None)
        return
    if _OPEN_ALREADY.fullmatch(os.fspath(path)) or not stat.S_ISREG(old.st_mode):
        with open(path, "wb") as file:
            file.write(data)
        return
    if not os.access(target, os.W_OK):
        # Its folder may allow to replace what the file itself forbids to change.
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), target)
    try:
        if old.st_nlink > 1:
            raise _InPlaceError
        _replace(target, data, old)
    except _InPlaceError:
        _write_over(target, data)


def write_new(path: str | Path, data: str | bytes) -> None:
    """Write a file that is not there yet. Raises FileExistsError where something is, a link too."""
    data = data.encode("utf-8") if isinstance(data, str) else data
    with _beside(os.fspath(path), data, None) as temporary:
        try:
            # Unlike a renaming, this replaces nothing.
            os.link(temporary, path)
        except FileExistsError:
            raise
        except OSError:
            # A file system without links. What is cut short here is no loss: it was not there.
            descriptor = os.open(path, _CREATE | _BINARY, 0o666)
            try:
                _write_all(descriptor, data)
            except BaseException:
                os.unlink(path)
                raise
            finally:
                os.close(descriptor)
    _settle_folder(os.fspath(path))


# Of a renaming: a file that is mounted by itself, another's file in a sticky folder.
_CANNOT_REPLACE = (errno.EBUSY, errno.EPERM, errno.EACCES, errno.EXDEV, errno.ETXTBSY)


def _replace(target: str, data: bytes, old: os.stat_result | None) -> None:
    with _beside(target, data, old) as temporary:
        try:
            os.replace(temporary, target)
        except OSError as error:
            if old is not None and error.errno in _CANNOT_REPLACE:
                raise _InPlaceError from error
            raise
    _settle_folder(target)


@contextlib.contextmanager
def _beside(target: str, data: bytes, old: os.stat_result | None) -> Iterator[str]:
    """A file in the folder of `target` that holds the data; it is gone afterwards."""
    temporary = os.path.join(os.path.dirname(target), f".symc-{secrets.token_hex(8)}.tmp")
    try:
        # The umask decides about new files; who may not read the old one may not read this.
        descriptor = os.open(temporary, _CREATE | _BINARY, 0o666 if old is None else 0o600)
    except OSError as error:
        if old is not None and error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
            raise _InPlaceError from error
        raise OSError(error.errno, error.strerror, target) from error
    try:
        try:
            _write_all(descriptor, data)
            if old is not None:
                _keep(descriptor, target, old)
        finally:
            os.close(descriptor)
        yield temporary
    finally:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(temporary)


def _keep(descriptor: int, target: str, old: os.stat_result) -> None:
    """Gives a file the owner, the attributes (access lists among them) and the mode of another."""
    if not hasattr(os, "fchmod"):
        return
    new = os.fstat(descriptor)
    try:
        if (new.st_uid, new.st_gid) != (old.st_uid, old.st_gid):
            os.fchown(descriptor, old.st_uid, old.st_gid)
        if hasattr(os, "listxattr"):
            _keep_attributes(descriptor, target)
        os.fchmod(descriptor, stat.S_IMODE(old.st_mode))
    except OSError as error:
        raise _InPlaceError from error


def _keep_attributes(descriptor: int, target: str) -> None:
    try:
        wanted = {name: os.getxattr(target, name) for name in os.listxattr(target)}
    except OSError as error:
        if error.errno in (errno.ENOTSUP, errno.ENODATA):
            return
        raise
    for name, value in wanted.items():
        if name not in os.listxattr(descriptor) or os.getxattr(descriptor, name) != value:
            os.setxattr(descriptor, name, value)


def _write_over(target: str, data: bytes) -> None:
    """Write where the old content stands, once there is room for all of the new."""
    with open(target, "r+b", buffering=0) as file:
        before = file.read()
        try:
            if len(data) > len(before):
                _make_room(file.fileno(), len(data))
            file.seek(0)
            _write_all(file.fileno(), data, settle=False)
            file.truncate(len(data))
            os.fsync(file.fileno())
        except BaseException:
            file.seek(0)
            _write_all(file.fileno(), before, settle=False)
            file.truncate(len(before))
            raise


def _make_room(descriptor: int, length: int) -> None:
    """Raises OSError on a full disk; does nothing where the file system cannot tell."""
    if not hasattr(os, "posix_fallocate"):
        return
    try:
        os.posix_fallocate(descriptor, 0, length)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOTSUP, errno.ENOSYS):
            raise


def _write_all(descriptor: int, data: bytes, settle: bool = True) -> None:
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(descriptor, rest) :]
    if settle:
        os.fsync(descriptor)


def _settle_folder(target: str) -> None:
    """Brings the new name to the disk, too, where the system lets a folder be opened."""
    with contextlib.suppress(OSError):
        descriptor = os.open(os.path.dirname(target) or ".", os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
