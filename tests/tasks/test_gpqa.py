"""`hotmess/gpqa` on rows of our own in its schema, with 2 to 10 choices, on the simulated model."""

import csv
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from inspect_ai import eval, eval_retry, score
from inspect_ai.log import EvalLog, read_eval_log
from inspect_ai.model import ChatCompletionChoice, ChatMessageAssistant, ModelOutput, ModelUsage, get_model
from inspect_ai.scorer import SampleScore
from tests.oracles.answer_truth import truth

from hotmess_inspect.decomposition import NestedDecomposition, decompose_nested
from hotmess_inspect.io.logs import read_inputs
from hotmess_inspect.multiple_choice.scorer import choice_scorer
from hotmess_inspect.plugin.incoherence import incoherence
from hotmess_inspect.results.analyze import Options, analyze
from hotmess_inspect.simulated.distribution import Question
from hotmess_inspect.tasks.gpqa import gpqa

from .conftest import OnDemand

# Numbers of choices of the ten questions.
CHOICES = (4, 4, 4, 4, 2, 3, 5, 6, 8, 10)
MODEL = {"accuracy": 0.5, "context_variance": 0.25, "seed": 4}


@pytest.fixture(scope="module")
def rows(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("gpqa") / "own.csv"
    names = ["Record ID", "Question", "Correct Answer", *(f"Incorrect Answer {i}" for i in range(1, 10))]
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow([*names, "High-level domain"])
        for number, count in enumerate(CHOICES):
            wrong = [f"{number * 7 + place} metres" for place in range(1, count)]
            cells = [
                f"rec{number}",
                f"How long is rod {number}?",
                f"{number * 7} metres",
                *wrong,
                *[""] * (10 - count),
            ]
            writer.writerow([*cells, "Physics" if number % 2 else "Chemistry"])
    return path


def run(rows: Path, folder: Path, model: dict[str, Any] | None = None, **design: Any) -> EvalLog:
    [log] = eval(
        gpqa(dataset=str(rows), shots=2, **design),
        model=get_model("hotmess/simulated", **{**MODEL, **(model or {})}),
        display="none",
        log_dir=str(folder),
        log_realtime=False,
    )
    assert log.status == "success"
    return log


@pytest.fixture(scope="module")
def runs(rows: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, EvalLog]:
    folder = tmp_path_factory.mktemp("logs")
    made: dict[str, Callable[[], EvalLog]] = {
        "letter": lambda: run(rows, folder / "letter", {"unparsed": 0.1}, shuffle=True),
        "probability": lambda: run(rows, folder / "probability", format="probability"),
        "logprob": lambda: run(rows, folder / "logprob", format="logprob"),
    }
    few = {"contexts": 3, "repeats": 2}
    made |= {
        "few letter": lambda: run(rows, folder / "l", {"unparsed": 0.1}, shuffle=True, **few),
        "few probability": lambda: run(rows, folder / "p", format="probability", **few),
        "few logprob": lambda: run(rows, folder / "g", format="logprob", contexts=3),
    }
    return OnDemand(made)


@pytest.mark.slow
@pytest.mark.parametrize("format", ["letter", "probability", "logprob"])
def test_any_number_of_choices_recovers_the_truth(runs: dict[str, EvalLog], format: str) -> None:
    log = runs[format]
    asked = {str(sample.id): sample for sample in log.samples or []}
    questions = [
        Question(str(s.input), tuple(s.choices or ()), ord(str(s.target)) - ord("A")) for s in asked.values()
    ]
    lost = 0.1 if format == "letter" else 0.0
    bound = truth(questions, {**MODEL, "unparsed": lost}, format=format)  # type: ignore[arg-type]
    [group] = [g for g in analyze(read_inputs([log.location]).outcomes)[0] if g.decomposition.loss == "brier"]
    d = group.decomposition
    for term in ("error", "bias_squared", "variance"):
        interval = d.interval(term, level=0.99, rng=np.random.default_rng(0))  # type: ignore[arg-type]
        assert interval.low <= bound.mean(term) <= interval.high, term
    if isinstance(d, NestedDecomposition):
        by_id = dict(zip(group.questions.ids, d.between_context, strict=True))
        gap = np.array([by_id[name] for name in asked]) - bound.between
        assert abs(gap.mean()) <= 3.3 * gap.std(ddof=1) / np.sqrt(len(gap))
    else:
        assert format == "logprob"


@pytest.mark.parametrize("unparsed", ["uniform", "class", "drop"])
@pytest.mark.parametrize("format", ["letter", "probability", "logprob"])
def test_live_and_later_agree_for_mixed_numbers_of_choices(
    runs: dict[str, EvalLog], format: str, unparsed: str
) -> None:
    scores = [
        SampleScore(score=(sample.scores or {})["choice_scorer"], sample_id=sample.id)
        for sample in runs[f"few {format}"].samples or []
    ]
    live = incoherence(unparsed=unparsed)(scores)  # type: ignore[arg-type]
    assert isinstance(live, dict)
    outcomes = read_inputs([runs[f"few {format}"].location]).outcomes
    for group in analyze(outcomes, Options(unparsed=unparsed))[0]:  # type: ignore[arg-type]
        suffix = "_kl" if group.decomposition.loss == "kl" else ""
        for term in ("error", "bias_squared", "variance"):
            assert live[term + suffix] == pytest.approx(group.decomposition.mean(term), rel=1e-12, abs=1e-12)
        assert live["accuracy"] == pytest.approx(group.accuracy, rel=1e-12)


@pytest.mark.slow
def test_the_live_numbers_are_those_of_the_stored_letters(runs: dict[str, EvalLog]) -> None:
    """From the log alone, without any of the metric's own code but the estimator."""
    width = max(CHOICES)
    predictions = np.zeros((len(CHOICES), 30, width))
    target = np.zeros(len(CHOICES), dtype=int)
    for sample in runs["letter"].samples or []:
        question, epoch = int(str(sample.id).removeprefix("rec")), sample.epoch - 1
        letter = ((sample.scores or {})["choice_scorer"].metadata or {})["hm_answer"]
        target[question] = ord(str(sample.target)) - ord("A")
        if letter:
            predictions[question, epoch, ord(letter) - ord("A")] = 1
        else:
            predictions[question, epoch, : CHOICES[question]] = 1 / CHOICES[question]
    d = decompose_nested(predictions, target, [f"0-{epoch % 10 + 1}" for epoch in range(30)])
    results = runs["letter"].results
    assert results is not None
    shown = {name: metric.value for s in results.scores for name, metric in s.metrics.items()}
    assert shown["incoherence"] == pytest.approx(d.incoherence, rel=1e-12)
    assert shown["between_context"] == pytest.approx(d.between_context.mean(), rel=1e-12)
    assert shown["error"] == pytest.approx(d.mean("error"), rel=1e-12)


@pytest.mark.slow
def test_scoring_again_in_another_process_gives_the_same_scores(
    runs: dict[str, EvalLog], tmp_path: Path
) -> None:
    again = tmp_path / "again.eval"
    command = [str(Path(sys.executable).with_name("inspect")), "score", runs["letter"].location]
    command += ["--scorer", "hotmess/choice_scorer", "--action", "overwrite", "--output-file", str(again)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    first = {(s.id, s.epoch): s for s in runs["letter"].samples or []}
    for sample in read_eval_log(str(again)).samples or []:
        old = (first[sample.id, sample.epoch].scores or {})["choice_scorer"]
        new = (sample.scores or {})["choice_scorer"]
        assert (new.value, new.answer, new.metadata) == (old.value, old.answer, old.metadata)


def mock(text: str, stop: str = "stop") -> ModelOutput:
    message = ChatMessageAssistant(content=text, source="generate")
    return ModelOutput(
        model="mock",
        choices=[ChatCompletionChoice(message=message, stop_reason=stop)],  # type: ignore[arg-type]
        usage=ModelUsage(input_tokens=1, output_tokens=1, total_tokens=2),
    )


def ask(rows: Path, folder: Path, outputs: list[ModelOutput], **design: Any) -> EvalLog:
    model = get_model("mockllm/model", custom_outputs=outputs)
    [log] = eval(
        gpqa(dataset=str(rows), **({"contexts": 0, "questions": 1, "repeats": len(outputs)} | design)),
        model=model,
        display="none",
        log_dir=str(folder),
        max_samples=1,
    )
    return log


def test_status_says_why_an_answer_could_not_be_read(rows: Path, tmp_path: Path) -> None:
    outputs = [mock("ANSWER: A"), mock("I refuse."), mock("Let us see", "max_tokens")]
    log = ask(rows, tmp_path, outputs)
    scores = sorted((sample.epoch, (sample.scores or {})["choice_scorer"]) for sample in log.samples or [])
    assert [(s.metadata or {})["hm_status"] for _, s in scores] == ["ok", "unparsed", "truncated"]
    assert [(s.metadata or {})["hm_answer"] for _, s in scores] == ["A", "", ""]
    assert all("hm_context" not in (s.metadata or {}) for _, s in scores)


def test_probabilities_that_broke_off_are_an_unread_answer_and_no_error(rows: Path, tmp_path: Path) -> None:
    stated = "<PROB> 0.5, 0.2, 0.1, 0.1, 0.1 </PROB>"
    log = ask(
        rows, tmp_path, [mock(stated), mock("I will <PROB> 0.5, 0", "max_tokens")], format="probability"
    )
    assert log.status == "success", log.error
    scores = sorted((sample.epoch, (sample.scores or {})["choice_scorer"]) for sample in log.samples or [])
    assert [(s.metadata or {})["hm_status"] for _, s in scores] == ["ok", "truncated"]
    # The broken one counts as uniform: its Brier error is 0.8, that of the stated one 0.25 + 0.04 + 0.03 = 0.32.
    [found], _ = analyze(read_inputs([log.location]).outcomes, Options(losses=("brier",)))
    assert int(found.group.unparsed.sum()) == 1
    assert found.decomposition.error.tolist() == [pytest.approx((0.8 + 0.32) / 2)]


def test_a_base_model_that_goes_on_has_answered(rows: Path, tmp_path: Path) -> None:
    log = ask(rows, tmp_path, [mock(" A", "max_tokens"), mock(" The", "max_tokens")], completion=True)
    scores = sorted((sample.epoch, (sample.scores or {})["choice_scorer"]) for sample in log.samples or [])
    assert [(s.metadata or {})["hm_status"] for _, s in scores] == ["ok", "truncated"]
    assert [(s.metadata or {})["hm_answer"] for _, s in scores] == ["A", ""]


def test_an_unread_answer_is_asked_once_more_and_both_count(rows: Path, tmp_path: Path) -> None:
    outputs = [mock("ANSWER: A"), mock("I like it here."), mock("B"), mock("I refuse."), mock("Never.")]
    log = ask(rows, tmp_path, outputs, ask_again=True, repeats=3)
    samples = sorted(log.samples or [], key=lambda sample: sample.epoch)
    found = [(sample.scores or {})["choice_scorer"].metadata or {} for sample in samples]
    assert [entry["hm_answer"] for entry in found] == ["A", "B", ""]
    assert [entry["hm_status"] for entry in found] == ["ok", "ok", "unparsed"]
    assert [entry.get("hm_asked_again", False) for entry in found] == [False, True, True]
    # The tokens of both answers count, and both stay to be read.
    assert [entry["hm_turns"] for entry in found] == [1, 2, 2]
    assert [entry["hm_output_tokens"] for entry in found[1:]] == [2 * found[0]["hm_output_tokens"]] * 2
    assert (
        samples[1]
        .messages[-2]
        .text.endswith("Reply with one of the letters A, B, C, D and E and nothing else.")
    )


def test_a_closing_question_needs_letters(rows: Path) -> None:
    from inspect_ai._util.error import PrerequisiteError

    for design in ({"format": "probability"}, {"format": "logprob"}, {"completion": True}):
        with pytest.raises(PrerequisiteError, match="ask_again"):
            gpqa(dataset=str(rows), ask_again=True, **design)


def test_a_provider_without_log_probabilities_is_named(rows: Path, tmp_path: Path) -> None:
    log = ask(rows, tmp_path, [mock("A")], format="logprob")
    assert log.status == "error" and log.error is not None
    assert "format is 'logprob', but model mockllm/model returned no log-probabilities" in log.error.message
    assert "-T format=letter" in log.error.message


def test_a_retry_asks_the_same_questions(rows: Path, tmp_path: Path) -> None:
    model = get_model("hotmess/simulated", **MODEL)
    task = gpqa(dataset=str(rows), contexts=2, repeats=1, shots=2, shuffle=True, questions=3)
    [log] = eval(task, model=model, display="none", log_dir=str(tmp_path))
    log.status = "error"
    log.samples = (log.samples or [])[:2]
    [again] = eval_retry(log, display="none", log_dir=str(tmp_path))
    assert again.status == "success" and len(again.samples or []) == 6
    original = read_eval_log(log.location)
    texts = {(s.id, s.epoch): s.messages[0].text for s in original.samples or []}
    assert {(s.id, s.epoch): s.messages[0].text for s in again.samples or []} == texts


@pytest.mark.slow
def test_stored_scores_survive_another_scoring_round(runs: dict[str, EvalLog]) -> None:
    log = read_eval_log(runs["probability"].location)
    rescored = score(log, choice_scorer(), action="overwrite", display="none")
    assert rescored.results is not None and log.results is not None
    values = [[(s.scores or {})["choice_scorer"].value for s in x.samples or []] for x in (log, rescored)]
    assert values[0] == values[1]


@pytest.mark.parametrize(
    ("design", "message"),
    [
        ({"format": "words"}, "format is 'words'; permitted are: letter, probability, logprob"),
        ({"subset": "gold"}, "subset is 'gold'; permitted are: main, diamond, extended"),
        ({"contexts": -1}, "contexts is -1; permitted is a whole number of at least 0"),
        ({"contexts": 0, "shots": 3}, "shots is 3, but contexts=0 is zero-shot"),
        (
            {"contexts": 4, "shots": 0},
            "without examples .shots=0. and with shuffle=false they would all be the same",
        ),
        ({"repeats": 0}, "repeats is 0; permitted is a whole number of at least 1"),
        ({"questions": 1.5}, "questions is 1.5; permitted is a whole number of at least 1"),
        (
            {"shots": 10},
            "question 'rec0' needs shots=10 examples, and 9 other questions are there to be shown",
        ),
        ({"domains": "Physics,Magic"}, "domains names 'Magic'; permitted are: Chemistry, Physics"),
        ({"unparsed": "guess"}, "unparsed='guess' is not one of 'uniform', 'class', 'drop'"),
        ({"checksum": "00"}, "has questions of SHA-256 [0-9a-f]{64}, but checksum is '00'"),
        ({"format": "probability", "completion": True}, "completion is True, but format is 'probability'"),
    ],
)
def test_options_that_are_not_permitted_are_named(rows: Path, design: dict[str, Any], message: str) -> None:
    with pytest.raises(Exception, match=message) as raised:
        gpqa(dataset=str(rows), **design)
    assert type(raised.value).__name__ == "PrerequisiteError"


@pytest.mark.slow
def test_the_checksum_is_in_the_log_and_pins_the_rows(rows: Path, runs: dict[str, EvalLog]) -> None:
    metadata = runs["letter"].eval.metadata
    assert metadata is not None
    task = gpqa(dataset=str(rows), shots=2, checksum=metadata["questions_sha256"])
    assert task.epochs == 30 and len(task.dataset) == 10
    assert json.dumps(metadata["dataset"]) == '"own.csv"'


def test_domains_and_questions(rows: Path) -> None:
    task = gpqa(dataset=str(rows), shots=2, domains="Physics", questions=3, contexts=5, repeats=2)
    assert task.epochs == 10 and len(task.dataset) == 3
    assert {(sample.metadata or {})["subject"] for sample in task.dataset} == {"Physics"}
