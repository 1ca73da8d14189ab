"""Least squares against statsmodels and by hand."""

import numpy as np
import pytest
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st

from hotmess_inspect.inference.regression import least_squares, size_and_length


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


@pytest.mark.parametrize("seed", range(5))
def test_equals_statsmodels(seed):
    response, columns, _ = world(seed)
    expected = sm.OLS(response, sm.add_constant(np.column_stack([*columns.values()]))).fit()
    fit = least_squares(response, columns)
    assert fit_numbers(fit) == pytest.approx(reference(expected), rel=1e-9, abs=1e-12)
    assert fit.r_squared == pytest.approx(expected.rsquared, rel=1e-9)


@pytest.mark.parametrize("seed", range(5))
def test_clusters_equal_statsmodels(seed):
    response, columns, label = world(seed)
    expected = sm.OLS(response, sm.add_constant(np.column_stack([*columns.values()]))).fit(
        cov_type="cluster", cov_kwds={"groups": label}, use_t=True
    )
    fit = least_squares(response, columns, clusters=[f"m{i}" for i in label], level=0.9)
    assert fit_numbers(fit) == pytest.approx(reference(expected, 0.9), rel=1e-9, abs=1e-12)
    assert fit.clusters == len(set(label))


def test_line_by_hand():
    # x 0, 1, 2 and y 0, 2, 1: slope 1/2, intercept 1/2, residual squares 1/4 + 1 + 1/4 over 1 degree
    # of freedom, Σ(x - 1)² = 2: standard error √(1.5/2)
    fit = least_squares([0, 2, 1], {"x": [0, 1, 2]})
    slope = fit.coefficients["x"]
    assert slope.estimate == pytest.approx(0.5)
    assert slope.standard_error == pytest.approx(np.sqrt(0.75))
    assert fit.coefficients["intercept"].estimate == pytest.approx(0.5)
    assert fit.r_squared == pytest.approx(0.25)


def test_size_and_length_finds_both_exponents():
    size, length = (grid.astype(float) for grid in np.meshgrid([1, 2, 4, 8], [10, 30, 90]))
    incoherence = 0.05 * size**-0.1 * length**0.4
    fit = size_and_length(size, length, incoherence)
    assert fit.coefficients["size"].estimate == pytest.approx(-0.1)
    assert fit.coefficients["length"].estimate == pytest.approx(0.4)
    assert fit.coefficients["intercept"].estimate == pytest.approx(np.log(0.05))
    assert fit.r_squared == pytest.approx(1)

    incoherence[0, 0], incoherence[1, 1] = -0.01, np.nan
    fit = size_and_length(size, length, incoherence)
    assert (fit.observations, fit.left_out) == (10, 2)
    assert fit.coefficients["length"].estimate == pytest.approx(0.4)


@given(seed=st.integers(0, 2**32 - 1))
@settings(max_examples=20, deadline=None)
def test_order_of_rows_changes_no_bit(seed):
    response, columns, label = world(seed, rows=12, clusters=3)
    order = np.random.default_rng(seed).permutation(12)
    moved = {name: column[order] for name, column in columns.items()}
    assert repr(least_squares(response[order], moved, clusters=label[order].tolist())) == repr(
        least_squares(response, columns, clusters=label.tolist())
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
    fit = least_squares(response, {"x": column}, clusters=clusters)
    assert note in fit.note
    assert np.isnan(fit_numbers(fit)).all() and np.isnan(fit.r_squared)


def test_bad_arguments():
    with pytest.raises(ValueError, match=r"column 'x' has shape \(2,\)"):
        least_squares([1, 2, 3], {"x": [1, 2]})
    with pytest.raises(ValueError, match="'intercept'"):
        least_squares([1, 2, 3], {"intercept": [1, 2, 3]})
    with pytest.raises(ValueError, match="level=0"):
        least_squares([1, 2, 3], {"x": [1, 2, 3]}, level=0)
    with pytest.raises(ValueError, match="response must have"):
        least_squares([[1, 2, 3]], {"x": [1, 2, 3]})
    with pytest.raises(ValueError, match="have shapes"):
        size_and_length([1, 2], [1, 2, 3], [1, 2])
