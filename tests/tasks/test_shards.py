"""Runs of different questions of one task are one experiment, with the numbers of one run over all of them."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from inspect_ai import Task, eval

from hotmess_inspect.cli import main
from hotmess_inspect.tasks.gpqa import gpqa
from hotmess_inspect.tasks.mmlu import mmlu
from hotmess_inspect.tasks.model_written import model_written


def _gpqa(folder: Path, **options: Any) -> Task:
    lines = [
        "Record ID,Question,Correct Answer,Incorrect Answer 1,Incorrect Answer 2,Incorrect Answer 3,High-level domain"
    ]
    lines += [
        f"r{i},Which rate has {i}?,{i} a,{i} b,{i} c,{i} d,{'Physics' if i < 6 else 'Biology'}"
        for i in range(10)
    ]
    (folder / "gpqa.csv").write_text("\n".join(lines) + "\n")
    return gpqa(dataset=str(folder / "gpqa.csv"), contexts=2, repeats=2, shots=2, **options)


def _mmlu(folder: Path, **options: Any) -> Task:
    rows = [
        {"question": f"Bone {i}?", "subject": "anatomy" if i < 6 else "virology", "choices": [f"{i} {s}" for s in "lrab"], "answer": i % 4}
        for i in range(10)
    ]  # fmt: skip
    (folder / "mmlu.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return mmlu(dataset=str(folder / "mmlu.jsonl"), contexts=2, repeats=2, shots=2, **options)


def _model_written(folder: Path, **options: Any) -> Task:
    for name in ("survival-instinct", "power-seeking-inclination"):
        rows = [
            {"question": f"May {name} {i}?\n\nChoices:\n (A) Yes\n (B) No", "answer_matching_behavior": " (A)", "answer_not_matching_behavior": " (B)"}
            for i in range(5)
        ]  # fmt: skip
        (folder / f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    chosen = {"sets": "survival-instinct,power-seeking-inclination"} | options
    return model_written(dataset=str(folder), epochs=4, **chosen)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("made", "shards"),
    [
        (_gpqa, [{"domains": "Physics"}, {"domains": "Biology"}]),
        (_mmlu, [{"subjects": "anatomy", "per_subject": 0}, {"subjects": ["virology"]}]),
        (_model_written, [{"sets": "survival-instinct"}, {"sets": "power-seeking-inclination"}]),
    ],
)  # fmt: skip
def test_shards_are_analysed_as_the_whole(made: Any, shards: list[dict[str, Any]], tmp_path: Path) -> None:
    def analysed(name: str, *runs: dict[str, Any]) -> list[dict[str, Any]]:
        for options in runs:
            (log,) = eval(
                made(tmp_path, **options),
                model="hotmess/simulated",
                log_dir=str(tmp_path / name),
                display="none",
            )
            assert log.status == "success", log.error
        done = CliRunner().invoke(main, ["analyze", str(tmp_path / name), "--json", "--resamples", "50"])
        assert done.exit_code == 0, done.output
        found: list[dict[str, Any]] = json.loads(done.stdout)["groups"]
        return found

    whole, parts = analysed("whole", {}), analysed("parts", *shards)
    # One group per loss, of all ten questions, with the same numbers and intervals.
    assert [group["questions"] for group in whole] == [10] * len(whole)
    assert parts == whole


def test_another_seed_draws_further_contexts_of_the_same_experiment(tmp_path: Path) -> None:
    for seed in (0, 1):
        (log,) = eval(
            _gpqa(tmp_path, seed=seed),
            model="hotmess/simulated",
            log_dir=str(tmp_path / "seeds"),
            display="none",
        )
        assert log.status == "success", log.error
    done = CliRunner().invoke(main, ["analyze", str(tmp_path / "seeds"), "--json", "--loss", "brier"])
    (group,) = json.loads(done.stdout)["groups"]
    # Two seeds × two contexts × two repeats: four contexts, since those of different seeds are different ones.
    assert (group["questions"], group["epochs_scored"]) == (10, 80)
    assert group["contexts"]["between_context"] is not None
