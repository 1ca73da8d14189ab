"""Guards against misreading: plain sentences, each with the counts that it rests on.

Nothing here changes a number. A caller passes what it knows, prints the sentences, and lets the reader
judge. No sentence means no known reason for doubt, not that there is none.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from hotmess_inspect.decomposition import Decomposition
from hotmess_inspect.io.copied_epochs import copied_epoch_warnings
from hotmess_inspect.words import counted

__all__ = [
    "ACCURACY_GAP",
    "FEW_QUESTIONS",
    "ItemCounts",
    "accuracy_warnings",
    "copied_epoch_warnings",
    "count_warnings",
    "unequal_epoch_warnings",
]

# Below this, intervals were found to be too short in the calibration study's first figures.
FEW_QUESTIONS = 30
# Accuracies this far apart move an incoherence by more than most effects of interest.
ACCURACY_GAP = 0.05
COMPARE_ADVICE = "`hotmess compare` tests bias² and variance themselves."


@dataclass(frozen=True)
class ItemCounts:
    """What a number rests on, and what it does not.

    Attributes:
        questions: Questions with at least one scored epoch.
        epochs_scored: Epochs with a prediction.
        epochs_planned: Epochs that were to be run; `epochs_scored` where nobody says.
        zero_error_questions: Questions without any error: they add nothing to the incoherence.
        single_epoch_questions: Questions with one epoch: they have no variance and are left out.
        empty_questions: Questions without an epoch.
        unparsed: Epochs whose answer could not be read.
        truncated: Epochs whose output was cut off.
        limited: Epochs stopped by a limit of messages, tokens or time.
        retried: Epochs run again after an error.
        cached: Epochs served from a cache.
    """

    questions: int
    epochs_scored: int
    epochs_planned: int
    zero_error_questions: int = 0
    single_epoch_questions: int = 0
    empty_questions: int = 0
    unparsed: int = 0
    truncated: int = 0
    limited: int = 0
    retried: int = 0
    cached: int = 0

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            if value < 0:
                raise ValueError(f"{name}={value!r} must be at least 0")

    @classmethod
    def of(
        cls,
        decomposition: Decomposition,
        *,
        epochs_planned: int | None = None,
        unparsed: int = 0,
        truncated: int = 0,
        limited: int = 0,
        retried: int = 0,
        cached: int = 0,
    ) -> "ItemCounts":
        """Count what a decomposition knows, and add what only the logs know.

        Args:
            decomposition: The questions.
            epochs_planned: Epochs that were to be run; None where nobody says.
            unparsed: As in the class, like the rest.
            truncated: Epochs cut off.
            limited: Epochs stopped by a limit.
            retried: Epochs run again.
            cached: Epochs from a cache.
        """
        scored = int(decomposition.epochs.sum())
        return cls(
            questions=int((decomposition.epochs > 0).sum()),
            epochs_scored=scored,
            epochs_planned=scored if epochs_planned is None else epochs_planned,
            zero_error_questions=decomposition.zero_error_questions,
            single_epoch_questions=decomposition.single_epoch_questions,
            empty_questions=decomposition.empty_questions,
            unparsed=unparsed,
            truncated=truncated,
            limited=limited,
            retried=retried,
            cached=cached,
        )


def count_warnings(counts: ItemCounts) -> list[str]:
    """Say what was left out, could not be read, or was not an independent run."""
    sentences = []
    if counts.epochs_scored < counts.epochs_planned:
        missing = counts.epochs_planned - counts.epochs_scored
        sentences.append(
            f"{counted(missing, 'epoch')} of {counts.epochs_planned:,} planned {_have(missing)} no score; "
            "if hard questions fail more often to finish, the rest looks better than the model is."
        )
    if counts.empty_questions:
        sentences.append(
            f"{counted(counts.empty_questions, 'question')} {_have(counts.empty_questions)} no scored epoch."
        )
    if counts.single_epoch_questions:
        single = counts.single_epoch_questions
        sentences.append(
            f"{counted(single, 'question')} {_have(single)} one epoch, hence no variance: left out."
        )
    sentences += _basis_warnings(counts)
    for number, reason in (
        (counts.unparsed, "gave no readable answer; how unread answers count changes the variance"),
        (
            counts.truncated,
            f"{_were(counts.truncated)} cut off before the end; a longer output limit may change such answers",
        ),
        (counts.limited, "ran into a limit; such failures are the budget's as much as the model's"),
        (
            counts.retried,
            f"{_were(counts.retried)} run again after an error; errors that depend on the answer bias what is left",
        ),
        (counts.cached, "came from a cache: copies of other runs, not new draws"),
    ):
        if number:
            sentences.append(f"{number:,} of {counted(counts.epochs_scored, 'epoch')} {reason}.")
    return sentences


def unequal_epoch_warnings(epochs: Mapping[str, ArrayLike], estimator: str) -> list[str]:
    """Warn when plug-in numbers of groups with unequal numbers of epochs stand side by side.

    Args:
        epochs: Epochs per question of each group, shape (questions,), by the group's name.
        estimator: Estimator of the numbers compared; only "plugin" depends on the number of epochs.
    """
    if estimator != "plugin":
        return []
    found = {name: _repeats(values) for name, values in epochs.items()}
    means = {name: float(counts.mean()) for name, counts in found.items() if counts.size}
    sentences = [
        f"{name}: questions have {int(counts.min())} to {counted(int(counts.max()), 'epoch')}; a plug-in variance "
        f"grows with their number, so questions with more epochs look less coherent."
        for name, counts in found.items()
        if counts.size and counts.min() != counts.max()
    ]
    if len(means) > 1 and max(means.values()) > min(means.values()):
        listed = ", ".join(f"{name} {mean:g}" for name, mean in means.items())
        low, high = (f"{1 - 1 / mean:.0%}" for mean in (min(means.values()), max(means.values())))
        sentences.append(
            f"Groups differ in epochs per question ({listed}) and are compared on plug-in numbers: a squared "
            f"variance reaches {low} of the true one in the group with the fewest and {high} in that with the "
            "most. Compare unbiased estimates."
        )
    return sentences


def accuracy_warnings(
    accuracies: Mapping[str, float],
    advice: str = COMPARE_ADVICE,
) -> list[str]:
    """Warn when incoherences of groups of unlike accuracy are compared.

    Args:
        accuracies: Accuracy of each group by its name; NaN is left out.
        advice: What to do instead.
    """
    known = {name: value for name, value in accuracies.items() if not np.isnan(value)}
    if len(known) < 2:
        return []
    worst, best = min(known, key=lambda name: known[name]), max(known, key=lambda name: known[name])
    if known[best] - known[worst] < ACCURACY_GAP:
        return []
    return [
        f"Accuracies reach from {known[worst]:.1%} ({worst}) to {known[best]:.1%} ({best}), and incoherence "
        f"depends on accuracy by construction: it does not rank these. {advice}"
    ]


def _basis_warnings(counts: ItemCounts) -> list[str]:
    """How many questions the incoherence rests on."""
    erring = counts.questions - counts.zero_error_questions
    sentences = []
    if counts.zero_error_questions:
        sentences.append(
            f"{counts.zero_error_questions:,} of {counted(counts.questions, 'question')} have no error and add "
            f"nothing to the incoherence, which rests on the other {erring:,}."
        )
    if 0 < erring < FEW_QUESTIONS:
        sentences.append(
            f"Only {counted(erring, 'question')} {_have(erring)} an error: the incoherence is uncertain, and "
            f"intervals from fewer than {FEW_QUESTIONS} questions can be too short."
        )
    return sentences


def _repeats(epochs: ArrayLike) -> np.ndarray:
    counts = np.asarray(epochs)
    if counts.size and counts.dtype.kind not in "iu":
        raise ValueError(f"epochs must hold integers per question; got dtype {counts.dtype}")
    return counts[counts >= 2]


def _were(number: int) -> str:
    return "was" if number == 1 else "were"


def _have(number: int) -> str:
    return "has" if number == 1 else "have"
