"""Does the interval of the overthinking difference cover, with lengths tied to the error and without?

    python benchmarks/calibration_lengths.py [--worlds 1000]    (some minutes)

Letters drawn from each question's own p ~ Dirichlet(.6, .3, .3, .3). In half of the epochs the model thinks
long; where length is coupled, long epochs answer from (1 - κ)p + κ/4 instead of p, so that they err more and
less coherently. The true difference of the two incoherences is a closed form. Questions also differ in
length, coupled to their difficulty. Writes docs/calibration_lengths.csv and its table in docs/statistics.md.
"""

import argparse
import time

import numpy as np
from calibration import store, write_section
from calibration_worlds import one_hot

from hotmess_inspect.analyses.overthinking import overthinking

ALPHA = np.array([0.6, 0.3, 0.3, 0.3])
KAPPA = 0.4


def true_incoherence(kappa: float) -> float:
    """Population incoherence of letters from (1 - κ)p + κ/4."""
    total = ALPHA.sum()
    square = (ALPHA * (ALPHA + 1)).sum() / (total * (total + 1))
    mixed = (1 - kappa) ** 2 * square + 2 * (1 - kappa) * kappa / 4 + kappa**2 / 4
    right = (1 - kappa) * ALPHA[0] / total + kappa / 4
    return (1 - mixed) / (2 * (1 - right))


def draw(
    rng: np.random.Generator, questions: int, epochs: int, kappa: float
) -> tuple[np.ndarray, np.ndarray]:
    """Letters and lengths; the longer half of the epochs of a question answers from the mixed p."""
    p = rng.dirichlet(ALPHA, size=questions)
    long = np.arange(epochs) >= (epochs + 1) // 2
    weight = kappa * long[None, :, None]
    letters = one_hot(rng, (1 - weight) * p[:, None, :] + weight / 4, epochs)
    base = np.exp(5 + 2 * (1 - p[:, :1]) + 0.1 * rng.random((questions, epochs)))
    return letters, base * np.where(long, 1.5, 1.0)


def main() -> None:
    """Print and store the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--worlds", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    lines: list[dict[str, object]] = []
    for name, kappa in (("not coupled", 0.0), ("coupled", KAPPA)):
        truth = true_incoherence(kappa) - true_incoherence(0.0)
        for questions in (30, 100, 500):
            for epochs in (5, 10, 30):
                rng = np.random.default_rng([options.seed, questions, epochs, int(100 * kappa)])
                start = time.perf_counter()
                below = above = 0
                differences = []
                for _ in range(options.worlds):
                    letters, lengths = draw(rng, questions, epochs, kappa)
                    target = np.zeros(questions, np.int64)
                    found = overthinking(letters, target, lengths, permutations=0, resamples=1000, rng=rng)
                    below += truth < found.difference_ci.low
                    above += truth > found.difference_ci.high
                    differences.append(found.difference)
                covered = 100 * (1 - (below + above) / options.worlds)
                line = {
                    "lengths": name,
                    "questions": questions,
                    "epochs": epochs,
                    "worlds": options.worlds,
                    "truth": round(truth, 4),
                    "mean_difference": round(float(np.mean(differences)), 4),
                    "standard_error": round(float(np.std(differences) / np.sqrt(options.worlds)), 4),
                    "coverage": round(covered, 1),
                    "truth_below": round(100 * below / options.worlds, 1),
                    "truth_above": round(100 * above / options.worlds, 1),
                }
                lines.append(line)
                print(
                    f"{time.perf_counter() - start:5.0f} s ",
                    *(f"{k}={v}" for k, v in line.items()),
                    flush=True,
                )
    store("calibration_lengths.csv", lines)
    table = [
        "| lengths | questions | epochs | true difference | mean estimate | coverage |",
        "|---|---|---|---|---|---|",
    ]
    names = ("lengths", "questions", "epochs", "truth", "mean_difference", "coverage")
    table += ["| " + " | ".join(str(line[name]) for name in names) + " |" for line in lines]
    write_section("lengths", "\n".join(table))


if __name__ == "__main__":
    main()
