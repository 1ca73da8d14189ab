"""Agreement of answers against loops over pairs, exact expectations and planted rates."""

from itertools import combinations, product
from math import factorial, log, prod

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hotmess_inspect.analyses.agreement import answer_agreement, answer_entropy


@given(seed=st.integers(0, 2**32 - 1))
@settings(max_examples=40, deadline=None)
def test_equals_a_loop_over_pairs(seed):
    rng = np.random.default_rng(seed)
    answers = rng.integers(-1, 4, (7, 6))
    found = answer_agreement(answers, resamples=5)
    expected = []
    for row in answers.tolist():
        said = [a for a in row if a != -1]
        if len(said) < 2:
            expected.append([np.nan] * 3)
            continue
        differ = np.mean([a != b for a, b in combinations(said, 2)])
        count = len(said)
        # Σ_c n_c/R Σ_{j=n_c}^{R-1} 1/j, term by term
        entropy = sum(
            said.count(c) / count * sum(1 / j for j in range(said.count(c), count)) for c in set(said)
        )
        expected.append([differ, entropy, max(said.count(c) for c in set(said)) / count])
    assert found.by_question == pytest.approx(np.array(expected), abs=1e-12, nan_ok=True)
    means = [found.disagreement.value, found.entropy.value, found.modal_share.value]
    if found.questions:
        assert means == pytest.approx(np.nanmean(expected, axis=0), abs=1e-12)
    assert found.no_answer_epochs == (answers == -1).sum()


@pytest.mark.parametrize("epochs", [2, 3, 5, 10])
def test_expectations_over_all_outcomes(epochs):
    p = (0.6, 0.3, 0.1)
    expected = {"gini": 0.0, "entropy": 0.0, "plugin": 0.0}
    for counts in product(range(epochs + 1), repeat=3):
        if sum(counts) != epochs:
            continue
        chance = (
            factorial(epochs)
            / prod(map(factorial, counts))
            * prod(q**n for q, n in zip(p, counts, strict=True))
        )
        answers = np.repeat([0, 1, 2], counts)[None]
        gini, entropy, _ = answer_agreement(answers, resamples=1).by_question[0]
        expected["gini"] += chance * gini
        expected["entropy"] += chance * entropy
        expected["plugin"] -= chance * sum(n / epochs * log(n / epochs) for n in counts if n)
    truth = -sum(q * log(q) for q in p)
    # Unbiased; and short of the truth by exactly the tail of the series that documents it.
    assert expected["gini"] == pytest.approx(1 - sum(q * q for q in p), abs=1e-12)
    tail = sum(sum(q * (1 - q) ** v for q in p) / v for v in range(epochs, 2000))
    assert expected["entropy"] == pytest.approx(truth - tail, abs=1e-12)
    assert tail < truth - expected["plugin"]


def test_planted_disagreement_lies_in_its_interval():
    inside = 0
    for seed in range(200):
        rng = np.random.default_rng(seed)
        p = rng.dirichlet([1.0, 1.0, 1.0], 60)
        answers = (rng.random((60, 5, 1)) > np.cumsum(p, axis=1)[:, None, :]).sum(axis=2)
        low, high = answer_agreement(answers, resamples=300, rng=rng).disagreement.interval
        # E(1 - Σp²) under a flat Dirichlet of three classes: 1 - 3·(1·2)/(3·4)
        inside += low <= 0.5 <= high
    assert inside >= 180


def test_what_is_undefined():
    found = answer_agreement([[1, -1], [-1, -1]])
    assert np.isnan(found.by_question).all() and np.isnan(found.disagreement.value)
    assert found.questions == 0 and found.no_answer_epochs == 3
    one = answer_agreement([[1, 2]])
    assert one.disagreement.value == 1.0 and np.isnan(one.disagreement.interval).all()
    assert np.isnan(answer_entropy([[1, 0]])).all()


def test_order_of_epochs_and_names_of_answers_change_no_bit():
    rng = np.random.default_rng(1)
    answers = rng.integers(-1, 3, (20, 6))
    before = repr(answer_agreement(answers, resamples=20))
    names = np.array([9, 70, 4, -1])
    assert (
        repr(answer_agreement(names[rng.permuted(answers, axis=1)], resamples=20)).split("by_question")[0]
        == (before.split("by_question")[0])
    )
