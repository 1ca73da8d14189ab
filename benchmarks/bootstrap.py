"""Thirty-two incoherences with bootstrap intervals, against scipy.stats.bootstrap and a pandas loop.

    OPENBLAS_NUM_THREADS=1 python benchmarks/bootstrap.py [--questions 1000 --questions 10000]

Ten thousand replicates. CPU seconds of one process, least of some runs; scipy computes one ratio with its
vectorised statistic, pandas a hundredth of the replicates of one ratio, and both are scaled up to 32.
"""

import argparse
import math
import time
from collections.abc import Callable

import numpy as np
import pandas as pd
import scipy.stats

from hotmess_inspect.decomposition import draw_weights, ratio_intervals

RESAMPLES = 10_000
RATIOS = 32


def cpu_seconds(call: Callable[[], object], repeats: int) -> float:
    """Least CPU time of some runs."""
    best = math.inf
    for _ in range(repeats):
        start = time.process_time()
        call()
        best = min(best, time.process_time() - start)
    return best


def ratio(v: np.ndarray, e: np.ndarray, axis: int = -1) -> np.ndarray:
    """Ratio of sums."""
    return v.sum(axis=axis) / e.sum(axis=axis)


def scipy_interval(v: np.ndarray, e: np.ndarray) -> tuple[float, float]:
    """Percentile interval of one ratio by scipy, in batches that fit the memory."""
    found = scipy.stats.bootstrap(
        (v, e),
        ratio,
        paired=True,
        vectorized=True,
        n_resamples=RESAMPLES,
        method="percentile",
        batch=max(1, 10_000_000 // len(v)),
        rng=np.random.default_rng(0),
    )
    return tuple(found.confidence_interval)


def pandas_loop(v: np.ndarray, e: np.ndarray, resamples: int) -> tuple[float, float]:
    """Percentile interval of one ratio, sampling a table once per replicate."""
    table = pd.DataFrame({"v": v, "e": e})
    values = []
    for seed in range(resamples):
        drawn = table.sample(frac=1.0, replace=True, random_state=seed)
        values.append(drawn["v"].sum() / drawn["e"].sum())
    return tuple(np.quantile(values, [0.025, 0.975]))


def measure(questions: int) -> None:
    """One line per method."""
    rng = np.random.default_rng(0)
    e = rng.gamma(1.0, size=(questions, RATIOS))
    v = e * rng.beta(2.0, 2.0, size=(questions, RATIOS))
    repeats = 5 if questions <= 1000 else 2

    def ours(method: str, weights: np.ndarray | None = None, columns: int = RATIOS) -> np.ndarray:
        return ratio_intervals(
            v[:, :columns],
            e[:, :columns],
            resamples=RESAMPLES,
            rng=np.random.default_rng(0),
            weights=weights,
            method=method,
        )

    kept = draw_weights(questions, RESAMPLES, np.random.default_rng(0))
    order = np.lexsort((e[:, 0], v[:, 0]))
    np.testing.assert_allclose(
        ours("percentile", columns=1)[0], scipy_interval(v[order, 0], e[order, 0]), atol=1e-9
    )
    theirs = cpu_seconds(lambda: scipy_interval(v[:, 0], e[:, 0]), 1 if questions > 1000 else 3) * RATIOS
    loop = cpu_seconds(lambda: pandas_loop(v[:, 0], e[:, 0], RESAMPLES // 100), 1) * 100 * RATIOS
    print(f"{questions:,} questions, {RESAMPLES:,} replicates, {RATIOS} ratios, CPU seconds")
    print(f"  scipy.stats.bootstrap      {theirs:9.2f}")
    print(f"  pandas loop                {loop:9.2f}")
    for name, call in {
        "percentile": lambda: ours("percentile"),
        "percentile, weights kept": lambda: ours("percentile", kept),
        "studentised": lambda: ours("studentised"),
        "studentised, weights kept": lambda: ours("studentised", kept),
    }.items():
        spent = cpu_seconds(call, repeats)
        print(f"  {name:26s} {spent:9.3f}   {theirs / spent:6.0f}× scipy   {loop / spent:7.0f}× pandas")
    spent = cpu_seconds(lambda: ours("percentile", kept, columns=1), repeats)
    print(
        f"  one ratio, weights kept    {spent:9.3f}   {spent / questions / RESAMPLES * 1e9:6.2f} ns per draw"
    )


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--questions", type=int, action="append")
    print("targets: percentile 0.15 s at 1,000 questions, 0.9 s at 10,000; 25× scipy; 2 ns per draw")
    for questions in parser.parse_args().questions or [1000, 10_000]:
        measure(questions)


if __name__ == "__main__":
    main()
