"""`hotmess doctor` against stand-ins for the docker command."""

import json
import os
from importlib import metadata
from pathlib import Path

import pytest
from click.testing import CliRunner

from hotmess_inspect.cli import main
from hotmess_inspect.cli.doctor import extra_check


@pytest.fixture
def fake_docker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A docker command on a PATH of its own."""
    monkeypatch.setenv("PATH", str(tmp_path))
    return tmp_path / "docker"


def write(path: Path, engine: str, compose: str, status: int = 0) -> None:
    path.write_text(
        f"#!/bin/sh\nif [ {status} -ne 0 ]; then echo 'cannot connect' >&2; exit {status}; fi\n"
        f'if [ "$1" = compose ]; then echo {compose}; else echo {engine}; fi\n'.replace("\n", os.linesep)
    )
    path.chmod(0o755)


def checks() -> tuple[int, dict[str, dict[str, str]]]:
    result = CliRunner().invoke(main, ["doctor", "--json"])
    return result.exit_code, {check["name"]: check for check in json.loads(result.stdout)["checks"]}


def test_all_there(fake_docker: Path) -> None:
    write(fake_docker, "26.1.5+dfsg1", "v2.26.1-4")
    status, found = checks()
    assert status == 0
    assert (found["Docker engine"]["state"], found["Docker engine"]["found"]) == ("ok", "26.1.5+dfsg1")
    assert found["Docker Compose"]["state"] == "ok"
    assert found["Inspect"]["state"] == "ok"


@pytest.mark.parametrize(
    ("engine", "compose", "name"),
    [
        ("23.0.9", "2.26.1", "Docker engine"),
        ("26.1.5", "2.20.9", "Docker Compose"),
        ("24.0.5", "2.21.0", "Docker engine"),
    ],
)
def test_too_old(fake_docker: Path, engine: str, compose: str, name: str) -> None:
    write(fake_docker, engine, compose)
    status, found = checks()
    assert status == 1
    assert found[name]["state"] == "missing"
    assert "too old" in found[name]["found"]
    assert found[name]["remedy"].startswith("update")


def test_no_engine(fake_docker: Path) -> None:
    write(fake_docker, "", "", status=1)
    status, found = checks()
    assert status == 1
    assert "cannot connect" in found["Docker engine"]["found"]
    assert "start the engine" in found["Docker engine"]["remedy"]


def test_no_docker_command(fake_docker: Path) -> None:
    status, found = checks()
    assert status == 1
    assert "install Docker Engine" in found["Docker engine"]["remedy"]


@pytest.mark.parametrize(("machine", "state"), [("x86_64", "ok"), ("aarch64", "optional")])
def test_the_processor(machine: str, state: str, fake_docker: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("platform.machine", lambda: machine)
    write(fake_docker, "26.1.5", "2.26.1")
    _, found = checks()
    assert (found["Processor"]["state"], found["Processor"]["found"]) == (state, machine)
    assert ("x86-64" in found["Processor"]["remedy"]) == (state == "optional")


def test_extras_name_their_command() -> None:
    assert extra_check("json", "x", "y").state == "ok"
    missing = extra_check("no_such_module", "analysis", "hotmess report")
    assert (missing.state, missing.remedy) == ("optional", "pip install 'hotmess-inspect[analysis]'")


@pytest.mark.parametrize(
    ("package", "version", "state", "words"),
    [
        ("numpy", "1.25.9", "missing", "numpy>=1.26 is needed, and 1.25.9 is installed"),
        ("numpy", "1.26.0", "ok", "as declared"),
        ("numpy", "10.0", "ok", "as declared"),
        ("scipy", None, "missing", "scipy>=1.11 is needed, and is not installed"),
    ],
)
def test_dependencies_are_judged_by_version(
    package: str,
    version: str | None,
    state: str,
    words: str,
    fake_docker: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    write(fake_docker, "26.1.5", "2.26.1")
    real = metadata.version
    declared = [
        "numpy>=1.26",
        "scipy>=1.11",
        'torch>=2.4; extra == "optimizer"',
        'nowhere>=1; python_version < "3"',
    ]

    def installed(name: str) -> str:
        if name != package:
            return real(name)
        if version is None:
            raise metadata.PackageNotFoundError(name)
        return version

    monkeypatch.setattr(metadata, "requires", lambda name: declared)
    monkeypatch.setattr(metadata, "version", installed)
    _, found = checks()
    assert (found["Dependencies"]["state"], words in found["Dependencies"]["found"]) == (state, True)
    asked = words.split(" is ")[0]
    assert found["Dependencies"]["remedy"] == ("" if state == "ok" else f"pip install '{asked}'")


def test_an_inspect_that_is_too_old(fake_docker: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(fake_docker, "26.1.5", "2.26.1")
    real = metadata.version
    monkeypatch.setattr(metadata, "version", lambda name: "0.3.99" if name == "inspect-ai" else real(name))
    status, found = checks()
    assert status == 1 and found["Inspect"]["found"] == "0.3.99 is too old"
    assert found["Inspect"]["remedy"] == "pip install 'inspect-ai>=0.3.241'"


def test_an_extra_that_is_too_old(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(metadata, "requires", lambda name: ['click>=99; extra == "x"', "click>=1"])
    found = extra_check("click", "x", "y")
    assert (found.state, found.remedy) == ("optional", "pip install 'hotmess-inspect[x]'")
    assert found.found.startswith("click>=99 is needed for y, and ")


def test_remedies_are_printed_whole(fake_docker: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "24")
    monkeypatch.setattr("hotmess_inspect.cli.doctor.util.find_spec", lambda name: None)
    lines = CliRunner().invoke(main, ["doctor"]).stdout.splitlines()
    for extra in ("optimizer", "cluster"):
        assert f"    pip install 'hotmess-inspect[{extra}]'" in lines


def test_text_output(fake_docker: Path) -> None:
    write(fake_docker, "26.1.5", "2.26.1")
    result = CliRunner().invoke(main, ["doctor"])
    assert "✓ Docker engine: 26.1.5" in result.stdout


def test_help_lists_every_command() -> None:
    result = CliRunner().invoke(main, ["--help"])
    for name in ("analyze", "annotate", "cleanup", "doctor", "export", "images", "optimizer", "report"):
        assert name in result.stdout


def test_unknown_command() -> None:
    result = CliRunner().invoke(main, ["analyse"])
    assert result.exit_code == 2
    assert "No such command 'analyse'" in result.stderr
