"""Answer changes against hand counts and a loop over pairs; words of hesitation."""

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hotmess_inspect.analyses.answers import answer_changes, top_answers, wait_ratio

from .worlds import shuffled

CONTEXTS = np.array([[0, 0, 0, 1, 1, 1]] * 4)
ANSWERS = np.array(
    [
        [2, 2, 2, 2, 2, 2],  # never changes
        [2, 2, 1, 2, 2, 2],  # within a context only
        [2, 2, 2, 1, 1, 1],  # with the context only
        [2, 2, 1, 1, 1, 2],  # both
    ]
)


def test_hand_counted_shares():
    changes = answer_changes(ANSWERS, CONTEXTS)
    assert changes.resampling.value == 0.5
    assert changes.context.value == 0.5
    assert changes.both.value == 0.25
    assert changes.either.value == 0.75
    assert changes.resampling.questions == 4
    # Pairs that differ within contexts: 0, 2 of 6, 0, 4 of 6; across: 0, 3 of 9, 9 of 9, 5 of 9
    assert changes.resampling_rate.value == pytest.approx((0 + 2 / 6 + 0 + 4 / 6) / 4)
    assert changes.context_rate.value == pytest.approx((0 + 3 / 9 + 1 + 5 / 9) / 4)


def test_the_papers_three_numbers():
    # 3 questions, 10 contexts of 3 samples; one sample of one question differs.
    answers = np.ones((3, 30), int)
    answers[1, 4] = 2
    contexts = np.tile(np.repeat(np.arange(10), 3), (3, 1))
    changes = answer_changes(answers, contexts)
    assert [round(value, 2) for value in changes.in_per_cent] == [3.33, 0.0, 33.33]
    # Another context's majority: every context keeps its answer, and every question changes.
    answers = np.where(contexts == 7, 2, 1)
    assert answer_changes(answers, contexts).in_per_cent == (0.0, 100.0, 100.0)


def test_one_context_each_is_a_share_of_questions():
    # Three of four questions change: Wilson's interval, inside [0, 1] and not empty at an end.
    changes = answer_changes([[1, 2], [1, 2], [1, 2], [3, 3]])
    assert changes.within_a_context == changes.resampling
    several = answer_changes(ANSWERS, CONTEXTS)
    # 0, 1 of 2, 0 and 2 of 2 contexts change.
    assert several.within_a_context.value == 0.375
    assert 0 <= several.within_a_context.interval.low < 0.375 < several.within_a_context.interval.high <= 1


def test_clusters_widen_the_intervals():
    rng = np.random.default_rng(5)
    kept = rng.integers(0, 2, 12)
    answers = np.repeat(kept, 10)[:, None] * rng.integers(0, 3, (120, 4))
    clusters = np.repeat(np.arange(12), 10)
    alone, together = (answer_changes(answers, clusters=c) for c in (None, clusters))
    for name in ("either", "resampling_rate", "within_a_context"):
        one, other = (getattr(found, name) for found in (alone, together))
        assert one.value == other.value
        assert np.ptp(other.interval) > 1.5 * np.ptp(one.interval)
    with pytest.raises(ValueError, match="clusters has 2 labels; there are 120 questions"):
        answer_changes(answers, clusters=[0, 1])


def test_wilson_interval_by_hand():
    # 2 of 4, z = 1.96: middle (0.5 + z²/8)/(1 + z²/4), reach z/(1 + z²/4)·√(1/16 + z²/64)
    z = 1.959963984540054
    reach = z / (1 + z * z / 4) * np.sqrt(1 / 16 + z * z / 64)
    # Contexts of each question's own: shared ones would widen it.
    own = CONTEXTS + 10 * np.arange(len(CONTEXTS))[:, None]
    interval = answer_changes(ANSWERS, own).resampling.interval
    assert interval == pytest.approx((0.5 - reach, 0.5 + reach))


def test_a_share_of_nothing_still_has_an_upper_end():
    never = answer_changes(np.full((20, 3), 1)).resampling
    assert never.value == 0 and never.interval.low == 0
    assert 0.1 < never.interval.high < 0.2


def test_tied_majorities_are_a_change_only_without_a_shared_answer():
    contexts = np.array([[0, 0, 1, 1]])
    assert answer_changes([[1, 2, 2, 3]], contexts).context.value == 0.0
    assert answer_changes([[1, 2, 3, 4]], contexts).context.value == 1.0


def test_what_cannot_tell_is_left_out():
    changes = answer_changes([[1, -1], [1, 2], [-1, -1]])
    assert changes.resampling.questions == 1 and changes.resampling.value == 1.0
    assert changes.context.questions == 0 and np.isnan(changes.context.value)
    assert np.isnan(changes.both.interval).all()
    assert changes.no_answer_epochs == 3
    assert np.isnan(answer_changes(np.zeros((0, 0), int)).either.value)


def naive(answers, contexts):
    totals = {"resampling": [], "context": [], "either": [], "within": [], "across": []}
    for row, groups in zip(answers.tolist(), contexts.tolist(), strict=True):
        given = [(a, c) for a, c in zip(row, groups, strict=True) if a != -1]
        per = {c: [a for a, other in given if other == c] for _, c in given}
        pairs = list(combinations(given, 2))
        within = [a != b for (a, c), (b, d) in pairs if c == d]
        across = [a != b for (a, c), (b, d) in pairs if c != d]
        if within:
            totals["resampling"].append(any(within))
            totals["within"].append(np.mean(within))
        if across:
            modes = [
                {a for a in part if part.count(a) == max(map(part.count, part))} for part in per.values()
            ]
            totals["context"].append(not set.intersection(*modes))
            totals["across"].append(np.mean(across))
        if within or across:
            totals["either"].append(any(within + across))
    return {name: np.mean(values) if values else np.nan for name, values in totals.items()}


@given(seed=st.integers(0, 2**32 - 1))
@settings(max_examples=40, deadline=None)
def test_equals_a_loop_over_pairs(seed):
    rng = np.random.default_rng(seed)
    answers = rng.integers(-1, 3, (6, 7))
    contexts = rng.integers(0, 3, (6, 7))
    changes = answer_changes(answers, contexts, resamples=5)
    expected = naive(answers, contexts)
    found = {
        "resampling": changes.resampling.value,
        "context": changes.context.value,
        "either": changes.either.value,
        "within": changes.resampling_rate.value,
        "across": changes.context_rate.value,
    }
    assert found == pytest.approx(expected, nan_ok=True)


@given(seed=st.integers(0, 2**32 - 1))
@settings(max_examples=20, deadline=None)
def test_order_and_names_change_no_bit(seed):
    rng = np.random.default_rng(seed)
    answers = rng.integers(-1, 3, (8, 6))
    contexts = rng.integers(0, 3, (8, 6))
    (moved, moved_contexts), _ = shuffled(rng, answers[:, :, None], contexts)
    names = np.array([5, 900, 17, -1])  # the last for "no answer"
    before = repr(answer_changes(answers, contexts, resamples=20))
    assert repr(answer_changes(moved[:, :, 0], moved_contexts, resamples=20)) == before
    assert repr(answer_changes(names[answers], contexts + 3, resamples=20)) == before


def test_top_answers():
    predictions = np.array([[[0.2, 0.8, 0], [0.5, 0.5, 0], [1 / 3, 1 / 3, 1 / 3], [np.nan] * 3]])
    assert top_answers(predictions).tolist() == [[1, -1, -1, -1]]


def test_bad_answers():
    with pytest.raises(ValueError, match=r"answers must have the axes \(questions, epochs\)"):
        answer_changes([1, 2])
    with pytest.raises(ValueError, match="answers must hold integers"):
        answer_changes([[1.5, 2]])
    with pytest.raises(ValueError, match="contexts must have"):
        answer_changes([[1, 2]], [[0]])


def test_wait_ratio():
    texts = ["Wait, no. Wait! waiting Waiting", "so be it", "", None]
    ratio = wait_ratio(texts)
    # Two of five words; none of three; nothing to divide; nothing there
    assert ratio.counts == pytest.approx([2, 0, 0, np.nan], nan_ok=True)
    assert ratio.ratios == pytest.approx([0.4, 0, np.nan, np.nan], nan_ok=True)
    assert ratio.mean == pytest.approx(0.2)
    assert ratio.undefined == 2


def test_wait_ratio_per_token_and_other_words():
    ratio = wait_ratio(["Hmm. Wait", "Hmm Hmm"], [100, np.nan], word="Hmm")
    assert ratio.ratios == pytest.approx([0.01, np.nan], nan_ok=True)
    with pytest.raises(ValueError, match=r"lengths of text 1 is -1\.0"):
        wait_ratio(["a", "b"], [1, -1])
    with pytest.raises(ValueError, match="there are 2 texts"):
        wait_ratio(["a", "b"], [1])
    with pytest.raises(ValueError, match="word is empty"):
        wait_ratio(["a"], word="")
    assert np.isnan(wait_ratio([]).mean)
