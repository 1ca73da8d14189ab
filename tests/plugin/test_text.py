"""Free text through the metric: from embeddings in metadata to variances."""

import json
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from inspect_ai.log._util import thin_metadata
from inspect_ai.scorer import SampleScore, Score

from hotmess_inspect.decomposition import embedding_variance, kernel_variance
from hotmess_inspect.plugin.incoherence import incoherence
from hotmess_inspect.schema import epoch_metadata
from hotmess_inspect.vectors import ENTRIES, MOST_DIMS, decode_embedding, encode_embedding

NUMBERS = st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=30)


def said(question: str, epoch: int, vector: Any, **more: Any) -> SampleScore:
    status = "unparsed" if vector is None else "ok"
    entries = epoch_metadata(kind="text", epoch=epoch, status=status) | more
    if vector is not None:
        entries |= encode_embedding(vector)
    return SampleScore(score=Score(value=float(vector is not None), metadata=entries), sample_id=question)


def results(scores: list[SampleScore], **options: Any) -> dict[str, float]:
    found: Any = incoherence(**options)(scores)
    return found


@given(NUMBERS)
def test_what_is_written_is_read_back_as_a_unit_vector(vector: list[float]) -> None:
    found = decode_embedding(encode_embedding(vector))
    assert found is not None
    largest = max(map(abs, vector)) or 1.0
    scaled = np.array([x / largest for x in vector])  # or its squares could vanish
    expected = scaled / (np.linalg.norm(scaled) or 1.0)
    # Half precision: 11 bits, and below 2⁻¹⁴ steps of 2⁻²⁴.
    np.testing.assert_allclose(found, expected, rtol=2**-10, atol=2**-24)


@pytest.mark.parametrize("dims", [1, 384, 385, MOST_DIMS])
def test_every_piece_survives_the_summaries(dims: int) -> None:
    entries = encode_embedding(np.random.default_rng(0).normal(size=dims).tolist())
    assert len(entries) == math.ceil(dims / 384) and set(entries) <= set(ENTRIES)
    # What Inspect keeps of metadata in a log's summaries.
    assert thin_metadata(dict(entries)) == entries
    assert json.loads(json.dumps(entries)) == entries


@pytest.mark.parametrize(
    ("vector", "message"),
    [([], "of 0 dims"), ([0.0] * (MOST_DIMS + 1), "1 to 3072"), ([1.0, math.nan], "not finite")],
)
def test_what_cannot_be_kept_is_refused(vector: list[float], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        encode_embedding(vector)


@pytest.mark.parametrize("damaged", ["%", "AA", "AAA=", "AHw=", "", 7, None, ["AAA="]])
def test_damaged_embeddings_are_none(damaged: Any) -> None:
    # "AHw=" is an infinity, "AA" is no base64.
    found = decode_embedding({"hm_embedding": damaged})
    assert found is None or damaged == "AAA="
    assert decode_embedding({"hm_embedding_2": "AAA="}) is None


def test_two_questions_by_hand() -> None:
    # a: two unit vectors at a right angle, V = 1 unbiased; b: the same answer thrice, V = 0.
    scores = [
        said("a", 1, [2.0, 0.0]),
        said("a", 2, [0.0, 5.0]),
        *(said("b", epoch, [1.0, 1.0]) for epoch in (1, 2, 3)),
    ]
    found = results(scores)
    assert found["variance"] == pytest.approx(0.5)
    assert found["variance_kernel"] == pytest.approx((1 - math.exp(-4)) / 2)
    for name in ("incoherence", "error", "bias_squared", "accuracy", "incoherence_stderr"):
        assert math.isnan(found[name])
    assert found["questions_no_target"] == found["questions"] == 2
    assert found["kind_text"] == 1 and found["epochs_scored"] == 5
    assert results(scores, estimator="plugin")["variance"] == pytest.approx(0.25)
    assert not {"error_kernel", "incoherence_kernel"} & set(found)


def test_unparsed_damaged_and_foreign_epochs_are_counted() -> None:
    scores = [said("a", 1, [1.0, 0.0]), said("a", 2, [0.0, 1.0])]
    odd = [
        said("a", 3, None),
        said("a", 4, [1.0, 0.0], hm_embedding="%"),
        said("a", 5, [1.0, 0.0, 0.0]),
        SampleScore(
            score=Score(value=math.nan, metadata=said("a", 6, [1.0, 0.0]).score.metadata), sample_id="a"
        ),
    ]
    odd[1].score.metadata["hm_embedding"] = "%"  # type: ignore[index]
    found = results([*scores, *odd])
    assert found["variance"] == pytest.approx(1.0)
    assert (found["epochs_unparsed"], found["epochs_unscored"], found["epochs_scored"]) == (1, 3, 3)
    # As a class of its own the unparsed one is the origin: mean (1/3, 1/3), squared distances 5/9, 5/9, 2/9.
    own = results([*scores, odd[0]], unparsed="class")
    assert own["variance"] == pytest.approx(12 / 9 / 2)


@given(st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 3)), min_size=1, max_size=20), st.randoms())
def test_the_metric_is_that_of_the_arrays_in_any_order(said_: list[tuple[str, int]], random: Any) -> None:
    cloud = np.random.default_rng(3).normal(size=(4, 5))
    scores = [said(question, epoch, cloud[place]) for epoch, (question, place) in enumerate(said_, 1)]
    found = results(scores)
    random.shuffle(scores)
    np.testing.assert_equal(results(scores), found)
    stored = [decode_embedding(encode_embedding(point)) for point in cloud]
    by_question: dict[str, list[Any]] = {}
    for question, place in said_:
        by_question.setdefault(question, []).append(stored[place])
    for key, function in (("variance", embedding_variance), ("variance_kernel", kernel_variance)):
        values = [function([points])[0] for points in by_question.values() if len(points) > 1]
        expected = np.mean(values) if values else math.nan
        assert found[key] == pytest.approx(expected, nan_ok=True, abs=1e-9)
