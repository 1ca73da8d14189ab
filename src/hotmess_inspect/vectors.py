"""Embeddings in ``Score.metadata``: unit vectors in half precision, in pieces that survive a log's summaries."""

from __future__ import annotations

import base64
import binascii
import math
import struct
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

# Scorers import this module at every start of Inspect; numpy is loaded when there is something to decode.
if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

DIMS_PER_ENTRY = 384
"""So many half-precision numbers are 1,024 characters of base64, the most that a summary keeps of an entry."""

ENTRIES = ("hm_embedding", *(f"hm_embedding_{number}" for number in range(2, 9)))
MOST_DIMS = DIMS_PER_ENTRY * len(ENTRIES)


def encode_embedding(vector: Sequence[float]) -> dict[str, str]:
    """Write an embedding as entries of metadata.

    The vector is brought to unit length first (a vector of zeros stays one), so that variances lie in [0, 1]
    and do not depend on the embedder's scale, and rounded to half precision: each number is off by at most a
    2,048th of itself, which moves a variance by 2e-5 at most in 60 random clouds. Live results and later ones read these same
    numbers.

    Args:
        vector: Finite numbers, shape (dims,).

    Returns:
        ``hm_embedding`` and, above 384 dims, ``hm_embedding_2`` to ``_8``: base64 of little-endian halves.

    Raises:
        ValueError: If there are no dims or more than 3,072, or a number is not finite.
    """
    numbers = [float(x) for x in vector]
    if not 0 < len(numbers) <= MOST_DIMS:
        raise ValueError(
            f"an embedding of {len(numbers)} dims cannot be kept in a log: permitted are 1 to {MOST_DIMS}; "
            "ask the embedder for fewer dims"
        )
    if not all(map(math.isfinite, numbers)):
        raise ValueError("an embedding holds a number that is not finite")
    largest = max(map(abs, numbers))
    # Scaled by the largest first, so that squares neither overflow nor vanish.
    scaled = [x / largest for x in numbers] if largest else numbers
    norm = math.sqrt(math.fsum(x * x for x in scaled)) or 1.0
    unit = [x / norm for x in scaled]
    pieces = [unit[i : i + DIMS_PER_ENTRY] for i in range(0, len(unit), DIMS_PER_ENTRY)]
    return {
        name: base64.b64encode(struct.pack(f"<{len(piece)}e", *piece)).decode("ascii")
        for name, piece in zip(ENTRIES, pieces, strict=False)
    }


def decode_embedding(entries: Mapping[str, Any]) -> NDArray[np.float64] | None:
    """Read back what :func:`encode_embedding` wrote.

    Args:
        entries: Score metadata.

    Returns:
        Shape (dims,); None where there is no embedding, or one that is damaged.
    """
    import numpy as np

    pieces = [entries.get(name) for name in ENTRIES]
    held = [piece for piece in pieces if piece is not None]
    if not held or pieces[: len(held)] != held or not all(isinstance(piece, str) for piece in held):
        return None
    try:
        raw = b"".join(base64.b64decode(piece, validate=True) for piece in held)
    except (binascii.Error, ValueError):
        return None
    if not raw or len(raw) % 2:
        return None
    numbers: NDArray[np.float64] = np.frombuffer(raw, dtype="<f2").astype(np.float64)
    return numbers if bool(np.isfinite(numbers).all()) else None
