"""Headline numbers of every group: what `hotmess analyze` prints and what its JSON holds."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Literal, cast, get_args

import numpy as np
from numpy.typing import NDArray

from hotmess_inspect.analyses.grader import GraderNoise
from hotmess_inspect.decomposition import Decomposition, NestedDecomposition
from hotmess_inspect.decomposition.of_questions import chosen_estimator, decompose_questions
from hotmess_inspect.inference.intervals import Interval
from hotmess_inspect.results.grader import grader_findings, grader_intervals
from hotmess_inspect.results.guards import Guards, guards, mixed_images, mixed_images_warning
from hotmess_inspect.results.intervals import GroupIntervals, measured_accuracy
from hotmess_inspect.results.lengths import LengthFindings, censoring_warning, length_findings
from hotmess_inspect.results.reliability import (
    ReliabilityFindings,
    no_reliability_json,
    reliability_findings,
)
from hotmess_inspect.results.spread import SpreadFindings, no_spread_json, spread_findings
from hotmess_inspect.results.warnings import accuracy_warnings, unequal_epoch_warnings
from hotmess_inspect.schema import (
    CLASS_LOSSES,
    ESTIMATORS,
    TEST_MEASURES,
    TEXT_LOSSES,
    UNPARSED,
    Estimator,
    Loss,
    Problem,
    TextLoss,
    Unparsed,
    finite_or_none,
)
from hotmess_inspect.table import (
    Group,
    Outcomes,
    Questions,
    groups,
    question_arrays,
)
from hotmess_inspect.words import counted

Length = Literal["tokens", "reasoning", "characters", "actions", "turns", "human"]
LENGTH_COLUMNS: Mapping[str, str] = {
    "tokens": "output_tokens",
    "reasoning": "reasoning_tokens",
    "characters": "reasoning_characters",
    "actions": "actions",
    "turns": "turns",
    "human": "human_minutes",
}

VALUE_LOSSES: tuple[Loss, ...] = ("squared",)


@dataclass(frozen=True)
class Options:
    """What to compute.

    Attributes:
        losses: Losses; empty takes Brier and KL where there are classes, else squared.
        estimator: ``None`` takes unbiased where it exists, else plug-in. With ``losses`` empty, a loss that
            does not have the estimator keeps its own.
        length: What the length of an epoch is; ``None`` takes the table's own length, else actions for unit
            tests, else output tokens, else turns. "reasoning" is tokens, and characters for a group none of
            whose epochs has a count of tokens. One group never mixes two of them. "human" is the time that people take,
            which belongs to the question: buckets and slope, and no split of a question's epochs.
        buckets: Number of length buckets, from 1.
        seed: Seed of the bootstrap, of tie-breaks and of permutations.
        resamples: Bootstrap replicates.
        unparsed: What an unparsed answer counts as.
        pool: Whether all tasks of a model are one group (questions keep their task in their name).
    """

    losses: tuple[Loss, ...] = ()
    estimator: Estimator | None = None
    length: Length | None = None
    buckets: int = 5
    seed: int = 0
    resamples: int = 2000
    unparsed: Unparsed = "uniform"
    pool: bool = False

    def __post_init__(self) -> None:
        for loss in self.losses:
            _check("loss", loss, get_args(Loss))
            if self.estimator is not None:
                _check(f"estimator for loss {loss!r}", self.estimator, ESTIMATORS[loss])
        _check("estimator", self.estimator, (None, *get_args(Estimator)))
        _check("length", self.length, (None, *LENGTH_COLUMNS))
        _check("unparsed", self.unparsed, UNPARSED)
        for name, value, low in (
            ("buckets", self.buckets, 1),
            ("resamples", self.resamples, 1),
            ("seed", self.seed, 0),
        ):
            if value < low:
                raise ValueError(f"{name} must be {low} or more, not {value}")


@dataclass(frozen=True, eq=False)
class GroupResult:
    """One group under one loss.

    Attributes:
        group: The rows.
        questions: The same as arrays.
        decomposition: Error, squared bias and variance per question.
        variant: Settings that differ between the variants of this task and model; empty if there is one.
        length: Length column in use, ``None`` if no epoch has a length.
        options: How it was computed.
    """

    group: Group
    questions: Questions
    decomposition: Decomposition
    variant: dict[str, Any]
    length: str | None
    options: Options

    @cached_property
    def plain(self) -> tuple[Questions, Decomposition]:
        """Epochs whose number depends on no answer of theirs, decomposed: all, but in an adaptive run the later ones."""
        if self.questions.pilot is None:
            return self.questions, self.decomposition
        d, later = self.decomposition, self.questions.without_pilot()
        return later, decompose_questions(
            later, [(cast("Loss | TextLoss", d.loss), cast("Estimator", d.estimator))]
        )[0]

    @cached_property
    def intervals(self) -> GroupIntervals:
        """Intervals of the headline numbers, over questions or their clusters."""
        return GroupIntervals(self.questions, self.decomposition, self.options.resamples, self.options.seed)

    @cached_property
    def incoherence_ci(self) -> tuple[float, float]:
        """95 % bootstrap interval of the incoherence, over questions or their clusters."""
        low, high = self.intervals.of("incoherence")
        return low, high

    @cached_property
    def lengths(self) -> LengthFindings | None:
        """How the numbers go with length; computed when asked for, since its tests cost more than all else."""
        if self.length is None:
            return None
        questions, decomposition = self.plain
        return length_findings(
            questions,
            questions.lengths(self.length),
            decomposition,
            of_question=self.length == LENGTH_COLUMNS["human"],
            buckets=self.options.buckets,
            resamples=self.options.resamples,
            seed=self.options.seed,
        )

    @cached_property
    def grader(self) -> GraderNoise | None:
        """The grader's part of the variance, for patches and completions that were graded several times."""
        if self.group.kind not in ("tests", "score"):
            return None
        questions, decomposition = self.plain
        return grader_findings(questions, self.group.measure, decomposition)

    @cached_property
    def guards(self) -> Guards | None:
        """What accuracy alone allows; for Brier numbers of classes, where there is a range at all."""
        if self.decomposition.loss != "brier" or isinstance(self.decomposition, NestedDecomposition):
            return None
        return guards(
            self.plain[0],
            resamples=self.options.resamples,
            seed=self.options.seed,
            estimator="plugin" if self.decomposition.estimator == "plugin" else "unbiased",
        )

    @cached_property
    def reliability(self) -> ReliabilityFindings | None:
        """pass^k and what goes with it; the same for every loss of a group."""
        return reliability_findings(self.plain[0], resamples=self.options.resamples, seed=self.options.seed)

    @cached_property
    def spread(self) -> SpreadFindings | None:
        """How far answers agree, and what single epochs are unsure of; the same for every loss of a group."""
        return spread_findings(
            self.plain[0], self.group.kind, resamples=self.options.resamples, seed=self.options.seed
        )

    @cached_property
    def without_broken(self) -> GroupResult | None:
        """The same without the epochs that the agent or its work broke; ``None`` where there is none, or no other.

        They count as failed. As missing epochs they would raise the average of an agent that breaks off where
        it would fail, so this is shown beside the headline and never in its place.
        """
        kept = ~self.group.outcomes.status.equals("broken")
        if kept.all() or not self.group.outcomes.scored[kept].any():
            return None
        group = replace(self.group, outcomes=self.group.outcomes.take(kept))
        questions = question_arrays(group, unparsed=_unparsed(group, self.options))
        d = self.decomposition
        wanted = [(cast("Loss | TextLoss", d.loss), cast("Estimator", d.estimator))]
        (other,) = decompose_questions(questions, wanted)
        return replace(self, group=group, questions=questions, decomposition=other)

    @cached_property
    def accuracy(self) -> float:
        """Mean over the error's questions of the mean over epochs of how right an epoch is; NaN without any."""
        return measured_accuracy(self.questions, self.decomposition)

    @property
    def counts(self) -> dict[str, int]:
        """Planned and scored epochs, and how many have which status or flag."""
        outcomes = self.group.outcomes
        by_status = {name: int(outcomes.status.equals(name).sum()) for name in _STATUS_COUNTS}
        return {
            "epochs_planned": len(outcomes),
            "epochs_scored": int(outcomes.scored.sum()),
            "unparsed": int(self.group.unparsed.sum()),
            **by_status,
            "limit": int((~outcomes.limit.missing | outcomes.status.equals("limit")).sum()),
            "retried": int((outcomes.retries > 0).sum()),
            "cached": self._cached(),
        }

    def _cached(self) -> int:
        """Epochs without usage, if others of the group have some: a provider may never report any."""
        outcomes = self.group.outcomes
        if not (outcomes.scored & ~outcomes.cached & ~np.isnan(outcomes.output_tokens)).any():
            return 0
        return int((outcomes.cached & outcomes.scored).sum())

    def _adaptive_json(self) -> dict[str, Any] | None:
        """Epochs of the pilot and after it, where the number of the latter depends on the former."""
        pilot = self.questions.pilot
        if pilot is None:
            return None
        later = ((self.questions.row >= 0) & ~pilot).sum(axis=1)
        return {
            "pilot_epochs": int(self.questions.outcomes.pilot.max()),
            "later_epochs": [int(later.min(initial=2**31 - 1)), int(later.max(initial=0))],
        }

    @cached_property
    def grader_intervals(self) -> dict[str, Interval]:
        """95 % intervals of what `grader` says, empty without it."""
        if self.grader is None:
            return {}
        questions, decomposition = self.plain
        return grader_intervals(
            self.grader,
            questions,
            self.group.measure,
            decomposition,
            resamples=self.options.resamples,
            seed=self.options.seed,
        )

    def _grader_json(self) -> dict[str, Any]:
        """How the variance parts into that of the grader and that of the model; ``None`` where it is not known."""
        noise, ends = self.grader, self.grader_intervals
        expected = None if noise is None else finite_or_none(noise.incoherence_of_expected_verdict)
        values = {
            "grader_variance": None if noise is None else finite_or_none(noise.mean("grader_variance")),
            "model_variance": None if noise is None else finite_or_none(noise.mean("model_variance")),
            "grader_share": None if noise is None else finite_or_none(noise.share),
            "incoherence_of_expected_verdict": expected,
        }
        return {
            **values,
            **{f"{name}_ci": interval_json(ends[name]) if name in ends else None for name in values},
            # The name in the first release, for the same number.
            "incoherence_model": expected,
        }

    def _cluster_json(self) -> dict[str, Any] | None:
        """What the intervals rest on: clusters, if questions have any."""
        found = self.intervals.clusters
        if found is None:
            return None
        return {"clusters": found[0], "effective_clusters": found[1], "intervals": self.intervals.speaks_of}

    def as_json(self) -> dict[str, Any]:
        """The group as `hotmess analyze --json` prints it; undefined numbers are ``None``."""
        d = self.decomposition
        lengths = self.lengths
        return {
            "task": self.group.task,
            "model": self.group.model,
            "variant": self.variant or None,
            "scorer": self.group.scorer,
            "measure": self.group.measure,
            "kind": self.group.kind,
            "loss": d.loss,
            "estimator": d.estimator,
            "questions": int((d.epochs > 0).sum()),
            "questions_repeated": int(d.repeated.sum()),
            "epochs_per_question": [int(d.epochs.min(initial=2**31 - 1)), int(d.epochs.max(initial=0))]
            if len(d.epochs)
            else None,
            **self.counts,
            "adaptive": self._adaptive_json(),
            "cluster": self._cluster_json(),
            "intervals_about": self.intervals.speaks_of,
            "accuracy": finite_or_none(self.accuracy),
            "accuracy_ci": interval_json(self.intervals.accuracy),
            "error": finite_or_none(d.mean("error")),
            "error_ci": interval_json(self.intervals.of("error")),
            "bias_squared": finite_or_none(d.mean("bias_squared")),
            "bias_squared_ci": interval_json(self.intervals.of("bias_squared")),
            "variance": finite_or_none(d.mean("variance")),
            "variance_ci": interval_json(self.intervals.of("variance")),
            **self._grader_json(),
            "incoherence": finite_or_none(d.incoherence),
            "incoherence_ci": interval_json(self.incoherence_ci),
            "incoherence_note": self.intervals.incoherence_note or None,
            "incoherence_corrected": finite_or_none(
                d.incoherence_without_ratio_bias(self.questions.clusters)
            ),
            **(self.guards.as_json() if self.guards else {"accuracy_matched": None, "failures": None}),
            **(self.reliability.as_json() if self.reliability else no_reliability_json()),
            **(self.spread.as_json() if self.spread else no_spread_json()),
            "zero_error_questions": d.zero_error_questions,
            "mixed_image_questions": len(mixed_images(self.group.outcomes)),
            "contexts": _contexts_json(d),
            "without_broken": _without_broken_json(self.without_broken),
            "length": self.length,
            "length_buckets": lengths.buckets_json() if lengths else None,
            "length_slope": lengths.slope_json() if lengths else None,
            "overthinking": lengths.overthinking_json() if lengths else None,
        }


_STATUS_COUNTS = ("errored", "unscored", "missing", "other_kind", "truncated", "tampered", "broken")


def analyze(outcomes: Outcomes, options: Options | None = None) -> tuple[list[GroupResult], list[Problem]]:
    """Decompose every group of outcomes.

    Args:
        outcomes: Rows of any number of tasks and models.
        options: What to compute.

    Returns:
        One result per group and loss, and the groups or losses that could not be computed.
    """
    options = options or Options()
    results: list[GroupResult] = []
    problems: list[Problem] = []
    found = groups(pooled(outcomes) if options.pool else outcomes, need_target=False)
    variants = _differing_settings(found)
    for group in found:
        name = group_name(group)
        if group.measure in (None, TEST_MEASURES[0]):
            of_all = replace(group, measure=None)
            problems += [Problem(level, group_name(of_all), text) for level, text in group.notes]
        if not group.outcomes.scored.any():
            problems.append(
                Problem("warning", name, f"none of its {counted(len(group.outcomes), 'epoch')} has a verdict")
            )
            continue
        try:
            questions = question_arrays(group, unparsed=_unparsed(group, options))
            results += _results(
                group, questions, variants[group.task, group.model, group.variant], options, problems
            )
        except ValueError as error:
            problems.append(Problem("error", name, str(error)))
        except MemoryError as error:
            text = f"more memory is needed than there is ({error}): left out"
            problems.append(Problem("error", name, text))
    return results, problems + _epoch_warnings(results)


def _results(
    group: Group, questions: Questions, variant: dict[str, Any], options: Options, problems: list[Problem]
) -> list[GroupResult]:
    column = _length_column(group, questions, options)
    losses: tuple[Loss | TextLoss, ...] = options.losses
    if group.kind == "text" or group.untargeted:
        if losses:
            whose = "which these answers have not; their disagreement is"
            if group.kind == "text":
                whose = "which free text has not; its variances are"
            text = f"loss {losses[0]!r} needs a target, {whose} shown"
            problems.append(Problem("warning", group_name(group), text))
        losses = ("disagreement",) if group.untargeted else ()
    permitted = (*permitted_losses(group.kind), *losses) if group.untargeted else permitted_losses(group.kind)
    for loss in losses:
        if loss not in permitted:
            text = f"loss {loss!r} does not apply to predictions of kind {group.kind!r}; use {', '.join(permitted)}"
            problems.append(Problem("error", group_name(group), text))
    shown = [loss for loss in losses or shown_losses(group.kind) if loss in permitted]
    wanted = [(loss, chosen_estimator(loss, options.estimator)) for loss in shown]
    return [
        GroupResult(group, questions, d, variant, column, options)
        for d in decompose_questions(questions, wanted)
    ]


def _unparsed(group: Group, options: Options) -> Unparsed:
    """What an unparsed answer counts as: without a target it is no guess, and says nothing of agreement."""
    return "drop" if group.untargeted and options.unparsed == "uniform" else options.unparsed


def permitted_losses(kind: str) -> tuple[Loss | TextLoss, ...]:
    """The losses that a kind of prediction has here."""
    if kind == "text":
        return TEXT_LOSSES
    return CLASS_LOSSES if kind in ("answer", "probabilities") else VALUE_LOSSES


def shown_losses(kind: str) -> tuple[Loss | TextLoss, ...]:
    """What is shown unasked: the honest headline of classes, and the paper's main metric beside it."""
    return ("brier", "kl") if kind in ("answer", "probabilities") else permitted_losses(kind)


def _without_broken_json(result: GroupResult | None) -> dict[str, float | int | None] | None:
    """The numbers if broken epochs were missing ones."""
    if result is None:
        return None
    d = result.decomposition
    means = {name: finite_or_none(d.mean(name)) for name in ("error", "bias_squared", "variance")}
    return {
        "epochs_scored": result.counts["epochs_scored"],
        "accuracy": finite_or_none(result.accuracy),
        **means,
        "incoherence": finite_or_none(d.incoherence),
    }


def _about_broken(result: GroupResult) -> str:
    """What was broken by whom, in shares of the planned epochs, and the numbers under the other treatment."""
    counts, other = result.counts, result.without_broken
    planned = max(1, counts["epochs_planned"])
    text = (
        f"{counts['broken']} of {counted(planned, 'epoch')} ({counts['broken'] / planned:.0%}) broken by the agent or its work: counted as "
        f"failed; {counts['errored']} ({counts['errored'] / planned:.0%}) missing after errors of the host"
    )
    if other is None:
        return text
    d = other.decomposition
    named = {"accuracy": other.accuracy, "error": d.mean("error"), "incoherence": d.incoherence}
    numbers = ", ".join(f"{name} {'undefined' if np.isnan(n) else f'{n:.3f}'}" for name, n in named.items())
    return f"{text}; without the former: {numbers}"


def _about_adaptive(found: dict[str, Any]) -> str:
    low, high = found["later_epochs"]
    return (
        f"an adaptive run: every question had {counted(found['pilot_epochs'], 'epoch')}, and {low} to {high} more by what those showed. "
        "Accuracy and unbiased error, bias², variance and incoherence weigh both so that they stay unbiased; everything else "
        "is of the later epochs alone"
    )


def _contexts_json(d: Decomposition) -> dict[str, Any] | None:
    """How the variance parts into that between few-shot contexts and that within one."""
    if not isinstance(d, NestedDecomposition):
        return None
    return {
        "between_context": finite_or_none(float(np.nanmean(d.between_context))),
        "within_context": finite_or_none(float(np.nanmean(d.within_context))),
    }


def _length_column(group: Group, questions: Questions, options: Options) -> str | None:
    if options.length is not None:
        # Providers that show their reasoning without counting it: another unit, named wherever it is shown.
        declared = ("reasoning_characters",) if options.length == "reasoning" else ()
        wanted: tuple[str, ...] = (LENGTH_COLUMNS[options.length], *declared)
    elif group.kind == "tests":
        wanted = ("length", "actions", "turns", "output_tokens")
    else:
        wanted = ("length", "output_tokens", "turns")
    return next((c for c in wanted if not np.isnan(questions.lengths(c)).all()), None)


def pooled(outcomes: Outcomes) -> Outcomes:
    """All tasks of a model as one: questions get their task's name in front, so that none are mixed up."""
    from hotmess_inspect.table import Labels

    tasks, questions = outcomes.task.values(), outcomes.question.values()
    names = [f"{task or ''}:{question}" for task, question in zip(tasks, questions, strict=True)]
    joined = "+".join(sorted({task or "" for task in tasks}))
    return replace(outcomes, task=Labels.constant(joined, len(outcomes)), question=Labels.encode(names))


def group_name(group: Group) -> str:
    """A group's name in sentences."""
    return (
        " · ".join(part for part in (group.task, group.model, group.scorer, group.measure) if part) or "table"
    )


def _differing_settings(found: Sequence[Group]) -> dict[tuple[str | None, ...], dict[str, Any]]:
    """Per group the settings in which the variants of one task and model differ."""
    variants: dict[tuple[str | None, str | None], dict[str | None, dict[str, Any]]] = defaultdict(dict)
    for group in found:
        variants[group.task, group.model][group.variant] = json.loads(group.variant or "{}")
    differing: dict[tuple[str | None, ...], dict[str, Any]] = {}
    for (task, model), settings in variants.items():
        keys = {key for own in settings.values() for key in own}
        odd = sorted(
            k for k in keys if len({json.dumps(own.get(k), sort_keys=True) for own in settings.values()}) > 1
        )
        for variant, own in settings.items():
            differing[task, model, variant] = {key: own.get(key) for key in odd}
    return differing


def _epoch_warnings(results: Sequence[GroupResult]) -> list[Problem]:
    """What makes numbers misleading, once per set of rows."""
    problems = []
    first: dict[int, GroupResult] = {}
    for result in results:
        first.setdefault(id(result.group.outcomes), result)
    for result in first.values():
        counts = result.counts
        single = result.decomposition.single_epoch_questions
        for number, text in (
            (
                counts["cached"],
                f"{counts['cached']} of {counted(counts['epochs_scored'], 'epoch')} used no tokens while others did: answers from a cache are "
                "repeats, not draws, and make the model look consistent",
            ),
            (
                counts["tampered"],
                counted(
                    counts["tampered"],
                    "epoch",
                    "tampered with its grading and scores 0",
                    "tampered with their grading and score 0",
                ),
            ),
            (counts["broken"], _about_broken(result) if counts["broken"] else ""),
            (single, f"{counted(single, 'question', 'has', 'have')} one epoch, hence no variance: left out"),
        ):
            if number:
                problems.append(Problem("warning", group_name(result.group), text))
        if result.group.kind == "tests" and result.options.length is None and result.length != "length":
            absent = _absent_actions(result)
            if absent:
                problems.append(Problem("warning", group_name(result.group), absent))
        if (adaptive := result._adaptive_json()) is not None:
            problems.append(Problem("note", group_name(result.group), _about_adaptive(adaptive)))
        mixed = mixed_images_warning(result.group.outcomes)
        if mixed:
            problems.append(Problem("warning", group_name(result.group), mixed))
        of_epochs = result.length not in (None, LENGTH_COLUMNS["human"])
        cut = censoring_warning(result.questions, result.length) if result.length and of_epochs else None
        if cut:
            problems.append(Problem("warning", group_name(result.group), cut))
    return problems + _unlike_lengths(results) + _unequal_epochs(results) + _unlike_accuracies(results)


def _absent_actions(result: GroupResult) -> str:
    """What is taken as length where epochs have no count of actions; empty if all have one."""
    outcomes = result.group.outcomes
    absent = int((outcomes.scored & np.isnan(outcomes.actions)).sum())
    if not absent:
        return ""
    scored = int(outcomes.scored.sum())
    if result.length == "actions":
        return (
            f"{absent} of {counted(scored, 'epoch')} without a count of actions: left out where lengths are compared; "
            "--length turns or output_tokens counts them all"
        )
    taken = (
        "there is no other"
        if result.length is None
        else f"{result.length.replace('_', ' ')} are taken instead"
    )
    return f"no epoch has a count of actions, as with agents that act through their text; as length {taken}"


def _unlike_lengths(results: Sequence[GroupResult]) -> list[Problem]:
    """Groups of one task whose lengths are in different units."""
    units: dict[tuple[str | None, ...], dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for result in results:
        group = result.group
        if result.length is not None:
            names = units[group.task, group.scorer, group.measure][result.length]
            names.extend({group.model or group_name(group)} - set(names))
    return [
        Problem(
            "warning",
            " · ".join(part for part in key if part) or "table",
            "lengths are in different units and cannot be compared: "
            + "; ".join(f"{unit} for {', '.join(names)}" for unit, names in sorted(named.items())),
        )
        for key, named in units.items()
        if len(named) > 1
    ]


def _unlike_accuracies(results: Sequence[GroupResult]) -> list[Problem]:
    """Models on one task whose incoherences are not comparable, since their accuracies differ."""
    accuracies: dict[tuple[str | None, ...], dict[str, float]] = defaultdict(dict)
    for result in results:
        group = result.group
        accuracies[group.task, group.scorer, group.measure][group.model or "–"] = result.accuracy
    return [
        Problem("warning", " · ".join(part for part in key if part) or "table", text)
        for key, named in accuracies.items()
        for text in accuracy_warnings(named)
    ]


def _unequal_epochs(results: Sequence[GroupResult]) -> list[Problem]:
    """Groups of one loss whose plug-in numbers are not comparable, since they differ in epochs."""
    epochs: dict[tuple[str, str], dict[str, NDArray[np.int64]]] = defaultdict(dict)
    for result in results:
        d = result.decomposition
        epochs[d.loss, d.estimator][group_name(result.group)] = d.epochs
    return [
        Problem("warning", loss, text)
        for (loss, estimator), named in epochs.items()
        for text in unequal_epoch_warnings(named, estimator)
    ]


def interval_json(interval: tuple[float, float] | NDArray[np.float64]) -> list[float] | None:
    """An interval as two numbers, ``None`` if it is undefined."""
    return None if np.isnan(interval).any() else [float(v) for v in interval]


def _check(name: str, value: object, permitted: Sequence[object]) -> None:
    if value not in permitted:
        shown = ", ".join(repr(p) for p in permitted if p is not None)
        raise ValueError(f"{name} must be one of {shown}, not {value!r}")
