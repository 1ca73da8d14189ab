"""Which steps of a walk are kept."""

import numpy as np
from numpy.typing import NDArray


def recorded_steps(steps: int, every: int) -> NDArray[np.int64]:
    """Numbers of the updates after which a position is kept: every so many from 0, and the last.

    Raises:
        ValueError: If either is below 1.
    """
    if steps < 1 or every < 1:
        raise ValueError(f"steps and record_every must be at least 1, not {steps} and {every}")
    return np.unique(np.append(np.arange(0, steps + 1, every), steps))
