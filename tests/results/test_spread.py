"""Agreement of answers and inner uncertainty on the road from a table to JSON and terminal."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from hotmess_inspect.cli import main


def analyzed(path: Path, *options: str) -> dict[str, Any]:
    printed = CliRunner().invoke(main, ["analyze", str(path), "--json", *options])
    return json.loads(printed.stdout)


def table(path: Path, *lines: str) -> Path:
    path.write_text("\n".join(lines) + "\n")
    return path


def test_the_papers_answer_changes(tmp_path: Path) -> None:
    rows = [
        f"q{q},{e},{e // 3},{'B' if (q, e) == (1, 4) else 'A'},{'ABC'[q]}"
        for q in range(3)
        for e in range(30)
    ]
    path = table(tmp_path / "a.csv", "question_id,epoch,context,answer,target", *rows)
    group = analyzed(path)["groups"][0]
    changes = group["answer_changes"]
    shown = [round(changes[name]["percent"], 2) for name in ("by_resampling", "by_context", "by_both")]
    assert shown == [3.33, 0.0, 33.33]
    # One question of three has 29·1·2 of 30·29 ordered pairs that differ.
    assert group["disagreement"]["value"] == pytest.approx(2 / 30 / 3)
    assert group["modal_share"]["value"] == pytest.approx((1 + 1 + 29 / 30) / 3)
    assert group["entropy"] is None
    printed = CliRunner().invoke(main, ["analyze", str(path), "--details"], terminal_width=200).stdout
    assert "answers change: by resampling 3.33 %" in " ".join(printed.split())


def test_inner_and_outer_of_stated_probabilities(tmp_path: Path) -> None:
    lines = ["question_id,epoch,p_A,p_B,target"]
    for question, (first, second) in {"sure": (1, 0), "unsure": (0.5, 0.5), "same": (0.9, 0.9)}.items():
        lines += [f"{question},{e},{p},{1 - p:.1f},A" for e, p in enumerate((first, second), 1)]
    lines.append("unsure,3,,,A")  # unparsed: states nothing
    group = analyzed(table(tmp_path / "p.csv", *lines))["groups"][0]
    parts = group["sampling_variance"]
    # 1 - Σf² within epochs: 0, ½, .18; between: 1, 0, 0 (epochs (1, 0) and (0, 1)).
    assert parts["within"]["value"] == pytest.approx((0 + 0.5 + 0.18) / 3)
    assert parts["between"]["value"] == pytest.approx(1 / 3)
    assert parts["total"]["value"] == pytest.approx((1 + 0.5 + 0.18) / 3)
    assert parts["questions"] == group["entropy"]["questions"] == 3
    printed = CliRunner().invoke(main, ["analyze", str(tmp_path / "p.csv"), "--details"]).stdout
    assert "predictive entropy in nats:" in " ".join(printed.split())


def test_scores_have_none(tmp_path: Path) -> None:
    group = analyzed(table(tmp_path / "s.csv", "question_id,epoch,score", "q,1,1", "q,2,0"))["groups"][0]
    names = (
        "disagreement",
        "answer_entropy",
        "modal_share",
        "answer_changes",
        "entropy",
        "sampling_variance",
    )
    assert [group[name] for name in names] == [None] * 6
