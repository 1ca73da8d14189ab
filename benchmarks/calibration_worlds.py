"""Worlds of known truth: questions drawn from a population whose incoherence is known exactly.

Every world draws questions, and epochs of them, and states the true error and variance of each question
it drew; the incoherence of the population, which an interval should cover, is a closed form.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]

TESTS = 40
# Contexts × repeats that make up the epochs of the nested world.
CONTEXTS = {3: 3, 5: 5, 10: 5, 30: 10}


@dataclass(frozen=True)
class Draw:
    """Predictions of some questions and what is true of them.

    Attributes:
        predictions: Shape (questions, epochs, classes or dims).
        target: As `decompose` takes it.
        error: True error per question, shape (questions,).
        variance: True variance per question, shape (questions,).
    """

    predictions: FloatArray
    target: NDArray[np.int64] | float
    error: FloatArray
    variance: FloatArray


@dataclass(frozen=True)
class World:
    """A population of questions.

    Attributes:
        name: Shown in the table.
        text: One line about it.
        loss: Loss it is measured in.
        draw: (rng, questions, epochs) to a Draw.
        error: Mean true error of the population.
        variance: Mean true variance of the population.
    """

    name: str
    text: str
    loss: str
    draw: Callable[[np.random.Generator, int, int], Draw]
    error: float
    variance: float
    nested: bool = False

    @property
    def incoherence(self) -> float:
        """True incoherence of the population."""
        return self.variance / self.error


def one_hot(rng: np.random.Generator, p: FloatArray, epochs: int) -> FloatArray:
    """Letters drawn from p of shape (questions, classes) or (questions, epochs, classes)."""
    p = p if p.ndim == 3 else p[:, None, :]
    uniform = rng.random((len(p), epochs, 1))
    letter = (uniform > p.cumsum(axis=2)[:, :, :-1]).sum(axis=2)
    return np.eye(p.shape[2])[letter]


def pool(name: str, text: str, alpha: tuple[float, ...]) -> World:
    """Letters from a distribution of each question's own, p ~ Dirichlet(α), right answer first.

    True error 2(1 - p_y), true variance 1 - Σp².
    """
    a = np.array(alpha)
    total = a.sum()
    square = (a * (a + 1)).sum() / (total * (total + 1))

    def draw(rng: np.random.Generator, questions: int, epochs: int) -> Draw:
        p = rng.dirichlet(a, size=questions)
        target = np.zeros(questions, np.int64)
        return Draw(one_hot(rng, p, epochs), target, 2 * (1 - p[:, 0]), 1 - np.square(p).sum(axis=1))

    return World(name, text, "brier", draw, 2 * (1 - a[0] / total), 1 - square)


def probability_vectors(concentration: float = 4.0) -> World:
    """Stated probabilities, f ~ Dirichlet(c·p) about p ~ Dirichlet(.6, .3, .3, .3).

    True variance (1 - Σp²)/(c + 1), true bias² ‖p - y‖².
    """
    a = np.array([0.6, 0.3, 0.3, 0.3])
    total = a.sum()
    square = (a * (a + 1)).sum() / (total * (total + 1))
    variance = (1 - square) / (concentration + 1)

    def draw(rng: np.random.Generator, questions: int, epochs: int) -> Draw:
        p = np.maximum(rng.dirichlet(a, size=questions), 1e-9)
        p /= p.sum(axis=1, keepdims=True)
        shape = np.broadcast_to(concentration * p[:, None, :], (questions, epochs, 4))
        f = rng.standard_gamma(shape)
        f /= f.sum(axis=2, keepdims=True)
        own = (1 - np.square(p).sum(axis=1)) / (concentration + 1)
        bias = np.square(p - np.eye(4)[0]).sum(axis=1)
        return Draw(f, np.zeros(questions, np.int64), own + bias, own)

    text = "stated probabilities, Dirichlet(4p) about the question's own p"
    return World("probabilities", text, "brier", draw, variance + square - 2 * a[0] / total + 1, variance)


def unit_tests(name: str, text: str, a: float, b: float, kappa: float = 3.0, shared: float = 0.5) -> World:
    """Outcomes of 3 to 40 tests per question, correlated within a question and within an epoch.

    A question's level is Beta(a, b), the pass rates of its tests Beta about it with concentration κ; in
    an epoch each test follows, with probability `shared`, a draw common to the epoch. True error
    mean(1 - π), true variance mean π(1 - π).
    """

    def draw(rng: np.random.Generator, questions: int, epochs: int) -> Draw:
        count = rng.integers(3, TESTS + 1, questions)
        exists = np.arange(TESTS) < count[:, None]
        level = np.clip(rng.beta(a, b, (questions, 1)), 1e-9, 1 - 1e-9)
        rate = rng.beta(kappa * level, kappa * (1 - level), (questions, TESTS))
        # One uniform number decides whether a test follows the epoch and, if not, its own outcome.
        own = rng.random((questions, epochs, TESTS), dtype=np.float32)
        common = rng.random((questions, epochs, 1), dtype=np.float32)
        value = np.where(own < shared, common, (own - np.float32(shared)) / np.float32(1 - shared))
        passed = (value < rate[:, None, :]).astype(np.float64)
        passed[np.broadcast_to(~exists[:, None, :], passed.shape)] = np.nan
        error = ((1 - rate) * exists).sum(axis=1) / count
        return Draw(passed, 1.0, error, (rate * (1 - rate) * exists).sum(axis=1) / count)

    variance = kappa / (kappa + 1) * a * b / ((a + b) * (a + b + 1))
    return World(name, text, "squared", draw, b / (a + b), variance)


def points() -> World:
    """Points in four dimensions; the spread and the offset of each question vary by an order of magnitude.

    Variance ~ Gamma(2, 1/2), mean 1; bias² = Gamma(1/2, 2) times χ²₄/4, mean 1.
    """

    def draw(rng: np.random.Generator, questions: int, epochs: int) -> Draw:
        variance = rng.gamma(2.0, 0.5, questions)
        offset = rng.standard_normal((questions, 4)) * np.sqrt(rng.gamma(0.5, 2.0, (questions, 1)))
        x = rng.standard_normal((questions, epochs, 4)) * np.sqrt(variance)[:, None, None] + offset[:, None]
        return Draw(x, 0.0, variance + np.square(offset).mean(axis=1), variance)

    return World("points", "points in 4 dimensions, skewed spread and offset", "squared", draw, 2.0, 1.0)


def nested_contexts(concentration: float = 2.0) -> World:
    """Letters whose distribution changes with the few-shot context, p_k ~ Dirichlet(c·p).

    Epochs of one context share p_k. True terms are those of an epoch in a fresh context, as in `pool`.
    """
    a = np.array([0.6, 0.3, 0.3, 0.3])
    flat = pool("", "", (0.6, 0.3, 0.3, 0.3))

    def draw(rng: np.random.Generator, questions: int, epochs: int) -> Draw:
        p = np.maximum(rng.dirichlet(a, size=questions), 1e-9)
        p /= p.sum(axis=1, keepdims=True)
        contexts = CONTEXTS[epochs]
        gamma = rng.standard_gamma(np.broadcast_to(concentration * p[:, None, :], (questions, contexts, 4)))
        in_context = gamma / gamma.sum(axis=2, keepdims=True)
        letters = one_hot(rng, np.repeat(in_context, epochs // contexts, axis=1), epochs)
        return Draw(letters, np.zeros(questions, np.int64), 2 * (1 - p[:, 0]), 1 - np.square(p).sum(axis=1))

    text = "letters, epochs in 3 × 1, 5 × 1, 5 × 2 or 10 × 3 contexts × repeats"
    return World("contexts", text, "brier", draw, flat.error, flat.variance, nested=True)


WORLDS = [
    pool("letters", "letters, accuracy 40 %", (0.6, 0.3, 0.3, 0.3)),
    pool("letters, easy", "letters, accuracy 85 %", (1.7, 0.1, 0.1, 0.1)),
    probability_vectors(),
    unit_tests("tests", "3–40 correlated unit tests, pass rate 60 %", 0.6, 0.4),
    unit_tests("tests, easy", "3–40 correlated unit tests, pass rate 90 %", 0.9, 0.1),
    points(),
    nested_contexts(),
]
