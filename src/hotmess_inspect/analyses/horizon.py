"""Time horizon: the length of the tasks, in the time that people take, at which success falls to 50 % or 80 %."""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import comb

from hotmess_inspect.analyses._arrays import check_level, percentile_interval, seeded
from hotmess_inspect.arrays import NAN, FloatArray, IntArray, cluster_numbers, first
from hotmess_inspect.inference.intervals import UNDEFINED, Interval
from hotmess_inspect.inference.logistic import LogisticCurves, fit_logistic
from hotmess_inspect.inference.resampling import draw_weights

MOST_UNDEFINED = 0.05
"""Share of replicates without a horizon from which on there is no interval."""
_BLOCK = 1 << 21


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
        horizons: p50, p80, and the one of pass^k = 50 %.
        tasks: Questions in the fit.
        runs: Their epochs.
        families: Clusters of tasks; None where each task stands alone.
        unknown_minutes: Questions left out because people's time is unknown or not above 0.
        too_few_runs: Questions left out of pass^k because they have fewer than k epochs.
        k: Epochs that pass^k asks to be all right.
        note: Why there is no fit, or an empty string.
    """

    intercept: float
    slope: float
    horizons: tuple[Horizon, ...]
    tasks: int
    runs: int
    families: int | None
    unknown_minutes: int
    too_few_runs: int
    k: int
    note: str


def horizon(
    right: ArrayLike,
    minutes: ArrayLike,
    *,
    weights: ArrayLike | None = None,
    clusters: Sequence[Hashable] | NDArray[Any] | None = None,
    k: int = 2,
    level: float = 0.95,
    resamples: int = 2000,
    rng: np.random.Generator | None = None,
) -> HorizonFit:
    """Fit success against log2(minutes) by logistic regression and read the horizons off the curve.

    P(success) = σ(a + b·log2 minutes) by maximum likelihood without regularisation; the horizon of probability p is
    2^((logit p - a)/b). For pass^k, each task's unbiased C(c, k)/C(n, k) is fitted by σ(a_k + b_k·log2 minutes)^k,
    which is exact where tasks of equal length are equally hard and does not assume it. Each run counts by the weight
    of its task.

    Args:
        right: 1 for right, 0 for wrong, NaN for a missing epoch, shape (questions, epochs).
        minutes: Time that people take for each question, shape (questions,); NaN where unknown.
        weights: Weight of a run of each question, not negative, shape (questions,); None weighs runs alike.
        clusters: Family of each question, shape (questions,); None: each stands alone.
        k: Epochs that pass^k asks to be all right, from 1.
        level: Coverage of the intervals, inside (0, 1).
        resamples: Bootstrap replicates.
        rng: Source of randomness; None is `np.random.default_rng(0)`.

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
    tasks = _tasks(right, minutes, weights, clusters)
    fit = fit_logistic(tasks.x, tasks.successes[None], tasks.trials[None])
    draws = _Draws(tasks, level, resamples, seeded(rng))
    found = [
        draws.horizon(name, p, fit, tasks.successes, tasks.trials, stages=True)
        for name, p in (("p50", 0.5), ("p80", 0.8))
    ]
    enough = tasks.epochs >= k
    rate = np.where(enough, comb(tasks.wins, k) / np.maximum(comb(tasks.epochs, k), 1), 0.0)
    trials = np.where(enough, tasks.trials, 0.0)
    strict = fit_logistic(tasks.x, (rate * trials)[None], trials[None], power=k)
    found.append(draws.horizon(f"pass^{k}", 0.5, strict, rate * trials, trials, stages=False))
    return HorizonFit(
        intercept=float(fit.intercept[0]),
        slope=float(fit.slope[0]),
        horizons=tuple(found),
        tasks=len(tasks.x),
        runs=int(tasks.epochs.sum()),
        families=None if clusters is None else draws.families,
        unknown_minutes=tasks.unknown,
        too_few_runs=int((~enough).sum()),
        k=k,
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
                f"{name} has shape {column.shape}; {len(values)} questions need ({len(values)},)"
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


class _Draws:
    """Replicates of one set of tasks: families as wholes, and families, tasks and runs in three stages."""

    def __init__(self, tasks: _Tasks, level: float, resamples: int, rng: np.random.Generator) -> None:
        self.tasks, self.level = tasks, level
        self.families = int(tasks.family.max(initial=-1)) + 1
        if self.families < 2:
            return
        drawn = draw_weights(self.families, resamples, rng).astype(np.int64)
        self.whole = drawn[:, tasks.family]
        self.staged = self._tasks_within(drawn, rng) * tasks.epochs
        self.staged_wins = rng.binomial(self.staged, tasks.wins / np.maximum(tasks.epochs, 1))

    def _tasks_within(self, drawn: IntArray, rng: np.random.Generator) -> IntArray:
        """How often each task is drawn: as many of a family as it has, for each time that it is drawn."""
        times = np.empty((len(drawn), len(self.tasks.x)), dtype=np.int64)
        start = 0
        for family, size in enumerate(np.bincount(self.tasks.family).tolist()):
            times[:, start : start + size] = rng.multinomial(drawn[:, family] * size, np.full(size, 1 / size))
            start += size
        return times

    def horizon(
        self,
        name: str,
        probability: float,
        fit: LogisticCurves,
        successes: FloatArray,
        trials: FloatArray,
        *,
        stages: bool,
    ) -> Horizon:
        x = self.tasks.x
        note = _obstacle(fit, trials)
        point = float(fit.crossing(probability)[0])
        if note or self.families < 2:
            note = note or "no interval: one family of tasks cannot tell what others would give"
            return Horizon(
                name, probability, _minutes(point), UNDEFINED, UNDEFINED, NAN, self._outside(point), note
            )
        whole = self._crossings(self.whole * successes, self.whole * trials, probability, fit.power)
        staged = UNDEFINED
        if stages:
            weight = self.tasks.weight
            replicates = self._crossings(
                self.staged_wins * weight, self.staged * weight, probability, fit.power
            )
            staged = self._interval(replicates)
        undefined = float(np.isnan(whole).mean())
        if undefined > MOST_UNDEFINED:
            note = f"no interval: {undefined:.0%} of the bootstrap's replicates have no horizon"
        inside = (x >= point).any() and (x <= point).any()
        return Horizon(
            name,
            probability,
            _minutes(point),
            self._interval(whole),
            staged,
            undefined,
            not inside,
            note,
        )

    def _outside(self, point: float) -> bool:
        x = self.tasks.x
        return bool(not np.isnan(point) and not ((x >= point).any() and (x <= point).any()))

    def _crossings(
        self, successes: FloatArray, trials: FloatArray, probability: float, power: int
    ) -> FloatArray:
        """Horizons of the replicates in log2 minutes, shape (resamples,)."""
        step = max(1, _BLOCK // max(1, len(self.tasks.x)))
        parts = [
            fit_logistic(
                self.tasks.x, successes[at : at + step], trials[at : at + step], power=power
            ).crossing(probability)
            for at in range(0, len(trials), step)
        ]
        return np.concatenate(parts)

    def _interval(self, replicates: FloatArray) -> Interval:
        if np.isnan(replicates).mean() > MOST_UNDEFINED:
            return UNDEFINED
        low, high = percentile_interval(replicates, self.level, self.families)
        return Interval(_minutes(low), _minutes(high))


def _minutes(doublings: float) -> float:
    """2 to a power; NaN beyond what a float holds."""
    return float(2.0**doublings) if abs(doublings) < 1000 else NAN
