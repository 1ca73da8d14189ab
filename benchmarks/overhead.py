"""What the metric and the scorer cost inside an evaluation.

Run: ``python benchmarks/overhead.py``. Two measurements in one process:

* the metric alone: microseconds per epoch for each kind of prediction (target: at most 1 for answers);
* a whole evaluation on ``hotmess/simulated`` with `choice()`, against the same with
  ``hotmess/repeat`` and its metric besides, taking turns; the ratio of CPU times (target: at most 1.03).
"""

import argparse
import os
import random
import statistics
import tempfile
import time
from collections.abc import Callable
from functools import partial
from typing import Any

from inspect_ai import Task, eval
from inspect_ai.dataset import Sample
from inspect_ai.scorer import SampleScore, Score, accuracy, choice, stderr
from inspect_ai.solver import multiple_choice

from hotmess_inspect.scoring.incoherence import incoherence
from hotmess_inspect.scoring.metadata import epoch_metadata
from hotmess_inspect.scoring.repeat import repeat


def answer_score(rng: random.Random, epoch: int) -> Score:
    letter = rng.choice("AABCD")
    metadata = epoch_metadata(kind="answer", epoch=epoch, answer=letter, target="A", classes=4)
    return Score(value="C" if letter == "A" else "I", answer=letter, metadata=metadata)


def verdict_score(rng: random.Random, epoch: int) -> Score:
    return Score(value=rng.choice("CI"))


def probability_score(rng: random.Random, epoch: int) -> Score:
    weights = [rng.random() for _ in range(4)]
    shares = [weight / sum(weights) for weight in weights]
    return Score(
        value=0.0,
        metadata=epoch_metadata(
            kind="probabilities", epoch=epoch, probabilities=shares, target="A", classes=4
        ),
    )


def tests_score(rng: random.Random, epoch: int) -> Score:
    outcomes = [rng.random() < 0.8 for _ in range(60)]
    return Score(
        value=0.0, metadata=epoch_metadata(kind="tests", epoch=epoch, f2p=outcomes[:4], p2p=outcomes[4:])
    )


def metric_alone(questions: int, epochs: int) -> None:
    kinds: dict[str, Callable[[random.Random, int], Score]] = {
        "verdicts": verdict_score,
        "answers": answer_score,
        "probabilities": probability_score,
        "60 unit tests": tests_score,
    }
    print(f"the metric on {questions:,} questions x {epochs} epochs (median of 5)")
    for name, make in kinds.items():
        rng = random.Random(0)
        rows = [
            SampleScore(sample_id=f"question-{q}", score=make(rng, epoch))
            for epoch in range(1, epochs + 1)
            for q in range(questions)
        ]
        metric: Any = incoherence()
        seconds = median_cpu(partial(metric, rows))
        print(f"  {name:<14} {seconds / len(rows) * 1e6:5.2f} us per epoch")


def median_cpu(call: Callable[[], object], repeats: int = 5) -> float:
    seconds = []
    for _ in range(repeats):
        start = time.process_time()
        call()
        seconds.append(time.process_time() - start)
    return statistics.median(seconds)


def evaluation(questions: int, epochs: int, ours: bool) -> float:
    """CPU seconds of one evaluation, with the live display's metrics as they are in `inspect eval`."""
    samples = [
        Sample(id=f"question-{i}", input=f"question {i}", choices=["w", "x", "y", "z"], target="A")
        for i in range(questions)
    ]
    task = Task(
        dataset=samples,
        solver=multiple_choice(),
        scorer=[choice(), repeat()] if ours else choice(),
        metrics=None if ours else [accuracy(), stderr()],
        epochs=epochs,
    )
    with tempfile.TemporaryDirectory() as folder:
        start = sum(os.times()[:4])
        log = eval(task, model="hotmess/simulated", log_dir=folder, display="plain", score_display=True)[0]
        spent = sum(os.times()[:4]) - start
    if log.status != "success":
        raise RuntimeError(f"evaluation ended with status {log.status}: {log.error}")
    return spent


def whole_evaluation(questions: int, epochs: int, repeats: int) -> None:
    evaluation(20, 2, True)
    pairs = [
        (evaluation(questions, epochs, False), evaluation(questions, epochs, True)) for _ in range(repeats)
    ]
    without, ratio = statistics.median(a for a, _ in pairs), statistics.median(b / a for a, b in pairs)
    print(
        f"an evaluation of {questions:,} x {epochs}: {without:.1f} s CPU without us, {ratio:.3f} times with"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--questions", type=int, default=500)
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--metric-only", action="store_true")
    arguments = parser.parse_args()
    metric_alone(10 * arguments.questions, arguments.epochs)
    if not arguments.metric_only:
        whole_evaluation(arguments.questions, arguments.epochs, arguments.repeats)


if __name__ == "__main__":
    main()
