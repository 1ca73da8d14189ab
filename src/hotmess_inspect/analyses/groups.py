"""Do bias and variance fall alike with the size of the model? Power laws per group of difficulty."""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hotmess_inspect.analyses._arrays import check_level, percentile_interval
from hotmess_inspect.arrays import (
    NAN,
    FloatArray,
    IntArray,
    Seed,
    cluster_numbers,
    mean_over_epochs,
    ordered_mean,
    seeded,
)
from hotmess_inspect.decomposition import Decomposition
from hotmess_inspect.inference.intervals import UNDEFINED, Interval
from hotmess_inspect.inference.power_laws import PowerLaw, fit_power_law, power_law_exponents
from hotmess_inspect.inference.resampling import canonical_order, cluster_sums, resampled_sums
from hotmess_inspect.words import counted

UNGROUPED = -1


@dataclass(frozen=True)
class SlopeEquality:
    """Wald test of the hypothesis that exponents are equal, with their bootstrap covariance.

    Attributes:
        statistic: (Cβ)ᵀ(CΣCᵀ)⁻¹(Cβ), a Hotelling T² under the hypothesis.
        degrees_of_freedom: Exponents compared, less one.
        p_value: NaN where fewer than two exponents are defined or do not vary.
    """

    statistic: float
    degrees_of_freedom: int
    p_value: float


@dataclass(frozen=True, eq=False)
class GroupScaling:
    """How the errors on one group of questions fall with the size of the model.

    Attributes:
        group: Number of the group, 0 the easiest.
        questions: Questions that count: two epochs in every model.
        mean_bias_squared: Mean squared bias per model, shape (models,).
        mean_variance: Mean variance per model, shape (models,).
        bias_squared: Power law of bias² in size.
        bias_squared_ci: Interval of its exponent over resampled questions.
        variance: Power law of the variance in size.
        variance_ci: Interval of its exponent.
        difference: Exponent of bias² less that of the variance: below 0, bias falls faster and larger
            models fail less coherently.
        difference_ci: Its interval, both exponents from the same resampled questions.
        equality: Test that the two exponents are equal.
        undefined_resamples: Replicates without one of the exponents.
    """

    group: int
    questions: int
    mean_bias_squared: FloatArray
    mean_variance: FloatArray
    bias_squared: PowerLaw
    bias_squared_ci: Interval
    variance: PowerLaw
    variance_ci: Interval
    difference: float
    difference_ci: Interval
    equality: SlopeEquality
    undefined_resamples: int


@dataclass(frozen=True, eq=False)
class ScalingLaws:
    """Power laws per group, and whether the groups share them.

    Attributes:
        sizes: Sizes of the models, shape (models,).
        groups: From the easiest to the hardest.
        bias_squared_equality: Test that bias² has one exponent in all groups.
        variance_equality: Test that the variance has.
        ungrouped_questions: Questions left out because they belong to no group.
        incomplete_questions: Questions left out because a model has fewer than two epochs of them.
    """

    sizes: FloatArray
    groups: tuple[GroupScaling, ...]
    bias_squared_equality: SlopeEquality
    variance_equality: SlopeEquality
    ungrouped_questions: int
    incomplete_questions: int


def difficulty_groups(
    reference_lengths: ArrayLike, *, groups: int = 3, ids: Sequence[str] | None = None
) -> IntArray:
    """Equal-size groups of questions by the length of a reference run's answers.

    Args:
        reference_lengths: Lengths in the reference run, shape (questions,) or (questions, epochs), NaN
            where unknown.
        groups: How many.
        ids: Names of the questions, shape (questions,), that tell equal lengths apart. Without them
            equal lengths stay together, in the group of the middle one, and sizes can differ.

    Returns:
        Group of each question, shape (questions,): 0 the shortest … groups - 1 the longest, -1 where
        the length is unknown. Sizes differ by at most one when lengths or ids are all different.

    Raises:
        ValueError: If `groups` is below 1 or shapes disagree.

    References:
        Hägele et al. (2026), section 3, https://arxiv.org/abs/2601.23045
    """
    if groups < 1:
        raise ValueError(f"groups={groups!r} must be at least 1")
    values = np.asarray(reference_lengths, dtype=np.float64)
    if values.ndim not in (1, 2):
        raise ValueError(
            f"reference_lengths must have the axes (questions,) or (questions, epochs); got {values.shape}"
        )
    length = mean_over_epochs(values) if values.ndim == 2 else values
    known = np.flatnonzero(~np.isnan(length))
    if ids is not None and len(ids) != len(length):
        raise ValueError(f"ids has {counted(len(ids), 'name')}; there are {counted(len(length), 'question')}")
    if ids is None:
        _, which, same = np.unique(length[known], return_inverse=True, return_counts=True)
        # The middle of the ranks that equal lengths share.
        rank = (np.cumsum(same) - (same + 1) / 2)[which]
    else:
        names = np.unique(np.asarray(ids, dtype=str)[known], return_inverse=True)[1]
        rank = np.empty(len(known))
        rank[np.lexsort((names, length[known]))] = np.arange(len(known))
    number = np.full(len(length), UNGROUPED, dtype=np.int64)
    # The same sizes as an even cut: the first groups take what does not divide.
    edges = np.cumsum([len(part) for part in np.array_split(known, groups)])
    number[known] = np.searchsorted(edges, rank, side="right")
    return number


def scaling_laws(
    sizes: ArrayLike,
    decompositions: Sequence[Decomposition],
    groups: ArrayLike,
    *,
    level: float = 0.95,
    resamples: int = 2000,
    clusters: Sequence[Hashable] | NDArray[Any] | None = None,
    rng: Seed = None,
) -> ScalingLaws:
    """Fit bias² ∝ size^α and variance ∝ size^β in every group of questions.

    Means over a group's questions are fitted by least squares on logarithms. Intervals resample
    questions, the same ones for all models; models themselves are few and taken as given. Where resampling moves
    nothing, as among a few questions alike, there is no interval.

    Args:
        sizes: Sizes of the models, such as parameters, shape (models,), positive.
        decompositions: One per model, about the same questions in the same order.
        groups: Group of each question, shape (questions,), -1 for none; see `difficulty_groups`.
        level: Coverage of the intervals, inside (0, 1).
        resamples: Bootstrap replicates.
        clusters: Label of each question's cluster, shape (questions,), resampled as a whole.
        rng: Source of randomness; a generator, or an integer that seeds one (None: 0).

    Returns:
        Fits, intervals and tests. An exponent is NaN, with a note, where fewer than two models have a
        positive mean: unbiased bias² can be negative for a model without bias.

    Raises:
        ValueError: If shapes disagree or an option is outside its range.

    References:
        Hägele et al. (2026), section 3, https://arxiv.org/abs/2601.23045
    """
    check_level(level, resamples)
    size, number = _check_models(sizes, decompositions, groups)
    terms = np.array([[d.bias_squared, d.variance] for d in decompositions]).transpose(2, 1, 0)
    complete = ~np.isnan(terms).any(axis=(1, 2))
    counted = np.flatnonzero(complete & (number >= 0))
    present = np.unique(number[counted])
    labels = None if clusters is None else cluster_numbers(clusters, len(number))[counted]
    replicates = _resampled_exponents(
        size, terms[counted], number[counted], present, labels, resamples, seeded(rng)
    )
    units = [
        int((number[counted] == group).sum())
        if labels is None
        else len(np.unique(labels[number[counted] == group]))
        for group in present
    ]
    fits = [
        _group_scaling(
            int(group), size, terms[complete & (number == group)], replicates[:, place], units[place], level
        )
        for place, group in enumerate(present)
    ]
    exponents = np.array([(fit.bias_squared.exponent, fit.variance.exponent) for fit in fits]).reshape(-1, 2)
    equalities = [
        slope_equality(column, drawn, min(units, default=0))
        for column, drawn in zip(exponents.T, np.moveaxis(replicates, 2, 0), strict=True)
    ]
    return ScalingLaws(
        sizes=size,
        groups=tuple(fits),
        bias_squared_equality=equalities[0],
        variance_equality=equalities[1],
        ungrouped_questions=int((number < 0).sum()),
        incomplete_questions=int(((number >= 0) & ~complete).sum()),
    )


def slope_equality(exponents: ArrayLike, replicates: ArrayLike, units: int) -> SlopeEquality:
    """Wald test that exponents are equal, for as few units as there are.

    With d contrasts and n units, T² = (Cβ)ᵀ(CΣCᵀ)⁻¹(Cβ) and T²(n - d)/(d(n - 1)) is compared with
    F(d, n - d); Σ is the replicates' covariance times n/(n - 1), since a bootstrap spreads too little.

    Args:
        exponents: Estimates, shape (exponents,).
        replicates: Bootstrap replicates of them, shape (resamples, exponents); those with an undefined
            exponent are left out.
        units: Questions or clusters behind them; of several groups the smallest.

    Returns:
        Statistic and p-value.
    """
    from scipy.special import fdtrc  # scipy is slow to import and not always needed

    estimates = np.asarray(exponents, dtype=np.float64)
    drawn = np.asarray(replicates, dtype=np.float64)
    freedom = len(estimates) - 1
    drawn = drawn[np.isfinite(drawn).all(axis=1)]
    if freedom < 1 or units <= freedom or np.isnan(estimates).any() or len(drawn) <= freedom:
        return SlopeEquality(NAN, max(freedom, 0), NAN)
    contrasts = estimates[1:] - estimates[0]
    covariance = np.atleast_2d(np.cov(drawn[:, 1:] - drawn[:, :1], rowvar=False)) * (units / (units - 1))
    if np.linalg.matrix_rank(covariance, hermitian=True) < freedom:
        return SlopeEquality(NAN, freedom, NAN)
    statistic = float(contrasts @ np.linalg.solve(covariance, contrasts))
    scaled = statistic * (units - freedom) / (freedom * (units - 1))
    return SlopeEquality(statistic, freedom, float(fdtrc(freedom, units - freedom, scaled)))


def _check_models(
    sizes: ArrayLike, decompositions: Sequence[Decomposition], groups: ArrayLike
) -> tuple[FloatArray, IntArray]:
    size = np.asarray(sizes, dtype=np.float64)
    if size.ndim != 1 or len(size) != len(decompositions) or not len(size):
        raise ValueError(f"sizes has shape {size.shape}; there are {len(decompositions)} decompositions")
    if not ((size > 0) & np.isfinite(size)).all():
        raise ValueError(f"sizes={size.tolist()!r} must be positive and finite")
    number = np.asarray(groups)
    if number.dtype.kind not in "iu":
        raise ValueError(f"groups must hold integers, -1 for none; got dtype {number.dtype}")
    for place, part in enumerate(decompositions):
        if part.error.shape != number.shape:
            raise ValueError(
                f"decomposition {place} has {counted(len(part.error), 'question')}; groups has shape {number.shape}"
            )
    return size, number.astype(np.int64)


def _resampled_exponents(
    sizes: FloatArray,
    terms: FloatArray,
    number: IntArray,
    present: IntArray,
    clusters: IntArray | None,
    resamples: int,
    rng: np.random.Generator,
) -> FloatArray:
    """Exponents of bias² and variance per replicate and group, shape (resamples, groups, 2).

    Sums serve as well as means: in a replicate a group has the same number of questions for all models.
    """
    shape = (len(present), *terms.shape[1:])
    table = np.zeros((len(terms), *shape))
    table[np.arange(len(terms)), np.searchsorted(present, number)] = terms
    flat = table.reshape(len(terms), int(np.prod(shape)))
    if clusters is not None:
        flat = cluster_sums(flat, clusters)
    if len(flat) < 2:
        return np.full((0, len(present), 2), np.nan)
    sums = resampled_sums(flat[canonical_order(flat)], resamples=resamples, rng=rng)
    return power_law_exponents(sizes, sums.reshape(resamples, *shape))


def _group_scaling(
    group: int, sizes: FloatArray, terms: FloatArray, replicates: FloatArray, units: int, level: float
) -> GroupScaling:
    means = np.array([[ordered_mean(column) for column in part] for part in np.moveaxis(terms, 0, -1)])
    bias_squared, variance = (fit_power_law(sizes, row) for row in means)
    difference = bias_squared.exponent - variance.exponent
    # A replicate whose mean falls to 0 has an exponent of -inf; two of them have no difference.
    with np.errstate(invalid="ignore"):
        columns = (*replicates.T, replicates[:, 0] - replicates[:, 1])
    intervals = [
        UNDEFINED if np.isnan(estimate) else percentile_interval(column, level, units)
        for estimate, column in zip(
            (bias_squared.exponent, variance.exponent, difference), columns, strict=True
        )
    ]
    return GroupScaling(
        group=group,
        questions=len(terms),
        mean_bias_squared=means[0],
        mean_variance=means[1],
        bias_squared=bias_squared,
        bias_squared_ci=intervals[0],
        variance=variance,
        variance_ci=intervals[1],
        difference=difference,
        difference_ci=intervals[2],
        equality=slope_equality([bias_squared.exponent, variance.exponent], replicates, units),
        undefined_resamples=int(np.isnan(replicates).any(axis=1).sum()),
    )
