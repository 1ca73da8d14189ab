"""A grading on this machine: the real steps of a grading, in folders of a bundled repository instead of containers."""

import asyncio
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

from inspect_ai.util import ExecResult

from hotmess_inspect.swebench.grading import Grade, grade
from hotmess_inspect.swebench.local import local_setup
from hotmess_inspect.swebench.mini import mini_rows
from hotmess_inspect.swebench.mini.source import package_files
from hotmess_inspect.swebench.rows import Instance, parse_row

INSTANCES = {row["instance_id"]: parse_row(row, where="") for row in mini_rows()}


class Here:
    """Runs commands on this machine, as far as a grading needs that of a sandbox."""

    async def exec(
        self, cmd: list[str], input: str | bytes | None = None, *, timeout: int | None = None, **_: Any
    ) -> ExecResult[str]:
        process = await asyncio.create_subprocess_exec(
            *cmd,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            start_new_session=True,
        )
        data = input.encode() if isinstance(input, str) else input or b""
        try:
            out, err = await asyncio.wait_for(process.communicate(data), timeout)
        except TimeoutError:
            os.killpg(process.pid, 9)
            raise
        code = process.returncode if process.returncode is not None else -1
        # A shell of the engine's says 128 and the signal's number.
        code = 128 - code if code < 0 else code
        return ExecResult(code == 0, code, out.decode("utf-8", "replace"), err.decode("utf-8", "replace"))


def checkout(folder: Path, repo: str) -> Path:
    """A bundled repository as one commit of git."""
    root = folder / "repository"
    for path, content in package_files(repo.removeprefix("hotmess-mini/")).items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(content)
    return as_commit(root)


def as_commit(root: Path) -> Path:
    """Make a folder the one commit of a repository."""
    git = ["git", "-c", "user.name=x", "-c", "user.email=x@example.invalid", "-c", "core.autocrlf=false"]
    for command in (["init", "-q", "--template="], ["add", "--all"], ["commit", "-q", "-m", "start"]):
        subprocess.run([*git, *command], cwd=root, check=True, capture_output=True)
    return root


def patch_of(root: Path) -> str:
    """What stands in the working tree beside the commit; the tree is put back."""
    subprocess.run(["git", "add", "--all"], cwd=root, check=True)
    options = ["--cached", "--full-index", "--no-renames", "--binary"]
    patch = subprocess.run(["git", "diff", *options], cwd=root, check=True, capture_output=True).stdout
    subprocess.run(["git", "reset", "-q", "--hard"], cwd=root, check=True)
    return patch.decode()


def graded_here(
    folder: Path, instance: Instance, patch: str | bytes, *, root: Path | None = None, **options: Any
) -> Grade:
    """Grade a patch in a copy of the repository."""
    source = root or checkout(folder, instance.repo)
    copied = folder / "graded" / "repository"
    shutil.copytree(source, copied)
    scratch = folder / "graded"
    text = patch.encode() if isinstance(patch, str) else patch
    setup, timeout = options.pop("setup", local_setup()), options.pop("timeout", 120)
    try:
        return asyncio.run(
            grade(
                Here(),  # type: ignore[arg-type]
                str(copied),
                instance,
                text,
                timeout=timeout,
                setup=setup,
                user=None,
                scratch=str(scratch),
                **options,
            )
        )
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
