"""Error, squared bias, variance and incoherence of walks, in the A-norm.

With ``|z|_A^2 = z^T A z``, minimum b and positions x_r of R walks (arXiv 2601.23045, App. B.4)::

    error = mean_r |x_r - b|_A^2    bias_squared = |mean_r x_r - b|_A^2    variance = mean_r |x_r - mean x|_A^2

The paper takes the R walks from different starts. A fixed step length makes every walk end in jumps about the
minimum, so that even a perfect imitator ends at an incoherence of 1: the teacher's own curve has to be shown beside
the model's, and what the model has in excess of it. Taken over seeds from one start, variance has no such floor.
"""

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from hotmess_inspect.experiments.optimizer.log_lines import LogLine, fit_log_line, log_line_exponents
from hotmess_inspect.experiments.optimizer.problem import ProblemConfig
from hotmess_inspect.experiments.optimizer.quadratic import FloatArray, Quadratic, Teacher
from hotmess_inspect.experiments.optimizer.steps import recorded_steps
from hotmess_inspect.inference.intervals import Interval

Estimator = Literal["plugin", "unbiased"]
TERMS = ("error", "bias_squared", "variance")


@dataclass(frozen=True, eq=False)
class Curve:
    """A decomposition at each recorded step: error = bias_squared + variance, in units of x^T A x.

    Attributes:
        steps: Updates made before, shape (recorded,).
        error: Mean squared distance to the minimum, shape (recorded,).
        bias_squared: Squared distance of the mean position, shape (recorded,).
        variance: Mean squared distance to the mean position, shape (recorded,).
    """

    steps: NDArray[np.int64]
    error: FloatArray
    bias_squared: FloatArray
    variance: FloatArray

    @property
    def incoherence(self) -> FloatArray:
        """Variance / error at each step, in [0, 1] for plug-in terms; NaN where there is no error."""
        undefined = np.full_like(self.error, np.nan)
        return np.divide(self.variance, self.error, out=undefined, where=self.error > 0)


def split_squared(
    white: FloatArray, axis: int, estimator: Estimator = "plugin"
) -> tuple[FloatArray, FloatArray]:
    """Squared bias and variance of whitened positions over one axis.

    Args:
        white: Positions as :meth:`Quadratic.whiten` gives them, (..., dims).
        axis: Over which the walks differ, not the last one.
        estimator: "plugin", or "unbiased" for independent walks: variance times R / (R - 1), taken off the bias.

    Returns:
        bias_squared and variance, each of the shape without ``axis`` and dims; their sum is the error.

    Raises:
        ValueError: If there is one walk and "unbiased" was asked for, or another estimator.
    """
    if estimator not in get_args(Estimator):
        raise ValueError(f"estimator must be one of {get_args(Estimator)}, not {estimator!r}")
    walks = white.shape[axis]
    if estimator == "unbiased" and walks < 2:
        raise ValueError("estimator 'unbiased' needs at least 2 walks")
    mean = white.mean(axis=axis, keepdims=True)
    bias_squared = np.square(mean).sum(axis=-1).squeeze(axis)
    variance = np.square(white - mean).sum(axis=-1).mean(axis=axis)
    if estimator == "unbiased":
        error = bias_squared + variance
        variance = variance * walks / (walks - 1)
        bias_squared = error - variance
    return bias_squared, variance


def over_starts(points: FloatArray, steps: NDArray[np.int64], quadratic: Quadratic) -> Curve:
    """The paper's decomposition: the walks are those of different starts.

    Args:
        points: Shape (starts, recorded, dims).
        steps: Shape (recorded,).
        quadratic: The surface.
    """
    bias_squared, variance = split_squared(quadratic.whiten(points), axis=0)
    return Curve(steps, bias_squared + variance, bias_squared, variance)


def per_start(
    points: FloatArray, steps: NDArray[np.int64], quadratic: Quadratic, *, estimator: Estimator = "unbiased"
) -> Curve:
    """Decomposition per start over stochastic walks from it, then the mean over starts.

    Args:
        points: Shape (starts, epochs, recorded, dims).
        steps: Shape (recorded,).
        quadratic: The surface.
        estimator: See :func:`split_squared`; epochs are few, so "unbiased".
    """
    bias_squared, variance = split_squared(quadratic.whiten(points), axis=1, estimator=estimator)
    terms = bias_squared.mean(axis=0), variance.mean(axis=0)
    return Curve(steps, terms[0] + terms[1], *terms)


def about_teacher(
    points: FloatArray, teacher: FloatArray, steps: NDArray[np.int64], quadratic: Quadratic
) -> Curve:
    """Decomposition over starts of the distance to where the teacher is after as many steps from the same start.

    Args:
        points: Shape (starts, recorded, dims).
        teacher: Same shape.
        steps: Shape (recorded,).
        quadratic: The surface.
    """
    bias_squared, variance = split_squared(quadratic.whiten(points) - quadratic.whiten(teacher), axis=0)
    return Curve(steps, bias_squared + variance, bias_squared, variance)


@dataclass(frozen=True, eq=False)
class Excess:
    """What a model has more than the teacher, at each recorded step, each of shape (recorded,)."""

    steps: NDArray[np.int64]
    error: FloatArray
    bias_squared: FloatArray
    variance: FloatArray
    incoherence: FloatArray


def excess(model: Curve, teacher: Curve) -> Excess:
    """Differences model - teacher, term by term; NaN where either incoherence is undefined."""
    if not np.array_equal(model.steps, teacher.steps):
        raise ValueError("model and teacher must be recorded at the same steps")
    return Excess(
        model.steps,
        model.error - teacher.error,
        model.bias_squared - teacher.bias_squared,
        model.variance - teacher.variance,
        model.incoherence - teacher.incoherence,
    )


def teacher_walk(
    problem: ProblemConfig, starts: FloatArray, steps: int, *, written: bool = True, record_every: int = 1
) -> FloatArray:
    """The teacher's own walk from the starts of a roll-out.

    Args:
        problem: The surface, the teacher and the way numbers are written.
        starts: Shape (starts, dims), rounded first to what can be written.
        steps: Updates to make.
        written: Whether every update and position is rounded to what can be written, as a perfect imitator's would
            be; else only the starts are.
        record_every: As in the roll-out.

    Returns:
        Positions at ``recorded_steps(steps, record_every)``, shape (starts, recorded, dims).
    """
    number, teacher = problem.number, problem.teacher()
    kept = set(recorded_steps(steps, record_every).tolist())
    units = number.decode_units(number.encode(starts))
    points = number.from_units(units)
    walked = [points]
    for step in range(steps):
        if written:
            units = number.round_units(units + _written_update(teacher, points, step, problem))
            points = number.from_units(units)
        else:
            points = points + teacher.update(points, step)
        if step + 1 in kept:
            walked.append(points)
    return np.stack(walked, axis=1)


def _written_update(
    teacher: Teacher, points: FloatArray, step: int, problem: ProblemConfig
) -> NDArray[np.int64]:
    return problem.number.round_units(problem.number.to_units(teacher.update(points, step)))


@dataclass(frozen=True)
class Scaling:
    """A power law of one quantity against the number of parameters.

    Attributes:
        values: The quantity by size, in the order of the parameters.
        law: The line through logarithms.
        interval: 95 % bootstrap interval of the exponent over starts; NaN where there are none to resample.
        fit_interval: 95 % t interval of the exponent from the scatter of the sizes about the line; NaN below three sizes.
    """

    values: tuple[float, ...]
    law: LogLine
    interval: Interval
    fit_interval: Interval


def window_terms(white: FloatArray, weights: FloatArray, corrections: FloatArray) -> dict[str, FloatArray]:
    """Terms of weighted resamples of the starts, averaged over recorded steps.

    Args:
        white: Whitened positions, (starts, recorded, dims).
        weights: How often each start counts, (resamples, starts), rows sum to the number of starts.
        corrections: How often variance / (starts - 1) is moved from the bias to the variance, (resamples,): 0 is
            the plug-in, 1 the unbiased estimate.

    Returns:
        error, bias_squared and variance, each of shape (resamples,).
    """
    starts, recorded, dims = white.shape
    share = weights / starts
    mean = (share @ white.reshape(starts, recorded * dims)).reshape(-1, recorded, dims)
    error = share @ np.square(white).sum(axis=(1, 2)) / recorded
    bias_squared = np.square(mean).sum(axis=(1, 2)) / recorded
    bias_squared = bias_squared - corrections * (error - bias_squared) / max(starts - 1, 1)
    return {"error": error, "bias_squared": bias_squared, "variance": error - bias_squared}


def size_scaling(
    parameters: list[int],
    walks: list[FloatArray],
    teacher: FloatArray,
    quadratic: Quadratic,
    *,
    estimator: Estimator = "unbiased",
    resamples: int = 1000,
    rng: np.random.Generator,
) -> dict[str, Scaling]:
    """Power laws against size of the terms over starts, and of what they have in excess of the teacher's.

    Args:
        parameters: Number of parameters by size.
        walks: Positions by size, each (starts, recorded, dims), of the same starts and recorded steps: those steps
            over which the terms are averaged.
        teacher: The teacher's positions, same shape.
        quadratic: The surface.
        estimator: "plugin" is the paper's; it adds variance / starts to the bias, which is all of it where the bias
            is small.
        resamples: Bootstrap replicates; starts are resampled, the same ones for every size and the teacher.
        rng: Source of the resamples.

    Returns:
        Under ``error``, ``bias_squared``, ``variance``, and ``excess_...`` of each. An excess that is not positive has
        no logarithm: the law leaves it out and counts it.
    """
    starts = len(teacher)
    once = np.ones((1, starts))
    drawn = rng.multinomial(starts, np.full(starts, 1 / starts), size=resamples).astype(np.float64)
    weights = np.concatenate([once, drawn])
    # Resampling adds variance / starts to the bias once more: a replicate is corrected once more than the estimate.
    unbiased = 1.0 if estimator == "unbiased" else 0.0
    corrections = np.append(unbiased, np.full(resamples, 1.0 + unbiased))
    floor = window_terms(quadratic.whiten(teacher), weights, corrections)
    by_size = [window_terms(quadratic.whiten(points), weights, corrections) for points in walks]
    columns = {term: np.stack([terms[term] for terms in by_size], axis=-1) for term in TERMS}
    columns |= {f"excess_{term}": columns[term] - floor[term][:, None] for term in TERMS}
    return {name: _scaling(parameters, column[0], column[1:]) for name, column in columns.items()}


def per_start_scaling(
    parameters: list[int],
    walks: list[FloatArray],
    quadratic: Quadratic,
    *,
    resamples: int = 1000,
    rng: np.random.Generator,
) -> dict[str, Scaling]:
    """Power laws against size of the terms per start, unbiased over epochs and then averaged over starts.

    Args:
        parameters: Number of parameters by size.
        walks: Stochastic walks by size, each (starts, epochs, recorded, dims), of the same starts.
        quadratic: The surface.
        resamples: Bootstrap replicates over starts, the same ones for every size.
        rng: Source of the resamples.

    Returns:
        Under ``error``, ``bias_squared`` and ``variance``.
    """
    starts = len(walks[0])
    drawn = rng.multinomial(starts, np.full(starts, 1 / starts), size=resamples)
    share = np.concatenate([np.ones((1, starts)), drawn]) / starts
    terms = [split_squared(quadratic.whiten(points), axis=1, estimator="unbiased") for points in walks]
    bias_squared = np.stack([share @ bias.mean(axis=-1) for bias, _ in terms], axis=-1)
    variance = np.stack([share @ spread.mean(axis=-1) for _, spread in terms], axis=-1)
    columns = {"error": bias_squared + variance, "bias_squared": bias_squared, "variance": variance}
    return {name: _scaling(parameters, column[0], column[1:]) for name, column in columns.items()}


def loss_scaling(parameters: list[int], losses: list[float]) -> Scaling:
    """Power law of the held-out loss (nats per token of the update) against size."""
    return _scaling(parameters, np.array(losses), np.empty((0, len(losses))))


def _scaling(parameters: list[int], values: FloatArray, resampled: FloatArray) -> Scaling:
    sizes = np.array(parameters, dtype=np.float64)
    exponents = log_line_exponents(sizes, resampled) if len(resampled) else np.array([np.nan])
    known = exponents[~np.isnan(exponents)]
    interval = Interval(*(float(q) for q in np.quantile(known, [0.025, 0.975]))) if known.size else _UNKNOWN
    return Scaling(
        tuple(float(value) for value in values),
        fit_log_line(sizes, values),
        interval,
        _fit_interval(sizes, values),
    )


_UNKNOWN = Interval(float("nan"), float("nan"))


def _fit_interval(sizes: FloatArray, values: FloatArray) -> Interval:
    """95 % t interval of the exponent about the least-squares line."""
    from scipy.stats import linregress, t

    usable = values > 0
    if usable.sum() < 3:
        return _UNKNOWN
    line = linregress(np.log(sizes[usable]), np.log(values[usable]))
    reach = float(t.ppf(0.975, usable.sum() - 2) * line.stderr)
    return Interval(float(line.slope) - reach, float(line.slope) + reach)
