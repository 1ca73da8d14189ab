"""The mid-p value of exchanged epochs, and an interval that agrees with it."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hotmess_inspect.inference.exchange import (
    Exchanges,
    critical_value,
    exchange_critical_value,
    exchange_p_value,
    interval_of_test,
    p_error,
    rejects,
)


def test_ties_count_by_half_and_nothing_else_changes() -> None:
    drawn = np.array([0.0, 1, 1, 2, 2, 2, 3, 3, np.inf])
    assert exchange_p_value(2.0, drawn) == pytest.approx((1 + 3 + 1.5) / 10)
    assert exchange_p_value(2.5, drawn) == pytest.approx((1 + 3) / 10)
    assert exchange_p_value(3.0 + 1e-12, drawn) == pytest.approx((1 + 1 + 1) / 10)
    assert exchange_p_value(np.inf, drawn) == pytest.approx(1.5 / 10)
    # Nothing is less than no difference at all.
    assert exchange_p_value(0.0, drawn) == exchange_p_value(0.0, np.zeros(9)) == 1.0


def test_the_level_is_nearer_to_its_own_and_not_above_it_on_average() -> None:
    # Ten fair coins, the distance of their sum from five: p by enumeration of the eleven sums.
    chance = np.array([1, 10, 45, 120, 210, 252, 210, 120, 45, 10, 1]) / 1024
    distance = np.abs(np.arange(11) - 5.0)
    drawn = np.repeat(distance, (chance * 1024).astype(int))
    levels = {"all": 0.0, "half": 0.0}
    for own, value in zip(chance, distance, strict=True):
        levels["all"] += own * ((1 + (drawn >= value).sum()) / 1025 < 0.1)
        levels["half"] += own * (exchange_p_value(value, drawn) < 0.1)
    # P(|sum - 5| >= 3) is 112/1024, of which 90/1024 tie: it rejects at half of them, and not in full.
    assert levels == pytest.approx({"all": 22 / 1024, "half": 112 / 1024})


@given(
    drawn=st.lists(st.integers(0, 12), min_size=1, max_size=60),
    observed=st.integers(0, 12),
    level=st.sampled_from([0.5, 0.8, 0.95]),
    width=st.floats(0.1, 3),
    sign=st.sampled_from([-1, 1]),
    dust=st.booleans(),
)
def test_interval_and_test_agree_on_few_values(
    drawn: list[int], observed: int, level: float, width: float, sign: int, dust: bool
) -> None:
    values, distance, spread = np.array(drawn, dtype=float) / 3, observed / 3, 0.1
    exact = values.copy()
    if dust:  # Ties are equal up to rounding only.
        values[::2] *= 1 + 2e-16
        values[1::3] *= 1 - 2e-16
    p_value = exchange_p_value(distance, values)
    reach = exchange_critical_value(distance, values, level)
    estimate = sign * distance * spread
    interval = (estimate - width * spread, estimate + width * spread)
    low, high = interval_of_test(estimate, interval, reach * spread, rejects(p_value, level))
    assert rejects(p_value, level) == (low > 0 or high < 0)
    assert low <= estimate <= high
    whole = (1 + (exact >= distance).sum()) / (1 + len(values))
    assert whole / 2 <= p_value <= whole
    if distance not in exact and distance > 0:
        assert (p_value, reach) == (whole, pytest.approx(critical_value(exact, level), abs=1e-12))


@pytest.mark.parametrize(
    ("observed", "draws"), [(3.0, 995), (1.9, 995), (1.0, 199), (0.0, 199), (np.nan, 199)]
)
def test_more_divisions_are_drawn_where_p_may_be_small_enough(observed: float, draws: int) -> None:
    # The statistic of a division is |z|, whose two-sided p is .003, .057, .32 and 1.
    pool = np.random.default_rng(1).normal(size=(4001, 2, 1))
    found = Exchanges(pool[:1], np.array([0]), pool, np.array([0]), np.array([len(pool)]))

    def measure(terms: np.ndarray) -> np.ndarray:
        return np.abs(terms[:, 0, 0])

    drawn = found.drawn_for(np.array([observed]), 199, np.random.default_rng(7), measure, 0.95)
    assert drawn.shape == (draws, 1)
    first = found.drawn(199, np.random.default_rng(7), measure)
    assert np.array_equal(drawn[:199], first)


def test_p_moves_with_the_seed_by_its_standard_error() -> None:
    statistics = np.abs(np.random.default_rng(3).normal(size=(400, 499)))
    found = [exchange_p_value(1.96, drawn) for drawn in statistics]
    stated = [p_error(p, 499) for p in found]
    # Binomial: the standard deviation of 400 values of p is known to within about 7 %.
    assert np.std(found) == pytest.approx(np.mean(stated), rel=0.1)
