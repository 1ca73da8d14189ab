"""Permutation of very many questions: sums over units of questions whose epochs are permuted together.

Under the hypothesis that outcomes have nothing to do with lengths, one order that is applied to all questions of a
unit is as likely as any other. So the orders of units are a test as exact as those of single questions; and the sums
of squared losses over a unit follow, for any order, from one matrix of the inner products of its epochs.
"""

import numpy as np

from hotmess_inspect.analyses._halves import Border
from hotmess_inspect.arrays import BoolArray, FloatArray, IntArray
from hotmess_inspect.inference.permutation import Pool, Sizes

UNITS = 200
"""Units that very many questions are put in."""
WIDEST_TIED = 16
"""Most epochs of a question for which ties are averaged over units."""
# Orders of each unit, the observed one among them.
_ORDERS = 64


def unit_terms(
    predictions: FloatArray,
    sizes: Sizes,
    tied: BoolArray,
    lengths: FloatArray,
    rng: np.random.Generator,
    *,
    unbiased: bool,
    target: IntArray | None = None,
) -> tuple[FloatArray, Pool]:
    """Variance and error of either half in random orders of units of questions.

    A unit holds questions with the same numbers of epochs in either half, put together by chance.

    Args:
        predictions: Epochs from short to long, shape (questions, epochs, classes).
        sizes: How each question divides.
        tied: Questions whose halves part epochs of equal length, shape (questions,).
        lengths: Of the epochs, shape (questions, epochs).
        rng: Source of randomness.
        unbiased: Whether the variance is the unbiased one.
        target: Right class, shape (questions,); None where the predictions are deviations from it.

    Returns:
        Sums over the questions of each unit, shape (units, orders, 4), the observed order first: variance and error
        of the shorter half, then of the longer one. And the pool that they belong to.
    """
    # In the order of the three numbers, as one number: rows take longer to sort.
    span = int(sizes.known.max(initial=0)) + 1
    _, some, which = np.unique(
        (sizes.known * span + sizes.below) * span + sizes.above, return_index=True, return_inverse=True
    )
    kinds = np.stack([sizes.known, sizes.below, sizes.above], axis=1)[some]
    shuffled = rng.permutation(len(which))
    of_kind = which[shuffled]
    found = []
    for kind, (known, below, above) in enumerate(kinds.tolist()):
        members = shuffled[of_kind == kind]
        halves = ((0, below), (known - above, above))
        units = max(1, round(UNITS * len(members) / len(which)))
        for rows in np.array_split(members, units):
            orders = np.tile(np.arange(known), (_ORDERS, 1))
            orders[1:] = rng.permuted(orders[1:], axis=1)
            free, own = rows[~tied[rows]], rows[tied[rows]]
            products = _products(_deviations(predictions, target, free, known))
            apart = _deviations(predictions, target, own, known)
            far = lengths[own, :known]
            parts = [
                _sums(products, orders, first, size)
                + _tied_sums(apart, Border.of(far, np.ones_like(far, bool), longer=first > 0), orders)
                for first, size in halves
            ]
            found.append(
                np.concatenate(
                    [_terms(part, size, unbiased) for part, (_, size) in zip(parts, halves, strict=True)], 1
                )
            )
    terms = np.stack(found)
    return terms, Pool(
        np.zeros((len(terms), 0, 0), dtype=np.int64), np.full(len(terms), _ORDERS), exhaustive=False
    )


def _deviations(predictions: FloatArray, target: IntArray | None, rows: IntArray, known: int) -> FloatArray:
    """Predictions of some questions less their target, shape (rows, known, classes)."""
    found = predictions[rows, :known]
    if target is not None:
        found[np.arange(len(rows)), :, target[rows]] -= 1.0
    return found


def _products(deviations: FloatArray) -> FloatArray:
    """Inner products of epochs, summed over questions, shape (epochs, epochs)."""
    epochs = deviations.shape[1]
    flat = np.ascontiguousarray(deviations.transpose(1, 0, 2)).reshape(epochs, -1)
    return flat @ flat.T


def _sums(products: FloatArray, orders: IntArray, first: int, size: int) -> FloatArray:
    """Σ‖f_r - y‖² and ‖Σ(f_r - y)‖² over the epochs of a half, summed over questions, shape (2, orders)."""
    epochs = orders[:, first : first + size]
    squares = products.diagonal()[epochs].sum(axis=1)
    return np.stack([squares, products[epochs[:, :, None], epochs[:, None, :]].sum(axis=(1, 2))])


def _tied_sums(deviations: FloatArray, border: Border, orders: IntArray) -> FloatArray:
    """The same as means over all choices among epochs of equal length at the border of the half, shape (2, orders)."""
    questions, known, _ = deviations.shape
    if not questions:
        return np.zeros((2, len(orders)))
    together = border.together.reshape(questions, -1)
    products = (deviations @ deviations.transpose(0, 2, 1)).reshape(questions, -1)
    # How often two places are in the half, times the product of the epochs that an order puts there.
    weighed = together.T @ products
    pairs = (orders[:, :, None] * known + orders[:, None, :]).reshape(len(orders), -1)
    found = weighed[np.arange(known * known), pairs]
    same = np.arange(known) * (known + 1)
    return np.stack([found[:, same].sum(axis=1), found.sum(axis=1)])


def _terms(sums: FloatArray, size: int, unbiased: bool) -> FloatArray:
    """Variance and error from the sums of a half of so many epochs, shape (orders, 2)."""
    squares, whole = sums
    spread = squares - whole / size
    return np.stack([spread / (size - 1 if unbiased else size), squares / size], axis=1)
