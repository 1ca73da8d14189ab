"""Everything that the metric reports of a set of scores."""

import math

import numpy as np

from hotmess_inspect.decomposition import Decomposition, NestedDecomposition
from hotmess_inspect.plugin.contexts import mean_part
from hotmess_inspect.plugin.kinds import Measured, measure
from hotmess_inspect.plugin.options import Options
from hotmess_inspect.plugin.rows import Rows, coverage


def summarise(rows: Rows, options: Options) -> dict[str, float]:
    """All results of the metric for these rows, in the order in which they are shown."""
    measured = measure(rows, options)
    counts = coverage(rows)
    headline = measured.headline
    results = _terms(headline, "")
    if isinstance(headline, NestedDecomposition):
        results["between_context"] = mean_part(headline.between_context)
        results["within_context"] = mean_part(headline.within_context)
    results["accuracy"] = _mean_over_questions(measured, rows.questions)
    results["incoherence_stderr"] = linearised_stderr(headline)
    results["questions"] = float(len(np.unique(measured.question)))
    results["epochs_scored"] = float(len(measured.question))
    results["epochs_planned"] = counts.planned
    irregular = {
        "questions_single_epoch": headline.single_epoch_questions,
        "questions_no_error": headline.zero_error_questions,
        "questions_no_target": len(np.unique(measured.question)) if rows.kind == "text" else 0,
        "epochs_unparsed": measured.unparsed,
        "epochs_unscored": measured.unscored,
        "epochs_other_kind": rows.other,
        "epochs_duplicated": counts.duplicated,
    }
    results |= {name: float(count) for name, count in irregular.items() if count}
    if measured.grader is not None:
        results |= {
            "grader_variance": measured.grader.mean("grader_variance"),
            "model_variance": measured.grader.mean("model_variance"),
            "incoherence_model": measured.grader.incoherence_of_expected_verdict,
        }
    if measured.unparsed:
        kept = options.unparsed == "class" or (options.unparsed == "uniform" and rows.kind != "text")
        scored = len(measured.question) + (0 if kept else measured.unparsed)
        results["share_unparsed"] = measured.unparsed / scored
    for suffix, decomposition in measured.beside.items():
        terms = _terms(decomposition, f"_{suffix}")
        results |= {"variance_kernel": terms["variance_kernel"]} if suffix == "kernel" else terms
    if len(rows.values):
        results[f"kind_{rows.kind}"] = 1.0
    return results


def _terms(decomposition: Decomposition, suffix: str) -> dict[str, float]:
    return {
        f"incoherence{suffix}": decomposition.incoherence,
        f"error{suffix}": decomposition.mean("error"),
        f"bias_squared{suffix}": decomposition.mean("bias_squared"),
        f"variance{suffix}": decomposition.mean("variance"),
    }


def linearised_stderr(decomposition: Decomposition) -> float:
    """Standard error of the incoherence I = ΣV/ΣE over questions, by the delta method.

    √(N/(N - 1) Σ (V - I·E)²) / ΣE over the N questions with at least two epochs; NaN where I is
    undefined or rests on one question.
    """
    ratio = decomposition.incoherence
    repeated = decomposition.repeated
    number = int(repeated.sum())
    if math.isnan(ratio) or number < 2:
        return math.nan
    error = decomposition.error[repeated]
    residuals = np.sort(np.square(decomposition.variance[repeated] - ratio * error))
    total = float(np.sort(error).sum())
    return math.sqrt(number / (number - 1) * float(residuals.sum())) / total


def _mean_over_questions(measured: Measured, questions: int) -> float:
    """Mean of the questions' means, which is how Inspect reduces epochs and then takes accuracy."""
    order = np.lexsort((measured.correct, measured.question))
    counts = np.bincount(measured.question, minlength=questions)
    sums = np.bincount(measured.question[order], weights=measured.correct[order], minlength=questions)
    if not counts.any():
        return math.nan
    shares = np.sort(sums[counts > 0] / counts[counts > 0])
    return float(shares.mean())
