"""Quantiles against closed forms, and against scipy over the whole range."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import special, stats

from hotmess_inspect.inference.quantiles import (
    normal_cdf,
    normal_quantile,
    sample_quantiles,
    student_quantile,
    student_quantiles,
)

PROBABILITIES = [
    1e-12,
    1e-6,
    0.001,
    0.005,
    0.025,
    0.05,
    0.2,
    0.4,
    0.499,
    0.5,
    0.51,
    0.75,
    0.975,
    0.999,
    1 - 1e-9,
]


@pytest.mark.parametrize("p", PROBABILITIES)
def test_normal(p: float) -> None:
    assert normal_quantile(p) == pytest.approx(special.ndtri(p), rel=1e-13, abs=1e-15)
    assert normal_cdf(normal_quantile(p)) == pytest.approx(p, rel=1e-12)


def test_far_tails_of_the_normal() -> None:
    for x in (-37.0, -20.0, -5.0, 0.0, 3.0):
        assert normal_cdf(x) == pytest.approx(special.ndtr(x), rel=1e-12)


@pytest.mark.parametrize("df", [1, 2, 3, 4, 7, 20, 99, 500, 999, 1000, 1001, 5000, 10**6, 2.5])
@pytest.mark.parametrize("p", PROBABILITIES)
def test_student(df: float, p: float) -> None:
    assert student_quantile(df, p) == pytest.approx(stats.t.ppf(p, df), rel=2e-10, abs=1e-13)


def test_closed_forms() -> None:
    # One degree of freedom is Cauchy's distribution; with two, t = (2p - 1)/√(2p(1 - p)).
    assert student_quantile(1, 0.75) == pytest.approx(1.0, rel=1e-15)
    assert student_quantile(2, 0.9) == pytest.approx(0.8 / math.sqrt(0.18), rel=1e-15)
    np.testing.assert_array_equal(student_quantiles(9, [0.25, 0.75]), [-1, 1] * student_quantiles(9, [0.75]))


@pytest.mark.parametrize("p", [0.0, 1.0, -0.1, float("nan")])
def test_probabilities_out_of_range(p: float) -> None:
    with pytest.raises(ValueError, match="outside"):
        normal_quantile(p)
    with pytest.raises(ValueError, match="outside"):
        student_quantile(5, p)


def test_degrees_of_freedom_out_of_range() -> None:
    with pytest.raises(ValueError, match="df=0 must be at least 1"):
        student_quantile(0, 0.5)


@given(
    st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=40),
    st.lists(st.floats(0, 1), min_size=1, max_size=5),
)
def test_quantiles_of_samples_are_those_of_numpy(values: list[float], probabilities: list[float]) -> None:
    table = np.column_stack([values, np.arange(len(values)) * 0.1])
    np.testing.assert_array_equal(
        sample_quantiles(table, probabilities), np.quantile(table, probabilities, axis=0)
    )
