"""Counts of distinct epochs: they add, and the analysis of the sum is that of all epochs."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hotmess_inspect.bits import encode_tests
from hotmess_inspect.results.analyze import Options, analyze
from hotmess_inspect.table import Outcomes, outcomes_from_arrays
from hotmess_inspect.table.tally import Tally, rounded_lengths

FAST = Options(resamples=30)


def answers(rng: np.random.Generator, questions: int = 12, epochs: int = 9, contexts: int = 0) -> Outcomes:
    """Letters, unparsed ones among them, with token counts and, if asked for, shared contexts."""
    rows = questions * epochs
    question = np.repeat(np.arange(questions), epochs)
    letters = rng.choice(["A", "B", "C", ""], p=[0.5, 0.3, 0.15, 0.05], size=rows)
    return Outcomes.build(
        rows,
        {
            "kind": "answer",
            "status": ["ok" if a else "unparsed" for a in letters],
            "answer": [str(a) or None for a in letters],
            "target": "A",
            "question": [f"q{q}" for q in question],
            "model": "m",
            "epoch": np.tile(np.arange(epochs), questions) + 1,
            "context": [str(e % contexts) for _ in range(questions) for e in range(epochs)]
            if contexts
            else None,
            "output_tokens": rng.integers(20, 60, rows).astype(float) * (1 + question),
            "limit": [None if x else "token" for x in rng.random(rows) > 0.1],
            "log": [f"log{i % 3}" for i in range(rows)],
        },
    )


def vectors(rng: np.random.Generator) -> Outcomes:
    rows = 60
    return outcomes_from_arrays(
        [f"q{i // 6}" for i in range(rows)],
        probabilities=rng.dirichlet([1, 1, 1], rows),
        target=["A"] * rows,
        length=rng.gamma(2, 50, rows),
    )


def unit_tests(rng: np.random.Generator) -> Outcomes:
    rows = 40
    return Outcomes.build(
        rows,
        {
            "kind": "tests",
            "status": "ok",
            "question": [f"q{i // 8}" for i in range(rows)],
            "epoch": np.arange(rows) % 8 + 1,
            "tests": [encode_tests(rng.random(7) > 0.4) for _ in range(rows)],
            "f2p": np.full(rows, 3),
            "p2p": np.full(rows, 4),
            "value": rng.random(rows),
            "actions": rng.integers(2, 9, rows).astype(float),
        },
    )


def numbers(outcomes: Outcomes) -> str:
    results, problems = analyze(outcomes, FAST)
    return json.dumps([[r.as_json() for r in results], [str(p) for p in problems]])


@pytest.mark.parametrize("make", [answers, vectors, unit_tests, lambda rng: answers(rng, contexts=3)])
def test_the_sum_of_parts_gives_equal_bits(make) -> None:
    outcomes = make(np.random.default_rng(0))
    part = np.random.default_rng(1).integers(0, 4, len(outcomes))
    tallies = [Tally.of(outcomes.take(part == i)) for i in (2, 0, 3, 1)]
    whole = Tally.merge([Tally.merge(tallies[:3]), tallies[3]])
    assert whole.epochs == len(outcomes)
    assert numbers(whole.outcomes()) == numbers(outcomes)


@settings(max_examples=25)
@given(st.integers(0, 2**32 - 1))
def test_adding_knows_no_order_and_no_grouping(seed: int) -> None:
    rng = np.random.default_rng(seed)
    outcomes = answers(rng, questions=3, epochs=5)
    part = rng.integers(0, 3, len(outcomes))
    a, b, c = (Tally.of(outcomes.take(part == i)) for i in range(3))

    def told(tally: Tally) -> list[tuple[object, ...]]:
        rows = tally.rows
        columns = (
            rows.question.values(),
            rows.answer.values(),
            rows.output_tokens,
            rows.limit.values(),
            tally.counts,
        )
        return sorted(zip(*(map(str, column) for column in columns), strict=True))

    left, right = Tally.merge([Tally.merge([a, b]), c]), Tally.merge([c, Tally.merge([b, a])])
    assert told(left) == told(right) == told(Tally.of(outcomes))


def test_counts_by_hand() -> None:
    outcomes = outcomes_from_arrays(
        ["q", "q", "q", "r"], answer=["A", "B", "A", "A"], target=["A"] * 4, length=[3, 3, 3, 3]
    )
    tally = Tally.of(outcomes)
    assert sorted(
        zip(tally.rows.question.values(), tally.rows.answer.values(), tally.counts, strict=True)
    ) == [
        ("q", "A", 2),
        ("q", "B", 1),
        ("r", "A", 1),
    ]
    again = Tally.merge([tally, tally, tally])
    assert (len(again.rows), again.epochs) == (3, 12)
    assert sorted(again.outcomes().epoch.tolist()) == sorted([*range(1, 10), 1, 2, 3])


def test_rounded_lengths_are_few_and_near() -> None:
    rng = np.random.default_rng(0)
    lengths = rng.integers(0, 100_000, 50_000).astype(float)
    grid = rounded_lengths(lengths, 0.01)
    # Half a step of ln(1.01) either way.
    assert (np.abs(grid - lengths) <= 0.005 * lengths + 1e-9).all()
    assert (grid[lengths <= 100] == lengths[lengths <= 100]).all()
    # 100 whole numbers, then ln(100000/100)/ln(1.01) = 694 steps.
    assert len(np.unique(grid)) <= 100 + 696
    assert np.isnan(rounded_lengths(np.array([np.nan]), 0.1)).all()
    assert rounded_lengths(np.array([0.0, 0.5]), 0.1).tolist()[0] == 0.0


def test_rounded_lengths_leave_the_decomposition_and_hardly_move_the_slope() -> None:
    outcomes = answers(np.random.default_rng(5), questions=20, epochs=200)
    tally = Tally.of(outcomes, precision=0.1)
    # At most 12 steps of ln(1.1) in lengths from 20 to 60, four answers, stopped or not.
    assert len(tally.rows) <= 20 * 12 * 4 * 2 < len(outcomes)
    (exact, _), (rounded, _) = (analyze(t, FAST)[0] for t in (outcomes, tally.outcomes()))
    assert rounded.decomposition.error.tolist() == exact.decomposition.error.tolist()
    assert rounded.decomposition.variance.tolist() == exact.decomposition.variance.tolist()
    left, right = (r.as_json()["length_slope"]["slope"] for r in (exact, rounded))
    assert right == pytest.approx(left, abs=0.05)


def test_what_does_not_add_is_refused() -> None:
    outcomes = answers(np.random.default_rng(0), questions=2)
    with pytest.raises(ValueError, match="parts is empty"):
        Tally.merge([])
    with pytest.raises(ValueError, match=r"lengths rounded to \[0.0, 0.1\]"):
        Tally.merge([Tally.of(outcomes), Tally.of(outcomes, precision=0.1)])
    with pytest.raises(ValueError, match=r"precision must be in \[0, 1\), not 1"):
        Tally.of(outcomes, precision=1)
    assert Tally.of(outcomes.take(np.zeros(len(outcomes), dtype=bool))).epochs == 0
