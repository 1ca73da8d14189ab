"""Two runs on the same questions."""

from collections.abc import Hashable, Sequence
from typing import NamedTuple

import numpy as np

from hotmess_inspect.arrays import check_choice, cluster_numbers
from hotmess_inspect.decomposition.result import Decomposition
from hotmess_inspect.inference.intervals import Method, difference_intervals
from hotmess_inspect.schema import QUANTITIES, Quantity


class Difference(NamedTuple):
    """A difference between two runs with its confidence interval, and how many questions it rests on."""

    estimate: float
    low: float
    high: float
    questions: int


def paired_difference(
    first: Decomposition,
    second: Decomposition,
    quantity: Quantity = "incoherence",
    *,
    level: float = 0.95,
    resamples: int = 2000,
    clusters: Sequence[Hashable] | np.ndarray | None = None,
    rng: np.random.Generator | None = None,
    method: Method | None = None,
) -> Difference:
    """First run minus second run, over the questions for which both are defined.

    Questions are resampled in pairs, so what both runs share (some questions are hard) cancels; the
    interval is far narrower than one from two separate intervals.

    Args:
        first: Decomposition of one run.
        second: Decomposition of the other, of the same questions in the same order.
        quantity: "error", "bias_squared", "variance" (mean over questions) or "incoherence".
        level: Nominal coverage, inside (0, 1).
        resamples: Bootstrap replicates.
        clusters: Label of each question's cluster, shape (questions,).
        rng: Source of randomness; None is `np.random.default_rng(0)`.
        method: "studentised" (default), "linearised", "percentile" or "bca".

    Returns:
        Estimate, interval and number of questions; NaN where undefined.

    Raises:
        ValueError: If the runs differ in loss, estimator or number of questions, or an option is wrong.
    """
    check_choice("quantity", quantity, QUANTITIES)
    for name in ("loss", "estimator"):
        if getattr(first, name) != getattr(second, name):
            raise ValueError(f"the runs differ in {name}: {getattr(first, name)} and {getattr(second, name)}")
    if len(first.error) != len(second.error):
        raise ValueError(
            f"the runs have {len(first.error)} and {len(second.error)} questions; they are paired"
        )
    if clusters is not None and len(clusters) != len(first.error):
        raise ValueError(f"clusters has {len(clusters)} labels; there are {len(first.error)} questions")
    both = first.repeated & second.repeated
    runs = [[part[both][:, None] for part in run.ratio_parts(quantity)] for run in (first, second)]
    undefined = quantity == "incoherence" and (first.incoherence_note or second.incoherence_note)
    if undefined or not both.any():
        return Difference(np.nan, np.nan, np.nan, int(both.sum()))
    sums = [[np.sort(part, axis=0).sum() for part in run] for run in runs]
    if 0 in (sums[0][1], sums[1][1]):
        return Difference(np.nan, np.nan, np.nan, int(both.sum()))
    low, high = difference_intervals(
        (runs[0][0], runs[0][1]),
        (runs[1][0], runs[1][1]),
        level=level,
        resamples=resamples,
        clusters=None if clusters is None else cluster_numbers(clusters)[both],
        rng=rng,
        method=method,
    )[0]
    estimate = sums[0][0] / sums[0][1] - sums[1][0] / sums[1][1]
    return Difference(float(estimate), float(low), float(high), int(both.sum()))
