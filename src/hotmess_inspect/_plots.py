"""The report's figures, one by one, as figures of matplotlib."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from hotmess_inspect.render.frames import label_of
from hotmess_inspect.render.report import figures
from hotmess_inspect.results.analyze import GroupResult
from hotmess_inspect.results.questions import question_numbers

if TYPE_CHECKING:
    from collections.abc import Iterable

    from matplotlib.figure import Figure

_Draw = Callable[[Sequence[GroupResult], list[str]], "figures.Drawing | None"]


def plot_plane(results: Iterable[GroupResult]) -> Figure:
    """Groups in the plane of bias² and variance, with intervals over questions and rays of equal incoherence.

    Args:
        results: What `analyze` gave, of one loss and estimator.

    Raises:
        ValueError: If losses or estimators differ, or no group has an incoherence.

    Examples:
        >>> from hotmess_inspect import analyze, outcomes_from_arrays, plot_plane
        >>> answers = ["A", "B", "A", "C", "C", "A"]
        >>> table = outcomes_from_arrays(["q1", "q1", "q1", "q2", "q2", "q2"], answer=answers, target=["A"] * 6)
        >>> figure = plot_plane(analyze(table, losses=("brier",), resamples=50))
        >>> figure.axes[0].get_xlabel(), figure.axes[0].get_ylabel()
        ('bias²', 'variance')
    """
    return _plotted(
        results,
        figures.plane_drawing,
        "no group has a defined incoherence",
    )


def plot_length(results: Iterable[GroupResult]) -> Figure:
    """Incoherence of questions sorted into buckets by length, with intervals and fitted power laws.

    Args:
        results: What `analyze` gave, of one loss and estimator.

    Raises:
        ValueError: If losses or estimators differ, or no bucket has a length and an incoherence.

    Examples:
        >>> import numpy as np
        >>> from hotmess_inspect import analyze, outcomes_from_arrays, plot_length
        >>> questions = np.repeat([f"q{n}" for n in range(20)], 4).tolist()
        >>> answers = np.random.default_rng(0).choice(["A", "B", "C"], size=80).tolist()
        >>> table = outcomes_from_arrays(questions, answer=answers, target=["A"] * 80, length=range(1, 81))
        >>> plot_length(analyze(table, losses=("brier",), resamples=50)).axes[0].get_ylabel()
        'incoherence'
    """
    return _plotted(results, figures.length_drawing, "no bucket has a length and a defined incoherence")


def plot_overthinking(results: Iterable[GroupResult]) -> Figure:
    """Incoherence of the shorter and of the longer half of each question's epochs.

    Args:
        results: What `analyze` gave, of one loss and estimator.

    Raises:
        ValueError: If losses or estimators differ, or no group's epochs can be split by length.

    Examples:
        >>> import numpy as np
        >>> from hotmess_inspect import analyze, outcomes_from_arrays, plot_overthinking
        >>> questions = np.repeat([f"q{n}" for n in range(20)], 4).tolist()
        >>> answers = np.random.default_rng(0).choice(["A", "B", "C"], size=80).tolist()
        >>> table = outcomes_from_arrays(questions, answer=answers, target=["A"] * 80, length=range(1, 81))
        >>> plot_overthinking(analyze(table, losses=("brier",), resamples=50)).axes[0].get_xlabel()
        'incoherence'
    """
    return _plotted(
        results, figures.overthinking_drawing, "no group can be split into shorter and longer epochs"
    )


def plot_ensembling(results: Iterable[GroupResult]) -> Figure:
    """Error of averages of several epochs, in closed form: the variance falls, the bias stays.

    Args:
        results: What `analyze` gave, of one loss and estimator.

    Raises:
        ValueError: If losses or estimators differ, or no group has unbiased terms of the Brier or squared loss.

    Examples:
        >>> from hotmess_inspect import analyze, outcomes_from_arrays, plot_ensembling
        >>> answers = ["A", "B", "A", "C", "C", "A"]
        >>> table = outcomes_from_arrays(["q1", "q1", "q1", "q2", "q2", "q2"], answer=answers, target=["A"] * 6)
        >>> plot_ensembling(analyze(table, losses=("brier",), resamples=50)).axes[0].get_xlabel()
        'epochs averaged'
    """
    return _plotted(
        results, figures.ensembling_drawing, "no group has unbiased terms of the Brier or squared loss"
    )


def plot_distribution(results: Iterable[GroupResult]) -> Figure:
    """How many questions have which share of right epochs.

    Args:
        results: What `analyze` gave, of one loss and estimator.

    Raises:
        ValueError: If losses or estimators differ, or no question has a verdict.

    Examples:
        >>> from hotmess_inspect import analyze, outcomes_from_arrays, plot_distribution
        >>> answers = ["A", "B", "A", "C", "C", "A"]
        >>> table = outcomes_from_arrays(["q1", "q1", "q1", "q2", "q2", "q2"], answer=answers, target=["A"] * 6)
        >>> plot_distribution(analyze(table, losses=("brier",), resamples=50)).axes[0].get_ylabel()
        'share of questions'
    """
    return _plotted(
        results,
        lambda own, labels: figures.distribution_drawing(own, labels, [question_numbers(r) for r in own]),
        "no question has a verdict",
    )


def _plotted(results: Iterable[GroupResult], draw: _Draw, nothing: str) -> Figure:
    own = list(results)
    kinds = sorted({f"{r.decomposition.loss}/{r.decomposition.estimator}" for r in own})
    if len(kinds) > 1:
        raise ValueError(f"results mix {', '.join(kinds)}: plot those of one loss and estimator at a time")
    drawing = draw(own, [label_of(r, own) for r in own]) if own else None
    if drawing is None:
        raise ValueError(f"there is nothing to plot: {nothing if own else 'no results'}")
    return drawing.plotted()
