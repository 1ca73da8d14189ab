"""Whether the widths that `hotmess plan` predicts are those that are obtained.

Simulated pass/fail worlds: pilots of 200 questions x 8 epochs, and studies with a quarter and four times as many of either;
the same with the questions in 20 unequal clusters, whose pass rates go together.
Tables of real runs: pilots of half the questions with all epochs but one, and the widths of all questions with other numbers
of epochs, drawn at random. Predicted and obtained widths are means over pilots and studies.

    python benchmarks/plan_widths.py [TABLE...] --studies 40
"""

from __future__ import annotations

import argparse
import math
from functools import partial
from typing import Any

import numpy as np

from hotmess_inspect.io.logs import read_inputs
from hotmess_inspect.results.analyze import GroupResult, Options, analyze
from hotmess_inspect.results.plan import plan_group
from hotmess_inspect.table import Outcomes, outcomes_from_arrays

QUANTITIES = ("incoherence", "variance", "error", "accuracy")
WORLDS = {"uniform": (1.0, 1.0), "U-shaped": (0.4, 0.4), "easy": (4.0, 1.0), "hard": (0.5, 2.0)}
CLUSTERED = {"clusters, alike": 0.3, "clusters, unlike": 1.0}
"""Standard deviation of the clusters' levels, in logits, beside 1.5 of the questions in them."""
CLUSTERS = 20
OPTIONS = Options(resamples=500)


def result_of(outcomes: Outcomes) -> GroupResult:
    """The first group under Brier or squared loss."""
    return next(r for r in analyze(outcomes, OPTIONS)[0] if r.decomposition.loss in ("brier", "squared"))


def width_of(result: GroupResult, quantity: str) -> float:
    """Width of the interval that `hotmess analyze` prints."""
    own = result.intervals
    low, high = own.accuracy if quantity == "accuracy" else own.of(quantity)  # type: ignore[arg-type]
    return high - low


def simulated(
    shape: tuple[float, float], questions: int, epochs: int, rng: np.random.Generator
) -> GroupResult:
    """A run of pass/fail outcomes whose pass rates follow a beta distribution."""
    right = rng.random((questions, epochs)) < rng.beta(*shape, questions)[:, None]
    ids = [f"q{q}" for q in range(questions) for _ in range(epochs)]
    return result_of(outcomes_from_arrays(ids, score=right.ravel().astype(float), model="m"))


def clustered(spread: float, questions: int, epochs: int, rng: np.random.Generator) -> GroupResult:
    """The same with questions in clusters, the largest three times the smallest, that have levels of their own."""
    share = np.linspace(0.5, 1.5, CLUSTERS) / CLUSTERS
    cluster = np.searchsorted(np.cumsum(share), (np.arange(questions) + 0.5) / questions)
    level = rng.normal(0.5, spread, CLUSTERS)[cluster] + rng.normal(0.0, 1.5, questions)
    right = rng.random((questions, epochs)) < 1 / (1 + np.exp(-level))[:, None]
    ids = [f"q{q}" for q in range(questions) for _ in range(epochs)]
    labels = [f"c{c}" for c in cluster for _ in range(epochs)]
    return result_of(outcomes_from_arrays(ids, score=right.ravel().astype(float), model="m", cluster=labels))


def report(name: str, quantity: str, predicted: list[float], obtained: list[float]) -> float:
    """Print one comparison; how far off the prediction is."""
    p, o = float(np.nanmean(predicted)), float(np.nanmean(obtained))
    print(
        f"{name:40} {quantity:12} predicted {p:.4f} obtained {o:.4f} {100 * (p / o - 1):+.1f} %", flush=True
    )
    return p / o - 1


def worlds(studies: int, seed: int) -> list[float]:
    """Simulated worlds."""
    off = []
    made: dict[str, Any] = {name: partial(simulated, shape) for name, shape in WORLDS.items()}
    made |= {name: partial(clustered, spread) for name, spread in CLUSTERED.items()}
    for place, (name, draw) in enumerate(made.items()):
        rng = np.random.default_rng([seed, place])
        pilots = [draw(200, 8, rng) for _ in range(studies if name in CLUSTERED else studies // 2)]
        for questions, epochs in ((50, 8), (800, 8), (200, 2), (200, 32)):
            runs = [draw(questions, epochs, rng) for _ in range(studies)]
            for quantity in QUANTITIES:
                predicted = [plan_group(pilot, quantity).width(questions, epochs) for pilot in pilots]
                obtained = [width_of(run, quantity) for run in runs]
                off.append(report(f"{name}, {questions} x {epochs}", quantity, predicted, obtained))
    return off


def some(outcomes: Outcomes, questions: float, epochs: int, rng: np.random.Generator) -> Outcomes:
    """A share of the questions, and so many epochs of each, at random."""
    names = np.flatnonzero(rng.random(len(outcomes.question.names)) < questions)
    keys = outcomes.question.codes
    order = np.lexsort((rng.random(len(keys)), keys))
    new = np.diff(keys[order], prepend=-1) != 0
    rank = np.arange(len(keys)) - np.maximum.accumulate(np.where(new, np.arange(len(keys)), 0))
    place = np.empty(len(keys), int)
    place[order] = rank
    return outcomes.take((place < epochs) & np.isin(keys, names))


def table(path: str, studies: int, seed: int) -> list[float]:
    """A table of real runs."""
    off = []
    outcomes = read_inputs([path]).outcomes
    models = [m for m in outcomes.model.names if outcomes.model.equals(m).any()]
    for model in models or [""]:
        own = outcomes.take(outcomes.model.equals(model)) if model else outcomes
        most = int(np.bincount(own.question.codes).max())
        if most < 4:
            continue
        rng = np.random.default_rng([seed, most])
        pilots = [result_of(some(own, 0.5, max(most - 1, 4), rng)) for _ in range(studies)]
        for epochs in sorted({2, 3, most}):
            runs = [result_of(some(own, 1.1, epochs, rng)) for _ in range(1 if epochs == most else studies)]
            for quantity in QUANTITIES:
                n = int(runs[0].decomposition.repeated.sum())
                predicted = [plan_group(pilot, quantity).width(n, epochs) for pilot in pilots]
                obtained = [width_of(run, quantity) for run in runs]
                off.append(
                    report(
                        f"{path.rsplit('/', 1)[-1]} {model[:12]}, {n} x {epochs}",
                        quantity,
                        predicted,
                        obtained,
                    )
                )
    return off


def main() -> None:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("tables", nargs="*")
    parser.add_argument("--studies", type=int, default=40)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    off = worlds(options.studies, options.seed)
    for path in options.tables:
        off += table(path, options.studies, options.seed)
    known = [abs(x) for x in off if math.isfinite(x)]
    print(
        f"{sum(x <= 0.1 for x in known)} of {len(known)} within 10 %, the furthest off {100 * max(known):.1f} %"
    )


if __name__ == "__main__":
    main()
