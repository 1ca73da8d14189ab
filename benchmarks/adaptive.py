"""What adaptive epochs save, and whether estimates and intervals stay right under the rule that stops them.

Simulated studies of worlds of known truth, each with the same draws for fixed and adaptive epochs. Per world:

- cost: runs to a width within 5 % of the narrowest that epochs can give. Of the variance of the questions' influences, what
  the epochs add is known from the truth of the questions; `share` is the epochs of the run over those with which a fixed
  run would add the same, and so be as wide;
- stopping: runs to the width that fixed epochs of 10 have on average; how often the interval then covers the truth of the
  population, beside that of the fixed runs, and the bias of every quantity against the truth of the questions drawn.

    python benchmarks/adaptive.py --studies 1000 --out adaptive.csv
    python benchmarks/adaptive.py --plain --studies 4000 --world "letters, easy"    the estimates themselves, without stopping
"""

from __future__ import annotations

import argparse
import csv
import time
from collections.abc import Iterable
from functools import cached_property

import numpy as np
from calibration_worlds import WORLDS, Draw, World, one_hot
from scipy.optimize import brentq

from hotmess_inspect.analyses.adaptive import (
    AdaptiveEpochs,
    allocate,
    influence_of,
    make_strata,
)
from hotmess_inspect.analyses.planning import deviations
from hotmess_inspect.decomposition import Decomposition, decompose
from hotmess_inspect.decomposition.adaptive import decompose_adaptive, folds_of

QUESTIONS, STOPPED, MOST, PILOT = 200, 10, 120, 6
REFERENCES = (6, 40)  # epochs of fixed runs from which the noise of others follows
SAVED_AT = (20, 40)  # epochs of fixed runs whose width is aimed at to see what is saved
QUANTITY = "incoherence"
RESAMPLES = 1000


def half_easy(low: float, high: float) -> World:
    """Half of the questions are always right; the others' right answer has a probability from `low` to `high`."""

    def draw(rng: np.random.Generator, questions: int, epochs: int) -> Draw:
        right = np.where(rng.random(questions) < 0.5, 1.0, rng.uniform(low, high, questions))
        wrong = rng.dirichlet([0.5, 0.5, 0.5], size=questions)
        p = np.concatenate([right[:, None], (1 - right)[:, None] * wrong], axis=1)
        return Draw(
            one_hot(rng, p, epochs), np.zeros(questions, np.int64), 2 * (1 - right), 1 - np.square(p).sum(1)
        )

    middle, spread = (low + high) / 2, (high - low) ** 2 / 12
    # E Σ w² of Dirichlet(.5, .5, .5) is 3 · .5 · 1.5 / (1.5 · 2.5) = .6.
    variance = 0.5 * (1 - (middle**2 + spread) - 0.6 * ((1 - middle) ** 2 + spread))
    name = f"half easy, half {low:g}-{high:g}"
    return World(name, "half always right, the others in between", "brier", draw, 1 - middle, variance)


class Study:
    """One study: all epochs that could be drawn, and decompositions of the first so many of each question."""

    def __init__(self, world: World, seed: int, questions: int = QUESTIONS) -> None:
        self.world = world
        self.drawn = world.draw(np.random.default_rng([seed, 18]), questions, MOST)
        goal = self.drawn.target
        f = self.drawn.predictions
        if world.loss == "brier":
            goals = np.eye(f.shape[2])[np.asarray(goal, dtype=int)]
        else:
            goals = np.broadcast_to(np.float64(goal), (questions, f.shape[2]))
        self.ids = [f"q{i}" for i in range(questions)]
        self.folds = folds_of(self.ids)
        self.away, _ = deviations(f, goals, world.loss)  # type: ignore[arg-type]

    def epochs(self, counts: np.ndarray) -> tuple[Decomposition, AdaptiveEpochs]:
        """The first so many epochs of each question."""
        most = int(counts.max())
        there = np.arange(most) < counts[:, None]
        f = np.where(there[:, :, None], self.drawn.predictions[:, :most], np.nan)
        first = there & (np.arange(most) < PILOT)
        d = decompose_adaptive(f, self.drawn.target, first, folds=self.folds, loss=self.world.loss)  # type: ignore[arg-type]
        away = self.away[:, :most] * there[:, :, None]
        return d, AdaptiveEpochs(self.ids, away, np.where(there, 0.0, np.nan), there, first)

    def fixed(self, epochs: int) -> Decomposition:
        """A plain run."""
        return self.epochs(np.full(len(self.ids), epochs))[0]

    @cached_property
    def begun(self) -> tuple[np.ndarray, Decomposition, AdaptiveEpochs]:
        """Strata from the pilot, and the run after it."""
        d, epochs = self.epochs(np.full(len(self.ids), PILOT))
        scatter = epochs.scatter(QUANTITY, epochs.present, epochs.pilot).at(
            d.mean("error"), d.mean("bias_squared")
        )
        return make_strata(scatter, influence_of(epochs, QUANTITY, d.variance, d.error)), d, epochs

    def adaptive(self, wanted: float) -> tuple[Decomposition, np.ndarray]:
        """An adaptive run to a width, as `results.adaptive.look` decides it."""
        stratum, d, epochs = self.begun
        while True:
            found = allocate(
                epochs,
                stratum,
                QUANTITY,
                variance=d.variance,
                error=d.error,
                width_now=width(d),
                width=wanted,
                most=MOST,
            )
            if found.enough:
                return d, d.epochs
            d, epochs = self.epochs(PILOT + found.later)


def interval(d: Decomposition) -> tuple[float, float]:
    """The interval that `hotmess analyze` prints, with fewer resamples."""
    return d.interval(QUANTITY, rng=0, resamples=RESAMPLES)


def width(d: Decomposition) -> float:
    """Its width, by which a run stops."""
    low, high = interval(d)
    return high - low


def covers(d: Decomposition, truth: float) -> bool:
    """Whether it holds the truth."""
    low, high = interval(d)
    return low <= truth <= high


def noise(d: Decomposition, drawn: Draw) -> float:
    """Mean square of what the epochs add to the questions' influences, by the truth of the questions."""
    e, theta = float(drawn.error.mean()), float(drawn.variance.sum() / drawn.error.sum())
    return (
        float(np.mean(((d.variance - theta * d.error) - (drawn.variance - theta * drawn.error)) ** 2)) / e**2
    )


def off(d: Decomposition, drawn: Draw) -> list[float]:
    """Error, squared bias, variance and incoherence less their truths for the questions drawn."""
    e, v = float(drawn.error.mean()), float(drawn.variance.mean())
    return [
        d.mean("error") - e,
        d.mean("bias_squared") - (e - v),
        d.mean("variance") - v,
        d.incoherence - v / e,
    ]


def measure(world: World, studies: int, seed: int, questions: int) -> Iterable[dict[str, float | str | int]]:
    """Figures of a world, as they come."""
    before = [Study(world, seed * 10**6 - 1 - k, questions) for k in range(40)]
    wanted, *others = (
        float(np.mean([width(study.fixed(r)) for study in before])) for r in (STOPPED, *SAVED_AT)
    )
    rows: list[list[float]] = []
    saved: list[list[float]] = []
    for k in range(studies):
        study = Study(world, seed * 10**6 + k, questions)
        d, counts = study.adaptive(wanted)
        plain = study.fixed(STOPPED)
        right = covers(d, world.incoherence), covers(plain, world.incoherence)
        rows.append(
            [
                *right,
                width(d),
                counts.mean(),
                *off(d, study.drawn),
                *off(plain, study.drawn),
                noise(d, study.drawn),
            ]
        )
        if k < max(studies // 5, 20):
            costs = []
            for aim in (*others, 1e-9):
                narrow, n = study.adaptive(aim)
                costs += [n.mean(), noise(narrow, study.drawn)]
            saved.append([*costs, *(noise(study.fixed(r), study.drawn) for r in REFERENCES)])
        if (k + 1) % 100 == 0 or k + 1 == studies:
            yield summary(world, np.array(rows), np.array(saved), wanted)


def share(epochs: np.ndarray, own: np.ndarray, references: np.ndarray) -> tuple[float, float]:
    """Mean epochs of adaptive runs, and with how many a fixed run would have as much noise.

    A fixed run's noise is A/R + B/(R (R - 1)); of the runs' own the mean of noise times epochs counts, since runs differ in
    how far they go.
    """
    few, many = REFERENCES
    products = [float(references[:, i].mean()) * r for i, r in enumerate(REFERENCES)]
    second = (products[0] - products[1]) / (1 / (few - 1) - 1 / (many - 1))
    first = products[1] - second / (many - 1)
    mean = float(epochs.mean())
    level = float((own * epochs).mean()) / mean
    return mean, float(brentq(lambda r: first / r + second / (r * (r - 1)) - level, 2, 10_000))


def summary(world: World, rows: np.ndarray, saved: np.ndarray, wanted: float) -> dict[str, float | str | int]:
    """One line of the table; biases in per cent of the truth, with their simulation errors.

    A bias is that of adaptive runs less what fixed runs of the same draws, which are unbiased, are off by in proportion: the
    regression takes out the chance that both share.
    """
    n = len(rows)
    truth = [world.error, world.error - world.variance, world.variance, world.incoherence]
    found: dict[str, float | str | int] = {"world": world.name, "studies": n}
    references = saved[:, -2:]
    for place, name in enumerate((*(f"at_{r}" for r in SAVED_AT), "narrow")):
        epochs, fixed = share(saved[:, 2 * place], saved[:, 2 * place + 1], references)
        found |= {
            f"{name}_epochs": round(epochs, 2),
            f"{name}_fixed": round(fixed, 2),
            f"{name}_share": round(epochs / fixed, 3),
        }
    found |= {
        "target": round(wanted, 4),
        "width": round(float(rows[:, 2].mean()), 4),
        "epochs": round(float(rows[:, 3].mean()), 2),
        "coverage": round(float(rows[:, 0].mean()), 4),
        "coverage_fixed": round(float(rows[:, 1].mean()), 4),
    }
    for place, name in enumerate(("error", "bias_squared", "variance", "incoherence")):
        own, plain = 100 * rows[:, 4 + place] / truth[place], 100 * rows[:, 8 + place] / truth[place]
        slope = float(np.cov(own, plain)[0, 1] / plain.var(ddof=1)) if n > 2 else 0.0
        errors = own - slope * plain
        found[f"{name}_bias"] = round(float(errors.mean()), 3)
        found[f"{name}_bias_se"] = round(float(errors.std() / np.sqrt(n)), 3)
    return found


def plain(world: World, studies: int, seed: int, questions: int) -> dict[str, float | str | int]:
    """Biases of runs of 10 epochs that nothing stops, in per cent of the truth, and how far a single run is off."""
    rows = []
    for k in range(studies):
        drawn = world.draw(np.random.default_rng([seed * 10**6 + k, 18]), questions, STOPPED)
        d = decompose(drawn.predictions, drawn.target, loss=world.loss, estimator="unbiased")  # type: ignore[call-overload]
        rows.append(off(d, drawn))
    truth = np.array([world.error, world.error - world.variance, world.variance, world.incoherence])
    errors = 100 * np.array(rows) / truth
    found: dict[str, float | str | int] = {"world": world.name, "studies": studies}
    for place, name in enumerate(("error", "bias_squared", "variance", "incoherence")):
        own = errors[:, place]
        found[f"{name}_bias"] = round(float(own.mean()), 3)
        found[f"{name}_bias_se"] = round(float(own.std() / np.sqrt(studies)), 3)
        found[f"{name}_sd"] = round(float(own.std()), 2)
    return found


def main() -> None:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--studies", type=int, default=1000)
    parser.add_argument("--questions", type=int, default=QUESTIONS)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--world", action="append", help="name of a world; all if not given")
    parser.add_argument("--plain", action="store_true", help="only runs of fixed epochs")
    parser.add_argument("--out", help="CSV file")
    options = parser.parse_args()
    lines = []
    for world in [
        half_easy(0.05, 0.35),
        half_easy(0.1, 0.5),
        half_easy(0.2, 0.8),
        *(w for w in WORLDS if not w.nested),
    ]:
        if options.world and world.name not in options.world:
            continue
        start = time.process_time()
        if options.plain:
            print(line := plain(world, options.studies, options.seed, options.questions), flush=True)
            lines.append(line)
            continue
        for line in measure(world, options.studies, options.seed, options.questions):
            print(line, f"{time.process_time() - start:.0f} s", flush=True)
        lines.append(line)
        if options.out:
            with open(options.out, "w", newline="") as file:
                writer = csv.DictWriter(file, list(line))
                writer.writeheader()
                writer.writerows(lines)


if __name__ == "__main__":
    main()
