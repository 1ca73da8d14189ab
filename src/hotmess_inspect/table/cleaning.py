"""Which epochs of one scorer can be decomposed together: everything else keeps its row, a status and a reason.

The metric counts what is left out and `hotmess analyze` prints it; both go on with the rest.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from hotmess_inspect.schema import KINDS, STATUSES, SUM_TOLERANCE, class_index
from hotmess_inspect.table.columns import Labels, Ragged
from hotmess_inspect.table.outcomes import Outcomes
from hotmess_inspect.words import counted

JUDGED = ("answer", "probabilities", "score")
"""Kinds whose epochs all have a verdict, by which they can be compared where a scorer mixes them."""
LARGEST_SCORE = 1e100
"""The square of anything larger could overflow; no score is."""
MOST_TESTS = 1 << 22
MOST_CLASSES = 25 + 9999 + 1
"""One more than labels of choices can name: A to Z, then 1 to 9999."""

_BoolArray = NDArray[np.bool_]
_CodeArray = NDArray[np.int64]


class Note(NamedTuple):
    """One sentence about epochs of a group, and whether it is an ``error`` (they are left out) or a ``warning``."""

    level: Literal["error", "warning"]
    text: str


@dataclass(frozen=True, eq=False)
class Readable:
    """The epochs of one task, model, variant and scorer as one kind of prediction.

    Attributes:
        kind: The kind that is decomposed.
        outcomes: All rows. Those that cannot be read have a status that says so; probabilities are divided by
            their sum, and empty where they are no distribution over their question's classes.
        notes: What was left out or read in another way.
    """

    kind: str
    outcomes: Outcomes
    notes: tuple[Note, ...] = ()


def readable(outcomes: Outcomes, *, need_target: bool = True) -> Readable:
    """Decide what the rows of one scorer are, and which of them can be read as that.

    - Answers, probabilities and plain scores side by side are all read by their verdicts. Unit tests, points and
      texts do not mix with anything: the most frequent kind is decomposed.
    - An epoch whose target (or number of unit tests, or goal) is not that of most epochs of its question is left
      out; of equally frequent ones the first label (the larger number) counts.
    - Probabilities that are negative or don't sum to 1 within `SUM_TOLERANCE`, or are not as many as the
      question has classes, are an unparsed answer.
    - Where a score lies outside [0, 1], what is right is not known, and no score is read: of 0, 1 and 7 of a scale
      to 10 the first two are no verdicts of wrong and right.

    Args:
        outcomes: Rows of one task, model, variant and scorer.
        need_target: Whether answers none of which has a target are left out; else they are kept, to see how far
            they agree.
    """
    cleaner = _Cleaner(outcomes)
    kind = cleaner.one_kind()
    if kind in ("answer", "probabilities"):
        if kind == "probabilities":
            cleaner.distributions()
        cleaner.targets(kind, need_target)
    elif kind == "tests":
        cleaner.tests()
    elif kind == "score":
        cleaner.scores()
    elif kind == "point":
        cleaner.goals()
    else:
        cleaner.embeddings()
    return Readable(kind, cleaner.finished(kind), tuple(cleaner.notes))


class _Cleaner:
    def __init__(self, outcomes: Outcomes) -> None:
        self.outcomes = outcomes
        self.notes: list[Note] = []
        places = np.asarray([*map(STATUSES.index, outcomes.status.names), -1], dtype=np.int32)
        self._status = places[outcomes.status.codes]
        self._changed = False
        self.question = outcomes.question.codes

    @property
    def scored(self) -> _BoolArray:
        return np.asarray(self._status < _FIRST_UNSCORED)

    def finished(self, kind: str) -> Outcomes:
        outcomes = self.outcomes
        if self._changed:
            outcomes = replace(outcomes, status=Labels(self._status, STATUSES))
        if set(outcomes.kind.names) != {kind}:
            outcomes = replace(outcomes, kind=Labels.constant(kind, len(outcomes)))
        return outcomes

    def leave_out(self, rows: _BoolArray, why: str, status: str = "unscored") -> None:
        """Take rows from those that have a prediction, with one of them as the example."""
        rows = rows & self.scored
        number = int(rows.sum())
        if not number:
            return
        self._set(rows, status)
        # The first by name, not by place: equal words in any order of the rows.
        names, codes = self.outcomes.question.names, self.question
        row = min(
            np.flatnonzero(rows)[:1000].tolist(),
            key=lambda row: (names[codes[row]] if codes[row] >= 0 else "", int(self.outcomes.epoch[row])),
        )
        name = names[codes[row]] if codes[row] >= 0 else None
        self.notes.append(
            Note(
                "error",
                f"{counted(number, 'epoch', 'is', 'are')} left out (such as question {name!r}, epoch {self.outcomes.epoch[row]}): {why}",
            )
        )

    def _set(self, rows: _BoolArray, status: str) -> None:
        if not self._changed:
            self._status, self._changed = self._status.copy(), True
        self._status[rows] = STATUSES.index(status)

    def one_kind(self) -> str:
        kinds = self.outcomes.kind
        if len(kinds.names) == 1:
            return kinds.names[0]
        scored = self.scored
        counts = np.bincount(kinds.codes[scored] + 1, minlength=len(kinds.names) + 1)[1:]
        if not counts.any():
            counts = np.bincount(kinds.codes + 1, minlength=len(kinds.names) + 1)[1:]
        found = {name: int(count) for name, count in zip(kinds.names, counts, strict=True) if count}
        judged = [name for name in JUDGED if name in found]
        verdicts = np.zeros(len(kinds), dtype=bool)
        if len(judged) > 1:
            verdicts = np.asarray([*(name in judged for name in kinds.names), False])[kinds.codes]
            # An unparsed answer has a verdict like any other.
            answers = verdicts & ~kinds.equals("score") & (self._status == STATUSES.index("unparsed"))
            if answers.any():
                self._set(answers, "ok")
            found["score"] = sum(found.pop(name) for name in judged)
            self.notes.append(
                Note(
                    "warning",
                    f"{', '.join(judged)} side by side in one scorer: all of them are read by their verdicts",
                )
            )
        kind = max(KINDS, key=lambda name: (found.get(name, 0), -KINDS.index(name)))
        same = verdicts if kind == "score" and len(judged) > 1 else kinds.equals(kind)
        self.leave_out(scored & ~same, f"they hold no {kind} but another kind of prediction", "other_kind")
        if len(judged) > 1 and kind == "score":
            self.leave_out(verdicts & np.isnan(self.outcomes.value), "their verdict is no number")
        return kind

    def targets(self, kind: str, need_target: bool) -> None:
        labels = self.outcomes.target
        if not need_target and self.scored.any() and labels.missing[self.scored].all():
            text = (
                "no epoch has a target: how far answers agree is measured, and no error, bias or incoherence"
            )
            self.notes.append(Note("warning", text))
            return
        self.leave_out(labels.missing, "they have no target")
        if kind == "probabilities":
            places = [class_index(name) for name in labels.names]
            place = np.asarray([*(-1 if p is None else p for p in places), -1])[labels.codes]
            why = "the target of probabilities is the label of one of their choices: A to Z, then 1, 2, …"
            self.leave_out((place < 0) | (place >= self._sizes[self.question]), why)
        ranks = (
            np.argsort(np.argsort(np.asarray(labels.names, dtype=object))) if labels.names else np.zeros(0)
        )
        codes = np.append(ranks.astype(np.int64), -1)[labels.codes]
        self.leave_out(self._minority(codes), "most epochs of their question have another target")

    def _minority(self, codes: _CodeArray) -> _BoolArray:
        """Scored rows whose code is not the most frequent of their question (of equals the smallest)."""
        rows = np.flatnonzero(self.scored)
        question, own = self.question[rows], codes[rows]
        some = np.zeros(len(self.outcomes.question.names), dtype=np.int64)
        some[question] = own
        minority = np.zeros(len(codes), dtype=bool)
        if np.array_equal(some[question], own):
            return minority
        names, own = np.unique(own, return_inverse=True)
        span = len(names)
        pairs, counts = np.unique(question.astype(np.int64) * span + own, return_counts=True)
        order = np.lexsort((-(pairs % span), counts, pairs // span))
        some[pairs[order] // span] = names[pairs[order] % span]
        minority[rows] = some[question] != names[own]
        return minority

    def distributions(self) -> None:
        outcomes, vector = self.outcomes, self.outcomes.vector
        sizes = vector.sizes
        number = len(outcomes.question.names)
        known, longest = np.zeros(number, dtype=np.int64), np.full(number, 2)
        there = self.question >= 0
        declared = np.where(outcomes.choices >= 2, outcomes.choices, 0)
        np.maximum.at(known, self.question[there], declared[there])
        used = there & self.scored
        np.maximum.at(longest, self.question[used], sizes[used])
        self._sizes = np.append(np.where(known > 0, known, longest), 0)
        flat = vector.flat[vector.offsets[0] : vector.offsets[-1]]
        owner = np.repeat(np.arange(len(outcomes)), sizes)
        with np.errstate(invalid="ignore", over="ignore"):
            total = np.bincount(owner, weights=flat, minlength=len(outcomes))
            bad = np.bincount(owner, weights=~(flat >= 0), minlength=len(outcomes)) > 0
            good = (np.abs(total - 1) <= SUM_TOLERANCE) & ~bad & (sizes == self._sizes[self.question])
        self.outcomes = replace(
            outcomes, vector=_kept(vector, good, flat / np.where(good, total, 1.0)[owner])
        )
        lost = self.scored & (sizes > 0) & ~good
        if lost.any():
            self.notes.append(
                Note(
                    "warning",
                    f"{counted(int(lost.sum()), 'epoch', 'counts', 'count')} as unparsed: the probabilities are negative, don't sum to 1 "
                    f"within {SUM_TOLERANCE}, or are not as many as the question has classes",
                )
            )
            ok = lost & (self._status == 0)
            if ok.any():
                self._set(ok, "unparsed")

    def tests(self) -> None:
        outcomes = self.outcomes
        count = outcomes.f2p.astype(np.int64) + outcomes.p2p
        texts = outcomes.tests.names
        digits = np.asarray([*map(len, texts), -1])[outcomes.tests.codes]
        spelled = np.asarray([*map(_is_hexadecimal, texts), False])[outcomes.tests.codes]
        fits = spelled & (count > 0) & (digits == -(-count // 4))
        self.leave_out(
            ~fits, "their outcomes do not fit their numbers of unit tests (hm_tests, hm_f2p, hm_p2p)"
        )
        # Of equally frequent sizes the larger counts, so the order is turned round.
        size = outcomes.f2p.astype(np.int64) * MOST_TESTS + outcomes.p2p
        self.leave_out(
            self._minority(MOST_TESTS**2 - 1 - size),
            "most epochs of their question have another set of unit tests",
        )
        # Where a file names the tests, as many others are others.
        named = outcomes.target.sorted().codes.astype(np.int64)
        self.leave_out(self._minority(named), "most epochs of their question have other unit tests")

    def scores(self) -> None:
        values = self.outcomes.value
        scored = self.scored
        self.leave_out(scored & ~(np.abs(values) < LARGEST_SCORE), "their score is no number")
        with np.errstate(invalid="ignore"):
            outside = self.scored & ((values < 0) | (values > 1))
        if outside.any():
            example = float(values[outside].max())
            why = f"a score such as {example:g} lies outside [0, 1], so what is right is not known of any"
            self.leave_out(self.scored, why)

    def goals(self) -> None:
        outcomes = self.outcomes
        sizes = outcomes.vector.sizes
        width = int(max(sizes.max(initial=1), outcomes.goal.sizes.max(initial=1)))
        goals = outcomes.goal.padded(width)
        finite = np.isfinite(outcomes.vector.padded(width)).sum(axis=1) == sizes
        whole = np.isfinite(goals).sum(axis=1) == sizes
        fits = (sizes > 0) & finite & whole & (outcomes.goal.sizes == sizes)
        self.leave_out(~fits, "they are no point with a goal of as many dimensions")
        codes = np.unique(np.nan_to_num(goals, nan=np.inf), axis=0, return_inverse=True)[1]
        self.leave_out(
            self._minority(codes.reshape(-1).astype(np.int64)),
            "most epochs of their question have another goal",
        )

    def embeddings(self) -> None:
        sizes = self.outcomes.vector.sizes
        given = self.scored & (sizes > 0)
        counts = np.bincount(sizes[given])
        if counts.size:
            dims = int(np.flatnonzero(counts == counts.max()).max())
            why = f"their text was embedded in another number of dimensions than {dims}; a group needs one embedder"
            self.leave_out(given & (sizes != dims), why)


_FIRST_UNSCORED = STATUSES.index("errored")


def _is_hexadecimal(text: str) -> bool:
    return _DIGITS.issuperset(text)


_DIGITS = frozenset("0123456789abcdefABCDEF")


def _kept(vector: Ragged, rows: _BoolArray, flat: NDArray[np.float64]) -> Ragged:
    """The lists of some rows, the others empty."""
    sizes = vector.sizes
    if rows[sizes > 0].all():
        return Ragged(vector.offsets - vector.offsets[0], flat)
    offsets = np.zeros(len(sizes) + 1, dtype=np.int64)
    np.cumsum(np.where(rows, sizes, 0), out=offsets[1:])
    return Ragged(offsets, flat[np.repeat(rows, sizes)])
