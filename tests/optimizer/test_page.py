"""The tables of docs/optimizer.md hold what the reports beside them say."""

import json
from pathlib import Path
from typing import Any

import pytest

DOCS = Path(__file__).resolve().parents[2] / "docs"
PAGE = (DOCS / "optimizer.md").read_text("utf-8")


def last(terms: dict[str, Any], *names: str) -> list[str]:
    return [f"{terms[name][-1]:.3g}" for name in names]


@pytest.mark.parametrize("preset", ["laptop", "laptop_4d"])
def test_the_tables_are_those_of_the_report(preset: str) -> None:
    report = json.loads((DOCS / "data" / f"optimizer_{preset}.json").read_text("utf-8"))
    four = ("error", "bias_squared", "variance", "incoherence")
    lines = [f"| teacher | | | {' | '.join(last(report['teacher'], *four))} |"]
    for size in report["sizes"]:
        cells = [size["size"].upper(), f"{size['parameters']:,}", f"{size['held_out_loss']:.3f}"]
        cells += last(size["over_starts"], *four) + last(size["per_start"], *four[1:])
        lines.append(f"| {' | '.join(cells)} |")
    for name, label in (("bias_squared", "bias²"), ("variance", "variance")):
        law = report["laws"]["over_starts_unbiased"][name]
        between = [f"{low:.2f} to {high:.2f}" for low, high in (law["interval"], law["fit_interval"])]
        lines.append(f"| over starts: {label} | {law['exponent']:.2f} | {' | '.join(between)} |")
    assert [line for line in lines if line not in PAGE] == []
