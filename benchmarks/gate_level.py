"""How often `hotmess gate` reports harm between two runs that answer alike, and whether the power that it prints is had.

Null replays: the epochs of each question of a table of real answers are dealt anew into two runs. Power: simulated pass/fail
runs whose second one is worse by the margin.

    python benchmarks/gate_level.py TABLE... --replays 1000 --seed 0
"""

import argparse
import tempfile
import time
from collections import Counter

import numpy as np

from hotmess_inspect.io.logs import read_inputs
from hotmess_inspect.results.analyze import Options, analyze
from hotmess_inspect.results.compare import Contender
from hotmess_inspect.results.gate import gate
from hotmess_inspect.table import Outcomes, outcomes_from_arrays

ON = ("accuracy", "error", "variance")


def contenders(outcomes: Outcomes) -> list[Contender]:
    """Groups under Brier or squared loss."""
    results, _ = analyze(outcomes, Options(resamples=1))
    return [
        Contender(r.group.model or "", r) for r in results if r.decomposition.loss in ("brier", "squared")
    ]


def dealt(outcomes: Outcomes, rng: np.random.Generator) -> tuple[Outcomes, Outcomes]:
    """Two runs of the same epochs: each question's dealt at random, one half to each."""
    keys = outcomes.task.codes.astype(np.int64) * (1 << 40) + outcomes.question.codes
    order = np.lexsort((rng.random(len(keys)), keys))
    new = np.diff(keys[order], prepend=-1) != 0
    place = np.arange(len(keys)) - np.maximum.accumulate(np.where(new, np.arange(len(keys)), 0))
    first = np.zeros(len(keys), bool)
    first[order] = place % 2 == 0
    return outcomes.take(first), outcomes.take(~first)


def simulated_log(folder: str, questions: int = 100, epochs: int = 8) -> str:
    """A log of multiple choice answered by the simulated model."""
    from inspect_ai import Task, eval
    from inspect_ai.dataset import MemoryDataset, Sample
    from inspect_ai.scorer import choice
    from inspect_ai.solver import multiple_choice

    samples = [
        Sample(
            id=f"q{i}", input=f"Which is {i}?", choices=["one", "two", "three", "four"], target="ABCD"[i % 4]
        )
        for i in range(questions)
    ]
    task = Task(dataset=MemoryDataset(samples), solver=multiple_choice(), scorer=choice(), epochs=epochs)
    return eval(task, model="hotmess/simulated", log_dir=folder, display="none")[0].location


def null(table: str, replays: int, seed: int, start: int = 0) -> None:
    """Rate of harm between dealt halves, printed as it grows."""
    outcomes = read_inputs([table]).outcomes
    decisions: Counter[str] = Counter()
    clock = time.process_time()
    for replay in range(start, start + replays):
        one, two = dealt(outcomes, np.random.default_rng([seed, replay]))
        decisions[gate(contenders(one), contenders(two), ON, 0.05).decision] += 1
        done = replay + 1 - start
        if done % 250 == 0 or done == replays:
            rate, spent = decisions["harm"] / done, (time.process_time() - clock) / done
            print(
                f"{table}: harm in {rate:.4f} of {done} null replays from {start} (at most .05); {dict(decisions)}; "
                f"{spent:.2f} s each",
                flush=True,
            )


def power(questions: int, epochs: int, margin: float, worlds: int, seed: int) -> None:
    """Printed against simulated chance of finding a harm as large as the margin, for accuracy alone."""
    printed, found = [], 0
    for world in range(worlds):
        rng = np.random.default_rng([seed, 1, world])
        rates = rng.beta(2.0, 1.0, questions)
        worse = np.clip(rates - margin / rates.mean() * rates, 0, 1)
        runs = []
        for p in (worse, rates):
            right = rng.random((questions, epochs)) < p[:, None]
            ids = [f"q{q}" for q in range(questions) for _ in range(epochs)]
            runs.append(outcomes_from_arrays(ids, score=right.ravel().astype(float), model="m"))
        decided = gate(contenders(runs[0]), contenders(runs[1]), ("accuracy",), margin)
        (check,) = decided.checks
        printed.append(check.power)
        found += check.decision == "harm"
    print(
        f"{questions} x {epochs}, harm {margin}: printed power {np.nanmean(printed):.3f}, found in {found / worlds:.3f} "
        f"of {worlds} worlds"
    )


def main() -> None:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("tables", nargs="*")
    parser.add_argument("--replays", type=int, default=1000)
    parser.add_argument("--start", type=int, default=0, help="number of the first replay")
    parser.add_argument("--simulated", action="store_true", help="replay a log of the simulated model, too")
    parser.add_argument("--worlds", type=int, default=400)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    for table in options.tables:
        null(table, options.replays, options.seed, options.start)
    if options.simulated:
        with tempfile.TemporaryDirectory() as folder:
            null(simulated_log(folder), options.replays, options.seed, options.start)
    for questions, epochs, margin in (
        ((100, 5, 0.05), (200, 5, 0.05), (400, 3, 0.03)) if options.worlds else ()
    ):
        power(questions, epochs, margin, options.worlds, options.seed)


if __name__ == "__main__":
    main()
