"""An interval of no width would claim to know what other questions would say."""

import math

import numpy as np
import pytest

from hotmess_inspect import decompose
from hotmess_inspect.analyses._arrays import percentile_interval
from hotmess_inspect.analyses.overthinking import overthinking
from hotmess_inspect.analyses.stabilisation import stabilisation
from hotmess_inspect.analyses.summaries import question_share


def coverage(*passes: list[int]) -> np.ndarray:
    return np.array(passes, dtype=float)[:, :, None]


def test_questions_that_all_say_the_same_give_no_interval() -> None:
    # Two questions err, each once in two epochs: incoherence 1 for both (unbiased), no spread at all.
    d = decompose(coverage([1, 0], [0, 1], [1, 1]), np.array(1.0), loss="squared")
    assert d.incoherence == 1.0
    assert all(math.isnan(end) for end in d.interval("incoherence"))


def test_rounding_is_not_spread() -> None:
    # Pass rate 1/3 everywhere: variance/error = 1/3 · 3/2 = 1/2 for each question, whatever the last bit says.
    d = decompose(coverage(*[[1, 0, 0]] * 7, *[[0, 0, 1]] * 5), np.array(1.0), loss="squared")
    assert d.incoherence == pytest.approx(0.5, abs=1e-15)
    assert all(math.isnan(end) for end in d.interval("incoherence"))


@pytest.mark.parametrize("method", ["studentised", "linearised", "jackknife"])
def test_every_method_keeps_to_it(method: str) -> None:
    d = decompose(coverage(*[[1, 0]] * 6), np.array(1.0), loss="squared")
    assert all(math.isnan(end) for end in d.interval("incoherence", method=method))  # type: ignore[arg-type]


def test_one_question_that_differs_is_enough() -> None:
    d = decompose(coverage([1, 0], [0, 1], [0, 0]), np.array(1.0), loss="squared")
    low, high = d.interval("incoherence")
    # Variance 1/2 + 1/2 + 0 over error 1/2 + 1/2 + 1.
    assert low <= d.incoherence == 0.5 <= high
    assert low < high


@pytest.mark.parametrize("estimator", ["plugin", "jackknife"])
@pytest.mark.parametrize("erring", [1, 2])
def test_what_smoothing_leaves_to_right_answers_is_no_spread(estimator: str, erring: int) -> None:
    answers = np.zeros((20, 4), int)
    answers[:erring, 1] = 1
    d = decompose(np.eye(2)[answers], np.zeros(20, int), loss="kl", estimator=estimator)  # type: ignore[arg-type]
    # One question says nothing about others; two that err alike do not differ, however right answers round.
    assert all(math.isnan(end) for end in d.interval("incoherence", resamples=50))
    if erring == 1:
        assert math.isnan(d.corrected_incoherence)
    else:
        assert d.corrected_incoherence == pytest.approx(d.incoherence, abs=1e-9)


@pytest.mark.parametrize("loss", ["brier", "kl"])
def test_a_curve_over_epochs_that_never_differ_has_no_intervals(loss: str) -> None:
    answers = np.eye(3)[np.tile(np.arange(40)[:, None] % 2, 5)]
    curve = stabilisation(answers, np.zeros(40, int), loss=loss, orders=50)
    assert [point.plugin for point in curve.points] == [0.0] * 4
    assert all(math.isnan(end) for point in curve.points for end in (*point.plugin_ci, *point.unbiased_ci))


def test_halves_that_never_differ_have_a_difference_without_an_interval() -> None:
    answers = np.eye(3)[np.tile(np.arange(40)[:, None] % 2, 6)]
    found = overthinking(answers, np.zeros(40, int), np.tile(np.arange(6.0), (40, 1)), resamples=50)
    assert (found.difference, found.p_value) == (0.0, 1.0)
    assert all(math.isnan(end) for end in found.difference_ci)


def test_replicates_that_do_not_move_are_no_interval() -> None:
    assert all(math.isnan(end) for end in percentile_interval(np.full(100, -1.0), 0.95, 30))
    low, high = percentile_interval(np.linspace(-1.0, -0.9, 100), 0.95, 30)
    assert -1.0 <= low < high <= -0.9


def test_a_share_of_none_has_an_interval_that_holds_it() -> None:
    """Rounding took the low end of Wilson's interval to 1.7e-18, beyond the share of 0 itself."""
    for count in range(1, 400):
        none = question_share(np.zeros(count, bool), np.ones(count, bool), 0.95)
        all_ = question_share(np.ones(count, bool), np.ones(count, bool), 0.95)
        assert none.interval.low == 0.0 < none.interval.high
        assert all_.interval.low < 1.0 == all_.interval.high
