"""Straight lines through logarithms."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hotmess_inspect.inference.power_laws import fit_power_law, power_law_exponents

POSITIVE = st.floats(1e-3, 1e3)


def test_exact_power_law():
    x = np.array([1.0, 2, 4, 8])
    fit = fit_power_law(x, 3 * x**-0.7)
    assert fit.exponent == pytest.approx(-0.7)
    assert fit.log_prefactor == pytest.approx(np.log(3))
    assert fit.r_squared == pytest.approx(1)
    assert (fit.points, fit.left_out, fit.note) == (4, 0, "")


def test_hand_computed_line():
    # logs (0, 1, 2) and (0, 2, 1): slope Σ(x-1)y/Σ(x-1)² = (0·-1 + 1·1)/2 = 1/2, intercept 1 - 1/2;
    # residuals (-1/2, 1, -1/2), so R² = 1 - 1.5/2
    fit = fit_power_law(np.exp([0.0, 1, 2]), np.exp([0.0, 2, 1]))
    assert fit.exponent == pytest.approx(0.5)
    assert fit.log_prefactor == pytest.approx(0.5)
    assert fit.r_squared == pytest.approx(0.25)


def test_points_without_a_logarithm_are_counted():
    fit = fit_power_law([1, 2, 4, 0, 8, np.inf], [1, 2, 4, 5, -1, 3])
    assert fit.exponent == pytest.approx(1)
    assert (fit.points, fit.left_out) == (3, 3)


@pytest.mark.parametrize(("x", "y"), [([], []), ([1], [1]), ([2, 2, 2], [1, 2, 3]), ([1, 2], [np.nan, 1])])
def test_no_line(x, y):
    fit = fit_power_law(x, y)
    assert np.isnan([fit.exponent, fit.log_prefactor, fit.r_squared]).all()
    assert "two different x are needed" in fit.note
    assert fit.points + fit.left_out == len(x)


def test_a_flat_line_explains_nothing():
    fit = fit_power_law([1, 2, 4], [1, 1, 1])
    assert fit.exponent == 0 and np.isnan(fit.r_squared)


@given(
    st.lists(
        st.tuples(POSITIVE, POSITIVE), min_size=3, max_size=12, unique_by=lambda point: round(point[0], 3)
    )
)
def test_equals_polyfit_and_many_at_once(points):
    x, y = np.array(points).T
    slope, intercept = np.polyfit(np.log(x), np.log(y), 1)
    fit = fit_power_law(x, y)
    assert fit.exponent == pytest.approx(slope, rel=1e-6, abs=1e-6)
    assert fit.log_prefactor == pytest.approx(intercept, rel=1e-6, abs=1e-5)
    many = power_law_exponents(x, np.stack([y, y**2, np.where(np.arange(len(y)) == 0, np.nan, y)]))
    assert many[:2] == pytest.approx([fit.exponent, 2 * fit.exponent], rel=1e-9, abs=1e-9)
    assert many[2] == pytest.approx(fit_power_law(x[1:], y[1:]).exponent, rel=1e-9, abs=1e-9, nan_ok=True)


def test_shapes_must_agree():
    with pytest.raises(ValueError, match=r"got \(2,\) and \(3,\)"):
        fit_power_law([1, 2], [1, 2, 3])
