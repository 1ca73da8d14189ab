"""Scores with hm_* metadata: every kind, every status, and the same numbers as Inspect's own results."""

import json
import math
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from inspect_ai import Epochs, Task, eval
from inspect_ai.dataset import Sample
from inspect_ai.scorer import choice
from inspect_ai.solver import multiple_choice

from hotmess_inspect.io.logs import read_inputs
from hotmess_inspect.plugin.repeat import repeat
from hotmess_inspect.results.analyze import Options, analyze
from hotmess_inspect.schema import epoch_metadata
from hotmess_inspect.table import Outcomes, groups, question_arrays
from hotmess_inspect.vectors import encode_embedding

HEADER = {"version": 2, "status": "success", "eval": {"task": "t", "model": "m", "config": {"epochs": 2}}}


def row(
    question: str, epoch: int, metadata: dict[str, Any] | None, value: object = 1.0, **more: Any
) -> dict[str, Any]:
    score = {"value": value, "metadata": metadata} if metadata is not None else None
    return {"id": question, "epoch": epoch, "target": "A", "scores": {"ours": score} if score else {}, **more}


def read(tmp_path: Path, rows: list[dict[str, Any]]) -> Outcomes:
    with zipfile.ZipFile(tmp_path / "x.eval", "w") as archive:
        archive.writestr("header.json", json.dumps(HEADER))
        archive.writestr("summaries.json", json.dumps(rows))
    found = read_inputs([str(tmp_path / "x.eval")])
    assert [p for p in found.problems if p.level == "error"] == []
    return found.outcomes


def test_answers_with_context_target_and_lengths(tmp_path: Path) -> None:
    lengths = {"hm_actions": 3, "hm_output_tokens": 50}
    given = epoch_metadata(
        kind="answer", epoch=1, answer="b", target="B", classes=5, context=7, lengths=lengths
    )
    usage = {"m": {"output_tokens": 99, "reasoning_tokens": 9}, "grader": {"output_tokens": 1000}}
    table = read(tmp_path, [row("q", 1, given, model_usage=usage)])
    assert (table.answer.values(), table.target.values(), table.context.values()) == (["B"], ["B"], ["7"])
    assert (table.choices.tolist(), table.actions.tolist()) == ([5], [3])
    # The scorer's count goes before the log's usage, which in turn leaves out the grader.
    assert (table.output_tokens.tolist(), table.reasoning_tokens.tolist()) == ([50], [9])


def test_probabilities(tmp_path: Path) -> None:
    rows = [
        row("q", 1, epoch_metadata(kind="probabilities", epoch=1, probabilities=[0.2, 0.8], target="B")),
        row(
            "q",
            2,
            epoch_metadata(kind="probabilities", epoch=2, status="unparsed", classes=2, target="B"),
            value=0.0,
        ),
    ]
    table = read(tmp_path, rows)
    (group,) = groups(table)
    q = question_arrays(group)
    np.testing.assert_array_equal(q.predictions, [[[0.2, 0.8], [0.5, 0.5]]])
    np.testing.assert_array_equal(q.correct, [[1, 0]])
    results, _ = analyze(table, Options(losses=("brier",), estimator="plugin", resamples=2))
    assert results[0].counts["unparsed"] == 1
    # Errors .04 + .04 and .5; their mean .29.
    assert results[0].decomposition.mean("error") == pytest.approx(0.29)


def test_unit_tests(tmp_path: Path) -> None:
    def outcome(epoch: int, f2p: list[bool], p2p: list[bool], **more: Any) -> dict[str, Any]:
        return epoch_metadata(kind="tests", epoch=epoch, f2p=f2p, p2p=p2p, **more)

    rows = [
        row("q", 1, outcome(1, [True, False], [True] * 3), value={"f2p": 0.5}),
        row("q", 2, outcome(2, [False, False], [False] * 3, status="tampered"), value={"f2p": 0.0}),
    ]
    results, problems = analyze(read(tmp_path, rows), Options(estimator="plugin", resamples=2))
    found = {
        r.group.measure: [r.decomposition.mean(k) for k in ("error", "bias_squared", "variance")]
        for r in results
    }
    # f2p: test 1 passes once of twice (error 1/2, bias² 1/4, variance 1/4), test 2 never (1, 1, 0).
    assert found["f2p"] == pytest.approx([0.75, 0.625, 0.125])
    assert found["p2p"] == pytest.approx([0.5, 0.25, 0.25])
    # Two tests of one kind and three of the other, each weighing the same.
    assert found["pooled"] == pytest.approx(
        [(2 * 0.75 + 3 * 0.5) / 5, (2 * 0.625 + 3 * 0.25) / 5, (2 * 0.125 + 3 * 0.25) / 5]
    )
    assert found["resolved"] == pytest.approx([1, 1, 0])
    assert results[0].counts["tampered"] == 1
    assert any("1 epoch tampered with its grading" in p.message for p in problems)


def test_every_way_of_having_no_verdict(tmp_path: Path) -> None:
    ok = epoch_metadata(kind="score", epoch=1)
    rows = [
        row("ok", 1, ok, value=0.5),
        row("nan", 1, ok, value=None),
        row("none", 1, None),
        row("error", 1, None, error="boom"),
        row("limit", 1, epoch_metadata(kind="score", epoch=1, status="limit"), value=0.0, limit="message"),
        row("cut", 1, epoch_metadata(kind="score", epoch=1, status="truncated"), value=0.0, retries=2),
    ]
    table = read(tmp_path, rows)
    assert dict(zip(table.question.values(), table.status.values(), strict=True)) == {
        "ok": "ok", "nan": "unscored", "none": "unscored", "error": "errored", "limit": "limit", "cut": "truncated"
    }  # fmt: skip
    results, _ = analyze(table, Options(resamples=2))
    counts = results[0].counts
    assert {k: counts[k] for k in ("epochs_scored", "unscored", "errored", "limit", "truncated", "retried")} == {
        "epochs_scored": 3, "unscored": 2, "errored": 1, "limit": 1, "truncated": 1, "retried": 1
    }  # fmt: skip


def test_text_without_an_embedding_is_named_and_stops_nothing(tmp_path: Path) -> None:
    table = read(tmp_path, [row("q", 1, epoch_metadata(kind="text", epoch=1), value=0.0)])
    results, problems = analyze(table)
    assert results == []
    assert "none of its 1 epoch has a verdict" in problems[0].message


def test_text_has_two_variances_and_says_why_nothing_else(tmp_path: Path) -> None:
    def told(epoch: int, vector: list[float] | None) -> dict[str, Any]:
        status = "unparsed" if vector is None else "ok"
        entries = epoch_metadata(kind="text", epoch=epoch, status=status)
        return row("q", epoch, entries | (encode_embedding(vector) if vector else {}), value=1.0)

    table = read(tmp_path, [told(1, [3.0, 0.0]), told(2, [0.0, 0.5]), told(3, None)])
    results, problems = analyze(table, Options(losses=("brier",)))
    assert [result.decomposition.loss for result in results] == ["embedding", "kernel"]
    found = [result.as_json() for result in results]
    # Unit vectors at a right angle: mean (1/2, 1/2), each at a squared distance of 1/2, divided by R - 1 = 1.
    assert found[0]["variance"] == pytest.approx(1.0)
    # Their distance is √2, the bandwidth 1/2: 1 - exp(-2 / (2 · 1/4)).
    assert found[1]["variance"] == pytest.approx(1 - math.exp(-4))
    for part in found:
        assert (part["error"], part["bias_squared"], part["incoherence"], part["accuracy"]) == (None,) * 4
        assert part["incoherence_note"].startswith("undefined: free text has no target")
        assert (part["unparsed"], part["epochs_scored"], part["zero_error_questions"]) == (1, 3, 0)
    assert [p.level for p in problems] == ["warning"] and "'brier' needs a target" in problems[0].message


def test_the_command_agrees_with_the_metric_in_the_log(tmp_path: Path) -> None:
    samples = [
        Sample(id=f"q{i}", input=f"Question {i}?", choices=list("wxyz"), target="A") for i in range(12)
    ]
    task = Task(
        dataset=samples, solver=multiple_choice(), scorer=[choice(), repeat()], epochs=Epochs(4, "mean")
    )
    (log,) = eval(task, model="hotmess/simulated", log_dir=str(tmp_path), display="none")
    assert log.results is not None
    metrics = next(score for score in log.results.scores if "incoherence" in score.metrics).metrics
    live = {name: metric.value for name, metric in metrics.items()}
    results, _ = analyze(read_inputs([str(tmp_path)]).outcomes, Options(losses=("brier", "kl"), resamples=2))
    found = {r.decomposition.loss: r.as_json() for r in results}
    assert found["brier"]["variance"] > 0
    for name in ("error", "bias_squared", "variance", "incoherence"):
        assert live[name] == pytest.approx(found["brier"][name], rel=1e-9)
        assert live[f"{name}_kl"] == pytest.approx(found["kl"][name], rel=1e-9)
    assert live["epochs_scored"] == found["brier"]["epochs_scored"] == 48
