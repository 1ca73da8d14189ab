"""One line per question: what a person looks through to find the questions worth reading."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from hotmess_inspect.arrays import ordered_mean
from hotmess_inspect.results.analyze import GroupResult


@dataclass(frozen=True)
class QuestionNumbers:
    """The numbers of one question in one group.

    Attributes:
        question: Question id.
        epochs: Epochs with a prediction.
        error: Mean loss.
        bias_squared: Loss of the mean prediction; NaN with one epoch.
        variance: Spread of the predictions; NaN with one epoch.
        incoherence: Variance over error of this question alone; NaN without error. The incoherence of a
            group is the ratio of the sums, not the mean of these.
        share_correct: Mean over epochs of how right they are; NaN for points.
        modal_answer: The most frequent label, ties in the order of the labels; ``None`` without labels.
        modal_share: Share of the parsed answers that give it; NaN without labels.
        length: Mean length over epochs, NaN where unknown.
        log: A log with epochs of the question, for links.
        epoch: Number of the first scored epoch in that log.
        disagreement: Probability that two epochs answer differently; NaN without answers.
        entropy_within: Mean entropy of the epochs' stated distributions, in nats; NaN where none are stated.
        entropy_between: What epochs disagree on, in nats (mutual information, jackknife); NaN likewise.
    """

    question: str
    epochs: int
    error: float
    bias_squared: float
    variance: float
    incoherence: float
    share_correct: float
    modal_answer: str | None
    modal_share: float
    length: float
    log: str
    epoch: int
    disagreement: float = math.nan
    entropy_within: float = math.nan
    entropy_between: float = math.nan


def question_numbers(result: GroupResult) -> list[QuestionNumbers]:
    """Numbers of every question with at least one scored epoch, in the order of the ids."""
    d, questions, outcomes = result.decomposition, result.questions, result.group.outcomes
    answers = outcomes.answer.values() if result.group.kind == "answer" else [None] * len(outcomes)
    logs, epochs = outcomes.log.values(), outcomes.epoch.tolist()
    lengths = questions.lengths(result.length) if result.length else np.full_like(questions.correct, np.nan)
    spread = result.spread
    unknown = np.full((len(questions.ids), 3), np.nan)
    agreement = unknown if spread is None else spread.agreement.by_question
    entropy = unknown
    if spread is not None and spread.uncertainty is not None:
        entropy = spread.uncertainty.entropy.by_question
    found = []
    for place, name in enumerate(questions.ids):
        if d.epochs[place] == 0:
            continue
        rows = [row for row in questions.row[place].tolist() if row >= 0 and outcomes.scored[row]]
        modal, share = _modal([answers[row] for row in rows])
        error, variance = float(d.error[place]), float(d.variance[place])
        found.append(
            QuestionNumbers(
                question=name,
                epochs=int(d.epochs[place]),
                error=error,
                bias_squared=float(d.bias_squared[place]),
                variance=variance,
                incoherence=variance / error if error > d.error_floor else math.nan,
                share_correct=ordered_mean(questions.correct[place]),
                modal_answer=modal,
                modal_share=share,
                length=ordered_mean(lengths[place]),
                log=logs[rows[0]] or "",
                epoch=epochs[rows[0]],
                disagreement=float(agreement[place, 0]),
                entropy_within=float(entropy[place, 1]),
                entropy_between=float(entropy[place, 2]),
            )
        )
    return found


def as_score_value(numbers: QuestionNumbers) -> dict[str, Any]:
    """The numbers as a dict-shaped score, to four decimals, as a column shows them; undefined is ``None``."""
    value: dict[str, Any] = {
        "incoherence": numbers.incoherence,
        "error": numbers.error,
        "bias_squared": numbers.bias_squared,
        "variance": numbers.variance,
        "share_correct": numbers.share_correct,
    }
    # Adding zero turns a rounded -0.0 into 0.0.
    value = {key: round(v, 4) + 0.0 if math.isfinite(v) else None for key, v in value.items()}
    return value if numbers.modal_answer is None else {**value, "modal_answer": numbers.modal_answer}


def _modal(answers: list[str | None]) -> tuple[str | None, float]:
    known = [answer for answer in answers if answer is not None]
    if not known:
        return None, math.nan
    best = min(set(known), key=lambda label: (-known.count(label), label))
    return best, known.count(best) / len(known)
