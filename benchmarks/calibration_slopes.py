"""Do the intervals of length slopes, of pass^k and of exponents cover, and do the tests keep their level?

    python benchmarks/calibration_slopes.py [--worlds 1000] [--part slopes] [--part passes] [--part exponents]

Lengths that are continuous, that are whole numbers with many ties, and that a limit cuts, failing the epoch; questions
most of which are always right; pass rates that follow a beta distribution, U-shaped and not; power laws over models and
over ensembles; the size of a model that has no effect. Truths are closed forms or, for slopes that follow from cutting
questions into buckets, the slope of 100,000 questions. Writes docs/calibration_slopes.csv and its table in
docs/statistics.md; parts that are not asked for keep their rows.
"""

import argparse
import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from calibration import store, stored, write_section

from hotmess_inspect import decompose
from hotmess_inspect.analyses.ensembling import ensembling_curve
from hotmess_inspect.analyses.groups import scaling_laws
from hotmess_inspect.analyses.lengths import LengthTrend, length_buckets
from hotmess_inspect.analyses.reliability import Reliability, reliability
from hotmess_inspect.decomposition import Decomposition
from hotmess_inspect.inference.regression import size_and_length

FILE = "calibration_slopes.csv"
MANY = 100_000
Line = dict[str, Any]


class Cell:
    """Counts over the worlds of one cell."""

    def __init__(
        self, part: str, world: str, quantity: str, questions: int, epochs: int, truth: float
    ) -> None:
        self.names = {
            "part": part,
            "world": world,
            "quantity": quantity,
            "questions": questions,
            "epochs": epochs,
        }
        self.truth = truth
        self.worlds = self.undefined = self.below = self.above = 0
        self.estimates: list[float] = []

    def add(self, estimate: float, low: float, high: float) -> None:
        """Count one world's estimate and interval."""
        self.worlds += 1
        if np.isnan(low):
            self.undefined += 1
            return
        self.estimates.append(estimate)
        self.below += self.truth < low - 1e-9
        self.above += self.truth > high + 1e-9

    def line(self) -> Line:
        """The row of the table."""
        defined = max(self.worlds - self.undefined, 1)
        return {
            **self.names,
            "worlds": self.worlds,
            "truth": round(self.truth, 4),
            "mean": round(float(np.mean(self.estimates)), 4) if self.estimates else "",
            "coverage": round(100 * (1 - (self.below + self.above) / defined), 1),
            "truth_below": round(100 * self.below / defined, 1),
            "truth_above": round(100 * self.above / defined, 1),
            "undefined": round(100 * self.undefined / self.worlds, 1),
        }


def two(right: np.ndarray) -> np.ndarray:
    """One-hot predictions of two classes, the first of them right."""
    return np.eye(2)[(~right).astype(int)]


def by_question(lengths: np.ndarray, epochs: int) -> np.ndarray:
    """The same length in all epochs."""
    return np.repeat(np.asarray(lengths, dtype=np.float64)[:, None], epochs, axis=1)


def unrelated(
    draw: Callable[[np.random.Generator, int, int], np.ndarray], a: float, b: float
) -> Callable[..., Any]:
    """Lengths that have nothing to do with the pass rate, Beta(a, b)."""

    def world(rng: np.random.Generator, questions: int, epochs: int) -> tuple[np.ndarray, np.ndarray]:
        right = rng.random((questions, epochs)) < rng.beta(a, b, (questions, 1))
        return two(right), draw(rng, questions, epochs)

    return world


def coupled(rng: np.random.Generator, questions: int, epochs: int) -> tuple[np.ndarray, np.ndarray]:
    """A pass rate that grows with the typical length."""
    typical = rng.gamma(4.0, 100.0, questions)
    rate = np.clip(0.45 * (typical / 400) ** 0.3 * rng.lognormal(0, 0.4, questions), 0.02, 0.98)
    lengths = typical[:, None] * rng.gamma(5.0, 0.2, (questions, epochs))
    return two(rng.random((questions, epochs)) < rate[:, None]), lengths


def four_letters(rng: np.random.Generator, questions: int, epochs: int) -> tuple[np.ndarray, np.ndarray]:
    """Harder questions take longer; wrong answers fall on a distractor at random, whatever the length."""
    rate = rng.beta(1.2, 0.8, questions)
    answers = np.where(
        rng.random((questions, epochs)) < rate[:, None], 0, rng.integers(1, 4, (questions, epochs))
    )
    return np.eye(4)[answers], np.exp(5 + 1.5 * (1 - rate[:, None]) + 0.3 * rng.random((questions, epochs)))


def limited(rng: np.random.Generator, questions: int, epochs: int) -> tuple[np.ndarray, np.ndarray]:
    """A limit that ends a fifth of the epochs and fails them; what is on record is the limit."""
    lengths = rng.gamma(2, 100, (questions, 1)) * rng.gamma(5, 0.2, (questions, epochs))
    right = rng.random((questions, epochs)) < rng.beta(0.8, 0.6, (questions, 1))
    return two(right & (lengths < 300)), np.minimum(lengths, 300.0)


SLOPES: dict[str, tuple[Callable[..., tuple[np.ndarray, np.ndarray]], float | None]] = {
    "continuous lengths": (unrelated(lambda rng, q, e: rng.gamma(2, 100, (q, e)), 0.8, 0.6), 0.0),
    "turns 2 or 3, by epoch": (unrelated(lambda rng, q, e: rng.integers(2, 4, (q, e)) * 1.0, 0.8, 0.6), 0.0),
    "turns 2 or 3, by question": (
        unrelated(lambda rng, q, e: by_question(rng.integers(2, 4, q), e), 0.8, 0.6),
        0.0,
    ),
    "turns, geometric": (
        unrelated(lambda rng, q, e: by_question(1 + rng.geometric(0.4, q), e), 0.8, 0.6),
        0.0,
    ),
    "turns, 7 in 10 are 1": (
        unrelated(
            lambda rng, q, e: by_question(np.where(rng.random(q) < 0.7, 1, rng.integers(2, 8, q)), e),
            0.8,
            0.6,
        ),
        0.0,
    ),
    "accuracy 87 %": (unrelated(lambda rng, q, e: rng.gamma(2, 100, (q, e)), 2.0, 0.3), 0.0),
    "coupled": (coupled, None),
    "cut at a limit": (limited, None),
    "harder is longer, 4 letters": (four_letters, None),
}


def slopes(worlds: int, seed: int) -> Iterator[Line]:
    """Coverage of the slope, and of the slope of the position where there are distractors."""
    for name, (world, truth) in SLOPES.items():
        large = None
        if truth is None:
            predictions, lengths = world(np.random.default_rng(99), MANY, 5)
            large = length_buckets(predictions, np.zeros(MANY, int), lengths, resamples=1)
        for questions, epochs in ((60, 5),):
            cells = [
                Cell("slopes", name, "slope", questions, epochs, truth if large is None else large.slope)
            ]
            if name.endswith("letters"):
                cells.append(Cell("slopes", name, "slope of the position", questions, epochs, 0.0))
            for number in range(worlds):
                rng = np.random.default_rng([seed, questions, number])
                predictions, lengths = world(rng, questions, epochs)
                found = length_buckets(predictions, np.zeros(questions, int), lengths, resamples=1)
                cells[0].add(found.slope, *found.slope_ci)
                if len(cells) > 1:
                    cells[1].add(*_position(found))
            yield from (cell.line() for cell in cells)


def _position(found: LengthTrend) -> tuple[float, float, float]:
    assert found.position is not None
    return found.position.fit.exponent, *found.position.interval


def passes(worlds: int, seed: int) -> Iterator[Line]:
    """Coverage of pass^k as it is and extrapolated, pass@k, ICC(1), flip rate and noise floor."""
    for name, a, b in (("U-shape", 0.5, 0.5), ("accuracy 90 %", 1.8, 0.2), ("accuracy 10 %", 0.4, 3.6)):
        for questions, epochs in ((50, 3), (50, 5), (200, 5)):
            truth = _truths(a, b, epochs, questions)
            cells = {key: Cell("passes", name, key, questions, epochs, value) for key, value in truth.items()}
            for number in range(worlds):
                rng = np.random.default_rng([seed, questions, epochs, number])
                rate = rng.beta(a, b, (questions, 1))
                right = (rng.random((questions, epochs)) < rate).astype(float)
                found = reliability(right, resamples=500, simulations=0, rng=rng)
                for key, values in _estimates(found, epochs).items():
                    cells[key].add(*values)
            yield from (cell.line() for cell in cells.values())


def _truths(a: float, b: float, epochs: int, questions: int) -> dict[str, float]:
    def every(k: int, a: float, b: float) -> float:
        return float(np.prod([(a + i) / (a + b + i) for i in range(k)]))

    spread = every(1, a, b) - every(2, a, b)
    return {
        "pass^1": every(1, a, b),
        "pass^2": every(2, a, b),
        f"pass^{epochs}": every(epochs, a, b),
        f"pass@{epochs}": 1 - every(epochs, b, a),
        f"pass^{2 * epochs}, extrapolated": every(2 * epochs, a, b),
        f"pass^{4 * epochs}, extrapolated": every(4 * epochs, a, b),
        f"pass@{4 * epochs}, extrapolated": 1 - every(4 * epochs, b, a),
        "ICC(1)": 1 / (a + b + 1),
        "flip rate": 1 - every(epochs, a, b) - every(epochs, b, a),
        "noise floor": 1.959963984540054 * float(np.sqrt(2 * spread / questions)),
    }


def _estimates(found: Reliability, epochs: int) -> dict[str, tuple[float, float, float]]:
    every, some = found.pass_hat_k, found.pass_at_k
    nothing = (np.nan, np.nan, np.nan)

    def rate(rates: Any, k: int) -> tuple[float, float, float]:
        return (rates[k - 1].value, *rates[k - 1].interval) if len(rates) >= k else nothing

    return {
        "pass^1": rate(every, 1),
        "pass^2": rate(every, 2),
        f"pass^{epochs}": rate(every, epochs),
        f"pass@{epochs}": rate(some, epochs),
        f"pass^{2 * epochs}, extrapolated": rate(every, 2 * epochs),
        f"pass^{4 * epochs}, extrapolated": rate(every, 4 * epochs),
        f"pass@{4 * epochs}, extrapolated": rate(some, 4 * epochs),
        "ICC(1)": (found.scores.icc.value, *found.scores.icc.interval),
        "flip rate": (found.flip_rate.value, *found.flip_rate.interval),
        "noise floor": (found.scores.noise_floor.value, *found.scores.noise_floor.interval),
    }


SIZES = np.array([1.0, 3, 10, 30, 100])


def exponents(worlds: int, seed: int) -> Iterator[Line]:
    """Coverage of exponents over models and ensembles, and how often a size without effect is taken for one."""
    for questions in (50, 200):
        cells = [
            Cell("exponents", "answers of 5 models", f"{name} in size", questions, 6, -0.5)
            for name in ("bias²", "variance")
        ]
        for number in range(worlds):
            models = _models(np.random.default_rng([seed, questions, number]), questions)
            (group,) = scaling_laws(
                SIZES, models, np.zeros(questions, int), resamples=500, rng=np.random.default_rng(number)
            ).groups
            cells[0].add(group.bias_squared.exponent, *group.bias_squared_ci)
            cells[1].add(group.variance.exponent, *group.variance_ci)
        yield from (cell.line() for cell in cells)
    for name, a, b in (("U-shape", 0.5, 0.5), ("accuracy 95 %", 0.95, 0.05)):
        cell = Cell("exponents", name, "variance in the size of ensembles", 60, 40, -1.0)
        for number in range(worlds):
            rng = np.random.default_rng([seed, number])
            right = rng.random((60, 40)) < rng.beta(a, b, (60, 1))
            curve = ensembling_curve(
                two(right), np.zeros(60, int), sizes=[1, 2, 4], shuffles=2, resamples=500, rng=rng
            )
            cell.add(curve.exponent, *curve.exponent_ci)
        yield cell.line()
    for models in (3, 4, 5, 7):
        cell = Cell(
            "exponents", f"{models} models, 5 buckets, scatter of 15 %", "size without effect", 0, 0, 0.0
        )
        for number in range(2 * worlds):
            rng = np.random.default_rng([seed, models, number])
            size = np.repeat(np.geomspace(1, 100, models), 5)
            length = np.tile(np.geomspace(100, 1000, 5), models) * rng.lognormal(0, 0.1, 5 * models)
            scatter = np.repeat(rng.normal(0, 0.15, models), 5) + rng.normal(0, 0.1, 5 * models)
            response = 0.2 * (length / 100) ** 0.4 * np.exp(scatter)
            fit = size_and_length(size, length, response, clusters=np.repeat(np.arange(models), 5).tolist())
            found = fit.coefficients["size"]
            cell.add(found.estimate, *found.interval)
        yield cell.line()


def _models(rng: np.random.Generator, questions: int) -> list[Decomposition]:
    """Letters of models whose bias² and variance both fall as size^-1/2; six epochs leave many means near zero."""
    difficulty = rng.beta(0.7, 1.5, questions)
    found = []
    for size in SIZES:
        # With probability size^-1/2 a question behaves as for the smallest model, else it is always right.
        fails = rng.random(questions) < size**-0.5
        rate = np.where(fails, 1 - difficulty, 1.0)
        right = rng.random((questions, 6)) < rate[:, None]
        found.append(decompose(two(right), np.zeros(questions, int)))
    return found


PARTS: dict[str, Callable[[int, int], Iterator[Line]]] = {
    "slopes": slopes,
    "passes": passes,
    "exponents": exponents,
}


def table(lines: list[Line]) -> str:
    """The lines as Markdown."""
    names = ("world", "quantity", "questions", "epochs", "truth", "mean", "coverage", "undefined")
    rows = [
        "| world | quantity | questions | epochs | truth | mean estimate | coverage | undefined |",
        "|---|---|---|---|---|---|---|---|",
    ]
    return "\n".join(
        [*rows, *("| " + " | ".join(str(line[name]) for name in names) + " |" for line in lines)]
    )


def main() -> None:
    """Print and store the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--worlds", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--part", action="append", choices=list(PARTS))
    options = parser.parse_args()
    kept: dict[str, list[Line]] = {part: [] for part in PARTS}
    for line in stored(FILE):
        kept[str(line["part"])].append(line)
    for part in options.part or PARTS:
        start = time.perf_counter()
        kept[part] = []
        for line in PARTS[part](options.worlds, options.seed):
            kept[part].append(line)
            print(
                f"{time.perf_counter() - start:5.0f} s ", *(f"{k}={v}" for k, v in line.items()), flush=True
            )
    lines = [line for part in PARTS for line in kept[part]]
    store(FILE, lines)
    write_section("slopes", table(lines))


if __name__ == "__main__":
    main()
