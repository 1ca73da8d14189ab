"""Logs in every state that a run can leave behind, and side by side: nothing counts twice, nothing is lost."""

import os
import signal
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import pytest
from inspect_ai import Task, eval
from inspect_ai.dataset import Sample
from inspect_ai.log import EvalLog, EvalSample, read_eval_log, recover_eval_log, write_eval_log
from inspect_ai.model import GenerateConfig, get_model
from inspect_ai.scorer import choice
from inspect_ai.solver import multiple_choice

from hotmess_inspect.io.archive import Archive
from hotmess_inspect.io.logs import read_file, read_inputs
from hotmess_inspect.io.sources import File, find_files
from hotmess_inspect.results.analyze import Options, analyze
from hotmess_inspect.table import Outcomes, groups

from .conftest import letters, outputs, run
from .test_archive import log as archive_bytes

HANGING = """
import asyncio, sys
from inspect_ai import Task, eval
from inspect_ai.dataset import Sample
from inspect_ai.model import get_model
from inspect_ai.scorer import choice
from inspect_ai.solver import multiple_choice, solver
sys.path.insert(0, sys.argv[1])
from tests.logs.conftest import outputs

@solver
def hangs():
    async def solve(state, generate):
        if state.sample_id == "q1" and state.epoch == 2:
            await asyncio.sleep(600)
        return state
    return solve

samples = [Sample(id=f"q{i}", input="?", choices=list("wxyz"), target="A") for i in range(2)]
task = Task(name="letters", dataset=samples, solver=[hangs(), multiple_choice()], scorer=choice(), epochs=3)
model = get_model("mockllm/model", custom_outputs=outputs("AAB"))
eval(task, model=model, log_dir=sys.argv[2], max_samples=1, max_connections=1, log_buffer=1, display="none")
"""


def statuses(table: Outcomes) -> dict[tuple[str | None, int], str | None]:
    assert len(table) == len(set(zip(table.question.values(), table.epoch.tolist(), strict=True)))
    return dict(
        zip(
            zip(table.question.values(), table.epoch.tolist(), strict=True),
            table.status.values(),
            strict=True,
        )
    )


def scored_rows(folder: Path) -> int:
    return int(read_inputs([str(folder)]).outcomes.scored.sum())


@pytest.mark.slow
def test_a_log_while_written_after_a_crash_and_recovered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root, folder = Path(__file__).parents[2], tmp_path / "logs"
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    folder.mkdir()
    process = subprocess.Popen(
        [sys.executable, "-c", HANGING, str(root), str(folder)], stdout=subprocess.DEVNULL
    )
    try:
        # Two questions' first epochs and one second epoch end; then the run hangs.
        until = time.monotonic() + 120
        while scored_rows(folder) < 3 and process.poll() is None and time.monotonic() < until:
            time.sleep(0.2)
        running = read_inputs([str(folder)])
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
    done = {("q0", 1): "ok", ("q1", 1): "ok", ("q0", 2): "ok"}
    planned = done | dict.fromkeys([("q1", 2), ("q0", 3), ("q1", 3)], "missing")
    assert statuses(running.outcomes) == planned
    assert any("goes on or has crashed" in p.message for p in running.problems)
    (crashed,) = folder.glob("*.eval")
    assert statuses(read_inputs([str(crashed)]).outcomes) == planned
    recover_eval_log(str(crashed), cleanup=False)
    assert len(list(folder.glob("*.eval"))) == 2
    both = read_inputs([str(folder)])
    found = statuses(both.outcomes)
    assert {key: found[key] for key in done} == done
    assert set(found) == set(planned)
    assert found["q1", 2] in ("errored", "missing")
    assert found["q0", 3] == found["q1", 3] == "missing"
    assert any("stand in more than one log" in p.message for p in both.problems)


def merged(logs: list[EvalLog]) -> EvalLog:
    """One log with the samples of several, as merging writes it: their uuids, a later date, its own id."""
    whole = logs[0].model_copy(deep=True)
    samples: list[EvalSample] = [sample for log in logs for sample in log.samples or []]
    whole.samples = samples
    whole.eval.task_id, whole.eval.created = "merged", "2099-01-01T00:00:00+00:00"
    whole.eval.dataset.sample_ids = ["q0", "q1"]
    return whole


def test_shards_beside_the_merged_log_count_once(tmp_path: Path) -> None:
    paths = [
        run(letters(), tmp_path / shard, answers, sample_id=shard)
        for shard, answers in (("q0", "ABA"), ("q1", "ACD"))
    ]
    shards = [read_eval_log(str(path)) for path in paths]
    write_eval_log(merged(shards), str(tmp_path / "merged.eval"))
    found = read_inputs([str(tmp_path)])
    assert statuses(found.outcomes) == {(q, e): "ok" for q in ("q0", "q1") for e in (1, 2, 3)}
    assert set(found.outcomes.log.values()) == {str(tmp_path / "merged.eval")}
    assert any("6 epochs stand in more than one log" in p.message for p in found.problems)
    # The shards alone are the same experiment: one group with both questions.
    alone = read_inputs([str(path) for path in paths])
    (group,) = groups(alone.outcomes)
    assert len(group.outcomes) == 6


def test_runs_that_serve_each_other_from_a_cache_are_noticed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("INSPECT_CACHE_DIR", str(tmp_path / "cache"))
    samples = [Sample(id=f"q{i}", input=f"Question {i}?", choices=list("wxyz"), target="A") for i in range(2)]
    for _ in range(2):
        # Answers differ, so the second run agrees with the first only because it never asked.
        task = Task(
            name="cached",
            dataset=samples,
            solver=multiple_choice(),
            config=GenerateConfig(cache=True),
            scorer=choice(),
            epochs=2,
        )
        model = get_model("mockllm/model", custom_outputs=outputs("AABC"))
        eval(task, model=model, log_dir=str(tmp_path / "logs"), display="none", max_samples=1)
    results, problems = analyze(
        read_inputs([str(tmp_path / "logs")]).outcomes, Options(losses=("brier",), resamples=2)
    )
    assert (results[0].counts["epochs_scored"], results[0].counts["cached"]) == (8, 4)
    assert any("4 of 8 epochs used no tokens" in p.message for p in problems)


def test_two_models_and_two_tasks_in_one_folder_stay_apart(tmp_path: Path) -> None:
    for number, name in enumerate(("first", "second")):
        for model in ("mockllm/a", "mockllm/b"):
            sample = Sample(id="q", input="?", choices=list("wxyz"), target="A")
            task = Task(name=name, dataset=[sample], solver=multiple_choice(), scorer=choice(), epochs=2)
            made = get_model(model, custom_outputs=outputs("AB"))
            eval(task, model=made, log_dir=str(tmp_path / str(number)), display="none", max_samples=1)
    found = read_inputs([str(tmp_path)])
    assert [(g.task, g.model, len(g.outcomes)) for g in groups(found.outcomes)] == [
        ("first", "mockllm/a", 2),
        ("first", "mockllm/b", 2),
        ("second", "mockllm/a", 2),
        ("second", "mockllm/b", 2),
    ]


def test_a_file_that_vanishes_before_it_is_read(tmp_path: Path) -> None:
    path = tmp_path / "x.eval"
    path.write_bytes(archive_bytes())
    (file,) = find_files(str(path))
    os.remove(path)
    table, _, problems = read_file(file)
    assert table is None
    assert [p.level for p in problems] == ["error"]
    assert "No such file" in problems[0].message


def test_too_many_members_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hotmess_inspect.io.archive.MAX_MEMBERS", 9)
    path = tmp_path / "x.eval"
    path.write_bytes(archive_bytes(**{f"_journal/summaries/{i}.json": b"[]" for i in range(8)}))
    (problem,) = read_inputs([str(path)]).problems
    assert problem.message == "the archive holds 10 members; at most 9 are looked at"


def test_a_name_that_looks_like_a_directory_entry(tmp_path: Path) -> None:
    path = tmp_path / "x.eval"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("PK\x01\x02" + "x" * 60, b"a")
        archive.writestr("samples/1_epoch_1.json", b"{}")
    found = Archive(File(str(path), path.stat().st_size, named=True))
    assert (list(found.members), found.samples) == (["PK\x01\x02" + "x" * 60], 1)


@pytest.mark.slow
def test_a_sample_of_the_mutants(letters_log: Path, dict_log: Path) -> None:
    fuzz = Path(__file__).parents[2] / "benchmarks" / "fuzz_logs.py"
    command = [sys.executable, str(fuzz), str(letters_log), str(dict_log), "--count", "300", "--seed", "7"]
    done = subprocess.run(
        command, capture_output=True, text=True, env=os.environ | {"OPENBLAS_NUM_THREADS": "1"}
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.startswith("300 mutants: {")
    assert "refused with a reason" in done.stdout
