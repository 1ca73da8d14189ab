"""Intervals of ratios of sums over questions: incoherence, means, and their differences.

A mean is a ratio whose denominators are ones. Every method works on per-question numerators and
denominators and treats questions (or clusters of questions) as independent draws.
"""

from collections.abc import Sequence
from typing import Literal, NamedTuple, TypeAlias, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hotmess_inspect.arrays import FloatArray, Seed, check_choice
from hotmess_inspect.inference.quantiles import sample_quantiles, student_quantile, student_quantiles
from hotmess_inspect.inference.ratios import FEWEST, RatioTable, effective_number
from hotmess_inspect.inference.resampling import LARGE, canonical_order, cluster_sums, resampled_sums
from hotmess_inspect.words import counted

Method: TypeAlias = Literal["studentised", "linearised", "jackknife"]
METHODS: tuple[str, ...] = get_args(Method)

# Up to here the jackknife leaves out pairs too, for the bias of order 1/N²; beyond, that is negligible.
_PAIRS = 200
# Effective clusters from which on they are resampled beside the jackknife.
FEW_CLUSTERS = 10


class Interval(NamedTuple):
    """A confidence interval; both ends are NaN where it is undefined."""

    low: float
    high: float


UNDEFINED = Interval(float("nan"), float("nan"))


def ratio_interval(
    numerator: ArrayLike,
    denominator: ArrayLike,
    *,
    level: float = 0.95,
    resamples: int = 2000,
    clusters: ArrayLike | None = None,
    rng: Seed = None,
    method: Method | None = None,
) -> Interval:
    """Interval of one ratio Σ numerator / Σ denominator; see `ratio_intervals`.

    Args:
        numerator: Per question, shape (questions,).
        denominator: Per question, shape (questions,).
        level: Nominal coverage, inside (0, 1).
        resamples: Bootstrap replicates.
        clusters: Cluster number of each question, shape (questions,).
        rng: Source of randomness; a generator, or an integer that seeds one (None: 0).
        method: As in `ratio_intervals`.

    Returns:
        Interval(low, high).

    Raises:
        ValueError: As `ratio_intervals`.
    """
    columns = [np.asarray(values, dtype=np.float64).reshape(-1, 1) for values in (numerator, denominator)]
    low, high = ratio_intervals(
        *columns, level=level, resamples=resamples, clusters=clusters, rng=rng, method=method
    )[0]
    return Interval(float(low), float(high))


def ratio_intervals(
    numerators: ArrayLike,
    denominators: ArrayLike,
    *,
    level: float = 0.95,
    resamples: int = 2000,
    clusters: ArrayLike | None = None,
    rng: Seed = None,
    weights: NDArray[np.uint8] | None = None,
    method: Method | None = None,
) -> FloatArray:
    """Intervals of many ratios of sums over the same questions, all from one set of resamples.

    Methods, with θ = ΣV/ΣE over N questions and the linearised standard error
    se² = N/(N - 1) Σ(v_i - θe_i)² / (ΣE)²:

    - "studentised" (default): quantiles of t* = (θ* - θ)/se* over bootstrap replicates, θ - t*se. It
      keeps its coverage where the data are skewed. Each se* is computed with one question of the
      original spread added (se*² ← (N se*² + se²)/(N + 1)), so that a replicate without any spread
      does not send an end to infinity. Quantiles of means (denominators of 1, or 0 for questions that do
      not count) go a share ½(1 - 2/G) of the way towards Student's, G = (Σu²)²/Σu⁴ of the influences u.
    - "linearised": θ ± t se with Student's t, N - 1 degrees of freedom; no resampling. Default above
      10,000 questions. With clusters se is CR1 over the G clusters, G/(G - 1) in place of N/(N - 1).
    - "jackknife": θ ± t se with se² = (G - 1)/G Σ(θ₋g - θ)² over the estimates without each cluster
      (CV3). Default with clusters; from ten effective clusters on, each end is the further of this one's and that
      of "studentised" over the clusters' sums, which knows of skewness.

    With clusters t has G* - 1 degrees of freedom, G* = (Σn)²/Σn² for clusters of n questions: few and very
    unequal clusters are covered only so. "jackknife" takes (ΣE)²/ΣE² over the clusters' denominators where
    that is less.

    Args:
        numerators: Shape (questions, columns).
        denominators: Shape (questions, columns) or (questions, 1).
        level: Nominal coverage, inside (0, 1).
        resamples: Bootstrap replicates.
        clusters: Cluster number of each question, shape (questions,); clusters are then the units. The same
            as None where every question has one of its own.
        rng: Source of randomness; a generator, or an integer that seeds one (None: 0). The result does not depend on
            the order of the questions, to the bit.
        weights: Kept weights of `draw_weights` for as many questions (or clusters), instead of `rng`.
        method: One of the above.

    Returns:
        Low and high ends, shape (columns, 2); NaN where the effective number of units with a denominator,
        (ΣE)²/ΣE², or of clusters, G*, is below two, or where the units do not differ at all: they say
        nothing about how others would.

    Raises:
        ValueError: If shapes disagree, a value is not finite or an option is outside its range.

    References:
        Efron and Tibshirani, An Introduction to the Bootstrap (1993), ch. 12;
        Carter, Schnepel and Steigerwald (2017), doi:10.1162/REST_a_00639, for G*; MacKinnon, Nielsen and
        Webb (2023), doi:10.1016/j.jeconom.2022.04.001, for CR1.
    """
    top, bottom = _columns(numerators, denominators)
    return _intervals(
        [top, bottom],
        level=level,
        resamples=resamples,
        clusters=clusters,
        rng=rng,
        weights=weights,
        method=method,
    )


def linearised_means(
    values: FloatArray, counted: FloatArray, times: FloatArray, level: float = 0.95
) -> FloatArray:
    """The "linearised" intervals of means over very many questions, from their distinct rows.

    Args:
        values: Per distinct row, 0 where it is not counted, shape (rows, columns).
        counted: 1 where the row counts for the column, else 0, same shape.
        times: How many questions have each row, shape (rows,).
        level: Nominal coverage.

    Returns:
        As `ratio_intervals` of the questions one by one, up to rounding; shape (columns, 2).
    """
    questions, number = times.sum(), times @ counted
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = times @ values / number
        influence = (values - mean * counted) / number
        error = np.sqrt(questions / (questions - 1) * (times @ np.square(influence)))
        size = np.sqrt(times @ np.square((np.abs(values) + np.abs(mean) * counted) / number))
    reach = student_quantile(float(questions - 1), (1 + level) / 2) * error
    told = (number >= FEWEST) & (error > 1e-12 * size)
    found: FloatArray = np.where(told[:, None], np.stack([mean - reach, mean + reach], axis=1), np.nan)
    return found


def difference_intervals(
    first: tuple[ArrayLike, ArrayLike],
    second: tuple[ArrayLike, ArrayLike],
    *,
    level: float = 0.95,
    resamples: int = 2000,
    clusters: ArrayLike | None = None,
    rng: Seed = None,
    weights: NDArray[np.uint8] | None = None,
    method: Method | None = None,
) -> FloatArray:
    """Intervals of first ratio - second ratio, paired by question.

    Both runs are resampled together, so what they share (hard questions) cancels.

    Args:
        first: Numerators and denominators of one run, each of shape (questions, columns).
        second: The same of the other run, on the same questions in the same order.
        level: As in `ratio_intervals`, like all other options.
        resamples: Bootstrap replicates.
        clusters: Cluster number of each question, shape (questions,).
        rng: Source of randomness.
        weights: Kept weights.
        method: "studentised", "linearised" or "jackknife".

    Returns:
        Low and high ends, shape (columns, 2). With the runs in the other order they are the mirror image: the order
        in which questions are drawn comes from whichever run's sorted values are the lesser.

    Raises:
        ValueError: As `ratio_intervals`.
    """
    parts = [*_columns(*first), *_columns(*second)]
    if parts[0].shape != parts[2].shape:
        raise ValueError(f"the two runs have shapes {parts[0].shape} and {parts[2].shape}; they are paired")
    if clusters is None and method is None and len(parts[0]) > LARGE:
        # By the delta method nothing is drawn: the ends are mirror images up to rounding.
        return _intervals(
            parts, level=level, resamples=resamples, clusters=None, rng=rng, weights=weights, method=method
        )
    swapped = [*parts[2:], *parts[:2]]
    # Adding zero turns -0.0 into 0.0.
    one, other = ((np.stack(ratio_table(held, clusters).parts) + 0.0).tobytes() for held in (parts, swapped))
    ends = _intervals(
        parts if one <= other else swapped,
        level=level,
        resamples=resamples,
        clusters=clusters,
        rng=rng,
        weights=weights,
        method=method,
    )
    mirror: FloatArray = -ends[:, ::-1]
    if one == other:
        low = np.minimum(ends[:, 0], mirror[:, 0])
        return np.stack([low, -low], axis=1)
    return ends if one < other else mirror


def jackknife_ratios(
    numerators: ArrayLike, denominators: ArrayLike, clusters: ArrayLike | None = None
) -> FloatArray:
    """Ratios of sums without their own small-sample bias, by the jackknife over questions.

    A ratio of two means over N questions is biased by O(1/N) though both means are unbiased: some
    percent at 30 questions, more where few of them err. With θ̄₁ and θ̄₂ the means of the ratio without
    each question and without each pair of questions,

        first order:  N θ - (N - 1) θ̄₁
        second order: (N² θ - 2 (N - 1)² θ̄₁ + (N - 2)² θ̄₂)/2

    The second is used up to 200 units, where it is defined; above, both agree.

    Args:
        numerators: Shape (questions, columns).
        denominators: Shape (questions, columns) or (questions, 1).
        clusters: Label of each question's cluster, shape (questions,); clusters are then the units.

    Returns:
        Shape (columns,); NaN with fewer than two units, or where leaving one out leaves no denominator.

    References:
        Schucany, Gray and Owen (1971), On bias reduction in estimation.
    """
    table = ratio_table(_columns(numerators, denominators), clusters)
    count = len(table.parts[0])
    if count < 2:
        return np.full(table.parts[0].shape[1], np.nan)
    without_one = table.left_out().mean(axis=0)
    corrected: FloatArray = count * table.estimate - (count - 1) * without_one
    if 2 < count <= _PAIRS:
        squares = count**2, 2 * (count - 1) ** 2, (count - 2) ** 2
        second = (
            squares[0] * table.estimate - squares[1] * without_one + squares[2] * table.without_pairs()
        ) / 2
        corrected = np.where(np.isfinite(second), second, corrected)
    return np.where(np.isfinite(corrected), corrected, np.nan)


def _intervals(
    parts: Sequence[FloatArray],
    *,
    level: float,
    resamples: int,
    clusters: ArrayLike | None,
    rng: Seed,
    weights: NDArray[np.uint8] | None,
    method: Method | None,
) -> FloatArray:
    if method is not None:
        check_choice("method", method, METHODS)
    if not 0 < level < 1:
        raise ValueError(f"level={level!r} is outside (0, 1)")
    if resamples < 1:
        raise ValueError(f"resamples={resamples} must be at least 1")
    table = ratio_table(parts, clusters)
    units, columns = table.parts[0].shape
    if units < 2 or columns == 0:
        return np.full((columns, 2), np.nan)
    # Bootstrapping a few unequal clusters alone covers far less than nominal.
    default: Method = "jackknife" if table.sizes is not None else "linearised"
    both = method is None and table.sizes is not None and FEW_CLUSTERS <= effective_number(table.sizes)
    method = method or ("studentised" if units <= LARGE and table.sizes is None else default)
    tails = np.array([(1 - level) / 2, (1 + level) / 2])
    if method == "linearised":
        ends = _student_ends(table, tails, table.standard_error, table.degrees_of_freedom)
    elif method == "jackknife":
        ends = _student_ends(table, tails, table.jackknife_error, table.erring_degrees_of_freedom)
    else:
        ends = _bootstrap_ends(table, tails, resamples, rng, weights)
    if both and units <= LARGE:
        # Sums over clusters can be as skewed as questions, of which the jackknife knows nothing.
        other = _bootstrap_ends(table, tails, resamples, rng, weights)
        ends = np.stack([np.fmin(ends[0], other[0]), np.fmax(ends[1], other[1])])
    ends[:, ~(table.defined & table.spread)] = np.nan
    return np.ascontiguousarray(ends.T)


def _student_ends(
    table: RatioTable, tails: FloatArray, error: FloatArray, degrees_of_freedom: FloatArray
) -> FloatArray:
    """θ + t se at the two tails, shape (2, columns)."""
    # Fewer than one leave the interval undefined: see `RatioTable.defined`.
    freedom = np.maximum(degrees_of_freedom, 1.0).tolist()
    # Means over the same clusters share their degrees of freedom.
    known = {df: student_quantiles(df, tails.tolist()) for df in set(freedom)}
    quantiles = np.array([known[df] for df in freedom]).T
    ends: FloatArray = table.estimate + quantiles * error
    return ends


def _bootstrap_ends(
    table: RatioTable,
    tails: FloatArray,
    resamples: int,
    rng: Seed,
    weights: NDArray[np.uint8] | None,
) -> FloatArray:
    columns = np.concatenate([*table.parts, *table.products()], axis=1)
    replicates = table.replicates(resampled_sums(columns, resamples=resamples, rng=rng, weights=weights))
    count = len(table.parts[0])
    with np.errstate(invalid="ignore", divide="ignore"):
        pooled = np.sqrt(
            (count * np.square(replicates.errors) + np.square(table.standard_error)) / (count + 1)
        )
        pivots = (replicates.values - table.estimate) / pooled
    # A replicate in which nothing errs says nothing about the ratio: it stands in the middle.
    quantiles = sample_quantiles(np.nan_to_num(pivots, posinf=0.0, neginf=0.0), tails[::-1])
    student = student_quantiles(float(table.degrees_of_freedom[0]), tails[::-1].tolist())
    quantiles = quantiles + table.student_share * (np.array(student)[:, None] - quantiles)
    ends: FloatArray = table.estimate - quantiles * table.standard_error
    return ends


def _columns(numerators: ArrayLike, denominators: ArrayLike) -> list[FloatArray]:
    top, bottom = (np.asarray(values, dtype=np.float64) for values in (numerators, denominators))
    for name, values in (("numerators", top), ("denominators", bottom)):
        if values.ndim != 2:
            raise ValueError(f"{name} must have the axes (questions, columns); got shape {values.shape}")
        if not np.isfinite(values).all():
            row = int(np.flatnonzero(~np.isfinite(values).all(axis=1))[0])
            raise ValueError(f"{name} of question {row} are not finite")
    if len(top) != len(bottom) or bottom.shape[1] not in (1, top.shape[1]):
        raise ValueError(f"numerators of shape {top.shape} and denominators of shape {bottom.shape} disagree")
    return [top, np.broadcast_to(bottom, top.shape)]


def ratio_table(parts: Sequence[FloatArray], clusters: ArrayLike | None) -> RatioTable:
    """Units in canonical order: what follows does not depend on the order of the questions."""
    stacked = np.concatenate(parts, axis=1)
    if clusters is not None:
        labels = np.asarray(clusters)
        if labels.shape != (len(stacked),):
            raise ValueError(
                f"clusters has shape {labels.shape}; there are {counted(len(stacked), 'question')}"
            )
        sums = cluster_sums(np.column_stack([stacked, np.ones(len(stacked))]), labels)
        if len(sums) < len(stacked):
            sums = sums[canonical_order(sums)]
            return RatioTable(np.split(sums[:, :-1], len(parts), axis=1), sums[:, -1])
    order = canonical_order(stacked)
    return RatioTable([part[order] for part in parts])
