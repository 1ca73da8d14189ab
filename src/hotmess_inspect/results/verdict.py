"""The finding in plain words: what was measured, what came out, what may mislead, what to do next.

This is the only place that phrases a finding. `hotmess analyze` prints it first, the report and `hotmess demo`
head their pages with it.
"""

from __future__ import annotations

import math
import shlex
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from hotmess_inspect.decomposition import Decomposition
from hotmess_inspect.io.human_time import BINNED
from hotmess_inspect.results.analyze import LENGTH_COLUMNS, GroupResult, group_name
from hotmess_inspect.results.questions import question_numbers
from hotmess_inspect.results.warnings import FEW_QUESTIONS
from hotmess_inspect.schema import UNTARGETED_LOSSES, Problem
from hotmess_inspect.words import counted

FEW_EPOCHS = 5
"""Below this many epochs per question the split of a single question says little."""
ONE_EPOCH = "Run every question at least twice (--epochs 5 or more): one epoch has no variance."
UNPARSED_SHARE = 0.02
LIMIT_SHARE = 0.05

_MOST = int(np.iinfo(np.int64).max)  # the start of a minimum over no questions

TESTS = {
    "f2p": "the share of FAIL_TO_PASS tests that still fail",
    "p2p": "the share of PASS_TO_PASS tests that were broken",
    "pooled": "the share of all tests that fail",
    "resolved": "the share of epochs that do not resolve the issue",
}
"""What the error of each measure of unit tests is."""

_LOSSES = {
    "brier": "Brier error of the answer (0: right and certain, 2: wrong and certain)",
    "kl": "negative log-probability of the right answer, in nats",
    "zero_one": "the share of wrong answers",
    "squared": "squared distance of the score from the best score",
    "embedding": "spread of the embedded answers; free text has no target, so there is no error to split",
    "kernel": "spread of the answers in a kernel's feature space; free text has no target, so there is no error to split",
    "disagreement": "how far the answers agree; there is no target, so there is no error to split",
}


def concerning(problems: Iterable[Problem], results: Sequence[GroupResult]) -> list[Problem]:
    """What is to be said beside results: how difficulties are read matters to lengths in people's time alone."""
    timed = any(result.length == LENGTH_COLUMNS["human"] for result in results)
    return [one for one in problems if timed or not one.message.startswith(BINNED)]


@dataclass(frozen=True)
class Verdict:
    """What a reader takes away, in sentences.

    Attributes:
        measured: What was measured, on how many questions and epochs.
        finding: How much of the error is variance, and how certain that is.
        cautions: What may mislead here, most serious first.
        next_steps: What to do next.
    """

    measured: str
    finding: str
    cautions: tuple[str, ...]
    next_steps: tuple[str, ...]

    def __str__(self) -> str:
        """All sentences, one a line."""
        return "\n".join((self.measured, self.finding, *self.cautions, *self.next_steps))


def verdict(
    result: GroupResult, problems: Sequence[Problem] = (), results: Sequence[GroupResult] = ()
) -> Verdict:
    """Say in words what one group's numbers under one loss mean.

    Args:
        result: A group under one loss, as :func:`~hotmess_inspect.results.analyze.analyze` gives it.
        problems: What reading and analysing complained of; those that name this group become cautions.
        results: All results; where tests are measured, the share of epochs that resolve the issue is theirs.

    Returns:
        Four kinds of sentences; `cautions` and `next_steps` may be empty.
    """
    return Verdict(
        _measured(result, results),
        _finding(result) + _of_resolved(result, results),
        _cautions(result, problems),
        _next_steps(result),
    )


def leading_results(results: Sequence[GroupResult]) -> list[GroupResult]:
    """Of each task, model, setting and scorer the first measure under the first loss: what a verdict speaks of.

    Args:
        results: Any number of groups and losses.
    """
    first: dict[tuple[str | None, ...], GroupResult] = {}
    for result in results:
        first.setdefault(_run(result), result)
    return list(first.values())


def by_loss(results: Sequence[GroupResult]) -> list[tuple[tuple[str, str], list[GroupResult]]]:
    """Results that share a loss and an estimator, and with them the units of their numbers."""
    found: dict[tuple[str, str], list[GroupResult]] = defaultdict(list)
    for result in results:
        found[result.decomposition.loss, result.decomposition.estimator].append(result)
    return list(found.items())


def _run(result: GroupResult) -> tuple[str | None, ...]:
    group = result.group
    return group.task, group.model, group.variant, group.scorer


def erring_questions(d: Decomposition) -> int:
    """How many questions with two epochs have any error."""
    return int(((d.error > d.error_floor) & d.repeated).sum())


def _measured(result: GroupResult, results: Sequence[GroupResult]) -> str:
    group, d = result.group, result.decomposition
    name = " · ".join(part for part in (group.task, group.model) if part) or "the table"
    questions = int((d.epochs > 0).sum())
    what = error_in_words(result)
    least, most = int(d.epochs[d.epochs > 0].min(initial=_MOST)), int(d.epochs.max(initial=0))
    epochs = counted(most, "epoch") if least >= most else f"{least} to {most} epochs"
    accuracy = "" if math.isnan(result.accuracy) else f" Accuracy {_percent(result.accuracy)}."
    if accuracy and group.measure not in (None, "resolved"):
        whole = [r.accuracy for r in results if r.group.measure == "resolved" and _run(r) == _run(result)]
        resolved = f"; {_percent(whole[0])} of the epochs resolve the issue (resolved)" if whole else ""
        accuracy = f" On average {_percent(result.accuracy)} of these tests pass{resolved}."
    return f"{name}: {what}, over {counted(questions, 'question')} with {epochs} each.{accuracy}"


def error_in_words(result: GroupResult) -> str:
    """What the error of a group is."""
    if result.decomposition.loss == "squared" and result.group.measure is None and _pass_or_fail(result):
        return "the share of epochs that fail"
    loss = result.decomposition.loss
    return TESTS.get(result.group.measure or "") or _LOSSES.get(loss, loss)


def _of_resolved(result: GroupResult, results: Sequence[GroupResult]) -> str:
    """What the same epochs say of issues resolved or not, where the finding speaks of tests."""
    if result.group.measure in (None, "resolved") or math.isnan(result.decomposition.incoherence):
        return ""
    loss = (result.decomposition.loss, result.decomposition.estimator)
    for other in results:
        d, (low, high) = other.decomposition, other.incoherence_ci
        if other.group.measure != "resolved" or _run(other) != _run(result) or (d.loss, d.estimator) != loss:
            continue
        if math.isnan(d.incoherence):
            continue
        if math.isnan(low):
            certain, part = f"no interval: {other.intervals.incoherence_note}", ""
        else:
            certain = f"95 % interval {_percent(low)} to {_percent(high)}"
            side = "below" if high < 0.5 else "above" if low > 0.5 else ""
            part = f": there the interval lies {side} one half" if side else ""
        return f" Of issues resolved or not (resolved), {_percent(d.incoherence)} of the error is variance ({certain}){part}."
    return ""


def _pass_or_fail(result: GroupResult) -> bool:
    """Whether every score is 0 or 1, so that the squared distance from 1 is a failure."""
    points = result.questions.predictions
    return points.shape[2] == 1 and bool((np.isnan(points) | (points == 0) | (points == 1)).all())


def _finding(result: GroupResult) -> str:
    d = result.decomposition
    if d.loss == "disagreement":
        return _agreement(result)
    if d.loss in ("embedding", "kernel"):
        return f"Answers to one question vary by {d.mean('variance'):.3g} on average; no bias and no incoherence are defined."
    if d.loss == "zero_one":
        return (
            f"Of all answers {_percent(d.mean('error'))} are wrong; bias {d.mean('bias_squared'):.3f}, variance "
            f"{d.mean('variance'):.3f}. These do not add over questions, so no share is given."
        )
    if math.isnan(d.incoherence):
        return f"No share of variance can be given: {d.incoherence_note or 'no question has an error and two epochs'}."
    error, bias, variance = (d.mean(name) for name in ("error", "bias_squared", "variance"))
    split = split_in_words(error, bias, variance)
    if math.isnan(result.incoherence_ci[0]):
        why = result.intervals.incoherence_note
        return f"Of the error {_percent(d.incoherence)} is variance ({split}), but {why}."
    certain = "95 % interval {} to {}".format(*map(_percent, result.incoherence_ci))
    return f"Of the error {_percent(d.incoherence)} is variance ({certain}; {split}). {reading(result)}{_what_averaging_mends(result)}."


def _what_averaging_mends(result: GroupResult) -> str:
    """What the share says of more tries, where one part is the larger: error of the mean of R is bias² + variance/R."""
    low, high = result.incoherence_ci
    if low <= 0.5 <= high:
        return ""
    d = result.decomposition
    share = _percent(min(1.0, max(0.0, d.incoherence)))
    # Of kl it is the geometric mean whose error is the bias; the plug-in variance is that of the epochs at hand.
    if d.loss == "brier" and d.estimator != "plugin":
        return f": averaging any number of tries would mend at most the {share} that is variance"
    return (
        f": {share} of it is what differs between the epochs of a question, the rest is common to all of them"
    )


def about_kl(results: Sequence[GroupResult]) -> str:
    """What the KL numbers of answers rest on, where any are shown; else nothing."""
    if not any(r.decomposition.loss == "kl" and r.group.kind == "answer" for r in results):
        return ""
    return (
        "kl of answers without probabilities has the size of its smoothing, δ = 1e-12: a wrong letter costs "
        f"{-math.log(1e-12):.1f} nats, a right one none."
    )


def split_in_words(error: float, bias: float, variance: float) -> str:
    """The three terms with as many decimals each: three, or more where the largest has not three digits in them."""
    largest = max(abs(error), abs(bias), abs(variance))
    decimals = 3 if largest == 0 else min(12, max(3, 2 - math.floor(math.log10(largest))))
    return f"error {error:z.{decimals}f} = bias² {bias:z.{decimals}f} + variance {variance:z.{decimals}f}"


def reading(result: GroupResult) -> str | None:
    """Which part of the error is the larger, without a full stop; None where no interval tells."""
    low, high = result.incoherence_ci
    if result.decomposition.loss == "zero_one" or math.isnan(result.decomposition.incoherence + low):
        return None
    if high < 0.5 or low > 0.5:
        side, larger = ("below", "bias") if high < 0.5 else ("above", "variance")
        few = erring_questions(result.decomposition) < FEW_QUESTIONS
        return (
            f"The interval lies {side} one half, which speaks for {larger}"
            if few
            else f"Most of the error is {larger}"
        )
    return "Whether bias or variance makes the larger part cannot be told from these data"


def _agreement(result: GroupResult) -> str:
    """What answers without a target say: how far they agree."""
    found = result.spread
    if found is None or not found.agreement.questions:
        return "Nothing can be said about agreement: no question has two answers. No bias and no incoherence are defined."
    agreement, changes = found.agreement, found.changes.either
    low, high = agreement.disagreement.interval
    certain = "" if math.isnan(low) else f" (95 % interval {_percent(low)} to {_percent(high)})"
    return (
        f"Two epochs of one question answer differently with probability {_percent(agreement.disagreement.value)}{certain}; "
        f"{_percent(agreement.modal_share.value)} of the epochs give the most frequent answer of their question, and "
        f"{_percent(changes.value)} of the questions get different answers. No bias and no incoherence are defined."
    )


_ROUGH = "intervals from so few are rough."


def _cautions(result: GroupResult, problems: Sequence[Problem]) -> tuple[str, ...]:
    d, counts = result.decomposition, result.counts
    found = []
    name = group_name(result.group)
    found += [
        as_sentence(p.message) for p in problems if p.level != "note" and p.input in (name, result.group.task)
    ]
    erring = erring_questions(d)
    if 0 < erring < FEW_QUESTIONS and d.loss not in UNTARGETED_LOSSES:
        what = f"have any error: {_ROUGH}" if erring > 1 else f"has any error: {_ROUGH}"
        if erring == int(d.repeated.sum()):
            what = f"{'were' if erring > 1 else 'was'} run: {_ROUGH}"
        found.append(f"Only {counted(erring, 'question')} {what}")
    scored = max(counts["epochs_scored"], 1)
    if counts["unparsed"] > UNPARSED_SHARE * scored:
        found.append(
            f"{counts['unparsed']:,} of {counted(scored, 'answer')} could not be read; how unread answers count changes the variance."
        )
    if counts["limit"] > LIMIT_SHARE * scored:
        found.append(
            f"{counts['limit']:,} of {counted(scored, 'epoch')} ran into a limit: part of the failures are the budget's."
        )
    missing = counts["epochs_planned"] - counts["epochs_scored"]
    if missing > 0:
        found.append(
            f"{counted(missing, 'planned epoch')} of {counts['epochs_planned']:,} {'has' if missing == 1 else 'have'} no score."
        )
    return tuple(dict.fromkeys(found))


def _next_steps(result: GroupResult) -> tuple[str, ...]:
    if not result.decomposition.repeated.any():
        return (ONE_EPOCH,)
    steps = []
    lines = [line for line in question_numbers(result) if line.variance > 0]
    if lines:
        worst = min(lines, key=lambda line: (-line.variance, line.question))
        most = (
            "it varies most"
            if result.group.measure in (None, "resolved")
            else "which of its tests pass varies most"
        )
        steps.append(f"Read the epochs of question {short_name(worst.question)} first: {most}.")
    return (*steps, *general_steps(result, [result]))


def general_steps(result: GroupResult, among: Sequence[GroupResult]) -> tuple[str, ...]:
    """What to do next but for the question to read first, in words that several groups can share.

    Args:
        result: A group under one loss.
        among: All groups that are spoken of: where one file holds them, the step names it.
    """
    d = result.decomposition
    if not d.repeated.any():
        return (ONE_EPOCH,)
    steps = []
    repeated = d.epochs[d.repeated]
    if float(np.median(repeated)) < FEW_EPOCHS:
        what = (
            "say only roughly how far answers agree"
            if d.loss in UNTARGETED_LOSSES
            else "part bias from variance only roughly"
        )
        steps.append(f"Run more epochs: {int(np.median(repeated))} per question {what}.")
    low, high = result.incoherence_ci
    if not math.isnan(low) and high - low > 0.2 and low <= 0.5 <= high:
        logs = [one.group.outcomes.log for one in among]
        files = {log.names[code] for log in logs for code in set(log.codes.tolist()) if code >= 0}
        file = shlex.quote(next(iter(files))) if len(files) == 1 else "LOG"
        steps.append(
            f"Add questions to narrow the interval; `hotmess plan {file} --width 0.2` says how many."
        )
    return tuple(steps)


def _percent(value: float) -> str:
    return f"{100 * value:.0f} %"


def short_name(text: str) -> str:
    """A question's name in a sentence."""
    return text if len(text) <= 60 else f"{text[:59]}…"


def as_sentence(text: str) -> str:
    """A message as cautions say it: with a capital and a full stop."""
    text = text.strip()
    return text[:1].upper() + text[1:] + ("" if text.endswith((".", "!", "?")) else ".")
