"""Decompositions of one kind of prediction each, from columns of scores.

Every function here takes :class:`~hotmess_inspect.plugin.rows.Rows`, leaves what it cannot read unscored
and counted, and gives equal bits for the rows in any order.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from hotmess_inspect.analyses.grader import GraderNoise, count_passes, grader_noise
from hotmess_inspect.bits import decode_tests
from hotmess_inspect.decomposition import Decomposition, SufficientStatistics, decompose
from hotmess_inspect.decomposition.brier import SquaredSums
from hotmess_inspect.plugin.contexts import context_numbers, nested_brier
from hotmess_inspect.plugin.options import Options
from hotmess_inspect.plugin.rows import IntArray, Numbering, Rows, column, integers, places
from hotmess_inspect.plugin.text import UNPARSED, UNREADABLE, text_decompositions, text_points
from hotmess_inspect.plugin.verdicts import pick, verdicts_to_floats
from hotmess_inspect.schema import SUM_TOLERANCE, class_index

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]

_MOST_TESTS = 1 << 16
_MOST_CLASSES = 1 << 12
# The square of anything larger could overflow; no score is.
_LARGEST = 1e100


@dataclass(frozen=True)
class Measured:
    """What the scored epochs say.

    Attributes:
        headline: The decomposition asked for.
        beside: The paper's own numbers where they differ, the other sets of unit
            tests, and the kernel variance of text, by the suffix of their keys ("kl"; "f2p", "p2p", "pooled",
            "resolved"; "kernel").
        correct: Correctness of each scored epoch, NaN where there is no target, shape (scored rows,).
        question: Its question, shape (scored rows,).
        unscored: Epochs whose score could not be read.
        unparsed: Epochs without a readable answer, whatever became of them.
        grader: The grader's part of the variance; None where no patch was graded more than once.
    """

    headline: Decomposition
    beside: dict[str, Decomposition] = field(default_factory=dict)
    correct: FloatArray = field(default_factory=lambda: np.zeros(0))
    question: IntArray = field(default_factory=lambda: np.zeros(0, np.int64))
    unscored: int = 0
    unparsed: int = 0
    grader: GraderNoise | None = None


def measure(rows: Rows, options: Options) -> Measured:
    """Decompose the rows according to their kind."""
    by_kind: dict[str, Callable[[Rows, Options], Measured]] = {
        "answer": _measure_answers,
        "probabilities": _measure_probabilities,
        "tests": _measure_tests,
        "score": _measure_scores,
        "text": _measure_text,
    }
    return by_kind[rows.kind](rows, options)


def _is_scored(values: Sequence[object]) -> BoolArray:
    """NaN at the root is Inspect's mark of an epoch without a score."""
    if float not in set(map(type, values)):
        return np.ones(len(values), dtype=bool)
    return np.array([type(value) is not float or value == value for value in values], dtype=bool)


def _measure_scores(rows: Rows, options: Options) -> Measured:
    """A number v per epoch, squared distance to a perfect score; with other losses two outcomes (v, 1 - v)."""
    values: Sequence[object] = rows.values
    if any(issubclass(kind, dict | list | tuple) for kind in set(map(type, values))):
        values = [pick(value, options.key) for value in values]
    numbers = verdicts_to_floats(values)
    known = np.abs(numbers) < _LARGEST
    if options.loss != "brier":
        known &= (numbers >= 0) & (numbers <= 1)
    scores, question = numbers[known], rows.question[known]
    if options.loss == "brier":
        place, width = places(question, rows.questions)
        points = np.full((rows.questions, max(width, 1), 1), np.nan)
        points[question, place, 0] = scores
        headline = decompose(
            points, np.full(rows.questions, options.perfect), loss="squared", estimator=options.estimator
        )
    else:
        outcomes = np.stack([scores, 1 - scores], axis=1)
        headline = _decompose_classes(outcomes, question, np.full(rows.questions, 2), [options])[0]
    return Measured(headline, {}, scores, question, int(len(known) - known.sum()))


def _measure_text(rows: Rows, options: Options) -> Measured:
    """An embedding per epoch; an unparsed answer as a class of its own is the point of zeros, else left out."""
    points, state = text_points(rows.metadata)
    scored = _is_scored(rows.values) & (state != UNREADABLE)
    unparsed = scored & (state == UNPARSED)
    used = scored if options.unparsed == "class" else scored & ~unparsed
    question = rows.question[used]
    embedding, kernel = text_decompositions(points[used], question, rows.questions, options.estimator)
    unknown = np.full(len(question), np.nan)
    return Measured(
        embedding, {"kernel": kernel}, unknown, question, int((~scored).sum()), int(unparsed.sum())
    )


def _measure_answers(rows: Rows, options: Options) -> Measured:
    """A label per epoch; class 0 is the right one, wrong labels are numbered within their question."""
    codes, sizes = _read_answers(rows)
    declared = _most(rows, sizes)
    scored = (codes > _UNREADABLE) & _is_scored(rows.values)
    parsed = codes >= 0
    unparsed = int((scored & ~parsed).sum())
    used = scored & parsed if options.unparsed == "drop" else scored
    question, codes, parsed = rows.question[used], codes[used], parsed[used]
    labels = _rank_within_question(question, codes)
    sizes = np.full(rows.questions, 2)
    np.maximum.at(sizes, question, labels + 1)
    # Without a number of classes there is nothing to spread an unparsed answer over.
    own_class = options.unparsed == "class" or not declared.all()
    sizes = np.maximum(sizes, declared) + (1 if own_class and not parsed.all() else 0)
    probabilities = np.zeros((len(codes), int(sizes.max(initial=2))))
    probabilities[np.arange(len(codes)), np.where(parsed, labels, sizes[question] - 1)] = 1.0
    if not own_class:
        _spread(probabilities, np.flatnonzero(~parsed), sizes[question])
    context = _contexts(rows, used)
    headline, beside = _with_paper(probabilities, question, sizes, options, context)
    right = (codes == 0).astype(np.float64)
    return Measured(
        headline, beside if declared.all() else {}, right, question, int((~scored).sum()), unparsed
    )


_UNPARSED = -1
_UNREADABLE = -2


def _read_answers(rows: Rows) -> tuple[IntArray, IntArray]:
    """Codes and declared classes: 0 for the right label, 1 and up for wrong ones from A to Z, below 0 for none."""
    parts = [column(rows.metadata, name) for name in ("hm_answer", "hm_target", "hm_classes")]
    number = Numbering()
    try:
        index = number.of(zip(*parts, strict=True), len(rows.metadata))
    except TypeError:
        number.clear()
        parts = [[entry if isinstance(entry, str | int) else None for entry in part] for part in parts]
        index = number.of(zip(*parts, strict=True), len(rows.metadata))
    wrong = sorted({answer for answer, target, _ in number if isinstance(answer, str) and answer != target})
    rank = {label: code for code, label in enumerate(wrong, start=1)}

    def code(answer: object, target: object) -> int:
        if not isinstance(answer, str) or not isinstance(target, str) or not target:
            return _UNREADABLE
        return 0 if answer == target else rank[answer] if answer else _UNPARSED

    # Few of the epochs differ in all three: what is decided once per combination costs nothing per epoch.
    codes = np.array([code(answer, target) for answer, target, _ in number], dtype=np.int64)
    sizes = integers([classes for _, _, classes in number], high=_MOST_CLASSES)
    return codes[index], sizes[index]


def _rank_within_question(question: IntArray, codes: IntArray) -> IntArray:
    """Number the wrong labels of each question 1, 2, … in the order of their codes; 0 stays 0."""
    width = int(codes.max(initial=0)) + 1
    labels, inverse = np.unique(question * width + np.maximum(codes, 0), return_inverse=True)
    owner, label = np.divmod(labels, width)
    wrong = label > 0
    before: IntArray = np.cumsum(wrong) - wrong
    first = np.searchsorted(owner, owner, side="left")
    ranks: IntArray = np.where(wrong, before - before[first] + 1, 0)[inverse.reshape(-1)]
    return ranks


def _most(rows: Rows, sizes: IntArray) -> IntArray:
    """Number of classes per question from what its epochs say, 0 where none says so."""
    largest = np.zeros(rows.questions, dtype=np.int64)
    np.maximum.at(largest, rows.question, np.where(sizes >= 2, sizes, 0))
    # A question none of whose epochs is here says nothing, and must not make the others unknown.
    largest[np.bincount(rows.question, minlength=rows.questions) == 0] = 2
    return largest


def _measure_probabilities(rows: Rows, options: Options) -> Measured:
    """A distribution per epoch; its right class is moved to the front."""
    listed = column(rows.metadata, "hm_probabilities")
    gold = _positions(column(rows.metadata, "hm_target"))
    declared = _most(rows, integers(column(rows.metadata, "hm_classes"), high=_MOST_CLASSES))
    lengths = np.array([len(p) if type(p) is list else 0 for p in listed], dtype=np.int64)
    longest = np.full(rows.questions, 2)
    np.maximum.at(longest, rows.question, lengths)
    sizes = np.where(declared > 0, declared, longest)
    scored = _is_scored(rows.values) & (gold >= 0) & (gold < sizes[rows.question])
    table = _table(listed, lengths, int(np.maximum(lengths.max(initial=2), sizes.max(initial=2))))
    parsed = _are_distributions(table) & (lengths == sizes[rows.question])
    unparsed = int((scored & ~parsed).sum())
    used = scored & parsed if options.unparsed == "drop" else scored
    probabilities, question, parsed = table[used], rows.question[used], parsed[used]
    row = np.arange(len(probabilities))
    right = probabilities[row, gold[used]].copy()
    probabilities[row, gold[used]] = probabilities[:, 0]
    probabilities[:, 0] = right
    if options.unparsed == "class" and not parsed.all():
        sizes = sizes + 1
        probabilities = np.pad(probabilities, ((0, 0), (0, 1)))
        probabilities[~parsed] = 0.0
        probabilities[~parsed, sizes[question[~parsed]] - 1] = 1.0
    else:
        _spread(probabilities, np.flatnonzero(~parsed), sizes[question])
    probabilities /= np.where(parsed, probabilities.sum(axis=1), 1.0)[:, None]
    top = probabilities == probabilities.max(axis=1, initial=0.0)[:, None]
    correct = np.where(parsed, top[:, 0] / np.maximum(top.sum(axis=1), 1), 0.0)
    context = _contexts(rows, used)
    headline, beside = _with_paper(probabilities, question, sizes, options, context)
    return Measured(headline, beside, correct, question, int((~scored).sum()), unparsed)


def _positions(labels: Sequence[object]) -> IntArray:
    """Position of the class that each label names, -1 for none."""
    number = Numbering()
    index = number.of([label if isinstance(label, str) else "" for label in labels], len(labels))
    found = [class_index(label) for label in number]
    return np.array([-1 if position is None else position for position in found], dtype=np.int64)[index]


def _table(listed: Sequence[object], lengths: IntArray, width: int) -> FloatArray:
    """Lists of numbers as rows filled up with zeros; a list that holds anything else is a row of NaN."""
    if len(listed) and (lengths == width).all():
        try:
            table = np.array(listed, dtype=np.float64)
            if table.shape == (len(listed), width):
                return table
        except (TypeError, ValueError, OverflowError):
            pass
    table = np.zeros((len(listed), width))
    for i, entries in enumerate(listed):
        try:
            table[i, : lengths[i]] = np.asarray(entries if lengths[i] else [], dtype=np.float64)
        except (TypeError, ValueError, OverflowError):
            table[i] = np.nan
    return table


def _are_distributions(table: FloatArray) -> BoolArray:
    with np.errstate(invalid="ignore", over="ignore"):
        sums = table.sum(axis=1)
        good: BoolArray = (np.abs(sums - 1) <= SUM_TOLERANCE) & (table >= 0).all(axis=1)
    return good


def _spread(probabilities: FloatArray, unparsed: IntArray, sizes: IntArray) -> None:
    """Replace unparsed rows by the uniform distribution, as the paper does."""
    classes = np.arange(probabilities.shape[1])
    size = sizes[unparsed, None]
    probabilities[unparsed] = np.where(classes < size, 1.0 / size, 0.0)


def _contexts(rows: Rows, used: BoolArray) -> IntArray:
    return context_numbers(column(rows.metadata, "hm_context"))[used]


def _with_paper(
    probabilities: FloatArray, question: IntArray, sizes: IntArray, options: Options, context: IntArray
) -> tuple[Decomposition, dict[str, Decomposition]]:
    """The decomposition asked for, and beside it the paper's KL plug-in unless that was asked for."""
    if options.loss == "kl":
        return _decompose_classes(probabilities, question, sizes, [options])[0], {}
    paper = Options(loss="kl", estimator="plugin", smoothing=options.smoothing)
    if options.loss == "brier" and options.estimator == "unbiased":
        nested = nested_brier(probabilities, question, len(sizes), context)
        if nested is not None:
            return nested, {"kl": _decompose_classes(probabilities, question, sizes, [paper])[0]}
    headline, kl = _decompose_classes(probabilities, question, sizes, [options, paper])
    return headline, {"kl": kl}


def _decompose_classes(
    probabilities: FloatArray, question: IntArray, sizes: IntArray, wanted: Sequence[Options]
) -> list[Decomposition]:
    """Decompose rows of distributions whose class 0 is right, by numbers of classes (KL smooths by it)."""
    questions = len(sizes)
    place, width = places(question, questions)
    terms = np.full((len(wanted), 3, questions), np.nan)
    epochs = np.bincount(question, minlength=questions)
    floors = [0.0] * len(wanted)
    for size in np.unique(sizes):
        chosen = sizes == size
        rows = np.flatnonzero(chosen[question])
        index = np.cumsum(chosen) - 1
        cube = np.full((int(chosen.sum()), max(width, 1), int(size)), np.nan)
        cube[index[question[rows]], place[rows]] = probabilities[rows, :size]
        for i, part in enumerate(_decompose_cube(cube, wanted)):
            terms[i][:, chosen] = part.error, part.bias_squared, part.variance
            floors[i] = max(floors[i], part.error_floor)
    return [
        Decomposition(error, bias, variance, epochs, o.loss, o.estimator, floor)
        for (error, bias, variance), o, floor in zip(terms, wanted, floors, strict=True)
    ]


def _decompose_cube(cube: FloatArray, wanted: Sequence[Options]) -> list[Decomposition]:
    """Decompose (questions, epochs, classes) in all the ways wanted, summing over the epochs once."""
    target = np.zeros(len(cube), np.int64)
    if any(options.estimator == "jackknife" for options in wanted):
        return [
            decompose(cube, target, loss=o.loss, estimator=o.estimator, smoothing=o.smoothing) for o in wanted
        ]
    losses = [options.loss for options in wanted]
    sums = SufficientStatistics.from_predictions(cube, target, losses=losses, smoothing=wanted[0].smoothing)
    return [sums.decomposition(o.loss, "unbiased" if o.estimator == "unbiased" else "plugin") for o in wanted]


def _measure_tests(rows: Rows, options: Options) -> Measured:
    """A bit per unit test and epoch; coverage error, whatever the loss is for classes."""
    bits, shape, readable = _read_bits(rows)
    masked = _read_masks(rows, bits.shape[1], shape)
    scored = readable & _is_scored(rows.values)
    used = np.flatnonzero(scored)
    used = used[np.argsort(rows.question[used], kind="stable")]
    question = rows.question[used]
    epochs = np.bincount(question, minlength=rows.questions)
    passes = np.zeros((rows.questions, bits.shape[1]), dtype=np.int64)
    seen = np.flatnonzero(epochs)
    if len(used):
        starts = np.concatenate([[0], np.cumsum(epochs[seen])[:-1]])
        passes[seen] = np.add.reduceat(bits[used], starts, axis=0, dtype=np.int64)
    fails = epochs[:, None] - passes
    counted = shape.sum(axis=1) - masked.sum(axis=1)
    right = np.where(masked[question], 0, bits[used]).sum(axis=1, dtype=np.int64)
    solved = (right == counted[question]).astype(np.float64)
    parts = {
        part: _coverage(fails, epochs, shape, part, options.estimator, masked)
        for part in ("f2p", "p2p", "pooled")
        if part != options.tests
    }
    headline = _coverage(fails, epochs, shape, options.tests, options.estimator, masked)
    # Solved or not is one test that every question has.
    unsolved = (epochs - np.bincount(question, weights=solved, minlength=rows.questions)).astype(np.int64)
    one_test = np.tile(np.array([[1, 0]]), (rows.questions, 1))
    resolved = _coverage(
        unsolved[:, None], epochs, one_test, "f2p", options.estimator, np.zeros((rows.questions, 1), bool)
    )
    return Measured(
        headline,
        parts | {"resolved": resolved},
        solved,
        question,
        int((~scored).sum()),
        grader=_grader(rows, scored, shape, masked, options.tests, headline),
    )


def _grader(
    rows: Rows, scored: BoolArray, shape: IntArray, masked: BoolArray, tests: str, headline: Decomposition
) -> GraderNoise | None:
    """The grader's part of the variance; None if no patch was graded more than once."""
    further = column(rows.metadata, "hm_regrades")
    again = [
        row for row in np.flatnonzero(scored).tolist() if isinstance(further[row], list) and further[row]
    ]
    if not again:
        return None
    texts = column(rows.metadata, "hm_tests")
    found: list[tuple[int, int, FloatArray]] = []
    for row in again:
        question = int(rows.question[row])
        f2p, p2p = shape[question].tolist()
        gradings = [texts[row], *(text if isinstance(text, str) else "" for text in further[row])]
        counts = count_passes(gradings, f2p, p2p, tests, masked[question])
        if counts is not None:
            found.append((question, len(gradings), counts))
    passes = np.full((len(found), max((len(counts) for *_, counts in found), default=0)), np.nan)
    for place, (*_, counts) in enumerate(found):
        passes[place, : len(counts)] = counts
    return grader_noise(passes, [times for _, times, _ in found], [q for q, *_ in found], headline)


def _read_masks(rows: Rows, width: int, shape: IntArray) -> BoolArray:
    """Tests that do not count, shape (questions, width): those that any epoch of the question masks."""
    masked = np.zeros((rows.questions, width), dtype=bool)
    for row, text in enumerate(column(rows.metadata, "hm_masked")):
        if isinstance(text, str) and text:
            question = int(rows.question[row])
            number = int(shape[question].sum())
            try:
                masked[question, :number] |= decode_tests(text, number)
            except ValueError:
                continue  # of another set of tests; its epoch is not read either
    return masked


def _coverage(
    fails: IntArray, epochs: IntArray, shape: IntArray, tests: str, estimator: str, masked: BoolArray
) -> Decomposition:
    """Share of failed tests split into bias² and variance; a question without such tests has no epoch."""
    column = np.arange(fails.shape[1])[None, :]
    f2p, total = shape[:, :1], shape.sum(axis=1, keepdims=True)
    low, high = {"f2p": (0 * f2p, f2p), "p2p": (f2p, total), "pooled": (0 * f2p, total)}[tests]
    present = (column >= low) & (column < high) & ~masked
    counted = np.where(present.any(axis=1), epochs, 0)
    missed = np.where(present & (counted > 0)[:, None], fails, 0)
    sums = SquaredSums(
        counted, -missed.astype(np.float64), missed.sum(axis=1).astype(np.float64), present, True
    )
    plan = SufficientStatistics({"squared": sums})
    return plan.decomposition("squared", "unbiased" if estimator == "unbiased" else "plugin")


def _read_bits(rows: Rows) -> tuple[NDArray[np.uint8], IntArray, BoolArray]:
    """Outcomes as bits, shape (rows, most tests); numbers of F2P and P2P tests per question; which rows read."""
    texts = [text if isinstance(text, str) else "" for text in column(rows.metadata, "hm_tests")]
    counts = [integers(column(rows.metadata, name), high=_MOST_TESTS) for name in ("hm_f2p", "hm_p2p")]
    sizes = np.stack(counts, axis=1)
    digits = -(-sizes.sum(axis=1) // 4)
    readable = (digits > 0) & (digits == np.array([len(text) for text in texts], dtype=np.int64))
    # Epochs of one question have the same tests; where they disagree the larger set is the question's.
    code = np.where(readable, sizes[:, 0] * _MOST_TESTS + sizes[:, 1], 0)
    largest = np.zeros(rows.questions, dtype=np.int64)
    np.maximum.at(largest, rows.question, code)
    readable &= code == largest[rows.question]
    shape = np.stack(np.divmod(largest, _MOST_TESTS), axis=1)
    width = 2 * int(-(-digits[readable].max(initial=0) // 2))
    packed, hexadecimal = _unhex(
        [text if ok else "" for text, ok in zip(texts, readable, strict=True)], width
    )
    return np.unpackbits(packed, axis=1), shape, readable & hexadecimal


def _unhex(texts: Sequence[str], width: int) -> tuple[NDArray[np.uint8], BoolArray]:
    """Hexadecimal texts, filled up to `width` digits, as rows of bytes; and which of them were hexadecimal."""
    good = np.ones(len(texts), dtype=bool)
    padded = [text.ljust(width, "0") for text in texts]
    try:
        raw = bytes.fromhex("".join(padded))
        if 2 * len(raw) != width * len(texts):
            raise ValueError("hexadecimal digits may not have blanks between them")
    except ValueError:
        digits = frozenset("0123456789abcdefABCDEF")
        good = np.array([digits.issuperset(text) for text in texts], dtype=bool)
        raw = bytes.fromhex(
            "".join(text if ok else "0" * width for text, ok in zip(padded, good, strict=True))
        )
    return np.frombuffer(raw, dtype=np.uint8).reshape(len(texts), width // 2), good
