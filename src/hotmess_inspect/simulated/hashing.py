"""Seeds of random streams, the same in every process and on every machine."""

from __future__ import annotations

import hashlib
import re

import numpy as np

__all__ = ["stable_hash", "stream"]


def stable_hash(*texts: str) -> int:
    """A 64-bit number that depends on the texts alone, up to their white space.

    Args:
        *texts: Texts in order; ``("ab", "c")`` and ``("a", "bc")`` give different numbers.

    Returns:
        A number from 0 to 2**64 - 1.
    """
    digest = hashlib.blake2b(digest_size=8)
    for text in texts:
        digest.update(re.sub(r"\s+", " ", text).strip().encode("utf-8", "surrogatepass") + b"\x1f")
    return int.from_bytes(digest.digest(), "big")


def stream(seed: int, purpose: int, key: int, index: int = 0) -> np.random.Generator:
    """A random generator named by whole numbers: equal names, equal numbers, in any order of use.

    Args:
        seed: The model's seed.
        purpose: What the numbers are for; streams of different purposes are independent.
        key: The question or instance (`stable_hash`).
        index: Epoch, context or step; 0 where there is none.

    Returns:
        A generator of its own for this name.
    """
    return np.random.default_rng([seed, purpose, key, index])
