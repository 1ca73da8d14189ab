"""Two compact columns: repeated strings, and number lists of unequal length."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

MISSING = -1


def constant(value: Any, rows: int, dtype: Any) -> NDArray[Any]:
    """One value in every row, kept once: an array that takes no memory and cannot be written to."""
    return np.broadcast_to(np.asarray(value, dtype=dtype), (rows,))


def taken(column: NDArray[Any], rows: NDArray[np.intp] | NDArray[np.bool_]) -> NDArray[Any]:
    """The chosen rows of a column; those of a :func:`constant` are one again."""
    if column.strides == (0,) and len(column):
        count = int(rows.sum()) if rows.dtype == np.bool_ else len(rows)
        return np.broadcast_to(column[0], (count,))
    return column[rows]


@dataclass(frozen=True, eq=False)
class Labels:
    """A column of strings, each distinct one kept once.

    Attributes:
        codes: Index into ``names`` per row, -1 where the value is missing, shape (rows,).
        names: The distinct strings.
    """

    codes: NDArray[np.int32]
    names: tuple[str, ...]

    @classmethod
    def encode(cls, values: Iterable[str | None]) -> Labels:
        """Number the distinct strings in the order of their first appearance."""
        builder = LabelBuilder()
        builder.extend(values if isinstance(values, list) else list(values))
        return builder.labels()

    @classmethod
    def constant(cls, value: str | None, rows: int) -> Labels:
        """The same value in every row."""
        if value is None:
            return cls(constant(MISSING, rows, np.int32), ())
        return cls(constant(0, rows, np.int32), (value,))

    @classmethod
    def concatenate(cls, parts: Sequence[Labels]) -> Labels:
        """Stack columns, joining equal strings."""
        index: dict[str, int] = {}
        stacked = []
        if len(parts) == 1:
            return parts[0]
        for part in parts:
            # One slot more, so that the code -1 of a missing value picks the last element: -1 again.
            renumbered = [index.setdefault(name, len(index)) for name in part.names] + [MISSING]
            stacked.append(np.asarray(renumbered, dtype=np.int32)[part.codes])
        codes = np.concatenate(stacked) if stacked else np.zeros(0, dtype=np.int32)
        return cls(codes, tuple(index))

    def take(self, rows: NDArray[np.intp] | NDArray[np.bool_]) -> Labels:
        """The chosen rows; the names stay."""
        return Labels(taken(self.codes, rows), self.names)

    def compact(self) -> Labels:
        """Drop the names that no row uses."""
        used = np.flatnonzero(np.bincount(self.codes + 1, minlength=1)[1:])
        if len(used) == len(self.names):
            return self
        renumbered = np.full(len(self.names) + 1, MISSING, dtype=np.int32)
        renumbered[used] = np.arange(len(used), dtype=np.int32)
        return Labels(renumbered[self.codes], tuple(self.names[i] for i in used))

    def only(self, rows: NDArray[np.bool_]) -> Labels:
        """The labels of some rows and no others, missing in the rest; without the names that these do not use."""
        return (self if rows.all() else Labels(np.where(rows, self.codes, MISSING), self.names)).compact()

    def sorted(self) -> Labels:
        """Renumber so that the codes are in the order of the names."""
        order = sorted(range(len(self.names)), key=self.names.__getitem__)
        if order == list(range(len(order))):
            return self
        renumbered = np.full(len(self.names) + 1, MISSING, dtype=np.int32)
        renumbered[order] = np.arange(len(order), dtype=np.int32)
        return Labels(renumbered[self.codes], tuple(self.names[i] for i in order))

    def map(self, change: Callable[[str], str | None]) -> Labels:
        """Change every name once; names that become equal are joined, ``None`` is missing."""
        renamed = Labels.encode([change(name) for name in self.names])
        if np.array_equal(renamed.codes, np.arange(len(self.names))):
            return Labels(self.codes, renamed.names)
        return Labels(np.append(renamed.codes, np.int32(MISSING))[self.codes], renamed.names)

    def values(self) -> list[str | None]:
        """The column as a list, ``None`` where missing."""
        padded: list[str | None] = [*self.names, None]
        return [padded[code] for code in self.codes.tolist()]

    def value(self, row: int) -> str | None:
        """The string of one row."""
        code = int(self.codes[row])
        return None if code < 0 else self.names[code]

    def equals(self, name: str) -> NDArray[np.bool_]:
        """Which rows hold ``name``."""
        if name not in self.names:
            return np.zeros(len(self.codes), dtype=bool)
        found: NDArray[np.bool_] = self.codes == self.names.index(name)
        return found

    @property
    def missing(self) -> NDArray[np.bool_]:
        """Which rows hold no value."""
        empty: NDArray[np.bool_] = self.codes < 0
        return empty

    def __len__(self) -> int:
        return len(self.codes)


class _Numbers(dict[str | None, int]):
    """A number for every string, in the order of their first appearance; -1 for None."""

    def __missing__(self, value: str | None) -> int:
        self[value] = number = len(self) - 1
        return number


class LabelBuilder:
    """Collects a column of strings batch by batch; a string that repeats takes four bytes."""

    def __init__(self) -> None:
        self._index = _Numbers({None: MISSING})
        self._codes: list[NDArray[np.int32]] = []

    def extend(self, values: Sequence[str | None]) -> None:
        """Add a batch of values."""
        codes = np.fromiter(map(self._index.__getitem__, values), dtype=np.int32, count=len(values))
        self._codes.append(codes)

    def repeat(self, value: str | None, rows: int) -> None:
        """Add one value so many times."""
        if rows:
            self._codes.append(np.full(rows, self._index[value], dtype=np.int32))

    def labels(self) -> Labels:
        """The column."""
        codes = np.concatenate(self._codes) if self._codes else np.zeros(0, dtype=np.int32)
        return Labels(codes, tuple(cast("list[str]", list(self._index)[1:])))  # None is always the first


@dataclass(frozen=True, eq=False)
class Ragged:
    """A column of number lists; an empty list stands for a missing one.

    Attributes:
        offsets: Row ``i`` holds ``flat[offsets[i]:offsets[i + 1]]``, shape (rows + 1,).
        flat: All numbers, one list after the other.
    """

    offsets: NDArray[np.int64]
    flat: NDArray[np.float64]

    @classmethod
    def empty(cls, rows: int) -> Ragged:
        """No list in any row."""
        return cls(constant(0, rows + 1, np.int64), np.zeros(0))

    @classmethod
    def encode(cls, lists: Sequence[Sequence[float] | NDArray[np.float64] | None]) -> Ragged:
        """Put the lists one after the other."""
        sizes = np.fromiter((0 if v is None else len(v) for v in lists), dtype=np.int64, count=len(lists))
        flat = [np.asarray(v, dtype=np.float64) for v in lists if v is not None and len(v)]
        return cls(_offsets(sizes), np.concatenate(flat) if flat else np.zeros(0))

    @classmethod
    def concatenate(cls, parts: Sequence[Ragged]) -> Ragged:
        """Stack columns."""
        sizes = [part.sizes for part in parts]
        flat = [part.flat[part.offsets[0] : part.offsets[-1]] for part in parts]
        if not parts:
            return cls.empty(0)
        return cls(_offsets(np.concatenate(sizes)), np.concatenate(flat))

    @property
    def sizes(self) -> NDArray[np.int64]:
        """Length of each list, shape (rows,)."""
        return np.diff(self.offsets)

    def take(self, rows: NDArray[np.intp] | NDArray[np.bool_]) -> Ragged:
        """The chosen rows."""
        if not len(self.flat):
            return Ragged.empty(int(rows.sum()) if rows.dtype == np.bool_ else len(rows))
        chosen = np.arange(len(self))[rows]
        sizes = self.sizes[chosen]
        offsets = _offsets(sizes)
        # Position of every kept number: start of its list in the old column, plus its place in the list.
        within = np.arange(offsets[-1]) - np.repeat(offsets[:-1], sizes)
        return Ragged(offsets, self.flat[np.repeat(self.offsets[:-1][chosen], sizes) + within])

    def padded(self, width: int) -> NDArray[np.float64]:
        """The lists as rows of one array, NaN where a list has no such element, shape (rows, width)."""
        table = np.full((len(self), width), np.nan)
        table[np.arange(width) < self.sizes[:, None]] = self.flat[self.offsets[0] : self.offsets[-1]]
        return table

    def __len__(self) -> int:
        return len(self.offsets) - 1


def _offsets(sizes: NDArray[np.int64]) -> NDArray[np.int64]:
    offsets = np.zeros(len(sizes) + 1, dtype=np.int64)
    np.cumsum(sizes, out=offsets[1:])
    return offsets
