"""The grader's part of the variance, from epochs whose patch was graded several times."""

from typing import cast

import numpy as np
from numpy.typing import NDArray

from hotmess_inspect.analyses.grader import GraderNoise, count_passes, grader_noise, judge_noise
from hotmess_inspect.decomposition import Decomposition
from hotmess_inspect.decomposition.of_questions import decompose_questions
from hotmess_inspect.inference.contexts import ratio_moves, widen_ratio
from hotmess_inspect.inference.intervals import Interval, ratio_interval
from hotmess_inspect.io.scales import scores_of
from hotmess_inspect.results.intervals import without_contexts
from hotmess_inspect.schema import Estimator, Loss, TextLoss
from hotmess_inspect.table import Outcomes, Questions, masked_tests


def grader_findings(
    questions: Questions, measure: str | None, decomposition: Decomposition
) -> GraderNoise | None:
    """Part the variance of unit tests or scores into the model's and the grader's.

    Args:
        questions: A group of unit tests or scores as arrays.
        measure: Which tests are measured: ``f2p``, ``p2p``, ``pooled`` or ``resolved``; None for scores.
        decomposition: Decomposition of the group.

    Returns:
        Both terms; None where nothing was graded more than once.
    """
    outcomes = questions.outcomes
    if outcomes.regrades.missing.all():
        return None
    question, _ = np.nonzero(questions.row >= 0)
    rows = questions.row[questions.row >= 0]
    owner = np.full(len(outcomes), -1)
    owner[rows] = question
    if measure is None:
        return _judge_findings(outcomes, rows[~outcomes.regrades.missing[rows]], owner, decomposition)
    masks = masked_tests(outcomes, owner)
    tests, further = outcomes.tests.values(), outcomes.regrades.values()
    found = []
    for row in rows[~outcomes.regrades.missing[rows]].tolist():
        gradings = [tests[row] or "", *(further[row] or "").split()]
        f2p, p2p = int(outcomes.f2p[row]), int(outcomes.p2p[row])
        counts = count_passes(gradings, f2p, p2p, measure, masks.get(int(owner[row])))
        if counts is not None:
            found.append((int(owner[row]), len(gradings), counts))
    if not found:
        return None
    passes = np.full((len(found), max(len(counts) for *_, counts in found)), np.nan)
    for place, (*_, counts) in enumerate(found):
        passes[place, : len(counts)] = counts
    return grader_noise(passes, [times for _, times, _ in found], [q for q, *_ in found], decomposition)


def _judge_findings(
    outcomes: Outcomes, rows: NDArray[np.intp], owner: NDArray[np.intp], decomposition: Decomposition
) -> GraderNoise | None:
    """The judge's part, of scores whose completions were graded again."""
    again = [scores_of(outcomes.regrades.value(row)) for row in rows.tolist()]
    most = max(map(len, again), default=0)
    if not most:
        return None
    gradings = np.full((len(rows), most + 1), np.nan)
    gradings[:, 0] = outcomes.value[rows]
    for place, scores in enumerate(again):
        gradings[place, 1 : len(scores) + 1] = scores
    return judge_noise(gradings, owner[rows], decomposition)


def grader_intervals(
    noise: GraderNoise,
    questions: Questions,
    measure: str | None,
    decomposition: Decomposition,
    *,
    resamples: int,
    seed: int,
) -> dict[str, Interval]:
    """95 % intervals of both variances and of what is made of them, over questions (clusters) and shared contexts."""
    known = ~np.isnan(noise.model_variance)
    clusters = None if questions.clusters is None else questions.clusters[known]
    wanted = [(cast("Loss | TextLoss", decomposition.loss), cast("Estimator", decomposition.estimator))]
    others = []
    for part in without_contexts(questions):
        (d,) = decompose_questions(part, wanted)
        other = grader_findings(part, measure, d)
        others.append(None if other is None else _parts(other, d))
    found = {}
    for name, parts in _parts(noise, decomposition).items():
        rng = np.random.default_rng(seed)
        above, below = parts[:, known]
        interval = ratio_interval(above, below, resamples=resamples, clusters=clusters, rng=rng)
        if others:
            nothing = np.full_like(parts, np.nan)
            without = np.array([nothing if other is None else other[name] for other in others])[:, :, known]
            moved = ratio_moves(above, below, without[:, 0], without[:, 1])
            interval = widen_ratio(interval, above, below, clusters, moved, 0.95)
        found[name] = interval
    return found


def _parts(noise: GraderNoise, decomposition: Decomposition) -> dict[str, NDArray[np.float64]]:
    """Numerators and denominators, shape (2, questions); NaN for questions without both variances."""
    known = ~np.isnan(noise.model_variance)
    grader, model = (np.where(known, part, np.nan) for part in (noise.grader_variance, noise.model_variance))
    parts = {
        "grader_variance": (grader, np.ones(len(grader))),
        "model_variance": (model, np.ones(len(model))),
        "grader_share": (grader, grader + model),
        "incoherence_of_expected_verdict": (model, decomposition.error - grader),
    }
    return {name: np.stack(pair) for name, pair in parts.items()}
