"""Where the epochs of each question part, and what is decided there: what `hotmess diverge` prints."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from hotmess_inspect.analyses.divergence.account import (
    KINDS,
    GroupAccount,
    Parting,
    QuestionAccount,
    Vocabulary,
    account_question,
    summed_account,
)
from hotmess_inspect.analyses.divergence.branches import telling_pair
from hotmess_inspect.analyses.divergence.consistency import (
    coefficient_of_variation,
    mean_edit_distance,
    mean_js_divergence,
)
from hotmess_inspect.analyses.divergence.null import NullQuestion, StepNull, step_null
from hotmess_inspect.analyses.divergence.tree import END
from hotmess_inspect.decomposition.of_questions import is_nested
from hotmess_inspect.inference.intervals import ratio_intervals
from hotmess_inspect.io.steps import (
    GRAINS,
    TEXT_UNITS,
    Labeller,
    Step,
    TextUnit,
    call_steps,
    load_labeller,
    text_steps,
)
from hotmess_inspect.io.trajectories import Trajectory
from hotmess_inspect.results.analyze import group_name, interval_json
from hotmess_inspect.results.branch_names import Described, branch_names
from hotmess_inspect.schema import Problem, finite_or_none
from hotmess_inspect.table import Group, Outcomes, Questions, Unparsed, groups, question_arrays
from hotmess_inspect.words import counted

FloatArray = NDArray[np.float64]
EpochKey = tuple[str, str, int]
"""An epoch of the outcomes: log, question, epoch number."""

TOP_NODES = 5
"""Nodes of a question whose branches are listed."""
TESTED, TEST_PERMUTATIONS = 20, 2000
"""Questions, those of the largest variance, that have a p-value of their own, and permutations at most for each."""


@dataclass(frozen=True)
class DivergeOptions:
    """What to compute.

    Attributes:
        grain: ``tool``, ``target``, ``exact``, ``state`` or ``MODULE:FUNCTION``.
        unit: What a step is where epochs have no tool calls.
        measure: Which measure of unit tests (``f2p``, ``p2p``, ``pooled``, ``resolved``) or which scorer;
            ``None`` takes the first measure of every scorer.
        unparsed: What an unparsed answer counts as.
        permutations: Of the null.
        resamples: Bootstrap replicates of the intervals.
        seed: Seed of both.
    """

    grain: str = "target"
    unit: TextUnit = "paragraph"
    measure: str | None = None
    unparsed: Unparsed = "uniform"
    permutations: int = 10_000
    resamples: int = 2000
    seed: int = 0

    def __post_init__(self) -> None:
        if self.grain not in GRAINS and ":" not in self.grain:
            raise ValueError(
                f"grain must be one of {', '.join(GRAINS)}, or MODULE:FUNCTION, not {self.grain!r}"
            )
        if self.unit not in TEXT_UNITS:
            raise ValueError(f"unit must be one of {', '.join(TEXT_UNITS)}, not {self.unit!r}")
        for name, value in (("permutations", self.permutations), ("resamples", self.resamples)):
            if value < 1:
                raise ValueError(f"{name} must be 1 or more, not {value}")


@dataclass(frozen=True)
class Path:
    """The steps of one epoch.

    Attributes:
        steps: At the chosen grain.
        seconds: Working time, NaN where unknown.
        text: Whether the steps are pieces of text, for want of calls.
    """

    steps: tuple[Step, ...]
    seconds: float
    text: bool


class Paths:
    """The steps of epochs as they come in, each text held once.

    Attributes:
        by_epoch: Path by (log, question, epoch).
    """

    def __init__(self, options: DivergeOptions) -> None:
        self._options = options
        self._labeller: Labeller | None = load_labeller(options.grain)
        self._held: dict[str, str] = {}
        self.by_epoch: dict[EpochKey, Path] = {}

    def add(self, trajectory: Trajectory) -> None:
        """Take one epoch's steps; the transcript itself is not kept."""
        text = not trajectory.calls and bool(trajectory.text)
        steps = (
            text_steps(trajectory, self._options.grain, self._options.unit)
            if text
            else call_steps(trajectory, self._options.grain, self._labeller)
        )
        held = self._held
        kept = tuple(
            Step(
                held.setdefault(step.label, step.label),
                held.setdefault(step.tool, step.tool),
                held.setdefault(step.target, step.target),
                held.setdefault(step.shown, step.shown),
                step.answered,
                step.event,
                step.final,
            )
            for step in steps
        )
        key = (trajectory.log, trajectory.question, trajectory.epoch)
        self.by_epoch[key] = Path(kept, trajectory.seconds, text)

    def add_all(self, trajectories: Iterable[Trajectory]) -> None:
        """Take the steps of many epochs."""
        for trajectory in trajectories:
            self.add(trajectory)


@dataclass(frozen=True)
class Branch:
    """One way on from a node.

    Attributes:
        name: The step in short, unlike that of every other branch of the node.
        shown: The step in words, "stops" where the epochs end; that of its first epoch where they are not the `same`.
        same: Whether all its epochs took the very same step.
        tool: Its tool.
        target: Its files.
        epochs: Places of the epochs that take it among the question's epochs.
        correct: How right each of them is.
    """

    name: str
    shown: str
    same: bool
    tool: str
    target: str
    epochs: tuple[int, ...]
    correct: tuple[float, ...]


@dataclass(frozen=True)
class DecisiveNode:
    """A step at which epochs of a question part, with what became of each branch.

    Attributes:
        step: Number of the step, from 0.
        variance: What the pairs that part here add to the question's variance.
        share: The same, of the group's variance.
        pairs: How many part here.
        branches: The ways on, the most frequent first.
        read_first: Places of the two epochs to read first.
    """

    step: int
    variance: float
    share: float
    pairs: int
    branches: tuple[Branch, ...]
    read_first: tuple[int, int] | None


@dataclass(frozen=True)
class EpochPath:
    """One epoch of a question, for reading.

    Attributes:
        log: Its log.
        epoch: Its number.
        correct: How right it is.
        steps: What it did.
        leaves: Step at which it has left all of its siblings' paths, ``None`` if another epoch shares it all.
        parts_at: Of the steps at which it parts from siblings, the one that carries most of the question's
            variance; ``None`` where it parts from none.
        branch: What it did there, in short.
    """

    log: str
    epoch: int
    correct: float
    steps: tuple[Step, ...]
    leaves: int | None
    parts_at: int | None = None
    branch: str = ""


@dataclass(frozen=True)
class QuestionDivergence:
    """One question.

    Attributes:
        question: Its id.
        variance: Unbiased variance, NaN with fewer than two epochs.
        share: Of the group's variance.
        epochs: Its epochs with a known path.
        nodes: Where they part, the largest part of the variance first.
        p: Whether the first node's step carries more of the question's variance than by chance, from permutations
            within the question, corrected over its steps; NaN for questions of small variance.
    """

    question: str
    variance: float
    share: float
    epochs: tuple[EpochPath, ...]
    nodes: tuple[DecisiveNode, ...]
    p: float = float("nan")


@dataclass(frozen=True, eq=False)
class GroupDivergence:
    """One group: shares are of its variance, and add up to 1 with the never-parting one.

    Attributes:
        group: The rows.
        grain: The grain, with the unit of text where epochs make no calls.
        calls: Whether steps are calls of tools.
        account: Variance by step, kind, tool and file per question.
        null: What is expected, and p-values.
        intervals: 95 % intervals of shares, by name: ``steps``, ``never``, ``undecided``, ``kinds``, ``answers``.
        answers: Variance of pairs whose tools' answers differ before their steps do, of pairs whose steps part
            after equal answers, and of those that differ in neither; shape (questions, 3).
        consistency: Measures of likeness, for all and for successful epochs.
        questions: Every question.
        without_path: Scored epochs whose transcript is missing, and that are left out.
    """

    group: Group
    grain: str
    calls: bool
    account: GroupAccount
    null: StepNull
    intervals: Mapping[str, FloatArray]
    answers: FloatArray
    consistency: Mapping[str, Mapping[str, tuple[float, float, float]]]
    questions: tuple[QuestionDivergence, ...]
    without_path: int

    @property
    def variance(self) -> float:
        """Unbiased variance, mean over questions; NaN without a question of two epochs."""
        return float(self.account.variance.mean()) if len(self.account.variance) else float("nan")

    def shares(self, parts: FloatArray) -> FloatArray:
        """Sums over questions as shares of the variance, NaN where there is none."""
        total = float(self.account.variance.sum())
        shares: FloatArray = parts.sum(axis=0) / (total if total > 0 else np.nan)
        return shares

    def as_json(self) -> dict[str, Any]:
        """The group as `hotmess diverge --json` prints it."""
        account, null = self.account, self.null
        share, pairs = self.shares(account.by_step), _mean(account.pairs)
        undecided = self.shares(account.undecided)
        return {
            "task": self.group.task,
            "model": self.group.model,
            "scorer": self.group.scorer,
            "measure": self.group.measure or self.group.scorer,
            "grain": self.grain,
            "variance": finite_or_none(self.variance),
            "steps": [
                {
                    "step": step,
                    "share": finite_or_none(share[n]),
                    "share_ci": interval_json(self.intervals["steps"][n]),
                    "null": finite_or_none(null.expected[n]),
                    "p": finite_or_none(null.p_values[n]),
                    "p_uncorrected": finite_or_none(null.p_values_alone[n]),
                    "pairs": finite_or_none(pairs[n]),
                }
                for n, step in enumerate(account.steps)
            ],
            "never": {
                "share": finite_or_none(self.shares(account.never[:, None])[0]),
                "share_ci": interval_json(self.intervals["never"][0]),
                "null": finite_or_none(null.expected_never),
                "p": finite_or_none(null.p_never),
                "pairs": finite_or_none(_mean(account.never_pairs[:, None])[0]),
            },
            "p": finite_or_none(null.p_value),
            "permutations": null.permutations,
            "kinds": _named(KINDS, self.shares(account.by_kind)),
            "kinds_ci": {k: interval_json(self.intervals["kinds"][n]) for n, k in enumerate(KINDS)},
            "answers": _named(ANSWERS, self.shares(self.answers)),
            "answers_ci": {k: interval_json(self.intervals["answers"][n]) for n, k in enumerate(ANSWERS)},
            "tools": _named(account.tools, self.shares(account.by_tool)),
            "files": _named(account.files, self.shares(account.by_file)),
            "undecided": [
                {
                    "step": step,
                    "share": finite_or_none(undecided[n]),
                    "share_ci": interval_json(self.intervals["undecided"][n]),
                }
                for n, step in enumerate(account.steps)
            ],
            "consistency": {
                who: {
                    name: {"value": finite_or_none(value), "ci": interval_json((low, high))}
                    for name, (value, low, high) in measures.items()
                }
                for who, measures in self.consistency.items()
            },
            "epochs_without_path": self.without_path,
            "questions": [question_json(question) for question in self.questions],
        }


ANSWERS = ("tool_answers_differ_first", "actions_differ_first", "nothing_differs")
"""What differs first between two epochs: a tool's answer to the same action, which marks the environment; an
action after equal answers, which marks the model's own draw; nothing but the outcome."""


def question_json(question: QuestionDivergence) -> dict[str, Any]:
    """One question as `--json` prints it: its nodes with their branches."""

    def named(place: int) -> dict[str, Any]:
        epoch = question.epochs[place]
        return {"log": epoch.log or None, "epoch": epoch.epoch}

    return {
        "question": question.question,
        "variance": finite_or_none(question.variance),
        "share": finite_or_none(question.share),
        "p": finite_or_none(question.p),
        "epochs": [
            {
                "log": epoch.log or None,
                "epoch": epoch.epoch,
                "correct": finite_or_none(epoch.correct),
                "steps": len(epoch.steps),
                "leaves": epoch.leaves,
                "parts_at": epoch.parts_at,
                "branch": epoch.branch or None,
            }
            for epoch in question.epochs
        ],
        "nodes": [
            {
                "step": node.step,
                "variance": finite_or_none(node.variance),
                "share": finite_or_none(node.share),
                "pairs": node.pairs,
                "branches": [
                    {
                        "step": branch.shown,
                        "tool": branch.tool,
                        "target": branch.target,
                        "epochs": [named(place) for place in branch.epochs],
                        "correct": finite_or_none(float(np.mean(branch.correct))),
                    }
                    for branch in node.branches
                ],
                "read_first": None
                if node.read_first is None
                else [named(place) for place in node.read_first],
            }
            for node in question.nodes
        ],
    }


def diverge(
    outcomes: Outcomes, paths: Mapping[EpochKey, Path], options: DivergeOptions | None = None
) -> tuple[list[GroupDivergence], list[Problem]]:
    """Split the variance of every group by the step at which epochs part.

    Args:
        outcomes: Rows of any number of tasks and models.
        paths: Steps of the epochs, as :class:`Paths` collects them.
        options: What to compute.

    Returns:
        One result per group, and what could not be computed.
    """
    options = options or DivergeOptions()
    results: list[GroupDivergence] = []
    problems: list[Problem] = []
    for group in _chosen(groups(outcomes), options.measure, problems):
        name = group_name(group)
        try:
            questions = question_arrays(group, unparsed=options.unparsed)
        except ValueError as error:
            problems.append(Problem("error", name, str(error)))
            continue
        found = _group_divergence(group, questions, paths, options)
        if 0 < found.without_path == int(group.outcomes.scored.sum()):
            text = (
                f"none of its {counted(found.without_path, 'scored epoch')} has a transcript, so there are no steps at which "
                "epochs could part: give the log (.eval, .json) itself, or files of a harness that keep trajectories"
            )
            problems.append(Problem("error", name, text))
            continue
        results.append(found)
        problems += _remarks(found, name)
    return results, problems


@dataclass(frozen=True, eq=False)
class QuestionOutcomes:
    """The outcomes of one question's epochs as points whose squared distances are the headline loss.

    Attributes:
        epochs: Log, question and number of each epoch.
        deviation: Outcome less its target, shape (epochs, dims).
        largest: Largest possible squared distance of two outcomes.
    """

    epochs: tuple[EpochKey, ...]
    deviation: FloatArray
    largest: float


def headline_outcomes(outcomes: Outcomes, *, unparsed: Unparsed = "uniform") -> dict[str, QuestionOutcomes]:
    """The outcomes of the first group's questions, by question."""
    found = groups(outcomes)
    if not found:
        return {}
    questions = question_arrays(found[0], unparsed=unparsed)
    deviations = _deviations(questions)
    logs, numbers = found[0].outcomes.log.values(), found[0].outcomes.epoch.tolist()
    there = np.asarray(~np.isnan(questions.predictions).all(axis=2))
    result = {}
    for place, question in enumerate(questions.ids):
        slots = np.flatnonzero(there[place])
        rows = questions.row[place, slots].tolist()
        keys = tuple((logs[row] or "", question, numbers[row]) for row in rows)
        result[question] = QuestionOutcomes(keys, deviations[place, slots], 2.0 if questions.classes else 1.0)
    return result


def _chosen(found: Sequence[Group], measure: str | None, problems: list[Problem]) -> list[Group]:
    """The groups of the wanted measure; by default the first measure of each scorer."""
    if measure is not None:
        chosen = [g for g in found if measure in (g.measure, g.scorer, "all")]
        if not chosen and found:
            known = sorted({name for g in found for name in (g.measure, g.scorer) if name})
            text = f"no group has the measure {measure!r}; there are: {', '.join(known) or 'none'}"
            problems.append(Problem("error", "measure", text))
        return chosen
    first: dict[tuple[str | None, ...], str | None] = {}
    for g in found:
        first.setdefault((g.task, g.model, g.variant, g.scorer, g.kind), g.measure)
    return [g for g in found if first[g.task, g.model, g.variant, g.scorer, g.kind] == g.measure]


def _remarks(found: GroupDivergence, name: str) -> list[Problem]:
    problems = []
    if found.without_path:
        few = found.without_path == 1
        text = (
            f"{counted(found.without_path, 'scored epoch')} {'has' if few else 'have'} no transcript and "
            f"{'is' if few else 'are'} left out of the variance here"
        )
        problems.append(Problem("warning", name, text))
    if not len(found.account.variance):
        text = "no question has two epochs with a verdict and a transcript: nothing to split"
        problems.append(Problem("warning", name, text))
    elif not found.account.variance.sum() > 0:
        problems.append(Problem("warning", name, "there is no variance: every share is undefined"))
    elif not any(parting.pairs for q in found.questions for parting in q.nodes):
        problems.append(Problem("warning", name, "no two epochs take different steps at this grain"))
    return problems


def _group_divergence(
    group: Group, questions: Questions, paths: Mapping[EpochKey, Path], options: DivergeOptions
) -> GroupDivergence:
    rows = _epochs_with_paths(group, questions, paths)
    text = all(path.text or not path.steps for own in rows.kept for _, path in own)
    if not text:
        # Where others call tools, an epoch that only wrote took no step.
        rows = _Rows(
            [
                [(slot, replace(path, steps=()) if path.text else path) for slot, path in own]
                for own in rows.kept
            ],
            rows.lost,
        )
    words, codes = _vocabulary([path.steps for own in rows.kept for _, path in own])
    nested = is_nested(questions)
    deviations = _deviations(questions)
    accounts: list[QuestionAccount] = []
    answered: list[tuple[float, float, float]] = []
    for place, own in enumerate(rows.kept):
        slots = [slot for slot, _ in own]
        context = questions.context[place, slots] if nested else None
        labels = [[codes[_key(step)] for step in path.steps] for _, path in own]
        deviation = deviations[place, slots]
        account = account_question(deviation, labels, words, context)
        accounts.append(account)
        answered.append(
            _by_answers(deviation, labels, [path.steps for _, path in own], words, context, account)
        )
    summed = summed_account(accounts)
    answers = np.array(answered, dtype=np.float64).reshape(-1, 3)[summed.questions]
    nulls = {}
    for place in summed.questions.tolist():
        slots = [slot for slot, _ in rows.kept[place]]
        context = questions.context[place, slots] if nested else None
        nulls[place] = NullQuestion(deviations[place, slots], accounts[place].tree, context)
    largest = sorted(nulls, key=lambda place: (-accounts[place].variance, questions.ids[place]))[:TESTED]
    own_p = {place: _own_p(nulls[place], accounts[place], options) for place in largest}
    null = step_null(
        list(nulls.values()),
        summed.steps,
        permutations=options.permutations,
        rng=np.random.default_rng(options.seed),
    )
    units = None if questions.clusters is None else questions.clusters[summed.questions]
    return GroupDivergence(
        group=group,
        grain=f"{options.grain} ({options.unit}s)" if text and words.tools else options.grain,
        calls=not text,
        account=summed,
        null=null,
        intervals=_intervals(summed, answers, units, options),
        answers=answers,
        consistency=_consistency(group, questions, rows, codes, options),
        questions=tuple(
            replace(
                _question(
                    questions, place, rows.kept[place], accounts[place], words, float(summed.variance.sum())
                ),
                p=own_p.get(place, float("nan")),
            )
            for place in range(len(questions.ids))
            if rows.kept[place]
        ),
        without_path=rows.lost,
    )


def _own_p(question: NullQuestion, account: QuestionAccount, options: DivergeOptions) -> float:
    """The corrected p-value of the step of a question's first node."""
    if not account.partings:
        return float("nan")
    steps = list(account.steps)
    null = step_null(
        [question],
        steps,
        permutations=min(options.permutations, TEST_PERMUTATIONS),
        rng=np.random.default_rng(options.seed),
    )
    return float(null.p_values[steps.index(account.partings[0].node.step)])


@dataclass(frozen=True)
class _Rows:
    """Per question its epochs as (place among the epochs, path), and how many have no path."""

    kept: list[list[tuple[int, Path]]]
    lost: int


def _epochs_with_paths(group: Group, questions: Questions, paths: Mapping[EpochKey, Path]) -> _Rows:
    logs = group.outcomes.log.values()
    numbers = group.outcomes.epoch.tolist()
    kept: list[list[tuple[int, Path]]] = []
    lost = 0
    there: NDArray[np.bool_] = np.asarray(~np.isnan(questions.predictions).all(axis=2))
    for place, question in enumerate(questions.ids):
        own = []
        for slot in np.flatnonzero(there[place]).tolist():
            row = int(questions.row[place, slot])
            path = paths.get((logs[row] or "", question, numbers[row]))
            if path is None:
                lost += 1
            else:
                own.append((slot, path))
        kept.append(own)
    return _Rows(kept, lost)


def _key(step: Step) -> tuple[str, str, str, bool]:
    return step.tool, step.target, step.label, step.final


def _vocabulary(
    paths: Sequence[Sequence[Step]],
) -> tuple[Vocabulary, dict[tuple[str, str, str, bool], int]]:
    """Labels in the order of their tool, target and text."""
    keys = sorted({_key(step) for path in paths for step in path})
    words = Vocabulary(
        tools=tuple(key[0] for key in keys),
        targets=tuple(key[1] for key in keys),
        texts=tuple(key[2] for key in keys),
        final=tuple(key[3] for key in keys),
    )
    return words, {key: code for code, key in enumerate(keys)}


def _deviations(questions: Questions) -> FloatArray:
    """Predictions less their target, scaled so that ‖·‖² is the headline loss, shape (questions, epochs, dims).

    Brier for classes; for vectors the mean over the dimensions that the question has.
    """
    values = questions.predictions
    if questions.classes:
        goal = np.eye(values.shape[2])[np.asarray(questions.target, dtype=np.intp)]
        return np.nan_to_num(values - goal[:, None, :])
    held = ~np.isnan(values).all(axis=1)
    target = np.nan_to_num(np.asarray(questions.target, dtype=np.float64))
    weight = 1.0 / np.sqrt(np.maximum(held.sum(axis=1), 1))
    deviation: FloatArray = np.nan_to_num(values - target[:, None, :]) * weight[:, None, None]
    return deviation


def _by_answers(
    deviation: FloatArray,
    labels: Sequence[Sequence[int]],
    steps: Sequence[Sequence[Step]],
    words: Vocabulary,
    context: NDArray[np.integer] | None,
    account: QuestionAccount,
) -> tuple[float, float, float]:
    """Variance of a question by what differs first, in the order of :data:`ANSWERS`.

    The same account over sequences action, answer, action, …: a pair that parts at an odd place has had equal
    actions and another answer.
    """
    if not account.all_pairs:
        return (0.0, 0.0, 0.0)
    seen: dict[int, int] = defaultdict(lambda: len(words.tools) + len(seen))
    mixed = [
        [code for label, step in zip(own, path, strict=True) for code in (label, seen[step.answered])]
        for own, path in zip(labels, steps, strict=True)
    ]
    extra = len(seen)
    wide = Vocabulary(
        (*words.tools, *("",) * extra), (*words.targets, *("",) * extra), (*words.texts, *("",) * extra),
        (*words.final, *(False,) * extra),
    )  # fmt: skip
    found = account_question(deviation, mixed, wide, context)
    answers = sum(value for step, value in found.steps.items() if step % 2)
    actions = sum(value for step, value in found.steps.items() if not step % 2)
    return (answers, actions, found.never)


def _intervals(
    account: GroupAccount, answers: FloatArray, clusters: NDArray[Any] | None, options: DivergeOptions
) -> dict[str, FloatArray]:
    parts = {
        "steps": account.by_step,
        "never": account.never[:, None],
        "undecided": account.undecided,
        "kinds": account.by_kind,
        "answers": answers,
    }
    stacked = np.concatenate(list(parts.values()), axis=1)
    if len(stacked) > 1:
        ends = ratio_intervals(
            stacked,
            account.variance[:, None],
            resamples=options.resamples,
            clusters=clusters,
            rng=np.random.default_rng(options.seed),
        )
    else:
        ends = np.full((stacked.shape[1], 2), np.nan)
    # Shares of a variance lie in [0, 1]; an estimate outside of it, which pairs of contexts can give, stays inside.
    total = float(account.variance.sum())
    share = stacked.sum(axis=0) / (total if total > 0 else np.nan)
    ends = np.stack(
        [np.maximum(ends[:, 0], np.minimum(share, 0.0)), np.minimum(ends[:, 1], np.maximum(share, 1.0))], 1
    )
    starts = np.cumsum([0, *(part.shape[1] for part in parts.values())])
    return {name: ends[starts[n] : starts[n + 1]] for n, name in enumerate(parts)}


def _consistency(
    group: Group,
    questions: Questions,
    rows: _Rows,
    codes: Mapping[tuple[str, str, str, bool], int],
    options: DivergeOptions,
) -> dict[str, dict[str, tuple[float, float, float]]]:
    """Means over questions with their intervals, over all epochs and over those that are fully right."""
    tokens = questions.lengths("output_tokens")
    found: dict[str, dict[str, tuple[float, float, float]]] = {}
    clusters = questions.clusters
    for who in ("all", "successful"):
        values: dict[str, list[float]] = defaultdict(list)
        units: list[int] = []
        for place, own in enumerate(rows.kept):
            chosen = [
                (slot, path) for slot, path in own if who == "all" or questions.correct[place, slot] == 1
            ]
            if len(chosen) < 2:
                continue
            labels = [[codes[_key(step)] for step in path.steps] for _, path in chosen]
            units.append(place if clusters is None else int(clusters[place]))
            rng = np.random.default_rng([options.seed, place])
            values["js_divergence"].append(mean_js_divergence(labels))
            values["edit_distance"].append(mean_edit_distance(labels, rng))
            values["cv_steps"].append(
                coefficient_of_variation(np.array([len(own) for own in labels], dtype=np.float64))
            )
            values["cv_tokens"].append(coefficient_of_variation(tokens[place, [slot for slot, _ in chosen]]))
            values["cv_seconds"].append(
                coefficient_of_variation(np.array([path.seconds for _, path in chosen]))
            )
        found[who] = {
            name: _mean_with_interval(np.array(list_), np.array(units), options)
            for name, list_ in values.items()
        }
    return found


def _mean_with_interval(
    values: FloatArray, units: NDArray[np.intp], options: DivergeOptions
) -> tuple[float, float, float]:
    units, known = units[~np.isnan(values)], values[~np.isnan(values)]
    if not len(known):
        return (float("nan"),) * 3
    ends = np.full(2, np.nan)
    if len(known) > 1:
        ends = ratio_intervals(
            known[:, None],
            np.ones((len(known), 1)),
            resamples=options.resamples,
            clusters=units,
            rng=np.random.default_rng(options.seed),
        )[0]
    return float(known.mean()), float(ends[0]), float(ends[1])


def _question(
    questions: Questions,
    place: int,
    own: Sequence[tuple[int, Path]],
    account: QuestionAccount,
    words: Vocabulary,
    total: float,
) -> QuestionDivergence:
    logs, numbers = questions.outcomes.log, questions.outcomes.epoch
    leaves = _leaving_steps(account, len(own))
    steps = [path.steps for _, path in own]
    named = [_named_branches(parting, account, steps, words) for parting in account.partings]
    branches = _main_branches(account, named)
    epochs = []
    for number, (slot, path) in enumerate(own):
        row = int(questions.row[place, slot])
        log = logs.names[logs.codes[row]] if logs.codes[row] >= 0 else ""
        correct = float(questions.correct[place, slot])
        epochs.append(
            EpochPath(
                log, int(numbers[row]), correct, path.steps, leaves[number], *branches.get(number, (None, ""))
            )
        )
    scale = total if total > 0 else float("nan")
    deviation = _deviations(questions)[place, [slot for slot, _ in own]]
    return QuestionDivergence(
        question=questions.ids[place],
        variance=account.variance,
        share=account.variance / scale,
        epochs=tuple(epochs),
        nodes=tuple(
            _node(parting, account, epochs, ways, deviation, scale)
            for parting, ways in zip(account.partings[:TOP_NODES], named, strict=False)
        ),
    )


_Way: TypeAlias = tuple[str, Described, list[int]]
"""Name of a branch, what it is, and its epochs."""


def _named_branches(
    parting: Parting, account: QuestionAccount, steps: Sequence[Sequence[Step]], words: Vocabulary
) -> list[_Way]:
    ways, members = [], []
    for label, low, high in parting.node.branches:
        own = sorted(account.tree.order[low:high].tolist())
        members.append(own)
        if label == END:
            ways.append(Described("", "", "stops", ""))
            continue
        shown = [steps[place][parting.node.step].shown for place in own]
        ways.append(
            Described(
                words.tools[label], words.targets[label], shown[0], words.texts[label], len(set(shown)) == 1
            )
        )
    return list(zip(branch_names(ways), ways, members, strict=True))


def _node(
    parting: Parting,
    account: QuestionAccount,
    epochs: Sequence[EpochPath],
    ways: Sequence[_Way],
    deviation: FloatArray,
    total: float,
) -> DecisiveNode:
    branches = [
        Branch(
            name,
            way.shown,
            way.same,
            way.tool,
            way.target,
            tuple(own),
            tuple(epochs[place].correct for place in own),
        )
        for name, way, own in ways
    ]
    return DecisiveNode(
        parting.node.step,
        parting.variance,
        parting.variance / total,
        parting.pairs,
        tuple(sorted(branches, key=lambda branch: (-len(branch.epochs), branch.epochs))),
        telling_pair(deviation, account.tree, parting.node, [len(epoch.steps) for epoch in epochs]),
    )


def _main_branches(account: QuestionAccount, named: Sequence[Sequence[_Way]]) -> dict[int, tuple[int, str]]:
    """Per epoch the step that decides most of those at which it parts, and what it did there."""
    found: dict[int, tuple[int, str]] = {}
    for parting, ways in zip(account.partings, named, strict=True):
        for name, _, own in ways:
            for place in own:
                found.setdefault(place, (parting.node.step, name))
    return found


def _leaving_steps(account: QuestionAccount, epochs: int) -> list[int | None]:
    """Step from which on each epoch is alone; ``None`` for one whose whole path another one took too."""
    found: list[int | None] = [None] * epochs
    for node in account.tree.nodes:
        for label, low, high in node.branches:
            if high - low == 1:
                found[int(account.tree.order[low])] = node.step
            elif label == END:
                for place in account.tree.order[low:high].tolist():
                    found[int(place)] = None
    return found


def _mean(values: FloatArray) -> FloatArray:
    return values.mean(axis=0) if len(values) else np.full(values.shape[1], np.nan)


def _named(names: Sequence[str], shares: FloatArray) -> dict[str, float | None]:
    return {name: finite_or_none(share) for name, share in zip(names, shares, strict=True)}
