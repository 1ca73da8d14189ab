"""The beta-binomial against scipy, against a search by another method, and at its ends."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize
from scipy.special import beta as beta_function
from scipy.special import betaln
from scipy.stats import betabinom

from hotmess_inspect.inference.beta_binomial import (
    BetaBinomial,
    all_right,
    count_table,
    fit_beta_binomial,
    log_likelihood,
    probabilities,
)


def drawn(rng, a, b, questions=80):
    epochs = rng.integers(2, 8, questions)
    return rng.binomial(epochs, rng.beta(a, b, questions)), epochs


def of(a, b):
    return BetaBinomial(np.array(a / (a + b)), np.array(a + b))


@pytest.mark.parametrize(("a", "b"), [(0.2, 0.3), (0.6, 1.4), (2.0, 5.0), (30.0, 10.0)])
def test_likelihood_equals_scipy(a, b):
    wins, epochs = drawn(np.random.default_rng(0), 0.5, 0.7)
    # scipy's holds the binomial coefficients, which one of its terms tells: those of a = b = 1.
    coefficients = betabinom.logpmf(wins, epochs, 1, 1) - betaln(wins + 1, epochs - wins + 1)
    mine = float(log_likelihood(count_table(wins, epochs).sum(axis=0), of(a, b)))
    assert mine + coefficients.sum() == pytest.approx(betabinom.logpmf(wins, epochs, a, b).sum(), rel=1e-9)
    assert probabilities(of(a, b), 6) == pytest.approx(betabinom.pmf(range(7), 6, a, b), rel=1e-9)


@pytest.mark.parametrize(("a", "b"), [(0.2, 0.3), (0.6, 1.4), (2.0, 5.0)])
def test_moments_equal_beta_functions(a, b):
    k = np.array([1, 2, 5, 16])
    assert all_right(of(a, b), k) == pytest.approx(beta_function(a + k, b) / beta_function(a, b), rel=1e-9)
    assert all_right(of(b, a), k) == pytest.approx(beta_function(a, b + k) / beta_function(a, b), rel=1e-9)


@given(seed=st.integers(0, 2**32 - 1))
@settings(max_examples=15, deadline=None)
def test_maximum_equals_a_search(seed):
    rng = np.random.default_rng(seed)
    wins, epochs = drawn(rng, *np.exp(rng.normal(-0.5, 0.7, 2)), questions=150)
    fit = fit_beta_binomial(count_table(wins, epochs).sum(axis=0))

    def loss(x):
        return -betabinom.logpmf(wins, epochs, *np.exp(x)).sum()

    found = minimize(
        loss, [0, 0], method="Nelder-Mead", options={"xatol": 1e-10, "fatol": 1e-12, "maxiter": 5000}
    )
    a, b = float(fit.mean * fit.concentration), float((1 - fit.mean) * fit.concentration)
    assert loss(np.log([a, b])) <= found.fun + 1e-8
    if fit.concentration < 1e3:
        assert (a, b) == pytest.approx(np.exp(found.x), rel=1e-4)


def test_many_sets_at_once_equal_one_at_a_time():
    rng = np.random.default_rng(3)
    table = count_table(*drawn(rng, 0.5, 0.5))
    weights = rng.multinomial(len(table), np.full(len(table), 1 / len(table)), size=20)
    many = fit_beta_binomial(weights @ table)
    for place in range(20):
        one = fit_beta_binomial(weights[place] @ table)
        assert (many.mean[place], many.concentration[place]) == pytest.approx(
            (float(one.mean), float(one.concentration)), rel=1e-7
        )


def test_ends_of_the_concentration():
    # Always or never right: pass rates of 0 and 1 alone, so that pass^k is the share of the always right.
    alike = fit_beta_binomial(count_table([5, 5, 5, 0], [5] * 4).sum(axis=0))
    assert all_right(alike, 20) == pytest.approx(0.75, abs=1e-5)
    # Less spread than chance makes: one pass rate for all questions, so that pass^k is its power.
    even = fit_beta_binomial(count_table([2, 3, 2, 3], [5] * 4).sum(axis=0))
    assert all_right(even, 4) == pytest.approx(0.5**4, rel=1e-5)
    certain = fit_beta_binomial(count_table([5, 5], [5, 5]).sum(axis=0))
    assert all_right(certain, 9) == pytest.approx(1, abs=1e-6)


def test_count_table_by_hand():
    table = count_table([2, 0], [3, 1])
    assert table.tolist() == [[1, 1, 0, 1, 0, 0, 1, 1, 1], [0, 0, 0, 1, 0, 0, 1, 0, 0]]
