"""What Inspect's checkpoints keep of an epoch, so that a killed one goes on where it stood (``--checkpoint``).

Inspect keeps the conversation and, as an archive made with the image's own tar, folders of the agent's container; of the
graders' there is nothing to keep. Its restore writes what was there and removes nothing, so files that the agent had
deleted would be back: which ones there were is written down with each checkpoint, and all others go after a restore.
"""

import shlex
from typing import Any

from inspect_ai.solver import TaskState
from inspect_ai.util import sandbox

from hotmess_inspect.swebench.sandbox import REPOSITORY, grader_service

_LISTED = "/root/.hotmess-checkpoint"
_LIST = f"mkdir -p /root && find {REPOSITORY} -mindepth 1 -print0 | LC_ALL=C sort -z >{_LISTED}"
# Folders come last, and only those that are empty by then go.
_REMOVE = (
    f"[ -e {_LISTED} ] || exit 0; find {REPOSITORY} -mindepth 1 -print0 | LC_ALL=C sort -z"
    f" | LC_ALL=C comm -z -23 - {_LISTED} | LC_ALL=C sort -z -r"
    ' | xargs -0 -r sh -c \'for path; do if [ -d "$path" ] && [ ! -L "$path" ]; then rmdir "$path";'
    ' else rm -f "$path"; fi; done\' sh'
)


def sample_checkpoint(graders: int) -> dict[str, Any]:
    """The argument of a sample that says what is kept, if a run has checkpoints; empty where Inspect has none.

    Args:
        graders: How many containers there are to grade in.
    """
    try:
        from inspect_ai.util import ArchiveSnapshots, CheckpointSampleConfig, SandboxSnapshotConfig
    except ImportError:
        return {}
    kept = SandboxSnapshotConfig(paths=[REPOSITORY, "/root", "/tmp"], strategy=ArchiveSnapshots())
    nothing: dict[str, Any] = {grader_service(number): [] for number in range(1, graders + 1)}
    return {"checkpoint": CheckpointSampleConfig(sandbox_paths={"default": kept, **nothing})}


def task_checkpoint() -> dict[str, Any]:
    """The arguments of a task that act at each checkpoint and after a restore; empty where Inspect has none."""
    try:
        from inspect_ai.util import CheckpointConfig  # noqa: F401
    except ImportError:
        return {}
    return {"on_checkpoint": list_files, "on_resume": remove_unlisted}


async def list_files(state: TaskState) -> None:
    """Write down in the agent's container which files its repository has.

    Raises:
        RuntimeError: If that fails, so that the checkpoint does.
    """
    await _as_root(_LIST)


async def remove_unlisted(state: TaskState, attempt: str) -> None:
    """Remove what the repository did not have at the checkpoint that was restored.

    Raises:
        RuntimeError: If that fails.
    """
    if attempt != "initial":
        await _as_root(_REMOVE)


async def _as_root(script: str) -> None:
    done = await sandbox().exec(["/bin/sh", "-c", script], user="root", timeout=300, concurrency=False)
    if not done.success:
        raise RuntimeError(f"{shlex.quote(script[:40])}…: {done.stderr.strip()[-300:]}")
