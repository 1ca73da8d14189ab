"""Time horizon: the length of the tasks, in the time that people take, at which success falls to 50 % or 80 %."""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import comb

from hotmess_inspect.analyses._arrays import check_level, percentile_interval
from hotmess_inspect.arrays import NAN, FloatArray, IntArray, Seed, cluster_numbers, first, seeded
from hotmess_inspect.inference.intervals import UNDEFINED, Interval
from hotmess_inspect.inference.logistic import LogisticCurves, fit_logistic
from hotmess_inspect.inference.resampling import draw_weights
from hotmess_inspect.words import counted

MOST_UNDEFINED = 0.05
"""Share of replicates without a horizon from which on there is no interval."""
_BLOCK = 1 << 19
"""Replicates times tasks that are held at once; the draws depend on it."""


@dataclass(frozen=True)
class Horizon:
    """The human time at which a probability is reached.

    Attributes:
        name: "p50", "p80" or "pass^k".
        probability: The probability.
        minutes: The horizon; NaN where `note` gives the reason.
        interval: In minutes, for other families (tasks): these are resampled as wholes.
        three_stages: In minutes, from resampling families, tasks in them and runs in these, as METR does: wider,
            since the chance of runs, which is in the spread between tasks already, is added once more.
        undefined_replicates: Share of the replicates behind `interval` that have no horizon.
        extrapolated: Whether the horizon is shorter or longer than every task.
        note: Why there is no horizon or no interval, or an empty string.
    """

    name: str
    probability: float
    minutes: float
    interval: Interval
    three_stages: Interval
    undefined_replicates: float
    extrapolated: bool
    note: str


@dataclass(frozen=True)
class HorizonFit:
    """Success against log2 of the minutes that people take.

    Attributes:
        intercept: Log odds of success at one minute.
        slope: Change of the log odds per doubling of the time.
        success: Weighted share of the runs that are right; NaN without runs.
        horizons: p50, p80, and the one of pass^k = 50 %.
        tasks: Questions in the fit.
        runs: Their epochs.
        families: Clusters of tasks; None where each task stands alone.
        unknown_minutes: Questions left out because people's time is unknown or not above 0.
        too_few_runs: Questions left out of pass^k because they have fewer than k epochs.
        k: Epochs that pass^k asks to be all right.
        regularisation: Penalty of half the squared slope, in units of the whole weight.
        note: Why there is no fit, or an empty string.
    """

    intercept: float
    slope: float
    success: float
    horizons: tuple[Horizon, ...]
    tasks: int
    runs: int
    families: int | None
    unknown_minutes: int
    too_few_runs: int
    k: int
    regularisation: float
    note: str


def horizon(
    right: ArrayLike,
    minutes: ArrayLike,
    *,
    weights: ArrayLike | None = None,
    clusters: Sequence[Hashable] | NDArray[Any] | None = None,
    k: int = 2,
    regularisation: float = 0.0,
    level: float = 0.95,
    resamples: int = 2000,
    rng: Seed = None,
) -> HorizonFit:
    """Fit success against log2(minutes) by logistic regression and read the horizons off the curve.

    P(success) = σ(a + b·log2 minutes) by maximum likelihood, or where the mean log loss plus λ·b²/2 is least (λ is the
    regularisation); the horizon of probability p is 2^((logit p - a)/b). For pass^k, each task's unbiased C(c, k)/C(n, k) is fitted by σ(a_k + b_k·log2 minutes)^k,
    which is exact where tasks of equal length are equally hard and does not assume it. Each run counts by the weight
    of its task.

    Args:
        right: 1 for right, 0 for wrong, NaN for a missing epoch, shape (questions, epochs).
        minutes: Time that people take for each question, shape (questions,); NaN where unknown.
        weights: Weight of a run of each question, not negative, shape (questions,); None weighs runs alike.
        clusters: Family of each question, shape (questions,); None: each stands alone.
        k: Epochs that pass^k asks to be all right, from 1.
        regularisation: λ, not negative; METR's published horizons have 0.1. Replicates keep the penalty of the whole.
        level: Coverage of the intervals, inside (0, 1).
        resamples: Bootstrap replicates.
        rng: Source of randomness; a generator, or an integer that seeds one (None: 0).

    Returns:
        Fit, horizons and intervals. A horizon is NaN, with the reason, where successes and failures are separable by
        length, lengths do not vary, or success does not fall with length. Equal bits for generators in equal states,
        whatever the order of questions and epochs.

    Raises:
        ValueError: If an argument is malformed; it names the argument and the first offending question.

    References:
        Kwa et al. (2025), Measuring AI ability to complete long tasks, https://arxiv.org/abs/2503.14499

    Example:
        >>> right = [[1, 1, 1, 1], [1, 1, 1, 0], [1, 0, 0, 0], [0, 0, 0, 0]]
        >>> found = horizon(right, [1, 4, 16, 64], resamples=50)
        >>> [(h.name, round(h.minutes, 1)) for h in found.horizons[:2]]
        [('p50', 8.0), ('p80', 4.0)]
    """
    check_level(level, resamples)
    if k < 1:
        raise ValueError(f"k={k!r} must be at least 1")
    if not 0 <= regularisation < np.inf:
        raise ValueError(f"regularisation={regularisation!r} must be a finite number from 0")
    tasks = _tasks(right, minutes, weights, clusters)
    penalty = regularisation * float(tasks.trials.sum())
    fit = fit_logistic(tasks.x, tasks.successes[None], tasks.trials[None], penalty=penalty)
    enough = tasks.epochs >= k
    rate = np.where(enough, comb(tasks.wins, k) / np.maximum(comb(tasks.epochs, k), 1), 0.0)
    trials = np.where(enough, tasks.trials, 0.0)
    strict = fit_logistic(
        tasks.x, (rate * trials)[None], trials[None], power=k, penalty=regularisation * float(trials.sum())
    )
    whole, staged, others = _replicates(
        tasks, rate * trials, trials, k, regularisation, resamples, seeded(rng)
    )
    name = f"pass^{k}"
    found = (
        _horizon("p50", 0.5, tasks, fit, _obstacle(fit, tasks.trials), whole, staged, level),
        _horizon("p80", 0.8, tasks, fit, _obstacle(fit, tasks.trials), whole, staged, level),
        _horizon(name, 0.5, tasks, strict, _obstacle(strict, trials), others, [], level),
    )
    return HorizonFit(
        intercept=float(fit.intercept[0]),
        slope=float(fit.slope[0]),
        success=float(tasks.successes.sum() / tasks.trials.sum()) if tasks.trials.sum() else NAN,
        horizons=found,
        tasks=len(tasks.x),
        runs=int(tasks.epochs.sum()),
        families=None if clusters is None else tasks.families,
        unknown_minutes=tasks.unknown,
        too_few_runs=int((~enough).sum()),
        k=k,
        regularisation=regularisation,
        note=_obstacle(fit, tasks.trials),
    )


@dataclass(frozen=True, eq=False)
class _Tasks:
    """The questions that count, families together, in an order that does not depend on theirs."""

    x: FloatArray
    wins: IntArray
    epochs: IntArray
    weight: FloatArray
    family: IntArray
    unknown: int

    @property
    def families(self) -> int:
        return int(self.family.max(initial=-1)) + 1

    @property
    def trials(self) -> FloatArray:
        return self.epochs * self.weight

    @property
    def successes(self) -> FloatArray:
        return self.wins * self.weight


def _tasks(
    right: ArrayLike,
    minutes: ArrayLike,
    weights: ArrayLike | None,
    clusters: Sequence[Hashable] | NDArray[Any] | None,
) -> _Tasks:
    values = np.asarray(right, dtype=np.float64)
    if values.ndim != 2:
        raise ValueError(f"right must have the axes (questions, epochs); got shape {values.shape}")
    odd = ~(np.isnan(values) | (values == 0) | (values == 1)).all(axis=1)
    if odd.any():
        raise ValueError(f"right of question {first(odd)} holds other values than 0, 1 and NaN")
    time = np.asarray(minutes, dtype=np.float64)
    weight = np.ones(len(values)) if weights is None else np.asarray(weights, dtype=np.float64)
    for name, column in (("minutes", time), ("weights", weight)):
        if column.shape != (len(values),):
            raise ValueError(
                f"{name} has shape {column.shape}; {counted(len(values), 'question', 'needs', 'need')} ({len(values)},)"
            )
        odd = (column < 0) | np.isinf(column)
        if odd.any():
            raise ValueError(
                f"{name} of question {first(odd)} is {column[first(odd)]:g}: finite, from 0, is permitted"
            )
    epochs = (~np.isnan(values)).sum(axis=1)
    wins = np.nansum(values, axis=1).astype(np.int64)
    family = np.arange(len(values)) if clusters is None else cluster_numbers(clusters, len(values))
    held = epochs > 0
    known = held & (time > 0)
    if np.isnan(weight[known]).any():
        raise ValueError(f"weights of question {first(known & np.isnan(weight))} is NaN: each needs one")
    members: dict[int, list[tuple[float, ...]]] = {}
    for row in np.flatnonzero(known & (weight > 0)).tolist():
        content = (float(np.log2(time[row])), float(wins[row]), float(epochs[row]), float(weight[row]))
        members.setdefault(int(family[row]), []).append(content)
    ordered = sorted(sorted(own) for own in members.values())
    table = np.array([row for own in ordered for row in own]).reshape(-1, 4)
    sizes = [len(own) for own in ordered]
    return _Tasks(
        x=table[:, 0],
        wins=table[:, 1].astype(np.int64),
        epochs=table[:, 2].astype(np.int64),
        weight=table[:, 3],
        family=np.repeat(np.arange(len(sizes)), sizes).astype(np.int64),
        unknown=int((held & ~known).sum()),
    )


def _obstacle(fit: LogisticCurves, trials: FloatArray) -> str:
    """Why there is no curve, or why it has no horizon; an empty string where it has."""
    if not (trials > 0).any():
        return "no question has both enough runs and a known time of people"
    if fit.flat[0]:
        return "all questions take people equally long"
    if fit.separable[0]:
        return "a length parts successes from failures (or all runs are alike), so that no finite curve fits best"
    if np.isnan(fit.slope[0]):
        return "the fit did not converge"
    if not fit.slope[0] < 0:
        return "success does not fall with the time that people take"
    return ""


def _replicates(
    tasks: _Tasks,
    strict: FloatArray,
    trials: FloatArray,
    k: int,
    regularisation: float,
    resamples: int,
    rng: np.random.Generator,
) -> tuple[list[LogisticCurves], list[LogisticCurves], list[LogisticCurves]]:
    """Fits of replicates, a block at a time: of whole families, in three stages, and of pass^k of whole families.

    Args:
        tasks: The tasks.
        strict: pass^k of each task times its weight, shape (tasks,).
        trials: Weight of each task in the fit of pass^k, shape (tasks,).
        k: Exponent of that fit.
        regularisation: Penalty of half the squared slope, in units of the whole weight.
        resamples: Replicates.
        rng: Source of randomness.
    """
    whole, staged, others = [], [], []
    penalty, penalty_k = (regularisation * float(part.sum()) for part in (tasks.trials, trials))
    step = max(1, _BLOCK // max(1, len(tasks.x)))
    for start in range(0, resamples if tasks.families > 1 else 0, step):
        drawn = draw_weights(tasks.families, min(step, resamples - start), rng).astype(np.int64)
        times = drawn[:, tasks.family]
        runs = _tasks_within(tasks, drawn, rng) * tasks.epochs
        wins = rng.binomial(runs, tasks.wins / np.maximum(tasks.epochs, 1))
        whole.append(fit_logistic(tasks.x, times * tasks.successes, times * tasks.trials, penalty=penalty))
        staged.append(fit_logistic(tasks.x, wins * tasks.weight, runs * tasks.weight, penalty=penalty))
        others.append(fit_logistic(tasks.x, times * strict, times * trials, power=k, penalty=penalty_k))
    return whole, staged, others


def _tasks_within(tasks: _Tasks, drawn: IntArray, rng: np.random.Generator) -> IntArray:
    """How often each task is drawn: as many of a family as it has, for each time that the family is drawn."""
    if tasks.families == len(tasks.x):
        return drawn
    times = np.empty((len(drawn), len(tasks.x)), dtype=np.int64)
    start = 0
    for family, size in enumerate(np.bincount(tasks.family).tolist()):
        times[:, start : start + size] = rng.multinomial(drawn[:, family] * size, np.full(size, 1 / size))
        start += size
    return times


def _horizon(
    name: str,
    probability: float,
    tasks: _Tasks,
    fit: LogisticCurves,
    note: str,
    whole: Sequence[LogisticCurves],
    staged: Sequence[LogisticCurves],
    level: float,
) -> Horizon:
    """One horizon with its intervals, or the reason why there is none."""
    point = float(fit.crossing(probability)[0])
    inside = (tasks.x >= point).any() and (tasks.x <= point).any()
    interval, three_stages, undefined = UNDEFINED, UNDEFINED, NAN
    if not note and tasks.families < 2:
        note = "no interval: one family of tasks cannot tell what others would give"
    elif not note:
        replicates = np.concatenate([part.crossing(probability) for part in whole])
        undefined = float(np.isnan(replicates).mean())
        interval = _interval(replicates, level, tasks.families)
        if staged:
            again = np.concatenate([part.crossing(probability) for part in staged])
            three_stages = _interval(again, level, tasks.families)
            if np.isnan(three_stages.low):
                note = f"no interval in three stages: {np.isnan(again).mean():.0%} of their replicates have no horizon"
        if undefined > MOST_UNDEFINED:
            note = f"no interval: {undefined:.0%} of the bootstrap's replicates have no horizon"
    return Horizon(
        name,
        probability,
        _minutes(point),
        interval,
        three_stages,
        undefined,
        bool(not np.isnan(point) and not inside),
        note,
    )


def _interval(replicates: FloatArray, level: float, families: int) -> Interval:
    if np.isnan(replicates).mean() > MOST_UNDEFINED:
        return UNDEFINED
    low, high = percentile_interval(replicates, level, families)
    return Interval(_minutes(low), _minutes(high))


def _minutes(doublings: float) -> float:
    """2 to a power; NaN beyond what a float holds."""
    return float(2.0**doublings) if abs(doublings) < 1000 else NAN
