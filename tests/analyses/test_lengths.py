"""Length buckets against numbers worked out by hand and against a plain loop."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import t as student_t

from hotmess_inspect import decompose
from hotmess_inspect.analyses.lengths import bucket_shares, length_buckets, uncensored
from hotmess_inspect.decomposition import contexts_shared, decompose_nested
from hotmess_inspect.inference.power_laws import fit_power_law

from .worlds import letters, shuffled


def one_hot(answers):
    return np.eye(4)[np.array(answers)]


# Four questions, four epochs, gold 0. Unbiased Brier terms with R = 4:
#   0,0,0,1: p = (3/4, 1/4), error 2·1/4 = 0.5, V = (1 - 10/16)·4/3 = 0.5
#   0,0,1,1: error 1, V = (1 - 1/2)·4/3 = 2/3
#   1,1,1,1: error 2, V = 0
#   1,2,1,2: error 2, V = 2/3
PREDICTIONS = one_hot([[0, 0, 0, 1], [0, 0, 1, 1], [1, 1, 1, 1], [1, 2, 1, 2]])
LENGTHS = np.array([[9.0, 11, 10, 10], [19, 21, 20, 20], [99, 101, 100, 100], [190, 210, np.nan, np.nan]])


def test_hand_computed_buckets_and_slope():
    trend = length_buckets(PREDICTIONS, np.zeros(4, int), LENGTHS, buckets=2, resamples=50)
    short, long = trend.buckets
    assert (short.questions, long.questions) == (2, 2)
    assert (short.length, long.length) == pytest.approx((15, 150))
    # (3/4 + 1/2)/2 and 0 right; errors (0.5 + 1)/2 and (2 + 2)/2
    assert (short.accuracy, long.accuracy) == pytest.approx((0.625, 0))
    assert (short.error, long.error) == pytest.approx((0.75, 2))
    assert (short.variance, long.variance) == pytest.approx((7 / 12, 1 / 3))
    # (1/2 + 2/3)/(3/2) = 7/9 and (2/3)/4 = 1/6
    assert (short.incoherence, long.incoherence) == pytest.approx((7 / 9, 1 / 6))
    # A curve through two points always fits: it says nothing, and is refused.
    assert np.isnan(trend.slope) and "2 of 2 points can be used, and 3 are needed" in trend.fit.note
    assert np.isnan(trend.slope_ci).all()


def naive(predictions, target, lengths, buckets):
    """The same numbers from loops over rows."""
    rows = []
    for answers, gold, length in zip(predictions, target, lengths, strict=True):
        answers = answers[~np.isnan(answers[:, 0])]
        known = [x for x in length if not np.isnan(x)]
        if len(answers) < 2 or not known:
            continue
        goal = np.eye(answers.shape[1])[gold]
        error = np.mean([np.sum((a - goal) ** 2) for a in answers])
        mean = answers.mean(axis=0)
        variance = np.sum((answers - mean) ** 2) / (len(answers) - 1)
        rows.append((np.mean(known), error, variance))
    rows.sort()
    sizes = [len(rows) // buckets + (i < len(rows) % buckets) for i in range(buckets)]
    found, start = [], 0
    for size in sizes:
        part = np.array(rows[start : start + size])
        found.append((part[:, 0].mean(), part[:, 1].mean(), part[:, 2].sum() / part[:, 1].sum()))
        start += size
    return found


@given(seed=st.integers(0, 2**32 - 1), buckets=st.integers(1, 6))
@settings(max_examples=30, deadline=None)
def test_equals_a_loop_over_rows(seed, buckets):
    rng = np.random.default_rng(seed)
    predictions, target = letters(rng, questions=25, epochs=6, missing=0.2)
    lengths = rng.gamma(2, 100, (25, 6))
    lengths[np.isnan(predictions[:, :, 0])] = np.nan
    trend = length_buckets(predictions, target, lengths, buckets=buckets, resamples=2)
    expected = naive(predictions, target, lengths, buckets)
    assert [(b.length, b.error, b.incoherence) for b in trend.buckets] == pytest.approx(
        [pytest.approx(row, rel=1e-9) for row in expected]
    )
    assert np.isnan(trend.slope) == (buckets < 3)
    if buckets >= 3:
        # Σ variance of a bucket = Σ error · c·length^α: both score equations hold at the fit.
        sizes = np.array([b.questions for b in trend.buckets])
        length, error, ratio = np.array(expected).T
        gap = sizes * error * (ratio - np.exp(trend.fit.log_prefactor) * length**trend.slope)
        assert gap.sum() == pytest.approx(0, abs=1e-9)
        assert (gap * np.log(length)).sum() == pytest.approx(0, abs=1e-9)


@given(seed=st.integers(0, 2**32 - 1))
@settings(max_examples=20, deadline=None)
def test_order_of_questions_and_epochs_changes_no_bit(seed):
    rng = np.random.default_rng(seed)
    predictions, target = letters(rng, questions=17, epochs=5, missing=0.1)
    lengths = rng.integers(1, 4, (17, 5)).astype(float)  # ties in plenty
    (moved, moved_lengths), rows = shuffled(rng, predictions, lengths)
    options = {"buckets": 3, "resamples": 40}
    assert repr(length_buckets(moved, target[rows], moved_lengths, **options)) == repr(
        length_buckets(predictions, target, lengths, **options)
    )


@given(seed=st.integers(0, 2**32 - 1))
@settings(max_examples=20, deadline=None)
def test_doubled_questions_and_renamed_classes_leave_the_estimates(seed):
    rng = np.random.default_rng(seed)
    predictions, target = letters(rng, questions=12, epochs=5)
    lengths = rng.gamma(2, 100, (12, 5))
    before = length_buckets(predictions, target, lengths, buckets=3, resamples=2)

    twice = length_buckets(
        np.repeat(predictions, 2, 0), np.repeat(target, 2), np.repeat(lengths, 2, 0), buckets=3, resamples=2
    )
    names = rng.permutation(4)
    renamed = length_buckets(
        predictions[:, :, np.argsort(names)], names[target], lengths, buckets=3, resamples=2
    )
    for after in (twice, renamed):
        assert [b.incoherence for b in after.buckets] == pytest.approx(
            [b.incoherence for b in before.buckets]
        )
        assert after.slope == pytest.approx(before.slope, nan_ok=True)


def test_known_slope_is_found_and_covered():
    # Two outcomes, pass rate p: incoherence Σp(1-p)/Σ(1-p) = p when a bucket shares p. So p = c·length^0.4.
    rng = np.random.default_rng(3)
    lengths = np.repeat([10.0, 20, 40, 80, 160], 400)
    rate = 0.15 * (lengths / 10) ** 0.4
    right = rng.random((2000, 30)) < rate[:, None]
    predictions = np.eye(2)[(~right).astype(int)]
    trend = length_buckets(predictions, np.zeros(2000, int), np.repeat(lengths[:, None], 30, 1))
    assert trend.slope == pytest.approx(0.4, abs=0.03)
    assert trend.slope_ci.low < 0.4 < trend.slope_ci.high
    assert trend.slope_ci.high - trend.slope_ci.low < 0.06
    assert trend.fit.r_squared > 0.98


def test_what_has_no_length_or_one_epoch_is_counted():
    predictions = PREDICTIONS.copy()
    predictions[1, 1:] = np.nan
    lengths = np.where(np.arange(4)[:, None] == 2, np.nan, LENGTHS)
    trend = length_buckets(predictions, np.zeros(4, int), lengths, buckets=2, resamples=10)
    assert trend.unknown_length_questions == 1
    assert trend.single_epoch_questions == 1
    assert sum(b.questions for b in trend.buckets) == 2


def test_lengths_of_missing_epochs_do_not_count():
    predictions = PREDICTIONS.copy()
    predictions[0, 3] = np.nan
    lengths = LENGTHS.copy()
    lengths[0, 3] = 1e6
    trend = length_buckets(predictions, np.zeros(4, int), lengths, buckets=4, resamples=10)
    assert trend.buckets[0].length == pytest.approx(10)


def test_no_slope_without_error_or_without_spread():
    right = one_hot(np.zeros((6, 3), int))
    trend = length_buckets(right, np.zeros(6, int), np.arange(18.0).reshape(6, 3) + 1, buckets=3)
    assert all(np.isnan(b.incoherence) for b in trend.buckets)
    assert np.isnan(trend.slope) and np.isnan(trend.slope_ci).all()
    assert "0 of 3 points" in trend.fit.note
    assert trend.fit.left_out == 3

    trend = length_buckets(PREDICTIONS, np.zeros(4, int), np.full((4, 4), 7.0), buckets=3)
    assert np.isnan(trend.slope) and "two different x" in trend.fit.note

    trend = length_buckets(np.full((3, 4, 4), np.nan), np.zeros(3, int), np.full((3, 4), np.nan))
    assert trend.buckets == () and trend.single_epoch_questions == 3


def test_zero_one_has_errors_but_no_slope():
    trend = length_buckets(
        PREDICTIONS, np.zeros(4, int), LENGTHS, loss="zero_one", estimator="plugin", buckets=2
    )
    assert np.isnan(trend.slope)
    assert trend.buckets[1].error == pytest.approx(1)


def test_points_take_their_accuracy_from_the_caller():
    tests = np.array([[[1, 1], [1, 0]], [[0, 0], [1, 1]]], dtype=float)
    correct = np.array([[1.0, 0.0], [0.0, 1.0]])
    trend = length_buckets(tests, 1.0, np.ones((2, 2)), loss="squared", buckets=1, correct=correct)
    assert trend.buckets[0].accuracy == pytest.approx(0.5)
    # Coverage errors (0 + 1/2 + 1 + 0)/4
    assert trend.buckets[0].error == pytest.approx(0.375)
    assert np.isnan(
        length_buckets(tests, 1.0, np.ones((2, 2)), loss="squared", buckets=1).buckets[0].accuracy
    )


def test_clusters_widen_the_interval_of_copies():
    rng = np.random.default_rng(0)
    predictions, target = letters(rng, questions=30, epochs=6)
    lengths = rng.gamma(2, 100, (30, 6))
    copies = [np.repeat(values, 8, axis=0) for values in (predictions, target, lengths)]
    plain = length_buckets(*copies, buckets=3)
    honest = length_buckets(*copies, buckets=3, clusters=np.repeat(np.arange(30), 8).tolist())
    single = length_buckets(predictions, target, lengths, buckets=3)

    def width(interval):
        return interval.high - interval.low

    assert width(honest.slope_ci) > 1.8 * width(plain.slope_ci)
    assert width(honest.slope_ci) == pytest.approx(width(single.slope_ci), rel=0.2)
    assert width(honest.buckets[0].incoherence_ci) > 1.5 * width(plain.buckets[0].incoherence_ci)


def test_buckets_add_up_to_the_whole():
    rng = np.random.default_rng(1)
    predictions, target = letters(rng, questions=23, epochs=7)
    trend = length_buckets(predictions, target, rng.gamma(2, 9, (23, 7)), buckets=4, resamples=5)
    assert [b.questions for b in trend.buckets] == [6, 6, 6, 5]
    whole = decompose(predictions, target)
    assert sum(b.questions * b.variance for b in trend.buckets) == pytest.approx(whole.variance.sum())


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"buckets": 0}, "buckets=0"),
        ({"level": 1.0}, r"level=1\.0"),
        ({"resamples": 0}, "resamples=0"),
        ({"clusters": [1]}, "clusters has 1 label"),
        ({"estimator": "jackknife"}, "does not exist"),
    ],
)
def test_options_out_of_range(options, message):
    with pytest.raises(ValueError, match=message):
        length_buckets(PREDICTIONS, np.zeros(4, int), LENGTHS, **options)


def test_bad_lengths_name_the_question():
    wrong = LENGTHS.copy()
    wrong[2, 1] = -5
    with pytest.raises(ValueError, match=r"lengths of question 2, epoch 1 is -5\.0"):
        length_buckets(PREDICTIONS, np.zeros(4, int), wrong)
    with pytest.raises(ValueError, match=r"lengths has shape \(4, 3\)"):
        length_buckets(PREDICTIONS, np.zeros(4, int), LENGTHS[:, :3])


def test_censored_shares_by_hand():
    # Short bucket: eight known lengths, one of them cut. Long: four and two known, three of these six cut.
    cut = np.zeros((4, 4), dtype=bool)
    cut[0, 1] = cut[2, :2] = cut[3, 0] = True
    cut[3, 2] = True  # of unknown length: says nothing about the axis
    trend = length_buckets(PREDICTIONS, np.zeros(4, int), LENGTHS, buckets=2, resamples=2, censored=cut)
    assert trend.censored == pytest.approx((1 / 8, 3 / 6))
    without = length_buckets(PREDICTIONS, np.zeros(4, int), LENGTHS, buckets=2, resamples=2)
    assert without.censored == (0.0, 0.0)
    assert repr(without.buckets) == repr(trend.buckets)


def test_without_censored_epochs_by_hand():
    cut = np.zeros((4, 4), dtype=bool)
    cut[0, 3] = cut[1, 2:] = True
    trend = length_buckets(
        uncensored(PREDICTIONS, cut), np.zeros(4, int), LENGTHS, buckets=2, resamples=2, censored=cut
    )
    # 0,0,0 and 0,0 are right whenever they ended by themselves; the others are as before: V 0 and 2/3, error 2.
    assert [b.error for b in trend.buckets] == pytest.approx([0, 2])
    assert trend.buckets[1].incoherence == pytest.approx((0 + 2 / 3) / 4)
    assert trend.buckets[0].length == pytest.approx(((9 + 11 + 10) / 3 + (19 + 21) / 2) / 2)
    assert trend.censored == (0.0, 0.0)


def test_cut_lengths_steepen_the_slope():
    rng = np.random.default_rng(0)
    true = np.repeat(np.geomspace(10, 1000, 12)[:, None], 8, axis=1)
    # Wrong answers alike at the short end, spread over the distractors at the long end.
    spread = np.linspace(0.1, 1.0, 12)
    answers = [[1 if rng.random() > s else int(rng.integers(0, 4)) for _ in range(8)] for s in spread]
    predictions, target = one_hot(answers), np.zeros(12, int)
    whole = length_buckets(predictions, target, true, buckets=4, resamples=2)
    limit = np.minimum(true, 200.0)
    cut = length_buckets(predictions, target, limit, buckets=4, resamples=2, censored=true > 200)
    assert cut.slope > whole.slope > 0
    assert cut.censored == (0.0, 0.0, pytest.approx(1 / 3), 1.0)


def test_flags_of_another_shape_are_named():
    with pytest.raises(ValueError, match=r"censored must be booleans of shape \(4, 4\)"):
        length_buckets(PREDICTIONS, np.zeros(4, int), LENGTHS, censored=np.zeros(4, dtype=bool))
    with pytest.raises(ValueError, match="not float64"):
        uncensored(PREDICTIONS, np.zeros((4, 4)))


# Six questions, two epochs each, lengths 2, 2, 2, 2, 3, 3 in three buckets of two. The four of length 2 fill
# places 0 to 3, half of each question in either bucket.
TIED = one_hot([[0, 0], [0, 1], [1, 1], [1, 2], [0, 1], [1, 1]])


def test_tied_questions_belong_to_both_buckets_by_hand():
    lengths = np.repeat([[2.0], [2], [2], [2], [3], [3]], 2, axis=1)
    trend = length_buckets(TIED, np.zeros(6, int), lengths, buckets=3, resamples=20)
    first, second, third = trend.buckets
    assert [b.questions for b in trend.buckets] == [2, 2, 2]
    assert [b.length for b in trend.buckets] == [2, 2, 3]
    # Errors 0, 1, 2, 2 and unbiased variances 0, 1, 0, 1 of the tied ones; 1, 2 and 1, 0 of the others.
    assert first.error == second.error == pytest.approx(5 / 4)
    assert first.incoherence == second.incoherence == pytest.approx(2 / 5)
    assert first.accuracy == second.accuracy == pytest.approx((1 + 1 / 2) / 4)
    assert third.incoherence == pytest.approx(1 / 3)
    assert trend.tied_questions == 4
    # Exposures 5/2, 5/2, 3 and totals 1, 1, 1: the two equal points are one, so the curve meets both.
    assert trend.slope == pytest.approx(np.log((1 / 3) / (2 / 5)) / np.log(3 / 2))


def test_shares_of_buckets_by_hand():
    # Places 0-2, 3-4, 5-6 in order; the value 1 takes places 0-3, 2 takes place 4, 3 takes 5-6.
    shares = bucket_shares([1, 3, 1, 2, 1, 3, 1], 3)
    of_one = [3 / 4, 1 / 4, 0]
    expected = [of_one, [0, 0, 1], of_one, [0, 1, 0], of_one, [0, 0, 1], of_one]
    assert shares == pytest.approx(np.array(expected))


@given(
    st.lists(st.integers(0, 4), min_size=1, max_size=25), st.integers(1, 7), st.randoms(use_true_random=False)
)
def test_shares_are_the_mean_over_all_orders_of_ties(values, buckets, random):
    buckets = min(buckets, len(values))
    shares = bucket_shares(values, buckets)
    sizes = [len(part) for part in np.array_split(np.arange(len(values)), buckets)]
    assert shares.sum(axis=0) == pytest.approx(sizes)
    assert shares.sum(axis=1) == pytest.approx(1)
    # Any one order of the ties cuts equal values where the shares are neither 0 nor 1.
    places = sorted(range(len(values)), key=lambda i: (values[i], random.random()))
    for bucket, part in enumerate(np.array_split(np.array(places), buckets)):
        assert (shares[part, bucket] > 0).all()


@pytest.mark.parametrize("lengths", ["turns", "geometric", "two values", "mostly one"])
def test_whole_number_lengths_make_no_slope(lengths):
    left_out = undefined = 0
    worlds = 200
    for seed in range(worlds):
        rng = np.random.default_rng([seed, 5])
        rate = rng.beta(0.8, 0.6, 80)
        predictions = np.eye(2)[(rng.random((80, 6)) >= rate[:, None]).astype(int)]
        drawn = {
            "turns": rng.integers(2, 4, (80, 6)),
            "geometric": np.repeat(1 + rng.geometric(0.4, (80, 1)), 6, axis=1),
            "two values": np.repeat(rng.integers(2, 4, (80, 1)), 6, axis=1),
            "mostly one": np.repeat(
                np.where(rng.random((80, 1)) < 0.7, 1, rng.integers(2, 6, (80, 1))), 6, 1
            ),
        }[lengths]
        trend = length_buckets(predictions, np.zeros(80, int), drawn.astype(float), resamples=2)
        low, high = trend.slope_ci
        undefined += np.isnan(low)
        left_out += low > 0 or high < 0
    # 5 % with a standard error of 1.5 points.
    assert left_out / worlds < 0.1
    assert undefined / worlds < 0.02


def test_a_bucket_without_variance_stays_in_the_fit():
    # Four buckets of ten questions whose incoherence falls; the longest fail in the same way each time.
    rng = np.random.default_rng(0)
    spread = np.repeat([0.9, 0.6, 0.3, 0.0], 10)
    answers = np.where(rng.random((40, 8)) < spread[:, None], rng.integers(0, 4, (40, 8)), 1)
    lengths = np.repeat(np.arange(1.0, 41)[:, None] * 10, 8, axis=1)
    trend = length_buckets(one_hot(answers), np.zeros(40, int), lengths, buckets=4)
    assert trend.buckets[-1].incoherence == 0
    assert (trend.fit.points, trend.fit.zeros, trend.fit.left_out) == (4, 1, 0)
    known = [(b.length, b.incoherence) for b in trend.buckets[:3]]
    dropped = np.polyfit(*np.log(np.array(known)).T, 1)[0]
    assert trend.slope < dropped < 0
    assert trend.slope_ci.high < 0


def test_shared_contexts_take_the_nested_estimator():
    rng = np.random.default_rng(1)
    contexts = np.tile(np.repeat(np.arange(3), 4), (30, 1))
    pools = rng.dirichlet([0.5] * 4, (30, 3))
    answers = np.array([[rng.choice(4, p=pools[q, c]) for c in contexts[q]] for q in range(30)])
    contexts[0] = 2  # one question has lost all contexts but one
    arrays = one_hot(answers), np.zeros(30, int)
    trend = length_buckets(*arrays, rng.gamma(2, 9, (30, 12)), buckets=1, contexts=contexts, resamples=2)
    whole = decompose_nested(*arrays, contexts)
    assert contexts_shared(np.ones((30, 12), bool), contexts)
    assert trend.buckets[0].incoherence == pytest.approx(whole.incoherence, rel=1e-12)
    assert trend.buckets[0].incoherence > decompose(*arrays).incoherence + 0.02
    assert trend.single_epoch_questions == 1
    assert trend.excess is None and trend.position is None


def test_difficulty_alone_moves_the_slope_and_not_the_position():
    # Wrong answers fall on a distractor at random; longer answers go with harder questions.
    rng = np.random.default_rng(3)
    rate = np.linspace(0.95, 0.05, 2000)
    answers = np.where(rng.random((2000, 10)) < rate[:, None], 0, rng.integers(1, 4, (2000, 10)))
    lengths = np.repeat(np.geomspace(50, 500, 2000)[:, None], 10, axis=1)
    trend = length_buckets(one_hot(answers), np.zeros(2000, int), lengths)
    assert trend.slope_ci.high < -0.1
    low, high = trend.position.interval
    assert low < 0 < high and high - low < 0.1
    assert trend.position.fit.exponent == pytest.approx(0, abs=0.03)


def test_two_classes_leave_no_excess():
    rng = np.random.default_rng(4)
    predictions = np.eye(2)[rng.integers(0, 2, (40, 5))]
    trend = length_buckets(predictions, np.zeros(40, int), rng.gamma(2, 9, (40, 5)), resamples=2)
    assert trend.excess.fit.note and np.isnan(trend.excess.interval).all()
    assert trend.position.fit.note


def test_interval_equals_a_jackknife_by_loops():
    rng = np.random.default_rng(5)
    predictions, target = letters(rng, questions=15, epochs=5)
    lengths = np.repeat(rng.permutation(np.arange(1.0, 16))[:, None], 5, axis=1)
    trend = length_buckets(predictions, target, lengths, buckets=3, resamples=2)
    terms = decompose(predictions, target)
    order = np.argsort(lengths[:, 0])

    def slope(left_out):
        parts = [[q for q in part if q != left_out] for part in np.array_split(order, 3)]
        x = [lengths[part, 0].mean() for part in parts]
        sums = [(terms.variance[part].sum(), terms.error[part].sum()) for part in parts]
        return fit_power_law(x, *np.transpose(sums)).exponent

    moved = trend.slope - np.array([slope(q) for q in range(15)])
    moved -= moved.mean()
    error = np.sqrt(14 / 15 * (moved**2).sum())
    effective = (moved**2).sum() ** 2 / (moved**4).sum()
    degrees = min(2 / (1 / (effective - 1) - 1 / 15), 14)
    reach = student_t.ppf(0.975, degrees) * error
    assert trend.effective_questions == pytest.approx(effective)
    assert trend.slope_ci == pytest.approx((trend.slope - reach, trend.slope + reach), rel=1e-9)


def test_shares_of_tied_questions_reach_the_intervals_of_shared_contexts():
    # Twelve questions of one length in two buckets: each bucket holds half of every question, which is the whole again.
    rng = np.random.default_rng(2)
    contexts = np.tile(np.repeat(np.arange(3), 3), (12, 1))
    predictions = one_hot(rng.integers(0, 3, (12, 9)))
    trend = length_buckets(
        predictions,
        np.zeros(12, int),
        np.full((12, 9), 5.0),
        buckets=2,
        contexts=contexts,
        rng=np.random.default_rng(0),
    )
    whole = decompose_nested(predictions, np.zeros(12, int), contexts)
    expected = whole.interval("incoherence", rng=np.random.default_rng(0))
    assert trend.buckets[0].incoherence_ci == pytest.approx(expected, rel=1e-9)
