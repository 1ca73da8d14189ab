"""Do the intervals cover, and are the estimates unbiased? Many small worlds whose truth is known.

    python benchmarks/calibration.py            the whole study (some ten minutes of one core)
    python benchmarks/calibration.py --quick    a glance, nothing written
    python benchmarks/calibration.py --world letters --world tests    these again, the rest as stored
    python benchmarks/calibration.py --tables   the tables from the stored figures

Writes docs/calibration.csv, docs/calibration_kl.csv and the tables in docs/statistics.md between its two
markers. The exit status says whether every target holds.
"""

import argparse
import csv
import sys
import time
from pathlib import Path

import numpy as np
from calibration_worlds import CONTEXTS, WORLDS, Draw, World, one_hot
from other_intervals import OTHERS, other_intervals

from hotmess_inspect.decomposition import (
    decompose,
    decompose_nested,
    draw_weights,
    jackknife_ratios,
    ratio_intervals,
)

DOCS = Path(__file__).resolve().parents[1] / "docs"
QUESTIONS = (30, 100, 500)
EPOCHS = (3, 5, 10, 30)
# Standard errors of coverage: 0.25, 0.35 and 0.5 points. Worlds of unit tests have forty numbers an epoch and
# take half as many.
COUNTS = {30: 8000, 100: 4000, 500: 2000}
METHODS = ("studentised", "linearised", "bca", "percentile", "fieller")
RESAMPLES = 2000
BATCH = 250
CELLS = 6_000_000


def terms(world: World, draw: Draw, estimator: str) -> tuple[np.ndarray, np.ndarray]:
    """Variance and error per question, by the public functions."""
    epochs = draw.predictions.shape[1]
    if world.nested and estimator == "nested":
        context = np.repeat(np.arange(CONTEXTS[epochs]), epochs // CONTEXTS[epochs])
        found = decompose_nested(draw.predictions, draw.target, context)
    else:
        found = decompose(draw.predictions, draw.target, loss=world.loss)
    return found.variance, found.error


def batch(world: World, rng: np.random.Generator, worlds: int, questions: int, epochs: int):
    """Estimated variance, plug-in variance, iid variance, error and the truths, each (questions, worlds)."""
    width = {"squared": 40}.get(world.loss, 4)
    step = max(1, CELLS // (questions * epochs * width))
    parts = []
    for start in range(0, worlds, step):
        count = min(step, worlds - start)
        draw = world.draw(rng, count * questions, epochs)
        variance, error = terms(world, draw, "nested" if world.nested else "unbiased")
        iid = terms(world, draw, "unbiased")[0] if world.nested else variance
        plugin = iid * (epochs - 1) / epochs
        rows = (variance, plugin, iid, error, draw.variance, draw.error)
        parts.append(np.stack(rows).reshape(len(rows), count, questions))
    return np.concatenate(parts, axis=1).transpose(0, 2, 1)


class Tally:
    """Sums over batches of worlds of one cell."""

    def __init__(self, world: World, methods: tuple[str, ...]):
        """Start empty."""
        self.world = world
        self.covered = {method: [0, 0, 0] for method in methods}
        self.widths: dict[str, list[np.ndarray]] = {}
        self.errors: dict[str, list[np.ndarray]] = {}

    def add(self, name: str, deviation: np.ndarray) -> None:
        """Deviations from the truth, one per world, as a share of the truth."""
        self.errors.setdefault(name, []).append(deviation)

    def bias(self, name: str) -> tuple[float, float]:
        """Relative bias and its standard error, in percent."""
        values = np.concatenate(self.errors[name]) * 100
        values = values[np.isfinite(values)]
        return float(values.mean()), float(values.std(ddof=1) / np.sqrt(len(values)))


def study_cell(
    world: World, questions: int, epochs: int, worlds: int, methods: tuple[str, ...], seed: int
) -> Tally:
    """All worlds of a cell."""
    tally = Tally(world, methods)
    rng = np.random.default_rng([seed, questions, epochs])
    truth = world.incoherence
    for start in range(0, worlds, BATCH):
        count = min(BATCH, worlds - start)
        variance, plugin, iid, error, true_variance, true_error = batch(world, rng, count, questions, epochs)
        weights = draw_weights(questions, RESAMPLES, rng)
        for method in methods:
            low, high = (
                other_intervals([variance, error], method, weights=weights)
                if method in OTHERS
                else ratio_intervals(variance, error, weights=weights, method=method)
            ).T
            tally.widths.setdefault(method, []).append(np.clip(high, 0, 1) - np.clip(low, 0, 1))
            known = ~np.isnan(low)
            missed = tally.covered[method]
            missed[0] += int((truth < low).sum())
            missed[1] += int((truth > high).sum())
            missed[2] += int(known.sum())
        tally.add("error", (error - true_error).mean(axis=0) / world.error)
        tally.add("variance", (variance - true_variance).mean(axis=0) / world.variance)
        tally.add(
            "bias_squared",
            ((error - variance) - (true_error - true_variance)).mean(axis=0) / (world.error - world.variance),
        )
        # What the draw of the questions alone does to the ratio, to first order; its mean is 0.
        luck = (true_variance - truth * true_error).mean(axis=0) / world.error
        ratios = {
            "incoherence": variance.sum(axis=0) / error.sum(axis=0),
            "corrected": jackknife_ratios(variance, error),
            "plugin": plugin.sum(axis=0) / error.sum(axis=0),
            "iid": iid.sum(axis=0) / error.sum(axis=0),
        }
        for name, ratio in ratios.items():
            tally.add(name, (ratio - luck) / truth - 1)
    return tally


def row(tally: Tally, questions: int, epochs: int, worlds: int, method: str) -> dict[str, object]:
    """One line of the file of results."""
    below, above, known = tally.covered[method]
    result: dict[str, object] = {
        "world": tally.world.name,
        "questions": questions,
        "epochs": epochs,
        "worlds": worlds,
        "method": method,
        "truth": round(tally.world.incoherence, 4),
        "coverage": round(100 * (known - below - above) / known, 2),
        "truth_below": round(100 * below / known, 2),
        "truth_above": round(100 * above / known, 2),
        "undefined": worlds - known,
        "median_width": round(float(np.nanmedian(np.concatenate(tally.widths[method]))), 4),
    }
    for name in tally.errors:
        bias, error = tally.bias(name)
        result[f"bias_{name}"], result[f"se_{name}"] = round(bias, 3), round(error, 3)
    return result


def kl_bias(worlds: int, seed: int) -> list[dict[str, object]]:
    """Relative bias of the KL variance, plug-in and jackknife, where E log f is a closed form."""
    from scipy.special import digamma, logsumexp

    lines: list[dict[str, object]] = []
    delta = 1e-12
    for name in ("letters", "probabilities"):
        for epochs in (3, 5, 10, 15, 30):
            rng = np.random.default_rng([seed, epochs])
            p = rng.dirichlet([2.0, 1.0, 1.0, 1.0], size=worlds)
            if name == "letters":
                predictions = one_hot(rng, p, epochs)
                high, low = np.log1p(delta) - np.log1p(4 * delta), np.log(delta) - np.log1p(4 * delta)
                mean_log = p * high + (1 - p) * low
            else:
                shape = 20.0 * (0.1 + 0.6 * p)
                predictions = rng.standard_gamma(np.broadcast_to(shape[:, None, :], (worlds, epochs, 4)))
                predictions /= predictions.sum(axis=2, keepdims=True)
                mean_log = digamma(shape) - digamma(shape.sum(axis=1, keepdims=True))
            truth = -logsumexp(mean_log, axis=1)
            line: dict[str, object] = {"world": name, "epochs": epochs}
            for estimator in ("plugin", "jackknife"):
                found = decompose(predictions, np.zeros(worlds, int), loss="kl", estimator=estimator)
                deviation = 100 * (found.variance - truth) / truth.mean()
                line[estimator] = round(float(deviation.mean()), 3)
                line[f"{estimator}_se"] = round(float(deviation.std() / np.sqrt(worlds)), 3)
            lines.append(line)
    return lines


def failures(rows: list[dict[str, object]], kl: list[dict[str, object]]) -> list[str]:
    """Cells that miss a target, in words; coverage is held to one from 5 epochs on."""
    found = []
    for line in rows:
        if line["method"] != "studentised":
            continue
        cell = f"{line['world']}, {line['questions']} questions, {line['epochs']} epochs"
        few = int(line["questions"]) == 30
        low, high = (91, 98) if few else (93, 97)
        if int(line["epochs"]) >= 5 and not low <= float(line["coverage"]) <= high:
            found.append(f"coverage {line['coverage']} of {cell}")
        if abs(float(line["bias_corrected"])) > (1.0 if few else 0.5):
            found.append(f"bias of incoherence {line['bias_corrected']} ± {line['se_corrected']} % of {cell}")
    for world in WORLDS:
        for epochs in EPOCHS:
            for name in ("error", "bias_squared", "variance"):
                bias, error = pooled_bias(rows, world.name, epochs, name)
                if abs(bias) > 0.5:
                    found.append(
                        f"bias of {name} {bias:.2f} ± {error:.2f} % of {world.name}, {epochs} epochs"
                    )
    found += [
        f"jackknife KL {line['jackknife']} % against plug-in {line['plugin']} % of {line['world']}"
        for line in kl
        if int(line["epochs"]) == 15 and abs(float(line["jackknife"])) > abs(float(line["plugin"])) / 2
    ]
    return found


def pooled_bias(rows: list[dict[str, object]], world: str, epochs: int, name: str) -> tuple[float, float]:
    """Relative bias of a mean over questions, which does not depend on their number, with its error."""
    cells = [
        line
        for line in rows
        if (line["world"], int(line["epochs"]), line["method"]) == (world, epochs, "studentised")
    ]
    precision = np.array([float(line[f"se_{name}"]) ** -2 for line in cells])
    bias = np.average([float(line[f"bias_{name}"]) for line in cells], weights=precision)
    return float(bias), float(precision.sum() ** -0.5)


def coverage_table(rows: list[dict[str, object]]) -> list[str]:
    """Coverage of the default interval by world, questions and epochs."""
    text = ["| world | truth | questions | " + " | ".join(f"{epochs} epochs" for epochs in EPOCHS) + " |"]
    text.append("|---|---|---|" + "---|" * len(EPOCHS))
    for world in WORLDS:
        for questions in QUESTIONS:
            cells = [
                next(
                    line
                    for line in rows
                    if (line["world"], int(line["questions"]), int(line["epochs"]), line["method"])
                    == (world.name, questions, epochs, "studentised")
                )
                for epochs in EPOCHS
            ]
            figures = " | ".join(f"{float(cell['coverage']):.1f}" for cell in cells)
            text.append(f"| {world.name} | {world.incoherence:.3f} | {questions} | {figures} |")
    return text


def method_table(rows: list[dict[str, object]]) -> list[str]:
    """Coverage of every method at 30 and 100 questions, the least and the most over worlds and epochs."""
    text = ["| method | 30 questions | 100 questions | 500 questions |", "|---|---|---|---|"]
    for method in METHODS:
        figures = []
        for questions in QUESTIONS:
            values = [
                float(line["coverage"])
                for line in rows
                if line["method"] == method
                and int(line["questions"]) == questions
                and int(line["epochs"]) >= 5
            ]
            figures.append(f"{min(values):.1f} – {max(values):.1f}")
        text.append(f"| {method} | " + " | ".join(figures) + " |")
    return text


def bias_table(rows: list[dict[str, object]]) -> list[str]:
    """Relative bias per world and number of epochs."""
    text = [
        "| world | epochs | error | bias² | variance | incoherence at 30 / 100 / 500 questions | corrected | plug-in |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for world in WORLDS:
        for epochs in EPOCHS:
            cells = [
                line
                for line in rows
                if (line["world"], int(line["epochs"]), line["method"]) == (world.name, epochs, "studentised")
            ]
            pooled = [
                "{:+.2f} ± {:.2f}".format(*pooled_bias(rows, world.name, epochs, name))
                for name in ("error", "bias_squared", "variance")
            ]
            ratios = [
                " / ".join(f"{float(line[f'bias_{name}']):+.2f}" for line in cells)
                for name in ("incoherence", "corrected")
            ]
            plugin = f"{float(cells[-1]['bias_plugin']):+.1f}"
            text.append(f"| {world.name} | {epochs} | " + " | ".join([*pooled, *ratios, plugin]) + " |")
    return text


def nested_table(rows: list[dict[str, object]]) -> list[str]:
    """Nested and iid estimates in the nested world, 500 questions."""
    text = ["| contexts × repeats | nested | taken as independent |", "|---|---|---|"]
    for line in rows:
        if line["world"] == "contexts" and int(line["questions"]) == 500 and line["method"] == "studentised":
            epochs = int(line["epochs"])
            text.append(
                f"| {CONTEXTS[epochs]} × {epochs // CONTEXTS[epochs]} | {float(line['bias_corrected']):+.2f} "
                f"± {float(line['se_corrected']):.2f} | {float(line['bias_iid']):+.2f} |"
            )
    return text


def kl_table(kl: list[dict[str, object]]) -> list[str]:
    """Bias of the KL variance."""
    text = ["| world | epochs | plug-in | jackknife |", "|---|---|---|---|"]
    for line in kl:
        figures = [
            f"{float(line[name]):+.2f} ± {float(line[name + '_se']):.2f}" for name in ("plugin", "jackknife")
        ]
        text.append(f"| {line['world']} | {line['epochs']} | {figures[0]} | {figures[1]} |")
    return text


def stored(name: str) -> list[dict[str, object]]:
    """Lines of a file of results; none where it does not exist yet."""
    path = DOCS / name
    if not path.exists():
        return []
    with path.open(newline="", encoding="utf-8") as file:
        return [dict(line) for line in csv.DictReader(file)]


def store(name: str, lines: list[dict[str, object]]) -> None:
    """Write a file of results."""
    with (DOCS / name).open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(lines[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(lines)


def write_section(marker: str, body: str) -> None:
    """Put text between the two comments of that name in the page."""
    page = DOCS / "statistics.md"
    begin, end = f"<!-- {marker} -->", f"<!-- /{marker} -->"
    head, rest = page.read_text(encoding="utf-8").split(begin)
    page.write_text(f"{head}{begin}\n\n{body}\n\n{end}{rest.split(end)[1]}", encoding="utf-8")


def write_page(rows: list[dict[str, object]], kl: list[dict[str, object]]) -> None:
    """Put the tables into the page."""
    sections = [
        ("### Coverage of the 95 % interval for incoherence, default method", coverage_table(rows)),
        ("### Coverage by method, least and most over all worlds with 5 epochs or more", method_table(rows)),
        ("### Relative bias in percent", bias_table(rows)),
        ("### Nested designs: relative bias of the incoherence in percent", nested_table(rows)),
        ("### KL: relative bias of the variance in percent", kl_table(kl)),
    ]
    write_section("calibration", "\n\n".join(f"{title}\n\n" + "\n".join(lines) for title, lines in sections))


def run_world(world: World, quick: bool, seed: int) -> list[dict[str, object]]:
    """All cells of a world, printed as they come."""
    rows: list[dict[str, object]] = []
    for questions in QUESTIONS:
        for epochs in EPOCHS:
            worlds = 100 if quick else COUNTS[questions] // (2 if world.name.startswith("tests") else 1)
            start = time.perf_counter()
            tally = study_cell(world, questions, epochs, worlds, METHODS, seed)
            rows += [row(tally, questions, epochs, worlds, method) for method in METHODS]
            line = rows[-len(METHODS)]
            print(
                f"{time.perf_counter() - start:5.0f} s  {world.name:14s} N={questions:<4d} R={epochs:<3d}"
                f"covers {line['coverage']} %  bias: error {line['bias_error']:+} variance "
                f"{line['bias_variance']:+} incoherence {line['bias_incoherence']:+} corrected "
                f"{line['bias_corrected']:+} % ± {line['se_corrected']}",
                flush=True,
            )
    return rows


def main() -> int:
    """Run the study."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    names = [world.name for world in WORLDS]
    parser.add_argument("--quick", action="store_true", help="one hundred worlds a cell, nothing written")
    parser.add_argument("--tables", action="store_true", help="no study, the tables from the stored figures")
    parser.add_argument("--world", action="append", choices=names, help="only this world, may be repeated")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    rows: list[dict[str, object]] = []
    for number, world in enumerate(WORLDS):
        if options.tables or (options.world and world.name not in options.world):
            continue
        fresh = run_world(world, options.quick, options.seed + number)
        # Read again: another process may have stored other worlds in the meantime.
        rows = rows if options.quick else stored("calibration.csv")
        rows = [line for line in rows if line["world"] != world.name] + fresh
        if not options.quick:
            store("calibration.csv", sorted(rows, key=lambda line: names.index(str(line["world"]))))
    if options.tables:
        rows, kl = stored("calibration.csv"), stored("calibration_kl.csv")
    else:
        kl = kl_bias(2_000 if options.quick else 40_000, options.seed)
        print(*kl_table(kl), sep="\n")
        if not options.quick:
            store("calibration_kl.csv", kl)
    if {line["world"] for line in rows} != set(names):
        return 0
    if not options.quick:
        write_page(rows, kl)
    missed = failures(rows, kl)
    print(f"{len(missed)} targets missed", *missed, sep="\n")
    return 1 if missed and not options.quick else 0


if __name__ == "__main__":
    sys.exit(main())
