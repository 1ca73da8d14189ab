"""pass^k and its company, by hand, against the decomposition, statsmodels and enumeration, and in known worlds."""

import csv
import json
from collections import defaultdict
from itertools import combinations
from math import comb

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.optimize import minimize
from scipy.special import betaln
from scipy.stats import beta, betabinom
from statsmodels.formula.api import ols

from hotmess_inspect import decompose
from hotmess_inspect.analyses.reliability import reliability, score_reliability

NAN = float("nan")


def measured(rates):
    return [rate.value for rate in rates if not rate.extrapolated]


def world(seed, questions=30, epochs=5, a=0.6, b=0.8, missing=0.0):
    rng = np.random.default_rng(seed)
    right = (rng.random((questions, epochs)) < rng.beta(a, b, (questions, 1))).astype(float)
    right[rng.random(right.shape) < missing] = np.nan
    return right


def test_by_hand():
    # Of four epochs 4, 2 and 0 are right: pass² = (1 + 1/6 + 0)/3, pass@2 = (1 + (1 - 1/6) + 0)/3.
    found = reliability([[1, 1, 1, 1], [1, 0, 1, 0], [0, 0, 0, 0]], resamples=20)
    assert measured(found.pass_hat_k) == pytest.approx([1 / 2, 7 / 18, 1 / 3, 1 / 3])
    assert measured(found.pass_at_k) == pytest.approx([1 / 2, 11 / 18, 2 / 3, 2 / 3])
    assert [rate.k for rate in found.pass_hat_k] == list(range(1, 17))
    assert found.flip_rate.value == pytest.approx(1 / 3)
    # Unbiased variances 0, 2·2/(4·3) = 1/3, 0: 1 - 4/9.
    assert found.outcome_consistency.value == pytest.approx(5 / 9)
    # Question means 1, 1/2, 0: MSB = 4·(1/4 + 0 + 1/4)/2 = 1, MSW = (4·1/4)/9 = 1/9.
    scores = found.scores
    assert scores.within == pytest.approx(1 / 9)
    assert scores.between == pytest.approx((1 - 1 / 9) / 4)
    assert scores.icc.value == pytest.approx((1 - 1 / 9) / (1 + 3 / 9))
    assert scores.dependability(1) == pytest.approx(scores.icc.value)
    assert scores.dependability(2) == pytest.approx((2 / 9) / (2 / 9 + 1 / 18))
    assert scores.epochs_for(0.8) == pytest.approx(4 * (1 / 9) / (2 / 9))
    # E[s²] = 1/9 over three questions.
    assert scores.noise_floor.value == pytest.approx(1.959964 * np.sqrt(2 / 9 / 3), rel=1e-6)


@given(seed=st.integers(0, 2**32 - 1))
@settings(max_examples=20, deadline=None)
def test_equals_an_enumeration_of_subsets(seed):
    right = world(seed, questions=6, epochs=5, missing=0.2)
    found = reliability(right, resamples=5)
    rows = [row[~np.isnan(row)] for row in right]
    for k, (every, some) in enumerate(
        zip(measured(found.pass_hat_k), measured(found.pass_at_k), strict=True), start=1
    ):
        subsets = [list(combinations(row, k)) for row in rows if len(row) >= k]
        assert every == pytest.approx(np.mean([np.mean([all(s) for s in group]) for group in subsets]))
        assert some == pytest.approx(np.mean([np.mean([any(s) for s in group]) for group in subsets]))


@given(seed=st.integers(0, 2**32 - 1), missing=st.sampled_from([0.0, 0.3]))
@settings(max_examples=20, deadline=None)
def test_incoherence_is_pass_one_less_pass_two_over_what_fails(seed, missing):
    right = world(seed, missing=missing)
    right = right[(~np.isnan(right)).sum(axis=1) >= 2]
    first, second = measured(reliability(right, resamples=5).pass_hat_k)[:2]
    two = np.stack([right, 1 - right], axis=2)
    terms = decompose(right[:, :, None], 1.0, loss="squared")
    assert terms.mean("variance") == pytest.approx(first - second)
    assert terms.mean("bias_squared") == pytest.approx(1 - 2 * first + second)
    assert terms.incoherence == pytest.approx((first - second) / (1 - first))
    assert decompose(two, np.zeros(len(two), int)).incoherence == pytest.approx(
        (first - second) / (1 - first)
    )


@pytest.mark.parametrize("missing", [0.0, 0.25])
def test_correlation_equals_the_analysis_of_variance(missing):
    scores = np.random.default_rng(1).random((20, 1)) + 0.3 * np.random.default_rng(2).random((20, 6))
    scores[np.random.default_rng(3).random((20, 6)) < missing] = np.nan
    question, epoch = np.nonzero(~np.isnan(scores))
    frame = pd.DataFrame({"y": scores[question, epoch], "q": question.astype(str)})
    frame = frame[frame.groupby("q").y.transform("size") >= 2]
    table = sm.stats.anova_lm(ols("y ~ q", frame).fit())
    between, within = table["mean_sq"]
    sizes = frame.groupby("q").size().to_numpy()
    mean_size = (sizes.sum() - (sizes**2).sum() / sizes.sum()) / (len(sizes) - 1)
    found = score_reliability(scores, resamples=5)
    assert found.within == pytest.approx(within, rel=1e-9)
    assert found.icc.value == pytest.approx(
        (between - within) / (between + (mean_size - 1) * within), rel=1e-9
    )


def test_questions_with_fewer_epochs_say_nothing_of_more():
    found = reliability([[1, 1, 1], [1, 0, NAN], [0, NAN, NAN], [NAN] * 3], resamples=5)
    shown = [(rate.k, rate.questions) for rate in found.pass_hat_k if not rate.extrapolated]
    assert shown == [(1, 3), (2, 2), (3, 1)]
    assert measured(found.pass_hat_k) == pytest.approx([(1 + 0.5 + 0) / 3, 0.5, 1])


@pytest.mark.parametrize(
    ("right", "reason"),
    [
        ([[1, 1], [0, 0]], "no question is right in some epochs and wrong in others"),
        ([[1, 1], [1, 1]], "no question is right in some epochs and wrong in others"),
        ([[1], [0]], "0 questions have two epochs or more"),
        ([[1, 0], [0, NAN]], "1 question has two epochs or more"),
    ],
)
def test_what_cannot_be_extrapolated_is_not(right, reason):
    found = reliability(np.array(right, float), resamples=5)
    assert reason in found.model_note and found.fit is None
    assert not any(rate.extrapolated for rate in found.pass_hat_k + found.pass_at_k)


def test_questions_all_alike_have_no_interval():
    found = reliability(np.tile([1.0, 0, 0, 0], (12, 1)), resamples=50)
    assert all(np.isnan(rate.interval).all() for rate in found.pass_hat_k + found.pass_at_k)
    assert np.isnan(found.scores.icc.interval).all()


def test_nothing_at_all():
    found = reliability(np.full((3, 2), NAN))
    assert found.pass_hat_k == () and np.isnan(found.flip_rate.value) and np.isnan(found.scores.icc.value)


@given(seed=st.integers(0, 2**32 - 1))
@settings(max_examples=10, deadline=None)
def test_order_of_questions_and_epochs_changes_no_bit(seed):
    rng = np.random.default_rng(seed)
    right = world(seed, questions=12, epochs=4, missing=0.1)
    moved = rng.permuted(right, axis=1)[rng.permutation(12)]
    assert repr(reliability(moved, resamples=20)) == repr(reliability(right, resamples=20))


def test_copies_of_questions_are_clusters():
    right = world(5, questions=25)
    once = reliability(right)
    copied = reliability(np.repeat(right, 6, axis=0), clusters=np.repeat(np.arange(25), 6))
    plain = reliability(np.repeat(right, 6, axis=0))

    def width(found, place):
        return found.pass_hat_k[place].interval.high - found.pass_hat_k[place].interval.low

    for place in (1, 9):  # pass² as it is, pass¹⁰ by the model
        assert width(copied, place) == pytest.approx(width(once, place), rel=0.3)
        assert width(plain, place) < 0.6 * width(once, place)


@pytest.mark.parametrize(
    ("right", "message"),
    [
        ([[1, 0.5]], r"right of question 0, epoch 1 is 0\.5; permitted: 0, 1, or NaN"),
        ([1, 0], "must have the axes"),
    ],
)
def test_malformed(right, message):
    with pytest.raises(ValueError, match=message):
        reliability(right)


def test_intervals_cover():
    # Pass rates Beta(.5, .5): pass² = E p² = 3/8, pass⁸ = Π (.5 + i)/(1 + i); ICC(1) = Var p/E p = 1/2.
    truth = {2: 3 / 8, 8: float(np.prod((0.5 + np.arange(8)) / (1 + np.arange(8))))}
    worlds = 150
    covered = dict.fromkeys([*truth, "icc", "flips"], 0)
    for seed in range(worlds):
        found = reliability(world(seed, questions=60, epochs=4, a=0.5, b=0.5), resamples=300)
        for k, value in truth.items():
            low, high = found.pass_hat_k[k - 1].interval
            covered[k] += low <= value <= high
        low, high = found.scores.icc.interval
        covered["icc"] += low <= 0.5 <= high
        low, high = found.flip_rate.interval
        flips = 1 - 2 * np.prod((0.5 + np.arange(4)) / (1 + np.arange(4)))
        covered["flips"] += low <= flips <= high
    # 95 % with a standard error of 1.8 points.
    assert min(covered.values()) / worlds > 0.89, covered


def test_goodness_of_fit_keeps_its_level_and_finds_a_mixture():
    few = sum(reliability(world(seed, 80, 6), resamples=2).fit.p_value <= 0.05 for seed in range(60))
    assert few <= 9
    rng = np.random.default_rng(0)
    # A third always right, a third never, a third at one half: no beta distribution has that peak.
    rates = np.repeat([0.02, 0.5, 0.98], 100)[:, None]
    mixed = reliability((rng.random((300, 10)) < rates).astype(float), resamples=2)
    assert mixed.fit.p_value < 0.01
    assert sum(mixed.fit.observed) == 300 == pytest.approx(sum(mixed.fit.predicted))


@given(seed=st.integers(0, 2**32 - 1), missing=st.sampled_from([0.0, 0.2]))
@settings(max_examples=20, deadline=None)
def test_what_is_extrapolated_goes_on_from_what_is_measured(seed, missing):
    right = world(seed, missing=missing)
    right = right[(~np.isnan(right)).sum(axis=1) >= 2]
    found = reliability(right, resamples=5, simulations=0)
    if found.model_note:
        return
    wins, epochs = np.nansum(right, axis=1).astype(int), (~np.isnan(right)).sum(axis=1)
    m, a = epochs.min(), float(found.model.mean * found.model.concentration)
    b = float(found.model.concentration) - a
    for rates, count, (one, other) in (
        (found.pass_hat_k, wins, (a, b)),
        (found.pass_at_k, epochs - wins, (b, a)),
    ):
        start = np.mean(
            [comb(c, m) / comb(n, m) for c, n in zip(count.tolist(), epochs.tolist(), strict=True)]
        )
        # Fewer than two questions, counted by their weights, tell nothing to go on from: the model is then alone.
        told = np.array(
            [comb(c, m) / comb(n, m) for c, n in zip(count.tolist(), epochs.tolist(), strict=True)]
        )
        number = told.sum() ** 2 / np.square(told).sum() if told.any() else 0.0
        anchored = found.anchored[rates is found.pass_at_k]
        assert anchored == (number >= 2) or number == pytest.approx(2)
        for rate in rates:
            if rate.extrapolated:
                expected = start * np.exp(betaln(one + rate.k, other) - betaln(one + m, other))
                if not anchored:
                    expected = np.exp(betaln(one + rate.k, other) - betaln(one, other))
                    assert np.isnan(rate.interval.low)
                expected = expected if rates is found.pass_hat_k else 1 - expected
                assert rate.value == pytest.approx(expected, abs=1e-8)


@given(
    seed=st.integers(0, 2**32 - 1),
    missing=st.sampled_from([0.0, 0.2]),
    accuracy=st.sampled_from([0.1, 0.5, 0.9]),
    shape=st.sampled_from(["flat", "clusters", "contexts"]),
)
@settings(max_examples=15, deadline=None)
def test_ends_fall_and_rise_with_k_as_the_rates_do(seed, missing, accuracy, shape):
    right = world(seed, 24, 6, 4 * accuracy, 4 * (1 - accuracy), missing)
    own = {
        "flat": {},
        "clusters": {"clusters": np.arange(24) // 2},
        "contexts": {"contexts": np.broadcast_to(np.arange(6) // 2, right.shape)},
    }[shape]
    found = reliability(right, resamples=60, simulations=0, rng=seed, **own)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("hotmess_inspect.analyses.reliability._monotone", lambda every, some: (every, some))
        separate = reliability(right, resamples=60, simulations=0, rng=seed, **own)
    assert found.pass_hat_k[:1] == found.pass_at_k[:1]
    pairs = [*zip(found.pass_hat_k, separate.pass_hat_k, strict=True)]
    pairs += zip(found.pass_at_k, separate.pass_at_k, strict=True)
    for one, other in pairs:
        assert np.isnan(one.interval.low) == np.isnan(other.interval.low)
        assert not one.interval.low < other.interval.low - 1e-9
        assert not one.interval.high > other.interval.high + 1e-9
    curve = [*reversed(found.pass_hat_k), *found.pass_at_k[1:]]
    for questions in {rate.questions for rate in curve}:
        rates = [r for r in curve if r.questions == questions and not np.isnan(r.interval.low)]
        for ends in zip(*(rate.interval for rate in rates), strict=True):
            assert (np.diff(ends) >= -1e-9).all()
        assert all(r.interval.low <= r.value <= r.interval.high for r in rates)


def test_no_question_right_every_time_leaves_the_model_alone():
    """Counts of a demonstration: pass^5 is seen to be 0, which no beta-binomial says of any k."""
    wins = np.repeat([0, 1, 2, 3, 4], [2, 3, 2, 1, 1])
    found = reliability((np.arange(5) < wins[:, None]).astype(float), resamples=50, simulations=0)
    assert found.pass_hat_k[4].value == 0.0
    assert found.anchored == (False, True)

    def cost(point):
        a, b = np.exp(point)
        return -betabinom.logpmf(wins, 5, a, b).sum()

    a, b = np.exp(minimize(cost, [0.0, 0.0], method="Nelder-Mead", options={"xatol": 1e-9, "fatol": 1e-12}).x)
    for rate in found.pass_hat_k[5:]:
        chance = quad(lambda p, k=rate.k: p**k * beta.pdf(p, a, b), 0, 1)[0]
        assert rate.value == pytest.approx(chance, rel=1e-3)
        assert np.isnan(rate.interval.low)
    assert 0.007 < found.pass_hat_k[5].value < 0.009
    assert (np.diff([rate.value for rate in found.pass_hat_k[5:]]) < 0).all()


def test_one_question_that_errs_says_nothing_about_others():
    right = np.ones((30, 4))
    right[3, 1] = 0.0
    found = reliability(right, resamples=50)
    assert all(np.isnan(rate.interval.low) for rate in (*found.pass_hat_k, *found.pass_at_k))
    right[4, 2] = 0.0
    found = reliability(right, resamples=50)
    assert not any(np.isnan(rate.interval.low) for rate in found.pass_hat_k[:4])


def test_rates_in_shared_contexts_speak_of_other_contexts():
    rng = np.random.default_rng(3)
    label = np.repeat(np.arange(4), 2)
    chance = 1 / (1 + np.exp(-rng.normal(size=(50, 1)) - 1.5 * rng.normal(size=4)[label]))
    right = (rng.random((50, 8)) < chance).astype(float)
    plain, wide = (
        reliability(right, resamples=200, contexts=contexts, simulations=0)
        for contexts in (None, np.broadcast_to(label, right.shape))
    )
    for k in (1, 3):
        one, other = plain.pass_hat_k[k - 1], wide.pass_hat_k[k - 1]
        assert one.value == other.value
        left_out = [
            np.mean([comb(int(c), k) / comb(6, k) for c in right[:, label != context].sum(axis=1)])
            for context in range(4)
        ]
        between = np.sqrt(3 / 4 * np.square(left_out - np.mean(left_out)).sum())
        # At most 2(4 - 1) degrees of freedom.
        assert other.interval.high - other.interval.low >= 2 * 2.4469 * between
        assert other.interval.high - other.interval.low > one.interval.high - one.interval.low
    # Without a context six epochs are left: nothing is known of seven.
    assert np.isnan(wide.pass_hat_k[6].interval.low)


@pytest.mark.shared
def test_published_rates_of_an_agent(shared_data):
    runs = defaultdict(list)
    for row in csv.DictReader((shared_data / "tau" / "airline.csv").open()):
        runs[row["question_id"]].append(float(row["score"]))
    found = reliability(np.array(list(runs.values())))
    assert measured(found.pass_hat_k) == pytest.approx([0.42, 0.27333, 0.22, 0.20], abs=1e-5)
    assert (0.42 - 0.2733333) / (1 - 0.42) == pytest.approx(0.2529, abs=1e-4)


@pytest.mark.shared
def test_five_from_three_on_real_answers(shared_data):
    consistency = {}
    gaps, of_the_truth = [], []
    for model in ("deepseek-v3", "gpt-4o-mini", "haiku-4.5"):
        groups = defaultdict(lambda: defaultdict(list))
        for row in csv.DictReader((shared_data / "answers" / f"{model}.csv").open()):
            groups[row["dataset"]][row["question_id"]].append(float(row["answer"] == row["target"]))
        for name, questions in groups.items():
            right = np.array(list(questions.values()))
            whole = reliability(right, resamples=2)
            truth = measured(whole.pass_hat_k)[4]
            assert truth == (right.sum(axis=1) == 5).mean()
            consistency[model, name] = whole.outcome_consistency.value
            three = [right[:, chosen] for chosen in combinations(range(5), 3)]
            guesses = [reliability(part, resamples=2, simulations=0) for part in three]
            single = [found.pass_hat_k[4].value - truth for found in guesses]
            model_gap = np.mean(single)
            gaps += single
            # Had the curve from pass³ to pass⁵ been known, the chance of three epochs would still be left.
            ratio = truth / measured(whole.pass_hat_k)[2]
            of_the_truth += [found.pass_hat_k[2].value * ratio - truth for found in guesses]
            plug_in = np.mean([(part.mean(axis=1) ** 5).mean() for part in three]) - truth
            # Mean over the ten subsets: the worst of the six is -.0254; raising each pass rate to the fifth errs more.
            assert abs(model_gap) < 0.026 < 0.031 < plug_in
    # Of 60 single subsets 50 are within .03, and two would not be if the curve were known: that is chance.
    assert sum(abs(gap) <= 0.03 for gap in gaps) == 50 and max(map(abs, gaps)) < 0.0601
    assert sum(abs(gap) <= 0.03 for gap in of_the_truth) == 58 and max(map(abs, of_the_truth)) > 0.03
    # HAL's consistency of outcomes, unbiased.
    gpqa = [round(consistency[model, "gpqa"], 2) for model in ("deepseek-v3", "gpt-4o-mini", "haiku-4.5")]
    assert gpqa == [0.39, 0.43, 0.55]


@pytest.mark.shared
def test_five_from_three_on_repeated_repairs(shared_data):
    lines = (shared_data / "swebench_repeats_sonnet45_k5.jsonl").read_text().splitlines()
    right = np.array([[NAN if v is None else v for v in json.loads(line)["resolved"]] for line in lines])
    whole = reliability(right, resamples=2)
    three = [reliability(right[:, chosen], resamples=2) for chosen in combinations(range(5), 3)]
    guess = np.mean([found.pass_hat_k[4].value for found in three])
    assert guess == pytest.approx(measured(whole.pass_hat_k)[4], abs=0.02)
    assert comb(5, 3) == len(three)
