"""Patches as text: what they touch, and what of them may reach the grading container."""

import re
import stat
import sys
from dataclasses import dataclass
from pathlib import PurePosixPath

MAX_PATCH_BYTES = 1_000_000

# Files that steer the test runner or the interpreter; an agent's version of them is never applied.
_RUNNER_FILES = {
    "conftest.py",
    "pytest.ini",
    ".pytest.ini",
    "pytest.toml",
    ".pytest.toml",
    "tox.ini",
    "setup.cfg",
    "pyproject.toml",
    "noxfile.py",
    "sitecustomize.py",
    "usercustomize.py",
    ".coveragerc",
    ".gitattributes",
    ".gitmodules",
}
_METADATA = (".dist-info", ".egg-info", ".egg", ".egg-link", ".pth")
_RUNNERS = {"bin/test", "bin/doctest", "runtests.py"}  # scripts that start the tests
# What the interpreter and pytest load before any test, now and in old versions.
_SHADOWS = sys.stdlib_module_names | set(
    "sitecustomize usercustomize conftest pytest _pytest pluggy iniconfig packaging exceptiongroup tomli attr attrs py six "
    "pygments colorama more_itertools importlib_metadata zipp wcwidth atomicwrites pathlib2 funcsigs hypothesis xdist execnet "
    "coverage pytest_cov anyio".split()
)
_SECTION = re.compile(rb"^diff --git (?P<names>.+)$", re.MULTILINE)
# Both names are the same, or at least one is quoted: the only readings of a header that are unambiguous with blanks.
_SAME = re.compile(rb"a/(?P<path>.+) b/(?P=path)")
_QUOTED = re.compile(rb'(?:"a/(?:[^"\\]|\\.)*"|a/\S+) (?P<new>"b/(?:[^"\\]|\\.)*")')
_MODE = re.compile(
    rb"(?:(?:new file|deleted file|new|old) mode|index [0-9a-f]+\.\.[0-9a-f]+)[ \t]+(?P<mode>\S+)\s*"
)
# Every line that git may write before the first hunk, to the letter. Git reads modes and names more generously, so
# any other line might be read there as another thing than here.
_HEAD_LINE = re.compile(
    rb"(?:old|new|new file|deleted file) mode 100(?:644|755|664)"
    rb"|index [0-9a-f]+\.\.[0-9a-f]+(?: 100(?:644|755|664))?"
    rb"|(?:dis)?similarity index \d{1,3}%"
    rb"|(?:rename|copy) (?:from|to) .+"
    rb"|--- (?:/dev/null|\"?a/.+)"
    rb"|\+\+\+ (?:/dev/null|\"?b/.+)"
)
_ESCAPES = {b"a": b"\a", b"b": b"\b", b"t": b"\t", b"n": b"\n", b"v": b"\v", b"f": b"\f", b"r": b"\r"}


@dataclass(frozen=True)
class FilePatch:
    """The part of a patch that changes one file.

    Attributes:
        path: Path in the new tree; in the old one where the file is deleted. Bytes that are no UTF-8 are
            surrogate escapes.
        text: The section as bytes, header included.
        source: Path in the old tree where the file is renamed or copied, else empty.
    """

    path: str
    text: bytes
    source: str = ""

    @property
    def head(self) -> bytes:
        """Everything before the first hunk."""
        return self.text.split(b"\n@@ ", 1)[0]

    @property
    def is_new(self) -> bool:
        """Whether the file does not exist before the patch."""
        return b"\nnew file mode " in self.head


@dataclass(frozen=True)
class CheckedPatch:
    """What is left of an agent's patch after the host has looked at it.

    Attributes:
        text: The sections that may be applied.
        files: Their paths.
        dropped: Path and reason of each section that is not applied.
    """

    text: bytes
    files: tuple[str, ...]
    dropped: tuple[tuple[str, str], ...]


def split_patch(patch: bytes) -> list[FilePatch]:
    """Split a ``git diff`` into one part per file.

    Text before the first ``diff --git`` line is ignored, as ``git apply`` does. A part whose header names no file
    that can be told has an empty path.
    """
    starts = list(_SECTION.finditer(patch))
    ends = [*(m.start() for m in starts[1:]), len(patch)]
    return [
        _file_patch(m["names"], patch[m.start() : end]) for m, end in zip(starts, ends, strict=bool(starts))
    ]


def _file_patch(names: bytes, text: bytes) -> FilePatch:
    given: dict[bytes, bytes] = {}
    for line in text.split(b"\n@@ ", 1)[0].split(b"\n")[1:]:
        word = re.match(rb"(rename from|rename to|copy from|copy to|---|\+\+\+) ", line)
        if word:
            given.setdefault(word[1], _unquoted(line[word.end() :]))
    source = given.get(b"rename from", given.get(b"copy from", b""))
    path = given.get(b"rename to", given.get(b"copy to", b""))
    if not path:
        sides = [(given.get(b"+++", b""), b"b/"), (given.get(b"---", b""), b"a/")]
        path = next((name[2:] for name, prefix in sides if name.startswith(prefix)), b"")
    if not path:  # an empty file, a mode, binary content: the header alone tells
        quoted = _QUOTED.fullmatch(names)
        same = _SAME.fullmatch(names)
        path = _unquoted(quoted["new"])[2:] if quoted else same["path"] if same else b""
    decoded, origin = (name.decode("utf-8", "surrogateescape") for name in (path, source))
    return FilePatch(decoded, text, origin)


def _unquoted(name: bytes) -> bytes:
    """A file's name as git writes it, with quotes and escapes where it has unusual letters."""
    if not name.startswith(b'"'):
        return name.split(b"\t", 1)[0]  # a tab ends a name with blanks

    def meant(escape: re.Match[bytes]) -> bytes:
        text = escape[1]
        return bytes([int(text, 8) & 255]) if text.isdigit() else _ESCAPES.get(text, text)

    return re.sub(rb"\\([0-7]{3}|.)", meant, name[1:].rsplit(b'"', 1)[0], flags=re.DOTALL)


def patched_files(patch: str) -> tuple[str, ...]:
    """Paths that a patch touches, in order, each once."""
    return tuple(dict.fromkeys(part.path for part in split_patch(patch.encode("utf-8", "surrogateescape"))))


def check_patch(patch: bytes, *, gold: str, test_patch: str) -> CheckedPatch:
    """Keep only what an agent's patch may change in the grading container.

    Left out are links, submodules, binary content, paths outside the tree, files that configure the
    test runner or the interpreter, new files that shadow a module of the standard library or of
    pytest, and test files (the test patch decides what the tests are). A file that the reference fix
    itself touches is always allowed, unless it is a link or binary; in a package that the fix touches new
    files shadow nothing: projects such as pytest and attrs are what the runner loads.

    Args:
        patch: ``git diff`` of the agent's work, as bytes.
        gold: The reference fix.
        test_patch: Changes to the tests that grading applies afterwards.

    Returns:
        The sections that may be applied, and the others with the reason.
    """
    fix = split_patch(gold.encode("utf-8", "surrogateescape"))
    allowed = {part.path for part in fix} | {part.source for part in fix if part.source}
    tests = set(patched_files(test_patch))
    own = {_top(PurePosixPath(name)) for name in allowed if _in_package(PurePosixPath(name))}
    kept: list[FilePatch] = []
    dropped: list[tuple[str, str]] = []
    for part in split_patch(patch):
        ours = part.path in allowed and (not part.source or part.source in allowed)
        reason = _never(part) or (None if ours else _not_by_agents(part, tests, own))
        if reason:
            dropped.append((part.path, reason))
        else:
            kept.append(part)
    return CheckedPatch(b"".join(p.text for p in kept), tuple(p.path for p in kept), tuple(dropped))


def _never(part: FilePatch) -> str | None:
    if not part.path:
        return "names no file"
    for name in filter(None, (part.path, part.source)):
        path = PurePosixPath(name)
        if path.is_absolute() or ".." in path.parts or ".git" in path.parts or "\0" in name:
            return "outside the tree"
    if re.search(rb"^(?:GIT binary patch|Binary files .* differ)$", part.text, re.MULTILINE):
        return "binary content"
    lines = part.head.rstrip(b"\n").split(b"\n")[1:]
    modes = [_MODE.fullmatch(line) for line in lines]
    if any(found and _is_link(found["mode"]) for found in modes):
        return "link or submodule"
    odd = next((line for line in lines if not _HEAD_LINE.fullmatch(line)), None)
    return None if odd is None else f"an unusual header: {odd[:40].decode('utf-8', 'replace')!r}"


def _is_link(mode: bytes) -> bool:
    """Whether git would take a mode for that of a link or a submodule; it reads any octal number."""
    try:
        return stat.S_IFMT(int(mode, 8)) in (stat.S_IFLNK, 0o160000)
    except ValueError:
        return False


def _not_by_agents(part: FilePatch, tests: set[str], own: set[str]) -> str | None:
    path = PurePosixPath(part.path)
    # Plug-ins are found by the metadata of distributions, also of one that lies in the working folder, in any case.
    metadata = any(part.lower().endswith(_METADATA) for part in path.parts)
    if path.name in _RUNNER_FILES or part.path in _RUNNERS or metadata:
        return "configures the test runner or the interpreter"
    if part.path in tests or is_test_file(part.path):
        return "test file"
    if part.is_new and path.suffix in {".py", ".so", ".pyc"} and _shadows(path, own):
        return "shadows a module of the standard library or of the test runner"
    return None


def _shadows(path: PurePosixPath, own: set[str]) -> bool:
    """Whether a new file would be loaded instead of a module; not in a package that is the project's own already."""
    top = _top(path)
    return top in _SHADOWS and not (top in own and _in_package(path))


def _top(path: PurePosixPath) -> str:
    return path.parts[_in_source(path)].split(".", 1)[0]


def _in_source(path: PurePosixPath) -> bool:
    return path.parts[0] in {"src", "lib"} and len(path.parts) > 1


def _in_package(path: PurePosixPath) -> bool:
    return len(path.parts) > 1 + _in_source(path)


def is_test_file(path: str) -> bool:
    """Whether a path is a test by its name (``test_x.py``, ``x_test.py``) or by its folder.

    ``tests`` counts anywhere; ``test`` and ``testing`` only at the top, since libraries use these
    names for code of theirs (``django/test``, ``matplotlib/testing``).
    """
    parts = PurePosixPath(path).parts
    in_tests = "tests" in parts[:-1] or (len(parts) > 1 and parts[0] in {"test", "testing"})
    return in_tests or bool(re.fullmatch(r"test_.*\.py|.*_tests?\.py", parts[-1]))
