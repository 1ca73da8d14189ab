"""From rows to arrays: the questions of one group, lined up as (questions, epochs, classes)."""

from __future__ import annotations

import string
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hotmess_inspect.arrays import check_choice, mean_over_epochs, ordered_mean
from hotmess_inspect.bits import decode_tests
from hotmess_inspect.schema import PERFECT, TEST_MEASURES, UNPARSED, Unparsed, class_index
from hotmess_inspect.table.cleaning import Note, readable
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
        target: Right class, shape (questions,), -1 where the group is `untargeted`; or the right point, shape (questions, dims).
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

    @property
    def accuracy(self) -> float:
        """Mean over questions of the mean over epochs of how right an epoch is; NaN without any."""
        return mean_correct(self.correct)

    @property
    def pilot(self) -> NDArray[np.bool_] | None:
        """Which epochs of an adaptive run every question got whatever it answered, shape (questions, epochs).

        Epochs of logs that are no wave of such a run are among them. ``None`` where the number of epochs never
        depends on answers.
        """
        if not self.outcomes.pilot.any():
            return None
        first, epoch = (
            np.append(column, 0)[self.row] for column in (self.outcomes.pilot, self.outcomes.epoch)
        )
        return np.asarray((self.row >= 0) & ((first == 0) | (epoch <= first)))

    def without_pilot(self) -> Questions:
        """The same without the epochs on which their number rests: given those, all others are plain draws.

        All epochs where there are none but those: then nothing has rested on them.
        """
        pilot = self.pilot
        if pilot is None:
            return self
        outcomes = replace(self.outcomes, pilot=np.zeros_like(self.outcomes.pilot))
        if pilot[self.row >= 0].all():
            return replace(self, outcomes=outcomes)
        return replace(self.without(pilot), outcomes=outcomes)

    def without(self, left_out: NDArray[np.bool_]) -> Questions:
        """The same with some epochs missing, shape (questions, epochs)."""
        return replace(
            self,
            predictions=np.where(left_out[:, :, None], np.nan, self.predictions),
            correct=np.where(left_out, np.nan, self.correct),
            context=np.where(left_out, np.int32(-1), self.context),
            row=np.where(left_out, -1, self.row),
        )

    @property
    def untargeted(self) -> bool:
        """Whether there are classes and no target: answers can agree, and none is right."""
        return self.classes and bool(len(self.target)) and bool((self.target < 0).all())

    def take(self, questions: NDArray[np.intp]) -> Questions:
        """Some of the questions, in the order given."""
        counts, clusters = (None if c is None else c[questions] for c in (self.class_counts, self.clusters))
        return replace(
            self,
            ids=tuple(self.ids[i] for i in questions.tolist()),
            predictions=self.predictions[questions],
            target=self.target[questions],
            correct=self.correct[questions],
            context=self.context[questions],
            row=self.row[questions],
            class_counts=counts,
            clusters=clusters,
        )

    def lengths(self, column: str) -> _FloatArray:
        """A length column, NaN where the epoch has no prediction, shape (questions, epochs)."""
        values = np.append(getattr(self.outcomes, column), np.nan)[self.row]
        return np.where(np.isnan(self.correct), np.nan, values)

    def one_each(self, column: str) -> _FloatArray:
        """A number that belongs to the question and not to the epoch, NaN where unknown, shape (questions,).

        Args:
            column: ``human_minutes`` or ``weight``.

        Raises:
            ValueError: If epochs of one question name two values.
        """
        values = np.append(getattr(self.outcomes, column), np.nan)[self.row]
        known = ~np.isnan(values)
        low = np.where(known, values, np.inf).min(axis=1, initial=np.inf)
        high = np.where(known, values, -np.inf).max(axis=1, initial=-np.inf)
        # Weights are sums of fractions: what differs by rounding is one value.
        for place in np.flatnonzero(known.any(axis=1) & ~np.isclose(low, high, rtol=1e-9, atol=0))[:1]:
            pair = f"{low[place]:g} and {high[place]:g}"
            raise ValueError(
                f"question {self.ids[place]!r} has two values of {column}: {pair}; files that disagree are read one at a time"
            )
        return np.where(known.any(axis=1), high, np.nan)


def mean_correct(correct: _FloatArray) -> float:
    """Mean over questions of the mean over epochs, of shape (questions, epochs); NaN without any."""
    return ordered_mean(mean_over_epochs(correct))


@dataclass(frozen=True, eq=False)
class Group:
    """The outcomes that belong together: one task, model, variant and scorer.

    ``measure`` says which of :data:`TEST_MEASURES` is meant, and is missing for everything else. ``notes`` say
    which epochs could not be read, or were read as another kind.
    """

    task: str | None
    model: str | None
    variant: str | None
    scorer: str | None
    measure: str | None
    kind: str
    outcomes: Outcomes
    notes: tuple[Note, ...] = ()

    @property
    def unparsed(self) -> NDArray[np.bool_]:
        """Scored epochs without a prediction that could be read, shape (rows,)."""
        outcomes = self.outcomes
        if self.kind == "answer":
            return outcomes.scored & outcomes.answer.missing
        if self.kind == "probabilities":
            return np.asarray(outcomes.scored & (outcomes.vector.sizes == 0))
        return outcomes.status.equals("unparsed")

    @property
    def untargeted(self) -> bool:
        """Whether its predictions are answers without any target, so that none is right."""
        target = self.outcomes.target
        return self.kind in ("answer", "probabilities") and bool(target.missing[self.outcomes.scored].all())


def groups(outcomes: Outcomes, *, need_target: bool = True) -> list[Group]:
    """Split outcomes into the sets that may be pooled, in the order of their names.

    Two models, two tasks, two variants or two scorers are never in one group, and the epochs of a group are of
    one kind (:func:`~hotmess_inspect.table.cleaning.readable`). Unit tests give four groups, FAIL_TO_PASS alone
    first, since pooled with PASS_TO_PASS an empty patch looks nearly right.

    Args:
        outcomes: Rows of any number of tasks and models.
        need_target: Whether answers none of which has a target are left out, since no error can be measured.
    """
    columns = [outcomes.task, outcomes.model, outcomes.variant, outcomes.scorer]
    found = []
    for row, part in _parts(outcomes, fold_keys([c.codes for c in columns]) if len(outcomes) else None):
        task, model, variant, scorer = (c.value(row) for c in columns)
        clean = readable(part, need_target=need_target)
        measures = TEST_MEASURES if clean.kind == "tests" else (None,)
        found += [
            Group(task, model, variant, scorer, measure, clean.kind, clean.outcomes, clean.notes)
            for measure in measures
        ]
    # Stable, so that the four measures of unit tests keep their order.
    return sorted(found, key=lambda g: (g.task or "", g.model or "", g.variant or "", g.scorer or ""))


def _parts(outcomes: Outcomes, keys: NDArray[np.int64] | None) -> Iterator[tuple[int, Outcomes]]:
    """The rows of each key, and the first of them."""
    if keys is None:
        return
    if keys.min() == keys.max():
        yield 0, outcomes
        return
    order = np.argsort(keys, kind="stable")
    starts = np.flatnonzero(np.diff(keys[order], prepend=keys[order[0]] - 1))
    for rows in np.split(order, starts[1:]):
        yield int(rows[0]), outcomes.take(rows)


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
        ValueError: If the option is unknown, or a question has two clusters.
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
        counts = np.bincount(self.question, minlength=len(self.ids))
        self.slot = _rank_within_question(
            fold_keys([question.codes, self._log(outcomes), self.context, outcomes.epoch])
            if len(outcomes)
            else np.zeros(0, dtype=np.int64),
            counts,
        )
        self.shape = (len(self.ids), int(counts.max(initial=0)))

    @staticmethod
    def _log(outcomes: Outcomes) -> NDArray[np.int32]:
        # Waves of one run count their epochs on, in whichever log of an interrupted wave each of them stands.
        codes = outcomes.log.sorted().codes
        return np.where(outcomes.pilot > 0, np.int32(-1), codes) if outcomes.pilot.any() else codes

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


def _rank_within_question(keys: NDArray[np.int64], counts: NDArray[np.intp]) -> NDArray[np.intp]:
    """Rank of each row among those of its question, by keys that ascend with the question."""
    places = np.arange(len(keys)) - np.repeat(np.cumsum(counts) - counts, counts)
    if (keys[1:] >= keys[:-1]).all():
        return places
    found = np.empty(len(keys), dtype=np.intp)
    found[np.argsort(keys, kind="stable")] = places
    return found


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
    outcomes, scored = group.outcomes, group.outcomes.scored
    answer, target, width = _letter_codes(group) or _open_codes(group, layout)
    # A question without a readable epoch has NaN throughout, whatever stands for its target.
    right = np.full(len(layout.ids), -1 if group.untargeted else 0, dtype=np.intp)
    right[layout.question[scored]] = target[scored]
    for row in np.flatnonzero(scored & (target != right[layout.question]))[:1]:
        raise ValueError(f"question {layout.ids[layout.question[row]]!r} has two values of target")
    known = np.zeros(len(layout.ids), dtype=np.intp)
    choices = (
        np.maximum(outcomes.choices, outcomes.vector.sizes) if outcomes.vector.flat.size else outcomes.choices
    )
    _largest_at(known, layout.question, np.where(scored, choices, 0))
    # A question of unknown size has as many classes as the widest one: what else it offered is not on record.
    size = np.where(known >= 2, np.minimum(known, width), width)
    # A label beyond the classes that a question is said to have is one of its classes all the same.
    widths = outcomes.vector.sizes if group.kind == "probabilities" else answer + 1
    _largest_at(size, layout.question, np.where(scored, widths, 0))
    np.maximum(size, right + 1, out=size)
    # An epoch that hit a limit or was cut off may have no answer either, whatever its status says.
    lost = scored & (outcomes.answer.missing if group.kind == "answer" else outcomes.vector.sizes == 0)
    own = unparsed == "class" and bool(lost.any())
    classes = width + own
    place = layout.question * layout.shape[1] + layout.slot
    read = scored & ~lost if lost.any() else scored
    whole = len(read) == layout.shape[0] * layout.shape[1] and bool(read.all())
    made = np.zeros((*layout.shape, classes)) if whole else np.full((*layout.shape, classes), np.nan)
    cube = made.reshape(-1, classes)
    if group.kind == "probabilities":
        rows = np.nan_to_num(outcomes.vector.take(read).padded(classes), nan=0.0)
        cube[place[read]] = rows
        hit = np.full(len(outcomes), np.nan)
        hit[read] = _share_right(rows, right[layout.question[read]])
    else:
        if not whole:
            cube[place[read]] = 0.0
        made.reshape(-1)[place[read] * classes + answer[read]] = 1.0
        hit = np.where(read, answer == right[layout.question], np.nan)
    if lost.any():
        cube[place[lost]] = _unparsed_rows(layout.question[lost], size, classes, unparsed)
        hit[lost] = np.nan if unparsed == "drop" else 0.0
    if group.untargeted:
        hit[:] = np.nan
    made.flags.writeable = False
    return made, right, layout.spread(hit, np.nan), size + own, own


def _largest_at(largest: NDArray[np.intp], question: NDArray[np.intp], values: NDArray[Any]) -> None:
    """Raise each question's entry to the largest value of its rows, in place."""
    if not len(values):
        return
    if values.min() == values.max():
        largest[question] = np.maximum(largest[question], values[0])
    else:
        np.maximum.at(largest, question, values.astype(np.intp))


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
    outcomes, scored = group.outcomes, group.outcomes.scored
    answers, targets = (column.only(scored) for column in (outcomes.answer, outcomes.target))
    numbers = [
        [-1 if (found := class_index(name)) is None else found for name in column.names]
        for column in (answers, targets)
    ]
    letters = all(0 <= number < len(string.ascii_uppercase) for column in numbers for number in column)
    if group.kind == "answer" and not letters:
        return None
    answer, target = (_renumber(c, n) for c, n in zip((answers, targets), numbers, strict=True))
    widest = max(_most(outcomes.choices, scored), _most(outcomes.vector.sizes, scored))
    return answer, target, max(widest, int(answer.max(initial=0)) + 1, int(target.max(initial=0)) + 1, 2)


def _has_open_labels(group: Group) -> bool:
    """Whether some label is that of no choice, and the number of choices is not on record either."""
    outcomes, scored = group.outcomes, group.outcomes.scored
    if (outcomes.choices[scored] > 0).all():
        return False
    names = [name for column in (outcomes.answer, outcomes.target) for name in column.only(scored).names]
    numbers = [class_index(name) for name in names]
    return any(number is None or number >= len(string.ascii_uppercase) for number in numbers)


def _open_codes(group: Group, layout: _Layout) -> tuple[NDArray[np.int32], NDArray[np.int32], int]:
    """Classes per question: its own labels in the order of their text, so that thousands stay narrow."""
    outcomes, scored = group.outcomes, group.outcomes.scored
    both = Labels.concatenate([column.only(scored) for column in (outcomes.answer, outcomes.target)])
    both = both.compact().sorted()
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
    return codes[:half], codes[half:], max(int(counts.max(initial=0)), _most(outcomes.choices, scored), 2)


def _most(counts: NDArray[np.int32] | NDArray[np.int64], rows: NDArray[np.bool_]) -> int:
    return int(counts.max(initial=0, where=rows))


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
        rows = _text_rows(group, unparsed)
        target = np.full((len(layout.ids), rows.shape[1]), np.nan)
    elif group.kind == "point":
        rows = outcomes.vector.padded(int(outcomes.vector.sizes.max(initial=1)))
        target = np.full((len(layout.ids), rows.shape[1]), np.nan)
        target[layout.question[outcomes.scored]] = outcomes.goal.take(outcomes.scored).padded(rows.shape[1])
    else:
        rows = outcomes.value[:, None].copy()
        target = np.full((len(layout.ids), 1), PERFECT)
    gone = ~outcomes.scored | (outcomes.status.equals("unparsed") if unparsed == "drop" else False)
    rows[gone] = np.nan
    held = ~np.isnan(rows)
    count = held.sum(axis=1)
    mean = np.where(held, rows, 0.0).sum(axis=1) / np.maximum(count, 1)
    correct = np.where(count > 0, np.nan if group.kind in ("point", "text") else mean, np.nan)
    return layout.spread(rows, np.nan), target, layout.spread(correct, np.nan)


def _text_rows(group: Group, unparsed: Unparsed) -> _FloatArray:
    outcomes = group.outcomes
    given = outcomes.scored & (outcomes.vector.sizes > 0)
    found = outcomes.vector.take(given)
    rows = np.full((len(outcomes), max(int(found.sizes.max(initial=0)), 1)), np.nan)
    rows[given] = found.padded(rows.shape[1])
    if unparsed == "class":
        rows[outcomes.scored & ~given] = 0.0
    return rows


def _test_rows(group: Group, layout: _Layout) -> _FloatArray:
    """Outcomes of the tests that are measured, NaN where a test does not exist or count, shape (rows, tests)."""
    outcomes, scored = group.outcomes, group.outcomes.scored
    f2p, total = (np.where(scored, n, 0)[:, None] for n in (outcomes.f2p, outcomes.f2p + outcomes.p2p))
    low, high = {"f2p": (0 * f2p, f2p), "p2p": (f2p, total)}.get(group.measure or "", (0 * f2p, total))
    # Most epochs share their outcomes with others: each distinct string is decoded once.
    used = outcomes.tests.take(scored).compact()
    digits = _even(used.names)
    packed = "".join(name.ljust(digits, "0") for name in used.names)
    flat = np.unpackbits(np.frombuffer(bytes.fromhex(packed), dtype=np.uint8))
    bits = flat.reshape(len(used.names), len(flat) // max(len(used.names), 1))
    place = low + np.arange(max(int((high - low).max(initial=0)), 1))
    rows = np.full(place.shape, np.nan)
    if bits.size:
        rows[scored] = bits[used.codes[:, None], np.minimum(place[scored], bits.shape[1] - 1)]
    rows[place >= high] = np.nan
    masks = masked_tests(outcomes, layout.question)
    for row in np.flatnonzero(scored).tolist() if masks else ():
        mask = masks.get(int(layout.question[row]))
        if mask is not None:
            first, last = int(low[row, 0]), int(high[row, 0])
            rows[row, : last - first][mask[first:last]] = np.nan
    if group.measure == "resolved":
        resolved: _FloatArray = (np.isnan(rows) | (rows == 1)).all(axis=1, keepdims=True).astype(np.float64)
        return resolved
    return rows


def _even(texts: Sequence[str]) -> int:
    """Digits of the longest text, filled up to whole bytes."""
    return 2 * -(-max(map(len, texts), default=0) // 2)


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
        try:
            mask = decode_tests(outcomes.masked.names[int(outcomes.masked.codes[row])], int(counts[row]))
        except ValueError:
            continue  # of another set of tests
        key = int(question[row])
        masks[key] = masks[key] | mask if key in masks else mask
    return masks
