"""Scorer and metric of ``hotmess/optimizer``: where a walk ended, and how walks from one start differ."""

import math
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from inspect_ai.scorer import Metric, SampleScore, Score, Scorer, Target, metric, scorer
from inspect_ai.solver import TaskState

from hotmess_inspect.experiments.optimizer.walk import PLANNED, UNREAD, WALK

# Entries of score metadata below 1 kB survive a log's summaries.
LARGEST_ENTRY = 1_000
MOST_STEPS_KEPT = 16
CURVE_STEPS = 4


@metric(scores="unreduced")
def walk_incoherence(estimator: str = "unbiased") -> Metric:
    """Error, squared bias, variance and incoherence of final positions, per start over its epochs.

    In the A-norm of the surface: error = mean |x_r - b|_A^2 over the epochs r of a start, bias_squared =
    |mean x - b|_A^2, variance = mean |x_r - mean x|_A^2; incoherence = sum of variances / sum of errors over the starts
    with at least two epochs. Scores that are no points are counted and left out; the metric never raises on them.

    Args:
        estimator: "unbiased" (independent epochs) or "plugin".

    Returns:
        A metric with ``incoherence`` and its ``incoherence_stderr``, ``error``, ``bias_squared``, ``variance`` (means
        over starts), ``questions``, ``epochs_scored``, ``epochs_planned`` (highest epoch number x starts seen, NaN
        where unknown), ``epochs_unscored``, ``epochs_unparsed`` (with an update that could not be read),
        ``epochs_limit``, and ``incoherence_step_N`` along the walk. Undefined is NaN.

    Raises:
        ValueError: If the estimator is unknown.

    References:
        Hägele et al. (2026), App. B.4, https://arxiv.org/abs/2601.23045
    """
    if estimator not in ("unbiased", "plugin"):
        raise ValueError(f"estimator must be 'unbiased' or 'plugin', not {estimator!r}")

    def compute(scores: list[SampleScore]) -> dict[str, float]:
        from hotmess_inspect.plugin.summary import linearised_stderr

        ends = [(_name(sample), _point(sample.score.value)) for sample in scores]
        entries = [sample.score.metadata or {} for sample in scores]
        whole, used = _decomposed(ends, estimator)
        numbers = [entry.get("hm_epoch") for entry in entries]
        highest = max((number for number in numbers if isinstance(number, int)), default=0)
        questions = len({name for name, _ in ends})
        results = {"incoherence": whole.incoherence, "incoherence_stderr": linearised_stderr(whole)}
        results |= {term: whole.mean(term) for term in ("error", "bias_squared", "variance")}
        results |= {
            "questions": float(len(whole.error)),
            "epochs_scored": float(used),
            "epochs_planned": float(highest * questions) if highest else math.nan,
            "epochs_unscored": float(len(scores) - used),
            "epochs_unparsed": _count(entries, "unparsed"),
            "epochs_limit": _count(entries, "limit"),
        }
        for step, points in _along(scores).items():
            results[f"incoherence_step_{step}"] = _decomposed(points, estimator)[0].incoherence
        return results

    return compute


@scorer(metrics=[walk_incoherence()])
def walk_end(problem: dict[str, Any]) -> Scorer:
    """Score a walk by its last position.

    The value is a list of dims numbers, ``sqrt(dims) C^T (x - b)`` with ``A = C C^T``: the mean of their squares is
    the squared distance ``|x - b|_A^2`` to the minimum, so that the squared loss with the origin as target decomposes in
    the A-norm. Metadata: ``hm_kind`` point, ``hm_goal`` (that origin), ``hm_error`` (the distance), ``hm_actions``
    (updates made), ``hm_status`` (``limit`` when cut short, ``unparsed`` when an update could not be read), ``hm_walk``
    and ``hm_walk_steps`` (at most 16 positions, in tokens), ``hm_walk_points`` (the same as the value, at quarters of the
    walk).

    Args:
        problem: Fields of a ``ProblemConfig``.
    """

    async def score(state: TaskState, target: Target) -> Score:
        walked: list[str] = state.metadata.get(WALK) or [state.metadata["start"]]
        planned = int(state.metadata.get(PLANNED, len(walked) - 1))
        points = _whitened(walked, problem)
        made, unread = len(walked) - 1, int(state.metadata.get(UNREAD, 0))
        status = "limit" if made < planned else "unparsed" if unread else "ok"
        error = sum(x * x for x in points[-1]) / len(points[-1])
        kept = _thinned(walked)
        quarters = [round(planned * part / CURVE_STEPS) for part in range(1, CURVE_STEPS + 1)]
        entries = {
            "hm_kind": "point",
            "hm_epoch": state.epoch,
            "hm_goal": [0.0] * len(points[-1]),
            "hm_error": error,
            "hm_actions": made,
            "hm_turns": made,
            "hm_status": status,
            "hm_unread": unread,
            "hm_walk": [walked[step] for step in kept],
            "hm_walk_steps": kept,
            "hm_walk_points": {str(step): points[step] for step in quarters if 0 < step <= made},
        }
        return Score(
            value=points[-1],
            answer=walked[-1],
            explanation=f"squared distance to the minimum in the A-norm: {error:.6g} after {made} of {planned} updates",
            metadata={name: entry for name, entry in entries.items() if len(str(entry)) < LARGEST_ENTRY},
        )

    return score


def _whitened(walked: Sequence[str], problem: dict[str, Any]) -> list[list[float]]:
    """Positions as the scorer's values."""
    import numpy as np

    from hotmess_inspect.experiments.optimizer.problem import ProblemConfig

    config = ProblemConfig(**problem)
    number = config.number
    tokens = np.stack([number.from_text(text, config.dims) for text in walked])
    white = config.teacher().quadratic.whiten(number.decode(tokens)) * math.sqrt(config.dims)
    return [[float(x) for x in row] for row in white]


def _thinned(walked: Sequence[str]) -> list[int]:
    """Steps to keep: evenly spread, first and last among them, few enough for an entry of metadata."""
    room = LARGEST_ENTRY // (len(walked[0]) + 4) - 1
    count = max(2, min(MOST_STEPS_KEPT, room, len(walked)))
    return sorted({round(place * (len(walked) - 1) / (count - 1)) for place in range(count)})


def _name(sample: SampleScore) -> str:
    return str(sample.sample_id)


def _point(value: object) -> list[float] | None:
    """A list of finite numbers as a point, anything else as None."""
    if not isinstance(value, list | tuple) or not value:
        return None
    numbers = [float(x) for x in value if isinstance(x, int | float) and not isinstance(x, bool)]
    return numbers if len(numbers) == len(value) and all(map(_moderate, numbers)) else None


def _moderate(number: float) -> bool:
    # The square of anything larger could overflow; no position that can be written is.
    return math.isfinite(number) and abs(number) < 1e100


def _along(scores: list[SampleScore]) -> dict[str, list[tuple[str, list[float] | None]]]:
    """Points by step, of the scores that carry them."""
    found: dict[str, list[tuple[str, list[float] | None]]] = defaultdict(list)
    for sample in scores:
        kept = (sample.score.metadata or {}).get("hm_walk_points")
        for step, point in kept.items() if isinstance(kept, dict) else ():
            if str(step).isdigit():
                found[str(step)].append((_name(sample), _point(point)))
    return dict(sorted(found.items(), key=lambda entry: int(entry[0])))


def _count(entries: list[dict[str, Any]], status: str) -> float:
    return float(sum(entry.get("hm_status") == status for entry in entries))


def _decomposed(ends: list[tuple[str, list[float] | None]], estimator: str) -> Any:
    """Decomposition over the epochs of each start, and how many points went into it."""
    import numpy as np

    from hotmess_inspect.decomposition import decompose

    by_start: dict[str, list[list[float]]] = defaultdict(list)
    dims = next((len(point) for _, point in ends if point is not None), 1)
    for name, point in ends:
        if point is not None and len(point) == dims:
            by_start[name].append(point)
    deepest = max(map(len, by_start.values()), default=1)
    table = np.full((len(by_start), deepest, dims), np.nan)
    # Sorted, so that the sums have the same bits in whatever order the epochs came in.
    for row, name in enumerate(sorted(by_start)):
        table[row, : len(by_start[name])] = sorted(by_start[name])
    chosen: Any = estimator
    whole = decompose(table, np.zeros((len(by_start), dims)), loss="squared", estimator=chosen)
    return whole, sum(map(len, by_start.values()))
