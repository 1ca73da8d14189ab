"""Which commits of an image's repository an agent must not see, in repositories made here."""

import os
import re
import subprocess
from pathlib import Path

import anyio
import pytest
from inspect_ai.util import ExecResult

from hotmess_inspect.swebench.build import ImageError
from hotmess_inspect.swebench.check import future_commits

EARLY, BASE, LATE, NOW = "@1500000000 +0000", "@1600000000 +0000", "@1700000000 +0000", "@1790000000 +0000"


class Repository:
    """A repository on disk, and the sandbox that runs commands where it is."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir()
        self.git("init", "-q", "-b", "main")
        (folder / "x").write_text("1\n")
        self.git("add", "x")
        self.commit("an earlier state", EARLY)
        (folder / "x").write_text("2\n")
        self.base = self.commit("base", BASE)

    def git(self, *words: str, when: str = NOW) -> str:
        person = {
            f"GIT_{r}_{k}": v
            for r in ("AUTHOR", "COMMITTER")
            for k, v in (("NAME", "a"), ("EMAIL", "a@b.invalid"), ("DATE", when))
        }
        clean = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
        done = subprocess.run(
            ["git", "-C", str(self.folder), *words],
            capture_output=True,
            text=True,
            check=True,
            env=os.environ | person | clean,
        )
        return done.stdout.strip()

    def commit(self, message: str, when: str = LATE) -> str:
        self.git("commit", "-q", "--allow-empty", "-am", message, when=when)
        return self.git("rev-parse", "HEAD")

    async def exec(self, cmd: list[str], **_: object) -> ExecResult[str]:
        done = subprocess.run(cmd, capture_output=True, text=True, check=False)
        return ExecResult(done.returncode == 0, done.returncode, done.stdout, done.stderr)

    def found(self, base: str = "") -> tuple[str, ...]:
        return anyio.run(future_commits, self, str(self.folder), base or self.base)  # type: ignore[arg-type]


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return Repository(tmp_path / "testbed")


def test_the_base_commit_alone(repository: Repository) -> None:
    assert repository.found() == ()


@pytest.mark.parametrize("when", [BASE, LATE, NOW])
@pytest.mark.parametrize("collected", [False, True])
def test_the_recipes_commit_is_no_future(when: str, collected: bool, repository: Repository) -> None:
    repository.commit("SWE-bench", when)
    if collected:
        repository.git("reflog", "expire", "--expire=now", "--all")
        repository.git("gc", "-q", "--prune=now", "--aggressive")
    assert repository.found() == ()


def test_the_recipes_commit_may_hold_what_the_installation_changed(repository: Repository) -> None:
    (repository.folder / "x").write_text("changed while it was installed\n")
    repository.commit("SWE-bench", NOW)
    assert repository.found() == ()


def test_the_recipe_may_have_run_twice(repository: Repository) -> None:
    first = repository.commit("SWE-bench", LATE)
    repository.commit("SWE-bench", NOW)  # on top of the first
    repository.git("checkout", "-q", repository.base)
    second = repository.commit("SWE-bench", "@1790000001 +0000")  # beside it
    assert first != second
    assert repository.found() == ()


def test_older_branches_are_left_alone(repository: Repository) -> None:
    repository.git("checkout", "-q", "-b", "release", "HEAD~1")
    repository.commit("an old release", "@1550000000 +0000")
    repository.git("checkout", "-q", "main")
    repository.commit("SWE-bench", NOW)
    assert repository.found() == ()


def with_a_fix(repository: Repository, message: str = "fix", when: str = LATE) -> str:
    """A commit on top of the base that nothing but the object store holds."""
    fix = repository.commit(message, when)
    repository.git("reset", "-q", "--hard", repository.base)
    repository.git("reflog", "expire", "--expire=now", "--all")
    return fix


@pytest.mark.parametrize("official", [False, True])
@pytest.mark.parametrize("hidden", ["dangling", "packed", "branch", "tag", "annotated", "reflog", "HEAD"])
def test_a_fix_is_found_wherever_it_is(hidden: str, official: bool, repository: Repository) -> None:
    fix = with_a_fix(repository)
    if hidden == "packed":
        repository.git("branch", "kept", fix)
        repository.git("gc", "-q")
        repository.git("branch", "-qD", "kept")
        assert not list(repository.folder.glob(f".git/objects/{fix[:2]}/{fix[2:]}"))
    elif hidden == "branch":
        repository.git("branch", "later", fix)
    elif hidden == "tag":
        repository.git("tag", "v2", fix)
        repository.git("pack-refs", "--all")
    elif hidden == "annotated":
        repository.git("tag", "-a", "-m", "v2", "v2", fix)
    elif hidden == "reflog":
        repository.git("reset", "-q", "--hard", fix)
        repository.git("reset", "-q", "--hard", repository.base)
    elif hidden == "HEAD":
        repository.git("reset", "-q", "--hard", fix)
    if official:
        repository.commit("SWE-bench", NOW)
    # On top of a fix the recipe's commit is not its own either.
    assert repository.found()[0] == min(repository.found())
    assert fix in repository.found()
    assert len(repository.found()) == (2 if official and hidden == "HEAD" else 1)


def test_a_stash_is_found(repository: Repository) -> None:
    repository.commit("SWE-bench", LATE)
    (repository.folder / "x").write_text("stashed\n")
    repository.git("stash", "-q")
    assert len(repository.found()) == 2


def test_a_later_commit_that_claims_an_early_date_is_found_by_its_descent(repository: Repository) -> None:
    fix = with_a_fix(repository, when=EARLY)
    assert repository.found() == (fix,)


def test_a_title_alone_is_not_enough(repository: Repository) -> None:
    fix = repository.commit("fix")
    repository.commit("SWE-bench", NOW)
    repository.git("checkout", "-q", "--orphan", "other")
    apart = repository.commit("SWE-bench", NOW)
    repository.git("checkout", "-q", "main")
    assert set(repository.found()) == {fix, repository.git("rev-parse", "HEAD"), apart}


def test_what_git_is_told_to_see_instead_does_not_count(repository: Repository) -> None:
    fix = with_a_fix(repository)
    info = repository.folder / ".git" / "info"
    info.mkdir(exist_ok=True)
    # The base commit as a child of the fix, twice.
    (info / "grafts").write_text(f"{repository.base} {fix}\n")
    repository.git("replace", fix, repository.base)
    assert fix in repository.found()


def test_without_the_base_commit_heads_history_is_the_past(repository: Repository) -> None:
    fix = with_a_fix(repository)
    assert repository.found("0" * 40) == (fix,)
    repository.commit("SWE-bench", NOW)
    assert repository.found("0" * 40) == (fix,)


def test_no_repository_is_said(tmp_path: Path) -> None:
    repository = Repository(tmp_path / "testbed")
    (repository.folder / ".git").rename(tmp_path / "gone")
    with pytest.raises(ImageError, match=re.escape(f"at {repository.folder}")):
        repository.found()
