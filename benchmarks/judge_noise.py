"""Is a judge's noise recovered from completions that were graded again? Worlds of planted flip rates.

    python benchmarks/judge_noise.py [--worlds 1000] [--questions 50] [--epochs 8] [--gradings 3]

A completion is wanted with its question's probability; a judge flips each verdict with the flip rate ε, so its variance is
ε(1 - ε), and the model's p(1 - p)(1 - 2ε)². Printed per flip rate: mean estimates beside the truth, how often the 95 %
intervals hold it, and the coverage of the share of the variance that is the judge's.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence

import numpy as np

from hotmess_inspect.analyses.grader import judge_noise
from hotmess_inspect.decomposition import decompose
from hotmess_inspect.inference.intervals import ratio_interval

RATES = (0.0, 0.02, 0.1, 0.25)


def world(
    rng: np.random.Generator, flips: float, questions: int, epochs: int, gradings: int
) -> tuple[np.ndarray, np.ndarray]:
    """Gradings of every completion, shape (questions, epochs, gradings), and each question's probability."""
    wanted = rng.beta(0.8, 0.8, questions)
    good = rng.random((questions, epochs)) < wanted[:, None]
    flipped = rng.random((questions, epochs, gradings)) < flips
    return (good[:, :, None] != flipped).astype(float), wanted


def recovered(
    rng: np.random.Generator, flips: float, questions: int, epochs: int, gradings: int, resamples: int = 500
) -> dict[str, tuple[float, float, float, float]]:
    """Truth, estimate and interval of both variances and of the judge's share, in one world."""
    scores, _ = world(rng, flips, questions, epochs, gradings)
    d = decompose(scores[:, :, :1], np.ones((questions, 1)), loss="squared", estimator="unbiased")
    noise = judge_noise(scores.reshape(-1, gradings), np.repeat(np.arange(questions), epochs), d)
    # E p(1 - p) of a Beta(a, a) is a / (2(2a + 1)).
    judge, model = flips * (1 - flips), 0.8 / (2 * 2.6) * (1 - 2 * flips) ** 2
    grader, own = noise.grader_variance, noise.model_variance
    ones = np.ones(questions)
    parts = {
        "judge": (judge, grader, ones),
        "model": (model, own, ones),
        "judge's share": (judge / (judge + model), grader, grader + own),
    }
    found = {}
    for name, (truth, above, below) in parts.items():
        low, high = ratio_interval(above, below, resamples=resamples, rng=rng)
        found[name] = (truth, float(above.sum() / below.sum()), low, high)
    return found


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    for name, default in (("worlds", 1000), ("questions", 50), ("epochs", 8), ("gradings", 3), ("seed", 0)):
        parser.add_argument(f"--{name}", type=int, default=default)
    given = parser.parse_args(arguments)
    print("flip rate  part           truth   mean estimate  coverage of 95 %")
    for flips in RATES:
        runs = [
            recovered(
                np.random.default_rng((given.seed, i)), flips, given.questions, given.epochs, given.gradings
            )
            for i in range(given.worlds)
        ]
        for name in runs[0]:
            truth = runs[0][name][0]
            estimates = np.array([run[name][1] for run in runs])
            # Without any flip the judge's variance is exactly 0, and there is no interval to hold it.
            held = [run[name][2] <= truth <= run[name][3] or run[name][1] == truth for run in runs]
            print(
                f"{flips:9.2f}  {name:13s}  {truth:.4f}  {estimates.mean():.4f}         {np.mean(held):.3f}",
                flush=True,
            )


if __name__ == "__main__":
    main()
