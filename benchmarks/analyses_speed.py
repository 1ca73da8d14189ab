"""What each analysis costs on a large run, as CPU seconds and against the obvious way in the same process.

    python benchmarks/analyses_speed.py

The obvious permutation test rearranges every question and decomposes everything again, once per
permutation; the obvious bootstrap of a slope draws questions, sorts and buckets them, once per replicate.
Both are timed on a few rounds and scaled up.
"""

import argparse
import time
from collections.abc import Callable

import numpy as np

from hotmess_inspect import decompose
from hotmess_inspect.analyses.answers import answer_changes, top_answers
from hotmess_inspect.analyses.ensembling import ensembling_curve
from hotmess_inspect.analyses.lengths import length_buckets
from hotmess_inspect.analyses.nulls import accuracy_matched_range, failure_shares
from hotmess_inspect.analyses.overthinking import overthinking
from hotmess_inspect.inference.power_laws import fit_power_law

ROUNDS = 5


def cpu(work: Callable[[], object]) -> float:
    """CPU seconds of a call."""
    start = time.process_time()
    work()
    return time.process_time() - start


def obvious_permutations(predictions: np.ndarray, target: np.ndarray, rounds: int) -> None:
    rng = np.random.default_rng(0)
    half = predictions.shape[1] // 2
    for _ in range(rounds):
        order = np.argsort(rng.random(predictions.shape[:2]), axis=1)
        mixed = predictions[np.arange(len(order))[:, None], order]
        _ = decompose(mixed[:, half:], target).incoherence - decompose(mixed[:, :half], target).incoherence


def obvious_slopes(predictions: np.ndarray, target: np.ndarray, lengths: np.ndarray, rounds: int) -> None:
    rng = np.random.default_rng(0)
    for _ in range(rounds):
        drawn = rng.integers(0, len(target), len(target))
        length = lengths[drawn].mean(axis=1)
        parts = np.array_split(drawn[np.argsort(length)], 5)
        ratios = [decompose(predictions[part], target[part]).incoherence for part in parts]
        fit_power_law([lengths[part].mean() for part in parts], ratios)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--questions", type=int, default=10_000)
    parser.add_argument("--epochs", type=int, default=30)
    options = parser.parse_args()
    rng = np.random.default_rng(0)
    questions, epochs = options.questions, options.epochs
    pools = rng.dirichlet(np.ones(4), questions)
    drawn = (rng.random((questions, epochs, 1)) > np.cumsum(pools, axis=1)[:, None, :-1]).sum(axis=2)
    predictions, target = np.eye(4)[drawn], np.zeros(questions, dtype=int)
    lengths = 1.0 + rng.poisson(20, (questions, epochs))
    contexts = np.broadcast_to(np.arange(epochs) % 10, (questions, epochs))

    print(f"{questions:,} questions × {epochs} epochs, 2,000 replicates, 999 permutations; CPU seconds")
    once = cpu(lambda: decompose(predictions, target))
    print(f"decompose alone             {once:6.3f}")
    slopes = cpu(lambda: obvious_slopes(predictions, target, lengths, ROUNDS)) * 2000 / ROUNDS
    mixing = cpu(lambda: obvious_permutations(predictions, target, ROUNDS)) * 999 / ROUNDS
    for name, work, obvious in [
        ("length_buckets", lambda: length_buckets(predictions, target, lengths), slopes),
        ("overthinking", lambda: overthinking(predictions, target, lengths), mixing),
        ("ensembling_curve", lambda: ensembling_curve(predictions, target), None),
        ("accuracy_matched_range", lambda: accuracy_matched_range(predictions, target), None),
        ("failure_shares", lambda: failure_shares(predictions, target), None),
        ("answer_changes", lambda: answer_changes(top_answers(predictions), contexts), None),
    ]:
        seconds = cpu(work)
        against = f"   the obvious way {obvious:7.0f}, {obvious / seconds:.0f}×" if obvious else ""
        print(f"{name:<27} {seconds:6.2f}{against}")


if __name__ == "__main__":
    main()
