"""The definitions that everything else shares: what an epoch's score says, and the words for measuring it.

Every scorer of this package leaves flat ``hm_*`` entries in ``Score.metadata``. They are what metrics see of
an epoch (Inspect hands metrics no epoch number, target or token count) and what a log's summaries keep of
it, so each stays small: strings of at most 1,024 characters, everything else below 1 kB.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from numbers import Integral, Real
from typing import Any, Literal, TypeAlias, get_args

import msgspec

from hotmess_inspect.bits import encode_tests

Kind: TypeAlias = Literal["answer", "probabilities", "tests", "score", "point", "text"]
"""What a prediction is."""
Status: TypeAlias = Literal["ok", "unparsed", "limit", "truncated", "tampered", "broken"]
"""What became of an epoch that has a score."""
Loss: TypeAlias = Literal["brier", "kl", "zero_one", "squared"]
ClassLoss: TypeAlias = Literal["brier", "kl", "zero_one"]
TextLoss: TypeAlias = Literal["embedding", "kernel", "disagreement"]
"""Spreads that need no target: of text, and of answers (½ E‖f - f'‖² of two epochs; of labels the probability that
they differ)."""
Estimator: TypeAlias = Literal["plugin", "unbiased", "jackknife"]
Quantity: TypeAlias = Literal["error", "bias_squared", "variance", "incoherence"]
Unparsed: TypeAlias = Literal["uniform", "class", "drop"]
"""What an unparsed answer counts as: the uniform distribution, a class of its own, a missing epoch."""
Tests: TypeAlias = Literal["f2p", "p2p", "pooled", "resolved"]
"""Which unit tests are measured: FAIL_TO_PASS, PASS_TO_PASS, both, or whether all of them pass."""

KINDS: tuple[str, ...] = get_args(Kind)
SCORED_STATUSES: tuple[str, ...] = get_args(Status)
UNSCORED = ("errored", "unscored", "missing", "other_kind")
"""Statuses of epochs without a prediction: an error, no verdict that could be read, planned but never run, a verdict
of another kind than the other epochs of its scorer."""
STATUSES: tuple[str, ...] = (*SCORED_STATUSES, *UNSCORED)
LOSSES: tuple[str, ...] = get_args(Loss)
CLASS_LOSSES: tuple[ClassLoss, ...] = get_args(ClassLoss)
UNTARGETED_LOSSES: tuple[TextLoss, ...] = get_args(TextLoss)
TEXT_LOSSES: tuple[TextLoss, ...] = ("embedding", "kernel")
QUANTITIES: tuple[str, ...] = get_args(Quantity)
UNPARSED: tuple[Unparsed, ...] = get_args(Unparsed)
TEST_MEASURES: tuple[Tests, ...] = get_args(Tests)
"""What unit tests are measured as; the first is the headline."""

ESTIMATORS: Mapping[str, tuple[Estimator, ...]] = {
    "kl": ("plugin", "jackknife"),
    "brier": ("unbiased", "plugin"),
    "zero_one": ("plugin",),
    "squared": ("unbiased", "plugin"),
    "embedding": ("unbiased", "plugin"),
    "kernel": ("unbiased", "plugin"),
    "disagreement": ("unbiased", "plugin"),
}
"""Estimators of each loss; the first is the one that is used unasked: unbiased where that exists."""

REPLAYED = "replayed-"
"""How the ids of calls begin that `hotmess fork` took from another epoch."""

SUM_TOLERANCE = 0.02
"""How far from 1 the sum of an epoch's probabilities may lie (two digits after the point are what models
write); they are divided by their sum. Further off, the epoch is unparsed."""
STATED_SUM_TOLERANCE = 0.05
"""The same for probabilities that a model states in words, before they are divided by their sum: four rounded numbers
of two digits can miss 1 by 0.02, and models round carelessly."""
ROUNDING = 1e-5
"""How far from 1 probabilities may sum in arrays, which are used as they are: single-precision softmax output
sums to 1 within 1e-6, a rounded "33 %, 33 %, 33 %" does not."""
PERFECT = 1.0
"""Score of a right answer."""

ADAPTIVE = "hotmess_adaptive"
"""Field of a log's metadata that says it is a wave of `hotmess run`: ``pilot``, the epochs that every question got whatever it
answered; ``wave``, its number from 1; ``until``, epochs by question after it; and the options of the run."""

FORGEABLE = "hotmess_forgeable_tests"
"""Field of a log's metadata that names the test runners whose own report decided, which the code under test can forge."""

MEASURED_LENGTHS = ("actions", "turns", "output_tokens", "reasoning_tokens", "reasoning_characters")
"""Lengths that a score's metadata may hold, each under its name with ``hm_`` in front."""
LENGTHS = ("length", *MEASURED_LENGTHS, "messages")
"""Columns of a table that say how long an epoch was; ``length`` is in a unit of the table's own."""

_MAX_TEXT = 1024
_MAX_LIST = 1024


class EpochMetadata(msgspec.Struct, gc=False, frozen=True):
    """The ``hm_*`` entries of a score's metadata, as :func:`epoch_metadata` writes them and readers find them.

    What other scorers put there may be of any type, so none is demanded here: readers take what is as
    documented and count the rest.
    """

    hm_kind: Any = None
    hm_epoch: Any = None
    hm_status: Any = None
    hm_context: Any = None
    hm_answer: Any = None
    hm_target: Any = None
    hm_classes: Any = None
    hm_probabilities: Any = None
    hm_tests: Any = None
    hm_f2p: Any = None
    hm_p2p: Any = None
    hm_actions: Any = None
    hm_turns: Any = None
    hm_output_tokens: Any = None
    hm_reasoning_tokens: Any = None
    hm_reasoning_characters: Any = None
    hm_masked: Any = None
    hm_regrades: Any = None
    hm_digest: Any = None
    hm_goal: Any = None
    hm_range: Any = None
    hm_embedding: Any = None
    hm_embedding_2: Any = None
    hm_embedding_3: Any = None
    hm_embedding_4: Any = None
    hm_embedding_5: Any = None
    hm_embedding_6: Any = None
    hm_embedding_7: Any = None
    hm_embedding_8: Any = None

    def entries(self) -> dict[str, Any]:
        """The entries that are known, for ``Score.metadata``."""
        return {name: entry for name, entry in msgspec.structs.asdict(self).items() if entry is not None}


@dataclass(frozen=True)
class Scale:
    """What scores mean.

    Attributes:
        low: Score of an epoch that is all wrong.
        high: Score of one that is all right.

    Raises:
        ValueError: If the two are equal or one is not finite.
    """

    low: float = 0.0
    high: float = PERFECT

    def __post_init__(self) -> None:
        if not (math.isfinite(self.low) and math.isfinite(self.high) and self.low != self.high):
            raise ValueError(
                f"the range of scores needs two different finite numbers, not {self.low:g} and {self.high:g}"
            )

    @classmethod
    def given(cls, perfect: float | None, range_: str | Sequence[float | str] | None) -> Scale | None:
        """The scale that options state, ``None`` where they state none.

        Args:
            perfect: Score of a right answer: a wrong one gets 0, and 1 where a right one gets 0 (harm, say).
            range_: Scores of a wrong and of a right answer, as two numbers or a text such as "1,5".

        Raises:
            ValueError: If both are given, or they are no two different finite numbers.

        Example:
            >>> Scale.given(0, None), Scale.given(10, None), Scale.given(None, (1, 5))
            (Scale(low=1.0, high=0.0), Scale(low=0.0, high=10.0), Scale(low=1.0, high=5.0))
        """
        if perfect is not None and range_ is not None:
            raise ValueError("range and perfect exclude each other: each says what a right answer gets")
        if perfect is not None:
            if not math.isfinite(perfect):
                raise ValueError(f"perfect={perfect!r} must be a finite number: the score of a right answer")
            return cls(0.0 if perfect else 1.0, float(perfect))
        if range_ is None:
            return None
        try:
            low, high = map(float, range_.replace(",", " ").split() if isinstance(range_, str) else range_)
        except (TypeError, ValueError):
            raise ValueError(
                f"range={range_!r} must be two numbers: the scores of wrong and of right"
            ) from None
        return cls(low, high)

    @classmethod
    def of_entry(cls, entry: object, key: str | None = None) -> Scale | None:
        """The scale that ``hm_range`` states (of a key, if it states one for each); ``None`` if it states none."""
        if isinstance(entry, Mapping):
            entry = None if key is None else entry.get(key)
        try:
            return cls.given(None, entry) if isinstance(entry, list | tuple) else None
        except ValueError:
            return None

    def entry(self, key: str | int | None = None) -> Any:
        """What ``hm_range`` holds: wrong and right, for every key of the score or for one."""
        return [self.low, self.high] if key is None else {str(key): [self.low, self.high]}

    def __str__(self) -> str:
        return f"{self.low!r} {self.high!r}"


@dataclass(frozen=True)
class Problem:
    """Something that a reader of the results has to know.

    Attributes:
        level: ``error``: an input, a group or some epochs are left out; ``warning``: the numbers may mislead;
            ``note``: how the input was read.
        input: File or group.
        message: One sentence.
    """

    level: Literal["error", "warning", "note"]
    input: str
    message: str


def epoch_metadata(
    *,
    kind: Kind,
    epoch: int,
    status: Status = "ok",
    context: int | str | None = None,
    answer: str | None = None,
    target: str | None = None,
    classes: int | None = None,
    probabilities: Sequence[float] | None = None,
    f2p: Sequence[bool] | None = None,
    p2p: Sequence[bool] | None = None,
    lengths: Mapping[str, int] | None = None,
    scale: Scale | None = None,
) -> dict[str, Any]:
    """Describe one epoch for the metric, the log's summaries and `hotmess analyze`.

    Args:
        kind: What the prediction is. "answer" needs `answer`, "probabilities" needs `probabilities`,
            "tests" needs `f2p` and `p2p`; "score" is read from `Score.value`.
        epoch: Epoch number, from 1.
        status: "unparsed" where no answer could be read, "limit" where the sample ran into one,
            "truncated" where the model's output was cut, "tampered" where grading was attacked, "broken"
            where the agent or its work ended its own container or test run, which counts as failed.
        context: Identifier of the few-shot context, where there is one.
        answer: Normalised label; empty when unparsed. A label of more than 1,024 characters keeps its
            beginning and a digest of the whole, so that different labels stay different.
        target: Label of the right class. Classes are labelled as Inspect labels choices (A, B, … Z, 1,
            2, …), which is how a probability finds its class.
        classes: Number of classes.
        probabilities: Probability of each class in the order of the choices.
        f2p: Whether each FAIL_TO_PASS test passed, in the data set's order.
        p2p: Whether each PASS_TO_PASS test passed, in the data set's order.
        lengths: Any of ``hm_actions``, ``hm_turns``, ``hm_output_tokens``, ``hm_reasoning_tokens``,
            ``hm_reasoning_characters``, as
            :func:`~hotmess_inspect.plugin.lengths.sample_lengths` gives them. Unknown ones are left out.
        scale: What the score means where a right answer gets something else than 1.

    Returns:
        A flat dictionary of ``hm_*`` keys; what is unknown has no key.

    Raises:
        ValueError: If a value is not permitted or one that the kind needs is missing.
    """
    _check(kind, epoch, status, answer, classes, probabilities, f2p, p2p)
    counted = dict(lengths or {})
    permitted = [f"hm_{name}" for name in MEASURED_LENGTHS]
    for name in counted.keys() - set(permitted):
        raise ValueError(f"lengths has the key {name!r}; permitted: {', '.join(permitted)}")
    if f2p is not None and p2p is not None:
        counted |= {"hm_f2p": len(f2p), "hm_p2p": len(p2p)}
    return EpochMetadata(
        hm_kind=kind,
        hm_epoch=epoch,
        hm_status=status,
        hm_context=_short(context) if isinstance(context, str) else context,
        hm_answer=None if answer is None else _short(answer),
        hm_target=None if target is None else _short(target),
        hm_classes=classes,
        hm_probabilities=None if probabilities is None else _round_to_fit(probabilities),
        hm_tests=None if f2p is None or p2p is None else encode_tests([*f2p, *p2p]),
        hm_range=None if scale is None else scale.entry(),
        **counted,
    ).entries()


def class_label(index: int) -> str:
    """Label of a choice as Inspect writes it: 0 → "A", 25 → "Z", 26 → "1"."""
    if index < 0:
        raise ValueError(f"index must be 0 or more, not {index}")
    return chr(ord("A") + index) if index < 26 else str(index - 25)


def class_index(label: str) -> int | None:
    """Position of the choice with this label, None if it is no label of a choice."""
    if len(label) == 1 and "A" <= label <= "Z":
        return ord(label) - ord("A")
    if label.isascii() and label.isdigit() and len(label) <= 4 and int(label) > 0:
        return 25 + int(label)
    return None


def _check(
    kind: str,
    epoch: int,
    status: str,
    answer: str | None,
    classes: int | None,
    probabilities: Sequence[float] | None,
    f2p: Sequence[bool] | None,
    p2p: Sequence[bool] | None,
) -> None:
    if kind not in KINDS:
        raise ValueError(f"kind={kind!r} is not one of {', '.join(map(repr, KINDS))}")
    if status not in SCORED_STATUSES:
        raise ValueError(f"status={status!r} is not one of {', '.join(map(repr, SCORED_STATUSES))}")
    if epoch < 1:
        raise ValueError(f"epoch={epoch!r}: epochs count from 1")
    if classes is not None and classes < 2:
        raise ValueError(f"classes={classes!r}: a choice needs at least 2")
    if kind == "answer" and answer is None:
        raise ValueError("kind='answer' needs answer (empty when unparsed)")
    if kind == "probabilities" and probabilities is None and status == "ok":
        raise ValueError("kind='probabilities' needs probabilities where status='ok'")
    if kind == "tests" and (f2p is None or p2p is None):
        raise ValueError("kind='tests' needs f2p and p2p")
    if probabilities is not None and not all(math.isfinite(p) for p in probabilities):
        raise ValueError(f"probabilities must be finite, got {list(probabilities)}")


def _short(text: str) -> str:
    if len(text) <= _MAX_TEXT:
        return text
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]
    return f"{text[: _MAX_TEXT - 17]}#{digest}"


def _round_to_fit(probabilities: Sequence[float]) -> list[float]:
    """Full precision for the usual few classes, fewer digits where the list would be cut from summaries."""
    values = [float(p) for p in probabilities]
    for digits in range(17, 3, -1):
        rounded = [float(f"{p:.{digits}g}") for p in values]
        if len(str(rounded)) < _MAX_LIST:
            return rounded
    raise ValueError(f"{len(values)} numbers do not fit into {_MAX_LIST} characters")


def normalise_label(text: str | None) -> str | None:
    """A label without surrounding space, single letters as capitals; ``None`` if nothing is left."""
    stripped = (text or "").strip()
    return (stripped.upper() if len(stripped) == 1 and stripped.isascii() else stripped) or None


def quantity_word(name: str) -> str:
    """A quantity's name in tables and sentences: bias², pass^3."""
    return name.replace("bias_squared", "bias²").replace("pass_hat_", "pass^")


def finite_or_none(value: float) -> float | None:
    """A number for JSON: ``None`` where it is undefined, that is NaN or infinite."""
    return float(value) if math.isfinite(value) else None


def json_value(value: Any) -> Any:
    """Numbers, lists and dictionaries for JSON: what is undefined becomes ``None``, and so does a list without any number.

    Args:
        value: Plain values, numpy's numbers, tuples, lists and dictionaries of them.
    """
    if isinstance(value, dict):
        return {key: json_value(entry) for key, entry in value.items()}
    if isinstance(value, tuple | list):
        items = [json_value(entry) for entry in value]
        return None if items and all(entry is None for entry in items) else items
    if isinstance(value, bool):
        return value
    if isinstance(value, Integral):
        return int(value)
    return finite_or_none(float(value)) if isinstance(value, Real) else value
