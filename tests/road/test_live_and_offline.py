"""The metric's results and `hotmess analyze` of the log of the same run are one set of numbers.

The log is written by Inspect's own writer, in this process; what a scorer may leave in a score is drawn at random,
with everything that is malformed mixed in.
"""

import json
import math
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from inspect_ai.log import EvalConfig, EvalDataset, EvalLog, EvalSample, EvalSpec, EvalStats, write_eval_log
from inspect_ai.scorer import SampleScore, Score

from hotmess_inspect.experiments.studies.runs import read_run
from hotmess_inspect.io.logs import read_inputs
from hotmess_inspect.plugin.incoherence import incoherence
from hotmess_inspect.results.analyze import GroupResult, Options, analyze
from hotmess_inspect.schema import epoch_metadata
from hotmess_inspect.vectors import encode_embedding

TERMS = ("error", "bias_squared", "variance", "incoherence")
Row = tuple[str, int, Any, dict[str, Any] | None]
"""Question, epoch, value and metadata of a score."""


def metric(rows: Sequence[Row], **parameters: Any) -> dict[str, float]:
    scores = []
    for question, _, value, metadata in rows:
        scores.append(SampleScore(sample_id=question, score=Score(value=0.0, metadata=metadata)))
        scores[-1].score.value = value
    return incoherence(**parameters)(scores)  # type: ignore[arg-type, return-value]


def write_log(rows: Sequence[Row], folder: str | Path) -> str:
    """The log of a run with these scores, epochs in the order of the rows."""
    samples = []
    for question, epoch, value, metadata in rows:
        sample = EvalSample(id=question, epoch=epoch, input="?", target="", scores={"own": Score(value=0.0)})
        assert sample.scores is not None
        sample.scores["own"].value, sample.scores["own"].metadata = value, metadata
        samples.append(sample)
    ids = list(dict.fromkeys(question for question, *_ in rows))
    log = EvalLog(
        status="success",
        eval=EvalSpec(
            created=datetime.now(UTC).isoformat(),
            task="t",
            model="m",
            dataset=EvalDataset(samples=len(ids), sample_ids=ids),
            config=EvalConfig(epochs=max(epoch for _, epoch, *_ in rows)),
        ),
        stats=EvalStats(),
        samples=samples,
    )
    path = str(Path(folder) / "2026-01-01T00-00-00+00-00_t_x.eval")
    write_eval_log(log, path)
    return path


def analyzed(path: str, **options: Any) -> list[GroupResult]:
    return analyze(read_inputs([path]).outcomes, Options(resamples=1, **options))[0]


def both(rows: Sequence[Row], **options: Any) -> None:
    """Assert that the metric and the analysis of the log agree, in numbers and in counts.

    Answers of which none has a target have no error: the analysis then says how far they agree, which is
    another quantity and named so, and the metric counts them as unscored.
    """
    live = metric(rows, **options)
    with TemporaryDirectory() as folder:
        found = analyzed(write_log(rows, folder), **options)
    results = [result for result in found if result.decomposition.loss != "disagreement"]
    # One group for each key of dictionaries, four for unit tests; with the losses side by side.
    scorers = sorted({str(result.group.scorer) for result in results})
    if not results:
        scored = [number for name, number in live.items() if name.startswith("epochs_scored")]
        assert not any(scored), live
        return
    for scorer in scorers:
        key = scorer.partition("/")[2]
        suffix = f"_{key}" if key and f"error_{key}" in live and "error" not in live else ""
        for result in (result for result in results if result.group.scorer == scorer):
            compare({n.removesuffix(suffix): v for n, v in live.items() if n.endswith(suffix)}, result)


def compare(live: dict[str, float], result: GroupResult) -> None:
    d, group, found = result.decomposition, result.group, result.as_json()
    assert live[f"kind_{group.kind}"] == 1
    suffix = ""
    if group.measure not in (None, "f2p"):
        suffix = f"_{group.measure}"
    elif d.loss == "kl":
        suffix = "_kl"
    elif d.loss == "kernel":
        assert live["variance_kernel"] == pytest.approx(d.mean("variance"), abs=1e-12, nan_ok=True)
        return
    for name in TERMS:
        assert same(live[f"{name}{suffix}"], found[name]), (name, live, found)
    accuracy = "accuracy" if group.measure in (None, "resolved") else f"accuracy_{group.measure}"
    assert same(live[accuracy], found["accuracy"]), (live, found)
    assert live["epochs_scored"] == found["epochs_scored"]
    counts = {"unparsed": "epochs_unparsed", "unscored": "epochs_unscored", "other_kind": "epochs_other_kind"}
    for name, key in counts.items():
        assert live.get(key, 0) == found[name], (key, live, found)
    if not suffix:
        assert live["questions"] == found["questions"]
        assert live.get("questions_no_error", 0) == found["zero_error_questions"]


def same(number: float, other: float | None) -> bool:
    if other is None:
        return math.isnan(number)
    return math.isclose(number, other, rel_tol=1e-12, abs_tol=1e-12)


# The ten rows of the table of disagreements, each with its number worked out


def labels(*questions: tuple[str, Sequence[str]], **more: Any) -> list[Row]:
    return [
        (
            name,
            epoch,
            float(answer == "paris"),
            {"hm_kind": "answer", "hm_epoch": epoch, "hm_answer": answer, "hm_target": "paris"} | more,
        )
        for name, answers in questions
        for epoch, answer in enumerate(answers, start=1)
    ]


def test_labels_without_classes_and_unparsed_ones() -> None:
    rows = labels(
        ("q1", ["paris", "rome", "", "oslo"]),
        ("q2", ["rome", "rome", "", "paris"]),
        ("q3", ["Paris", "paris", "oslo", "oslo"]),
    )
    both(rows)
    # q1 has three labels, q3 too (Paris is not paris): u = (⅓, ⅓, ⅓). Squared errors: q1 0, 2, ⅔, 2; q2 2, 2, ⅔, 0;
    # q3 2, 0, 2, 2.
    assert metric(rows)["error"] == pytest.approx((14 / 3 + 14 / 3 + 6) / 12)


def test_small_letters_are_capital_ones() -> None:
    rows: list[Row] = [
        ("q", e, 0.0, epoch_metadata(kind="answer", epoch=e, answer=a, target="A", classes=2))
        for e, a in enumerate("aAbA", start=1)
    ]
    both(rows)
    assert metric(rows)["accuracy"] == 0.75


def distributions(*rows: list[float], classes: int | None = None) -> list[Row]:
    more = {} if classes is None else {"hm_classes": classes}
    return [
        (
            "q",
            e,
            0.0,
            {"hm_kind": "probabilities", "hm_epoch": e, "hm_probabilities": p, "hm_target": "A"} | more,
        )
        for e, p in enumerate(rows, start=1)
    ]


def test_probabilities_that_sum_to_almost_one() -> None:
    rows = distributions([0.505, 0.505], [0.5, 0.5], [0.6, 0.5])
    both(rows)
    # The third is off by .1 and so unparsed: all three are (½, ½).
    found = metric(rows)
    assert (found["epochs_unparsed"], found["variance"]) == (1, 0)
    assert found["error"] == pytest.approx(0.5)


def test_vectors_of_unequal_length() -> None:
    rows = distributions([0.25, 0.25, 0.5], [1.0, 0.0])
    both(rows)
    # The second is (⅓, ⅓, ⅓): errors 9/16 + 1/16 + 4/16 = 7/8 and ⅔.
    assert metric(rows)["error"] == pytest.approx((7 / 8 + 2 / 3) / 2)


def test_an_epoch_recorded_twice() -> None:
    rows = labels(("q", ["rome", "oslo", "paris"]))
    again = [*rows, ("q", 1, 1.0, {**(rows[0][3] or {}), "hm_answer": "paris"})]
    both(again)
    # paris, oslo, paris: error 2/3.
    assert metric(again)["error"] == pytest.approx(2 / 3)


def test_what_an_epoch_said_before_it_was_recorded_again_has_no_say() -> None:
    # Lists are two of the three epochs that count, though two of the four records.
    first: Row = ("q", 1, "C", {"hm_epoch": 1})
    lists: list[Row] = [("q", 3, [0.0, 1.0], None), ("q", 1, [0.0, 1.0], {"hm_epoch": 1})]
    rows = [first, ("q", 2, "C", None), *lists]
    both(rows)
    found = metric(rows)
    assert (found["epochs_scored_0"], found["accuracy_0"], found["accuracy_1"]) == (2, 0, 1)
    # The only record that names a kind is one of those that do not count.
    said: list[Row] = [
        ("q", 1, "C", {"hm_epoch": 1, "hm_kind": "score"}),
        ("q", 2, "C", {"hm_epoch": 2, "hm_status": "unparsed"}),
        ("q", 1, "I", {"hm_epoch": 1}),
    ]
    both(said)
    assert "epochs_unparsed" not in metric(said)


@pytest.mark.parametrize("twice", [False, True])
@pytest.mark.parametrize("place", range(4))
def test_a_status_counts_whichever_epoch_names_the_kind(place: int, twice: bool) -> None:
    """Also where the log comes in several parts, and the first of them names no kind."""
    rows: list[Row] = [("q", e, "C", {"hm_epoch": e, "hm_status": "unparsed"}) for e in range(1, 5)]
    named: Row = ("q", place + 1, "C", {"hm_epoch": place + 1, "hm_kind": "score"})
    rows[place] = named
    rows += [named] * twice
    both(rows)
    assert metric(rows)["epochs_unparsed"] == 3


@pytest.mark.parametrize("value", ["C", [0.0, 1.0], {"a": 1, "b": 0}])
def test_a_kind_of_none_is_no_kind(value: Any) -> None:
    rows: list[Row] = [
        ("q", e, value, {"hm_kind": None, "hm_epoch": e, "hm_status": "unparsed"}) for e in (1, 2)
    ]
    both(rows)
    unsaid: list[Row] = [(q, e, v, {"hm_epoch": e}) for q, e, v, _ in rows]
    assert metric(rows) == pytest.approx(metric(unsaid), nan_ok=True)


def test_kinds_mixed_in_a_scorer() -> None:
    rows = [*labels(("q", ["paris", "rome"])), ("q", 3, 0.5, {"hm_epoch": 3}), ("q", 4, 1.0, {"hm_epoch": 4})]
    both(rows)
    # By verdict: 1, 0, ½, 1: squared distances 0, 1, ¼, 0.
    assert metric(rows)["error"] == pytest.approx(1.25 / 4)


@pytest.mark.parametrize("values", [[0.0, 1.0, 4.0], [4.0, 4.0, 1.0], [-1.0, 0.5, 0.5]])
def test_scores_outside_the_unit_interval(values: list[float]) -> None:
    both([("q", e, v, None) for e, v in enumerate(values, start=1)])


def test_two_targets_in_one_question() -> None:
    rows = labels(("q", ["paris", "rome", "oslo"]))
    rows[2] = ("q", 3, 1.0, {**(rows[2][3] or {}), "hm_target": "oslo"})
    both(rows)
    assert metric(rows)["epochs_unscored"] == 1


def test_other_numbers_of_tests_in_one_question() -> None:
    def tests(epoch: int, f2p: list[bool]) -> Row:
        return ("q", epoch, 0.0, epoch_metadata(kind="tests", epoch=epoch, f2p=f2p, p2p=[True]))

    rows = [tests(1, [True, False]), tests(2, [True, True]), tests(3, [True])]
    both(rows)
    assert metric(rows)["error"] == 0.25 and metric(rows)["epochs_unscored"] == 1


def nested(dropped: int) -> list[Row]:
    """8 questions, 3 contexts, 2 epochs each; so many epochs of the first question are missing."""
    rows = []
    for q in range(8):
        for e in range(1, 7):
            answer = "ABC"[(q * e + e // 3) % 3]
            entries = epoch_metadata(
                kind="answer", epoch=e, answer=answer, target="A", classes=3, context=(e - 1) // 2
            )
            rows.append((f"q{q}", e, float(answer == "A"), entries))
    return rows[dropped:]


@pytest.mark.parametrize("dropped", [0, 1, 5])
def test_contexts_with_epochs_missing(dropped: int, tmp_path: Path) -> None:
    rows = nested(dropped)
    both(rows)
    path = write_log(rows, tmp_path)
    live, study = metric(rows), read_run(path, "run").decompose()
    # The studies read the same log by the same rule, whether an epoch is missing or not.
    for name in TERMS:
        assert study.mean(name) == pytest.approx(live[name], abs=1e-12)  # type: ignore[arg-type]
    assert "between_context" in live


# Random scores of every kind, and what is none

junk = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(-(2**40), 2**40),
        st.floats(),
        st.sampled_from(["", "x", "C", "é", "../.."]),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.sampled_from("ab"), inner, max_size=2)
    ),
    max_leaves=4,
)
labelled = st.fixed_dictionaries(
    {
        "hm_kind": st.just("answer"),
        "hm_answer": st.sampled_from(["A", "b", "B", "C", "", " ", "Oslo", "oslo"]),
    },
    optional={
        "hm_target": st.sampled_from(["A", "a", "Oslo", ""]),
        "hm_classes": st.sampled_from([2, 3, 4, 0, "4"]),
    },
)
likely = st.fixed_dictionaries(
    {
        "hm_kind": st.just("probabilities"),
        "hm_probabilities": st.sampled_from(
            [
                [0.5, 0.5],
                [0.2, 0.8],
                [0.495, 0.495],
                [0.9, 0.9],
                [0.2, 0.3, 0.5],
                [1.0],
                [],
                None,
                [-0.5, 1.5],
                ["x"],
            ]
        ),
        "hm_target": st.sampled_from(["A", "B", "C", "Z", "yes", ""]),
    },
    optional={"hm_classes": st.sampled_from([2, 3, None])},
)
tested = st.builds(
    lambda f2p, p2p, broken: epoch_metadata(kind="tests", epoch=1, f2p=f2p, p2p=p2p) | broken,
    st.lists(st.booleans(), min_size=2, max_size=3),
    st.lists(st.booleans(), min_size=2, max_size=2),
    st.sampled_from([{}, {}, {}, {"hm_tests": "zz"}, {"hm_f2p": 9}, {"hm_p2p": "2"}, {"hm_masked": "8"}]),
)
said = st.sampled_from([[1.0, 0.0], [0.0, 1.0], [0.5, 0.5], [1.0, 0.0, 0.0], None]).map(
    lambda vector: {
        "hm_kind": "text",
        **({"hm_status": "unparsed"} if vector is None else encode_embedding(vector)),
    }
)
pointed = st.fixed_dictionaries(
    {"hm_kind": st.just("point")}, optional={"hm_goal": st.sampled_from([[0.0, 0.0], [1.0, 0.0], [0.0], "x"])}
)
plain = st.one_of(st.none(), st.just({}), st.just({"hm_kind": "score"}))
context = st.sampled_from([{}, {}, {"hm_context": 1}, {"hm_context": "two"}])
statuses = st.sampled_from(
    [{}, {}, {}, {"hm_status": "ok"}, {"hm_status": "unparsed"}, {"hm_status": "limit"}]
)
broken = st.dictionaries(
    st.sampled_from(["hm_kind", "hm_answer", "hm_target", "hm_probabilities", "hm_status", "hm_classes"]),
    junk,
    max_size=1,
)
values = st.one_of(
    st.sampled_from(["C", "I", "P", "N", "yes", 0, 1, 0.5, True, "0.25", math.nan, math.inf, "?", 4.0, -1]),
    st.sampled_from(
        [[0.0, 1.0], [1.0, 0.0], [1.0], {"a": 1}, {"a": 1, "b": 0}, {"a": "I", "b": None}, {}, []]
    ),
)


def one_kind(entries: st.SearchStrategy[Any]) -> st.SearchStrategy[list[tuple[str, Any, Any, Any, Any, Any]]]:
    """Scores of one kind for the most part, with a few of any other."""
    odd = st.one_of(labelled, likely, tested, plain, said, pointed)
    mixed = st.one_of(entries, entries, entries, entries, odd)
    rows = st.tuples(
        st.sampled_from("qrs"), values, mixed, context, statuses, broken | st.just({}) | st.just({})
    )
    return st.lists(rows, min_size=1, max_size=14)


def as_rows(drawn: list[tuple[str, Any, Any, Any, Any, Any]], twice: bool) -> list[Row]:
    """Scores with their epoch numbers; if wanted, the first comes again at the end."""
    rows: list[Row] = []
    for question, value, entries, shared, status, odd in drawn:
        epoch = 1 + sum(row[0] == question for row in rows)
        merged = None if entries is None else {**shared, **status, **entries, **odd, "hm_epoch": epoch}
        rows.append((question, epoch, value, merged))
    if twice and rows[0][3] is not None and len(rows) > 1:
        rows.append((rows[0][0], rows[0][1], rows[-1][2], rows[0][3]))
    return rows


KINDS = {
    "answer": labelled,
    "probabilities": likely,
    "tests": tested,
    "score": plain,
    "text": said,
    "point": pointed,
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("unparsed", ["uniform", "class", "drop"])
def test_random_scores(kind: str, unparsed: str) -> None:
    @settings(max_examples=25, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
    @given(one_kind(KINDS[kind]), st.booleans())
    def agree(drawn: list[tuple[str, Any, Any, Any, Any, Any]], twice: bool) -> None:
        both(as_rows(drawn, twice), unparsed=unparsed)

    agree()


def test_the_json_of_the_command_holds_the_same_numbers(tmp_path: Path) -> None:
    from click.testing import CliRunner

    from hotmess_inspect.cli import main

    rows = nested(1)
    path = write_log(rows, tmp_path)
    result = CliRunner().invoke(main, ["analyze", path, "--loss", "brier", "--json"])
    (group,) = json.loads(result.stdout)["groups"]
    live = metric(rows)
    for name in (*TERMS, "accuracy", "epochs_scored"):
        assert group[name] == pytest.approx(live[name], abs=1e-12)
