"""Interactive views for notebooks and pages, drawn by inspect_viz."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from hotmess_inspect._extras import require
from hotmess_inspect.render.frames import bucket_rows, slope_rows
from hotmess_inspect.render.text import plain
from hotmess_inspect.results.analyze import GroupResult

if TYPE_CHECKING:
    from inspect_viz import Component


def incoherence_by_length(
    results: Sequence[GroupResult], *, width: float = 640, height: float = 400, title: str | None = None
) -> Component:
    """Incoherence of questions in buckets of length, with intervals and fitted power laws, a colour per group.

    Both axes are logarithmic, so that a power law is a line. Buckets without an incoherence, or with one
    that has no logarithm, are left out. Hover over a point for its accuracy and number of questions.

    Args:
        results: Groups of one loss and estimator, with lengths.
        width: In pixels.
        height: In pixels.
        title: Heading.

    Returns:
        A component: the last expression of a notebook cell shows it, `inspect_viz.plot.write_html` writes it.

    Raises:
        ValueError: If losses or estimators differ, or no bucket has a positive length and incoherence.
        ImportError: If inspect_viz is not installed.
    """
    require("inspect_viz", extra="viz", purpose="interactive views")
    from inspect_viz import Data
    from inspect_viz.mark import dot, line, rule_x
    from inspect_viz.plot import legend, plot

    kinds = {(r.decomposition.loss, r.decomposition.estimator) for r in results}
    if len(kinds) > 1:
        raise ValueError(
            f"results mix {', '.join('/'.join(kind) for kind in sorted(kinds))}: draw one at a time"
        )
    rows = [row for row in bucket_rows(results) if (row["incoherence"] or 0) > 0 and (row["length"] or 0) > 0]
    if not rows:
        raise ValueError("no bucket has a positive length and incoherence")
    lowest = min(row["incoherence"] for row in rows)
    for row in rows:
        # A logarithmic axis has no zero: such an interval goes down to where the axis ends.
        row["low"] = max(row["incoherence_low"] or row["incoherence"], lowest / 2)
        row["high"] = row["incoherence_high"] or row["incoherence"]
    points = Data.from_dataframe(_frame(rows))
    marks: list[Any] = [
        rule_x(points, x="length", y1="low", y2="high", stroke="group", stroke_opacity=0.5),
        dot(points, x="length", y="incoherence", fill="group", r=4, channels=_CHANNELS, tip=True),
    ]
    lines = slope_rows(results)
    if lines:
        marks.insert(0, line(Data.from_dataframe(_frame(lines)), x="length", y="incoherence", stroke="group"))
    names = sorted({r.length or "" for r in results})
    unit = names[0].replace("_", " ") if len(names) == 1 else "length"
    return plot(
        *marks,
        legend=legend("color", frame_anchor="bottom"),
        x_scale="log",
        y_scale="log",
        x_label=unit,
        y_label="incoherence",
        y_tick_format=".2~f",
        x_nice=True,
        color_label="group",
        width=width,
        height=height,
        title=title,
        grid=True,
    )


_CHANNELS = {"accuracy": "accuracy", "questions": "questions", "cut off": "censored"}


def _frame(rows: list[dict[str, Any]]) -> Any:
    import pandas as pd

    return pd.DataFrame([{k: plain(v) if isinstance(v, str) else v for k, v in row.items()} for row in rows])
