"""The epochs reducer `hotmess/decomposition`."""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from inspect_ai.scorer import Score, ScoreReducer, Value, mean_score, score_reducer

from hotmess_inspect._inspect_versions import unscored
from hotmess_inspect.plugin.options import Options
from hotmess_inspect.schema import Scale, finite_or_none

_TERMS = ("error", "bias_squared", "variance")
_QUANTITIES = {
    "answer": "Brier loss of the answers",
    "probabilities": "Brier loss of the probabilities",
    "tests": "coverage error of the FAIL_TO_PASS tests",
    "score": "squared distance of the verdicts to 1",
    "point": "squared distance of the points to their goal",
    "text": "variance of the embeddings",
}


@score_reducer
def decomposition() -> ScoreReducer:
    """Reduce the epochs of a question to their mean, with their decomposition beside it.

    The value is exactly that of Inspect's own `mean` reducer, so that a suite's accuracy and standard
    error stay what they were. It has no parameters on purpose: Inspect logs none, and a later
    re-computation would silently use the defaults.

    Returns:
        A reducer whose scores carry in their metadata ``error``, ``bias_squared`` and ``variance``
        (unbiased; Brier for classes, F2P coverage for unit tests, squared distance to the
        verdict of a right answer, 1 or what the scores say in ``hm_range``, for plain scores; None where undefined), ``quantity`` (which of these in words: of the verdicts of `choice()`, say,
        which is another quantity than the letters that `hotmess analyze` reads from the log), ``epochs`` (those
        with a score), ``epochs_unscored``, ``modal_answer`` and ``modal_share``. For scores that are dictionaries or lists the three terms are shaped like the
        value. Where epochs disagree in shape, which Inspect's `mean` refuses, every key is averaged over
        the epochs that have it and ``reduced_with`` says so.
    """
    mean = mean_score()

    def reduce(scores: list[Score]) -> Score:
        note: dict[str, Any] = {}
        try:
            # Older releases of Inspect take the first epoch's shape for all of them, or stumble over none.
            if problem := _mismatch(scores):
                raise ValueError(problem)
            reduced = mean(scores) if scores else Score(value=math.nan)
        except (ValueError, TypeError, AttributeError, LookupError, OverflowError) as error:
            reduced = _mean_where_present(scores)
            note = {"reduced_with": f"each key over the epochs that have it ({error})"[:1024]}
        kept = {name: entry for name, entry in (reduced.metadata or {}).items() if not name.startswith("hm_")}
        # The first epoch's hm_* entries are not true of the question as a whole.
        return reduced.model_copy(update={"metadata": kept | _describe(scores) | note})

    return reduce


def _describe(scores: Sequence[Score]) -> dict[str, Any]:
    described = any((score.metadata or {}).get("hm_kind") is not None for score in scores)
    shape = None if described else _shape(scores)
    if shape is None:
        return _decompose(scores, None) | _mode(scores)
    parts = {key: _decompose(scores, key) for key in shape}
    columns = {
        name: {key: part[name] for key, part in parts.items()}
        for name in (*_TERMS, "epochs", "epochs_unscored", "quantity")
    }
    if all(isinstance(key, int) for key in shape):
        return {name: list(column.values()) for name, column in columns.items()} | _mode(scores)
    return columns | _mode(scores)


def _shape(scores: Sequence[Score]) -> list[str] | list[int] | None:
    """Keys of dictionary scores or indices of list scores, None for scalars."""
    dictionaries = [score.value for score in scores if isinstance(score.value, Mapping)]
    if dictionaries:
        return sorted({str(key) for value in dictionaries for key in value})
    lists = [score.value for score in scores if isinstance(score.value, list | tuple)]
    return list(range(max(map(len, lists)))) if lists else None


def _mismatch(scores: Sequence[Score]) -> str:
    """What differs in shape between dictionaries or between lists; empty if nothing does."""
    keys = {frozenset(map(str, score.value)) for score in scores if isinstance(score.value, Mapping)}
    if len(keys) > 1:
        return "epochs have mismatched keys"
    lengths = {len(score.value) for score in scores if isinstance(score.value, list | tuple)}
    return "epochs have lists of different lengths" if len(lengths) > 1 else ""


def _decompose(scores: Sequence[Score], key: str | int | None) -> dict[str, Any]:
    # Inspect loads every component at its start; numpy can wait until there is something to compute.
    from hotmess_inspect.decomposition.of_questions import decompose_questions
    from hotmess_inspect.plugin.epochs import epochs_of
    from hotmess_inspect.plugin.summary import wanted
    from hotmess_inspect.table import groups, question_arrays

    epochs = epochs_of(
        ["question"] * len(scores),
        [score.value for score in scores],
        [score.metadata for score in scores],
        key=key,
        plain=key is not None,
    )
    found = groups(epochs.outcomes)
    if not found:
        return {**dict.fromkeys(_TERMS), "epochs": 0, "epochs_unscored": 0, "quantity": None}
    headline = decompose_questions(question_arrays(found[0]), wanted(found[0].kind, Options()))[0]
    scored = int(found[0].outcomes.scored.sum())
    return {
        **{name: finite_or_none(getattr(headline, name)[0]) for name in _TERMS},
        "epochs": scored,
        "epochs_unscored": len(scores) - scored - epochs.duplicated,
        "quantity": _quantity(found[0].kind, scores, key),
    }


def _quantity(kind: str, scores: Sequence[Score], key: str | int | None) -> str:
    """What the three terms are of, in words; of scores on a scale of their own with that scale."""
    entries = (
        Scale.of_entry((s.metadata or {}).get("hm_range"), None if key is None else str(key)) for s in scores
    )
    scale = next((entry for entry in entries if entry is not None), Scale())
    if kind != "score" or scale == Scale():
        return _QUANTITIES[kind]
    return f"squared distance of the scores to {scale.high:g}, as a share of the range from {scale.low:g}"


def _mode(scores: Sequence[Score]) -> dict[str, Any]:
    """Most frequent answer and its share; the first in alphabetical order where several are."""
    answers = Counter(answer for answer in map(_answer, scores) if answer is not None)
    if not answers:
        return {"modal_answer": None, "modal_share": None}
    modal = min(answers, key=lambda answer: (-answers[answer], answer))
    return {"modal_answer": modal, "modal_share": answers[modal] / answers.total()}


def _answer(score: Score) -> str | None:
    answer = (score.metadata or {}).get("hm_answer", score.answer)
    if isinstance(answer, str):
        return answer[:1024]
    if isinstance(score.value, str | bool | int | float) and score.value == score.value:
        return str(score.value)
    return None


def _mean_where_present(scores: Sequence[Score]) -> Score:
    mean = mean_score()
    dictionaries = [score.value for score in scores if isinstance(score.value, Mapping)]
    if not dictionaries:
        return unscored("scoring_failed", explanation="epochs have scores of different shapes")
    value: dict[str, Any] = {}
    for key in sorted({str(key) for entries in dictionaries for key in entries}):
        present: list[Value] = [entry for entries in dictionaries if (entry := entries.get(key)) is not None]
        value[key] = mean([Score(value=entry) for entry in present]).value if present else math.nan
    return Score(value=value, metadata=scores[0].metadata)
