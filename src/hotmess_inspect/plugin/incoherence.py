"""The metric `hotmess/incoherence`."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from inspect_ai.scorer import Metric, SampleScore, metric

from hotmess_inspect.plugin.options import checked_options
from hotmess_inspect.verdicts import entries_of, value_keys

MOST_KEYS = 32
_NONE: Mapping[str, Any] = {}


@metric(scores="unreduced")
def incoherence(
    loss: str = "brier",
    estimator: str | None = None,
    tests: str = "f2p",
    unparsed: str = "uniform",
    key: str | int | None = None,
    perfect: float | None = None,
    range: str | list[float] | None = None,
    smoothing: float = 1e-12,
) -> Metric:
    """Bias, variance and incoherence over the epochs of each question.

    incoherence = Σ variance / Σ error over the questions with at least two epochs, with
    error = bias_squared + variance per question. What an epoch predicts is read from the ``hm_*`` entries
    of `Score.metadata` ("answer", "probabilities", "tests", "text"); scores without them, and verdicts of other
    people's scorers, are read from `Score.value` as a number, rescaled so that wrong is 0 and right is 1
    ("score": squared loss, so that for verdicts the incoherence of a question is its pass rate).

    The scores become the table that `hotmess analyze` reads logs into, and take the same way from there: the
    same epochs give the same numbers and counts. Where epochs of one scorer disagree in kind, answers and
    probabilities are read by their verdicts like plain scores; nothing else mixes, and the most frequent kind is
    decomposed. A label without a number of classes (``hm_classes``) is one of as many as the question with the most
    labels has.

    The metric never raises and gives the same bits for the epochs in any order. Epochs that it cannot read
    are counted, not guessed: None, NaN, ±inf, unknown words, a missing key, tests that do not fit, all scores of a
    scorer where one lies outside of its scale, an epoch whose target is not that of most epochs of
    its question.

    Args:
        loss: "brier", "kl" or "zero_one" for classes; with "brier" plain scores are decomposed with the
            squared loss, with the others as two outcomes (v, 1 - v). Unit tests always have the coverage
            error, the squared loss.
        estimator: "unbiased" or "plugin" for "brier", "plugin" or "jackknife" for "kl", "plugin" for
            "zero_one"; None is the first of these.
        tests: Which unit tests are the headline: "f2p", "p2p" or "pooled".
        unparsed: What an answer that could not be read counts as: "uniform" over the classes as in the
            paper, a "class" of its own, or "drop" to leave the epoch out. Always counted. Text has no
            classes: "class" is the point of zeros there, anything else leaves the epoch out.
        key: Key (or index) of the value to decompose where scores are dictionaries (or lists). None
            decomposes every key of dictionaries of several plain scores.
        perfect: Score of a right answer, for plain scores; a wrong one gets 0, or 1 where a right one gets 0. None
            takes what the scorer wrote (``hm_range``), and is 1 where it wrote nothing. It stands in the log, where
            `hotmess analyze` and all other commands find it.
        range: Scores of a wrong and of a right answer, such as ``[1, 5]`` or ``[10, 0]``, in place of `perfect`.
        smoothing: δ of the KL loss.

    Returns:
        A metric whose results form the group ``incoherence``, undefined is NaN:

        - ``incoherence`` and its linearised standard error ``incoherence_stderr``; ``error``,
          ``bias_squared``, ``variance``: means over the questions with at least two epochs;
        - where epochs share few-shot contexts (``hm_context``): the unbiased "brier" numbers come from pairs of
          different contexts, and ``between_context`` and ``within_context`` are the parts of the variance;
        - ``accuracy``: mean over all questions of the share of right epochs (unit tests: all pass);
        - ``questions`` with a scored epoch, ``epochs_scored``, and ``epochs_planned``: the highest epoch
          number times the questions seen (a lower bound until an epoch of that number has come in, and
          blind to questions without any scored epoch; NaN where scores carry no epoch number);
        - only where they are not 0: ``questions_single_epoch`` and ``questions_no_error`` among the
          questions, ``epochs_unparsed`` and their share ``share_unparsed``, ``epochs_unscored``,
          ``epochs_other_kind``, and ``epochs_duplicated`` (the same question and epoch again; the last counts), and
          ``questions_no_target`` for text, which has a variance (of embeddings, E‖e - ē‖², with that of a
          kernel beside it, ``variance_kernel``) but no error, bias or incoherence: these are NaN;
        - where there are classes the paper's KL plug-in as ``…_kl``; for unit tests the other sets as
          ``…_f2p`` or ``…_p2p``, the paper's pooled coverage as ``…_pooled``, and all tests
          passing as one outcome as ``…_resolved``; ``accuracy_f2p``, ``accuracy_p2p`` and ``accuracy_pooled`` are the
          shares of passed tests;
        - where patches were graded several times: ``grader_variance``, the part of the variance that equal
          patches have too, ``model_variance``, the rest, and ``incoherence_model``, what a grader without
          noise would have found. Unstable tests that a scorer masked count nowhere;
        - ``kind_…``: 1 under the name of the kind that was decomposed;
        - for dictionaries of several plain scores all of these per key, as ``…_KEY``, and none without.

    Raises:
        ValueError: If a parameter has a value that it does not permit.

    References:
        Hägele et al. (2026), eq. 2 and App. A, B.3, https://arxiv.org/abs/2601.23045
    """
    options = checked_options(
        loss=loss,
        estimator=estimator,
        smoothing=smoothing,
        unparsed=unparsed,
        tests=tests,
        key=key,
        perfect=perfect,
        range=range,
    )

    def compute(scores: list[SampleScore]) -> dict[str, float]:
        # Inspect loads every component at its start; numpy can wait until there is something to compute.
        from hotmess_inspect.plugin.epochs import epochs_of
        from hotmess_inspect.plugin.summary import summarise

        read = partial(epochs_of, scale=options.scale)
        ids, values, metadata = [], [], []
        # One walk: three cost twice as much, since each fetches every score from memory anew.
        for epoch in scores:
            score = epoch.score
            ids.append(epoch.sample_id)
            values.append(score.value)
            metadata.append(score.metadata)
        keys = [options.key] if options.key is not None else _keys(ids, values, metadata)
        if len(keys) == 1:
            return summarise(read(ids, values, metadata, key=keys[0], plain=keys[0] is not None), options)
        held = entries_of(values)
        parts = {key: summarise(read(ids, held, metadata, key=key, plain=True), options) for key in keys}
        return {f"{name}_{key}": number for key, part in parts.items() for name, number in part.items()}

    return compute


def _keys(
    ids: Sequence[object], values: Sequence[object], metadata: Sequence[Mapping[str, Any] | None]
) -> Sequence[str | int | None]:
    """Keys to decompose one by one, in alphabetical order.

    Keys beyond `MOST_KEYS` are left to ``key``; what else is known of an epoch goes before its values.
    """
    if set(map(type, values)).isdisjoint((dict, list, tuple)):
        return [None]
    # Of an epoch that was recorded several times only the last record has a say, as in a log.
    last: dict[object, int] = {}
    for row, (name, entry) in enumerate(zip(ids, metadata, strict=True)):
        epoch = (entry or _NONE).get("hm_epoch")
        last[(str(name), epoch) if name is not None and type(epoch) is int and epoch > 0 else row] = row
    values = [values[row] for row in last.values()]
    metadata = [metadata[row] for row in last.values()]
    keys = value_keys(values)
    if keys == [None] or any((entry or _NONE).get("hm_kind") not in (None, "score") for entry in metadata):
        return [None]
    return sorted(map(str, keys))[:MOST_KEYS]
