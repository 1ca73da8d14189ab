"""No container outlives its run, however the run ends: each run is a process of its own, as a user starts it."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from inspect_ai.log import list_eval_logs, read_eval_log

from hotmess_inspect.swebench.build import build_mini
from hotmess_inspect.swebench.mini import mini_rows

pytestmark = [pytest.mark.docker(alone=True), pytest.mark.slow]

ONE = sorted(row["instance_id"] for row in mini_rows())[0]
EPOCHS = 2
CONTAINERS = 2 * EPOCHS  # of each epoch, one for the agent and one for grading
PATIENCE = 240.0

RAISES = """
from inspect_ai.solver import Generate, Solver, TaskState, solver


@solver
def raises() -> Solver:
    async def solve(state: TaskState, generate: Generate) -> TaskState:
        raise RuntimeError("on purpose")

    return solve
"""


@pytest.fixture(autouse=True)
def _image(docker_client: Any) -> None:
    build_mini(client=docker_client)


@contextmanager
def started(folder: Path, *options: str) -> Iterator[subprocess.Popen[bytes]]:
    """`inspect eval hotmess/swebench` in a process group of its own, as under a terminal."""
    command = [sys.executable, "-m", "inspect_ai", "eval", "hotmess/swebench", "--display", "plain"]
    command += ["-T", f"instances={ONE}", "-T", f"epochs={EPOCHS}", "--max-sandboxes", str(EPOCHS), *options]
    # Inspect writes its compose files there, and compose names them in a label: so containers are known by it.
    environment = {**os.environ, "XDG_DATA_HOME": str(folder), "INSPECT_LOG_DIR": str(folder / "logs")}
    with (folder / "output").open("wb") as output:
        process = subprocess.Popen(
            command,
            env=environment,
            cwd=folder,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            # A test run in the background of a script ignores Ctrl-C and hands that on.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        )
    try:
        yield process
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def containers(docker_client: Any, folder: Path) -> list[Any]:
    label = "com.docker.compose.project.config_files"
    found = docker_client.containers.list(all=True, filters={"label": label}, ignore_removed=True)
    return [container for container in found if str(folder) in container.labels[label]]


def status_of_log(folder: Path) -> str:
    (log,) = list_eval_logs(str(folder / "logs"))
    return read_eval_log(log, header_only=True).status


def said(folder: Path) -> str:
    return (folder / "output").read_text(errors="replace")[-4000:]


def test_none_is_left_after_success(docker_client: Any, tmp_path: Path) -> None:
    with started(tmp_path, "--model", "hotmess/simulated-agent", "-M", "actions=0") as process:
        assert process.wait(PATIENCE) == 0, said(tmp_path)
    assert status_of_log(tmp_path) == "success"
    assert containers(docker_client, tmp_path) == []


def test_none_is_left_after_an_error_in_the_sample(docker_client: Any, tmp_path: Path) -> None:
    solver = tmp_path / "raises.py"
    solver.write_text(RAISES)
    with started(tmp_path, "--model", "mockllm/model", "--solver", str(solver)) as process:
        process.wait(PATIENCE)
    assert "on purpose" in said(tmp_path)
    assert status_of_log(tmp_path) == "error"
    assert containers(docker_client, tmp_path) == []


def test_none_is_left_after_ctrl_c(docker_client: Any, tmp_path: Path) -> None:
    with started(tmp_path, "--model", "hotmess/simulated-agent", "-M", "latency=600") as process:
        deadline = time.monotonic() + PATIENCE
        while len(up := containers(docker_client, tmp_path)) < CONTAINERS:
            assert process.poll() is None, said(tmp_path)
            assert time.monotonic() < deadline, f"{len(up)} containers came up\n{said(tmp_path)}"
            time.sleep(0.5)
        os.killpg(process.pid, signal.SIGINT)
        process.wait(PATIENCE)
    assert status_of_log(tmp_path) == "cancelled"
    assert containers(docker_client, tmp_path) == []
