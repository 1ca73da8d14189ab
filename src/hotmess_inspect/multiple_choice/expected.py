"""The metric `hotmess/expected_letters`: expected values under sampled letters, from their log-probabilities."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from inspect_ai.scorer import Metric, SampleScore, metric

from hotmess_inspect.multiple_choice.scorer import OUTSIDE

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from hotmess_inspect.table import Questions

__all__ = ["expected_letters"]

_TERMS = ("error", "bias_squared", "variance", "between_context", "within_context", "accuracy")


@metric(scores="unreduced")
def expected_letters() -> Metric:
    """Brier decomposition of letters drawn at temperature 1 from the distributions of the epochs, exactly.

    A letter drawn from p is right with probability p_y. Over the contexts k of a question, with y one-hot:

        error          = mean of 2(1 - p_ky)
        bias_squared   = mean of ⟨p_k - y, p_l - y⟩ over k ≠ l; ‖p - y‖² with a single context
        variance       = error - bias_squared
        within_context = mean of 1 - ‖p_k‖²; between_context = variance - within_context

    Nothing is sampled: with one context the numbers are exact, with several they are unbiased for contexts
    drawn at random. They are what the format ``letter`` shows with ``unparsed=drop`` over endless epochs.

    Returns:
        A metric whose results form the group ``expected_letters``: means over questions of the terms in
        [0, 2] (bias² and the parts can be slightly negative by chance) as ``error_letters``,
        ``bias_squared_letters``, ``variance_letters``, ``between_context_letters`` and
        ``within_context_letters``; ``accuracy_letters`` in [0, 1]; ``incoherence_letters`` =
        Σ variance / Σ error; and ``outside_letters``, the mean probability of everything that is no letter.
        NaN where there is nothing to compute from.
    """

    def compute(scores: list[SampleScore]) -> dict[str, float]:
        import numpy as np

        from hotmess_inspect.plugin.epochs import epochs_of
        from hotmess_inspect.table import groups, question_arrays

        entries = [sample.score.metadata or {} for sample in scores]
        epochs = epochs_of(
            [sample.sample_id for sample in scores], [sample.score.value for sample in scores], entries
        )
        found = [group for group in groups(epochs.outcomes) if group.kind == "probabilities"]
        terms = _terms(question_arrays(found[0], unparsed="drop")) if found else np.full((6, 0), np.nan)
        known = terms[:, ~np.isnan(terms[0])]
        results = {
            f"{name}_letters": float(np.sort(column).mean()) if column.size else math.nan
            for name, column in zip(_TERMS, known, strict=True)
        }
        error = float(np.sort(known[0]).sum())
        results["incoherence_letters"] = float(np.sort(known[2]).sum()) / error if error > 0 else math.nan
        outside = np.sort([o for m in entries if isinstance(o := m.get(OUTSIDE), float) and math.isfinite(o)])
        results["outside_letters"] = float(outside.mean()) if outside.size else math.nan
        return results

    return compute


def _terms(questions: Questions) -> NDArray[np.float64]:
    """The terms of each question, shape (terms, questions); NaN for one without a readable epoch."""
    import numpy as np

    from hotmess_inspect.decomposition import decompose_nested

    cube, target, contexts = questions.predictions, questions.target, questions.context
    width = cube.shape[2]
    there = ~np.isnan(cube[:, :, 0])
    count = np.where(there.any(axis=1), there.sum(axis=1), np.nan)
    right = np.nansum(cube[np.arange(len(cube)), :, target], axis=1) / count
    squares = np.nansum(cube**2, axis=(1, 2)) / count
    mean = np.nansum(cube, axis=1) / count[:, None]
    single = ((mean - np.eye(width)[target]) ** 2).sum(axis=1)
    pairs = decompose_nested(cube, target, contexts).bias_squared
    bias = np.where(np.isnan(pairs), single, pairs)
    error, within = 2 * (1 - right), 1 - squares
    variance = error - bias
    return np.stack([error, bias, variance, variance - within, within, right])
