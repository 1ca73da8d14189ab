"""The report draws every analysis whose data are there, and none whose data are not."""

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

from hotmess_inspect.cli import main
from hotmess_inspect.io.logs import Inputs, read_inputs
from hotmess_inspect.render.report import ReportOptions, report_html
from hotmess_inspect.results.analyze import Options
from hotmess_inspect.results.study import ANALYSES, StudyOptions, Waits
from hotmess_inspect.table import Labels, Outcomes

EPOCHS = 6
EVERYWHERE = {"answer-changes", "agreement"}
"""Of answers."""
TARGETED = EVERYWHERE | {"stabilisation", "ensembling"}


def read(
    folder: Path,
    *,
    sizes: tuple[str, ...] = ("m",),
    stated: bool = False,
    length: bool = False,
    target: bool = True,
    **more: Any,
) -> Inputs:
    rng = np.random.default_rng(4)
    names = ["question_id", "model", "task", "epoch", *more]
    names += ["target"] * target + (["p_A", "p_B"] if stated else ["answer"]) + ["length"] * length
    lines = [",".join(names)]
    for model in sizes:
        for q in range(12):
            for e in range(EPOCHS):
                p = round(float(rng.uniform(0.1, 0.9)), 3)
                told = [p, round(1 - p, 3)] if stated else ["AB"[int(rng.random() < p)]]
                extra = [value(q, e) for value in more.values()]
                row = [f"q{q}", model, "t", e + 1, *extra, *["A"] * target, *told, *[10 + q + 3 * e] * length]
                lines.append(",".join(map(str, row)))
    path = folder / "made.csv"
    path.write_text("\n".join(lines) + "\n")
    return read_inputs([str(path)])


def drawn(inputs: Inputs, waits: Waits | None = None) -> set[str]:
    options = ReportOptions(analysis=Options(resamples=20), study=StudyOptions(groups=2))
    page, _ = report_html(inputs, options, waits=waits)
    figures = re.findall(r'<figure id="study-([\w-]+)">(.*?)</figure>', page, re.S)
    # Each with a drawing, its numbers, and both as files.
    for name, figure in figures:
        assert "<svg" in figure and "<td" in figure, name
        assert figure.count('href="data:text/csv') == figure.count('href="data:image/png') == 1, name
    names = [name for name, _ in figures]
    assert len(set(names)) == len(names)
    return set(names)


def test_letters_of_one_model(tmp_path: Path) -> None:
    assert drawn(read(tmp_path)) == TARGETED


def test_answers_without_a_target(tmp_path: Path) -> None:
    assert drawn(read(tmp_path, target=False)) == EVERYWHERE


@pytest.mark.slow
def test_two_sizes_with_lengths(tmp_path: Path) -> None:
    found = drawn(read(tmp_path, sizes=("m-1B", "m-8B"), length=True))
    assert found == TARGETED | {"scaling", "size-length", "length-correlation"}
    # Models whose sizes nobody knows.
    assert drawn(read(tmp_path, sizes=("m", "n"), length=True)) == TARGETED | {"length-correlation"}


def test_stated_probabilities(tmp_path: Path) -> None:
    assert drawn(read(tmp_path, stated=True)) == TARGETED | {"uncertainty"}


@pytest.mark.slow
def test_budgets(tmp_path: Path) -> None:
    inputs = read(tmp_path, variant=lambda q, e: "low" if e % 2 else "high")
    named = [
        json.dumps({"reasoning_effort": json.loads(text or "")["variant"]})
        for text in inputs.outcomes.variant.values()
    ]
    told = replace(inputs, outcomes=replace(inputs.outcomes, variant=Labels.encode(named)))
    # Two runs have something to compare their lengths in only where there are lengths.
    assert drawn(told) == TARGETED | {"budgets"}
    assert "budgets" not in drawn(inputs)


def test_hesitation(tmp_path: Path) -> None:
    inputs = read(tmp_path)
    outcomes = inputs.outcomes
    keys = zip(outcomes.log.values(), outcomes.question.values(), outcomes.epoch.tolist(), strict=True)
    waits: Waits = {
        (log or "", q or "", e): (float(e % 3), 100.0 + e + 10 * int((q or "q0")[1:])) for log, q, e in keys
    }
    assert drawn(inputs, waits) == TARGETED | {"wait-ratio"}


def test_hesitation_of_agents_whose_words_are_few(tmp_path: Path) -> None:
    """What is written between calls counts; questions without a word have no part in the buckets."""
    runs = []
    for task in range(8):
        for trial in range(3):
            call = {"id": "1", "function": {"name": "look", "arguments": "{}"}}
            said = "Wait, I " + "look again " * (task + 1) if task < 5 else None
            runs.append(
                {"task_id": task, "trial": trial, "reward": trial % 2, "info": {},
                 "traj": [{"role": "assistant", "content": said, "tool_calls": [call]}, {"role": "tool", "tool_call_id": "1", "content": "x"}]}
            )  # fmt: skip
    path = tmp_path / "tau.json"
    path.write_text(json.dumps(runs))
    done = CliRunner().invoke(main, ["study", str(path), "--only", "wait_ratio", "--json"])
    assert done.exit_code == 0, done.output
    rows = json.loads(done.stdout)["analyses"][0]["rows"]
    assert [(row["part"], row["questions"]) for row in rows] == [("all", 5)] + [("bucket", 1)] * 5
    assert rows[0]["epochs"] == 15
    words = [2 + 2 * (task + 1) for task in range(5)]
    assert [row["words"] for row in rows[1:]] == words
    assert [row["waits_per_1000_words"] for row in rows[1:]] == pytest.approx([1000 / n for n in words])


def scored(**columns: Any) -> Inputs:
    """Twelve questions of some epochs, without a file."""
    count = 12 * EPOCHS
    question = [f"q{q}" for q in range(12) for _ in range(EPOCHS)]
    epoch = np.tile(np.arange(1, EPOCHS + 1), 12).astype(np.int32)
    table = Outcomes.build(count, {"question": question, "epoch": epoch, "status": "ok", **columns})
    return Inputs(table)


@pytest.mark.parametrize("length", [False, True])
def test_free_answers(length: bool) -> None:
    rng = np.random.default_rng(5)
    points = [rng.normal(size=3).tolist() for _ in range(12 * EPOCHS)]
    tokens = {"output_tokens": rng.uniform(10, 90, 12 * EPOCHS)} if length else {}
    found = drawn(scored(kind="text", vector=points, **tokens))
    assert found == {"dispersion"} | ({"variance-length"} if length else set())


@pytest.mark.parametrize("again", [False, True])
def test_judged_again(again: bool) -> None:
    rng = np.random.default_rng(6)
    value = rng.integers(0, 2, 12 * EPOCHS).astype(float)
    regrades = {"regrades": [f"{rng.integers(0, 2)} {rng.integers(0, 2)}" for _ in value]} if again else {}
    found = drawn(scored(kind="score", value=value, **regrades))
    assert found == {"stabilisation", "ensembling"} | ({"judge"} if again else set())


def test_every_analysis_was_drawn_above() -> None:
    seen = TARGETED | {"scaling", "size-length", "length-correlation", "uncertainty", "budgets", "wait-ratio"}
    seen |= {"dispersion", "variance-length", "judge"}
    assert {name.replace("_", "-") for name in ANALYSES} == seen
