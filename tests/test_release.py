"""The release workflow and the issue templates say what they must, and nothing that the repository lacks."""

import re
import subprocess
import sys
import tarfile
from pathlib import Path
from typing import Any

import pytest
import yaml

from hotmess_inspect.cli import COMMANDS

HOME = Path(__file__).parents[1] / ".github"
TEMPLATES = sorted(path for path in (HOME / "ISSUE_TEMPLATE").glob("*.yml") if path.name != "config.yml")


def workflow(name: str) -> dict[Any, Any]:
    loaded = yaml.safe_load((HOME / "workflows" / name).read_text(encoding="utf-8"))
    assert isinstance(loaded, dict)
    return loaded


def test_only_the_job_that_publishes_may_act_in_the_projects_name() -> None:
    release = workflow("release.yml")
    assert release["permissions"] == {"contents": "read"}
    granted = {name: job.get("permissions") for name, job in release["jobs"].items()}
    assert granted.pop("publish") == {"contents": "read", "id-token": "write", "attestations": "write"}
    assert set(granted.values()) == {None}
    # What is published was built before, in a job without rights, and tried.
    publish = release["jobs"]["publish"]
    assert publish["needs"] == "try" and release["jobs"]["try"]["needs"] == "build"
    assert not any("checkout" in step.get("uses", "") or "run" in step for step in publish["steps"])
    assert "secrets." not in (HOME / "workflows" / "release.yml").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", ["ci.yml", "release.yml"])
def test_nothing_of_an_event_is_pasted_into_a_shell(name: str) -> None:
    for job in workflow(name)["jobs"].values():
        for step in job["steps"]:
            assert "${{" not in step.get("run", ""), step


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.stem)
def test_templates_are_forms_with_known_commands(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    form = yaml.safe_load(text)
    assert {"name", "description", "body"} <= form.keys()
    ids = [field["id"] for field in form["body"]]
    assert len(ids) == len(set(ids))
    for field in form["body"]:
        assert field["type"] in ("input", "textarea", "dropdown", "checkboxes", "markdown")
        assert field["attributes"]["label"]
    for command in re.findall(r"`hotmess (\w+)", text):
        assert command in COMMANDS


def test_there_is_a_form_for_numbers_faults_and_proposals() -> None:
    assert [path.stem for path in TEMPLATES] == ["bug", "proposal", "wrong_number"]


@pytest.mark.wheel
@pytest.mark.slow
def test_the_source_distribution_holds_what_its_makefile_and_its_tests_need(tmp_path: Path) -> None:
    root = HOME.parent
    listed = subprocess.run(["git", "ls-files"], cwd=root, capture_output=True, text=True, check=False)
    if listed.returncode:
        pytest.skip("this is no checkout")
    build = [sys.executable, "-m", "build", "--sdist", "--no-isolation", "--outdir", str(tmp_path), str(root)]
    done = subprocess.run(build, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    (archive,) = tmp_path.glob("*.tar.gz")
    with tarfile.open(archive) as opened:
        held = {member.name.split("/", 1)[1] for member in opened if member.isfile()}
    tracked = {name for name in listed.stdout.splitlines() if (root / name).is_file()}
    assert tracked - held == {".gitattributes", ".pre-commit-config.yaml"} & tracked
    # Nothing that lies about beside the tracked files; a file that is new here may be in it.
    assert not [
        name for name in held if re.search(r"__pycache__|\.pyc$|\.venv|\.eval$", name) and name not in tracked
    ]


def test_every_python_that_the_package_names_is_tried() -> None:
    project = (HOME.parent / "pyproject.toml").read_text(encoding="utf-8")
    jobs = workflow("ci.yml")["jobs"]
    matrix = jobs["contract"]["strategy"]["matrix"]
    tried = {*matrix["python"], *(one["python"] for one in matrix["include"])}
    assert set(re.findall(r"Python :: (3\.\d+)", project)) == tried
    kinds = {*matrix["kind"], *(one["kind"] for one in matrix["include"])}
    script = (HOME.parent / "sandbox" / "contract.sh").read_text(encoding="utf-8")
    assert kinds == set(re.findall(r"^    (\w+)\) options=", script, re.MULTILINE))
