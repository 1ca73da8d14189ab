"""Ten million rows through three losses, against plain Python loops and mlxtend.

    python benchmarks/decomposition.py [--rows 10000000]

CPU seconds of one process; the peers run on a part of the same data, and the ratios are per row.
Peers: pip install mlxtend scikit-learn.
"""

import argparse
import math
import time
from collections.abc import Callable

import numpy as np

from hotmess_inspect.decomposition import SufficientStatistics

# As many as in the paper.
EPOCHS = 30
CLASSES = 4


def cpu_seconds(call: Callable[[], object], repeats: int = 3) -> float:
    """Least CPU time of some runs."""
    best = math.inf
    for _ in range(repeats):
        start = time.process_time()
        call()
        best = min(best, time.process_time() - start)
    return best


def three_losses(predictions: np.ndarray, target: np.ndarray) -> list[np.ndarray]:
    """KL, Brier and zero-one terms, from one pass over the predictions."""
    sums = SufficientStatistics.from_predictions(predictions, target)
    parts = (
        sums.decomposition("kl"),
        sums.decomposition("brier", "unbiased"),
        sums.decomposition("zero_one"),
    )
    return [part.variance for part in parts]


def loops(predictions: list, target: list) -> list[list[float]]:
    """The same three variances by the textbook, in plain Python."""
    found: list[list[float]] = [[], [], []]
    for rows, y in zip(predictions, target, strict=True):
        n, classes = len(rows), range(len(rows[0]))
        smooth = [[(v + 1e-12) / (1 + len(row) * 1e-12) for v in row] for row in rows]
        g = [math.exp(sum(math.log(row[c]) for row in smooth) / n) for c in classes]
        total = sum(g)
        g = [v / total for v in g]
        found[0].append(sum(g[c] * math.log(g[c] / row[c]) for row in smooth for c in classes) / n)
        mean = [sum(row[c] for row in rows) / n for c in classes]
        found[1].append(sum((row[c] - mean[c]) ** 2 for row in rows for c in classes) / (n - 1))
        votes = [0] * len(rows[0])
        for row in rows:
            votes[max(classes, key=row.__getitem__)] += 1
        bias = 0 if votes[y] == max(votes) else 1
        found[2].append(1 - votes[y] / n - bias)
    return found


class Replay:
    """A classifier that answers what was recorded: its r-th fit gives the r-th epoch."""

    def __init__(self, labels: np.ndarray):
        """Labels of shape (questions, epochs)."""
        self.labels, self.epoch = labels, -1

    def fit(self, *_: object) -> "Replay":
        """Move on to the next epoch."""
        self.epoch += 1
        return self

    def predict(self, _: object) -> np.ndarray:
        """Answers of this epoch."""
        return self.labels[:, self.epoch]


def mlxtend_zero_one(labels: np.ndarray, target: np.ndarray) -> tuple[float, float, float]:
    """Mean error, bias and variance by mlxtend."""
    from mlxtend.evaluate import bias_variance_decomp

    blank = np.zeros((len(target), 1))
    return bias_variance_decomp(
        Replay(labels),
        blank,
        target,
        blank,
        target,
        loss="0-1_loss",
        num_rounds=labels.shape[1],
        random_seed=0,
    )


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rows", type=int, default=10_000_000)
    rows = parser.parse_args().rows
    rng = np.random.default_rng(0)
    questions = max(rows // EPOCHS, 400)
    target = rng.integers(0, CLASSES, questions)
    soft = rng.standard_exponential((questions, EPOCHS, CLASSES))
    soft /= soft.sum(axis=2, keepdims=True)
    hard = np.eye(CLASSES)[soft.argmax(axis=2)]
    print(
        f"{questions * EPOCHS:,} rows × {CLASSES} classes, three losses, CPU seconds (targets: 1 s, 60×, 9×)"
    )
    for name, data in (("stated probabilities", soft), ("letters, one-hot", hard)):
        ours = cpu_seconds(lambda data=data: three_losses(data, target))
        part = slice(0, 4000)
        lists, gold = data[part].tolist(), target[part].tolist()
        theirs = cpu_seconds(lambda lists=lists, gold=gold: loops(lists, gold), 1) * questions / 4000
        for one, other in zip(three_losses(data[part], target[part]), loops(lists, gold), strict=True):
            np.testing.assert_allclose(one, other, atol=1e-9)
        print(f"{name:22s} ours {ours:6.2f} s   Python loops {theirs:7.1f} s   {theirs / ours:5.0f}×")
    labels = hard.argmax(axis=2)
    ours = cpu_seconds(
        lambda: SufficientStatistics.from_predictions(hard, target, losses=("zero_one",)).decomposition(
            "zero_one"
        )
    )
    theirs = cpu_seconds(lambda: mlxtend_zero_one(labels, target), 1)
    found = SufficientStatistics.from_predictions(hard, target, losses=("zero_one",)).decomposition(
        "zero_one"
    )
    error = mlxtend_zero_one(labels, target)[0]
    np.testing.assert_allclose(found.error.mean(), error, atol=1e-12)
    print(f"{'zero-one alone':22s} ours {ours:6.2f} s   mlxtend      {theirs:7.1f} s   {theirs / ours:5.1f}×")


if __name__ == "__main__":
    main()
