import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from hotmess_inspect.simulated.distribution import (
    Question,
    SimulatedArguments,
    budget_level,
    context_distribution,
    draw_answer,
    draw_around,
    length_location,
    modal_answer,
    question_distribution,
)
from hotmess_inspect.simulated.hashing import stable_hash, stream

OPTIONS = ("red", "green", "blue", "grey")


def questions(count, target=0):
    return [Question(f"Question {number}?", OPTIONS, target) for number in range(count)]


def test_hash_is_the_same_in_every_process_and_for_every_white_space():
    # first eight bytes of blake2b (digest size 8) of b"a b\x1f"
    assert stable_hash(" a\n  b ") == stable_hash("a b") == 0x5A5A0DE410718A06
    assert stable_hash("ab", "c") != stable_hash("a", "bc")


def test_favourite_has_the_beta_distribution_asked_for():
    arguments = SimulatedArguments(seed=3, accuracy=0.7, spread=0.25)
    drawn = [question_distribution(question, arguments)[0] for question in questions(4000)]
    # Beta(a k, (1 - a) k) with variance a (1 - a) / (k + 1) = spread a (1 - a), so k = 3: Beta(2.1, 0.9)
    assert stats.kstest(drawn, stats.beta(2.1, 0.9).cdf).pvalue > 0.01


@pytest.mark.parametrize(("spread", "variance"), [(0.0, 0.0), (1.0, 0.6 * 0.4)])
def test_extreme_spreads(spread, variance):
    arguments = SimulatedArguments(accuracy=0.6, spread=spread)
    drawn = [question_distribution(question, arguments)[0] for question in questions(3000)]
    assert np.mean(drawn) == pytest.approx(0.6, abs=0.03)
    assert np.var(drawn) == pytest.approx(variance, abs=0.01)


def test_ignorance_favours_any_option_alike():
    arguments = SimulatedArguments(accuracy=0.9, spread=0.0, knowledge="none")
    favourites = [int(np.argmax(question_distribution(question, arguments))) for question in questions(2000)]
    assert stats.chisquare(np.bincount(favourites, minlength=4)).pvalue > 0.01


@settings(max_examples=60, deadline=None)
@given(
    st.permutations(range(4)), st.integers(0, 3), st.integers(0, 2**40), st.floats(0, 1), st.text(max_size=10)
)
def test_shuffled_options_take_their_probabilities_along(order, target, seed, uniform, context):
    arguments = SimulatedArguments(seed=seed, context_variance=0.3)
    plain = Question("Which?", OPTIONS, target)
    shuffled = Question("Which?", tuple(OPTIONS[index] for index in order), order.index(target))
    before = context_distribution(plain, question_distribution(plain, arguments), context, arguments)
    after = context_distribution(shuffled, question_distribution(shuffled, arguments), context, arguments)
    assert after == pytest.approx(before[list(order)], abs=0)
    assert order[draw_answer(after, shuffled, uniform)] == draw_answer(before, plain, uniform)
    assert order[modal_answer(after, shuffled)] == modal_answer(before, plain)


@pytest.mark.parametrize("seed", range(4))
def test_draws_follow_the_distribution(seed):
    question = questions(1, target=2)[0]
    probabilities = question_distribution(question, SimulatedArguments(seed=seed, concentration=2.0))
    uniforms = stream(seed, 99, 0).random(20_000)
    counts = np.bincount([draw_answer(probabilities, question, u) for u in uniforms], minlength=4)
    assert stats.chisquare(counts, probabilities * 20_000).pvalue > 0.001


def test_an_impossible_option_is_never_drawn():
    question = Question("Which?", ("a", "b", "c"), 0)
    # 1 - 1e-16 is 1.0 in floating point; the largest uniform number is just below 1
    for uniform in (0.0, 0.5, math.nextafter(1.0, 0.0)):
        assert draw_answer(np.array([0.0, 1.0, 0.0]), question, uniform) == 1


def test_contexts_keep_the_mean_and_have_the_variance_asked_for():
    arguments = SimulatedArguments(context_variance=0.2)
    question = questions(1)[0]
    own = np.array([0.5, 0.3, 0.2, 0.0])
    under = np.array([context_distribution(question, own, f"context {k}", arguments) for k in range(6000)])
    assert under.mean(axis=0) == pytest.approx(own, abs=0.01)
    # share * p (1 - p)
    assert under.var(axis=0) == pytest.approx([0.05, 0.042, 0.032, 0.0], abs=0.003)
    assert np.all(under[:, 3] == 0)


def test_draw_around_one_certain_option_changes_nothing():
    mean = np.array([0.0, 1.0])
    assert draw_around(np.random.default_rng(0), mean, 0.5, [0, 1]) is mean


def test_budget_levels():
    assert [budget_level(word, None) for word in ("low", "medium", "high")] == [-1, 0, 1]
    assert [budget_level(None, tokens) for tokens in (1024, 4096, 16384, 10**9, None)] == [-1, 0, 1, 2, 0]
    with pytest.raises(ValueError, match="reasoning_effort is 'huge'; permitted are: none"):
        budget_level("huge", None)


def test_effort_moves_the_log_odds_and_the_length():
    arguments = SimulatedArguments(effort_gain=0.5, effort_length=3.0, spread=0.0, accuracy=0.5)
    question = questions(1)[0]
    low, high = (question_distribution(question, arguments, level=level) for level in (-1.0, 1.0))
    # logit .5 = 0, so p = 1 / (1 + exp(-.5 level))
    assert (low[0], high[0]) == pytest.approx((1 / (1 + math.exp(0.5)), 1 / (1 + math.exp(-0.5))))
    lengths = [length_location(question, low, arguments, level=level) for level in (0.0, 1.0)]
    assert lengths[1] - lengths[0] == pytest.approx(math.log(3))


def test_size_lets_bias_fall_twice_as_fast_as_the_wrong_mass():
    question = questions(1)[0]
    small, large = (
        question_distribution(question, SimulatedArguments(size=size, size_exponent=0.5))
        for size in (1.0, 100.0)
    )
    # 100**-.5 = .1
    assert 1 - large[0] == pytest.approx(0.1 * (1 - small[0]))
    target = np.eye(4)[0]
    assert np.sum((target - large) ** 2) == pytest.approx(0.01 * np.sum((target - small) ** 2))


def test_length_can_follow_the_variance_of_a_question():
    arguments = SimulatedArguments(length_variance=2.0, length_between=0.0, length=100.0)
    question = questions(1)[0]
    assert length_location(question, np.full(4, 0.25), arguments) == pytest.approx(math.log(100) + 2 * 0.75)
