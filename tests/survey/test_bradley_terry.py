import numpy as np
import pytest
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize

from hotmess_inspect.experiments.survey.bradley_terry import bradley_terry, win_counts

SEEDS = st.integers(0, 10_000)


def duels(seed: int, entities: int = 6, games: int = 200) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    theta = rng.standard_normal(entities)
    pairs = np.array([rng.permutation(entities)[:2] for _ in range(games)])
    first = rng.random(games) < 1 / (1 + np.exp(theta[pairs[:, 1]] - theta[pairs[:, 0]]))
    return np.where(first[:, None], pairs, pairs[:, ::-1]), theta - theta.mean()


def test_two_entities_by_hand():
    # 3 wins to 1: θ_1 - θ_2 = log 3 without a prior.
    wins = win_counts([(0, 1), (0, 1), (1, 0), (0, 1)], 2)
    np.testing.assert_array_equal(wins, [[0, 3], [1, 0]])
    np.testing.assert_allclose(bradley_terry(wins, prior=1e-12), [np.log(3) / 2, -np.log(3) / 2], atol=1e-6)
    np.testing.assert_array_equal(win_counts([(0, 1), (1, 0)], 2, [2.0, 0.5]), [[0, 2], [0.5, 0]])


@pytest.mark.parametrize("seed", range(5))
def test_it_is_the_logistic_regression_of_another_library(seed):
    won, _ = duels(seed)
    design = np.zeros((len(won), 6))
    row = np.arange(len(won))
    design[row, won[:, 0]], design[row, won[:, 1]] = 1.0, -1.0
    # Half of the games are written the other way round, since a column of ones has no likelihood maximum.
    sign = np.where(row % 2 == 0, 1.0, -1.0)
    glm = sm.GLM((sign + 1) / 2, (design * sign[:, None])[:, 1:], family=sm.families.Binomial()).fit()
    expected = np.concatenate([[0.0], glm.params])
    found = bradley_terry(win_counts(won, 6), prior=1e-10)
    np.testing.assert_allclose(found, expected - expected.mean(), atol=1e-5)


@settings(max_examples=30)
@given(SEEDS, st.floats(0.01, 10))
def test_with_a_prior_it_is_the_maximum_that_a_general_optimiser_finds(seed, prior):
    won, _ = duels(seed, entities=4, games=12)
    wins = win_counts(won, 4)

    def loss(theta: np.ndarray) -> float:
        gap = theta[:, None] - theta[None, :]
        return float((wins * np.logaddexp(0, -gap)).sum() + prior / 2 * theta @ theta)

    expected = minimize(loss, np.zeros(4), method="BFGS", options={"gtol": 1e-8}).x
    np.testing.assert_allclose(bradley_terry(wins, prior=prior), expected - expected.mean(), atol=1e-5)


@given(SEEDS)
def test_names_do_not_matter(seed):
    won, _ = duels(seed, games=40)
    wins = win_counts(won, 6)
    order = np.random.default_rng(seed).permutation(6)
    np.testing.assert_allclose(
        bradley_terry(wins[np.ix_(order, order)]), bradley_terry(wins)[order], atol=1e-7
    )


def test_separation_and_parts_that_never_met_stay_finite():
    always = bradley_terry([[0, 100, 0, 0], [0, 0, 0, 0], [0, 0, 0, 3], [0, 0, 0, 0]])
    assert np.isfinite(always).all() and always[0] == pytest.approx(-always[1]) and always[0] > always[2] > 0
    np.testing.assert_array_equal(bradley_terry(np.zeros((3, 3))), np.zeros(3))
    # A tie is half a win each.
    np.testing.assert_allclose(bradley_terry([[0, 0.5], [0.5, 0]]), [0, 0], atol=1e-12)


def test_planted_abilities_come_out():
    won, theta = duels(7, entities=12, games=6_000)
    found = bradley_terry(win_counts(won, 12))
    # 1,000 games each: standard errors are about 2 / √1000.
    np.testing.assert_allclose(found, theta, atol=0.3)
    assert np.corrcoef(found, theta)[0, 1] > 0.99


@pytest.mark.parametrize(
    ("wins", "options", "message"),
    [
        ([[0, 1]], {}, r"wins has shape \(1, 2\)"),
        ([[0, -1], [0, 0]], {}, "negative or not finite"),
        ([[0, 1], [0, 0]], {"prior": 0.0}, "prior=0.0 must be a number above 0"),
    ],
)
def test_input_is_checked(wins, options, message):
    with pytest.raises(ValueError, match=message):
        bradley_terry(wins, **options)
