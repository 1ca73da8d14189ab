"""A grader's part of the variance where questions share few-shot contexts: intervals speak of other contexts, too."""

from dataclasses import replace

import numpy as np
import pytest

from hotmess_inspect import outcomes_from_arrays
from hotmess_inspect.inference import contexts
from hotmess_inspect.results.analyze import GroupResult, Options, analyze
from hotmess_inspect.table.columns import Labels

QUESTIONS, CONTEXTS, REPEATS = 20, 4, 3


def result(*, shared: bool) -> GroupResult:
    """A judge errs the more often the later the context; each completion is graded three times."""
    rng = np.random.default_rng(1)
    question, context, _ = (axis.ravel() for axis in np.indices((QUESTIONS, CONTEXTS, REPEATS)))
    right = rng.random(len(question)) < rng.random(QUESTIONS)[question]
    errs = rng.random((len(question), 3)) < (0.1 * context)[:, None]
    gradings = (right[:, None] ^ errs).astype(float)
    table = outcomes_from_arrays(
        question.tolist(),
        score=gradings[:, 0],
        context=context.tolist() if shared else (context + CONTEXTS * question).tolist(),
    )
    table = replace(
        table, regrades=Labels.encode(" ".join(map(str, row)) for row in gradings[:, 1:].tolist())
    )
    ((found,), *_) = analyze(table, Options(resamples=200))
    return found


def test_leaving_out_contexts_moves_every_part(monkeypatch: pytest.MonkeyPatch) -> None:
    moved = []
    honest = contexts.error_with_contexts
    monkeypatch.setattr(
        contexts, "error_with_contexts", lambda *given: moved.append(given[2]) or honest(*given)
    )
    shared = result(shared=True)
    ends = shared.grader_intervals
    noise = shared.grader
    assert noise is not None and len(moved) == len(ends) == 4
    assert {one.shape for one in moved} == {(CONTEXTS, QUESTIONS)}
    of_grader = moved[0].sum(axis=1)
    # Without the last context, whose judge errs most, the grader's part falls.
    assert of_grader.argmin() == CONTEXTS - 1 and of_grader[-1] < 0 < of_grader[0]
    apart = result(shared=False).grader_intervals
    for name, (low, high) in ends.items():
        assert np.isfinite([low, high]).all()
        assert high - low >= (apart[name].high - apart[name].low) * 0.999
    grader = ends["grader_variance"]
    assert grader.high - grader.low > 1.3 * (apart["grader_variance"].high - apart["grader_variance"].low)
