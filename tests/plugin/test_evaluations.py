"""Whole evaluations through Inspect, with a model whose answers are known."""

import math
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from inspect_ai import Epochs, Task, eval, score
from inspect_ai.dataset import Sample
from inspect_ai.log import EvalLog, EvalScore, read_eval_log
from inspect_ai.model import GenerateConfig, Model, ModelOutput, ModelUsage, get_model
from inspect_ai.scorer import Score, Scorer, Target, accuracy, choice, match, mean, scorer
from inspect_ai.solver import TaskState, generate, multiple_choice

from hotmess_inspect._inspect_versions import unscored
from hotmess_inspect.plugin.incoherence import incoherence
from hotmess_inspect.plugin.reducer import decomposition
from hotmess_inspect.plugin.repeat import repeat
from hotmess_inspect.plugin.viewer import headline


def model(answers: dict[str, str]) -> Model:
    """Answers the question named in the prompt with its next letter; reports usage."""
    queues: dict[str, Iterator[str]] = {question: iter(letters) for question, letters in answers.items()}

    def respond(input: list[Any], tools: Any, tool_choice: Any, config: GenerateConfig) -> ModelOutput:
        question = next(name for name in queues if f"question {name}" in input[-1].text)
        output = ModelOutput.from_content("mockllm/model", f"ANSWER: {next(queues[question])}")
        output.usage = ModelUsage(input_tokens=3, output_tokens=7, total_tokens=10, reasoning_tokens=2)
        return output

    return get_model("mockllm/model", custom_outputs=respond, memoize=False)


def dataset(*questions: str, choices: int = 4) -> list[Sample]:
    return [
        Sample(id=name, input=f"question {name}", choices=["w", "x", "y", "z"][:choices], target="A")
        for name in questions
    ]


@pytest.fixture
def run(tmp_path: Path) -> Callable[..., EvalLog]:
    def run_task(task: Task, answers: dict[str, str], **options: Any) -> EvalLog:
        options = {"max_samples": 1, "display": "none", "log_dir": str(tmp_path)} | options
        log = eval(task, model=model(answers), **options)[0]
        assert log.status == "success", log.error
        return log

    return run_task


def scores_of(log: EvalLog, name: str) -> list[EvalScore]:
    assert log.results is not None
    return [found for found in log.results.scores if found.name == name]


def group_of(log: EvalLog, name: str) -> dict[str, float]:
    return {
        metric.name: metric.value
        for found in scores_of(log, name)
        for metric in found.metrics.values()
        if metric.group == "incoherence"
    }


# one: A A B B → errors 0 0 2 2, unbiased variance ½·4/3 = ⅔.  two: B C D A → 6/4, (1 - ¼)·4/3 = 1.
# Σ variance / Σ error = (5/3)/(5/2) = ⅔; accuracy (½ + ¼)/2.
ANSWERS = {"one": "AABB", "two": "BCDA"}
EXPECTED = {
    "error": 1.25,
    "variance": 5 / 6,
    "bias_squared": 5 / 12,
    "incoherence": 2 / 3,
    "accuracy": 0.375,
    "questions": 2,
    "epochs_scored": 8,
    "epochs_planned": 8,
}


def choice_task(**options: Any) -> Task:
    return Task(
        dataset=dataset("one", "two"), solver=multiple_choice(), scorer=[choice(), repeat()], **options
    )


@pytest.mark.parametrize(
    "epochs",
    [4, Epochs(4, "mode"), Epochs(4, ["mean", "max"]), Epochs(4, decomposition())],
    ids=["default", "mode", "two", "ours"],
)
def test_choice_repeated_whatever_the_reducer(run: Callable[..., EvalLog], epochs: Any) -> None:
    log = run(choice_task(epochs=epochs), ANSWERS)
    found = group_of(log, "repeat")
    assert {name: found[name] for name in EXPECTED} == pytest.approx(EXPECTED)
    # 2 of 4 wrong cost -log δ = 27.631 each, 3 of 4: (13.8155 + 20.7233)/2.
    assert found["error_kl"] == pytest.approx((2 / 4 + 3 / 4) / 2 * 27.631021, abs=1e-5)


def test_no_epochs_reducer(run: Callable[..., EvalLog]) -> None:
    log = run(choice_task(epochs=Epochs(4, [])), ANSWERS)
    found = group_of(log, "repeat")
    assert {name: found[name] for name in EXPECTED} == pytest.approx(EXPECTED)


def test_headline_and_names_of_results(run: Callable[..., EvalLog]) -> None:
    log = run(choice_task(epochs=4, headline_metric=headline("repeat")), ANSWERS)
    shown = getattr(log.results, "headline", None)
    # Releases of Inspect that know no headline show none, and the task is the same otherwise.
    assert (shown is None) == (headline("repeat") is None)
    if shown is not None:
        assert (shown.scorer, shown.metric) == ("repeat", "incoherence")
    view = next(found for found in scores_of(log, "repeat") if "incoherence" in found.metrics)
    assert {
        "error",
        "bias_squared",
        "variance",
        "accuracy",
        "questions",
        "epochs_scored",
        "epochs_planned",
    } <= set(view.metrics)
    assert view.metrics["incoherence"].group == "incoherence"


def test_our_reducer_leaves_the_suites_numbers_alone(run: Callable[..., EvalLog]) -> None:
    def task(**options: Any) -> Task:
        return Task(dataset=dataset("one", "two"), solver=multiple_choice(), scorer=choice(), **options)

    theirs, ours = run(task(epochs=4), ANSWERS), run(task(epochs=Epochs(4, "hotmess/decomposition")), ANSWERS)
    values = [
        {name: m.value for name, m in scores_of(log, "choice")[0].metrics.items()} for log in (theirs, ours)
    ]
    assert values[0] == values[1] == {"accuracy": 0.375, "stderr": pytest.approx(0.125)}
    assert ours.reductions is not None
    one = next(found for found in ours.reductions[0].samples if found.sample_id == "one")
    # As verdicts: C C I I, error ½, unbiased variance ¼·4/3.
    assert one.value == 0.5
    assert one.metadata is not None
    assert (one.metadata["error"], one.metadata["variance"], one.metadata["epochs"]) == (
        0.5,
        pytest.approx(1 / 3),
        4,
    )


def test_the_metric_on_somebody_elses_scorer(run: Callable[..., EvalLog]) -> None:
    # C C I I and I I I C: errors ½ ¾, unbiased variances ⅓, 3/16·4/3 = ¼: incoherence (7/12)/(5/4) = 7/15.
    task = Task(
        dataset=dataset("one", "two"),
        solver=multiple_choice(),
        scorer=choice(),
        metrics=[accuracy(), incoherence()],
        epochs=4,
    )
    found = group_of(run(task, ANSWERS), "choice")
    assert found["incoherence"] == pytest.approx(7 / 15)
    assert found["kind_score"] == 1 and math.isnan(found["epochs_planned"])


def test_lengths_and_epochs_are_in_the_log(run: Callable[..., EvalLog]) -> None:
    log = run(choice_task(epochs=4), ANSWERS)
    assert log.samples is not None
    for sample in log.samples:
        metadata = (sample.scores or {})["repeat"].metadata
        assert metadata is not None
        assert metadata["hm_epoch"] == sample.epoch
        assert (metadata["hm_turns"], metadata["hm_output_tokens"], metadata["hm_reasoning_tokens"]) == (
            1,
            7,
            2,
        )
        assert "hm_actions" not in metadata


@scorer(metrics={"*": [mean(), incoherence()]})
def two_parts() -> Scorer:
    async def judge(state: TaskState, target: Target) -> Score:
        letter = state.output.completion[-1]
        return Score(value={"right": float(letter == "A"), "early": float(letter in "AB")})

    return judge


def test_dictionary_scores_key_by_key(run: Callable[..., EvalLog]) -> None:
    task = Task(
        dataset=dataset("one", "two"),
        solver=generate(),
        scorer=[two_parts(), repeat(source="two_parts", key="early")],
        epochs=4,
    )
    log = run(task, ANSWERS)
    right, early = (group_of(log, key) for key in ("right", "early"))
    assert right["incoherence"] == pytest.approx(7 / 15)
    # early: 1 1 1 1 and 1 0 0 1: errors 0 and ½, variance ¼·4/3.
    assert early["error"] == 0.25 and early["incoherence"] == pytest.approx(2 / 3)
    assert group_of(log, "repeat")["incoherence"] == pytest.approx(2 / 3)


def test_scores_appended_to_a_log_are_those_of_a_live_run(run: Callable[..., EvalLog]) -> None:
    task = Task(dataset=dataset("one", "two"), solver=multiple_choice(), scorer=choice(), epochs=4)
    stored = read_eval_log(run(task, ANSWERS).location)
    appended = score(stored, repeat(), action="append", display="none")
    found = group_of(appended, "repeat")
    assert {name: found[name] for name in EXPECTED} == pytest.approx(EXPECTED)
    assert appended.samples is not None
    metadata = (appended.samples[0].scores or {})["repeat"].metadata
    assert metadata is not None and metadata["hm_output_tokens"] == 7 and metadata["hm_source"] == "choice"


def test_several_scorers_in_one_log_do_not_collide(run: Callable[..., EvalLog]) -> None:
    task = Task(
        dataset=dataset("one", "two"),
        solver=multiple_choice(),
        scorer=[choice(), match(location="any")],
        epochs=4,
    )
    log = read_eval_log(run(task, ANSWERS).location)
    log = score(log, repeat(source="choice"), action="append", display="none")
    log = score(log, repeat(source="match"), action="append", display="none")
    assert group_of(log, "repeat")["incoherence"] == pytest.approx(2 / 3)
    assert log.samples is not None
    assert [sorted(sample.scores or {}) for sample in log.samples] == [
        ["choice", "match", "repeat", "repeat1"]
    ] * 8
    assert {(s.scores or {})["repeat1"].metadata["hm_source"] for s in log.samples} == {"match"}  # type: ignore[index]


def test_shuffled_choices_are_mapped_back(run: Callable[..., EvalLog]) -> None:
    samples = dataset("one")
    task = Task(dataset=samples, solver=multiple_choice(), scorer=[choice(), repeat()], epochs=4)
    task.dataset.shuffle_choices(seed=3)
    log = run(task, {"one": "ABCD"})
    found = group_of(log, "repeat")
    # Every letter once: accuracy ¼ whatever the shuffle.
    assert found["accuracy"] == 0.25 and found["incoherence"] == pytest.approx(2 / 3)


def test_an_interrupted_run_reports_what_was_scored(run: Callable[..., EvalLog]) -> None:
    @scorer(metrics=[incoherence()])
    def fails_late() -> Scorer:
        async def judge(state: TaskState, target: Target) -> Score:
            if state.sample_id == "two" and state.epoch > 1:
                return unscored("grader_failed", explanation="the grader failed")
            return Score(
                value="C" if state.output.completion.endswith("A") else "I",
                metadata={"hm_epoch": state.epoch},
            )

        return judge

    log = run(Task(dataset=dataset("one", "two"), solver=generate(), scorer=fails_late(), epochs=4), ANSWERS)
    view = scores_of(log, "fails_late")[0]
    assert (view.scored_samples, view.unscored_samples) == (5, 3)
    found = group_of(log, "fails_late")
    assert (found["epochs_scored"], found["epochs_planned"], found["questions_single_epoch"]) == (5, 8, 1)
    assert found["error"] == 0.5
