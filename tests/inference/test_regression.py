"""Least squares against statsmodels and by hand."""

import numpy as np
import pytest
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.linalg import fractional_matrix_power
from scipy.stats import t as student_t

from hotmess_inspect.inference.regression import cr2_errors, log_link_regression, size_and_length


def world(seed, rows=40, clusters=8):
    rng = np.random.default_rng(seed)
    label = rng.integers(0, clusters, rows)
    shift = rng.normal(size=clusters)[label]
    columns = {"size": rng.normal(size=rows) + shift, "length": rng.normal(size=rows)}
    response = 0.3 - 0.2 * columns["size"] + 0.5 * columns["length"] + shift + rng.normal(size=rows)
    return response, columns, label


def fit_numbers(fit):
    rows = fit.coefficients.values()
    return np.array([(c.estimate, c.standard_error, c.p_value, *c.interval) for c in rows])


def reference(model, level=0.95):
    return np.column_stack([model.params, model.bse, model.pvalues, model.conf_int(alpha=1 - level)])


def test_clusters_of_one_row_equal_statsmodels():
    # With one row a cluster CR2 is HC2.
    response, columns, _ = world(0)
    design = sm.add_constant(np.column_stack([*columns.values()]))
    expected = sm.OLS(response, design).fit(cov_type="HC2")
    errors, _ = cr2_errors(design, expected.resid, np.arange(len(response)))
    assert errors == pytest.approx(expected.bse, rel=1e-9)


def plain_cr2(design, residual, labels):
    """Textbook CR2 and Satterthwaite's degrees of freedom, with matrix functions and loops."""
    count, width = design.shape
    inverse = np.linalg.inv(design.T @ design)
    rest = np.eye(count) - design @ inverse @ design.T
    meat, gs = np.zeros((width, width)), []
    for label in sorted(set(labels)):
        own = [place for place in range(count) if labels[place] == label]
        block = rest[np.ix_(own, own)]
        adjust = np.real(fractional_matrix_power(block, -0.5))
        score = design[own].T @ adjust @ residual[own]
        meat += np.outer(score, score)
        gs.append(rest[:, own] @ adjust @ design[own] @ inverse)
    covariance = inverse @ meat @ inverse
    freedom = []
    for column in range(width):
        vectors = np.array([g[:, column] for g in gs])
        values = np.linalg.eigvalsh(vectors @ vectors.T)
        freedom.append(values.sum() ** 2 / (values**2).sum())
    return np.sqrt(np.diag(covariance)), np.array(freedom)


@pytest.mark.parametrize("seed", range(5))
def test_clusters_equal_a_plain_implementation(seed):
    response, columns, label = world(seed)
    design = sm.add_constant(np.column_stack([*columns.values()]))
    model = sm.OLS(response, design).fit()
    expected = plain_cr2(design, model.resid, label.tolist())
    for found, plain in zip(cr2_errors(design, model.resid, label), expected, strict=True):
        assert found == pytest.approx(plain, rel=1e-9)


@pytest.mark.parametrize("seed", range(5))
def test_log_link_equals_statsmodels(seed):
    _, columns, label = world(seed)
    rng = np.random.default_rng(seed)
    mean = np.exp(0.3 * columns["size"] - 0.4 * columns["length"])
    response = np.where(rng.random(40) < 0.3, 0.0, mean * rng.gamma(2, 0.7, 40))
    design = sm.add_constant(np.column_stack([*columns.values()]))
    expected = sm.GLM(response, design, family=sm.families.Poisson()).fit(tol=1e-15, maxiter=300)
    fit = log_link_regression(response, columns, clusters=label.tolist(), level=0.9)
    assert fit.clusters == len(set(label))
    assert [c.estimate for c in fit.coefficients.values()] == pytest.approx(expected.params, rel=1e-9)
    root = np.sqrt(expected.fittedvalues)
    errors, freedom = plain_cr2(design * root[:, None], (response - root**2) / root, label.tolist())
    assert [c.standard_error for c in fit.coefficients.values()] == pytest.approx(errors, rel=1e-8)
    assert [c.degrees_of_freedom for c in fit.coefficients.values()] == pytest.approx(freedom, rel=1e-8)
    for found, error, degrees in zip(fit.coefficients.values(), errors, freedom, strict=True):
        reach = student_t.ppf(0.95, degrees) * error
        assert found.interval == pytest.approx((found.estimate - reach, found.estimate + reach), rel=1e-7)
        assert found.p_value == pytest.approx(
            2 * student_t.sf(abs(found.estimate) / error, degrees), rel=1e-7
        )


@pytest.mark.parametrize("models", [3, 5])
def test_a_size_without_effect_is_seldom_one(models):
    rejected = 0
    for seed in range(300):
        rng = np.random.default_rng([seed, models])
        size = np.repeat(np.geomspace(1, 100, models), 5)
        length = np.tile(np.geomspace(100, 1000, 5), models) * rng.lognormal(0, 0.1, 5 * models)
        scatter = np.repeat(rng.normal(0, 0.15, models), 5) + rng.normal(0, 0.1, 5 * models)
        incoherence = 0.2 * (length / 100) ** 0.4 * np.exp(scatter)
        fit = size_and_length(size, length, incoherence, clusters=np.repeat(np.arange(models), 5).tolist())
        rejected += fit.coefficients["size"].p_value <= 0.05
    # 5 % with a standard error of 1.3 points.
    assert rejected / 300 < 0.09


def test_two_means_by_hand():
    # x 0, 0, 1, 1 and y 1, 3, 4, 8: means 2 and 6, slope ln 3. Weighted by the means residuals are ∓1/√2 and ∓2/√6,
    # leverages 1/2; HC2 of an intercept √(2 · 1/(1/2))/4, of the slope with √(8/(1/2))/12 beside it.
    fit = log_link_regression([1, 3, 4, 8], {"x": [0, 0, 1, 1]})
    intercept, slope = fit.coefficients["intercept"], fit.coefficients["x"]
    assert (intercept.estimate, slope.estimate) == pytest.approx((np.log(2), np.log(3)))
    assert intercept.standard_error == pytest.approx(0.5)
    assert slope.standard_error == pytest.approx(np.sqrt(0.25 + 1 / 9))
    assert fit.r_squared == pytest.approx(16 / 26)


def test_size_and_length_finds_both_exponents():
    size, length = (grid.astype(float) for grid in np.meshgrid([1, 2, 4, 8], [10, 30, 90]))
    incoherence = 0.05 * size**-0.1 * length**0.4
    fit = size_and_length(size, length, incoherence)
    assert fit.coefficients["size"].estimate == pytest.approx(-0.1)
    assert fit.coefficients["length"].estimate == pytest.approx(0.4)
    assert fit.coefficients["intercept"].estimate == pytest.approx(np.log(0.05))
    assert fit.r_squared == pytest.approx(1)

    size[0, 0], incoherence[1, 1] = 0, np.nan
    fit = size_and_length(size, length, incoherence)
    assert (fit.observations, fit.left_out) == (10, 2)
    assert fit.coefficients["length"].estimate == pytest.approx(0.4)
    # A cell without variance, or below it by chance, stays in.
    incoherence[0, 1], incoherence[2, 2] = 0.0, -0.01
    assert size_and_length(size, length, incoherence).observations == 10
    nothing = size_and_length(size, length, np.zeros_like(size))
    assert nothing.note == "no fit: no finite coefficients solve the equations"


@given(seed=st.integers(0, 2**32 - 1))
@settings(max_examples=20, deadline=None)
def test_order_of_rows_changes_no_bit(seed):
    response, columns, label = world(seed, rows=12, clusters=3)
    response = np.exp(response / 10)
    order = np.random.default_rng(seed).permutation(12)
    moved = {name: column[order] for name, column in columns.items()}
    assert repr(log_link_regression(response[order], moved, clusters=label[order].tolist())) == repr(
        log_link_regression(response, columns, clusters=label.tolist())
    )


@pytest.mark.parametrize(
    ("response", "column", "clusters", "note"),
    [
        ([1, 2], [1, 2], None, "2 usable rows for 2 coefficients"),
        ([1, 2, 3], [4, 4, 4], None, "depend on each other or do not vary"),
        ([1, np.nan, 3], [1, 2, 3], None, "2 usable rows"),
        ([1, 2, 4], [1, 2, 3], ["a", "a", "a"], "1 cluster"),
    ],
)
def test_no_fit_is_nan_with_a_reason(response, column, clusters, note):
    fit = log_link_regression(response, {"x": column}, clusters=clusters)
    assert note in fit.note
    assert np.isnan(fit_numbers(fit)).all() and np.isnan(fit.r_squared)


def test_bad_arguments():
    with pytest.raises(ValueError, match=r"column 'x' has shape \(2,\)"):
        log_link_regression([1, 2, 3], {"x": [1, 2]})
    with pytest.raises(ValueError, match="'intercept'"):
        log_link_regression([1, 2, 3], {"intercept": [1, 2, 3]})
    with pytest.raises(ValueError, match="level=0"):
        log_link_regression([1, 2, 3], {"x": [1, 2, 3]}, level=0)
    with pytest.raises(ValueError, match="response must have"):
        log_link_regression([[1, 2, 3]], {"x": [1, 2, 3]})
    with pytest.raises(ValueError, match="have shapes"):
        size_and_length([1, 2], [1, 2, 3], [1, 2])
