"""Outcomes from arrays in memory."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from hotmess_inspect.schema import normalise_label
from hotmess_inspect.table.columns import Labels
from hotmess_inspect.table.outcomes import Outcomes


def outcomes_from_arrays(
    question: Sequence[object],
    *,
    answer: Sequence[str | None] | None = None,
    probabilities: ArrayLike | None = None,
    score: ArrayLike | None = None,
    target: Sequence[str | None] | None = None,
    epoch: Sequence[int] | None = None,
    model: str | Sequence[str] | None = None,
    task: str | Sequence[str] | None = None,
    context: Sequence[object] | None = None,
    cluster: Sequence[object] | None = None,
    length: ArrayLike | None = None,
) -> Outcomes:
    """Outcomes from columns of equal length, one entry per epoch of a question.

    Args:
        question: Question ids; numbers and strings of the same spelling are one question.
        answer: Labels given, ``None`` or empty where none could be parsed.
        probabilities: Class probabilities, shape (rows, classes); a row of NaN is an unparsed answer.
        score: How right each epoch is, in [0, 1]; NaN is a missing epoch.
        target: Right labels (with ``probabilities``: the capital letter of the class, A for the first). Where no row
            has one, agreement alone can be measured.
        epoch: Epoch numbers; default: counted per question, model, task and context, in order.
        model: Model name, one or one per row.
        task: Task name, one or one per row.
        context: Few-shot context ids.
        cluster: Cluster of the question, such as its subject or repository; ``None`` or empty where it has none.
        length: Lengths in any unit; NaN where unknown.

    Returns:
        The table.

    Raises:
        ValueError: If not exactly one of ``answer``, ``probabilities`` and ``score`` is given, columns differ in
            length, or two rows name the same epoch.

    Examples:
        >>> from hotmess_inspect import outcomes_from_arrays
        >>> table = outcomes_from_arrays(["q1", "q1", "q2"], answer=["A", "B", "A"], target=["A", "A", "A"])
        >>> table.epoch.tolist()
        [1, 2, 1]
    """
    given = [
        n
        for n, v in (("answer", answer), ("probabilities", probabilities), ("score", score))
        if v is not None
    ]
    if len(given) != 1:
        raise ValueError(f"give one of answer, probabilities, score; got {', '.join(given) or 'none'}")
    columns: dict[str, Any] = {
        "question": Labels.encode(str(q) for q in question),
        "model": model if model is None or isinstance(model, str) else Labels.encode(model),
        "task": task if task is None or isinstance(task, str) else Labels.encode(task),
        "context": None if context is None else Labels.encode(str(c) for c in context),
        "cluster": None if cluster is None else Labels.encode(_name(c) for c in cluster),
        "target": None if target is None else Labels.encode(normalise_label(t) for t in target),
        "length": length,
        **_prediction(answer, probabilities, score),
    }
    table = Outcomes.build(
        len(question), {"epoch": np.arange(len(question)) if epoch is None else epoch, **columns}
    )
    if epoch is None:
        table = _count_epochs(table)
    if table.drop_duplicates()[1]:
        raise ValueError("two rows name the same model, task, context, question and epoch")
    return table


def _name(value: object) -> str | None:
    return None if value is None else str(value).strip() or None


def _prediction(
    answer: Sequence[str | None] | None, probabilities: ArrayLike | None, score: ArrayLike | None
) -> dict[str, Any]:
    if answer is not None:
        labels = [normalise_label(a) for a in answer]
        return {
            "kind": "answer",
            "answer": labels,
            "status": ["unparsed" if a is None else "ok" for a in labels],
        }
    if probabilities is not None:
        rows = np.asarray(probabilities, dtype=np.float64)
        if rows.ndim != 2:
            raise ValueError(f"probabilities must have the shape (rows, classes), not {rows.shape}")
        empty = np.asarray(np.isnan(rows).all(axis=1))
        return {
            "kind": "probabilities",
            "vector": [None if e else r for e, r in zip(empty, rows, strict=True)],
            "choices": np.full(len(rows), rows.shape[1]),
            "status": np.where(empty, "unparsed", "ok").tolist(),
        }
    values = np.asarray(score, dtype=np.float64)
    return {"kind": "score", "value": values, "status": np.where(np.isnan(values), "unscored", "ok").tolist()}


def _count_epochs(table: Outcomes) -> Outcomes:
    from dataclasses import replace

    from hotmess_inspect.table.outcomes import fold_keys

    keys = fold_keys([table.model.codes, table.task.codes, table.context.codes, table.question.codes])
    order = np.argsort(keys, kind="stable")
    _, counts = np.unique(keys, return_counts=True)
    epoch = np.empty(len(table), dtype=np.int32)
    epoch[order] = np.arange(len(table)) - np.repeat(np.cumsum(counts) - counts, counts) + 1
    return replace(table, epoch=epoch)
