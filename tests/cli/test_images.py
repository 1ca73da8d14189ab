"""`hotmess images` against a real engine."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from hotmess_inspect.cli import main
from hotmess_inspect.swebench.images import image_states
from hotmess_inspect.swebench.mini import mini_rows
from hotmess_inspect.swebench.rows import load_instances

pytestmark = pytest.mark.docker


def test_building_leaves_what_exists_alone(docker_client: Any) -> None:
    first = CliRunner().invoke(main, ["images", "build"])
    assert first.exit_code == 0, first.output
    second = CliRunner().invoke(main, ["images", "build"])
    names = sorted({row["image"] for row in mini_rows()})
    assert sorted(second.stdout.split("\n")[:-1]) == [f"{name}  already here" for name in names]


def test_list_agrees_with_the_engine(docker_client: Any) -> None:
    CliRunner().invoke(main, ["images", "build"])
    states = {s.name: s for s in image_states(load_instances("mini")[0], client=docker_client)}
    for name, state in states.items():
        attributes = docker_client.api.inspect_image(name)
        assert (state.size, state.identity) == (attributes["Size"], attributes["Id"])
        assert state.instances == sum(row["image"] == name for row in mini_rows())
    result = CliRunner().invoke(main, ["images", "list"])
    assert result.output.splitlines()[-1] == f"{len(states)} of {len(states)} images are here"


def test_an_image_that_cannot_be_pulled_is_named_and_ends_non_zero(
    docker_client: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # How often and how long it tries is in test_pulling.
    monkeypatch.setattr("hotmess_inspect.swebench.pulling.ATTEMPTS", 1)
    row = mini_rows()[0] | {"image": "localhost:1/no/such-image:latest"}
    path = tmp_path / "rows.jsonl"
    path.write_text(json.dumps(row))
    result = CliRunner().invoke(main, ["images", "pull", str(path)])
    assert result.exit_code == 1
    assert "localhost:1/no/such-image:latest: " in result.stderr
    listed = CliRunner().invoke(main, ["images", "list", str(path)])
    assert listed.output.splitlines()[-1] == "0 of 1 image are here"


def test_without_an_engine_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", "unix:///nonexistent/docker.sock")
    result = CliRunner().invoke(main, ["images", "list"])
    assert result.exit_code == 1
    assert "no Docker engine answers" in result.stderr


def test_an_unknown_data_set_is_a_usage_error(docker_client: Any) -> None:
    result = CliRunner().invoke(main, ["images", "list", "verifed"])
    assert result.exit_code == 2
    assert "'verifed' is neither one of mini, verified, lite, full" in result.stderr
