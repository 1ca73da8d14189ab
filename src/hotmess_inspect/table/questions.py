"""From rows to arrays: the questions of one group, lined up as (questions, epochs, classes)."""

from __future__ import annotations

import string
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hotmess_inspect.arrays import check_choice
from hotmess_inspect.bits import decode_tests
from hotmess_inspect.schema import TEST_MEASURES, UNPARSED, Unparsed
from hotmess_inspect.table.columns import Labels
from hotmess_inspect.table.outcomes import Outcomes, fold_keys

_FloatArray = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Questions:
    """Everything that one group of outcomes says, a row per question.

    Epochs are lined up by log, context and epoch number, so the arrays depend on the rows' names and not
    on their order. A missing epoch is a row of NaN.

    Attributes:
        ids: Question ids, sorted.
        predictions: Shape (questions, epochs, classes), or (questions, epochs, dims) without classes.
        target: Right class, shape (questions,); or the right point, shape (questions, dims).
        correct: How right an epoch is, in [0, 1], NaN where missing, shape (questions, epochs).
        context: Number of the few-shot context, -1 where missing, shape (questions, epochs).
        classes: Whether the last axis is a distribution over classes.
        row: Row of the outcomes behind each epoch, -1 where none, shape (questions, epochs).
        outcomes: The rows.
        class_counts: Number of classes of each question, the one of unparsed answers included, shape
            (questions,); ``None`` without classes.
        unparsed_class: Whether the last class is that of unparsed answers.
        clusters: Number of each question's cluster, a question without one being a cluster of its own, shape
            (questions,); ``None`` where no question has one.
        open_labels: Whether classes are labels that occurred rather than choices that were offered, so that
            what else could have been answered is not known.
    """

    ids: tuple[str, ...]
    predictions: _FloatArray
    target: NDArray[np.intp] | _FloatArray
    correct: _FloatArray
    context: NDArray[np.int32]
    classes: bool
    row: NDArray[np.intp]
    outcomes: Outcomes
    class_counts: NDArray[np.intp] | None = None
    unparsed_class: bool = False
    clusters: NDArray[np.intp] | None = None
    open_labels: bool = False

    def lengths(self, column: str) -> _FloatArray:
        """A length column, NaN where the epoch has no prediction, shape (questions, epochs)."""
        values = np.append(getattr(self.outcomes, column), np.nan)[self.row]
        return np.where(np.isnan(self.correct), np.nan, values)


@dataclass(frozen=True, eq=False)
class Group:
    """The outcomes that belong together: one task, model, variant and scorer.

    ``measure`` says which of :data:`TEST_MEASURES` is meant, and is missing for everything else.
    """

    task: str | None
    model: str | None
    variant: str | None
    scorer: str | None
    measure: str | None
    kind: str
    outcomes: Outcomes


def groups(outcomes: Outcomes) -> list[Group]:
    """Split outcomes into the sets that may be pooled, in the order of their names.

    Two models, two tasks, two variants or two scorers are never in one group. Unit tests give four
    groups, FAIL_TO_PASS alone first, since pooled with PASS_TO_PASS an empty patch looks nearly right.
    """
    columns = [outcomes.task, outcomes.model, outcomes.variant, outcomes.scorer, outcomes.kind]
    if not len(outcomes):
        return []
    _, first, inverse = np.unique(
        fold_keys([c.codes for c in columns]), return_index=True, return_inverse=True
    )
    found = []
    for number, row in enumerate(first):
        task, model, variant, scorer, kind = (c.take(np.array([row])).values()[0] for c in columns)
        part = outcomes.take(inverse == number)
        measures = TEST_MEASURES if kind == "tests" else (None,)
        found += [Group(task, model, variant, scorer, measure, str(kind), part) for measure in measures]
    # Stable, so that the four measures of unit tests keep their order.
    return sorted(found, key=lambda g: (g.task or "", g.model or "", g.variant or "", g.scorer or "", g.kind))


def question_arrays(group: Group, *, unparsed: Unparsed = "uniform") -> Questions:
    """Line up the epochs of a group.

    Args:
        group: One of :func:`groups`.
        unparsed: What an unparsed answer counts as; the paper's choice is ``"uniform"``. For unit tests
            and scores, which have no classes, only ``"drop"`` changes anything; an unparsed text is left out
            unless it is a ``"class"``, the point of zeros.

    Returns:
        The arrays.

    Raises:
        ValueError: If the option is unknown, a question has two targets, a test vector does not fit its
            counts, or texts of a group were embedded in different numbers of dimensions.
    """
    check_choice("unparsed", unparsed, UNPARSED)
    layout = _Layout(group.outcomes)
    target: NDArray[np.intp] | _FloatArray
    counts, own = None, False
    if group.kind in ("answer", "probabilities"):
        predictions, target, correct, counts, own = _class_arrays(group, layout, unparsed)
    else:
        predictions, target, correct = _value_arrays(group, layout, unparsed)
    return Questions(
        ids=layout.ids,
        predictions=predictions,
        target=target,
        correct=correct,
        context=layout.spread(layout.context, -1),
        classes=group.kind in ("answer", "probabilities"),
        row=layout.spread(np.arange(len(group.outcomes)), -1),
        outcomes=group.outcomes,
        class_counts=counts,
        unparsed_class=own,
        clusters=_clusters(group.outcomes, layout),
        open_labels=group.kind == "answer" and _has_open_labels(group),
    )


class _Layout:
    """Where each row goes: question and place among the question's epochs."""

    def __init__(self, outcomes: Outcomes) -> None:
        question = outcomes.question.compact().sorted()
        self.ids = question.names
        self.context = outcomes.context.compact().sorted().codes
        self.question = question.codes.astype(np.intp)
        order = np.lexsort((outcomes.epoch, self.context, outcomes.log.sorted().codes, self.question))
        counts = np.bincount(self.question, minlength=len(self.ids))
        self.slot = np.empty(len(order), dtype=np.intp)
        self.slot[order] = np.arange(len(order)) - np.repeat(np.cumsum(counts) - counts, counts)
        self.shape = (len(self.ids), int(counts.max(initial=0)))

    def spread(self, values: NDArray, absent: float) -> NDArray:  # type: ignore[type-arg]
        """Put row values, shape (rows, ...), in their places, shape (questions, epochs, ...)."""
        table = np.full((*self.shape, *values.shape[1:]), absent, dtype=values.dtype)
        table[self.question, self.slot] = values
        return table

    def one_each(
        self, values: NDArray[np.int32], what: str, names: tuple[str, ...] | None = None
    ) -> NDArray[np.int32]:
        """The value that all rows of a question share, -1 where none has one, shape (questions,)."""
        low = np.full(len(self.ids), np.iinfo(np.int32).max, dtype=np.int32)
        high = np.full(len(self.ids), -1, dtype=np.int32)
        known = values >= 0
        np.minimum.at(low, self.question[known], values[known])
        np.maximum.at(high, self.question[known], values[known])
        for place in np.flatnonzero((high >= 0) & (low != high))[:1]:
            pair = [names[v] if names else int(v) for v in (low[place], high[place])]
            raise ValueError(
                f"question {self.ids[place]!r} has two values of {what}: {pair[0]!r} and {pair[1]!r}"
            )
        return high


def _clusters(outcomes: Outcomes, layout: _Layout) -> NDArray[np.intp] | None:
    """Which cluster each question belongs to, ``None`` if no question has one."""
    labels = outcomes.cluster.compact()
    if not labels.names:
        return None
    found = layout.one_each(labels.codes, "cluster", labels.names).astype(np.intp)
    alone = found < 0
    found[alone] = len(labels.names) + np.arange(int(alone.sum()))
    return found


def _class_arrays(
    group: Group, layout: _Layout, unparsed: Unparsed
) -> tuple[_FloatArray, NDArray[np.intp], _FloatArray, NDArray[np.intp], bool]:
    outcomes = group.outcomes
    answer, target, width = _letter_codes(group) or _open_codes(group, layout)
    right = layout.one_each(target, "target").astype(np.intp)
    scored = np.bincount(layout.question, weights=outcomes.scored, minlength=len(layout.ids)) > 0
    for place in np.flatnonzero((right < 0) & scored)[:1]:
        raise ValueError(f"question {layout.ids[place]!r} has no target")
    # A question without any record is planned and missing: all its epochs are NaN, whatever is right.
    right[right < 0] = 0
    known = np.zeros(len(layout.ids), dtype=np.intp)
    np.maximum.at(known, layout.question, np.maximum(outcomes.choices, outcomes.vector.sizes).astype(np.intp))
    # A question of unknown size has as many classes as the widest one: what else it offered is not on record.
    size = np.where(known > 0, np.minimum(np.maximum(known, 2), width), width)
    # An epoch that hit a limit or was cut off may have no answer either, whatever its status says.
    lost = outcomes.scored & (
        outcomes.answer.missing if group.kind == "answer" else outcomes.vector.sizes == 0
    )
    own = unparsed == "class" and bool(lost.any())
    classes = width + own
    if group.kind == "probabilities":
        rows = np.nan_to_num(outcomes.vector.padded(classes), nan=0.0)
    else:
        rows = (answer[:, None] == np.arange(classes)).astype(np.float64)
    # A label beyond the classes that a question is said to have is one of its classes all the same.
    widths = outcomes.vector.sizes if group.kind == "probabilities" else answer + 1
    np.maximum.at(size, layout.question, np.where(outcomes.scored, widths, 0).astype(np.intp))
    np.maximum(size, right + 1, out=size)
    rows[lost] = _unparsed_rows(layout.question[lost], size, classes, unparsed)
    rows[~outcomes.scored] = np.nan
    hit = _share_right(rows, right[layout.question])
    hit[lost] = np.nan if unparsed == "drop" else 0.0
    return layout.spread(rows, np.nan), right, layout.spread(hit, np.nan), size + own, own


def _unparsed_rows(
    question: NDArray[np.intp], size: NDArray[np.intp], classes: int, policy: Unparsed
) -> _FloatArray:
    if policy == "drop":
        return np.full((len(question), classes), np.nan)
    if policy == "class":
        return np.tile(np.arange(classes) == classes - 1, (len(question), 1)).astype(np.float64)
    own = size[question][:, None]
    return np.where(np.arange(classes) < own, 1.0 / own, 0.0)


def _share_right(rows: _FloatArray, right: NDArray[np.intp]) -> _FloatArray:
    """1 where the likeliest class is the right one, 1/k where k classes tie for it."""
    best = rows == rows.max(axis=1, keepdims=True, initial=0.0)
    ties = best.sum(axis=1)
    hit: _FloatArray = np.where(ties > 0, best[np.arange(len(rows)), right] / np.maximum(ties, 1), np.nan)
    return hit


def _letter_codes(group: Group) -> tuple[NDArray[np.int32], NDArray[np.int32], int] | None:
    """Classes in the order of the choices, if every label is that of a choice; letters only for answers."""
    answers, targets = group.outcomes.answer.compact(), group.outcomes.target.compact()
    numbers = [[_choice_number(name) for name in column.names] for column in (answers, targets)]
    flat = [number for column in numbers for number in column]
    if group.kind == "probabilities":
        if -1 in flat:
            raise ValueError("the target of probabilities is the label of a choice: A to Z, then 1, 2, …")
    elif any(number < 0 or number >= len(string.ascii_uppercase) for number in flat):
        return None
    answer, target = (_renumber(c, n) for c, n in zip((answers, targets), numbers, strict=True))
    widest = max(int(group.outcomes.choices.max(initial=0)), int(group.outcomes.vector.sizes.max(initial=0)))
    return answer, target, max(widest, int(answer.max(initial=0)) + 1, int(target.max(initial=0)) + 1, 2)


def _has_open_labels(group: Group) -> bool:
    """Whether some label is that of no choice, and the number of choices is not on record either."""
    outcomes = group.outcomes
    if (outcomes.choices[outcomes.scored] > 0).all():
        return False
    names = (*outcomes.answer.compact().names, *outcomes.target.compact().names)
    return any(not 0 <= _choice_number(name) < len(string.ascii_uppercase) for name in names)


def _choice_number(label: str) -> int:
    """Place of a choice by Inspect's labels (A to Z, then 1, 2, …), -1 for any other text."""
    if len(label) == 1 and label in string.ascii_uppercase:
        return ord(label) - ord("A")
    return (
        len(string.ascii_uppercase) - 1 + int(label)
        if label.isascii() and label.isdigit() and len(label) < 5
        else -1
    )


def _open_codes(group: Group, layout: _Layout) -> tuple[NDArray[np.int32], NDArray[np.int32], int]:
    """Classes per question: its own labels in the order of their text, so that thousands stay narrow."""
    both = Labels.concatenate([group.outcomes.answer, group.outcomes.target]).compact().sorted()
    question = np.tile(layout.question, 2)
    given = both.codes >= 0
    pairs, inverse = np.unique(
        question[given] * (len(both.names) + 1) + both.codes[given], return_inverse=True
    )
    owner = pairs // (len(both.names) + 1)
    counts = np.bincount(owner, minlength=len(layout.ids))
    rank = np.arange(len(pairs)) - (np.cumsum(counts) - counts)[owner]
    codes = np.full(len(question), -1, dtype=np.int32)
    codes[given] = rank[inverse]
    half = len(layout.question)
    widest = max(int(counts.max(initial=0)), int(group.outcomes.choices.max(initial=0)), 2)
    return codes[:half], codes[half:], widest


def _renumber(column: Labels, numbers: list[int]) -> NDArray[np.int32]:
    return np.asarray([*numbers, -1], dtype=np.int32)[column.codes]


def _value_arrays(
    group: Group, layout: _Layout, unparsed: Unparsed
) -> tuple[_FloatArray, _FloatArray, _FloatArray]:
    outcomes = group.outcomes
    if group.kind == "tests":
        rows = _test_rows(group, layout)
        target = np.ones((len(layout.ids), rows.shape[1]))
    elif group.kind == "text":
        rows = _text_rows(group, layout, unparsed)
        target = np.full((len(layout.ids), rows.shape[1]), np.nan)
    elif group.kind == "point":
        rows = outcomes.vector.padded(int(outcomes.vector.sizes.max(initial=1)))
        target = _goals(outcomes, layout, rows.shape[1])
    else:
        rows = outcomes.value[:, None].copy()
        target = np.ones((len(layout.ids), 1))
    gone = ~outcomes.scored | (outcomes.status.equals("unparsed") if unparsed == "drop" else False)
    rows[gone] = np.nan
    if group.kind == "score":
        _check_unit_interval(rows[:, 0], outcomes, layout)
    held = ~np.isnan(rows)
    count = held.sum(axis=1)
    mean = np.where(held, rows, 0.0).sum(axis=1) / np.maximum(count, 1)
    correct = np.where(count > 0, np.nan if group.kind in ("point", "text") else mean, np.nan)
    return layout.spread(rows, np.nan), target, layout.spread(correct, np.nan)


def _text_rows(group: Group, layout: _Layout, unparsed: Unparsed) -> _FloatArray:
    outcomes = group.outcomes
    sizes = outcomes.vector.sizes
    given = outcomes.scored & (sizes > 0)
    for row in np.flatnonzero(given & (sizes != sizes.max(initial=0)))[:1]:
        raise ValueError(
            f"question {layout.ids[layout.question[row]]!r}, epoch {outcomes.epoch[row]}: an embedding of "
            f"{sizes[row]} dims among others of {sizes.max()}; texts of one group need one embedder"
        )
    rows = outcomes.vector.padded(max(int(sizes.max(initial=0)), 1))
    rows[~given] = np.nan
    if unparsed == "class":
        rows[outcomes.scored & ~given] = 0.0
    return rows


def _check_unit_interval(values: _FloatArray, outcomes: Outcomes, layout: _Layout) -> None:
    with np.errstate(invalid="ignore"):
        odd = np.flatnonzero((values < 0) | (values > 1))
    for row in odd[:1]:
        raise ValueError(
            f"question {layout.ids[layout.question[row]]!r}, epoch {outcomes.epoch[row]}: score {values[row]:g} "
            f"lies outside [0, 1], so what is right is not known ({len(odd)} such scores)"
        )


def _goals(outcomes: Outcomes, layout: _Layout, width: int) -> _FloatArray:
    goals = outcomes.goal.padded(width)
    target = np.full((len(layout.ids), width), np.nan)
    target[layout.question] = goals
    for row in np.flatnonzero((target[layout.question] != goals).any(axis=1))[:1]:
        raise ValueError(f"question {layout.ids[layout.question[row]]!r} has no goal or two of them")
    return target


def _test_rows(group: Group, layout: _Layout) -> _FloatArray:
    outcomes = group.outcomes
    f2p = np.where(outcomes.scored, outcomes.f2p, -1)
    layout.one_each(f2p, "hm_f2p")
    layout.one_each(np.where(outcomes.scored, outcomes.p2p, -1), "hm_p2p")
    first, last = {
        "f2p": (np.zeros_like(f2p), outcomes.f2p),
        "p2p": (outcomes.f2p, outcomes.f2p + outcomes.p2p),
    }.get(group.measure or "", (np.zeros_like(f2p), outcomes.f2p + outcomes.p2p))
    width = int(np.where(outcomes.scored, last - first, 0).max(initial=0))
    rows = np.full((len(outcomes), max(width, 1)), np.nan)
    masks = masked_tests(outcomes, layout.question)
    for row, passed in _decoded(outcomes, layout):
        part = passed[first[row] : last[row]]
        rows[row, : len(part)] = part
        mask = masks.get(int(layout.question[row]))
        if mask is not None:
            rows[row, : len(part)][mask[first[row] : last[row]]] = np.nan
    if group.measure == "resolved":
        resolved: _FloatArray = (np.isnan(rows) | (rows == 1)).all(axis=1, keepdims=True).astype(np.float64)
        return resolved
    return rows


def masked_tests(
    outcomes: Outcomes, question: NDArray[np.intp] | NDArray[np.int64]
) -> dict[int, NDArray[np.bool_]]:
    """Unit tests that do not count, by question: those that any of its scored epochs masks.

    Args:
        outcomes: The rows.
        question: Index of each row's question, shape (rows,).

    Returns:
        Shape (tests,) for each question with a masked test.
    """
    masks: dict[int, NDArray[np.bool_]] = {}
    counts = outcomes.f2p + outcomes.p2p
    for row in np.flatnonzero(outcomes.scored & ~outcomes.masked.missing).tolist():
        mask = decode_tests(outcomes.masked.names[int(outcomes.masked.codes[row])], int(counts[row]))
        key = int(question[row])
        masks[key] = masks[key] | mask if key in masks else mask
    return masks


def _decoded(outcomes: Outcomes, layout: _Layout) -> Iterator[tuple[int, NDArray[np.bool_]]]:
    # Most epochs share their outcomes with others: each distinct string is decoded once.
    seen: dict[tuple[int, int], NDArray[np.bool_]] = {}
    counts = outcomes.f2p + outcomes.p2p
    for row in np.flatnonzero(outcomes.scored & ~outcomes.tests.missing).tolist():
        key = (int(outcomes.tests.codes[row]), int(counts[row]))
        if key not in seen:
            try:
                seen[key] = decode_tests(outcomes.tests.names[key[0]], key[1])
            except ValueError as error:
                where = f"question {layout.ids[layout.question[row]]!r}, epoch {outcomes.epoch[row]}"
                raise ValueError(f"{where}: hm_tests does not fit hm_f2p + hm_p2p: {error}") from None
        yield row, seen[key]
