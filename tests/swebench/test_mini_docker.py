"""The bundled instances in their containers: what the rows and variants promise is what happens."""

import importlib.util
import json
import re
import sys
from pathlib import Path

import pytest

from hotmess_inspect.swebench.build import build_mini
from hotmess_inspect.swebench.mini import mini_rows, mini_variants
from hotmess_inspect.swebench.mini.source import mini_packages

pytestmark = [pytest.mark.docker, pytest.mark.slow]

ROWS = {row["instance_id"]: row for row in mini_rows()}
VARIANTS = mini_variants()
ROUNDS = (1, 2, 3)

_SCRIPT = Path(__file__).resolve().parents[2] / "sandbox" / "refresh_mini.py"


@pytest.fixture(scope="module")
def refresh():
    """The script in sandbox/ that measures instances and writes the stored outcomes."""
    spec = importlib.util.spec_from_file_location("refresh_mini", _SCRIPT)
    module = importlib.util.module_from_spec(spec)
    sys.modules["refresh_mini"] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    yield module
    del sys.modules["refresh_mini"]


@pytest.fixture(scope="module")
def measured(docker_client, refresh):
    """All outcomes by (instance_id, name): three rounds of the empty and gold patch, and every variant."""
    build_mini(client=docker_client)
    jobs = {package: [] for package in mini_packages()}
    for row in ROWS.values():
        mine = jobs[refresh.package_of(row)]
        for number in ROUNDS:
            mine.append(refresh.job_for(row, f"empty {number}", ""))
            mine.append(refresh.job_for(row, f"gold {number}", row["patch"]))
        for variant in VARIANTS:
            if variant["instance_id"] == row["instance_id"]:
                mine.append(refresh.job_for(row, variant["name"], variant["patch"]))
    return refresh.measure_all(docker_client, jobs)


def vector(outcomes: dict[str, bool], row: dict[str, str], key: str) -> list[int]:
    return [int(outcomes.get(test, False)) for test in json.loads(row[key])]


@pytest.mark.parametrize("row", ROWS.values(), ids=ROWS)
@pytest.mark.parametrize("number", ROUNDS)
def test_gold_passes_everything(measured, row, number):
    outcomes = measured[row["instance_id"], f"gold {number}"]
    assert set(outcomes) == set(json.loads(row["FAIL_TO_PASS"]) + json.loads(row["PASS_TO_PASS"]))
    assert all(outcomes.values())


@pytest.mark.parametrize("row", ROWS.values(), ids=ROWS)
@pytest.mark.parametrize("number", ROUNDS)
def test_empty_patch_fails_the_new_tests_only(measured, row, number):
    outcomes = measured[row["instance_id"], f"empty {number}"]
    assert not any(vector(outcomes, row, "FAIL_TO_PASS"))
    assert all(vector(outcomes, row, "PASS_TO_PASS"))


@pytest.mark.parametrize(
    "variant", VARIANTS, ids=[f"{variant['instance_id']}-{variant['name']}" for variant in VARIANTS]
)
def test_variant_does_what_is_stored(measured, variant):
    row = ROWS[variant["instance_id"]]
    outcomes = measured[variant["instance_id"], variant["name"]]
    assert vector(outcomes, row, "FAIL_TO_PASS") == variant["f2p"]
    assert vector(outcomes, row, "PASS_TO_PASS") == variant["p2p"]


@pytest.fixture(scope="module")
def containers(docker_client):
    """One container without network per image, started when first asked for."""
    build_mini(client=docker_client)
    running = {}

    def start(image: str):
        if image not in running:
            running[image] = docker_client.containers.run(
                image, ["sleep", "3600"], network_mode="none", init=True, detach=True
            )
        return running[image]

    yield start
    for container in running.values():
        container.remove(force=True)


def run(container, command: str, **options) -> str:
    """Output of a command that succeeds; asked for again where the engine lost it, as it may under load."""
    end = "\nthat was all\n"
    for _ in range(3):
        status, output = container.exec_run(
            ["bash", "-c", f"{command}\nstatus=$?; printf '{end}'; exit $status"], **options
        )
        assert status == 0, output.decode()
        if output.decode().endswith(end):
            break
    return output.decode().removesuffix(end)


@pytest.mark.parametrize("row", ROWS.values(), ids=ROWS)
def test_eval_script_as_other_graders_run_it(row, containers):
    container = containers(row["image"])
    run(container, "git checkout --quiet --force HEAD -- . && git clean -fdxq")
    run(container, f"git apply - <<'END_OF_PATCH'\n{row['patch']}\nEND_OF_PATCH")
    output = run(
        container,
        f"cat >/tmp/eval.sh <<'END_OF_SCRIPT'\n{row['eval_script']}\nEND_OF_SCRIPT\n"
        "bash /tmp/eval.sh 2>&1; git diff --quiet -- tests",
    )
    inside = output.split(">>>>> Start Test Output")[1].split(">>>>> End Test Output")[0]
    passed = set(re.findall(r"^PASSED (\S+)", inside, flags=re.MULTILINE))
    assert passed == set(json.loads(row["FAIL_TO_PASS"]) + json.loads(row["PASS_TO_PASS"]))


ONE_ROW_PER_IMAGE = {row["image"]: row for row in ROWS.values()}
every_image = pytest.mark.parametrize(
    "row", ONE_ROW_PER_IMAGE.values(), ids=[row["repo"] for row in ONE_ROW_PER_IMAGE.values()]
)


@every_image
def test_one_clean_commit_and_no_future(row, containers):
    container = containers(row["image"])
    run(container, "git checkout --quiet --force HEAD -- . && git clean -fdxq")
    assert run(container, "git rev-parse HEAD").strip() == row["base_commit"]
    assert run(container, "git status --porcelain --ignored") == ""
    assert run(container, "git rev-list --all --reflog --count").strip() == "1"
    # Not even an unreachable object may hold more than the commit's own files.
    assert run(container, "git fsck --unreachable --no-reflogs --no-progress 2>/dev/null") == ""


@every_image
def test_another_user_can_run_the_tests(row, containers):
    output = run(containers(row["image"]), "cd /testbed && git status && pytest -q", user="tester")
    assert re.search(r"\d+ passed", output)


@every_image
def test_importable_from_anywhere(row, containers):
    package = row["repo"].removeprefix("hotmess-mini/")
    output = run(containers(row["image"]), f"cd / && python -c 'import {package}; print({package}.__file__)'")
    assert output.strip() == f"/testbed/{package}/__init__.py"


@every_image
def test_conda_lines_do_no_harm(row, containers):
    run(
        containers(row["image"]),
        "set -eu; source /opt/miniconda3/bin/activate; conda activate testbed; pytest --version",
    )
