"""Do the intervals of sparse, clustered and nested runs cover, and do comparisons keep their level?

    python benchmarks/calibration_runs.py                 the whole study (some fifteen minutes of one core)
    python benchmarks/calibration_runs.py --worlds 50     a glance, nothing written
    python benchmarks/calibration_runs.py --part pairs    one part: single, clusters, contexts, pairs

Writes docs/calibration_runs.csv: a line per population, design and quantity with the coverage of the 95 %
interval over worlds in which it is defined, apart for worlds with at least ten effective erring questions
(Σe)²/Σe² and for the others; the share of worlds without an interval; and for pairs the share in which the
interval leaves out 0 and in which p < 0.05. A share of 1,000 worlds has a standard error of at most .7 points
at 95 %.
"""

import argparse
import csv
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from hotmess_inspect.analyses.comparison import RunEpochs, compare_runs
from hotmess_inspect.decomposition import decompose, decompose_nested

DOCS = Path(__file__).resolve().parents[1] / "docs" / "calibration_runs.csv"
FIELDS = ["part", "population", "design", "quantity", "worlds", "coverage", "coverage_10", "worlds_10"]
FIELDS += ["coverage_below_10", "undefined", "leaves_out_0", "p_below_5"]
QUANTITIES = ("accuracy", "error", "bias_squared", "variance", "incoherence")
SWEBENCH = (231, 75, 44, 34, 32, 22, 22, 19, 10, 8, 2, 1)
MANY = 1_000_000

Rates = Callable[[np.random.Generator, int], np.ndarray]


def always_right(share: float) -> Rates:
    return lambda rng, n: np.where(rng.random(n) < share, 1.0, rng.random(n))


POPULATIONS: dict[str, Rates] = {
    "80 % always right": always_right(0.80),
    "85 % always right": always_right(0.85),
    "92 % always right": always_right(0.92),
    "95 % always right": always_right(0.95),
    "accuracy 5 %": lambda rng, n: rng.beta(0.1, 1.9, n),
    "accuracy 95 %": lambda rng, n: rng.beta(1.9, 0.1, n),
    "uniform": lambda rng, n: rng.random(n),
}
DESIGNS = ((30, 2), (30, 5), (60, 3), (60, 5))


def truth(p: np.ndarray) -> dict[str, float]:
    """What pass rates of a population say, squared loss of pass and fail."""
    error, variance = 1 - p.mean(), (p * (1 - p)).mean()
    return {
        "accuracy": p.mean(),
        "error": error,
        "bias_squared": error - variance,
        "variance": variance,
        "incoherence": variance / error,
    }


def passes(rng: np.random.Generator, p: np.ndarray, epochs: int) -> np.ndarray:
    return (rng.random((len(p), epochs)) < p[:, None]).astype(float)


class Tally:
    """Counts of one population and design."""

    def __init__(self) -> None:
        self.rows: dict[str, list[tuple[bool | None, float, bool, bool]]] = defaultdict(list)

    def add(self, quantity: str, interval, true: float, effective: float, p: float = np.nan) -> None:
        """Note the interval of one world, the truth, and how many questions err effectively."""
        low, high = interval
        defined = not np.isnan(low)
        covered = bool(low - 1e-12 <= true <= high + 1e-12) if defined else None
        self.rows[quantity].append((covered, effective, defined and (low > 0 or high < 0), p < 0.05))

    def lines(self, part: str, population: str, design: str) -> Iterator[dict[str, object]]:
        """The lines of the table."""
        for quantity, rows in self.rows.items():
            known = [(covered, effective) for covered, effective, *_ in rows if covered is not None]
            many = [covered for covered, effective in known if effective >= 10]
            few = [covered for covered, effective in known if effective < 10]
            line = {
                "part": part,
                "population": population,
                "design": design,
                "quantity": quantity,
                "worlds": len(rows),
                "coverage": share([covered for covered, _ in known]),
                "coverage_10": share(many),
                "worlds_10": len(many),
                "coverage_below_10": share(few),
                "undefined": share([covered is None for covered, *_ in rows]),
            }
            if part == "pairs":
                line["leaves_out_0"] = share([out for *_, out, _ in rows])
                line["p_below_5"] = share([small for *_, small in rows])
            yield line


def share(values: list) -> str:
    return f"{np.mean(values):.3f}" if values else ""


def effective(error: np.ndarray) -> float:
    squares = np.square(error).sum()
    return float(error.sum() ** 2 / squares) if squares else 0.0


def add_run(tally: Tally, scores: np.ndarray, true: dict[str, float], clusters=None) -> None:
    d = decompose(scores[:, :, None], 1.0, loss="squared")
    number = effective(d.error)
    for quantity in QUANTITIES:
        if quantity == "accuracy":
            low, high = d.interval("error", clusters=clusters, resamples=1000)
            interval = (1 - high, 1 - low)
        else:
            interval = d.interval(quantity, clusters=clusters, resamples=1000)
        tally.add(quantity, interval, true[quantity], number)


def single(worlds: int) -> Iterator[dict[str, object]]:
    for name, rates in POPULATIONS.items():
        true = truth(rates(np.random.default_rng(1), MANY))
        for questions, epochs in DESIGNS:
            rng, tally = np.random.default_rng(2), Tally()
            for _ in range(worlds):
                add_run(tally, passes(rng, rates(rng, questions), epochs), true)
            yield from tally.lines("single", name, f"{questions} x {epochs}")


def near_one_hot(worlds: int) -> Iterator[dict[str, object]]:
    """Stated probabilities of .98 and .02 for the letter that was drawn, 90 % of questions always right."""
    rates = always_right(0.90)
    p = rates(np.random.default_rng(1), MANY)
    # Brier of two classes: 2 (q - .98)² where right, 2 (.98)² where wrong, about the mean .02 + .96 p.
    error = 2 * (p * 0.02**2 + (1 - p) * 0.98**2).mean()
    variance = 2 * (0.96**2 * p * (1 - p)).mean()
    true = {"error": error, "variance": variance, "bias_squared": error - variance}
    true["incoherence"] = variance / error
    for questions, epochs in ((30, 3), (60, 3), (60, 5)):
        rng, tally = np.random.default_rng(3), Tally()
        for _ in range(worlds):
            stated = 0.02 + 0.96 * passes(rng, rates(rng, questions), epochs)
            d = decompose(np.stack([stated, 1 - stated], axis=2), np.zeros(questions, int))
            number = effective(d.error)
            for quantity, value in true.items():
                tally.add(quantity, d.interval(quantity, resamples=1000), value, number)
        yield from tally.lines("single", "90 % always right, .98/.02 stated", f"{questions} x {epochs}")


def clusters(worlds: int) -> Iterator[dict[str, object]]:
    for name, sizes in (("12 repositories", SWEBENCH), ("57 subjects", (20,) * 57)):
        label = np.repeat(np.arange(len(sizes)), sizes)
        for spread in (0.5, 1.0):
            rng, tally = np.random.default_rng(4), Tally()
            z = np.random.default_rng(1).normal(size=MANY) * np.hypot(spread, 1.3)
            true = truth(1 / (1 + np.exp(-z)))
            for _ in range(worlds):
                z = rng.normal(size=len(sizes))[label] * spread + rng.normal(size=len(label)) * 1.3
                add_run(tally, passes(rng, 1 / (1 + np.exp(-z)), 5), true, label)
            yield from tally.lines("clusters", name, f"sd {spread} between clusters, 5 epochs")


def contexts(worlds: int) -> Iterator[dict[str, object]]:
    for count, repeats in ((10, 3), (3, 10)):
        for effect in (0.0, 0.4):
            rng, tally = np.random.default_rng(5), Tally()
            own = np.random.default_rng(1)
            p = 1 / (1 + np.exp(-own.normal(size=(3000, 1)) * 1.3 - own.normal(size=(1, 3000)) * effect))
            error, bias = 2 * (1 - p).mean(), 2 * np.square(1 - p.mean(axis=1)).mean()
            true = {"error": error, "bias_squared": bias, "variance": error - bias}
            true["incoherence"] = (error - bias) / error
            context = np.repeat(np.arange(count), repeats)
            for _ in range(worlds):
                z = rng.normal(size=(200, 1)) * 1.3 + rng.normal(size=(1, count)) * effect
                right = rng.random((200, count * repeats)) < 1 / (1 + np.exp(-z[:, context]))
                predictions = np.stack([right, ~right], axis=2).astype(float)
                d = decompose_nested(predictions, np.zeros(200, int), context)
                for quantity, value in true.items():
                    tally.add(quantity, d.interval(quantity, resamples=500), value, effective(d.error))
            yield from tally.lines(
                "contexts", f"main effect {effect} in logits", f"200 x {count} x {repeats}"
            )


def harder(p: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Some questions that were always right no longer are."""
    return np.where((p == 1) & (rng.random(len(p)) < 0.12), rng.random(len(p)), p)


def sharper(p: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """As accurate on average, and without any variance."""
    return np.where(p < 1, (rng.random(len(p)) < p) * 1.0, p)


def pairs(worlds: int) -> Iterator[dict[str, object]]:
    effects = {"equal": lambda p, rng: p, "harder": harder, "sharper": sharper}
    for always in (0.0, 0.85, 0.92):
        for effect, change in effects.items():
            if (always, effect) == (0.0, "harder"):
                continue
            own = np.random.default_rng(1)
            p = always_right(always)(own, MANY)
            first, second = truth(p), truth(change(p, own))
            for questions, epochs in ((60, 3), (200, 5)):
                rng, tally = np.random.default_rng(6), Tally()
                for _ in range(worlds if questions < 100 else worlds // 4):
                    p = always_right(always)(rng, questions)
                    runs = [passes(rng, rate, epochs) for rate in (p, change(p, rng))]
                    number = min(effective(1 - run.mean(axis=1)) for run in runs)
                    found = compare_runs(
                        *(RunEpochs(run[:, :, None], run) for run in runs), 1.0, loss="squared"
                    )
                    for one in found:
                        true = first.get(one.quantity, np.nan) - second.get(one.quantity, np.nan)
                        if one.quantity in QUANTITIES or effect == "equal":
                            true = 0.0 if effect == "equal" else true
                            tally.add(one.quantity, (one.low, one.high), true, number, one.p_value)
                name = f"{always:.0%} always right, {effect}"
                yield from tally.lines("pairs", name, f"{questions} x {epochs}")


PARTS = {
    "single": (single, near_one_hot),
    "clusters": (clusters,),
    "contexts": (contexts,),
    "pairs": (pairs,),
}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--worlds", type=int, default=1000)
    parser.add_argument("--part", choices=tuple(PARTS), action="append")
    arguments = parser.parse_args()
    chosen = arguments.part or list(PARTS)
    kept: list[dict[str, object]] = []
    if DOCS.exists():
        kept = [line for line in csv.DictReader(DOCS.open()) if line["part"] not in chosen]
    for part in chosen:
        for study in PARTS[part]:
            for line in study(arguments.worlds):
                kept.append(line)
                print(" ".join(str(line.get(field, "")) for field in FIELDS), flush=True)
        if arguments.worlds >= 1000:
            write(kept)


def write(lines: list[dict[str, object]]) -> None:
    order = {part: number for number, part in enumerate(PARTS)}
    with DOCS.open("w", newline="") as file:
        writer = csv.DictWriter(file, FIELDS, restval="", lineterminator="\n")
        writer.writeheader()
        writer.writerows(sorted(lines, key=lambda line: order[str(line["part"])]))


if __name__ == "__main__":
    main()
