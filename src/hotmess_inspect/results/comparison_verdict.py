"""A comparison in plain words: who errs less and by how much, what else differs, what may mislead, what to do next.

`hotmess compare` prints it first and has it in its JSON.
"""

from __future__ import annotations

import math
import shlex
from collections.abc import Mapping, Sequence

import numpy as np

from hotmess_inspect.analyses.comparison import NO_DIFFERENCE, PairedDifference
from hotmess_inspect.analyses.planning import LEAST_EPOCHS
from hotmess_inspect.decomposition import NestedDecomposition
from hotmess_inspect.inference.exchange import rejects
from hotmess_inspect.results.compare import Comparison, PairResult, Ranking, pair_warnings, seed_warnings
from hotmess_inspect.results.verdict import FEW_EPOCHS, ONE_EPOCH, Verdict, as_sentence, error_in_words
from hotmess_inspect.results.warnings import ACCURACY_GAP, FEW_QUESTIONS
from hotmess_inspect.schema import quantity_word
from hotmess_inspect.words import counted, p_word

_LEVEL = 0.95
_POWER = 0.8


def pair_verdict(pair: PairResult, asked: Sequence[str] | None = None) -> Verdict:
    """Say in words what a pair's differences mean, by p-values corrected for the number of pairs.

    Args:
        pair: The pair.
        asked: As in `comparison_verdict`.
    """
    names = pair.first.name, pair.second.name
    return comparison_verdict(pair.comparison, *names, pair.holm, pair.pairs, asked)


def comparison_verdict(
    found: Comparison,
    first: str,
    second: str,
    p_values: Mapping[str, float] | None = None,
    pairs: int = 1,
    asked: Sequence[str] | None = None,
) -> Verdict:
    """Say in words what differences mean: the same whichever of the two is named first.

    Args:
        found: The comparison.
        first: Name of its first group.
        second: Name of its second one.
        p_values: By quantity, what decides whether two are told apart; None: the differences' own p-values.
        pairs: How many pairs these are corrected for.
        asked: Inputs and reading options, as `hotmess plan` takes them; None where they are unknown.

    Returns:
        Four kinds of sentences; `cautions` and `next_steps` may be empty.
    """
    differences = found.differences
    decisive = p_values or {name: one.p_value for name, one in differences.items()}
    error = differences.get("error")
    if error is None:
        return Verdict(
            _measured(found, (first, second), True), "They share no question with an error.", (), ()
        )
    # The subject of the sentences errs less, or comes first in the alphabet.
    ours = error.estimate < 0 or (not error.estimate > 0 and first <= second)
    names = (first, second) if ours else (second, first)
    turned = {name: one.oriented(1 if ours else -1) for name, one in differences.items()}
    told = [name for name in turned if rejects(decisive.get(name, math.nan), _LEVEL)]
    return Verdict(
        _measured(found, names, ours),
        _finding(turned, told, names, pairs),
        _cautions(found, first, second),
        _next_steps(found, turned["error"], "error" in told, first, second, pairs, asked),
    )


def least_in_words(error: Ranking) -> str:
    """Who errs least, who cannot be told from it, and who errs most."""
    known = [name for name in [*error.values][::-1] if not math.isnan(error.values[name])]
    if not known:
        return "no error is defined."
    least, most = known[0], known[-1]
    alike = [name for name in known[1:] if set(error.letters[name]) & set(error.letters[least])]
    beside = f"; not told apart from it: {', '.join(alike)}" if alike else "; all others err more"
    text = f"{least} errs least ({error.values[least]:.4f}){beside}."
    return text if most in alike else f"{text} {most} errs most ({error.values[most]:.4f})."


def _measured(found: Comparison, names: tuple[str, str], ours: bool) -> str:
    task = f"{found.first.group.task}: " if found.first.group.task else ""
    runs = (found.first, found.second) if ours else (found.second, found.first)
    (subject, own), (other, theirs) = (
        (name, _epochs(run.decomposition.epochs)) for name, run in zip(names, runs, strict=True)
    )
    both = f"{subject} and {other} with {own} each"
    both = both if own == theirs else f"{subject} with {own} and {other} with {theirs} each"
    questions = counted(found.questions, "question", "that both answered", "that both answered")
    return f"{task}{both}, paired on {questions}. Error: {error_in_words(found.first)}."


def _epochs(epochs: np.ndarray) -> str:
    known = epochs[epochs > 0]
    least, most = int(known.min(initial=10**9)), int(known.max(initial=0))
    return counted(most, "epoch") if least >= most else f"{least} to {most} epochs"


def _finding(
    differences: Mapping[str, PairedDifference], told: list[str], names: tuple[str, str], pairs: int
) -> str:
    subject, other = names
    error = differences["error"]
    corrected = f" after Holm's correction for {pairs} pairs"
    if "error" in told:
        less = f"{_number(-error.estimate)} less ({_certain(error)})"
        said = [
            f"{subject} errs less than {other}: {_number(error.first)} against {_number(error.second)}, {less}"
        ]
    elif error.note == NO_DIFFERENCE:
        said = [f"{subject} and {other} cannot be told apart: their errors do not differ on any question"]
    else:
        less, whose = f"{subject} errs {_number(-error.estimate)} less", "95 % interval"
        if not error.estimate:
            less, whose = "they err alike on average", f"95 % interval of {subject}"
        less = error.note if math.isnan(error.estimate) else less
        if not math.isnan(error.low):
            less += f", {whose} {_end(-error.high)} to {_end(-error.low)}"
        # Where p is too large by itself the correction changes nothing.
        why = corrected if rejects(error.p_value, _LEVEL) else ""
        said = [f"{subject} and {other} cannot be told apart in error{why} ({less})"]
    turns = [_turn(differences[name]) for name in told if name != "error"]
    if turns:
        owner = "Its" if "error" in told else f"But {subject}'s"
        said.append(f"{owner} {' and '.join(filter(None, (', '.join(turns[:-1]), turns[-1])))}")
        said += _of_accuracy(differences, told)
    rest = {name: one for name, one in differences.items() if name not in ("error", *told)}
    for alone, why in ((False, ""), (True, corrected)):
        alike = [
            quantity_word(name)
            for name, one in rest.items()
            if not math.isnan(one.p_value) and rejects(one.p_value, _LEVEL) == alone
        ]
        if alike:
            said.append(f"Not told apart{why}: {', '.join(alike)}")
    return f"{'. '.join(said)}."


def _of_accuracy(differences: Mapping[str, PairedDifference], told: list[str]) -> list[str]:
    """What to make of a difference in incoherence beside one in accuracy."""
    accuracy = differences.get("accuracy")
    if "incoherence" not in told or accuracy is None:
        return []
    if "accuracy" not in told and not abs(accuracy.estimate) >= ACCURACY_GAP:
        return []
    return [
        "Incoherence depends on accuracy by construction, and accuracies differ: it does not rank these two"
    ]


def _turn(one: PairedDifference) -> str:
    way = "higher" if one.estimate > 0 else "lower"
    return f"{quantity_word(one.quantity)} is {way} by {_number(abs(one.estimate))} ({_certain(one, short=True)})"


def _certain(one: PairedDifference, short: bool = False) -> str:
    """Interval and p of a difference that is told apart from 0; the interval alone where it is to be short."""
    if math.isnan(one.low):
        return f"no interval, p {p_word(one.p_value)}"
    low, high = sorted((abs(one.low), abs(one.high)))
    ends = f"{_number(low)} to {_number(high)}"
    return ends if short else f"95 % interval {ends}, p {p_word(one.p_value)}"


def _number(value: float) -> str:
    return f"{value:z.3f}"


def _end(less: float) -> str:
    """An end of the interval of how much less one errs."""
    return "0.000" if abs(less) < 0.0005 else f"{_number(abs(less))} {'less' if less > 0 else 'more'}"


def _cautions(found: Comparison, first: str, second: str) -> tuple[str, ...]:
    said = [as_sentence(text) for text in [*pair_warnings(found, first, second), *seed_warnings(found)]]
    if found.questions < FEW_QUESTIONS:
        said.append(f"Only {counted(found.questions, 'question')}: intervals from so few are rough.")
    return tuple(said)


def _next_steps(
    found: Comparison,
    error: PairedDifference,
    told: bool,
    first: str,
    second: str,
    pairs: int,
    asked: Sequence[str] | None,
) -> tuple[str, ...]:
    steps = []
    if told:
        for most in found.changed_questions(1):
            steps.append(
                f"Read question {most['question']} first: its error differs most "
                f"({first} {most['a_error']:z.3f}, {second} {most['b_error']:z.3f})."
            )
    elif error.standard_error > 0 and not found.alike:
        steps.append(_what_would_do(found, error, pairs, asked))
    if _fewest(found) < 2:
        steps.append(ONE_EPOCH)
    elif _fewest(found) < FEW_EPOCHS:
        steps.append(f"Run more epochs: {_fewest(found)} per question part bias from variance only roughly.")
    return tuple(steps)


def _what_would_do(
    found: Comparison, error: PairedDifference, pairs: int, asked: Sequence[str] | None
) -> str:
    """Which difference in error such data show: (q + t) s by the interval's own quantile q; what half of it needs: s²/4."""
    size = error.found_with(_POWER, 1 - (1 - _LEVEL) / pairs)
    text = (
        f"A difference in error of {size:.2g} would have been found with probability {100 * _POWER:.0f} %; "
    )
    if any(isinstance(one.decomposition, NestedDecomposition) for one in (found.first, found.second)):
        return f"{text}a smaller one needs more questions and more few-shot contexts."
    clusters = found.first.questions.clusters
    command = _plan_command(found, error.reach(_LEVEL), asked)
    if clusters is None:
        text += f"half of it needs about {counted(4 * found.questions, 'question')}"
        return f"{text} ({command} says more)." if command else f"{text}."
    text += "a smaller one needs more clusters of questions, half of it about four times as many"
    if command:
        text += f" ({command} says what more questions in the same clusters would give)"
    return f"{text}."


def _plan_command(found: Comparison, width: float, asked: Sequence[str] | None) -> str:
    """The command that plans a narrower interval of the same difference; empty where `hotmess plan` has none of it."""
    d, groups = found.first.decomposition, (found.first.group, found.second.group)
    planned = d.loss in ("brier", "squared") and d.estimator == "unbiased" and not found.first.options.pool
    one = groups[0].model == groups[1].model and groups[0].variant == groups[1].variant
    if not planned or one or _fewest(found) < LEAST_EPOCHS:
        return ""
    words = "A B" if asked is None else shlex.join(asked)
    also = ", with the same --cluster, --columns and --range," if asked is None else ""
    return f"`hotmess plan {words} --difference --quantity error --width {width:.2g}`{also}"


def _fewest(found: Comparison) -> int:
    """The lesser of both groups' median numbers of epochs."""
    medians = [
        float(np.median(epochs[epochs > 0]))
        for epochs in (one.decomposition.epochs for one in (found.first, found.second))
        if (epochs > 0).any()
    ]
    return int(min(medians, default=0))
