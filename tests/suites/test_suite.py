"""`hotmess/suite`: names, parameters, errors, metrics in every place, and what survives a new process."""

import json
import logging
from contextvars import copy_context
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from inspect_ai import eval, eval_retry, eval_set, score
from inspect_ai.log import EvalLog, read_eval_log, write_eval_log

from hotmess_inspect.plugin.suite_arguments import task_arguments
from hotmess_inspect.tasks.suite import DEFAULT_EPOCHS, suite

OWN = str(Path(__file__).with_name("my_tasks.py"))


def run(tmp_path: Path, **arguments: Any) -> EvalLog:
    (log,) = eval(
        "hotmess/suite",
        task_args=arguments,
        model="hotmess/simulated",
        log_dir=str(tmp_path),
        display="none",
    )
    assert log.status == "success", log.error
    return log


def metrics(log: EvalLog) -> dict[tuple[str, str], dict[str, float]]:
    """Metrics by scorer and row."""
    assert log.results is not None
    found: dict[tuple[str, str], dict[str, float]] = {}
    for row in log.results.scores:
        known = found.setdefault((row.scorer, row.name), {})
        # Their rows come first; ours has an accuracy of its own in a row of unreduced scores.
        known.update({k: m.value for k, m in row.metrics.items() if k not in known})
    return found


@pytest.mark.parametrize(
    ("args", "expected"),
    [
        (None, {}),
        ("", {}),
        ({"a": 1}, {"a": 1}),
        ('{"a": 1, "b": [1, 2]}', {"a": 1, "b": [1, 2]}),
        ("{a: x, b: false}", {"a": "x", "b": False}),
        ("a: x", {"a": "x"}),
        ("a=1", {"a": 1}),
        ("a=1,b=x", {"a": 1, "b": "x"}),
        ("a=1 b=false", {"a": 1, "b": False}),
        (["a=1", "b=2.5"], {"a": 1, "b": 2.5}),
    ],
)
def test_arguments_as_the_command_line_gives_them(args: Any, expected: dict[str, Any]) -> None:
    assert task_arguments(args) == expected


@pytest.mark.parametrize("args", ["banana", 7, "a=1,banana", "{a: ", [1]])
def test_arguments_that_are_none(args: Any) -> None:
    with pytest.raises(ValueError, match="args="):
        task_arguments(args)


@given(
    st.dictionaries(
        st.from_regex(r"[a-z_]{1,8}", fullmatch=True),
        st.one_of(st.integers(), st.booleans(), st.none(), st.text(max_size=8)),
        min_size=1,
    )
)
def test_json_is_read_as_json(arguments: dict[str, Any]) -> None:
    assert task_arguments(json.dumps(arguments)) == arguments


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({}, "such as inspect_evals/gsm8k"),
        ({"task": "hotmess/swebench"}, "have the metric already"),
        ({"task": "inspect_evals/gsm9k"}, "inspect_evals/gsm8k"),
        ({"task": "no_such_package/task"}, "pip install no-such-package"),
        ({"task": "gsm8k"}, "inspect_evals/gsm8k"),
        ({"task": "missing.py@a"}, "no file missing.py"),
        ({"task": OWN}, "my_tasks.py@several"),
        (
            {"task": "inspect_evals/gsm8k", "args": "fewshots=1"},
            "it has fewshot, fewshot_seed, shuffle_fewshot",
        ),
        ({"task": f"{OWN}@unscored"}, "has no scorer"),
        ({"task": f"{OWN}@several", "args": "banana"}, "args='banana'"),
        ({"task": f"{OWN}@several", "epochs": 0}, "epochs=0 must be 1 or more"),
    ],
)
def test_errors_say_what_to_type(arguments: dict[str, Any], words: str) -> None:
    from inspect_ai._util.error import PrerequisiteError

    with pytest.raises(PrerequisiteError) as error:
        suite(**arguments)
    assert words in str(error.value.message)


def test_several_scorers_keep_their_rows(tmp_path: Path) -> None:
    log = run(tmp_path, task=f"{OWN}@several", args="questions=2", epochs=4, perfect=10)
    found = metrics(log)
    # Epochs 1 and 3 give 10 of 10, the others 0: error ½, mean 5, unbiased variance ¼·4/3, as
    # shares of the range.
    assert found["points", "points"]["mean"] == 5
    assert found["points", "points"]["error"] == pytest.approx(0.5)
    assert found["points", "points"]["variance"] == pytest.approx(1 / 3)
    # The same scorer with another parameter, of 10: errors .81 and 1, variance of .1, 0, .1, 0: .01/3.
    assert found["points1", "points1"]["error"] == pytest.approx(0.905)
    assert found["points1", "points1"]["variance"] == pytest.approx(0.01 / 3)
    # Their rows by key stay, ours stand in the scorer's own row, key by key.
    assert found["parts", "early"] == {"inspect_ai/mean": 0.5} or found["parts", "early"] == {"mean": 0.5}
    assert found["parts", "parts"]["error_late"] == pytest.approx(0.81)
    assert found["parts", "parts"]["variance_early"] == pytest.approx(0.01 / 3)
    assert found["match", "match"]["questions"] == 2
    assert log.eval.dataset.samples == 2


def test_metrics_of_the_task_and_its_reducer_stay(tmp_path: Path) -> None:
    log = run(tmp_path, task=f"{OWN}@shared_metrics")
    assert (log.eval.config.epochs, log.eval.config.epochs_reducer) == (3, ["mode"])
    found = metrics(log)["points", "points"]
    # Epochs 1 0 1: the mode is 1; ours has the mean.
    assert found["accuracy"] == 1.0
    assert found["error"] == pytest.approx(1 / 3) and found["incoherence"] == pytest.approx(1.0)


def test_epochs_where_the_task_names_none() -> None:
    assert suite(task=f"{OWN}@several").epochs == DEFAULT_EPOCHS
    assert suite(task=f"{OWN}@several", args={"epochs": 3}).epochs == 3
    assert suite(task=f"{OWN}@several", epochs=2).epochs == 2


def test_values_that_are_no_scores_are_said_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING, logger="hotmess_inspect.plugin.suite_scorers"):
        log = run(tmp_path, task=f"{OWN}@unreadable", epochs=2)
    said = [record.getMessage() for record in caplog.records if "hotmess/suite" in record.getMessage()]
    assert len(said) == 1 and "'words' gives values that are no scores, such as 'splendid'" in said[0]
    assert metrics(log)["words", "words"]["epochs_unscored"] == 6


def test_retried_from_the_log(tmp_path: Path) -> None:
    log = run(tmp_path, task=f"{OWN}@several", epochs=4, perfect=10)
    assert log.samples is not None
    # As if it had been cut short: half of the epochs, no results.
    cut = read_eval_log(log.location)
    assert cut.samples is not None
    cut.samples, cut.status, cut.results = cut.samples[:6], "cancelled", None
    write_eval_log(cut, log.location)
    (again,) = eval_retry(log.location, log_dir=str(tmp_path), display="none")
    assert again.status == "success" and metrics(again) == metrics(log)


def test_an_eval_set_grows_from_four_to_seven_epochs(tmp_path: Path) -> None:
    def grow(epochs: int) -> EvalLog:
        # An eval set leaves its model behind as the active one; in a context of its own, for itself alone.
        good, logs = copy_context().run(
            eval_set,
            suite(task=f"{OWN}@several", args="questions=2"),
            epochs=epochs,
            model="hotmess/simulated",
            log_dir=str(tmp_path / "set"),
            display="none",
        )
        assert good
        return logs[0]

    first = {(s.id, s.epoch): s.uuid for s in read_eval_log(grow(4).location).samples or []}
    log = read_eval_log(grow(7).location)
    grown = {(s.id, s.epoch): s.uuid for s in log.samples or []}
    assert len(first) == 8 and len(grown) == 14
    assert first.items() <= grown.items()
    # Epochs 1 3 5 7 of 7 give 1, here against 1: error 3/7, variance 12/49 · 7/6 = 2/7.
    found = metrics(log)["points1", "points1"]
    assert found["error"] == pytest.approx(3 / 7) and found["variance"] == pytest.approx(2 / 7)


def test_scored_again(tmp_path: Path) -> None:
    from hotmess_inspect.plugin.repeat import repeat

    log = read_eval_log(run(tmp_path, task=f"{OWN}@several", epochs=4).location)
    again = score(log, repeat(source="points1"), action="append", display="none")
    before, after = metrics(log)["points1", "points1"], metrics(again)["repeat", "repeat"]
    for name in ("error", "bias_squared", "variance", "incoherence", "epochs_planned"):
        assert before[name] == after[name]


def test_scorers_of_ours_stay_as_they_are(tmp_path: Path) -> None:
    found = metrics(run(tmp_path, task=f"{OWN}@with_ours"))
    for name in ("error", "variance", "incoherence", "epochs_planned"):
        assert found["match", "match"][name] == pytest.approx(found["repeat", "repeat"][name], nan_ok=True)
    assert set(found) == {("match", "match"), ("repeat", "repeat")}
