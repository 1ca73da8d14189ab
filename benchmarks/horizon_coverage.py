"""How often the intervals of `hotmess horizon` cover a planted horizon, in worlds whose truth is known.

    python benchmarks/horizon_coverage.py [WORLDS]

Tasks take people 2^x minutes, x uniform from 0 to 10, and succeed with probability σ(-0.6 (x - 5)), so that the horizon
is 2^5 minutes. Prints per design the share of worlds covered: p50, p80 and pass^2 from whole families (tasks), and p50
from METR's three stages.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass

import numpy as np

from hotmess_inspect.analyses.horizon import horizon

SLOPE, CENTRE = 0.6, 5.0


@dataclass(frozen=True)
class Design:
    """Families, tasks in each, runs of each task, and whether families are clusters or each task stands alone."""

    families: int
    tasks: int
    runs: int
    clustered: bool


DESIGNS = (Design(60, 1, 8, False), Design(20, 5, 6, True), Design(30, 1, 5, False), Design(150, 1, 1, False))


def truth(probability: float, k: int = 1) -> float:
    """Horizon in minutes at which k runs all succeed with a probability."""
    each = probability ** (1 / k)
    return float(2 ** (CENTRE - np.log(each / (1 - each)) / SLOPE))


def covered(design: Design, seed: int) -> list[bool]:
    """Which intervals of one world hold the truth; one that is undefined does not."""
    rng = np.random.default_rng(seed)
    questions = design.families * design.tasks
    x = rng.uniform(0, 10, questions)
    chance = 1 / (1 + np.exp(SLOPE * (x - CENTRE)))
    right = (rng.random((questions, design.runs)) < chance[:, None]).astype(float)
    families = np.repeat(np.arange(design.families), design.tasks) if design.clustered else None
    found = horizon(right, 2.0**x, clusters=families, resamples=500, rng=np.random.default_rng(seed))
    p50, p80, strict = found.horizons
    pairs = (
        (p50.interval, truth(0.5)),
        (p80.interval, truth(0.8)),
        (strict.interval, truth(0.5, 2)),
        (p50.three_stages, truth(0.5)),
    )
    return [interval.low <= value <= interval.high for interval, value in pairs]


def main() -> None:
    """Print the coverage of every design."""
    worlds = int(sys.argv[1]) if len(sys.argv) > 1 else 400
    for design in DESIGNS:
        share = np.mean([covered(design, seed) for seed in range(worlds)], axis=0)
        named = zip(("p50", "p80", "pass^2", "p50 in three stages"), share, strict=True)
        print(design, ", ".join(f"{name} {value:.1%}" for name, value in named), flush=True)


if __name__ == "__main__":
    main()
