"""Atomic writing of files by all commands: written beside, then renamed; never over an input or a file of another program."""

from __future__ import annotations

import contextlib
import glob
import os
import stat
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from hotmess_inspect.io.sources import OWN_PARTS, SUFFIXES, suffix_of

_BEGINNINGS: dict[str, tuple[bytes, ...]] = {
    "HTML": (b"<!doctype html", b"<html"),
    "Parquet": (b"PAR1",),
    "PNG": (b"\x89PNG",),
    "SVG": (b"<?xml", b"<svg"),
    "JSON": (b"{", b"["),
    "JUnit XML": (b"<?xml", b"<testsuite"),
    "Inspect log": (b"PK\x03\x04",),
    "NumPy": (b"PK\x03\x04", b"\x93NUMPY"),
    "checkpoint": (b"PK\x03\x04",),
    "CSV": (),
}
"""How files of each kind begin, in lower case; text of any kind may be CSV."""
_WITHIN = {"SVG": b"<svg", "JUnit XML": b"<testsuite"}
"""What stands near the beginning of those kinds that begin alike."""


class Refused(ValueError):
    """A file that is not written, with the reason and the remedy as its message."""


def check_target(path: str, kind: str, *, inputs: Iterable[str] = (), overwrite: bool = False) -> None:
    """Whether a file may be written.

    Args:
        path: The file.
        kind: What is to be written, a key of the kinds known here.
        inputs: Paths, folders and patterns that the command reads; nothing that they stand for is ever written over.
        overwrite: Whether files of other kinds may be replaced.

    Raises:
        Refused: If the file is an input, a folder, or holds something else than such a file.
    """
    target = os.path.realpath(path)
    if any(is_same(target, one) or _is_read(target, one) for one in inputs):
        raise Refused(f"{path} is an input of this command: name another file to write")
    if os.path.isdir(target):
        raise Refused(f"{path} is a folder, not a file to write")
    folder = os.path.dirname(target) or "."
    if not os.path.isdir(folder):
        raise Refused(
            f"the folder {os.path.dirname(path) or folder} does not exist: make it first (mkdir -p)"
        )
    if not overwrite and os.path.isfile(target) and os.path.getsize(target) and not _is_kind(target, kind):
        raise Refused(f"{path} exists and is no {kind} file: --overwrite replaces it")


def is_same(target: str, location: str) -> bool:
    """Whether two paths or URIs are of one file, over links too."""
    if any("://" in one and not one.startswith("file://") for one in (target, location)):
        return target == location
    target = target.removeprefix("file://")
    path = location.removeprefix("file://")
    try:
        return os.path.samefile(target, path)
    except OSError:
        return os.path.realpath(target) == os.path.realpath(path)


def _is_read(target: str, location: str) -> bool:
    """Whether an existing file is among what a folder or a pattern stands for."""
    remote = "://" in location and not location.startswith("file://")
    if remote or not os.path.isfile(target) or suffix_of(target) not in SUFFIXES:
        return False
    path = location.removeprefix("file://")
    if os.path.isdir(path):
        return target.startswith(os.path.join(os.path.realpath(path), ""))
    return not os.path.exists(path) and any(is_same(target, one) for one in glob.iglob(path, recursive=True))


def _is_kind(path: str, kind: str) -> bool:
    with open(path, "rb") as file:
        start = file.read(4096)
    if kind == "CSV":
        return b"\0" not in start and path.lower().endswith((".csv", ".tsv", ".txt"))
    lowered = start.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    return _WITHIN.get(kind, b"") in lowered and any(lowered.startswith(b.lower()) for b in _BEGINNINGS[kind])


@contextmanager
def replacing(path: str, kind: str, *, inputs: Iterable[str] = (), overwrite: bool = False) -> Iterator[str]:
    """Where to write what is to become a file: beside it, to be moved in its place in one step.

    Killed at any moment it leaves the old file or the new one; what was written beside has a hidden name that
    no reader takes for a log or a table. A link is followed, and an existing file's mode and owner are kept.

    Args:
        path: The file.
        kind: As in :func:`check_target`, like the rest.
        inputs: Paths that the command reads.
        overwrite: Whether files of other kinds may be replaced.

    Raises:
        Refused: As :func:`check_target` does.
        OSError: If the folder cannot be written to or is full.
    """
    check_target(path, kind, inputs=inputs, overwrite=overwrite)
    target = os.path.realpath(path)
    if os.path.exists(target) and not os.path.isfile(target):
        # A device or a pipe, such as /dev/stdout: there is nothing to replace.
        yield target
        return
    with part_beside(target) as part:
        yield part
        move(part, target)


@contextmanager
def part_beside(target: str) -> Iterator[str]:
    """A hidden file in the folder of another, removed at the end if it was not moved away."""
    handle, part = tempfile.mkstemp(prefix=OWN_PARTS, suffix=".part", dir=os.path.dirname(target) or ".")
    os.close(handle)
    try:
        yield part
    finally:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(part)


def move(part: str, target: str) -> None:
    """Put a written file in another's place in one step, with the mode and owner that lie there now."""
    target = os.path.realpath(target)
    try:
        before = os.stat(target)
    except FileNotFoundError:
        os.chmod(part, 0o666 & ~_umask())
    else:
        with contextlib.suppress(PermissionError):
            os.chown(part, before.st_uid, before.st_gid)
        os.chmod(part, stat.S_IMODE(before.st_mode))
    with open(part, "rb") as file:
        os.fsync(file.fileno())
    os.replace(part, target)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
