"""What the metric and the scorer cost inside an evaluation.

Run: ``python benchmarks/overhead.py``. Three measurements in one process:

* the metric alone: microseconds per epoch for each kind of prediction (target: at most 1 for answers);
* a whole evaluation on ``hotmess/simulated`` with `choice()`, against the same with the metric, with
  scorer and metric in its place (target: at most 1.03), and with ``hotmess/repeat`` as a second scorer
  (what Inspect itself asks for any second scorer included), taking turns; ratios of CPU times;
* ``--share``: one evaluation as `hotmess/suite` runs it, with clocks around our metric and around what we do
  to each score: our share of the CPU time of everything else (target: at most 0.03). Two runs need not be
  compared, so that this holds for 5,000 questions x 10 epochs on a busy machine too:
  ``python benchmarks/overhead.py --share --questions 5000``.
"""

import argparse
import contextlib
import functools
import os
import random
import statistics
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from inspect_ai import Task, eval
from inspect_ai.dataset import Sample
from inspect_ai.scorer import SampleScore, Score, accuracy, choice, stderr
from inspect_ai.solver import multiple_choice

from hotmess_inspect.plugin.incoherence import incoherence
from hotmess_inspect.plugin.repeat import repeat
from hotmess_inspect.plugin.suite_scorers import described
from hotmess_inspect.schema import epoch_metadata


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


def without_us() -> dict[str, Any]:
    return {"scorer": choice(), "metrics": [accuracy(), stderr()]}


def with_metric() -> dict[str, Any]:
    return {"scorer": choice(), "metrics": [accuracy(), stderr(), incoherence()]}


def with_both() -> dict[str, Any]:
    return {"scorer": repeat(scorer=choice())}


def with_suite() -> dict[str, Any]:
    return {"scorer": described(choice(), incoherence())}


def with_second_scorer() -> dict[str, Any]:
    return {"scorer": [choice(), repeat()]}


ARMS: dict[str, Callable[[], dict[str, Any]]] = {
    "metric on their scorer": with_metric,
    "scorer around theirs, with metric": with_both,
    "their scorer described, as hotmess/suite": with_suite,
    "second scorer beside theirs, with metric": with_second_scorer,
}


def evaluation(questions: int, epochs: int, arm: Callable[[], dict[str, Any]]) -> float:
    """CPU seconds of one evaluation, with the live display's metrics as they are in `inspect eval`."""
    samples = [
        Sample(id=f"question-{i}", input=f"question {i}", choices=["w", "x", "y", "z"], target="A")
        for i in range(questions)
    ]
    task = Task(dataset=samples, solver=multiple_choice(), epochs=epochs, **arm())
    with (
        tempfile.TemporaryDirectory() as folder,
        Path(os.devnull).open("w") as nowhere,
        contextlib.redirect_stdout(nowhere),
    ):
        start = sum(os.times()[:4])
        log = eval(task, model="hotmess/simulated", log_dir=folder, display="plain", score_display=True)[0]
        spent = sum(os.times()[:4]) - start
    if log.status != "success":
        raise RuntimeError(f"evaluation ended with status {log.status}: {log.error}")
    return spent


def whole_evaluation(questions: int, epochs: int, repeats: int) -> None:
    """Rounds of all arms, so that each meets the same machine."""
    evaluation(20, 2, with_both)
    rounds = [
        [evaluation(questions, epochs, arm) for arm in (without_us, *ARMS.values())] for _ in range(repeats)
    ]
    alone = statistics.median(seconds[0] for seconds in rounds)
    print(f"an evaluation of {questions:,} x {epochs}: {alone:.1f} s CPU without us (median of {repeats})")
    for i, name in enumerate(ARMS, start=1):
        ratios = sorted(seconds[i] / seconds[0] for seconds in rounds)
        print(f"  {name:<42} {statistics.median(ratios):.3f} times ({ratios[0]:.3f} to {ratios[-1]:.3f})")


class Clock:
    """CPU time of the thread inside some functions."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self.calls = 0

    def around(self, call: Callable[..., Any]) -> Callable[..., Any]:
        """The same function, with its time added up."""

        @functools.wraps(call)
        def timed(*positional: Any, **named: Any) -> Any:
            start = time.thread_time()
            try:
                return call(*positional, **named)
            finally:
                self.seconds += time.thread_time() - start
                self.calls += 1

        return timed


def share_of_one_run(questions: int, epochs: int) -> None:
    """Our CPU time in one evaluation, against all of its other CPU time."""
    from hotmess_inspect.plugin import suite_scorers as scorers

    metric, each_score = Clock(), Clock()

    def timed_suite() -> dict[str, Any]:
        # The registry's information, by which Inspect knows a metric, is carried along.
        return {"scorer": described(choice(), metric.around(incoherence()))}

    evaluation(20, 2, with_suite)
    describe = scorers._with_description
    scorers._with_description = each_score.around(describe)  # type: ignore[assignment]
    try:
        total = evaluation(questions, epochs, timed_suite)
    finally:
        scorers._with_description = describe  # type: ignore[assignment]
    ours = metric.seconds + each_score.seconds
    print(
        f"one evaluation of {questions:,} x {epochs} as hotmess/suite: {total:.1f} s CPU, of these {metric.seconds:.2f} s "
        f"in the metric ({metric.calls} calls) and {each_score.seconds:.2f} s on the scores: "
        f"{ours / (total - ours):.4f} of the rest"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--questions", type=int, default=500)
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--metric-only", action="store_true")
    parser.add_argument("--share", action="store_true", help="only our share of one evaluation")
    arguments = parser.parse_args()
    if arguments.share:
        share_of_one_run(arguments.questions, arguments.epochs)
        return
    metric_alone(10 * arguments.questions, arguments.epochs)
    if not arguments.metric_only:
        whole_evaluation(arguments.questions, arguments.epochs, arguments.repeats)


if __name__ == "__main__":
    main()
