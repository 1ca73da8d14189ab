"""Results of the metric `hotmess/incoherence`."""

from __future__ import annotations

import math

import numpy as np

from hotmess_inspect.arrays import ordered_mean
from hotmess_inspect.decomposition import Decomposition, NestedDecomposition
from hotmess_inspect.decomposition.of_questions import decompose_questions
from hotmess_inspect.inference.ratios import FEWEST, effective_number
from hotmess_inspect.plugin.epochs import Epochs
from hotmess_inspect.plugin.options import Options
from hotmess_inspect.results.grader import grader_findings
from hotmess_inspect.results.intervals import measured_accuracy
from hotmess_inspect.schema import TEXT_LOSSES, Estimator, Loss, TextLoss
from hotmess_inspect.table import Group, Questions, groups, question_arrays

_Wanted = list[tuple[Loss | TextLoss, Estimator]]


def summarise(epochs: Epochs, options: Options) -> dict[str, float]:
    """All results of the metric for these epochs, in the order in which they are shown."""
    found = groups(epochs.outcomes)
    if not found:
        nothing = np.zeros(0)
        empty = Decomposition(nothing, nothing, nothing, nothing.astype(np.int64))
        return _terms(empty, "") | _counted(empty, math.nan, None, epochs)
    group = next((g for g in found if g.measure == options.tests), found[0])
    lined = {g.measure: _lined_up(g, options) for g in found}
    questions = lined[group.measure]
    headline, *others = decompose_questions(
        questions, wanted(group.kind, options), smoothing=options.smoothing
    )
    right = lined.get("resolved", questions)
    results = _terms(headline, "")
    if isinstance(headline, NestedDecomposition):
        results["between_context"] = ordered_mean(headline.between_context)
        results["within_context"] = ordered_mean(headline.within_context)
    results |= _counted(headline, measured_accuracy(right, headline), group, epochs)
    if group.kind in ("tests", "score") and headline.loss == "squared":
        noise = grader_findings(questions, group.measure, headline)
        if noise is not None:
            results |= {
                "grader_variance": noise.mean("grader_variance"),
                "model_variance": noise.mean("model_variance"),
                "incoherence_model": noise.incoherence_of_expected_verdict,
            }
    unparsed = int(group.unparsed.sum())
    if unparsed:
        results["share_unparsed"] = unparsed / results["epochs_scored"]
    for other in others:
        if other.loss == "kernel":
            results["variance_kernel"] = other.mean("variance")
        else:
            results |= _terms(other, f"_{other.loss}")
    for measure, of_measure in lined.items():
        if measure not in (group.measure, None):
            plan = wanted("tests", options)
            results |= _terms(decompose_questions(of_measure, plan)[0], f"_{measure}")
        if measure not in ("resolved", None):
            results[f"accuracy_{measure}"] = measured_accuracy(of_measure, headline)
    results[f"kind_{group.kind}"] = 1.0
    return results


def wanted(kind: str, options: Options) -> _Wanted:
    """What a kind of prediction is decomposed by: the headline, and what stands beside it."""
    plan: Estimator = "unbiased" if options.estimator == "unbiased" else "plugin"
    if kind in ("answer", "probabilities"):
        chosen: _Wanted = [(options.loss, options.estimator)]
        return chosen if options.loss == "kl" else [*chosen, ("kl", "plugin")]
    if kind == "text":
        return [(loss, plan) for loss in TEXT_LOSSES]
    if kind == "score" and options.loss != "brier":
        return [(options.loss, options.estimator)]
    return [("squared", plan)]


def linearised_stderr(decomposition: Decomposition) -> float:
    """Standard error of the incoherence I = ΣV/ΣE over questions, by the delta method.

    √(N/(N - 1) Σ (V - I·E)²) / ΣE over the N questions with at least two epochs; NaN where I is
    undefined or rests on fewer than two questions that err, by their effective number (ΣE)²/ΣE².
    """
    ratio = decomposition.incoherence
    repeated = decomposition.repeated
    number = int(repeated.sum())
    if math.isnan(ratio) or number < 2:
        return math.nan
    error = decomposition.error[repeated]
    if effective_number(error) < FEWEST:
        return math.nan
    residuals = np.sort(np.square(decomposition.variance[repeated] - ratio * error))
    total = float(np.sort(error).sum())
    return math.sqrt(number / (number - 1) * float(residuals.sum())) / total


def _lined_up(group: Group, options: Options) -> Questions:
    return question_arrays(group, unparsed=options.unparsed)


def _counted(
    headline: Decomposition, accuracy: float, group: Group | None, epochs: Epochs
) -> dict[str, float]:
    questions = int((headline.epochs > 0).sum())
    status = None if group is None else group.outcomes.status
    irregular = {
        "questions_single_epoch": headline.single_epoch_questions,
        "questions_no_error": headline.zero_error_questions,
        "questions_no_target": questions if group is not None and group.kind == "text" else 0,
        "epochs_unparsed": 0 if group is None else int(group.unparsed.sum()),
        "epochs_unscored": 0 if status is None else int(status.equals("unscored").sum()),
        "epochs_other_kind": epochs.nameless
        + (0 if status is None else int(status.equals("other_kind").sum())),
        "epochs_duplicated": epochs.duplicated,
    }
    return {
        "accuracy": accuracy,
        "incoherence_stderr": linearised_stderr(headline),
        "questions": float(questions),
        "epochs_scored": 0.0 if group is None else float(group.outcomes.scored.sum()),
        "epochs_planned": epochs.planned,
        **{name: float(count) for name, count in irregular.items() if count},
    }


def _terms(decomposition: Decomposition, suffix: str) -> dict[str, float]:
    return {
        f"incoherence{suffix}": decomposition.incoherence,
        f"error{suffix}": decomposition.mean("error"),
        f"bias_squared{suffix}": decomposition.mean("bias_squared"),
        f"variance{suffix}": decomposition.mean("variance"),
    }
