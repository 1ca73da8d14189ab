"""What ``import hotmess_inspect`` offers beyond `decompose`: reading inputs and analysing them."""

from __future__ import annotations

import html
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from os import PathLike
from typing import TYPE_CHECKING, Any

from hotmess_inspect.io.logs import Inputs, read_inputs
from hotmess_inspect.render.frames import group_rows
from hotmess_inspect.results.analyze import GroupResult, Options
from hotmess_inspect.results.analyze import analyze as analyze_outcomes
from hotmess_inspect.schema import Problem
from hotmess_inspect.table import Outcomes

if TYPE_CHECKING:
    import pandas as pd
    import polars as pl

Location = str | PathLike[str]
_SHOWN = ("task", "model", "measure", "loss", "accuracy", "error", "bias_squared", "variance", "incoherence")


def read(inputs: Location | Sequence[Location], **options: Any) -> Inputs:
    """Read logs, tables and exports; `outcomes` is the table, `problems` what could not be read.

    Args:
        inputs: A path, folder, pattern or URI, or a list of them.
        options: Further arguments of :func:`~hotmess_inspect.io.logs.read_inputs`.
    """
    return read_inputs(inputs, **options)


@dataclass(frozen=True, eq=False)
class Analysis:
    """Results of `analyze`: one per group and loss, to be iterated over.

    Attributes:
        results: The groups.
        problems: What was left out, and what makes numbers misleading.
    """

    results: Sequence[GroupResult]
    problems: Sequence[Problem]

    def __iter__(self) -> Iterator[GroupResult]:
        return iter(self.results)

    def __len__(self) -> int:
        return len(self.results)

    def __getitem__(self, place: int) -> GroupResult:
        return self.results[place]

    def __repr__(self) -> str:
        lines = [f"Analysis of {len(self.results)} groups, {len(self.problems)} problems"]
        for row in self._table():
            lines.append(
                "  " + " · ".join(f"{name} {value}" for name, value in row.items() if value is not None)
            )
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        head = "".join(f"<th>{html.escape(name)}</th>" for name in _SHOWN)
        body = "".join(
            "<tr>"
            + "".join(f"<td>{html.escape('' if v is None else str(v))}</td>" for v in row.values())
            + "</tr>"
            for row in self._table()
        )
        return f"<table><tr>{head}</tr>{body}</table>"

    def to_pandas(self) -> pd.DataFrame:
        """One row per group and loss."""
        import pandas

        return pandas.DataFrame(group_rows(self.results))

    def to_polars(self) -> pl.DataFrame:
        """One row per group and loss."""
        import polars

        return polars.DataFrame(group_rows(self.results), infer_schema_length=None)

    def _table(self) -> list[dict[str, Any]]:
        rows = []
        for result in self.results:
            d, group = result.decomposition, result.group
            numbers = {"accuracy": result.accuracy, "incoherence": d.incoherence} | {
                name: d.mean(name) for name in ("error", "bias_squared", "variance")
            }
            named = {"task": group.task, "model": group.model, "measure": group.measure, "loss": d.loss}
            rows.append({n: named[n] if n in named else f"{numbers[n]:.4g}" for n in _SHOWN})
        return rows


def analyze(inputs: Outcomes | Inputs | Location | Sequence[Location], **options: Any) -> Analysis:
    """Decompose every group of outcomes, as `hotmess analyze` does.

    Args:
        inputs: A table of outcomes, what `read` gave, or what `read` takes.
        options: Fields of :class:`~hotmess_inspect.results.analyze.Options`: ``losses``, ``estimator``, ``length``,
            ``buckets``, ``seed``, ``resamples``, ``unparsed``, ``pool``.
    """
    problems: list[Problem] = []
    if not isinstance(inputs, Outcomes):
        found = inputs if isinstance(inputs, Inputs) else read(inputs)
        inputs, problems = found.outcomes, list(found.problems)
    results, more = analyze_outcomes(inputs, Options(**options))
    return Analysis(results, [*problems, *more])
