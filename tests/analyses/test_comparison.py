"""Differences between runs: exact tests by enumeration, intervals that agree with them, degenerate runs."""

from dataclasses import replace
from itertools import combinations, product
from math import comb

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.multitest import multipletests

from hotmess_inspect import decompose
from hotmess_inspect.analyses.comparison import PairedDifference, RunEpochs, compare_runs, paired_difference
from hotmess_inspect.decomposition import decompose_nested
from hotmess_inspect.inference.multiplicity import holm, letter_groups


def run(scores: np.ndarray, contexts: np.ndarray | None = None) -> RunEpochs:
    """Right and wrong epochs, shape (questions, epochs), NaN where missing."""
    return RunEpochs(np.asarray(scores, dtype=float)[:, :, None], np.asarray(scores, dtype=float), contexts)


def compared(a: np.ndarray, b: np.ndarray, **options: object) -> dict[str, PairedDifference]:
    return {d.quantity: d for d in compare_runs(run(a), run(b), 1.0, loss="squared", **options)}


def world(seed: int, questions: int = 20, epochs: tuple[int, int] = (3, 3), always: float = 0.5) -> tuple:
    rng = np.random.default_rng(seed)
    p = np.where(rng.random(questions) < always, 1.0, rng.random(questions))
    return tuple((rng.random((questions, r)) < p[:, None]).astype(float) for r in epochs)


def terms(scores: list[float]) -> dict[str, float]:
    """Of one question, worked out from the count of right epochs."""
    n, c = len(scores), sum(scores)
    p = c / n
    variance = p * (1 - p) * n / (n - 1)
    return {"accuracy": p, "error": 1 - p, "variance": variance, "bias_squared": 1 - p - variance}


def statistic(rows: list[tuple[list[float], list[float]]], quantity: str) -> float:
    """|d|/s as the documentation defines it, in plain Python."""
    first, second = ([terms(row[side]) for row in rows] for side in (0, 1))
    n = len(rows)
    if quantity == "incoherence":
        sums = [(sum(t["variance"] for t in side), sum(t["error"] for t in side)) for side in (first, second)]
        if 0 in (sums[0][1], sums[1][1]):
            return float("nan")
        theta = [v / e for v, e in sums]
        d = theta[0] - theta[1]
        u = [
            (a["variance"] - theta[0] * a["error"]) / sums[0][1]
            - (b["variance"] - theta[1] * b["error"]) / sums[1][1]
            for a, b in zip(first, second, strict=True)
        ]
    else:
        gaps = [a[quantity] - b[quantity] for a, b in zip(first, second, strict=True)]
        d = sum(gaps) / n
        u = [(gap - d) / n for gap in gaps]
    if abs(d) < 1e-12:
        return 0.0
    s = (n / (n - 1) * sum(x * x for x in u)) ** 0.5
    return abs(d) / s if s > 1e-12 else float("inf")


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_p_is_that_of_all_divisions(seed: int) -> None:
    a, b = world(seed, questions=3, epochs=(2, 3), always=0.0)
    rows = [(list(x), list(y)) for x, y in zip(a, b, strict=True)]
    found = compared(a, b, permutations=40_000)
    divisions = []
    for first, second in rows:
        both = first + second
        divisions.append(
            [
                ([both[i] for i in chosen], [both[i] for i in range(5) if i not in chosen])
                for chosen in combinations(range(5), 2)
            ]
        )
    for quantity in ("accuracy", "variance", "incoherence"):
        observed = statistic(rows, quantity)
        every = np.array([statistic(list(each), quantity) for each in product(*divisions)])
        every = every[~np.isnan(every)]
        if np.isnan(observed):
            assert np.isnan(found[quantity].p_value)
            continue
        # The mid-p value: ties with the observed division count by half, but for one that differs in nothing.
        above, least = (every > observed + 1e-9).mean(), (every >= observed - 1e-9).mean()
        exact = (above + least) / 2 if observed else 1.0
        assert found[quantity].p_value == pytest.approx(exact, abs=4 * (0.25 / 40_000) ** 0.5)


def test_values_and_interval_of_a_clear_difference() -> None:
    a, b = world(4, questions=40, always=0.3)
    b = b * (np.random.default_rng(0).random(b.shape) < 0.5)
    found = compared(a, b)
    d = {name: decompose(x[:, :, None], 1.0, loss="squared") for name, x in (("a", a), ("b", b))}
    for quantity in ("error", "bias_squared", "variance", "incoherence"):
        assert found[quantity].first == pytest.approx(d["a"].mean(quantity), abs=1e-12)
        assert found[quantity].second == pytest.approx(d["b"].mean(quantity), abs=1e-12)
        assert found[quantity].estimate == pytest.approx(found[quantity].first - found[quantity].second)
    assert found["accuracy"].estimate == pytest.approx(a.mean() - b.mean())
    all_right = [(x.sum(axis=1) == 3).mean() for x in (a, b)]
    assert (found["pass_hat_3"].first, found["pass_hat_3"].second) == pytest.approx(all_right)
    error = found["error"]
    assert error.high < 0 and error.p_value <= 0.01
    gap = (b - a).mean(axis=1)
    # The far end is never nearer than Student's interval of the paired differences.
    reach = 2.0227 * gap.std(ddof=1) / 40**0.5
    assert error.low <= -gap.mean() - reach + 1e-3


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 10**6),
    epochs=st.sampled_from([(2, 2), (3, 3), (2, 5), (6, 4)]),
    always=st.sampled_from([0.0, 0.5, 0.9]),
    clustered=st.booleans(),
    level=st.sampled_from([0.8, 0.95]),
)
@example(seed=384, epochs=(2, 2), always=0.0, clustered=False, level=0.8)
def test_interval_and_test_never_contradict(
    seed: int, epochs: tuple[int, int], always: float, clustered: bool, level: float
) -> None:
    a, b = world(seed, 15, epochs, always)
    if seed % 3 == 0:
        b = b * (np.random.default_rng(seed).random(b.shape) < 0.6)
    labels = np.arange(15) // 2 if clustered else None
    for one in compared(a, b, permutations=99, clusters=labels, level=level).values():
        if not np.isnan(one.low):
            assert one.low <= one.estimate <= one.high
            assert one.low < one.high
            assert (one.p_value < 1 - level - 1e-12) == (one.low > 0 or one.high < 0)
            assert -1 <= one.low and one.high <= 1
        else:
            assert one.note


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10**6), clustered=st.booleans())
def test_order_changes_no_bit(seed: int, clustered: bool) -> None:
    rng = np.random.default_rng(seed)
    a, b = world(seed, 12, (4, 3))
    a[0, 1] = np.nan
    labels = np.arange(12) // 3 if clustered else None
    plain = compared(a, b, permutations=49, clusters=labels)
    order = rng.permutation(12)
    a2, b2 = rng.permuted(a[order], axis=1), rng.permuted(b[order], axis=1)
    again = compared(a2, b2, permutations=49, clusters=None if labels is None else labels[order])
    assert repr(plain) == repr(again)


@pytest.mark.parametrize("always", [0.85, 0.92])
def test_equal_runs_seldom_differ(always: float) -> None:
    # Studentised intervals alone left out 0 in 15 to 25 % of such worlds.
    differ = dict.fromkeys(("error", "variance", "incoherence"), 0)
    for seed in range(150):
        found = compared(*world(seed, 60, (3, 3), always), permutations=199)
        for quantity in differ:
            differ[quantity] += found[quantity].p_value < 0.05
    # 5 % of 150 are 7.5; 15 of them have a probability of .8 %.
    assert max(differ.values()) <= 15


def test_different_runs_without_chance_are_not_the_same() -> None:
    # Right on the first half, right on the second half, in every epoch: as accurate as each other.
    a = np.repeat([[1.0], [0.0]], 10, axis=0) * np.ones((1, 3))
    found = compared(a, 1 - a)
    accuracy, variance = found["accuracy"], found["variance"]
    assert accuracy.estimate == 0 and accuracy.low < -0.2 and accuracy.high > 0.2
    assert variance.estimate == 0 and np.isnan(variance.low) and variance.p_value == 1
    assert "do not differ on any question" in variance.note


def test_a_run_does_not_differ_from_itself() -> None:
    a, _ = world(0)
    for one in compared(a, a).values():
        assert one.estimate == 0 and one.p_value == 1 and np.isnan(one.low)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10**6), st.integers(3, 40), st.sampled_from([3, 5, 6, 7]))
def test_runs_with_as_many_right_answers_do_not_differ_in_accuracy(
    seed: int, questions: int, epochs: int
) -> None:
    """Sums of thirds and fifths that cancel leave a rounding error, which is no difference."""
    a, _ = world(seed, questions, (epochs, epochs), 0.1)
    b = np.random.default_rng(seed).permutation(a.reshape(-1)).reshape(a.shape)
    found = compared(a, b, permutations=99)
    for quantity in ("accuracy", "error"):
        assert found[quantity].estimate == 0.0 and found[quantity].p_value == 1.0


def mirror(one: PairedDifference) -> list[float]:
    return [one.second, one.first, -one.estimate, -one.high, -one.low, one.p_value, one.standard_error]


def same_as_mirror(one: PairedDifference, other: PairedDifference) -> None:
    plain = [one.first, one.second, one.estimate, one.low, one.high, one.p_value, one.standard_error]
    assert plain == pytest.approx(mirror(other), abs=1e-12, nan_ok=True)
    assert (one.quantity, one.questions) == (other.quantity, other.questions)


def test_where_another_seed_may_decide_otherwise_is_known() -> None:
    a, b = world(9, 40, (4, 4), 0.3)
    found = [
        {d.quantity: d for d in compare_runs(run(a), run(b), 1.0, loss="squared", permutations=199, rng=seed)}
        for seed in range(40)
    ]
    for quantity in found[0]:
        p = np.array([one[quantity].p_value for one in found])
        assert np.std(p) == pytest.approx(np.mean([one[quantity].p_error for one in found]), rel=0.5)
    one = found[0]["error"]
    for p, draws, told in ((0.052, 999, True), (0.07, 999, False), (0.05, 4995, True), (0.04, 4995, False)):
        error = (p * (1 - p) / (draws + 1)) ** 0.5
        assert replace(one, p_value=p, p_error=error).p_hangs_on_seed() == told
    assert not replace(one, p_value=0.05, p_error=0.0).p_hangs_on_seed()
    assert replace(one, p_value=0.03, p_error=0.003).p_hangs_on_seed(0.1 / 3)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 24), st.integers(1, 6), st.integers(1, 6), st.data())
def test_swapping_the_runs_mirrors_every_interval_and_keeps_every_p(
    seed: int, questions: int, epochs: int, others: int, data: st.DataObject
) -> None:
    """Right or wrong, parts right, classes; missing epochs, clusters, contexts, runs that are one another's permutation."""
    rng = np.random.default_rng(seed)
    kind = data.draw(st.sampled_from(["right", "parts", "permuted", "classes", "contexts"]))
    options: dict = {"permutations": 99, "rng": data.draw(st.integers(0, 3))}
    if data.draw(st.booleans()):
        options["clusters"] = rng.integers(0, max(2, questions // 2), questions)
    if kind == "classes":
        letters = [rng.integers(0, 3, (questions, n)) for n in (epochs, others)]
        predictions = [np.eye(3)[x] for x in letters]
        runs = [RunEpochs(p, (x == 0).astype(float)) for p, x in zip(predictions, letters, strict=True)]
        options["loss"] = data.draw(st.sampled_from(["brier", "kl"]))
        options["estimator"] = "plugin" if options["loss"] == "kl" else "unbiased"
        target: object = np.zeros(questions, np.int64)
    else:
        scores = list(world(seed, questions, (epochs, others), 0.3))
        if kind == "parts":
            scores = [rng.random(x.shape).round(2) for x in scores]
        if kind == "permuted":
            scores[1] = scores[0][rng.permutation(questions)]
        for x in scores:
            x[rng.random(x.shape) < 0.1] = np.nan
        labels = [
            np.tile(np.arange(x.shape[1]) // 2, (questions, 1)) if kind == "contexts" else None
            for x in scores
        ]
        runs = [run(x, own) for x, own in zip(scores, labels, strict=True)]
        options["loss"], target = "squared", 1.0
    found = compare_runs(*runs, target, **options)
    swapped = compare_runs(*runs[::-1], target, **options)
    assert [one.quantity for one in found] == [one.quantity for one in swapped]
    for one, other in zip(found, swapped, strict=True):
        same_as_mirror(one, other)
        words = {"first": "second", "second": "first"}
        other_note = " ".join(words.get(word, word) for word in other.note.split())
        assert one.note in (other.note, other_note)
        if "has no error" in one.note and "and" not in one.note:
            assert one.note == other_note


@settings(max_examples=20, deadline=None)
@given(
    st.integers(0, 10**6), st.booleans(), st.sampled_from([None, "studentised", "linearised", "jackknife"])
)
def test_swapping_mirrors_paired_differences(seed: int, clustered: bool, method: str | None) -> None:
    a, b = (decompose(x[:, :, None], 1.0, loss="squared") for x in world(seed, 16, (4, 4), 0.4))
    clusters = np.arange(16) // 2 if clustered else None
    for quantity in ("error", "bias_squared", "variance", "incoherence"):
        one, other = (
            paired_difference(*pair, quantity, clusters=clusters, method=method) for pair in ((a, b), (b, a))
        )
        assert list(one[:3]) == pytest.approx(
            [-other.estimate, -other.high, -other.low], abs=1e-12, nan_ok=True
        )


def test_nothing_to_compare() -> None:
    assert compare_runs(run([[1, np.nan]]), run([[np.nan, np.nan]]), 1.0, loss="squared") == []
    found = compared(np.ones((4, 3)), np.array([[0.0, 1.0, 1.0]] * 4))
    assert "first run has no error" in found["incoherence"].note
    assert np.isnan(found["incoherence"].p_value)


def test_single_epochs_compare_error_and_accuracy_only() -> None:
    a, b = world(3, 30, (1, 1), 0.2)
    assert set(compared(a, b)) == {"accuracy", "error"}


def test_classes_and_losses() -> None:
    rng = np.random.default_rng(0)
    letters = rng.integers(0, 4, (2, 30, 5))
    letters[0, :, :3] = 0
    predictions = np.eye(4)[letters]
    target = np.zeros(30, np.int64)
    runs = [RunEpochs(p, (x == 0).astype(float)) for p, x in zip(predictions, letters, strict=True)]
    for loss, estimator in (("brier", "unbiased"), ("brier", "plugin"), ("kl", "plugin")):
        found = {
            d.quantity: d
            for d in compare_runs(*runs, target, loss=loss, estimator=estimator, permutations=99)
        }
        d = [decompose(p, target, loss=loss, estimator=estimator) for p in predictions]
        for quantity in ("error", "variance", "incoherence"):
            expected = d[0].mean(quantity) - d[1].mean(quantity)
            assert found[quantity].estimate == pytest.approx(expected, rel=1e-9, abs=1e-12)
        assert found["error"].high < 0


def test_unit_tests_of_many_dimensions() -> None:
    rng = np.random.default_rng(1)
    passed = (rng.random((2, 12, 3, 40)) < 0.7).astype(float)
    passed[:, 3, :, 20:] = np.nan
    runs = [RunEpochs(p, np.nanmean(p, axis=2)) for p in passed]
    found = {d.quantity: d for d in compare_runs(*runs, 1.0, loss="squared", permutations=99)}
    d = [decompose(p, 1.0, loss="squared") for p in passed]
    for quantity in ("error", "bias_squared", "variance", "incoherence"):
        assert found[quantity].first == pytest.approx(d[0].mean(quantity), abs=1e-9)
        assert found[quantity].second == pytest.approx(d[1].mean(quantity), abs=1e-9)
    assert "pass_hat_3" not in found


def test_epochs_are_exchanged_within_their_contexts() -> None:
    # Every context has its own answer, the same in both runs: no exchange within contexts changes anything.
    contexts = np.tile(np.repeat(np.arange(4), 2), (10, 1))
    scores = (contexts % 2).astype(float)
    epochs = run(scores, contexts)

    def nested(predictions: np.ndarray, _: np.ndarray, cells: np.ndarray) -> object:
        return decompose_nested(predictions, np.ones((len(predictions), 1)), cells, loss="squared")

    found = compare_runs(epochs, epochs, 1.0, loss="squared", decomposed=nested, permutations=49)
    assert {d.quantity: d.p_value for d in found if d.quantity in ("error", "variance")} == {
        "error": 1.0,
        "variance": 1.0,
    }
    expected = decompose_nested(scores[:, :, None], np.ones((10, 1)), contexts, loss="squared")
    assert next(d for d in found if d.quantity == "variance").first == pytest.approx(
        expected.mean("variance")
    )


@pytest.mark.parametrize(
    ("options", "message"),
    [({"level": 1.0}, "level=1.0"), ({"permutations": 0}, "permutations=0")],
)
def test_wrong_options(options: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        compared(*world(0), **options)


def test_runs_of_other_questions() -> None:
    with pytest.raises(ValueError, match="paired by question"):
        compare_runs(run(np.ones((3, 2))), run(np.ones((4, 2))), 1.0, loss="squared")


def test_paired_difference_is_the_wider_of_two_methods() -> None:
    a, b = (decompose(x[:, :, None], 1.0, loss="squared") for x in world(5, 40, (3, 3), 0.7))
    each = [paired_difference(a, b, "error", method=m) for m in ("studentised", "linearised")]
    both = paired_difference(a, b, "error")
    assert both.low == pytest.approx(min(x.low for x in each))
    assert both.high == pytest.approx(max(x.high for x in each))


def test_holm_equals_statsmodels() -> None:
    p = np.random.default_rng(0).random(9) ** 3
    assert holm(p) == pytest.approx(multipletests(p, method="holm")[1], abs=1e-12)
    with_gap = holm([0.01, np.nan, 0.04])
    assert with_gap[[0, 2]] == pytest.approx([0.02, 0.04]) and np.isnan(with_gap[1])


@settings(max_examples=60, deadline=None)
@given(st.integers(2, 6), st.data())
def test_letters_say_exactly_who_differs(count: int, data: st.DataObject) -> None:
    names = [f"m{i}" for i in range(count)]
    pairs = list(combinations(names, 2))
    different = [pair for pair in pairs if data.draw(st.booleans())]
    letters = letter_groups(names, different)
    for pair in pairs:
        shared = set(letters[pair[0]]) & set(letters[pair[1]])
        assert bool(shared) == (pair not in different)
    assert letters[names[0]].startswith("a")


def test_pass_hat_of_the_fewest_epochs() -> None:
    # c right of n: C(c, 2)/C(n, 2), with k = 2 the fewest epochs of a question that counts.
    a = np.array([[1, 1, 1, 0], [1, 0, np.nan, np.nan]], dtype=float)
    found = compared(a, np.array([[1, 1, 0, 0], [1, 1, 1, 0]], dtype=float))
    assert found["pass_hat_2"].first == pytest.approx((comb(3, 2) / comb(4, 2) + 0) / 2)
    assert found["pass_hat_2"].second == pytest.approx((1 / 6 + 3 / 6) / 2)


def in_shared_contexts(seed: int, questions: int = 40, contexts: int = 5, repeats: int = 2) -> tuple:
    """Two runs in the same few-shot contexts, which move the first one more."""
    rng = np.random.default_rng(seed)
    label = np.repeat(np.arange(contexts), repeats)
    z, effect = rng.normal(size=(questions, 1)), rng.normal(size=contexts)[label]
    runs = [rng.random((questions, len(label))) < 1 / (1 + np.exp(-z - size * effect)) for size in (1.5, 0.2)]
    return runs[0].astype(float), runs[1].astype(float), np.broadcast_to(label, runs[0].shape)


def compared_in_contexts(
    a: np.ndarray, b: np.ndarray, labels: np.ndarray, other: np.ndarray | None = None
) -> dict:
    other = labels if other is None else other
    found = compare_runs(run(a, labels), run(b, other), 1.0, loss="squared", permutations=199)
    return {one.quantity: one for one in found}


def test_contexts_that_questions_share_widen_the_far_end() -> None:
    a, b, labels = in_shared_contexts(1)
    found = compared_in_contexts(a, b, labels)

    def parts(x: np.ndarray, keep: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Numerators and denominators of the quantities, each of shape (4, questions)."""
        d = decompose_nested(x[:, keep, None], 1.0, labels[:, keep], loss="squared")
        ones = np.ones(40)
        tops = np.stack([x[:, keep].mean(axis=1), d.error, d.variance, d.variance])
        return tops, np.stack([ones, ones, ones, d.error])

    whole, share = np.ones(10, bool), 4 / 5
    total, moved, influence = np.zeros(4), np.zeros((5, 4, 40)), np.zeros((4, 40))
    for sign, x in ((1, a), (-1, b)):
        top, bottom = parts(x, whole)
        value = top.sum(axis=1) / bottom.sum(axis=1)
        total += sign * value
        influence += sign * (top - value[:, None] * bottom) / bottom.sum(axis=1)[:, None]
        for k in range(5):
            above, below = parts(x, labels[0] != k)
            # One question at a time without the context.
            alone = (top.sum(axis=1)[:, None] - top + above) / (bottom.sum(axis=1)[:, None] - bottom + below)
            left = alone - value[:, None]
            rest = above.sum(axis=1) / below.sum(axis=1) - value - left.sum(axis=1)
            moved[k] += sign * (left + rest[:, None] / 40)
    together = moved.sum(axis=2) - moved.sum(axis=2).mean(axis=0)
    rest = moved - moved.mean(axis=0) - together[:, :, None] / 40
    between, cells = (
        share * np.square(together).sum(axis=0),
        share * 40 / 39 * np.square(rest).sum(axis=(0, 2)),
    )
    over = 40 / 39 * np.square(influence).sum(axis=1)
    added = np.maximum(between - cells, 0.0)
    quantile = (over * stats.t.ppf(0.975, 39) + added * stats.t.ppf(0.975, 4)) / (over + added)
    for place, name in enumerate(("accuracy", "error", "variance", "incoherence")):
        one = found[name]
        assert one.estimate == pytest.approx(total[place], abs=1e-12)
        assert one.standard_error == pytest.approx(np.sqrt((over + added)[place]), rel=0.01)
        far = max(abs(one.low - one.estimate), abs(one.high - one.estimate))
        assert far >= 0.99 * quantile[place] * np.sqrt((over + added)[place])
        assert (one.p_value < 0.05) == (one.low > 0 or one.high < 0)
    assert added[0] > over[0]
    assert np.isnan(found["pass_hat_10"].low)
    compared = compared_in_contexts(np.maximum(a, np.arange(40)[:, None] < 9), b, labels)
    assert np.isnan(compared["pass_hat_10"].low)
    assert "without one of the few-shot contexts" in compared["pass_hat_10"].note


def test_contexts_of_one_run_only_count_for_that_run() -> None:
    a, b, labels = in_shared_contexts(2)
    same, apart = compared_in_contexts(a, b, labels), compared_in_contexts(a, b, labels, labels + 5)

    moved = [
        sign * (x[:, labels[0] != k].mean(axis=1) - x.mean(axis=1)) / 40
        for sign, x in ((1, a), (-1, b))
        for k in range(5)
    ]
    together = np.sum(moved, axis=1) - np.mean(np.sum(moved, axis=1))
    rest = np.array(moved) - np.mean(moved, axis=0) - together[:, None] / 40
    added = 9 / 10 * (np.square(together).sum() - 40 / 39 * np.square(rest).sum())
    questions = (a.mean(axis=1) - b.mean(axis=1)).std(ddof=1) / 40**0.5
    assert apart["accuracy"].standard_error == pytest.approx(np.sqrt(questions**2 + added), rel=1e-9)
    assert added > 0
    assert apart["accuracy"].estimate == pytest.approx(same["accuracy"].estimate)


def test_contexts_of_a_single_question_leave_the_interval_as_it_is() -> None:
    a, b, labels = in_shared_contexts(3)
    own = labels + 5 * np.arange(40)[:, None]
    flat = (a - b).mean(axis=1)
    error = compared_in_contexts(a, b, own)["accuracy"].standard_error
    assert error == pytest.approx(flat.std(ddof=1) / 40**0.5, rel=1e-9)


def test_one_question_or_cluster_is_compared_by_its_difference_alone() -> None:
    a, b = np.array([[1.0, 1.0, 1.0, 1.0]]), np.array([[0.0, 0.0, 0.0, 1.0]])
    one = compared(a, b, permutations=20_000)["accuracy"]
    assert (one.estimate, np.isnan(one.low)) == (0.75, True)
    assert "one question" in one.note
    # Of the 70 divisions of five right and three wrong epochs, those with 4 and 1 or 1 and 4 right are as extreme.
    assert one.p_value == pytest.approx(comb(5, 4) * comb(3, 0) / comb(8, 4), abs=0.01)
    x, y = world(3, questions=12, always=0.2)
    together = compared(x, y, clusters=["same"] * 12)
    assert all(np.isnan(d.low) and "one cluster" in d.note for d in together.values())
    apart = compared(x, y)
    assert all(together[name].estimate == pytest.approx(d.estimate) for name, d in apart.items())
    assert all(0 < d.p_value <= 1 for d in together.values())


def test_contexts_against_independent_epochs_are_each_decomposed_by_their_own_design() -> None:
    a, _, labels = in_shared_contexts(3)
    b = np.random.default_rng(4).normal(size=(40, 6))
    nested = decompose_nested(a[:, :, None], 1.0, labels, loss="squared")
    flat = decompose(b[:, :, None], 1.0, loss="squared", estimator="unbiased")
    found = {
        one.quantity: one
        for one in compare_runs(run(a, labels), run(b), 1.0, loss="squared", permutations=199)
    }
    swapped = {
        one.quantity: one
        for one in compare_runs(run(b), run(a, labels), 1.0, loss="squared", permutations=199)
    }
    for name in ("error", "bias_squared", "variance"):
        one = found[name]
        difference = getattr(nested, name) - getattr(flat, name)
        assert one.estimate == pytest.approx(difference.mean(), abs=1e-12)
        # Contexts were drawn, too: the error is above that over questions alone.
        assert one.standard_error > difference.std(ddof=1) / np.sqrt(40)
        assert (one.p_value < 0.05) == (one.low > 0 or one.high < 0)
        assert swapped[name].estimate == pytest.approx(-one.estimate, abs=1e-12)
        assert swapped[name].p_value == pytest.approx(one.p_value)


def test_runs_of_equal_truth_in_unlike_designs_are_not_told_apart() -> None:
    """Right answers whose rate moves with the few-shot context: five contexts twice against ten once."""
    gaps, flat_gaps, rejected = [], [], 0
    for world in range(150):
        rng = np.random.default_rng([5, world])
        centre = rng.normal(0, 1.2, (60, 1))
        rates = [1 / (1 + np.exp(-(centre + rng.normal(0, 1.5, (60, k))))) for k in (5, 10)]
        labels = np.tile(np.repeat(np.arange(5), 2), (60, 1))
        a = (rng.random((60, 10)) < np.repeat(rates[0], 2, axis=1)).astype(float)
        b = (rng.random((60, 10)) < rates[1]).astype(float)
        found = {
            one.quantity: one
            for one in compare_runs(run(a, labels), run(b), 1.0, loss="squared", permutations=99)
        }
        gaps.append(found["variance"].estimate)
        flat_gaps.append(a.var(axis=1, ddof=1).mean() - b.var(axis=1, ddof=1).mean())
        rejected += found["variance"].p_value < 0.05
        assert np.isnan(found["pass_hat_10"].estimate) and "fail together" in found["pass_hat_10"].note
    error = np.std(gaps) / np.sqrt(150)
    assert abs(np.mean(gaps)) < 4 * error
    # Pairs of one context taken for independent would find less variance.
    assert np.mean(flat_gaps) < -4 * error
    # 5 % of 150 and four standard errors.
    assert rejected <= 18


@pytest.mark.parametrize(("erring", "told"), [(2, False), (3, True)])
def test_bias_and_incoherence_need_three_erring_questions_in_each_run(erring: int, told: bool) -> None:
    """Two questions of the second run err alike, so that their effective number is their number."""
    first = np.ones((40, 4))
    first[:12, 0] = first[:6, 1] = 0.0
    second = np.ones((40, 4))
    second[10 : 10 + erring, :3] = 0.0
    runs = [RunEpochs(right[:, :, None], right) for right in (first, second)]
    found = {one.quantity: one for one in compare_runs(*runs, 1.0, loss="squared")}
    for quantity in ("bias_squared", "incoherence"):
        one = found[quantity]
        assert np.isfinite(one.low) == told and (one.note == "") == told
        assert 0 < one.p_value <= 1 and np.isfinite(one.estimate)
    assert all(np.isfinite(found[quantity].low) for quantity in ("accuracy", "error"))
    plain = [decompose(right[:, :, None], 1.0, loss="squared") for right in (first, second)]
    for quantity in ("bias_squared", "incoherence"):
        assert np.isfinite(paired_difference(*plain, quantity).low) == told
    # The same of clusters: questions two by two in one cluster count as half as many.
    pairs = np.arange(40) // 2
    assert np.isnan(paired_difference(*plain, "bias_squared", clusters=pairs).low)


def test_a_run_and_its_copy_differ_in_nothing_whatever_the_rounding() -> None:
    """Three tests that all pass but in one epoch each: bias² of the questions is rounding alone."""
    rng = np.random.default_rng(1)
    for _ in range(20):
        scores = (rng.random((9, 5, 7)) < 0.97).astype(float)
        right = scores.mean(axis=2)
        order = rng.permutation(5)
        found = compare_runs(
            RunEpochs(scores, right), RunEpochs(scores[:, order], right[:, order]), 1.0, loss="squared"
        )
        assert all(one.estimate == 0.0 or np.isnan(one.estimate) for one in found)
        assert all(one.p_value == 1.0 or np.isnan(one.p_value) for one in found)
