"""Do intervals of slopes cover, and do tests of equal slopes keep their level?

Length: binary questions whose pass rate, hence incoherence, follows the length of their answers or does
not; the truth is the slope over buckets of 200,000 questions. Size: terms of five models that fall with
one exponent in two groups of questions; equality is true.

    python benchmarks/slope_calibration.py --worlds 1000
"""

import argparse
import time

import numpy as np

from hotmess_inspect.analyses.groups import scaling_laws
from hotmess_inspect.analyses.lengths import length_buckets
from hotmess_inspect.decomposition import Decomposition

EPOCHS = 12
SIZES = np.array([1.0, 3.0, 10.0, 30.0, 100.0])


def length_world(rng: np.random.Generator, questions: int, exponent: float) -> tuple[np.ndarray, ...]:
    """Right or wrong answers with a pass rate that follows the typical length."""
    typical = rng.gamma(4.0, 100.0, questions)
    lengths = typical[:, None] * rng.gamma(5.0, 0.2, (questions, EPOCHS))
    rate = np.clip(0.45 * (typical / 400) ** exponent * rng.lognormal(0, 0.4, questions), 0.02, 0.98)
    wrong = rng.random((questions, EPOCHS)) >= rate[:, None]
    return np.eye(2)[wrong.astype(int)], np.zeros(questions, dtype=int), lengths


def length_rows(worlds: int) -> None:
    print(
        "| exponent of the pass rate | questions | true slope | interval covers | mean slope | spread | width/3.92 |"
    )
    print("|---|---|---|---|---|---|---|")
    for exponent in (0.0, 0.3):
        truth = length_buckets(*length_world(np.random.default_rng(99), 200_000, exponent), resamples=1).slope
        for questions in (60, 100, 300):
            slopes, widths, covered = [], [], 0
            for seed in range(worlds):
                data = length_world(np.random.default_rng([seed, questions]), questions, exponent)
                trend = length_buckets(*data, resamples=500, rng=np.random.default_rng(seed))
                low, high = trend.slope_ci
                covered += low <= truth <= high
                slopes.append(trend.slope)
                widths.append(high - low)
            print(
                f"| {exponent} | {questions} | {truth:.3f} | {covered / worlds:.1%} | {np.nanmean(slopes):.3f} "
                f"| {np.nanstd(slopes):.3f} | {np.nanmean(widths) / 3.92:.3f} |",
                flush=True,
            )


def size_world(rng: np.random.Generator, questions: int) -> tuple[list[Decomposition], np.ndarray]:
    """Models that share the difficulty of the questions; bias² and variance fall as size^-0.7."""
    difficulty = rng.beta(0.7, 1.5, (2, questions))
    models = []
    for size in SIZES:
        bias_squared, variance = size**-0.7 * difficulty * rng.lognormal(0, 0.5, (2, questions))
        epochs = np.full(questions, EPOCHS)
        models.append(
            Decomposition(bias_squared + variance, bias_squared, variance, epochs, "brier", "unbiased")
        )
    return models, np.arange(questions) % 2


def size_rows(worlds: int) -> None:
    print(
        "\n| questions per group | exponent covered | equality of bias² and variance rejected | equality of groups rejected |"
    )
    print("|---|---|---|---|")
    for questions in (50, 200):
        covered = within = between = 0
        for seed in range(worlds):
            models, groups = size_world(np.random.default_rng([seed, questions]), 2 * questions)
            laws = scaling_laws(SIZES, models, groups, resamples=500, rng=np.random.default_rng(seed))
            low, high = laws.groups[0].variance_ci
            covered += low <= -0.7 <= high
            within += laws.groups[0].equality.p_value <= 0.05
            between += laws.variance_equality.p_value <= 0.05
        print(
            f"| {questions} | {covered / worlds:.1%} | {within / worlds:.1%} | {between / worlds:.1%} |",
            flush=True,
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--worlds", type=int, default=1000)
    worlds = parser.parse_args().worlds
    start = time.perf_counter()
    print(f"{worlds} worlds a row; standard error of 95 % or 5 %: {(0.05 * 0.95 / worlds) ** 0.5:.1%}\n")
    length_rows(worlds)
    size_rows(worlds)
    print(f"\n{time.perf_counter() - start:.0f} s")


if __name__ == "__main__":
    main()
