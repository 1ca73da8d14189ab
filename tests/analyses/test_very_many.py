"""What is computed another way above 10,000 questions agrees with the way of fewer."""

from itertools import product

import numpy as np
import pytest

from hotmess_inspect.analyses import nulls, overthinking, reliability
from hotmess_inspect.analyses._units import unit_terms
from hotmess_inspect.decomposition import decompose
from hotmess_inspect.decomposition.sufficient import one_hot_counts
from hotmess_inspect.inference import jackknife, resampling
from hotmess_inspect.inference.intervals import linearised_means, ratio_intervals
from hotmess_inspect.inference.permutation import Sizes
from hotmess_inspect.schema import Loss

MODULES = (overthinking, reliability, jackknife, resampling)


def answers(questions: int, epochs: int, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Letters of questions of unlike difficulty, their targets, and lengths with ties."""
    rng = np.random.default_rng(seed)
    chances = rng.dirichlet([2, 0.6, 0.6, 0.6], questions)
    picked = (rng.random((questions, epochs, 1)) > chances.cumsum(axis=1)[:, None]).sum(axis=2).clip(0, 3)
    return np.eye(4)[picked], np.zeros(questions, dtype=int), rng.lognormal(3, 1, (questions, epochs)).round()


def lowered(monkeypatch: pytest.MonkeyPatch, limit: int = 20) -> None:
    for module in MODULES:
        monkeypatch.setattr(module, "LARGE", limit)
    monkeypatch.setattr("hotmess_inspect.analyses._arrays.LARGE", limit)


@pytest.mark.parametrize("unbiased", [True, False])
def test_units_hold_the_sums_of_their_questions_in_every_order(unbiased: bool) -> None:
    rng = np.random.default_rng(4)
    values, target, _ = answers(30, 7, seed=1)
    known = np.where(np.arange(30) < 12, 7, 6)
    values[known == 6, 6] = np.nan
    sizes = Sizes(known, known // 2, known // 2)
    tied = np.arange(30) % 3 == 0
    # The third and the fourth place from the short end are of one length: either may be in a half of three.
    lengths = np.where(tied[:, None], [0.0, 1, 2, 2, 3, 4, 5], np.arange(7.0))
    deviations = values.copy()
    deviations[:, :, 0] -= 1
    terms, pool = unit_terms(deviations, sizes, tied, lengths, rng, unbiased=unbiased)
    assert not pool.exhaustive

    def half(rows: np.ndarray, places: list[int]) -> np.ndarray:
        part = decompose(
            values[rows][:, places],
            target[rows],
            loss="brier",
            estimator="unbiased" if unbiased else "plugin",
        )
        return np.array([part.variance.sum(), part.error.sum()])

    wanted = np.zeros(4)
    for n in (6, 7):
        m = n // 2
        for is_tied in (True, False):
            rows = np.flatnonzero((known == n) & (tied == is_tied))
            draws = [[0, 1, 2, 3, 4, 5, 6], [0, 1, 3, 2, 4, 5, 6]]
            for draw in draws if is_tied else draws[:1] * 2:
                wanted[:2] += half(rows, draw[:m]) / 2
                wanted[2:] += half(rows, draw[n - m : n]) / 2
    assert terms[:, 0].sum(axis=0) == pytest.approx(wanted, rel=1e-12)
    # The mean over all orders of a question is that of its pairs: the halves are alike in expectation.
    mean = terms[:, 1:].mean(axis=1).sum(axis=0)
    assert mean[:2] == pytest.approx(mean[2:], rel=0.1)


def test_the_split_of_very_many_questions_is_that_of_few(monkeypatch: pytest.MonkeyPatch) -> None:
    values, target, lengths = answers(400, 6, seed=2)
    values[::7, 0] = np.nan
    lengths[::11, 1] = np.nan
    for split, far in product(("equal", "paper"), (lengths + np.arange(6) / 8, np.ceil(lengths / 8))):
        few = overthinking.overthinking(values, target, far, split=split)
        with monkeypatch.context() as patch:
            lowered(patch)
            many = overthinking.overthinking(values, target, far, split=split)
        for name in ("error", "variance", "incoherence", "length", "questions"):
            for side in ("shorter", "longer"):
                assert getattr(getattr(many, side), name) == pytest.approx(
                    getattr(getattr(few, side), name), rel=1e-12
                ), (split, side, name)
        assert many.p_value == pytest.approx(few.p_value, abs=0.06)


def test_very_many_questions_reject_as_often_as_they_should(monkeypatch: pytest.MonkeyPatch) -> None:
    lowered(monkeypatch)
    p_values = []
    for seed in range(60):
        values, target, lengths = answers(60, 4, seed=100 + seed)
        p_values.append(
            overthinking.overthinking(values, target, lengths, permutations=99, resamples=1).p_value
        )
    # 60 draws from [0, 1]: their mean has the standard error 0.037.
    assert abs(np.mean(p_values) - 0.5) < 0.12
    assert np.mean(np.array(p_values) <= 0.1) <= 0.25
    # The longer half answers at random, the shorter one does not.
    values, target, lengths = answers(60, 6, seed=9)
    order = lengths.argsort(axis=1)
    for place in order[:, :3].T:
        values[np.arange(60), place] = np.eye(4)[1]
    assert overthinking.overthinking(values, target, lengths, permutations=199).p_value <= 0.01


def test_the_order_of_very_many_rows_changes_no_bit(monkeypatch: pytest.MonkeyPatch) -> None:
    lowered(monkeypatch)
    values, target, lengths = answers(90, 5, seed=5)
    shuffled = np.random.default_rng(0).permutation(90)
    one, other = (
        overthinking.overthinking(values[rows], target[rows], lengths[rows], permutations=99)
        for rows in (np.arange(90), shuffled)
    )
    assert (one.difference, one.p_value, one.difference_ci) == (
        other.difference,
        other.p_value,
        other.difference_ci,
    )


def test_slopes_stand_for_leaving_out_each_of_very_many(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(6)
    sums = np.column_stack([rng.gamma(1.0, size=(3000, 2)), np.zeros(3000), np.ones(3000)])

    def estimates(total: np.ndarray) -> np.ndarray:
        return np.stack([np.log(total[:, 0] / total[:, 1]), total[:, 0] / total[:, 3] + total[:, 2]], axis=1)

    exact = jackknife.jackknife(sums, estimates, 0.95)
    lowered(monkeypatch)
    sloped = jackknife.jackknife(sums, estimates, 0.95)
    # Both agree up to terms of the order of 1/3000.
    widths = np.diff(exact.intervals, axis=1)
    assert (np.abs(sloped.intervals - exact.intervals) < 2e-3 * widths).all()
    assert sloped.effective == pytest.approx(exact.effective, rel=2e-3)


def test_distinct_rows_with_counts_have_the_intervals_of_all_rows() -> None:
    rng = np.random.default_rng(7)
    rows = rng.random((6, 3))
    counted = np.array([[1, 1, 0], [1, 0, 0], [1, 1, 1], [1, 1, 0], [1, 0, 0], [1, 1, 0]], dtype=float)
    times = np.array([5.0, 3, 1, 7, 2, 9])
    each = np.repeat(np.arange(6), times.astype(int))
    wanted = ratio_intervals((rows * counted)[each], counted[each], method="linearised")
    found = linearised_means(rows * counted, counted, times)
    # One question counts in the last column: it says nothing about others.
    assert np.isnan(found[2]).all()
    assert found == pytest.approx(wanted, rel=1e-12, nan_ok=True)


def test_pass_rates_of_very_many_questions_are_those_of_few(monkeypatch: pytest.MonkeyPatch) -> None:
    values, _, _ = answers(300, 5, seed=8)
    right = values[:, :, 0].copy()
    right[::9, 3:] = np.nan
    few = reliability.reliability(right, simulations=0)
    lowered(monkeypatch)
    many = reliability.reliability(right, simulations=0)
    for one, other in zip(
        (*few.pass_hat_k, *few.pass_at_k), (*many.pass_hat_k, *many.pass_at_k), strict=True
    ):
        assert other.value == pytest.approx(one.value, rel=1e-12)
        assert other.questions == one.questions
        width = one.interval.high - one.interval.low
        assert other.interval == pytest.approx(one.interval, abs=0.2 * width)


def test_counts_of_answers_give_what_arrays_give() -> None:
    values, target, _ = answers(50, 6, seed=3)
    target = np.arange(50) % 4
    assert np.array_equal(one_hot_counts(values), values.sum(axis=1))
    # An epoch more that is not one-hot takes the general road for all questions.
    mixed = np.concatenate([values, np.full((1, 6, 4), 0.25)])
    assert one_hot_counts(mixed) is None
    few, many = (
        nulls.matched_variances(v, t, estimator="plugin")
        for v, t in ((values, target), (mixed, np.append(target, 0)))
    )
    assert few.low == pytest.approx(many.low[:-1], abs=1e-13)
    assert few.high == pytest.approx(many.high[:-1], abs=1e-13)
    shares = nulls.failure_shares(values, target), nulls.failure_shares(mixed, np.append(target, 0))
    for name in ("always_right", "always_wrong", "unanimous_failures"):
        one, other = (getattr(found, name) for found in shares)
        extra = name == "always_wrong"
        assert round(other.value * 51) == round(one.value * 50) + extra


@pytest.mark.parametrize("loss", ["brier", "kl", "zero_one"])
@pytest.mark.parametrize("place", [0, -1])
def test_one_unreadable_answer_among_very_many_questions(place: int, loss: Loss) -> None:
    values, target, _ = answers(20_000, 3, seed=10)
    plain = decompose(values, target, loss=loss, estimator="plugin")
    values[place, 0] = 0.25
    found = decompose(values, target, loss=loss, estimator="plugin")
    others = slice(1, None) if place == 0 else slice(None, -1)
    assert found.variance[others] == pytest.approx(plain.variance[others], abs=1e-14)
    assert found.error[others] == pytest.approx(plain.error[others], abs=1e-14)
    alone = decompose(values[[place]], target[[place]], loss=loss, estimator="plugin")
    assert found.variance[place] == pytest.approx(alone.variance[0], abs=1e-14)
