"""Logs of our own tasks get per-question numbers when a run ends, and nothing else is touched."""

from contextvars import copy_context
from pathlib import Path

import pytest
from click.testing import CliRunner
from inspect_ai import Task, eval_retry, eval_set, score, task
from inspect_ai import eval as inspect_eval
from inspect_ai.dataset import Sample
from inspect_ai.log import EvalLog, list_eval_logs, read_eval_log
from inspect_ai.scorer import Score, Scorer, Target, match, mean, scorer
from inspect_ai.solver import Generate, Solver, TaskState, solver

from hotmess_inspect.cli import main
from hotmess_inspect.plugin import at_end
from hotmess_inspect.plugin.viewer import viewer_config


@pytest.fixture(autouse=True)
def subscribed() -> None:
    """As the entry point does it once per process."""
    at_end.subscribe()


@scorer(metrics=[mean()])
def own() -> Scorer:
    """Right in odd epochs of q0, always right otherwise; the metadata of our scorers."""

    async def give(state: TaskState, target: Target) -> Score:
        right = state.sample_id != "q0" or state.epoch % 2 == 1
        return Score(value=float(right), answer="x", metadata={"hm_kind": "score", "hm_epoch": state.epoch})

    return give


_failures: list[int] = []


@solver
def fails_once() -> Solver:
    """Fails for q1 as long as the list holds anything; calls no model."""

    async def solve(state: TaskState, generate: Generate) -> TaskState:
        if state.sample_id == "q1" and _failures:
            _failures.pop()
            raise RuntimeError("the instrument failed")
        return state

    return solve


@task(name="ours")
def our_task(epochs: int = 3) -> Task:
    return Task(
        dataset=[Sample(id=f"q{i}", input="?", target="x") for i in range(2)],
        solver=fails_once(),
        scorer=own(),
        epochs=epochs,
        viewer=viewer_config("own", higher_is_better=["own"]),
    )


def run(task: Task, folder: Path, **options: object) -> EvalLog:
    (log,) = inspect_eval(task, model="mockllm/model", log_dir=str(folder), display="none", **options)  # type: ignore[arg-type]
    return log


def numbers(location: str) -> list[object]:
    """What the first sample of each question carries."""
    log = read_eval_log(location)
    found = {str(s.id): (s.scores or {}).get("hotmess_question") for s in log.samples or []}
    return [found[name].value if found[name] else None for name in sorted(found)]  # type: ignore[union-attr]


def test_the_log_on_disk_holds_the_numbers_of_each_question(tmp_path: Path) -> None:
    log = run(our_task(), tmp_path)
    assert log.status == "success"
    assert [p.name for p in tmp_path.iterdir()] == [Path(log.location).name]
    # q0 is right in epochs 1 and 3 of three: error 1/3, m = 2/3, plug-in variance 2/9, times 3/2 unbiased.
    q0, q1 = numbers(log.location)
    assert q0 == pytest.approx(
        {"error": 1 / 3, "bias_squared": 0, "variance": 1 / 3, "incoherence": 1, "share_correct": 2 / 3},
        abs=5e-5,
    )
    assert q1["error"] == 0  # type: ignore[index]
    stored = read_eval_log(log.location)
    assert stored.eval.viewer is not None
    view = stored.eval.viewer.task_samples_view
    ids = [column.id for column in view.columns]  # type: ignore[union-attr]
    assert (
        ids.index("score__own__own") < ids.index("score__hotmess_question__incoherence") < ids.index("tokens")
    )
    # The task's own colours and panels stay.
    assert "own" in view.score_color_scales  # type: ignore[union-attr, operator]
    assert stored.eval.viewer.sample_score_view is not None


def test_headers_alone_suffice(tmp_path: Path) -> None:
    # The command line keeps no samples in memory.
    log = run(our_task(), tmp_path, log_header_only=True)
    assert log.samples is None
    assert numbers(log.location) != [None, None]


def test_json_logs_too(tmp_path: Path) -> None:
    log = run(our_task(), tmp_path, log_format="json")
    assert log.location.endswith(".json")
    assert numbers(log.location) != [None, None]


def test_it_can_be_switched_off(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(at_end.VARIABLE, "off")
    assert numbers(run(our_task(), tmp_path).location) == [None, None]


def test_tasks_of_others_and_single_epochs_are_left_alone(tmp_path: Path) -> None:
    theirs = Task(
        name="theirs",
        dataset=[Sample(id="q0", input="?", target="x")],
        solver=fails_once(),
        scorer=match(),
        epochs=3,
    )
    assert numbers(run(theirs, tmp_path / "a").location) == [None]
    assert numbers(run(our_task(epochs=1), tmp_path / "b").location) == [None, None]


def test_a_failure_is_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    def fail(*arguments: object, **options: object) -> None:
        raise MemoryError("no room")

    monkeypatch.setattr("hotmess_inspect.plugin.annotate.annotate_log", fail)
    log = run(our_task(), tmp_path)
    assert log.status == "success"
    assert numbers(log.location) == [None, None]
    assert "is left without per-question numbers: no room" in capfd.readouterr().err


def test_big_logs_are_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(at_end, "MAX_BYTES", 100)
    log = run(our_task(), tmp_path)
    assert numbers(log.location) == [None, None]
    assert "more than the 0 MB" in at_end.annotate_quietly(log.location)


def test_a_retry_completes_what_failed_and_annotates(tmp_path: Path) -> None:
    _failures.append(1)
    failed = run(our_task(), tmp_path, fail_on_error=True, max_samples=1)
    assert failed.status == "error"
    _failures.clear()
    (done,) = eval_retry(failed, log_dir=str(tmp_path), display="none")
    assert done.status == "success"
    assert len(done.samples or []) == 6
    assert numbers(done.location)[0]["share_correct"] == pytest.approx(2 / 3, abs=5e-5)  # type: ignore[index]


def test_an_annotated_log_can_be_scored_again(tmp_path: Path) -> None:
    log = read_eval_log(run(our_task(), tmp_path).location)
    more = score(log, match(), action="append", display="none")
    assert more.results is not None
    assert {"own", "match", "hotmess_question"} <= {s.name for s in more.results.scores}
    instead = score(log, match(), action="overwrite", display="none")
    assert instead.results is not None
    assert [s.name for s in instead.results.scores] == ["match"]


def test_an_eval_set_grows_from_four_to_seven_epochs(tmp_path: Path) -> None:
    def grow(epochs: int) -> str:
        # An eval set leaves its model behind as the active one; in a context of its own, for itself alone.
        done, _ = copy_context().run(
            eval_set, our_task(), str(tmp_path), model="mockllm/model", epochs=epochs, display="none"
        )
        assert done
        return max(info.name for info in list_eval_logs(str(tmp_path)))

    # Samples of the first log go over into the second, so the hook leaves both alone.
    assert numbers(grow(4)) == [None, None]
    # By hand it is done all the same, and does no harm: annotating again brings all numbers up to date.
    done = CliRunner().invoke(main, ["annotate", str(tmp_path), "--in-place"])
    assert done.exit_code == 0, done.output
    last = grow(7)
    assert len(read_eval_log(last).samples or []) == 14
    assert CliRunner().invoke(main, ["annotate", last.removeprefix("file://"), "--in-place"]).exit_code == 0
    log = read_eval_log(last)
    assert log.results is not None
    assert [s.name for s in log.results.scores] == ["own", "hotmess_question"]
    values = [s.scores["hotmess_question"] for s in log.samples or [] if s.scores and s.id == "q0"]
    assert {v.metadata["epochs"] for v in values if v.metadata} == {7}
    # Right in 4 of 7 epochs.
    assert {v.value["share_correct"] for v in values} == {0.5714}  # type: ignore[index]
