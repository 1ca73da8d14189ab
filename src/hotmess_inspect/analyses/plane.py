"""The bias–variance plane: the lines of equal incoherence."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class IsoIncoherenceLine:
    """Ray from the origin on which incoherence is the same: variance = bias² · I/(1 - I).

    Attributes:
        incoherence: I, in [0, 1].
        bias_squared: End of the ray, where it leaves the box.
        variance: End of the ray.
    """

    incoherence: float
    bias_squared: float
    variance: float


def iso_incoherence_lines(
    largest_bias_squared: float,
    largest_variance: float,
    levels: Sequence[float] = (0.1, 0.25, 0.5, 0.75, 0.9),
) -> tuple[IsoIncoherenceLine, ...]:
    """Lines of equal incoherence through a box that begins at the origin.

    Args:
        largest_bias_squared: Right edge of the box, above 0.
        largest_variance: Upper edge of the box, above 0.
        levels: Incoherences, each in [0, 1]; 0 is the horizontal axis and 1 the vertical one.

    Returns:
        Where each ray from the origin leaves the box.

    Raises:
        ValueError: If an edge is not positive or a level outside [0, 1].
    """
    for name, edge in (
        ("largest_bias_squared", largest_bias_squared),
        ("largest_variance", largest_variance),
    ):
        if not (edge > 0 and np.isfinite(edge)):
            raise ValueError(f"{name}={edge!r} must be positive and finite")
    lines = []
    for level in levels:
        if not 0 <= level <= 1:
            raise ValueError(f"levels holds {level!r}; permitted: 0 to 1")
        # Length along the ray (1 - I, I) until it meets the nearer edge.
        reach = min(
            edge / part if part > 0 else np.inf
            for edge, part in ((largest_bias_squared, 1 - level), (largest_variance, level))
        )
        lines.append(IsoIncoherenceLine(float(level), float(reach * (1 - level)), float(reach * level)))
    return tuple(lines)
