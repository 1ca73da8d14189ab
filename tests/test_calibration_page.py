"""The tables of docs/statistics.md are those of the files that the studies wrote."""

import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "statistics.md"


@pytest.fixture
def benchmarks(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    names = ["other_intervals", *(path.stem for path in (ROOT / "benchmarks").glob("calibration*.py"))]
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks"))
    yield
    for name in names:
        sys.modules.pop(name, None)


def section(marker: str) -> str:
    return (
        PAGE.read_text(encoding="utf-8")
        .split(f"<!-- {marker} -->")[1]
        .split(f"<!-- /{marker} -->")[0]
        .strip()
    )


def test_sparse_clustered_and_nested_runs(benchmarks: None) -> None:
    runs = import_module("calibration_runs")
    lines = runs.read()
    assert section("runs") == runs.tables(lines)
    # Every line outside its target is named, and no other.
    named = [line for line in section("runs").splitlines() if line.startswith("- ")]
    assert len(named) == len(runs.outside(lines))
    assert min(int(line["worlds"]) for line in lines) >= 1000


def test_slopes_and_pass_rates(benchmarks: None) -> None:
    slopes = import_module("calibration_slopes")
    assert section("slopes") == slopes.table(slopes.stored(slopes.FILE))


def test_what_misses_a_target_is_named(benchmarks: None) -> None:
    runs = import_module("calibration_runs")

    def line(**fields: object) -> dict[str, object]:
        kept = {"population": "p", "design": "d", "quantity": "q", "effective": "12.0", "coverage": "0.950"}
        return {**kept, "p_below_5": "", **fields}

    assert runs.outside([line()]) == []
    assert runs.outside([line(coverage="0.975")]) == ["p, d, q: 97.5 % (ten or more err)"]
    assert runs.outside([line(coverage="0.925")]) == ["p, d, q: 92.5 % (ten or more err)"]
    assert runs.outside([line(coverage="0.925", effective="5.0")]) == []
    assert runs.outside([line(coverage="0.899", effective="5.0")]) == ["p, d, q: 89.9 % (fewer err)"]
    assert runs.outside([line(coverage="")]) == []
    equal = line(population="equal", p_below_5="0.071")
    assert runs.outside([equal]) == ["equal, d, q: p < 0.05 in 7.1 % of equal pairs"]
    assert runs.outside([{**equal, "population": "harder"}]) == []
