"""The grader's part of the variance, from epochs whose patch was graded several times."""

import numpy as np

from hotmess_inspect.analyses.grader import GraderNoise, count_passes, grader_noise
from hotmess_inspect.decomposition import Decomposition
from hotmess_inspect.table import Questions, masked_tests


def grader_findings(
    questions: Questions, measure: str | None, decomposition: Decomposition
) -> GraderNoise | None:
    """Part the variance of unit tests into the model's and the grader's.

    Args:
        questions: A group of unit tests as arrays.
        measure: Which tests are measured: ``f2p``, ``p2p``, ``pooled`` or ``resolved``.
        decomposition: Decomposition of the group.

    Returns:
        Both terms; None where no patch was graded more than once.
    """
    outcomes = questions.outcomes
    if measure is None or outcomes.regrades.missing.all():
        return None
    question, _ = np.nonzero(questions.row >= 0)
    rows = questions.row[questions.row >= 0]
    owner = np.full(len(outcomes), -1)
    owner[rows] = question
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
