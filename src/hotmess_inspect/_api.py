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
from hotmess_inspect.results.compare import PairResult, Ranking, compare_all
from hotmess_inspect.results.contenders import named
from hotmess_inspect.schema import Problem
from hotmess_inspect.table import Outcomes
from hotmess_inspect.words import counted

if TYPE_CHECKING:
    import pandas as pd
    import polars as pl

Location = str | PathLike[str]
_SHOWN = ("task", "model", "measure", "loss", "accuracy", "error", "bias_squared", "variance", "incoherence")


def read(inputs: Location | Sequence[Location], **options: Any) -> Inputs:
    r"""Read logs, tables and exports; `outcomes` is the table, `problems` what could not be read.

    Args:
        inputs: A path, folder, pattern or URI, or a list of them.
        options: Further arguments of :func:`~hotmess_inspect.io.logs.read_inputs`.

    Examples:
        >>> import tempfile, pathlib
        >>> from hotmess_inspect import read
        >>> path = pathlib.Path(tempfile.mkdtemp()) / "answers.csv"
        >>> _ = path.write_text("question_id,epoch,answer,target\nq1,1,A,A\nq1,2,B,A\n")
        >>> len(read(path).outcomes)
        2
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
        lines = [
            f"Analysis of {counted(len(self.results), 'group')}, {counted(len(self.problems), 'problem')}"
        ]
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

    Examples:
        >>> from hotmess_inspect import analyze, outcomes_from_arrays
        >>> table = outcomes_from_arrays(["q1"] * 2 + ["q2"] * 2, answer=list("ABAA"), target=["A"] * 4)
        >>> found = analyze(table, losses=("brier",), resamples=50)
        >>> [round(result.decomposition.mean("error"), 3) for result in found]
        [0.5]
    """
    problems: list[Problem] = []
    if not isinstance(inputs, Outcomes):
        found = inputs if isinstance(inputs, Inputs) else read(inputs)
        inputs, problems = found.outcomes, list(found.problems)
    results, more = analyze_outcomes(inputs, Options(**options))
    return Analysis(results, [*problems, *more])


@dataclass(frozen=True, eq=False)
class Comparisons:
    """Results of `compare`: pairs of groups, to be iterated over.

    Attributes:
        pairs: Each pair with its differences and their p-values.
        rankings: The groups in order, with letters, where there are more than two.
        problems: What was left out, and what makes numbers misleading.
    """

    pairs: Sequence[PairResult]
    rankings: Sequence[Ranking]
    problems: Sequence[Problem]

    def __iter__(self) -> Iterator[PairResult]:
        return iter(self.pairs)

    def __len__(self) -> int:
        return len(self.pairs)

    def __getitem__(self, place: int) -> PairResult:
        return self.pairs[place]

    def __repr__(self) -> str:
        lines = [
            f"Comparisons of {counted(len(self.pairs), 'pair')}, {counted(len(self.problems), 'problem')}"
        ]
        lines += ["  " + " · ".join(row.values()) for row in self._table()]
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        rows = self._table()
        head = "".join(f"<th>{html.escape(name)}</th>" for name in (rows[0] if rows else ()))
        body = "".join(
            "<tr>" + "".join(f"<td>{html.escape(value)}</td>" for value in row.values()) + "</tr>"
            for row in rows
        )
        return f"<table><tr>{head}</tr>{body}</table>"

    def to_pandas(self) -> pd.DataFrame:
        """One row per pair and quantity, as `hotmess compare --json` prints them; the interval as `low` and `high`."""
        import pandas

        return pandas.DataFrame(self._rows())

    def to_polars(self) -> pl.DataFrame:
        """One row per pair and quantity, as `to_pandas`."""
        import polars

        return polars.DataFrame(self._rows(), infer_schema_length=None)

    def _rows(self) -> list[dict[str, Any]]:
        rows = [row for pair in self.pairs for row in pair.as_json()]
        for row in rows:
            row["low"], row["high"] = row.pop("ci") or (None, None)
        return rows

    def _table(self) -> list[dict[str, str]]:
        def shown(value: float | None, sign: str = "") -> str:
            return "undefined" if value is None else f"{value:{sign}.4g}"

        return [
            {
                "pair": f"{row['a']} less {row['b']}",
                "loss": row["loss"],
                "quantity": row["quantity"],
                "difference": shown(row["difference"], "+"),
                "interval": f"[{shown(row['low'], '+')}, {shown(row['high'], '+')}]",
                "p (Holm)": f"p {shown(row['p_holm'])}",
            }
            for row in self._rows()
        ]


def compare(
    a: Analysis | Outcomes | Inputs | Location | Sequence[Location],
    b: Analysis | Outcomes | Inputs | Location | Sequence[Location],
    *more: Analysis | Outcomes | Inputs | Location | Sequence[Location],
    **options: Any,
) -> Comparisons:
    """Compare runs on the questions they share, as `hotmess compare` does: every pair, the earlier less the later one.

    An interval leaves out 0 where its p-value, of a within-question permutation test (mid-p), is below 0.05 and nowhere else; `holm` corrects for the number of pairs.

    Args:
        a: A run: what `analyze` gave or takes. Each group of it is compared with the alike groups of the others.
        b: Another run.
        more: Further runs.
        options: As of `analyze`. Without ``losses`` classes are compared by Brier, all else by squared error.

    Returns:
        Pairs, and rankings where more than two groups are alike.

    Raises:
        ValueError: If an option is wrong, or given beside runs that have been analysed.

    Examples:
        >>> from hotmess_inspect import compare, outcomes_from_arrays
        >>> questions = [f"q{n}" for n in range(12) for _ in range(4)]
        >>> first = outcomes_from_arrays(questions, answer=list("ABAB") * 12, target=["A"] * 48, model="m1")
        >>> second = outcomes_from_arrays(questions, answer=list("AAAB") * 12, target=["A"] * 48, model="m2")
        >>> found = compare(first, second, resamples=50)
        >>> round(found[0].comparison.differences["error"].estimate, 3)  # 1 less 0.5
        0.5
        >>> found[0].first.name, found[0].second.name
        ('m1', 'm2')
    """
    groups: list[tuple[str, GroupResult]] = []
    problems: list[Problem] = []
    for number, run in enumerate((a, b, *more), start=1):
        if isinstance(run, Analysis) and options:
            raise ValueError(f"{', '.join(options)}: run {number} has been analysed; give options to analyze")
        found = run if isinstance(run, Analysis) else analyze(run, **options)
        problems += found.problems
        place = str(run) if isinstance(run, str | PathLike) else f"run {number}"
        groups += [
            (place, result)
            for result in found
            if options.get("losses")
            or isinstance(run, Analysis)
            or result.decomposition.loss in ("brier", "squared")
        ]
    pairs, rankings, odd = compare_all(named(groups))
    return Comparisons(pairs, rankings, [*problems, *odd])
