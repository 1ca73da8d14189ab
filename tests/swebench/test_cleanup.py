"""`hotmess cleanup` removes what dead processes left, and nothing else."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from hotmess_inspect.cli import main
from hotmess_inspect.swebench.build import build_mini
from hotmess_inspect.swebench.cleanup import find_remnants
from hotmess_inspect.swebench.contained import OWNER_LABEL
from hotmess_inspect.swebench.mini.source import mini_image
from hotmess_inspect.swebench.owner import OWNER_KEY, owner_token

pytestmark = pytest.mark.docker(alone=True)

Create = Callable[..., str]


def dead_token() -> str:
    process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    token = owner_token(process.pid)
    process.kill()
    process.wait()
    return token


ELSEWHERE = f"{'0' * 12}.{'0' * 12}.1.1"


@pytest.fixture
def create(docker_client: Any, tmp_path: Path) -> Iterator[Create]:
    """Makes a container (not started) with labels, or with a compose file that names an owner."""
    build_mini(["daywork"], client=docker_client)
    made: list[str] = []

    def make(token: str | None, *, project: str = "", labelled: bool = False, keep: bool = True) -> str:
        labels = {OWNER_LABEL: token} if labelled else {}
        if project:
            path = tmp_path / f"{project}.yaml"
            path.write_text("services: {}\n" + (f"{OWNER_KEY}: {token}\n" if token else ""))
            if not keep:
                path.unlink()
            labels |= {
                "com.docker.compose.project": project,
                "com.docker.compose.project.config_files": str(path),
            }
        made.append(docker_client.api.create_container(mini_image("daywork"), labels=labels)["Id"])
        return made[-1]

    yield make
    for identity in made:
        docker_client.containers.get(identity).remove(force=True) if exists(docker_client, identity) else None


def exists(client: Any, identity: str) -> bool:
    return any(entry["Id"] == identity for entry in client.api.containers(all=True))


def standings(client: Any) -> dict[str, str]:
    return {remnant.identity: remnant.standing for remnant in find_remnants(client)}


def test_the_dead_go_and_all_others_stay(create: Create, docker_client: Any, tmp_path: Path) -> None:
    dead, alive = dead_token(), owner_token()
    expected = {
        create(dead, labelled=True): "dead",
        create(dead, project="inspect-swebench-iaaaaaa"): "dead",
        create(alive, labelled=True): "alive",
        create(alive, project="inspect-swebench-ibbbbbb"): "alive",
        create(ELSEWHERE, project="inspect-swebench-icccccc"): "elsewhere",
        create(dead, project="inspect-swebench-idddddd", keep=False): "unknown",
    }
    strangers = [
        create(None),
        create(None, project="inspect-gdm-ieeeeee"),  # another Inspect task
        create(None, project="inspect-swebench-iffffff"),  # another package's task of that name
        create(dead, project="somebody-elses"),  # no project of Inspect's
    ]
    found = standings(docker_client)
    assert {identity: found[identity] for identity in expected} == expected
    assert not set(strangers) & set(found)

    dry = CliRunner().invoke(main, ["cleanup"])
    assert dry.exit_code == 1
    assert "its run is dead" in dry.output
    assert all(exists(docker_client, identity) for identity in expected)

    done = CliRunner().invoke(main, ["cleanup", "--yes"])
    assert done.exit_code == 0, done.output
    for identity, standing in expected.items():
        assert exists(docker_client, identity) == (standing != "dead")
    assert all(exists(docker_client, identity) for identity in strangers)
    assert not (tmp_path / "inspect-swebench-iaaaaaa.yaml").exists()
    assert (tmp_path / "inspect-swebench-ibbbbbb.yaml").exists()


def test_networks_of_dead_projects_go_too(create: Create, docker_client: Any) -> None:
    project = "inspect-swebench-igggggg"
    create(dead_token(), project=project)
    network = docker_client.api.create_network(
        "hotmess-test-network", labels={"com.docker.compose.project": project}
    )["Id"]
    try:
        result = CliRunner().invoke(main, ["cleanup", "--yes"])
        assert "network hotmess-test-network: removed" in result.output
        assert network not in {entry["Id"] for entry in docker_client.api.networks()}
    finally:
        if network in {entry["Id"] for entry in docker_client.api.networks()}:
            docker_client.api.remove_network(network)
