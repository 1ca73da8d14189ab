"""Do the intervals of sparse, clustered and nested runs cover, and do comparisons keep their level?

    python benchmarks/calibration_runs.py                 the whole study (about an hour of one core)
    python benchmarks/calibration_runs.py --worlds 50     a glance, nothing written
    python benchmarks/calibration_runs.py --part pairs    one part: single, clusters, contexts, pairs, designs
    python benchmarks/calibration_runs.py --resume        what the file does not hold yet
    python benchmarks/calibration_runs.py --tables        no study, the tables of the page from the file

Writes docs/calibration_runs.csv: a line per population, design and quantity with the mean effective number of
erring questions (clusters) (Σe)²/Σe² of its worlds; the coverage of the 95 % interval over the worlds in which it is defined
and the shares in which the truth lies below and above it; the same coverage in the worlds that happened to have
ten effective questions or more; the share of worlds without an interval; and for pairs the share in which the
interval leaves out 0 and in which p < 0.05. A share of 1,000 worlds has a standard error of .7 points at 95 %.
The tables of docs/statistics.md are made from it.
"""

import argparse
import csv
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from calibration import write_section

from hotmess_inspect.analyses.comparison import RunEpochs, compare_runs
from hotmess_inspect.decomposition import decompose, decompose_nested

DOCS = Path(__file__).resolve().parents[1] / "docs" / "calibration_runs.csv"
FIELDS = ["part", "population", "design", "quantity", "worlds", "effective", "coverage", "truth_below"]
FIELDS += ["truth_above", "coverage_10", "worlds_10", "undefined", "leaves_out_0", "p_below_5"]
Line = dict[str, object]
Cells = Iterator[tuple[str, str, Callable[[int], Iterator[Line]]]]
QUANTITIES = ("accuracy", "error", "bias_squared", "variance", "incoherence")
SWEBENCH = (231, 75, 44, 34, 32, 22, 22, 19, 10, 8, 2, 1)
MANY = 1_000_000
NAMES = {"bias_squared": "bias²", "pass_hat_3": "pass³", "pass_hat_5": "pass⁵"}

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
        self.rows: dict[str, list[tuple[float, float, float, float, bool]]] = defaultdict(list)

    def add(self, quantity: str, interval, true: float, effective: float, p: float = np.nan) -> None:
        """Note the interval of one world, the truth, and how many questions err effectively."""
        self.rows[quantity].append((*interval, true, effective, p < 0.05))

    def lines(self, part: str, population: str, design: str) -> Iterator[Line]:
        """The lines of the table."""
        for quantity, rows in self.rows.items():
            low, high, true, effective, small = np.array(rows, dtype=float).T
            known, many = ~np.isnan(low), effective >= 10
            below, above = true < low - 1e-12, true > high + 1e-12
            inside = ~below & ~above
            line: Line = {
                "part": part,
                "population": population,
                "design": design,
                "quantity": quantity,
                "worlds": len(rows),
                "effective": f"{effective.mean():.1f}",
                "coverage": share(inside[known]),
                "truth_below": share(below[known]),
                "truth_above": share(above[known]),
                "coverage_10": share(inside[known & many]),
                "worlds_10": int((known & many).sum()),
                "undefined": share(~known),
            }
            if part in ("pairs", "designs"):
                line["leaves_out_0"] = share((low > 0) | (high < 0))
                line["p_below_5"] = share(small)
            yield line


def share(values: np.ndarray) -> str:
    return f"{values.mean():.3f}" if len(values) else ""


def effective(error: np.ndarray) -> float:
    squares = np.square(error).sum()
    return float(error.sum() ** 2 / squares) if squares else 0.0


def add_run(tally: Tally, scores: np.ndarray, true: dict[str, float], clusters=None) -> None:
    d = decompose(scores[:, :, None], 1.0, loss="squared")
    number = effective(d.error if clusters is None else np.bincount(clusters, weights=d.error))
    for quantity in QUANTITIES:
        if quantity == "accuracy":
            low, high = d.interval("error", clusters=clusters, resamples=1000)
            interval = (1 - high, 1 - low)
        else:
            interval = d.interval(quantity, clusters=clusters, resamples=1000)
        tally.add(quantity, interval, true[quantity], number)


def single() -> Cells:
    for name, rates in POPULATIONS.items():
        for questions, epochs in (*DESIGNS, (200, 3)):
            design = f"{questions} x {epochs}"

            def study(worlds, name=name, rates=rates, questions=questions, epochs=epochs, design=design):
                true = truth(rates(np.random.default_rng(1), MANY))
                rng, tally = np.random.default_rng(2), Tally()
                for _ in range(worlds):
                    add_run(tally, passes(rng, rates(rng, questions), epochs), true)
                yield from tally.lines("single", name, design)

            yield name, design, study


def near_one_hot() -> Cells:
    """Stated probabilities of .98 and .02 for the letter that was drawn, 90 % of questions always right."""
    name = "90 % always right, .98/.02 stated"
    for questions, epochs in ((30, 3), (60, 3), (60, 5)):
        design = f"{questions} x {epochs}"

        def study(worlds, questions=questions, epochs=epochs, design=design):
            rates = always_right(0.90)
            p = rates(np.random.default_rng(1), MANY)
            # Brier of two classes: 2 (q - .98)² where right, 2 (.98)² where wrong, about the mean .02 + .96 p.
            error = 2 * (p * 0.02**2 + (1 - p) * 0.98**2).mean()
            variance = 2 * (0.96**2 * p * (1 - p)).mean()
            true = {"error": error, "variance": variance, "bias_squared": error - variance}
            true["incoherence"] = variance / error
            rng, tally = np.random.default_rng(3), Tally()
            for _ in range(worlds):
                stated = 0.02 + 0.96 * passes(rng, rates(rng, questions), epochs)
                d = decompose(np.stack([stated, 1 - stated], axis=2), np.zeros(questions, int))
                number = effective(d.error)
                for quantity, value in true.items():
                    tally.add(quantity, d.interval(quantity, resamples=1000), value, number)
            yield from tally.lines("single", name, design)

        yield name, design, study


def unparsed() -> Cells:
    """Letters of four, p ~ Dirichlet(.6, .3, .3, .3), of which a tenth is not parsed and counts as uniform."""
    name, lost = "letters, 10 % not parsed", 0.1
    alpha = np.array([0.6, 0.3, 0.3, 0.3])
    for questions, epochs in ((30, 3), (60, 3), (60, 5)):
        design = f"{questions} x {epochs}"

        def study(worlds, questions=questions, epochs=epochs, design=design):
            p = np.random.default_rng(1).dirichlet(alpha, MANY)
            mean = lost / 4 + (1 - lost) * p
            # Squared distances to the target are 3/4 of the uniform distribution, 0 or 2 of a letter.
            error = (lost * 0.75 + (1 - lost) * 2 * (1 - p[:, 0])).mean()
            bias = np.square(mean - np.eye(4)[0]).sum(axis=1).mean()
            true = {"error": error, "bias_squared": bias, "variance": error - bias}
            true["incoherence"] = (error - bias) / error
            rng, tally = np.random.default_rng(7), Tally()
            for _ in range(worlds):
                edges = rng.dirichlet(alpha, questions).cumsum(axis=1)[:, None, :-1]
                letters = (rng.random((questions, epochs, 1)) > edges).sum(axis=2)
                uniform = rng.random((questions, epochs, 1)) < lost
                d = decompose(np.where(uniform, 0.25, np.eye(4)[letters]), np.zeros(questions, int))
                for quantity, value in true.items():
                    tally.add(quantity, d.interval(quantity, resamples=1000), value, effective(d.error))
            yield from tally.lines("single", name, design)

        yield name, design, study


def clusters() -> Cells:
    for name, sizes in (("12 repositories", SWEBENCH), ("57 subjects", (20,) * 57)):
        for spread in (0.5, 1.0):
            design = f"sd {spread} between clusters, 5 epochs"

            def study(worlds, name=name, sizes=sizes, spread=spread, design=design):
                label = np.repeat(np.arange(len(sizes)), sizes)
                rng, tally = np.random.default_rng(4), Tally()
                z = np.random.default_rng(1).normal(size=MANY) * np.hypot(spread, 1.3)
                true = truth(1 / (1 + np.exp(-z)))
                for _ in range(worlds):
                    z = rng.normal(size=len(sizes))[label] * spread + rng.normal(size=len(label)) * 1.3
                    add_run(tally, passes(rng, 1 / (1 + np.exp(-z)), 5), true, label)
                yield from tally.lines("clusters", name, design)

            yield name, design, study


def in_contexts(
    own: np.random.Generator, effect: float, questions: int, contexts: int
) -> tuple[np.ndarray, np.ndarray]:
    """Logits of questions in contexts that all of them share, and of the questions alone."""
    z = own.normal(size=(questions, 1)) * 1.3
    return z + own.normal(size=(1, contexts)) * effect, z


def context_truth(effect: float) -> dict[str, float]:
    """Brier of right and wrong over questions and contexts."""
    p = 1 / (1 + np.exp(-in_contexts(np.random.default_rng(1), effect, 3000, 3000)[0]))
    error, bias = 2 * (1 - p).mean(), 2 * np.square(1 - p.mean(axis=1)).mean()
    return {
        "error": error,
        "bias_squared": bias,
        "variance": error - bias,
        "incoherence": (error - bias) / error,
    }


def contexts() -> Cells:
    for count, repeats in ((10, 3), (5, 4), (3, 10)):
        for effect in (0.0, 0.1, 0.2, 0.4):
            name, design = f"main effect {effect} in logits", f"200 x {count} x {repeats}"

            def study(worlds, count=count, repeats=repeats, effect=effect, name=name, design=design):
                rng, tally, true = np.random.default_rng(5), Tally(), context_truth(effect)
                context = np.repeat(np.arange(count), repeats)
                for _ in range(worlds):
                    z, _ = in_contexts(rng, effect, 200, count)
                    right = rng.random((200, count * repeats)) < 1 / (1 + np.exp(-z[:, context]))
                    predictions = np.stack([right, ~right], axis=2).astype(float)
                    d = decompose_nested(predictions, np.zeros(200, int), context)
                    for quantity, value in true.items():
                        tally.add(quantity, d.interval(quantity, resamples=500), value, effective(d.error))
                yield from tally.lines("contexts", name, design)

            yield name, design, study


def harder(p: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Some questions that were always right no longer are."""
    return np.where((p == 1) & (rng.random(len(p)) < 0.12), rng.random(len(p)), p)


def sharper(p: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """As accurate on average, and without any variance."""
    return np.where(p < 1, (rng.random(len(p)) < p) * 1.0, p)


def pairs() -> Cells:
    effects = {"equal": lambda p, rng: p, "harder": harder, "sharper": sharper}
    for effect, change in effects.items():
        for questions, epochs in ((60, 3), (200, 5)):
            for always in (0.85, 0.92, 0.0):
                name, design = f"{always:.0%} always right, {effect}", f"{questions} x {epochs}"

                def study(
                    worlds,
                    always=always,
                    effect=effect,
                    change=change,
                    questions=questions,
                    epochs=epochs,
                    name=name,
                    design=design,
                ):
                    own = np.random.default_rng(1)
                    p = always_right(always)(own, MANY)
                    first, second = truth(p), truth(change(p, own))
                    rng, tally = np.random.default_rng(6), Tally()
                    # A level takes more worlds than a coverage.
                    for _ in range(worlds * (2 if effect == "equal" else 1)):
                        p = always_right(always)(rng, questions)
                        runs = [passes(rng, rate, epochs) for rate in (p, change(p, rng))]
                        number = min(effective(1 - run.mean(axis=1)) for run in runs)
                        epochs_of = (RunEpochs(run[:, :, None], run) for run in runs)
                        # A test by 399 divisions keeps its level as one by 999 does.
                        found = compare_runs(*epochs_of, 1.0, loss="squared", permutations=399)
                        for one in found:
                            true = first.get(one.quantity, np.nan) - second.get(one.quantity, np.nan)
                            if one.quantity in QUANTITIES or effect == "equal":
                                true = 0.0 if effect == "equal" else true
                                tally.add(one.quantity, (one.low, one.high), true, number, one.p_value)
                    yield from tally.lines("pairs", name, design)

                if (always, effect) != (0.0, "harder"):
                    yield name, design, study


def designs() -> Cells:
    """Runs of equal truth, one in few-shot contexts that its questions share, one whose epochs have contexts of their own."""
    for questions, contexts, repeats in ((60, 5, 2), (200, 10, 3)):
        for main, own in ((0.0, 0.5), (0.0, 1.5), (0.4, 0.5)):
            name = (
                f"contexts against independent epochs, equal: sd {main} of contexts, {own} in each question"
            )
            design = f"{questions} x {contexts} x {repeats} and {questions} x {contexts * repeats}"

            def study(
                worlds,
                questions=questions,
                contexts=contexts,
                repeats=repeats,
                main=main,
                own=own,
                name=name,
                design=design,
            ):
                rng, tally, epochs = np.random.default_rng(7), Tally(), contexts * repeats
                labels = np.tile(np.repeat(np.arange(contexts), repeats), (questions, 1))

                # A level takes more worlds than a coverage.
                for _ in range(worlds * 2):
                    centre = rng.normal(0, 1.2, (questions, 1))
                    shared = rng.normal(0, main, (1, contexts)) + rng.normal(0, own, (questions, contexts))
                    apart = rng.normal(0, np.hypot(main, own), (questions, epochs))
                    runs = [
                        (rng.random((questions, epochs)) < 1 / (1 + np.exp(-(centre + moved)))).astype(float)
                        for moved in (np.repeat(shared, repeats, axis=1), apart)
                    ]
                    number = min(effective(1 - run.mean(axis=1)) for run in runs)
                    first = RunEpochs(runs[0][:, :, None], runs[0], contexts=labels)
                    second = RunEpochs(runs[1][:, :, None], runs[1])
                    # Epochs cannot change places here: no division decides.
                    found = compare_runs(first, second, 1.0, loss="squared", permutations=19)
                    for one in found:
                        if one.quantity in QUANTITIES:
                            tally.add(one.quantity, (one.low, one.high), 0.0, number, one.p_value)
                yield from tally.lines("designs", name, design)

            yield name, design, study


PARTS = {
    "single": (single, near_one_hot, unparsed),
    "clusters": (clusters,),
    "contexts": (contexts,),
    "pairs": (pairs,),
    "designs": (designs,),
}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--worlds", type=int, default=1000)
    parser.add_argument("--part", choices=tuple(PARTS), action="append")
    parser.add_argument("--resume", action="store_true", help="keep the cells that the file holds")
    parser.add_argument("--tables", action="store_true", help="write the tables of the page only")
    arguments = parser.parse_args()
    if arguments.tables:
        write_section("runs", tables(read()))
        return
    chosen = arguments.part or list(PARTS)
    kept = [line for line in read() if arguments.resume or line["part"] not in chosen]
    held = {(line["population"], line["design"]) for line in kept}
    for part in chosen:
        for study in PARTS[part]:
            for population, design, cell in study():
                if (population, design) in held:
                    continue
                for line in cell(arguments.worlds):
                    kept.append(line)
                    print(" ".join(str(line.get(field, "")) for field in FIELDS), flush=True)
                if arguments.worlds >= 1000:
                    write(kept)


def read() -> list[Line]:
    """The lines of the file."""
    if not DOCS.exists():
        return []
    with DOCS.open(newline="", encoding="utf-8") as file:
        return [dict(line) for line in csv.DictReader(file)]


def write(lines: list[Line]) -> None:
    """Store the lines, those of each part together."""
    order = {part: number for number, part in enumerate(PARTS)}
    with DOCS.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, FIELDS, restval="", lineterminator="\n")
        writer.writeheader()
        writer.writerows(sorted(lines, key=lambda line: order[str(line["part"])]))


def outside(lines: list[Line]) -> list[str]:
    """Cells outside 93 to 97 % where ten effective questions err, below 90 % elsewhere, or levels outside 3 to 7 %."""
    found = []
    for line in lines:
        cell = f"{line['population']}, {line['design']}, {line['quantity']}"
        if line["coverage"]:
            coverage, many = float(str(line["coverage"])), float(str(line["effective"] or 10)) >= 10
            if not (0.93 <= coverage <= 0.97 if many else coverage >= 0.90):
                kind = "ten or more err" if many else "fewer err"
                found.append(f"{cell}: {100 * coverage:.1f} % ({kind})")
        if line["p_below_5"] and "equal" in str(line["population"]):
            level = float(str(line["p_below_5"]))
            if not 0.03 <= level <= 0.07:
                found.append(f"{cell}: p < 0.05 in {100 * level:.1f} % of equal pairs")
    return found


def tables(lines: list[Line]) -> str:
    """A line per population and design, and every cell that misses its target."""
    text = [
        "| part | population | design | effective | coverage, in % | undefined, in % | p < 0.05, in % |",
        "|---|---|---|---|---|---|---|",
    ]
    cells: dict[tuple[str, str, str], list[Line]] = defaultdict(list)
    for line in lines:
        cells[str(line["part"]), str(line["population"]), str(line["design"])].append(line)
    for (part, population, design), own in cells.items():
        figures = [
            ", ".join(f"{NAMES.get(str(one['quantity']), one['quantity'])} {100 * float(str(one[field])):.1f}"
                      for one in own if one[field])
            for field in ("coverage", "undefined", "p_below_5")
        ]  # fmt: skip
        text.append(
            f"| {part} | {population} | {design} | {own[0]['effective']} | " + " | ".join(figures) + " |"
        )
    missed = outside(lines)
    worlds = sorted({int(str(line["worlds"])) for line in lines})
    total = f"{len(cells)} cells of {' or '.join(f'{n:,}' for n in worlds)} worlds, {len(lines)} lines"
    return "\n".join(
        [f"{total}; {len(missed)} lines miss a target:", "", *(f"- {one}" for one in missed), "", *text]
    )


if __name__ == "__main__":
    main()
