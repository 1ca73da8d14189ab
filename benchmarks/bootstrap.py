"""Thirty-two incoherences with bootstrap intervals, against scipy.stats.bootstrap and a pandas loop.

    OPENBLAS_NUM_THREADS=1 python benchmarks/bootstrap.py [--questions 1000 --questions 10000]

Ten thousand replicates. CPU seconds of one process, least of some runs; scipy computes one ratio with its
vectorised statistic (plain, and studentised as ours is by default), pandas a hundredth of the replicates of one
ratio, and all are scaled up to 32.
"""

import argparse
import math
import time
from collections.abc import Callable

import numpy as np
import pandas as pd
import scipy.stats
from other_intervals import other_intervals

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
    """Percentile interval of one ratio by scipy."""
    return scipy_percentile(ratio, v, e)


def scipy_percentile(
    statistic: Callable[..., np.ndarray], v: np.ndarray, e: np.ndarray
) -> tuple[float, float]:
    """Percentile interval of a statistic of pairs by scipy, in batches that fit the memory."""
    found = scipy.stats.bootstrap(
        (v, e),
        statistic,
        paired=True,
        vectorized=True,
        n_resamples=RESAMPLES,
        method="percentile",
        batch=max(1, 10_000_000 // len(v)),
        rng=np.random.default_rng(0),
    )
    return tuple(found.confidence_interval)


def scipy_pivots(v: np.ndarray, e: np.ndarray) -> tuple[float, float]:
    """Studentised interval of one ratio by scipy, which bootstraps the pivot with its delta-method error."""
    theta, n = v.sum() / e.sum(), len(v)

    def error(v: np.ndarray, e: np.ndarray, axis: int = -1) -> np.ndarray:
        own = np.expand_dims(ratio(v, e, axis), axis)
        return np.sqrt(n / (n - 1) * np.square(v - own * e).sum(axis=axis)) / e.sum(axis=axis)

    def pivot(v: np.ndarray, e: np.ndarray, axis: int = -1) -> np.ndarray:
        return (ratio(v, e, axis) - theta) / error(v, e, axis)

    low, high = scipy_percentile(pivot, v, e)
    return theta - high * error(v, e), theta - low * error(v, e)


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
        parts = (v[:, :columns], e[:, :columns])
        options = {"resamples": RESAMPLES, "rng": np.random.default_rng(0), "weights": weights}
        if method == "percentile":
            return other_intervals(parts, method, **options)
        return ratio_intervals(*parts, method=method, **options)

    kept = draw_weights(questions, RESAMPLES, np.random.default_rng(0))
    order = np.lexsort((e[:, 0], v[:, 0]))
    np.testing.assert_allclose(
        ours("percentile", columns=1)[0], scipy_interval(v[order, 0], e[order, 0]), atol=1e-9
    )
    np.testing.assert_allclose(
        ours("studentised", columns=1)[0], scipy_pivots(v[order, 0], e[order, 0]), rtol=1e-3
    )
    tries = 1 if questions > 1000 else 3
    theirs = cpu_seconds(lambda: scipy_interval(v[:, 0], e[:, 0]), tries) * RATIOS
    pivots = cpu_seconds(lambda: scipy_pivots(v[:, 0], e[:, 0]), tries) * RATIOS
    loop = cpu_seconds(lambda: pandas_loop(v[:, 0], e[:, 0], RESAMPLES // 100), 1) * 100 * RATIOS
    print(f"{questions:,} questions, {RESAMPLES:,} replicates, {RATIOS} ratios, CPU seconds")
    print(f"  scipy.stats.bootstrap      {theirs:9.2f}")
    print(f"  the same, studentised      {pivots:9.2f}")
    print(f"  pandas loop                {loop:9.2f}")
    for name, call in {
        "percentile": lambda: ours("percentile"),
        "percentile, weights kept": lambda: ours("percentile", kept),
        "studentised": lambda: ours("studentised"),
        "studentised, weights kept": lambda: ours("studentised", kept),
    }.items():
        spent = cpu_seconds(call, repeats)
        peer = pivots if name.startswith("studentised") else theirs
        print(f"  {name:26s} {spent:9.3f}   {peer / spent:6.0f}× scipy   {loop / spent:7.0f}× pandas")
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
