"""Outcomes as data frames of pandas and polars, and back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hotmess_inspect.io.arrow_tables import OWN_COLUMNS
from hotmess_inspect.io.tables import (
    SCHEMA_KEY,
    SCHEMA_VERSION,
    outcomes_from_arrow,
    outcomes_from_user_table,
    outcomes_to_arrow,
)
from hotmess_inspect.table.outcomes import Outcomes

if TYPE_CHECKING:
    import pandas as pd
    import polars as pl


def outcomes_to_pandas(outcomes: Outcomes) -> pd.DataFrame:
    """One row per epoch and scorer; strings as categories, missing as NaN or None."""
    return outcomes_to_arrow(outcomes).to_pandas()


def outcomes_to_polars(outcomes: Outcomes) -> pl.DataFrame:
    """One row per epoch and scorer; strings as categories, missing as null.

    Raises:
        ImportError: If polars is not installed.
    """
    import polars

    frame = polars.from_arrow(outcomes_to_arrow(outcomes))
    assert isinstance(frame, polars.DataFrame)
    return frame


def outcomes_from_frame(frame: Any, name: str = "frame") -> Outcomes:
    """Outcomes from a data frame.

    Args:
        frame: Of pandas, polars, or anything that speaks Arrow. Either one that `outcomes_to_pandas` or
            `outcomes_to_polars` made, rows dropped or columns changed as you like, or a table of answers as
            `read_table` takes it: `question_id`, `epoch` and one of `answer` + `target`, `p_A`… + `target`,
            `score`.
        name: What errors call it, and the log and model of a table of answers without them.

    Returns:
        The table; of several rows of one name the last counts.

    Raises:
        ValueError: Naming column and row of what does not fit.
        TypeError: If it is no data frame.
    """
    import pyarrow as pa

    if type(frame).__module__.split(".")[0] == "pandas":
        table = pa.Table.from_pandas(frame, preserve_index=False)
    elif hasattr(frame, "__arrow_c_stream__"):
        table = pa.table(frame)
    else:
        raise TypeError(f"{name} is no data frame but a {type(frame).__name__}")
    if not set(table.column_names) >= OWN_COLUMNS:
        return outcomes_from_user_table(table, name)[0]
    marked = table.replace_schema_metadata({SCHEMA_KEY: SCHEMA_VERSION})
    return outcomes_from_arrow(marked, name).drop_duplicates()[0]
