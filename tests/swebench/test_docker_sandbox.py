"""Our Docker sandbox does what Inspect's does, and asks the engine less for each epoch."""

import os
import stat
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import anyio
import pytest
from inspect_ai import eval as inspect_eval
from inspect_ai.solver import Generate, Solver, TaskState, solver
from inspect_ai.util import ComposeConfig, SandboxUnavailableError, sandbox
from inspect_ai.util._sandbox import self_check
from inspect_ai.util._sandbox.docker.docker import DockerSandboxEnvironment
from inspect_ai.util._sandbox.registry import registry_find_sandboxenv

from hotmess_inspect import _inspect_private
from hotmess_inspect.swebench import docker_sandbox
from hotmess_inspect.swebench.build import build_mini
from hotmess_inspect.swebench.docker_sandbox import LEAN, docker_provider
from hotmess_inspect.swebench.mini import mini_rows
from hotmess_inspect.swebench.mini.source import mini_image
from hotmess_inspect.swebench.sandbox import Resources, container_service
from hotmess_inspect.tasks.swebench import swebench

pytestmark = [pytest.mark.docker, pytest.mark.slow]

ONE = "hotmess-mini__daywork-1"
CHECKS: dict[str, Callable[[Any], Awaitable[None]]] = {
    name: check for name, check in vars(self_check).items() if name.startswith("test_")
}
BOTH = ["ours", "Inspect's"]


@pytest.fixture(scope="module", autouse=True)
def _image(docker_client: Any) -> None:
    build_mini(["daywork"], client=docker_client)


@pytest.fixture(scope="module")
def environments() -> Iterator[dict[str, Any]]:
    """The same container twice: as our environment and as Inspect's."""
    ours: Any = registry_find_sandboxenv(docker_provider())
    assert ours is not DockerSandboxEnvironment
    config = ComposeConfig(services={"default": container_service(mini_image("daywork"), Resources())})
    started = anyio.run(ours.sample_init, "self-check", config, {})
    (one,) = started.values()
    yield dict(zip(BOTH, (one, DockerSandboxEnvironment("default", one._project, "/testbed")), strict=True))
    anyio.run(ours.sample_cleanup, "self-check", config, started, False)


def outcome(check: Callable[[Any], Awaitable[None]], environment: Any) -> str:
    try:
        anyio.run(check, environment)
    except Exception as error:
        return type(error).__name__
    return "passed"


@pytest.mark.parametrize("name", CHECKS)
def test_inspects_own_checks_come_out_alike(name: str, environments: dict[str, Any]) -> None:
    ours, theirs = (outcome(CHECKS[name], environments[who]) for who in BOTH)
    assert ours in (theirs, "passed")


COMMANDS: list[dict[str, Any]] = [
    {"cmd": ["no-such-program"]},
    {"cmd": ["no-such-program"], "timeout": 5},
    {"cmd": ["/testbed/pyproject.toml"], "timeout": 5},
    {"cmd": ["sh", "-c", "exit 3"]},
    {"cmd": ["sh", "-c", "printf '\\377\\n'; printf e >&2; kill -9 $$"], "timeout": 5},
    {"cmd": ["cat"], "input": b"\xff\x00" * 200_000},
    {"cmd": ["true"], "input": "unread" * 1_000_000},
    {"cmd": ["cat"], "input": ""},
    {"cmd": ["cat"]},
    {"cmd": ["sh", "-c", "id -u; pwd; echo $A"], "user": "nobody", "cwd": "tests", "env": {"A": "b c"}},
    {"cmd": ["pwd"], "cwd": "/no/such/folder"},
    {"cmd": ["sh", "-c", "sleep 60 & echo left"], "timeout": 20},
]


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: str(command)[:50])
def test_commands_end_alike(command: dict[str, Any], environments: dict[str, Any]) -> None:
    found = []
    for who in BOTH:
        try:
            done = anyio.run(lambda who=who: environments[who].exec(**command))
            found.append((done.returncode, done.stdout.strip(), done.stderr.strip()))
        except Exception as error:
            found.append((type(error).__name__, "", ""))
    assert found[0][:2] == found[1][:2], found
    assert bool(found[0][2]) == bool(found[1][2]), found


def test_the_last_10_mib_are_kept_and_what_was_printed_before_a_time_limit(
    environments: dict[str, Any],
) -> None:
    ours = environments["ours"]
    long = anyio.run(ours.exec, ["sh", "-c", "yes | head -c 30000000; echo end"])
    assert len(long.stdout) == 10 * 2**20 and long.stdout.endswith("y\nend\n")
    with pytest.raises(TimeoutError) as stopped:
        anyio.run(lambda: ours.exec(["sh", "-c", "echo before; sleep 60"], timeout=2))
    assert stopped.value.truncated_output == "before\n"  # type: ignore[attr-defined]


def test_a_container_that_is_gone_is_told_from_a_command_that_fails(docker_client: Any) -> None:
    ours: Any = registry_find_sandboxenv(docker_provider())
    config = ComposeConfig(services={"default": container_service(mini_image("daywork"), Resources())})

    async def kill() -> None:
        started = await ours.sample_init("gone", config, {})
        (one,) = started.values()
        docker_client.api.kill(one.container)
        with pytest.raises(SandboxUnavailableError, match="not running"):
            await one.exec(["true"], timeout=5)
        await ours.sample_cleanup("gone", config, started, False)
        with pytest.raises(SandboxUnavailableError, match="not running"):
            await one.exec(["true"])

    anyio.run(kill)


@solver
def fix() -> Solver:
    """Two commands, one of which mends."""

    async def solve(state: TaskState, generate: Generate) -> TaskState:
        await sandbox().exec(["git", "apply", "-"], input=state.metadata["patch"])
        await sandbox().exec(["git", "status"])
        return state

    return solve


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[], Counter[str]]:
    """Counts what the docker program is started for."""
    real = next(Path(p) / "docker" for p in os.environ["PATH"].split(":") if (Path(p) / "docker").is_file())
    log, shim = tmp_path / "programs", tmp_path / "bin" / "docker"
    shim.parent.mkdir()
    shim.write_text(f'#!/bin/sh\necho "$@" >>{log}\nexec {real} "$@"\n')
    shim.chmod(shim.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", f"{shim.parent}:{os.environ['PATH']}")

    def counted() -> Counter[str]:
        words = ("up", "down", "ps", "exec", "config", "build", "inspect", "pull", "version")
        lines = log.read_text().splitlines() if log.exists() else []
        return Counter(next(w for w in line.split() if w in words) for line in lines)

    return counted


@pytest.mark.parametrize("epochs", [1, 4])
def test_an_epoch_costs_one_program_and_five_calls_to_grade(
    epochs: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, programs: Callable[[], Counter[str]]
) -> None:
    calls: list[list[str]] = []
    real = docker_sandbox.engine_exec

    async def counted(socket: str, container: str, command: list[str], **options: Any) -> Any:
        calls.append(command)
        return await real(socket, container, command, **options)

    monkeypatch.setattr(docker_sandbox, "engine_exec", counted)
    # A type of its own for this test, so that what an earlier one asked is not known.
    docker_provider.cache_clear()
    rows = [row for row in mini_rows() if row["instance_id"] == ONE]
    assert rows[0]["patch"]
    (log,) = inspect_eval(
        swebench(instances=[ONE], epochs=epochs),
        solver=fix(),
        model="mockllm/model",
        log_dir=str(tmp_path / "logs"),
        display="none",
        max_sandboxes=1,
    )
    assert [s.scores["swebench_scorer"].value["resolved"] for s in log.samples] == [1.0] * epochs
    assert log.eval.sandbox is None and log.samples[0].sandbox.type == LEAN
    # Two of the agent; its changes, the patch, the preparation, the tests, the results. Once for all epochs: what the
    # image holds, and whether root may act in each of the two containers.
    assert len(calls) == 7 * epochs + 3
    # `version` belongs to the check before the run.
    assert programs() == {"up": epochs, "version": 1}


def test_without_the_parts_of_inspect_it_is_inspects_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(docker_sandbox, "docker_environment", lambda: None)
    docker_provider.cache_clear()
    assert docker_provider() == "docker"
    docker_provider.cache_clear()
    monkeypatch.undo()
    assert _inspect_private.docker_environment() is not None
