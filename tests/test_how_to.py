"""The commands of docs/how_to.md, run one after the other on files of the kinds that they name."""

import json
import re
import shlex
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from hotmess_inspect.cli import main
from hotmess_inspect.demo import demo_log
from hotmess_inspect.results.verdict import TESTS

PAGE = (Path(__file__).parents[1] / "docs" / "how_to.md").read_text("utf-8")


def commands() -> list[list[str]]:
    blocks = re.findall(r"^```bash\n(.*?)^```", PAGE, re.M | re.S)
    return [shlex.split(line) for block in blocks for line in block.splitlines()]


def write_files(folder: Path) -> None:
    rng = np.random.default_rng(0)
    answers = ["question_id,epoch,answer,target"]
    graded = ["question_id,epoch,score"]
    clustered = ["question_id,epoch,answer,target,subject"]
    for q, rate in enumerate(rng.beta(1.5, 1, 60)):
        for e in range(5):
            letter = "A" if rng.random() < rate else "BCD"[int(rng.integers(3))]
            answers.append(f"q{q},{e + 1},{letter},A")
            clustered.append(f"q{q},{e + 1},{letter},A,s{q % 12}")
            graded.append(f"q{q},{e + 1},{int(rng.binomial(10, rate))}")
    for name, lines in (("answers", answers), ("graded", graded), ("clustered", clustered)):
        (folder / f"{name}.csv").write_text("\n".join(lines) + "\n")
    for model in ("model_a", "model_b"):
        lines = ["model,question_id,epoch,score"]
        for q, rate in enumerate(np.random.default_rng(1).beta(2, 1, 80)):
            lines += [f"{model},q{q},{e + 1},{int(rng.random() < rate)}" for e in range(5)]
        (folder / f"{model}.csv").write_text("\n".join(lines) + "\n")
    timed, runs = ["question_id,epoch,score,human_minutes"], []
    for q in range(40):
        for e in range(5):
            right = int(rng.random() < 1 / (1 + np.exp(q / 4 - 5)))
            timed.append(f"q{q},{e + 1},{right},{2 ** (q / 4)}")
            one = {"task_id": f"q{q}", "task_family": f"f{q % 8}", "alias": "m", "run_id": f"{q}-{e}"}
            more = {"score_binarized": right, "human_minutes": 2 ** (q / 4), "invsqrt_task_weight": 0.02}
            runs.append(json.dumps(one | more))
    (folder / "timed.csv").write_text("\n".join(timed) + "\n")
    (folder / "runs.jsonl").write_text("\n".join(runs) + "\n")
    (folder / "logs").mkdir()
    (folder / "logs" / "demo.eval").write_bytes(demo_log())


@pytest.mark.slow
def test_every_command_runs_and_says_what_the_page_promises(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_files(tmp_path)
    monkeypatch.chdir(tmp_path)
    printed = {}
    for program, *words in commands():
        assert program == "hotmess"
        done = CliRunner(env={"COLUMNS": "200"}).invoke(main, words)
        # A gate may answer 2: these data cannot tell.
        assert done.exit_code in ((0, 1, 2) if words[0] == "gate" else (0,)), (words, done.output)
        printed[" ".join(words[:2])] = done.output
    assert "is variance" in printed["analyze answers.csv"]
    assert "pass^3" in printed["gate model_b.csv"] and (tmp_path / "gate.xml").read_text().startswith("<?xml")
    assert "questions for width 0.1" in printed["plan answers.csv"]
    assert "swebench" in printed["diverge logs"]
    assert "pass^3 = 50%" in printed["horizon timed.csv"] and "weighted" in printed["horizon runs.jsonl"]
    assert "cluster" in printed["analyze clustered.csv"]
    assert len(printed) >= 9


def test_the_demo_prints_a_finding_and_writes_a_report(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    done = CliRunner(env={"COLUMNS": "200"}).invoke(main, ["demo", "--no-open"])
    assert done.exit_code == 0, done.output
    assert "is variance" in done.output and "9 questions with 5 epochs each" in done.output
    page = (tmp_path / "hotmess-demo" / "report.html").read_text("utf-8")
    assert "A demo of hotmess-inspect" in page
    # Whoever reads nothing but this page learns what the four rows are, and in which unit lengths stand.
    for measure, error in TESTS.items():
        assert f"<b>{measure}</b>: {error}" in page
    assert "Where epochs part" in page
    listed = page[page.index(">Questions to read first") :]
    assert "<th>actions" in listed or ">actions</th>" in listed
    assert "modal answer" not in listed
    # What rounding leaves is no number, and people's time plays no part here.
    assert not re.search(r">-?[\d.]+e-1[5-9]<", page)
    assert "difficulty is read" not in page + done.output
    # Again it replaces its own files, and nothing else.
    assert CliRunner().invoke(main, ["demo", "--no-open"]).exit_code == 0
    (tmp_path / "hotmess-demo" / "swebench_mini.eval").write_bytes(b"PK\x03\x04 somebody's log")
    again = CliRunner().invoke(main, ["demo", "--no-open"])
    assert again.exit_code == 2 and "--overwrite replaces it" in again.output
