"""Power laws through points that may be zero, against hand-worked numbers and statsmodels."""

import warnings

import numpy as np
import pytest
import statsmodels.api as sm
from hypothesis import assume, given, settings
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


def test_a_zero_stays_in_by_hand():
    # log x = 0, 1, 2 and e^α = r: Σ z r^z / Σ r^z = (r + 2r²)/(1 + r + r²) = (0·2 + 1·0 + 2·5)/7 gives r = 2,
    # since (2 + 8)/7 = 10/7; then c = 7/(1 + 2 + 4) = 1 and μ = 1, 2, 4.
    fit = fit_power_law(np.exp([0.0, 1, 2]), [2.0, 0.0, 5.0])
    assert fit.exponent == pytest.approx(np.log(2))
    assert fit.log_prefactor == pytest.approx(0, abs=1e-12)
    # D = 2Σ y log(y/μ), the differences adding up to 0; of the constant 7/3: 2(2 log 6/7 + 5 log 15/7)
    explained = 1 - (2 * np.log(2) + 5 * np.log(1.25)) / (2 * np.log(6 / 7) + 5 * np.log(15 / 7))
    assert fit.r_squared == pytest.approx(explained)
    assert (fit.points, fit.zeros, fit.left_out, fit.note) == (3, 1, 0, "")


def test_a_negative_mean_stays_in_by_hand():
    # As above with totals 3, -2, 6: Σ = 7 and Σ zy = 10 are those of 2, 0, 5. Deviance there is none.
    fit = fit_power_law(np.exp([0.0, 1, 2]), [3.0, -2.0, 6.0])
    assert fit.exponent == pytest.approx(np.log(2))
    assert np.isnan(fit.r_squared) and fit.zeros == 1


def test_exposure_by_hand():
    # Doubling the exposure of a point and its total changes nothing where the law is exact.
    x, exposure = np.array([1.0, 2, 4]), np.array([1.0, 10, 3])
    fit = fit_power_law(x, exposure * 5 * x**0.5, exposure)
    assert (fit.exponent, fit.log_prefactor) == pytest.approx((0.5, np.log(5)))
    # A point without exposure says nothing, whatever its total.
    same = fit_power_law([*x, 9.0], [*(exposure * 5 * x**0.5), 1.0], [*exposure, 0.0])
    assert (same.exponent, same.left_out) == (pytest.approx(0.5), 1)


def test_points_that_say_nothing_are_counted():
    fit = fit_power_law([1, 2, 4, 0, 8, np.inf], [1, 2, 4, 5, np.nan, 3])
    assert fit.exponent == pytest.approx(1)
    assert (fit.points, fit.left_out) == (3, 3)


@pytest.mark.parametrize(
    ("x", "y", "reason"),
    [
        ([], [], "0 of 0 points can be used, and 3 are needed"),
        ([1], [1], "1 of 1 points"),
        ([1, 2], [1, 2], "2 of 2 points"),
        ([2, 2, 2], [1, 2, 3], "all 3 points have one x"),
        ([1, 2, 3], [np.nan, 1, 2], "2 of 3 points"),
        ([1, 2, 3], [0, 0, 0], "do not add up to more than 0"),
        ([1, 2, 3], [0, 0, 4], "only the points of the largest x"),
        ([1, 2, 3], [4, 0, 0], "only the points of the smallest x"),
    ],
)
def test_no_fit(x, y, reason):
    fit = fit_power_law(x, y)
    assert np.isnan([fit.exponent, fit.log_prefactor, fit.r_squared]).all()
    assert reason in fit.note
    assert fit.points + fit.left_out == len(x)


def test_a_flat_line_explains_nothing():
    fit = fit_power_law([1, 2, 4], [1, 1, 1])
    assert fit.exponent == pytest.approx(0, abs=1e-12) and np.isnan(fit.r_squared)


@given(
    st.lists(
        st.tuples(POSITIVE, st.one_of(st.just(0.0), POSITIVE), POSITIVE),
        min_size=4,
        max_size=9,
        unique_by=lambda point: round(point[0], 3),
    )
)
@settings(max_examples=60, deadline=None)
def test_equals_statsmodels_and_many_at_once(points):
    x, y, exposure = np.array(points).T
    fit = fit_power_law(x, y, exposure)
    assume(not fit.note and abs(fit.exponent) < 20)
    glm = sm.GLM(y, sm.add_constant(np.log(x)), family=sm.families.Poisson(), offset=np.log(exposure))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            peer = glm.fit(tol=1e-15, maxiter=300)
        except ValueError:  # its weights overflow on the way; the equations below are asked all the same
            peer = None
    # The equations themselves: a peer that stopped early, or here, would be seen.
    fitted = exposure * np.exp(fit.log_prefactor + fit.exponent * np.log(x))
    assert (y - fitted).sum() == pytest.approx(0, abs=1e-9 * y.sum())
    assert ((y - fitted) * np.log(x)).sum() == pytest.approx(0, abs=1e-8 * y.sum())
    if peer is not None and np.abs(glm.score(peer.params)).max() < 1e-10 * y.sum():
        assert (fit.log_prefactor, fit.exponent) == pytest.approx(peer.params, rel=1e-6, abs=1e-6)
        assert fit.r_squared == pytest.approx(1 - peer.deviance / peer.null_deviance, rel=1e-6, abs=1e-6)
    many = power_law_exponents(x, np.stack([y, 3 * y, np.where(np.arange(len(y)) == 0, np.nan, y)]), exposure)
    assert many[:2] == pytest.approx([fit.exponent] * 2, rel=1e-9, abs=1e-9)
    without = power_law_exponents(x[1:], y[1:], exposure[1:])
    assert many[2] == pytest.approx(without, rel=1e-9, abs=1e-9, nan_ok=True)


def test_equals_statsmodels_to_nine_digits():
    rng = np.random.default_rng(0)
    for _ in range(20):
        x, exposure = rng.gamma(2, 100, 6), rng.gamma(2, 5, 6)
        y = rng.gamma(2, exposure * (x / 100) ** 0.7)
        peer = sm.GLM(
            y, sm.add_constant(np.log(x)), family=sm.families.Poisson(), offset=np.log(exposure)
        ).fit(tol=1e-15, maxiter=300)
        fit = fit_power_law(x, y, exposure)
        assert (fit.log_prefactor, fit.exponent) == pytest.approx(peer.params, rel=1e-9, abs=1e-9)
        assert fit.r_squared == pytest.approx(1 - peer.deviance / peer.null_deviance, rel=1e-9, abs=1e-9)


def test_a_dropped_zero_would_bend_the_exponent():
    # Six models whose bias² falls as size^-1.62; noise takes the estimate of the largest below 0.
    sizes = np.array([1.0, 2, 4, 8, 16, 32])
    truth = sizes**-1.62
    noise = 0.02 * np.random.default_rng(2).standard_normal((4000, 6))
    estimates = truth + noise
    with_all = power_law_exponents(sizes, estimates)
    assert np.median(with_all) == pytest.approx(-1.62, abs=0.01)
    positive = np.where(estimates > 0, estimates, np.nan)
    lines = [
        np.polyfit(np.log(sizes[known]), np.log(row[known]), 1)[0]
        for row, known in ((row, ~np.isnan(row)) for row in positive[:500])
        if known.sum() < 6
    ]
    assert np.median(lines) > -1.5


def test_shapes_must_agree():
    with pytest.raises(ValueError, match=r"got \(2,\), \(3,\) and \(3,\)"):
        fit_power_law([1, 2], [1, 2, 3])
