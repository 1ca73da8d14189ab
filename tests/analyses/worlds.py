"""Answers with known or unknown causes, for the tests of this folder."""

import numpy as np


def letters(rng, questions=20, epochs=8, classes=4, missing=0.0):
    """One-hot answers from a Dirichlet pool per question, and their targets."""
    pools = rng.dirichlet(np.ones(classes), questions)
    drawn = (rng.random((questions, epochs, 1)) > np.cumsum(pools, axis=1)[:, None, :-1]).sum(axis=2)
    predictions = np.eye(classes)[drawn]
    predictions[rng.random((questions, epochs)) < missing] = np.nan
    return predictions, rng.integers(0, classes, questions)


def shuffled(rng, predictions, *per_epoch):
    """The same questions and epochs in another order: arrays, then the order of the questions."""
    questions, epochs = predictions.shape[:2]
    rows = rng.permutation(questions)
    columns = np.argsort(rng.random((questions, epochs)), axis=1)
    place = (rows[:, None], columns)
    return [values[place] for values in (predictions, *per_epoch)], rows
