"""The survey's numbers as files."""

from __future__ import annotations

import csv
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from hotmess_inspect.experiments.survey.study import Survey
from hotmess_inspect.io.writing import check_target, replacing
from hotmess_inspect.render.text import plain


def write_tables(
    found: Survey, folder: Path, *, inputs: Sequence[str] = (), overwrite: bool = False
) -> list[Path]:
    """Write ``survey.json`` (everything) and ``survey.csv`` (a row per entity, the data of the figure).

    Names that a spreadsheet would take for formulas get an apostrophe in the CSV.

    Args:
        found: The survey.
        folder: Where to; made if it is not there.
        inputs: What was read, which is never written over.
        overwrite: Whether to replace files of other kinds.

    Returns:
        The files.
    """
    folder.mkdir(parents=True, exist_ok=True)
    everything = found.as_json()
    json_file, csv_file = folder / "survey.json", folder / "survey.csv"
    rule: dict[str, Any] = {"inputs": inputs, "overwrite": overwrite}
    check_target(str(csv_file), "CSV", **rule)
    with replacing(str(json_file), "JSON", **rule) as part:
        Path(part).write_text(
            json.dumps(everything, indent=1, ensure_ascii=False) + "\n", encoding="utf-8", errors="replace"
        )
    with (
        replacing(str(csv_file), "CSV", **rule) as part,
        open(part, "w", encoding="utf-8", errors="replace", newline="") as file,
    ):
        rows = everything["entities"]
        writer = csv.DictWriter(file, fieldnames=list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows({key: _safe(value) for key, value in row.items()} for row in rows)
    return [json_file, csv_file]


def _safe(value: object) -> object:
    if not isinstance(value, str):
        return value
    text = plain(value)
    return f"'{text}" if text.lstrip().startswith(("=", "+", "-", "@")) else text
