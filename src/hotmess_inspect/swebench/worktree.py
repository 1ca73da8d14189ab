"""What differs between two states of a folder, and the difference as a patch.

This file runs in containers, by itself: only the standard library, Python 3.7 or newer. The host sends it there
(:mod:`hotmess_inspect.swebench.transfer`); nothing is installed. Whatever an agent did to its repository, git is not
asked what changed: the files themselves are compared with those of an untouched container of the same image.

Three commands, each with JSON on both sides:

- ``manifest`` lists a folder as the image has it;
- ``changes`` compares the agent's folder with that list, and reads what is new or different, within limits;
- ``patch`` turns these changes into the text of ``git diff``, in an untouched container, with a repository of its
  own that has no configuration, no attributes and no filters.

Paths are texts with surrogate escapes, so that any file name is carried.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import stat
import subprocess
import sys
import tempfile
import zlib
from typing import Any

LARGEST_NEW = 1_000_000
"""Bytes of a new file that are still read."""

LARGEST_CHANGED = 5_000_000
"""Bytes of a file that the image has, and of all files together."""

MOST_FILES = 2_000
"""Changed files of one patch."""

LARGEST_FOLDER = 500
"""Files of a new folder; with more it is left out as a whole, as are folders above :data:`LARGEST_NEW` bytes."""

LISTED = 50
"""Files of one folder that are listed alone where many are left out for the same reason; the others are counted."""

SECONDS = 120
"""Longest time of one call of git."""

LARGEST_MESSAGE = 200_000_000
"""Bytes of a message between host and container, unpacked."""

_BYTECODE = "__pycache__"
_CHUNK = 1 << 20
# Nothing of a repository's or a user's settings is wanted where git is called.
_GIT_ENVIRONMENT = {
    "PATH": "/usr/local/bin:/usr/bin:/bin",
    "HOME": "/nonexistent",
    "LC_ALL": "C",
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": "/dev/null",
    "GIT_ATTR_NOSYSTEM": "1",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_TERMINAL_PROMPT": "0",
}
_GIT_SETTINGS = {
    "safe.directory": "*",
    "core.fsmonitor": "false",
    "core.hooksPath": "/dev/null",
    "core.excludesFile": "/dev/null",
    "core.attributesFile": "/dev/null",
    "core.quotePath": "false",
    "core.protectNTFS": "false",
    "core.protectHFS": "false",
    "init.defaultBranch": "main",
}


class Failed(Exception):
    """A step that must not fail has failed; the message says which."""


# --- a folder as it is


def manifest(root: str) -> dict[str, Any]:
    """List a folder: every file with its kind, mode, size, time and hash, and every folder.

    Args:
        root: The folder.

    Returns:
        ``files``: path → [kind (``f`` file, ``l`` link, ``s`` other), executable, size, time of change in ns, hash,
        tracked by git]; ``folders``: their paths.
    """
    files: dict[str, list[Any]] = {}
    folders: list[str] = []
    tracked = _tracked(root)
    waiting = [""]
    while waiting:
        folder = waiting.pop()
        for entry in os.scandir(os.path.join(root, folder)):
            path = os.path.join(folder, entry.name)
            if entry.name == ".git":
                continue
            state = entry.stat(follow_symlinks=False)
            if stat.S_ISDIR(state.st_mode):
                folders.append(path)
                waiting.append(path)
            else:
                files[path] = [*_described(os.path.join(root, path), state), path in tracked]
    return {"files": files, "folders": folders}


def _tracked(root: str) -> set[str]:
    if not os.path.lexists(os.path.join(root, ".git")):
        return set()
    listed = _git(root, "ls-files", "-z")
    return set(os.fsdecode(listed).split("\0"))


def _described(path: str, state: os.stat_result) -> list[Any]:
    executable = bool(state.st_mode & stat.S_IXUSR)
    if stat.S_ISLNK(state.st_mode):
        return ["l", False, 0, 0, hashlib.sha1(os.fsencode(os.readlink(path))).hexdigest()]
    if stat.S_ISREG(state.st_mode):
        try:
            digest: str | None = _hash(path)
        except OSError:
            digest = None
        return ["f", executable, state.st_size, state.st_mtime_ns, digest]
    return ["s", False, 0, 0, None]


def _hash(path: str) -> str:
    digest = hashlib.sha1()
    with open(path, "rb") as file:
        for part in iter(lambda: file.read(_CHUNK), b""):
            digest.update(part)
    return digest.hexdigest()


# --- what an agent changed


class Comparison:
    """An agent's folder beside the list of the untouched one.

    Args:
        root: The agent's folder.
        known: What :func:`manifest` gave.
        since: Time (ns since 1970) from which the agent may have changed something. A file whose status is older
            and whose size and time are those of the list is not read again; 0 reads every file.
    """

    def __init__(self, root: str, known: dict[str, Any], since: int) -> None:
        self.root = root
        self.files: dict[str, list[Any]] = known["files"]
        self.folders = set(known["folders"])
        self.since = since
        self.seen: set[str] = set()
        self.closed: list[str] = []
        self.found: list[tuple[bool, bool, int, str, bool]] = []
        self.left_out: list[tuple[str, str]] = []
        self.bytecode = 0
        self.left: dict[tuple[str, str], int] = {}

    def changes(self) -> dict[str, Any]:
        """Everything that is new, different or gone.

        Returns:
            ``changes``: [path, executable, content in base64 or None where the file is gone]; ``left_out``:
            [path, reason].
        """
        self._known_folder("")
        changes: list[list[Any]] = []
        total = 0
        # Files that the image has come first, then new ones beside them, then new folders; the small before the large.
        for new, _, size, path, executable in sorted(self.found):
            if len(changes) >= MOST_FILES:
                self._leave(path, f"more than {MOST_FILES:,} changed files")
                continue
            largest = LARGEST_NEW if new else LARGEST_CHANGED
            if size > largest or total + size > LARGEST_CHANGED:
                self._leave(path, f"larger than {largest:,} bytes, alone or with the others")
                continue
            try:
                content = self._read(path, largest, may_open=not new)
            except OSError as error:
                self._leave(path, f"cannot be read: {error.strerror}")
                continue
            if len(content) != size:
                self._leave(path, "changed while it was read")
                continue
            total += len(content)
            changes.append([path, executable, base64.b64encode(content).decode()])
        changes += [[path, False, None] for path in self._gone()]
        if self.bytecode:
            self._leave(_BYTECODE + "/", f"compiled bytecode, in {self.bytecode} folders")
        for (folder, reason), count in self.left.items():
            if count > LISTED:
                self.left_out.append((f"{folder or '.'}/ ({count - LISTED:,} more)", reason))
        return {"changes": changes, "left_out": self.left_out}

    def _leave(self, path: str, reason: str) -> None:
        place = os.path.dirname(path.rstrip("/")), reason
        self.left[place] = self.left.get(place, 0) + 1
        if self.left[place] <= LISTED:
            self.left_out.append((path, reason))

    def _entries(self, folder: str) -> list[Any] | None:
        full = os.path.join(self.root, folder)
        for attempt in (1, 2):
            try:
                with os.scandir(full) as entries:
                    return list(entries)
            except PermissionError:
                if attempt == 1:
                    _open_up(full, 0o500)
            except OSError:
                break
        if not folder:
            raise Failed(f"the folder {self.root} cannot be read")
        self.closed.append(folder + "/")
        self._leave(folder + "/", "a folder that cannot be read")
        return None

    def _known_folder(self, folder: str) -> None:
        for entry in self._entries(folder) or ():
            path = os.path.join(folder, entry.name)
            if entry.name == ".git":
                if folder:
                    self._leave(path, "a repository within the repository")
                continue
            try:
                state = entry.stat(follow_symlinks=False)
            except OSError:
                continue  # it went away meanwhile
            if not stat.S_ISDIR(state.st_mode):
                self._file(path, state, in_new=False)
            elif path in self.folders:
                self._known_folder(path)
            elif path in self.files and self.files[path][0] != "f":
                self._leave(path + "/", "replaces a link")
            elif entry.name == _BYTECODE:
                self.bytecode += 1
            else:
                self._new_folder(path)

    def _new_folder(self, top: str) -> None:
        """A folder that the image has not is taken or left as a whole."""
        full = os.path.join(self.root, top)
        if os.path.lexists(os.path.join(full, ".git")):
            self._leave(top + "/", "a repository of its own")
            return
        if _hides_itself(os.path.join(full, ".gitignore")):
            self._leave(top + "/", "hidden by its own .gitignore")
            return
        inside: list[tuple[str, os.stat_result]] = []
        waiting = [top]
        size = 0
        while waiting:
            folder = waiting.pop()
            for entry in self._entries(folder) or ():
                path = os.path.join(folder, entry.name)
                try:
                    state = entry.stat(follow_symlinks=False)
                except OSError:
                    continue
                if entry.name == ".git":
                    self._leave(path, "a repository within the repository")
                elif not stat.S_ISDIR(state.st_mode):
                    inside.append((path, state))
                    # What is too large alone is left out alone.
                    size += (
                        state.st_size if stat.S_ISREG(state.st_mode) and state.st_size <= LARGEST_NEW else 0
                    )
                elif entry.name == _BYTECODE:
                    self.bytecode += 1
                else:
                    waiting.append(path)
            if len(inside) > LARGEST_FOLDER or size > LARGEST_NEW:
                what = f"a new folder of more than {LARGEST_FOLDER:,} files or {LARGEST_NEW:,} bytes"
                self._leave(top + "/", what)
                return
        for path, state in inside:
            self._file(path, state, in_new=True)

    def _file(self, path: str, state: os.stat_result, in_new: bool) -> None:
        known = self.files.get(path)
        self.seen.add(path)
        if stat.S_ISLNK(state.st_mode):
            target = os.readlink(os.path.join(self.root, path))
            if known is None or known[0] != "l" or known[4] != hashlib.sha1(os.fsencode(target)).hexdigest():
                self._leave(path, "link or submodule")
            return
        if not stat.S_ISREG(state.st_mode):
            if known is None or known[0] != "s":
                self._leave(path, "neither a file nor a folder")
            return
        if known is not None and known[0] != "f":
            self._leave(path, "replaces a link")
            return
        executable = bool(state.st_mode & stat.S_IXUSR)
        if known is not None and self._as_before(path, state, executable, known):
            return
        self.found.append((known is None, in_new, state.st_size, path, executable))

    def _as_before(self, path: str, state: os.stat_result, executable: bool, known: list[Any]) -> bool:
        was_executable, size, time, digest = bool(known[1]), known[2], known[3], known[4]
        if digest is None:
            return True  # what the image itself cannot read is not compared
        if state.st_size != size:
            return False
        if executable == was_executable and state.st_mtime_ns == time and state.st_ctime_ns < self.since:
            return True
        full = os.path.join(self.root, path)
        try:
            same = bool(_hash(full) == digest)
        except PermissionError:
            # Whoever took the permission from its own file may give it back; the mode is no work of its own then.
            _open_up(full, 0o400)
            try:
                return bool(_hash(full) == digest)
            except OSError:
                return False
        except OSError:
            return False
        return same and executable == was_executable

    def _read(self, path: str, most: int, may_open: bool) -> bytes:
        full = os.path.join(self.root, path)
        try:
            file = open(full, "rb")
        except PermissionError:
            if not may_open:
                raise
            _open_up(full, 0o400)
            file = open(full, "rb")
        with file:
            return file.read(most)

    def _gone(self) -> list[str]:
        gone = [
            path
            for path, known in self.files.items()
            if path not in self.seen and known[0] == "f" and not self._is_closed(path)
        ]
        if not gone:
            return []
        absent = _sparse(self.root)
        for path in absent.intersection(gone):
            self._leave(path, "absent from a sparse checkout, so taken as unchanged")
        gone = sorted(set(gone) - absent)
        for path in gone[MOST_FILES:]:
            self._leave(path, f"more than {MOST_FILES:,} files are gone, so taken as unchanged")
        return gone[:MOST_FILES]

    def _is_closed(self, path: str) -> bool:
        return any(path.startswith(folder) for folder in self.closed)


def _open_up(path: str, bits: int) -> None:
    try:
        os.chmod(path, stat.S_IMODE(os.lstat(path).st_mode) | bits)
    except OSError:
        pass


def _hides_itself(path: str) -> bool:
    try:
        # A pipe under this name would keep its reader waiting.
        if not stat.S_ISREG(os.lstat(path).st_mode):
            return False
        with open(path, "rb") as file:
            return b"*" in file.read(_CHUNK).split()
    except OSError:
        return False


def _sparse(root: str) -> set[str]:
    """Files that the agent's git keeps out of the folder on purpose; none where its git does not say."""
    try:
        listed = _git(root, "ls-files", "-t", "-z")
    except (Failed, OSError):
        return set()
    return {os.fsdecode(line[2:]) for line in listed.split(b"\0") if line[:2] == b"S "}


def container_start() -> int:
    """When the first process of this container began, two seconds early, in ns since 1970; 0 if unknown."""
    try:
        with open("/proc/1/stat") as file:
            ticks = int(file.read().rsplit(")", 1)[1].split()[19])
        with open("/proc/stat") as file:
            boot = next(int(line.split()[1]) for line in file if line.startswith("btime "))
        return int((boot + ticks / os.sysconf("SC_CLK_TCK") - 2) * 1e9)
    except (OSError, ValueError, IndexError, StopIteration):
        return 0


def find_root(root: str, known: dict[str, Any]) -> str:
    """Where the folder is: in its place, or where it was moved to.

    Raises:
        Failed: If it is nowhere.
    """
    names = {path.split("/")[0] for path in [*known["files"], *known["folders"]]}
    if names.intersection(_names(root)) or not names:
        return os.path.realpath(root)
    waiting = [("/", 0)] if os.path.isabs(root) else []
    while waiting:
        folder, depth = waiting.pop(0)
        for name in sorted(_names(folder)):
            path = os.path.join(folder, name)
            if os.path.islink(path) or path in ("/proc", "/sys", "/dev") or not os.path.isdir(path):
                continue
            if _holds(path, names) and os.path.lexists(os.path.join(path, ".git")):
                return path
            if depth < 2:
                waiting.append((path, depth + 1))
    if os.path.isdir(root):
        return os.path.realpath(root)
    raise Failed(f"there is no repository at {root} nor elsewhere")


def _holds(folder: str, names: set[str]) -> bool:
    return 5 * len(names.intersection(_names(folder))) >= 4 * len(names)


def _names(folder: str) -> list[str]:
    try:
        return os.listdir(folder)
    except OSError:
        return []


# --- the changes as a patch


def make_patch(root: str, changes: list[list[Any]], ask: list[str]) -> dict[str, Any]:
    """Turn changes into the text of ``git diff`` against the untouched folder.

    Args:
        root: The untouched folder.
        changes: As :meth:`Comparison.changes` gives them.
        ask: Paths of them that may be hidden by the folder's own .gitignore; those that are stay out.

    Returns:
        ``patch`` in base64, and ``ignored``: the paths that stayed out.

    Raises:
        Failed: If git fails.
    """
    ignored = _ignored(root, ask)
    with tempfile.TemporaryDirectory() as work:
        _git(work, "init", "--quiet", "--bare", "--template=")
        old = b"commit refs/heads/old\ncommitter a <a> 0 +0000\ndata 0\n"
        new = b"commit refs/heads/new\ncommitter a <a> 0 +0000\ndata 0\n"
        for path, executable, content in changes:
            if path in ignored:
                continue
            full = os.path.join(root, path)
            state = os.lstat(full) if os.path.lexists(full) else None
            if state is not None and stat.S_ISREG(state.st_mode):
                with open(full, "rb") as file:
                    old += _entry(path, bool(state.st_mode & stat.S_IXUSR), file.read())
            if content is not None:
                new += _entry(path, executable, base64.b64decode(content))
        _git(work, "fast-import", "--quiet", stdin=old + new, bare=True)
        options = [
            "-r",
            "-p",
            "--no-commit-id",
            "--full-index",
            "--no-renames",
            "--no-color",
            "--no-ext-diff",
        ]
        options += ["--no-textconv", "--src-prefix=a/", "--dst-prefix=b/", "--unified=3"]
        patch = _git(work, "diff-tree", *options, "refs/heads/old", "refs/heads/new", bare=True)
    return {"patch": base64.b64encode(patch).decode(), "ignored": sorted(ignored)}


def _entry(path: str, executable: bool, content: bytes) -> bytes:
    escapes = {'"': '\\"', "\\": "\\\\", "\n": "\\n"}
    quoted = "".join(escapes.get(letter, letter) for letter in path)
    mode = "100755" if executable else "100644"
    head = f'M {mode} inline "{quoted}"\ndata {len(content)}\n'
    return os.fsencode(head) + content + b"\n"


def _ignored(root: str, paths: list[str]) -> set[str]:
    if not paths or not os.path.lexists(os.path.join(root, ".git")):
        return set()
    names = os.fsencode("".join(path + "\0" for path in paths))
    try:
        found = _git(root, "check-ignore", "--no-index", "-z", "--stdin", stdin=names, fine=(0, 1))
    except Failed:
        if len(paths) == 1:
            return set()  # git does not speak of this path: it is no reason to lose the others, or it
        return set().union(*(_ignored(root, [path]) for path in paths))
    return set(os.fsdecode(found).split("\0")) - {""}


def _git(
    place: str, *arguments: str, stdin: bytes = b"", fine: tuple[int, ...] = (0,), bare: bool = False
) -> bytes:
    settings = [word for key, value in _GIT_SETTINGS.items() for word in ("-c", f"{key}={value}")]
    where = ["--git-dir" if bare else "-C", place]
    try:
        done = subprocess.run(
            ["git", *settings, *where, *arguments],
            input=stdin,
            env=_GIT_ENVIRONMENT,
            capture_output=True,
            check=False,
            timeout=SECONDS,
        )
    except subprocess.TimeoutExpired:
        raise Failed(f"git {arguments[0]} took longer than {SECONDS} s") from None
    if done.returncode not in fine:
        said = done.stderr.decode("utf-8", "replace").strip()
        raise Failed(f"git {arguments[0]} ended with status {done.returncode}: {said[:300]}")
    return done.stdout


# --- how the host speaks with it


def pack(value: Any) -> bytes:
    """JSON, compressed, in lines of base64."""
    return base64.encodebytes(zlib.compress(json.dumps(value).encode(), 1))


def unpack(text: bytes) -> Any:
    """The reverse of :func:`pack`.

    Raises:
        ValueError: If it is not that, or unpacks to more than any message of ours.
    """
    reader = zlib.decompressobj()
    whole = reader.decompress(base64.b64decode(text), LARGEST_MESSAGE)
    if not reader.eof:
        raise ValueError("a message that is cut off or too long")
    return json.loads(whole.decode())


def answer(request: dict[str, Any]) -> Any:
    """Do one command."""
    root = request["root"]
    if request["do"] == "manifest":
        return manifest(root)
    if request["do"] == "patch":
        return make_patch(root, request["changes"], request["ask"])
    place = find_root(root, request["known"])
    found = Comparison(place, request["known"], container_start() if request["container"] else 0).changes()
    if os.path.isabs(root) and place != os.path.realpath(root):
        found["left_out"].append((root, f"was moved to {place}: the work is taken from there"))
    return found


if __name__ == "__main__":
    try:
        sys.stdout.write(pack(answer(unpack(sys.stdin.buffer.read()))).decode())
    except Failed as failure:
        sys.exit(str(failure))
