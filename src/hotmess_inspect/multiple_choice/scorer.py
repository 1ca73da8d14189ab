"""The scorer of multiple choice: letters, stated probabilities, log-probabilities."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from inspect_ai.scorer import CORRECT, INCORRECT, Score, Scorer, Target, Value, accuracy, scorer, stderr
from inspect_ai.solver import TaskState

from hotmess_inspect._inspect_versions import shown
from hotmess_inspect.multiple_choice.formats import FORMATS, check_choice, check_share
from hotmess_inspect.multiple_choice.letters import completed_letter, read_letter
from hotmess_inspect.multiple_choice.logprobs import MAX_OUTSIDE, letter_probabilities
from hotmess_inspect.multiple_choice.solver import (
    ASKED_AGAIN,
    COMPLETION,
    CONTEXT,
    FORMAT,
    ORDER,
    sample_question,
)
from hotmess_inspect.multiple_choice.stated import read_probabilities
from hotmess_inspect.plugin.incoherence import incoherence
from hotmess_inspect.plugin.lengths import sample_lengths, sample_status
from hotmess_inspect.schema import Status, class_label, epoch_metadata

__all__ = ["OUTSIDE", "UNLISTED", "choice_scorer"]

# Probability that the model gave to tokens that are no letter of a choice.
OUTSIDE = "hm_outside"
# The most that letters which the provider did not list can have of it.
UNLISTED = "hm_unlisted"


@scorer(metrics=[accuracy(), stderr(), incoherence()])
def choice_scorer(format: str | None = None, max_outside: float = MAX_OUTSIDE) -> Scorer:
    """Read what an epoch predicts, in the data set's order of the choices.

    The value is "C" or "I" for a letter, and for probabilities the share of the right choice among the
    likeliest ones (1, 0, or 1/k where k tie). An answer that cannot be read is wrong, has the status
    ``unparsed`` (or ``truncated``, ``limit``, which say why) and is what the metric's parameter
    ``unparsed`` makes of it.

    Args:
        format: ``letter``, ``probability`` or ``logprob``; what the solver asked for if not given, and
            ``letter`` where no solver of this package did.
        max_outside: Log-probabilities that leave more than this outside the letters are no answer, in [0, 1].

    Returns:
        A scorer that leaves the ``hm_*`` entries of :mod:`~hotmess_inspect.schema`, ``hm_order``
        (the data set's letters in the order shown, where choices were shuffled), ``hm_outside`` and ``hm_unlisted`` (for
        log-probabilities, the probability of everything but the letters, and the most of it that letters which are not
        listed can have), and ``hm_asked_again`` (where the letter was asked for a second time).
    """
    if format is not None:
        check_choice("format", format, FORMATS)
    check_share("max_outside", max_outside)

    async def score(state: TaskState, target: Target) -> Score:
        question = sample_question(state)
        classes = len(question.choices)
        order = _order(state.store.get(ORDER), classes)
        own: dict[str, Any] = {
            "epoch": state.epoch,
            "context": state.store.get(CONTEXT),
            "target": class_label(question.answer),
            "classes": classes,
            "lengths": sample_lengths(state),
        }
        beside: dict[str, Any] = {}
        if order != list(range(classes)):
            beside["hm_order"] = "".join(class_label(index) for index in order)
        if state.store.get(ASKED_AGAIN):
            beside[ASKED_AGAIN] = True
        asked = format or str(state.store.get(FORMAT) or "letter")
        ended = sample_status(state)
        if asked == "logprob" and ended == "truncated":
            # The few tokens that were asked for are the whole answer.
            ended = "ok"
        if asked == "letter":
            place = read_letter(
                state.output.completion,
                [question.choices[index] for index in order],
                truncated=ended == "truncated",
            )
            if state.store.get(COMPLETION):
                # A base model goes on for as long as it may; its answer stands at the beginning.
                place = completed_letter(state.output.completion, classes) if place is None else place
                ended = "ok" if place is not None and ended == "truncated" else ended
            letter = "" if place is None else class_label(order[place])
            metadata = epoch_metadata(kind="answer", answer=letter, status=_status(ended, letter), **own)
            value: Value = CORRECT if letter == own["target"] else INCORRECT
            return Score(
                value=value,
                answer=letter,
                explanation=shown(state.output.completion),
                metadata=metadata | beside,
            )
        if asked == "probability":
            given = read_probabilities(state.output.completion, classes)
        else:
            letters = letter_probabilities(state.output, classes, max_outside)
            given, beside[OUTSIDE], beside[UNLISTED] = (
                letters.probabilities,
                letters.outside,
                letters.unlisted,
            )
        stated = None if given is None else _mapped(given, order)
        metadata = epoch_metadata(
            kind="probabilities", probabilities=stated, status=_status(ended, stated), **own
        )
        return Score(
            value=_share_right(stated, question.answer),
            answer="" if stated is None else ", ".join(f"{p:.4g}" for p in stated),
            explanation=shown(state.output.completion),
            metadata=metadata | beside,
        )

    return score


def _status(ended: Status, read: object) -> Status:
    return "unparsed" if not read and ended == "ok" else ended


def _order(stored: object, classes: int) -> list[int]:
    """The order that was shown; the data set's where no solver of this package showed one."""
    if isinstance(stored, list) and sorted(stored) == list(range(classes)):
        return stored
    return list(range(classes))


def _mapped(given: Sequence[float], order: Sequence[int]) -> list[float]:
    mapped = [0.0] * len(order)
    for place, index in enumerate(order):
        mapped[index] = given[place]
    return mapped


def _share_right(probabilities: Sequence[float] | None, answer: int) -> float:
    if probabilities is None:
        return 0.0
    top = max(probabilities)
    return float(probabilities[answer] == top) / sum(p == top for p in probabilities)
