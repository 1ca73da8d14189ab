"""The finding in words: what it says of worlds whose bias and variance are plain."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from hotmess_inspect.demo import demo_log
from hotmess_inspect.io.logs import read_inputs
from hotmess_inspect.results.analyze import GroupResult, Options, analyze
from hotmess_inspect.results.verdict import about_kl, split_in_words, verdict
from hotmess_inspect.table import outcomes_from_arrays


def table(answers: Sequence[Sequence[str]], **columns: object) -> list[GroupResult]:
    questions = [f"q{i:03}" for i, row in enumerate(answers) for _ in row]
    epochs = [e + 1 for row in answers for e, _ in enumerate(row)]
    flat = [a for row in answers for a in row]
    outcomes = outcomes_from_arrays(
        question=questions,
        epoch=epochs,
        answer=flat,
        target=["A"] * len(flat),
        task="quiz",
        model="m",
        **columns,
    )
    return analyze(outcomes)[0]


def world(share_varying: float, questions: int = 120, epochs: int = 6) -> GroupResult:
    """Questions that are always wrong with B, and others that are wrong half of the time."""
    rng = np.random.default_rng(0)
    rows = []
    for q in range(questions):
        varying = q < share_varying * questions
        rows.append(["AB"[int(rng.random() < 0.5)] if varying else "B" for _ in range(epochs)])
    return table(rows)[0]


def test_mostly_bias_and_mostly_variance_and_neither() -> None:
    same = world(0.1)
    share = f"{100 * same.decomposition.incoherence:.0f} %"
    mends = f": averaging any number of tries would mend at most the {share} that is variance."
    assert verdict(same).finding.endswith(f"Most of the error is bias{mends}")
    # Questions right half of the time have incoherence 1/2 each, so more than half takes three choices to spread over.
    rng = np.random.default_rng(1)
    spread = table([list(rng.choice(list("AABCD"), 8)) for _ in range(150)])[0]
    assert "Most of the error is variance" in verdict(spread).finding
    assert "cannot be told" in verdict(world(1.0, questions=12, epochs=3)).finding


def test_what_averaging_mends_is_what_is_said_of_it() -> None:
    """The mean of many epochs of a new run errs by bias² alone: the share that it mends is the incoherence."""
    result = world(0.4, questions=200, epochs=40)
    d = result.decomposition
    of_mean = np.nanmean(np.square(result.questions.predictions.mean(axis=1) - np.eye(2)[0]).sum(axis=1))
    assert 1 - of_mean / d.mean("error") == pytest.approx(d.incoherence, abs=0.02)
    assert f"at most the {100 * d.incoherence:.0f} %" in verdict(result).finding


def test_few_questions_make_no_claim_of_the_larger_part() -> None:
    few = verdict(world(0.4, questions=12, epochs=4))
    assert "The interval lies below one half, which speaks for bias" in few.finding
    assert "Most of" not in few.finding


_LOOSE = [["A", "B", "A", "B"], ["B", "B", "A", "B"], ["B"] * 4, ["A", "A", "A", "B"]]
_SAME = [["A", "B", "A", "B"], ["B", "A", "B", "A"], ["A", "B", "B", "A"], ["B", "B", "A", "A"]]
_NEARLY = [["A", "B"] * 20 + ["A"], ["A", "B"] * 20 + ["B"], ["B", "A"] * 20 + ["A"]]


@pytest.mark.parametrize(
    ("rows", "columns", "why"),
    [
        # (Σn)²/Σn² of clusters of 40 and 1 questions: 1681/1601.
        (
            _LOOSE * 10 + [["B"] * 4],
            {"cluster": ["a"] * 160 + ["b"] * 4},
            "too few clusters of questions to say how certain that is (2, as good as 1.0 equal ones)",
        ),
        # Errors 2 Σ wrong/4 in one of three clusters.
        (
            _LOOSE * 3 + [["A"] * 4] * 24,
            {"cluster": ["a"] * 48 + ["b"] * 48 + ["c"] * 48},
            "too few clusters of questions err to say how certain that is (1, as good as 1.0 of equal weight)",
        ),
        # Errors of 1½ and ½: 4/2.5 = 1.6 equal ones.
        (
            [["B", "B", "B", "A"], ["A", "A", "A", "B"]] + [["A"] * 4] * 20,
            {},
            "too few questions err to say how certain that is (2, as good as 1.6 of equal weight)",
        ),
        ([["B"] * 4] * 12, {}, "all questions that err have no variance"),
        (_SAME * 10, {}, "all questions that err have the same share of variance"),
        (_NEARLY, {}, "err to say how certain that is (3, as good as 3.0 of equal weight), and their shares"),
        # Two contexts that all questions share: without one of them no question has two.
        (
            _LOOSE * 10,
            {"context": [0, 0, 1, 1] * 40},
            "without one of the 2 few-shot contexts that the questions share",
        ),
    ],
)
def test_the_reason_for_a_missing_interval_is_the_one_that_made_it_undefined(
    rows: list[list[str]], columns: dict[str, list[object]], why: str
) -> None:
    result = table(rows, **columns)[0]
    assert np.isnan(result.incoherence_ci).all() and not np.isnan(result.decomposition.incoherence)
    note = result.as_json()["incoherence_note"]
    assert why in note and verdict(result).finding.endswith(f"but {note}.")
    # Where it is defined there is no reason.
    told = table(_LOOSE * 10)[0]
    assert told.as_json()["incoherence_note"] is None and not np.isnan(told.incoherence_ci).any()


def test_the_numbers_in_the_sentence_are_those_of_the_decomposition() -> None:
    result = world(0.5)
    d = result.decomposition
    low, high = result.incoherence_ci
    said = verdict(result)
    assert f"{100 * d.incoherence:.0f} % is variance" in said.finding
    assert f"95 % interval {100 * low:.0f} % to {100 * high:.0f} %" in said.finding
    assert (
        f"error {d.mean('error'):.3f} = bias² {d.mean('bias_squared'):.3f} + variance {d.mean('variance'):.3f}"
        in said.finding
    )
    assert (
        said.measured.startswith("quiz · m: Brier error")
        and "120 questions with 6 epochs each" in said.measured
    )


def test_without_an_error_or_with_one_epoch_nothing_is_claimed() -> None:
    right = verdict(table([["A"] * 4] * 5)[0])
    assert right.finding.startswith("No share of variance can be given:")
    once = verdict(table([["B"], ["A"]])[0])
    assert once.finding.startswith("No share of variance can be given:")
    assert once.next_steps == (
        "Run every question at least twice (--epochs 5 or more): one epoch has no variance.",
    )


def test_few_erring_questions_are_a_caution_and_the_first_question_to_read_is_named() -> None:
    rows = [["A"] * 6] * 40 + [["A", "B", "C", "B", "A", "B"]] + [["B"] * 6] * 3
    said = verdict(table(rows)[0])
    assert "Only 4 questions have any error: intervals from so few are rough." in said.cautions
    assert said.next_steps[0] == "Read the epochs of question q040 first: it varies most."


def test_what_a_wrong_letter_costs_in_kl_is_said_of_letters_alone() -> None:
    result = world(0.5)
    (kl,) = analyze(result.group.outcomes, Options(losses=("kl",)))[0]
    cost = kl.decomposition.mean("error") / (1 - kl.accuracy)
    assert cost == pytest.approx(27.631, abs=1e-3)
    assert f"a wrong letter costs {cost:.1f} nats" in about_kl([result, kl])
    assert about_kl([result]) == ""
    stated = outcomes_from_arrays(
        question=["q0", "q0", "q1", "q1"],
        epoch=[1, 2, 1, 2],
        probabilities=[[0.5, 0.5], [0.25, 0.75], [0.5, 0.5], [0.75, 0.25]],
        target=["A"] * 4,
    )
    assert about_kl(analyze(stated)[0]) == ""


@pytest.mark.parametrize("loss", ["kl", "zero_one"])
def test_other_losses_have_their_own_words(loss: str) -> None:
    result = world(0.5)
    (other,) = analyze(result.group.outcomes, Options(losses=(loss,)))[0]  # type: ignore[arg-type]
    said = verdict(other)
    assert ("nats" in said.measured) if loss == "kl" else ("do not add over questions" in said.finding)


@pytest.mark.parametrize(
    ("terms", "said"),
    [
        ((0.5421, 0.3, 0.2421), "error 0.542 = bias² 0.300 + variance 0.242"),
        ((12.5, 12.0, 0.5), "error 12.500 = bias² 12.000 + variance 0.500"),
        ((0.0, 0.0, 0.0), "error 0.000 = bias² 0.000 + variance 0.000"),
        ((0.00123, -0.0000001, 0.0012301), "error 0.00123 = bias² 0.00000 + variance 0.00123"),
    ],
)
def test_the_terms_of_one_sentence_have_as_many_decimals(
    terms: tuple[float, float, float], said: str
) -> None:
    assert split_in_words(*terms) == said


def test_questions_are_asked_for_only_where_the_interval_leaves_something_open() -> None:
    decided, open_still = world(0.4, questions=12, epochs=4), world(1.0, questions=12, epochs=3)
    for result, wanted in ((decided, False), (open_still, True)):
        low, high = result.incoherence_ci
        assert high - low > 0.2 and (low <= 0.5 <= high) is wanted
        assert any("Add questions" in step for step in verdict(result).next_steps) is wanted


def test_what_resolved_says_stands_beside_the_finding_about_tests(tmp_path: Path) -> None:
    """The demo's tests leave open what its issues decide: both are said, with the numbers of both groups."""
    log = tmp_path / "demo.eval"
    log.write_bytes(demo_log())
    results = analyze(read_inputs([str(log)]).outcomes)[0]
    by_measure = {r.group.measure: r for r in results}
    said = verdict(by_measure["f2p"], (), results).finding
    resolved = by_measure["resolved"]
    low, high = resolved.incoherence_ci
    assert high < 0.5 < by_measure["f2p"].incoherence_ci[1]
    assert said.endswith(
        f"Of issues resolved or not (resolved), {100 * resolved.decomposition.incoherence:.0f} % of the error is variance "
        f"(95 % interval {100 * low:.0f} % to {100 * high:.0f} %): there the interval lies below one half."
    )
    assert "(resolved)" not in verdict(resolved, (), results).finding
