"""`hotmess run`: waves of a real evaluation, interrupted and gone on with, read as one run."""

import asyncio
import json
import os
import shutil
import signal
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner
from inspect_ai import Epochs, Task, eval
from inspect_ai.dataset import MemoryDataset, Sample
from inspect_ai.log import read_eval_log, write_eval_log
from inspect_ai.model import get_model
from inspect_ai.scorer import choice
from inspect_ai.solver import TaskState, multiple_choice, solver

from hotmess_inspect.cli import main
from hotmess_inspect.io.logs import read_inputs
from hotmess_inspect.plugin.adaptive import AdaptiveRun, run_adaptive
from hotmess_inspect.results.adaptive import AdaptiveOptions, Look, look
from hotmess_inspect.results.analyze import analyze
from hotmess_inspect.results.compare import compare
from hotmess_inspect.schema import ADAPTIVE

OPTIONS = AdaptiveOptions(width=0.3, pilot=4, most=12)
TASK = """
from inspect_ai import Task, task
from inspect_ai.dataset import MemoryDataset, Sample
from inspect_ai.scorer import choice
from inspect_ai.solver import multiple_choice

@task
def quiz(questions: int = 8):
    samples = [Sample(input=f"Which is {i}?", choices=["a", "b", "c"], target="A") for i in range(questions)]
    return Task(dataset=MemoryDataset(samples), solver=multiple_choice(), scorer=choice())
"""


def load() -> Task:
    samples = [
        Sample(input=f"Which is {i}?", choices=["one", "two", "three", "four"], target="ABCD"[i % 4])
        for i in range(16)
    ]
    return Task(
        name="letters", dataset=MemoryDataset(samples), solver=multiple_choice(), scorer=choice(), epochs=2
    )


def model() -> Any:
    return get_model("hotmess/simulated", spread=0.5, memoize=False)


def run(folder: Path, options: AdaptiveOptions = OPTIONS, **more: Any) -> AdaptiveRun:
    return run_adaptive(load, model(), options, str(folder), display="none", **more)


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, AdaptiveRun]:
    folder = tmp_path_factory.mktemp("waves")
    return folder, run(folder)


def in_order(folder: Path) -> list[Path]:
    """A run's logs, first wave first: names of files made in one second sort by chance."""

    def wave(path: Path) -> int:
        metadata = read_eval_log(str(path), header_only=True).eval.metadata
        assert metadata is not None
        return metadata[ADAPTIVE]["wave"]

    return sorted(folder.glob("*.eval"), key=wave)


def terms(found: AdaptiveRun) -> bytes:
    d = found.result.decomposition
    return b"".join(values.tobytes() for values in (d.error, d.variance, d.epochs.astype(np.int64)))


def test_epochs_go_on_from_wave_to_wave_and_every_planned_one_is_there_once(
    finished: tuple[Path, AdaptiveRun],
) -> None:
    folder, found = finished
    logs = [read_eval_log(str(path)) for path in in_order(folder)]
    assert found.waves == len(logs) >= 3 and found.last.reached
    seen: dict[str, list[int]] = {}
    for number, log in enumerate(logs, 1):
        assert log.eval.metadata is not None and log.eval.metadata[ADAPTIVE]["wave"] == number
        for sample in log.samples or []:
            seen.setdefault(str(sample.id), []).append(sample.epoch)
    until = logs[-1].eval.metadata[ADAPTIVE]["until"]  # type: ignore[index]
    assert {q: sorted(epochs) for q, epochs in seen.items()} == {
        q: list(range(1, n + 1)) for q, n in until.items()
    }
    assert len(set(until.values())) > 1


def test_the_answers_are_those_of_a_plain_run(finished: tuple[Path, AdaptiveRun], tmp_path: Path) -> None:
    """Epoch for epoch the simulated model answers the same: nothing about an epoch is new in a wave."""
    folder, _found = finished
    plain = eval(load(), model=model(), epochs=Epochs(OPTIONS.most), log_dir=str(tmp_path), display="none")[0]
    known = {(str(s.id), s.epoch): s.output.completion for s in plain.samples or []}
    for path in folder.glob("*.eval"):
        for sample in read_eval_log(str(path)).samples or []:
            assert known[str(sample.id), sample.epoch] == sample.output.completion


@pytest.mark.parametrize("kept", [0, 5])
def test_an_interrupted_run_goes_on_to_the_same_bits(
    finished: tuple[Path, AdaptiveRun], tmp_path: Path, kept: int
) -> None:
    """Killed in its third wave, before or after a few of its epochs."""
    folder, found = finished
    paths = in_order(folder)
    for path in paths[:2]:
        shutil.copy(path, tmp_path)
    if kept:
        log = read_eval_log(str(paths[2]))
        log.samples, log.results, log.status = (log.samples or [])[:kept], None, "started"
        write_eval_log(log, str(tmp_path / paths[2].name))
    again = run(tmp_path)
    assert terms(again) == terms(found) and again.last.interval == found.last.interval
    assert len(list(tmp_path.glob("*.eval"))) == len(paths) + (kept > 0)
    done = run(tmp_path)
    assert terms(done) == terms(found) and len(list(tmp_path.glob("*.eval"))) == len(paths) + (kept > 0)


def test_analyze_reads_the_waves_as_one_run_and_says_so(finished: tuple[Path, AdaptiveRun]) -> None:
    folder, found = finished
    done = CliRunner().invoke(main, ["analyze", str(folder), "--json", "--loss", "brier"])
    assert done.exit_code == 0, done.output
    document = json.loads(done.stdout)
    (group,) = document["groups"]
    low, high = group["epochs_per_question"]
    assert group["adaptive"] == {"pilot_epochs": 4, "later_epochs": [low - 4, high - 4]} and high > low
    assert group["incoherence"] == found.last.value
    assert group["incoherence_ci"] == list(found.last.interval)
    assert found.last.reached and found.last.width <= OPTIONS.width
    assert group["missing"] == 0
    assert any("an adaptive run" in one["message"] for one in document["problems"])
    # pass^k and all else are of the epochs whose number depends on none of them.
    assert max(one["k"] for one in group["pass_hat_k"] if not one["extrapolated"]) <= high - 4


def test_comparisons_exchange_later_epochs_alone(finished: tuple[Path, AdaptiveRun]) -> None:
    result = finished[1].result
    questions, later = result.questions, result.plain[0]
    assert (later.row >= 0).sum() == (questions.row >= 0).sum() - 4 * len(questions.ids)
    one = compare(result, result).differences["error"]
    assert one.estimate == 0 and one.questions == len(questions.ids)


def test_the_budget_ends_a_run(tmp_path: Path) -> None:
    found = run(tmp_path, AdaptiveOptions(width=0.01, pilot=4, most=12, budget=30_000))
    assert "budget of 30,000 output tokens" in found.last.end and not found.last.reached
    tokens = read_inputs([tmp_path]).outcomes.output_tokens
    assert 20_000 < tokens.sum() < 34_000


def test_what_the_folder_may_not_hold(finished: tuple[Path, AdaptiveRun], tmp_path: Path) -> None:
    eval(load(), model=model(), log_dir=str(tmp_path), display="none", limit=2)
    with pytest.raises(ValueError, match="is no wave of hotmess run"):
        run(tmp_path)
    with pytest.raises(ValueError, match="with --pilot 4 --quantity incoherence"):
        run(finished[0], AdaptiveOptions(width=0.3, pilot=4, quantity="error"))
    with pytest.raises(ValueError, match="of other questions"):
        run(finished[0], limit=3)


@solver
def failing_once_planned():
    """One later epoch of one question ends in an error however often it is tried."""

    async def solve(state: TaskState, generate: Any) -> TaskState:
        if (str(state.sample_id), state.epoch) == ("3", 6):
            raise RuntimeError("no answer")
        return state

    return solve


@pytest.mark.parametrize("quantity", ["incoherence", "accuracy"])
def test_a_run_with_a_lost_epoch_ends_where_no_further_epoch_is_permitted(
    tmp_path: Path, quantity: Any
) -> None:
    def broken() -> Task:
        task = load()
        task.solver = [failing_once_planned(), multiple_choice()]
        return task

    options = AdaptiveOptions(width=0.02, quantity=quantity, pilot=4, most=6)
    found = run_adaptive(broken, model(), options, str(tmp_path), display="none", log_level="error")
    assert (
        found.missing == 1 and found.last.epochs == 16 * 6 - 1 and not found.last.reached and found.last.end
    )


def test_an_interrupt_ends_the_run_and_not_just_its_wave(tmp_path: Path) -> None:
    sent: list[int] = []

    @solver
    def interrupted():
        async def solve(state: TaskState, generate: Any) -> TaskState:
            if state.epoch == 2 and not sent:
                sent.append(1)
                os.kill(os.getpid(), signal.SIGINT)
                await asyncio.sleep(5)
            return state

        return solve

    def stopped() -> Task:
        task = load()
        task.solver = [interrupted(), multiple_choice()]
        return task

    def go() -> AdaptiveRun:
        return run_adaptive(stopped, model(), OPTIONS, str(tmp_path), display="none", max_samples=2)

    # Where the tests run in the background of a script, Ctrl-C is ignored.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with pytest.raises(KeyboardInterrupt):
            go()
    finally:
        signal.signal(signal.SIGINT, before)
    assert [read_eval_log(str(one), header_only=True).status for one in tmp_path.glob("*.eval")] == [
        "cancelled"
    ]
    assert go().missing == 0


def test_accuracy_has_an_interval_only_where_analyze_has_one(finished: tuple[Path, AdaptiveRun]) -> None:
    result = finished[1].result
    q = result.questions
    for wrong in (0, 1):
        correct = np.where(np.isnan(q.correct) | (np.arange(16)[:, None] >= wrong), q.correct * 0 + 1, 0.5)
        few = replace(result, questions=replace(q, correct=correct))
        assert np.isnan(few.intervals.accuracy).all()
        seen = look(
            few, finished[1].last.until, AdaptiveOptions(width=0.9, quantity="accuracy", pilot=4, most=12)
        )
        assert "no interval is defined" in seen.end and not seen.reached


def test_questions_known_by_their_place_must_keep_it(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)

    def shuffled() -> Task:
        task = load()
        task.dataset = MemoryDataset([task.dataset[i] for i in rng.permutation(16).tolist()])
        return task

    with pytest.raises(ValueError, match="in another order each time"):
        run_adaptive(shuffled, model(), OPTIONS, str(tmp_path), display="none")
    with pytest.raises(ValueError, match="a folder on this machine"):
        run_adaptive(load, model(), OPTIONS, "s3://bucket/waves", display="none")


def test_a_plain_log_is_not_adaptive(tmp_path: Path) -> None:
    log = eval(load(), model=model(), log_dir=str(tmp_path), display="none", limit=2)[0]
    result = analyze(read_inputs([log.location]).outcomes)[0][0]
    assert result.questions.pilot is None and result.as_json()["adaptive"] is None


def test_the_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "quiz.py").write_text(TASK)
    words = [
        "run",
        "quiz.py",
        "--model",
        "hotmess/simulated",
        "-M",
        "spread=0.5",
        "-T",
        "questions=9",
        "-E",
        "display=none",
    ]
    done = CliRunner().invoke(main, [*words, "--width", "1", "--json"])
    assert done.exit_code == 0, done.output
    found = json.loads(done.output[done.output.index("{") :])  # click 8.1 has the two streams in one
    assert found["reached"] and found["epochs"] == 54 and found["log_dir"].startswith("logs/adaptive/quiz.py")
    assert found["waves"] == 1 and "wave 1: 54 epochs of 9 questions" in done.output
    # A run that ends with its pilot is a plain run: all its epochs are compared.
    result = analyze(read_inputs([found["log_dir"]]).outcomes)[0][0]
    assert compare(result, result).differences["error"].questions == 9
    far = CliRunner().invoke(main, [*words, "--width", "0.001", "--most", "9"])
    assert far.exit_code == 1 and "questions would do" in far.output
    for wrong, said in (
        (["-E", "epochs=3"], "the run sets this itself"),
        (["-T", "questions"], "write NAME=VALUE"),
        (["--pilot", "2"], "2 is not in the range"),
    ):
        bad = CliRunner().invoke(main, [*words, *wrong])
        assert bad.exit_code == 2 and said in bad.output


def test_the_interval_that_decides_is_over_the_named_clusters(tmp_path: Path) -> None:
    def families() -> Task:
        task = load()
        for place, sample in enumerate(task.dataset):
            sample.metadata = {"family": f"f{place % 4}"}
        return task

    options = AdaptiveOptions(width=1, pilot=4, most=12, cluster="family")
    found = run_adaptive(families, model(), options, str(tmp_path / "waves"), display="none")
    printed = [
        analyze(read_inputs([str(tmp_path / "waves")], cluster=name).outcomes)[0][0].intervals.of(
            "incoherence"
        )
        for name in ("family", None)
    ]
    assert found.last.interval == tuple(printed[0]) != tuple(printed[1])
    with pytest.raises(ValueError, match="cluster='subject': the metadata of some"):
        run_adaptive(families, model(), replace(options, cluster="subject"), str(tmp_path / "none"))


def test_what_is_undefined_is_said_so() -> None:
    nan = float("nan")
    options = AdaptiveOptions(width=0.1, quantity="incoherence")
    told = [
        Look({}, value, interval, 8, nan).said(options)
        for value, interval in ((0.5, (0.25, 0.75)), (0.5, (nan, nan)), (nan, (nan, nan)))
    ]
    assert told == [
        "incoherence 0.500, 95 % interval 0.250 … 0.750, width 0.500 of 0.1",
        "incoherence 0.500, no interval so far",
        "incoherence undefined so far",
    ]
