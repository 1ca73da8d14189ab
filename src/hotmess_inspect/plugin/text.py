"""Decomposition of free text: a variance of embeddings, and nothing that would need a target."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from hotmess_inspect.decomposition import Decomposition, kernel_variance
from hotmess_inspect.plugin.vectors import ENTRIES, decode_embedding

PARSED, UNPARSED, UNREADABLE = 0, 1, 2


def text_points(metadata: Sequence[Mapping[str, Any]]) -> tuple[NDArray[np.float16], NDArray[np.int64]]:
    """Embeddings of many epochs.

    Args:
        metadata: Score metadata, one per epoch.

    Returns:
        Points in the precision in which they are kept, shape (rows, dims), zeros where there is none; and per row `PARSED`, `UNPARSED` (an answer
        without text, so without an embedding) or `UNREADABLE` (damaged, or of another size than most).
    """
    # Equal answers have equal embeddings; each is decoded once.
    seen: dict[tuple[Any, ...], NDArray[np.float16] | None] = {}
    found: list[NDArray[np.float16] | None] = []
    for entry in metadata:
        key = tuple(value if isinstance(value := entry.get(name), str) else None for name in ENTRIES)
        if key not in seen:
            decoded = decode_embedding(entry)
            seen[key] = None if decoded is None else decoded.astype(np.float16)
        found.append(seen[key])
    sizes = [len(vector) for vector in found if vector is not None]
    dims = max(set(sizes), key=lambda size: (sizes.count(size), size)) if sizes else 1
    points = np.zeros((len(found), dims), dtype=np.float16)
    state = np.full(len(found), UNREADABLE, dtype=np.int64)
    for row, (vector, entry) in enumerate(zip(found, metadata, strict=True)):
        if vector is not None and len(vector) == dims:
            points[row], state[row] = vector, PARSED
        elif vector is None and entry.get("hm_status") == "unparsed":
            state[row] = UNPARSED
    return points, state


def text_decompositions(
    points: NDArray[np.floating], question: NDArray[np.int64], questions: int, estimator: str
) -> tuple[Decomposition, Decomposition]:
    """The paper's embedding variance, and the kernel variance beside it.

    Args:
        points: Shape (rows, dims).
        question: Question of each row, shape (rows,).
        questions: Number of questions.
        estimator: "unbiased" or "plugin"; anything else, which text does not have, reads as "plugin".

    Returns:
        Losses "embedding" and "kernel", arrays of shape (questions,).
    """
    counts = np.bincount(question, minlength=questions)
    order = np.argsort(question, kind="stable")
    starts = np.concatenate([[0], np.cumsum(counts)])
    terms = np.full((2, questions), np.nan)
    chosen: Literal["unbiased", "plugin"] = "unbiased" if estimator == "unbiased" else "plugin"
    # Questions with equally many epochs go together, so that no array is padded.
    for count in np.unique(counts[counts > 1]):
        members = np.flatnonzero(counts == count)
        step = max(1, (1 << 22) // max(1, count * points.shape[1]))
        for first in range(0, len(members), step):
            part = members[first : first + step]
            rows = order[starts[part][:, None] + np.arange(count)]
            cube = points[rows].astype(np.float64)
            terms[0, part] = kernel_variance(cube, kernel="linear", estimator=chosen)
            terms[1, part] = kernel_variance(cube, kernel="rbf", estimator=chosen)
    unknown = np.full(questions, np.nan)
    embedding, kernel = (
        Decomposition(unknown, unknown, variance, counts.astype(np.int64), loss, chosen)
        for variance, loss in zip(terms, ("embedding", "kernel"), strict=True)
    )
    return embedding, kernel
