"""Decompositions of one kind of prediction each, from columns of scores.

Every function here takes :class:`~hotmess_inspect.scoring.rows.Rows`, leaves what it cannot read unscored
and counted, and gives equal bits for the rows in any order.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from hotmess_inspect.decomposition import Decomposition, SufficientStatistics, decompose
from hotmess_inspect.decomposition.brier import SquaredSums
from hotmess_inspect.scoring.metadata import class_index
from hotmess_inspect.scoring.options import Options
from hotmess_inspect.scoring.rows import IntArray, Rows, integers, places
from hotmess_inspect.scoring.verdicts import pick, verdicts_to_floats

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]

# Two digits after the point are what models write; the parser's job is done by then, so no more slack.
_SUM_SLACK = 0.02
_MOST_TESTS = 1 << 16
# The square of anything larger could overflow; no score is.
_LARGEST = 1e100


@dataclass(frozen=True)
class Measured:
    """What the scored epochs say.

    Attributes:
        headline: The decomposition asked for.
        beside: The paper's own numbers where they differ, and the other sets of unit
            tests, by the suffix of their keys ("kl"; "f2p", "p2p", "pooled", "resolved").
        correct: Correctness of each scored epoch, shape (scored rows,).
        question: Its question, shape (scored rows,).
        unscored: Epochs whose score could not be read.
        unparsed: Epochs without a readable answer, whatever became of them.
    """

    headline: Decomposition
    beside: dict[str, Decomposition] = field(default_factory=dict)
    correct: FloatArray = field(default_factory=lambda: np.zeros(0))
    question: IntArray = field(default_factory=lambda: np.zeros(0, np.int64))
    unscored: int = 0
    unparsed: int = 0


def measure(rows: Rows, options: Options) -> Measured:
    """Decompose the rows according to their kind."""
    by_kind: dict[str, Callable[[Rows, Options], Measured]] = {
        "answer": _measure_answers,
        "probabilities": _measure_probabilities,
        "tests": _measure_tests,
        "score": _measure_scores,
    }
    return by_kind[rows.kind](rows, options)


def _is_scored(values: Sequence[object]) -> BoolArray:
    """NaN at the root is Inspect's mark of an epoch without a score."""
    return np.array([type(value) is not float or value == value for value in values], dtype=bool)


def _measure_scores(rows: Rows, options: Options) -> Measured:
    """A number v per epoch, squared distance to a perfect score; with other losses two outcomes (v, 1 - v)."""
    picked = [pick(value, options.key) for value in rows.values]
    numbers = verdicts_to_floats(picked)
    known = np.abs(numbers) < _LARGEST
    if options.loss != "brier":
        known &= (numbers >= 0) & (numbers <= 1)
    values, question = numbers[known], rows.question[known]
    if options.loss == "brier":
        place, width = places(question, rows.questions)
        points = np.full((rows.questions, max(width, 1), 1), np.nan)
        points[question, place, 0] = values
        headline = decompose(
            points, np.full(rows.questions, options.perfect), loss="squared", estimator=options.estimator
        )
    else:
        outcomes = np.stack([values, 1 - values], axis=1)
        headline = _decompose_classes(outcomes, question, np.full(rows.questions, 2), options)
    return Measured(headline, {}, values, question, int(len(known) - known.sum()))


def _measure_answers(rows: Rows, options: Options) -> Measured:
    """A label per epoch; class 0 is the right one, wrong labels are numbered within their question."""
    codes = _answer_codes(rows)
    scored = (codes > _UNREADABLE) & _is_scored(rows.values)
    parsed = codes >= 0
    unparsed = int((scored & ~parsed).sum())
    used = scored & parsed if options.unparsed == "drop" else scored
    question, codes, parsed = rows.question[used], codes[used], parsed[used]
    labels = _rank_within_question(question, codes)
    sizes = np.full(rows.questions, 2)
    np.maximum.at(sizes, question, labels + 1)
    declared = _declared_classes(rows)
    # Without a number of classes there is nothing to spread an unparsed answer over.
    own_class = options.unparsed == "class" or not declared.all()
    sizes = np.maximum(sizes, declared) + (1 if own_class and not parsed.all() else 0)
    probabilities = np.zeros((len(codes), int(sizes.max(initial=2))))
    probabilities[np.arange(len(codes)), np.where(parsed, labels, sizes[question] - 1)] = 1.0
    if not own_class:
        _spread(probabilities, np.flatnonzero(~parsed), sizes[question])
    beside = _kl_beside(probabilities, question, sizes, options) if declared.all() else {}
    headline = _decompose_classes(probabilities, question, sizes, options)
    return Measured(
        headline, beside, (codes == 0).astype(np.float64), question, int((~scored).sum()), unparsed
    )


_UNPARSED = -1
_UNREADABLE = -2


def _answer_codes(rows: Rows) -> IntArray:
    """0 for the right label, 1 and up for the wrong ones in alphabetical order, below 0 for no label."""
    pairs = [(entry.get("hm_answer"), entry.get("hm_target")) for entry in rows.metadata]
    try:
        distinct = set(pairs)
    except TypeError:
        pairs = [(a if isinstance(a, str) else None, t if isinstance(t, str) else None) for a, t in pairs]
        distinct = set(pairs)
    wrong = sorted({answer for answer, target in distinct if isinstance(answer, str) and answer != target})
    rank = {label: code for code, label in enumerate(wrong, start=1)}

    def code(answer: object, target: object) -> int:
        if not isinstance(answer, str) or not isinstance(target, str) or not target:
            return _UNREADABLE
        return 0 if answer == target else rank[answer] if answer else _UNPARSED

    table = {pair: code(*pair) for pair in distinct}
    return np.array([table[pair] for pair in pairs], dtype=np.int64)


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


def _declared_classes(rows: Rows) -> IntArray:
    """Number of classes per question as scorers wrote it, 0 where unknown."""
    declared = integers([entry.get("hm_classes") for entry in rows.metadata], high=4097)
    sizes = np.zeros(rows.questions, dtype=np.int64)
    np.maximum.at(sizes, rows.question, np.where(declared >= 2, declared, 0))
    # A question none of whose epochs is here says nothing, and must not make the others unknown.
    sizes[np.bincount(rows.question, minlength=rows.questions) == 0] = 2
    return sizes


def _measure_probabilities(rows: Rows, options: Options) -> Measured:
    """A distribution per epoch; its right class is moved to the front."""
    listed = [entry.get("hm_probabilities") for entry in rows.metadata]
    targets = [entry.get("hm_target") for entry in rows.metadata]
    gold = np.array([_position(target) for target in targets], dtype=np.int64)
    width = max((len(p) for p in listed if isinstance(p, list | tuple)), default=2)
    declared = _declared_classes(rows)
    lengths = np.array([len(p) if isinstance(p, list | tuple) else 0 for p in listed], dtype=np.int64)
    longest = np.full(rows.questions, 2)
    np.maximum.at(longest, rows.question, lengths)
    sizes = np.where(declared > 0, declared, longest)
    scored = _is_scored(rows.values) & (gold >= 0) & (gold < sizes[rows.question])
    table = _table(listed, max(width, int(sizes.max(initial=2))))
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
    return Measured(
        _decompose_classes(probabilities, question, sizes, options),
        _kl_beside(probabilities, question, sizes, options),
        correct,
        question,
        int((~scored).sum()),
        unparsed,
    )


def _position(label: object) -> int:
    found = class_index(label) if isinstance(label, str) else None
    return -1 if found is None else found


def _table(listed: Sequence[object], width: int) -> FloatArray:
    """Lists of numbers as rows filled up with zeros; a list that holds anything else is a row of NaN."""
    table = np.zeros((len(listed), width))
    for i, entries in enumerate(listed):
        try:
            values = np.asarray(entries, dtype=np.float64)
            table[i, : len(values)] = values
        except (TypeError, ValueError, OverflowError):
            table[i] = np.nan
    return table


def _are_distributions(table: FloatArray) -> BoolArray:
    with np.errstate(invalid="ignore", over="ignore"):
        sums = table.sum(axis=1)
        good: BoolArray = (np.abs(sums - 1) <= _SUM_SLACK) & (table >= 0).all(axis=1)
    return good


def _spread(probabilities: FloatArray, unparsed: IntArray, sizes: IntArray) -> None:
    """Replace unparsed rows by the uniform distribution, as the paper does."""
    classes = np.arange(probabilities.shape[1])
    size = sizes[unparsed, None]
    probabilities[unparsed] = np.where(classes < size, 1.0 / size, 0.0)


def _kl_beside(
    probabilities: FloatArray, question: IntArray, sizes: IntArray, options: Options
) -> dict[str, Decomposition]:
    if options.loss == "kl":
        return {}
    paper = Options(loss="kl", estimator="plugin", smoothing=options.smoothing)
    return {"kl": _decompose_classes(probabilities, question, sizes, paper)}


def _decompose_classes(
    probabilities: FloatArray, question: IntArray, sizes: IntArray, options: Options
) -> Decomposition:
    """Decompose rows of distributions whose class 0 is right, by numbers of classes (KL smooths by it)."""
    questions = len(sizes)
    place, width = places(question, questions)
    error, bias, variance = np.full((3, questions), np.nan)
    epochs = np.zeros(questions, dtype=np.int64)
    floor = 0.0
    for size in np.unique(sizes):
        chosen = sizes == size
        rows = np.flatnonzero(chosen[question])
        index = np.cumsum(chosen) - 1
        cube = np.full((int(chosen.sum()), max(width, 1), int(size)), np.nan)
        cube[index[question[rows]], place[rows]] = probabilities[rows, :size]
        part = decompose(
            cube,
            np.zeros(len(cube), np.int64),
            loss=options.loss,
            estimator=options.estimator,
            smoothing=options.smoothing,
        )
        error[chosen], bias[chosen], variance[chosen] = part.error, part.bias_squared, part.variance
        epochs[chosen] = part.epochs
        floor = max(floor, part.error_floor)
    return Decomposition(error, bias, variance, epochs, options.loss, options.estimator, floor)


def _measure_tests(rows: Rows, options: Options) -> Measured:
    """A bit per unit test and epoch; coverage error, whatever the loss is for classes."""
    bits, shape, readable = _read_bits(rows)
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
    solved = (bits[used].sum(axis=1, dtype=np.int64) == shape[question].sum(axis=1)).astype(np.float64)
    parts = {
        part: _coverage(fails, epochs, shape, part, "plugin" if part == "pooled" else options.estimator)
        for part in ("f2p", "p2p", "pooled")
        if part != options.tests
    }
    headline = _coverage(fails, epochs, shape, options.tests, options.estimator)
    # Solved or not is one test that every question has.
    unsolved = (epochs - np.bincount(question, weights=solved, minlength=rows.questions)).astype(np.int64)
    one_test = np.tile(np.array([[1, 0]]), (rows.questions, 1))
    resolved = _coverage(unsolved[:, None], epochs, one_test, "f2p", options.estimator)
    return Measured(headline, parts | {"resolved": resolved}, solved, question, int((~scored).sum()))


def _coverage(
    fails: IntArray, epochs: IntArray, shape: IntArray, tests: str, estimator: str
) -> Decomposition:
    """Share of failed tests split into bias² and variance; a question without such tests has no epoch."""
    column = np.arange(fails.shape[1])[None, :]
    f2p, total = shape[:, :1], shape.sum(axis=1, keepdims=True)
    low, high = {"f2p": (0 * f2p, f2p), "p2p": (f2p, total), "pooled": (0 * f2p, total)}[tests]
    present = (column >= low) & (column < high)
    counted = np.where(present.any(axis=1), epochs, 0)
    missed = np.where(present & (counted > 0)[:, None], fails, 0)
    sums = SquaredSums(
        counted, -missed.astype(np.float64), missed.sum(axis=1).astype(np.float64), present, True
    )
    plan = SufficientStatistics({"squared": sums})
    return plan.decomposition("squared", "unbiased" if estimator == "unbiased" else "plugin")


def _read_bits(rows: Rows) -> tuple[NDArray[np.uint8], IntArray, BoolArray]:
    """Outcomes as bits, shape (rows, most tests); numbers of F2P and P2P tests per question; which rows read."""
    texts = [text if isinstance(text := entry.get("hm_tests"), str) else "" for entry in rows.metadata]
    sizes = np.stack(
        [
            integers([entry.get(name) for entry in rows.metadata], high=_MOST_TESTS)
            for name in ("hm_f2p", "hm_p2p")
        ],
        axis=1,
    )
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
