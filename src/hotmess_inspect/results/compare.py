"""Models, budgets and settings side by side: differences on the questions that both runs answered."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Any, cast

import numpy as np

from hotmess_inspect.analyses.comparison import Decomposer, PairedDifference, RunEpochs, compare_runs
from hotmess_inspect.analyses.overthinking_pairs import compare_overthinking
from hotmess_inspect.arrays import FloatArray, IntArray, ordered_mean
from hotmess_inspect.decomposition import Decomposition, NestedDecomposition
from hotmess_inspect.decomposition.of_questions import decompose_questions
from hotmess_inspect.inference.exchange import rejects
from hotmess_inspect.inference.multiplicity import holm, letter_groups
from hotmess_inspect.results.analyze import GroupResult
from hotmess_inspect.results.warnings import accuracy_warnings, unequal_epoch_warnings
from hotmess_inspect.schema import Problem, Quantity, finite_or_none, quantity_word
from hotmess_inspect.table import Group, Outcomes, Questions, question_arrays
from hotmess_inspect.words import counted, p_word

QUANTITIES: tuple[Quantity, ...] = ("error", "bias_squared", "variance", "incoherence")
_LOSSES = ("brier", "kl", "squared")
_LEVEL = 0.95
_ENOUGH_TO_BE_ONE = 10


@dataclass(frozen=True, eq=False)
class Comparison:
    """One group against another of the same task, scorer, measure, loss and estimator.

    Attributes:
        first: The group that is compared.
        second: The group it is compared with.
        questions: Questions that count: both have two epochs of them (where none has: one).
        differences: First minus second by quantity, with interval and p-value.
        alike: Whether both answered alike in every epoch of the questions that both have, ten or more.
    """

    first: GroupResult
    second: GroupResult
    questions: int
    differences: Mapping[str, PairedDifference]
    alike: bool = False

    def changed_questions(self, most: int = 10) -> list[dict[str, Any]]:
        """Questions whose error differs most between the two, the largest first."""
        sides = (self.first, self.second)
        places = [{name: i for i, name in enumerate(side.questions.ids)} for side in sides]
        rows = []
        for name in sorted(set(places[0]) & set(places[1])):
            errors, variances = (
                [float(getattr(s.decomposition, q)[p[name]]) for s, p in zip(sides, places, strict=True)]
                for q in ("error", "variance")
            )
            if not np.isnan(errors).any() and errors[0] != errors[1]:
                rows.append((abs(errors[0] - errors[1]), name, errors, variances))
        rows.sort(key=lambda row: (-row[0], row[1]))
        return [
            {
                "question": name,
                "a_error": errors[0],
                "b_error": errors[1],
                "a_variance": finite_or_none(variances[0]),
                "b_variance": finite_or_none(variances[1]),
            }
            for _, name, errors, variances in rows[:most]
        ]


@dataclass(frozen=True, eq=False)
class Contender:
    """A group under the name that a comparison shows.

    Attributes:
        name: Model, and what else tells it from the others.
        result: Its numbers.
    """

    name: str
    result: GroupResult


@dataclass(frozen=True, eq=False)
class PairResult:
    """Two contenders compared, with p-values corrected for the number of pairs.

    Attributes:
        first: The one that is compared.
        second: The one that it is compared with.
        comparison: The differences.
        holm: Adjusted p-value by quantity, over all pairs of the same task, scorer, measure and loss.
        pairs: How many pairs these are.
    """

    first: Contender
    second: Contender
    comparison: Comparison
    holm: Mapping[str, float]
    pairs: int = 1

    def as_json(self) -> list[dict[str, Any]]:
        """Rows of `hotmess compare --json`; undefined numbers are ``None``."""
        group, d = self.first.result.group, self.first.result.decomposition
        return [
            {
                "task": group.task,
                "loss": d.loss,
                "measure": group.measure or group.scorer,
                "a": self.first.name,
                "b": self.second.name,
                "quantity": one.quantity,
                "a_value": finite_or_none(one.first),
                "b_value": finite_or_none(one.second),
                "difference": finite_or_none(one.estimate),
                "ci": None if np.isnan(one.low) else [one.low, one.high],
                "p": finite_or_none(one.p_value),
                "p_error": finite_or_none(one.p_error),
                "p_holm": finite_or_none(self.holm[name]),
                "questions": one.questions,
                "note": one.note or None,
            }
            for name, one in self.comparison.differences.items()
        ]

    def changed_questions(self, most: int = 10) -> list[dict[str, Any]]:
        """As `Comparison.changed_questions`."""
        return self.comparison.changed_questions(most)


@dataclass(frozen=True, eq=False)
class Ranking:
    """Contenders in one quantity, with letters: two that share a letter cannot be told apart.

    Attributes:
        task: Task.
        loss: Loss.
        measure: Measure or scorer.
        quantity: What they are ranked by, the largest first.
        values: Value by name.
        letters: Letters by name.
    """

    task: str | None
    loss: str
    measure: str | None
    quantity: str
    values: Mapping[str, float]
    letters: Mapping[str, str]


def compare_all(
    contenders: Sequence[Contender], *, overthinking: bool = True
) -> tuple[list[PairResult], list[Ranking], list[Problem]]:
    """Every contender against every other of the same task, scorer, measure, kind, loss and estimator.

    Args:
        contenders: Groups under their names, in the order in which they are to be compared.
        overthinking: As in `compare`.

    Returns:
        Pairs, the earlier contender first; rankings where there are more than two; what to know.
    """
    names = {id(contender.result): contender for contender in contenders}
    pairs: list[PairResult] = []
    rankings: list[Ranking] = []
    problems: list[Problem] = []
    for own in _alike([contender.result for contender in contenders]).values():
        if len(own) < 2:
            continue
        found = []
        for first, second in combinations(own, 2):
            try:
                found.append(compare(first, second, overthinking=overthinking))
            except ValueError as error:
                problems.append(Problem("error", _names(first, second, names), str(error)))
                continue
            if not found[-1].questions:
                found.pop()
                text = "they share no question with two epochs (with one, where none has two)"
                problems.append(Problem("error", _names(first, second, names), text))
                continue
            problems += _warnings(found[-1], names)
        quantities = list(dict.fromkeys(q for one in found for q in one.differences))
        p_values = {
            q: holm([one.differences[q].p_value if q in one.differences else np.nan for one in found])
            for q in quantities
        }
        pairs += [
            PairResult(
                names[id(one.first)],
                names[id(one.second)],
                one,
                {q: float(p_values[q][place]) for q in one.differences},
                len(found),
            )
            for place, one in enumerate(found)
        ]
        if found and len(own) > 2:
            rankings += [_ranking(q, pairs[-len(found) :], own[0]) for q in quantities]
    return pairs, rankings, problems


def compare(
    first: GroupResult,
    second: GroupResult,
    *,
    level: float = _LEVEL,
    pass_hat: int | None = None,
    overthinking: bool = True,
) -> Comparison:
    """Compare two groups of the same task, scorer, measure, kind, loss and estimator.

    Args:
        first: The group that is compared.
        second: The group it is compared with.
        level: Coverage of the intervals.
        pass_hat: The k of pass^k; None takes the fewest epochs of a shared question.
        overthinking: Whether their shorter and longer epochs are compared, which takes most of the time.

    Returns:
        First less second. Second less first is the mirror image: the same numbers with the other sign, the same p.

    Raises:
        ValueError: If their questions have different targets or other numbers of unit tests, or too few
            epochs for pass^k.
    """
    if _contents(second) < _contents(first):
        # One order, made of contents alone, in which epochs are numbered and random divisions are drawn.
        other = compare(second, first, level=level, pass_hat=pass_hat, overthinking=overthinking)
        mirrored = {name: one.oriented(-1) for name, one in other.differences.items()}
        return replace(other, first=first, second=second, differences=mirrored)
    shared = sorted(set(first.questions.ids) & set(second.questions.ids))
    if not shared:
        return Comparison(first, second, 0, {})
    questions, ours = _pooled(first, second, shared)
    nested = [_nested(first), _nested(second)]
    lengths = None if any(nested) else _shared_lengths(first, second, questions)
    runs = [
        RunEpochs(
            np.where(own[:, :, None], questions.predictions, np.nan),
            np.where(own, questions.correct, np.nan),
            questions.context if in_contexts else None,
            lengths,
        )
        for own, in_contexts in zip((ours, ~ours), nested, strict=True)
    ]
    d = first.decomposition
    asked: dict[str, Any] = {
        "loss": d.loss,
        "estimator": d.estimator,
        "clusters": questions.clusters,
        "level": level,
        "rng": first.options.seed,
    }
    found = compare_runs(
        runs[0],
        runs[1],
        questions.target,
        pass_hat=pass_hat,
        decomposed=_decomposer(first, questions),
        **asked,
    )
    if overthinking and found and lengths is not None and d.loss in ("brier", "squared"):
        split = compare_overthinking(runs[0], runs[1], questions.target, **asked)
        found += [split] if split is not None else []
    aligned = [
        np.take_along_axis(run.predictions, np.argsort(~own, axis=1, kind="stable")[:, :, None], axis=1)
        for run, own in zip(runs, (ours, ~ours & (questions.row >= 0)), strict=True)
    ]
    # A few answers are alike by chance.
    many = int(ours.sum()) >= _ENOUGH_TO_BE_ONE
    alike = many and np.array_equal(aligned[0], aligned[1], equal_nan=True)
    counts = found[0].questions if found else 0
    return Comparison(first, second, counts, {one.quantity: one for one in found}, alike)


def _contents(result: GroupResult) -> bytes:
    """What tells a group's numbers from another's, whatever the order of its rows."""
    order = sorted(range(len(result.questions.ids)), key=result.questions.ids.__getitem__)
    d = result.decomposition
    return b"".join((values[order] + 0.0).tobytes() for values in (d.error, d.variance))


def _shared_lengths(first: GroupResult, second: GroupResult, questions: Questions) -> FloatArray | None:
    """Lengths of both groups' epochs, where both are measured by the same column and split by it."""
    if first.length is None or first.length != second.length:
        return None
    if any(one.lengths is None or one.lengths.overthinking.note for one in (first, second)):
        return None
    return questions.lengths(first.length)


def _alike(results: Iterable[GroupResult]) -> dict[tuple[Any, ...], list[GroupResult]]:
    """Results that can be compared, in their order."""
    alike: dict[tuple[Any, ...], list[GroupResult]] = defaultdict(list)
    for result in results:
        group, d = result.group, result.decomposition
        if d.loss in _LOSSES:
            alike[group.task, group.scorer, group.measure, group.kind, d.loss, d.estimator].append(result)
    return alike


def _nested(result: GroupResult) -> bool:
    return isinstance(result.decomposition, NestedDecomposition)


def _pooled(first: GroupResult, second: GroupResult, shared: Sequence[str]) -> tuple[Questions, np.ndarray]:
    """Both groups' epochs of the shared questions as one set of arrays, and which are the first group's.

    Labels have one meaning there, which each group's own arrays do not promise.
    """
    parts = []
    kept = set(shared)
    for result in (first, second):
        outcomes = result.group.outcomes
        wanted = np.asarray([name in kept for name in outcomes.question.names] + [False])
        # Of an adaptive run the later epochs: only they may be exchanged, since their number rests on the others.
        later = (outcomes.pilot == 0) | (outcomes.epoch > outcomes.pilot)
        chosen = outcomes.take(wanted[outcomes.question.codes] & (later if later.any() else True))
        parts.append(replace(chosen, pilot=np.zeros_like(chosen.pilot)))
    group: Group = replace(first.group, outcomes=Outcomes.concatenate(parts))
    questions = question_arrays(group, unparsed=first.options.unparsed)
    return questions, (questions.row >= 0) & (questions.row < len(parts[0]))


def _decomposer(first: GroupResult, questions: Questions) -> Decomposer | None:
    """How epochs are decomposed where questions differ in their number of classes."""
    d = first.decomposition
    counts = questions.class_counts
    if d.loss != "kl" or counts is None:
        return None

    def by_class_count(predictions: FloatArray, question: IntArray, _: IntArray) -> Decomposition:
        part = replace(
            questions,
            predictions=predictions,
            target=questions.target[question],
            class_counts=counts[question],
        )
        return decompose_questions(part, [("kl", cast(Any, d.estimator))])[0]

    return by_class_count


def _ranking(quantity: str, pairs: Sequence[PairResult], lead: GroupResult) -> Ranking:
    shared: dict[str, list[float]] = defaultdict(list)
    results: dict[str, GroupResult] = {}
    different = []
    for pair in pairs:
        one = pair.comparison.differences.get(quantity)
        if one is None:
            continue
        for contender, value in ((pair.first, one.first), (pair.second, one.second)):
            shared[contender.name].append(value)
            results[contender.name] = contender.result
        if rejects(pair.holm[quantity], _LEVEL):
            different.append((pair.first.name, pair.second.name))
    values = {name: _own_value(results[name], quantity, found) for name, found in shared.items()}
    order = sorted(values, key=lambda name: (np.isnan(values[name]), -values[name], name))
    group = lead.group
    return Ranking(
        group.task,
        lead.decomposition.loss,
        group.measure or group.scorer,
        quantity,
        {name: values[name] for name in order},
        letter_groups(order, different),
    )


def _own_value(result: GroupResult, quantity: str, shared: Sequence[float]) -> float:
    """A quantity over all questions of a contender, as `analyze` prints it; else the mean over its pairs' questions."""
    if quantity == "accuracy":
        return result.accuracy
    return result.decomposition.mean(quantity) if quantity in QUANTITIES else ordered_mean(np.asarray(shared))


def _names(first: GroupResult, second: GroupResult, names: Mapping[int, Contender]) -> str:
    both = f"{names[id(first)].name} and {names[id(second)].name}"
    group = first.group
    where = " · ".join(part for part in (group.task, group.scorer, group.measure) if part)
    return f"{both}, {where}" if where else both


def _warnings(found: Comparison, names: Mapping[int, Contender]) -> list[Problem]:
    """What makes two groups unlike beyond what is compared."""
    sides = {names[id(result)].name: result for result in (found.first, found.second)}
    if len(sides) < 2:
        return []
    subject = _names(found.first, found.second, names)
    return [
        Problem("warning", subject, text) for text in [*pair_warnings(found, *sides), *seed_warnings(found)]
    ]


def seed_warnings(found: Comparison, limit: float = 0.05, among: Collection[str] | None = None) -> list[str]:
    """The p-values, of some quantities or of all, that another seed may put on the other side of a limit."""
    near = [
        f"{quantity_word(one.quantity)} {p_word(one.p_value)} ± {2 * one.p_error:.3f}"
        for name, one in found.differences.items()
        if one.p_hangs_on_seed(limit) and (among is None or name in among)
    ]
    if not near:
        return []
    return [
        f"divisions are drawn at random, and another --seed may put p on the other side of {limit:.2g}: {', '.join(near)}"
    ]


def pair_warnings(found: Comparison, first: str, second: str, *, accuracies: bool = True) -> list[str]:
    """What makes two groups unlike beyond what is compared, or says that they are one.

    Args:
        found: The comparison.
        first: Name of the first group.
        second: Name of the second one.
        accuracies: Whether unlike accuracies are to be said, by which incoherence cannot be compared.
    """
    sides = {first: found.first, second: found.second}
    texts = []
    if alone := len(set(found.first.questions.ids) ^ set(found.second.questions.ids)):
        verb = "is" if alone == 1 else "are"
        texts.append(f"{counted(alone, 'question')} {verb} in one of them only and left out")
    if found.alike:
        texts.append(
            "both answered alike in every epoch: they are one run under two names, or leave nothing to chance"
        )
    if accuracies and "incoherence" in found.differences:
        texts += accuracy_warnings(
            {name: result.accuracy for name, result in sides.items()}, "Look at bias² and variance."
        )
    texts += unequal_epoch_warnings(
        {name: result.decomposition.epochs for name, result in sides.items()},
        found.first.decomposition.estimator,
    )
    settings = _settings(found)
    if settings:
        texts.append(f"they ran with different settings: {settings}")
    if _nested(found.first) != _nested(found.second):
        texts.append(
            "epochs of one share few-shot contexts, those of the other do not: each is decomposed by its own design, and "
            "intervals and p-values are Student's, without the permutation test"
        )
    return texts


def _settings(found: Comparison) -> str:
    """Settings in which the two differ, in words."""
    import json

    own = [json.loads(result.group.variant or "{}") for result in (found.first, found.second)]
    keys = sorted(k for k in {*own[0], *own[1]} if own[0].get(k) != own[1].get(k))
    return "; ".join(f"{key} {own[0].get(key)} and {own[1].get(key)}" for key in keys)
