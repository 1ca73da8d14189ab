"""Images made the way the official ones are, from the check before the first token to the verdict.

The steps are those of the official recipe in words of our own, on a bundled repository, so that nothing is fetched.
Two layouts: the one that ends with a commit called SWE-bench on top of the base commit, after everything later was
removed; and the shallow one, which fetches the base commit alone.
"""

import io
import json
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from inspect_ai import eval as inspect_eval
from inspect_ai.log import EvalLog, EvalSample
from inspect_ai.solver import Generate, Solver, TaskState, solver
from inspect_ai.util import sandbox

from hotmess_inspect.swebench.build import build_mini
from hotmess_inspect.swebench.mini import mini_rows
from hotmess_inspect.swebench.mini.source import mini_image
from hotmess_inspect.tasks.swebench import swebench

from .honest import HONEST

pytestmark = pytest.mark.docker

ROW = next(row for row in mini_rows() if row["instance_id"] == "hotmess-mini__daywork-1")
MODULE = next(line[6:] for line in ROW["patch"].splitlines() if line.startswith("+++ b/"))

# A code host's repository: an old release, the base commit, and what came after it, with tags.
SOURCE = """\
FROM {base}
USER root
RUN mv /testbed /source && cd /source && git config user.name a && git config user.email a@b.invalid \\
 && git config uploadpack.allowAnySHA1InWant true && git tag v1 && echo later >>README.md && git commit -qam fix \\
 && git tag v2 && git branch -M main && rm -f "$(python -c 'import site; print(site.getsitepackages()[0])')/testbed.pth"
RUN rm -rf /opt/miniconda3 && mkdir -p /opt/miniconda3/bin && python3 -m venv --without-pip --system-site-packages \\
 /opt/miniconda3/envs/testbed && printf 'conda() {{ export CONDA_DEFAULT_ENV=$2 PATH=/opt/miniconda3/envs/$2/bin:$PATH; }}\\n' \\
 >/opt/miniconda3/bin/activate && printf '#!/bin/sh\\nexec /opt/miniconda3/envs/testbed/bin/python -m pytest "$@"\\n' \\
 >/opt/miniconda3/envs/testbed/bin/pytest && chmod 755 /opt/miniconda3/envs/testbed/bin/pytest \\
 && (adduser --disabled-password --gecos '' nonroot || adduser -D nonroot)
"""
# What the installation leaves: a changed tracked file, files that git does not know, and bytecode.
INSTALL = """\
 && . /opt/miniconda3/bin/activate && conda activate testbed && echo '# for the tests' >>pyproject.toml \\
 && mkdir -p daywork.egg-info build && touch daywork.egg-info/PKG-INFO build/log made_by_the_installation.txt \\
 && echo /testbed >"$(python -c 'import site; print(site.getsitepackages()[0])')/editable.pth" \\
 && python -m compileall -q daywork
"""
LAYOUTS = {
    "a commit on top": """\
RUN git clone -q -o origin --single-branch file:///source /testbed && chmod -R 777 /testbed && cd /testbed \\
 && git reset -q --hard {commit} && git remote remove origin && git tag -d v2 && git reflog expire --expire=now --all \\
 && git gc -q --prune=now --aggressive""",
    "shallow": """\
RUN mkdir -p /testbed && cd /testbed && git init -q . && git remote add origin file:///source \\
 && git fetch -q --depth 1 origin {commit} && git reset -q --hard FETCH_HEAD && chmod -R 777 /testbed \\
 && git reset -q --hard {commit} && git remote remove origin && git reflog expire --expire=now --all""",
}
COMMIT = """\
RUN cd /testbed && git config --global user.email setup@swebench.config && git config --global user.name SWE-bench \\
 && git commit -q --allow-empty -am SWE-bench
"""

# Beside the right fix, what is most likely to meet an official image otherwise than a bundled one.
BESIDE = [
    "nothing else",
    "settings",
    "sparse checkout",
    "a repository that is gone",
    "modes, renames, line ends",
]
WRONG = {
    "no change": "true",
    "a comment": "echo '# x' >>{module}",
    "broken": "echo 'raise ValueError' >>{module}",
}
CASES = [*WRONG, *BESIDE]


def dockerfile(layout: str, base: str) -> str:
    last = COMMIT if layout == "a commit on top" else ""
    steps = LAYOUTS[layout].format(commit=ROW["base_commit"]) + " \\\n" + INSTALL
    return SOURCE.format(base=base) + steps + last + "RUN rm -rf /source\nWORKDIR /testbed/\n"


@solver
def agent() -> Solver:
    """The epoch's number chooses what is done."""

    async def solve(state: TaskState, generate: Generate) -> TaskState:
        case = CASES[state.epoch - 1]
        fix = f"git apply <<'END_OF_PATCH'\n{state.metadata['patch']}\nEND_OF_PATCH\n"
        script = WRONG[case] if case in WRONG else fix + HONEST[case][0]
        script = script.replace("{module}", MODULE).replace("{folder}", str(Path(MODULE).parent))
        # Login shells of official images start in the environment; agents compile what they import.
        done = await sandbox().exec(["bash", "-c", f"python -m compileall -q . ; {script}"], timeout=120)
        state.metadata["said"] = done.stderr
        return state

    return solve


@pytest.fixture(
    scope="module",
    params=["a commit on top", pytest.param("shallow", marks=pytest.mark.slow)],
)
def graded(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, docker_client: Any
) -> Iterator[EvalLog]:
    build_mini(["daywork"], client=docker_client)
    folder = tmp_path_factory.mktemp("official")
    text = dockerfile(request.param, mini_image("daywork")).encode()
    context = io.BytesIO()
    with tarfile.open(fileobj=context, mode="w") as archive:
        member = tarfile.TarInfo("Dockerfile")
        member.size = len(text)
        archive.addfile(member, io.BytesIO(text))
    context.seek(0)
    # A name and an image of this run's own: under a fixed name another checkout's tests on the same engine, whose
    # cached build has the same id, would take the name away while ours still runs.
    name = f"hotmess-test/official:{uuid4().hex}"
    labels = {"hotmess.test": name}
    options: dict[str, Any] = {"custom_context": True, "rm": True, "forcerm": True, "decode": True}
    said = list(docker_client.api.build(fileobj=context, tag=name, labels=labels, **options))
    assert not [line for line in said if "error" in line], said[-8:]
    rows = folder / "rows.jsonl"
    # As a row of an official set, so that the check before the first token is on by itself.
    rows.write_text(json.dumps(ROW | {"image": name, "repo": "official/daywork"}) + "\n")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HOTMESS_CACHE_DIR", str(folder / "cache"))
        (log,) = inspect_eval(
            swebench(dataset=str(rows), epochs=len(CASES), preflight=1),
            solver=agent(),
            model="mockllm/model",
            log_dir=str(folder / "logs"),
            display="none",
            fail_on_error=False,
            max_sandboxes=4,
        )
    yield log
    # Neither the run nor Inspect's cleanup may have removed a user's image, or given its name to another.
    assert docker_client.images.get(name).labels["hotmess.test"] == name
    docker_client.images.remove(name)


def cases(log: EvalLog) -> dict[str, EvalSample]:
    return {CASES[sample.epoch - 1]: sample for sample in log.samples or []}


def test_no_image_is_refused_and_every_verdict_is_right(graded: EvalLog) -> None:
    for case, sample in cases(graded).items():
        assert sample.scores, (case, sample.error)
        score = sample.scores["swebench_scorer"]
        details = score.metadata or {}
        expected = "unresolved" if case in WRONG else "resolved"
        said = (case, score.explanation, sample.metadata["said"], details["test_output"])
        assert details["verdict"] == expected, said
        assert sample.metadata["unstable_tests"] == [], case
        listed = {path for path, _ in details["patch_dropped"]}
        assert listed >= (HONEST[case][1] if case in HONEST else set()), case


def test_what_the_installation_left_is_no_work_of_the_agent(graded: EvalLog) -> None:
    for case in ("no change", "nothing else"):
        details = (cases(graded)[case].scores or {})["swebench_scorer"].metadata or {}
        assert details["patch_files"] == ([] if case == "no change" else [MODULE])
        assert {path for path, _ in details["patch_dropped"]} <= {"__pycache__/"}
