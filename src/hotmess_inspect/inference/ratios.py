"""A ratio of sums, or a difference of two, as a smooth function of sums over questions."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations_with_replacement
from typing import Any, NamedTuple

import numpy as np

from hotmess_inspect.arrays import BoolArray, FloatArray, IntArray

FEWEST = 2.0 - 1e-9
"""Effective units that an interval needs; below by the rounding of sums of equal units."""


def effective_number(weights: FloatArray, clusters: IntArray | None = None) -> Any:
    """(Σw)²/Σw² along the first axis: how many equal weights are as uneven; 0 where all are 0.

    Args:
        weights: Not negative, shape (units, ...).
        clusters: Number of each unit's cluster, from 0: the sums over clusters are then the weights.
    """
    if clusters is not None:
        sums = np.zeros((int(clusters.max(initial=-1)) + 1, *weights.shape[1:]))
        np.add.at(sums, clusters, weights)
        weights = sums
    squares = np.square(weights).sum(axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(squares > 0, np.square(weights.sum(axis=0)) / squares, 0.0)


class Replicates(NamedTuple):
    """Bootstrap replicates of the estimate and, where products were resampled, of its standard error."""

    values: FloatArray
    errors: FloatArray


@dataclass(frozen=True, eq=False)
class RatioTable:
    """Numerators and denominators per unit (question or cluster), for many columns at once.

    Attributes:
        parts: Numerator and denominator, each of shape (units, columns); for a difference of two
            ratios those of the second follow.
        sizes: Questions in each unit, shape (units,); None where every unit is a question.
    """

    parts: Sequence[FloatArray]
    sizes: FloatArray | None = None

    @cached_property
    def estimate(self) -> FloatArray:
        """ΣV/ΣE, minus the second ratio where there is one; shape (columns,)."""
        return _estimate([part.sum(axis=0) for part in self.parts])

    @cached_property
    def residuals(self) -> FloatArray:
        """Linear influence of each unit, (v - θe)/ΣE, shape (units, columns); sums to 0."""
        gradient = _gradient([part.sum(axis=0) for part in self.parts])
        influence = np.zeros_like(self.parts[0])
        # Slopes are infinite in a column without any error; its values are NaN, as they should be.
        with np.errstate(invalid="ignore"):
            for slope, part in zip(gradient, self.parts, strict=True):
                influence += slope * part
        return influence

    @cached_property
    def standard_error(self) -> FloatArray:
        """Delta method: √(N/(N - 1) Σ residual²), shape (columns,); NaN of a single unit."""
        count = len(self.parts[0])
        if count < 2:
            return np.full(self.parts[0].shape[1], np.nan)
        error: FloatArray = np.sqrt(count / (count - 1) * np.square(self.residuals).sum(axis=0))
        return error

    @property
    def degrees_of_freedom(self) -> FloatArray:
        """Of Student's t, shape (columns,): N - 1 for N questions, G* - 1 for clusters.

        A few large clusters carry a sum whatever the number of small ones: G* = (Σn)²/Σn² counts clusters
        of n questions as so many equal ones (Carter, Schnepel and Steigerwald 2017).
        """
        units = float(len(self.parts[0]) if self.sizes is None else effective_number(self.sizes))
        return np.full(self.parts[0].shape[1], units - 1)

    @property
    def erring_degrees_of_freedom(self) -> FloatArray:
        """The same, by the clusters' denominators where those are more uneven than their questions."""
        if self.sizes is None:
            return self.degrees_of_freedom
        numbers = [effective_number(np.abs(bottom)) - 1 for bottom in self.parts[1::2]]
        fewest: FloatArray = np.min([self.degrees_of_freedom, *numbers], axis=0)
        return fewest

    @cached_property
    def jackknife_error(self) -> FloatArray:
        """√((N - 1)/N Σ(θ₋i - θ)²) over the estimates without each unit, shape (columns,)."""
        count = len(self.parts[0])
        with np.errstate(invalid="ignore"):  # without any denominator it is NaN
            squares = np.square(self.left_out() - self.estimate).sum(axis=0)
        error: FloatArray = np.sqrt((count - 1) / count * squares)
        return error

    @property
    def defined(self) -> BoolArray:
        """Columns whose ratios each rest on at least two units, shape (columns,).

        Counted by the effective number (ΣE)²/ΣE² of their denominators: a second unit that hardly errs
        says nothing about how units differ. Units of very unequal sizes count for fewer, too.
        """
        bottoms = self.parts[1::2]
        enough = [effective_number(np.abs(bottom)) >= FEWEST for bottom in bottoms]
        defined: BoolArray = np.all(enough, axis=0) & (self.degrees_of_freedom >= FEWEST - 1)
        return defined

    @property
    def spread(self) -> BoolArray:
        """Columns whose units differ at all, beyond rounding; shape (columns,).

        Where they do not, resampling them gives one point, which would claim to know what other
        questions would say. A difference may well be exact: a run does not differ from itself.
        """
        if len(self.parts) > 2:
            return np.ones(self.parts[0].shape[1], dtype=bool)
        gradient = _gradient([part.sum(axis=0) for part in self.parts])
        with np.errstate(invalid="ignore"):
            terms = [np.abs(slope * part) for slope, part in zip(gradient, self.parts, strict=True)]
            scale = np.sqrt(np.square(np.sum(terms, axis=0)).sum(axis=0))
            spread: BoolArray = self.standard_error > 1e-12 * scale
        return spread

    @property
    def student_share(self) -> FloatArray:
        """How far quantiles of a bootstrap of means go towards Student's, in [0, ½); 0 for ratios; (columns,).

        ½(1 - 2/G) with G = (Σu²)²/Σu⁴ units that carry the standard error. In a resample the mean of zeros and a few
        large values and its error go together as in the sample at hand, not as in others: where the mean is by luck
        high, the bootstrap draws the near end too near. With two or fewer such units its long far end stays.
        """
        bottom = self.parts[1]
        share = np.zeros(bottom.shape[1])
        if len(self.parts) == 2:
            squares, fourth = (np.power(self.residuals, k).sum(axis=0) for k in (2, 4))
            with np.errstate(invalid="ignore", divide="ignore"):
                halved = np.nan_to_num(np.clip(0.5 - fourth / np.square(squares), 0.0, 0.5))
            share = np.where(((bottom == 0) | (bottom == 1)).all(axis=0), halved, 0.0)
        return share

    def left_out(self) -> FloatArray:
        """The estimate without each unit, shape (units, columns)."""
        return _estimate([part.sum(axis=0) - part for part in self.parts])

    def without_pairs(self) -> FloatArray:
        """Mean of the estimate without each pair of units, shape (columns,)."""
        sums = [part.sum(axis=0) for part in self.parts]
        count = len(self.parts[0])
        total = np.zeros_like(self.estimate)
        for unit in range(1, count):
            pairs = [s - part[unit] - part[:unit] for s, part in zip(sums, self.parts, strict=True)]
            total += _estimate(pairs).sum(axis=0)
        return total / (count * (count - 1) / 2)

    def products(self) -> list[FloatArray]:
        """All products of two parts: their resampled sums give a standard error to every replicate."""
        return [self.parts[i] * self.parts[j] for i, j in self._pairs()]

    def replicates(self, sums: FloatArray) -> Replicates:
        """Estimates, and standard errors where they can be had, from resampled sums.

        Args:
            sums: Shape (resamples, k · columns): the sums of the parts, then those of `products`.
        """
        blocks = np.split(sums, sums.shape[1] // self.parts[0].shape[1], axis=1)
        parts, products = blocks[: len(self.parts)], blocks[len(self.parts) :]
        values = _estimate(parts)
        if not products:
            return Replicates(values, np.full_like(values, np.nan))
        gradient = _gradient(parts)
        square = np.zeros_like(values)
        # A replicate without any error has infinite slopes; its values are NaN, as they should be.
        with np.errstate(invalid="ignore"):
            for (i, j), product in zip(self._pairs(), products, strict=True):
                square += (1.0 if i == j else 2.0) * gradient[i] * gradient[j] * product
        count = len(self.parts[0])
        return Replicates(values, np.sqrt(np.maximum(count / (count - 1) * square, 0.0)))

    def _pairs(self) -> list[tuple[int, int]]:
        return list(combinations_with_replacement(range(len(self.parts)), 2))


def _estimate(sums: Sequence[FloatArray]) -> FloatArray:
    with np.errstate(invalid="ignore", divide="ignore"):
        ratio: FloatArray = sums[0] / sums[1]
        return ratio if len(sums) == 2 else ratio - sums[2] / sums[3]


def _gradient(sums: Sequence[FloatArray]) -> list[FloatArray]:
    """Slope of the estimate in each of the sums."""
    slopes: list[FloatArray] = []
    with np.errstate(invalid="ignore", divide="ignore"):
        for sign, top, bottom in zip((1.0, -1.0), sums[::2], sums[1::2], strict=False):
            slopes += [sign / bottom, -sign * top / np.square(bottom)]
    return slopes
