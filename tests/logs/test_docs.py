"""The examples of docs/analysis.md run, and its table of keys is that of the JSON."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from hotmess_inspect.cli import main

PAGE = Path(__file__).parents[2] / "docs" / "analysis.md"


def run_examples(page: Path, folder: Path, log: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, object]:
    """Run all examples of a page, one after the other, in a folder that has logs."""
    (folder / "logs").mkdir()
    (folder / "logs" / log.name).write_bytes(log.read_bytes())
    monkeypatch.chdir(folder)
    names: dict[str, object] = {"__name__": "example"}
    for code in re.findall(r"```python\n(.*?)```", page.read_text(), re.S):
        exec(compile(code, str(page), "exec"), names)
    return names


def test_the_notebook_examples_run(
    letters_log: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    names: Any = run_examples(PAGE, tmp_path, letters_log, monkeypatch)
    results = names["results"]
    # q1 answers A B A (error 2/3, variance 4/9), q2 always C (error 2): (4/9)/(8/3) = 1/6.
    assert results[0].decomposition.incoherence == pytest.approx(1 / 6)
    assert [len(names[frame]) for frame in ("frame", "first", "also", "questions", "epochs")] == [
        6,
        3,
        6,
        2,
        6,
    ]
    assert (tmp_path / "lengths.html").stat().st_size > 10_000


def test_the_examples_for_clusters_run(
    letters_log: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names: Any = run_examples(PAGE.with_name("cluster.md"), tmp_path, letters_log, monkeypatch)
    assert names["found"].tally.epochs == 6
    assert {r.decomposition.loss for r in names["results"]} == {"brier", "kl"}


def test_every_key_of_the_json_is_documented(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("question_id,epoch,answer,target,length\n1,1,A,A,3\n1,2,B,A,4\n")
    (group,) = json.loads(
        CliRunner().invoke(main, ["analyze", str(path), "--json", "--loss", "brier"]).stdout
    )["groups"]
    documented = set(
        re.findall(
            r"`(\w+)`", "".join(line for line in PAGE.read_text().splitlines() if line.startswith("| `"))
        )
    )
    assert set(group) <= documented
