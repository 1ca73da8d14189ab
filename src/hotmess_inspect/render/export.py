"""Outcomes as a Parquet data set that grows file by file."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np

from hotmess_inspect.io.tables import write_parquet
from hotmess_inspect.io.writing import replacing
from hotmess_inspect.table import Labels, Outcomes


def export_outcomes(outcomes: Outcomes, folder: str, *, overwrite: bool = False) -> str:
    """Add outcomes to a data set: one Parquet file, named after the rows that it holds.

    The name is a digest of the rows' names (log, model, task, variant, scorer, question, context, epoch), so
    the same rows get the same file whatever their order, and files of different machines do not collide.

    Args:
        outcomes: At least one row.
        folder: Folder of the data set; made if it is missing.
        overwrite: Whether to replace a file of that name.

    Returns:
        Path of the file.

    Raises:
        ValueError: If there is no row.
        FileExistsError: If the file exists and ``overwrite`` is false.
    """
    if not len(outcomes):
        raise ValueError("outcomes has no row: nothing to write")
    Path(folder).mkdir(parents=True, exist_ok=True)
    path = Path(folder) / f"outcomes-{_digest(outcomes)}.parquet"
    if path.exists() and not overwrite:
        raise FileExistsError(f"{path} exists")
    with replacing(str(path), "Parquet", overwrite=overwrite) as part:
        write_parquet(outcomes, part)
    return str(path)


def _digest(outcomes: Outcomes) -> str:
    """Digest of the rows' names, the same for any order of the rows."""
    names = (
        outcomes.log,
        outcomes.model,
        outcomes.task,
        outcomes.variant,
        outcomes.scorer,
        outcomes.question,
    )
    columns = [*names, outcomes.context]
    codes = [column.compact().sorted() for column in columns]
    order = np.lexsort((outcomes.epoch, *(column.codes for column in reversed(codes))))
    digest = hashlib.sha256()
    for column in codes:
        digest.update(repr(column.names).encode("utf-8", "surrogatepass"))
        digest.update(_bytes(column, order))
    digest.update(np.ascontiguousarray(outcomes.epoch[order], dtype="<i4").tobytes())
    return digest.hexdigest()[:16]


def _bytes(column: Labels, order: np.ndarray) -> bytes:
    return np.ascontiguousarray(column.codes[order], dtype="<i4").tobytes()
