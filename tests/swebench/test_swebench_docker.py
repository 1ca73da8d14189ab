"""`hotmess/swebench` in real containers: the pipe, the limits, the isolation, and agents that cheat."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from inspect_ai import eval as inspect_eval
from inspect_ai.log import EvalLog, EvalSample
from inspect_ai.solver import Generate, Solver, TaskState, solver
from inspect_ai.util import sandbox

from hotmess_inspect.bits import decode_tests
from hotmess_inspect.swebench.mini import mini_rows
from hotmess_inspect.tasks.swebench import swebench

pytestmark = [pytest.mark.docker, pytest.mark.usefixtures("docker_client")]

ROWS = {row["instance_id"]: row for row in mini_rows()}
ONE = sorted(ROWS)[0]


@solver
def does(script: Callable[[str], str | None]) -> Solver:
    """An agent that runs one shell script, chosen by the instance's id."""

    async def solve(state: TaskState, generate: Generate) -> TaskState:
        text = script(str(state.sample_id))
        if text is not None:
            result = await sandbox().exec(["bash", "-c", text], timeout=60)
            state.metadata["script_status"] = result.returncode
            state.metadata["script_output"] = result.stdout + result.stderr
        return state

    return solve


def apply_gold(instance: str) -> str:
    return f"git apply <<'END_OF_PATCH'\n{ROWS[instance]['patch']}\nEND_OF_PATCH\n"


def run(
    tmp_path: Path,
    script: Callable[[str], str | None],
    *,
    instances: list[str] | None = None,
    epochs: int = 1,
    **options: Any,
) -> EvalLog:
    task = swebench(instances=instances or [ONE], epochs=epochs, **options)
    return inspect_eval(
        task,
        solver=does(script),
        model="mockllm/model",
        log_dir=str(tmp_path),
        display="none",
        fail_on_error=False,
        max_sandboxes=4,
    )[0]


def samples(log: EvalLog) -> list[EvalSample]:
    assert log.status == "success", log.error
    assert log.samples
    return log.samples


def value(sample: EvalSample) -> dict[str, Any]:
    assert sample.scores, sample.error
    found = sample.scores["swebench_scorer"].value
    assert isinstance(found, dict)
    return found


def details(sample: EvalSample) -> dict[str, Any]:
    assert sample.scores, sample.error
    return sample.scores["swebench_scorer"].metadata or {}


def containers(docker_client: Any) -> list[str]:
    return [c.name for c in docker_client.containers.list(all=True) if "inspect" in c.name]


@pytest.mark.slow
def test_gold_passes_and_empty_fails_for_every_instance_three_times(
    tmp_path: Path, docker_client: Any
) -> None:
    before = set(containers(docker_client))
    gold = run(tmp_path, apply_gold, instances=sorted(ROWS), epochs=3)
    assert {(s.id, s.epoch): value(s) for s in samples(gold)} == {
        (name, epoch): {"resolved": 1.0, "f2p": 1.0, "p2p": 1.0, "pooled": 1.0}
        for name in ROWS
        for epoch in (1, 2, 3)
    }
    empty = run(tmp_path, lambda _: None, instances=sorted(ROWS), epochs=3)
    assert {
        (s.id, s.epoch): (v := value(s))["f2p"] + 10 * v["p2p"] + v["resolved"] for s in samples(empty)
    } == {(name, epoch): 10.0 for name in ROWS for epoch in (1, 2, 3)}
    assert set(containers(docker_client)) <= before


def test_the_score_says_which_test_failed(tmp_path: Path) -> None:
    import json

    (sample,) = samples(run(tmp_path, lambda _: None))
    f2p, p2p = (json.loads(ROWS[ONE][name]) for name in ("FAIL_TO_PASS", "PASS_TO_PASS"))
    meta = details(sample)
    assert (meta["hm_kind"], meta["hm_epoch"], meta["hm_status"]) == ("tests", 1, "ok")
    assert (meta["hm_f2p"], meta["hm_p2p"]) == (len(f2p), len(p2p))
    bits = decode_tests(meta["hm_tests"], len(f2p) + len(p2p))
    assert bits.tolist() == [False] * len(f2p) + [True] * len(p2p)
    assert {t for t, status in meta["test_status"].items() if status == "failed"} == set(f2p)
    assert meta["patch"] == ""


def test_the_agents_container_is_closed(tmp_path: Path) -> None:
    script = (
        "ls /sys/class/net; grep CapEff /proc/self/status; grep NoNewPrivs /proc/self/status; "
        "git rev-list --all --count; timeout 5 bash -c 'echo >/dev/tcp/192.0.2.1/80' 2>&1 || echo no route; "
        "getent hosts example.org || echo no name"
    )
    (sample,) = samples(run(tmp_path, lambda _: script))
    assert sample.metadata["script_output"].splitlines()[:4] == [
        "lo",
        "CapEff:\t0000000000000000",
        "NoNewPrivs:\t1",
        "1",
    ]
    assert "Network is unreachable" in sample.metadata["script_output"]
    assert "no route\nno name\n" in sample.metadata["script_output"]


@pytest.mark.slow  # that they are asked for: test_sandbox_specs
def test_the_agents_container_has_limits(tmp_path: Path) -> None:
    # Processes that wait to be killed, so that none is left when the work is collected.
    forks = """
import os, signal
made = []
try:
    for _ in range(150):
        made.append(os.fork())
        if not made[-1]:
            signal.pause()
except BlockingIOError as error:
    print(error.strerror)
for process in made:
    os.kill(process, signal.SIGKILL)
"""
    script = f"python -c 'b = bytearray(600_000_000)'; echo memory $?; python - <<'END'\n{forks}END"
    (sample,) = samples(run(tmp_path, lambda _: script, memory="256m", pids=100))
    # 137 = killed by signal 9, which is what the kernel does to a process over the memory limit.
    assert "memory 137" in sample.metadata["script_output"]
    assert "Resource temporarily unavailable" in sample.metadata["script_output"]


def test_work_that_was_committed_counts(tmp_path: Path) -> None:
    script = f"{apply_gold(ONE)}git -c user.name=a -c user.email=a@b.invalid commit -qam fix && git checkout -q -b other"
    (sample,) = samples(run(tmp_path, lambda _: script))
    assert value(sample)["resolved"] == 1.0


def test_a_file_over_the_size_limit_is_left_out_and_the_fix_counts(tmp_path: Path) -> None:
    script = f"{apply_gold(ONE)}\nseq 400000 > big.txt"
    (sample,) = samples(run(tmp_path, lambda _: script))
    assert value(sample)["resolved"] == 1.0
    assert details(sample)["hm_status"] == "ok"
    assert [path for path, _ in details(sample)["patch_dropped"]] == ["big.txt"]


def test_what_the_patch_does_to_the_test_run_may_be_an_error(tmp_path: Path) -> None:
    # By default it counts as failed: test_own_doing_docker.
    module = next(line[6:] for line in ROWS[ONE]["patch"].splitlines() if line.startswith("+++ b/"))
    code = {1: "import time; time.sleep(600)", 2: "b = bytearray(3_000_000_000)"}

    @solver
    def breaks() -> Solver:
        async def solve(state: TaskState, generate: Generate) -> TaskState:
            await sandbox().exec(["bash", "-c", f"echo '{code[state.epoch]}' >> {module}"])
            return state

        return solve

    log = inspect_eval(
        swebench(instances=[ONE], epochs=2, memory="256m", tests_timeout=10, on_tests_limit="error"),
        solver=breaks(),
        model="mockllm/model",
        log_dir=str(tmp_path),
        display="none",
        fail_on_error=False,
    )[0]
    hangs, memory = sorted(log.samples or [], key=lambda sample: sample.epoch)
    assert hangs.error
    assert "ran longer than 10 s" in hangs.error.message
    assert memory.error
    assert "were killed for their memory" in memory.error.message
    assert not hangs.scores
    assert not memory.scores


def test_tests_run_as_nobody_who_can_change_nothing_that_was_there(tmp_path: Path) -> None:
    module = next(line[6:] for line in ROWS[ONE]["patch"].splitlines() if line.startswith("+++ b/"))
    script = (
        f'printf \'import os\\nprint(os.getuid(), os.access(__file__, os.W_OK), os.path.expanduser("~"))\\n'
        f'print([p for p in ("/tmp",) for n in os.listdir(p) if os.access(f"{{p}}/{{n}}/report", os.W_OK)])\\n'
        f"raise SystemExit\\n' >> {module}"
    )
    (sample,) = samples(run(tmp_path, lambda _: script))
    output = details(sample)["test_output"]
    assert "65534 False /tmp/" in output
    assert "\n[]\n" in output
