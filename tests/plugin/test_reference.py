"""The metric against a plain-Python reference that shares no line with it."""

import math
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from inspect_ai.scorer import SampleScore, Score

from hotmess_inspect.plugin.incoherence import incoherence
from hotmess_inspect.schema import epoch_metadata


def decompose_points(epochs: list[list[Fraction]], target: list[Fraction]) -> tuple[Fraction, Fraction]:
    """Error and unbiased variance of points: the variance as half the mean squared distance of pairs."""
    number = len(epochs)
    error = sum((x - y) ** 2 for point in epochs for x, y in zip(point, target, strict=True)) / Fraction(
        number
    )
    pairs = [(a, b) for i, a in enumerate(epochs) for b in epochs[:i]]
    variance = sum(sum((x - y) ** 2 for x, y in zip(a, b, strict=True)) for a, b in pairs) / Fraction(
        2 * len(pairs)
    )
    return Fraction(error), Fraction(variance)


def expected(
    questions: list[tuple[list[list[Fraction]], list[Fraction]]], scale: list[int]
) -> dict[str, float]:
    terms = [
        (error / size, variance / size)
        for (epochs, target), size in zip(questions, scale, strict=True)
        if len(epochs) >= 2
        for error, variance in [decompose_points(epochs, target)]
    ]
    if not terms:
        return {"incoherence": math.nan}
    error, variance = sum(e for e, _ in terms), sum(v for _, v in terms)
    return {
        "error": float(error / len(terms)),
        "variance": float(variance / len(terms)),
        "bias_squared": float((error - variance) / len(terms)),
        "incoherence": float(variance / error) if error else math.nan,
    }


def compute(scores: list[SampleScore], **parameters: Any) -> dict[str, float]:
    return incoherence(**parameters)(scores)  # type: ignore[arg-type, return-value]


def agree(found: dict[str, float], wanted: dict[str, float]) -> None:
    for name, number in wanted.items():
        assert found[name] == pytest.approx(number, abs=1e-12, rel=1e-9, nan_ok=True), name


def sample(question: int, value: Any, metadata: dict[str, Any] | None = None) -> SampleScore:
    return SampleScore(sample_id=question, score=Score(value=value, metadata=metadata))


shapes = st.lists(st.lists(st.integers(0, 5), min_size=1, max_size=6), min_size=1, max_size=6)
quarters = st.lists(st.lists(st.integers(0, 4), min_size=1, max_size=6), min_size=1, max_size=6)


@given(quarters)
def test_plain_scores(questions: list[list[int]]) -> None:
    scores = [sample(q, v / 4) for q, values in enumerate(questions) for v in values]
    reference = [([[Fraction(v, 4)] for v in values], [Fraction(1)]) for values in questions]
    agree(compute(scores), expected(reference, [1] * len(questions)))


@given(shapes)
@settings(max_examples=200)
def test_answers(questions: list[list[int]]) -> None:
    # 0 … 3 are the letters A to D, 5 stands for E, 4 for an answer that could not be read; A is right.
    scores, reference = [], []
    for q, letters in enumerate(questions):
        points = []
        for epoch, letter in enumerate(letters, start=1):
            answer = "" if letter == 4 else "ABCD-E"[letter]
            metadata = epoch_metadata(kind="answer", epoch=epoch, answer=answer, target="A", classes=6)
            scores.append(sample(q, "C" if letter == 0 else "I", metadata))
            points.append([Fraction(1, 6) if letter == 4 else Fraction(int(c == letter)) for c in range(6)])
        reference.append((points, [Fraction(int(c == 0)) for c in range(6)]))
    found = compute(scores)
    agree(found, expected(reference, [1] * len(questions)))
    # Of the questions that the error is about: those with two epochs, else those with one.
    measured = [v for v in questions if len(v) >= 2] or questions
    assert found["accuracy"] == pytest.approx(sum(v.count(0) / len(v) for v in measured) / len(measured))
    assert found.get("epochs_unparsed", 0) == sum(v.count(4) for v in questions)


@given(
    st.lists(st.lists(st.integers(0, 255), min_size=1, max_size=5), min_size=1, max_size=5), st.integers(1, 8)
)
def test_unit_tests(questions: list[list[int]], f2p: int) -> None:
    # Question q has 8 + q tests: the bits of a number, and q that always pass.
    scores, reference, sizes = [], [], []
    for q, numbers in enumerate(questions):
        outcomes = [[bit == "1" for bit in f"{number:08b}"] + [True] * q for number in numbers]
        scores += [
            sample(q, 0.0, epoch_metadata(kind="tests", epoch=e, f2p=bits[:f2p], p2p=bits[f2p:]))
            for e, bits in enumerate(outcomes, start=1)
        ]
        reference.append(
            ([[Fraction(int(bit)) for bit in bits[:f2p]] for bits in outcomes], [Fraction(1)] * f2p)
        )
        sizes.append(f2p)
    agree(compute(scores), expected(reference, sizes))


@given(
    st.lists(
        st.lists(st.lists(st.integers(0, 9), min_size=3, max_size=3), min_size=1, max_size=5),
        min_size=1,
        max_size=4,
    )
)
def test_probabilities(questions: list[list[list[int]]]) -> None:
    scores, reference = [], []
    for q, rows in enumerate(questions):
        points = [[Fraction(w + 1, sum(row) + 3) for w in row] for row in rows]
        scores += [
            sample(
                q,
                0.0,
                epoch_metadata(
                    kind="probabilities", epoch=e, probabilities=[float(p) for p in row], target="B"
                ),
            )
            for e, row in enumerate(points, start=1)
        ]
        reference.append((points, [Fraction(0), Fraction(1), Fraction(0)]))
    found = compute(scores)
    agree(found, expected(reference, [1] * len(questions)))
    repeated = [points for points, _ in reference if len(points) >= 2]
    if repeated:
        error = sum(-sum(math.log(row[1]) for row in points) / len(points) for points in repeated) / len(
            repeated
        )
        variance = sum(
            -math.log(sum(math.prod(float(row[c]) for row in points) ** (1 / len(points)) for c in range(3)))
            for points in repeated
        ) / len(repeated)
        agree(found, {"error_kl": error, "variance_kl": variance})


# Anything at all may stand where our own entries are expected.
junk = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=6)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=3), inner, max_size=3)
    ),
    max_leaves=6,
)
entries = st.fixed_dictionaries(
    {},
    optional={
        "hm_kind": st.one_of(st.sampled_from(["answer", "probabilities", "tests", "score", "text"]), junk),
        "hm_epoch": st.one_of(st.integers(1, 3), junk),
        "hm_answer": st.one_of(st.sampled_from(["A", "B", ""]), junk),
        "hm_target": st.one_of(st.sampled_from(["A", "B"]), junk),
        "hm_classes": st.one_of(st.integers(2, 4), junk),
        "hm_probabilities": st.one_of(st.just([0.5, 0.5]), junk),
        "hm_tests": st.one_of(st.text("0123456789abcdef ", max_size=4), junk),
        "hm_f2p": st.one_of(st.integers(0, 5), junk),
        "hm_p2p": st.one_of(st.integers(0, 5), junk),
    },
)


@given(
    st.lists(
        st.tuples(
            st.one_of(st.none(), st.integers(0, 2), st.text(max_size=2)), junk, st.one_of(st.none(), entries)
        ),
        max_size=12,
    ),
    st.sampled_from(["brier", "kl", "zero_one"]),
    st.sampled_from(["uniform", "class", "drop"]),
    st.sampled_from([None, "a", 0]),
)
@settings(max_examples=400)
def test_nothing_makes_the_metric_raise_and_every_epoch_is_accounted_for(
    rows: list[tuple[Any, Any, Any]], loss: str, unparsed: str, key: Any
) -> None:
    scores = []
    for question, value, metadata in rows:
        scores.append(SampleScore(sample_id=question, score=Score(value=0.0)))
        scores[-1].score.value, scores[-1].score.metadata = value, metadata
    found = compute(scores, loss=loss, unparsed=unparsed, key=key)
    # Dictionaries of several scores have every count once per key.
    suffixes = [name.removeprefix("epochs_scored") for name in found if name.startswith("epochs_scored")]
    assert suffixes == [""] or all(suffix.startswith("_") for suffix in suffixes)
    for suffix in suffixes:
        counts = ["epochs_scored", "epochs_unscored", "epochs_other_kind", "epochs_duplicated"]
        assert sum(found.get(f"{count}{suffix}", 0) for count in counts) == len(scores)
    assert all(isinstance(number, float) for number in found.values())
