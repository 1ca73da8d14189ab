"""Unit-test outcomes as a hexadecimal bit string, short enough to survive a log's summaries."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from hotmess_inspect.words import counted

# Scorers import this module at every start of Inspect; numpy is loaded when there is something to encode.
if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


def encode_tests(outcomes: Sequence[bool] | NDArray[np.bool_]) -> str:
    """Write test outcomes as hexadecimal digits, four tests a digit, first test in the highest bit.

    The last digit is filled up with zeros, so the number of tests has to be kept beside the string
    (``hm_f2p`` + ``hm_p2p``).

    Args:
        outcomes: Whether each test passed, shape (tests,).

    Returns:
        ``ceil(tests / 4)`` lower-case digits; empty for no tests.
    """
    import numpy as np

    bits = np.asarray(outcomes, dtype=bool)
    if bits.ndim != 1:
        raise ValueError(f"outcomes must have one dimension (tests,), not {bits.ndim}")
    return np.packbits(bits).tobytes().hex()[: -(-len(bits) // 4)]


def decode_tests(text: str, count: int) -> NDArray[np.bool_]:
    """Read back what :func:`encode_tests` wrote.

    Args:
        text: Hexadecimal digits.
        count: Number of tests.

    Returns:
        Whether each test passed, shape (count,).

    Raises:
        ValueError: If the text has not exactly ``ceil(count / 4)`` hexadecimal digits.
    """
    import numpy as np

    if count < 0 or len(text) != -(-count // 4):
        raise ValueError(
            f"{counted(count, 'test', 'needs', 'need')} {counted(-(-max(count, 0) // 4), 'hexadecimal digit')}, got {len(text)}: {text[:40]!r}"
        )
    try:
        raw = bytes.fromhex(text + "0" * (len(text) % 2))
    except ValueError:
        raise ValueError(f"not a hexadecimal bit string: {text[:40]!r}") from None
    return np.unpackbits(np.frombuffer(raw, dtype=np.uint8))[:count].astype(bool)
