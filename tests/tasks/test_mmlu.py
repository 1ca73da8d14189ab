"""`hotmess/mmlu` on the simulated model: what comes out is what was put in."""

from collections import Counter, defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from inspect_ai import Task, eval
from inspect_ai.log import EvalLog
from inspect_ai.model import get_model
from inspect_ai.scorer import SampleScore
from tests.oracles.answer_truth import Truth, truth

from hotmess_inspect.decomposition import NestedDecomposition
from hotmess_inspect.io.logs import read_inputs
from hotmess_inspect.multiple_choice.files import read_rows
from hotmess_inspect.multiple_choice.rows import mmlu_question, read_questions
from hotmess_inspect.plugin.incoherence import incoherence
from hotmess_inspect.results.analyze import Options, analyze
from hotmess_inspect.simulated.distribution import Question
from hotmess_inspect.tasks.mmlu import mmlu

from .conftest import OnDemand

pytestmark = pytest.mark.shared

QUESTIONS = 12
MODEL = {"accuracy": 0.55, "context_variance": 0.3}


def run(task: Task, folder: Path, **model: Any) -> EvalLog:
    [log] = eval(
        task,
        model=get_model("hotmess/simulated", **{**MODEL, **model}),
        display="none",
        log_dir=str(folder),
        log_realtime=False,
    )
    assert log.status == "success"
    return log


def results(log: EvalLog) -> dict[str, float]:
    assert log.results is not None
    found: dict[str, float] = {}
    for score in log.results.scores:
        found |= {name: metric.value for name, metric in score.metrics.items()}
    return found


def stated(log: EvalLog, format: str, **case: Any) -> Truth:
    """The truth about the questions of a log, over infinitely many contexts."""
    asked = {str(sample.id): sample for sample in log.samples or []}
    questions = []
    for sample in asked.values():
        options = tuple(" ".join(choice.split()) for choice in sample.choices or [])
        questions.append(Question(str(sample.input), options, ord(str(sample.target)) - ord("A")))
    model = {"unparsed": 0.0, **MODEL, **case.pop("model", {})}
    return truth(questions, model, format=format, **case)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def runs(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, EvalLog]:
    rows = str(shared_data / "mmlu_200.jsonl")
    folder = tmp_path_factory.mktemp("mmlu")
    design: dict[str, Any] = {"dataset": rows, "questions": QUESTIONS, "shots": 1}
    made: dict[str, Callable[[], EvalLog]] = {
        "letter": lambda: run(mmlu(**design), folder / "letter", unparsed=0.06, style="mixed"),
        "probability": lambda: run(
            mmlu(**design, format="probability", shuffle=True), folder / "probability"
        ),
        "logprob": lambda: run(mmlu(**design, format="logprob"), folder / "logprob"),
    }
    return OnDemand(made)


@pytest.mark.slow
@pytest.mark.parametrize("format", ["letter", "probability", "logprob"])
def test_ten_contexts_times_three_recover_the_truth(runs: dict[str, EvalLog], format: str) -> None:
    log = runs[format]
    # Log-probabilities are the same in every repeat of a context, so one is enough.
    assert len(log.samples or []) == QUESTIONS * (10 if format == "logprob" else 30)
    bound = stated(log, format, model={"unparsed": 0.06} if format == "letter" else {})
    [group] = [g for g in analyze(read_inputs([log.location]).outcomes)[0] if g.decomposition.loss == "brier"]
    d = group.decomposition
    for term in ("error", "bias_squared", "variance"):
        interval = d.interval(term, level=0.99, rng=np.random.default_rng(0))  # type: ignore[arg-type]
        assert interval.low <= bound.mean(term) <= interval.high, term
    low, high = d.interval("incoherence", level=0.99, rng=np.random.default_rng(0))
    assert low <= bound.incoherence <= high
    if format == "logprob":
        return
    assert isinstance(d, NestedDecomposition)
    for part, true in ((d.between_context, bound.between), (d.within_context, bound.within)):
        # Differences between questions apart, only the estimate's own error is left.
        gap = part - true
        assert abs(gap.mean()) <= 3.3 * gap.std(ddof=1) / np.sqrt(len(gap))
    assert d.between_context.mean() > 0.05


@pytest.mark.slow
def test_epochs_carry_their_context_and_share_its_examples(runs: dict[str, EvalLog]) -> None:
    samples = runs["letter"].samples or []
    scores = [(sample, (sample.scores or {})["choice_scorer"].metadata or {}) for sample in samples]
    assert Counter(m["hm_context"] for _, m in scores) == {f"0-{k}": QUESTIONS * 3 for k in range(1, 11)}
    assert all(m["hm_context"] == f"0-{(sample.epoch - 1) % 10 + 1}" for sample, m in scores)
    shown: dict[tuple[Any, str], set[str]] = defaultdict(set)
    for sample, metadata in scores:
        text = sample.messages[0].text
        before, _, asked = text.partition("Now answer this question.")
        assert sample.input in asked and sample.input not in before
        shown[sample.id, metadata["hm_context"]].add(before)
    assert all(len(texts) == 1 for texts in shown.values())
    own = defaultdict(set)
    for (name, _), texts in shown.items():
        own[name] |= texts
    # Ten draws of one example out of some ten others.
    assert all(len(texts) >= 3 for texts in own.values())


@pytest.mark.slow
def test_examples_come_from_the_questions_own_subject(runs: dict[str, EvalLog], shared_data: Path) -> None:
    questions = read_questions(read_rows(shared_data / "mmlu_200.jsonl"), mmlu_question)
    subjects = defaultdict(set)
    for question in questions:
        subjects[question.text].add(question.subject)
    for sample in (runs["letter"].samples or [])[:40]:
        before = sample.messages[0].text.partition("Now answer this question.")[0]
        example = before.split("Question: ", 1)[1].split("\n\nA) ")[0]
        assert (sample.metadata or {})["subject"] in subjects[example]


@pytest.mark.slow
def test_shuffled_choices_are_mapped_back(runs: dict[str, EvalLog]) -> None:
    orders = set()
    for sample in runs["probability"].samples or []:
        metadata = (sample.scores or {})["choice_scorer"].metadata or {}
        simulated = sample.output.metadata["simulated"]  # type: ignore[index]
        assert metadata["hm_target"] == sample.target
        order = metadata.get("hm_order", "ABCD")
        orders.add(order)
        # The model's own letters, in the order of the options' texts, lead to the same choices.
        shown = [ord(letter) - ord("A") for letter in order]
        by_text = sorted(range(4), key=lambda i: " ".join((sample.choices or [])[i].split()))
        assert [shown[ord(letter) - ord("A")] for letter in simulated["letters"]] == by_text
    assert len(orders) > 15


@pytest.mark.slow  # the same of gpqa, whose reading of answers it shares, is not
@pytest.mark.parametrize("unparsed", ["uniform", "class", "drop"])
@pytest.mark.parametrize("format", ["letter", "probability", "logprob"])
def test_the_live_metric_and_the_later_analysis_agree(
    runs: dict[str, EvalLog], format: str, unparsed: str
) -> None:
    log = runs[format]
    scores = [
        SampleScore(score=(sample.scores or {})["choice_scorer"], sample_id=sample.id)
        for sample in log.samples or []
    ]
    live = incoherence(unparsed=unparsed)(scores)  # type: ignore[arg-type]
    assert isinstance(live, dict)
    if unparsed == "uniform":
        shown = results(log)
        assert all(shown[name] == value for name, value in live.items() if value == value)
    groups, _ = analyze(read_inputs([log.location]).outcomes, Options(unparsed=unparsed))  # type: ignore[arg-type]
    for group in groups:
        suffix = "_kl" if group.decomposition.loss == "kl" else ""
        for term in ("error", "bias_squared", "variance"):
            assert live[term + suffix] == pytest.approx(group.decomposition.mean(term), rel=1e-12, abs=1e-12)
        assert live["incoherence" + suffix] == pytest.approx(group.decomposition.incoherence, rel=1e-12)
        assert live["accuracy"] == pytest.approx(group.accuracy, rel=1e-12)
        assert live.get("epochs_unparsed", 0) == group.counts["unparsed"]
        d = group.decomposition
        if isinstance(d, NestedDecomposition):
            assert live["between_context"] == pytest.approx(float(np.nanmean(d.between_context)), abs=1e-12)
            assert live["within_context"] == pytest.approx(float(np.nanmean(d.within_context)), abs=1e-12)


@pytest.mark.slow
def test_unread_answers_are_counted_and_marked(runs: dict[str, EvalLog]) -> None:
    scores = [(sample.scores or {})["choice_scorer"] for sample in runs["letter"].samples or []]
    lost = [score for score in scores if not (score.metadata or {})["hm_answer"]]
    # 6 % of 360 answers; the simulated model's refusals hold no letter, all else does.
    assert 9 <= len(lost) <= 38
    assert {(score.metadata or {})["hm_status"] for score in lost} <= {"unparsed", "truncated"}
    assert all(score.value == "I" for score in lost)
    shown = results(runs["letter"])
    assert shown["epochs_unparsed"] == len(lost)
    assert shown["share_unparsed"] == pytest.approx(len(lost) / len(scores))


def test_the_design_of_the_hub_is_refused_where_a_file_cannot_give_it(shared_data: Path) -> None:
    with pytest.raises(Exception, match="needs shots=50 examples of subject"):
        mmlu(dataset=str(shared_data / "mmlu_200.jsonl"), shots=50)
    with pytest.raises(Exception, match="subjects names 'alchemy'; permitted are: "):
        mmlu(dataset=str(shared_data / "mmlu_200.jsonl"), subjects="alchemy")


def test_the_usual_number_of_examples_falls_where_a_file_has_fewer(
    shared_data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    # Its smallest subject has five questions: four others to show.
    task = mmlu(dataset=str(shared_data / "mmlu_200.jsonl"))
    assert len(task.dataset) > 190
    assert "4 examples per context instead of 5" in capsys.readouterr().err


def test_per_subject_draws_by_name_and_not_by_order(shared_data: Path, tmp_path: Path) -> None:
    lines = (shared_data / "mmlu_200.jsonl").read_text("utf-8").splitlines()
    backwards = tmp_path / "backwards.jsonl"
    backwards.write_text("\n".join(reversed(lines)), "utf-8")
    first = mmlu(dataset=str(shared_data / "mmlu_200.jsonl"), per_subject=3, contexts=0)
    second = mmlu(dataset=str(backwards), per_subject=3, contexts=0)
    other = mmlu(dataset=str(backwards), per_subject=3, contexts=0, seed=1)
    ids = [{str(sample.id) for sample in task.dataset} for task in (first, second, other)]
    assert ids[0] == ids[1] != ids[2]
    assert first.metadata is not None and second.metadata is not None
    assert first.metadata["questions_sha256"] == second.metadata["questions_sha256"]
    per_subject = Counter((sample.metadata or {})["subject"] for sample in first.dataset)
    assert max(per_subject.values()) == 3
