"""The other sets of unit tests, beside the headline, worked out by hand."""

from inspect_ai.scorer import SampleScore, Score

from hotmess_inspect.plugin.incoherence import incoherence
from hotmess_inspect.schema import epoch_metadata


def epoch(question: str, number: int, f2p: list[bool], p2p: list[bool]) -> SampleScore:
    metadata = epoch_metadata(kind="tests", epoch=number, f2p=f2p, p2p=p2p)
    return SampleScore(sample_id=question, score=Score(value={"f2p": 0.0}, metadata=metadata))


def test_p2p_pooled_and_resolved_stand_beside_f2p() -> None:
    scores = [
        epoch("a", 1, [True], [True, True]),
        epoch("a", 2, [False], [True, False]),
        epoch("b", 1, [False], [True, True]),
        epoch("b", 2, [False], [True, True]),
    ]
    results = incoherence()(scores)
    # F2P, unbiased: a has pass rate 1/2: error 1/2, variance 1/4 · 2 = 1/2; b: error 1, variance 0.
    assert results["error"] == 0.75
    assert results["variance"] == 0.25
    assert results["incoherence"] == 0.5 / 1.5
    # P2P: a: one test of two at 1/2: error 1/4, variance 1/4; b: no error.
    assert results["error_p2p"] == 0.125
    assert results["variance_p2p"] == 0.125
    assert results["incoherence_p2p"] == 1.0
    # Pooled: a: (1/2 + 1/2) / 3 = 1/3, variance (1/2 + 1/2) / 3 = 1/3; b: 1/3 and 0.
    assert abs(results["error_pooled"] - 1 / 3) < 1e-15
    assert abs(results["variance_pooled"] - 1 / 6) < 1e-15
    assert abs(results["incoherence_pooled"] - 1 / 2) < 1e-15
    # Resolved: a in one of two epochs, b never: as F2P here.
    assert results["error_resolved"] == 0.75
    assert results["incoherence_resolved"] == 0.5 / 1.5
    assert results["accuracy"] == 0.25


def test_the_headline_can_be_another_set() -> None:
    scores = [epoch("a", 1, [True], [True, True]), epoch("a", 2, [False], [True, False])]
    results = incoherence(tests="p2p")(scores)
    assert results["error"] == 0.25
    assert results["error_f2p"] == 0.5
    assert "error_p2p" not in results
