"""Results as rows: for data frames, figures and files."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from hotmess_inspect.results.analyze import GroupResult
from hotmess_inspect.results.labels import label_of
from hotmess_inspect.results.questions import question_numbers

Rows = list[dict[str, Any]]

__all__ = ["Rows", "bucket_rows", "group_rows", "label_of", "question_rows", "slope_rows"]


def group_rows(results: Sequence[GroupResult]) -> Rows:
    """One row per group and loss: the single numbers of `hotmess analyze --json`, without lists.

    Args:
        results: What `analyze` gave.
    """
    rows = []
    for result in results:
        found = result.as_json()
        low, high = found["incoherence_ci"] or (None, None)
        slope = found["length_slope"] or {}
        split = found["overthinking"] or {}
        rows.append(
            {
                "group": label_of(result, results),
                **{k: v for k, v in found.items() if not isinstance(v, dict | list)},
                "incoherence_low": low,
                "incoherence_high": high,
                "slope": slope.get("slope"),
                "overthinking": split.get("difference"),
            }
        )
    return rows


def bucket_rows(results: Sequence[GroupResult], labels: Sequence[str] | None = None) -> Rows:
    """One row per group and length bucket, with the interval as `incoherence_low` and `incoherence_high`.

    Args:
        results: What `analyze` gave; groups without lengths give no row.
        labels: The groups' names; default: as short as they can be.
    """
    names = labels or [label_of(r, results) for r in results]
    rows: Rows = []
    for result, label in zip(results, names, strict=True):
        for bucket in result.lengths.buckets_json() if result.lengths else []:
            low, high = bucket.pop("incoherence_ci") or (None, None)
            rows.append({"group": label, **bucket, "incoherence_low": low, "incoherence_high": high})
    return rows


def slope_rows(results: Sequence[GroupResult], labels: Sequence[str] | None = None) -> Rows:
    """Two rows per group with a slope: the ends of the fitted power law over its buckets' lengths."""
    names = labels or [label_of(r, results) for r in results]
    rows: Rows = []
    for result, label in zip(results, names, strict=True):
        trend = result.lengths.trend if result.lengths else None
        if trend is None or trend.fit.note:
            continue
        ends = [b.length for b in trend.buckets if b.length > 0]
        for end in (min(ends), max(ends)):
            fitted = math.exp(trend.fit.log_prefactor) * end**trend.fit.exponent
            rows.append({"group": label, "length": end, "incoherence": fitted, "slope": trend.fit.exponent})
    return rows


def question_rows(results: Sequence[GroupResult]) -> Rows:
    """One row per group and question: error, bias², variance, incoherence, share correct, modal answer, length."""
    return [
        {"group": label_of(result, results), "loss": result.decomposition.loss, **asdict(line)}
        for result in results
        for line in question_numbers(result)
    ]
