"""A third library beside statsmodels and scipy: the same formulas by mpmath in forty digits."""

import mpmath as mp
import numpy as np
import pytest

from hotmess_inspect.analyses.reliability import score_reliability
from hotmess_inspect.inference.beta_binomial import (
    BetaBinomial,
    all_right,
    count_table,
    fit_beta_binomial,
    log_likelihood,
)
from hotmess_inspect.inference.intervals import ratio_interval
from hotmess_inspect.inference.power_laws import fit_power_law
from hotmess_inspect.inference.quantiles import student_quantile
from hotmess_inspect.inference.regression import cr2_errors


@pytest.fixture(autouse=True)
def digits():
    with mp.workdps(40):
        yield


def counts(seed: int) -> tuple[list[int], list[int]]:
    rng = np.random.default_rng(seed)
    epochs = rng.integers(2, 8, 40)
    return rng.binomial(epochs, rng.beta(0.5, 0.8, 40)).tolist(), epochs.tolist()


@pytest.mark.parametrize("seed", range(3))
def test_the_likelihood_of_counts_and_its_maximum(seed: int) -> None:
    right, epochs = counts(seed)
    sums = count_table(right, epochs).sum(axis=0)

    def likelihood(a, b):
        terms = [
            mp.log(mp.beta(a + c, b + n - c) / mp.beta(a, b)) for c, n in zip(right, epochs, strict=True)
        ]
        return mp.fsum(terms)

    for a, b in ((0.3, 0.7), (2.0, 5.0), (40.0, 1.5)):
        mine = log_likelihood(sums, BetaBinomial(np.array(a / (a + b)), np.array(a + b)))
        assert float(mine) == pytest.approx(float(likelihood(mp.mpf(a), mp.mpf(b))), rel=1e-9)
    fit = fit_beta_binomial(sums)
    a, b = (mp.mpf(float(fit.concentration)) * mp.mpf(m) for m in (float(fit.mean), 1 - float(fit.mean)))
    # Newton's method in forty digits from there goes no further than the ninth.
    best = mp.findroot(
        lambda x, y: [
            mp.diff(likelihood, (x, y), n=(1, 0), h=mp.mpf("1e-12")),
            mp.diff(likelihood, (x, y), n=(0, 1), h=mp.mpf("1e-12")),
        ],
        (a, b),
        tol=1e-20,
    )
    assert (float(a), float(b)) == pytest.approx((float(best[0]), float(best[1])), rel=1e-9)
    for k in (1, 3, 20):
        every = mp.beta(best[0] + k, best[1]) / mp.beta(best[0], best[1])
        assert all_right(fit, [k])[0] == pytest.approx(float(every), rel=1e-9)


@pytest.mark.parametrize("seed", range(3))
def test_the_poisson_pseudo_likelihood(seed: int) -> None:
    rng = np.random.default_rng(seed)
    x, exposure = rng.gamma(2, 100, 6), rng.gamma(2, 5, 6)
    y = np.where(rng.random(6) < 0.3, 0.0, rng.gamma(2, exposure * (x / 100) ** 0.7))
    fit = fit_power_law(x, y, exposure)

    def scores(level, slope):
        rest = [
            (mp.mpf(v) - mp.mpf(e) * mp.exp(level + slope * mp.log(u)), mp.log(u))
            for u, v, e in zip(x.tolist(), y.tolist(), exposure.tolist(), strict=True)
        ]
        return [mp.fsum(r for r, _ in rest), mp.fsum(r * at for r, at in rest)]

    level, slope = mp.findroot(scores, (fit.log_prefactor, fit.exponent))
    assert (fit.log_prefactor, fit.exponent) == pytest.approx(
        (float(level), float(slope)), rel=1e-9, abs=1e-9
    )


@pytest.mark.parametrize("seed", range(3))
def test_the_sandwich_of_clusters(seed: int) -> None:
    rng = np.random.default_rng(seed)
    label = rng.integers(0, 5, 25)
    e = rng.random(25)
    v = e * rng.random(25)
    # CR1 of a ratio: its error is that of the regression of v on e through 0, weighted by 1/e.
    theta = mp.fsum(v) / mp.fsum(e)
    scores = [
        mp.fsum(mp.mpf(a) - theta * mp.mpf(b) for a, b in zip(v[label == g], e[label == g], strict=True))
        for g in range(5)
    ]
    error = mp.sqrt(mp.mpf(5) / 4 * mp.fsum(s**2 for s in scores)) / mp.fsum(e)
    sizes = np.bincount(label)
    reach = student_quantile(float(sizes.sum() ** 2 / (sizes**2).sum() - 1), 0.975) * float(error)
    low, high = ratio_interval(v, e, clusters=label, method="linearised")
    assert (low, high) == pytest.approx((float(theta) - reach, float(theta) + reach), rel=1e-9)
    # CR2 of a slope.
    x, y = rng.normal(size=25), rng.normal(size=25)
    design = mp.matrix([[1, a] for a in x.tolist()])
    inverse = (design.T * design) ** -1
    residual = mp.matrix(y.tolist()) - design * (inverse * (design.T * mp.matrix(y.tolist())))
    rest = mp.eye(25) - design * inverse * design.T
    meat = mp.zeros(2)
    for g in range(5):
        own = np.flatnonzero(label == g).tolist()
        values, vectors = mp.eigsy(mp.matrix([[rest[i, j] for j in own] for i in own]))
        root = vectors * mp.diag([1 / mp.sqrt(value) for value in values]) * vectors.T
        score = (
            mp.matrix([[design[i, k] for i in own] for k in range(2)])
            * root
            * mp.matrix([residual[i] for i in own])
        )
        meat += score * score.T
    covariance = inverse * meat * inverse
    errors, _ = cr2_errors(np.column_stack([np.ones(25), x]), np.array([float(u) for u in residual]), label)
    assert errors[1] == pytest.approx(float(mp.sqrt(covariance[1, 1])), rel=1e-9)


@pytest.mark.parametrize("missing", [0.0, 0.3])
def test_the_intraclass_correlation(missing: float) -> None:
    rng = np.random.default_rng(4)
    scores = np.where(rng.random((12, 5)) < missing, np.nan, rng.random((12, 1)) + rng.random((12, 5)))
    rows = [[mp.mpf(v) for v in row[~np.isnan(row)].tolist()] for row in scores]
    rows = [row for row in rows if len(row) >= 2]
    total = sum(map(len, rows))
    grand = mp.fsum(v for row in rows for v in row) / total
    means = [mp.fsum(row) / len(row) for row in rows]
    between = mp.fsum(len(row) * (m - grand) ** 2 for row, m in zip(rows, means, strict=True)) / (
        len(rows) - 1
    )
    within = mp.fsum((v - m) ** 2 for row, m in zip(rows, means, strict=True) for v in row) / (
        total - len(rows)
    )
    size = (total - mp.mpf(sum(len(row) ** 2 for row in rows)) / total) / (len(rows) - 1)
    expected = (between - within) / (between + (size - 1) * within)
    assert score_reliability(scores, resamples=5).icc.value == pytest.approx(float(expected), rel=1e-9)
