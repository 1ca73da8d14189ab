"""The engine stops, or its disk fills up, in the middle of a run; with an engine of the test's own."""

import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil  # type: ignore[import-untyped]
import pytest
from inspect_ai.log import EvalLog, list_eval_logs, read_eval_log

from hotmess_inspect.swebench.build import build_mini
from hotmess_inspect.swebench.mini.source import mini_image

pytestmark = [pytest.mark.docker(alone=True), pytest.mark.slow]

ONE = "hotmess-mini__daywork-1"
AGENT = Path(__file__).with_name("waiting_agent.py")
FILLING = Path(__file__).with_name("filling_agent.py")
EPOCHS, AT_ONCE = 4, 2
PATIENCE = 300.0
PAUSE = 10.0
DISK = "2600m"


class Engine:
    """A second engine on a small disk of its own."""

    def __init__(self, folder: Path, dockerd: Path) -> None:
        self.folder, self.dockerd = folder, dockerd
        self.socket = f"unix://{folder}/docker.sock"
        self.environment = {**os.environ, "DOCKER_HOST": self.socket}
        self.process: subprocess.Popen[bytes] | None = None
        (folder / "data").mkdir()
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={DISK}", "none", folder / "data"], check=True)

    def start(self) -> None:
        options = ["--data-root", "data", "--exec-root", "exec", "--pidfile", "pid"]
        options = [str(self.folder / o) if not o.startswith("--") else o for o in options]
        with (self.folder / "log").open("ab") as log:
            # In a network namespace of its own: an engine without a bridge removes the bridge that it finds.
            isolated = ["unshare", "--net", str(self.dockerd)]
            self.process = subprocess.Popen(
                [*isolated, *options, "--host", self.socket, "--bridge", "none", "--iptables=false"],
                env={**os.environ, "PATH": f"{self.dockerd.parent}:{os.environ['PATH']}"},
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        wait_for(lambda: self.docker("version").returncode == 0, "the second engine to answer")

    def stop(self) -> None:
        if self.process:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(60)
            self.process = None

    def docker(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            ["docker", *arguments], env=self.environment, capture_output=True, text=True, check=False
        )

    def remove(self) -> None:
        self.stop()
        for mount in Path("/proc/mounts").read_text().splitlines():
            if str(self.folder) in mount:
                subprocess.run(["umount", "--lazy", mount.split()[1]], check=False)


def wait_for(condition: Callable[[], Any], what: str, *, patience: float = PATIENCE) -> None:
    deadline = time.monotonic() + patience
    while not condition():
        assert time.monotonic() < deadline, f"waited too long for {what}"
        time.sleep(0.3)


def running_dockerd(root: str) -> Path | None:
    """Program of the engine that answers, where it runs on this machine."""
    found = [p for p in psutil.process_iter(["name", "exe", "cmdline"]) if p.info["name"] == "dockerd"]
    found.sort(key=lambda process: root not in process.info["cmdline"])
    return Path(found[0].info["exe"]) if found and found[0].info["exe"] else None


@pytest.fixture(scope="module")
def engine(docker_client: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    dockerd = running_dockerd(docker_client.info()["DockerRootDir"])
    if dockerd is None or os.getuid() != 0:
        reason = "a second engine needs root, and the program of the one that runs here"
        if os.environ.get("CI"):
            pytest.fail(f"{reason}, and CI is set")
        pytest.skip(reason)
    build_mini(["daywork"], client=docker_client)
    engine = Engine(tmp_path_factory.mktemp("engine"), dockerd)
    try:
        engine.start()
        image = docker_client.images.get(mini_image("daywork")).save(named=True)
        loading = subprocess.Popen(["docker", "load"], env=engine.environment, stdin=subprocess.PIPE)
        assert loading.stdin
        for chunk in image:
            loading.stdin.write(chunk)
        loading.stdin.close()
        assert loading.wait() == 0
        yield engine
    finally:
        engine.remove()


def inspect(engine: Engine, folder: Path, *arguments: str) -> "subprocess.Popen[bytes]":
    command = [sys.executable, "-m", "inspect_ai", *arguments, "--log-dir", str(folder / "logs")]
    environment = engine.environment | {"SIGNS": str(folder), "XDG_DATA_HOME": str(folder)}
    with (folder / "output").open("ab") as output:
        return subprocess.Popen(
            [*command, "--display", "plain"], env=environment, cwd=folder, stdout=output, stderr=output
        )


def log(folder: Path, place: int) -> EvalLog:
    infos = list_eval_logs(str(folder / "logs"), descending=False)
    return sorted((read_eval_log(info) for info in infos), key=lambda log: log.eval.created)[place]


def stopped(engine: Engine) -> Callable[[], None]:
    engine.stop()
    time.sleep(PAUSE)
    engine.start()
    return lambda: None


def full(engine: Engine) -> Callable[[], None]:
    ballast = engine.folder / "data" / "ballast"
    with ballast.open("wb") as file:
        try:
            while True:
                file.write(bytes(1_000_000))
        except OSError:
            pass
    return ballast.unlink


@pytest.mark.parametrize("happens", [stopped, full])
def test_the_run_ends_as_an_error_and_a_retry_completes_it(
    happens: Callable[[Engine], Callable[[], None]], engine: Engine, tmp_path: Path
) -> None:
    arguments = ["eval", "hotmess/swebench", "--solver", str(AGENT), "--model", "mockllm/model"]
    arguments += ["-T", f"instances={ONE}", "--epochs", str(EPOCHS), "--max-sandboxes", str(AT_ONCE)]
    process = inspect(engine, tmp_path, *arguments, "--max-samples", str(AT_ONCE))
    try:
        wait_for(lambda: len(list(tmp_path.glob("ready-*"))) == AT_ONCE, "agents to be ready")
        mend = happens(engine)
        (tmp_path / "go").touch()
        process.wait(PATIENCE)
    finally:
        process.kill()
        process.wait()
    mend()
    first = log(tmp_path, 0)
    said = (tmp_path / "output").read_text()[-3000:]
    assert first.status == "error", said
    samples = {sample.epoch: sample for sample in first.samples or []}
    assert sorted(samples) == list(range(1, EPOCHS + 1))
    # The epochs in which it happened are errors, and no fault is taken for a wrong answer.
    assert all(samples[epoch].error for epoch in range(1, AT_ONCE + 1))
    for sample in samples.values():
        if not sample.error:
            assert sample.scores
            assert sample.scores["swebench_scorer"].value["resolved"] == 1.0  # type: ignore[index,call-overload]

    environment = engine.environment | {"XDG_DATA_HOME": str(tmp_path)}
    cleanup = [sys.executable, "-m", "hotmess_inspect.cli", "cleanup", "--yes"]
    assert subprocess.run(cleanup, env=environment, check=False).returncode == 0
    assert engine.docker("ps", "--all", "--quiet").stdout == ""

    assert inspect(engine, tmp_path, "eval-retry", first.location).wait(PATIENCE) == 0
    second = log(tmp_path, 1)
    assert second.status == "success", (tmp_path / "output").read_text()[-3000:]
    assert Counter(s.epoch for s in second.samples or []) == Counter(range(1, EPOCHS + 1))
    assert all(
        (s.scores or {})["swebench_scorer"].value["resolved"] == 1.0  # type: ignore[index,call-overload]
        for s in second.samples or []
    )
    assert engine.docker("ps", "--all", "--quiet").stdout == ""


def test_a_disk_that_the_agent_or_its_patch_fills_counts_as_failed(engine: Engine, tmp_path: Path) -> None:
    """One epoch after the other: the agent fills the disk, then its patch does when tested, then nobody."""
    arguments = ["eval", "hotmess/swebench", "--solver", str(FILLING), "--model", "mockllm/model"]
    arguments += ["-T", f"instances={ONE}", "--epochs", "3", "--max-sandboxes", "1", "--max-samples", "1"]
    assert inspect(engine, tmp_path, *arguments).wait(PATIENCE) == 0, (tmp_path / "output").read_text()[
        -3000:
    ]
    samples = log(tmp_path, 0).samples or []
    assert not [sample.error.message for sample in samples if sample.error]
    scores = {sample.epoch: (sample.scores or {})["swebench_scorer"] for sample in samples}
    assert sorted(scores) == [1, 2, 3]
    details = {epoch: score.metadata or {} for epoch, score in scores.items()}
    found = {epoch: (one["hm_status"], one.get("broken_by", "")) for epoch, one in details.items()}
    assert found == {1: ("broken", "disk"), 2: ("broken", "disk"), 3: ("ok", "")}, scores
    shares = {epoch: (score.value["f2p"], score.value["p2p"]) for epoch, score in scores.items()}  # type: ignore[index,call-overload]
    # Without a patch to grade nothing changed; with one all its tests failed.
    assert shares == {1: (0.0, 1.0), 2: (0.0, 0.0), 3: (1.0, 1.0)}
    assert engine.docker("ps", "--all", "--quiet").stdout == ""
