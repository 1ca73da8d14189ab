"""What letters drawn from stated distributions would show."""

import math

import numpy as np
import pytest
from inspect_ai.scorer import SampleScore, Score
from tests.oracles.answer_truth import truth_from_probabilities

from hotmess_inspect.decomposition import decompose
from hotmess_inspect.multiple_choice.expected import expected_letters


def score(
    question: str, epoch: int, p: list[float], target: str = "A", context: str | None = None
) -> SampleScore:
    metadata = {
        "hm_kind": "probabilities",
        "hm_epoch": epoch,
        "hm_probabilities": p,
        "hm_target": target,
        "hm_classes": len(p),
        "hm_outside": 0.25,
    }
    if context is not None:
        metadata["hm_context"] = context
    return SampleScore(score=Score(value=0.0, metadata=metadata), sample_id=question)


def test_one_distribution_by_hand() -> None:
    found = expected_letters()([score("q", 1, [0.5, 0.3, 0.2])])  # type: ignore[arg-type]
    assert isinstance(found, dict)
    # error 2(1 - .5) = 1; bias² .25 + .09 + .04 = .38; variance 1 - (.25 + .09 + .04) = .62.
    expected = {
        "error": 1,
        "bias_squared": 0.38,
        "variance": 0.62,
        "within_context": 0.62,
        "between_context": 0,
    }
    assert {name: found[f"{name}_letters"] for name in expected} == pytest.approx(expected, abs=1e-12)
    assert found["incoherence_letters"] == pytest.approx(0.62)
    assert found["accuracy_letters"] == 0.5 and found["outside_letters"] == 0.25


def test_two_contexts_by_hand() -> None:
    scores = [score("q", 1, [0.5, 0.5], "B", "0-1"), score("q", 2, [0.9, 0.1], "B", "0-2")]
    found = expected_letters()(scores)  # type: ignore[arg-type]
    assert isinstance(found, dict)
    # d = (.5, -.5), (.9, -.9): bias² .45 + .45 = .9; error 2(1 - .3) = 1.4; within (.5 + .18)/2 = .34.
    expected = {
        "error": 1.4,
        "bias_squared": 0.9,
        "variance": 0.5,
        "within_context": 0.34,
        "between_context": 0.16,
    }
    assert {name: found[f"{name}_letters"] for name in expected} == pytest.approx(expected, abs=1e-12)


def test_it_is_the_truth_about_letters_and_what_many_letters_show() -> None:
    rng = np.random.default_rng(3)
    p = rng.dirichlet(np.ones(5), 30)
    gold = rng.integers(5, size=30)
    scores = [score(f"q{i}", 1, row.tolist(), "ABCDE"[gold[i]]) for i, row in enumerate(p)]
    found = expected_letters()(scores)  # type: ignore[arg-type]
    assert isinstance(found, dict)
    bound = truth_from_probabilities(list(p), gold.tolist())
    for term in ("error", "bias_squared", "variance", "accuracy"):
        assert found[f"{term}_letters"] == pytest.approx(bound.mean(term), abs=1e-12)
    letters = np.stack([np.eye(5)[rng.choice(5, size=4000, p=row)] for row in p])
    drawn = decompose(letters, gold)
    assert found["incoherence_letters"] == pytest.approx(drawn.incoherence, abs=0.01)


def test_repeats_of_a_context_change_nothing_and_order_neither() -> None:
    rng = np.random.default_rng(0)
    scores = [
        score(f"q{q}", 3 * k + r + 1, p, "C", f"0-{k}")
        for q in range(4)
        for k in range(5)
        for p in [rng.dirichlet(np.ones(3)).tolist()]
        for r in range(3)
    ]
    found = expected_letters()(scores)  # type: ignore[arg-type]
    once = expected_letters()(scores[::3])  # type: ignore[arg-type]
    assert found == pytest.approx(once, abs=1e-12)
    assert expected_letters()([scores[i] for i in rng.permutation(len(scores))]) == found  # type: ignore[arg-type]


def test_nothing_to_compute_from_is_nan() -> None:
    unparsed = score("q", 1, [])
    for scores in ([], [unparsed], [SampleScore(score=Score(value="C"), sample_id="q")]):
        found = expected_letters()(scores)  # type: ignore[arg-type]
        assert isinstance(found, dict)
        assert math.isnan(found["error_letters"]) and math.isnan(found["incoherence_letters"])
