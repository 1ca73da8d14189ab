"""Counts of each question's distinct epochs, which add over files and machines."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hotmess_inspect.schema import LENGTHS
from hotmess_inspect.table.columns import Labels, Ragged
from hotmess_inspect.table.outcomes import Outcomes, fold_keys


@dataclass(frozen=True, eq=False)
class Tally:
    """Distinct epochs and their counts: all that an analysis needs, of any number of epochs.

    What is measured does not depend on the order of a question's epochs, so epochs that agree in question,
    context, prediction, status and lengths need to be kept once, with a count. Counts of parts add, in any
    order and grouping, and the analysis of the sum is that of all epochs at once, bit for bit: sums for
    every loss, sums per few-shot context, and the joint distribution of prediction and length follow
    from it. Lost are log, epoch number and uuid, hence the way to recognise copies of an epoch: see that
    none are counted twice before adding (`analysis.cluster.tally_inputs` does).

    Attributes:
        rows: The distinct epochs, without log, epoch number and uuid.
        counts: How often each occurred, at least 1, shape (rows,).
        precision: Relative width of the steps that lengths were rounded to, 0 if they are exact.
    """

    rows: Outcomes
    counts: NDArray[np.int64]
    precision: float = 0.0

    @classmethod
    def of(cls, outcomes: Outcomes, *, precision: float = 0.0) -> Tally:
        """Count equal epochs.

        Args:
            outcomes: Rows, no epoch twice.
            precision: Relative width p of steps to which lengths are rounded (see `rounded_lengths`). With
                exact lengths there are as many distinct epochs as lengths; with p = 0.01 a question of K
                possible predictions keeps at most some K · ln(longest)/p rows, however many epochs it has.

        Raises:
            ValueError: If the precision is not in [0, 1).
        """
        rounded: dict[str, Any] = {
            name: rounded_lengths(getattr(outcomes, name), precision) for name in LENGTHS
        }
        nothing = Labels.constant(None, len(outcomes))
        epoch = np.zeros(len(outcomes), dtype=np.int32)
        plain = replace(outcomes, log=nothing, uuid=nothing, epoch=epoch, **rounded)
        return _counted(plain, np.ones(len(outcomes), dtype=np.int64), precision)

    @classmethod
    def merge(cls, parts: Sequence[Tally]) -> Tally:
        """The counts of all parts together.

        Raises:
            ValueError: If there is no part, or their lengths were rounded differently.
        """
        if not parts:
            raise ValueError("parts is empty: nothing to merge")
        odd = {part.precision for part in parts}
        if len(odd) > 1:
            raise ValueError(f"cannot merge lengths rounded to {sorted(odd)}: the precision must be one")
        rows = Outcomes.concatenate([part.rows for part in parts])
        return _counted(rows, np.concatenate([part.counts for part in parts]), parts[0].precision)

    def outcomes(self) -> Outcomes:
        """As many rows as there were epochs, numbered from 1 within question, context and scorer."""
        table = self.rows.take(np.repeat(np.arange(len(self.rows)), self.counts))
        names = (
            table.task,
            table.model,
            table.variant,
            table.scorer,
            table.kind,
            table.question,
            table.context,
        )
        keys = fold_keys([name.codes for name in names])
        order = np.argsort(keys, kind="stable")
        _, sizes = np.unique(keys, return_counts=True)
        epoch = np.empty(len(table), dtype=np.int32)
        epoch[order] = np.arange(len(table)) - np.repeat(np.cumsum(sizes) - sizes, sizes) + 1
        return replace(table, epoch=epoch)

    @property
    def epochs(self) -> int:
        """How many epochs were counted."""
        return int(self.counts.sum())


def rounded_lengths(lengths: NDArray[np.float64], precision: float) -> NDArray[np.float64]:
    """Lengths on a geometric grid, so that there are few different ones.

    Whole numbers up to 1/p stay as they are; above, a length becomes the nearest power of 1 + p, which is
    wrong by at most p/2 of it (to first order). 0 and NaN stay.

    Args:
        lengths: Any shape, not negative.
        precision: Relative width p of a step, in [0, 1); 0 changes nothing.

    Raises:
        ValueError: If the precision is outside [0, 1).
    """
    if not 0 <= precision < 1:
        raise ValueError(f"precision must be in [0, 1), not {precision!r}")
    if precision == 0:
        return lengths
    small = (lengths <= 1 / precision) & (lengths == np.rint(lengths))
    step = np.log1p(precision)
    with np.errstate(divide="ignore"):
        grid = np.exp(np.rint(np.log(lengths) / step) * step)
    return np.where(small | np.isnan(lengths), lengths, grid)


def _counted(rows: Outcomes, counts: NDArray[np.int64], precision: float) -> Tally:
    if not len(rows):
        return Tally(rows, counts, precision)
    keys = fold_keys([_codes(getattr(rows, field.name)) for field in fields(rows)])
    _, first, inverse = np.unique(keys, return_index=True, return_inverse=True)
    total = np.zeros(len(first), dtype=np.int64)
    np.add.at(total, inverse, counts)
    return Tally(rows.take(first), total, precision)


def _codes(column: Any) -> NDArray[np.int32]:
    """Equal numbers for equal values; missing values are equal to each other."""
    if isinstance(column, Labels):
        return column.codes
    if isinstance(column, Ragged):
        rows = [
            column.flat[a:b].tobytes() for a, b in zip(column.offsets[:-1], column.offsets[1:], strict=True)
        ]
        index: dict[bytes, int] = {}
        return np.asarray([index.setdefault(row, len(index)) for row in rows], dtype=np.int32)
    return np.unique(column, return_inverse=True)[1].astype(np.int32)
