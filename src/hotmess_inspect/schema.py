"""The flat ``hm_*`` entries that every scorer of this package leaves in ``Score.metadata``.

They are what metrics see of an epoch (Inspect hands metrics no epoch number, target or token count) and
what a log's summaries keep of it, so each stays small: strings of at most 1,024 characters, everything
else below 1 kB.
"""

import hashlib
import math
from collections.abc import Mapping, Sequence
from typing import Any, Literal, TypeAlias, get_args

from hotmess_inspect.bits import encode_tests

Kind: TypeAlias = Literal["answer", "probabilities", "tests", "score", "point", "text"]
Status: TypeAlias = Literal["ok", "unparsed", "limit", "truncated", "tampered"]

KINDS: tuple[str, ...] = get_args(Kind)
STATUSES: tuple[str, ...] = get_args(Status)
LENGTHS = ("hm_actions", "hm_turns", "hm_output_tokens", "hm_reasoning_tokens", "hm_reasoning_characters")

_MAX_TEXT = 1024
_MAX_LIST = 1024


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
) -> dict[str, Any]:
    """Describe one epoch for the metric, the log's summaries and `hotmess analyze`.

    Args:
        kind: What the prediction is. "answer" needs `answer`, "probabilities" needs `probabilities`,
            "tests" needs `f2p` and `p2p`; "score" is read from `Score.value`.
        epoch: Epoch number, from 1.
        status: "unparsed" where no answer could be read, "limit" where the sample ran into one,
            "truncated" where the model's output was cut, "tampered" where grading was attacked.
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

    Returns:
        A flat dictionary of ``hm_*`` keys; what is unknown has no key.

    Raises:
        ValueError: If a value is not permitted or one that the kind needs is missing.
    """
    _check(kind, epoch, status, answer, classes, probabilities, f2p, p2p)
    entries: dict[str, Any] = {
        "hm_kind": kind,
        "hm_epoch": epoch,
        "hm_status": status,
        "hm_context": _short(context) if isinstance(context, str) else context,
        "hm_answer": None if answer is None else _short(answer),
        "hm_target": None if target is None else _short(target),
        "hm_classes": classes,
        "hm_probabilities": None if probabilities is None else _round_to_fit(probabilities),
    }
    if f2p is not None and p2p is not None:
        entries |= {"hm_tests": encode_tests([*f2p, *p2p]), "hm_f2p": len(f2p), "hm_p2p": len(p2p)}
    for name, length in (lengths or {}).items():
        if name not in LENGTHS:
            raise ValueError(f"lengths has the key {name!r}; permitted: {', '.join(LENGTHS)}")
        entries[name] = length
    return {name: entry for name, entry in entries.items() if entry is not None}


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
    if status not in STATUSES:
        raise ValueError(f"status={status!r} is not one of {', '.join(map(repr, STATUSES))}")
    if epoch < 1:
        raise ValueError(f"epoch={epoch!r}: epochs count from 1")
    if classes is not None and classes < 2:
        raise ValueError(f"classes={classes!r}: a choice needs at least 2")
    if kind == "answer" and answer is None:
        raise ValueError("kind='answer' needs answer (empty when unparsed)")
    if kind == "probabilities" and probabilities is None and status != "unparsed":
        raise ValueError("kind='probabilities' needs probabilities unless status='unparsed'")
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
    raise ValueError(f"{len(values)} probabilities do not fit into {_MAX_LIST} characters")


def normalise_label(text: str | None) -> str | None:
    """A label without surrounding space, single letters as capitals; ``None`` if nothing is left."""
    stripped = (text or "").strip()
    return (stripped.upper() if len(stripped) == 1 and stripped.isascii() else stripped) or None
