"""What an agent or its patch breaks counts as failed; what the host breaks is an error. In real containers."""

import asyncio
import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from inspect_ai import eval as inspect_eval
from inspect_ai.log import EvalSample
from inspect_ai.solver import Generate, Solver, TaskState, solver
from inspect_ai.util import sandbox

from hotmess_inspect.swebench.mini import mini_rows
from hotmess_inspect.tasks.swebench import swebench

pytestmark = [pytest.mark.docker, pytest.mark.slow, pytest.mark.usefixtures("docker_client")]

ROW = mini_rows()[0]
MODULE = next(line[6:] for line in ROW["patch"].splitlines() if line.startswith("+++ b/"))
FIX = f"git apply <<'END_OF_PATCH'\n{ROW['patch']}\nEND_OF_PATCH\n"


def _patched(code: str) -> str:
    return f"{FIX}cat >> {MODULE} <<'E'\n{code}\nE"


# Each beside a right fix, with the cause that is named. The first ones leave no work to grade.
UNREACHABLE = {
    "kills all its processes": ("kill -9 -1", "container ended from within"),
    "ends the container's process": (
        'for p in /proc/[0-9]*; do [ "$(tr -d "\\0" <$p/cmdline)" = sleepinfinity ] && kill ${p#/proc/}; done; sleep 1',
        "container ended from within",
    ),
    "removes every program": ("rm -rf /usr/bin /usr/local/bin /bin 2>/dev/null", "container made unusable"),
    "leaves no process free": (
        "for i in $(seq 400); do (exec sleep 600) & done >/dev/null 2>&1",
        "container made unusable",
    ),
}
AT_THE_TESTS = {
    "hangs": ("import time\ntime.sleep(600)", "time"),
    "loops": ("while True: pass", "time"),
    "needs too much memory": ("_b = b'x' * 900_000_000", "memory"),
    "kills itself": ("import os\nos.kill(os.getpid(), 9)", "killed"),
    "crashes": ("import ctypes\nctypes.string_at(0)", "killed"),
    "aborts": ("import os\nos.abort()", "killed"),
    "is ended by a signal": ("import os\nos.kill(os.getpid(), 15)", "killed"),
    "exits": ("import os\nos._exit(3)", "ended early"),
    "takes all processes": (
        "import os, time\n"
        "for _ in range(1000):\n"
        "    try:\n"
        "        if os.fork() == 0:\n"
        "            os.setsid()\n"
        "            time.sleep(600)\n"
        "    except OSError:\n"
        "        break\n"
        "os._exit(1)",
        "processes",
    ),
}
WAYS = [*UNREACHABLE, *AT_THE_TESTS]

# Whose container, and what the engine is told.
HOST = {
    "agent's container killed": ("kill", ["default"]),
    "agent's container stopped": ("stop", ["default"]),
    "agent's container removed": ("rm", ["default"]),
    "grader's container killed": ("kill", ["grader"]),
    "grader's container stopped": ("stop", ["grader"]),
    "grader's container removed": ("rm", ["grader"]),
    "both killed": ("kill", ["default", "grader"]),
    "both removed": ("rm", ["default", "grader"]),
}
_OPTIONS = {"kill": [], "stop": ["--time", "0"], "rm": ["--force"]}


def test_there_are_enough_of_them() -> None:
    assert len(WAYS) >= 12
    assert len(HOST) >= 8


@solver
def breaks() -> Solver:
    """The epoch's number chooses what breaks; the last epoch does nothing but the fix."""

    async def solve(state: TaskState, generate: Generate) -> TaskState:
        number = state.epoch - 1
        if number < len(UNREACHABLE):
            script = FIX + UNREACHABLE[WAYS[number]][0]
        elif number < len(WAYS):
            script = _patched(AT_THE_TESTS[WAYS[number]][0])
        else:
            script = FIX
        try:
            await sandbox().exec(["bash", "-c", script], timeout=60)
        except Exception as error:
            state.metadata["said"] = repr(error)[:500]
        if number >= len(WAYS) and number < len(WAYS) + len(HOST):
            action, services = HOST[list(HOST)[number - len(WAYS)]]
            names = [(await sandbox(name).connection()).container for name in services]
            command = ["docker", action, *_OPTIONS[action], *(str(name) for name in names)]
            await asyncio.to_thread(subprocess.run, command, check=True, capture_output=True)
        return state

    return solve


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("logs")


@pytest.fixture(scope="module")
def samples(folder: Path, docker_client: Any) -> Mapping[str, EvalSample]:
    names = [*WAYS, *HOST, "nothing"]
    log = inspect_eval(
        swebench(
            instances=[ROW["instance_id"]], epochs=len(names), tests_timeout=60, memory="512m", pids=200
        ),
        solver=breaks(),
        model="mockllm/model",
        log_dir=str(folder),
        display="none",
        fail_on_error=False,
        max_sandboxes=4,
    )[0]
    return {names[sample.epoch - 1]: sample for sample in log.samples or []}


@pytest.mark.parametrize("way", WAYS)
def test_what_the_agent_breaks_counts_as_failed_and_is_named(
    way: str, samples: Mapping[str, EvalSample]
) -> None:
    sample = samples[way]
    assert sample.scores, sample.error
    score = sample.scores["swebench_scorer"]
    details = score.metadata or {}
    assert isinstance(score.value, dict)
    assert (score.value["resolved"], score.value["f2p"]) == (0.0, 0.0)
    # Where the work is lost the tests count as unchanged, as with limits; else all of them failed.
    assert score.value["p2p"] == (1.0 if way in UNREACHABLE else 0.0)
    assert details["hm_status"] == "broken"
    # Whether a process is left to ask with is a race; either is named and counts alike.
    also = {"ended early"} if way == "takes all processes" else set()
    assert details["broken_by"] in {(UNREACHABLE | AT_THE_TESTS)[way][1], *also}, score.explanation


@pytest.mark.parametrize("fault", HOST)
def test_what_the_host_breaks_is_an_error(fault: str, samples: Mapping[str, EvalSample]) -> None:
    sample = samples[fault]
    assert sample.error
    # Other scores may speak of the question; this epoch has no verdict.
    assert "swebench_scorer" not in (sample.scores or {})


def test_no_broken_epoch_is_missing_from_the_averages(
    samples: Mapping[str, EvalSample], folder: Path
) -> None:
    assert (samples["nothing"].scores or {})["swebench_scorer"].value["resolved"] == 1.0  # type: ignore[index,call-overload]
    command = [sys.executable, "-m", "hotmess_inspect.cli", "analyze", str(folder), "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    (group,) = (g for g in json.loads(done.stdout)["groups"] if g.get("measure") == "f2p")
    ways = len(WAYS)
    assert (group["epochs_scored"], group["broken"], group["errored"]) == (ways + 1, ways, len(HOST))
    assert group["accuracy"] == pytest.approx(1 / (ways + 1))
    # The other treatment: without them there is the one epoch that nothing befell.
    assert group["without_broken"]["accuracy"] == 1.0
    assert group["without_broken"]["error"] == pytest.approx(0.0)
