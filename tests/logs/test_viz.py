"""The interactive view: what it draws, and what it refuses."""

import json
from typing import Any

import pytest

from hotmess_inspect.render.frames import bucket_rows
from hotmess_inspect.render.viz import incoherence_by_length
from hotmess_inspect.results.analyze import GroupResult, Options, analyze
from hotmess_inspect.table import outcomes_from_arrays


def results(model: str = "m", **options: Any) -> list[GroupResult]:
    outcomes = outcomes_from_arrays(
        [f"q{i // 6}" for i in range(72)],
        answer=["ABC"[(i * i + i // 6) % 3] for i in range(72)],
        target=["A"] * 72,
        length=[10 + i + i % 5 for i in range(72)],
        model=model,
    )
    return analyze(outcomes, Options(**{"losses": ("brier",), "resamples": 20, "buckets": 3, **options}))[0]


def test_the_view_holds_the_buckets(tmp_path: Any) -> None:
    from inspect_viz.plot import write_html

    found = results("<script>alert(1)</script>")
    page = tmp_path / "view.html"
    write_html(page, incoherence_by_length(found, title="Lengths"))
    text = page.read_text()
    assert "<script>alert(1)" not in text
    for mark in ("dot", "ruleX", "line"):
        assert f'"{mark}"' in text.replace("\\", "").replace("&quot;", '"')
    assert len([row for row in bucket_rows(found) if row["incoherence"]]) == 3


def test_the_data_of_the_view() -> None:
    from inspect_viz import Data

    seen: list[Any] = []
    original = Data.from_dataframe
    try:
        Data.from_dataframe = staticmethod(lambda df: (seen.append(df), original(df))[1])  # type: ignore[method-assign]
        incoherence_by_length(results())
    finally:
        Data.from_dataframe = original  # type: ignore[method-assign]
    points, line = seen[0], seen[1]
    assert json.loads(points["incoherence"].to_json(orient="values")) == pytest.approx(
        [row["incoherence"] for row in bucket_rows(results())]
    )
    assert (points["low"] <= points["incoherence"]).all()
    assert (points["incoherence"] <= points["high"]).all()
    assert len(line) == 2


def test_what_cannot_be_drawn() -> None:
    with pytest.raises(ValueError, match="results mix brier/unbiased, kl/plugin"):
        incoherence_by_length(results(losses=("brier", "kl")))
    alike = outcomes_from_arrays(["q", "q"], answer=["A", "A"], target=["A", "A"], length=[1, 2])
    with pytest.raises(ValueError, match="no bucket has a positive length and incoherence"):
        incoherence_by_length(analyze(alike, Options(losses=("brier",), resamples=5))[0])
