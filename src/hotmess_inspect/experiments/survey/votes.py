"""Votes of a group of raters: the data type that all of the survey's analyses take."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from hotmess_inspect.experiments.survey.bradley_terry import DEFAULT_PRIOR, bradley_terry, win_counts
from hotmess_inspect.experiments.survey.ranks import (
    FloatArray,
    kendall_w,
    mean_ranks,
    rank_errors,
    ranks_from_order,
)

FAULTS = ("unparsed", "missing", "doubled", "invented", "respelled")
"""What is counted of replies: raters without a usable one, and entries (pairs) of the usable ones."""


@dataclass(frozen=True, eq=False)
class Rankings:
    """Full rankings of one question.

    Attributes:
        ranks: Shape (raters, entities), 1 for the highest; rows sorted, so that nothing depends on the order
            in which raters came.
        faults: How often each of `FAULTS` occurred.
    """

    ranks: FloatArray
    faults: Mapping[str, int] = field(default_factory=dict)

    @classmethod
    def from_orders(
        cls, orders: Sequence[Sequence[int]], entities: int, faults: Mapping[str, int] | None = None
    ) -> Rankings:
        """Rankings from replies that name entities, highest first (`ranks_from_order`)."""
        rows = sorted(tuple(ranks_from_order(order, entities)) for order in orders)
        return cls(np.array(rows, dtype=np.float64).reshape(len(rows), entities), dict(faults or {}))

    @property
    def raters(self) -> int:
        """How many raters ranked."""
        return len(self.ranks)

    def means(self) -> FloatArray:
        """Mean rank of each entity, shape (entities,)."""
        return mean_ranks(self.ranks)

    def errors(self, rng: np.random.Generator, resamples: int) -> FloatArray:
        """Standard error of each mean rank over raters, shape (entities,)."""
        return rank_errors(self.ranks)

    def agreement(self) -> float:
        """Kendall's W."""
        return kendall_w(self.ranks)

    def resampled(self, rng: np.random.Generator, resamples: int) -> FloatArray:
        """Mean ranks of as many raters drawn with replacement, shape (resamples, entities)."""
        return mean_ranks(self.ranks, _draws(self.raters, rng, resamples))


@dataclass(frozen=True, eq=False)
class Duels:
    """Pairwise comparisons of one question; ranks are those of Bradley-Terry abilities.

    Attributes:
        wins: Wins of the row over the column by each rater, shape (raters, entities, entities).
        faults: As in `Rankings`; of pairs.
        prior: Of `bradley_terry`.
    """

    wins: FloatArray
    faults: Mapping[str, int] = field(default_factory=dict)
    prior: float = DEFAULT_PRIOR

    @classmethod
    def from_pairs(
        cls,
        won: Sequence[Sequence[tuple[int, int]]],
        entities: int,
        faults: Mapping[str, int] | None = None,
        prior: float = DEFAULT_PRIOR,
    ) -> Duels:
        """Duels from the pairs (winner, loser) of each rater."""
        rows = [win_counts(np.array(pairs), entities) for pairs in sorted(sorted(own) for own in won)]
        return cls(np.array(rows).reshape(len(rows), entities, entities), dict(faults or {}), prior)

    @property
    def raters(self) -> int:
        """How many raters compared."""
        return len(self.wins)

    def means(self) -> FloatArray:
        """Ranks of the abilities fitted to all comparisons, 1 for the highest, shape (entities,)."""
        return _ability_ranks(self.abilities()) if self.raters else np.full(self.wins.shape[1], np.nan)

    def abilities(self) -> FloatArray:
        """Abilities in log-odds, mean 0, shape (entities,)."""
        return bradley_terry(self.wins.sum(axis=0), prior=self.prior)

    def errors(self, rng: np.random.Generator, resamples: int) -> FloatArray:
        """Standard deviation of the ranks over resampled raters, shape (entities,)."""
        if self.raters < 2:
            return np.full(self.wins.shape[1], np.nan)
        errors: FloatArray = self.resampled(rng, resamples).std(axis=0, ddof=1)
        return errors

    def agreement(self) -> float:
        """NaN: raters who compare different pairs have no rankings that could agree."""
        return float("nan")

    def resampled(self, rng: np.random.Generator, resamples: int) -> FloatArray:
        """Ranks fitted to as many raters drawn with replacement, shape (resamples, entities)."""
        start = self.abilities()
        tables = np.tensordot(_draws(self.raters, rng, resamples), self.wins, axes=1)
        return np.array(
            [_ability_ranks(bradley_terry(wins, prior=self.prior, start=start)) for wins in tables]
        ).reshape(resamples, self.wins.shape[1])


Votes = Rankings | Duels


def _draws(raters: int, rng: np.random.Generator, resamples: int) -> FloatArray:
    return rng.multinomial(raters, np.full(raters, 1 / raters), size=resamples).astype(np.float64)


def _ability_ranks(abilities: FloatArray) -> FloatArray:
    from scipy.stats import rankdata

    # Rounded, so that entities that are equal but for the last bits of a fit share a rank.
    ranks: FloatArray = rankdata(-np.round(abilities, 9))
    return ranks
