"""Averages of E answers: does the variance fall as 1/E, and does the bias stay?

Simulated models of three kinds: letters from a Dirichlet pool per question, probability vectors, and
unit-test outcomes. Each is cut into ten disjoint ensembles of 1 … 12 epochs, and the variance fitted as a
power of E. For contrast: as many ensembles as the epochs allow, whose number falls with E; the plug-in
variance then loses a share that grows with E, and the exponent with it.

    python benchmarks/ensembling.py
"""

import argparse
import time

import numpy as np

from hotmess_inspect import decompose
from hotmess_inspect.analyses.ensembling import ensemble_terms, ensembling_curve
from hotmess_inspect.inference.power_laws import fit_power_law

SIZES = (1, 2, 3, 4, 6, 8, 12)


def letters(rng: np.random.Generator, questions: int, epochs: int) -> np.ndarray:
    """One-hot answers."""
    pools = rng.dirichlet(np.ones(4), questions)
    answers = (rng.random((questions, epochs, 1)) > np.cumsum(pools, axis=1)[:, None, :-1]).sum(axis=2)
    return np.eye(4)[answers]


def probabilities(rng: np.random.Generator, questions: int, epochs: int) -> np.ndarray:
    """Distributions around a centre per question."""
    centres = 0.2 + 6 * rng.dirichlet(np.ones(4), questions)
    gamma = rng.standard_gamma(np.broadcast_to(centres[:, None], (questions, epochs, 4)))
    return gamma / gamma.sum(axis=2, keepdims=True)


def unit_tests(rng: np.random.Generator, questions: int, epochs: int, tests: int = 12) -> np.ndarray:
    """Outcomes of correlated tests: a run that is good passes more of all of them."""
    ability = rng.normal(0.5, 1.0, (questions, 1, 1)) + rng.normal(0.0, 1.0, (questions, epochs, 1))
    difficulty = rng.normal(0.0, 1.0, (questions, 1, tests))
    return (rng.random((questions, epochs, tests)) < 1 / (1 + np.exp(difficulty - ability))).astype(float)


def falling_number(predictions: np.ndarray, target: np.ndarray) -> float:
    """Exponent when every size uses all the ensembles that the epochs allow, with the plug-in."""
    epochs = predictions.shape[1]
    variances = []
    for size in SIZES:
        count = epochs // size
        groups = predictions[:, : count * size].reshape(len(predictions), count, size, -1).mean(axis=2)
        variances.append(decompose(groups, target, estimator="plugin").mean("variance"))
    return fit_power_law(SIZES, variances).exponent


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--questions", type=int, default=500)
    parser.add_argument("--epochs", type=int, default=120)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    rng = np.random.default_rng(options.seed)
    shape = (options.questions, options.epochs)
    gold = np.zeros(options.questions, dtype=int)
    answers, vectors, outcomes = letters(rng, *shape), probabilities(rng, *shape), unit_tests(rng, *shape)
    rows = [
        ("letters", answers, gold, "brier", "unbiased"),
        ("letters", answers, gold, "brier", "plugin"),
        ("probabilities", vectors, gold, "brier", "unbiased"),
        ("probabilities", vectors, gold, "kl", "plugin"),
        ("probabilities", vectors, gold, "kl", "jackknife"),
        ("unit tests", outcomes, np.ones((1, 1)), "squared", "unbiased"),
    ]
    start = time.perf_counter()
    print(
        f"{options.questions} questions × {options.epochs} epochs, ten disjoint ensembles of 1 to {SIZES[-1]}"
    )
    print(
        "| predictions | loss | estimator | exponent of the variance (95 %) | bias² at 12 : at 1 | closed form, worst |"
    )
    print("|---|---|---|---|---|---|")
    for name, predictions, target, loss, estimator in rows:
        curve = ensembling_curve(
            predictions,
            target,
            sizes=SIZES,
            shuffles=4,
            loss=loss,
            estimator=estimator,
            rng=np.random.default_rng(1),
        )
        worst = "–"
        if estimator == "unbiased":
            closed = ensemble_terms(decompose(predictions, target, loss=loss, estimator=estimator), SIZES)
            gaps = [abs(a.variance / b.variance - 1) for a, b in zip(curve.points, closed, strict=True)]
            worst = f"{max(gaps):.1%}"
        low, high = curve.exponent_ci
        bias = curve.points[-1].bias_squared / curve.points[0].bias_squared
        print(
            f"| {name} | {loss} | {estimator} | {curve.exponent:+.3f} ({low:+.3f}, {high:+.3f}) | {bias:.3f} | {worst} |"
        )
    print(
        f"plug-in with a number of ensembles that falls with E: exponent {falling_number(answers, gold):+.3f}"
    )
    print(f"{time.perf_counter() - start:.0f} s")


if __name__ == "__main__":
    main()
