"""How work crosses over, on folders of this machine: whatever was done to git, the files decide."""

import os
import random
import shutil
import socket
import stat
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import anyio
import pytest
from inspect_ai.util import ExecResult

from hotmess_inspect.swebench import worktree
from hotmess_inspect.swebench.errors import AgentContainerError, GradingError
from hotmess_inspect.swebench.patch import patched_files, split_patch
from hotmess_inspect.swebench.transfer import Untouched, Work, agent_work, grouped, printable

QUIET = {
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_AUTHOR_NAME": "a",
    "GIT_AUTHOR_EMAIL": "a@b.invalid",
    "GIT_COMMITTER_NAME": "a",
    "GIT_COMMITTER_EMAIL": "a@b.invalid",
}


class Here:
    """A sandbox without walls: commands run on this machine."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    async def exec(self, cmd: list[str], *, input: bytes, **_: Any) -> ExecResult[str]:
        done = subprocess.run(cmd, input=input, capture_output=True, check=False)
        return ExecResult(done.returncode == 0, done.returncode, done.stdout.decode(), done.stderr.decode())


def git(folder: Path, *words: str, stdin: bytes = b"") -> bytes:
    return subprocess.run(
        ["git", "-C", str(folder), *words],
        input=stdin,
        capture_output=True,
        check=True,
        env=os.environ | QUIET,
    ).stdout


class Pair:
    """The same repository twice: the agent's, and the untouched one."""

    def __init__(self, folder: Path, contents: dict[str, bytes]) -> None:
        self.clean, self.agent = folder / "clean", folder / "agent"
        for path, content in contents.items():
            (self.clean / path).parent.mkdir(parents=True, exist_ok=True)
            (self.clean / path).write_bytes(content)
        git(folder, "init", "-q", "-b", "main", str(self.clean))
        git(self.clean, "add", "-A")
        git(self.clean, "commit", "-q", "-m", "base")
        (self.clean / "untracked.cfg").write_text("made by the installation\n")
        (self.clean / "made.log").write_text("made and hidden\n")
        shutil.copytree(self.clean, self.agent, symlinks=True)

    def work(self, limit: int = 1_000_000) -> Work:
        async def take() -> Work:
            here: Any = Here()
            known = await Untouched().files(here, str(self.clean))
            root = str(self.agent)
            return await agent_work(here, root, here, str(self.clean), known, limit=limit, containers=False)

        return anyio.run(take)

    def applied(self, patch: bytes) -> None:
        """Apply a patch to the untouched folder as raw bytes, whatever its attributes say."""
        info = self.clean / ".git" / "info"
        info.mkdir(exist_ok=True)
        (info / "attributes").write_text("* -text -filter -ident\n")
        git(self.clean, "-c", "core.protectNTFS=false", "apply", "--whitespace=nowarn", stdin=patch)


CONTENTS = {
    ".gitignore": b"*.log\nbuild/\n",
    "pkg/core.py": b"x = 1\ny = 2\n",
    "pkg/other.py": b"a = 1\n",
    "README.md": b"read me\n",
    "docs/page.txt": b"one\r\ntwo\r\n",
    "tests/test_core.py": b"def test_x(): pass\n",
}
FIX = b"x = 2\ny = 2\n"


@pytest.fixture
def pair(tmp_path: Path) -> Pair:
    pair = Pair(tmp_path, CONTENTS)
    (pair.agent / "pkg/core.py").write_bytes(FIX)
    return pair


def commits(folder: Path) -> None:
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "-m", "work")


def settings(folder: Path) -> None:
    for key, value in {
        "diff.noprefix": "true",
        "diff.mnemonicPrefix": "true",
        "diff.external": "/bin/false",
        "diff.orderFile": "/nonexistent",
        "diff.renames": "copies",
        "diff.context": "0",
        "diff.wordRegex": ".",
        "diff.ignoreSubmodules": "all",
        "diff.algorithm": "patience",
        "core.autocrlf": "true",
        "core.eol": "crlf",
        "core.safecrlf": "true",
        "core.fileMode": "false",
        "core.ignoreCase": "true",
        "core.bare": "true",
        "core.worktree": "/nonexistent",
        "core.pager": "false",
        "core.quotePath": "true",
        "core.abbrev": "4",
        "core.fsmonitor": "/bin/false",
        "core.hooksPath": "/nonexistent",
        "core.symlinks": "false",
        "core.sparseCheckout": "true",
        "core.repositoryFormatVersion": "99",
        "extensions.worktreeConfig": "true",
        "color.ui": "always",
        "filter.x.clean": "false",
        "filter.x.required": "true",
        "apply.whitespace": "error",
        "status.showUntrackedFiles": "no",
    }.items():
        with (folder / ".git/config").open("a") as config:
            section, name = key.rsplit(".", 1)
            section = section.replace(".", ' "', 1) + '"' if "." in section else section
            config.write(f"[{section}]\n\t{name} = {value}\n")


def attributes(folder: Path) -> None:
    (folder / ".git/info").mkdir(exist_ok=True)
    (folder / ".git/info/attributes").write_text("*.py -diff filter=x binary working-tree-encoding=UTF-16\n")
    (folder / ".git/info/exclude").write_text("*\n")


def flags(folder: Path) -> None:
    git(folder, "update-index", "--assume-unchanged", "pkg/core.py")
    git(folder, "update-index", "--skip-worktree", "pkg/core.py", "README.md")


def sparse(folder: Path) -> None:
    commits(folder)
    git(folder, "sparse-checkout", "set", "--no-cone", "/pkg/")
    assert not (folder / "README.md").exists()


def stash(folder: Path) -> None:
    (folder / "README.md").write_text("a trial\n")
    git(folder, "stash", "push", "-q", "README.md")


def other_branch(folder: Path) -> None:
    git(folder, "checkout", "-q", "-b", "work")
    commits(folder)
    git(folder, "branch", "-qD", "main")
    git(folder, "tag", "main")


def replaced(folder: Path) -> None:
    empty = git(folder, "mktree").decode().strip()
    git(folder, "replace", git(folder, "rev-parse", "HEAD^{tree}").decode().strip(), empty)


@pytest.mark.parametrize(
    "done",
    [
        commits,
        settings,
        attributes,
        flags,
        sparse,
        stash,
        other_branch,
        lambda folder: shutil.rmtree(folder / ".git"),
        lambda folder: (folder / ".git").rename(folder.parent / "moved.git"),
        lambda folder: (folder / ".git/index").write_bytes(b"broken"),
        lambda folder: (folder / ".git/HEAD").write_text("broken"),
        lambda folder: (folder / ".git/index.lock").touch(),
        lambda folder: git(folder, "rm", "-q", "--cached", "pkg/core.py"),
        lambda folder: git(folder, "checkout", "-q", "--orphan", "empty"),
        replaced,
    ],
)
def test_what_was_done_to_git_changes_nothing(done: Callable[[Path], Any], pair: Pair) -> None:
    done(pair.agent)
    work = pair.work()
    assert patched_files(work.patch.decode()) == ("pkg/core.py",)
    assert b"+x = 2" in work.patch
    pair.applied(work.patch)
    assert (pair.clean / "pkg/core.py").read_bytes() == FIX


def left_out(work: Work) -> dict[str, str]:
    return dict(work.left_out)


def test_sparse_files_are_named(pair: Pair) -> None:
    sparse(pair.agent)
    assert {path for path, why in pair.work().left_out if "sparse" in why} >= {"README.md", "docs/page.txt"}


NAMES = [
    'qu"ote.py',
    "back\\slash.py",
    "tab\tname.py",
    "new\nline.py",
    "two  blanks .py",
    "ümlaut.py",
    " b/x.py",
]
NAMES += [
    os.fsdecode(b"not \xff utf-8.py"),
    "-dash.py",
    "a -> b.py",
    "git~1",
    ".py",
    "\r.py",
    "diff --git a",
    "✓/✗.py",
]


def test_any_file_name(pair: Pair) -> None:
    for name in NAMES:
        (pair.agent / name).parent.mkdir(exist_ok=True)
        (pair.agent / name).write_text(f"{name!r}\n")
    work = pair.work()
    found = {part.path for part in split_patch(work.patch)}
    assert found == {*NAMES, "pkg/core.py"}
    pair.applied(work.patch)
    for name in NAMES:
        assert (pair.clean / name).read_text() == f"{name!r}\n"


def test_modes_line_ends_and_deletions(pair: Pair) -> None:
    (pair.agent / "pkg/other.py").chmod(0o755)
    (pair.agent / "docs/page.txt").write_bytes(b"one\r\nthree\r\nno end")
    (pair.agent / "README.md").rename(pair.agent / "README.rst")
    (pair.agent / "pkg/empty.py").touch()
    (pair.agent / "run.sh").write_text("true\n")
    (pair.agent / "run.sh").chmod(0o700)
    (pair.agent / "latin.py").write_bytes(b"# \xe9t\xe9\n")
    (pair.agent / "untracked.cfg").write_text("changed\n")
    work = pair.work()
    assert work.left_out == ()
    pair.applied(work.patch)
    assert os.access(pair.clean / "pkg/other.py", os.X_OK)
    assert stat.S_IMODE((pair.clean / "run.sh").stat().st_mode) & 0o100
    for path in ("docs/page.txt", "README.rst", "pkg/empty.py", "latin.py", "untracked.cfg"):
        assert (pair.clean / path).read_bytes() == (pair.agent / path).read_bytes(), path
    assert not (pair.clean / "README.md").exists()


def test_a_module_that_becomes_a_package_and_back(pair: Pair) -> None:
    (pair.agent / "pkg/other.py").unlink()
    (pair.agent / "pkg/other.py").mkdir()
    (pair.agent / "pkg/other.py/x").write_text("1\n")
    shutil.rmtree(pair.agent / "docs")
    (pair.agent / "docs").write_text("a file now\n")
    work = pair.work()
    pair.applied(work.patch)
    assert (pair.clean / "pkg/other.py/x").read_text() == "1\n"
    assert (pair.clean / "docs").read_text() == "a file now\n"


def test_what_is_left_out_is_named_and_the_fix_is_there(pair: Pair) -> None:
    agent = pair.agent
    (agent / "made.log").write_text("hidden and changed\n")
    (agent / "new.log").write_text("hidden\n")
    (agent / "build").mkdir()
    (agent / "build/out.py").write_text("hidden\n")
    (agent / "large.txt").write_bytes(b"line\n" * 240_000)
    with (agent / "sparse.img").open("wb") as file:
        file.truncate(20 << 30)
    (agent / "link.py").symlink_to("pkg/core.py")
    os.mkfifo(agent / "pipe")
    with socket.socket(socket.AF_UNIX) as unix:
        os.chdir(agent)  # the name of a socket has at most 108 letters
        unix.bind("socket")
    git(agent, "init", "-q", str(agent / "empty"))
    git(agent, "init", "-q", str(agent / "pkg"))
    (agent / "pkg/new.py").write_text("beside another .git\n")
    (agent / "many").mkdir()
    for number in range(worktree.LARGEST_FOLDER + 1):
        (agent / f"many/{number}.txt").touch()
    (agent / "venv/lib").mkdir(parents=True)
    for number in range(20):
        (agent / f"venv/lib/{number}.py").write_bytes(b"x" * 950_000)
    (agent / ".cache").mkdir()
    (agent / ".cache/.gitignore").write_text("# made by a tool\n*\n")
    (agent / ".cache/data.json").touch()
    (agent / "pkg/__pycache__").mkdir()
    (agent / "pkg/__pycache__/core.pyc").write_bytes(b"\0")
    (agent / "picture.png").write_bytes(b"\x89PNG\0\0")
    work = pair.work()
    assert patched_files(work.patch.decode()) == ("picture.png", "pkg/core.py", "pkg/new.py")
    assert left_out(work) == {
        "made.log": "hidden by .gitignore",
        "new.log": "hidden by .gitignore",
        "build/out.py": "hidden by .gitignore",
        "large.txt": "larger than 1,000,000 bytes, alone or with the others",
        "sparse.img": "larger than 1,000,000 bytes, alone or with the others",
        "link.py": "link or submodule",
        "pipe": "neither a file nor a folder",
        "socket": "neither a file nor a folder",
        "empty/": "a repository of its own",
        "pkg/.git": "a repository within the repository",
        "many/": "a new folder of more than 500 files or 1,000,000 bytes",
        "venv/": "a new folder of more than 500 files or 1,000,000 bytes",
        ".cache/": "hidden by its own .gitignore",
        "__pycache__/": "compiled bytecode, in 1 folders",
    }


def test_limits_drop_what_exceeds_them_and_new_files_first(pair: Pair) -> None:
    (pair.agent / "a.txt").write_text("line\n" * 100)
    (pair.agent / "b.txt").write_text("line\n" * 10)
    (pair.agent / "README.md").write_text("line\n" * 50)
    work = pair.work(limit=1_500)
    assert patched_files(work.patch.decode()) == ("README.md", "b.txt", "pkg/core.py")
    assert left_out(work) == {"a.txt": "makes the patch larger than 1,500 bytes"}


def test_thousands_of_files_beside_the_fix(pair: Pair) -> None:
    for number in range(3_000):
        (pair.agent / f"out{number}.txt").write_text("x\n" * (1 + number % 3))
    work = pair.work()
    pair.applied(work.patch)
    assert (pair.clean / "pkg/core.py").read_bytes() == FIX
    kept = len(patched_files(work.patch.decode()))
    assert kept == worktree.MOST_FILES
    assert len(work.left_out) == worktree.LISTED + 1
    assert work.left_out[-1] == (
        f"./ ({3_001 - kept - worktree.LISTED} more)",
        "more than 2,000 changed files",
    )


def test_a_pipe_under_a_known_name_keeps_nobody_waiting(pair: Pair) -> None:
    (pair.agent / "new").mkdir()
    os.mkfifo(pair.agent / "new/.gitignore")
    (pair.agent / "README.md").unlink()
    os.mkfifo(pair.agent / "README.md")
    assert left_out(pair.work()) == {
        "new/.gitignore": "neither a file nor a folder",
        "README.md": "neither a file nor a folder",
    }


def test_a_container_that_takes_too_long_is_named(pair: Pair) -> None:
    class Slow(Here):
        async def exec(self, cmd: list[str], **_: Any) -> ExecResult[str]:
            raise TimeoutError

    async def take() -> None:
        here: Any = Here()
        slow: Any = Slow()
        known = await Untouched().files(here, str(pair.clean))
        await agent_work(slow, "/testbed", here, str(pair.clean), known, limit=1_000)

    with pytest.raises(AgentContainerError, match="took longer than 300 s"):
        anyio.run(take)


def test_an_equal_size_and_time_does_not_hide_an_edit(pair: Pair) -> None:
    before = (pair.agent / "README.md").stat()
    (pair.agent / "README.md").write_text("reed me\n")
    os.utime(pair.agent / "README.md", ns=(before.st_atime_ns, before.st_mtime_ns))
    assert b"+reed me" in pair.work().patch


def test_a_moved_folder_is_found(pair: Pair, tmp_path: Path) -> None:
    known = worktree.manifest(str(pair.clean))
    assert worktree.find_root(str(pair.agent), known) == str(pair.agent)
    pair.agent.rename(tmp_path / "elsewhere")
    pair.agent.symlink_to(tmp_path / "elsewhere")
    assert worktree.find_root(str(pair.agent), known) == str(tmp_path / "elsewhere")
    assert b"+x = 2" in pair.work().patch


def test_any_set_of_changes_arrives(tmp_path: Path) -> None:
    """What the agent's folder holds is what the patch makes of the untouched one, for 12 random histories."""
    rng = random.Random(7)
    names = ["a", "b.py", "c d.txt", "é", 'q"', "x/y.py", "x/z/w.txt", "k/l"]
    bodies = [b"", b"one\n", b"one\ntwo\n", b"one\r\ntwo", b"\xff\n", b"one\n" * 50, b"\tx\n "]
    for trial in range(12):
        folder = tmp_path / str(trial)
        folder.mkdir()
        pair = Pair(folder, {name: rng.choice(bodies) for name in rng.sample(names, 5)} | {"keep": b"k\n"})
        for name in rng.sample(names, 5):
            path = pair.agent / name
            if path.exists() and rng.random() < 0.3:
                path.unlink()
            elif not path.is_dir():
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(rng.choice(bodies))
                path.chmod(rng.choice([0o644, 0o755]))
        work = pair.work()
        if work.patch:
            pair.applied(work.patch)

        def state(root: Path) -> dict[str, tuple[bytes, bool]]:
            files = [p for p in root.rglob("*") if p.is_file() and ".git" not in p.parts]
            return {str(p.relative_to(root)): (p.read_bytes(), os.access(p, os.X_OK)) for p in files}

        assert state(pair.clean) == state(pair.agent), trial


@pytest.mark.parametrize(
    "change",
    [["../x", False, ""], ["/etc/x", False, ""], ["a/.git/x", False, ""], ["x", False, "%"], ["x"], 5],
)
def test_what_an_agents_container_says_is_looked_at(change: Any, pair: Pair) -> None:
    class Lies(Here):
        async def exec(self, cmd: list[str], *, input: bytes, **_: Any) -> ExecResult[str]:
            answer = worktree.pack({"changes": [change], "left_out": []}).decode()
            return ExecResult(True, 0, answer, "")

    async def take() -> Work:
        here: Any = Here()
        lies: Any = Lies()
        known = await Untouched().files(here, str(pair.clean))
        return await agent_work(lies, "/testbed", here, str(pair.clean), known, limit=1_000)

    with pytest.raises(AgentContainerError, match="no readable answer"):
        anyio.run(take)


def test_a_container_that_does_not_answer_is_named(pair: Pair) -> None:
    class Broken(Here):
        async def exec(self, cmd: list[str], **_: Any) -> ExecResult[str]:
            return ExecResult(False, 127, "", "no Python 3 runs here")

    async def take(agent: Any, grader: Any) -> None:
        known = await Untouched().files(Here(), str(pair.clean))  # type: ignore[arg-type]
        root = str(pair.agent)
        await agent_work(agent, root, grader, str(pair.clean), known, limit=1_000, containers=False)

    with pytest.raises(AgentContainerError, match="status 127: no Python 3"):
        anyio.run(take, Broken(), Here())
    with pytest.raises(GradingError, match="status 127: no Python 3") as caught:
        anyio.run(take, Here(), Broken())
    assert not isinstance(caught.value, AgentContainerError)


def test_an_agent_without_python_has_changed_nothing_that_can_be_read(pair: Pair) -> None:
    class Bare(Here):
        async def exec(self, cmd: list[str], *, input: bytes, **_: Any) -> ExecResult[str]:
            shell = cmd.index("-c") + 1
            cmd = [
                *cmd[:shell],
                cmd[shell].replace("python3", "no-such-python"),
                *cmd[shell + 1 : -1],
                "none",
            ]
            return await super().exec(cmd, input=input)

    async def take(agent: Any, grader: Any) -> Work:
        known = await Untouched().files(Here(), str(pair.clean))  # type: ignore[arg-type]
        root = str(pair.agent)
        return await agent_work(agent, root, grader, str(pair.clean), known, limit=10_000, containers=False)

    work = anyio.run(take, Bare(), Here())
    assert work.patch == b""
    assert "no Python runs" in work.left_out[0][1]
    with pytest.raises(GradingError, match="status 90: no Python 3 runs here"):
        anyio.run(take, Here(), Bare())


def test_an_image_is_listed_once(pair: Pair) -> None:
    class Counting(Here):
        async def exec(self, cmd: list[str], *, input: bytes, **_: Any) -> ExecResult[str]:
            self.asked.append(cmd[0])
            return await super().exec(cmd, input=input)

    async def twice(image: str) -> int:
        here: Any = Counting()
        untouched = Untouched()
        assert await untouched.files(here, str(pair.clean), image=image) == await untouched.files(
            here, str(pair.clean), image=image
        )
        return len(here.asked)

    assert anyio.run(twice, "sha256:1") == 1
    assert anyio.run(twice, "") == 2  # without a digest nobody knows whether it is the same image


def test_long_lists_are_grouped_and_printable() -> None:
    many = [(f"out/{n}.txt", "hidden by .gitignore") for n in range(30)]
    assert grouped([*many, ("out/x", "link or submodule"), ("é\udcff", "y")]) == (
        ("out/ (30 files)", "hidden by .gitignore"),
        ("out/x", "link or submodule"),
        ("é\\xff", "y"),
    )
    assert printable("a\udc80") == "a\\x80"
