"""Where logs and tables lie: local files, folders, globs, and objects behind a URI."""

from __future__ import annotations

import glob
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

SUFFIXES = (".eval", ".json", ".csv", ".tsv", ".tab", ".jsonl", ".ndjson", ".parquet", ".pq")
"""Suffixes of logs and tables; tables may have `.gz` behind theirs."""
OWN_PARTS = ".hotmess-"
"""How the names of files and folders begin in which a command writes before it moves the whole in its place."""


def suffix_of(name: str) -> str:
    """Lower-case suffix of a file's name, the one before `.gz` where there is one."""
    return os.path.splitext(name.lower().removesuffix(".gz"))[1]


@dataclass(eq=False)
class File:
    """One input file, read in pieces.

    Attributes:
        path: Path or URI, as the user knows it.
        size: Bytes.
        named: Whether the user named this very file, rather than a folder that holds it.
        requests: How many ranges were read so far.
    """

    path: str
    size: int
    named: bool
    requests: int = field(default=0, init=False)

    def read(self, start: int, length: int) -> bytes:
        """The bytes from ``start`` on, fewer at the end of the file."""
        self.requests += 1
        with open(self.path, "rb") as file:
            file.seek(start)
            return file.read(length)

    @property
    def suffix(self) -> str:
        """Lower-case suffix with its dot; of a file compressed by gzip, the one before `.gz`."""
        return suffix_of(self.path)


@dataclass(eq=False)
class RemoteFile(File):
    """An object behind a URI, read by range requests through fsspec."""

    filesystem: Any = None
    key: str = ""

    def read(self, start: int, length: int) -> bytes:
        """The bytes from ``start`` on, fewer at the end of the object."""
        end = min(start + length, self.size)
        if end <= start:
            return b""
        self.requests += 1
        with _as_os_error(self.path):
            return bytes(self.filesystem.cat_file(self.key, start=start, end=end))


@contextmanager
def _as_os_error(location: str) -> Iterator[None]:
    """Whatever a storage service raises, as an OSError that names the location.

    fsspec's file systems pass on the exceptions of some twenty client libraries, which have no root in
    common; one unreachable bucket must not stop the rest.
    """
    try:
        yield
    except (OSError, ValueError, ImportError):
        raise
    except Exception as error:
        raise OSError(f"{location}: {type(error).__name__}: {error}") from error


def find_files(location: str) -> Iterator[File]:
    """The logs and tables at a location.

    Args:
        location: Path, folder (searched through), glob pattern, or URI of an object or prefix.

    Yields:
        Files in the order of their paths.

    Raises:
        FileNotFoundError: If there is nothing at the location.
        OSError: If it cannot be listed.
        ImportError: If the URI's scheme needs a package that is not installed.
    """
    if "://" in location and not location.startswith("file://"):
        yield from _remote_files(location)
        return
    path = location.removeprefix("file://")
    if os.path.isdir(path):
        yield from (File(name, os.path.getsize(name), named=False) for name in _in_folder(path).readable)
    elif os.path.exists(path):
        if not os.path.isfile(path):
            raise OSError(f"{path} is neither a file nor a folder")
        yield File(path, os.path.getsize(path), named=True)
    else:
        found = sorted(name for name in glob.glob(path, recursive=True) if os.path.isfile(name))
        if not found:
            raise FileNotFoundError(f"{location}: no such file, folder or pattern")
        yield from (File(name, os.path.getsize(name), named=False) for name in found)


@dataclass(frozen=True)
class Folder:
    """What lies in a local folder.

    Attributes:
        readable: Files that by their name may be logs or tables.
        others: Other files.
        dangling: Links to nothing.
    """

    readable: list[str]
    others: list[str]
    dangling: list[str]


def folder_of(location: str) -> Folder | None:
    """What lies in a local folder; ``None`` if the location is none."""
    path = location.removeprefix("file://")
    if "://" in path or not os.path.isdir(path):
        return None
    return _in_folder(path)


def _in_folder(path: str) -> Folder:
    readable: list[str] = []
    others: list[str] = []
    dangling: list[str] = []
    for place in sorted(Path(path).rglob("*"), key=str):
        if any(part.startswith(OWN_PARTS) for part in place.relative_to(path).parts):
            continue
        if place.is_symlink() and not place.exists():
            dangling.append(str(place))
        elif place.is_file():
            (readable if suffix_of(place.name) in SUFFIXES else others).append(str(place))
    return Folder(readable, others, dangling)


def _remote_files(location: str) -> Iterator[File]:
    from fsspec.core import url_to_fs

    with _as_os_error(location):
        filesystem, key = url_to_fs(location)
        if any(sign in key for sign in "*?["):
            found = filesystem.glob(key, detail=True)
        else:
            # A listing tells sizes too, so that no object needs a request of its own for it.
            found = filesystem.find(key, detail=True)
    if not found:
        raise FileNotFoundError(f"{location}: no such object or prefix")
    for name, info in sorted(found.items()):
        named = name.rstrip("/") == key.rstrip("/")
        if info.get("type") == "file" and (named or suffix_of(name) in SUFFIXES):
            yield RemoteFile(
                path=filesystem.unstrip_protocol(name),
                size=int(info["size"]),
                named=named,
                filesystem=filesystem,
                key=name,
            )
