"""Atomic change of a log, on disk or behind a URI: refused where another process has written it since."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from hotmess_inspect.io.archive import Archive
from hotmess_inspect.io.json_log import looks_like_log
from hotmess_inspect.io.records import ANNOTATION
from hotmess_inspect.io.sources import File, find_files
from hotmess_inspect.io.writing import Refused, move, part_beside

if TYPE_CHECKING:
    from hotmess_inspect.io.logs import LogInfo


class LogChanged(ValueError):
    """The log was written by someone else in the meantime; nothing was changed."""


@dataclass(frozen=True)
class Version:
    """What tells one content of a log from another.

    Attributes:
        stamp: Size, time and inode of a file; entity tag or time and size of an object.
        etag: Entity tag, where the store has one that can be made a condition of writing.
    """

    stamp: tuple[object, ...]
    etag: str | None = None


def is_remote(path: str) -> bool:
    """Whether a path is a URI of something other than a local file."""
    return "://" in path and not path.startswith("file://")


def beside(path: str) -> str:
    """Where the annotated copy of a log goes: ``run.eval`` becomes ``run.annotated.eval``."""
    head, name = path.rsplit("/", 1) if is_remote(path) else os.path.split(path)
    pure = PurePosixPath(name)
    annotated = f"{pure.stem}.annotated{pure.suffix}"
    return f"{head}/{annotated}" if is_remote(path) else os.path.join(head, annotated)


def version(path: str) -> Version | None:
    """The version that lies at a path now, ``None`` if nothing does.

    Args:
        path: Path or URI.
    """
    if not is_remote(path):
        try:
            found = os.stat(path.removeprefix("file://"))
        except FileNotFoundError:
            return None
        return Version((found.st_size, found.st_mtime_ns, found.st_ino))
    filesystem, key = _remote(path)
    try:
        info = filesystem.info(key, refresh=True) if _refreshes(filesystem) else filesystem.info(key)
    except FileNotFoundError:
        return None
    tag = info.get("ETag") or info.get("etag")
    when = info.get("LastModified") or info.get("last_modified") or info.get("mtime") or info.get("created")
    return Version((tag, str(when), info.get("size")), tag if _has_conditions(filesystem) else None)


@contextmanager
def local_copy(path: str) -> Iterator[str]:
    """A local file with the log's content: the log itself, or a download that is removed afterwards."""
    if not is_remote(path):
        yield path.removeprefix("file://")
        return
    filesystem, key = _remote(path)
    with tempfile.TemporaryDirectory() as folder:
        target = str(Path(folder) / PurePosixPath(key).name)
        filesystem.get_file(key, target)
        yield target


@contextmanager
def part_for(path: str) -> Iterator[str]:
    """Where to write what is to become ``path``: beside a local file, so that it can be moved in one step."""
    if is_remote(path):
        with tempfile.TemporaryDirectory() as made:
            yield str(Path(made) / f"part{PurePosixPath(path).suffix}")
        return
    with part_beside(os.path.realpath(path.removeprefix("file://"))) as part:
        yield part


def put(part: str, path: str, before: Version | None) -> None:
    """Put a written part in its place in one step, provided that nobody wrote there meanwhile.

    Behind ``s3://`` the condition goes with the request (If-Match), so that no writer can slip in between
    check and writing; up to 100 MB, above which uploads come in pieces and only the check just before
    protects. Other stores replace an object in one step after the check.

    Args:
        part: Local file.
        path: Path or URI to replace.
        before: What is expected there now; ``None`` expects nothing in particular.

    Raises:
        LogChanged: If another version lies there.
    """
    if before is not None and version(path) != before:
        raise changed(path)
    if not is_remote(path):
        move(part, path.removeprefix("file://"))
        return
    filesystem, key = _remote(path)
    condition = {}
    if before is not None and before.etag and os.path.getsize(part) < _ONE_REQUEST:
        condition = {"IfMatch": before.etag}
    try:
        filesystem.put_file(part, key, **condition)
    except OSError as error:
        if condition and "precondition" in str(error).lower().replace("-", ""):
            raise changed(path) from error
        raise
    filesystem.invalidate_cache()


_ONE_REQUEST = 100 * 2**20


def changed(path: str) -> LogChanged:
    """The error for a log that is not the one that was read."""
    return LogChanged(f"{path} was changed by someone else while it was being annotated; nothing is written")


def check_annotation(path: str, source: str, log: LogInfo, *, overwrite: bool) -> None:
    """Whether the annotated copy of a log may be written somewhere.

    Args:
        path: Where it goes; the source itself is replaced.
        source: The log.
        log: What its header says.
        overwrite: Whether anything may be replaced.

    Raises:
        Refused: If something else than an earlier annotation of the same log lies there.
    """
    if is_remote(path):
        if not overwrite and path != source and version(path) is not None and ".annotated." not in path:
            raise Refused(f"{path} exists: --overwrite replaces it")
        return
    local, origin = (os.path.realpath(one.removeprefix("file://")) for one in (path, source))
    if path == source or not os.path.exists(local):
        if not os.path.isdir(os.path.dirname(local)):
            raise Refused(f"the folder {os.path.dirname(path)} does not exist: make it first (mkdir -p)")
        return
    if local == origin or os.path.samefile(local, origin):
        raise Refused(f"{path} is the log itself: --in-place replaces it")
    if not overwrite and not _is_annotation_of(local, log):
        raise Refused(f"{path} exists and is no annotation of {source}: --overwrite replaces it")


def _is_annotation_of(path: str, log: LogInfo) -> bool:
    from hotmess_inspect.io.logs import Reading, read_whole

    found = read_whole(File(path, os.path.getsize(path), named=True), Reading()).log
    if found is None or (found.task_id, found.created) != (log.task_id, log.created):
        return False
    file = File(path, os.path.getsize(path), named=True)
    if file.suffix != ".json":
        return ANNOTATION.encode() in Archive(file).read("header.json")
    return ANNOTATION.encode() in file.read(0, file.size)


def _remote(path: str) -> tuple[Any, str]:
    from fsspec.core import url_to_fs

    return url_to_fs(path)  # type: ignore[no-any-return]


def _protocols(filesystem: Any) -> tuple[str, ...]:
    named = filesystem.protocol
    return (named,) if isinstance(named, str) else tuple(named)


def _has_conditions(filesystem: Any) -> bool:
    return "s3" in _protocols(filesystem)


def _refreshes(filesystem: Any) -> bool:
    """Whether listings are cached, so that a fresh look has to be asked for."""
    return bool({"s3", "gs", "gcs"} & set(_protocols(filesystem)))


def find_logs(locations: Sequence[str]) -> list[str]:
    """The logs at locations, each once, without the annotated copies that lie beside them.

    Args:
        locations: Logs, which are taken as they are, and folders, patterns or prefixes of them.

    Returns:
        Paths and URIs.

    Raises:
        FileNotFoundError: If there is no log at a location.
        OSError: If it cannot be listed.
    """
    found: dict[str, None] = {}
    for location in locations:
        files = list(find_files(location))
        logs = [file.path for file in files if file.named or _is_original_log(file)]
        if not logs:
            raise FileNotFoundError(f"{location}: holds no log")
        found |= dict.fromkeys(logs)
    return list(found)


def _is_original_log(file: File) -> bool:
    name = PurePosixPath(file.path).name
    if ".annotated." in name:
        return False
    return file.suffix == ".eval" or (file.suffix == ".json" and looks_like_log(file))
