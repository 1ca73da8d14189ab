"""The accuracy-matched range by hand and against rearranged distractors; concentration; failures."""

import csv
from itertools import combinations, permutations, product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hotmess_inspect import decompose
from hotmess_inspect.analyses.nulls import (
    accuracy_matched_range,
    failure_shares,
    wrong_answer_concentration,
)

from .worlds import letters, shuffled


def counts_to_predictions(*rows):
    return np.stack([np.repeat(np.eye(4), row, axis=0) for row in rows])


@pytest.mark.parametrize(
    ("row", "observed", "low", "position"),
    [
        # Gold first, R = 30, p = 0.4, w = 0.6, error 1.2. All alike: V = 1 - 0.16 - 0.36 = 0.48;
        # 6, 6, 6: V = 1 - 0.16 - 3·0.04 = 0.72.
        ((12, 18, 0, 0), 0.4, 0.4, 0.0),
        ((12, 6, 6, 6), 0.6, 0.4, None),
        # No right answer: all alike has no variance.
        ((0, 15, 15, 0), 0.25, 0.0, None),
    ],
)
def test_hand_computed_plugin_range(row, observed, low, position):
    found = accuracy_matched_range(
        counts_to_predictions(row), np.zeros(1, int), estimator="plugin", resamples=5
    )
    assert found.observed.value == pytest.approx(observed)
    assert found.low.value == pytest.approx(low)
    assert found.excess.value == pytest.approx(observed - low)
    # Expected plug-in variance with each wrong answer on a random distractor:
    # 1 - p² - (n_w + n_w(n_w - 1)/3)/R²
    wrong = sum(row[1:])
    high = 1 - (row[0] / 30) ** 2 - (wrong + wrong * (wrong - 1) / 3) / 900
    assert found.high.value == pytest.approx(high / (2 * wrong / 30))
    if position is not None:
        assert found.position.value == pytest.approx(position, abs=1e-12)


def test_unbiased_ends_by_hand():
    # R = 4: one right, three wrong on three distractors: no pair agrees, V = 1; error 1.5.
    predictions = counts_to_predictions((1, 1, 1, 1))
    found = accuracy_matched_range(predictions, np.zeros(1, int), resamples=5)
    assert found.observed.value == pytest.approx(1 / 1.5)
    # All alike: 6 of 12 ordered pairs agree; at random a third of them do.
    assert found.low.value == pytest.approx(0.5 / 1.5)
    assert found.high.value == pytest.approx((1 - 2 / 12) / 1.5)
    # By chance the three wrong answers are spread more evenly than at random: beyond the range.
    assert found.position.value == pytest.approx(0.5 / (1 / 3))


@pytest.mark.parametrize("estimator", ["plugin", "unbiased"])
@pytest.mark.parametrize("seed", range(3))
def test_ends_equal_all_rearrangements(seed, estimator):
    """Every renaming of the distractors in every epoch: the least and the mean variance."""
    rng = np.random.default_rng(seed)
    predictions = rng.dirichlet(np.ones(4), (1, 3))
    variances = []
    for orders in product(permutations((1, 2, 3)), repeat=3):
        renamed = np.stack([row[[0, *order]] for row, order in zip(predictions[0], orders, strict=True)])[
            None
        ]
        part = decompose(renamed, np.zeros(1, int), estimator=estimator)
        assert part.error[0] == pytest.approx(decompose(predictions, np.zeros(1, int)).error[0])
        variances.append(part.variance[0])
    found = accuracy_matched_range(predictions, np.zeros(1, int), estimator=estimator, resamples=5)
    error = part.error[0]
    assert found.low.value == pytest.approx(min(variances) / error, rel=1e-9)
    assert found.high.value == pytest.approx(np.mean(variances) / error, rel=1e-9)


def test_position_tells_alike_from_even():
    rng = np.random.default_rng(0)
    right = rng.random((400, 10)) < 0.4
    target = np.zeros(400, int)
    alike = np.eye(4)[np.where(right, 0, 2)]
    even = np.eye(4)[np.where(right, 0, rng.integers(1, 4, (400, 10)))]
    for predictions, position in ((alike, 0.0), (even, 1.0)):
        found = accuracy_matched_range(predictions, target)
        assert found.position.value == pytest.approx(position, abs=0.02)
        if position:
            assert found.position.interval.low <= position <= found.position.interval.high
    # All alike in every question: nothing varies that an interval could rest on.
    whole_alike = accuracy_matched_range(alike, target)
    assert whole_alike.excess.value == whole_alike.position.value == 0
    assert np.isnan([*whole_alike.excess.interval, *whole_alike.position.interval]).all()
    assert accuracy_matched_range(alike, target).low.value == pytest.approx(
        accuracy_matched_range(even, target).low.value
    )


@given(seed=st.integers(0, 2**32 - 1))
@settings(max_examples=20, deadline=None)
def test_metamorphic_rules_of_the_range(seed):
    rng = np.random.default_rng(seed)
    predictions, target = letters(rng, questions=9, epochs=6, missing=0.1)
    before = accuracy_matched_range(predictions, target, resamples=20)
    (moved,), rows = shuffled(rng, predictions)
    assert repr(accuracy_matched_range(moved, target[rows], resamples=20)) == repr(before)

    names = rng.permutation(4)
    renamed = accuracy_matched_range(predictions[:, :, np.argsort(names)], names[target], resamples=2)
    doubled = accuracy_matched_range(np.repeat(predictions, 2, 0), np.repeat(target, 2), resamples=2)
    for after in (renamed, doubled):
        for name in ("observed", "low", "high", "excess", "position"):
            assert getattr(after, name).value == pytest.approx(getattr(before, name).value, nan_ok=True)
    plugin = accuracy_matched_range(predictions, target, estimator="plugin", resamples=2)
    assert plugin.low.value <= plugin.observed.value + 1e-12 and plugin.low.value <= plugin.high.value + 1e-12


def test_two_classes_leave_no_room():
    predictions = np.eye(2)[np.array([[0, 1, 1], [1, 1, 0]])]
    found = accuracy_matched_range(predictions, np.zeros(2, int))
    assert found.low.value == pytest.approx(found.observed.value)
    assert found.high.value == pytest.approx(found.observed.value)
    assert np.isnan([found.position.value, *found.position.interval]).all()


def test_no_error_has_no_range():
    found = accuracy_matched_range(counts_to_predictions((5, 0, 0, 0)), np.zeros(1, int))
    assert np.isnan([found.observed.value, found.excess.value, *found.low.interval]).all()
    assert "any error" in found.note


def test_concentration_by_hand():
    predictions = counts_to_predictions((2, 4, 0, 0), (2, 2, 2, 0), (5, 1, 0, 0), (6, 0, 0, 0))
    plugin = wrong_answer_concentration(predictions, np.zeros(4, int), estimator="plugin")
    assert plugin.per_question == pytest.approx([1, 0.5, 1, np.nan], nan_ok=True)
    assert plugin.value == pytest.approx(2.5 / 3)
    assert (plugin.questions, plugin.too_few_wrong_questions) == (3, 1)
    assert plugin.even == pytest.approx(1 / 3)
    unbiased = wrong_answer_concentration(predictions, np.zeros(4, int))
    # 2·(2·1)/(4·3) = 1/3: two of six pairs agree
    assert unbiased.per_question == pytest.approx([1, 1 / 3, np.nan, np.nan], nan_ok=True)
    assert (unbiased.questions, unbiased.too_few_wrong_questions) == (2, 2)


def test_unbiased_concentration_is():
    rng = np.random.default_rng(1)
    answers = rng.choice(3, p=[0.6, 0.3, 0.1], size=(4000, 4)) + 1
    found = {
        estimator: wrong_answer_concentration(
            np.eye(4)[answers], np.zeros(4000, int), estimator=estimator
        ).value
        for estimator in ("plugin", "unbiased")
    }
    # Σq² = 0.36 + 0.09 + 0.01 = 0.46; the plug-in adds (1 - 0.46)/4
    assert found["unbiased"] == pytest.approx(0.46, abs=0.01)
    assert found["plugin"] == pytest.approx(0.46 + 0.135, abs=0.01)


def test_failure_shares_by_hand():
    predictions = counts_to_predictions((4, 0, 0, 0), (1, 3, 0, 0), (0, 4, 0, 0), (0, 2, 1, 1), (0, 0, 4, 0))
    predictions[4, 1:] = np.nan
    predictions[3, 3] = 0.25
    found = failure_shares(predictions, np.zeros(5, int))
    assert found.always_right.value == 0.25
    assert found.sometimes_right.value == 0.25
    assert found.always_wrong.value == 0.5
    assert found.unanimous_failures.value == 0.25
    assert found.unanimous_failures.questions == 4
    # Most frequent shares 1, 3/4, 1, 2/4: the uniform epoch answers nothing, and is an epoch all the same
    assert found.modal_share.value == pytest.approx((1 + 0.75 + 1 + 2 / 4) / 4)
    assert (found.single_epoch_questions, found.no_answer_epochs) == (1, 1)


@given(seed=st.integers(0, 2**32 - 1))
@settings(max_examples=20, deadline=None)
def test_shares_ignore_order_and_names(seed):
    rng = np.random.default_rng(seed)
    predictions, target = letters(rng, questions=9, epochs=5, missing=0.2)
    (moved,), rows = shuffled(rng, predictions)
    names = rng.permutation(4)
    renamed = predictions[:, :, np.argsort(names)]
    for analysis in (failure_shares, wrong_answer_concentration):

        def numbers(result):
            return repr({k: v for k, v in vars(result).items() if k != "per_question"})

        before = numbers(analysis(predictions, target, resamples=20))
        assert numbers(analysis(moved, target[rows], resamples=20)) == before
        assert numbers(analysis(renamed, names[target], resamples=20)) == before


def test_bad_arguments():
    predictions = counts_to_predictions((1, 1, 0, 0))
    with pytest.raises(ValueError, match="estimator='jackknife'"):
        wrong_answer_concentration(predictions, np.zeros(1, int), estimator="jackknife")
    with pytest.raises(ValueError, match="target of question 0 is 7"):
        failure_shares(predictions, np.array([7]))
    with pytest.raises(ValueError, match="clusters has 2 labels"):
        accuracy_matched_range(predictions, np.zeros(1, int), clusters=["a", "b"])


@pytest.mark.shared
def test_real_answers_against_loops(shared_data):
    """Letters of a real model: incoherence as published beside the data, failures counted row by row."""
    with (shared_data / "answers" / "deepseek-v3.csv").open() as file:
        rows = list(csv.DictReader(file))
    grouped: dict[str, list[dict[str, str]]] = {}
    for row in rows:
        grouped.setdefault(row["question_id"], []).append(row)
    predictions = np.full((len(grouped), 5, 4), 0.25)
    target = np.zeros(len(grouped), int)
    unanimous, never, agreeing = 0, 0, []
    for place, answers in enumerate(grouped.values()):
        gold = answers[0]["target"]
        target[place] = "ABCD".index(gold)
        for epoch, row in enumerate(answers):
            if row["answer"]:
                predictions[place, epoch] = np.eye(4)["ABCD".index(row["answer"])]
        given = [row["answer"] for row in answers if row["answer"]]
        never += gold not in given
        unanimous += gold not in given and len(set(given)) == 1
        wrong = [letter for letter in given if letter != gold]
        pairs = list(combinations(wrong, 2))
        agreeing += [np.mean([a == b for a, b in pairs])] if pairs else []

    found = accuracy_matched_range(predictions, target)
    assert found.observed.value == pytest.approx(0.4275, abs=5e-5)
    assert found.low.value < found.observed.value < found.high.value
    shares = failure_shares(predictions, target)
    assert shares.unanimous_failures.value == pytest.approx(unanimous / 398)
    assert shares.always_wrong.value == pytest.approx(never / 398)
    concentration = wrong_answer_concentration(predictions, target)
    assert concentration.value == pytest.approx(np.mean(agreeing))
    assert concentration.questions == len(agreeing)


def test_each_question_has_its_own_number_of_distractors():
    # 180 questions of two choices and 20 of ten, wrong answers spread evenly over what there is.
    rng = np.random.default_rng(0)
    counts = np.repeat([2, 10], [180, 20])
    right = rng.random((200, 20)) < 0.6
    answers = np.where(right, 0, rng.integers(1, counts[:, None], (200, 20)))
    predictions, target = np.eye(10)[answers], np.zeros(200, int)
    found = accuracy_matched_range(predictions, target, class_counts=counts)
    assert found.position.value == pytest.approx(1, abs=0.05)
    assert found.high.value == pytest.approx(found.observed.value, abs=0.01)
    # With two choices both ends are one: V = 1 - p² - w², E = 2w per question, by pairs of epochs.
    two = accuracy_matched_range(predictions[:180], target[:180], class_counts=counts[:180])
    assert two.low.value == two.high.value
    assert two.observed.value == pytest.approx(two.low.value) and np.isnan(two.position.value)
    # The widest question's nine distractors for all would put these models far below the upper end.
    assert accuracy_matched_range(predictions, target).position.value < 0.2


def test_open_labels_have_no_upper_end():
    predictions, target = counts_to_predictions((1, 3, 0, 0), (2, 1, 1, 0)), np.zeros(2, int)
    counts = np.array([0, 0])
    found = accuracy_matched_range(predictions, target, class_counts=counts, resamples=20)
    assert np.isnan(found.high.value) and np.isnan(found.position.value)
    assert found.high_note == "no upper end: the number of possible answers of 2 of 2 questions is not known"
    known = accuracy_matched_range(predictions, target, resamples=20)
    assert repr((found.low, found.excess, found.observed)) == repr((known.low, known.excess, known.observed))


@pytest.mark.parametrize("counts", [[1, 3], [-1, 3], [3, 5], [3]])
def test_impossible_numbers_of_classes(counts):
    predictions = counts_to_predictions((1, 3, 0, 0), (2, 1, 1, 0))
    with pytest.raises(ValueError, match="class_counts"):
        accuracy_matched_range(predictions, np.zeros(2, int), class_counts=counts)


def test_unparsed_epochs_are_not_right():
    # One in five epochs answers, rightly; the others give no answer (uniform). Nothing is always right.
    predictions = np.full((10, 5, 2), 0.5)
    predictions[:, 0] = [1, 0]
    found = failure_shares(predictions, np.zeros(10, int))
    assert (found.always_right.value, found.sometimes_right.value, found.always_wrong.value) == (0, 1, 0)
    assert found.modal_share.value == pytest.approx(0.2)
    assert found.no_answer_epochs == 40
    # A missing epoch is another matter: it is not there.
    predictions[:, 1:] = np.nan
    predictions[:, 1] = [1, 0]
    assert failure_shares(predictions, np.zeros(10, int)).always_right.value == 1
