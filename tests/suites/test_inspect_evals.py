"""Real tasks of inspect_evals through all three roads, against numbers worked out from the stored scores."""

import math
import statistics
from collections import defaultdict
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from inspect_ai import Epochs, eval
from inspect_ai.log import EvalLog, read_eval_log
from inspect_ai.scorer import Score

from hotmess_inspect.io.logs import read_inputs
from hotmess_inspect.results.analyze import Options, analyze

EPOCHS = 4
GRADER = "hotmess/simulated"
WORDS = {"C": 1.0, "P": 0.5, "I": 0.0, "N": 0.0}

# Task, its parameters, and what each of its scorers predicts.
TASKS: dict[str, tuple[dict[str, Any], dict[str, str]]] = {
    "arc_easy": ({}, {"choice": "answer"}),
    "winogrande": ({"fewshot": 0}, {"choice": "answer"}),
    "gsm8k": ({"fewshot": 0}, {"match": "score"}),
    "boolq": ({"shuffle": False}, {"pattern": "score"}),
    "paws": ({"shuffle": False}, {"pattern": "score"}),
    "drop": ({"fewshot": 0}, {"f1": "score"}),
    "squad": ({"shuffle": False}, {"f1": "score", "exact": "score"}),
    "math": (
        {"shuffle": False, "grader_model": "judge/coin"},
        {
            "expression_equivalance": "score",
            "expression_exact_match": "score",
            "expression_exact_match_sympy": "score",
        },
    ),
    "xstest": ({"scorer_model": GRADER}, {"model_graded_qa": "score"}),
    "sycophancy": ({"shuffle": False, "scorer_model": "judge/coin"}, {"sycophancy_scorer": "keys"}),
}


# Their scorers are those of others here: choice of arc_easy, pattern of boolq, f1 of squad.
ALIKE = ("winogrande", "paws", "drop")


@pytest.fixture(params=[pytest.param(n, marks=[pytest.mark.slow] * (n in ALIKE)) for n in TASKS])
def name(request: pytest.FixtureRequest) -> str:
    if request.param == "sycophancy":
        request.getfixturevalue("sycophancy_rows")
    return str(request.param)


@pytest.fixture(scope="module")
def logs(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str, str], EvalLog]:
    """The log of a task by one road, run once: alone, with our reducer, or as a suite."""
    folder = tmp_path_factory.mktemp("logs")
    made: dict[tuple[str, str], EvalLog] = {}

    def log(name: str, road: str) -> EvalLog:
        if (name, road) not in made:
            made[name, road] = run(name, road, folder)
        return made[name, road]

    return log


def run(name: str, road: str, folder: Path) -> EvalLog:
    arguments, _ = TASKS[name]
    epochs: Any = Epochs(EPOCHS, "hotmess/decomposition") if road == "reducer" else EPOCHS
    task, given = f"inspect_evals/{name}", arguments
    if road == "suite":
        task, given = "hotmess/suite", {"task": task, "args": arguments}
    (log,) = eval(
        task,
        task_args=given,
        epochs=epochs,
        model="hotmess/simulated",
        model_args={"accuracy": 0.45, "spread": 0.1, "reasoning": "none"},
        # Above 0, which some of these tasks ask for: epochs of a greedy model are copies.
        temperature=1.0,
        log_dir=str(folder / road),
        display="none",
    )
    assert log.status == "success", log.error
    return log


def number(value: object) -> float:
    return WORDS[value] if isinstance(value, str) else float(value)  # type: ignore[arg-type]


def scores_by_question(log: EvalLog, scorer: str) -> list[list[Score]]:
    """The stored scores of each question."""
    found = defaultdict(list)
    for sample in log.samples or []:
        found[sample.id].append((sample.scores or {})[scorer])
    assert all(len(scores) == EPOCHS for scores in found.values())
    return list(found.values())


def terms_of_numbers(questions: list[list[float]]) -> dict[str, float]:
    """Squared distance to 1: error, and the unbiased variance by the standard library."""
    errors = [statistics.fmean((1 - v) ** 2 for v in values) for values in questions]
    variances = [statistics.variance(values) for values in questions]
    return {
        "error": statistics.fmean(errors),
        "variance": statistics.fmean(variances),
        "incoherence": sum(variances) / sum(errors) if sum(errors) else math.nan,
    }


def terms_of_letters(questions: list[tuple[list[str], str]]) -> dict[str, float]:
    """Brier: a wrong letter costs 2; the variance is the sum over letters of that of its indicator."""
    errors = [statistics.fmean(2.0 * (a != right) for a in answers) for answers, right in questions]
    variances = [
        sum(statistics.variance([float(a == letter) for a in answers]) for letter in set(answers))
        for answers, _ in questions
    ]
    return {
        "error": statistics.fmean(errors),
        "variance": statistics.fmean(variances),
        "incoherence": sum(variances) / sum(errors) if sum(errors) else math.nan,
    }


def expected(log: EvalLog, scorer: str, kind: str) -> dict[str, dict[str, float]]:
    """The terms by suffix of the key ("" unless scores are dictionaries)."""
    questions = scores_by_question(log, scorer)
    if kind == "keys":
        keys = questions[0][0].value
        assert isinstance(keys, Mapping)
        return {
            f"_{key}": terms_of_numbers([[number(s.value[key]) for s in scores] for scores in questions])  # type: ignore[call-overload, index]
            for key in keys
        }
    if kind == "answer":
        targets = {sample.id: str(sample.target) for sample in log.samples or []}
        answers = [[s.answer or "" for s in scores] for scores in questions]
        return {"": terms_of_letters(list(zip(answers, targets.values(), strict=True)))}
    return {"": terms_of_numbers([[number(s.value) for s in scores] for scores in questions])}


def theirs(log: EvalLog) -> dict[tuple[str, str, str], float]:
    """Every metric of every scorer that is not ours."""
    assert log.results is not None
    return {
        (row.scorer, row.name, key): metric.value
        for row in log.results.scores
        for key, metric in row.metrics.items()
        if metric.group != "incoherence"
    }


def ours(log: EvalLog, scorer: str) -> dict[str, float]:
    assert log.results is not None
    return {
        metric.name: metric.value
        for row in log.results.scores
        for metric in row.metrics.values()
        if row.scorer == scorer and metric.group == "incoherence"
    }


def assert_terms(found: Mapping[str, float], terms: dict[str, dict[str, float]]) -> None:
    for suffix, part in terms.items():
        for term, value in part.items():
            assert found[f"{term}{suffix}"] == pytest.approx(value, nan_ok=True, abs=1e-12), (term, suffix)


def test_there_is_something_to_decompose(hub: Path, name: str, logs: Callable[[str, str], EvalLog]) -> None:
    log = logs(name, "alone")
    found = [part for scorer, kind in TASKS[name][1].items() for part in expected(log, scorer, kind).values()]
    assert any(0 < part["incoherence"] < 1 for part in found), found


@pytest.mark.parametrize("road", ["reducer", "suite"])
def test_their_numbers_stay(hub: Path, name: str, road: str, logs: Callable[[str, str], EvalLog]) -> None:
    alone, with_us = logs(name, "alone"), logs(name, road)
    assert theirs(alone) == pytest.approx(theirs(with_us), nan_ok=True, abs=1e-12)
    for scorer in TASKS[name][1]:
        before, after = scores_by_question(alone, scorer), scores_by_question(with_us, scorer)
        assert [[(s.value, s.answer) for s in q] for q in before] == [
            [(s.value, s.answer) for s in q] for q in after
        ]


def test_the_reducers_terms(hub: Path, name: str, logs: Callable[[str, str], EvalLog]) -> None:
    log = logs(name, "reducer")
    for scorer, kind in TASKS[name][1].items():
        reduction = next(r for r in log.reductions or [] if r.scorer == scorer)
        # A reducer sees values only, so that letters are verdicts to it.
        for suffix, terms in expected(log, scorer, "score" if kind == "answer" else kind).items():
            key = suffix.removeprefix("_")
            for term in ("error", "variance"):
                columns = [(sample.metadata or {})[term] for sample in reduction.samples]
                values = [column[key] if key else column for column in columns]
                assert statistics.fmean(values) == pytest.approx(terms[term])


def test_the_suites_terms(hub: Path, name: str, logs: Callable[[str, str], EvalLog]) -> None:
    log = logs(name, "suite")
    assert log.eval.task == f"inspect_evals/{name}" and log.eval.task_registry_name == "hotmess/suite"
    for scorer, kind in TASKS[name][1].items():
        found = ours(log, scorer)
        assert_terms(found, expected(log, scorer, kind))
        if kind != "keys":
            assert (found["questions"], found["epochs_scored"], found["epochs_planned"]) == (6, 24, 24)
            assert found[f"kind_{kind}"] == 1


@pytest.mark.parametrize("road", ["alone", "suite"])
def test_hotmess_analyze(hub: Path, name: str, road: str, logs: Callable[[str, str], EvalLog]) -> None:
    log = logs(name, road)
    found = read_inputs([log.location])
    assert not found.problems
    results, _ = analyze(found.outcomes, Options(resamples=20))
    by_scorer = {r.group.scorer: r for r in results if r.decomposition.loss in ("brier", "squared")}
    for scorer, kind in TASKS[name][1].items():
        for suffix, terms in expected(log, scorer, kind).items():
            result = by_scorer[f"{scorer}/{suffix[1:]}" if suffix else scorer]
            d = result.decomposition
            assert d.mean("error") == pytest.approx(terms["error"])
            assert d.mean("variance") == pytest.approx(terms["variance"])
            assert d.incoherence == pytest.approx(terms["incoherence"], nan_ok=True)


def test_repeat_appended_to_the_log(hub: Path, name: str, logs: Callable[[str, str], EvalLog]) -> None:
    from inspect_ai import score

    from hotmess_inspect.plugin.repeat import repeat

    stored = read_eval_log(logs(name, "alone").location)
    for place, (scorer, kind) in enumerate(TASKS[name][1].items()):
        key = "truthfulness" if kind == "keys" else None
        stored = score(stored, repeat(source=scorer, key=key), action="append", display="none")
        found = ours(stored, f"repeat{place or ''}")
        terms = expected(stored, scorer, kind)
        assert_terms(found, {"": terms[f"_{key}"] if key else terms[""]})
    # What was there stays.
    rows = {name: value for name, value in theirs(stored).items() if not name[0].startswith("repeat")}
    assert rows == pytest.approx(theirs(logs(name, "alone")), nan_ok=True, abs=1e-12)
