"""Inspect's checkpoints of an epoch: what the agent did, and removed, is there again in a new container."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from inspect_ai.log import list_eval_logs, read_eval_log

from hotmess_inspect.swebench.mini import mini_rows

resolver = pytest.importorskip("inspect_ai.util._restic.resolver", reason="this Inspect has no checkpoints")
pytestmark = [pytest.mark.docker, pytest.mark.slow, pytest.mark.usefixtures("docker_client")]

ROW = mini_rows()[0]
AGENT = Path(__file__).with_name("checkpoint_agent.py")
PATIENCE = 400.0


@pytest.fixture
def restic_here(restic_program: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Inspect looks for restic in its cache before it downloads one (held by tests/test_inspect_private.py)."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    place = resolver.cache_path(resolver._current_platform())
    place.parent.mkdir(parents=True, exist_ok=True)
    place.symlink_to(restic_program)


def inspect(folder: Path, *arguments: str) -> "subprocess.Popen[bytes]":
    command = [sys.executable, "-m", "inspect_ai", *arguments, "--log-dir", str(folder / "logs")]
    with (folder / "output").open("ab") as output:
        return subprocess.Popen(
            [*command, "--display", "plain", "--checkpoint", "turn:1"],
            env={**os.environ, "SIGNS": str(folder)},
            cwd=folder,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )


@pytest.mark.usefixtures("restic_here")
def test_a_killed_epoch_goes_on_where_it_stood(tmp_path: Path, docker_client: Any) -> None:
    arguments = ["-T", f"instances={ROW['instance_id']}", "--epochs", "1", "--log-buffer", "1"]
    process = inspect(
        tmp_path, "eval", "hotmess/swebench", "--solver", str(AGENT), "--model", "mockllm/model", *arguments
    )
    deadline = time.monotonic() + PATIENCE
    try:
        while not (tmp_path / "ready").exists():
            assert process.poll() is None, (tmp_path / "output").read_text()[-3000:]
            assert time.monotonic() < deadline
            time.sleep(0.2)
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    subprocess.run(
        [sys.executable, "-m", "hotmess_inspect.cli", "cleanup", "--yes"], check=True, capture_output=True
    )
    (killed,) = list_eval_logs(str(tmp_path / "logs"))
    retried = inspect(tmp_path, "eval-retry", killed.name)
    assert retried.wait(PATIENCE) == 0, (tmp_path / "output").read_text()[-3000:]
    log = max(
        (read_eval_log(info) for info in list_eval_logs(str(tmp_path / "logs"))),
        key=lambda log: log.eval.created,
    )
    (sample,) = log.samples or []
    details = (sample.scores or {})["swebench_scorer"].metadata or {}
    assert details["verdict"] == "resolved", (details, (tmp_path / "output").read_text()[-3000:])
    # The fix was made once, before the kill; the file that was removed then is gone in what is graded.
    assert (tmp_path / "turns").read_text().split() == ["fix", "wait", "wait"]
    assert "README.md" in details["patch_files"]
    assert "deleted file mode" in details["patch"]
