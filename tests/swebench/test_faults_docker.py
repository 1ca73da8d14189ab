"""What breaks ends one epoch as it should; the run goes on, `eval-retry` completes it, nothing counts twice."""

import json
import os
import runpy
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from inspect_ai.log import EvalLog, EvalSample, list_eval_logs, read_eval_log

from hotmess_inspect.swebench.build import build_mini
from hotmess_inspect.swebench.mini import mini_rows

pytestmark = [pytest.mark.docker, pytest.mark.slow]

ONE = "hotmess-mini__daywork-1"
AGENT = Path(__file__).with_name("fault_agent.py")
PATIENCE = 420.0

FAULTS: list[str] = runpy.run_path(str(AGENT))["FAULTS"]
GOOD = {"resolved": 1.0, "f2p": 1.0, "p2p": 1.0, "pooled": 1.0}
# What each fault must come to: a word of the error, or the score's status.
ERRORS = {
    "agent's container killed": "not running",
    "grader's container killed": "not running",
    "both containers stopped": "not running",
    "tests hang": "ran longer than 15 s",
    "tests need too much memory": "were killed for their memory",
}
SCORED = {"none", "out of memory", "fork bomb", "long output", "network", "huge patch"}


@pytest.fixture(autouse=True)
def _image(docker_client: Any) -> None:
    build_mini(["daywork"], client=docker_client)


def environment(folder: Path) -> dict[str, str]:
    (folder / "marks").mkdir(exist_ok=True)
    return {**os.environ, "FAULTS": str(folder / "marks"), "XDG_DATA_HOME": str(folder)}


def inspect(folder: Path, *arguments: str) -> str:
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "inspect_ai",
            *arguments,
            "--log-dir",
            str(folder / "logs"),
            "--display",
            "plain",
        ],
        env=environment(folder),
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    return done.stdout + done.stderr


def logs(folder: Path) -> list[EvalLog]:
    """All logs, the oldest first."""
    found = [read_eval_log(info) for info in list_eval_logs(str(folder / "logs"), descending=False)]
    return sorted(found, key=lambda log: log.eval.created)


def by_epoch(log: EvalLog) -> dict[int, EvalSample]:
    samples = log.samples or []
    assert len({(s.id, s.epoch) for s in samples}) == len(samples)
    return {sample.epoch: sample for sample in samples}


def containers(client: Any, folder: Path) -> list[str]:
    label = "com.docker.compose.project.config_files"
    found = client.containers.list(all=True, filters={"label": label}, ignore_removed=True)
    return [container.name for container in found if str(folder) in container.labels[label]]


def analysed(folder: Path) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "-m", "hotmess_inspect.cli", "analyze", str(folder / "logs"), "--json"],
        capture_output=True,
        text=True,
        check=False,
    )
    groups = {
        group["loss"]: group
        for group in json.loads(done.stdout)["groups"]
        if group.get("key", "f2p") == "f2p"
    }
    (group,) = groups.values()
    return group


def test_every_fault_ends_one_epoch_and_a_retry_completes_the_run(tmp_path: Path, docker_client: Any) -> None:
    options = ["-T", f"instances={ONE}", "-T", "tests_timeout=15", "-T", "memory=512m", "-T", "pids=200"]
    options += ["-T", "on_tests_limit=error"]
    options += ["--epochs", str(len(FAULTS)), "--max-sandboxes", "4", "--model", "mockllm/model"]
    said = inspect(tmp_path, "eval", "hotmess/swebench", "--solver", str(AGENT), *options)
    (first,) = logs(tmp_path)
    assert first.status == "error", said
    epochs = {FAULTS[epoch - 1]: sample for epoch, sample in by_epoch(first).items()}
    assert set(epochs) == set(FAULTS)
    for fault, words in ERRORS.items():
        error = epochs[fault].error
        assert error, fault
        assert words in error.message, fault
        assert not epochs[fault].scores, fault
    for fault in SCORED:
        assert epochs[fault].scores, (fault, epochs[fault].error)
        assert epochs[fault].scores["swebench_scorer"].value == GOOD, fault
    huge = epochs["huge patch"].scores["swebench_scorer"]
    assert [path for path, _ in huge.metadata["patch_dropped"]] == ["big.txt"]
    assert "status 137" in epochs["out of memory"].metadata["said"]
    assert int(epochs["fork bomb"].metadata["said"].split()[0]) > 0
    # Inspect keeps the last 10 MiB of what a command prints; 10,500,000 bytes are a little more.
    assert 0 < epochs["long output"].metadata["length"] <= 10 * 2**20
    network = epochs["network"].metadata["said"]
    assert network.splitlines()[0] == "lo"
    assert not {"TCP", "DNS", "UDP"} & set(network.split())
    assert containers(docker_client, tmp_path) == []

    said = inspect(tmp_path, "eval-retry", first.location)
    _, second = logs(tmp_path)
    assert second.status == "success", said
    assert sorted(by_epoch(second)) == list(range(1, len(FAULTS) + 1))
    for epoch, sample in by_epoch(second).items():
        fault = FAULTS[epoch - 1]
        assert sample.scores, fault
        value = sample.scores["swebench_scorer"].value
        assert value == GOOD, fault
        if fault not in ERRORS:  # what was good is taken over, not run and paid again
            assert sample.uuid == epochs[fault].uuid, fault
    # The folder holds eleven epochs, not the seventeen samples of two logs that were scored.
    group = analysed(tmp_path)
    assert (group["epochs_scored"], group["questions"]) == (len(FAULTS), 1)
    assert group["accuracy"] == 1.0
    assert containers(docker_client, tmp_path) == []


def test_a_missing_image_costs_its_own_epochs_only(tmp_path: Path) -> None:
    good, bad = (dict(row) for row in mini_rows() if row["instance_id"] in (ONE, "hotmess-mini__daywork-2"))
    bad["image"] = "localhost:1/no/such-image:latest"
    rows = tmp_path / "rows.jsonl"
    rows.write_text(json.dumps(good) + "\n" + json.dumps(bad) + "\n")
    options = ["-T", f"dataset={rows}", "-T", "epochs=1", "--model", "hotmess/simulated-agent"]
    said = inspect(tmp_path, "eval", "hotmess/swebench", *options)
    (log,) = logs(tmp_path)
    assert log.status == "error", said
    assert {str(s.id): bool(s.scores) for s in log.samples or []} == {
        good["instance_id"]: True,
        bad["instance_id"]: False,
    }
    error = next(s.error for s in log.samples or [] if s.id == bad["instance_id"])
    assert error
    assert "localhost:1" in error.message or "no/such-image" in error.message


@pytest.mark.docker(alone=True)
@pytest.mark.parametrize("delay", [4.0, 9.0])
def test_a_killed_run_is_completed_without_losing_or_doubling_an_epoch(
    delay: float, tmp_path: Path, docker_client: Any
) -> None:
    command = [sys.executable, "-m", "inspect_ai", "eval", "hotmess/swebench", "--display", "plain"]
    command += ["--model", "hotmess/simulated-agent", "-T", f"instances={ONE}", "--epochs", "6"]
    command += ["--log-dir", str(tmp_path / "logs"), "--max-sandboxes", "2", "--log-buffer", "1"]
    with (tmp_path / "output").open("wb") as output:
        process = subprocess.Popen(
            command,
            env=environment(tmp_path),
            cwd=tmp_path,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    deadline = time.monotonic() + PATIENCE
    # Containers of the pre-flight come before there is a log.
    while not (containers(docker_client, tmp_path) and list_eval_logs(str(tmp_path / "logs"))):
        assert process.poll() is None, (tmp_path / "output").read_text()[-2000:]
        assert time.monotonic() < deadline
        time.sleep(0.2)
    time.sleep(delay)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    (killed,) = list_eval_logs(str(tmp_path / "logs"))
    before = {(s.id, s.epoch): s.uuid for s in read_eval_log(killed).samples or []}
    # What the engine was asked to remove before the kill may still be going.
    left: list[str] | None = None
    while left != (left := containers(docker_client, tmp_path)):
        time.sleep(2)

    # What the dead run left goes, and a living run's containers would not.
    done = subprocess.run(
        [sys.executable, "-m", "hotmess_inspect.cli", "cleanup", "--yes"],
        env=environment(tmp_path),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert all(f"container {name}: removed" in done.stdout for name in left)
    assert containers(docker_client, tmp_path) == []

    said = inspect(tmp_path, "eval-retry", killed.name)
    last = logs(tmp_path)[-1]
    assert last.status == "success", said
    assert Counter(s.epoch for s in last.samples or []) == Counter(range(1, 7))
    after = {(s.id, s.epoch): s.uuid for s in last.samples or []}
    assert all(after[key] == uuid for key, uuid in before.items())
    assert analysed(tmp_path)["epochs_scored"] == 6
    assert containers(docker_client, tmp_path) == []
