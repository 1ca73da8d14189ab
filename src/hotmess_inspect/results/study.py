"""The paper's analyses across groups: models of several sizes, budgets, few-shot contexts, numbers of epochs.

Each gives one table with intervals, which the terminal, JSON, CSV and the report's figures all show.
"""

from __future__ import annotations

import math
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import combinations
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from hotmess_inspect.analyses._arrays import take
from hotmess_inspect.analyses.answers import wait_ratio
from hotmess_inspect.analyses.correlation import length_correlation
from hotmess_inspect.analyses.ensembling import ensemble_terms
from hotmess_inspect.analyses.groups import ScalingLaws, difficulty_groups, scaling_laws
from hotmess_inspect.analyses.lengths import bucket_shares
from hotmess_inspect.analyses.stabilisation import stabilisation
from hotmess_inspect.analyses.summaries import Share, question_mean
from hotmess_inspect.decomposition import Decomposition
from hotmess_inspect.inference.contexts import without_each_context
from hotmess_inspect.inference.intervals import ratio_interval
from hotmess_inspect.inference.power_laws import FEWEST_POINTS, PowerLaw
from hotmess_inspect.inference.regression import log_link_regression, size_and_length
from hotmess_inspect.io.trajectories import Trajectory
from hotmess_inspect.results.analyze import LENGTH_COLUMNS, GroupResult, group_name
from hotmess_inspect.results.intervals import GroupIntervals, measured_accuracy
from hotmess_inspect.results.labels import label_of
from hotmess_inspect.schema import Problem, finite_or_none
from hotmess_inspect.words import counted

Rows: TypeAlias = list[dict[str, Any]]
Waits: TypeAlias = dict[tuple[str, str, int], tuple[float, float]]
"""Times that "Wait" stands in an epoch's text, and the text's words."""
ENSEMBLES = (1, 2, 3, 5, 10, 20, 50)
MOST_PAIRS = 28
MOST_POINTS = 300
_BUDGET = re.compile(r"effort|budget|reasoning_tokens", re.IGNORECASE)
_SIZE = re.compile(r"(?<![\w.])(\d+(?:\.\d+)?)([bm])(?![a-z])", re.IGNORECASE)
_LEVELS = ("none", "minimal", "low", "medium", "high", "xhigh")


@dataclass(frozen=True)
class StudyOptions:
    """What to compare.

    Attributes:
        sizes: Size by name of the model; for others it is read off the name, such as 8 of "Qwen3-8B".
        reference: Model whose lengths sort questions into groups of difficulty; None: the largest.
        groups: Number of those groups.
        only: Names of analyses; empty: all that the groups allow.

    Raises:
        ValueError: If a number or a name is not permitted.
    """

    sizes: Mapping[str, float] = field(default_factory=dict)
    reference: str | None = None
    groups: int = 5
    only: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.groups < 1:
            raise ValueError(f"groups must be 1 or more, not {self.groups}")
        for name, size in self.sizes.items():
            if not 0 < size < math.inf:
                raise ValueError(f"size of {name!r} must be positive, not {size:g}")
        for name in self.only:
            if name not in ANALYSES:
                raise ValueError(f"no analysis {name!r}; there are {', '.join(ANALYSES)}")

    def size(self, model: str | None, variant: Mapping[str, Any] | None = None) -> float:
        """Size of a model: given, else its argument ``size``, else that of its name; NaN without any."""
        if model is not None and model in self.sizes:
            return float(self.sizes[model])
        for name, value in (variant or {}).items():
            if name.rpartition(".")[2] == "size" and isinstance(value, int | float) and value > 0:
                return float(value)
        found = _SIZE.search(model or "")
        return math.nan if found is None else float(found[1]) * (1 if found[2].lower() == "b" else 1e-3)


@dataclass(frozen=True)
class Finding:
    """One analysis as a table, and how to draw it.

    Attributes:
        name: One of `ANALYSES`.
        title: Heading.
        caption: How to read it.
        rows: The numbers; those drawn have the ends of their intervals beside them, as ``…_low`` and ``…_high``.
        x: Column of the horizontal axis.
        y: Column of the vertical axis.
        log_x: Whether the horizontal axis is logarithmic.
        log_y: Whether the vertical axis is.
        said: Sentences: exponents, tests, what was left out.
        line: Whether lines join the points of a group where its axis has numbers.
    """

    name: str
    title: str
    caption: str
    rows: Rows
    x: str
    y: str
    log_x: bool = False
    log_y: bool = False
    said: tuple[str, ...] = ()
    line: bool = True

    def as_json(self) -> dict[str, Any]:
        """Fields of `hotmess study --json`."""
        return {"name": self.name, "title": self.title, "rows": self.rows, "said": list(self.said)}


def study(
    results: Sequence[GroupResult], options: StudyOptions | None = None, waits: Waits | None = None
) -> tuple[list[Finding], list[Problem]]:
    """All analyses that these groups allow.

    Args:
        results: What `analyze` gave.
        options: What to compare.
        waits: Hesitations per epoch, as `count_waits` reads them from transcripts.

    Returns:
        Findings in the order of `ANALYSES`, and what could not be computed although it was asked for.
    """
    options = options or StudyOptions()
    # Where the number of epochs depends on answers, only those that it does not depend on.
    results = [
        r if r.questions.pilot is None else replace(r, questions=r.plain[0], decomposition=r.plain[1])
        for r in results
    ]
    found, problems = [], []
    models = sorted({r.group.model or "" for r in results})
    for name in options.sizes:
        if name not in models:
            text = f"no model has this name, so that the size is not used; there are {', '.join(models)}"
            problems.append(Problem("warning", f"--size {name}", text))
    for name, analysis in ANALYSES.items():
        if options.only and name not in options.only:
            continue
        try:
            finding = analysis(_Study(results, options, waits or {}))
        except ValueError as error:
            problems.append(Problem("error", name, str(error)))
            continue
        if finding is not None:
            rows = [{k: _clean(v) for k, v in row.items()} for row in finding.rows]
            found.append(replace(finding, rows=rows))
        elif name in options.only:
            problems.append(Problem("error", name, f"nothing to show: it needs {NEEDS[name]}"))
    return found, problems


def count_waits(waits: Waits, trajectories: Iterable[Trajectory]) -> Iterator[Trajectory]:
    """Count hesitations while transcripts pass by; those without any text of the model count nothing."""
    for trajectory in trajectories:
        if trajectory.text:
            words = float(len(trajectory.text.split()))
            count = float(wait_ratio([trajectory.text]).counts[0])
            waits[trajectory.log, trajectory.question, trajectory.epoch] = (count, words)
        yield trajectory


def _clean(value: Any) -> Any:
    return finite_or_none(value) if isinstance(value, float) else value


def _ends(name: str, interval: Sequence[float]) -> dict[str, float]:
    return {f"{name}_low": float(interval[0]), f"{name}_high": float(interval[1])}


@dataclass(frozen=True)
class _Study:
    results: list[GroupResult]
    options: StudyOptions
    waits: Waits

    def label(self, result: GroupResult) -> str:
        losses = len({(r.decomposition.loss, r.decomposition.estimator) for r in self.results}) > 1
        return f"{self.name(result)}{f', {result.decomposition.loss}' if losses else ''}"

    def name(self, result: GroupResult) -> str:
        """A group's name, for what has to do with no loss."""
        return label_of(result, self.results)

    def once(self) -> list[GroupResult]:
        """Every group once, whatever losses it has."""
        first: dict[int, GroupResult] = {}
        for result in self.results:
            first.setdefault(id(result.group), result)
        return list(first.values())

    def families(self, results: Sequence[GroupResult]) -> Iterator[list[GroupResult]]:
        """Groups of one task, scorer, measure and loss: models and settings beside each other."""
        found: dict[tuple[Any, ...], list[GroupResult]] = defaultdict(list)
        for r in results:
            g, d = r.group, r.decomposition
            found[g.task, g.scorer, g.measure, d.loss, d.estimator].append(r)
        yield from (family for family in found.values() if len(family) > 1)

    def sized(self, family: Sequence[GroupResult]) -> list[tuple[float, GroupResult]]:
        sizes = [(self.options.size(r.group.model, r.variant), r) for r in family]
        return sorted(((s, r) for s, r in sizes if not math.isnan(s)), key=lambda pair: pair[0])


def _common(results: Sequence[GroupResult]) -> tuple[list[str], list[NDArray[np.intp]]]:
    """Questions that all groups have, and their places in each."""
    shared = sorted(set.intersection(*(set(r.questions.ids) for r in results)))
    places = []
    for r in results:
        at = {name: place for place, name in enumerate(r.questions.ids)}
        places.append(np.asarray([at[name] for name in shared], dtype=np.intp))
    return shared, places


def _clusters(result: GroupResult, places: NDArray[np.intp]) -> NDArray[np.intp] | None:
    found = result.questions.clusters
    return None if found is None else found[places]


def _between(interval: Sequence[float]) -> str:
    low, high = interval
    return "(no interval)" if math.isnan(low) else f"[{low:.3f} … {high:.3f}]"


def _incoherence(part: Decomposition, result: GroupResult, clusters: Any = None) -> dict[str, float]:
    """Incoherence of some questions with its interval, over shared few-shot contexts too."""
    options = result.options
    rng = np.random.default_rng(options.seed)
    interval = part.interval("incoherence", resamples=options.resamples, clusters=clusters, rng=rng)
    return {"incoherence": part.incoherence, **_ends("incoherence", interval)}


def _shared_contexts(results: Iterable[GroupResult]) -> list[str]:
    """What intervals over questions leave out where epochs share few-shot contexts."""
    if not any(r.intervals.contexts for r in results):
        return []
    return ["epochs share few-shot contexts: the intervals of this analysis take these contexts as given"]


def _answer_changes(s: _Study) -> Finding | None:
    rows: Rows = []
    for r in s.once():
        if r.group.kind not in ("answer", "probabilities") or r.spread is None:
            continue
        changes = r.spread.changes
        for name, share in (
            ("by resampling", changes.within_a_context),
            ("by context", changes.context),
            ("by both", changes.either),
        ):
            # Without contexts to change, any two answers are two of the same context.
            if changes.context.questions or name == "by resampling":
                rows += _per_cent(s.name(r), name, share)
    caption = "By resampling: share of the questions whose answer is not the same in all epochs."
    if any(row["change"] == "by context" for row in rows):
        caption = (
            "By resampling: share of the contexts of a question within which its answer changes; by context: questions whose "
            "majority answer is not the same in all contexts; by both: questions with any two different answers."
        )
    return Finding("answer_changes", "Answer changes", caption, rows, "change", "per_cent") if rows else None


def _agreement(s: _Study) -> Finding | None:
    rows: Rows = []
    said: list[str] = []
    for r in s.once():
        if r.group.kind not in ("answer", "probabilities") or r.spread is None:
            continue
        found = r.spread.agreement
        if not found.questions:
            continue
        for name, one in (
            ("two epochs differ", found.disagreement),
            ("most frequent answer", found.modal_share),
        ):
            rows.append(
                {"group": s.name(r), "measure": name, "share": one.value, **_ends("share", one.interval), "questions": found.questions}
            )  # fmt: skip
        said.append(f"{s.name(r)}: {r.spread.sentences()[0]}")
    caption = (
        "Without looking at any target: how probably two epochs of a question answer differently (Gini index, unbiased), and the "
        "share of epochs that give its most frequent answer, which errs upward with few epochs."
    )
    return (
        Finding("agreement", "Agreement of the answers", caption, rows, "measure", "share", said=tuple(said))
        if rows
        else None
    )


def _uncertainty(s: _Study) -> Finding | None:
    rows: Rows = []
    said: list[str] = []
    for r in s.once():
        found = None if r.spread is None else r.spread.uncertainty
        if r.spread is None or found is None or not found.entropy.questions:
            continue
        entropy = found.entropy
        rows.append(
            {
                "group": s.name(r), "question": "mean of all", "within_epochs": entropy.within.value,
                **_ends("within_epochs", entropy.within.interval), "between_epochs": entropy.between.value,
                **_ends("between_epochs", entropy.between.interval),
            }
        )  # fmt: skip
        known = np.flatnonzero(~np.isnan(entropy.by_question[:, 2]))
        shown = known[np.unique(np.linspace(0, len(known) - 1, MOST_POINTS).astype(int))]
        nothing = {
            **_ends("within_epochs", (math.nan, math.nan)),
            **_ends("between_epochs", (math.nan, math.nan)),
        }
        rows += [
            {"group": f"{s.name(r)}, questions", "question": r.questions.ids[place], "within_epochs": float(inner), "between_epochs": float(outer)} | nothing
            for place, (_, inner, outer) in zip(shown.tolist(), entropy.by_question[shown], strict=True)
        ]  # fmt: skip
        said += [f"{s.name(r)}: {text}" for text in r.spread.sentences() if "within epochs" in text]
        if len(shown) < len(known):
            said.append(
                f"{s.name(r)}: {len(shown)} of {counted(len(known), 'question')} {'is' if len(shown) == 1 else 'are'} drawn"
            )
    caption = (
        "Predictive entropy in nats, parted into what single epochs are unsure of and what epochs disagree on (mutual information, "
        "jackknife): incoherence sees the second alone. One point for each question, bars: 95 % intervals of the means."
    )
    return (
        Finding(
            "uncertainty", "Inner and outer uncertainty", caption, rows, "within_epochs", "between_epochs",
            said=tuple(said), line=False,
        )
        if rows
        else None
    )  # fmt: skip


def _judge(s: _Study) -> Finding | None:
    rows: Rows = []
    for r in s.results:
        if r.grader is None:
            continue
        ends = r.grader_intervals
        for part, name in (("model", "model_variance"), ("grader", "grader_variance")):
            rows.append(
                {"group": s.label(r), "part": part, "variance": r.grader.mean(name), **_ends("variance", ends[name]),
                 "epochs_graded_again": int(r.grader.epochs.sum())}
            )  # fmt: skip
    caption = "Variance that the model has, and what the grader or judge adds: from epochs whose completion was graded more than once."
    return Finding("judge", "The grader's noise", caption, rows, "part", "variance") if rows else None


def _dispersion(s: _Study) -> Finding | None:
    rows: Rows = [
        {
            "group": s.name(r), "measure": r.decomposition.loss, "variance": r.decomposition.mean("variance"),
            **_ends("variance", r.intervals.of("variance")), "questions": int(r.decomposition.repeated.sum()),
        }
        for r in s.results
        if r.group.kind == "text" and r.decomposition.repeated.any()
    ]  # fmt: skip
    caption = (
        "How far free answers to one question lie apart: variance of their embeddings, and of a kernel's features. Without a target "
        "there is neither bias nor incoherence."
    )
    return (
        Finding("dispersion", "Spread of free answers", caption, rows, "measure", "variance")
        if rows
        else None
    )


def _per_cent(group: str, name: str, share: Share) -> Rows:
    if math.isnan(share.value):
        return []
    ends = _ends("per_cent", [100 * end for end in share.interval])
    return [
        {"group": group, "change": name, "per_cent": 100 * share.value, **ends, "questions": share.questions}
    ]


def _wait_ratio(s: _Study) -> Finding | None:
    rows: Rows = []
    for r in s.once():
        outcomes = r.questions.outcomes
        keys = zip(outcomes.log.values(), outcomes.question.values(), outcomes.epoch.tolist(), strict=True)
        pairs = np.array([s.waits.get((log or "", q or "", e), (np.nan, np.nan)) for log, q, e in keys])
        if not len(pairs) or np.isnan(pairs[:, 1]).all():
            continue
        count, words = np.vstack([pairs, [np.nan, np.nan]])[r.questions.row].transpose(2, 0, 1)
        each = 1000 * count / np.where(words > 0, words, np.nan)
        ratio = _row_means(each)
        length = _row_means(words)
        known = ~np.isnan(length)
        shares = np.zeros((len(length), min(r.options.buckets, int(known.sum()))))
        shares[known] = bucket_shares(length[known], shares.shape[1])
        for part, weights in (("all", known), *(("bucket", own) for own in shares.T)):
            held = weights > 0
            without = None
            if r.intervals.contexts:
                without = without_each_context(
                    lambda kept, held=held, each=each: _row_means(np.where(kept & held[:, None], each, np.nan)),  # type: ignore[misc]
                    r.questions.context, ~np.isnan(words),
                )  # fmt: skip
            found = question_mean(
                np.where(held, ratio, np.nan), (0.0, math.inf), 0.95, r.options.resamples,
                np.random.default_rng(r.options.seed), r.questions.clusters, without,
            )  # fmt: skip
            rows.append(
                {
                    "group": s.name(r), "part": part, "words": float(length[held].mean()),
                    "waits_per_1000_words": found.value, **_ends("waits_per_1000_words", found.interval),
                    "questions": int(held.sum()), "epochs": int((~np.isnan(words[held])).sum()),
                }
            )  # fmt: skip
    caption = (
        'Times that the word "Wait" stands in what the model wrote, reasoning included, per 1,000 words: mean over epochs, then '
        "over questions; of all questions and of buckets by length."
    )
    return (
        Finding("wait_ratio", "Hesitation", caption, rows, "words", "waits_per_1000_words", log_x=True)
        if rows
        else None
    )


def _row_means(values: NDArray[np.float64]) -> NDArray[np.float64]:
    known = ~np.isnan(values)
    sums, counts = np.where(known, values, 0.0).sum(axis=1), known.sum(axis=1)
    return np.where(counts > 0, sums / np.maximum(counts, 1), np.nan)


def _size_length(s: _Study) -> Finding | None:
    rows: Rows = []
    said: list[str] = []
    for family in s.families(s.results):
        cells = [
            (size, s.label(r), b)
            for size, r in s.sized(family)
            if r.lengths is not None
            for b in r.lengths.trend.buckets
        ]
        sizes = {size for size, *_ in cells}
        if len(sizes) < 2:
            continue
        fit = size_and_length(
            [size for size, *_ in cells],
            [b.length for *_, b in cells],
            [b.incoherence for *_, b in cells],
            clusters=[label for _, label, _ in cells],
        )
        of = f"{group_name(replace(family[0].group, model=None))}, {family[0].decomposition.loss}"
        for name in ("size", "length"):
            c = fit.coefficients[name]
            rows.append(
                {
                    "group": of, "term": name, "exponent": c.estimate, **_ends("exponent", c.interval), "p": c.p_value,
                    "models": len({label for _, label, _ in cells}), "cells": fit.observations,
                }
            )  # fmt: skip
        if fit.note:
            said.append(f"{of}: {fit.note}")
        said += [text for text in _shared_contexts(family) if text not in said]
    caption = (
        "Incoherence ∝ size^a · length^b over the length buckets of all models at once: each exponent with the other held "
        "fixed; intervals take the buckets of one model as one cluster."
    )
    return (
        Finding("size_length", "Size against length", caption, rows, "term", "exponent", said=tuple(said))
        if rows
        else None
    )


def _scaling(s: _Study) -> Finding | None:
    rows: Rows = []
    said: list[str] = []
    for family in s.families(s.results):
        sized = s.sized(family)
        if len({size for size, _ in sized}) < 2:
            continue
        results = [r for _, r in sized]
        shared, places = _common(results)
        if not shared:
            said.append(f"{', '.join(map(s.label, results))} have no question in common")
            continue
        number, told = _difficulty(s, results, shared)
        parts = [take(r.decomposition, at) for r, at in zip(results, places, strict=True)]
        clusters = _clusters(results[0], places[0])
        laws = scaling_laws(
            [size for size, _ in sized],
            parts,
            number,
            resamples=results[0].options.resamples,
            clusters=clusters,
            rng=np.random.default_rng(results[0].options.seed),
        )
        loss, few = results[0].decomposition.loss, len({size for size, _ in sized}) < FEWEST_POINTS
        laws_said = (
            [f"{loss}: a power law in size needs {FEWEST_POINTS} sizes"] if few else _exponents(laws, loss)
        )
        said += [told, *laws_said, *_shared_contexts(results)]
        for group in np.unique(number[number >= 0]).tolist():
            own = np.flatnonzero(number == group)
            for (size, r), part in zip(sized, parts, strict=True):
                cell = take(part, own)
                means = {name: cell.mean(name) for name in ("bias_squared", "variance", "error")}
                cut = None if clusters is None else clusters[own]
                rows.append(
                    {
                        "group": f"{r.decomposition.loss}, difficulty {group + 1}", "model": s.label(r), "size": size,
                        "questions": len(own), **means, **_incoherence(cell, r, cut),
                    }
                )  # fmt: skip
    caption = (
        "Incoherence per model and group of difficulty, 1 being the questions that the reference model answers shortest; "
        "the power laws of bias² and of variance in size stand below."
    )
    return (
        Finding(
            "scaling", "Size of the model", caption, rows, "size", "incoherence", log_x=True, said=tuple(said)
        )
        if rows
        else None
    )


def _difficulty(
    s: _Study, results: Sequence[GroupResult], shared: Sequence[str]
) -> tuple[NDArray[np.int64], str]:
    """Group of each shared question, and by whose lengths."""
    named = s.options.reference
    if named is not None and named not in (models := sorted({str(r.group.model) for r in s.results})):
        raise ValueError(f"no group of the reference {named!r}; there are {', '.join(models)}")
    task = results[0].group.task
    pool = [r for r in s.results if r.group.model == named and r.group.task == task]
    if named is not None and not pool:
        return np.zeros(
            len(shared), dtype=np.int64
        ), f"one group of {counted(len(shared), 'question')}: {named} has no epochs of {task}"
    reference = results[-1] if named is None else pool[0]
    if reference.length is None or s.options.groups == 1:
        return np.zeros(len(shared), dtype=np.int64), f"one group of {counted(len(shared), 'question')}"
    at = {name: place for place, name in enumerate(reference.questions.ids)}
    lengths = reference.questions.lengths(reference.length)
    means = _row_means(lengths)
    own = np.array([means[at[name]] if name in at else np.nan for name in shared])
    number = difficulty_groups(own, groups=s.options.groups, ids=shared)
    left = int((number < 0).sum())
    text = f"groups of difficulty by the {reference.length.replace('_', ' ')} of {reference.group.model}"
    if named is None:
        text += " (the largest model; --reference names another)"
    return number, text + (
        f"; {counted(left, 'question')} without a length {'is' if left == 1 else 'are'} left out"
        if left
        else ""
    )


def _exponents(laws: ScalingLaws, loss: str) -> Iterator[str]:
    def law(name: str, fit: PowerLaw, interval: Sequence[float]) -> str:
        return f"{name}: {fit.note}" if fit.note else f"{name} ∝ size^{fit.exponent:.3f} {_between(interval)}"

    for group in laws.groups:
        defined = not math.isnan(group.difference)
        difference = (
            f"; difference {group.difference:+z.3f} {_between(group.difference_ci)}" if defined else ""
        )
        yield (
            f"{loss}, difficulty {group.group + 1}: {law('bias²', group.bias_squared, group.bias_squared_ci)}, "
            f"{law('variance', group.variance, group.variance_ci)}{difference}"
        )
    if laws.incomplete_questions:
        yield f"{counted(laws.incomplete_questions, 'question', 'lacks', 'lack')} two epochs in some model: left out"


def _budgets(s: _Study) -> Finding | None:
    rows: Rows = []
    for family in s.families(s.results):
        of_model: dict[str | None, list[tuple[dict[str, str], GroupResult]]] = defaultdict(list)
        for r in family:
            named = {k: f"{v}" for k, v in sorted(r.variant.items()) if _BUDGET.search(k) and v is not None}
            if named:
                of_model[r.group.model].append((named, r))
        for model, settings in of_model.items():
            # Of several settings those in which the runs differ.
            all_of = sorted({k for own, _ in settings for k in own})
            differ = [k for k in all_of if len({own.get(k) for own, _ in settings}) > 1]
            runs = [(", ".join(own.get(k, "–") for k in differ), r) for own, r in settings]
            if len({budget for budget, _ in runs}) < 2:
                continue
            shared, places = _common([r for _, r in runs])
            if not shared:
                continue
            for (budget, r), at in zip(runs, places, strict=True):
                part = take(r.decomposition, at)
                own = GroupIntervals(r.questions.take(at), part, r.options.resamples, r.options.seed)
                length = math.nan if r.length is None else _mean(r.questions.lengths(r.length)[at])
                split = None if r.lengths is None else r.lengths.overthinking
                longer = (
                    (math.nan, (math.nan, math.nan))
                    if split is None or split.note
                    else (split.difference, split.difference_ci)
                )
                rows.append(
                    {
                        "group": f"{model}, {r.decomposition.loss}", "budget": budget, "questions": len(shared),
                        "length": length, "accuracy": measured_accuracy(own.questions, part), **_ends("accuracy", own.accuracy),
                        **{name: part.mean(name) for name in ("error", "bias_squared", "variance")},
                        "incoherence": part.incoherence, **_ends("incoherence", own.of("incoherence")),
                        "longer_less_shorter": longer[0], **_ends("longer_less_shorter", longer[1]),
                    }
                )  # fmt: skip
    rows.sort(key=lambda row: (row["group"], _level(row["budget"])))
    caption = (
        "Accuracy and incoherence under each reasoning budget, on the questions that all runs of the model have; beside them "
        "the incoherence of the longer less the shorter epochs of the same questions under one budget."
    )
    return Finding("budgets", "Reasoning budgets", caption, rows, "budget", "incoherence") if rows else None


def _level(budget: str) -> tuple[float, str]:
    if budget.lower() in _LEVELS:
        return _LEVELS.index(budget.lower()), budget
    found = re.search(r"\d+(?:\.\d+)?", budget)
    scale = 1024 if budget.lower().endswith("k") else 1
    return (float(found[0]) * scale if found else math.inf), budget


def _mean(values: NDArray[np.float64]) -> float:
    means = _row_means(values)
    known = means[~np.isnan(means)]
    return float(known.mean()) if known.size else math.nan


def _length_correlation(s: _Study) -> Finding | None:
    rows: Rows = []
    pairs = 0
    for family in s.families(s.once()):
        for first, second in combinations(family, 2):
            if first.length is None or first.length != second.length:
                continue
            pairs += 1
            if pairs > MOST_PAIRS:
                continue
            _, (one, other) = _common([first, second])
            found = length_correlation(
                first.questions.lengths(first.length)[one],
                second.questions.lengths(second.length)[other],
                clusters=_clusters(first, one),
            )
            rows.append(
                {
                    "group": s.name(first), "pair": f"{s.name(first)} / {s.name(second)}",
                    "length": first.length.replace("_", " "), "correlation": found.logarithms.value,
                    **_ends("correlation", found.logarithms.interval), "rank_correlation": found.ranks.value,
                    **_ends("rank_correlation", found.ranks.interval), "questions": found.questions,
                }
            )  # fmt: skip
    said = (
        [f"{counted(pairs - MOST_PAIRS, 'further pair', 'is', 'are')} not shown"]
        if pairs > MOST_PAIRS
        else []
    )
    said += _shared_contexts(s.results) if rows else []
    caption = "Correlation over questions of the logarithms of two models' mean lengths, and of their ranks."
    return (
        Finding(
            "length_correlation",
            "Length between models",
            caption,
            rows,
            "pair",
            "correlation",
            said=tuple(said),
        )
        if rows
        else None
    )


def _stabilisation(s: _Study) -> Finding | None:
    rows: Rows = []
    said: list[str] = []
    for r in s.results:
        d = r.decomposition
        if d.loss not in ("brier", "kl", "squared") or r.group.untargeted or r.group.kind == "text":
            continue
        curve = stabilisation(
            r.questions.predictions,
            r.questions.target,
            loss=d.loss,
            orders=int(np.clip(4e7 / max(r.questions.predictions.size, 1), 50, 200)),
            resamples=r.options.resamples,
            clusters=r.questions.clusters,
            rng=np.random.default_rng(r.options.seed),
        )
        said += [text for text in _shared_contexts([r]) if text not in said]
        if curve.left_out and curve.points:
            said.append(
                f"{s.label(r)}: {counted(curve.left_out, 'question', 'has', 'have')} fewer than {counted(curve.points[-1].epochs, 'epoch')}: left out"
            )
        rows += [
            {
                "group": s.label(r), "epochs": p.epochs, "plugin": p.plugin, **_ends("plugin", p.plugin_ci),
                "unbiased": p.unbiased, **_ends("unbiased", p.unbiased_ci), "error": p.error, "questions": curve.questions,
            }
            for p in curve.points
        ]  # fmt: skip
    caption = (
        "Plug-in incoherence that a run of fewer epochs of the same questions gives, exactly averaged over subsets of epochs "
        "(KL: over random orders), with the 95 % interval of such a run: that of the whole, wider as fewer epochs scatter "
        "more; the unbiased estimate, beside it in the table, does not move."
    )
    return (
        Finding("stabilisation", "Number of epochs", caption, rows, "epochs", "plugin", said=tuple(said))
        if rows
        else None
    )


def _ensembling(s: _Study) -> Finding | None:
    rows: Rows = []
    for r in s.results:
        d = r.decomposition
        if d.loss not in ("brier", "squared") or d.estimator != "unbiased" or d.incoherence_note:
            continue
        low, high = r.incoherence_ci
        for p in ensemble_terms(d, ENSEMBLES):
            # V/E over B + V/E rises with V over B + V: the ends of the interval move as the estimate does.
            shares = [i + p.size * (1 - i) for i in (low, high)]
            ends = [i / of if of > 0 else math.nan for i, of in zip((low, high), shares, strict=True)]
            rows.append(
                {
                    "group": s.label(r), "epochs": p.size, "error": p.error, "bias_squared": p.bias_squared,
                    "variance": p.variance, "incoherence": p.incoherence, **_ends("incoherence", ends),
                }
            )  # fmt: skip
    caption = (
        "Averaging E epochs divides the variance by E and leaves the bias: up to the epochs that there are, exactly the mean over all "
        "subsets of E of them; beyond, extrapolated by the same formula."
    )
    return (
        Finding("ensembling", "Ensembles", caption, rows, "epochs", "incoherence", log_x=True)
        if rows
        else None
    )


def _variance_length(s: _Study) -> Finding | None:
    """Of text: how the variance of its embeddings goes with the length of what led to it."""
    rows: Rows = []
    said: list[str] = []
    for r in s.results:
        column = next((c for c in _text_lengths(r) if not np.isnan(_raw_lengths(r, c)).all()), None)
        if r.group.kind != "text" or column is None:
            continue
        d, length = r.decomposition, _row_means(_raw_lengths(r, column))
        used = d.repeated & (length > 0)
        if used.sum() < 2:
            continue
        variance, length = d.variance[used], length[used]
        clusters = None if r.questions.clusters is None else r.questions.clusters[used]
        shares = bucket_shares(length, min(r.options.buckets, len(length)))
        for own in shares.T:
            found = ratio_interval(
                own * variance, own, resamples=r.options.resamples, clusters=clusters, rng=np.random.default_rng(r.options.seed)
            )  # fmt: skip
            rows.append(
                {
                    "group": s.label(r), "length_unit": column.replace("_", " "), "length": float(own @ length / own.sum()),
                    "variance": float(own @ variance / own.sum()), **_ends("variance", found), "questions": float(own.sum()),
                }
            )  # fmt: skip
        labels = None if clusters is None else clusters.tolist()
        fit = log_link_regression(variance, {"length": np.log(length)}, clusters=labels)
        slope = fit.coefficients["length"]
        law = fit.note or f"variance ∝ length^{slope.estimate:.3f} {_between(slope.interval)}"
        said.append(f"{s.label(r)}: {law}, over {counted(fit.observations, 'question')}")
        said += [text for text in _shared_contexts([r]) if text not in said]
    caption = (
        "Variance of the embeddings of free answers in buckets of questions by mean length; the exponent is fitted over questions "
        "by Poisson pseudo-likelihood. Without a target there is neither bias nor incoherence."
    )
    return (
        Finding(
            "variance_length",
            "Open answers and length",
            caption,
            rows,
            "length",
            "variance",
            log_x=True,
            said=tuple(said),
        )
        if rows
        else None
    )


def _text_lengths(r: GroupResult) -> Sequence[str]:
    """Columns that may be the length of text: the one asked for, else reasoning, all output, turns."""
    if r.options.length is not None:
        return (LENGTH_COLUMNS[r.options.length],)
    return ("length", "reasoning_tokens", "output_tokens", "reasoning_characters", "turns")


def _raw_lengths(r: GroupResult, column: str) -> NDArray[np.float64]:
    """A length of every epoch, right or wrong or neither, shape (questions, epochs)."""
    return np.asarray(np.append(getattr(r.questions.outcomes, column), np.nan)[r.questions.row])


ANALYSES: Mapping[str, Callable[[_Study], Finding | None]] = {
    "answer_changes": _answer_changes,
    "agreement": _agreement,
    "uncertainty": _uncertainty,
    "judge": _judge,
    "dispersion": _dispersion,
    "wait_ratio": _wait_ratio,
    "size_length": _size_length,
    "scaling": _scaling,
    "variance_length": _variance_length,
    "budgets": _budgets,
    "length_correlation": _length_correlation,
    "ensembling": _ensembling,
    "stabilisation": _stabilisation,
}
NEEDS = {
    "variance_length": "embeddings of free text, such as hotmess/model_written with format=open, and lengths",
    "answer_changes": "answers or distributions over choices",
    "agreement": "two epochs with answers or distributions over choices, targets or not",
    "uncertainty": "two epochs with stated probabilities or log-probabilities",
    "judge": "scores or unit tests that were graded more than once (hotmess/suite with gradings, hotmess/swebench with regrade)",
    "dispersion": "embeddings of free text, such as hotmess/model_written with format=open, in two epochs",
    "wait_ratio": "logs whose transcripts show the model's text",
    "size_length": "lengths and two models or more of known size on one task (--size MODEL=SIZE)",
    "scaling": "two models or more of known size on one task (--size MODEL=SIZE)",
    "budgets": "two runs or more of a model on one task with different reasoning budgets",
    "length_correlation": "two models with lengths in one unit on one task",
    "ensembling": "the loss brier or squared with the unbiased estimator",
    "stabilisation": "targets and two epochs or more",
}
