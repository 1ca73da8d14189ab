"""How often natural overthinking is found where there is none.

Worlds without any effect: every question has a pool of answers of its own, and lengths are drawn without
a look at the answers. A test at 5 % should speak up in 5 % of them, an interval at 95 % should leave out
zero in 5 %. Lengths are either continuous or small integers full of ties (turns of an agent).

    python benchmarks/overthinking_level.py --worlds 4000

The paper's split (epochs below the median against those at or above it, plug-in) makes the longer half
larger: a plug-in variance grows with the number of epochs, so "more incoherent when longer" appears.
"""

import argparse
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import partial

import numpy as np

from hotmess_inspect.analyses.overthinking import overthinking

ROWS = [("equal", "unbiased"), ("equal", "plugin"), ("paper", "unbiased"), ("paper", "plugin")]


def world(rng: np.random.Generator, questions: int, epochs: int, ties: bool) -> tuple[np.ndarray, ...]:
    """Answers from a Dirichlet pool per question, and lengths that have nothing to do with them."""
    pools = rng.dirichlet(np.ones(4), questions)
    answers = (rng.random((questions, epochs, 1)) > np.cumsum(pools, axis=1)[:, None, :-1]).sum(axis=2)
    typical = rng.gamma(4.0, 1.0, (questions, 1))
    lengths = (
        1.0 + rng.poisson(typical, (questions, epochs))
        if ties
        else typical * rng.gamma(3.0, 1.0, (questions, epochs))
    )
    return np.eye(4)[answers], np.zeros(questions, dtype=int), lengths


def one_world(seed: int, questions: int, epochs: int, ties: bool) -> list[tuple[float, float, float]]:
    """Per row of the table: test rejects, interval leaves out zero, difference."""
    found = []
    for row, (split, estimator) in enumerate(ROWS):
        data = world(np.random.default_rng([seed, 0]), questions, epochs, ties)
        result = overthinking(
            *data,
            split=split,
            estimator=estimator,
            permutations=99,
            resamples=300,
            rng=np.random.default_rng([seed, 1, row]),
        )
        outside = not result.difference_ci.low <= 0 <= result.difference_ci.high
        found.append((result.p_value <= 0.05, outside, result.difference))
    return found


def table(worlds: int, questions: int, epochs: int, processes: int) -> Iterator[str]:
    """Lines of the table, in Markdown."""
    yield "| lengths | split | estimator | permutation test rejects | interval leaves out 0 | mean difference |"
    yield "|---|---|---|---|---|---|"
    for ties in (False, True):
        job = partial(one_world, questions=questions, epochs=epochs, ties=ties)
        with ProcessPoolExecutor(processes) as pool:
            results = np.array(list(pool.map(job, range(worlds), chunksize=16)), dtype=float)
        for (split, estimator), (rejects, outside, difference) in zip(
            ROWS, results.mean(axis=0), strict=True
        ):
            name = "integers, ties" if ties else "continuous"
            yield f"| {name} | {split} | {estimator} | {rejects:.1%} | {outside:.1%} | {difference:+.4f} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--worlds", type=int, default=4000)
    parser.add_argument("--questions", type=int, default=60)
    parser.add_argument("--epochs", type=int, default=9)
    parser.add_argument("--processes", type=int, default=1)
    options = parser.parse_args()
    start = time.perf_counter()
    print(f"{options.worlds} worlds of {options.questions} questions × {options.epochs} epochs, no effect")
    for line in table(**vars(options)):
        print(line, flush=True)
    error = (0.05 * 0.95 / options.worlds) ** 0.5
    print(f"standard error of a rate of 5 %: {error:.2%}; {time.perf_counter() - start:.0f} s")


if __name__ == "__main__":
    main()
