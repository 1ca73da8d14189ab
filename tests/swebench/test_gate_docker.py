"""What an image must pass before an agent's first token, in real containers."""

import json
from pathlib import Path
from typing import Any

import anyio
import pytest
from click.testing import CliRunner
from inspect_ai import Task
from inspect_ai import eval as inspect_eval
from inspect_ai.dataset import Sample
from inspect_ai.log import EvalSample

from hotmess_inspect.bits import decode_tests
from hotmess_inspect.cli import main
from hotmess_inspect.swebench.build import build_mini
from hotmess_inspect.swebench.check import future_commits
from hotmess_inspect.swebench.contained import contained
from hotmess_inspect.swebench.engine import image_digest
from hotmess_inspect.swebench.gate import swebench_gate
from hotmess_inspect.swebench.mini import mini_rows
from hotmess_inspect.swebench.mini.source import mini_image
from hotmess_inspect.swebench.rows import load_instances
from hotmess_inspect.swebench.sandbox import REPOSITORY, Resources, container_service
from hotmess_inspect.swebench.stability import untested, write_cached
from hotmess_inspect.tasks.swebench import swebench

pytestmark = pytest.mark.docker

ONE = "hotmess-mini__daywork-1"
ROW = next(row for row in mini_rows() if row["instance_id"] == ONE)


@pytest.fixture(autouse=True)
def _place(docker_client: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    build_mini(["daywork"], client=docker_client)
    monkeypatch.setenv("HOTMESS_CACHE_DIR", str(tmp_path / "cache"))


def commits_after(script: str) -> tuple[str, ...]:
    """What is found in a container in which a script has been run in the repository."""
    instance = load_instances("mini", instances=[ONE])[0][0]

    async def look() -> tuple[str, ...]:
        async with contained(container_service(instance.image, Resources())) as sandbox:
            done = await sandbox.exec(["bash", "-ec", f"cd {REPOSITORY}\n{script}"], timeout=60)
            assert done.success, done.stderr
            return await future_commits(sandbox, REPOSITORY, instance.base_commit)

    return anyio.run(look)


COMMIT = "git -c user.name=a -c user.email=a@b.invalid commit -q --allow-empty -m fix"


@pytest.mark.parametrize(
    "hidden",
    [
        f"git checkout -q -b other; {COMMIT}; git checkout -q -",  # a branch
        f"{COMMIT}; git tag v2; git reset -q --hard HEAD~1; git reflog expire --expire=now --all",  # a tag
        f"{COMMIT}; git tag v2; git reset -q --hard HEAD~1; git pack-refs --all; rm -rf .git/logs",  # packed refs
        f"{COMMIT}; git reset -q --hard HEAD~1",  # the reflog
        f"{COMMIT}; git reset -q --hard HEAD~1; rm -rf .git/logs .git/ORIG_HEAD",  # nothing refers to it
        "echo x >> README.md; git -c user.name=a -c user.email=a@b.invalid stash -q",  # the stash
    ],
)
def test_a_commit_of_the_future_is_found_wherever_it_hides(hidden: str) -> None:
    assert 1 <= len(commits_after(hidden)) <= 2  # a stash is two commits


@pytest.mark.parametrize(
    "harmless",
    [
        "true",
        # A commit on another branch from before the base commit, as of an old release.
        "export GIT_AUTHOR_DATE=@1500000000 GIT_COMMITTER_DATE=@1500000000; "
        "git branch old $(git -c user.name=a -c user.email=a@b.invalid commit-tree -m old 'HEAD^{tree}')",
    ],
)
def test_the_past_is_left_alone(harmless: str) -> None:
    assert commits_after(harmless) == ()


def rows_file(path: Path, **changes: Any) -> str:
    path.write_text(json.dumps(ROW | changes) + "\n")
    return str(path)


FLAKY = """\
diff --git a/tests/test_flaky.py b/tests/test_flaky.py
new file mode 100644
--- /dev/null
+++ b/tests/test_flaky.py
@@ -0,0 +1,5 @@
+import os
+
+
+def test_flaky():
+    assert os.urandom(1)[0] < 128
"""


def run(tmp_path: Path, **options: Any) -> EvalSample:
    task = swebench(instances=ONE, epochs=1, **options)
    (log,) = inspect_eval(
        task, model="hotmess/simulated-agent", log_dir=str(tmp_path / "logs"), display="none"
    )
    (sample,) = log.samples or []
    return sample


@pytest.mark.slow
def test_a_flaky_test_is_found_masked_and_remembered(
    tmp_path: Path, docker_client: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    flaky = "tests/test_flaky.py::test_flaky"
    script = ROW["eval_script"].replace("tests/test_planner.py", "tests/test_planner.py tests/test_flaky.py")
    assert "tests/test_flaky.py" in script
    rows = rows_file(
        tmp_path / "rows.jsonl",
        test_patch=ROW["test_patch"] + FLAKY,
        eval_script=script,
        PASS_TO_PASS=json.dumps([*json.loads(ROW["PASS_TO_PASS"]), flaky]),
    )
    # Seven gradings of each patch all agree with probability (2 · 2⁻⁷)² = 0.0002.
    checked = CliRunner().invoke(main, ["images", "check", rows, "--gradings", "7", "--jobs", "3"])
    assert checked.exit_code == 0, checked.output
    assert f"{ONE}: ✓ 7 gradings each agree, 1 test masked" in checked.output
    assert f"    masked: {flaky}\n" in checked.output

    capsys.readouterr()
    sample = run(tmp_path, dataset=rows, preflight=7)
    assert f"checked {ONE}" not in capsys.readouterr().err  # it was known
    assert sample.scores, sample.error
    assert sample.metadata["unstable_tests"] == [flaky]
    assert sample.metadata["image_digest"] == image_digest(docker_client, ROW["image"])
    details = sample.scores["swebench_scorer"].metadata or {}
    tests = details["hm_f2p"] + details["hm_p2p"]
    masked = decode_tests(details["hm_masked"], tests)
    assert masked.tolist() == [False] * (tests - 1) + [True]
    assert details["hm_digest"] == sample.metadata["image_digest"].removeprefix("sha256:")[:12]


def test_an_instance_whose_fix_fixes_nothing_costs_no_token(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    harmless = (
        "diff --git a/NEWS b/NEWS\nnew file mode 100644\n--- /dev/null\n+++ b/NEWS\n@@ -0,0 +1 @@\n+x\n"
    )
    rows = rows_file(tmp_path / "rows.jsonl", patch=harmless)
    sample = run(tmp_path, dataset=rows, preflight=1)
    assert sample.error
    assert (
        f"{ONE} is not run: the reference fix passes none of its FAIL_TO_PASS tests" in sample.error.message
    )
    assert not sample.model_usage
    assert f"checked {ONE} with 1 gradings each in" in capsys.readouterr().err


def test_bundled_instances_are_not_graded_unless_asked(
    tmp_path: Path, docker_client: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    sample = run(tmp_path)
    assert sample.scores, sample.error
    assert sample.metadata["unstable_tests"] == []
    assert sample.metadata["image_digest"] == image_digest(docker_client, ROW["image"])
    said = capsys.readouterr().err
    assert "checked" not in said
    assert "--max-sandboxes" in said
    assert not (tmp_path / "cache").exists()


def gated(samples: list[Sample]) -> Task:
    """A task of the same samples that asks the gate and needs no container."""
    bare = [sample.model_copy(update={"sandbox": None, "checkpoint": None}) for sample in samples]
    return Task(dataset=bare, setup=swebench_gate(), solver=[])


def masked_in(task: Task, logs: Path) -> list[str] | None:
    (log,) = inspect_eval(task, model="mockllm/model", log_dir=str(logs), display="none")
    (sample,) = log.samples or []
    assert not sample.error, sample.error
    return sample.metadata.get("unstable_tests")


def known_to_flip(path: Path, digest: str, number: int, **changes: Any) -> str:
    """The path of a row, of which it is known that its test of this number flips; none below 0."""
    rows = rows_file(path, **changes)
    instance = load_instances(rows)[0][0]
    agree = tuple(i < len(instance.fail_to_pass) for i in range(len(instance.tests)))
    gold = tuple(tuple(run != 0 or i != number for i in range(len(agree))) for run in range(2))
    empty = tuple(not first for first in agree)
    write_cached(untested(instance).with_gradings(gold, (empty, empty)), instance, digest)
    return rows


def test_evaluations_of_one_process_meet_no_findings_of_each_other(
    tmp_path: Path, docker_client: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    digest = image_digest(docker_client, ROW["image"]) or ""
    kept = json.loads(ROW["PASS_TO_PASS"])
    tests = [*json.loads(ROW["FAIL_TO_PASS"]), *kept]
    last = len(tests) - 1
    # The same instance in the same image: as it is, with a test less, and without a check.
    flips = known_to_flip(tmp_path / "flips.jsonl", digest, last)
    shorter = known_to_flip(tmp_path / "shorter.jsonl", digest, -1, PASS_TO_PASS=json.dumps(kept[:-1]))
    expected: dict[tuple[str, int], list[str]] = {
        (flips, 2): [tests[last]],
        (shorter, 2): [],
        (flips, 0): [],
    }
    assert len(tests) > 3
    foreign = gated([Sample(id=ONE, input="somebody else's", metadata={"image": ROW["image"]})])
    for order in (list(expected), list(expected)[::-1]):  # every two of them in both orders
        made = {
            which: swebench(dataset=which[0], instances=ONE, preflight=which[1]).dataset for which in order
        }
        assert masked_in(foreign, tmp_path / "logs") is None
        for which in order:
            assert masked_in(gated(list(made[which])), tmp_path / "logs") == expected[which], (order, which)
    assert "checked" not in capsys.readouterr().err  # all of it was known


def test_an_image_that_changes_between_two_evaluations_is_checked_again(
    tmp_path: Path, docker_client: Any
) -> None:
    # One and the same task, of a name that means another image the second time.
    build_mini(["gridtext"], client=docker_client)
    name, path = "hotmess/moved:test", tmp_path / "rows.jsonl"
    images = (ROW["image"], mini_image("gridtext"))
    tests = [*json.loads(ROW["FAIL_TO_PASS"]), *json.loads(ROW["PASS_TO_PASS"])]
    for number, image in enumerate(images, 1):
        known_to_flip(path, image_digest(docker_client, image) or "", len(tests) - number, image=name)
    try:
        docker_client.images.get(images[0]).tag(name)
        samples = list(swebench(dataset=str(path), instances=ONE, preflight=2).dataset)
        for number, image in enumerate(images, 1):
            docker_client.images.get(image).tag(name)
            assert masked_in(gated(samples), tmp_path / "logs") == [tests[-number]]
    finally:
        docker_client.images.remove(name)


def test_a_row_of_2024_is_graded_in_its_images_environment(tmp_path: Path) -> None:
    old = {key: value for key, value in ROW.items() if key not in ("eval_script", "log_parser", "eval_type")}
    path = tmp_path / "rows.jsonl"
    path.write_text(json.dumps(old) + "\n")
    checked = CliRunner().invoke(main, ["images", "check", str(path), "--gradings", "1", "--jobs", "2"])
    assert checked.exit_code == 0, checked.output
    assert f"{ONE}: ✓ 1 gradings each agree" in checked.output
